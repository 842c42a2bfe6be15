package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAttribution is how many lines an attribution is wrapped over, and
// maxAttributionLen how many bytes it has.
const (
	maxAttribution    = 7
	maxAttributionLen = 400
)

// A language is how mail programs say who wrote what is quoted.
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

// attribution returns how many lines from i on say who wrote what follows; 0
// for none.
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

// capitals are the openers of attributions that stand at the end of a line of
// text, as they are written.
var capitalizedOpeners = []string{"On ", "Op ", "Am ", "Le ", "El ", "Il ", "Em ", "Den ", "På ", "W dniu ", "Dnia "}

// embedded returns where in line i an attribution begins, when the line begins
// with other text, and how many lines the attribution takes; 0 for none.
func findEmbeddedAttribution(lines []line, i int) (cut, n int) {
	s := lines[i].text
	for _, o := range capitalizedOpeners {
		p := strings.LastIndex(s, o)
		if p < 1 || !strings.ContainsAny(s[p-1:p], " -\t") || strings.Trim(s[:p], "-–—*_> \t\u00a0") == "" || !looksLikeDate(s[p:min(len(s), p+40)]) {
			continue
		}
		rest := append([]line{{text: s[p:]}}, lines[i+1:min(len(lines), i+maxAttribution+3)]...)
		if n = attributionLength(rest, 0); n > 0 {
			return p, n
		}
	}
	return 0, 0
}

// unfinished reports whether an attribution may go on after an empty line.
func mayContinueAfterGap(s string) bool { return strings.ContainsFunc(s, unicode.IsDigit) }

// nextQuoted reports whether the next line with anything on it is quoted.
func nextLineIsQuoted(lines []line, i int) bool {
	for j := i; j < len(lines) && j < i+3; j++ {
		if t := strings.TrimSpace(lines[j].text); t != "" {
			return t[0] == '>'
		}
	}
	return false
}

// bare returns a line without the dashes and stars around it.
func trimDecoration(s string) string {
	return strings.TrimSpace(strings.TrimLeft(s, "-–—*_ \t\u00a0"))
}

// mayOpen reports whether a line may begin an attribution: cheap, for most
// lines do not.
func mayBeginAttribution(s string) bool {
	if len(s) > maxAttributionLen {
		return false
	}
	if s = trimDecoration(s); s == "" {
		return false
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9' || c == '"' || c == '\'' || c == '<':
		return true
	case s[len(s)-1] == ':' || s[len(s)-1] == '<' || strings.HasSuffix(s, "：") || strings.IndexByte(s, '@') > 0:
		return true
	}
	word, _, _ := strings.Cut(s[:min(len(s), 16)], " ")
	return firstOpenerWords[strings.ToLower(word)] || s[0] >= 0x80 && looksLikeDate(s) || looksLikeDate(s) && strings.Contains(s, "20")
}

// openers are the first words of attributions, in every language.
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

// completes reports whether s, whose lines are joined, is an attribution.
// beforeQuote says that a quote follows it.
func isAttribution(s string, beforeQuote bool) bool {
	if strings.Contains(s, "://") && !strings.Contains(s, "<") {
		return false
	}
	end := strings.TrimRight(s, ":： \t*_-–—.\u00a0>")
	colon := strings.ContainsAny(s[len(end):], ":：")
	dashes := strings.HasSuffix(s, "--")
	addressee := strings.Contains(end, "@")
	if !colon && !dashes && !beforeQuote && !addressee {
		return startsWithISODate(end) // most lines end here
	}
	lower := strings.ToLower(end)
	dated := addressee || looksLikeDate(s)
	for _, l := range languages {
		for _, v := range l.verbs {
			if !strings.Contains(lower, v) {
				continue
			}
			at := strings.LastIndex(lower, v)
			if !isWholeWord(lower, at, len(v)) {
				continue
			}
			opened := startsWithOpener(l, lower)
			last := at+len(v) == len(lower)
			switch {
			case last && (colon || dashes) && (dated || beforeQuote && at < 80) && !crossesSentenceEnd(end):
				return true
			case last && opened && dated && (beforeQuote || strings.Contains(end, ">") && addressee):
				return true
			case !last && l.middle && opened && colon && dated && at < 80:
				return true
			case !last && l.middle && opened && colon && beforeQuote && at < 80 && strings.ContainsFunc(lower[:at], unicode.IsDigit) && len(strings.Fields(lower[at:])) <= maxCited:
				return true // "Op zo 22 nov schreef Klantenservice:"
			case !last && colon && looksLikeDate(s[min(at, len(s)):]) && at > 0 && at < 120 && len(lower)-at < 80 && !crossesSentenceEnd(end):
				return true // "Jan schreef op 3 mei 2024 om 10:00:"
			case !last && colon && at < 120 && looksLikeDate(lower[:at]) && strings.Contains(lower[at:], "@") && !crossesSentenceEnd(end):
				return true // "tir. 18. apr. 2017 kl. 13:09 skrev Jan <mail>:"
			}
		}
	}
	return startsWithISODate(end) || isAttributionWithoutVerb(s, end, colon) || colon && (beforeQuote && namesQuotedWriter(end) || isDateThenSender(end))
}

