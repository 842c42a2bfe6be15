package problem_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

var burstNow = time.Date(2026, 3, 12, 15, 0, 0, 0, time.UTC)

// unknowns returns hints of n customers, one each, some hours ago.
func unknowns(name string, n int, hours int, words ...string) []problem.UnclassifiedContact {
	var out []problem.UnclassifiedContact
	for i := range n {
		c := fmt.Sprint(name, "-", i)
		out = append(out, problem.UnclassifiedContact{
			Customer: identity.CustomerID(c), Contact: "k-" + c, At: burstNow.Add(-time.Duration(hours) * time.Hour),
			Words: append(slices.Clone(words), "eigen"+c),
		})
	}
	return out
}

func TestBursts(t *testing.T) {
	t.Parallel()
	past := unknowns("past", 100, 100, "kamer")
	same := func(us []problem.UnclassifiedContact) []problem.UnclassifiedContact {
		for i := range us {
			us[i].Customer = "noisy"
		}
		return us
	}
	tests := []struct {
		name    string
		all     []problem.UnclassifiedContact
		decided map[string]string
		want    []string // the first word and the customers of each
	}{
		{"five customers with a word that nobody used", slices.Concat(past, unknowns("a", 5, 2, "gasklep")), nil, []string{"gasklep 5"}},
		{"four customers are not enough", slices.Concat(past, unknowns("a", 4, 2, "gasklep")), nil, nil},
		{"one customer with fifty contacts", slices.Concat(past, same(unknowns("a", 50, 2, "gasklep"))), nil, nil},
		{"a word that everybody used before", slices.Concat(past, unknowns("a", 20, 2, "kamer")), nil, nil},
		{"a word as frequent as before", slices.Concat(past, unknowns("b", 5, 90, "snoer"), unknowns("a", 5, 2, "snoer"), unknowns("c", 95, 2)), nil, nil},
		{"a rare word of before that is frequent now", slices.Concat(past, unknowns("b", 2, 90, "snoer"), unknowns("a", 12, 2, "snoer"), unknowns("c", 20, 2)), nil, []string{"snoer 12"}},
		{"nothing is known of before", slices.Concat(unknowns("past", 29, 100), unknowns("a", 9, 2, "gasklep")), nil, nil},
		{"who said it the day before does not count as now", slices.Concat(past, unknowns("a", 3, 2, "gasklep"), unknowns("b", 2, 25, "gasklep")), nil, nil},
		{"two words of the same customers are one", slices.Concat(past, unknowns("a", 6, 2, "gasklep", "fluit")), nil, []string{"fluit 6"}},
		{"two words of different customers are two", slices.Concat(past, unknowns("a", 6, 2, "gasklep"), unknowns("b", 7, 2, "zender")), nil, []string{"zender 7", "gasklep 6"}},
		{"somebody decided about it", slices.Concat(past, unknowns("a", 6, 2, "gasklep", "fluit")), map[string]string{"gasklep": "dismiss"}, nil},
		{"nobody wrote", nil, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, b := range problem.Bursts(tt.all, burstNow, tt.decided) {
				got = append(got, fmt.Sprint(b.Words[0], " ", b.Customers))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestBursts_SeveralHintsOfAContact(t *testing.T) {
	t.Parallel()
	all := slices.Concat(unknowns("past", 100, 100), unknowns("a", 6, 2, "gasklep", "fluit"))
	got := problem.Bursts(slices.Concat(all, all), burstNow, nil)
	if len(got) != 1 || got[0].Customers != 6 || len(got[0].Contacts) != 6 || len(got[0].Words) != 2 {
		t.Errorf("got %+v", got)
	}
}
