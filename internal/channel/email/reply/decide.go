package reply

import (
	"slices"
	"strings"
)

// maxTail is how many lines of text after a quote are taken for a signature
// when there is a reply above the quote.
const maxTail = 6

// decide picks the units that are the reply.
func decide(units []unit) (kept []unit, isForward bool) {
	units = drop(units, removed)
	if first := firstOf(units, words); first < 0 || onlyForward(units, first) || noteOnly(units) {
		for i := range units {
			units[i].cut = 0
		}
		return units, hasForward(units)
	}
	isForward = hasForward(units)
	units = cutOriginal(units)
	units = cutRule(units)
	units = drop(units, mobile)
	units = bottomReply(units)
	units = cutAttributed(units)
	units = cutLabels(units)
	units = drop(units, attrib)
	return cutDisclaimer(cutTrailingQuotes(units)), isForward
}

// onlyForward reports whether a forwarded mail begins before any words of its
// sender.
func onlyForward(units []unit, firstWords int) bool {
	for _, u := range units[:firstWords] {
		if u.class == forward {
			return true
		}
	}
	return false
}

// noteOnly reports whether a forwarded mail is all that its sender says, but
// for "FYI".
func noteOnly(units []unit) bool {
	f := firstOf(units, forward)
	if f < 0 || countWords(units[:f]) != 1 {
		return false
	}
	note := units[firstOf(units, words)].text
	return len(note) <= 24 && len(strings.Fields(note)) <= 3 && !strings.ContainsAny(note, "?0123456789")
}

func hasForward(units []unit) bool { return firstOf(units, forward) >= 0 }

func drop(units []unit, c class) []unit {
	return slices.DeleteFunc(units, func(u unit) bool { return u.class == c })
}

func firstOf(units []unit, c class) int {
	for i, u := range units {
		if u.class == c {
			return i
		}
	}
	return -1
}

func countWords(units []unit) int {
	n := 0
	for _, u := range units {
		if u.class == words {
			n++
		}
	}
	return n
}

// cutOriginal ends the reply at "Original message" and at what is forwarded.
func cutOriginal(units []unit) []unit {
	seen := false
	for i, u := range units {
		switch u.class {
		case words:
			seen = true
		case original, forward:
			if !seen {
				continue
			}
			if answersIn(units[i+1:]) {
				return units
			}
			return units[:i]
		default: // neither
		}
	}
	return units
}

// answersIn reports whether the writer goes on between or below the lines of
// the mail that follows, which are set off by ">".
func answersIn(after []unit) bool {
	for i, u := range after {
		switch u.class {
		case quoted:
			return answersAfter(after[i:]).any()
		case words:
			return false
		default:
		}
	}
	return false
}

// cutRule ends the reply at the signature's dashes, and at a rule when what
// follows it is no more text of the writer.
func cutRule(units []unit) []unit {
	seen := false
	judged := 0 // up to here no rule ends the reply
	for i, u := range units {
		switch {
		case u.class == words:
			seen = true
		case !seen:
		case u.class == sigMark:
			return units[:i]
		case u.class == rule && i >= judged:
			ends, next := endsAtRule(units[i+1:])
			if ends {
				return units[:i]
			}
			judged = i + 1 + next
		}
	}
	return units
}

// endsAtRule reports whether what follows a rule is history or a signature:
// nothing, a quote without answers, labels, or a few lines that stand right
// below it or say nothing.
// When it is none, it returns how many units need not be asked again.
func endsAtRule(after []unit) (ends bool, next int) {
	for i, u := range after {
		switch u.class {
		case empty, rule, mobile:
		case words:
			return !moreWords(after[i:], maxTail) && (i == 0 || !saysMore(after[i:])), i
		default:
			if answersIn(after[i:]) {
				return false, len(after)
			}
			return true, 0
		}
	}
	return true, 0
}

