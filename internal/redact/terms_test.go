package redact_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/redact"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"Stap 7 klopt niet":                  {"klopt", "stap", "stap 7"},
		"sinds update 5.2 crasht hij":        {"crasht", "update", "update 5.2"},
		"De [name] zei iets. Verzendkosten!": {"verzendkosten"},
		"de tip 3 keer gelezen":              {"gelezen", "keer", "keer gelezen", "tip 3"},
		"HERFST15 werkt":                     {"herfst15", "werkt"},
		"drie. 7 boven":                      {},
		"":                                   {},
	} {
		got := redact.Terms(text)
		if len(got) == 0 {
			got = []string{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}
