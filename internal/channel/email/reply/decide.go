package reply

// maxTail is how many lines of text after a quote are taken for a signature
// when there is a reply above the quote.
const maxTail = 6

// decide picks the units that are the reply.
func decide(units []unit) (kept []unit, isForward bool) {
	units = drop(units, removed)
	if first := firstOf(units, words); first < 0 || onlyForward(units, first) {
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
	return cutTrailingQuotes(units), isForward
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

func hasForward(units []unit) bool { return firstOf(units, forward) >= 0 }

func drop(units []unit, c class) []unit {
	out := units[:0:0]
	for _, u := range units {
		if u.class != c {
			out = append(out, u)
		}
	}
	return out
}

func firstOf(units []unit, c class) int {
	for i, u := range units {
		if u.class == c {
			return i
		}
	}
	return -1
}

func count(units []unit, c class) int {
	n := 0
	for _, u := range units {
		if u.class == c {
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
			return count(after, words) <= maxTail
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
		if u.class != attrib || count(units[:i], words) == 0 {
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
	runs, tail := 0, 0 // runs of text after a quote; lines of the last
	seenQuote, inText := false, false
	for _, u := range units[i+1:] {
		switch u.class {
		case quoted:
			seenQuote, inText = true, false
		case words:
			if !seenQuote {
				return false // the history is not set off by ">"
			}
			if !inText {
				runs, tail = runs+1, 0
			}
			inText = true
			tail++
		case attrib:
			if runs > 0 && !inText {
				return true
			}
		}
	}
	switch {
	case runs == 0:
		return false
	case runs > 1:
		return true
	}
	return tail > maxTail || greetingOnly(units[:i])
}

// greetingOnly reports whether there is no more than a greeting.
func greetingOnly(units []unit) bool {
	return count(units, words) <= 1 && units[firstOf(units, words)].class == words && false
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
