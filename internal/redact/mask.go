// Package redact masks personal data in what customers wrote, so that a
// department can read quotes and operators can read words.
//
// A quote is a masked text of at most [MaxQuote] characters. Masking happens in
// two steps. What has a form (numbers, addresses, dates) is found by its form;
// names are found by [PersonalData] of the customer and by the words that
// introduce them. Then every word that is left must be on a list of ordinary
// words. A word that is not on it may be a name, and then the text is not quoted
// at all: enough plain texts remain.
//
// A keyword is a word by which contacts without a reason may be alike. Keywords
// may hold names that cannot be recognized, so they are stored as keyed hashes
// only.
//
// Example: with the name "Jan Voorbeeld" known,
//
//	Mijn pakket is niet gekomen, bel me op 0612345678, Jan
//
// becomes the quote "Mijn pakket is niet gekomen, bel me op [phone], [name]" and the keywords
// pakket and gekomen.
package redact

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/heard-intake/heard/internal/identity"
)

// PersonalData is what is known of the customer who wrote a text, to be masked
// wherever it stands, and the names that are nobody's.
type PersonalData struct {
	Names, Phones, Mails, Orders, Accounts []string
	// Public are names that may be quoted: of products, of the organisation.
	Public []string
}

// AddAddress adds an address of the customer.
func (k *PersonalData) AddAddress(a identity.Address) {
	switch a.Kind {
	case identity.Phone:
		k.Phones = append(k.Phones, a.Value)
	case identity.Email:
		k.Mails = append(k.Mails, a.Value)
	default:
		k.Accounts = append(k.Accounts, a.Value)
	}
}

// What stands in the place of personal data.
const (
	tokenName    = "[name]"
	tokenPhone   = "[phone]"
	tokenMail    = "[email]"
	tokenLink    = "[link]"
	tokenNumber  = "[number]"
	tokenAddress = "[address]"
	tokenDate    = "[date]"
)

var allTokens = [...]string{tokenName, tokenPhone, tokenMail, tokenLink, tokenNumber, tokenAddress, tokenDate}

// maxMasked bounds the text that is looked at; who needs more is not quoted.
const maxMasked = 4000

// A Masker masks texts of one customer. It is made once for all of them: the
// patterns of what is known of the customer cost far more than their use.
type Masker struct {
	exact  []pattern       // addresses, order numbers, account numbers, phone numbers
	parts  map[string]bool // words of names, folded
	public map[string]bool // words of public names, folded
}

// A pattern is known personal data, and the token that replaces it.
type pattern struct {
	re    *regexp.Regexp
	token string
}

// NewMasker returns the masker of what is known of a customer. A value that is
// listed many times, as the name of a sender is, costs as much as one.
func NewMasker(known PersonalData) *Masker {
	m := &Masker{parts: map[string]bool{}, public: map[string]bool{}}
	for _, l := range []struct {
		token string
		list  []string
	}{{tokenNumber, known.Orders}, {tokenNumber, known.Accounts}, {tokenMail, known.Mails}, {tokenName, known.Names}} {
		for _, value := range distinct(l.list) {
			m.add(tidy(value), l.token)
		}
	}
	for _, phone := range distinct(known.Phones) {
		if re := digitsOf(phone); re != nil {
			m.exact = append(m.exact, pattern{re, tokenPhone})
		}
	}
	for _, name := range distinct(known.Public) {
		name = tidy(name)
		for _, s := range words(name) {
			m.public[fold(name[s.from:s.to])] = true
		}
	}
	return m
}

// distinct returns each value once, in order.
func distinct(all []string) []string {
	seen := make(map[string]bool, len(all))
	var out []string
	for _, value := range all {
		if value != "" && !seen[value] {
			seen[value] = true
			out = append(out, value)
		}
	}
	return out
}

