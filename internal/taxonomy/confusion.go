package taxonomy

import (
	"cmp"
	"slices"
	"strings"
)

// A Confusion says that a reason is easily taken for another one: a customer who puts a
// phrase of Reason in other words may be recognised as Other, or not at all.
type Confusion struct {
	Reason, Other string
	Phrases       int    // number of phrases of Reason that match Other
	Phrase        string // one of them
	OtherPhrase   string // the phrase of Other that it matches
}

// Confusions returns the reasons that are easily confused, those with the most phrases
// first. Phrases match each other as they are written or through the lexicon. A phrase
// of a reason with a lower priority confuses only if it has more words with a meaning.
// Phrases of one word with a meaning do not count in a taxonomy with many reasons.
func (t *Taxonomy) Confusions() []Confusion {
	m := t.matcher()
	found := map[[2]string]*Confusion{}
	for i := range t.Reasons {
		r := &t.Reasons[i]
		for _, list := range [][]string{r.Phrases.NL, r.Negatable.NL, r.Phrases.EN, r.Negatable.EN} {
			for _, phrase := range list {
				for other, matched := range m.confusedWith(int32(i), t.exampleOf(phrase)) {
					id := [2]string{r.ID, t.Reasons[other].ID}
					if found[id] == nil {
						found[id] = &Confusion{Reason: id[0], Other: id[1], Phrase: phrase, OtherPhrase: matched}
					}
					found[id].Phrases++
				}
			}
		}
	}
	var all []Confusion
	for _, c := range found {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Confusion) int {
		return cmp.Or(b.Phrases-a.Phrases, cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Other, b.Other))
	})
	return all
}

// exampleOf returns a text that a phrase matches, with the first word of each set and of
// alternatives. It returns "" for a phrase with a stem, which is not a word.
func (t *Taxonomy) exampleOf(phrase string) string {
	var words []string
	for field := range strings.FieldsSeq(phrase) {
		if field == ".." || field == "&" {
			continue
		}
		word, _, _ := strings.Cut(field, "|")
		if name, isSet := strings.CutPrefix(word, "$"); isSet {
			word, _, _ = strings.Cut(t.Words[name], "|")
		}
		if strings.Contains(word, "*") {
			return ""
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// confusedWith returns the reasons that the example of a phrase of a reason matches at
// least as well as that reason, each with the phrase that matches.
func (m *matcher) confusedWith(reason int32, example string) map[int32]string {
	s := m.acquireState()
	defer m.pool.Put(s)
	m.scanText(s, example)
	confused := map[int32]string{}
	if top := s.rankReasons(m); len(top) > 0 && top[0] != reason {
		confused[top[0]] = m.phrases[s.matches[top[0]].phrase].matched[0]
	}
	own := slices.IndexFunc(s.wide, func(w wideMatch) bool { return m.forms[w.form].target == reason })
	if own < 0 || (s.wide[own].keys == 1 && m.reasons > manyReasons) {
		return confused
	}
	for _, w := range s.wide {
		f := &m.forms[w.form]
		isBetter := w.keys > s.wide[own].keys
		isEqual := w.keys == s.wide[own].keys && m.priority[f.target] >= m.priority[reason]
		isOther := f.target != reason && confused[f.target] == "" && !s.isVoid(f.target, w.sentence)
		if isOther && (isBetter || isEqual) {
			confused[f.target] = f.matched[0]
		}
	}
	return confused
}
