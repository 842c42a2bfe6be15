// Package story_test simulates ten weeks of a company with its customers and
// departments. It checks which problems are found and when, and that few false
// problems are opened.
//
// Only the clock and the stream are simulated. Messages are put into DynamoDB
// Local, and the test passes them to triage as stream records. Every version of a
// problem goes through the outbox to a queue, and the departments answer through
// their own queues.
package story_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/dynamo"
	"github.com/heard-intake/heard/infra/local/dynamo/dynamotest"
	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
	"github.com/heard-intake/heard/internal/updates"
)

// readNumber reads a number from an environment variable. HEARD_STORY is the number of
// customers: 2,000 by default, 20,000 in "make story". HEARD_SEED changes the
// random numbers of the story.
func readNumber(t *testing.T, variable, standard string) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(variable), standard))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // every update of a department logs a line
	os.Exit(m.Run())
}

func TestStory_FindsProblems(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	s := newStory(t, readNumber(t, "HEARD_STORY", "2000"))
	s.simulate()
	t.Logf("%d messages of %d customers in %d weeks, simulated in %s", len(s.said), s.customers, weeks, time.Since(s.began).Round(time.Second))
	s.logClassification()
	s.checkProblems()
	s.checkItems()
}

// A recordingTable records every version of a problem and passes it to the story.
type recordingTable struct {
	*store.Table
	mu        sync.Mutex
	versions  []problem.Record
	last      map[string]int            // latest version, by problem id
	onVersion func(problem.Record, int) // called with a new version and the number of the one before
}

// recordingProblems are the problems of a recording table.
type recordingProblems struct {
	store.Problems
	table *recordingTable
}

// OpenProblem opens a problem and records it.
func (t recordingProblems) Create(ctx context.Context, p problem.Record, affected []problem.Affected) error {
	if err := t.Problems.Create(ctx, p, affected); err != nil {
		return err
	}
	t.table.recordVersion(p)
	return nil
}

// SaveProblem saves a problem and records it.
func (t recordingProblems) Save(ctx context.Context, p problem.Record) error {
	if err := t.Problems.Save(ctx, p); err != nil {
		return err
	}
	t.table.recordVersion(p)
	return nil
}

func (t *recordingTable) recordVersion(p problem.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.last[p.ID]
	if p.Version <= was {
		return
	}
	t.last[p.ID] = p.Version
	t.versions = append(t.versions, p)
	t.onVersion(p, was)
}

// A story is one simulation, with its own table and queues.
type story struct {
	*testing.T
	customers int
	shop      *organisation
	said      []utterance
	now       time.Time // simulated
	began     time.Time // real start of the simulation
	week      int       // number of finished weeks

	table   *recordingTable
	triage  *triage.Triage
	updates *updates.Handler
	sqs     *awssqs.Client
	items   map[string][]problem.Item // received from the queues, by problem id
	places  map[string]string         // department of the queue, by problem id
	sent    int                       // updates sent
	due     []answer
}

// An answer is an update that a department sends at a later time.
type answer struct {
	at         time.Time
	department string
	update     map[string]any
}

func newStory(t *testing.T, customers int) *story {
	t.Helper()
	s := &story{T: t, customers: customers, shop: shop(t), now: begin, began: time.Now(), items: map[string][]problem.Item{}, places: map[string]string{}}
	s.said = generateMessages(s.shop, customers, uint64(readNumber(t, "HEARD_SEED", "6")))
	s.sqs = newSQS(t)
	for _, d := range s.shop.taxonomy.Departments {
		s.createQueue("heard-problems-"+d.ID+".fifo", map[string]string{"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})
		s.createQueue("heard-updates-"+d.ID+"-dead", nil)
	}
	s.table = &recordingTable{Table: newTable(t), last: map[string]int{}}
	out := &outbox.Outbox{
		Queues: queue.New(s.sqs, "heard-problems-"), URL: "https://api.example.com",
	}
	s.table.onVersion = func(p problem.Record, was int) {
		var before *problem.Record
		if was > 0 {
			old := p
			old.Version = was
			before = &old
		}
		record, err := store.NewProblemRecord(before, p)
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := out.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record}})
		if err != nil || len(resp.BatchItemFailures) > 0 {
			t.Error("outbox failed:", resp, err)
		}
	}
	clock := func() time.Time { return s.now }
	meter := &telemetry.Meter{Function: "story", Out: io.Discard, Now: clock}
	stores := triage.StoreOf(s.table.Table)
	stores.Detection.Problems = recordingProblems{s.table.Problems, s.table}
	s.triage = &triage.Triage{Store: stores, Taxonomy: s.shop.taxonomy, Zone: time.UTC, Meter: meter, Now: clock}
	decided := problems.StoreOf(s.table.Table)
	decided.Problems = recordingProblems{s.table.Problems, s.table}
	s.updates = &updates.Handler{
		Problems: &problems.Service{Store: decided, Taxonomy: func() *taxonomy.Taxonomy { return s.shop.taxonomy }, Zone: time.UTC},
		Prefix:   "heard-updates-", Dead: queue.NewDeadLetters(s.sqs, "heard-updates-"), Meter: meter, Now: clock,
	}
	return s
}

