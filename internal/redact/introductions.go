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
	strong = lazy(`(?i)(?:^|[^\p{L}\d'])(?:(?:mijn (?:volledige |achter|voor)?naam|naam|my (?:full |first |last )?name|name)(?: is|'s|:)|ik heet|je spreekt met|u spreekt met|i am called|you can call me|hij heet|ze heet|zij heet|heet hij|heet ze|genaamd|noemt mij|noemt me|noemen mij|noemen me|calls me|named|nicknamed|een zekere|a certain|mijn roepnaam is|mijn bijnaam is|je praat met|u praat met|you're speaking to|you are speaking to|you're speaking with|speaking with|namens|tav|ter attentie van|(?:op|in) (?:de )?naam van|on behalf of|in the name of|signed|getekend|groetjes van|groeten van|groet van|(?:dhr|de heer|heer|meneer|mevr|mevrouw|mw|mej|fam|familie|dr|prof|t\.a\.v|drs|ir|ing|mrs|mr|(?-i:Ms|Miss|Sir|Dame|Rev|Pastor|Pater|Zuster|Pastoor))\.?)[\s:]+`)
	weak   = lazy(`(?i)(?:^|[^\p{L}\d'])(?:hoi|hallo|hai|hey|hi|hello|dear|beste|lieve|dag|ik ben|hier is|met|this is|it's|i am|i'm|dit is|aan|door|van|voor|to|for|from|by|with|collega|medewerker|medewerkster|colleague|agent|monteur|engineer|technician|technicus|bezorger|driver|oma|opa|tante|oom|aunt|uncle|nan|nana|grandma|grandad|volgens|according to|chatte met|buurman|buurvrouw|neighbour|neighbor|(?:mijn|my) \p{L}+|partner)[\s:,]+`)
	thanks = lazy(`(?i)(?:^|[^\p{L}\d'])(?:bedankt|dank je|dank je wel|dank u|dank u wel|thanks|thank you|thx|cheers)[\s,.!:\-]+`)
	// organisations come before a name that may consist of ordinary words.
	organisations = lazy(`(?i)(?:^|[^\p{L}\d'])(?:stichting|vereniging|kapsalon|bakkerij|slagerij|restaurant|hotel|café|cafe|eetcafe|pizzeria|basisschool|manege|advocatenkantoor|huisartsenpraktijk|kinderdagverblijf|zorgcentrum|foundation|bakery|butchers|nursery|salon|care home|law firm)[\s:]+`)
	closer        = lazy(`(?i)(?:^|[^\p{L}\d'])(?:(?:met )?(?:vriendelijke|hartelijke|vr\.?) (?:groet(?:en)?|gr\.?)|m\.?v\.?g|groet(?:en|jes)?|gr(?:tjs|tz)?|grtz|(?:kind |best |warm )?regards|rgds|(?:best|warm) wishes|sincerely|yours (?:truly|sincerely|faithfully)|xoxo|liefs|hoogachtend)[\s,.!:\-]+`)
)

const (
	maxNameWords         = 4
	maxOrganisationWords = 3
)

// maskIntroduced masks the names that other words introduce.
func maskIntroduced(text string) string {
	text = maskPlaces(text)
	text = maskSignature(text)
	text = maskAfter(text, closer, func(i int, word, _ string) bool {
		return i > 0 || isNameLike(word)
	})
	text = maskAfter(text, strong, func(i int, word, _ string) bool {
		f := fold(word)
		if i == 0 {
			return !notNames[f]
		}
		return !stoppers[f]
	})
	text = maskAfter(text, organisations, func(i int, word, _ string) bool {
		f := fold(word)
		return i < maxOrganisationWords && (articles[f] || (!stoppers[f] && !notNames[f]))
	})
	for _, intro := range []func() *regexp.Regexp{thanks, weak} {
		text = maskAfter(text, intro, func(i int, word, rest string) bool {
			f := fold(word)
			isLowerVerb := asName[f] != nil && !isCapital(word)
			mayContinue := isCapital(word) || names()[f] || endsPhrase(f, rest)
			return looksLikeName(word) || (i > 0 && mayContinue && !isLowerVerb)
		})
	}
	return text
}

// endsPhrase reports whether a word is the last one before a comma, "and" or the end
// of the sentence. After a first name it may be a surname: "jan voorbeeld en ik".
func endsPhrase(f, rest string) bool {
	if stoppers[f] || len(f) < minSurname {
		return false
	}
	rest = strings.TrimLeft(rest, " ")
	next, _, _ := strings.Cut(rest, " ")
	return rest == "" || strings.ContainsAny(rest[:1], ".,!?;:)") || next == "en" || next == "and"
}

// minSurname is the fewest bytes of a common word that may be a surname.
const minSurname = 5

// maxSignature is the most words after a closing that are a signature as a whole.
const maxSignature = 6

// maskSignature masks all that follows a closing like "kind regards" if that is short
// and the end of the text.
func maskSignature(text string) string {
	var b strings.Builder
	for {
		loc := closer().FindStringIndex(text)
		if loc == nil {
			break
		}
		b.WriteString(text[:loc[1]])
		text = text[loc[1]:]
		if hasLetters(text) && isShort(text) {
			b.WriteString(tokenName)
			return b.String()
		}
	}
	b.WriteString(text)
	return b.String()
}

// isShort reports whether a text has few enough words for a signature.
func isShort(text string) bool {
	n := 0
	for range strings.FieldsSeq(text) {
		if n++; n > maxSignature {
			return false
		}
	}
	return true
}

// hasLetters reports whether a text has words besides tokens.
func hasLetters(text string) bool {
	for s := range eachWord(text) {
		if !isToken[text[s.from:s.to]] {
			return true
		}
	}
	return false
}

func isCapital(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(r)
}

// isNameLike reports whether a word may be a name at the end of a message.
func isNameLike(word string) bool { return looksLikeName(word) || names()[fold(word)] }

// looksLikeName reports whether a word is not a common word, or is a name too. Common
// words in lower case that are on the lists written by hand are not names here.
func looksLikeName(word string) bool {
	f := fold(word)
	if strings.ContainsFunc(f, unicode.IsDigit) || capitals[f] {
		return false
	}
	if names()[f] {
		return isCapital(word) || !vocabulary().isBasic(f)
	}
	return !isWord(f, !isCapital(word))
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
	surname := false // a particle that only names have was before
	previous := ""
	for s := range eachWord(text[start:]) {
		s.from += start
		s.to += start
		word := text[s.from:s.to]
		gap := text[at:s.from]
		isSentenceEnd := strings.HasPrefix(gap, ". ") && len(previous) > maxAbbreviation
		if isToken[word] || taken == maxNameWords || strings.Trim(gap, " .-/") != "" || isSentenceEnd {
			break
		}
		at = s.to
		previous = word
		besideName := func() bool { return taken > 0 || followedByCapital(text[s.to:]) || take(0, word, text[s.to:]) }
		if particles[fold(word)] && besideName() {
			particle = true
			surname = surname || surnameParticles[fold(word)]
			continue
		}
		isSurname := particle && (surname || isCapital(word))
		if !isSurname && !take(taken, word, text[s.to:]) {
			break
		}
		end = s.to
		particle = false
		surname = false
		taken++
	}
	return end
}

// maxAbbreviation is the most letters of a word before a full stop that does not end
// the sentence: "drs. Jansen".
const maxAbbreviation = 4

// surnameParticles are in front of surnames, and hardly in front of other words that
// follow a name.
var surnameParticles = wordSet("van der den ter ten von di da del la le el al bin ben t vd v/d")

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