// add adds one value: as a whole unless it is a name, and the words of it that
// may be part of a name.
func (m *Masker) add(value, token string) {
	if token != tokenName && len(value) >= 3 {
		m.exact = append(m.exact, pattern{regexp.MustCompile(`(?i)` + regexp.QuoteMeta(value)), token})
	}
	for _, s := range words(value) {
		p := fold(value[s.from:s.to])
		isName := token != tokenNumber && strings.IndexFunc(p, unicode.IsDigit) < 0
		if len(p) >= 2 && isName && !particles[p] && (token == tokenName || !vocabulary()[p]) {
			m.parts[p] = true
		}
	}
}

// Mask is [Masker.Mask] for one text.
func Mask(text string, known PersonalData) (string, bool) {
	return NewMasker(known).Mask(text)
}

// Mask returns text without personal data, or false when it is not sure.
//
// What has a form (numbers, addresses, dates) is found by its form, names by
// what is known of the customer and by the words that introduce them. What is
// left must be ordinary words, of a list: a word that is not on it may be a
// name, and then the text is not quoted at all. So the quotes that remain are
// the plain ones, and those are enough.
func (m *Masker) Mask(text string) (string, bool) {
	if len(text) > maxMasked || !utf8.ValidString(text) {
		return "", false
	}
	text = tidy(text)
	for range 4 { // until masking changes nothing more
		next := m.once(text)
		if next == text {
			if m.ordinary(text) {
				return text, true
			}
			return "", false
		}
		text = next
	}
	return "", false
}

// tidy gives text one form: composed, on one line, plain quotes and hyphens,
// without what cannot be seen.
func tidy(text string) string {
	text = norm.NFKC.String(text)
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r):
			return -1
		case strings.ContainsRune("’‘ʼ´`", r):
			return '\''
		case strings.ContainsRune("“”„«»", r):
			return '"'
		case unicode.Is(unicode.Pd, r):
			return '-'
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// lazy compiles a pattern when it is first used: most functions that know of
// problems never mask anything, and should not start slower for it.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// A form is personal data that can be told by how it looks.
type form struct {
	re    func() *regexp.Regexp
	token string
}

const (
	// streets end the names of streets; endings of ordinary words are not here.
	streets = `straat|straatje|laan|weg|plein|gracht|kade|singel|dijk|hof|pad|steeg|dreef|plantsoen|markt|weide|veld|oord|burg|park|boulevard|allee|meent|brink`
	months  = `jan(?:uari|uary)?|feb(?:ruari|ruary)?|maart|march|mrt|mar|apr(?:il)?|mei|may|juni?|june?|juli?|july?|aug(?:ustus|ust)?|sep(?:t|tember)?|okt(?:ober)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?`
	digits5 = `\d(?:[ .\-/()]{0,2}\d){4,}`
)

// forms in the order in which they are looked for: the surest first.
var forms = []form{
	{lazy(`(?i)\b(?:https?|ftp)://\S+|\bwww\.\S+|\bmailto:\S+`), tokenLink},
	{lazy(`(?i)[^\s<>,;:"()\[\]]+@[^\s<>,;:"()\[\]]+\.[\p{L}]{2,}`), tokenMail},
	{lazy(`(?i)[\p{L}\d._%+\-]+(?: ?\[at\] ?| ?\(at\) ?| ?\{at\} ?| at | apenstaartje? | @ ?|@ )[\p{L}\d\-]+(?:(?: ?\. ?| ?\(?\[?(?:dot|punt|stip)\)?\]? ?)[\p{L}\d\-]+)*(?: ?\. ?| ?\(?\[?(?:dot|punt|stip)\)?\]? ?)(?:nl|com|be|net|org|eu|de|uk|fr|info|io|me)\b`), tokenMail},
	{lazy(`(?i)\b[a-z0-9][a-z0-9\-]*(?:\.[a-z0-9\-]+)*\.(?:nl|com|be|net|org|eu|de|uk|io|shop|info|example)\b(?:/\S*)?`), tokenLink},
	{lazy(`(^|[\s(,;:])@[\p{L}\d_.]+`), " " + tokenName},
}

