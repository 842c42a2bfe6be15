// Package departments_test runs the consumer programs of docs/departments.md,
// exactly as they are in the document.
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

// A bench has the queues of a department, with the attributes of the template.
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
		delete(q.Attributes, "RedrivePolicy") // the dead-letter queue does not exist here
		if _, err := b.sqs.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &q.Name, Attributes: q.Attributes}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// queueURL returns the URL of a queue.
func (b *bench) queueURL(name string) *string {
	b.Helper()
	out, err := b.sqs.GetQueueUrl(b.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("heard-" + name)})
	if err != nil {
		b.Fatal(err)
	}
	return out.QueueUrl
}

// sendItem sends an item to the queue. Another value of again sends the same item
// a second time, because it changes the deduplication key.
func (b *bench) sendItem(id string, version int, e problem.Event, customers int, again string) {
	b.Helper()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	p, _ := problem.Open(problem.Seed{
		ID: id, Reason: "manual-unclear", Product: "coffee-machine", Department: department, Severity: "normal", TaxonomyVersion: "2026-01",
		Names: problem.Names{
			Department: problem.Label{NL: "Documentatie", EN: "Documentation"}, Reason: problem.Label{NL: "Handleiding onduidelijk", EN: "Manual unclear"},
			Product: problem.Label{NL: "Koffiemachine", EN: "Coffee machine"},
		},
	}, at)
	p.Contacts = customers + 2
	p.Customers = customers
	p.PerDay = map[string]int{"2026-03-02": customers + 2}
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

// sendCandidate sends an item about a candidate to the queue. Another value of
// again sends the same item a second time.
func (b *bench) sendCandidate(id, again string) {
	b.Helper()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	body, err := problem.AnnouncedCandidate{
		ID: id, Department: department, Shown: []string{"gasklep", "fluit"}, Customers: 6, Contacts: make([]problem.UnclassifiedContact, 7), First: at, Last: at,
	}.Item("https://api.example.com").Marshal()
	if err != nil {
		b.Fatal(err)
	}
	if err := queue.New(b.sqs, "heard-problems-").Send(b.Context(), department, id, id+again, body); err != nil {
		b.Fatal(err)
	}
}

// remaining returns the number of visible and of hidden items on the queue, as
// "2 and 1".
func (b *bench) remaining() string {
	b.Helper()
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := b.sqs.GetQueueAttributes(b.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: b.queueURL("problems-" + department + ".fifo"), AttributeNames: names})
	if err != nil {
		b.Fatal(err)
	}
	return out.Attributes[string(names[0])] + " and " + out.Attributes[string(names[1])]
}

// receiveUpdates receives all updates of the department and checks them against
// the published schema.
func (b *bench) receiveUpdates() []map[string]any {
	b.Helper()
	var schema openapi3.Schema
	if err := json.Unmarshal(problem.UpdateJSONSchema, &schema); err != nil {
		b.Fatal(err)
	}
	var all []map[string]any
	for {
		out, err := b.sqs.ReceiveMessage(b.Context(), &awssqs.ReceiveMessageInput{QueueUrl: b.queueURL("updates-" + department), MaxNumberOfMessages: 10})
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

// environment returns the environment of a department's program. The region is a
// new one, because version 1 of the AWS CLI ignores the endpoint of SQS in older
// regions.
func (b *bench) environment() []string {
	return append(os.Environ(), "AWS_ENDPOINT_URL_SQS="+b.url, "AWS_REGION=eu-central-2", "AWS_DEFAULT_REGION=eu-central-2", "AWS_ACCESS_KEY_ID=k",
		"AWS_SECRET_ACCESS_KEY=s", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true")
}

// codeBlock returns the first code block of a language in the section "Consuming
// it" of docs/departments.md.
func codeBlock(t *testing.T, language string) string {
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

// skipWithout skips the test if a program is not on this machine.
func skipWithout(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Skipf("%s is not installed: %v %s", strings.Join(command, " "), err, out)
	}
}

func TestDocs_Consumers(t *testing.T) {
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
			build.Dir = root // has the go.mod
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return []string{program}
		}},
	} {
		t.Run(tt.language, func(t *testing.T) {
			t.Parallel()
			for _, command := range tt.needs {
				skipWithout(t, command...)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, tt.file)
			if err := os.WriteFile(file, []byte(codeBlock(t, tt.language)), 0o600); err != nil {
				t.Fatal(err)
			}
			checkConsumer(newBench(t), dir, tt.build(t, file))
		})
	}
}

// checkConsumer runs a consumer twice, as after a crash, on a queue with repeated
// and outdated items.
func checkConsumer(b *bench, dir string, command []string) {
	b.sendItem("p-1", 1, problem.Event{Kind: problem.EventOpened}, 5, "")
	b.sendItem("p-1", 3, problem.Event{Kind: problem.EventMilestone, Milestone: 25}, 25, "")
	b.sendItem("p-1", 2, problem.Event{Kind: problem.EventMilestone, Milestone: 10}, 10, "late")
	b.sendItem("p-2", 1, problem.Event{Kind: problem.EventOpened}, 6, "")
	b.sendCandidate("c-1", "")
	first := runUntilEmpty(b, dir, command)
	b.sendItem("p-1", 3, problem.Event{Kind: problem.EventMilestone, Milestone: 25}, 25, "more")
	b.sendItem("p-2", 2, problem.Event{Kind: problem.EventMilestone, Milestone: 10}, 11, "")
	b.sendCandidate("c-1", "again")
	second := runUntilEmpty(b, dir, command)

	want := []string{"  see https://api.example.com/v1/candidates/c-1", "candidate: No reason yet: gasklep, fluit, 6 customers", "milestone: Manual unclear, 25 customers", "opened: Manual unclear, 5 customers", "opened: Manual unclear, 6 customers"}
	slices.Sort(first)
	if diff := cmp.Diff(want, first); diff != "" {
		b.Errorf("handled items (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"milestone: Manual unclear, 11 customers"}, second); diff != "" {
		b.Errorf("handled items after the restart (-want +got):\n%s", diff)
	}
	updates := b.receiveUpdates()
	slices.SortFunc(updates, func(a, b map[string]any) int { return strings.Compare(a["id"].(string), b["id"].(string)) })
	if diff := cmp.Diff([]map[string]any{
		{"problem": "p-1", "id": "p-1.1", "to": "acknowledged"}, {"problem": "p-2", "id": "p-2.1", "to": "acknowledged"},
	}, updates); diff != "" {
		b.Errorf("updates (-want +got):\n%s", diff)
	}
}

// runUntilEmpty runs a program until the queue is empty and returns the lines that
// it printed.
func runUntilEmpty(b *bench, dir string, command []string) []string {
	b.Helper()
	ctx, stop := context.WithTimeout(b.Context(), 20*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = b.environment()
	cmd.WaitDelay = 5 * time.Second
	var out, errOut output
	cmd.Stdout = &out
	cmd.Stderr = &errOut
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for b.remaining() != "0 and 0" {
		select {
		case err := <-ended:
			b.Fatalf("the program ended before the queue was empty: %v\n%s", err, errOut.String())
		case <-time.After(50 * time.Millisecond): // SQS has no event for an empty queue
		}
	}
	stop()
	if err := <-ended; err == nil {
		b.Error("the program ended without an error, want it to run until it is killed")
	}
	return strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
}

// An output is a buffer that is safe for concurrent use.
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
