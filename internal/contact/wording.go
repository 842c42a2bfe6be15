package contact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWordings is the number of words of the longest text that can ask for nothing.
// maxWordingBytes is its length in bytes.
const (
	maxWordings     = 64
	maxWordingBytes = 1000
)

// A separator is the strongest sign between two words.
type separator uint8

// The separators, weakest first.
const (
	blank   separator = iota
	comma             // also other signs within a sentence
	stop              // end of a sentence
	newLine           // beginning of a line
)

// A wording is one word of a text.
type wording struct {
	letters  [maxWord]byte // folded
	length   uint8
	long     bool      // it has more letters than are stored
	id       wordID    // of the word as it is spelled
	guess    wordID    // of the word that it is a misspelling of
	resolved bool      // whether guess was looked up
	before   separator // between the word before and this one
	capital  bool      // it begins with a capital letter
	name     bool      // it is a first name, or a name of the customer
	number   bool      // it contains a digit
	address  bool      // it is part of a mail or web address
}

// A text is a message as a list of words.
type text struct {
	words     [maxWordings]wording
	count     int
	question  bool // it has a question mark
	emoji     bool // it has an emoji
	unhappy   bool // it has an emoji or emoticon that complains or asks
	unread    bool // it is too long, or has signs that are never in a closing
	lowerCase bool // it has lower-case letters, so that a capital means something
}

// unhappyEmojis and unhappyEmoticons are signs of a person who complains or asks.
const unhappyEmojis = "👎😡😠🤬😤🖕💩🤮🤢😾❌🆘🤔🚫😒🙄"

// questionMarks are the signs that make a text a question.
const questionMarks = "?？¿؟⸮⁉⁇⁈❓❔"

var unhappyEmoticons = []string{":(", ":-(", ":'(", ":/", ":-/", ":@", ":-@", ">:", "(n)", "(N)", "=("}

// emoticons are signs that consist of ASCII characters, between blanks.
var emoticons = map[string]bool{
	":)": true, ":-)": true, ":D": true, ":-D": true, ";)": true, ";-)": true, ":p": true, ":P": true, ":-p": true, ":-P": true, "=)": true, "(:": true,
	"<3": true, "<33": true, "xD": true, "XD": true, "^^": true, "^_^": true, ":')": true, ":*": true, ":-*": true, "(y)": true, "(Y)": true, ":d": true, ":))": true, ":o)": true,
}

// readText splits s into words. g knows the words.
func (t *text) readText(s string, g *grammar) {
	if len(s) > maxWordingBytes {
		t.unread = true
		return
	}
	before := newLine
	rest := s
	for len(rest) > 0 && !t.unread {
		if n := emoticonAt(s, rest); n > 0 {
			t.emoji = true
			rest = rest[n:]
			continue
		}
		var w wording
		size := t.scan(&w, rest)
		w.before = before
		if size == 0 {
			r, n := utf8.DecodeRuneInString(rest)
			before = max(before, t.readSign(r, rest))
			rest = rest[n:]
			continue
		}
		rest = rest[size:]
		t.addWord(w, g)
		before = blank
	}
}

// mayClose reports whether t has none of the signs with which a text always asks.
func (t *text) mayClose() bool { return !t.question && !t.unread && !t.unhappy }

// emoticonAt returns the length of the emoticon at the beginning of rest, or 0. rest is
// the end of s.
func emoticonAt(s, rest string) int {
	if rest[0] >= utf8.RuneSelf || rest[0] == ' ' {
		return 0
	}
	if at := len(s) - len(rest); at > 0 && s[at-1] > ' ' {
		return 0
	}
	end := strings.IndexAny(rest, " \n\t\r")
	if end < 0 {
		end = len(rest)
	}
	if end > 4 || !emoticons[rest[:end]] {
		return 0
	}
	return end
}

// spelling returns the folded letters of w.
func (w *wording) spelling() []byte { return w.letters[:w.length] }

// scan reads the word at the beginning of s into w and returns its length in s. That
// is 0 if s does not begin with a word.
func (t *text) scan(w *wording, s string) (size int) {
	for size < len(s) {
		r, n := utf8.DecodeRuneInString(s[size:])
		isMark := size > 0 && isInnerMark(r)
		switch {
		case isMark && !continuesWord(s[size+n:]):
			return size
		case isMark:
		case unicode.IsLetter(r):
			isUpper := unicode.IsUpper(r)
			w.capital = w.capital || (size == 0 && isUpper)
			t.lowerCase = t.lowerCase || !isUpper
			w.appendFolded(r, s[size:])
		case unicode.IsDigit(r):
			w.number = true
			w.appendLetter(r)
		default:
			return size
		}
		size += n
	}
	return size
}

// continuesWord reports whether a word that an apostrophe or mark follows goes on in s.
func continuesWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.Is(unicode.Mn, r)
}

// isInnerMark reports whether r may be inside a word without being a letter: an
// apostrophe, an accent or a joiner.
func isInnerMark(r rune) bool {
	switch r {
	case '\'', '’', '‘', 'ʼ', '´', '`', '\u200d':
		return true
	}
	return unicode.Is(unicode.Mn, r)
}

