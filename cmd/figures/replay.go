package main

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/agentapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
)

// measureReplays measures the week with triage in batches of 100, as when it
// catches up, and in batches of 1, as on a quiet day. The two run concurrently,
// because the second spends most of its time waiting.
func measureReplays(ctx context.Context, r run) error {
	all := generateWeek(r.n)
	sizes := [...]int{100, 1}
	var out [len(sizes)]bytes.Buffer
	var errs [len(sizes)]error
	var wg sync.WaitGroup
	for i, size := range sizes {
		wg.Go(func() {
			own := r
			own.out = &out[i]
			errs[i] = replayWeek(ctx, own, all, size)
		})
	}
	wg.Wait()
	for i := range sizes {
		if _, err := out[i].WriteTo(r.out); err != nil {
			return fmt.Errorf("print the figures: %w", err)
		}
	}
	return errors.Join(errs[:]...)
}

// A stage runs intake, triage, API and outbox in this process on one table. Its
// intake writes to notedMessages, so that the stage sees every stored message.
type stage struct {
	*store.Table
	ledger   *ledger
	ingester *ingest.Ingester
	agents   agentapi.API
	handle   func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) // triage
	outbox   *outbox.Outbox

	mu     sync.Mutex
	known  map[int]identity.CustomerID // ids by customer number
	stored []message.Message           // since the last batch of triage
	sent   int                         // items sent to departments
	last   map[string]attributes       // problems as they were last put, by partition key
	err    error                       // of the outbox
}

func newStage(ctx context.Context, r run) (*stage, error) {
	return newStageWithKey(ctx, r, "FIGURES"+crand.Text())
}

// newStageWithKey returns a stage on a new table in the database of an access
// key, so that another process can use the table too.
func newStageWithKey(ctx context.Context, r run, accessKey string) (*stage, error) {
	s := &stage{ledger: newLedger(), known: map[int]identity.CustomerID{}, last: map[string]attributes{}}
	var err error
	if s.Table, _, err = r.newTableWithKey(ctx, accessKey, s.ledger); err != nil {
		return nil, err
	}
	shop, err := r.loadTaxonomy()
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		return nil, fmt.Errorf("time zone of the triage: %w", err)
	}
	meter := telemetry.NewMeter("figures")
	meter.Out = io.Discard
	s.ingester = &ingest.Ingester{Store: ingest.Store{Customers: s.Customers, Messages: notedMessages{s.Messages, s}}, Now: time.Now}
	s.agents = agentapi.API{Store: s.Table, Taxonomy: func() *taxonomy.Taxonomy { return shop }, Meter: meter}
	s.handle = (&triage.Triage{Store: triage.StoreOf(s.Table), Taxonomy: shop, Zone: zone, Meter: meter, Now: time.Now}).Handle
	s.outbox = &outbox.Outbox{Queues: s, URL: "https://api.example.com"}
	s.ledger.problemWritten = s.forwardProblem
	return s, nil
}

// notedMessages are the messages of a stage's table.
type notedMessages struct {
	store.Messages
	stage *stage
}

// PutMessage stores a message as received one second after it was sent, and notes
// it for the next batch of triage.
func (n notedMessages) Put(ctx context.Context, m message.Message, whole string) (bool, error) {
	m.ReceivedAt = m.SentAt.Add(time.Second)
	created, err := n.Messages.Put(ctx, m, whole)
	n.stage.noteStored(m, created)
	return created, err
}

func (s *stage) noteStored(m message.Message, created bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if created {
		s.stored = append(s.stored, m)
	}
}

// Send counts an item for a department, and sends nothing.
func (s *stage) Send(context.Context, string, string, string, []byte) error {
	s.sent++
	return nil
}

// forwardProblem passes a stream record of a written problem to the outbox.
func (s *stage) forwardProblem(item map[string]types.AttributeValue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record := store.StreamRecord(s.last[problemKey(item)], item)
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{record}}
	resp, err := s.outbox.Handle(context.Background(), ev)
	if err == nil && len(resp.BatchItemFailures) > 0 {
		err = errors.New("its record must be delivered again")
	}
	if err != nil {
		s.err = fmt.Errorf("send the item of a problem: %w", err)
	}
	s.last[problemKey(item)] = item
}

func problemKey(item attributes) string { return stringValue(item[storetest.PartitionKey]) }