// moreWords reports whether there are more than n lines of text.
func moreWords(units []unit, n int) bool {
	for _, u := range units {
		if u.class == words {
			if n--; n < 0 {
				return true
			}
		}
	}
	return false
}

// saysMore reports whether the writer says something above the next quote.
func saysMore(units []unit) bool {
	for i, u := range units {
		switch {
		case u.class == quoted, u.class == attrib, u.class == label, u.class == original:
			return false
		case u.class != words:
		case isFooter(u.text), isDisclaimer(u.text, units[i:]):
			return false
		case isSaid(u.text):
			return true
		}
	}
	return false
}

// bottomReply takes the text under the quote when there is none above.
func bottomReply(units []unit) []unit {
	first := firstOf(units, words)
	if first < 0 {
		return units
	}
	attributed, quotes := false, false
	for _, u := range units[:first] {
		attributed = attributed || u.class == attrib
		quotes = quotes || u.class == quoted
	}
	if !attributed || !quotes {
		return units
	}
	for _, u := range units[first:] {
		if u.class != words && u.class != empty && u.class != rule {
			return units
		}
	}
	return units[first:]
}

// cutAttributed ends the reply at an attribution, unless the writer answers
// between or below the quotes.
func cutAttributed(units []unit) []unit {
	for i, u := range units {
		if u.class != attrib || countWords(units[:i]) == 0 {
			continue
		}
		if !answersBelow(units, i) {
			return units[:i]
		}
	}
	return units
}

// answersBelow reports whether the writer goes on after the quote that the
// attribution at i begins.
func answersBelow(units []unit, i int) bool {
	for j, u := range units[i+1:] {
		switch u.class {
		case words:
			return false // the history is not set off by ">"
		case quoted:
			a := answersAfter(units[i+1+j:])
			return a.any() || a.lines > 0 && greetingOnly(units[:i])
		default:
		}
	}
	return false
}

// answers are what a writer says after a quote has begun.
type answers struct {
	lines   int  // of text
	says    bool // one of them is a sentence
	between bool // one of them stands between quotes
}

func (a answers) any() bool { return a.between || a.says || a.lines > maxTail }

func answersAfter(units []unit) (a answers) {
	for i, u := range units {
		switch u.class {
		case quoted:
			if a.lines > 0 {
				a.between = true
				return a
			}
		case words:
			if isFooter(u.text) || isDisclaimer(u.text, units[i:]) {
				return a
			}
			a.lines++
			a.says = a.says || isSaid(u.text)
		default:
		}
	}
	return a
}

// greetingOnly reports whether the writer has said no more than hello.
func greetingOnly(units []unit) bool {
	first := firstOf(units, words)
	if first < 0 || countWords(units) > 1 {
		return false
	}
	t := units[first].text
	return len(t) <= 40 && len(strings.Fields(t)) <= 4 && strings.HasSuffix(t, ",")
}

// isSaid reports whether a line is a sentence of the writer's, or the end of
// one, and not a part of a signature.
func isSaid(s string) bool {
	end := strings.TrimRight(s, " )\"'")
	if end == "" || strings.Contains(s, "://") || strings.Contains(s, "www.") {
		return false
	}
	if len(strings.Fields(s)) < 3 {
		return strings.HasSuffix(end, "?") || strings.HasSuffix(end, "。") || strings.HasSuffix(end, "？")
	}
	if strings.HasSuffix(end, "...") {
		return false
	}
	return strings.ContainsAny(end[len(end)-1:], ".?!") || strings.HasSuffix(end, "。") || len(s) > 90
}

