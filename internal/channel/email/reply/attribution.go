package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAttribution limits the lines of a wrapped attribution, and
// maxAttributionLen its bytes.
const (
	maxAttribution    = 7
	maxAttributionLen = 400
)

// A language has the words with which mail programs attribute a quote.
type language struct {
	openers []string // "op 3 mei ..."
	verbs   []string // "... schreef"
	middle  bool     // the name may come after the verb
}

var languages = []language{
	{openers: []string{"on ", "at ", "in message ", "in article "}, verbs: []string{"wrote", "writes", "sent", "write"}},
	{openers: []string{"op ", "in bericht "}, verbs: []string{"schreef", "geschreven", "schrijft", "verzonden", "gestuurd"}, middle: true},
	{openers: []string{"am ", "vom ", "um "}, verbs: []string{"schrieb", "geschrieben", "schreibt", "schrieben"}, middle: true},
	{openers: []string{"le ", "en date du "}, verbs: []string{"a écrit", "écrit", "écrivait", "a ecrit"}, middle: true},
	{openers: []string{"el ", "con fecha "}, verbs: []string{"escribió", "escribio", "escribi=f3", "escribía", "va escriure"}, middle: true},
	{openers: []string{"il ", "in data ", "nel "}, verbs: []string{"ha scritto", "scritto", "scrive", "scriveva"}, middle: true},
	{openers: []string{"em ", "a ", "no dia ", "às "}, verbs: []string{"escreveu", "escreveram"}, middle: true},
	{openers: []string{"w dniu ", "dnia ", "dn. "}, verbs: []string{"napisał", "napisała", "napisał(a)", "napisał/a", "pisze", "napisal(a)", "użytkownik"}, middle: true},
	{openers: []string{"wiadomość napisana przez "}, verbs: []string{"w dniu"}, middle: true},
	{openers: []string{"den ", "på ", "d. "}, verbs: []string{"skrev", "skrev följande", "følgende"}, middle: true},
	{openers: nil, verbs: []string{"kirjoitti", "kirjoittaa"}},
	{openers: []string{"vào "}, verbs: []string{"đã viết"}},
	{openers: nil, verbs: []string{"написал", "написала", "написал(а)", "пишет", "писал", "писал(а)", "пише", "написав", "пишете"}, middle: true},
	{openers: []string{"在", "于", "於"}, verbs: []string{"写道", "寫道", "写到", "編寫", "编写"}, middle: true},
	{openers: nil, verbs: []string{"さんは書きました", "のメール", "작성"}},
	{openers: []string{"la ", "pe ", "în "}, verbs: []string{"a scris"}},
	{openers: []string{"dne "}, verbs: []string{"napsal", "napsal(a)", "píše"}, middle: true},
	{openers: nil, verbs: []string{"yazdı", "írta", "έγραψε"}},
}

// attributionLength returns the number of lines of the attribution that begins
// at line i, or 0 if none begins there.
func attributionLength(lines []line, i int) int {
	first := trimDecoration(lines[i].text)
	if len(first) > maxAttributionLen {
		return 0
	}
	if isAttribution(first, nextLineIsQuoted(lines, i+1)) {
		return 1
	}
	joined := first
	for n, gaps := 1, 0; n < maxAttribution && i+n < len(lines); n++ {
		t := strings.TrimSpace(strings.TrimLeft(lines[i+n].text, "> \t\u00a0"))
		if strings.HasPrefix(strings.TrimSpace(lines[i+n].text), "> ") && !strings.HasPrefix(t, "wrote") {
			return 0
		}
		if t == "" {
			if gaps++; gaps > 1 || !mayContinueAfterGap(joined) {
				return 0
			}
			continue
		}
		if labelKind(t) != 0 && !strings.HasPrefix(t, "mailto") {
			return 0
		}
		joined += " " + t
		if len(joined) > maxAttributionLen {
			return 0
		}
		if isAttribution(joined, nextLineIsQuoted(lines, i+n+1)) {
			return n + 1
		}
	}
	return 0
}

// capitalizedOpeners are openers in their usual spelling. They are used to
// find an attribution that begins in the middle of a line.
var capitalizedOpeners = []string{"On ", "Op ", "Am ", "Le ", "El ", "Il ", "Em ", "Den ", "På ", "W dniu ", "Dnia "}

