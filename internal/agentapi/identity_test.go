package agentapi_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

type body = map[string]string

func (s *stack) ids(c identity.CustomerID) []identity.CustomerID {
	s.T.Helper()
	var p struct{ IDs []identity.CustomerID }
	s.Do(call{Route: "GET /v1/customers/{id}", Path: id(c)}).Into(http.StatusOK, &p)
	return p.IDs
}

func (s *stack) changes(c identity.CustomerID) []identity.Change {
	s.T.Helper()
	var p struct{ Changes []identity.Change }
	s.Do(call{Route: "GET /v1/customers/{id}/audit", Path: id(c)}).Into(http.StatusOK, &p)
	return p.Changes
}

func TestMerge_Audited(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.Says(phone(1), message.WhatsApp, 20, "een").CustomerID
	b := s.Says(phone(2), message.WhatsApp, 10, "twee").CustomerID
	merge := call{Route: "POST /v1/customers/{id}/merge", Path: id(a), Body: body{"customerId": string(b), "why": "Dezelfde stem"}}
	for range 2 {
		var who struct {
			ID  identity.CustomerID
			IDs []identity.CustomerID
		}
		s.Do(merge).Into(http.StatusOK, &who)
		if who.ID != a || len(who.IDs) != 2 {
			t.Fatal(who)
		}
	}
	if got := s.ids(b); len(got) != 2 || got[0] != a {
		t.Errorf("the other id leads to %v", got)
	}
	s.Do(call{Route: "POST /v1/customers/{id}/unmerge", Path: id(a), Body: body{"customerId": string(a), "why": "x"}}).ExpectRefusal(http.StatusBadRequest, "customerId must be an id that was merged into this customer")
	unmerge := call{Route: "POST /v1/customers/{id}/unmerge", Path: id(b), Body: body{"customerId": string(b), "why": "Toch twee mensen"}}
	s.Do(unmerge).Expect(http.StatusOK)
	s.Do(unmerge).ExpectRefusal(http.StatusBadRequest, "customerId must be an id that was merged into this customer")
	if len(s.ids(a)) != 1 || len(s.ids(b)) != 1 {
		t.Error("still one")
	}
	for _, c := range []identity.CustomerID{a, b} {
		all := s.changes(c)
		if len(all) != 2 {
			t.Fatalf("%d changes", len(all))
		}
		last, first := all[0], all[1]
		if first.Kind != identity.Merged || last.Kind != identity.Unmerged || first.By != "agent-7" || last.Why != "Toch twee mensen" ||
			len(first.Before) != 2 || len(first.After) != 1 || len(last.Before) != 1 || len(last.After) != 2 {
			t.Errorf("audit %+v", all)
		}
	}
}

func TestMerge_Invalid(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.Says(phone(1), message.WhatsApp, 20, "een").CustomerID
	merge := func(b body, claims map[string]string) answer {
		return s.Do(call{Route: "POST /v1/customers/{id}/merge", Path: id(a), Body: b, Claims: claims})
	}
	known := body{"customerId": string(a), "why": "x"}
	merge(known, with(map[string]string{"scope": "customers:read customers:write"})).Expect(http.StatusForbidden)
	merge(body{"customerId": string(a)}, nil).ExpectRefusal(http.StatusBadRequest, "why is missing")
	merge(body{"customerId": "x", "why": "x"}, nil).ExpectRefusal(http.StatusBadRequest, "customerId must be the id of a customer")
	merge(body{"customerId": uuid7(now, 9), "why": "x"}, nil).ExpectRefusal(http.StatusBadRequest, "there is no such customer")
	s.Do(call{Route: "POST /v1/customers/{id}/merge", Path: body{"id": uuid7(now, 9)}, Body: known}).Expect(http.StatusNotFound)
}

func TestSuggestion_DismissAndAccept(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	mail := verified(identity.Email, "", "jan@voorbeeld.example")
	a := s.Says(phone(1), message.WhatsApp, 20, "een").CustomerID
	b := s.Says(mail, message.Email, 10, "twee").CustomerID
	register := func(query map[string]string) (out struct {
		CustomerID string
		Joined     []string
		Unjoined   []identity.NotJoined
		DryRun     bool
	}) {
		s.Do(call{Route: "PUT /v1/customers/account/{number}", Path: body{"number": "10042"}, Query: query,
			Body: map[string]any{"name": "Jan Voorbeeld", "phones": []string{"+" + phone(1).Value}, "mails": []string{mail.Value}}}).Into(http.StatusOK, &out)
		return out
	}
	dry := register(map[string]string{"dryRun": "true"})
	if !dry.DryRun || dry.CustomerID != string(a) || len(dry.Unjoined) != 1 || dry.Unjoined[0].Why != "messages" {
		t.Errorf("dry run %+v", dry)
	}
	var p struct{ Suggestions []identity.Suggestion }
	list := call{Route: "GET /v1/customers/{id}/suggestions", Path: id(b)}
	if s.Do(list).Into(http.StatusOK, &p); len(p.Suggestions) != 0 {
		t.Fatalf("a dry run wrote: %+v", p)
	}
	if real := register(nil); len(real.Unjoined) != 1 {
		t.Errorf("for real %+v", real)
	}
	s.Do(list).Into(http.StatusOK, &p)
	if len(p.Suggestions) != 1 || p.Suggestions[0].Customer != a || p.Suggestions[0].Score != 80 || p.Suggestions[0].Reasons[0] != "register" {
		t.Fatalf("suggestions %+v", p)
	}
	decide := func(what string) answer {
		return s.Do(call{Route: "POST /v1/customers/{id}/suggestions/{other}", Path: body{"id": string(b), "other": string(a)}, Body: body{"decision": what, "why": "Vader en zoon"}})
	}
	decide("maybe").ExpectRefusal(http.StatusBadRequest, "accept or dismiss")
	decide("dismiss").Expect(http.StatusOK)
	if again := register(nil); len(again.Joined) != 0 {
		t.Errorf("joined after all: %+v", again)
	}
	s.Do(list).Into(http.StatusOK, &p)
	if len(p.Suggestions) != 1 || !p.Suggestions[0].Dismissed {
		t.Errorf("after the dismissal %+v", p)
	}
	decide("accept").Expect(http.StatusOK)
	if got := s.ids(a); len(got) != 2 || got[0] != b {
		t.Error(got)
	}
}

