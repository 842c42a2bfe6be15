package lexicon

import (
	_ "embed" // for the topics
	"hash/crc32"
	"slices"
	"strings"
	"sync"
)

// topicText lists the topics: groups of words that are broader than concepts.
//
//go:embed topics.txt
var topicText string

// stemVersion must be raised when a stemmer changes, or the way of finding the groups
// of a word.
const stemVersion = 1

// A Group is a concept or a topic. Groups are numbered from 0.
type Group uint16

// A groupIndex finds the groups of a word.
type groupIndex struct {
	names    []string           // by group: first the concepts, then the topics
	words    map[string][]Group // topics by word
	stems    map[string][]Group // topics by the first letters of a word
	tails    []tail             // topics by the last letters of a word
	shortest int                // bytes of the shortest key of stems
	longest  int

	mutex sync.RWMutex
	cache map[string][]Group
}

type tail struct {
	letters string
	topic   Group
}

// maxCachedGroups limits the words whose groups are remembered.
const maxCachedGroups = 1 << 14

var groups = sync.OnceValue(func() *groupIndex {
	g := &groupIndex{words: map[string][]Group{}, stems: map[string][]Group{}, cache: map[string][]Group{}}
	for _, c := range Concepts {
		g.names = append(g.names, "concept "+c.Name)
	}
	for line := range strings.Lines(topicText) {
		name, words, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		topic := Group(len(g.names))
		g.names = append(g.names, "topic "+name)
		for w := range strings.FieldsSeq(words) {
			g.addWord(w, topic)
		}
	}
	return g
})

// addWord adds a word of a topic.
func (g *groupIndex) addWord(word string, topic Group) {
	beginning, isBeginning := strings.CutSuffix(word, "*")
	end, isEnd := strings.CutPrefix(word, "*")
	switch {
	case word == "|": // between the languages
	case isBeginning:
		g.stems[beginning] = append(g.stems[beginning], topic)
		g.longest = max(g.longest, len(beginning))
		if g.shortest == 0 || len(beginning) < g.shortest {
			g.shortest = len(beginning)
		}
	case isEnd:
		g.tails = append(g.tails, tail{end, topic})
	default:
		g.words[word] = append(g.words[word], topic)
	}
}

// GroupNames returns the names of all groups, by number. Names are unique. They stay
// the same if other groups are added.
func GroupNames() []string { return slices.Clone(groups().names) }

// AppendGroups appends the groups of word to the slice. The word is in lower case and
// has no accents. An unknown Dutch compound has the groups of its two words. AppendGroups
// allocates no memory for a word that it saw before.
func AppendGroups(to []Group, word []byte) []Group {
	g := groups()
	g.mutex.RLock()
	known, ok := g.cache[string(word)]
	g.mutex.RUnlock()
	if ok {
		return append(to, known...)
	}
	known = g.find(string(word))
	g.mutex.Lock()
	if len(g.cache) < maxCachedGroups {
		g.cache[string(word)] = known
	}
	g.mutex.Unlock()
	return append(to, known...)
}

// find returns the groups of a word, each once.
func (g *groupIndex) find(word string) []Group {
	all := findConcepts(word)
	for n := g.shortest; n <= min(g.longest, len(word)); n++ {
		all = append(all, g.stems[word[:n]]...)
	}
	all = append(all, g.words[word]...)
	for _, t := range g.tails {
		if strings.HasSuffix(word, t.letters) {
			all = append(all, t.topic)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// The fewest letters of the two words of a compound.
const (
	MinCompoundHead = 3
	MinCompoundTail = 4
)

// findConcepts returns the concepts of a word in either language, or of the two words
// of a Dutch compound.
func findConcepts(word string) []Group {
	if word == "" {
		return nil
	}
	x := NewIndex()
	s := NewStemmer()
	all := appendMembers(nil, x.Words[NL][s.Dutch(word)])
	all = appendMembers(all, x.Words[EN][s.English(word)])
	for k := len(word) - MinCompoundTail; k >= MinCompoundHead && all == nil; k-- {
		tail := x.Words[NL][s.Dutch(word[k:])]
		if tail == nil {
			continue
		}
		if head := x.Words[NL][s.Dutch(word[:k])]; head != nil {
			all = appendMembers(appendMembers(nil, head), tail)
		}
	}
	return all
}

func appendMembers(to []Group, members []Member) []Group {
	for _, m := range members {
		to = append(to, Group(m.Concept)) //nolint:gosec // some hundreds of concepts
	}
	return to
}

// Fingerprint identifies the groups of all words. It changes when words, concepts or
// topics do.
var Fingerprint = sync.OnceValue(func() uint32 {
	sum := crc32.NewIEEE()
	write := func(text string) { _, _ = sum.Write([]byte(text)) }
	for _, c := range Concepts {
		write(c.Name)
		write(c.NL)
		write(c.EN)
	}
	write(topicText)
	return sum.Sum32() + stemVersion
})