// numeric are the forms that have a digit, in the order as above.
var numeric = []form{
	{lazy(`(?i)\b[a-z]{2} ?\d{2}(?:[ .\-]?[a-z]{4})(?:[ .\-]?\d{2,4}){2,7}\b`), tokenNumber}, // IBAN with a bank's letters
	{lazy(`(?i)\b(?:be|de|fr|es|it|lu|at|pt) ?\d{2}(?:[ .\-]?\d{2,4}){3,7}\b`), tokenNumber}, // IBAN of digits
	{lazy(`(?:\+|\b00)\d{1,3}[\s.\-]?\(?0?\)?(?:[\s.\-/]{0,2}\d){6,12}\b`), tokenPhone},
	{lazy(`\(?\b0\d{1,3}\)?(?:[\s.\-/]{0,3}\d){6,8}\b`), tokenPhone},
	{lazy(`(?i)\b\d{1,2} ?[\-/. ] ?\d{1,2} ?[\-/. ] ?(?:\d{4}|'?\d{2})\b|\b\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}\b`), tokenDate},
	{lazy(`(?i)\b\d{1,2}(?:e|de|ste|st|nd|rd|th)?(?: of)?[ \-.](?:` + months + `)\b\.?(?:[ \-,']{0,2}(?:\d{4}|\d{2})\b)?`), tokenDate},
	{lazy(`(?i)\b(?:` + months + `)\.? \d{1,2}(?:st|nd|rd|th)?\b(?:,? \d{4}\b)?`), tokenDate},
	{lazy(`(?i)\b(?:geboren|geboortejaar|geb\.?|born)(?: (?:in|op|on|te))* \d{2,4}\b|\b19\d\d\b`), tokenDate},
	{lazy(`\b[1-9]\d{3} ?[A-Za-z]{2}\b(?:(?:,| nr\.?| nummer| huisnummer| no\.?)* ?\d{1,5}(?:[ \-]?[a-zA-Z]{1,3}\b)?)?`), tokenAddress},
	{lazy(`(?i)\b(?:\p{L}[\p{L}.'\-]*[ ]){0,3}?[\p{L}'\-]*(?:` + streets + `|street|road|avenue|lane|drive|square|court|gardens|terrace|crescent)\b\.?(?: nr\.?| nummer| huisnummer| no\.?|,)? ?\d{1,5}(?:[ \-]?[a-z]{1,2}\b)?(?:-\d{1,4})?`), tokenAddress},
	{lazy(`(?i)\b\d{1,5}[a-z]? (?:\p{L}+ ){1,3}(?:street|road|avenue|lane|drive|square|court|gardens|terrace|crescent|close|st|rd|ave)\b\.?`), tokenAddress},
	{lazy(`(?i)\b(?:huisnummer|huisnr|house number|postcode|post code|zip code|zipcode|postbus|po box)[ :.#]*\w*\d\w*(?: ?[a-z]{2}\b)?`), tokenAddress},
	{lazy(`(?i)\b(?:[a-z]{1,3}|\d{1,3})-(?:[a-z]{1,3}|\d{1,3})-(?:[a-z]{1,3}|\d{1,3})\b`), tokenNumber}, // licence plates
	{lazy(`(?i)\b(?:bsn|burgerservicenummer|sofinummer|paspoort|kenteken|passport|ssn|iban|rekeningnummer|klantnummer|klantnr|customer number|ordernummer|ordernr|bestelnummer|factuurnummer|polisnummer|order number|account number|pincode|pin code|reference|kenmerk)(?: is| was|:|#| nummer| nr\.?)* ?#?[\p{L}]{0,4}[ \-]?\d[\w\-]*(?:[ .\-]\d+)*`), tokenNumber},
	{lazy(`(?i)\b[\p{L}\-_]*\d+[\p{L}\-_]+[\p{L}\d\-_]*\b|\b[\p{L}]+[\-_]?\d+[\p{L}\d\-_]*\b`), tokenNumber}, // letters and digits in one
	{lazy(digits5), tokenNumber},
}

