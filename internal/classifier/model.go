package classifier

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// MaxGuesses is the largest number of guesses for a text.
const MaxGuesses = 3

// A Model guesses the reasons of texts. [Train] and [Decode] create one. It does not
// change, and its methods are safe for concurrent use.
type Model struct {
	version   string
	classes   []class // class 0 is "no reason"
	products  map[uint32]bool
	sharpness float32 // factor of the scores that makes the probabilities true
	settings  *settings

	hashes []uint32 // of the features, in ascending order
	ends   []uint32 // by feature: the end of its weights in cells
	cells  []cell
	slots  []slot // open hash table of the features

	pool sync.Pool // of *guessing
}

// A class is a reason, or no reason.
type class struct {
	reason    string
	scale     float32 // factor of its weights
	threshold float32 // the lead from which the reason is sure
}

// A cell is the weight of a feature for one class.
type cell struct {
	class  uint16
	weight int8
}

// A slot holds a feature and its index, counted from 1. An index of 0 marks a free
// slot.
type slot struct{ hash, index uint32 }

// A Guess is a reason that a text may have.
type Guess struct {
	Reason      string
	Probability float32
	// Sure reports whether the reason may be assigned without an agent. Only the
	// first guess can be sure. It is if its probability is far enough above that of
	// the next reason and of no reason. Each reason has its own threshold.
	Sure bool
}

// Version returns the version in the [Options] with which m was trained.
func (m *Model) Version() string { return m.version }

// Reasons returns the ids of the reasons that m can guess.
func (m *Model) Reasons() []string {
	var ids []string
	for _, c := range m.classes[1:] {
		ids = append(ids, c.reason)
	}
	return ids
}

// guessing is the memory of one guess.
type guessing struct {
	extraction
	probabilities []float32 // by class, of the part that decides
	others        []float32 // of another part
}

func (m *Model) acquireGuessing() *guessing {
	if g, ok := m.pool.Get().(*guessing); ok {
		return g
	}
	return &guessing{extraction: *newExtraction(), probabilities: make([]float32, len(m.classes)), others: make([]float32, len(m.classes))}
}

// Guess appends the most likely reasons of a text to buffer, at most [MaxGuesses],
// the most likely first. The language is nl, en, or empty if it is unknown. In a long
// text, the sentence with the most likely reason may decide alone. A
// text without a word that the model knows gets no guesses. Guess does not allocate
// memory if buffer has room.
func (m *Model) Guess(text, language string, buffer []Guess) []Guess {
	g := m.acquireGuessing()
	defer m.pool.Put(g)
	if _, ok := m.decide(g, text, language, anyReason); !ok {
		return buffer
	}
	var best [MaxGuesses]int // 0 if there are fewer
	for c := 1; c < len(g.probabilities); c++ {
		for i, b := range best {
			if b == 0 || g.probabilities[c] > g.probabilities[b] {
				copy(best[i+1:], best[i:])
				best[i] = c
				break
			}
		}
	}
	for i, c := range best {
		if c == 0 {
			break
		}
		sure := i == 0 && leadOf(g.probabilities, c) >= m.classes[c].threshold
		buffer = append(buffer, Guess{m.classes[c].reason, g.probabilities[c], sure})
	}
	return buffer
}

// minAgreement is the probability of a reason below which the model doubts it.
const minAgreement = 0.1

// Doubts reports whether the model contradicts a reason that a phrase recognised in a
// text: it has measured examples of the reason, and finds it improbable in the text
// and in each of its sentences.
func (m *Model) Doubts(text, language, reason string) bool {
	class := m.findClass(reason)
	if class == 0 || m.classes[class].threshold > 1 {
		return false
	}
	g := m.acquireGuessing()
	defer m.pool.Put(g)
	_, ok := m.decide(g, text, language, class)
	return ok && g.probabilities[class] < minAgreement
}

// findClass returns the number of the class of a reason, or 0.
func (m *Model) findClass(reason string) int {
	return 1 + slices.IndexFunc(m.classes[1:], func(c class) bool { return c.reason == reason })
}

// anyReason is the class for [Model.decide] that means any class with a reason.
const anyReason = 0

// decide finds the part of text in which a class is most likely, and computes the
// probabilities of that part. It reports whether the model knows a word of the text.
func (m *Model) decide(g *guessing, text, language string, class int) (best part, ok bool) {
	g.readText(shortenText(text), m.products)
	for _, p := range g.parts {
		if !m.scorePart(g, language, p) {
			continue
		}
		convertScores(g.others)
		if !ok || likelihood(g.others, class) > likelihood(g.probabilities, class) {
			g.probabilities, g.others = g.others, g.probabilities
			best = p
			ok = true
		}
	}
	return best, ok
}

