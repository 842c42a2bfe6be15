package agentapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

const (
	noteRoute     = "POST /v1/customers/{id}/notes"
	claimedRoute  = "GET /v1/customers/{id}/claim"
	claimRoute    = "POST /v1/customers/{id}/claim"
	handOverRoute = "POST /v1/customers/{id}/handover"
	releaseRoute  = "POST /v1/customers/{id}/release"
)

func party(kind, id string) map[string]string { return map[string]string{"kind": kind, "id": id} }

func asking(p map[string]string, more ...any) map[string]any {
	b := map[string]any{"holder": p}
	for i := 0; i < len(more); i += 2 {
		b[more[i].(string)] = more[i+1]
	}
	return b
}

// asker stores a customer with a message and its waiting contact.
func (s *stack) asker(n int) identity.CustomerID {
	s.T.Helper()
	m := s.Says(phone(n), message.WhatsApp, 30, "Waar blijft mijn pakket?")
	k := contact.Contacts(contact.Read([]message.Message{m}, nil))[0]
	k.Department = "logistics"
	if err := s.Table.Contacts.Save(s.T.Context(), k); err != nil {
		s.T.Fatal(err)
	}
	return m.CustomerID
}

// later returns the stack with its clock advanced by d.
func (s *stack) later(d time.Duration) *stack {
	t := *s
	agents := *s.Agents
	agents.Now = func() time.Time { return now.Add(d) }
	t.Agents = &agents
	return &t
}

func TestClaim_Concurrent(t *testing.T) {
	t.Parallel()
	for name, merged := range map[string]bool{"one customer": false, "a merged customer, by all ids": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			who := s.asker(1)
			ids := []identity.CustomerID{who}
			if merged {
				other := s.Customer(phone(2))
				before := contact.Claim{Customer: other, Version: 4, Holder: &contact.Party{Kind: contact.Bot, ID: "bot-1"}, Until: now.Add(time.Minute)}
				if err := s.Table.Contacts.SaveClaim(t.Context(), before, nil); err != nil {
					t.Fatal(err)
				}
				if joined, err := s.Table.Customers.JoinByEvidence(t.Context(), who, other, identity.Evidence{Rule: "register", At: now}); err != nil || !joined {
					t.Fatal(joined, err)
				}
				ids, s = append(ids, other), s.later(2*time.Minute)
			}
			const agents = 12
			var wg sync.WaitGroup
			answers := make([]answer, agents)
			for i := range agents {
				wg.Go(func() {
					answers[i] = s.Do(call{Route: claimRoute, Path: id(ids[i%len(ids)]), Body: asking(party("agent", fmt.Sprint("agent-", i)))})
				})
			}
			wg.Wait()
			var now contact.Claim
			s.Do(call{Route: claimedRoute, Path: id(who)}).Into(http.StatusOK, &now)
			won := 0
			for i, a := range answers {
				if a.Status == http.StatusOK {
					won++
					if now.Holder == nil || now.Holder.ID != fmt.Sprint("agent-", i) {
						t.Errorf("agent-%d was told that it has the customer; %v has", i, now.Holder)
					}
					continue
				}
				a.ExpectRefusal(http.StatusConflict, now.Holder.ID+" has this customer")
			}
			if won != 1 {
				t.Errorf("%d agents have the customer", won)
			}
		})
	}
}

func TestClaim_OthersCannotAnswer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.asker(1)
	var c contact.Claim
	s.Do(call{Route: claimRoute, Path: id(who), Body: asking(party("agent", "agent-8"))}).Into(http.StatusOK, &c)
	if c.Contact == "" || c.By != "agent-7" || !c.Until.Equal(now.Add(15*time.Minute)) {
		t.Errorf("%+v", c)
	}
	refused := s.Do(call{Route: answerRoute, Path: id(who), Body: sent(nil)})
	refused.ExpectRefusal(http.StatusConflict, "agent agent-8 has this customer")
	var doc struct{ Claim contact.Claim }
	refused.Into(http.StatusConflict, &doc)
	if doc.Claim.Holder == nil || doc.Claim.Version != 1 {
		t.Errorf("the refusal does not say who: %s", refused.Body)
	}
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"force": " "})}).ExpectRefusal(http.StatusConflict, "agent-8")
	var m message.Message
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"force": "agent-8 is ill"})}).Into(http.StatusCreated, &m)
	if !strings.Contains(string(m.Data), `"forced":"agent-8 is ill"`) {
		t.Errorf("why it was forced is not kept: %s", m.Data)
	}
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"id": "answer-2", "author": "agent-8"})}).Expect(http.StatusCreated)
	// Answering renews it, and it lapses fifteen minutes after.
	at := s.later(12 * time.Minute)
	at.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"id": "answer-3", "author": "agent-8"})}).Expect(http.StatusCreated)
	at = s.later(26 * time.Minute)
	at.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"id": "answer-4"})}).Expect(http.StatusConflict)
	at = s.later(28 * time.Minute)
	at.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"id": "answer-4"})}).Expect(http.StatusCreated)
	c = contact.Claim{}
	at.Do(call{Route: claimedRoute, Path: id(who)}).Into(http.StatusOK, &c)
	if c.Holder != nil {
		t.Errorf("a claim that lapsed is shown: %+v", c)
	}
}