// maxCited is how many words an attribution has that is told by its shape.
const maxCited = 8

// cited reports whether s, above a quote, is "Zitat von Jan <mail>" or another
// form that only names the writer.
func namesQuotedWriter(s string) bool {
	i := strings.IndexByte(s, '<')
	j := strings.IndexByte(s, '@')
	return i >= 0 && j > i && len(strings.Fields(s)) <= maxCited && labelKind(s) == 0 && !crossesSentenceEnd(s)
}

// signed reports whether s is "3 mei 2024, 10:00 door jan@example.com".
func isDateThenSender(s string) bool {
	f := strings.Fields(s)
	if len(f) < 4 || len(f) > maxCited || !strings.Contains(f[len(f)-1], "@") || !containsClockTime(s) || !looksLikeDate(s) || !isDigit(s[0]) && !isDigit(f[1][0]) {
		return false
	}
	switch f[len(f)-2] {
	case "by", "von", "door", "par", "por", "da", "de", "van", "from", "från", "av", "af", "od", "przez", "от":
		return true
	}
	return false
}

// addressed reports whether s is "ср, 30 апр. 2025 г. в 15:19, Jan <mail>:",
// the form without a verb that some programs use in every language.
func isAttributionWithoutVerb(s, end string, colon bool) bool {
	if !colon || len(s) > 250 || !looksLikeDate(s[:min(len(s), 60)]) || labelKind(s) != 0 {
		return false
	}
	i := strings.LastIndexByte(end, '<')
	return i > 0 && strings.Contains(end[i:], "@") && strings.Contains(s[len(end):], ">") && !crossesSentenceEnd(end[:i])
}

// sentences reports whether s goes over the end of a sentence: a word longer
// than the abbreviations in dates, a full stop, a capital.
func crossesSentenceEnd(s string) bool {
	letters := 0
	for i, r := range s {
		switch {
		case unicode.IsLetter(r):
			letters++
			continue
		case (r == '.' || r == '!' || r == '?') && letters > 3 && i+2 < len(s) && s[i+1] == ' ':
			next, _ := utf8.DecodeRuneInString(s[i+2:])
			if unicode.IsUpper(next) {
				return true
			}
		}
		letters = 0
	}
	return false
}

func startsWithOpener(l language, lower string) bool {
	for _, o := range l.openers {
		if strings.HasPrefix(lower, o) {
			return true
		}
	}
	return false
}

// wordAt reports whether the n bytes at i are a word of their own; scripts
// without blanks need none.
func isWholeWord(s string, i, n int) bool {
	if s[i] >= 0xe3 {
		return true
	}
	if i > 0 {
		if c := s[i-1]; c >= 'a' && c <= 'z' || c >= 0x80 && c != 0xa0 && c != 0xaf {
			return false
		}
	}
	if i+n < len(s) {
		if c := s[i+n]; c >= 'a' && c <= 'z' || c >= 0x80 && c != 0xc2 && c != 0xe2 {
			return false
		}
	}
	return true
}

// datelike reports whether s holds a year, a time or a numeric date.
func looksLikeDate(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		n := i
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		digits := n - i
		if digits == 4 && (s[i] == '1' && s[i+1] == '9' || s[i] == '2' && s[i+1] == '0') {
			return true
		}
		if digits <= 2 && n+1 < len(s) && strings.IndexByte(":/.-h", s[n]) >= 0 && s[n+1] >= '0' && s[n+1] <= '9' {
			return true
		}
		i = n
	}
	return false
}

// dateFirst reports whether s is "2016-03-03 17:21 GMT+01:00 Jan <mail>".
func startsWithISODate(s string) bool {
	if len(s) < 10 || s[0] < '0' || s[0] > '9' || !looksLikeDate(s[:10]) {
		return false
	}
	for _, c := range []byte(s[:4]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	if s[4] != '-' && s[4] != '/' {
		return false
	}
	address := strings.Contains(s, "@") && strings.Contains(s, "<")
	return address || strings.Contains(s, " GMT+") || strings.Contains(s, " GMT-")
}
