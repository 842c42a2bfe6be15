package lexicon

import (
	"strings"
	"sync"
)

// A Language is a language of the lexicon.
type Language int

// The languages.
const (
	NL Language = iota
	EN
	Languages // the number of languages
)

// An Element is a place in an expression: one of its stems must be there.
type Element struct {
	ID    int // equal for elements of the lexicon with the same stems; -1 for others
	Stems []string
	Gap   bool // other words may be between it and the previous element
	Final bool // it is at the end of a clause, or before a word such as "and"
}

// A Member is a word or an expression of a concept.
type Member struct {
	Concept int  // index in Concepts
	Weak    bool // it is clear only beside other words of a phrase
	Text    bool // it has the meaning in texts, but not in the phrases of a taxonomy
}

// An Expression is a phrase of several words with the meaning of a concept.
type Expression struct {
	Member
	Elements []Element
}

// A Form is a word as it is written in the lexicon.
type Form struct {
	Member
	Word string
}

// An Index finds concepts by the stems of words.
type Index struct {
	Words       [Languages]map[string][]Member // single words by stem, in the order of Concepts
	Forms       [Languages][]Form              // single words
	Expressions [Languages][]Expression        // phrases of several words
	First       [Languages]map[string][]int    // expressions by each stem of their first element
	Elements    [Languages]int                 // number of distinct elements
}

// NewIndex returns the index of all concepts. It is built once.
var NewIndex = sync.OnceValue(buildIndex)

func buildIndex() *Index {
	x := &Index{}
	s := NewStemmer()
	for l := range Languages {
		x.Words[l] = make(map[string][]Member, 2048)
		x.First[l] = make(map[string][]int, 1024)
		for i, c := range Concepts {
			list := c.NL
			if l == EN {
				list = c.EN
			}
			for text := range strings.SplitSeq(list, ",") {
				word := strings.TrimLeft(text, " ~+")
				marks := text[:len(text)-len(word)]
				isText := strings.Contains(marks, "+")
				x.addMember(s, l, Member{i, isText || strings.Contains(marks, "~"), isText}, strings.TrimSpace(word))
			}
		}
		ids := make(map[string]int, 1024)
		for i, e := range x.Expressions[l] {
			for _, stem := range e.Elements[0].Stems {
				x.First[l][stem] = append(x.First[l][stem], i)
			}
			for j := range e.Elements {
				key := strings.Join(e.Elements[j].Stems, "|")
				id, ok := ids[key]
				if !ok {
					id = len(ids)
					ids[key] = id
				}
				e.Elements[j].ID = id
			}
		}
		x.Elements[l] = len(ids)
	}
	return x
}

// addMember adds a word or a phrase of a concept.
func (x *Index) addMember(s *Stemmer, l Language, m Member, text string) {
	if strings.ContainsAny(text, " |") {
		x.Expressions[l] = append(x.Expressions[l], s.parseExpression(l, m, text))
		return
	}
	stem := s.Stem(l, text)
	known := x.Words[l][stem]
	if len(known) == 0 || known[len(known)-1].Concept != m.Concept {
		x.Words[l][stem] = append(known, m)
	}
	x.Forms[l] = append(x.Forms[l], Form{m, text})
	if l == NL {
		for _, e := range s.Separated(text) {
			e.Member = m
			x.Expressions[NL] = append(x.Expressions[NL], e)
		}
	}
}

// parseExpression parses a phrase of several words.
func (s *Stemmer) parseExpression(l Language, m Member, text string) Expression {
	e := Expression{Member: m}
	gap := false
	for field := range strings.FieldsSeq(text) {
		if field == ".." {
			gap = true
			continue
		}
		var stems []string
		for word := range strings.SplitSeq(field, "|") {
			stems = append(stems, s.Stem(l, word))
		}
		e.Elements = append(e.Elements, Element{Stems: stems, Gap: gap})
		gap = false
	}
	return e
}

// Separated returns the separated forms of a Dutch verb: "geef .. door" and "door te
// geven" for doorgeven. It returns nil for other words.
func (s *Stemmer) Separated(word string) []Expression {
	if !strings.HasSuffix(word, "en") {
		return nil
	}
	for _, p := range Particles {
		verb, ok := strings.CutPrefix(word, p)
		if !ok || len(verb) < 5 {
			continue
		}
		stem := []string{s.Dutch(verb)}
		particle := []string{p}
		return []Expression{
			{Elements: []Element{{ID: -1, Stems: stem}, {ID: -1, Stems: particle, Gap: true, Final: true}}},
			{Elements: []Element{{ID: -1, Stems: particle}, {ID: -1, Stems: []string{"te"}}, {ID: -1, Stems: stem}}},
		}
	}
	return nil
}

// Stem returns the stem of a word in lower case and without accents.
func (s *Stemmer) Stem(l Language, word string) string {
	if l == EN {
		return s.English(word)
	}
	return s.Dutch(word)
}
