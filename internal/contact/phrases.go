package contact

// A cover is a set of categories of phrases, and whether they are possible at all.
type cover uint16

// reachable is in every cover that is possible, even without a phrase.
const reachable cover = 1 << categoryCount

func coverOf(c category) cover { return 1 << c }

// Names that may follow a phrase.
const (
	maxNames         = 3
	maxSignatureName = 5
)

// A phraseReader covers the words of a text with phrases.
type phraseReader struct {
	*text
	grammar  *grammar
	excluded cover                  // categories that are not used
	reached  [maxWordings + 1]cover // by number of words: categories of the phrases that cover them
	denied   [maxWordings + 1]cover // the same, if the last phrase is a denial
}

// coverText returns the categories of the phrases that cover all words of t, or 0 if
// some words are not covered. If the words can be covered in several ways, it returns
// the categories of all ways.
func coverText(t *text, g *grammar, excluded cover) cover {
	r := phraseReader{text: t, grammar: g, excluded: excluded}
	r.reached[0] = reachable
	if n := r.leadingName(); n > 0 {
		r.reached[n] = reachable
	}
	tail := r.trailingName()
	for at := range t.count {
		if at > 0 && t.words[at].before >= comma {
			r.reached[at] |= r.denied[at]
		}
		if r.reached[at]|r.denied[at] == 0 {
			continue
		}
		r.readPhrases(at)
		if at >= tail && r.reached[at] > reachable {
			r.reached[t.count] |= r.reached[at]
		}
	}
	if r.reached[t.count] == 0 && r.denied[t.count] != 0 {
		return reachable | coverOf(denial) // "goed, nee" does not say what it denies
	}
	return r.reached[t.count]
}

// readPhrases covers the words from at with each phrase that begins there.
func (r *phraseReader) readPhrases(at int) {
	w := r.words[at].word(r.grammar)
	if w == 0 {
		return
	}
	for _, i := range r.grammar.starting[w] {
		p := &r.grammar.patterns[i]
		before := r.reached[at]
		if p.category == thanks {
			before |= r.denied[at] // "nee bedankt"
		}
		if before == 0 || r.excluded&coverOf(p.category) != 0 {
			continue
		}
		states := p.start
		for next := at; next < r.count && states != 0; next++ {
			states = p.step(states, r.words[next].word(r.grammar))
			if states&p.end() != 0 {
				r.addPhrase(p.category, next+1, before|coverOf(p.category))
			}
		}
	}
}

// addPhrase records that a phrase ends before the word at, and the names that may
// follow it.
func (r *phraseReader) addPhrase(c category, at int, covered cover) {
	if c == denial {
		r.denied[at] |= covered
		return
	}
	r.reached[at] |= covered
	if c == filler || c == solved {
		return
	}
	limit := maxNames
	if c == signOff {
		limit = maxSignatureName
	}
	for n := 0; n < limit && at+n < r.count && r.isNameAfter(c, at, n); n++ {
		r.reached[at+n+1] |= covered
	}
	if c == greeting && r.isAddressed(at) {
		r.reached[at+1] |= covered
	}
}

// isNameAfter reports whether the n-th word after a phrase continues its name.
func (r *phraseReader) isNameAfter(c category, at, n int) bool {
	w := &r.words[at+n]
	limit := comma
	switch {
	case n > 0 && r.words[at+n-1].length == 1:
		limit = stop // "A. de Vries"
	case c == signOff && n == 0:
		limit = newLine
	}
	return w.before <= limit && r.mayBeName(w)
}

// isAddressed reports whether the word at is the name of the person who is greeted,
// whatever the name: a comma or the end of the line follows it, as in "hoi pietje,".
func (r *phraseReader) isAddressed(at int) bool {
	if at+1 >= r.count || r.words[at].before != blank || r.words[at+1].before == blank {
		return false
	}
	w := &r.words[at]
	isName := !w.number && !w.long && w.id == 0
	return isName && r.words[at+1].before != stop && !ordinaryWords()[string(w.spelling())]
}

// leadingName returns how many words address a person, as in "Lisa, bedankt".
func (r *phraseReader) leadingName() int {
	for n := 1; n <= maxNames && n < r.count; n++ {
		if !r.words[n-1].name {
			return 0
		}
		if r.words[n].before == comma || r.words[n].before == newLine {
			return n
		}
	}
	return 0
}

// trailingName returns the position from which on the text is the name of its author:
// known names, or a last line of names. It returns the number of words without one.
func (r *phraseReader) trailingName() int {
	found := r.count
	isKnown := true
	for at := r.count - 1; at > 0 && r.count-at <= maxSignatureName; at-- {
		w := &r.words[at]
		if !r.mayBeName(w) {
			break
		}
		isKnown = isKnown && w.name
		isLine := w.before == newLine && (w.capital || w.name)
		if isLine || (isKnown && w.before >= comma) {
			found = at
		}
	}
	return found
}
