package redact

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// maskUnknown masks each word of a text that is not known to be harmless at its
// place. The text has no other personal data that can be recognized.
func (m *Masker) maskUnknown(text string) string {
	text = maskSymbols(text)
	all := words(text)
	s := sentence{m: m, text: text, words: all, hidden: make([]bool, len(all))}
	s.shout = !strings.ContainsFunc(text, unicode.IsLower)
	s.amounts = append(s.amounts, money().FindAllStringIndex(text, -1)...)
	s.amounts = append(s.amounts, measures().FindAllStringIndex(text, -1)...)
	for i := range all {
		s.hidden[i] = s.isToken(i) || !s.isHarmless(i)
	}
	s.hideNameParts()
	var b strings.Builder
	at := 0
	for i, w := range all {
		if s.hidden[i] && !s.isToken(i) {
			b.WriteString(text[at:w.from])
			b.WriteString(tokenWord)
			at = w.to
		}
	}
	b.WriteString(text[at:])
	return b.String()
}

// symbols are not in plain sentences, but in names of accounts, in code and in
// addresses.
const symbols = "@{}<>_\\|~^#=\x00"

// maskSymbols masks each field that has a symbol, and drops those without a letter
// or digit.
func maskSymbols(text string) string {
	if !strings.ContainsAny(text, symbols) {
		return text
	}
	fields := strings.Fields(text)
	for i, f := range fields {
		switch {
		case !strings.ContainsAny(f, symbols):
		case strings.ContainsFunc(f, isLetterOrDigit):
			fields[i] = tokenWord
		default:
			fields[i] = ""
		}
	}
	return strings.Join(slices.DeleteFunc(fields, func(f string) bool { return f == "" }), " ")
}

func isLetterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// measures are numbers that are no personal data: times, versions, shares.
var measures = lazy(`(?i)\b\d{1,2}[:.]\d{2}\b(?: ?(?:u|uur|h|am|pm)\b)?|\b\d{1,2}[.,]\d{1,2}\b|\b\d{1,3}(?:[.,]\d{1,2})? ?%|\b\d{1,2}/\d{1,2}\b`)

// A sentence is a text in which the words that are not harmless are found one by one.
type sentence struct {
	m       *Masker
	text    string
	words   []span
	hidden  []bool  // of each word, up to the one that is looked at
	amounts [][]int // ranges of numbers that are no personal data
	shout   bool    // the whole text is in capitals
}

func (s *sentence) word(i int) string { return s.text[s.words[i].from:s.words[i].to] }

// folded returns a word in the form of the lists, or "" if i is outside the text.
func (s *sentence) folded(i int) string {
	if i < 0 || i >= len(s.words) {
		return ""
	}
	return fold(s.word(i))
}

func (s *sentence) isToken(i int) bool { return i < len(s.words) && isToken[s.word(i)] }

// gap returns the text before word i, up to the word before it.
func (s *sentence) gap(i int) string {
	if i == 0 {
		return s.text[:s.words[0].from]
	}
	return s.text[s.words[i-1].to:s.words[i].from]
}

// isFirst reports whether word i begins a sentence.
func (s *sentence) isFirst(i int) bool {
	return i == 0 || strings.ContainsAny(s.gap(i), ".!?:\"()")
}

// isAfterHidden reports whether word i follows a masked word, with nothing but
// spaces and hyphens between.
func (s *sentence) isAfterHidden(i int) bool {
	return i > 0 && s.hidden[i-1] && strings.Trim(s.gap(i), " -./'") == ""
}

// isHarmless reports whether word i may be quoted at its place.
func (s *sentence) isHarmless(i int) bool {
	word := s.word(i)
	f := fold(word)
	switch {
	case s.m.public[f]:
		return true
	case isAllDigits(f):
		return s.isCount(i)
	case strings.ContainsFunc(f, unicode.IsDigit):
		return amounts().MatchString(word) && !s.isAfterHidden(i)
	case isNumeral(f):
		return !s.isNumbered(i, f)
	case capitals[f]:
		return true
	case len(f) == 1:
		return s.isLetter(i, word)
	}
	if base, isShort := cutContraction(word); isShort {
		if names()[base] && !s.m.public[base] {
			return false
		}
		if !isWord(f, false) {
			f = base
		}
	}
	isOpening := s.isFirst(i) && opens[f][s.folded(i+1)]
	if asName[f] != nil && !isOpening {
		return asName[f][s.folded(i-1)] && (!isCapital(word) || s.shout)
	}
	if s.isPartOfName(i, f) {
		return false
	}
	switch {
	case !isCapital(word) || s.shout:
		return isWord(f, !s.shout)
	case anywhere[f]:
		return opens[f] == nil || opens[f][s.folded(i+1)]
	case names()[f]:
		return false
	case opens[f] != nil:
		return s.isFirst(i) && opens[f][s.folded(i+1)]
	case s.isFirst(i), strings.ToUpper(word) == word:
		return isWord(f, false)
	default: // a noun with a capital
		return len(f) >= minCapitalNoun && vocabulary().isBasic(f)
	}
}