func replayWeek(ctx context.Context, r run, all []weekEvent, size int) error {
	s, err := newStage(ctx, r)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	var batch, statuses []weekEvent
	for i, m := range all {
		if m.purpose == status {
			statuses = append(statuses, m)
		} else {
			batch = append(batch, m)
		}
		if len(batch) == size || i == len(all)-1 {
			for what, n := range map[string]int{inbound: countPurpose(batch, inbound), outgoing: countPurpose(batch, outgoing)} {
				counts[what] += n
			}
			if err := s.playBatch(ctx, batch); err != nil {
				return fmt.Errorf("batch of %d, at event %d of %d: %w", size, i+1, len(all), err)
			}
			batch = batch[:0]
		}
	}
	name := fmt.Sprintf("triage in batches of %d", size)
	s.printCosts(r, inbound, "per inbound message, "+name, counts[inbound], atMost(2.6), atMost(4))
	s.printCosts(r, outgoing, "per outgoing message, "+name, counts[outgoing], atMost(2), "")
	r.printFigure(figure{"items to departments per 1,000 inbound messages, " + name, 1000 * float64(s.sent) / float64(counts[inbound]), "items", ""})
	if size == 1 {
		return s.err // the cost of a status does not depend on triage
	}
	if err := s.forEachEvent(statuses, func(m weekEvent) error { return s.deliverEvent(withPurpose(ctx, status), m) }); err != nil {
		return fmt.Errorf("statuses: %w", err)
	}
	s.printCosts(r, status, "per status", len(statuses), atMost(1), "")
	return s.err
}

func countPurpose(ms []weekEvent, what string) int {
	n := 0
	for _, m := range ms {
		if m.purpose == what {
			n++
		}
	}
	return n
}

// printCosts prints the cost of a purpose per message, in total and by kind of
// item.
func (s *stage) printCosts(r run, what, name string, n int, write, read string) {
	computed, reported := s.ledger.takeCost(what)
	per := func(v float64) float64 { return v / float64(max(n, 1)) }
	r.printFigure(figure{name, per(computed.write), "write units", write})
	r.printFigure(figure{name, per(computed.read), "read units", read})
	r.printFigure(figure{name + local, per(reported.write), "write units", write})
	r.printFigure(figure{name + local, per(reported.read), "read units", read})
	for _, kind := range []string{"alias", "profile", "message", "effect", "contact", "window", "unknown", "problem", "order"} {
		if u := s.ledger.byKind[what+" "+kind]; u != (capacity{}) {
			r.printFigure(figure{name + ", of which " + kind, per(u.write), "write units", ""})
			r.printFigure(figure{name + ", of which " + kind, per(u.read), "read units", ""})
		}
	}
}

// playBatch delivers messages, those of one customer in order, and then runs
// triage on all of them as one batch.
func (s *stage) playBatch(ctx context.Context, ms []weekEvent) error {
	err := s.forEachEvent(ms, func(m weekEvent) error { return s.deliverEvent(withPurpose(ctx, m.purpose), m) })
	if err != nil {
		return err
	}
	if len(s.stored) != len(ms) {
		return fmt.Errorf("got %d stored messages, want %d", len(s.stored), len(ms))
	}
	return s.triageStored(ctx)
}

// triageStored runs triage on the messages that were stored since the last batch.
func (s *stage) triageStored(ctx context.Context) error {
	ours := map[string]float64{}
	theirs := map[string]float64{}
	var ev events.DynamoDBEvent
	for i, m := range s.stored {
		r, err := store.NewMessageRecord(m)
		if err != nil {
			return fmt.Errorf("stream record of message %d: %w", i, err)
		}
		c, err := store.DecodeChange(r)
		if err != nil {
			return fmt.Errorf("stream record of message %d: %w", i, err)
		}
		if m.Direction == message.Outbound {
			ours[c.Partition]++
		} else {
			theirs[c.Partition]++
		}
		r.Change.SequenceNumber = fmt.Sprint(i)
		ev.Records = append(ev.Records, r)
	}
	s.stored = nil
	s.ledger.outgoingShare = func(pk string) (float64, bool) {
		total := ours[pk] + theirs[pk]
		if total == 0 {
			return 0, false
		}
		return ours[pk] / total, true
	}
	resp, err := s.handle(withPurpose(ctx, shared), ev)
	if err != nil {
		return fmt.Errorf("triage: %w", err)
	}
	if n := len(resp.BatchItemFailures); n > 0 {
		return fmt.Errorf("triage: %d of %d records must be delivered again", n, len(ev.Records))
	}
	return nil
}

// forEachEvent calls do for every event: customers concurrently, the events of
// one customer in order. It returns the last error.
func (s *stage) forEachEvent(ms []weekEvent, do func(weekEvent) error) error {
	by := map[int][]weekEvent{}
	var order []int
	for _, m := range ms {
		if by[m.customer] == nil {
			order = append(order, m.customer)
		}
		by[m.customer] = append(by[m.customer], m)
	}
	var mu sync.Mutex
	var failure error
	lambdabatch.Each(len(order), 16, func(i int) {
		for _, m := range by[order[i]] {
			if err := do(m); err != nil {
				mu.Lock()
				failure = err
				mu.Unlock()
				return
			}
		}
	})
	return failure
}
