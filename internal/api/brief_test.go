package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

const briefRoute = "GET /v1/customers/{id}/brief"

func TestABriefTellsTheStoryOverAllChannels(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	jan, other := phone(1), verified(identity.Email, "", "jan@voorbeeld.example")
	who := s.customer(jan, other)
	asked := s.says(jan, contact.WhatsApp, 60, "Hallo, mijn koffiemachine is kapot.")
	mailed := s.says(other, contact.Email, 30, "Is er al nieuws? Kunt u iemand sturen?")
	k := contact.Contacts([]contact.Message{asked, mailed})[0]
	k.Department, k.Causes = "product-quality", []contact.Cause{{Reason: "defect", Product: "coffee-machine", Department: "product-quality"}}
	if err := s.table.SaveContact(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	p, events := problem.Open(problem.Seed{ID: uuid.NewString(), Reason: "defect", Product: "coffee-machine", Department: "product-quality"}, now)
	p.State, p.Workaround = problem.Workaround, "Gebruik zolang het andere reservoir."
	err := s.table.OpenProblem(t.Context(), problem.Record{Problem: p, Events: events}, []problem.Affected{{Customer: who, Seen: []problem.Occurrence{{Contact: k.ID, Day: "2026-03-01", At: now}}}})
	if err != nil {
		t.Fatal(err)
	}
	s.do(call{route: claimRoute, path: id(who), body: asking(party("bot", "bot-1"))}).is(http.StatusOK)
	s.do(call{route: handOverRoute, path: id(who), body: asking(party("bot", "bot-1"), "to", party("agent", "agent-7"), "reason", "asks for a person", "note", "Al ontkalkt.")}).is(http.StatusOK)
	s.do(call{route: noteRoute, path: id(who), body: map[string]any{"id": "note-1", "kind": "promise", "text": "Een monteur belt.", "due": "2026-03-02T09:00:00Z", "at": "2026-03-01T11:50:00Z"}}).is(http.StatusCreated)

	var b brief.Brief
	a := s.do(call{route: briefRoute, path: id(who)}).into(http.StatusOK, &b)
	switch {
	case len(a.body) > brief.MaxBytes:
		t.Errorf("%d bytes", len(a.body))
	case len(b.Wants) != 3 || b.Wants[2].Text != "Kunt u iemand sturen?" || b.Messages[b.Wants[2].Cites[0]] != mailed.ID:
		t.Errorf("wants %+v", b.Wants)
	case len(b.Problems) != 1 || b.Problems[0].Workaround == "" || b.Problems[0].State != problem.Workaround:
		t.Errorf("problems %+v", b.Problems)
	case len(b.Promised) != 1 || b.Holder == nil || b.Holder.Note != "Al ontkalkt." || b.Holder.From.ID != "bot-1":
		t.Errorf("promised %+v, holder %+v", b.Promised, b.Holder)
	case b.Channel == nil || b.Channel.Channel != contact.Email || b.Contact != k.ID:
		t.Errorf("channel %+v of contact %s", b.Channel, b.Contact)
	}
	s.do(call{route: briefRoute, path: id(who), headers: map[string]string{"If-None-Match": a.header["ETag"]}}).is(http.StatusNotModified)
	s.do(call{route: briefRoute, path: id(identity.CustomerID(uuid.NewString()))}).is(http.StatusNotFound)
	s.do(call{route: briefRoute, path: id(who), query: map[string]string{"lines": "3"}}).refused(http.StatusBadRequest, "no parameter")
}

func TestABriefOfAMergedCustomerIsAboutAllOfThem(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stands, other := s.merged(1)
	var a, b brief.Brief
	s.do(call{route: briefRoute, path: id(stands)}).into(http.StatusOK, &a)
	s.do(call{route: briefRoute, path: id(other)}).into(http.StatusOK, &b)
	if a.Customer != stands || b.Customer != stands || len(a.Messages) == 0 || len(a.Messages) != len(b.Messages) {
		t.Errorf("%+v and %+v", a, b)
	}
}

func TestABriefIsSmallHoweverMuchWasSaid(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var who identity.CustomerID
	for i := range 150 {
		who = s.says(phone(1), contact.WhatsApp, i+1, strings.Repeat("Kunt u mij zeggen wanneer het komt? ", 20)).CustomerID
	}
	a := s.do(call{route: briefRoute, path: id(who)}).is(http.StatusOK)
	if len(a.body) > brief.MaxBytes {
		t.Errorf("%d bytes", len(a.body))
	}
}
