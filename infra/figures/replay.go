package main

import (
	"bytes"
	"cmp"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/api"
	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/intake"
	"github.com/heard-intake/heard/internal/outbox"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
	"github.com/heard-intake/heard/test/traffic"
)

// The week that is replayed: conversations of one to three messages within
// minutes, each answered within the hour.
const (
	span         = 7 * 24 * time.Hour
	perCustomer  = 5 // messages in the week
	perAnswer    = 2 // messages, in the mean
	answerWithin = time.Hour
)

// A moment is one event of the week.
type moment struct {
	at       time.Time
	what     string // a purpose
	customer int
	channel  contact.Channel
	id       string
	text     string // status: which
}

// channels of a hundred customers: 60 write by WhatsApp, 15 each by Messenger
// and mail, 10 in the chat.
func channelOf(customer int) contact.Channel {
	switch n := customer % 20; {
	case n < 12:
		return contact.WhatsApp
	case n < 15:
		return contact.Messenger
	case n < 18:
		return contact.Email
	default:
		return contact.WebChat
	}
}

// week returns n inbound messages, their answers and what became of those, in
// order of time. It is the same for the same n.
func week(n int) []moment {
	dice := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable on purpose
	begin := time.Now().Add(-span - 2*time.Hour).UTC().Truncate(time.Second)
	customers := max(n/perCustomer, 20)
	var all []moment
	for left, talk := n, 0; left > 0; talk++ {
		who := talk % customers // each gets the same share, and so does each channel
		m := moment{
			at: begin.Add(time.Duration(dice.Int64N(int64(span)))).Truncate(time.Second), what: inbound, customer: who, channel: channelOf(who),
			text: traffic.Openings[dice.IntN(len(traffic.Openings))].Text,
		}
		for i := range min(1+dice.IntN(2*perAnswer-1), left) {
			if i > 0 {
				m.at, m.text = m.at.Add(time.Duration(10+dice.IntN(170))*time.Second), traffic.FollowUps[dice.IntN(len(traffic.FollowUps))]
			}
			m.id = fmt.Sprint(talk, ".", i)
			all = append(all, m)
			left--
		}
		m.at = m.at.Add(2*time.Minute + time.Duration(dice.Int64N(int64(answerWithin)))).Truncate(time.Second)
		m.what, m.id, m.text = outgoing, fmt.Sprint(talk, ".answer"), traffic.Answer
		all = append(all, m)
		for i, s := range []string{"sent", "delivered", "read"} {
			m.at, m.what, m.text = m.at.Add(time.Duration(1+20*i)*time.Second), status, s
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return all
}

// replays measures the week with triage in batches of 100, as when it catches
// up, and of 1, as on a quiet day; both at once, since the second waits most
// of the time.
func replays(ctx context.Context, r run) error {
	all := week(r.n)
	sizes := [...]int{100, 1}
	var out [len(sizes)]bytes.Buffer
	var errs [len(sizes)]error
	var wg sync.WaitGroup
	for i, size := range sizes {
		wg.Go(func() {
			own := r
			own.out = &out[i]
			errs[i] = replay(ctx, own, all, size)
		})
	}
	wg.Wait()
	for i := range sizes {
		if _, err := out[i].WriteTo(r.out); err != nil {
			return err
		}
	}
	return errors.Join(errs[:]...)
}

// A stage is what the week is played on.
type stage struct {
	*store.Table
	ledger *ledger
	taker  *intake.Taker
	agents *api.Agents
	handle func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) // triage
	outbox *outbox.Outbox

	mu     sync.Mutex
	known  map[int]identity.CustomerID
	stored []contact.Message // since the last batch
	sent   int               // items to departments
	last   map[string]map[string]events.DynamoDBAttributeValue
	err    error
}

func newStage(ctx context.Context, r run) (*stage, error) {
	return newStageOf(ctx, r, "FIGURES"+crand.Text())
}

// newStageOf returns a stage on a table that others reach under an access key,
// too.
func newStageOf(ctx context.Context, r run, accessKey string) (*stage, error) {
	s := &stage{ledger: newLedger(), known: map[int]identity.CustomerID{}, last: map[string]map[string]events.DynamoDBAttributeValue{}}
	var err error
	if s.Table, _, err = r.tableOf(ctx, accessKey, s.ledger); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(r.root, "infra", "taxonomy.yaml"))
	if err != nil {
		return nil, err
	}
	shop, err := taxonomy.Load(data)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		return nil, err
	}
	meter := telemetry.NewMeter("figures")
	meter.Out = io.Discard
	s.taker = &intake.Taker{Store: s, Now: time.Now}
	s.agents = &api.Agents{Store: s, Taxonomy: func() *taxonomy.Taxonomy { return shop }, Meter: meter, Now: time.Now}
	s.handle = (&triage.Triage{Store: s.Table, Taxonomy: shop, Zone: zone, Meter: meter, Now: time.Now}).Handle
	s.outbox = &outbox.Outbox{Queues: s, Read: store.ReadProblemImage, URL: "https://api.example.com"}
	s.ledger.wrote = s.problemWritten
	return s, nil
}

