package lexicon_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/taxonomy/lexicon"
)

func TestConcepts(t *testing.T) {
	t.Parallel()
	if len(lexicon.Concepts) < 150 {
		t.Errorf("concepts = %d, want at least 150", len(lexicon.Concepts))
	}
	form := regexp.MustCompile(`^[~+]?[a-z0-9]+(( \.\.)?[ |][a-z0-9]+)*$`)
	names := map[string]bool{}
	for _, c := range lexicon.Concepts {
		if names[c.Name] {
			t.Errorf("concept %s is listed twice", c.Name)
		}
		names[c.Name] = true
		for _, list := range []string{c.NL, c.EN} {
			seen := map[string]bool{}
			for text := range strings.SplitSeq(list, ", ") {
				if !form.MatchString(text) {
					t.Errorf("concept %s: %q is not a word or phrase", c.Name, text)
				}
				if seen[strings.TrimLeft(text, "~+")] {
					t.Errorf("concept %s: %q is listed twice", c.Name, text)
				}
				seen[strings.TrimLeft(text, "~+")] = true
			}
		}
	}
}

func TestChat(t *testing.T) {
	t.Parallel()
	for from, to := range lexicon.Chat {
		if strings.ContainsAny(from, " '") || to == "" || from == to {
			t.Errorf("chat spelling %q of %q, want one word and its replacement", from, to)
		}
		for word := range strings.FieldsSeq(to) {
			if _, ok := lexicon.Chat[word]; ok {
				t.Errorf("chat spelling %q is replaced by %q, which is a chat spelling too", from, word)
			}
		}
	}
}

func TestIndex_Separated(t *testing.T) {
	t.Parallel()
	s := lexicon.NewStemmer()
	if got := s.Separated("doorgeven"); len(got) != 2 || got[0].Elements[1].Stems[0] != "door" {
		t.Errorf("Separated(doorgeven) = %+v, want two forms with door", got)
	}
	for _, word := range []string{"betalen", "voorschot", "open"} {
		if got := s.Separated(word); got != nil {
			t.Errorf("Separated(%s) = %+v, want none", word, got)
		}
	}
}
