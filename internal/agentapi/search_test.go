package agentapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
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
