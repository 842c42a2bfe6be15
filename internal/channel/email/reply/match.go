package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// matchDated matches c with the forms that have a time.
func (c *candidate) matchDated() (certainty, bool) {
	if !c.digits || len(c.whole) > maxAttributionLen {
		return possible, false
	}
	c.split()
	first := wordAt(c.lower)
	for _, opener := range patterns().openers[first] {
		if after := skipPhrase(c.lower, 0, opener); after >= 0 {
			if sure, ok := c.matchTimeFirst(opener, after); ok {
				return sure, true
			}
		}
	}
	if c.gap {
		return possible, false
	}
	if first == "" || momentWords()[first]&(dayName|monthName) != 0 {
		if sure, ok := c.matchTimeFirst("", 0); ok {
			return sure, true
		}
	}
	for word := range strings.FieldsSeq(c.lower) {
		for _, p := range patterns().writerTime[word] {
			if sure, ok := c.matchWriterFirst(p); ok {
				return sure, true
			}
		}
	}
	for _, p := range patterns().writerTime[""] {
		if sure, ok := c.matchWriterFirst(p); ok {
			return sure, true
		}
	}
	return possible, false
}

// matchTimeFirst matches c with the patterns that have the opener and then a
// time, which begins at position at.
func (c *candidate) matchTimeFirst(opener string, at int) (certainty, bool) {
	n, when := readMoment(c.lower[at:])
	if n == 0 {
		return possible, false
	}
	timeEnd := at + n
	for _, p := range patterns().timeFirst[opener] {
		start := skipPhrase(c.lower, timeEnd, p.between)
		end := dropPhrase(c.lower, p.after)
		if start < 0 || end < start {
			continue
		}
		if w := newWriter(c.text[start:end]); c.accepts(p, w, when) {
			return p.certainty(w, when), true
		}
	}
	return possible, false
}

// matchWriterFirst matches c with a pattern that has the writer before the time.
func (c *candidate) matchWriterFirst(p *pattern) (certainty, bool) {
	start := skipPhrase(c.lower, 0, p.before)
	end := dropPhrase(c.lower, p.after)
	if start < 0 || end < start {
		return possible, false
	}
	body := c.lower[start:end]
	writerEnd := strings.LastIndex(body, p.between)
	if p.between == "" {
		writerEnd = strings.LastIndexByte(body, '>') + 1
	}
	if writerEnd <= 0 || !isPhraseAt(body, writerEnd, p.between) {
		return possible, false
	}
	rest := body[writerEnd+len(p.between):]
	n, when := readMoment(rest)
	if strings.Trim(rest[n:], betweenParts) != "" {
		return possible, false
	}
	w := newWriter(c.text[start : start+writerEnd])
	if !c.accepts(p, w, when) {
		return possible, false
	}
	return p.certainty(w, when), true
}

// matchUndated reports whether c has one of the forms that have no time.
func (c *candidate) matchUndated() bool {
	if c.gap || len(c.whole) > maxAttributionLen {
		return false
	}
	if !c.beforeQuote && strings.IndexByte(c.whole, '@') < 0 {
		return false
	}
	c.split()
	if !c.marked {
		return false
	}
	for _, word := range []string{wordAt(c.lower), lastWord(c.lower), ""} {
		for _, p := range patterns().undated[word] {
			if c.matchWriterOnly(p) {
				return true
			}
		}
	}
	return false
}

// matchWriterOnly matches c with a pattern without a time.
func (c *candidate) matchWriterOnly(p *pattern) bool {
	start := skipPhrase(c.lower, 0, p.before)
	end := dropPhrase(c.lower, p.after)
	if start < 0 || end < start {
		return false
	}
	w := newWriter(c.text[start:end])
	named := w.endsInAddress || (c.beforeQuote && w.isName())
	return named && w.plausible()
}

// accepts reports whether c, which has the pattern p, is an attribution: whether
// a mail program writes such a writer and time. A quote directly below makes up
// for a missing address, time of day or colon.
func (c *candidate) accepts(p *pattern, w writer, when moment) bool {
	switch {
	case !w.plausible():
		return false
	case p.needsAddress:
		return c.acceptsWithoutVerb(w, when)
	case !c.marked && c.beforeQuote:
		return when.isComplete() && (w.address || when.isFull())
	case !c.marked:
		return when.isFull() && w.address && p.after != ""
	case w.address:
		return when.isDate()
	case w.pronoun:
		return w.text == "you" && c.beforeQuote && when.isFull() // Eudora
	case c.beforeQuote:
		return when.isDate()
	}
	return when.isFull()
}

// acceptsWithoutVerb is accepts for a pattern that consists of a time and a
// writer.
func (c *candidate) acceptsWithoutVerb(w writer, when moment) bool {
	name, _, _ := strings.Cut(w.text, "<")
	switch {
	case strings.Contains(name, ":"):
		return false
	case patterns().verbs[strings.ToLower(wordAt(name))]:
		return false // the opener of a form with this verb is missing
	case c.marked && w.endsInAddress:
		return when.isComplete()
	}
	return isOldGmail(c.lower, w, when)
}

