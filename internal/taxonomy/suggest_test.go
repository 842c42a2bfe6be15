package taxonomy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	tests := []struct {
		name, text string
		n          int
		first      string // the reason with the highest score
		isFound    bool   // Classify finds it too
	}{
		{"no text", "", 3, "", false},
		{"common words", "wat is dat en waarom", 3, "", false},
		{"reason of a phrase", "mijn factuur klopt niet", 3, "invoice-wrong", true},
		{"words of a vocabulary", "hele administratiekosten ontcijferen, abracadabra", 3, "invoice-unclear", false},
		{"several languages", "volume decibel watts, vermogen en geluid vergelijken", 1, "product-advice", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := x.Suggest(tt.text, tt.n)
			if len(got) > tt.n {
				t.Fatalf("suggestions = %d, want at most %d", len(got), tt.n)
			}
			if tt.first == "" {
				if len(got) > 0 {
					t.Errorf("suggestions = %v, want none", got)
				}
				return
			}
			if len(got) == 0 || got[0].Reason != tt.first || (got[0].Score >= 0.5) != tt.isFound {
				t.Errorf("suggestions = %v, want %s first, with a score of 0.5 or more: %t", got, tt.first, tt.isFound)
			}
			if !slices.IsSortedFunc(got, func(a, b taxonomy.Suggestion) int { return int(100*b.Score) - int(100*a.Score) }) {
				t.Errorf("suggestions = %v, want falling scores", got)
			}
			if reason := x.Classify(tt.text, taxonomy.Hints{}).Reason; (reason == tt.first) != tt.isFound {
				t.Errorf("Classify() = %q, want %q: %t", reason, tt.first, tt.isFound)
			}
		})
	}
}

// The paraphrased lines that no phrase recognises still have their reason among three
// suggestions in most cases.
func TestSuggest_ParaphrasedLines(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	var abstained, suggested int
	for _, l := range readParaphrased(t) {
		if l.reason == taxonomy.Unknown || x.Classify(l.text, taxonomy.Hints{}).Reason != "" {
			continue
		}
		abstained++
		if slices.ContainsFunc(x.Suggest(l.text, 3), func(s taxonomy.Suggestion) bool { return s.Reason == l.reason }) {
			suggested++
		}
	}
	t.Logf("%d lines without a reason, %d with the right one among three suggestions", abstained, suggested)
	if abstained == 0 || 2*suggested < abstained {
		t.Errorf("right suggestions = %d of %d, want at least half", suggested, abstained)
	}
}

func TestSuggest_ManyWords(t *testing.T) {
	t.Parallel()
	x := loadExample(t)
	for _, s := range x.Suggest(strings.Repeat("abracadabra factuur retour prijs korting voorraad ", 50), 100) {
		if s.Score <= 0 || s.Score > 1 {
			t.Errorf("suggestion = %+v, want a score above 0 and at most 1", s)
		}
	}
}