// PutMessage notes what the stream would say.
func (s *stage) PutMessage(ctx context.Context, m contact.Message, whole string) (bool, error) {
	m.ReceivedAt = m.SentAt.Add(time.Second) // as on the day
	created, err := s.Table.PutMessage(ctx, m, whole)
	s.note(m, created)
	return created, err
}

// PutRecorded notes what the stream would say.
func (s *stage) PutRecorded(ctx context.Context, members []identity.CustomerID, m contact.Message, whole string) (contact.Entry, bool, error) {
	m.ReceivedAt = m.SentAt.Add(time.Second)
	stored, created, err := s.Table.PutRecorded(ctx, members, m, whole)
	s.note(m, created)
	return stored, created, err
}

func (s *stage) note(m contact.Message, created bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if created {
		s.stored = append(s.stored, m)
	}
}

// Send counts an item for a department.
func (s *stage) Send(context.Context, string, string, string, []byte) error {
	s.sent++
	return nil
}

// problemWritten hands the outbox what the stream says of a problem.
func (s *stage) problemWritten(item map[string]types.AttributeValue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	image := map[string]events.DynamoDBAttributeValue{}
	for name, v := range item {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			image[name] = events.NewStringAttribute(v.Value)
		case *types.AttributeValueMemberN:
			image[name] = events.NewNumberAttribute(v.Value)
		}
	}
	pk := text(item["pk"])
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{{Change: events.DynamoDBStreamRecord{
		Keys: map[string]events.DynamoDBAttributeValue{"pk": image["pk"]}, OldImage: s.last[pk], NewImage: image,
	}}}}
	if resp, err := s.outbox.Handle(context.Background(), ev); err != nil || len(resp.BatchItemFailures) > 0 {
		s.err = fmt.Errorf("an item that did not leave: %w", err)
	}
	s.last[pk] = image
}