func TestHandOver_BotToTeamToAgent(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.asker(1)
	s.Do(call{Route: claimRoute, Path: id(who), Body: asking(party("bot", "bot-1"))}).Expect(http.StatusOK)
	over := asking(party("bot", "bot-1"), "to", party("team", "returns"), "reason", "asks for a person")
	s.Do(call{Route: handOverRoute, Path: id(who), Body: over}).ExpectRefusal(http.StatusBadRequest, "note is missing")
	over["note"] = "Heeft al twee keer ontkalkt."
	var c contact.Claim
	for range 2 { // the second is the first again
		s.Do(call{Route: handOverRoute, Path: id(who), Body: over}).Into(http.StatusOK, &c)
	}
	if c.Version != 2 || c.From == nil || c.From.ID != "bot-1" || c.Holder.ID != "returns" {
		t.Errorf("%+v", c)
	}
	s.Do(call{Route: claimRoute, Path: id(who), Body: asking(party("agent", "agent-8"))}).Into(http.StatusOK, &c)
	if c.Note == "" || c.Reason != "asks for a person" || c.Version != 3 {
		t.Errorf("%+v", c)
	}
	if got := s.Texts(call{Route: historyRoute, Path: id(who), Query: map[string]string{"channel": "note"}}); len(got) != 1 || got[0] != "Heeft al twee keer ontkalkt." {
		t.Errorf("notes in the history: %q", got)
	}
	s.Do(call{Route: releaseRoute, Path: id(who), Body: map[string]any{}}).ExpectRefusal(http.StatusConflict, "agent-8 has this customer")
	s.Do(call{Route: releaseRoute, Path: id(who), Body: map[string]any{"version": 2}}).ExpectRefusal(http.StatusConflict, "version 3")
	s.Do(call{Route: releaseRoute, Path: id(who), Body: map[string]any{"version": 3}}).Into(http.StatusOK, &c)
	s.Do(call{Route: releaseRoute, Path: id(who), Body: map[string]any{}}).Expect(http.StatusOK)
}

func TestWaiting_Claims(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	mine, theirs, free := s.asker(1), s.asker(2), s.asker(3)
	s.Do(call{Route: claimRoute, Path: id(mine), Body: map[string]any{}}).Expect(http.StatusOK)
	s.Do(call{Route: handOverRoute, Path: id(theirs), Body: map[string]any{"to": party("team", "returns"), "reason": "their work"}}).Expect(http.StatusOK)
	for holder, want := range map[string][]identity.CustomerID{
		"": {mine, theirs, free}, "agent:agent-7": {mine}, "team:returns": {theirs}, "none": {free}, "agent:agent-9": nil,
	} {
		var p struct {
			Contacts []struct {
				CustomerID identity.CustomerID
				Claim      *contact.Claim
			}
			Complete bool
		}
		s.Do(call{Route: waitingRoute, Query: map[string]string{"state": "waiting", "department": "logistics", "holder": holder}}).Into(http.StatusOK, &p)
		if len(p.Contacts) != len(want) || !p.Complete {
			t.Errorf("holder %q: %+v", holder, p.Contacts)
		}
		for _, w := range p.Contacts {
			if (w.Claim == nil) != (w.CustomerID == free) {
				t.Errorf("holder %q: %s is had by %v", holder, w.CustomerID, w.Claim)
			}
		}
	}
	s.Do(call{Route: waitingRoute, Query: map[string]string{"state": "waiting", "department": "logistics", "holder": "agent-7"}}).ExpectRefusal(http.StatusBadRequest, "agent:agent-7")
}