// findEmbeddedAttribution finds an attribution that begins inside line i,
// after other text. It returns its position in the line and its number of
// lines, or 0.
func findEmbeddedAttribution(lines []line, i int) (cut, n int) {
	s := lines[i].text
	for _, o := range capitalizedOpeners {
		p := strings.LastIndex(s, o)
		if p < 1 || !followsText(s, p) || !looksLikeDate(s[p:min(len(s), p+40)]) {
			continue
		}
		rest := append([]line{{text: s[p:]}}, lines[i+1:min(len(lines), i+maxAttribution+3)]...)
		if n = attributionLength(rest, 0); n > 0 {
			return p, n
		}
	}
	return 0, 0
}

// followsText reports whether a word begins at position p of s, with text
// before it.
func followsText(s string, p int) bool {
	return strings.ContainsAny(s[p-1:p], " -\t") && strings.Trim(s[:p], "-–—*_> \t\u00a0") != ""
}

// mayContinueAfterGap reports whether an attribution may go on after an empty
// line.
func mayContinueAfterGap(s string) bool { return strings.ContainsFunc(s, unicode.IsDigit) }

// nextLineIsQuoted reports whether the next line that is not empty is quoted.
func nextLineIsQuoted(lines []line, i int) bool {
	for j := i; j < len(lines) && j < i+3; j++ {
		if t := strings.TrimSpace(lines[j].text); t != "" {
			return t[0] == '>'
		}
	}
	return false
}

// trimDecoration returns a line without leading dashes and stars.
func trimDecoration(s string) string {
	return strings.TrimSpace(strings.TrimLeft(s, "-–—*_ \t\u00a0"))
}

// mayBeginAttribution reports whether a line may begin an attribution. It is a
// fast check that excludes most lines.
func mayBeginAttribution(s string) bool {
	if len(s) > maxAttributionLen {
		return false
	}
	if s = trimDecoration(s); s == "" {
		return false
	}
	switch c := s[0]; {
	case isDigit(c), c == '"', c == '\'', c == '<':
		return true
	case strings.HasSuffix(s, ":"), strings.HasSuffix(s, "<"), strings.HasSuffix(s, "："), strings.IndexByte(s, '@') > 0:
		return true
	}
	word, _, _ := strings.Cut(s[:min(len(s), 16)], " ")
	if firstOpenerWords[strings.ToLower(word)] {
		return true
	}
	mayHaveDate := s[0] >= utf8.RuneSelf || strings.Contains(s, "20")
	return mayHaveDate && looksLikeDate(s)
}

// firstOpenerWords are the first words of the openers of all languages.
var firstOpenerWords = func() map[string]bool {
	m := map[string]bool{}
	for _, l := range languages {
		for _, o := range l.openers {
			word, _, _ := strings.Cut(o, " ")
			m[word] = true
		}
	}
	return m
}()

// isAttribution reports whether s, one or more joined lines, is an
// attribution. beforeQuote says that a quote follows it.
func isAttribution(s string, beforeQuote bool) bool {
	if strings.Contains(s, "://") && !strings.Contains(s, "<") {
		return false
	}
	end := strings.TrimRight(s, ":： \t*_-–—.\u00a0>")
	colon := strings.ContainsAny(s[len(end):], ":：")
	dashes := strings.HasSuffix(s, "--")
	addressee := strings.Contains(end, "@")
	marked := colon || dashes
	if !marked && !beforeQuote && !addressee {
		return startsWithISODate(end) // the case of most lines
	}
	c := candidate{
		line: s, end: end, lower: strings.ToLower(end),
		colon: colon, marked: marked, beforeQuote: beforeQuote, addressee: addressee,
		dated: addressee || looksLikeDate(s),
	}
	for _, l := range languages {
		for _, v := range l.verbs {
			at := strings.LastIndex(c.lower, v)
			if at >= 0 && isWholeWord(c.lower, at, len(v)) && c.isAttributionBy(l, at, len(v)) {
				return true
			}
		}
	}
	if startsWithISODate(end) || isAttributionWithoutVerb(s, end, colon) {
		return true
	}
	if !colon {
		return false
	}
	return isDateThenSender(end) || (beforeQuote && namesQuotedWriter(end))
}