// footerWords are those of what lists, scanners and companies put below a mail,
// in lower case; legalWords too, but on a long line: customers use them.
var (
	footerWords = []string{
		"unsubscribe", "mailing list", "google groups", "you received this message", "you are receiving this", "consider the environment", "before printing", "print this", "virus-free", "virusvrij", "virenfrei", "for viruses", "op virussen", "auf viren", "checked by", "scanned by", "avast", "disclaimer",
		"denk aan het milieu", "voordat u deze", "rechten worden ontleend", "afmelden", "handelsregister", "umwelt", "amtsgericht", "l'environnement", "désinscrire", "medio ambiente", "all'ambiente", "meio ambiente",
	}
	legalWords = []string{
		"confidential", "intended recipient", "addressee", "registered office", "vertrouwelijk", "geadresseerde", "vertraulich", "empfänger", "confidentie", "destinataire", "confidenci", "destinatari", "riservat", "poufny", "fortrolig", "konfidenti", "luottamuks", "конфиденциальн",
	}
)

// minLegal is how long a line of small print is, in bytes.
const minLegal = 80

func isFooter(s string) bool {
	lower := strings.ToLower(s)
	within := func(w string) bool { return strings.Contains(lower, w) }
	return slices.ContainsFunc(footerWords, within) || len(s) >= minLegal && slices.ContainsFunc(legalWords, within)
}

// disclaimers begin what companies put under mail, in lower case.
var disclaimers = []string{
	"disclaimer", "confidentiality notice", "this e-mail and any", "this email and any", "this e-mail message", "this email message", "this message and any", "this e-mail is confidential", "this email is confidential",
	"the information contained in this", "the information in this e", "the contents of this e", "this message is intended", "this e-mail (", "this email (", "please consider the environment", "think before you print", "virus-free", "this email has been checked for viruses",
	"de informatie verzonden in", "de informatie verzonden met", "de informatie in dit", "de inhoud van dit", "de inhoud van deze e", "dit e-mailbericht", "dit bericht is uitsluitend", "dit bericht is vertrouwelijk", "dit bericht kan informatie", "dit bericht (", "deze e-mail is", "deze e-mail en", "deze e-mail kan", "aan dit bericht kunnen", "aan de inhoud van dit", "denk aan het milieu", "op dit bericht is een disclaimer", "virusvrij",
	"diese e-mail enthält", "diese e-mail und", "diese nachricht enthält", "der inhalt dieser e-mail", "die in dieser e-mail", "diese e-mail kann vertraul", "bitte prüfen sie, ob diese mail",
	"ce message et", "ce message est", "ce courriel", "cet e-mail", "les informations contenues dans ce", "pensez à l'environnement", "este mensaje", "este correo", "questo messaggio", "le informazioni contenute", "esta mensagem", "denna e-post", "denne e-mail", "denne e-posten",
}

// minDisclaimer is how long a disclaimer is, in bytes: a shorter line may be
// the writer's own.
const minDisclaimer = 120

// cutDisclaimer ends the reply at a company's small print, when little comes
// after it.
func cutDisclaimer(units []unit) []unit {
	seen := false
	for i, u := range units {
		if u.class != words {
			continue
		}
		if seen && len(units)-i <= 40 && isDisclaimer(u.text, units[i:]) {
			return units[:i]
		}
		seen = true
	}
	return units
}

func isDisclaimer(text string, after []unit) bool {
	lower := strings.ToLower(strings.Trim(text, "*_[]() \t"))
	for _, d := range disclaimers {
		if !strings.HasPrefix(lower, d) {
			continue
		}
		n := 0
		for _, u := range after {
			n += len(u.text)
		}
		return n >= minDisclaimer
	}
	return false
}

// cutLabels ends the reply at the header of the mail it answers.
func cutLabels(units []unit) []unit {
	seen := false
	for i, u := range units {
		if u.class == words {
			seen = true
		}
		if u.class == label && seen {
			if answersIn(units[i+1:]) {
				return units
			}
			return units[:i]
		}
	}
	return units
}

// cutTrailingQuotes ends the reply at the quote that runs to the end.
func cutTrailingQuotes(units []unit) []unit {
	end := len(units)
	for end > 0 && units[end-1].class != words {
		end--
	}
	if end == 0 {
		return units
	}
	return units[:end]
}
