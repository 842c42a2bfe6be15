package triage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/triage"
)

// happening is a message, or a delivery status of a sent message.
type happening struct {
	message message.Message
	status  string // empty: the message itself
	at      time.Time
}

func (h happening) effect() message.Effect {
	e := message.Effect{Channel: h.message.Channel, Customer: h.message.Customer, Target: h.message.ProviderID, Kind: message.Status, Status: h.status, At: h.at}
	if h.status == "bounce" {
		e.Kind = message.Verdict
	}
	return e
}

// happens stores a happening and handles its stream record. lost has the times at
// which messages were reported lost.
func happens(t testing.TB, tr *triage.Triage, table *store.Table, h happening, lost map[message.ID]time.Time) {
	t.Helper()
	if h.status == "" {
		put(t, table, h.message)
		handle(t, tr, h.message)
		return
	}
	if _, err := table.Messages.PutEffect(t.Context(), h.message.CustomerID, h.effect()); err != nil {
		t.Fatal(err)
	}
	if h.status == "failed" || h.status == "bounce" {
		lost[h.message.ID] = h.at
		if _, err := table.Messages.Get(t.Context(), h.message.CustomerID, h.message.ID); err == nil {
			lost[h.message.ID] = h.message.SentAt
		}
	}
	at, ok := lost[h.message.ID]
	if !ok {
		return // the stream's filter drops it
	}
	r := store.NewLostRecord(h.message.CustomerID, h.message.Channel, h.message.ProviderID, at)
	r.Change.SequenceNumber = "0"
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{r}}
	resp, err := tr.Handle(t.Context(), ev)
	if err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
}

func mailed(m message.Message) message.Message {
	at, _, key, _ := m.ID.Parse()
	m.Channel, m.Kind, m.Origin = message.Email, message.Mail, message.Recorded
	m.ID = message.NewID(m.Channel, at, key)
	return m
}

func TestHandle_LostAnswer(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	question := func(c int) message.Message { return says(c, 1, 0, unclear) }
	answer := func(c, n int, after time.Duration) message.Message { return answered(says(c, n, after, "")) }
	tests := []struct {
		name  string
		mail  bool
		of    []string // statuses of the last answer
		first bool     // there was an earlier answer
		waits bool
	}{
		{"an answer that nothing is heard of counts", false, nil, false, false},
		{"one that failed does not", false, []string{"failed"}, false, true},
		{"one that was sent and failed does not", false, []string{"sent", "failed"}, false, true},
		{"one that was delivered after all does", false, []string{"failed", "delivered"}, false, false},
		{"of two answers one that arrives is enough", false, []string{"failed"}, true, false},
		{"a mail that SES refused does not", true, []string{"failed"}, false, true},
		{"a mail that was delivered and came back does not", true, []string{"sent", "delivered", "bounce"}, false, true},
		{"a mail that was delivered does", true, []string{"sent", "delivered"}, false, false},
	}
	customer := 2000
	for _, tt := range tests {
		for order := range 4 {
			customer++
			c := customer
			t.Run(fmt.Sprint(tt.name, ", order ", order), func(t *testing.T) {
				t.Parallel()
				late := answer(c, 2, time.Hour)
				if tt.mail {
					late = mailed(late)
				}
				all := []happening{{message: question(c)}, {message: late}}
				if tt.first {
					all = append(all, happening{message: answer(c, 3, 30*time.Minute)})
				}
				for i, status := range tt.of {
					all = append(all, happening{late, status, late.SentAt.Add(time.Duration(i+1) * time.Minute)})
				}
				if order%2 == 1 {
					slices.Reverse(all)
				}
				for range order / 2 {
					all = append(all[1:], all[0])
				}
				lost := map[message.ID]time.Time{}
				for _, h := range append(all, all...) { // everything twice
					happens(t, tr, table, h, lost)
				}
				ks, _, err := table.Contacts.List(t.Context(), question(c).CustomerID, 10, "")
				if err != nil || len(ks) != 1 {
					t.Fatal(ks, err)
				}
				if ks[0].Waiting() != tt.waits || tt.waits && !ks[0].WaitingSince.Equal(question(c).SentAt) {
					t.Errorf("waiting since %v, want waiting %t", ks[0].WaitingSince, tt.waits)
				}
			})
		}
	}
}

func TestHandle_LostAnswersInAnyOrder(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for round := range 12 {
		rng := rand.New(rand.NewPCG(uint64(round), 1))
		var all []happening
		var ms []message.Message
		for n := range 1 + rng.IntN(5) {
			m := says(3000+round, n, time.Duration(rng.IntN(44))*time.Hour, "hallo")
			if rng.IntN(2) == 0 {
				m = answered(m)
				of := slices.Clone(message.Statuses[:rng.IntN(4)]) // sent, failed, delivered
				for i, status := range of {
					all = append(all, happening{m, status, m.SentAt.Add(time.Duration(i) * time.Second)})
				}
				m.Lost = len(of) == 2
			}
			all = append(all, happening{message: m})
			ms = append(ms, m)
		}
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		lost := map[message.ID]time.Time{}
		for _, h := range all {
			happens(t, tr, table, h, lost)
		}
		want := contact.Contacts(contact.Read(ms, nil))
		slices.Reverse(want)
		got, _, err := table.Contacts.List(t.Context(), ms[0].CustomerID, 100, "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(),
			cmpopts.IgnoreFields(contact.Contact{}, "Version", "Messages", "Causes", "Department", "Taxonomy")); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
	}
}

func TestHandle_LostNoticeOpensNoContact(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	lost := map[message.ID]time.Time{}
	notice := answered(says(4001, 1, 0, ""))
	for _, h := range []happening{{message: notice}, {notice, "failed", notice.SentAt}} {
		happens(t, tr, table, h, lost)
	}
	if ks, _, err := table.Contacts.List(t.Context(), notice.CustomerID, 10, ""); err != nil || len(ks) > 0 {
		t.Error(ks, err)
	}
}
