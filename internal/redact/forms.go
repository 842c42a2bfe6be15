package redact

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// lazy returns a function that compiles a pattern when it is first called. Most
// Lambda functions never mask a text, and must not start slower for it.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// A form is personal data that is recognized by its shape.
type form struct {
	re    func() *regexp.Regexp
	token string
}

const (
	// streets are endings of street names, without those of ordinary words.
	streets = `straat|straatje|laan|weg|plein|gracht|kade|singel|dijk|hof|pad|steeg|dreef|plantsoen|markt|weide|veld|oord|burg|park|boulevard|allee|meent|brink`
	months  = `jan(?:uari|uary)?|feb(?:ruari|ruary)?|maart|march|mrt|mar|apr(?:il)?|mei|may|juni?|june?|juli?|july?|aug(?:ustus|ust)?|sep(?:t|tember)?|okt(?:ober)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?`
	digits5 = `\d(?:[ .\-/()]{0,2}\d){4,}`
)

// forms are searched in this order: the most certain form first.
var forms = []form{
	{lazy(`(?i)\b(?:https?|ftp)://\S+|\bwww\.\S+|\bmailto:\S+`), tokenLink},
	{lazy(`(?i)[^\s<>,;:"()\[\]]+@[^\s<>,;:"()\[\]]+\.[\p{L}]{2,}`), tokenMail},
	{lazy(`(?i)[\p{L}\d._%+\-]+(?: ?\[at\] ?| ?\(at\) ?| ?\{at\} ?| at | apenstaartje? | @ ?|@ )[\p{L}\d\-]+(?:(?: ?\. ?| ?\(?\[?(?:dot|punt|stip)\)?\]? ?)[\p{L}\d\-]+)*(?: ?\. ?| ?\(?\[?(?:dot|punt|stip)\)?\]? ?)(?:nl|com|be|net|org|eu|de|uk|fr|info|io|me)\b`), tokenMail},
	{lazy(`(?i)\b[a-z0-9][a-z0-9\-]*(?:\.[a-z0-9\-]+)*\.(?:nl|com|be|net|org|eu|de|uk|io|shop|info|example)\b(?:/\S*)?`), tokenLink},
	{lazy(`(^|[\s(,;:])@[\p{L}\d_.]+`), " " + tokenName},
}

// numeric are the forms with a digit. They are searched after forms, also in
// this order.
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
	lowPairs = wordSet("en is in op te om we ze je ik of al er nu na zo ja om de ga do to at is it or of on by my he no us an as so up go am if be") // words after a year that look like a postcode's letters
)

// mask replaces the parts of a text that have the form, except tokens and amounts.
func (f form) mask(text string) string {
	return f.re().ReplaceAllStringFunc(text, func(found string) string {
		switch {
		case tokens().MatchString(found):
			return found
		case amounts().MatchString(found), isMoney(found):
			return found
		case f.token == tokenAddress && isYear(found):
			return found
		case f.token == tokenAddress && isOrdinaryWay(found):
			return found
		}
		return f.token
	})
}

func isMoney(found string) bool { return found != "" && money().FindString(found) == found }

// isYear reports whether a postcode is a year and a short word, like "2026 is".
func isYear(found string) bool {
	year, word, ok := strings.Cut(found, " ")
	inCentury := strings.HasPrefix(year, "19") || strings.HasPrefix(year, "20")
	return ok && inCentury && lowPairs[word]
}

// isOrdinaryWay reports whether an address is a phrase like "onderweg 3".
func isOrdinaryWay(found string) bool {
	f := strings.Fields(strings.ToLower(found))
	if len(f) < 2 {
		return false
	}
	unknown := func(w string) bool { return !vocabulary()[strings.Trim(w, ".,")] }
	way := f[len(f)-2]
	return (way == "onderweg" || way == "weg") && !slices.ContainsFunc(f[:len(f)-1], unknown)
}
