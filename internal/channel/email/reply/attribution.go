package reply

import "strings"

// The limits of an attribution.
const (
	maxAttribution    = 7   // lines
	maxAttributionLen = 400 // bytes
)

// maxTries is the number of lines that are read as ends of attributions. It
// limits the time for a text with very many candidates; no thread has as many.
const maxTries = 500

// markAttributions marks the attributions of quotes.
//
// Mail programs wrap an attribution, so it is found from its last line, which
// ends in a colon. That line is read alone, then together with the line above it,
// and so on. The first text that has one of datedForms is the attribution:
//
//	14:00 is prima
//	Op ma 3 mrt 2025 om 10:15 schreef Winkel
//	<winkel@example.com>:
//
// The last line has no form and the last two have one, so the first line stays
// part of the reply although it begins with a time. The forms without a time are
// tried last, because the end of a wrapped attribution can have one:
// "Winkel <winkel@example.com> wrote:".
func markAttributions(lines []line) {
	tries := maxTries
	for i := range lines {
		if !mayEndAttribution(lines, i) {
			continue
		}
		if tries--; tries < 0 {
			return
		}
		if a, found := findAttribution(lines, i); found {
			a.mark(lines, i)
		}
	}
}

// A certainty says how sure it is that a text is an attribution.
type certainty byte

const (
	possible certainty = iota // it has no time of day and no address
	probable                  // it has one of them, with a day
	certain                   // it has a day, an address and a verb
)

// certainty returns the certainty of an attribution with the pattern p and the
// given writer and time.
func (p *pattern) certainty(w writer, when moment) certainty {
	switch {
	case w.address && when.isDate() && !p.needsAddress:
		return certain
	case w.address && when.isDate(), when.isFull():
		return probable
	}
	return possible
}

// An attribution is the beginning of an attribution whose last line is known.
type attribution struct {
	start     int // its first line
	cut       int // if not 0, the position in that line at which it begins
	certainty certainty
}

// mark sets the class of the lines from the beginning of a to line end.
func (a attribution) mark(lines []line, end int) {
	first := &lines[a.start]
	first.joined = end - a.start
	first.certainty = a.certainty
	first.cut = a.cut
	for j := a.start; j <= end; j++ {
		lines[j].class = attributionLine
	}
	if a.cut > 0 {
		first.class = textLine
	}
}

// mayBeInAttribution reports whether a line may be part of an attribution. That
// of an HTML mail is often inside the quote.
func (l *line) mayBeInAttribution() bool {
	return l.class == textLine || (l.class == quotedLine && l.inSpan)
}

// mayEndAttribution reports whether line i may be the end of an attribution. It
// is a fast check that excludes most lines.
func mayEndAttribution(lines []line, i int) bool {
	l := &lines[i]
	if l.text == "" || l.class == emptyLine {
		return false
	}
	if !l.mayBeInAttribution() {
		return closesBracket(lines, i)
	}
	text, marked := trimEnd(l.text)
	return marked || beginsWithYear(text) || patterns().lastWords[lastWord(text)] || isBeforeQuote(lines, i)
}

// beginsWithYear reports whether s begins with a year, as the attributions of
// old versions of Gmail did.
func beginsWithYear(s string) bool {
	return len(s) > 4 && isYear(s[:4]) && (s[4] == '-' || s[4] == '/')
}

// closesBracket reports whether line i looks quoted, but its ">" is the end of
// an address that begins in one of the lines above it.
func closesBracket(lines []line, i int) bool {
	if lines[i].class != quotedLine {
		return false
	}
	if _, marked := trimEnd(lines[i].text); !marked {
		return false
	}
	open := 0
	for j := i - 1; j >= 0 && i-j < maxAttribution && lines[j].mayBeInAttribution(); j-- {
		open += strings.Count(lines[j].text, "<") - strings.Count(lines[j].text, ">")
		if open > 0 {
			return true
		}
	}
	return false
}

func hasOpenBracket(s string) bool { return strings.Count(s, "<") > strings.Count(s, ">") }

// trimEnd returns s without the punctuation at its end, and whether that has
// the colon or the dashes that end an attribution.
func trimEnd(s string) (text string, marked bool) {
	text = strings.TrimRight(s, ":： \t*_-\u00a0\u202f")
	end := s[len(text):]
	return text, strings.ContainsAny(end, ":：") || strings.HasSuffix(end, "--")
}

// lastWord returns the text after the last blank of s.
func lastWord(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }

// isBeforeQuote reports whether the next line with text after line i is quoted.
func isBeforeQuote(lines []line, i int) bool {
	for j := i + 1; j < len(lines) && j <= i+3; j++ {
		if lines[j].class != emptyLine {
			return lines[j].class == quotedLine
		}
	}
	return false
}

