package agentapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

func TestSearch_Words(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Says(phone(2), message.WhatsApp, 1, "mijn pakket ook")
	path := id(s.Says(phone(1), message.WhatsApp, 9, "Waar blijft mijn PAKKET?").CustomerID)
	s.Says(phone(1), message.WhatsApp, 8, "Het pakketje met de crème brûlée")
	s.Says(phone(1), message.WhatsApp, 7, "en de factuur")
	long := strings.Repeat("Over iets anders gaat het. ", 900) + "Aan het einde een kwitantie."
	s.Do(call{Route: answerRoute, Path: path, Body: map[string]any{
		"delivery": "recorded", "channel": "whatsapp", "text": long, "id": "long", "sentAt": now.Add(-time.Minute).Format(time.RFC3339),
	}}).Expect(http.StatusCreated)
	for q, want := range map[string]int{
		"pakket": 2, "pakket creme": 1, "BRULEE": 1, "mijn": 1, "ijn": 0, "pakket factuur": 0, "factuur,": 1, "kwitantie": 1, "einde iets": 1, "bon": 0,
	} {
		var p page
		s.Do(call{Route: historyRoute, Path: path, Query: map[string]string{"q": q}}).Into(http.StatusOK, &p)
		if len(p.Messages) != want || !p.Complete {
			t.Errorf("%q finds %d messages, want %d", q, len(p.Messages), want)
		}
	}
	for q, detail := range map[string]string{
		"...": "must have letters", strings.Repeat("a ", 11): "10 words", strings.Repeat("a", 201): "200 bytes",
	} {
		s.Do(call{Route: historyRoute, Path: path, Query: map[string]string{"q": q}}).ExpectRefusal(http.StatusBadRequest, detail)
	}
}

func TestSearch_NextPage(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i := range 30 {
		s.Says(phone(1), message.WhatsApp, 30-i, fmt.Sprintf("bericht %d %s", i, []string{"x", "pakket"}[i%2]))
	}
	path := id(s.Customer(phone(1)))
	var walked []string
	query := map[string]string{"q": "pakket", "limit": "4", "order": "oldest"}
	for {
		var p page
		s.Do(call{Route: historyRoute, Path: path, Query: query}).Into(http.StatusOK, &p)
		for _, m := range p.Messages {
			walked = append(walked, m.Text)
		}
		if p.Complete {
			break
		}
		query["cursor"] = p.Cursor
	}
	if len(walked) != 15 || len(slices.Compact(walked)) != 15 || walked[14] != "bericht 29 pakket" {
		t.Errorf("walked %q", walked)
	}
}

func TestHistory_Reason(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 3*24*60, "mijn factuur klopt niet").CustomerID
	s.Says(phone(1), message.WhatsApp, 60, "waar blijft mijn pakket")
	s.Says(phone(1), message.WhatsApp, 50, "hallo?")
	s.Do(call{Route: recordRoute, Path: id(who), Body: phoned(map[string]any{"reason": "invoice-unclear", "text": "gebeld"})}).Expect(http.StatusCreated)
	for _, k := range []contact.Contact{
		{ID: "old", Start: now.Add(-72 * time.Hour), LastAnswer: now.Add(-71 * time.Hour), ClosesAt: now.Add(-47 * time.Hour),
			Causes: []contact.Cause{{Reason: "invoice-unclear", Department: "billing"}}},
		{ID: "new", Start: now.Add(-time.Hour), WaitingSince: now.Add(-time.Hour),
			Causes: []contact.Cause{{Reason: "delivered-missing", Department: "logistics"}}},
	} {
		k.Customer, k.Department, k.Channels = who, "billing", []message.Channel{message.WhatsApp}
		if err := s.Table.Contacts.Save(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	for reason, want := range map[string]string{
		"invoice-unclear": "gebeld|mijn factuur klopt niet", "delivered-missing": "hallo?|waar blijft mijn pakket|gebeld", "none": "",
	} {
		got := s.Texts(call{Route: historyRoute, Path: id(who), Query: map[string]string{"reason": reason}})
		slices.Sort(got)
		sorted := strings.Split(want, "|")
		slices.Sort(sorted)
		if strings.Join(got, "|") != strings.Join(sorted, "|") {
			t.Errorf("%s: %q, want %q", reason, got, want)
		}
	}
}

func TestFindCustomer_WithHistory(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Says(phone(1), message.WhatsApp, 9, "eerst")
	who := s.Says(phone(1), message.WhatsApp, 5, "daarna").CustomerID
	find := func(query map[string]string) call { return call{Route: findRoute, Query: query} }
	var got struct {
		ID      string
		History *page
	}
	tag := s.Do(find(map[string]string{"phone": "+" + phone(1).Value, "messages": "1"})).Into(http.StatusOK, &got).Header["ETag"]
	if got.ID != string(who) || got.History == nil || len(got.History.Messages) != 1 || got.History.Messages[0].Text != "daarna" || got.History.Complete {
		t.Errorf("found %+v", got)
	}
	next := map[string]string{"limit": "1", "cursor": got.History.Cursor}
	if texts := s.Texts(call{Route: historyRoute, Path: id(who), Query: next}); !slices.Equal(texts, []string{"eerst"}) {
		t.Errorf("the next page has %q", texts)
	}
	again := find(map[string]string{"phone": phone(1).Value, "messages": "1"})
	again.Headers = map[string]string{"if-none-match": tag}
	s.Do(again).Expect(http.StatusNotModified)
	for name, query := range map[string]map[string]string{
		"nothing": {}, "two": {"phone": phone(1).Value, "email": "jan@voorbeeld.example"}, "twice": {"phone": phone(1).Value, "alias": "phone:1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			s.Do(find(query)).ExpectRefusal(http.StatusBadRequest, "give exactly one alias")
		})
	}
	s.Do(find(map[string]string{"psid": "x"})).ExpectRefusal(http.StatusBadRequest, "psid:scope:value")
	s.Do(find(map[string]string{"phone": phone(1).Value, "messages": "0"})).ExpectRefusal(http.StatusBadRequest, "messages must be")
	s.Do(find(map[string]string{"email": "niemand@voorbeeld.example"})).ExpectRefusal(http.StatusNotFound, "no customer")
}

