package taxonomy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
)

func TestConfusions(t *testing.T) {
	t.Parallel()
	same := strings.Replace(telecom, "[glorpen uitvlakken]", "[contract beëindigen]", 1)
	forth := taxonomy.Confusion{Reason: "cancel", Other: "glorp", Phrases: 1, Phrase: "abonnement opzeggen", OtherPhrase: "contract beëindigen"}
	back := taxonomy.Confusion{Reason: "glorp", Other: "cancel", Phrases: 1, Phrase: "contract beëindigen", OtherPhrase: "abonnement opzeggen"}
	tests := []struct {
		name, text string
		want       []taxonomy.Confusion
	}{
		{"distinct reasons", telecom, nil},
		{"phrases with the same meaning", same, []taxonomy.Confusion{forth, back}},
		{"a higher priority decides", strings.Replace(same, "  - id: cancel\n", "  - id: cancel\n    priority: 5\n", 1), []taxonomy.Confusion{back}},
		{"a phrase with a stem is not compared", strings.Replace(telecom, "[glorpen uitvlakken]", "[contract beëindig*]", 1), nil},
		{"a written phrase of a higher priority", strings.Replace(telecom, "[glorpen uitvlakken], en: [glorp flattening]}", "[glorp|hoog], en: [glorp flattening]}\n    priority: 5", 1),
			[]taxonomy.Confusion{{Reason: "bill-too-high", Other: "glorp", Phrases: 1, Phrase: "rekening te hoog", OtherPhrase: "glorp|hoog"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := loadText(t, tt.text).Confusions(); !slices.Equal(got, tt.want) {
				t.Errorf("Confusions() = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestConfusions_ExampleOrder(t *testing.T) {
	t.Parallel()
	all := loadExample(t).Confusions()
	if !slices.IsSortedFunc(all, func(a, b taxonomy.Confusion) int { return b.Phrases - a.Phrases }) {
		t.Errorf("Confusions() = %+v, want those with the most phrases first", all)
	}
	for _, c := range all {
		if c.Reason == c.Other || c.Phrase == "" || c.OtherPhrase == "" || c.Phrases < 1 {
			t.Errorf("confusion = %+v, want two reasons with a phrase of each", c)
		}
	}
}