var (
	tokens   = lazy(`\[(?:name|phone|email|link|number|address|date)\]`)
	money    = lazy(`(?i)(?:€|eur|euro|£|\$) ?\d{1,3}(?:[.,]?\d{3})?(?:[.,](?:\d{2}|-))?\b|\b\d{1,3}(?:[.,]\d{3})?(?:[.,](?:\d{2}|-))? ?(?:€|eur|euros?|pounds?)(?:\b|$)|\b\d{1,3},\d{2}\b`)
	amounts  = lazy(`(?i)^\d{1,4}(?:e|de|ste|st|nd|rd|th|x|k|cm|mm|m|kg|w|v|u|uur|min|gb|l|ml|pm|am|h|keer)$|^\d{1,2}[:.]\d{2}(?:u|uur|h)?$|^v?\d{1,2}(?:\.\d{1,2})?$`)
	lowPairs = set("en is in op te om we ze je ik of al er nu na zo ja om de ga do to at is it or of on by my he no us an as so up go am if be") // words after a year that look like a postcode's letters
)

// once replaces what it finds, once.
func (m *Masker) once(text string) string {
	text = m.known(text)
	for _, f := range forms {
		text = f.mask(text)
	}
	if strings.ContainsAny(text, "0123456789") {
		for _, f := range numeric {
			text = f.mask(text)
		}
	}
	return collapse(maskIntroduced(text))
}

// mask replaces what has the form, but for tokens, and amounts of anything.
func (f form) mask(text string) string {
	return f.re().ReplaceAllStringFunc(text, func(found string) string {
		switch {
		case tokens().MatchString(found):
			return found
		case amounts().MatchString(found), money().MatchString(found) && len(money().FindString(found)) == len(found):
			return found
		case f.token == tokenAddress && isYear(found):
			return found
		case f.token == tokenAddress && ordinaryWay(found):
			return found
		}
		return f.token
	})
}

// isYear reports whether a postcode is a year and a short word.
func isYear(found string) bool {
	year, word, ok := strings.Cut(found, " ")
	return ok && (strings.HasPrefix(year, "19") || strings.HasPrefix(year, "20")) && lowPairs[word]
}

// ordinaryWay reports whether an address is "onderweg 3" or the like.
func ordinaryWay(found string) bool {
	f := strings.Fields(strings.ToLower(found))
	return len(f) >= 2 && (f[len(f)-2] == "onderweg" || f[len(f)-2] == "weg") &&
		!slices.ContainsFunc(f[:len(f)-1], func(w string) bool { return !vocabulary()[strings.Trim(w, ".,")] })
}

