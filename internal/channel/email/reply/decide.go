package reply

import (
	"slices"
	"strings"
	"unicode"
)

// maxTail is the most lines of text after a quote that count as a signature if
// there is a reply above the quote.
const maxTail = 6

// selectReply returns the units of the reply, and whether the text is a
// forward.
func selectReply(units []unit) (kept []unit, isForward bool) {
	units = dropClass(units, removedLine)
	if first := firstIndexOf(units, textLine); first < 0 || isForwardWithoutText(units, first) || isForwardWithShortNote(units) {
		for i := range units {
			units[i].cut = 0
		}
		return units, containsForward(units)
	}
	isForward = containsForward(units)
	units = cutAtOriginal(units)
	units = cutAtRule(units)
	units = dropClass(units, signOffLine)
	units = keepBottomReply(units)
	units = cutAtAttribution(units)
	units = cutAtLabels(units)
	units = dropClass(units, attributionLine)
	return cutAtDisclaimer(cutTrailingQuotes(units)), isForward
}

// isForwardWithoutText reports whether a forwarded mail begins before any text
// of its sender.
func isForwardWithoutText(units []unit, firstWords int) bool {
	for _, u := range units[:firstWords] {
		if u.class == forwardMark {
			return true
		}
	}
	return false
}

// isForwardWithShortNote reports whether the sender of a forward wrote no more
// than a short note such as "FYI".
func isForwardWithShortNote(units []unit) bool {
	f := firstIndexOf(units, forwardMark)
	if f < 0 || countTextUnits(units[:f]) != 1 {
		return false
	}
	note := units[firstIndexOf(units, textLine)].text
	return len(note) <= 24 && len(strings.Fields(note)) <= 3 && !strings.ContainsAny(note, "?0123456789")
}

func containsForward(units []unit) bool { return firstIndexOf(units, forwardMark) >= 0 }

func dropClass(units []unit, c class) []unit {
	return slices.DeleteFunc(units, func(u unit) bool { return u.class == c })
}

func firstIndexOf(units []unit, c class) int {
	for i, u := range units {
		if u.class == c {
			return i
		}
	}
	return -1
}

func countTextUnits(units []unit) int {
	n := 0
	for _, u := range units {
		if u.class == textLine {
			n++
		}
	}
	return n
}

// cutAtOriginal ends the reply at "Original message" or at a forwarded mail.
func cutAtOriginal(units []unit) []unit {
	seen := false
	for i, u := range units {
		switch u.class {
		case textLine:
			seen = true
		case originalMark, forwardMark:
			if !seen {
				continue
			}
			if hasAnswersWithin(units[i+1:]) {
				return units
			}
			return units[:i]
		default: // neither
		}
	}
	return units
}

// hasAnswersWithin reports whether the writer answers between or below the
// lines of the mail that follows, which begin with ">".
func hasAnswersWithin(after []unit) bool {
	for i, u := range after {
		switch u.class {
		case quotedLine:
			return collectAnswers(after[i:]).continuesReply()
		case textLine:
			return false
		default:
		}
	}
	return false
}

// cutAtRule ends the reply at a signature mark, or at a rule that is not
// followed by more text of the writer.
func cutAtRule(units []unit) []unit {
	seen := false
	judged := 0 // rules before this index do not end the reply
	for i, u := range units {
		switch {
		case u.class == textLine:
			seen = true
		case !seen:
		case u.class == signatureMark:
			return units[:i]
		case u.class == ruleLine && i >= judged:
			ends, next := endsAtRule(units[i+1:])
			if ends {
				return units[:i]
			}
			judged = i + 1 + next
		}
	}
	return units
}

// endsAtRule reports whether the units after a rule are history or a
// signature. These are: nothing, a quote without answers, labels, or a few
// lines directly below the rule or without a sentence. Otherwise next is the
// number of units for which the answer would be the same.
func endsAtRule(after []unit) (ends bool, next int) {
	for i, u := range after {
		switch u.class {
		case emptyLine, ruleLine, signOffLine:
		case textLine:
			return !hasMoreTextThan(after[i:], maxTail) && (i == 0 || !hasMoreToSay(after[i:])), i
		default:
			if hasAnswersWithin(after[i:]) {
				return false, len(after)
			}
			return true, 0
		}
	}
	return true, 0
}

// hasMoreTextThan reports whether there are more than n lines of text.
func hasMoreTextThan(units []unit, n int) bool {
	for _, u := range units {
		if u.class == textLine {
			if n--; n < 0 {
				return true
			}
		}
	}
	return false
}

