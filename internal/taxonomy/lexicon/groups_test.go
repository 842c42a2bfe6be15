package lexicon_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/taxonomy/lexicon"
)

func TestTopics_Lines(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("topics.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, words, ok := strings.Cut(line, ":")
		if !ok || names[name] {
			t.Errorf("line %q has no name or that of another line", line)
		}
		names[name] = true
		dutch, english, ok := strings.Cut(words, " | ")
		if !ok || strings.TrimSpace(dutch) == "" || strings.TrimSpace(english) == "" {
			t.Errorf("topic %s has not both languages, separated by |", name)
		}
		for w := range strings.FieldsSeq(dutch + " " + english) {
			w = strings.Trim(w, "*")
			if got := taxonomy.Words(w); !slices.Equal(got, []string{w}) {
				t.Errorf("topic %s: %q is read as %q in texts, want one word in the same form", name, w, got)
			}
		}
	}
}

func TestAppendGroups(t *testing.T) {
	t.Parallel()
	names := lexicon.GroupNames()
	for word, want := range map[string]string{
		"kapotte": "concept broken", "defect": "concept broken", "facturen": "concept invoice", "nota": "concept invoice", "opgezegd": "concept cancel",
		"telefoonfactuur": "concept invoice", "betaalmethode": "topic pay", "eindfactuur": "topic invoice",
	} {
		var got []string
		for _, g := range lexicon.AppendGroups(nil, []byte(word)) {
			got = append(got, names[g])
		}
		if !slices.Contains(got, want) {
			t.Errorf("groups of %q = %v, want one to be %s", word, got, want)
		}
		if len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
			t.Errorf("groups of %q = %v, want each once", word, got)
		}
	}
	for _, word := range []string{"", "xyzzy", "ë"} {
		if got := lexicon.AppendGroups(nil, []byte(word)); len(got) > 0 {
			t.Errorf("groups of %q = %v, want none", word, got)
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("names of groups = %v, want each once", names)
	}
}
