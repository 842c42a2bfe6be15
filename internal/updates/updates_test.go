package updates_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/updates"
)

var now = time.Date(2099, 3, 2, 12, 0, 0, 0, time.UTC)

var example = sync.OnceValues(func() (*taxonomy.Taxonomy, error) {
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		return nil, err
	}
	return taxonomy.Load(data)
})

// A bench is the function on a table and dead-letter queues of its own.
type bench struct {
	*testing.T
	table   *store.Table
	sqs     *awssqs.Client
	handler *updates.Handler
	metrics *bytes.Buffer
	sent    int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	tax, err := example()
	if err != nil {
		t.Fatal(err)
	}
	srv, err := sqs.New(sqs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(func() { web.Close(); _ = srv.Close() })
	b := &bench{T: t, table: storetest.New(t), metrics: &bytes.Buffer{}, sqs: awssqs.New(awssqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(web.URL), Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})}
	for _, d := range []string{"billing", "it"} {
		if _, err := b.sqs.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("heard-updates-" + d + "-dead")}); err != nil {
			t.Fatal(err)
		}
	}
	b.handler = &updates.Handler{
		Problems: &problems.Service{Store: problems.StoreOf(b.table), Taxonomy: func() *taxonomy.Taxonomy { return tax }, Zone: time.UTC},
		Prefix:   "heard-updates-",
		Dead:     queue.NewDeadLetters(b.sqs, "heard-updates-"),
		Now:      func() time.Time { return now },
		Meter:    &telemetry.Meter{Function: "updates", Out: b.metrics, Now: func() time.Time { return now }},
	}
	return b
}