// hasMoreToSay reports whether there is a sentence of the writer before the
// next quote.
func hasMoreToSay(units []unit) bool {
	for i, u := range units {
		switch {
		case u.class == quotedLine, u.class == attributionLine, u.class == labelLine, u.class == originalMark:
			return false
		case u.class != textLine:
		case isFooter(u.text), isDisclaimer(u.text, units[i:]):
			return false
		case isWrittenSentence(u.text):
			return true
		}
	}
	return false
}

// keepBottomReply returns the text under a quote that has no text above it.
func keepBottomReply(units []unit) []unit {
	first := firstIndexOf(units, textLine)
	if first < 0 {
		return units
	}
	attributed := false
	quotes := false
	for _, u := range units[:first] {
		attributed = attributed || u.class == attributionLine
		quotes = quotes || u.class == quotedLine
	}
	if !attributed || !quotes {
		return units
	}
	for _, u := range units[first:] {
		if u.class != textLine && u.class != emptyLine && u.class != ruleLine {
			return units
		}
	}
	return units[first:]
}

// cutAtAttribution ends the reply at an attribution, unless the writer answers
// between or below the quotes.
func cutAtAttribution(units []unit) []unit {
	for i, u := range units {
		if u.class != attributionLine || countTextUnits(units[:i]) == 0 {
			continue
		}
		if !hasAnswersBelow(units, i) {
			return units[:i]
		}
	}
	return units
}

// hasAnswersBelow reports whether the writer goes on after the quote that
// belongs to the attribution at i.
func hasAnswersBelow(units []unit, i int) bool {
	for j, u := range units[i+1:] {
		switch u.class {
		case textLine:
			return false // the history is not marked with ">"
		case quotedLine:
			a := collectAnswers(units[i+1+j:])
			if a.continuesReply() {
				return true
			}
			return a.lines > 0 && isGreetingOnly(units[:i])
		default:
		}
	}
	return false
}

// writerAnswers describes the writer's text after the start of a quote.
type writerAnswers struct {
	lines   int  // number of lines of text
	says    bool // a line is a sentence
	between bool // a line is between quotes
}

func (a writerAnswers) continuesReply() bool { return a.between || a.says || a.lines > maxTail }

func collectAnswers(units []unit) (a writerAnswers) {
	for i, u := range units {
		switch u.class {
		case quotedLine:
			if a.lines > 0 {
				a.between = true
				return a
			}
		case textLine:
			if isFooter(u.text) || isDisclaimer(u.text, units[i:]) {
				return a
			}
			a.says = a.says || isWrittenSentence(u.text) || (a.lines == 0 && beginsWithNumber(u.text))
			a.lines++
		default:
		}
	}
	return a
}

// maxAnswerDigits is the most digits of a number that is an answer, and not a
// phone number below a signature.
const maxAnswerDigits = 8

// beginsWithNumber reports whether a line begins with a number that can answer
// a question: "12345", "2 stuks", "# 12". A signature begins with a name.
func beginsWithNumber(s string) bool {
	s = strings.TrimLeft(s, " #€$")
	digits := 0
	for _, c := range s {
		if unicode.IsDigit(c) {
			digits++
		} else if !strings.ContainsRune(" -./()", c) {
			break
		}
	}
	return s != "" && isDigit(s[0]) && digits <= maxAnswerDigits
}

// isGreetingOnly reports whether the writer wrote no more than a greeting.
func isGreetingOnly(units []unit) bool {
	first := firstIndexOf(units, textLine)
	if first < 0 || countTextUnits(units) > 1 {
		return false
	}
	t := units[first].text
	return len(t) <= 40 && len(strings.Fields(t)) <= 4 && strings.HasSuffix(t, ",")
}

// isWrittenSentence reports whether a line is a sentence of the writer, or the
// end of one, and not part of a signature.
func isWrittenSentence(s string) bool {
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

// cutAtLabels ends the reply at the header of the mail that it answers.
func cutAtLabels(units []unit) []unit {
	seen := false
	for i, u := range units {
		if u.class == textLine {
			seen = true
		}
		if u.class == labelLine && seen {
			if hasAnswersWithin(units[i+1:]) {
				return units
			}
			return units[:i]
		}
	}
	return units
}

// cutTrailingQuotes ends the reply at a quote that runs to the end.
func cutTrailingQuotes(units []unit) []unit {
	end := len(units)
	for end > 0 && units[end-1].class != textLine {
		end--
	}
	if end == 0 {
		return units
	}
	return units[:end]
}