func replay(ctx context.Context, r run, all []moment, size int) error {
	s, err := newStage(ctx, r)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	var batch, statuses []moment
	for i, m := range all {
		if m.what == status {
			statuses = append(statuses, m)
		} else {
			batch = append(batch, m)
		}
		if len(batch) == size || i == len(all)-1 {
			for what, n := range map[string]int{inbound: count(batch, inbound), outgoing: count(batch, outgoing)} {
				counts[what] += n
			}
			if err := s.play(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	name := fmt.Sprintf("triage in batches of %d", size)
	s.report(r, inbound, "per inbound message, "+name, counts[inbound], atMost(2.6), atMost(4))
	s.report(r, outgoing, "per outgoing message, "+name, counts[outgoing], atMost(2), "")
	r.add(figure{"items to departments per 1,000 inbound messages, " + name, 1000 * float64(s.sent) / float64(counts[inbound]), "items", ""})
	if size == 1 {
		return s.err // a status costs the same whatever triage does
	}
	if err := s.each(statuses, func(m moment) error { return s.deliver(during(ctx, status), m) }); err != nil {
		return err
	}
	s.report(r, status, "per status", len(statuses), atMost(1), "")
	return s.err
}

func count(ms []moment, what string) int {
	n := 0
	for _, m := range ms {
		if m.what == what {
			n++
		}
	}
	return n
}

// report prints what a purpose cost, per message, and for which items.
func (s *stage) report(r run, what, name string, n int, write, read string) {
	made, told := s.ledger.take(what)
	per := func(v float64) float64 { return v / float64(max(n, 1)) }
	r.add(figure{name, per(made.write), "write units", write})
	r.add(figure{name, per(made.read), "read units", read})
	r.add(figure{name + local, per(told.write), "write units", write})
	r.add(figure{name + local, per(told.read), "read units", read})
	for _, kind := range []string{"alias", "profile", "message", "effect", "contact", "window", "unknown", "problem", "order"} {
		if u := s.ledger.kinds[what+" "+kind]; u != (capacity{}) {
			r.add(figure{name + ", of which " + kind, per(u.write), "write units", ""})
			r.add(figure{name + ", of which " + kind, per(u.read), "read units", ""})
		}
	}
}

// play has messages taken in, each customer's in order, and then triaged as
// one batch.
func (s *stage) play(ctx context.Context, ms []moment) error {
	err := s.each(ms, func(m moment) error { return s.deliver(during(ctx, m.what), m) })
	if err != nil {
		return err
	}
	if len(s.stored) != len(ms) {
		return fmt.Errorf("%d messages were stored of %d", len(s.stored), len(ms))
	}
	return s.triaged(ctx)
}

// triaged has what was stored triaged as one batch.
func (s *stage) triaged(ctx context.Context) error {
	ours, theirs := map[string]float64{}, map[string]float64{}
	var ev events.DynamoDBEvent
	for i, m := range s.stored {
		if m.Direction == contact.Outbound {
			ours["C#"+string(m.CustomerID)]++
		} else {
			theirs["C#"+string(m.CustomerID)]++
		}
		ev.Records = append(ev.Records, events.DynamoDBEventRecord{EventName: "INSERT", Change: events.DynamoDBStreamRecord{
			SequenceNumber: fmt.Sprint(i),
			Keys: map[string]events.DynamoDBAttributeValue{
				"pk": events.NewStringAttribute("C#" + string(m.CustomerID)),
				"sk": events.NewStringAttribute("M#" + strings.Replace(string(m.ID), ":", "#", 2)),
			},
		}})
	}
	s.stored = nil
	s.ledger.share = func(pk string) (float64, bool) {
		total := ours[pk] + theirs[pk]
		if total == 0 {
			return 0, false
		}
		return ours[pk] / total, true
	}
	resp, err := s.handle(during(ctx, shared), ev)
	if err == nil && len(resp.BatchItemFailures) > 0 {
		err = fmt.Errorf("triage failed")
	}
	return err
}

// each does something for every moment, the customers at once and each
// customer's moments in order.
func (s *stage) each(ms []moment, do func(moment) error) error {
	by := map[int][]moment{}
	var order []int
	for _, m := range ms {
		if by[m.customer] == nil {
			order = append(order, m.customer)
		}
		by[m.customer] = append(by[m.customer], m)
	}
	var mu sync.Mutex
	var failure error
	batch.Each(len(order), 16, func(i int) {
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

// deliver takes one moment in, by the way it comes.
func (s *stage) deliver(ctx context.Context, m moment) error {
	if m.what == outgoing {
		return s.answer(ctx, m)
	}
	d, err := s.delivery(m)
	if err != nil {
		return err
	}
	if m.what == inbound {
		ctx = context.WithValue(ctx, whoKey{}, m.customer)
	}
	tally, err := s.taker.Take(ctx, d, intake.Source{Channel: m.channel})
	if err == nil && (tally.In != 1 || tally.Stored != 1) {
		err = fmt.Errorf("%s by %s: %+v", m.what, m.channel, tally)
	}
	return err
}

type whoKey struct{}

// Identify notes whose id is whose.
func (s *stage) Identify(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (identity.CustomerID, error) {
	id, err := s.Table.Identify(ctx, addresses, ev)
	if n, ok := ctx.Value(whoKey{}).(int); ok {
		s.mu.Lock()
		s.known[n] = id
		s.mu.Unlock()
	}
	return id, err
}

func (s *stage) delivery(m moment) (contact.Delivery, error) {
	p := traffic.Someone(m.customer)
	said := traffic.Said{From: p, ID: traffic.MID(m.id), At: m.at, Text: m.text}
	if m.what == status {
		return statusOf(p, m)
	}
	switch m.channel {
	case contact.WhatsApp:
		said.ID = traffic.Wamid(p, m.id)
		return whatsapp.Normalize(traffic.WhatsApp(said))
	case contact.Messenger:
		return messenger.Normalize(traffic.Messenger(said))
	case contact.Email:
		raw := traffic.Mail(p, m.id+"@example.org", "", "Vraag over mijn bestelling", m.text, m.at)
		raw = traffic.Received(raw, traffic.SESID(m.id), p, m.at)
		d, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		for i := range d.Messages {
			d.Messages[i].Source = "in/" + traffic.SESID(m.id)
		}
		return d, err
	default:
		return webchat.Normalize(traffic.Site, p.Visitor, traffic.Chat(traffic.UUIDv7(m.at, m.id), m.text), m.at)
	}
}

// statusOf is what became of an answer, as WhatsApp says it; for the other
// channels an effect in that shape.
func statusOf(p traffic.Person, m moment) (contact.Delivery, error) {
	id := answerID(p, m)
	if m.channel == contact.WhatsApp {
		return whatsapp.Normalize(traffic.WhatsAppStatus(p, id, m.text, m.at))
	}
	return contact.Delivery{Effects: []contact.Effect{{
		Channel: m.channel, Customer: addressOf(p, m.channel), Target: id, Kind: contact.Status, Status: m.text, At: m.at,
	}}}, nil
}

// answerID is the platform's id of the answer of the conversation of m.
func answerID(p traffic.Person, m moment) string {
	switch m.channel {
	case contact.WhatsApp:
		return traffic.Wamid(p, m.id)
	case contact.Messenger:
		return traffic.MID(m.id)
	default:
		return traffic.SESID(m.id)
	}
}

func addressOf(p traffic.Person, ch contact.Channel) identity.Address {
	a := identity.Alias{Kind: identity.Visitor, Scope: traffic.Site, Value: p.Visitor}
	switch ch {
	case contact.Messenger:
		a = identity.Alias{Kind: identity.PSID, Scope: traffic.Page, Value: p.PSID}
	case contact.Email:
		a = identity.Alias{Kind: identity.Email, Value: p.Mail}
	default: // the chat
	}
	return identity.Address{Alias: a, Assurance: identity.Verified}
}

// answer registers an answer as a help desk does that sent it elsewhere.
func (s *stage) answer(ctx context.Context, m moment) error {
	s.mu.Lock()
	id := string(s.known[m.customer])
	s.mu.Unlock()
	body, err := json.Marshal(map[string]string{
		"delivery": "recorded", "channel": string(m.channel), "providerId": answerID(traffic.Someone(m.customer), m),
		"sentAt": m.at.Format(time.RFC3339), "text": m.text, "author": "agent-7",
	})
	if err != nil {
		return err
	}
	resp, err := s.agents.Handle(ctx, events.APIGatewayV2HTTPRequest{
		RouteKey: "POST /v1/customers/{id}/messages", PathParameters: map[string]string{"id": id}, Body: string(body),
		Headers: map[string]string{"content-type": "application/json"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodPost, Path: "/v1/customers/" + id + "/messages"},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
				JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{
					"sub": "help-desk", "scope": api.WriteCustomers, "exp": fmt.Sprint(time.Now().Add(time.Hour).Unix()),
				}},
			},
		},
	})
	if err == nil && resp.StatusCode != http.StatusCreated {
		err = fmt.Errorf("an answer was refused: %d %s", resp.StatusCode, resp.Body)
	}
	return err
}
