// Package story_test plays ten weeks of an organisation's customers and its
// departments: what is found, by when, and what is not there to be found.
//
// Everything but the clock and the stream is the real thing: messages are put
// into DynamoDB Local, triage is given them as the stream would, every version
// of a problem leaves through the outbox to SQS, and departments answer by
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
	"strings"
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
	"github.com/heard-intake/heard/internal/api"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
	"github.com/heard-intake/heard/internal/updates"
)

// The whole story has 20,000 customers, and 2,000 where nobody asks for it:
// HEARD_STORY=20000, which is what make story says.
// HEARD_SEED tells another story of the same things.
func number(t *testing.T, variable, standard string) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(variable), standard))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // every answer of a department would be a line
	os.Exit(m.Run())
}

func TestProblemsAreFoundAndWhatIsNoneIsNot(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	s := newStory(t, number(t, "HEARD_STORY", "2000"))
	s.play()
	t.Logf("%d messages of %d customers in %d weeks, played in %s", len(s.said), s.customers, weeks, time.Since(s.began).Round(time.Second))
	s.classification()
	s.verdict()
	s.queues()
}

// A table tells the story every version of a problem that is written.
type table struct {
	*store.Table
	mu       sync.Mutex
	versions []problem.Record
	last     map[string]int // by problem
	told     func(problem.Record, int)
}

// OpenProblem opens a problem.
func (t *table) OpenProblem(ctx context.Context, p problem.Record, affected []problem.Affected) error {
	if err := t.Table.OpenProblem(ctx, p, affected); err != nil {
		return err
	}
	t.tell(p)
	return nil
}

// SaveProblem saves a problem.
func (t *table) SaveProblem(ctx context.Context, p problem.Record) error {
	if err := t.Table.SaveProblem(ctx, p); err != nil {
		return err
	}
	t.tell(p)
	return nil
}

func (t *table) tell(p problem.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.last[p.ID]
	if p.Version <= was {
		return
	}
	t.last[p.ID] = p.Version
	t.versions = append(t.versions, p)
	t.told(p, was)
}

// A story is played on a table and queues of its own.
type story struct {
	*testing.T
	customers int
	shop      *organisation
	said      []utterance
	now       time.Time
	began     time.Time // on the wall
	week      int       // weeks that are over

	table   *table
	triage  *triage.Triage
	updates *updates.Handler
	sqs     *awssqs.Client
	items   map[string][]problem.Item // taken off the queues, by problem
	places  map[string]string         // the queue that each problem came on
	sent    int
	due     []answer
}

// An answer is what a department will say.
type answer struct {
	at         time.Time
	department string
	update     map[string]any
}

func newStory(t *testing.T, customers int) *story {
	t.Helper()
	s := &story{T: t, customers: customers, shop: shop(t), now: begin, began: time.Now(), items: map[string][]problem.Item{}, places: map[string]string{}}
	s.said = write(s.shop, customers, uint64(number(t, "HEARD_SEED", "6")))
	s.sqs = newSQS(t)
	for _, d := range s.shop.taxonomy.Departments {
		s.make("heard-problems-"+d.ID+".fifo", map[string]string{"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})
		s.make("heard-updates-"+d.ID+"-dead", nil)
	}
	s.table = &table{Table: newTable(t), last: map[string]int{}}
	out := &outbox.Outbox{
		Queues: queue.New(s.sqs, "heard-problems-"), URL: "https://api.example.com",
		Read: func(image map[string]events.DynamoDBAttributeValue) (problem.Record, error) {
			i, err := strconv.Atoi(image["i"].Number())
			return s.table.versions[i], err
		},
	}
	s.table.told = func(p problem.Record, was int) {
		resp, err := out.Handle(t.Context(), events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{{Change: events.DynamoDBStreamRecord{
			Keys:     map[string]events.DynamoDBAttributeValue{"pk": events.NewStringAttribute("P#" + p.ID), "sk": events.NewStringAttribute("P")},
			OldImage: map[string]events.DynamoDBAttributeValue{"n": events.NewNumberAttribute(strconv.Itoa(was))},
			NewImage: map[string]events.DynamoDBAttributeValue{"n": events.NewNumberAttribute(strconv.Itoa(p.Version)), "i": events.NewNumberAttribute(strconv.Itoa(len(s.table.versions) - 1))},
		}}}})
		if err != nil || len(resp.BatchItemFailures) > 0 {
			t.Error("not sent:", resp, err)
		}
	}
	clock := func() time.Time { return s.now }
	meter := &telemetry.Meter{Function: "story", Out: io.Discard, Now: clock}
	s.triage = &triage.Triage{Store: s.table, Taxonomy: s.shop.taxonomy, Zone: time.UTC, Meter: meter, Now: clock}
	s.updates = &updates.Handler{
		API:    &api.Departments{Store: s.table, Taxonomy: func() *taxonomy.Taxonomy { return s.shop.taxonomy }, Zone: time.UTC, Now: clock},
		Prefix: "heard-updates-", Dead: queue.NewDeadLetters(s.sqs, "heard-updates-"), Meter: meter,
	}
	return s
}

// newTable returns a table of a database that answers a million requests
// quickly. It has no stream, which nobody would read.
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

func (s *story) make(name string, attributes map[string]string) {
	s.Helper()
	if _, err := s.sqs.CreateQueue(s.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes}); err != nil {
		s.Fatal(err)
	}
}