// cutContraction returns the word before the apostrophe of "parcel's" or "you've",
// folded.
func cutContraction(word string) (string, bool) {
	base, end, ok := strings.Cut(strings.ToLower(word), "'")
	return fold(base), ok && contractions[end] && base != ""
}

// minCapitalNoun is the fewest letters of a word of the basic list that may have a
// capital in a sentence.
const minCapitalNoun = 7

// isLetter reports whether a word of one letter is harmless: not an initial.
func (s *sentence) isLetter(i int, word string) bool {
	after := s.text[s.words[i].to:]
	if isCapital(word) {
		isSmiley := strings.ContainsAny(s.gap(i), ":;")
		isArticle := s.isFirst(i) && word == "A" && strings.HasPrefix(after, " ")
		return isSmiley || s.shout || isArticle || word == "I" || word == "U"
	}
	return !strings.HasPrefix(after, ".") || len(strings.TrimLeft(after, ".")) == 0
}

// isPartOfName reports whether a word in lower case that may be a name is beside
// one, like the second word of "henk bakker", "van der linden" and "de groot".
func (s *sentence) isPartOfName(i int, f string) bool {
	before := s.folded(i - 1)
	spaced := i > 0 && strings.Trim(s.gap(i), " .'") == ""
	switch {
	case !spaced:
		return false
	case ordinaryPairs[before+" "+f]:
		return false
	case before == "vd", (before == "der" || before == "den" || before == "t") && s.folded(i-2) == "van":
		return true
	case strongBefore[f] != nil && strongBefore[f][before]:
		return true
	case placeWords[f]:
		return afterPlaceWord[before] && i > 1 && (s.isToken(i-2) || s.hidden[i-2])
	case !names()[f]:
		return false
	}
	for k := i; k > 0 && k > i-maxParticles; k-- {
		if k < i && !nameParticles[s.folded(k)] {
			return false
		}
		if s.isAfterHidden(k) && isNameToken(s.word(k-1)) {
			return true
		}
	}
	return false
}

// isNameToken reports whether a masked word may be a name.
func isNameToken(word string) bool { return !isToken[word] || word == tokenName || word == tokenWord }

// hideNameParts hides the particles and numbers between and before the parts of names.
func (s *sentence) hideNameParts() {
	for i := range s.words {
		if s.hidden[i] || i+1 >= len(s.words) || !s.hidden[i+1] || strings.Trim(s.gap(i+1), " .'-") != "" {
			continue
		}
		f := s.folded(i)
		switch {
		case beforePlace[f] && isNameToken(s.word(i+1)) && (afterPlaceWord[s.folded(i-1)] || articles[s.folded(i-1)]):
			s.hidden[i] = true
		case isAllDigits(f) && !s.isToken(i+1):
			s.hidden[i] = true
		}
		// "henk ten cate": the particles between two masked words
		from := i
		for from >= 0 && !s.hidden[from] && nameParticles[s.folded(from)] && i-from < maxParticles {
			from--
		}
		if from >= 0 && from < i && s.hidden[from] && s.joined(from, i+1) {
			for k := from + 1; k <= i; k++ {
				s.hidden[k] = true
			}
		}
	}
}

// joined reports whether nothing but spaces, apostrophes and hyphens separates the
// words from one to another.
func (s *sentence) joined(from, to int) bool {
	for k := from + 1; k <= to; k++ {
		if strings.Trim(s.gap(k), " '-.") != "" {
			return false
		}
	}
	return true
}

// isCount reports whether a number counts something, and is not part of an address,
// an age or an account.
func (s *sentence) isCount(i int) bool {
	at := s.words[i]
	for _, a := range s.amounts {
		if a[0] <= at.from && at.to <= a[1] {
			return true
		}
	}
	f := s.word(i)
	before, after := s.folded(i-1), s.folded(i+1)
	next := ""
	if i+1 < len(s.words) {
		next = s.gap(i + 1)
	}
	isUnit := units[after] && strings.Trim(next, " -") == ""
	isYear := len(f) == 4 && "2000" <= f && f < "2040"
	switch {
	case s.isAfterHidden(i) && !isUnit:
		return false
	case beforeNumber[before]:
		return false
	case isUnit:
		return true
	case isYear:
		return !s.isAfterHidden(i)
	case len(f) > 2, len(f) == 2 && (beforeAge[before] || s.isAfterTurning(i) || s.isInBrackets(i)):
		return false
	case (before == "van" || before == "of") && relatives[s.folded(i-2)]: // "my son of 3"
		return false
	case afterPlaceWord[before] || before == "op" || before == "aan":
		return after != "" && next == " " && !stoppers[after] && !placeStoppers[after] && !isToken[s.word(i+1)]
	}
	return true
}