// appendLetter appends a letter in lower case, if there is room.
func (w *wording) appendLetter(r rune) {
	r = unicode.ToLower(r)
	if w.endsInRun(r) {
		return // "daaaaank" is the same as "daaank"
	}
	if int(w.length)+utf8.RuneLen(r) > maxWord {
		w.long = true
		return
	}
	w.length += uint8(utf8.EncodeRune(w.letters[w.length:], r)) //nolint:gosec // at most four
}

// endsInRun reports whether the last three letters of w are r.
func (w *wording) endsInRun(r rune) bool {
	last := w.letters[max(0, int(w.length)-3):w.length]
	for _, c := range last {
		if rune(c) != r {
			return false
		}
	}
	return len(last) == 3
}

// appendFolded appends a letter in lower case and without accent. s begins with it.
func (w *wording) appendFolded(r rune, s string) {
	if r < utf8.RuneSelf {
		w.appendLetter(r)
		return
	}
	parts := norm.NFKD.PropertiesString(s).Decomposition()
	if parts == nil {
		w.appendLetter(r)
		return
	}
	for len(parts) > 0 {
		part, n := utf8.DecodeRune(parts)
		parts = parts[n:]
		if !unicode.Is(unicode.Mn, part) {
			w.appendLetter(part)
		}
	}
}

// readSign records the meaning of r, the first character of rest, which is not part of
// a word. Its result says how strongly r separates words.
func (t *text) readSign(r rune, rest string) separator {
	switch {
	case strings.ContainsRune(questionMarks, r):
		t.question = true
		return stop
	case r == '\n' || r == '\u2028' || r == '\u2029':
		return newLine
	case strings.ContainsRune(".!…;。", r):
		return stop
	case r == '@':
		t.markAddress()
		return blank
	case r < utf8.RuneSelf:
		t.unhappy = t.unhappy || isUnhappyEmoticon(rest)
		return separatorOfASCII(r, t)
	case strings.ContainsRune(unhappyEmojis, r):
		t.unhappy = true
	case unicode.Is(unicode.Sc, r):
		t.unread = true // an amount of money
	case unicode.Is(unicode.So, r):
		t.emoji = true
	case unicode.IsPunct(r):
		return comma
	}
	return blank
}

func separatorOfASCII(r rune, t *text) separator {
	switch r {
	case ' ', '\t', '\r', '-', '/', '*', '_', '~', '"', '+', '&', '`', '\'', '|':
		return blank
	case '$', '%', '=', '#', '\\', '{', '}', '[', ']':
		t.unread = true
	}
	return comma
}

// isUnhappyEmoticon reports whether s begins with an unhappy emoticon. ":/" in a web
// address is not one.
func isUnhappyEmoticon(s string) bool {
	for _, sign := range unhappyEmoticons {
		if strings.HasPrefix(s, sign) && !strings.HasPrefix(s, "://") {
			return true
		}
	}
	return false
}

// markAddress marks the word before an at sign. The words after it are unknown
// anyway.
func (t *text) markAddress() {
	if t.count > 0 {
		t.words[t.count-1].address = true
		return
	}
	t.unread = true // "@anna" addresses another person
}

// addWord adds a word. Laughter counts as an emoji.
func (t *text) addWord(w wording, g *grammar) {
	if isLaughter(w.spelling()) {
		t.emoji = true
		return
	}
	if t.count == maxWordings {
		t.unread = true
		return
	}
	if !w.long {
		w.id = g.ids[string(w.spelling())]
		w.name = firstNames()[string(w.spelling())]
	}
	t.words[t.count] = w
	t.count++
}

// isLaughter reports whether a word is "haha", "hihihi", "lol" or similar.
func isLaughter(word []byte) bool {
	switch string(word) {
	case "lol", "lmao", "rofl", "ahah":
		return true
	}
	if len(word) < 4 || word[0] != 'h' {
		return false
	}
	for i := range word {
		isWrong := word[i] != word[i%2] || (i%2 == 1 && strings.IndexByte("aei", word[i]) < 0)
		if isWrong {
			return false
		}
	}
	return true
}

// word returns the word of g that w is, or that it is a misspelling of. Misspellings
// are looked up here, because that is slow and few words need it.
func (w *wording) word(g *grammar) wordID {
	switch {
	case w.id != 0, w.resolved:
		return max(w.id, w.guess)
	case w.name, w.number, w.long:
		return 0
	}
	w.resolved = true
	if ordinaryWords()[string(w.spelling())] {
		return 0
	}
	if w.guess = g.findRepeated(w.spelling()); w.guess == 0 {
		w.guess = g.findTypo(w.spelling())
	}
	return w.guess
}

// mayBeName reports whether w may be a person's name: a known one, or a word with a
// capital letter that is not an ordinary word.
func (t *text) mayBeName(w *wording) bool {
	switch {
	case w.name, nameParticles()[string(w.spelling())]:
		return true
	case w.number || w.long || w.id != 0:
		return false
	}
	return w.capital && t.lowerCase && !ordinaryWords()[string(w.spelling())]
}
