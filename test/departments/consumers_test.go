// Package departments_test runs the consumers of docs/departments.md as they
// are written there, and the example that mails items to people.
package departments_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/queue"
)

const (
	root       = "../.."
	department = "documentation"
)

// A bench has the queues of a department, as the template makes them.
type bench struct {
	*testing.T
	url string
	sqs *awssqs.Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	srv, err := sqs.New(sqs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(func() { web.CloseClientConnections(); web.Close(); _ = srv.Close() })
	b := &bench{t, web.URL, awssqs.New(awssqs.Options{
		Region: "eu-west-1", BaseEndpoint: &web.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})}
	src, err := os.ReadFile(filepath.Join(root, "infra", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := template.Parse(src, template.Options{Parameters: map[string]string{"Departments": department}})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range m.Queues {
		if !strings.Contains(q.Name, department) {
			continue
		}
		delete(q.Attributes, "RedrivePolicy") // of no concern here
		if _, err := b.sqs.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &q.Name, Attributes: q.Attributes}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// queue returns the URL of a queue.
func (b *bench) queue(name string) *string {
	b.Helper()
	out, err := b.sqs.GetQueueUrl(b.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("heard-" + name)})
	if err != nil {
		b.Fatal(err)
	}
	return out.QueueUrl
}

// tell puts an item on the queue; again sets it apart from the same before.
func (b *bench) tell(id string, version int, e problem.Event, customers int, again string) {
	b.Helper()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p, _ := problem.Open(problem.Seed{
		ID: id, Reason: "manual-unclear", Product: "coffee-machine", Department: department, Severity: "normal", TaxonomyVersion: "2026-01",
		Names: problem.Names{
			Department: problem.Label{NL: "Documentatie", EN: "Documentation"}, Reason: problem.Label{NL: "Handleiding onduidelijk", EN: "Manual unclear"},
			Product: problem.Label{NL: "Koffiemachine", EN: "Coffee machine"},
		},
	}, at)
	p.Contacts, p.Customers, p.PerDay = customers+2, customers, map[string]int{"2026-03-02": customers + 2}
	p.Version = version
	e.Department = department
	body, err := problem.ItemOf(p, e, []string{"Stap 4 in de handleiding klopt niet"}, "https://api.example.com").Marshal()
	if err != nil {
		b.Fatal(err)
	}
	key := id + "." + string(e.Kind) + again
	if err := queue.New(b.sqs, "heard-problems-").Send(b.Context(), department, id, key, body); err != nil {
		b.Fatal(err)
	}
}

// tellCandidate puts an item about a candidate on the queue; again sets it apart
// from the same before.
func (b *bench) tellCandidate(id, again string) {
	b.Helper()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	body, err := problem.Told{
		ID: id, Department: department, Shown: []string{"gasklep", "fluit"}, Customers: 6, Contacts: make([]problem.Unknown, 7), First: at, Last: at,
	}.Item("https://api.example.com").Marshal()
	if err != nil {
		b.Fatal(err)
	}
	if err := queue.New(b.sqs, "heard-problems-").Send(b.Context(), department, id, id+again, body); err != nil {
		b.Fatal(err)
	}
}

// left is how many items are on the queue, hidden ones too.
func (b *bench) left() string {
	b.Helper()
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := b.sqs.GetQueueAttributes(b.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: b.queue("problems-" + department + ".fifo"), AttributeNames: names})
	if err != nil {
		b.Fatal(err)
	}
	return out.Attributes[string(names[0])] + " and " + out.Attributes[string(names[1])]
}

// updates takes what was sent back.
func (b *bench) updates() []map[string]any {
	b.Helper()
	var schema openapi3.Schema
	if err := json.Unmarshal(problem.UpdateJSONSchema, &schema); err != nil {
		b.Fatal(err)
	}
	var all []map[string]any
	for {
		out, err := b.sqs.ReceiveMessage(b.Context(), &awssqs.ReceiveMessageInput{QueueUrl: b.queue("updates-" + department), MaxNumberOfMessages: 10})
		if err != nil {
			b.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			var u map[string]any
			if err := json.Unmarshal([]byte(*m.Body), &u); err != nil {
				b.Fatal(err)
			}
			if err := schema.VisitJSON(u, openapi3.EnableJSONSchema2020()); err != nil {
				b.Error(err)
			}
			all = append(all, u)
		}
	}
}

// environment is that of a department's program. In older regions, version 1
// of the AWS CLI overrules the endpoint of SQS.
func (b *bench) environment() []string {
	return append(os.Environ(), "AWS_ENDPOINT_URL_SQS="+b.url, "AWS_REGION=eu-central-2", "AWS_DEFAULT_REGION=eu-central-2", "AWS_ACCESS_KEY_ID=k",
		"AWS_SECRET_ACCESS_KEY=s", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true")
}

// block returns the first block of a language under "Consuming it".
func block(t *testing.T, language string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "docs", "departments.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(data), "## Consuming it")
	_, code, found := strings.Cut(section, "```"+language+"\n")
	code, _, closed := strings.Cut(code, "\n```\n")
	if !ok || !found || !closed {
		t.Fatalf("docs/departments.md has no consumer in %s", language)
	}
	return code + "\n"
}

// needs skips the test when a program is not on this machine.
func needs(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Skipf("%s is not on this machine: %v %s", strings.Join(command, " "), err, out)
	}
}

func TestTheConsumersOfTheDocsRunAsWritten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		language, file string
		needs          [][]string
		build          func(t *testing.T, file string) []string
	}{
		{"bash", "consumer.sh", [][]string{{"aws", "--version"}, {"jq", "--version"}, {"awk", "BEGIN{}"}}, func(_ *testing.T, file string) []string {
			return []string{"bash", file}
		}},
		{"python", "consumer.py", [][]string{{"python3", "-c", "import boto3"}}, func(_ *testing.T, file string) []string {
			return []string{"python3", file}
		}},
		{"go", "main.go", nil, func(t *testing.T, file string) []string {
			program := filepath.Join(filepath.Dir(file), "consumer")
			build := exec.CommandContext(t.Context(), "go", "build", "-o", program, file)
			build.Dir = root // for its go.mod
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return []string{program}
		}},
	} {
		t.Run(tt.language, func(t *testing.T) {
			t.Parallel()
			for _, command := range tt.needs {
				needs(t, command...)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, tt.file)
			if err := os.WriteFile(file, []byte(block(t, tt.language)), 0o600); err != nil {
				t.Fatal(err)
			}
			consume(newBench(t), dir, tt.build(t, file))
		})
	}
}

