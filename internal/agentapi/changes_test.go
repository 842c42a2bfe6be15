package agentapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

const changesRoute = "GET /v1/customers/{id}/changes"

// A mirror is an agent tool that keeps a copy of one customer.
type mirror struct {
	s        *stack
	id       identity.CustomerID
	cursor   string
	limit    int
	messages map[string]string // id: text
	statuses map[string]string // of messages, by what follows the time in the id
	contacts map[string]string // id: state
	pages    int
}

type changesPage struct {
	IDs       []string
	Regrouped bool
	Messages  []struct{ ID, Text string }
	Effects   []struct {
		Of    string
		State *message.State
		Until map[string]time.Time
	}
	Contacts     []struct{ ID, State string }
	ContactsFrom time.Time
	Cursor       string
	Complete     bool
}

func (s *stack) mirror(who identity.CustomerID, limit int) *mirror {
	m := &mirror{s: s, id: who, limit: limit, messages: map[string]string{}, statuses: map[string]string{}, contacts: map[string]string{}}
	m.look()
	return m
}

// look copies all changes, page by page, and returns their number.
func (m *mirror) look() int {
	m.s.T.Helper()
	n := 0
	for {
		query := map[string]string{"limit": fmt.Sprint(m.limit)}
		if m.cursor != "" {
			query["since"] = m.cursor
		}
		var p changesPage
		m.s.Do(call{Route: changesRoute, Path: id(m.id), Query: query}).Into(http.StatusOK, &p)
		m.pages++
		for _, msg := range p.Messages {
			m.messages[msg.ID] = msg.Text
		}
		for _, e := range p.Effects {
			if e.State != nil {
				m.statuses[e.Of] = e.State.Status
			}
			for status := range e.Until {
				m.statuses["all"] = status
			}
		}
		for _, k := range p.Contacts {
			m.contacts[k.ID] = k.State
		}
		n += len(p.Messages) + len(p.Effects) + len(p.Contacts)
		if got := len(p.Messages) + len(p.Effects) + len(p.Contacts); got > m.limit {
			m.s.T.Errorf("%d things on a page of %d", got, m.limit)
		}
		if p.Cursor == "" {
			m.s.T.Fatal("no cursor")
		}
		if m.cursor = p.Cursor; p.Complete {
			return n
		}
	}
}

func TestChanges_SinceCursor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	at := now
	s.Table.Now = func() time.Time { return at }
	who := phone(1)
	old := s.Says(who, message.WhatsApp, 90, "lang geleden").CustomerID
	at = at.Add(5 * time.Minute)
	m := s.mirror(old, 2)
	if len(m.messages) != 0 || m.look() != 0 {
		t.Errorf("what was there before is told: %v", m.messages)
	}
	at = at.Add(time.Minute)
	s.Says(who, message.WhatsApp, -5, "nieuw")
	for i := range 3 {
		s.Says(who, message.WhatsApp, 10000+i, fmt.Sprint("laat ", i))
	}
	answered := s.Put(message.Message{Channel: message.WhatsApp, Direction: message.Outbound, Customer: who, Text: "antwoord", ProviderID: "wamid.EXAMPLE"}, -4)
	for _, e := range []message.Effect{
		{Channel: message.WhatsApp, Target: "wamid.EXAMPLE", Kind: message.Status, Status: "read"},
		{Channel: message.WhatsApp, Target: "wamid.EARLY", Kind: message.Status, Status: "sent"}, // its message is yet to come
		{Channel: message.Messenger, Kind: message.Watermark, Status: "delivered"},
	} {
		e.Customer, e.At = who, at
		if _, err := s.Table.Messages.PutEffect(t.Context(), old, e); err != nil {
			t.Fatal(err)
		}
	}
	k := s.Contact(old, 30, "billing")
	m.look()
	texts := slices.Sorted(maps.Values(m.messages))
	if diff := cmp.Diff([]string{"antwoord", "laat 0", "laat 1", "laat 2", "nieuw"}, texts); diff != "" {
		t.Error(diff)
	}
	wantStatuses := map[string]string{"whatsapp:wamid.EXAMPLE": "read", "whatsapp:wamid.EARLY": "sent", "all": "delivered"}
	if diff := cmp.Diff(wantStatuses, m.statuses); diff != "" {
		t.Error(diff)
	}
	if m.contacts[k.ID] != "waiting" {
		t.Errorf("contacts %v", m.contacts)
	}
	if !strings.HasSuffix(string(answered.ID), "whatsapp:wamid.EXAMPLE") {
		t.Errorf("id %s", answered.ID)
	}
	at = at.Add(5 * time.Minute)
	m.look()
	if n := m.look(); n != 0 {
		t.Errorf("%d things are told for ever", n)
	}
	tag := s.Do(call{Route: changesRoute, Path: id(old), Query: map[string]string{"since": m.cursor}}).Expect(http.StatusOK).Header["ETag"]
	at = at.Add(time.Minute)
	poll := call{Route: changesRoute, Path: id(old), Query: map[string]string{"since": m.cursor}, Headers: map[string]string{"if-none-match": tag}}
	s.Do(poll).Expect(http.StatusNotModified)
	s.Says(who, message.WhatsApp, -20, "weer iets")
	s.Do(poll).Expect(http.StatusOK)
}

