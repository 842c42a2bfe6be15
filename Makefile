FUNCTIONS := $(notdir $(wildcard functions/*))
FUZZTIME  ?= 30s

.DEFAULT_GOAL := help
.PHONY: help run build test lint race fuzz bench figures understanding soak story deploy clean build/taxonomy.json $(FUNCTIONS:%=build/%)

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## run the whole stack on this machine; ARGS="-memory -chaos" adds flags
	@command -v go >/dev/null || { echo 'Go 1.26 is needed: https://go.dev/dl'; exit 1; }
	@CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -o build/local/heard ./infra/local && exec build/local/heard $(ARGS)

build: $(FUNCTIONS:%=build/%) ## build the functions for AWS Lambda (arm64) into build/

build/taxonomy.json: # without the examples, which only the training reads
	@mkdir -p build
	go run ./cmd/heardctl taxonomy check -out $@ infra/taxonomy.yaml

$(FUNCTIONS:%=build/%): build/%: build/taxonomy.json
	@mkdir -p $@
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags='-s -w' -tags lambda.norpc -o $@/bootstrap ./functions/$*
	@cp build/taxonomy.json $@/
	@if [ $* = train ]; then cp infra/taxonomy.yaml $@/; fi

test: ## run all tests; needs Java 17, and a network the first time only
	go test -timeout 45m ./...

lint: ## check format, code and template with the installed linters
	@test -z "$$(gofmt -l client cmd functions infra internal test)" || { gofmt -l client cmd functions infra internal test; echo 'run gofmt -w on these files'; exit 1; }
	go vet ./...
	@if command -v golangci-lint >/dev/null; then echo golangci-lint run; golangci-lint run; else echo 'golangci-lint is not installed: skipped'; fi
	@if command -v cfn-lint >/dev/null; then echo cfn-lint infra/template.yaml; cfn-lint infra/template.yaml; else echo 'cfn-lint is not installed: skipped'; fi

race: ## run the tests with the race detector
	go test -race -timeout 60m ./internal/... ./infra/... ./cmd/...

fuzz: ## fuzz each parser of outside bytes, and the API by its document, for FUZZTIME each (default 30s)
	@go list -f '{{.Dir}}' ./... | while read -r dir; do \
	  grep -hos '^func Fuzz[A-Za-z0-9_]*' "$$dir"/*_test.go | cut -d' ' -f2 | while read -r target; do \
	    echo "$$dir $$target"; \
	    (cd "$$dir" && go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) .) || exit 1; \
	  done || exit 1; \
	done
	HEARD_FUZZ_API=$(FUZZTIME) go test -count 1 -timeout 0 -run '^TestNoRequestFails' ./test/contract

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

figures: ## measure cost and speed against the budgets: name, value, unit, budget
	@go run ./cmd/figures

understanding: ## measure how well reasons are recognised; ARGS="-test my.tsv" measures other texts
	@go run ./cmd/understanding $(ARGS)

soak: ## deliver 10,000 messages three times in any order, while the stack misbehaves
	HEARD_SOAK=10000 go test -timeout 60m -count 1 -v ./test/soak

story: ## replay ten weeks of 20,000 customers with 200,000 messages, and report the problems found
	HEARD_STORY=20000 go test -timeout 120m -count 1 -v -run Problems ./test/story

deploy: build ## deploy to AWS with the SAM CLI; first time: make deploy ARGS=--guided
	@command -v sam >/dev/null || { echo 'The AWS SAM CLI (1.160 or newer) is needed: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html'; exit 1; }
	sam deploy $(ARGS)

clean: ## remove build results and the data of the local stack
	rm -rf build .heard
