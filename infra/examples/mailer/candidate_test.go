package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/problem"
)

func TestACandidateIsMailedAndDecidedByItsLinks(t *testing.T) {
	t.Parallel()
	for language, want := range map[string][]string{
		"nl": {"Misschien een nieuw probleem: gasklep, fluit", "6 klanten", "De gasklep fluit heel hard", "Ja, het is een probleem"},
		"en": {"A new problem, perhaps: gasklep, fluit", "6 customers", "De gasklep fluit heel hard", "Yes, it is a problem"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, language)
			at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			body, err := problem.Told{
				ID: "c-1", Department: "documentation", Shown: []string{"gasklep", "fluit"}, Quotes: []string{"De gasklep fluit heel hard"},
				Customers: 6, Contacts: make([]problem.Unknown, 7), First: at, Last: at,
			}.Item("https://api.example.com").Marshal()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the queue repeats
				if err := b.handle(t.Context(), body); err != nil {
					t.Fatal(err)
				}
			}
			_, text := b.mail()
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
				t.Fatalf("links %q", found)
			}
			for _, link := range found { // as a virus scanner does
				if status, shown := b.ask(http.MethodGet, link, nil); status != http.StatusOK || !strings.Contains(shown, "gasklep") {
					t.Errorf("status %d: %s", status, shown)
				}
			}
			for name, form := range map[string]url.Values{
				"no comment": {"reason": {"manual-unclear"}}, "no reason": {"word": {"De kleppen"}}, "too long": {"reason": {"x"}, "word": {strings.Repeat("x", maxWhy+1)}},
			} {
				if status, _ := b.ask(http.MethodPost, found[0], form); status != http.StatusBadRequest {
					t.Errorf("%s: %d", name, status)
				}
			}
			if u := b.updates(); len(u) > 0 {
				t.Errorf("something was decided: %v", u)
			}
			b.ask(http.MethodPost, found[0], url.Values{"reason": {"manual-unclear"}, "word": {"De kleppen"}})
			b.ask(http.MethodPost, found[1], url.Values{"word": {"Een liedje"}})
			u := b.updates()
			if len(u) != 2 || u[0]["candidate"] != "c-1" || u[0]["decision"] != "confirm" || u[0]["reason"] != "manual-unclear" || u[1]["decision"] != "dismiss" || u[1]["why"] != "Een liedje" {
				t.Errorf("decided %v", u)
			}
		})
	}
}
