package brief

import (
	"regexp"
	"strings"
	"unicode"
)

// maxText is the maximum length of a line, in characters.
const maxText = 200

var (
	// greetingPattern matches a greeting at the start of a message, with or without
	// a name.
	greetingPattern = regexp.MustCompile(`(?i)^(?:hallo|hoi|hi|hey|hello|dag|beste|geachte|dear|goede(?:n|r)?[ -]?(?:morgen|middag|avond|dag)|good (?:morning|afternoon|evening|day))` +
		`(?:(?:[ ]+[\p{L}.'/-]+){0,4}[ ]*(?:[,!:]+\s*|[.]+\s+|$)|[ ]+)`)
	// thanksPattern matches the start of a sentence without a request, for example
	// thanks or an agreement.
	thanksPattern = regexp.MustCompile(`(?i)^(?:alvast |many )?(?:bedankt|dank|thanks|thank you|thx|groet|groeten|groetjes|met vriendelijke|mvg|kind regards|best regards|regards|cheers|ok|oke|oké|okay|ja|nee|yes|no|top|prima|fijn)\b`)
	// announcement matches a sentence that only introduces the sender or announces
	// a question.
	announcement = regexp.MustCompile(`(?i)^(?:(?:ik ben het|daar ben ik|hier ben ik|ik|ben ik)(?: nu)?(?: al)? weer|(?:ik heb|even|nog) (?:nog )?(?:een|een korte|een kleine|1) vraag(?:je)?` +
		`|(?:mijn naam is|my name is|u spreekt met|je spreekt met)(?: [\p{L}.'-]+){1,4}` +
		`|(?:met|dit is|this is)(?: (?:mevrouw|meneer|mr|mrs|ms|de|het|van|der|den|ten|ter|(?-i:\p{Lu})[\p{L}.'-]*)){1,5}` +
		`|(?:it'?s|it is|hi,? it'?s)? ?(?:me|just me) again|i(?:'m| am) back(?: again)?|(?:i have|just) (?:a|another|one more|a quick) question)[ ]*[.,:!…]*$`)
	// wishPattern matches words that express a wish.
	wishPattern = regexp.MustCompile(`(?i)\b(?:ik (?:wil|zou|zoek|verwacht|moet)|wil(?:len)? (?:ik|we|graag)|graag|kunt u|kun je|kan (?:ik|iemand|u)|mag ik|wilt u|wil je|nodig` +
		`|i (?:want|need|would like|expect)|i'?d like|we (?:want|need)|please|can (?:you|i|someone)|could (?:you|i)|would you|looking for)\b`)
	// promisePattern matches words of a promise in an answer of ours: an act of ours, or
	// a time at which something will happen.
	promisePattern = regexp.MustCompile(`(?i)\b(?:kom(?:en)? (?:er|hier) .{0,30}\bop terug|(?:ik|wij|we) (?:bel(?:len)?|mail(?:en)?|laat|laten|zoek(?:en)?|sturen|stuur|regel(?:en)?|zorg(?:en)?|kijk(?:en)?|houd(?:en)?|betaal|betalen|stort(?:en)?|geef|geven|zullen|gaan|zal|ga)\b` +
		`|(?:u|je|jij) (?:krijgt|ontvangt|hoort|wordt)\b|wordt .{0,40}\b(?:bezorgd|geleverd|teruggestort|terugbetaald|verstuurd|vervangen)` +
		`|(?:binnen|uiterlijk|voor) (?:\d+|een|twee|drie|vier|vijf|morgen|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag)\b` +
		`|(?:we|i)(?:'ll| will| are going to|'re going to)\b|you(?:'ll| will)\b|will be (?:delivered|refunded|sent|replaced|paid)|get back to you|within (?:\d+|a|one|two|three|five)\b|by (?:tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b)`)
	sentenceEnd = regexp.MustCompile(`[.!?…]+(?:["')\]]*)(?:\s+|$)|\n+`)
)

// splitSentences returns the sentences of text with their punctuation. It leaves out
// the greeting, thanks, announcements and single words.
func splitSentences(text string) []string {
	text = strings.TrimSpace(text)
	text = text[len(greetingPattern.FindString(text)):]
	var out []string
	for text != "" {
		end := sentenceEnd.FindStringIndex(text)
		one := text
		if end == nil {
			text = ""
		} else {
			one = text[:end[1]]
			text = text[end[1]:]
		}
		one = singleLine(one)
		if countWords(one) > 1 && !thanksPattern.MatchString(one) && !announcement.MatchString(one) {
			out = append(out, one)
		}
	}
	return out
}

// isQuestionOrWish reports whether a sentence is a question or a wish.
func isQuestionOrWish(s string) bool { return strings.HasSuffix(s, "?") || wishPattern.MatchString(s) }

// singleLine returns s on one line, shortened to maxText characters.
func singleLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	n := 0
	for i := range s {
		if n == maxText {
			return strings.TrimSpace(s[:i]) + "…"
		}
		n++
	}
	return s
}

// countWords returns the number of words in s.
func countWords(s string) int { return len(strings.Fields(normalizeText(s))) }

// normalizeText returns the words of s in lower case, without punctuation, for
// comparisons.
func normalizeText(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// guessLanguage returns the language with the most common words in text: nl, en, or
// "" if undecided.
func guessLanguage(text string) string {
	var nl, en int
	for _, w := range strings.Fields(normalizeText(text)) {
		switch {
		case strings.Contains(dutchWords, " "+w+" "):
			nl++
		case strings.Contains(englishWords, " "+w+" "):
			en++
		}
	}
	switch {
	case nl > en:
		return "nl"
	case en > nl:
		return "en"
	default:
		return ""
	}
}

// Common words that only one of the languages has.
const (
	dutchWords   = " de het een ik je jij u uw mijn niet geen wel nog waar wanneer waarom hoe wat wie en of maar ook met voor van naar op aan bij deze dit zijn heb hebt heeft hebben ben bent kan kunt kunnen wil wilt graag bedankt hallo goedemiddag goedemorgen blijft komt moet mag er "
	englishWords = " the a an i you your my not no where when why how what who and or but also with for of to on at this that are have has am can could would want please thanks hello hi is it do does did still get got "
)
