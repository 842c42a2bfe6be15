package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// matchDated matches c with the forms that have a time.
func (c *candidate) matchDated() (trust, bool) {
	if !c.digits || len(c.whole) > maxAttributionLen {
		return possible, false
	}
	c.split()
	first := wordAt(c.lower)
	for _, opener := range patterns.openers[first] {
		if after := skipPhrase(c.lower, 0, opener); after >= 0 {
			if t, ok := c.matchTimeFirst(opener, after); ok {
				return t, true
			}
		}
	}
	if c.gap {
		return possible, false
	}
	if first == "" || momentWords[first]&(dayName|monthName) != 0 {
		if t, ok := c.matchTimeFirst("", 0); ok {
			return t, true
		}
	}
	for word := range strings.FieldsSeq(c.lower) {
		for _, p := range patterns.writerTime[word] {
			if t, ok := c.matchWriterFirst(p); ok {
				return t, true
			}
		}
	}
	for _, p := range patterns.writerTime[""] {
		if t, ok := c.matchWriterFirst(p); ok {
			return t, true
		}
	}
	return possible, false
}

// matchTimeFirst matches c with the patterns that have the opener and then a
// time, which begins at position at.
func (c *candidate) matchTimeFirst(opener string, at int) (trust, bool) {
	n, when := readMoment(c.lower[at:])
	if n == 0 {
		return possible, false
	}
	timeEnd := at + n
	for _, p := range patterns.timeFirst[opener] {
		start := skipPhrase(c.lower, timeEnd, p.between)
		end := dropPhrase(c.lower, p.after)
		if start < 0 || end < start {
			continue
		}
		if w := newWriter(c.text[start:end]); c.accepts(p, w, when) {
			return p.trust(w, when), true
		}
	}
	return possible, false
}

// matchWriterFirst matches c with a pattern that has the writer before the time.
func (c *candidate) matchWriterFirst(p *pattern) (trust, bool) {
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
	return p.trust(w, when), true
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
		for _, p := range patterns.undated[word] {
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

// accepts reports whether a text with the pattern p is an attribution: whether
// its writer and its time are those that a mail program writes. What is missing
// in one of them must be made up by the quote that follows.
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
	switch {
	case patterns.verbs[strings.ToLower(wordAt(w.text))]:
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
	return !(unicode.IsLetter(first) && unicode.IsLetter(before)) && !(unicode.IsLetter(last) && unicode.IsLetter(after))
}

// A writer is the text of an attribution that names the writer of the quote.
type writer struct {
	text          string
	address       bool // it has a mail address
	endsInAddress bool
	pronoun       bool // a person speaks of another one: "u", "my brother"
}

func newWriter(s string) writer {
	w := writer{text: strings.Trim(s, betweenParts)}
	w.address = strings.IndexByte(w.text, '@') >= 0
	if w.address {
		last := lastWord(w.text)
		w.endsInAddress = strings.HasSuffix(last, ">") || strings.HasSuffix(last, "&gt;") || strings.IndexByte(last, '@') >= 0
		return w
	}
	for word := range strings.FieldsSeq(w.text) {
		w.pronoun = w.pronoun || pronouns[strings.Trim(word, ",.")]
	}
	return w
}

// plausible reports whether w can be a name with or without an address, and not
// a part of a sentence.
func (w writer) plausible() bool {
	most := maxNameWords
	if w.address {
		most = maxWriterWords
	}
	name, _, _ := strings.Cut(w.text, "<")
	switch {
	case w.text == "", hasOpenBracket(w.text), strings.Contains(w.text, "?"):
		return false
	case strings.Contains(w.text, "://") && w.text == name:
		return false
	case strings.Contains(strings.ReplaceAll(w.text, "mailto:", ""), ":") && !strings.Contains(w.text, "://"):
		return false
	}
	return len(strings.Fields(name)) <= most && !crossesSentenceEnd(name)
}

// isName reports whether w consists of a few words with capitals.
func (w writer) isName() bool { return !w.pronoun && isNameLike(w.text) }

// isNameLike reports whether s consists of a few words with capitals.
func isNameLike(s string) bool {
	words := strings.Fields(s)
	if len(words) == 0 || len(words) > maxNameWords || strings.ContainsAny(s, "0123456789@?!;:") || strings.HasSuffix(s, ",") || strings.HasSuffix(s, ".") {
		return false
	}
	for i, word := range words {
		first, _ := utf8.DecodeRuneInString(strings.Trim(word, `"'()`))
		if unicode.IsLower(first) && (i == 0 || !nameParticles[word]) {
			return false
		}
	}
	return true
}

// nameParticles are the words without a capital in names of people and shops.
var nameParticles = setOf("van de der den het te ter ten von vom zu zum und of the and for by at du des la le les et pour da do dos das e di del della degli y via av af og och i en in voor bij")

// pronouns are words with which a customer speaks of a person or a thing. The
// name of a shop has them with a capital only: "My Shop".
var pronouns = setOf("u U uw Uw je jij jouw jullie ik wij we mij mijn me ons onze hij zij ze " +
	"I i you your he she we they my me our his her " +
	"ich du er wir Sie Ihr Ihre Ihnen sie ihr ihre mein meine unser unsere mir " +
	"vous tu je nous il elle on mon ma mes votre notre " +
	"yo tú usted ustedes él ella nosotros mi su nuestro " +
	"io lei lui noi voi mio mia suo sua " +
	"eu você vocês ele ela nós meu minha " +
	"ja pan pani on ona my mój moja jeg du han hun vi min mitt hon minä hän я вы он она мы мой şunu")

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// crossesSentenceEnd reports whether s contains the end of a sentence: a word
// longer than the abbreviations in names, a full stop, and a capital.
func crossesSentenceEnd(s string) bool {
	letters := 0
	for i, r := range s {
		if unicode.IsLetter(r) {
			letters++
			continue
		}
		if letters > 3 && strings.ContainsRune(".!?", r) && beginsSentence(s[i+1:]) {
			return true
		}
		letters = 0
	}
	return false
}

// beginsSentence reports whether s is a blank and a capital.
func beginsSentence(s string) bool {
	if !strings.HasPrefix(s, " ") {
		return false
	}
	next, _ := utf8.DecodeRuneInString(s[1:])
	return unicode.IsUpper(next)
}

// capitalizedOpeners are openers in their usual spelling. They are used to
// find an attribution that begins in the middle of a line.
var capitalizedOpeners = []string{"On ", "Op ", "Am ", "Le ", "El ", "Il ", "Em ", "Den ", "På ", "W dniu ", "Dnia ", "Dne "}

// openerLetters are the first letters of capitalizedOpeners.
const openerLetters = "OALEIDPW"

// matchInside finds an attribution that begins inside the first line of c, after
// other text. It returns its position in that line.
func (c *candidate) matchInside(lines []line) (at int, t trust, ok bool) {
	s := lines[c.start].text
	tail := max(0, len(s)+len(c.below)-maxAttributionLen)
	if !c.digits {
		return 0, possible, false
	}
	for at = len(s) - 1; at > tail; at-- {
		if !isCapitalizedOpener(s, at) || !followsText(s, at) {
			continue
		}
		inner := *c
		inner.whole = strings.TrimSuffix(s[at:]+" "+c.below, " ")
		inner.text = ""
		inner.gap = true // only a form with an opener
		if t, ok = inner.matchDated(); ok {
			return at, t, true
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