func TestChanges_MirrorMissesNothing(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	at := now
	s.Table.Now = func() time.Time { return at }
	who := s.Says(phone(1), message.WhatsApp, 0, "begin").CustomerID
	m := s.mirror(who, 3)
	want := map[string]string{}
	for i := range 40 {
		at = at.Add(time.Duration(i*i%7) * 40 * time.Second)
		age := []int{0, 1, 59, 61, 90, 3000, 500000}[i%7]
		sent := int(now.Sub(at)/time.Minute) + age
		msg := s.Says(phone(1), message.WhatsApp, sent, fmt.Sprint(i))
		want[string(msg.ID)] = msg.Text
		if i%5 == 4 {
			m.look()
			for id, text := range want {
				if m.messages[id] != text {
					t.Fatalf("message %s was not told", text)
				}
			}
		}
	}
}

func TestChanges_Merge(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	other := s.Customer(phone(2))
	one := s.Says(phone(1), message.WhatsApp, 90, "eerste")
	first, second := s.mirror(one.CustomerID, 50), ""
	s.T = t
	if a := s.Do(call{Route: changesRoute, Path: id(other)}); a.Status != http.StatusOK && a.Status != http.StatusNotFound {
		t.Fatal(a.Body)
	}
	joined, err := s.Table.Customers.JoinByEvidence(t.Context(), one.CustomerID, other, identity.Evidence{Rule: "register", At: now})
	if err != nil || !joined {
		t.Fatal(joined, err)
	}
	var p changesPage
	s.Do(call{Route: changesRoute, Path: id(one.CustomerID), Query: map[string]string{"since": first.cursor}}).Into(http.StatusOK, &p)
	if !p.Regrouped || len(p.IDs) != 2 || len(p.Messages) != 0 {
		t.Errorf("after a merge: %+v", p)
	}
	second, p = p.Cursor, changesPage{}
	s.Says(phone(2), message.WhatsApp, 1, "tweede")
	for _, either := range []identity.CustomerID{one.CustomerID, other} {
		s.Do(call{Route: changesRoute, Path: id(either), Query: map[string]string{"since": second}}).Into(http.StatusOK, &p)
		if p.Regrouped || !slices.ContainsFunc(p.Messages, func(m struct{ ID, Text string }) bool { return m.Text == "tweede" }) {
			t.Errorf("under %s: %+v", either, p)
		}
	}
}

func TestChanges_LongMessages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 5, "klein").CustomerID
	m := s.mirror(who, 50)
	long := strings.TrimSpace(strings.Repeat("Wat een lange brief is dit. ", 7000))
	for i := range 20 {
		s.Do(call{Route: answerRoute, Path: id(who), Body: map[string]any{
			"delivery": "recorded", "channel": "whatsapp", "text": long, "id": fmt.Sprint("long-", i), "sentAt": now.Add(time.Duration(-i) * time.Minute).Format(time.RFC3339),
		}}).Expect(http.StatusCreated)
	}
	m.look()
	n := 0
	for _, text := range m.messages {
		if text == long {
			n++
		}
	}
	if n != 20 || m.pages < 3 {
		t.Errorf("%d of 20 whole, on %d pages", n, m.pages)
	}
}

func TestChanges_CursorOfAnotherCustomer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a, b := s.Says(phone(1), message.WhatsApp, 5, "a").CustomerID, s.Says(phone(2), message.WhatsApp, 5, "b").CustomerID
	m := s.mirror(a, 5)
	for _, cursor := range []string{m.cursor, "x", m.cursor[:len(m.cursor)-3]} {
		s.Do(call{Route: changesRoute, Path: id(b), Query: map[string]string{"since": cursor}}).ExpectRefusal(http.StatusBadRequest, "start again without one")
	}
	s.Do(call{Route: changesRoute, Path: map[string]string{"id": "0199a1b2-0000-7000-8000-000000000009"}}).ExpectRefusal(http.StatusNotFound, "no such customer")
}
