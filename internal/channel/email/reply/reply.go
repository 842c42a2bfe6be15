// Package reply finds the reply in a mail: its text without the quoted history,
// the signature and the warning banner.
//
// [Strip] works in three steps.
//
//  1. Each line gets a class by its own words: text, quote, rule ("-----"),
//     sign-off ("Sent from my iPhone"), and others.
//  2. Lines that belong together get the class of their attribution or header. An
//     attribution is "Op 3 mei 2024 om 10:00 schreef Jan:", often wrapped over two
//     or three lines. A header is "Van: ...", "Verzonden: ..." and so on.
//  3. The sequence of classes decides where the reply begins and ends.
//
// The words of mail programs in each language are in tables: attributions in
// forms.go, names of days and months in calendar.go, labels of headers in
// labels.go, separators in classify.go, sign-offs in signoff.go, small print in
// footer.go and warnings in banner.go. Facts that the mail's HTML shows are
// passed in [Options].
//
// In doubt, text is kept. A reply between quotes keeps the quotes. A forward
// without a text of its own is kept whole. The result is never empty unless the
// text is. The time is linear in the length of the text.
package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Span is a range of a text, in bytes.
type Span struct{ Start, End int }

// Options are facts about a text that its words do not show.
type Options struct {
	Quotes     []Span // quoted history, in ascending order
	Signatures []Span // in ascending order
}

// A Result is the reply in a text.
type Result struct {
	Text    string // the reply
	Kept    []Span // the positions of the reply in the whole text
	Forward bool   // the text forwards a mail
}

// MaxText is the length of a text that is read, in bytes. Text after it is
// dropped.
const MaxText = 1 << 20

// Strip returns the reply in text. Lines of text must end in "\n".
func Strip(text string, o Options) Result {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	lines := splitLines(text)
	classifyLines(lines, o)
	units := groupUnits(lines)
	kept, forward := selectReply(units)
	r := renderReply(lines, kept)
	r.Forward = forward
	if strings.TrimSpace(r.Text) == "" {
		r.Text = strings.TrimRight(strings.Trim(text, "\n"), " \t\n")
		r.Kept = []Span{{0, len(text)}}
	}
	return r
}

// A class is the kind of a line.
type class byte

const (
	emptyLine       class = 'e'
	textLine        class = 't'
	quotedLine      class = 'q'
	attributionLine class = 'b' // "On 3 May 2024, Jan wrote:"
	labelLine       class = 'h' // "From: Jan", in a header
	ruleLine        class = 'd' // "-----"
	signatureMark   class = 'g' // "-- "
	signOffLine     class = 's' // "Sent from my iPhone"
	possibleSignOff class = 'm' // "Sent from Utrecht": a sign-off or text; see resolveSignOffs
	originalMark    class = 'o' // "-----Original message-----"
	forwardMark     class = 'f' // "Begin forwarded message:"
	removedLine     class = 'x' // banners, PGP armour
)

type line struct {
	text       string // without trailing blanks and the newline
	start, end int    // positions in the whole text
	class      class
	inSpan     bool      // quoted by the facts in Options, and without a mark of its own
	certainty  certainty // of the attribution that begins here
	joined     int       // number of lines after it that are in the same attribution
	cut        int       // if not 0, the position in text at which an attribution begins
}

