// Package reply finds what a mail's writer wrote just now: the text without
// the history it quotes, the signature under it and the banner above it.
//
// It reads line by line. Every line gets a class (text, quote, attribution
// such as "Op 3 mei schreef Jan:", header label, rule, mobile signature), and
// the sequence of classes decides where the reply begins and ends. That makes
// its time linear, and its decisions those of a reader who sees the shape of
// a mail before its words. Thirteen languages are known by their words; the
// HTML of a mail, where there is one, tells the rest through [Options].
//
// In doubt text is kept. Replies between quotes keep the quotes, a bare forward
// keeps everything, and nothing is ever stripped to nothing.
package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Span is a piece of a text, in bytes.
type Span struct{ Start, End int }

// Options are what is known of a text beside its words.
type Options struct {
	Quotes     []Span // quoted history, in order
	Signatures []Span // in order
}

// A Result is a text and what of it is the reply.
type Result struct {
	Text    string // the reply
	Kept    []Span // where the pieces of the reply stand in the whole text
	Forward bool   // the text passes somebody else's mail on
}

// MaxText is how much of a text is looked at, in bytes; what comes after is
// taken for history when there is any, else for text.
const MaxText = 1 << 20

// Strip returns what of text is the reply. Lines end in a newline.
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

// A class says what a line is.
type class byte

const (
	emptyLine       class = 'e'
	textLine        class = 't'
	quotedLine      class = 'q'
	attributionLine class = 'b' // "On Monday Jan wrote:"
	labelLine       class = 'h' // "From: Jan"
	ruleLine        class = 'd' // "-----"
	signatureMark   class = 'g' // "-- "
	signOffLine     class = 's' // "Sent from my iPhone"
	possibleSignOff class = 'm' // "Sent from Utrecht": mobile or words, see [signOffs]
	originalMark    class = 'o' // "-----Original message-----"
	forwardMark     class = 'f' // "Begin forwarded message:"
	removedLine     class = 'x' // banners, armour
)

type line struct {
	text       string // without its newline and the blanks before it
	start, end int
	class      class
	joined     int // further lines that belong to this one
	cut        int // an attribution follows here, in the middle of the line
}

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

// classify gives every line its class.
func classifyLines(lines []line, o Options) {
	inCode := findCodeLines(lines)
	quotes := o.Quotes
	signatures := o.Signatures
	armour := false
	tries := maxTries
	for i := 0; i < len(lines); i++ {
		l := &lines[i]
		l.class = classifyLine(l.text)
		switch {
		case inCode != nil && inCode[i] && l.class != emptyLine:
			l.class = textLine
		case isInsideSpan(&quotes, l.start) && l.class != emptyLine:
			if l.class != forwardMark {
				l.class = quotedLine
			}
		case isInsideSpan(&signatures, l.start) && l.class != emptyLine:
			l.class = signOffLine
		}
		armour = markPGPArmour(l, armour)
		intro := l.class == quotedLine && l.text[0] != '>' // what stands above a quote belongs to it in HTML
		if (l.class == textLine || intro) && tries > 0 && mayBeginAttribution(l.text) {
			tries--
			cut, n := findEmbeddedAttribution(lines, i)
			if cut == 0 {
				n = attributionLength(lines, i)
			}
			if n > 0 {
				l.cut = cut
				l.joined = n - 1
				if cut == 0 {
					l.class = attributionLine
				}
				for j := i + 1; j < i+n; j++ {
					lines[j].class = attributionLine
				}
				i += n - 1
			}
		}
	}
	markHeaderLabels(lines)
	markWrappedQuotes(lines)
	resolveSignOffs(lines)
	markBanner(lines)
}

// minWrapped is how long a quoted line is, in bytes, that was too long for
// its program.
const minWrapped = 60

// unfinishedSentence reports whether a line visibly goes on in the next.
func continuesInNext(line, next string) bool {
	r, _ := utf8.DecodeRuneInString(next)
	return !strings.ContainsAny(line[len(line)-1:], ".?!:") || unicode.IsLower(r)
}

// wrapped marks the ends of quoted lines that a program broke without marking
// them: one or two lines of text right under a long quoted line that ends in
// the middle of a sentence, or a piece of a link, and right above the next.
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
		if end := i + n; end == len(lines) || lines[end].class == quotedLine || end == len(lines)-1 && lines[end].class == emptyLine {
			for j := i; j < end; j++ {
				lines[j].class = quotedLine
			}
		}
	}
}

// brokenLink reports whether a line is the end of a link that the line before
// it begins, or nothing but a link in brackets.
func isBrokenLink(before, line string) bool {
	line = strings.TrimSpace(line)
	if i := strings.LastIndexAny(before, "(<"); i >= 0 && strings.HasPrefix(before[i+1:], "http") && !strings.ContainsAny(before[i:], ")>") {
		return strings.ContainsAny(line, ")>") && !strings.Contains(line, " ")
	}
	return (strings.HasPrefix(line, "(http") || strings.HasPrefix(line, "<http")) && !strings.Contains(strings.TrimRight(line, "> "), " ")
}

// maxTries is how many lines of a text are looked at for attributions: more
// than any thread has, few enough for a text that is made of them.
const maxTries = 500

// inside reports whether pos lies in the first of the spans, and lets go of
// those before it.
func isInsideSpan(spans *[]Span, pos int) bool {
	for len(*spans) > 0 && (*spans)[0].End <= pos {
		*spans = (*spans)[1:]
	}
	return len(*spans) > 0 && (*spans)[0].Start <= pos
}

// codeLines reports the lines between code fences; nil for none.
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

// pgpLine marks the armour of signed mail; it returns whether the signature is
// still open.
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

// A unit is one line, or the lines of one attribution.
type unit struct {
	class       class
	first, last int // lines
	text        string
	cut         int // how much of its only line belongs to it; 0 for all
}

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

// render returns the text of the units kept.
func renderReply(lines []line, kept []unit) Result {
	var r Result
	var b strings.Builder
	for _, u := range kept {
		if u.last < u.first {
			continue // what follows in the middle of a line
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

// trimBlankLines takes away blank lines at the start, but not the indentation
// of the first that is none.
func trimBlankLines(s string) string {
	for {
		l, rest, ok := strings.Cut(s, "\n")
		if !ok || strings.TrimSpace(l) != "" {
			return s
		}
		s = rest
	}
}
