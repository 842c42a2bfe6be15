package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/traffic"
)

// The number of measurements. coldStarts is odd, because the median counts.
const (
	coldStarts  = 15
	warmUp      = 100
	warmInvokes = 500
)

// measureFunctions measures the functions of the template as processes: their
// start time compared with a function that does nothing, their memory, and the
// cost of a warm WhatsApp webhook compared with a minimal one.
func measureFunctions(ctx context.Context, r run) error {
	s, err := stack.Start(ctx, stack.Config{Root: r.root, Memory: true, Idle: []string{"train"}})
	if err != nil {
		return fmt.Errorf("start the stack: %w", err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Tick(ctx, time.Now()); err != nil { // publishes the taxonomy, as in a stack's first minute
		return fmt.Errorf("publish the taxonomy: %w", err)
	}
	if err := measureTraining(ctx, r, s); err != nil { // also gives the other functions a model to load
		return fmt.Errorf("train: %w", err)
	}
	bench, err := newBench(ctx, r, s)
	if err != nil {
		return fmt.Errorf("start the functions: %w", err)
	}
	defer bench.closeBench()
	if err := bench.measureColdStarts(ctx, r); err != nil {
		return fmt.Errorf("cold starts: %w", err)
	}
	if err := bench.measureWarm(ctx, r); err != nil {
		return fmt.Errorf("warm webhooks: %w", err)
	}
	if err := bench.measureLargeWebhooks(ctx, r); err != nil {
		return fmt.Errorf("largest webhooks: %w", err)
	}
	return bench.measureLargestMail(ctx, r, s)
}

// A bench runs its own processes of the functions. They use the table, the queues
// and the secrets of a stack.
type bench struct {
	manager *lambda.Manager
	waits   *waitMeter
	names   []string          // of the functions of the template
	secrets map[string]string // app secrets that sign webhooks, by function
	dir     string
}

func newBench(ctx context.Context, r run, s *stack.Stack) (*bench, error) {
	b := &bench{waits: &waitMeter{}, secrets: map[string]string{}}
	var err error
	if b.dir, err = os.MkdirTemp("", "heard-figures-"); err != nil {
		return nil, err
	}
	if b.manager, err = lambda.New(lambda.Config{Processes: 1}); err != nil {
		return nil, err
	}
	for _, name := range []string{"whatsapp", "messenger"} {
		values, err := s.Secret(ctx, name)
		if err != nil {
			return nil, err
		}
		b.secrets[name] = values["appSecret"]
	}
	env, err := b.environment(r, s)
	if err != nil {
		return nil, err
	}
	for _, f := range s.Model.Functions {
		name := path.Base(strings.TrimSuffix(f.CodeURI, "/"))
		own := slices.Clone(env)
		for _, key := range slices.Sorted(maps.Keys(f.Env)) {
			own = append(own, key+"="+f.Env[key])
		}
		if err := b.addFunction(name, filepath.Join(r.root, "build", "local", name), own, f); err != nil {
			return nil, err
		}
		if name != "train" { // its first event trains, see measureTraining
			b.names = append(b.names, name)
		}
	}
	if err := buildTools(ctx, r.root, b.dir); err != nil {
		return nil, err
	}
	own := append(slices.Clone(env), "GOMAXPROCS=1", "TABLE="+s.Table, "APP_SECRET="+b.secrets["whatsapp"])
	for _, name := range []string{"hello", "bare"} {
		if err := b.addFunction(name, filepath.Join(b.dir, name), own, template.Function{MemoryMB: 512}); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *bench) addFunction(name, binary string, env []string, f template.Function) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	return b.manager.Add(lambda.Function{Name: name, Bootstrap: binary, Env: env, Timeout: time.Minute, MemoryMB: f.MemoryMB})
}

func (b *bench) closeBench() {
	_ = b.manager.Close()
	b.waits.closeProxies()
	_ = os.RemoveAll(b.dir)
}

// buildTools builds hello and bare with the flags of the functions.
func buildTools(ctx context.Context, root, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-tags=lambda.norpc", //nolint:gosec // our own folders
		"-o", dir+string(filepath.Separator), "./cmd/figures/hello", "./cmd/figures/bare")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build hello and bare: %w\n%s", err, out)
	}
	return nil
}

