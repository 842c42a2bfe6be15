// Package redact masks personal data in what customers wrote, so that a
// department can read quotes and operators can read words.
//
// A quote is a masked text of at most [MaxQuote] characters. Masking happens in
// three steps:
//
//  1. Data with a form (numbers, addresses, dates) is found by its form.
//  2. Names are found by [PersonalData] of the customer and by the words that
//     introduce them.
//  3. Every word that is left must be known to be harmless: a common word or a
//     public name. Any other word may be a name, and is replaced by "[...]".
//
// A common word that is a name too, like "Rose", is masked where it may be one:
// with a capital, after an introduction and next to another name.
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
// pakket and gekomen. Without a known name the quote ends in "[...]".
package redact

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/heard-intake/heard/internal/identity"
)

// PersonalData has the known personal data of a customer and public names. Known
// personal data is masked wherever a text has it, and public names are not masked.
type PersonalData struct {
	Names, Phones, Mails, Orders, Accounts []string
	// Public are names that may be quoted: of products, of the organisation, and
	// codes that several customers wrote ([SharedCodes]).
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

// The tokens that replace personal data.
const (
	tokenName    = "[name]"
	tokenPhone   = "[phone]"
	tokenMail    = "[email]"
	tokenLink    = "[link]"
	tokenNumber  = "[number]"
	tokenAddress = "[address]"
	tokenDate    = "[date]"
	tokenWord    = "[...]" // a word that is not known to be harmless
)

var allTokens = [...]string{tokenName, tokenPhone, tokenMail, tokenLink, tokenNumber, tokenAddress, tokenDate, tokenWord}

var isToken = func() map[string]bool {
	set := map[string]bool{}
	for _, t := range allTokens {
		set[t] = true
	}
	return set
}()

// maxMasked bounds the texts that are masked, in bytes. A longer text is not quoted.
const maxMasked = 4000

// A Masker masks texts of one customer. Building one costs far more than using it,
// so build it once for all texts.
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

// NewMasker returns the masker of a customer's personal data. A value that is listed
// many times, like the name of a sender, costs as much as one.
func NewMasker(known PersonalData) *Masker {
	m := &Masker{parts: map[string]bool{}, public: map[string]bool{}}
	for _, l := range []struct {
		token string
		list  []string
	}{{tokenNumber, known.Orders}, {tokenNumber, known.Accounts}, {tokenMail, known.Mails}, {tokenName, known.Names}} {
		for _, value := range distinct(l.list) {
			m.addValue(tidy(value), l.token)
		}
	}
	for _, phone := range distinct(known.Phones) {
		if re := phonePattern(phone); re != nil {
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

// addValue adds one value: as a whole unless it is a name, and those of its words
// that may be part of a name.
func (m *Masker) addValue(value, token string) {
	if token != tokenName && len(value) >= 3 {
		m.exact = append(m.exact, pattern{regexp.MustCompile(`(?i)` + regexp.QuoteMeta(value)), token})
	}
	for _, s := range words(value) {
		p := fold(value[s.from:s.to])
		isName := token != tokenNumber && strings.IndexFunc(p, unicode.IsDigit) < 0
		if len(p) < 2 || !isName || particles[p] {
			continue
		}
		if token == tokenName || !vocabulary().isBasic(p) || names()[p] {
			m.parts[p] = true
		}
	}
}

// Mask is [Masker.Mask] for one text.
func Mask(text string, known PersonalData) (string, bool) {
	return NewMasker(known).Mask(text)
}

// Mask returns text with tokens in the place of personal data and of words that may
// be. It returns false, and no text, if text has more than 4,000 bytes or is not valid
// UTF-8.
func (m *Masker) Mask(text string) (string, bool) {
	if len(text) > maxMasked || !utf8.ValidString(text) {
		return "", false
	}
	text = tidy(text)
	for range maxPasses {
		next := collapseTokens(m.maskUnknown(m.maskOnce(text)))
		if next == text {
			return text, true
		}
		text = next
	}
	return "", false
}

// maxPasses bounds the passes of a text: one pass may show more to the next. Two are
// normally enough, and the second changes nothing.
const maxPasses = 8

// tidy returns a text in one form: composed, on one line, with plain quotes and
// hyphens, without invisible characters and brackets other than those of tokens.
func tidy(text string) string {
	text = joinLines(norm.NFKC.String(text))
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
	return strings.Join(strings.Fields(replaceBrackets(text)), " ")
}

// joinLines ends each short line with a full stop if the next one begins like a
// sentence, so that the sentences stay apart on one line.
func joinLines(text string) string {
	const short = 60 // a longer line is likely wrapped
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if n := len(lines); n > 0 && isCapital(line) {
			last := strings.TrimSuffix(lines[n-1], ",")
			isOpen := last != "" && !strings.ContainsAny(last[len(last)-1:], ".!?:;,-")
			if isOpen && len(last) < short {
				lines[n-1] = last + "."
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// replaceBrackets replaces square brackets by round ones, except those of tokens.
func replaceBrackets(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if n := tokenAt(text[i:]); n > 0 {
			b.WriteString(text[i : i+n])
			i += n - 1
			continue
		}
		switch text[i] {
		case '[':
			b.WriteByte('(')
		case ']':
			b.WriteByte(')')
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// maskOnce replaces the personal data that it finds in one pass.
func (m *Masker) maskOnce(text string) string {
	text = m.maskKnown(text)
	for _, f := range forms {
		text = f.mask(text, m.isPublic)
	}
	if hasNumeral(text) {
		for _, f := range spelled {
			text = f.mask(text, m.isPublic)
		}
	}
	if strings.ContainsAny(text, "0123456789") {
		for _, f := range numeric {
			text = f.mask(text, m.isPublic)
		}
	}
	return collapseTokens(maskIntroduced(text))
}

// isPublic reports whether a text consists of words of public names.
func (m *Masker) isPublic(text string) bool {
	if len(m.public) == 0 {
		return false
	}
	n := 0
	for s := range eachWord(text) {
		if n++; !m.public[fold(text[s.from:s.to])] {
			return false
		}
	}
	return n > 0
}

// collapseTokens joins neighbouring tokens of one kind, and [...] with any token
// next to it.
func collapseTokens(text string) string {
	if !strings.Contains(text, "[") {
		return text
	}
	var b strings.Builder
	at := 0    // the text before is written
	last := "" // the token that is not yet written
	for i := 0; i < len(text); i++ {
		n := tokenAt(text[i:])
		if n == 0 {
			continue
		}
		token := text[i : i+n]
		switch {
		case last == "":
			b.WriteString(text[at:i])
			last = token
		case isJoint(text[at:i]) && (last == token || token == tokenWord):
		case isJoint(text[at:i]) && last == tokenWord:
			last = token
		default:
			b.WriteString(last + text[at:i])
			last = token
		}
		at = i + n
		i = at - 1
	}
	b.WriteString(last + text[at:])
	return strings.Join(strings.Fields(b.String()), " ")
}

// isJoint reports whether a text between two tokens says nothing.
func isJoint(text string) bool { return len(text) <= 3 && strings.Trim(text, " .-&/'") == "" }

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
			isApostrophe := r == '\'' && from >= 0
			inWord := token == 0 && (unicode.In(r, unicode.L, unicode.Nd) || isApostrophe)
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

// maskKnown masks the personal data of the customer, and every word of the names.
func (m *Masker) maskKnown(text string) string {
	for _, p := range m.exact {
		text = p.re.ReplaceAllLiteralString(text, p.token)
	}
	var b strings.Builder
	at := 0
	for _, s := range words(text) {
		word := text[s.from:s.to]
		f := fold(word)
		name := m.parts[f] || (len(f) > 3 && m.parts[strings.TrimSuffix(f, "s")]) // Jans fiets
		if name && !isToken[word] {
			b.WriteString(text[at:s.from])
			b.WriteString(tokenName)
			at = s.to
		}
	}
	b.WriteString(text[at:])
	return b.String()
}

// phonePattern matches the last seven digits of a phone number with the separators
// between and the digits before them. It is nil for less than six digits.
func phonePattern(phone string) *regexp.Regexp {
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