// isOldGmail reports whether s begins with a time as Gmail wrote it until 2018,
// without a colon at the end: "2013/7/20 Jan <jan@example.com>" or "2016-03-03
// 17:21 GMT+01:00 Jan".
func isOldGmail(s string, w writer, when moment) bool {
	const zone = len("2016-03-03 17:21 ")
	if !beginsWithYear(s) {
		return false
	}
	if s[4] == '/' {
		return strings.HasSuffix(w.text, ">")
	}
	return when.isFull() && len(s) > zone && strings.HasPrefix(s[zone:], "gmt")
}

// betweenParts are the characters that mail programs put between the parts of
// an attribution.
const betweenParts = " ,()[]，、（）"

// skipPhrase returns the position after a phrase that is at position at of s,
// perhaps after separators. It returns -1 if the phrase is not there.
func skipPhrase(s string, at int, phrase string) int {
	at = len(s) - len(strings.TrimLeft(s[at:], betweenParts))
	if phrase == "" {
		return at
	}
	if !strings.HasPrefix(s[at:], phrase) || !isPhraseAt(s, at, phrase) {
		return -1
	}
	return at + len(phrase)
}

// dropPhrase returns the position of a phrase at the end of s, or -1 if s does
// not end in it.
func dropPhrase(s, phrase string) int {
	if !strings.HasSuffix(s, phrase) || !isPhraseAt(s, len(s)-len(phrase), phrase) {
		return -1
	}
	return len(s) - len(phrase)
}

// isPhraseAt reports whether the phrase that is at position at of s begins and
// ends between words. Scripts without blanks do not separate words.
func isPhraseAt(s string, at int, phrase string) bool {
	if phrase == "" {
		return true
	}
	first, _ := utf8.DecodeRuneInString(phrase)
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	if isIdeograph(first) {
		return true
	}
	last, _ := utf8.DecodeLastRuneInString(phrase)
	after, _ := utf8.DecodeRuneInString(s[at+len(phrase):])
	beginsInWord := unicode.IsLetter(first) && unicode.IsLetter(before)
	endsInWord := unicode.IsLetter(last) && unicode.IsLetter(after)
	return !beginsInWord && !endsInWord
}

// capitalizedOpeners are openers in their usual spelling. They are used to
// find an attribution that begins in the middle of a line.
var capitalizedOpeners = []string{"On ", "Op ", "Am ", "Le ", "El ", "Il ", "Em ", "Den ", "På ", "W dniu ", "Dnia ", "Dne "}

// openerLetters are the first letters of capitalizedOpeners.
const openerLetters = "OALEIDPW"

// maxInside is the most places in a line at which an attribution is looked for.
const maxInside = 8

// matchInside finds an attribution that begins inside the first line of c, after
// other text. It returns its position in that line.
func (c *candidate) matchInside(lines []line) (at int, sure certainty, ok bool) {
	s := lines[c.start].text
	tail := max(0, len(s)+len(c.below)-maxAttributionLen)
	if !c.digits {
		return 0, possible, false
	}
	tries := maxInside
	for at = len(s) - 1; at > tail && tries > 0; at-- {
		if !isCapitalizedOpener(s, at) || !followsText(s, at) {
			continue
		}
		tries--
		inner := *c
		inner.whole = strings.TrimSuffix(s[at:]+" "+c.below, " ")
		inner.text = ""
		inner.gap = true // only a form with an opener
		if sure, ok = inner.matchDated(); ok {
			return at, sure, true
		}
	}
	return 0, possible, false
}

// isCapitalizedOpener reports whether an opener is at position at of s.
func isCapitalizedOpener(s string, at int) bool {
	if strings.IndexByte(openerLetters, s[at]) < 0 {
		return false
	}
	for _, opener := range capitalizedOpeners {
		if strings.HasPrefix(s[at:], opener) {
			return true
		}
	}
	return false
}

// followsText reports whether a word begins at position p of s, with text
// before it.
func followsText(s string, p int) bool {
	return strings.ContainsAny(s[p-1:p], " -\t") && strings.Trim(s[:p], "-–—*_> \t\u00a0") != ""
}

// extendUpwards returns the first line of the attribution c. It is the line
// above c if that is the name of a writer whose address begins c.
func (c *candidate) extendUpwards(lines []line) int {
	above := c.start - 1
	if above < 0 || !strings.HasPrefix(c.text, "<") || !lines[above].mayBeInAttribution() || lines[above].inSpan != lines[c.start].inSpan {
		return c.start
	}
	if isNameLike(trimDecoration(lines[above].text)) {
		return above
	}
	return c.start
}