// newTable returns a table in a database that is tuned for a million requests. It
// has no stream, because this test makes the stream records itself.
func newTable(t *testing.T) *store.Table {
	t.Helper()
	server, err := dynamo.Start(t.Context(), dynamo.Config{Long: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	db := dynamotest.New(aws.Config{
		Region: dynamotest.Region, BaseEndpoint: &server.Endpoint, Credentials: credentials.NewStaticCredentialsProvider("STORY", "secret", ""),
	})
	schema := storetest.Schema(storetest.Name)
	schema.StreamSpecification = nil
	if _, err := db.CreateTable(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	return store.New(db, storetest.Name, storetest.Pepper)
}

func newSQS(t *testing.T) *awssqs.Client {
	t.Helper()
	srv, err := sqs.New(sqs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(func() { web.Close(); _ = srv.Close() })
	return awssqs.New(awssqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(web.URL), Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
}

func (s *story) createQueue(name string, attributes map[string]string) {
	s.Helper()
	if _, err := s.sqs.CreateQueue(s.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes}); err != nil {
		s.Fatal(err)
	}
}

// simulate runs all weeks. It stores and triages the messages of customers in
// batches of 100. Every six hours of simulated time the departments work.
func (s *story) simulate() {
	work := begin
	for batch := range slices.Chunk(s.said, 100) {
		s.storeBatch(batch)
		s.now = batch[len(batch)-1].SentAt
		resp, err := s.triage.Handle(s.Context(), streamEvent(s.T, batch))
		if err != nil || len(resp.BatchItemFailures) > 0 {
			s.Fatal(resp, err)
		}
		if week := int(s.now.Sub(begin).Hours() / (7 * 24)); week > s.week {
			s.week = week
			s.Logf("week %d finished: %d problems, %s", week, len(s.table.last), time.Since(s.began).Round(time.Second))
		}
		if s.now.Sub(work) > 6*time.Hour {
			work = s.now
			s.runDepartments()
		}
	}
	s.now = begin.AddDate(0, 0, 7*weeks+28)
	for range 3 {
		s.runDepartments()
	}
}

func (s *story) storeBatch(batch []utterance) {
	s.Helper()
	var all sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, u := range batch {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if _, err := s.table.Messages.Put(s.Context(), u.Message, ""); err != nil {
				s.Error(err)
			}
		})
	}
	all.Wait()
}

func streamEvent(t testing.TB, batch []utterance) events.DynamoDBEvent {
	ms := make([]message.Message, len(batch))
	for i, u := range batch {
		ms[i] = u.Message
	}
	t.Helper()
	ev, err := storetest.MessageEvent(ms...)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// runDepartments simulates the departments. They receive their items and acknowledge new
// problems. They report a real problem as fixed after its incident ends, and
// reject any other.
func (s *story) runDepartments() {
	s.Helper()
	for _, d := range s.shop.taxonomy.Departments {
		s.receiveItems(d.ID)
	}
	var later []answer
	for _, a := range s.due {
		if a.at.After(s.now) {
			later = append(later, a)
			continue
		}
		s.sendUpdate(a)
	}
	s.due = later
}

func (s *story) receiveItems(department string) {
	s.Helper()
	url, err := s.sqs.GetQueueUrl(s.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("heard-problems-" + department + ".fifo")})
	if err != nil {
		s.Fatal(err)
	}
	for {
		out, err := s.sqs.ReceiveMessage(s.Context(), &awssqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, MaxNumberOfMessages: 10})
		if err != nil {
			s.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return
		}
		for _, m := range out.Messages {
			var i problem.Item
			if err := json.Unmarshal([]byte(*m.Body), &i); err != nil {
				s.Fatal(err)
			}
			if i.Department != department {
				s.Errorf("got an item for %s on the queue of %s", i.Department, department)
			}
			s.items[i.ID] = append(s.items[i.ID], i)
			s.places[i.ID] = department
			s.scheduleUpdates(department, i)
			if _, err := s.sqs.DeleteMessage(s.Context(), &awssqs.DeleteMessageInput{QueueUrl: url.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
				s.Fatal(err)
			}
		}
	}
}

// scheduleUpdates schedules the updates of a department after an item.
func (s *story) scheduleUpdates(department string, i problem.Item) {
	if i.Event != problem.EventOpened && i.Event != problem.EventReopened {
		return
	}
	s.due = append(s.due, answer{s.now, department, map[string]any{"problem": i.ID, "to": "acknowledged"}})
	n := findIncident(i.Reason, i.Product, i.OpenedAt)
	if n < 0 {
		s.due = append(s.due, answer{s.now.Add(72 * time.Hour), department, map[string]any{"problem": i.ID, "to": "rejected", "comment": "We found nothing."}})
		return
	}
	over := begin.AddDate(0, 0, incidents[n].from+incidents[n].days)
	s.due = append(s.due, answer{latestTime(over.Add(24*time.Hour), s.now.Add(time.Hour)), department,
		map[string]any{"problem": i.ID, "to": "fixed", "cause": incidents[n].name}})
}

func latestTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *story) sendUpdate(a answer) {
	s.Helper()
	body, err := json.Marshal(a.update)
	if err != nil {
		s.Fatal(err)
	}
	s.sent++
	resp, err := s.updates.Handle(s.Context(), events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: fmt.Sprint("u-", s.sent), Body: string(body), EventSourceARN: "arn:aws:sqs:eu-west-1:000000000000:heard-updates-" + a.department,
		Attributes: map[string]string{"ApproximateReceiveCount": "9"},
	}}})
	if err != nil || len(resp.BatchItemFailures) > 0 {
		s.Error("update:", resp, err)
	}
}
