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
	streets = `straat|straatje|laan|weg|plein|gracht|kade|singel|dijk|hof|pad|steeg|dreef|plantsoen|markt|weide|veld|oord|burg|park|boulevard|allee|meent|brink|wal|haven|kamp|akker|polder|hoeve|erf|laantje|steenweg|wijk`
	ways    = `street|road|avenue|lane|drive|square|court|gardens|terrace|crescent`
	months  = `jan(?:uari|uary)?|feb(?:ruari|ruary)?|maart|march|mrt|mar|apr(?:il)?|mei|may|juni?|june?|juli?|july?|aug(?:ustus|ust)?|sep(?:t|tember)?|okt(?:ober)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?`
	digits5 = `\d(?:[ .\-/()]{0,2}\d){4,}`
	// numerals are numbers in words.
	numerals = `(?:nul|zero|oh|een|één|one|twee|two|drie|three|vier|four|vijf|five|zes|six|zeven|seven|acht|eight|negen|nine|tien|ten|elf|eleven|twaalf|twelve|dertien|thirteen|veertien|fourteen|vijftien|fifteen|zestien|sixteen|zeventien|seventeen|achttien|eighteen|negentien|nineteen|(?:(?:een|twee|drie|vier|vijf|zes|zeven|acht|negen)[eë]n)?(?:twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-(?:one|two|three|four|five|six|seven|eight|nine))?|honderd|hundred)`
	atSign   = `(?: ?[(\[{] ?(?:at|apenstaart(?:je)?) ?[)\]}] ?| at | apenstaart(?:je)? | @ ?|@ )`
	dotSign  = `(?: ?\. ?| ?[(\[{] ?(?:dot|punt|stip) ?[)\]}] ?| (?:dot|punt|stip) )`
)

// forms are searched in this order: the most certain form first.
var forms = []form{
	{lazy(`(?i)\b(?:https?|ftp)://\S+|\bwww\.\S+|\bmailto:\S+`), tokenLink},
	{lazy(`(?i)[^\s<>,;:"()\[\]]+@[^\s<>,;:"()\[\]]+\.[\p{L}]{2,}`), tokenMail},
	{lazy(`(?i)[\p{L}\d._%+\-]+(?:(?: dot | punt )[\p{L}\d._%+\-]+)*` + atSign + `[\p{L}\d\-]+(?:` + dotSign + `[\p{L}\d\-]+)*` + dotSign + `(?:nl|com|be|net|org|eu|de|uk|fr|info|io|me|example)\b`), tokenMail},
	{lazy(`(?i)[\p{L}\d._%+\-]+(?:(?: dot | punt )[\p{L}\d._%+\-]+)*(?: at | apenstaart(?:je)? | ?@ ?)[\p{L}\d\-]+(?: (?:dot|punt) [\p{L}\d\-]+)+`), tokenMail},
	{lazy(`(?i)[\p{L}\d._%+\-]+ ?@ ?[\p{L}\d\-]+\.[\p{L}]{2,}\b`), tokenMail},
	{lazy(`(?i)\b[a-z0-9][a-z0-9\-]*(?:\.[a-z0-9\-]+)*\.(?:nl|com|be|net|org|eu|de|uk|io|shop|info|example)\b(?:/\S*)?`), tokenLink},
	{lazy(`(?i)\b[a-z0-9][a-z0-9\-]*(?:\.[a-z0-9\-]+)+/\S+`), tokenLink},
	{lazy(`(^|[\s(,;:])@[\p{L}\d_.]+`), " " + tokenName},
	{lazy(`(?i)\b(?:wachtwoord|paswoord|password|passcode|gebruikersnaam|username|login|inlognaam|pincode|toegangscode) ?(?:is|was|=|:)+ ?\S+`), tokenWord},
}

// spelled are the forms with a number in words.
var spelled = []form{
	{lazy(`(?i)\b` + numerals + `(?:[ ,.\-]{1,2}(?:en |and )?(?:` + numerals + `|o|dubbele?|driedubbele?|double|triple))+[ ,.\-]{1,2}` + numerals + `\b`), tokenNumber},
	{lazy(`(?i)\b` + numerals + `(?: ` + numerals + `)?[a-z]? (?:\p{L}+ ){1,3}?(?:` + ways + `|close)\b`), tokenAddress},
}

