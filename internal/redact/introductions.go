package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Introductions come before a name. After a strong one the next word is a name in
// any case; after a weak one only if it is not on the list of ordinary words.
var (
	strong = lazy(`(?i)(?:^|[^\p{L}\d'])(?:(?:mijn (?:volledige |achter|voor)?naam|naam|my (?:full |first |last )?name|name)(?: is|'s|:)|ik heet|je spreekt met|u spreekt met|i am called|you can call me|namens|tav|ter attentie van|(?:op|in) (?:de )?naam van|on behalf of|in the name of|signed|getekend|groetjes van|groeten van|groet van|(?:dhr|de heer|heer|meneer|mevr|mevrouw|mw|mej|fam|familie|dr|prof|t\.a\.v|mrs|mr|(?-i:Ms|Miss))\.?)[\s:]+`)
	weak   = lazy(`(?i)(?:^|[^\p{L}\d'])(?:hoi|hallo|hai|hey|hi|hello|dear|beste|lieve|dag|ik ben|hier is|met|this is|it's|i am|i'm|dit is|aan|door|van|voor|to|for|from|by|with|collega|medewerker|medewerkster|colleague|agent|buurman|buurvrouw|neighbour|neighbor|(?:mijn|my) \p{L}+|partner)[\s:,]+`)
	thanks = lazy(`(?i)(?:^|[^\p{L}\d'])(?:bedankt|dank je|dank je wel|dank u|dank u wel|thanks|thank you|thx|cheers)[\s,.!:\-]+`)
	closer = lazy(`(?i)(?:^|[^\p{L}\d'])(?:(?:met )?(?:vriendelijke|hartelijke|vr\.?) (?:groet(?:en)?|gr\.?)|m\.?v\.?g|groet(?:en|jes)?|gr(?:tjs|tz)?|grtz|(?:kind |best |warm )?regards|rgds|(?:best|warm) wishes|sincerely|yours (?:truly|sincerely|faithfully)|xoxo|liefs|hoogachtend)[\s,.!:\-]+`)
)

const maxNameWords = 4

// maskIntroduced masks the names that other words introduce.
func maskIntroduced(text string) string {
	text = maskAfter(text, closer, func(i int, word, rest string) bool {
		return i > 0 || isNameLike(word) || hasFewWords(rest)
	})
	text = maskAfter(text, strong, func(i int, word, _ string) bool {
		f := fold(word)
		if i == 0 {
			return !notNames[f]
		}
		return !stoppers[f]
	})
	for _, intro := range []func() *regexp.Regexp{thanks, weak} {
		text = maskAfter(text, intro, func(i int, word, _ string) bool {
			mayContinue := isCapital(word) || doubtful[fold(word)]
			return looksLikeName(word) || (i > 0 && mayContinue)
		})
	}
	return text
}

// hasFewWords reports whether a text is so short that all of it may be a name.
func hasFewWords(rest string) bool {
	n := 0
	for range strings.FieldsSeq(rest) {
		if n++; n == maxNameWords {
			return false
		}
	}
	return true
}

func isCapital(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(r)
}

// isNameLike reports whether a word may be a name at the end of a message.
func isNameLike(word string) bool { return looksLikeName(word) || doubtful[fold(word)] }

// looksLikeName reports whether a word is missing from the list of ordinary words,
// or is a doubtful one with a capital.
func looksLikeName(word string) bool {
	f := fold(word)
	if strings.ContainsFunc(f, unicode.IsDigit) || capitals[f] {
		return false
	}
	return !isWord(f, !isCapital(word)) || (isCapital(word) && doubtful[f])
}

// maskAfter masks the words that follow an introduction, as long as take reports
// that they belong to the name. Take gets the number of the word, the word, and the
// text after it.
func maskAfter(text string, intro func() *regexp.Regexp, take func(i int, word, rest string) bool) string {
	for from := 0; from < len(text); {
		loc := intro().FindStringIndex(text[from:])
		if loc == nil {
			break
		}
		start := from + loc[1]
		if end := nameEnd(text, start, take); end > start {
			text = text[:start] + tokenName + text[end:]
			start += len(tokenName)
		}
		from = max(start-1, from+1) // the space may begin the next introduction
		for from < len(text) && !utf8.RuneStart(text[from]) {
			from++
		}
	}
	return text
}

// nameEnd returns the end of the name that begins at start, or start if no name
// does. Particles belong to the name if another word of it is before or after them.
func nameEnd(text string, start int, take func(i int, word, rest string) bool) int {
	end := start
	at := start
	taken := 0
	particle := false
	for s := range eachWord(text[start:]) {
		s.from += start
		s.to += start
		word := text[s.from:s.to]
		if tokens().MatchString(word) || taken == maxNameWords || strings.Trim(text[at:s.from], " .-/") != "" {
			break
		}
		at = s.to
		besideName := func() bool { return taken > 0 || followedByCapital(text[s.to:]) || take(0, word, text[s.to:]) }
		if particles[fold(word)] && besideName() {
			particle = true
			continue
		}
		if !particle && !take(taken, word, text[s.to:]) {
			break
		}
		end = s.to
		particle = false
		taken++
	}
	return end
}

// maxParticles bounds the particles in a row in one name.
const maxParticles = 4

// followedByCapital reports whether the first word after the particles has a capital.
func followedByCapital(rest string) bool {
	n := 0
	for s := range eachWord(rest) {
		w := rest[s.from:s.to]
		if !particles[fold(w)] {
			return isCapital(w)
		}
		if n++; n == maxParticles {
			return false
		}
	}
	return false
}
