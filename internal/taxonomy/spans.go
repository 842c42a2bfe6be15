package taxonomy

import "strings"

// A Span is a range of bytes of a text.
type Span struct{ From, To int32 }

// Spans are the first eight or fewer ranges of a text, in the order of the text.
type Spans struct {
	n    int8
	list [8]Span
}

// List returns the spans.
func (s *Spans) List() []Span { return s.list[:s.n] }

func (s *Spans) appendSpan(x Span) {
	if int(s.n) < len(s.list) {
		s.list[s.n] = x
		s.n++
	}
}

// wordSpan returns the range of the word in text[from:to], without the separators
// before it.
func wordSpan(text string, from, to int) Span {
	word := text[from:to]
	from += len(word) - len(strings.TrimLeftFunc(word, isSeparator))
	return Span{int32(from), int32(to)} //nolint:gosec // texts are shorter
}

// isSeparator reports whether r is not part of a folded word.
func isSeparator(r rune) bool {
	var b [8]byte
	out, ok := appendFold(b[:0], r)
	return !ok || len(out) == 0
}
