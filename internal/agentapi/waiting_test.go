package agentapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// asks stores a message and its waiting contact about a reason of the taxonomy.
func (s *stack) asks(who identity.Address, ch message.Channel, minutesAgo int, text, reason string) contact.Contact {
	s.T.Helper()
	m := s.Put(message.Message{Channel: ch, Direction: message.Inbound, Customer: who, Name: "Jan Voorbeeld", Text: text}, minutesAgo)
	r, _ := s.Agents.Taxonomy().Reason(reason)
	var causes []contact.Cause
	if reason != "" {
		causes = []contact.Cause{{Reason: reason, Department: r.Department, Message: m.ID}}
	}
	k := contact.Contacts([]contact.Reading{{Message: m, Causes: causes}})[0]
	k.Severity = string(r.Severity)
	if err := s.Table.Contacts.Save(s.T.Context(), k); err != nil {
		s.T.Fatal(err)
	}
	return k
}

// A waitingPage is the part of a page of the waiting list that these tests read.
type waitingPage struct {
	Contacts []struct{ ID, Question, Name, Severity, Department string }
	Cursor   string
	Complete bool
}

// waits returns the questions of the waiting list for a query, in its order, read by pages.
func (s *stack) waits(limit string, query ...string) (questions []string) {
	s.T.Helper()
	q := map[string]string{"state": "waiting", "limit": limit}
	for i := 0; i < len(query); i += 2 {
		q[query[i]] = query[i+1]
	}
	questions = []string{}
	for {
		var p waitingPage
		s.Do(call{Route: waitingRoute, Query: q}).Into(http.StatusOK, &p)
		for _, k := range p.Contacts {
			questions = append(questions, k.Question)
		}
		if p.Complete {
			return questions
		}
		q["cursor"] = p.Cursor
	}
}

func TestWaiting_Filters(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const wa, mail = message.WhatsApp, message.Email
	s.asks(phone(1), wa, 90, "pakket", "delivery-late")
	s.asks(phone(2), wa, 80, "factuur", "invoice-unclear")
	s.asks(verified(identity.Email, "", "jan@voorbeeld.example"), mail, 70, "factuur per mail", "invoice-unclear")
	smoke := s.asks(phone(3), wa, 10, "rook", "safety")
	s.asks(phone(4), wa, 60, "iets", "")
	taken := party("agent", "agent-9")
	s.Do(call{Route: claimRoute, Path: id(smoke.Customer), Body: asking(taken)}).Expect(http.StatusOK)
	for name, tt := range map[string]struct {
		query []string
		want  []string
	}{
		"all departments, critical first": {nil, []string{"rook", "pakket", "factuur", "factuur per mail", "iets"}},
		"one department":                  {[]string{"department", "billing"}, []string{"factuur", "factuur per mail"}},
		"no known reason":                 {[]string{"department", "unassigned"}, []string{"iets"}},
		"a channel":                       {[]string{"channel", "email"}, []string{"factuur per mail"}},
		"a severity":                      {[]string{"severity", "critical"}, []string{"rook"}},
		"an agent":                        {[]string{"holder", "agent:agent-9"}, []string{"rook"}},
		"nobody":                          {[]string{"holder", "none", "channel", "whatsapp"}, []string{"pakket", "factuur", "iets"}},
		"a team":                          {[]string{"holder", "team:returns"}, []string{}},
	} {
		for _, limit := range []string{"1", "2", "50"} {
			if diff := cmp.Diff(tt.want, s.waits(limit, tt.query...)); diff != "" {
				t.Errorf("%s, by %s (-want +got):\n%s", name, limit, diff)
			}
		}
	}
	for says, query := range map[string]map[string]string{
		"severity must be one of": {"state": "waiting", "severity": "bad"},
		"channel must be one of":  {"state": "waiting", "channel": "fax"},
	} {
		s.Do(call{Route: waitingRoute, Query: query}).ExpectRefusal(http.StatusBadRequest, says)
	}
}

// A hand-over to a team is on the team's list at once.
func TestWaiting_HandedOver(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	k := s.asks(phone(1), message.WhatsApp, 30, "pakket", "delivery-late")
	s.Do(call{Route: claimRoute, Path: id(k.Customer), Body: asking(party("agent", "agent-7"))}).Expect(http.StatusOK)
	body := asking(party("agent", "agent-7"), "to", party("team", "returns"), "reason", "returns")
	s.Do(call{Route: handOverRoute, Path: id(k.Customer), Body: body}).Expect(http.StatusOK)
	if diff := cmp.Diff([]string{"pakket"}, s.waits("50", "holder", "team:returns")); diff != "" {
		t.Errorf("the team's list (-want +got):\n%s", diff)
	}
}

// A row shows who asked, and the beginning of a long question on one line.
func TestWaiting_Row(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	long := "Waar blijft\nmijn pakket? " + strings.Repeat("Ik wacht al lang. ", 50)
	k := s.asks(phone(1), message.WhatsApp, 30, long, "delivery-late")
	var p waitingPage
	s.Do(call{Route: waitingRoute, Query: map[string]string{"state": "waiting"}}).Into(http.StatusOK, &p)
	if len(p.Contacts) != 1 {
		t.Fatalf("got %d contacts, want 1", len(p.Contacts))
	}
	got := p.Contacts[0]
	if got.Name != "Jan Voorbeeld" || got.ID != k.ID || got.Severity != "normal" || got.Department != "logistics" {
		t.Errorf("row %+v", got)
	}
	if !strings.HasPrefix(got.Question, "Waar blijft mijn pakket? Ik wacht") || len(got.Question) > 120 {
		t.Errorf("question %q, want at most 120 bytes of the message on one line", got.Question)
	}
}

func TestWaiting_Counts(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const route = "GET /v1/contacts/counts"
	s.Do(call{Route: route}).Expect(http.StatusOK)
	s.asks(phone(1), message.WhatsApp, 90, "pakket", "delivery-late")
	s.asks(phone(2), message.WhatsApp, 10, "rook", "safety")
	if err := s.Table.Contacts.CountWaiting(t.Context(), s.Agents.Taxonomy().DepartmentIDs(), now); err != nil {
		t.Fatal(err)
	}
	var got contact.WaitingCounts
	s.Do(call{Route: route}).Into(http.StatusOK, &got)
	if len(got.Departments) != 2 || got.Departments[1].Critical != 1 || !got.At.Equal(now) {
		t.Errorf("counts %+v, want two departments, the second with a critical contact", got)
	}
}