// TestRecordAnswer_AddressLeft records answers to a customer who left a number.
// They do not go to the next owner.
func TestRecordAnswer_AddressLeft(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	m := s.Says(phone(1), message.WhatsApp, 60, "van Jan")
	jan := m.CustomerID
	numbers := []identity.Address{phone(1), phone(2)}
	ev := identity.Evidence{Rule: identity.RuleSystem, At: now.Add(-30 * time.Minute)}
	if _, err := s.Table.Customers.Identify(t.Context(), numbers, ev); err != nil {
		t.Fatal(err)
	}
	s.Says(phone(1), message.WhatsApp, 10, "van Kees")
	kees, _, err := s.Table.Customers.FindCustomer(t.Context(), phone(1).Alias)
	if err != nil {
		t.Fatal(err)
	}
	fields := body{"delivery": "recorded", "channel": "whatsapp", "text": "Dag Jan", "sentAt": now.Add(-time.Minute).Format(time.RFC3339)}
	record := func(name string, more body) answer {
		b := maps.Clone(fields)
		b["id"] = name
		maps.Copy(b, more)
		return s.Do(call{Route: answerRoute, Path: id(jan), Body: b})
	}
	record("a", nil).Expect(http.StatusCreated)
	record("b", body{"inReplyTo": string(m.ID)}).Expect(http.StatusCreated)
	record("c", body{"inReplyTo": string(m.ID), "sentAt": now.Add(-45 * time.Minute).Format(time.RFC3339)}).Expect(http.StatusCreated)
	record("d", body{"to": "phone:" + phone(1).Value}).ExpectRefusal(http.StatusBadRequest, "an alias of this customer")
	if got := s.Texts(call{Route: historyRoute, Path: id(kees)}); len(got) != 1 {
		t.Errorf("history of Kees: got %q, want the message of Kees", got)
	}
}

func TestMoveAlias_ReassignedNumber(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	old := s.Says(phone(1), message.WhatsApp, 60*24*30, "van de eerste").CustomerID
	s.Says(phone(1), message.WhatsApp, 10, "van de tweede")
	move := func(b body) answer {
		return s.Do(call{Route: "POST /v1/customers/{id}/aliases/move", Path: id(old), Body: b})
	}
	alias := "phone:" + phone(1).Value
	from := now.Add(-time.Hour).Format(time.RFC3339)
	move(body{"alias": alias, "from": now.Add(time.Hour).Format(time.RFC3339), "why": "x"}).ExpectRefusal(http.StatusBadRequest, "from must not be in the future")
	move(body{"alias": "phone:+31970100999", "from": from, "why": "x"}).Expect(http.StatusNotFound)
	var to struct{ ID identity.CustomerID }
	move(body{"alias": alias, "from": from, "why": "Opnieuw uitgegeven"}).Into(http.StatusOK, &to)
	move(body{"alias": alias, "from": from, "why": "x"}).ExpectRefusal(http.StatusBadRequest, "does not belong to this customer")
	for who, want := range map[identity.CustomerID]string{old: "van de eerste", to.ID: "van de tweede"} {
		got := s.Texts(call{Route: "GET /v1/customers/{id}/messages", Path: id(who)})
		if len(got) != 1 || got[0] != want {
			t.Errorf("history %q, want %q", got, want)
		}
	}
	var p struct{ Aliases []identity.AliasDetail }
	s.Do(call{Route: "GET /v1/customers/{id}/aliases", Path: id(old)}).Into(http.StatusOK, &p)
	if len(p.Aliases) != 1 || p.Aliases[0].Until.IsZero() || p.Aliases[0].Rule != identity.RuleWebhook {
		t.Errorf("aliases of the first: %+v", p)
	}
	p.Aliases = nil
	s.Do(call{Route: "GET /v1/customers/{id}/aliases", Path: id(to.ID)}).Into(http.StatusOK, &p)
	if len(p.Aliases) != 1 || !p.Aliases[0].Until.IsZero() {
		t.Errorf("aliases of the second: %+v", p)
	}
	if all := s.changes(to.ID); len(all) != 1 || all[0].Kind != identity.Moved || all[0].Alias.Value != phone(1).Value {
		t.Errorf("audit %+v", all)
	}
}
