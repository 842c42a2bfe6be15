package classifier

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// MaxGuesses is the largest number of guesses of one text.
const MaxGuesses = 3

// A Model guesses the reasons of texts. [Train] and [Decode] create one. It does not
// change, and its methods are safe for concurrent use.
type Model struct {
	version    string
	classes    []class // the first one has no reason
	products   map[uint32]bool
	features   []uint32 // hashes, in ascending order
	ends       []uint32 // ends[i] is the end of the weights of feature i in cells
	cells      []cell
	sharpness  float32 // factor of scores that makes their probabilities true
	slots      []slot  // open hash table of the features
	extraction *settings
	pool       sync.Pool
}

// A class is a reason, or no reason.
type class struct {
	reason    string
	scale     float32 // factor of its weights
	threshold float32 // the probability from which the reason is sure; above 1 it never is
}

// A cell is the weight of a feature for one class.
type cell struct {
	class  uint16
	weight int8
}

type slot struct{ hash, row uint32 } // row is counted from 1; 0 marks a free slot

// A Guess is a reason that a text may have.
type Guess struct {
	Reason      string
	Probability float32
	// Sure reports whether the reason may be assigned without a person. It is true
	// for the first guess only, if its probability is at least the threshold of its
	// reason and no reason is less likely.
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

// scratch is the memory of one guess.
type scratch struct {
	extraction
	scores []float32
}

func (m *Model) acquire() *scratch {
	if s, ok := m.pool.Get().(*scratch); ok {
		return s
	}
	return &scratch{extraction: *newExtraction(), scores: make([]float32, len(m.classes))}
}

// Guess appends the most likely reasons of a text to buffer, at most [MaxGuesses],
// the most likely first. The language is nl, en, or empty if it is unknown. Guess
// does not allocate memory if buffer has room. A text without any known word gets no
// guesses.
func (m *Model) Guess(text, language string, buffer []Guess) []Guess {
	s := m.acquire()
	defer m.pool.Put(s)
	if !m.score(s, text, language) {
		return buffer
	}
	softmax(s.scores)
	var best [MaxGuesses]int // 0 for none
	for c := 1; c < len(s.scores); c++ {
		for i, b := range best {
			if b == 0 || s.scores[c] > s.scores[b] {
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
		p := s.scores[c]
		sure := i == 0 && p >= m.classes[c].threshold && p > s.scores[0]
		buffer = append(buffer, Guess{m.classes[c].reason, p, sure})
	}
	return buffer
}

// score computes the score of each class. It reports whether the model knows a word
// of the text.
func (m *Model) score(s *scratch, text, language string) bool {
	s.extract(m.extraction, text, language, m.products)
	clear(s.scores)
	known := false
	for i := range s.features {
		f := &s.features[i]
		row, ok := m.find(f.hash)
		if !ok {
			continue
		}
		known = known || f.kind != biasFeature
		v := s.values[f.kind]
		for _, c := range m.row(row) {
			s.scores[c.class] += v * float32(c.weight)
		}
	}
	for c := range s.scores {
		s.scores[c] *= m.classes[c].scale * m.sharpness
	}
	return known
}

// row returns the weights of a feature.
func (m *Model) row(i uint32) []cell {
	begin := uint32(0)
	if i > 0 {
		begin = m.ends[i-1]
	}
	return m.cells[begin:m.ends[i]]
}

// find returns the index of a feature.
func (m *Model) find(hash uint32) (uint32, bool) {
	mask := uint32(len(m.slots) - 1) //nolint:gosec // a model has fewer features
	for i := hash & mask; m.slots[i].row != 0; i = (i + 1) & mask {
		if m.slots[i].hash == hash {
			return m.slots[i].row - 1, true
		}
	}
	return 0, false
}

// index builds the hash table of the features.
func (m *Model) index() {
	size := 1
	for size < 2*len(m.features)+1 {
		size *= 2
	}
	m.slots = make([]slot, size)
	mask := uint32(size - 1) //nolint:gosec // as above
	for row, hash := range m.features {
		i := hash & mask
		for m.slots[i].row != 0 {
			i = (i + 1) & mask
		}
		m.slots[i] = slot{hash, uint32(row + 1)} //nolint:gosec // as above
	}
}

// quantize returns a model with the weights of w as small whole numbers.
func quantize(o *settings, w *matrix, hashes []uint32, classes []class, products map[uint32]bool, version string) *Model {
	m := &Model{version: version, classes: slices.Clone(classes), products: products, sharpness: 1, extraction: o}
	most := make([]float32, len(classes))
	for f := range hashes {
		for c, x := range w.row(int32(f)) { //nolint:gosec // as above
			most[c] = max(most[c], x, -x)
		}
	}
	for c := range m.classes {
		m.classes[c].scale = max(most[c], 1e-6) / math.MaxInt8
	}
	order := make([]int32, len(hashes))
	for i := range order {
		order[i] = int32(i) //nolint:gosec // as above
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(hashes[a], hashes[b]) })
	smallest := o.smallest
	for {
		m.features = m.features[:0]
		m.ends = m.ends[:0]
		m.cells = m.cells[:0]
		for _, f := range order {
			before := len(m.cells)
			for c, x := range w.row(f) {
				q := int8(math.Round(float64(x / m.classes[c].scale)))
				if q >= smallest || q <= -smallest {
					m.cells = append(m.cells, cell{uint16(c), q}) //nolint:gosec // as above
				}
			}
			if len(m.cells) > before {
				m.features = append(m.features, hashes[f])
				m.ends = append(m.ends, uint32(len(m.cells))) //nolint:gosec // as above
			}
		}
		if m.estimateSize() <= maxBody {
			break
		}
		smallest++
	}
	m.index()
	return m
}

// maxBody leaves room for the head of an encoded model.
const maxBody = MaxBytes - 256<<10

// estimateSize returns the largest size of the encoded features.
func (m *Model) estimateSize() int {
	perCell := 2
	if len(m.classes) > 128 {
		perCell = 3
	}
	return 6*len(m.features) + perCell*len(m.cells)
}