// environment returns environment variables that point a function to the stack,
// through proxies that measure how long the function waits for responses.
func (b *bench) environment(r run, s *stack.Stack) ([]string, error) {
	deployed, err := b.deployTaxonomy(r)
	if err != nil {
		return nil, err
	}
	env := []string{
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=local", "AWS_EC2_METADATA_DISABLED=true", "TAXONOMY=" + deployed,
	}
	for service, at := range s.Endpoints {
		through, err := b.waits.startProxy(at)
		if err != nil {
			return nil, fmt.Errorf("proxy for %s: %w", service, err)
		}
		env = append(env, "AWS_ENDPOINT_URL_"+strings.ToUpper(strings.ReplaceAll(service, " ", "_"))+"="+through)
	}
	return env, nil
}

// deployTaxonomy writes the taxonomy in the form with which functions deploy, and
// returns the path of the file.
func (b *bench) deployTaxonomy(r run) (string, error) {
	tax, err := r.loadTaxonomy()
	if err != nil {
		return "", err
	}
	checked, err := tax.Checked()
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, "taxonomy.json")
	return file, os.WriteFile(file, checked, 0o600)
}

// measureColdStarts measures the start times and the memory of all functions. It
// takes the functions in turn, so that other load on the machine affects them
// equally.
func (b *bench) measureColdStarts(ctx context.Context, r run) error {
	names := append([]string{"hello"}, b.names...)
	total := map[string][]float64{}
	own := map[string][]float64{}
	memory := map[string]int64{}
	for range coldStarts {
		for _, name := range names {
			b.manager.Kill(name)
			began := time.Now()
			b.waits.takeWaited(began)
			init, err := b.startProcess(ctx, name)
			if err != nil {
				return err
			}
			total[name] = append(total[name], milliseconds(init.Init))
			own[name] = append(own[name], milliseconds(init.Init-b.waits.takeWaited(began.Add(init.Init))))
			memory[name] = max(memory[name], init.MaxRSS)
		}
	}
	hello := median(own["hello"])
	r.printFigure(figure{"init of a bare hello", hello, "ms", ""})
	for _, name := range b.names {
		r.printFigure(figure{"init of " + name, median(total[name]), "ms", ""})
		r.printFigure(figure{"init of " + name + ", without waiting for secrets and table", median(own[name]), "ms", ""})
		r.printFigure(figure{"init of " + name + ", without waiting, to that of hello", median(own[name]) / hello, "times", atMost(4)})
		r.printFigure(figure{"memory of " + name + " after its first event", float64(memory[name]) / (1 << 20), "MB RSS", atMost(40)})
	}
	return nil
}

// startProcess starts a process of a function by an empty event. The response of
// the function does not matter.
func (b *bench) startProcess(ctx context.Context, name string) (lambda.Instance, error) {
	if _, err := b.manager.Invoke(ctx, name, []byte(`{"Records":[]}`)); err != nil {
		return lambda.Instance{}, fmt.Errorf("start %s: %w", name, err)
	}
	return b.findInstance(name)
}

func (b *bench) findInstance(name string) (lambda.Instance, error) {
	for _, i := range b.manager.Instances() {
		if i.Function == name {
			return i, nil
		}
	}
	return lambda.Instance{}, fmt.Errorf("function %s has no process", name)
}

// measureWarm measures WhatsApp webhooks of a known sender.
func (b *bench) measureWarm(ctx context.Context, r run) error {
	who := traffic.Someone(7)
	used := map[string]time.Duration{}
	names := []string{"whatsapp", "bare"}
	for i := range warmUp + warmInvokes {
		for _, name := range names {
			if i == warmUp {
				inst, err := b.findInstance(name)
				if err != nil {
					return err
				}
				used[name] = -inst.CPU
			}
			ev := webhookEvent("whatsapp", b.secrets["whatsapp"], traffic.WhatsApp(traffic.Said{
				From: who, ID: traffic.Wamid(who, fmt.Sprint(i)), At: time.Now(), Text: traffic.Openings[i%len(traffic.Openings)].Text,
			}))
			if err := b.invokeAndCheck(ctx, name, ev); err != nil {
				return err
			}
		}
	}
	per := map[string]float64{}
	for _, name := range names {
		inst, err := b.findInstance(name)
		if err != nil {
			return err
		}
		per[name] = milliseconds(used[name]+inst.CPU) / warmInvokes
		if name == "whatsapp" {
			r.printFigure(figure{fmt.Sprintf("memory of whatsapp after %d webhooks", warmUp+warmInvokes), float64(inst.MaxRSS) / (1 << 20), "MB RSS", atMost(40)})
		}
	}
	r.printFigure(figure{"warm webhook of a bare handler that verifies, decodes and puts one item", per["bare"], "ms CPU", ""})
	r.printFigure(figure{"warm WhatsApp webhook of a known sender", per["whatsapp"], "ms CPU", ""})
	r.printFigure(figure{"warm WhatsApp webhook to that of the bare handler", per["whatsapp"] / per["bare"], "times", atMost(1.6)})
	return nil
}

