package rfc822

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// A charSet is one of the sets between which ISO-2022 text switches by escape
// sequences (RFC 1468, 1554, 1557, 1922).
type charSet struct {
	width  int    // bytes of a character
	prefix string // before each character in the 8-bit charset
	// eightBit is the charset in which the set's bytes are above ASCII.
	eightBit encoding.Encoding
}

var (
	asciiSet    = &charSet{width: 1}
	katakanaSet = &charSet{1, "\x8e", japanese.EUCJP}
	kanjiSet    = &charSet{2, "", japanese.EUCJP}
	moreKanji   = &charSet{2, "\x8f", japanese.EUCJP}
	hanjaSet    = &charSet{2, "", korean.EUCKR}
	hanziSet    = &charSet{2, "", simplifiedchinese.GB18030}
	unknownSet  = &charSet{2, "", nil}
)

// designations are the escape sequences, without the escape character, that
// choose a set. Those with a closing parenthesis choose the set that begins at
// a shift-out character.
var designations = []struct {
	sequence string
	set      *charSet
}{
	{"(B", asciiSet}, {"(J", asciiSet}, {"(H", asciiSet}, {"(I", katakanaSet},
	{"$@", kanjiSet}, {"$B", kanjiSet}, {"$(@", kanjiSet}, {"$(B", kanjiSet}, {"$(D", moreKanji}, {"$(Q", kanjiSet}, {"$(O", kanjiSet}, {"$(P", moreKanji},
	{"$A", hanziSet}, {"$(A", hanziSet}, {"$)A", hanziSet}, {"$(C", hanjaSet}, {"$)C", hanjaSet},
	{"$)E", unknownSet}, {"$)G", unknownSet}, {"$*H", unknownSet},
}

const (
	escape   = 0x1b
	shiftOut = 0x0e
	shiftIn  = 0x0f
)

// hasEscapes reports whether ASCII bytes switch to a set with characters of two
// bytes, which no other text does.
func hasEscapes(raw []byte) bool {
	for {
		i := bytes.IndexByte(raw, escape)
		if i < 0 {
			return false
		}
		raw = raw[i+1:]
		for _, d := range designations {
			if d.set.width == 2 && bytes.HasPrefix(raw, []byte(d.sequence)) {
				return true
			}
		}
	}
}

// strippedEscapes matches Japanese text whose escape characters were removed on
// the way: the sequences around it are still there.
var strippedEscapes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$[B@]((?:[!-~]{2})+?)\([BJ]`) })

// restoreEscapes puts back escape characters that a gateway removed from text
// that is declared as Japanese.
func restoreEscapes(raw []byte, label string) []byte {
	if !strings.HasPrefix(label, "iso-2022-jp") || bytes.IndexByte(raw, escape) >= 0 {
		return raw
	}
	return strippedEscapes().ReplaceAllFunc(raw, func(b []byte) []byte {
		text := b[2 : len(b)-2]
		return append(append([]byte("\x1b$B"), text...), "\x1b(B"...)
	})
}

// decodeISO2022 decodes text that switches between sets. lost is the number of
// characters that could not be read.
func decodeISO2022(raw []byte) (text string, lost int) {
	d := iso2022Decoder{set: asciiSet, shifted: unknownSet}
	for len(raw) > 0 {
		raw = raw[d.next(raw):]
	}
	d.flush()
	return d.out.String(), d.lost
}

type iso2022Decoder struct {
	out     strings.Builder
	lost    int
	set     *charSet // of the characters that follow
	shifted *charSet // after shift-out
	isOut   bool     // after shift-out
	run     []byte   // characters of runSet, in its 8-bit charset
	runSet  *charSet
}

// next decodes the first character or escape sequence of raw, and returns its
// length.
func (d *iso2022Decoder) next(raw []byte) int {
	set := d.set
	if d.isOut {
		set = d.shifted
	}
	switch c := raw[0]; {
	case c == escape:
		return 1 + d.designate(raw[1:])
	case c == shiftOut:
		d.isOut = true
		return 1
	case c == shiftIn:
		d.isOut = false
		return 1
	case set == asciiSet, c <= ' ', len(raw) < set.width, raw[set.width-1] <= ' ':
		d.flush()
		if c == '\n' {
			d.isOut = false
		}
		if c > '~' {
			d.out.WriteString(replacement)
			d.lost++
			return 1
		}
		d.out.WriteByte(c)
		return 1
	}
	if d.runSet != set {
		d.flush()
		d.runSet = set
	}
	d.run = append(d.run, set.prefix...)
	for _, c := range raw[:set.width] {
		d.run = append(d.run, c|0x80)
	}
	return set.width
}

// designate reads what follows an escape character, and returns its length.
func (d *iso2022Decoder) designate(raw []byte) int {
	for _, s := range designations {
		if !bytes.HasPrefix(raw, []byte(s.sequence)) {
			continue
		}
		if s.sequence[1] == ')' || s.sequence[1] == '*' {
			d.shifted = s.set
		} else {
			d.set = s.set
		}
		return len(s.sequence)
	}
	return 0
}

// flush writes the characters of the current run.
func (d *iso2022Decoder) flush() {
	if len(d.run) == 0 {
		return
	}
	text := strings.Repeat(replacement, len(d.run)/d.runSet.width)
	if d.runSet.eightBit != nil {
		b, err := d.runSet.eightBit.NewDecoder().Bytes(d.run)
		if err == nil {
			text = string(b)
		}
	}
	d.lost += strings.Count(text, replacement)
	d.out.WriteString(text)
	d.run = d.run[:0]
}