func TestClaim_Invalid(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := id(s.asker(1))
	for name, tt := range map[string]struct {
		route  string
		body   any
		detail string
	}{
		"an unknown kind of holder":   {claimRoute, asking(party("robot", "1")), "holder must have a kind"},
		"a holder without an id":      {claimRoute, asking(party("agent", "")), "holder must have a kind"},
		"a team":                      {claimRoute, asking(party("team", "returns")), "a team cannot claim"},
		"too long":                    {claimRoute, map[string]any{"minutes": 1441}, "minutes"},
		"too short":                   {claimRoute, map[string]any{"minutes": -1}, "minutes"},
		"a version below nought":      {claimRoute, map[string]any{"version": -1}, "version"},
		"an unknown member":           {claimRoute, map[string]any{"agent": "agent-7"}, "no member"},
		"a hand-over to no party":     {handOverRoute, map[string]any{"reason": "x"}, "to must have a kind"},
		"a hand-over without reason":  {handOverRoute, map[string]any{"to": party("agent", "agent-8")}, "reason is missing"},
		"a release of a strange kind": {releaseRoute, asking(party("x", "1")), "holder must have a kind"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			s.Do(call{Route: tt.route, Path: who, Body: tt.body}).ExpectRefusal(http.StatusBadRequest, tt.detail)
		})
	}
	s.Do(call{Route: handOverRoute, Path: who, Body: map[string]any{"to": party("agent", "agent-8"), "reason": strings.Repeat("x", 201)}}).Expect(http.StatusRequestEntityTooLarge)
	s.Do(call{Route: claimRoute, Path: id("0195513a-5a00-7abc-8def-0123456789ab"), Body: map[string]any{}}).Expect(http.StatusNotFound)
}

func TestNote_InHistoryWithoutWaiting(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := id(s.asker(1))
	promise := map[string]any{"id": "note-1", "kind": "promise", "text": "Nieuwe pomp komt.", "due": "2026-03-03T16:00:00Z", "at": "2026-03-01T11:00:00Z"}
	var a, b message.Message
	s.Do(call{Route: noteRoute, Path: who, Body: promise}).Into(http.StatusCreated, &a)
	s.Do(call{Route: noteRoute, Path: who, Body: promise}).Into(http.StatusOK, &b)
	if a.ID != b.ID || a.Note == nil || a.Note.Kind != message.Promised || a.Note.Due.IsZero() || !a.Passive || a.Author != "agent-7" || a.Channel != message.Note {
		t.Errorf("%+v", a)
	}
	s.Do(call{Route: noteRoute, Path: who, Body: changed(promise, map[string]any{"due": "2026-03-04T16:00:00Z"})}).ExpectRefusal(http.StatusConflict, "another message")
	s.Do(call{Route: noteRoute, Path: who, Body: map[string]any{"id": "note-2", "kind": "kept", "text": "Verstuurd.", "about": a.ID, "at": "2026-03-01T11:30:00Z"}}).Expect(http.StatusCreated)
	for name, tt := range map[string]struct {
		body   map[string]any
		detail string
	}{
		"a kind of note that there is not": {map[string]any{"id": "n", "kind": "idea", "text": "x", "at": "2026-03-01T11:00:00Z"}, "kind must be one of"},
		"a hand-over that is none":         {map[string]any{"id": "n", "kind": "handover", "text": "x", "at": "2026-03-01T11:00:00Z"}, "kind must be one of"},
		"no text":                          {map[string]any{"id": "n", "kind": "tried", "at": "2026-03-01T11:00:00Z"}, "text is missing"},
		"a promise without an end":         {map[string]any{"id": "n", "kind": "promise", "text": "x", "at": "2026-03-01T11:00:00Z"}, "due"},
		"an end without a promise":         {map[string]any{"id": "n", "kind": "tried", "text": "x", "due": "2026-03-03T16:00:00Z", "at": "2026-03-01T11:00:00Z"}, "due"},
		"kept, but what":                   {map[string]any{"id": "n", "kind": "kept", "text": "x", "at": "2026-03-01T11:00:00Z"}, "about"},
		"kept, and about nothing":          {map[string]any{"id": "n", "kind": "kept", "text": "x", "about": "y", "at": "2026-03-01T11:00:00Z"}, "about must be the id"},
		"no id":                            {map[string]any{"kind": "tried", "text": "x", "at": "2026-03-01T11:00:00Z"}, "give an id"},
		"no time":                          {map[string]any{"id": "n", "kind": "tried", "text": "x"}, "at is required"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			s.Do(call{Route: noteRoute, Path: who, Body: tt.body}).ExpectRefusal(http.StatusBadRequest, tt.detail)
		})
	}
	s.Do(call{Route: noteRoute, Path: who, Body: map[string]any{"id": "n", "kind": "tried", "text": strings.Repeat("x", 1001), "at": "2026-03-01T11:00:00Z"}}).Expect(http.StatusRequestEntityTooLarge)
}