// isInBrackets reports whether a word is all that is between two brackets.
func (s *sentence) isInBrackets(i int) bool {
	return strings.HasSuffix(s.gap(i), "(") && strings.HasPrefix(s.text[s.words[i].to:], ")")
}

// isAfterTurning reports whether one of the three words before word i says that a
// person gets older: "I turn 80", "ik word in mei 80".
func (s *sentence) isAfterTurning(i int) bool {
	for k := i - 1; k >= max(0, i-3); k-- {
		if turning[s.folded(k)] {
			return true
		}
	}
	return false
}

// isNumbered reports whether a number in words is part of an address or an age.
func (s *sentence) isNumbered(i int, f string) bool {
	before, after := s.folded(i-1), s.folded(i+1)
	if s.isAfterHidden(i) && !units[after] {
		return true
	}
	if beforeNumber[before] {
		return !lowNumerals[f] || before == "huisnummer" || !isFollowedByWord(s, i)
	}
	if lowNumerals[f] {
		return false
	}
	isUnit := units[after] && !ages[after]
	isAge := beforeOwnAge[before] && !isUnit
	isPlace := afterPlaceWord[before] && !isFollowedByWord(s, i)
	return isAge || isPlace
}

// isFollowedByWord reports whether a word is next, with only a space between.
func isFollowedByWord(s *sentence, i int) bool {
	return i+1 < len(s.words) && s.gap(i+1) == " " && !stoppers[s.folded(i+1)] && !s.isToken(i+1)
}

func isAllDigits(f string) bool {
	return strings.Trim(f, "0123456789") == ""
}

// numeralWords returns the numbers in words of both languages, folded.
var numeralWords = sync.OnceValue(func() map[string]bool {
	words := wordSet(`nul zero oh een one twee two drie three vier four vijf five zes six zeven seven acht eight negen nine tien ten elf eleven twaalf
		twelve dertien thirteen veertien fourteen vijftien fifteen zestien sixteen zeventien seventeen achttien eighteen negentien nineteen
		twenty thirty forty fifty sixty seventy eighty ninety honderd hundred`)
	for ten := range strings.FieldsSeq("twintig dertig veertig vijftig zestig zeventig tachtig negentig") {
		words[ten] = true
		for unit := range strings.FieldsSeq("een twee drie vier vijf zes zeven acht negen") {
			words[unit+"en"+ten] = true
		}
	}
	return words
})

// isNumeral reports whether a folded word is a number in words, other than "een".
func isNumeral(f string) bool {
	return f != "een" && f != "one" && f != "oh" && numeralWords()[f]
}

// hasNumeral reports whether a text has a number in words, other than "een".
func hasNumeral(text string) bool {
	for s := range eachWord(text) {
		if f := strings.ToLower(text[s.from:s.to]); f == "one" || isNumeral(fold(f)) {
			return true
		}
	}
	return false
}

// maxCompound is longer, in bytes, than two words of the vocabulary.
const maxCompound = 80

// isWord reports whether a folded word is on the lists of common words. If loose,
// an inflection of a basic word and a Dutch compound of two count too.
func isWord(f string, loose bool) bool {
	v := vocabulary()
	if v.isBasic(f) || v.common[f] {
		return true
	}
	if !loose || neverWords[f] || names()[f] || len(f) > maxCompound {
		return false
	}
	return isInflected(f, dutchEndings, v.dutch) || isInflected(f, englishEndings, v.english) || isCompound(f, v.dutch)
}

var (
	dutchEndings   = []string{"en", "e", "n", "s", "t", "te", "ten", "de", "den", "je", "jes"}
	englishEndings = []string{"s", "es", "ed", "ing", "ly"}
)

// isInflected reports whether a word is one of a list with an ending.
func isInflected(f string, endings []string, list map[string]bool) bool {
	for _, end := range endings {
		if stem, ok := strings.CutSuffix(f, end); ok && len(stem) >= 5 && list[stem] {
			return true
		}
	}
	return false
}

// isCompound reports whether a word is two words of a list, as in "gasslang" and
// "gezinslid". A compound that ends like a surname is not one.
func isCompound(f string, list map[string]bool) bool {
	for i := 4; i <= len(f)-4; i++ {
		joined := len(f)-i > 4 && f[i] == 's' && list[f[i+1:]]
		if list[f[:i]] && (list[f[i:]] || joined) {
			return !surnameEnd().MatchString(f)
		}
	}
	return false
}

// surnameEnd matches words that end like a street or a surname.
var surnameEnd = lazy(`(?:` + streets + `|man|huis|huizen|berg|bergen|dam|hart|koop|meester|velde|hoven|wood|house|hill|steen|broek|beek|bos|kerk|zoon|son)$`)
