package taxonomy_test

import (
	"slices"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                        nil,
		" ... !":                  nil,
		"Waar blijft MIJN pakket": {"waar", "blijft", "mijn", "pakket"},
		"Één café, 2x crème brûlée (zo'n  ding)": {"een", "cafe", "2x", "creme", "brulee", "zon", "ding"},
		"Straße Æble ĳs":                         {"strasse", "aeble", "ijs"},
		"WS-100042":                              {"ws", "100042"},
		"e\u0301e\u0301n":                        {"een"},
		"Привет":                                 {"привет"},
	} {
		if got := taxonomy.Words(text); !slices.Equal(got, want) {
			t.Errorf("Words(%q) = %q, want %q", text, got, want)
		}
	}
}
