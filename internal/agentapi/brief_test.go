package agentapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

const briefRoute = "GET /v1/customers/{id}/brief"

func TestBrief_AllChannels(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	jan, other := phone(1), verified(identity.Email, "", "jan@voorbeeld.example")
	who := s.Customer(jan, other)
	asked := s.Says(jan, message.WhatsApp, 60, "Hallo, mijn koffiemachine is kapot.")
	mailed := s.Says(other, message.Email, 30, "Is er al nieuws? Kunt u iemand sturen?")
	k := contact.Contacts(contact.Read([]message.Message{asked, mailed}, nil))[0]
	k.Department, k.Causes = "product-quality", []contact.Cause{{Reason: "defect", Product: "coffee-machine", Department: "product-quality"}}
	if err := s.Table.Contacts.Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	p, events := problem.Open(problem.Seed{ID: uuid.NewString(), Reason: "defect", Product: "coffee-machine", Department: "product-quality"}, now)
	p.State, p.Workaround = problem.Workaround, "Gebruik zolang het andere reservoir."
	err := s.Table.Problems.Create(t.Context(), problem.Record{Problem: p, Events: events}, []problem.Affected{{Customer: who, Occurrences: []problem.Occurrence{{Contact: k.ID, Day: "2026-03-01", At: now}}}})
	if err != nil {
		t.Fatal(err)
	}
	s.Do(call{Route: claimRoute, Path: id(who), Body: asking(party("bot", "bot-1"))}).Expect(http.StatusOK)
	s.Do(call{Route: handOverRoute, Path: id(who), Body: asking(party("bot", "bot-1"), "to", party("agent", "agent-7"), "reason", "asks for a person", "note", "Al ontkalkt.")}).Expect(http.StatusOK)
	s.Do(call{Route: noteRoute, Path: id(who), Body: map[string]any{"id": "note-1", "kind": "promise", "text": "Een monteur belt.", "due": "2026-03-02T09:00:00Z", "at": "2026-03-01T11:50:00Z"}}).Expect(http.StatusCreated)

	var b brief.Brief
	a := s.Do(call{Route: briefRoute, Path: id(who)}).Into(http.StatusOK, &b)
	switch {
	case len(a.Body) > brief.MaxBytes:
		t.Errorf("%d bytes", len(a.Body))
	case len(b.Wants) != 3 || b.Wants[2].Text != "Kunt u iemand sturen?" || b.Messages[b.Wants[2].Cites[0]] != mailed.ID:
		t.Errorf("wants %+v", b.Wants)
	case len(b.Problems) != 1 || b.Problems[0].Workaround == "" || b.Problems[0].State != problem.Workaround:
		t.Errorf("problems %+v", b.Problems)
	case len(b.Promised) != 1 || b.Holder == nil || b.Holder.Note != "Al ontkalkt." || b.Holder.From.ID != "bot-1":
		t.Errorf("promised %+v, holder %+v", b.Promised, b.Holder)
	case b.Channel == nil || b.Channel.Channel != message.Email || b.Contact != k.ID:
		t.Errorf("channel %+v of contact %s", b.Channel, b.Contact)
	}
	s.Do(call{Route: briefRoute, Path: id(who), Headers: map[string]string{"If-None-Match": a.Header["ETag"]}}).Expect(http.StatusNotModified)
	s.Do(call{Route: briefRoute, Path: id(identity.CustomerID(uuid.NewString()))}).Expect(http.StatusNotFound)
	s.Do(call{Route: briefRoute, Path: id(who), Query: map[string]string{"lines": "3"}}).ExpectRefusal(http.StatusBadRequest, "no parameter")
}

func TestBrief_MergedCustomer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stands, other := s.Merged(1)
	var a, b brief.Brief
	s.Do(call{Route: briefRoute, Path: id(stands)}).Into(http.StatusOK, &a)
	s.Do(call{Route: briefRoute, Path: id(other)}).Into(http.StatusOK, &b)
	if a.Customer != stands || b.Customer != stands || len(a.Messages) == 0 || len(a.Messages) != len(b.Messages) {
		t.Errorf("%+v and %+v", a, b)
	}
}

func TestBrief_Size(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var who identity.CustomerID
	for i := range 150 {
		who = s.Says(phone(1), message.WhatsApp, i+1, strings.Repeat("Kunt u mij zeggen wanneer het komt? ", 20)).CustomerID
	}
	a := s.Do(call{Route: briefRoute, Path: id(who)}).Expect(http.StatusOK)
	if len(a.Body) > brief.MaxBytes {
		t.Errorf("%d bytes", len(a.Body))
	}
}