// play plays the weeks: what customers say, a hundred messages at a time, and every
// few hours what departments do.
func (s *story) play() {
	work := begin
	for batch := range slices.Chunk(s.said, 100) {
		s.put(batch)
		s.now = batch[len(batch)-1].SentAt
		resp, err := s.triage.Handle(s.Context(), streamOf(batch))
		if err != nil || len(resp.BatchItemFailures) > 0 {
			s.Fatal(resp, err)
		}
		if week := int(s.now.Sub(begin).Hours() / (7 * 24)); week > s.week {
			s.week = week
			s.Logf("week %d is over: %d problems, %s", week, len(s.table.last), time.Since(s.began).Round(time.Second))
		}
		if s.now.Sub(work) > 6*time.Hour {
			work = s.now
			s.work()
		}
	}
	s.now = begin.AddDate(0, 0, 7*weeks+28)
	for range 3 {
		s.work()
	}
}

func (s *story) put(batch []utterance) {
	s.Helper()
	var all sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, u := range batch {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if _, err := s.table.PutMessage(s.Context(), u.Message, ""); err != nil {
				s.Error(err)
			}
		})
	}
	all.Wait()
}

func streamOf(batch []utterance) events.DynamoDBEvent {
	var ev events.DynamoDBEvent
	for i, u := range batch {
		ev.Records = append(ev.Records, events.DynamoDBEventRecord{EventName: "INSERT", Change: events.DynamoDBStreamRecord{
			SequenceNumber: strconv.Itoa(i),
			Keys: map[string]events.DynamoDBAttributeValue{
				"pk": events.NewStringAttribute("C#" + string(u.CustomerID)),
				"sk": events.NewStringAttribute("M#" + strings.Replace(string(u.ID), ":", "#", 2)),
			},
		}})
	}
	return ev
}

// work is what departments do: they take their items, acknowledge what is new
// to them, and mend it when it is over; what they find to be nothing they
// reject.
func (s *story) work() {
	s.Helper()
	for _, d := range s.shop.taxonomy.Departments {
		s.take(d.ID)
	}
	var later []answer
	for _, a := range s.due {
		if a.at.After(s.now) {
			later = append(later, a)
			continue
		}
		s.send(a)
	}
	s.due = later
}

func (s *story) take(department string) {
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
				s.Errorf("an item for %s on the queue of %s", i.Department, department)
			}
			s.items[i.ID], s.places[i.ID] = append(s.items[i.ID], i), department
			s.react(department, i)
			if _, err := s.sqs.DeleteMessage(s.Context(), &awssqs.DeleteMessageInput{QueueUrl: url.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
				s.Fatal(err)
			}
		}
	}
}

// react plans what a department says to an item.
func (s *story) react(department string, i problem.Item) {
	if i.Event != problem.EventOpened && i.Event != problem.EventReopened {
		return
	}
	s.due = append(s.due, answer{s.now, department, map[string]any{"problem": i.ID, "to": "acknowledged"}})
	n := matching(i.Reason, i.Product, i.OpenedAt)
	if n < 0 {
		s.due = append(s.due, answer{s.now.Add(72 * time.Hour), department, map[string]any{"problem": i.ID, "to": "rejected", "comment": "We found nothing."}})
		return
	}
	over := begin.AddDate(0, 0, incidents[n].from+incidents[n].days)
	s.due = append(s.due, answer{latest(over.Add(24*time.Hour), s.now.Add(time.Hour)), department,
		map[string]any{"problem": i.ID, "to": "fixed", "cause": incidents[n].name}})
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *story) send(a answer) {
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
