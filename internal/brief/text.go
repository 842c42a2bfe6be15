package brief

import (
	"regexp"
	"strings"
	"unicode"
)

// maxText bounds a line's text, in characters.
const maxText = 200

// greeting is how a message begins before it says anything: with a name and a
// comma, or by itself.
var (
	greeting = regexp.MustCompile(`(?i)^(?:hallo|hoi|hi|hey|hello|dag|beste|geachte|dear|goede(?:n|r)?[ -]?(?:morgen|middag|avond|dag)|good (?:morning|afternoon|evening|day))` +
		`(?:(?:[ ]+[\p{L}.'/-]+){0,4}[ ]*(?:[,!:]+\s*|[.]+\s+|$)|[ ]+)`)
	thanks = regexp.MustCompile(`(?i)^(?:alvast |many )?(?:bedankt|dank|thanks|thank you|thx|groet|groeten|groetjes|met vriendelijke|mvg|kind regards|best regards|regards|cheers|ok|oke|oké|okay|ja|nee|yes|no|top|prima|fijn)\b`)
	// announces is a sentence that says who writes, or that something follows:
	// what it is, the next one says.
	announces = regexp.MustCompile(`(?i)^(?:(?:ik ben het|daar ben ik|hier ben ik|ik|ben ik)(?: nu)?(?: al)? weer|(?:ik heb|even|nog) (?:nog )?(?:een|een korte|een kleine|1) vraag(?:je)?` +
		`|(?:mijn naam is|my name is|u spreekt met|je spreekt met)(?: [\p{L}.'-]+){1,4}` +
		`|(?:met|dit is|this is)(?: (?:mevrouw|meneer|mr|mrs|ms|de|het|van|der|den|ten|ter|(?-i:\p{Lu})[\p{L}.'-]*)){1,5}` +
		`|(?:it'?s|it is|hi,? it'?s)? ?(?:me|just me) again|i(?:'m| am) back(?: again)?|(?:i have|just) (?:a|another|one more|a quick) question)[ ]*[.,:!…]*$`)
	wishes = regexp.MustCompile(`(?i)\b(?:ik (?:wil|zou|zoek|verwacht|moet)|wil(?:len)? (?:ik|we|graag)|graag|kunt u|kun je|kan (?:ik|iemand|u)|mag ik|wilt u|wil je|nodig` +
		`|i (?:want|need|would like|expect)|i'?d like|we (?:want|need)|please|can (?:you|i|someone)|could (?:you|i)|would you|looking for)\b`)
	ending = regexp.MustCompile(`[.!?…]+(?:["')\]]*)(?:\s+|$)|\n+`)
)

// sentences splits a text; each keeps its ending, and the greeting is left
// out.
func sentences(text string) []string {
	text = strings.TrimSpace(text)
	text = text[len(greeting.FindString(text)):]
	var out []string
	for text != "" {
		end := ending.FindStringIndex(text)
		one := text
		if end == nil {
			text = ""
		} else {
			one, text = text[:end[1]], text[end[1]:]
		}
		if one = line(one); words(one) > 1 && !thanks.MatchString(one) && !announces.MatchString(one) {
			out = append(out, one)
		}
	}
	return out
}

// asks reports whether a sentence is a question or a wish.
func asks(s string) bool { return strings.HasSuffix(s, "?") || wishes.MatchString(s) }

// line is a text on one line, of at most maxText characters.
func line(s string) string {
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

func words(s string) int { return len(strings.Fields(bare(s))) }

// bare is a text for comparing: its words, without capitals and signs.
func bare(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

func languageOf(text string) string {
	nl, en := 0, 0
	for _, w := range strings.Fields(bare(text)) {
		switch {
		case strings.Contains(dutch, " "+w+" "):
			nl++
		case strings.Contains(english, " "+w+" "):
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

// Words that only one of the languages has.
const (
	dutch   = " de het een ik je jij u uw mijn niet geen wel nog waar wanneer waarom hoe wat wie en of maar ook met voor van naar op aan bij deze dit zijn heb hebt heeft hebben ben bent kan kunt kunnen wil wilt graag bedankt hallo goedemiddag goedemorgen blijft komt moet mag er "
	english = " the a an i you your my not no where when why how what who and or but also with for of to on at this that are have has am can could would want please thanks hello hi is it do does did still get got "
)