// consume runs a consumer, and again as after a crash, on a queue that
// repeats items and brings old ones.
func consume(b *bench, dir string, command []string) {
	b.tell("p-1", 1, problem.Event{Kind: problem.EventOpened}, 5, "")
	b.tell("p-1", 3, problem.Event{Kind: problem.EventMilestone, Milestone: 25}, 25, "")
	b.tell("p-1", 2, problem.Event{Kind: problem.EventMilestone, Milestone: 10}, 10, "late")
	b.tell("p-2", 1, problem.Event{Kind: problem.EventOpened}, 6, "")
	b.tellCandidate("c-1", "")
	first := run(b, dir, command)
	b.tell("p-1", 3, problem.Event{Kind: problem.EventMilestone, Milestone: 25}, 25, "more")
	b.tell("p-2", 2, problem.Event{Kind: problem.EventMilestone, Milestone: 10}, 11, "")
	b.tellCandidate("c-1", "again")
	second := run(b, dir, command)

	want := []string{"  see https://api.example.com/v1/candidates/c-1", "candidate: No reason yet: gasklep, fluit, 6 customers", "milestone: Manual unclear, 25 customers", "opened: Manual unclear, 5 customers", "opened: Manual unclear, 6 customers"}
	slices.Sort(first)
	if diff := cmp.Diff(want, first); diff != "" {
		b.Errorf("handled:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"milestone: Manual unclear, 11 customers"}, second); diff != "" {
		b.Errorf("handled after the restart:\n%s", diff)
	}
	updates := b.updates()
	slices.SortFunc(updates, func(a, b map[string]any) int { return strings.Compare(a["id"].(string), b["id"].(string)) })
	if diff := cmp.Diff([]map[string]any{
		{"problem": "p-1", "id": "p-1.1", "to": "acknowledged"}, {"problem": "p-2", "id": "p-2.1", "to": "acknowledged"},
	}, updates); diff != "" {
		b.Errorf("updates:\n%s", diff)
	}
}

// run runs a program until the queue is empty, and returns what it printed.
func run(b *bench, dir string, command []string) []string {
	b.Helper()
	ctx, stop := context.WithTimeout(b.Context(), 20*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, b.environment(), 5*time.Second
	var out, errOut output
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for b.left() != "0 and 0" {
		select {
		case err := <-ended:
			b.Fatalf("it ended: %v\n%s", err, errOut.String())
		case <-time.After(50 * time.Millisecond): // the queue tells nobody that it is empty
		}
	}
	stop()
	if err := <-ended; err == nil {
		b.Error("it ended by itself")
	}
	return strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
}

// An output may be written and read at once.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
