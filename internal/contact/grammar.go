package contact

import (
	"math/bits"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// A category is the kind of phrase that a pattern of closing.txt describes.
type category uint8

// The categories.
const (
	greeting category = iota // "goedemorgen"
	hello                    // "dag", which greets or says goodbye
	filler                   // "ja", "ah"; says nothing alone
	denial                   // "nee"; belongs to the words after it
	thanks
	praise // "je hebt me goed geholpen"
	agreement
	farewell
	signOff // "met vriendelijke groet", followed by a name
	solved
	categoryCount
)

var categoryNames = [categoryCount]string{"greet", "hello", "filler", "deny", "thanks", "praise", "agree", "bye", "signoff", "solved"}

// A grammar holds the patterns of phrases. It does not change, and may be used
// concurrently.
type grammar struct {
	vocabulary
	patterns []pattern
	starting [][]int32 // by word: the patterns that may begin with it
}

// maxStates is the maximum number of elements of a pattern, so that a set of
// them fits in a word.
const maxStates = 63

// A pattern is a small automaton. State i waits for a word of sets[i]. next[i]
// are the states after that word. Bit len(sets) of a set of states is the end.
type pattern struct {
	category category
	start    uint64
	sets     []*wordSet
	next     []uint64
}

// A wordSet is a set of words of a vocabulary.
type wordSet []uint64

func (s *wordSet) add(w wordID) {
	for len(*s) <= int(w/64) {
		*s = append(*s, 0)
	}
	(*s)[w/64] |= 1 << (w % 64)
}

func (s *wordSet) has(w wordID) bool { return int(w/64) < len(*s) && (*s)[w/64]&(1<<(w%64)) != 0 }

// words yields the words of s.
func (s *wordSet) words(yield func(wordID) bool) {
	for i, part := range *s {
		for ; part != 0; part &= part - 1 {
			if !yield(wordID(i*64 + bits.TrailingZeros64(part))) { //nolint:gosec // a word id
				return
			}
		}
	}
}

// step returns the states of p after a word, from a set of states.
func (p *pattern) step(states uint64, w wordID) uint64 {
	var after uint64
	for rest := states &^ p.end(); rest != 0; rest &= rest - 1 {
		if at := bits.TrailingZeros64(rest); p.sets[at].has(w) {
			after |= p.next[at]
		}
	}
	return after
}

// end is the state at which p has matched.
func (p *pattern) end() uint64 { return 1 << len(p.sets) }

// A grammarReader reads a text in the form that closing.txt describes.
type grammarReader struct {
	grammar *grammar
	classes map[string]*wordSet
	sets    map[string]*wordSet // by element, so that equal elements share a set
	tokens  []string            // rest of the line
	pattern pattern
	follow  []uint64 // by state: the states that may follow
}

// parseGrammar returns the grammar of a text in the form that closing.txt
// describes.
func parseGrammar(text string) (*grammar, error) {
	r := grammarReader{grammar: &grammar{vocabulary: newVocabulary()}, classes: map[string]*wordSet{}, sets: map[string]*wordSet{}}
	section := categoryCount
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		var err error
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '@' && section == categoryCount:
			r.addClass(line)
		case line[0] == '[':
			section, err = parseCategory(line)
		default:
			err = r.addPattern(section, line)
		}
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "read line %q", line)
		}
	}
	r.grammar.indexTypos()
	r.grammar.indexPatterns()
	return r.grammar, nil
}

func parseCategory(line string) (category, error) {
	for c, name := range categoryNames {
		if line == "["+name+"]" {
			return category(c), nil
		}
	}
	return 0, fault.New(fault.Internal, "unknown category")
}

func (r *grammarReader) addClass(line string) {
	words := strings.Fields(line)
	set := &wordSet{}
	for _, w := range words[1:] {
		set.add(r.grammar.addWord(w))
	}
	r.classes[words[0]] = set
}

// A fragment is a part of a pattern: the states that it may begin and end in. A
// fragment that may be skipped matches no words, too.
type fragment struct {
	first, last uint64
	skip        bool
}