// collapse joins neighbouring tokens of one kind.
func collapse(text string) string {
	for _, t := range allTokens {
		for strings.Contains(text, t+" "+t) {
			text = strings.ReplaceAll(text, t+" "+t, t)
		}
		for strings.Contains(text, t+t) {
			text = strings.ReplaceAll(text, t+t, t)
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

// A span is one word of a text.
type span struct{ from, to int }

// words returns the words of text: letters, digits, inner apostrophes and
// tokens. Hyphens and dots part them.
func words(text string) []span { return slices.Collect(eachWord(text)) }

// eachWord is words for a caller that may stop early.
func eachWord(text string) iter.Seq[span] {
	return func(yield func(span) bool) {
		word := func(from, to int) bool {
			return yield(span{from, from + len(strings.TrimRight(text[from:to], "'"))})
		}
		from := -1
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRuneInString(text[i:])
			token := tokenAt(text[i:])
			inWord := token == 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || (r == '\'' && from >= 0))
			if inWord && from < 0 {
				from = i
			}
			if !inWord && from >= 0 {
				if !word(from, i) {
					return
				}
				from = -1
			}
			if token > 0 {
				size = token
				if !word(i, i+token) {
					return
				}
			}
			i += size
		}
		if from >= 0 {
			word(from, len(text))
		}
	}
}

// tokenAt returns the length of the token that text begins with.
func tokenAt(text string) int {
	if text[0] != '[' {
		return 0
	}
	for _, t := range allTokens {
		if strings.HasPrefix(text, t) {
			return len(t)
		}
	}
	return 0
}

// fold returns a word in lower case, without accents and apostrophes.
func fold(word string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(word)) {
		if !unicode.Is(unicode.Mn, r) && r != '\'' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// known masks what is known of the customer: names also by their parts.
func (m *Masker) known(text string) string {
	for _, p := range m.exact {
		text = p.re.ReplaceAllLiteralString(text, p.token)
	}
	var b strings.Builder
	at := 0
	for _, s := range words(text) {
		word := text[s.from:s.to]
		f := fold(word)
		name := m.parts[f] || (len(f) > 3 && m.parts[strings.TrimSuffix(f, "s")]) // Jans fiets
		if name && !tokens().MatchString(word) {
			b.WriteString(text[at:s.from])
			b.WriteString(tokenName)
			at = s.to
		}
	}
	b.WriteString(text[at:])
	return b.String()
}

// digitsOf matches the last seven digits of a phone number with whatever
// stands between and before them; nil when there are too few.
func digitsOf(phone string) *regexp.Regexp {
	var digits []string
	for _, r := range phone {
		if '0' <= r && r <= '9' {
			digits = append(digits, string(r))
		}
	}
	if len(digits) < 6 {
		return nil
	}
	digits = digits[max(0, len(digits)-7):]
	return regexp.MustCompile(`[+\d][\d\s.\-/()]*` + strings.Join(digits, `[\s.\-/()]*`) + `|` + strings.Join(digits, `[\s.\-/()]*`))
}

// introductions say that a name follows. After a strong one the next word is
// a name whatever it is; after a weak one only when it is no ordinary word.
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
		return i > 0 || looksLikeName(word) || doubtful[fold(word)] || fewWords(rest)
	})
	text = maskAfter(text, strong, func(i int, word, _ string) bool {
		f := fold(word)
		return i == 0 && !notNames[f] || i > 0 && !stoppers[f]
	})
	for _, intro := range []func() *regexp.Regexp{thanks, weak} {
		text = maskAfter(text, intro, func(i int, word, _ string) bool {
			return looksLikeName(word) || i > 0 && (isCapital(word) || doubtful[fold(word)])
		})
	}
	return text
}