// numeric are the forms with a digit. They are searched after forms, also in
// this order.
var numeric = []form{
	{lazy(`(?i)\b[a-z]{2} ?\d{2}(?:[ .\-]?[a-z]{4})(?:[ .\-]?\d{2,4}){2,7}\b`), tokenNumber}, // IBAN with a bank's letters
	{lazy(`(?i)\b(?:be|de|fr|es|it|lu|at|pt) ?\d{2}(?:[ .\-]?\d{2,4}){3,7}\b`), tokenNumber}, // IBAN of digits
	{lazy(`(?:\+|\b00)\d{1,3}[\s.\-]?\(?0?\)?(?:[\s.\-/]{0,2}\d){6,12}\b`), tokenPhone},
	{lazy(`\(?\b0\d{1,4}\)?(?:[\s.\-/]{0,3}\d){5,8}\b`), tokenPhone},
	{lazy(`(?i)\b\d{1,2} ?[\-/. ] ?\d{1,2} ?[\-/. ] ?(?:\d{4}|'?\d{2})\b|\b\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}\b`), tokenDate},
	{lazy(`(?i)\b\d{1,2}(?:e|de|ste|st|nd|rd|th)?(?: of)?[ \-.](?:` + months + `)\b\.?(?:[ \-,']{0,2}(?:\d{4}|\d{2})\b)?`), tokenDate},
	{lazy(`(?i)\b(?:` + months + `)\.? \d{1,2}(?:st|nd|rd|th)?\b(?:,? \d{4}\b)?`), tokenDate},
	{lazy(`(?i)\b(?:geboren|geboortejaar|geb\.?|born|bouwjaar)(?: (?:in|op|on|te|is|was|van))* \d{2,4}\b|\b(?:ben|am|i'm|are) (?:(?:van|from|uit) )?(?:19|20)\d\d\b`), tokenDate},
	{lazy(`(?i)\b(?:ben|word|werd|am|i'm|turned|aged?|leeftijd)(?: (?:nu|al|net|pas|ook|inmiddels|now|just|only|nearly|almost|bijna|ruim|van|is|of|:))* \d{1,3}\b(?: (?:jaar|jr|years?)\b(?: (?:oud|old)\b| of age\b)?)?|\b\d{1,3}(?: jaar oud| jr oud|[- ]jarige?| years? old|[- ]year[- ]old|[- ]yr[- ]old)\b`), tokenNumber}, // an age
	{lazy(`(?i)\b(?:` + months + `)\.? (?:of |van )?(?:19\d\d|200\d|201[0-5])\b`), tokenDate}, // a month of birth
	{lazy(`[^\s\[\]]*[\p{L}\d][!$%&*+]+[\p{L}\d][^\s\[\]]*`), tokenNumber},                    // a password
	{lazy(`\b[1-9]\d{3} ?[A-Za-z]{2}\b(?:(?:,| nr\.?| nummer| huisnummer| no\.?)* ?\d{1,5}(?:[ \-]?[a-zA-Z]{1,3}\b)?)?`), tokenAddress},
	{lazy(`(?i)\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b`), tokenAddress}, // a British postcode
	{lazy(`(?i)\bbus \d{1,4}[a-z]?\b`), tokenAddress},                // a Belgian letter box
	{lazy(`(?i)\b(?:\p{L}[\p{L}.'\-]*[ ]){0,3}?[\p{L}'\-]*(?:` + streets + `|` + ways + `)\b\.?(?: nr\.?| nummer| huisnummer| no\.?|,)? ?\d{1,5}(?:[ \-]?(?:bis|hs|huis|boven|beneden|rood|zwart|[a-z]{1,2})\b)?(?:-\d{1,4})?`), tokenAddress},
	{lazy(`(?i)\b(?:laan|plein|weg|straat|huize|huis) (?:van|der|den|de|het|'t)(?: [\p{L}'\-]+){1,3} \d{1,5}(?:[ \-]?[a-z]{1,2}\b)?`), tokenAddress},
	{lazy(`(?i)\b\d{1,5}[a-z]? (?:\p{L}+ ){1,3}(?:` + ways + `|close|st|rd|ave)\b\.?`), tokenAddress},
	{lazy(`(?i)\b(?:huisnummer|huisnr|house number|postcode|post code|zip code|zipcode|postbus|po box|unit|flat|apartment|appartement|apt|kamer|busnummer)(?: is| was|:|\.|#|-)* ?\w*\d\w*(?: ?[a-z]{2}\b)?`), tokenAddress},
	{lazy(`(?i)\b(?:[a-z]{1,3}|\d{1,3})-(?:[a-z]{1,3}|\d{1,3})-(?:[a-z]{1,3}|\d{1,3})\b`), tokenNumber}, // licence plates
	{lazy(`(?i)\b(?:bsn|burgerservicenummer|sofinummer|paspoort|kenteken|passport|ssn|iban|rekeningnummer|klantnummer|klantnr|customer number|ordernummer|ordernr|bestelnummer|factuurnummer|polisnummer|order number|account number|pincode|pin code|reference|kenmerk)(?: is| was|:|#| nummer| nr\.?)* ?#?[\p{L}]{0,4}[ \-]?\d[\w\-]*(?:[ .\-]\d+)*`), tokenNumber},
	{lazy(`(?i)\b[\p{L}\-_]*\d+[\p{L}\-_]+[\p{L}\d\-_]*\b|\b[\p{L}]+[\-_]?\d+[\p{L}\d\-_]*\b`), tokenNumber}, // letters and digits in one
	{lazy(digits5), tokenNumber},
	{lazy(`\b19\d\d\b`), tokenDate},
}

