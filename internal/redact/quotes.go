package redact

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxQuote is the longest quote in characters.
const MaxQuote = 160

// A QuoteCandidate is a customer's text that may be quoted.
type QuoteCandidate struct {
	Customer string // its id, so that no customer is quoted twice
	Text     string
	Known    PersonalData
	Masked   bool // Text is masked already
}

const (
	minQuoteWords = 3   // words that are not masked, at least
	minQuotes     = 2   // quotes that are selected even if they are alike
	tooAlike      = 0.5 // share of the words of two quotes that are in both
)

// SelectQuotes returns at most n short masked texts of different customers. Texts that
// are alike are among them only to have two. A text that says nothing when it is
// masked is left out: see [Masker.Quote].
func SelectQuotes(candidates []QuoteCandidate, n int) []string {
	var found []quote
	for _, c := range candidates {
		q, ok := c.quote()
		if ok {
			q.customer = c.Customer
			found = append(found, q)
		}
	}
	slices.SortStableFunc(found, func(a, b quote) int { return cmp.Compare(a.cost(), b.cost()) })
	var picked []quote
	pick := func(limit int, conflicts func(quote, quote) bool) {
		for _, q := range found {
			if len(picked) < limit && !slices.ContainsFunc(picked, func(p quote) bool { return conflicts(q, p) }) {
				picked = append(picked, q)
			}
		}
	}
	pick(n, quote.isAlike)
	pick(min(n, minQuotes), quote.isOfSameCustomer)
	texts := make([]string, len(picked))
	for i, q := range picked {
		texts[i] = q.text
	}
	return texts
}

func (c QuoteCandidate) quote() (quote, bool) {
	if c.Masked {
		q := quote{text: Shorten(c.Text, MaxQuote), words: distinctWords(c.Text)}
		return q, HasWords(c.Text)
	}
	return NewMasker(c.Known).quote(c.Text)
}

// Quote returns a masked text of at most [MaxQuote] characters. It returns false if
// the text says nothing when it is masked: if more than half of its words are masked,
// or less than three are left.
func (m *Masker) Quote(text string) (string, bool) {
	q, ok := m.quote(text)
	return q.text, ok
}

func (m *Masker) quote(text string) (quote, bool) {
	masked, ok := m.Mask(text)
	if !ok {
		return quote{}, false
	}
	q := quote{text: Shorten(masked, MaxQuote)}
	q.words = distinctWords(q.text)
	all, _ := countWords(text)
	left, _ := countWords(masked)
	leftInQuote, hidden := countWords(q.text)
	saysMost := 2*left >= all && leftInQuote >= hidden
	return q, saysMost && leftInQuote >= minQuoteWords
}

// countWords returns the number of words of a text, and of its tokens. Words are
// separated by spaces here, so that a phone number is as many words as a reader sees.
func countWords(text string) (plain, hidden int) {
	for field := range strings.FieldsSeq(text) {
		rest := field
		for _, t := range allTokens {
			hidden += strings.Count(rest, t)
			rest = strings.ReplaceAll(rest, t, "")
		}
		if strings.ContainsFunc(rest, isLetterOrDigit) {
			plain++
		}
	}
	return plain, hidden
}

// HasWords reports whether words of the customer are left in a masked text.
func HasWords(masked string) bool {
	plain, _ := countWords(masked)
	return plain > 0
}

type quote struct {
	customer, text string
	words          map[string]bool
}

// cost is lowest for a text of about eighty characters with few tokens.
func (q quote) cost() int {
	_, hidden := countWords(q.text)
	d := utf8.RuneCountInString(q.text) - MaxQuote/2
	return max(d, -d) + 30*hidden
}

func (q quote) isAlike(other quote) bool {
	if q.isOfSameCustomer(other) {
		return true
	}
	both := 0
	for w := range q.words {
		if other.words[w] {
			both++
		}
	}
	return float64(both) > tooAlike*float64(len(q.words)+len(other.words)-both)
}

func (q quote) isOfSameCustomer(other quote) bool {
	return q.customer != "" && q.customer == other.customer
}

func distinctWords(text string) map[string]bool {
	set := map[string]bool{}
	for s := range eachWord(text) {
		if w := text[s.from:s.to]; !isToken[w] {
			set[strings.ToLower(w)] = true
		}
	}
	return set
}

// Shorten returns at most n characters of text, up to the end of a word.
func Shorten(text string, n int) string {
	runes := 0
	for i := range text {
		if runes == n {
			text = text[:i]
			if space := strings.LastIndexByte(text, ' '); space > 0 {
				text = text[:space]
			}
			return strings.TrimRight(text, " ,;:-")
		}
		runes++
	}
	return text
}

// Bounds of the codes that customers share.
const (
	minCodeLength = 3
	maxCodeLength = 20
	maxCodeDigits = 4
	maxCodes      = 20
)

// Codes returns those of some words that are codes.
func Codes(of []string) []string {
	var codes []string
	for _, w := range of {
		codes = append(codes, codesOf(w)...)
	}
	return codes
}

// minSharers is how many customers must write a code to make it public. Two may be
// of one family, with one order or one address.
const minSharers = 3

// SharedCodes returns the codes that three or more of the customers wrote, like a
// discount code or the number of an error. A code has letters and at most four
// digits, and is in capitals if it has no digits. Postcodes are not codes. Codes are
// not personal data: pass them as [PersonalData.Public].
func SharedCodes(candidates []QuoteCandidate) []string {
	customers := map[string]map[string]bool{}
	for _, c := range candidates {
		if len(c.Text) > maxMasked || !utf8.ValidString(c.Text) {
			continue
		}
		for _, code := range codesOf(NewMasker(c.Known).maskKnown(tidy(c.Text))) {
			if customers[code] == nil {
				customers[code] = map[string]bool{}
			}
			customers[code][c.Customer] = true
		}
	}
	var shared []string
	for code, by := range customers {
		if len(by) >= minSharers {
			shared = append(shared, code)
		}
	}
	slices.Sort(shared)
	return shared[:min(len(shared), maxCodes)]
}

// postcode matches Dutch and British postcodes, and the second half of a British one.
var postcode = lazy(`^(?:\d{4}[a-z]{2}|(?:[a-z]{1,2}\d[a-z\d]?)?\d[a-z]{2})$`)

// afterCode come before a code without digits.
var afterCode = wordSet("code kortingscode actiecode promocode couponcode coupon voucher vouchercode welkomstcode discountcode foutcode fout error")

// codesOf returns the words of a text that may be codes, in lower case.
func codesOf(text string) []string {
	var codes []string
	before := ""
	for s := range eachWord(text) {
		word := text[s.from:s.to]
		isNamed := afterCode[before]
		before = fold(word)
		n := utf8.RuneCountInString(word)
		digits := 0
		for _, r := range word {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		isMixed := digits > 0 && digits < n && digits <= maxCodeDigits && !postcode().MatchString(before)
		isWritten := digits == 0 && isNamed && word == strings.ToUpper(word)
		if (isMixed || isWritten) && n >= minCodeLength && n <= maxCodeLength {
			codes = append(codes, before)
		}
	}
	return codes
}