// fewWords reports whether so little follows that it may all be a name.
func fewWords(rest string) bool {
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

// looksLikeName reports whether a word is no ordinary word.
func looksLikeName(word string) bool {
	f := fold(word)
	if strings.ContainsFunc(f, unicode.IsDigit) || capitals[f] {
		return false
	}
	return !isWord(f, !isCapital(word)) || isCapital(word) && doubtful[f]
}

// maskAfter masks the words that follow an introduction, as long as take says
// that they belong to the name. It gets the number of the word, the word, and
// what comes after it.
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

// nameEnd returns where the name that begins at start ends: start itself when
// there is none. Particles belong to it when a name comes before or after.
func nameEnd(text string, start int, take func(i int, word, rest string) bool) int {
	end, at, taken, particle := start, start, 0, false
	for s := range eachWord(text[start:]) {
		s.from, s.to = s.from+start, s.to+start
		word := text[s.from:s.to]
		if tokens().MatchString(word) || taken == maxNameWords || strings.Trim(text[at:s.from], " .-/") != "" {
			break
		}
		at = s.to
		if particles[fold(word)] && (taken > 0 || followedByCapital(text[s.to:]) || take(0, word, text[s.to:])) {
			particle = true
			continue
		}
		if !particle && !take(taken, word, text[s.to:]) {
			break
		}
		end, particle = s.to, false
		taken++
	}
	return end
}

// maxParticles is how many particles a name has in a row, at most.
const maxParticles = 4

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

// ordinary reports whether all that is left of a masked text is plain.
func (m *Masker) ordinary(text string) bool {
	rest := tokens().ReplaceAllString(text, " ")
	if strings.ContainsAny(rest, "@\x00[]{}<>_\\|~^#=") {
		return false
	}
	if manyDigits().MatchString(money().ReplaceAllString(rest, " x ")) || remnant().MatchString(text) {
		return false
	}
	shout := !strings.ContainsFunc(rest, unicode.IsLower)
	all := words(text)
	spelled, first, at := 0, true, 0
	for i, s := range all {
		w := place{word: text[s.from:s.to], shout: shout}
		w.folded = fold(w.word)
		w.first = first || strings.ContainsAny(text[at:s.from], ".!?:\"")
		first, at = false, s.to
		if tokens().MatchString(w.word) {
			spelled = 0
			continue
		}
		if i > 0 {
			w.before = fold(text[all[i-1].from:all[i-1].to])
		}
		if i+1 < len(all) {
			w.after = fold(text[all[i+1].from:all[i+1].to])
		}
		if numbers[w.folded] {
			spelled++
		} else {
			spelled = 0
		}
		if spelled >= 4 || !m.public[w.folded] && !w.plain() {
			return false
		}
	}
	return true
}

var (
	manyDigits = lazy(digits5)
	// remnant is what may belong to the masked thing next to it.
	remnant = lazy(`\][\s\-/.()]{0,2}[\d\-/]|[\d\-/(][\s\-/.()]{0,2}\[`)
)

// A place is a word where it stands.
type place struct {
	word, folded  string
	before, after string // the words next to it, folded
	first         bool   // of its sentence
	shout         bool   // the whole text is in capitals
}

// plain reports whether the word can be quoted where it stands.
func (p place) plain() bool {
	f := p.folded
	switch {
	case allDigits(f):
		return len(f) <= 4
	case amounts().MatchString(p.word):
		return true
	case p.first && opens[f][p.after]:
		return true
	case asName[f] != nil:
		return asName[f][p.before] && (!isCapital(p.word) || p.shout)
	case capitals[f]:
		return true
	case !isCapital(p.word):
		return isWord(f, true)
	case doubtful[f], opens[f] != nil:
		return false
	case p.shout, p.first, strings.ToUpper(p.word) == p.word && len(f) > 1:
		return isWord(f, false)
	default: // a noun that somebody gave a capital
		return len(f) >= 7 && isWord(f, false)
	}
}

func allDigits(f string) bool {
	return strings.Trim(f, "0123456789") == ""
}

// maxCompound is longer, in bytes, than two words of the vocabulary.
const maxCompound = 80

// isWord reports whether a folded word is ordinary; loosely, also when it is
// an inflection of one, or made of two.
func isWord(f string, loose bool) bool {
	v := vocabulary()
	if v[f] {
		return true
	}
	if !loose || neverWords[f] || len(f) > maxCompound {
		return false
	}
	for _, end := range []string{"en", "e", "n", "s", "t", "te", "ten", "de", "den", "je", "jes", "ed", "d", "ing", "ly", "es", "er"} {
		if stem, ok := strings.CutSuffix(f, end); ok && len(stem) >= 5 && v[stem] {
			return true
		}
	}
	for i := 4; i <= len(f)-4; i++ {
		if v[f[:i]] && (v[f[i:]] || f[i] == 's' && len(f)-i > 4 && v[f[i+1:]]) && !street().MatchString(f) {
			return true
		}
	}
	return false
}

var street = lazy(`(?:` + streets + `)$`)
