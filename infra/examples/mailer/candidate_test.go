package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/problem"
)

func TestServeDecision_Links(t *testing.T) {
	t.Parallel()
	for language, want := range map[string][]string{
		"nl": {"Mogelijk nieuw probleem: gasklep, fluit", "6 klanten", "De gasklep fluit heel hard", "Ja, dit is een probleem"},
		"en": {"Possible new problem: gasklep, fluit", "6 customers", "De gasklep fluit heel hard", "Yes, this is a problem"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, language)
			at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			body, err := problem.AnnouncedCandidate{
				ID: "c-1", Department: "documentation", Shown: []string{"gasklep", "fluit"}, Quotes: []string{"De gasklep fluit heel hard"},
				Customers: 6, Contacts: make([]problem.UnclassifiedContact, 7), First: at, Last: at,
			}.Item("https://api.example.com").Marshal()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the queue may deliver an item twice
				if err := b.mailItem(t.Context(), body); err != nil {
					t.Fatal(err)
				}
			}
			_, text := b.waitForMail()
			if len(b.box) > 0 {
				t.Error("it was mailed twice")
			}
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("the mail lacks %q:\n%s", w, text)
				}
			}
			found := links.FindAllString(text, -1)
			if len(found) != 2 {
				t.Fatalf("got links %q, want 2", found)
			}
			for _, link := range found { // as a virus scanner does
				if status, shown := b.requestPage(http.MethodGet, link, nil); status != http.StatusOK || !strings.Contains(shown, "gasklep") {
					t.Errorf("status %d: %s", status, shown)
				}
			}
			for name, form := range map[string]url.Values{
				"no comment": {"reason": {"manual-unclear"}}, "no reason": {"word": {"De kleppen"}}, "too long": {"reason": {"x"}, "word": {strings.Repeat("x", maxWhy+1)}},
			} {
				if status, _ := b.requestPage(http.MethodPost, found[0], form); status != http.StatusBadRequest {
					t.Errorf("%s: %d", name, status)
				}
			}
			if u := b.receiveUpdates(); len(u) > 0 {
				t.Errorf("got updates %v after invalid forms, want none", u)
			}
			b.requestPage(http.MethodPost, found[0], url.Values{"reason": {"manual-unclear"}, "word": {"De kleppen"}})
			b.requestPage(http.MethodPost, found[1], url.Values{"word": {"Een liedje"}})
			u := b.receiveUpdates()
			if len(u) != 2 || u[0]["candidate"] != "c-1" || u[0]["decision"] != "confirm" || u[0]["reason"] != "manual-unclear" || u[1]["decision"] != "dismiss" || u[1]["why"] != "Een liedje" {
				t.Errorf("got decisions %v, want confirm and dismiss of c-1", u)
			}
		})
	}
}