// heavyElements is the largest number of messages in one webhook of Meta.
// heavyEnvelope is the approximate size in bytes of a message besides its text.
const (
	heavyElements = 1000
	heavyEnvelope = 250
)

// measureLargeWebhooks measures the largest webhooks of a platform: 1,000
// messages in 3 MB. Every message is stored.
func (b *bench) measureLargeWebhooks(ctx context.Context, r run) error {
	const size = 3 << 20
	makers := map[string]func(...traffic.Said) []byte{"whatsapp": traffic.WhatsApp, "messenger": traffic.Messenger}
	for _, name := range slices.Sorted(maps.Keys(makers)) {
		said := make([]traffic.Said, heavyElements)
		for i := range said {
			who := traffic.Someone(i % 50)
			said[i] = traffic.Said{
				From: who, ID: traffic.Wamid(who, fmt.Sprint("heavy", i)), At: time.Now(),
				Text: strings.Repeat("zwaar ", (size/heavyElements-heavyEnvelope)/len("zwaar ")),
			}
		}
		body := makers[name](said...)
		b.manager.Kill(name)
		if _, err := b.startProcess(ctx, name); err != nil {
			return err
		}
		before, err := b.findInstance(name)
		if err != nil {
			return err
		}
		if err := b.invokeAndCheck(ctx, name, webhookEvent(name, b.secrets[name], body)); err != nil {
			return err
		}
		after, err := b.findInstance(name)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s webhook of %d messages in %.1f MB", name, heavyElements, float64(len(body))/(1<<20))
		r.printFigure(figure{what, milliseconds(after.CPU - before.CPU), "ms CPU", atMost(500)})
		r.printFigure(figure{"memory after a " + what, float64(after.MaxRSS) / (1 << 20), "MB RSS", atMost(200)})
	}
	return nil
}

// invokeAndCheck invokes a function and returns an error unless it responds 200.
func (b *bench) invokeAndCheck(ctx context.Context, name string, ev []byte) error {
	res, err := b.manager.Invoke(ctx, name, ev)
	if err != nil {
		return fmt.Errorf("invoke %s: %w", name, err)
	}
	var resp events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(res.Payload, &resp); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s returned %s, want status 200", name, res.Payload)
	}
	return nil
}

// webhookEvent returns the event of an HTTP API for a signed webhook.
func webhookEvent(channel, secret string, body []byte) []byte {
	route := "POST /webhooks/" + channel
	ev, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: route, RawPath: "/webhooks/" + channel,
		Headers: map[string]string{
			"accept": "*/*", "accept-encoding": "deflate, gzip", "content-length": fmt.Sprint(len(body)), "content-type": "application/json",
			"host": "abcdefghij.execute-api.eu-west-1.amazonaws.com", "user-agent": "facebookexternalua",
			"x-amzn-trace-id": "Root=1-00000000-000000000000000000000000", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443",
			"x-forwarded-proto": "https", "x-hub-signature": "sha1=0000000000000000000000000000000000000000",
			"x-hub-signature-256": meta.Sign(body, secret),
		},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: route, AccountID: "000000000000", Stage: "$default", RequestID: "JKJaXmPLvHcESHA=", APIID: "abcdefghij",
			DomainName: "abcdefghij.execute-api.eu-west-1.amazonaws.com", DomainPrefix: "abcdefghij", Time: "01/Jan/2026:00:00:00 +0000",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: http.MethodPost, Path: "/webhooks/" + channel, Protocol: "HTTP/1.1", SourceIP: "192.0.2.1", UserAgent: "facebookexternalua",
			},
		},
		Body: string(body),
	})
	if err != nil {
		panic(err) // strings always encode
	}
	return ev
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
