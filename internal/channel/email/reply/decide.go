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
			if seen {
				return units[:i]
			}
		default: // neither
		}
	}
	return units
}

// cutRule ends the reply at the signature's dashes, and at a rule when what
// follows it is no more text of the writer.
func cutRule(units []unit) []unit {
	seen := false
	for i, u := range units {
		switch {
		case u.class == words:
			seen = true
		case !seen:
		case u.class == sigMark, u.class == rule && endsAtRule(units[i+1:]):
			return units[:i]
		}
	}
	return units
}

// endsAtRule reports whether what follows a rule is history or a signature:
// nothing, a quote, an attribution, labels, or a few lines.
func endsAtRule(after []unit) bool {
	for _, u := range after {
		switch u.class {
		case empty, rule, mobile:
		case words:
			return countWords(after) <= maxTail
		default:
			return true
		}
	}
	return true
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
	tail, seenQuote, says := 0, false, false // lines of text after the quote
	for j := i + 1; j < len(units); j++ {
		u := units[j]
		switch u.class {
		case quoted:
			if tail > 0 {
				return true // text between quotes
			}
			seenQuote = true
		case words:
			if !seenQuote {
				return false // the history is not set off by ">"
			}
			if isFooter(u.text) || isDisclaimer(u.text, units[j:]) {
				j = len(units)
				continue
			}
			tail++
			says = says || isSaid(u.text)
		default:
		}
	}
	return tail > maxTail || tail > 0 && (says || greetingOnly(units[:i]))
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

// footerWords are those of what lists and companies put below a mail, in lower
// case.
var footerWords = []string{
	"unsubscribe", "mailing list", "google groups", "you received this message", "you are receiving this", "confidential", "intended recipient", "registered office", "please consider the environment",
	"vertrouwelijk", "afmelden", "handelsregister", "vertraulich", "amtsgericht", "confidentie", "poufny", "désinscrire", "confidenci", "riservat", "fortrolig", "konfidenti", "luottamuks", "конфиденциальн", "avast", "virus",
}

func isFooter(s string) bool {
	lower := strings.ToLower(s)
	for _, w := range footerWords {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
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