var (
	money    = lazy(`(?i)(?:€|eur|euro|£|\$) ?\d{1,3}(?:[.,]?\d{3})?(?:[.,](?:\d{2}|-))?\b|\b\d{1,3}(?:[.,]\d{3})?(?:[.,](?:\d{2}|-))? ?(?:€|eur|euros?|pounds?)(?:\b|$)|\b\d{1,3},\d{2}\b`)
	amounts  = lazy(`(?i)^\d{1,4}(?:e|de|ste|st|nd|rd|th|x|k|cm|mm|m|kg|g|gr|w|v|u|uur|uurs|min|gb|l|ml|pm|am|h|hrs?|keer|ghz|mah|mm|inch|dagen|weken|d)$|^\d{1,2}[:.]\d{2}(?:u|uur|h|am|pm)?$|^v?\d{1,2}(?:\.\d{1,2})?$`)
	lowPairs = wordSet("en is in op te om we ze je ik of al er nu na zo ja om de ga do to at is it or of on by my he no us an as so up go am if be") // words after a year that look like a postcode's letters
)

// mask replaces the parts of a text that have the form, except tokens, amounts and
// public names.
func (f form) mask(text string, isPublic func(string) bool) string {
	return f.re().ReplaceAllStringFunc(text, func(found string) string {
		switch {
		case strings.Contains(found, "[") && hasToken(found):
			return found
		case amounts().MatchString(found), isMoney(found), isPublic(found):
			return found
		case f.token == tokenAddress && isYear(found):
			return found
		case f.token == tokenAddress && isOrdinaryWay(found):
			return found
		case f.token == tokenWord:
			return maskSecret(found)
		case f.token == tokenAddress:
			before, _ := cutBeforeStreet(found)
			return before + f.token
		}
		return f.token
	})
}

// hasToken reports whether a text has a token.
func hasToken(text string) bool {
	return slices.ContainsFunc(allTokens[:], func(t string) bool { return strings.Contains(text, t) })
}

// maskSecret masks the last field of a text like "password is x", unless it is a
// word that says how the password is: "password is wrong".
func maskSecret(found string) string {
	i := strings.LastIndexAny(found, " :=") + 1
	if secretStates[fold(strings.Trim(found[i:], ".,!?"))] {
		return found
	}
	return found[:i] + tokenWord
}

// cutBeforeStreet parts an address from the words before it: of "deliver it to
// Church Lane 4" only what follows "to" is the address.
func cutBeforeStreet(found string) (before, address string) {
	at := 0
	for i := range len(found) {
		if found[i] != ' ' {
			continue
		}
		if word := fold(found[at:i]); beforeStreet[word] {
			before = found[:i+1]
		}
		at = i + 1
	}
	return before, found[len(before):]
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
	unknown := func(w string) bool { return !isWord(strings.Trim(w, ".,"), true) }
	way := f[len(f)-2]
	return (way == "onderweg" || way == "weg") && !slices.ContainsFunc(f[:len(f)-1], unknown)
}