// open stores a problem of a department.
func (b *bench) open(id, department string) {
	b.Helper()
	p, evs := problem.Open(problem.Seed{
		ID: id, Reason: "reason-" + id, Department: department, Severity: "normal", TaxonomyVersion: "2026-01",
	}, now)
	if err := b.table.Problems.Create(b.Context(), problem.Record{Problem: p, Events: evs}, nil); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) problem(id string) problem.Record {
	b.Helper()
	p, err := b.table.Problems.Get(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// message returns a message of a department's queue at its n-th delivery.
func (b *bench) message(department, body string, receives int) events.SQSMessage {
	b.sent++
	return events.SQSMessage{
		MessageId: fmt.Sprintf("m-%d", b.sent), Body: body, EventSource: "aws:sqs",
		EventSourceARN: "arn:aws:sqs:eu-west-1:000000000000:heard-updates-" + department,
		Attributes:     map[string]string{"ApproximateReceiveCount": fmt.Sprint(receives), "SentTimestamp": "4076222400000"},
	}
}

// deliver hands messages to the function, and returns those that come again.
func (b *bench) deliver(messages ...events.SQSMessage) (again []string) {
	b.Helper()
	resp, err := b.handler.Handle(b.Context(), events.SQSEvent{Records: messages})
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range resp.BatchItemFailures {
		again = append(again, f.ItemIdentifier)
	}
	return again
}

// dead receives the messages of a department's dead-letter queue, with their
// reasons.
func (b *bench) dead(department string) (bodies, reasons []string) {
	b.Helper()
	url, err := b.sqs.GetQueueUrl(b.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("heard-updates-" + department + "-dead")})
	if err != nil {
		b.Fatal(err)
	}
	for {
		out, err := b.sqs.ReceiveMessage(b.Context(), &awssqs.ReceiveMessageInput{
			QueueUrl: url.QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		})
		if err != nil {
			b.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return bodies, reasons
		}
		for _, m := range out.Messages {
			bodies = append(bodies, *m.Body)
			reasons = append(reasons, aws.ToString(m.MessageAttributes["reason"].StringValue))
			if !strings.HasPrefix(aws.ToString(m.MessageAttributes["messageId"].StringValue), "m-") || m.MessageAttributes["sentAt"].StringValue == nil {
				b.Errorf("attributes %v", m.MessageAttributes)
			}
			if _, err := b.sqs.DeleteMessage(b.Context(), &awssqs.DeleteMessageInput{QueueUrl: url.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func TestHandle_DepartmentOfQueue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("p-1", "billing")
	body := `{"problem":"p-1","version":1,"to":"acknowledged","comment":"We look into it."}`
	if again := b.deliver(b.message("it", body, 1), b.message("billing", body, 1)); len(again) > 0 {
		t.Errorf("%v come again", again)
	}
	p := b.problem("p-1")
	if p.State != problem.Acknowledged || p.Version != 2 || p.Events[0].By != "queue:billing" {
		t.Errorf("%+v", p)
	}
	bodies, reasons := b.dead("it")
	if len(bodies) != 1 || bodies[0] != body || !strings.Contains(reasons[0], "another department") {
		t.Errorf("dead %q %q", bodies, reasons)
	}
	if got := b.metrics.String(); !strings.Contains(got, `"Applied":1`) || !strings.Contains(got, `"Refused":1`) {
		t.Error("metrics", got)
	}
}

func TestHandle_Repetition(t *testing.T) {
	t.Parallel()
	for name, bodies := range map[string][2]string{
		"the same message":                {`{"problem":"p-1","comment":"x"}`, `{"problem":"p-1","comment":"x"}`},
		"the same message with a version": {`{"problem":"p-1","version":1,"comment":"x"}`, `{"problem":"p-1","version":1,"comment":"x"}`},
		"another message, the same id":    {`{"problem":"p-1","id":"u-1","comment":"x"}`, `{"problem":"p-1","id":"u-1","comment":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.open("p-1", "billing")
			first, second := b.message("billing", bodies[0], 1), b.message("billing", bodies[1], 2)
			if !strings.Contains(bodies[0], `"id"`) {
				second.MessageId = first.MessageId
			}
			var wg sync.WaitGroup
			for range 3 { // a second delivery may run beside the first
				wg.Go(func() { b.deliver(first, second) })
			}
			wg.Wait()
			if p := b.problem("p-1"); p.Version != 2 {
				t.Errorf("version %d", p.Version)
			}
			if bodies, reasons := b.dead("billing"); len(bodies) > 0 {
				t.Errorf("dead %q", reasons)
			}
		})
	}
}

// An update with the id of another one is a dead letter at its first delivery, in
// the words of a queue. The id may be used again for another problem.
func TestHandle_IDOfAnotherUpdate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("p-1", "billing")
	b.open("p-2", "billing")
	b.deliver(b.message("billing", `{"problem":"p-1","id":"u-1","comment":"x"}`, 1))
	for _, body := range []string{
		`{"problem":"p-1","id":"u-1","comment":"y"}`,
		`{"problem":"p-1","id":"u-1","version":2,"comment":"x"}`,
		`{"problem":"p-1","id":"u-1","version":9,"comment":"x"}`,
		`{"problem":"p-1","id":"u-1","to":"moved","department":"it"}`,
	} {
		if again := b.deliver(b.message("billing", body, 1)); len(again) != 0 {
			t.Errorf("%s: %v come again, want none", body, again)
		}
		bodies, reasons := b.dead("billing")
		if len(bodies) != 1 || bodies[0] != body || reasons[0] != "id: another update was sent with this id; send this one with a new id" {
			t.Errorf("%s: dead letters %q because %q, want this one because of its id", body, bodies, reasons)
		}
	}
	if p := b.problem("p-1"); p.Version != 2 {
		t.Errorf("the problem is at version %d, want 2", p.Version)
	}
	b.deliver(b.message("billing", `{"problem":"p-2","id":"u-1","comment":"y"}`, 1))
	if p := b.problem("p-2"); p.Version != 2 {
		t.Errorf("the other problem is at version %d, want 2", p.Version)
	}
}

func TestHandle_SameIDOfTwoDepartments(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("p-1", "billing")
	b.open("p-2", "it")
	body := `{"problem":"p-1","id":"u","to":"moved","department":"it","comment":"x"}`
	b.deliver(b.message("billing", body, 1), b.message("it", `{"problem":"p-1","id":"u","comment":"y"}`, 1), b.message("it", `{"problem":"p-2","id":"u","comment":"z"}`, 1))
	if p, q := b.problem("p-1"), b.problem("p-2"); p.Version != 3 || q.Version != 2 {
		t.Errorf("versions %d and %d", p.Version, q.Version)
	}
}

func TestHandle_EarlyUpdate(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]string{
		"with a version to come": `{"problem":"p-1","version":2,"to":"cause_known","cause":"A wrong template."}`,
		"without a version":      `{"problem":"p-1","to":"cause_known","cause":"A wrong template."}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.open("p-1", "billing")
			m := b.message("billing", early, 1)
			if again := b.deliver(m); len(again) != 1 {
				t.Fatalf("%v come again", again)
			}
			b.deliver(b.message("billing", `{"problem":"p-1","to":"acknowledged"}`, 1))
			m.Attributes["ApproximateReceiveCount"] = "2"
			if again := b.deliver(m); len(again) != 0 || b.problem("p-1").State != problem.CauseKnown {
				t.Errorf("%v, %+v", again, b.problem("p-1").Problem)
			}
		})
	}
}

func TestHandle_EarlyForTooLong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("p-1", "billing")
	if again := b.deliver(b.message("billing", `{"problem":"p-1","version":7,"to":"acknowledged"}`, 5)); len(again) != 0 {
		t.Errorf("%v come again", again)
	}
	if _, reasons := b.dead("billing"); len(reasons) != 1 || !strings.Contains(reasons[0], "at version 1, not 7") {
		t.Errorf("dead %q", reasons)
	}
}

func TestHandle_BadUpdates(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("p-1", "billing")
	b.open("p-it", "it")
	b.deliver(b.message("billing", `{"problem":"p-1","to":"acknowledged"}`, 1))
	before := b.problem("p-1")
	long := strings.Repeat("x", problem.MaxComment+1)
	for name, tt := range map[string]struct{ body, reason string }{
		"no JSON":                              {`to: fixed`, "must be a JSON object"},
		"JSON that is cut off":                 {`{"problem":"p-1"`, "must be a JSON object"},
		"a comment that is given twice":        {`{"problem":"p-1","comment":"a","comment":"b"}`, "comment is given twice"},
		"a problem that is given twice":        {`{"problem":"p-1","problem":"p-2","comment":"a"}`, "problem is given twice"},
		"a comment in other letters":           {`{"problem":"p-1","Comment":"a"}`, `no member "Comment"`},
		"a list":                               {`[]`, "must be a JSON object"},
		"null":                                 {`null`, "must be a JSON object"},
		"two objects":                          {`{"problem":"p-1"} {}`, "must be a JSON object"},
		"too large":                            {`{"problem":"p-1","comment":"` + strings.Repeat("x", problem.MaxUpdate) + `"}`, "at most 65536 bytes"},
		"a problem and a candidate":            {`{"problem":"p-1","candidate":"c-1","decision":"dismiss","why":"x"}`, "cannot be in one update"},
		"a candidate that there is not":        {`{"candidate":"c-1","decision":"dismiss","why":"x"}`, "no such candidate"},
		"a candidate and no decision":          {`{"candidate":"c-1","why":"x"}`, "decision must be"},
		"a candidate and a state":              {`{"candidate":"c-1","to":"fixed"}`, "known: candidate, id, "},
		"no problem":                           {`{"to":"fixed"}`, "problem is missing"},
		"a problem that is no text":            {`{"problem":1,"to":"fixed"}`, "problem must be a text"},
		"a problem with a space":               {`{"problem":"p 1","to":"fixed"}`, "problem must be a text"},
		"a problem that is too long":           {`{"problem":"` + strings.Repeat("p", 101) + `","to":"fixed"}`, "problem must be a text"},
		"a problem that is not there":          {`{"problem":"p-none","to":"fixed"}`, "there is no such problem"},
		"a problem of another department":      {`{"problem":"p-it","to":"acknowledged"}`, "to another department"},
		"an id that is no text":                {`{"problem":"p-1","id":7,"to":"fixed"}`, "id must be a text"},
		"an id with a line break":              {`{"problem":"p-1","id":"a\nb","to":"fixed"}`, "id must be a text"},
		"nothing to do":                        {`{"problem":"p-1"}`, "changes nothing"},
		"a member nobody knows":                {`{"problem":"p-1","too":"fixed"}`, `no member "too" here; known: problem, id, to, version`},
		"a member with a long name":            {`{"problem":"p-1","x` + strings.Repeat("é", 600) + `":1}`, `no member "xé`},
		"somebody else as its author":          {`{"problem":"p-1","to":"fixed","by":"it"}`, `no member "by"`},
		"a department to speak for":            {`{"problem":"p-1","to":"fixed","department":"it"}`, "only allowed with the state moved"},
		"an old version":                       {`{"problem":"p-1","version":1,"to":"fixed"}`, "at version 2, not 1; read it again"},
		"a version that is a text":             {`{"problem":"p-1","version":"2","to":"fixed"}`, "version must be a whole number"},
		"a version below zero":                 {`{"problem":"p-1","version":-1,"to":"fixed"}`, "version"},
		"a state that is none":                 {`{"problem":"p-1","to":"lost"}`, "no such state"},
		"a state that is a number":             {`{"problem":"p-1","to":4}`, "to must be a string"},
		"an illegal step":                      {`{"problem":"p-1","version":2,"to":"confirmed"}`, "cannot become confirmed; possible: cause_known"},
		"a cause that is missing":              {`{"problem":"p-1","to":"cause_known"}`, "requires cause"},
		"a workaround that is missing":         {`{"problem":"p-1","to":"workaround"}`, "requires workaround"},
		"an expected time that is missing":     {`{"problem":"p-1","to":"fix_planned"}`, "requires expectedAt"},
		"an expected time that is past":        {`{"problem":"p-1","to":"fix_planned","expectedAt":"2001-01-01T00:00:00Z"}`, "in the future"},
		"an expected time that is none":        {`{"problem":"p-1","to":"fix_planned","expectedAt":"soon"}`, "expectedAt must be a time"},
		"a rejection without a reason":         {`{"problem":"p-1","to":"rejected"}`, "requires a comment"},
		"a comment that is too long":           {`{"problem":"p-1","comment":"` + long + `"}`, "comment has more than"},
		"a link that is no link":               {`{"problem":"p-1","links":["javascript:alert(1)"]}`, "https://"},
		"links that are numbers":               {`{"problem":"p-1","links":[1]}`, "each of links must be a string"},
		"links that are no list":               {`{"problem":"p-1","links":"https://a.example/1"}`, "links must be a list"},
		"too many links":                       {`{"problem":"p-1","links":["https://a.example/1"` + strings.Repeat(`,"https://a.example/1"`, 10) + `]}`, "at most 10 links"},
		"a merge into nothing":                 {`{"problem":"p-1","to":"merged"}`, "into"},
		"a merge into itself":                  {`{"problem":"p-1","to":"merged","into":"p-1"}`, "into"},
		"a merge into another department's":    {`{"problem":"p-1","to":"merged","into":"p-it"}`, "another department"},
		"a move to a department that is not":   {`{"problem":"p-1","to":"moved","department":"cellar"}`, "department must be one of billing"},
		"a move to the department it is of":    {`{"problem":"p-1","to":"moved","department":"billing"}`, "another department"},
		"text that is no Unicode in a comment": {`{"problem":"p-1","to":"acknowledged","comment":"\ud800"}`, "half of a character"},
	} {
		t.Run(name, func(t *testing.T) {
			b := *b
			b.T = t
			m := b.message("billing", tt.body, 5)
			if again := b.deliver(m); len(again) > 0 {
				t.Fatalf("%v come again", again)
			}
			bodies, reasons := b.dead("billing")
			if len(bodies) != 1 || bodies[0] != tt.body || !strings.Contains(reasons[0], tt.reason) {
				t.Errorf("the reasons are %q, not %q", reasons, tt.reason)
			}
			if strings.ContainsRune(reasons[0], utf8.RuneError) {
				t.Errorf("a sign was cut: %q", reasons[0])
			}
			if diff := cmp.Diff(before, b.problem("p-1")); diff != "" {
				t.Errorf("something changed:\n%s", diff)
			}
		})
	}
}

func TestHandle_BadBesideGood(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("p-1", "billing")
	b.deliver(b.message("billing", "no JSON", 1), b.message("billing", `{"problem":"p-1","to":"acknowledged"}`, 1), b.message("billing", "{}", 1))
	if p := b.problem("p-1"); p.State != problem.Acknowledged {
		t.Errorf("%+v", p.Problem)
	}
	if bodies, _ := b.dead("billing"); len(bodies) != 2 {
		t.Errorf("dead %q", bodies)
	}
}

// An update that can be neither applied nor stored now is delivered again.
func TestHandle_DependencyAway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("p-1", "billing")
	db := dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	tax, err := example()
	if err != nil {
		t.Fatal(err)
	}
	h := *b.handler
	h.Problems = &problems.Service{Store: problems.StoreOf(store.New(db, "heard", storetest.Pepper)), Taxonomy: func() *taxonomy.Taxonomy { return tax }, Zone: time.UTC}
	resp, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{b.message("billing", `{"problem":"p-1","to":"acknowledged"}`, 40)}})
	if err != nil || len(resp.BatchItemFailures) != 1 {
		t.Errorf("table away: %+v %v", resp, err)
	}
	// Logistics has no dead-letter queue.
	if again := b.deliver(b.message("logistics", "no JSON", 40)); len(again) != 1 {
		t.Errorf("no dead-letter queue: %v come again", again)
	}
	other := b.message("billing", `{"problem":"p-1","to":"acknowledged"}`, 1)
	other.EventSourceARN = "arn:aws:sqs:eu-west-1:000000000000:somebody-elses"
	if again := b.deliver(other); len(again) != 1 {
		t.Errorf("another queue: %v come again", again)
	}
	if bodies, _ := b.dead("billing"); len(bodies) > 0 {
		t.Errorf("dead %q", bodies)
	}
}

// A refusal of a message is always the sender's error, and a queue speaks for its
// own department only.
func FuzzUpdate(f *testing.F) {
	for _, seed := range []string{
		`{"problem":"p-1","version":2,"to":"fixed"}`, `{"problem":"p-1","id":"u","comment":"x"}`, `{}`, `[]`, `{"problem":{}}`, "\xff", `{"problem":"p","problem":"q"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := updates.Parse("billing", body)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.TooLarge {
				t.Error(err)
			}
			return
		}
		var rest map[string]json.RawMessage
		if err := json.Unmarshal(got.Body, &rest); err != nil || rest["problem"] != nil || rest["candidate"] != nil || rest["id"] != nil {
			t.Errorf("the body is %q (%v), want no problem, candidate or id in it", got.Body, err)
		}
		if id := got.Problem + got.Candidate; !problems.IsID(id, 100) {
			t.Errorf("the problem or candidate is %q, want an id", id)
		}
		if diff := cmp.Diff(problem.NewCaller("queue:billing", []string{"billing"}, false), got.Caller); diff != "" {
			t.Errorf("the caller differs:\n%s", diff)
		}
	})
}