// found returns who a search finds, with the matches.
func (s *stack) found(q string) map[string][]string {
	s.T.Helper()
	var p struct {
		Customers []struct {
			ID      string
			Matches []string
		}
	}
	s.Do(call{Route: searchRoute, Query: map[string]string{"q": q}}).Into(http.StatusOK, &p)
	out := map[string][]string{}
	for _, f := range p.Customers {
		out[f.ID] = f.Matches
	}
	return out
}

const searchRoute = "GET /v1/customers/search"

func TestSearchCustomers_Matches(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Agents.Country = "31"
	shown := identity.Evidence{Rule: identity.RuleWebhook, At: now, Name: "Els de Vries-Bakker"}
	els, err := s.Table.Customers.Identify(t.Context(), []identity.Address{verified(identity.Phone, "", "31612345678")}, shown)
	if err != nil {
		t.Fatal(err)
	}
	entry := identity.Registration{
		Account: "10042", Name: "José Voorbeeld", At: now, Orders: []identity.Order{{Number: "NL-2026-7"}},
		Mails: []identity.Alias{{Kind: identity.Email, Value: "jose@voorbeeld.example"}},
	}
	plan, err := s.Table.Customers.RegisterCustomer(t.Context(), entry)
	if err != nil {
		t.Fatal(err)
	}
	jose := plan.Customer
	for q, want := range map[string]map[string][]string{
		"06-12345678":            {string(els): {"phone"}},
		"06 12 34 56 78":         {string(els): {"phone"}},
		"(06) 12345678":          {string(els): {"phone"}},
		"+31 (0)6 12345678":      {string(els): {"phone"}},
		"0031612345678":          {string(els): {"phone"}},
		"els de vries bakker":    {string(els): {"name"}},
		"Els":                    {},
		"de Vries":               {},
		"JOSE  VOORBEELD":        {string(jose): {"name"}},
		"nl-2026-7":              {string(jose): {"order"}},
		"#NL-2026-7":             {string(jose): {"order"}},
		"10042":                  {string(jose): {"account"}},
		"Jose@Voorbeeld.example": {string(jose): {"email"}},
		"06-87654321":            {},
	} {
		if diff := cmp.Diff(want, s.found(q)); diff != "" {
			t.Errorf("search %q (-want +got):\n%s", q, diff)
		}
	}
	s.Do(call{Route: searchRoute, Query: map[string]string{"q": "  "}}).ExpectRefusal(http.StatusBadRequest, "q must have")
	s.Do(call{Route: findRoute, Query: map[string]string{"phone": "06 12345678"}}).Expect(http.StatusOK)

	// A merged customer is found once, under the current id.
	if _, err := s.Table.Customers.MergeCustomers(t.Context(), jose, els, identity.Decision{By: "agent", Why: "test", At: now}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{string(jose): {"name"}}, s.found("Els de Vries-Bakker")); diff != "" {
		t.Errorf("after a merge (-want +got):\n%s", diff)
	}

	// A new name in the register replaces the old one.
	entry.Name = "José Bakker"
	if _, err := s.Table.Customers.RegisterCustomer(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	if got := s.found("José Voorbeeld"); len(got) != 0 {
		t.Errorf("the former name: got %v, want no customer", got)
	}
	if got := s.found("José Bakker"); len(got) != 1 {
		t.Errorf("the new name: got %v, want one customer", got)
	}
}

func TestSearchCustomers_SameName(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for n := range 25 {
		ev := identity.Evidence{Rule: identity.RuleWebhook, At: now, Name: "Jan Voorbeeld"}
		if _, err := s.Table.Customers.Identify(t.Context(), []identity.Address{phone(n)}, ev); err != nil {
			t.Fatal(err)
		}
	}
	var p struct {
		Customers []struct{ ID string }
		Complete  bool
	}
	s.Do(call{Route: searchRoute, Query: map[string]string{"q": "Jan Voorbeeld"}}).Into(http.StatusOK, &p)
	if len(p.Customers) != 20 || p.Complete {
		t.Errorf("got %d customers, complete %v, want 20 and not complete", len(p.Customers), p.Complete)
	}
}

func TestTaxonomy_Names(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var p struct {
		Version                        string
		Departments, Reasons, Products []struct {
			ID, Department string
			Names          struct{ NL, EN string }
		}
	}
	s.Do(call{Route: "GET /v1/taxonomy"}).Into(http.StatusOK, &p)
	inUse := s.Agents.Taxonomy()
	if p.Version != inUse.Version || len(p.Departments) != len(inUse.Departments) || len(p.Products) != len(inUse.Products) {
		t.Errorf("got version %s, %d departments and %d products", p.Version, len(p.Departments), len(p.Products))
	}
	for i, r := range inUse.Reasons {
		if got := p.Reasons[i]; got.ID != r.ID || got.Department != r.Department || got.Names.NL != r.Names.NL || got.Names.EN != r.Names.EN {
			t.Errorf("reason %d: got %+v, want %s of %s", i, got, r.ID, r.Department)
		}
	}
}
