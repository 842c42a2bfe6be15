package reply

import (
	"strings"
	"unicode"
)

// A candidate is a text that may be an attribution.
type candidate struct {
	line        string // the whole text
	end         string // line without the punctuation at its end
	lower       string // end in lower case
	colon       bool   // line ends in a colon
	marked      bool   // line ends in a colon or dashes
	beforeQuote bool   // a quote follows
	addressee   bool   // line has a mail address
	dated       bool   // line has a mail address or a date
}

// isAttributionBy reports whether c is an attribution with a verb of l, which is
// n bytes long and at position at.
func (c candidate) isAttributionBy(l language, at, n int) bool {
	opened := startsWithOpener(l, c.lower)
	if at+n == len(c.lower) {
		return c.endsInVerb(opened, at)
	}
	if !c.colon {
		return false
	}
	if l.middle && opened && at < 80 {
		if c.dated || c.isShortBeforeQuote(at) {
			return true
		}
	}
	if at >= 120 || crossesSentenceEnd(c.end) {
		return false
	}
	// "tir. 18. apr. 2017 kl. 13:09 skrev Jan <mail>:"
	if looksLikeDate(c.lower[:at]) && strings.Contains(c.lower[at:], "@") {
		return true
	}
	// "Jan schreef op 3 mei 2024 om 10:00:"
	return at > 0 && len(c.lower)-at < 80 && looksLikeDate(c.line[min(at, len(c.line)):])
}

// endsInVerb reports whether c, whose last word is the verb at position at, is
// an attribution: "On Monday Jan wrote:".
func (c candidate) endsInVerb(opened bool, at int) bool {
	plausible := c.dated || (c.beforeQuote && at < 80)
	if c.marked && plausible && !crossesSentenceEnd(c.end) {
		return true
	}
	if !opened || !c.dated {
		return false
	}
	return c.beforeQuote || (c.addressee && strings.Contains(c.end, ">"))
}

// isShortBeforeQuote reports whether c, with its verb at position at, is like
// "Op zo 22 nov schreef Klantenservice:" above a quote.
func (c candidate) isShortBeforeQuote(at int) bool {
	if !c.beforeQuote || len(strings.Fields(c.lower[at:])) > maxCited {
		return false
	}
	return strings.ContainsFunc(c.lower[:at], unicode.IsDigit)
}