// findAttribution finds the attribution that ends at line i.
func findAttribution(lines []line, i int) (attribution, bool) {
	var texts [maxAttribution]candidate
	n := 0
	c := candidate{start: i + 1, beforeQuote: isBeforeQuote(lines, i)}
	for n < len(texts) && c.addLineAbove(lines, i) {
		if sure, ok := c.matchDated(); ok {
			return attribution{start: c.extendUpwards(lines), certainty: sure}, true
		}
		texts[n] = c
		n++
	}
	for _, t := range texts[:n] {
		if at, sure, ok := t.matchInside(lines); ok {
			return attribution{start: t.start, cut: at, certainty: sure}, true
		}
	}
	for _, t := range texts[:n] {
		if t.matchUndated() {
			return attribution{start: t.extendUpwards(lines), certainty: possible}, true
		}
	}
	return attribution{}, false
}

// A candidate is a text that may be an attribution: one line, or several lines
// joined.
type candidate struct {
	start       int    // its first line
	whole       string // the lines, joined
	below       string // the lines after the first, joined
	text        string // whole without the punctuation at its ends; set by split
	lower       string // text in lower case
	marked      bool   // it ends in a colon or dashes
	beforeQuote bool   // a quote follows
	digits      bool   // it has a digit
	gap         bool   // an empty line is inside
}

// addLineAbove adds the line above c, whose last line is end. It reports false if
// that line cannot be in the same attribution.
func (c *candidate) addLineAbove(lines []line, end int) bool {
	j := c.start - 1
	if j >= 0 && lines[j].class == emptyLine && strings.HasPrefix(c.whole, "<") && !c.gap {
		c.gap = true
		j--
	}
	if j < 0 || len(c.whole) > maxAttributionLen {
		return false
	}
	l := &lines[j]
	isPart := j == end || (l.mayBeInAttribution() && l.inSpan == lines[end].inSpan && l.cut == 0)
	if !isPart || labelKind(l.text) != 0 {
		return false
	}
	c.start = j
	c.below = c.whole
	c.whole = trimDecoration(l.text)
	if c.below != "" {
		c.whole += " " + c.below
	}
	c.digits = c.digits || hasDigit(l.text)
	c.text = ""
	return true
}

// split sets text, lower and marked, which are compared with the forms.
func (c *candidate) split() {
	if c.text != "" {
		return // it is split
	}
	c.text, c.marked = trimEnd(plainBlanks(c.whole))
	c.lower = strings.ToLower(c.text)
	if len(c.lower) != len(c.text) {
		c.text = c.lower
	}
}

func hasDigit(s string) bool {
	for i := range len(s) {
		if isDigit(s[i]) {
			return true
		}
	}
	return false
}

// trimDecoration returns a line without leading dashes and stars.
func trimDecoration(s string) string {
	return strings.TrimSpace(strings.TrimLeft(s, "-–—*_ \t\u00a0"))
}

// plainBlanks returns s with a single plain blank in place of each run of
// blanks.
func plainBlanks(s string) string {
	if !strings.ContainsAny(s, "\t\u00a0\u202f\u2009") && !strings.Contains(s, "  ") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// unmarkSentences turns attributions back into text if the writer of the reply
// wrote them as a sentence, such as "Op 3 mei schreef Jan:". The attribution
// that the mail program added, or a header, is directly below such a sentence.
func unmarkSentences(lines []line) {
	for i := range lines {
		l := &lines[i]
		if l.class != attributionLine || l.certainty == certain || (i > 0 && lines[i-1].cut > 0) {
			continue
		}
		end := i + l.joined
		next := end + 1
		for next < len(lines) && (lines[next].class == emptyLine || lines[next].class == ruleLine) {
			next++
		}
		if next < len(lines) && beginsHistory(lines, next, l.certainty) {
			for j := i; j <= end; j++ {
				lines[j].class = textLine
			}
			l.joined = 0
		}
	}
}

// beginsHistory reports whether line i begins the quoted history. The line is
// below a text that is an attribution with the given certainty. If line i is an
// attribution inside a quote, it may belong to an older mail. So it counts only
// if the text above is merely a possible attribution.
func beginsHistory(lines []line, i int, above certainty) bool {
	switch lines[i].class {
	case attributionLine, labelLine, originalMark, forwardMark:
		return true
	case quotedLine:
		return above == possible && beginsQuotedHistory(lines[i:])
	default:
		return false
	}
}

// beginsQuotedHistory reports whether the first quoted lines are an attribution
// or have a label.
func beginsQuotedHistory(lines []line) bool {
	var quoted []line
	for _, l := range lines[:min(len(lines), 3)] {
		text := strings.TrimLeft(l.text, "> ")
		if l.class != quotedLine || text == "" {
			break
		}
		if labelKind(text) != 0 {
			return true
		}
		quoted = append(quoted, line{text: text, class: textLine})
		if a, found := findAttribution(quoted, len(quoted)-1); found && a.certainty != possible {
			return true
		}
	}
	return false
}