// likelihood returns the probability of a class, or for anyReason the highest
// probability of a class with a reason.
func likelihood(probabilities []float32, class int) float32 {
	if class != anyReason {
		return probabilities[class]
	}
	return slices.Max(probabilities[1:])
}

// leadOf returns how much the probability of a class is above that of each other
// class.
func leadOf(probabilities []float32, class int) float32 {
	next := float32(0)
	for c, p := range probabilities {
		if c != class {
			next = max(next, p)
		}
	}
	return probabilities[class] - next
}

// scorePart computes the scores of the classes for a part in g.others. It reports
// whether the model knows a word of the part.
func (m *Model) scorePart(g *guessing, language string, p part) bool {
	g.extractFeatures(m.settings, language, p)
	clear(g.others)
	known := false
	for i := range g.features {
		f := &g.features[i]
		if index, ok := m.findFeature(f.hash); ok {
			known = known || f.kind != languageFeature
			m.addCells(g.others, index, g.values[f.kind])
		}
	}
	m.scaleScores(g.others)
	for c := range g.others {
		g.others[c] *= m.sharpness
	}
	return known
}

// addCells adds the weights of a feature with that value to scores.
func (m *Model) addCells(scores []float32, index uint32, value float32) {
	for _, c := range m.cellsOf(index) {
		scores[c.class] += float32(value * float32(c.weight))
	}
}

// scaleScores converts sums of small whole numbers to scores.
func (m *Model) scaleScores(scores []float32) {
	for c := range scores {
		scores[c] *= m.classes[c].scale
	}
}

func (m *Model) cellsOf(index uint32) []cell {
	begin := uint32(0)
	if index > 0 {
		begin = m.ends[index-1]
	}
	return m.cells[begin:m.ends[index]]
}

// findFeature returns the index of a feature.
func (m *Model) findFeature(hash uint32) (index uint32, ok bool) {
	mask := uint32(len(m.slots) - 1) //nolint:gosec // a model has fewer features
	for i := hash & mask; m.slots[i].index != 0; i = (i + 1) & mask {
		if m.slots[i].hash == hash {
			return m.slots[i].index - 1, true
		}
	}
	return 0, false
}

// indexFeatures builds the hash table of the features.
func (m *Model) indexFeatures() {
	size := 1
	for size < 2*len(m.hashes)+1 {
		size *= 2
	}
	m.slots = make([]slot, size)
	mask := uint32(size - 1) //nolint:gosec // classes are few
	for index, hash := range m.hashes {
		i := hash & mask
		for m.slots[i].index != 0 {
			i = (i + 1) & mask
		}
		m.slots[i] = slot{hash, uint32(index + 1)}
	}
}

// quantize sets the weights of m to those of w as small whole numbers. If they take
// too much space, it leaves out the smallest.
func (m *Model) quantize(w *matrix, hashes []uint32) {
	for c := range m.classes {
		m.classes[c].scale = 1e-6
	}
	for i, x := range w.rows {
		c := &m.classes[i%w.classes]
		c.scale = max(c.scale, x/math.MaxInt8, -x/math.MaxInt8)
	}
	order := make([]int32, len(hashes))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(hashes[a], hashes[b]) })
	for smallest := int8(1); ; smallest++ {
		m.hashes = m.hashes[:0]
		m.ends = m.ends[:0]
		m.cells = m.cells[:0]
		for _, f := range order {
			before := len(m.cells)
			for c, x := range w.row(f) {
				q := int8(math.Round(float64(x / m.classes[c].scale)))
				if q >= smallest || q <= -smallest {
					m.cells = append(m.cells, cell{uint16(c), q})
				}
			}
			if len(m.cells) > before {
				m.hashes = append(m.hashes, hashes[f])
				m.ends = append(m.ends, uint32(len(m.cells))) //nolint:gosec // a model has fewer cells
			}
		}
		if m.estimateSize() <= maxBody {
			return
		}
	}
}

// maxBody leaves room for the head of an encoded model.
const maxBody = MaxBytes - 256<<10

// estimateSize returns an upper bound of the size of the encoded features.
func (m *Model) estimateSize() int {
	perCell := 2
	if len(m.classes) > 128 {
		perCell = 3
	}
	return 7*len(m.hashes) + perCell*len(m.cells)
}
