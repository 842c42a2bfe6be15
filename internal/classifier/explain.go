package classifier

import (
	"cmp"
	"slices"
)

// A Word is a word of a text that speaks for a reason.
type Word struct {
	From, To int     // its range in the text, in bytes
	Weight   float32 // how much it adds to the score of the reason, compared with the other reasons
}

// MaxWords is the largest number of words of an explanation.
const MaxWords = 5

// Explain returns the words of a text that speak most for a reason, the most
// important first. They are in the sentence that decides. The name of a product and a price or date are one word. Explain
// returns nil for a reason that m does not have.
func (m *Model) Explain(text, language, reason string) []Word {
	class := m.findClass(reason)
	if class == 0 {
		return nil
	}
	g := m.acquireGuessing()
	defer m.pool.Put(g)
	best, ok := m.decide(g, text, language, class)
	if !ok {
		return nil
	}
	g.extractFeatures(m.settings, language, best)
	words := make([]Word, len(g.tokens))
	for i, t := range g.tokens {
		words[i] = Word{From: int(t.from), To: int(t.to)}
	}
	for _, f := range g.features {
		index, ok := m.findFeature(f.hash)
		if !ok || f.kind == languageFeature {
			continue
		}
		weight := m.weightFor(class, index) * g.values[f.kind] * m.sharpness
		words[f.first].Weight += weight / 2
		words[f.last].Weight += weight / 2
	}
	words = slices.DeleteFunc(words, func(w Word) bool { return w.Weight <= 0 })
	slices.SortStableFunc(words, func(a, b Word) int { return cmp.Compare(b.Weight, a.Weight) })
	return words[:min(len(words), MaxWords)]
}

// weightFor returns the weight of a feature for a class, above its mean weight.
func (m *Model) weightFor(class int, index uint32) float32 {
	var own, sum float32
	for _, c := range m.cellsOf(index) {
		w := float32(c.weight) * m.classes[c.class].scale
		sum += w
		if int(c.class) == class {
			own = w
		}
	}
	return own - sum/float32(len(m.classes))
}