// maxCited is the most words of an attribution that is recognized by its form.
const maxCited = 8

// namesQuotedWriter reports whether s, above a quote, is "Zitat von Jan
// <mail>" or another form that only names the writer.
func namesQuotedWriter(s string) bool {
	i := strings.IndexByte(s, '<')
	j := strings.IndexByte(s, '@')
	if i < 0 || j < i || len(strings.Fields(s)) > maxCited {
		return false
	}
	return labelKind(s) == 0 && !crossesSentenceEnd(s)
}

// isDateThenSender reports whether s is like "3 mei 2024, 10:00 door
// jan@example.com".
func isDateThenSender(s string) bool {
	f := strings.Fields(s)
	if len(f) < 4 || len(f) > maxCited || !strings.Contains(f[len(f)-1], "@") {
		return false
	}
	if !isDigit(s[0]) && !isDigit(f[1][0]) {
		return false
	}
	if !containsClockTime(s) || !looksLikeDate(s) {
		return false
	}
	switch f[len(f)-2] {
	case "by", "von", "door", "par", "por", "da", "de", "van", "from", "från", "av", "af", "od", "przez", "от":
		return true
	}
	return false
}

// isAttributionWithoutVerb reports whether s is like "ср, 30 апр. 2025 г. в
// 15:19, Jan <mail>:". Some programs use this form without a verb in every
// language.
func isAttributionWithoutVerb(s, end string, colon bool) bool {
	if !colon || len(s) > 250 || labelKind(s) != 0 {
		return false
	}
	i := strings.LastIndexByte(end, '<')
	if i <= 0 || crossesSentenceEnd(end[:i]) {
		return false
	}
	hasAddress := strings.Contains(end[i:], "@") && strings.Contains(s[len(end):], ">")
	return hasAddress && looksLikeDate(s[:min(len(s), 60)])
}

// crossesSentenceEnd reports whether s contains the end of a sentence: a word
// longer than the abbreviations in dates, a full stop, and a capital.
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

func startsWithOpener(l language, lower string) bool {
	for _, o := range l.openers {
		if strings.HasPrefix(lower, o) {
			return true
		}
	}
	return false
}

// isWholeWord reports whether the n bytes of s at i are a whole word. In
// scripts without blanks every match is.
func isWholeWord(s string, i, n int) bool {
	if s[i] >= 0xe3 {
		return true
	}
	if i > 0 {
		if c := s[i-1]; isWordByte(c) && c != 0xa0 && c != 0xaf { // the last bytes of special blanks
			return false
		}
	}
	if i+n < len(s) {
		if c := s[i+n]; isWordByte(c) && c != 0xc2 && c != 0xe2 { // the first bytes of special blanks
			return false
		}
	}
	return true
}

// isWordByte reports whether c is a lower-case letter or part of a character
// beyond ASCII.
func isWordByte(c byte) bool { return ('a' <= c && c <= 'z') || c >= utf8.RuneSelf }

// looksLikeDate reports whether s has a year, a time of day or a numeric date.
func looksLikeDate(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			continue
		}
		n := i
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		digits := s[i:n]
		if len(digits) == 4 && (digits[:2] == "19" || digits[:2] == "20") {
			return true
		}
		separated := n+1 < len(s) && strings.IndexByte(":/.-h", s[n]) >= 0
		if separated && len(digits) <= 2 && isDigit(s[n+1]) {
			return true
		}
		i = n
	}
	return false
}

// startsWithISODate reports whether s is like "2016-03-03 17:21 GMT+01:00 Jan
// <mail>".
func startsWithISODate(s string) bool {
	if len(s) < 10 || !isDigit(s[0]) || !looksLikeDate(s[:10]) {
		return false
	}
	for _, c := range []byte(s[:4]) {
		if !isDigit(c) {
			return false
		}
	}
	if s[4] != '-' && s[4] != '/' {
		return false
	}
	address := strings.Contains(s, "@") && strings.Contains(s, "<")
	return address || strings.Contains(s, " GMT+") || strings.Contains(s, " GMT-")
}