func (r *grammarReader) addPattern(c category, line string) error {
	if c == categoryCount {
		return fault.New(fault.Internal, "pattern without category")
	}
	r.tokens = strings.Fields(line)
	r.pattern = pattern{category: c}
	r.follow = nil
	whole, err := r.readSequence()
	switch {
	case err != nil:
		return err
	case len(r.tokens) > 0:
		return fault.New(fault.Internal, "unexpected %s", r.tokens[0])
	case whole.skip:
		return fault.New(fault.Internal, "pattern matches nothing")
	case len(r.pattern.sets) > maxStates:
		return fault.New(fault.Internal, "pattern has more than %d elements", maxStates)
	}
	r.pattern.start = whole.first
	r.pattern.next = r.follow
	for at := range r.follow {
		if whole.last&(1<<at) != 0 {
			r.follow[at] |= r.pattern.end()
		}
	}
	r.grammar.patterns = append(r.grammar.patterns, r.pattern)
	return nil
}

// readSequence reads elements up to the end of the line or group.
func (r *grammarReader) readSequence() (fragment, error) {
	all := fragment{skip: true}
	for len(r.tokens) > 0 && r.tokens[0] != "|" && !strings.HasPrefix(r.tokens[0], ")") {
		one, err := r.readElement()
		if err != nil {
			return all, err
		}
		r.join(all.last, one.first)
		if all.skip {
			all.first |= one.first
		}
		if one.skip {
			all.last |= one.last
		} else {
			all.last = one.last
		}
		all.skip = all.skip && one.skip
	}
	return all, nil
}

// readElement reads one element with its suffix.
func (r *grammarReader) readElement() (fragment, error) {
	token := r.tokens[0]
	r.tokens = r.tokens[1:]
	if token == "(" {
		return r.readGroup()
	}
	suffix := strings.TrimLeft(token, "@abcdefghijklmnopqrstuvwxyz|")
	words, err := r.readWords(strings.TrimSuffix(token, suffix))
	if err != nil {
		return fragment{}, err
	}
	at := uint64(1) << len(r.pattern.sets)
	r.pattern.sets = append(r.pattern.sets, words)
	r.follow = append(r.follow, 0)
	return r.applySuffix(fragment{first: at, last: at}, suffix)
}

// readGroup reads the alternatives of a group, after its opening parenthesis.
func (r *grammarReader) readGroup() (fragment, error) {
	var all fragment
	for {
		one, err := r.readSequence()
		if err != nil {
			return all, err
		}
		all.first |= one.first
		all.last |= one.last
		all.skip = all.skip || one.skip
		if len(r.tokens) == 0 {
			return all, fault.New(fault.Internal, "group without end")
		}
		token := r.tokens[0]
		r.tokens = r.tokens[1:]
		if token != "|" {
			return r.applySuffix(all, token[1:])
		}
	}
}

func (r *grammarReader) applySuffix(f fragment, suffix string) (fragment, error) {
	switch suffix {
	case "":
	case "?":
		f.skip = true
	case "*":
		f.skip = true
		r.join(f.last, f.first)
	default:
		return f, fault.New(fault.Internal, "unknown suffix %s", suffix)
	}
	return f, nil
}

// join lets each state of to follow each state of from.
func (r *grammarReader) join(from, to uint64) {
	for ; from != 0; from &= from - 1 {
		r.follow[bits.TrailingZeros64(from)] |= to
	}
}

// readWords returns the set of the words and classes in "a|b|@class".
func (r *grammarReader) readWords(element string) (*wordSet, error) {
	if s, ok := r.sets[element]; ok {
		return s, nil
	}
	set := &wordSet{}
	for word := range strings.SplitSeq(element, "|") {
		switch class, ok := r.classes[word]; {
		case ok:
			for w := range class.words {
				set.add(w)
			}
		case word == "" || word[0] == '@':
			return nil, fault.New(fault.Internal, "unknown class %q", word)
		default:
			set.add(r.grammar.addWord(word))
		}
	}
	r.sets[element] = set
	return set, nil
}

// indexPatterns fills starting.
func (g *grammar) indexPatterns() {
	g.starting = make([][]int32, len(g.spellings))
	for i := range g.patterns {
		p := &g.patterns[i]
		var first wordSet
		for rest := p.start; rest != 0; rest &= rest - 1 {
			for w := range p.sets[bits.TrailingZeros64(rest)].words {
				first.add(w)
			}
		}
		for w := range first.words {
			g.starting[w] = append(g.starting[w], int32(i)) //nolint:gosec // a few hundred
		}
	}
}