// splitLines returns the lines of a text, without their classes.
func splitLines(text string) []line {
	lines := make([]line, 0, strings.Count(text, "\n")+1)
	for pos := 0; pos <= len(text); {
		end := strings.IndexByte(text[pos:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += pos
		}
		lines = append(lines, line{text: strings.TrimRight(text[pos:end], " \t\r"), start: pos, end: end})
		pos = end + 1
	}
	return lines
}

// classifyLines sets the class of every line: first of each line alone, then of
// the lines that mean something together.
func classifyLines(lines []line, o Options) {
	inCode := findCodeLines(lines)
	quotes := o.Quotes
	signatures := o.Signatures
	armour := false
	for i := 0; i < len(lines); i++ {
		l := &lines[i]
		l.class = classifyLine(l.text)
		switch {
		case inCode != nil && inCode[i] && l.class != emptyLine:
			l.class = textLine
		case isInsideSpan(&quotes, l.start) && l.class != emptyLine:
			if l.class != forwardMark {
				l.inSpan = l.class != quotedLine
				l.class = quotedLine
			}
		case isInsideSpan(&signatures, l.start) && l.class != emptyLine:
			l.class = signOffLine
		}
		armour = markPGPArmour(l, armour)
	}
	markAttributions(lines)
	markHeaderLabels(lines)
	unmarkSentences(lines)
	markWrappedQuotes(lines)
	resolveSignOffs(lines)
	markBanner(lines)
}

// minWrapped is the least length of a quoted line, in bytes, that a mail
// program may have wrapped.
const minWrapped = 60

// continuesInNext reports whether the sentence of a line goes on in the next
// line. A number is not a continuation but an answer.
func continuesInNext(line, next string) bool {
	r, _ := utf8.DecodeRuneInString(next)
	if strings.ContainsAny(line[len(line)-1:], ".?!:") {
		return unicode.IsLower(r)
	}
	return !beginsWithNumber(next)
}

// markWrappedQuotes marks the ends of quoted lines that a mail program wrapped
// without a mark. It looks for one or two lines of text directly under a long
// quoted line that ends within a sentence, and above the next quote. It also
// finds pieces of a link between two quoted lines.
func markWrappedQuotes(lines []line) {
	for i := 1; i < len(lines); i++ {
		before := lines[i-1]
		if lines[i].class != textLine || before.class != quotedLine {
			continue
		}
		if i+1 < len(lines) && lines[i+1].class == quotedLine && isBrokenLink(before.text, lines[i].text) {
			lines[i].class = quotedLine
			continue
		}
		if len(before.text) < minWrapped || !continuesInNext(before.text, lines[i].text) {
			continue
		}
		n := 1
		if i+1 < len(lines) && lines[i+1].class == textLine {
			n = 2
		}
		end := i + n
		if !endsWrappedQuote(lines, end) {
			continue
		}
		for j := i; j < end; j++ {
			lines[j].class = quotedLine
		}
	}
}

// endsWrappedQuote reports whether a wrapped quoted line can end before
// position end: at the next quoted line or at the end of the text.
func endsWrappedQuote(lines []line, end int) bool {
	if end == len(lines) || lines[end].class == quotedLine {
		return true
	}
	return end == len(lines)-1 && lines[end].class == emptyLine
}

// isBrokenLink reports whether a line is the end of a link that begins in the
// line before it, or only a link in brackets.
func isBrokenLink(before, line string) bool {
	line = strings.TrimSpace(line)
	if i := strings.LastIndexAny(before, "(<"); i >= 0 && strings.HasPrefix(before[i+1:], "http") && !strings.ContainsAny(before[i:], ")>") {
		return strings.ContainsAny(line, ")>") && !strings.Contains(line, " ")
	}
	return (strings.HasPrefix(line, "(http") || strings.HasPrefix(line, "<http")) && !strings.Contains(strings.TrimRight(line, "> "), " ")
}

// isInsideSpan reports whether pos is inside the first of the spans. It
// removes spans that end before pos, so pos must not decrease between calls.
func isInsideSpan(spans *[]Span, pos int) bool {
	for len(*spans) > 0 && (*spans)[0].End <= pos {
		*spans = (*spans)[1:]
	}
	return len(*spans) > 0 && (*spans)[0].Start <= pos
}

// findCodeLines reports for each line whether it is between code fences. It
// returns nil if there are no fences.
func findCodeLines(lines []line) []bool {
	var in []bool
	open := -1
	for i, l := range lines {
		if !strings.HasPrefix(l.text, "```") {
			continue
		}
		if open < 0 {
			open = i
			continue
		}
		if in == nil {
			in = make([]bool, len(lines))
		}
		for j := open; j <= i; j++ {
			in[j] = true
		}
		open = -1
	}
	return in
}

// markPGPArmour marks the armour of a signed mail. It returns whether the
// signature block is still open.
func markPGPArmour(l *line, open bool) bool {
	switch {
	case strings.HasPrefix(l.text, "-----BEGIN PGP SIGNED MESSAGE-----"), strings.HasPrefix(l.text, "Hash: SHA"):
		l.class = removedLine
	case strings.HasPrefix(l.text, "-----BEGIN PGP SIGNATURE-----"):
		l.class = removedLine
		return true
	case open:
		l.class = removedLine
		return !strings.HasPrefix(l.text, "-----END PGP SIGNATURE-----")
	}
	return false
}

// A unit is a part of the text that is kept or dropped as a whole: one line, the
// part of a line before an attribution, or the lines of one attribution.
type unit struct {
	class       class
	first, last int // indexes of lines
	text        string
	cut         int // length of its part of the line; 0 for the whole line
}

// groupUnits returns the units of all lines.
func groupUnits(lines []line) []unit {
	units := make([]unit, 0, len(lines))
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		if l.cut > 0 {
			units = append(units, unit{l.class, i, i, strings.TrimRight(l.text[:l.cut], "- \t"), l.cut})
			units = append(units, unit{class: attributionLine, first: i + 1, last: i + l.joined})
		} else {
			units = append(units, unit{l.class, i, i + l.joined, l.text, 0})
		}
		i += l.joined
	}
	return units
}

// renderReply returns the text of the kept units.
func renderReply(lines []line, kept []unit) Result {
	var r Result
	var b strings.Builder
	for _, u := range kept {
		if u.last < u.first {
			continue // an attribution in the middle of a line
		}
		for _, l := range lines[u.first : u.last+1] {
			if u.cut > 0 {
				l.text = u.text
			}
			b.WriteString(l.text)
			b.WriteByte('\n')
		}
		start := lines[u.first].start
		end := lines[u.last].end
		if u.cut > 0 {
			end = start + u.cut
		}
		if n := len(r.Kept); n > 0 && r.Kept[n-1].End+1 == start {
			r.Kept[n-1].End = end
			continue
		}
		r.Kept = append(r.Kept, Span{start, end})
	}
	r.Text = strings.TrimRight(trimBlankLines(b.String()), " \t\r\n\u00a0")
	return r
}

// trimBlankLines removes blank lines at the start, but not the indentation of
// the first line with text.
func trimBlankLines(s string) string {
	for {
		l, rest, ok := strings.Cut(s, "\n")
		if !ok || strings.TrimSpace(l) != "" {
			return s
		}
		s = rest
	}
}
