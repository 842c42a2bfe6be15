package reply

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// A form is the pattern of an attribution in one language, in lower case and
// without the colon at its end.
//
// {time} is a time as [readMoment] reads it. {writer} is a name, an address or
// both, {address} an address with or without a name. Other words are literal:
// "|" separates alternatives, "_" is a blank in a phrase, and "?" marks a word
// that may be missing. Mail programs put commas and brackets between the words,
// which do not count.
//
// For example "op {time} schreef {writer}" is the form of "Op ma 3 mrt 2025 om
// 10:15 schreef Jan <jan@example.com>:".
type form string

// datedForms are the attributions that mail programs write above a quote, with
// some of the programs that write them.
var datedForms = []form{
	// English
	"on|at {time} {writer} wrote|writes|write|sent", // Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Roundcube, Spark, Zimbra, Zoho
	"{writer} wrote|writes on {time}",               // Lotus Notes
	// Dutch
	"op|aan {time} schreef|schrijft {writer} het_volgende? geschreven?",    // Gmail, Thunderbird, Yahoo, Proton, Open-Xchange, Spark
	"op {time} heeft {writer} het_volgende? geschreven|verzonden|gestuurd", // Apple Mail, Outlook for iOS
	"op|aan {time} {writer} schreef|schrijft het_volgende?",                // Airmail, Zoho
	"{writer} schreef|schrijft op {time}",                                  // Roundcube, Evolution, Lotus Notes
	"{writer} heeft op {time} het_volgende? geschreven",
	// German
	"am|vom|um {time} schrieb|schrieben|schreibt {writer} folgendes?",   // Gmail, Apple Mail, Thunderbird, Proton, Roundcube, Open-Xchange
	"am|vom|um {time} hat {writer} das_folgende|folgendes? geschrieben", // Yahoo, Outlook for iOS
	"am|vom|um {time} {writer} schrieb|schrieben|schreibt|geschrieben",  // GMX, web.de, Yahoo
	"{writer} schrieb|schreibt am {time}",                               // Gmail, Lotus Notes
	"{writer} hat am {time} folgendes? geschrieben",
	// French
	"le|en_date_du {time} {writer} a_écrit|a_ecrit|écrit|écrivait", // Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Roundcube
	"le|en_date_du {time} a_écrit|a_ecrit {writer}",
	"{writer} a_écrit|a_ecrit le|sur {time}", // Lotus Notes
	// Spanish and Catalan
	"el|con_fecha {time} {writer} escribió|escribio|escribi=f3|escribía|va_escriure", // Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Roundcube
	"el {time} escribió|escribio {writer}",
	"{writer} escribió|escribio (el|el {time}", // Gmail, Lotus Notes
	// Italian
	"il|in_data|nel {time} {writer} ha_scritto|scrive|scriveva", // Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Roundcube
	"il|in_data {time} ha_scritto {writer}",
	"{writer} ha_scritto il|in_data {time}",
	// Portuguese
	"em|no_dia|a|às|na {time} {writer} escreveu|escreveram", // Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Airmail
	"em|no_dia {time} escreveu {writer}",
	"{writer} escreveu no_dia|em|( {time}", // Gmail
	// Polish
	"w_dniu|dnia|dn. {time} użytkownik? {writer} napisał|napisała|napisał(a)|napisal(a)|napisał/a|pisze", // Gmail, Thunderbird, Yahoo, Proton, Roundcube
	"{time} użytkownik? {writer} napisał|napisała|napisał(a)|napisal(a)|napisał/a|pisze",                 // Gmail
	"w_dniu|dnia {time} napisał|napisała|napisał(a) {writer}",
	"wiadomość_napisana_przez {writer} w_dniu|dnia {time}", // Apple Mail
	// Danish, Norwegian and Swedish
	"den|på|d. {time} skrev {writer} følgende|følgjande|följande?", // Gmail, Apple Mail, Thunderbird, Yahoo, Proton
	"{time} skrev {writer} følgende|følgjande|följande?",           // Apple Mail, Gmail
	"den|på|d. {time} {writer} skrev følgende|följande?",           // Yahoo
	"{time} {writer} skrev følgende|följande?",                     // Yahoo
	"{writer} skrev den|på|d. {time}",                              // Roundcube
	"{writer} skrev {time}",                                        // Roundcube
	// Finnish
	"{time} {writer} kirjoitti|kirjoittaa", // Gmail, Yahoo, Proton
	"{writer} kirjoitti|kirjoittaa {time}", // Apple Mail, Thunderbird
	// Russian and Ukrainian
	"{time} пользователь? {writer} написал|написала|написал(а)|написав|написав(ла)|пишет|пишете|писал|писал(а)|пише", // Apple Mail, Thunderbird, Yahoo, Proton, Gmail
	"{time} написал|написала|написал(а)|пишет|пише {writer}",
	"{writer} написал|написала|написал(а)|писал|писал(а)|пишет|пише {time}", // Roundcube
	// Czech, Slovak and Croatian
	"dne|dňa {time} {writer} napsal|napsala|napsal(a)|píše|napísal|napísal(a)",                                                  // Thunderbird, Roundcube
	"{time} odesílatel|odosielateľ|používateľ? {writer} napsal|napsala|napsal(a)|píše|napísal|napísal(a)|napisao_je|je_napisao", // Gmail, Apple Mail
	"dne {time} napsal|napsala|napsal(a) {writer}",
	// Hungarian
	"{writer} ezt_írta_(időpont: {time}",         // Gmail
	"{time} keltezéssel? {writer} ezt_írta|írta", // Thunderbird
	// Romanian, Turkish, Greek, Vietnamese
	"la|pe|în {time} {writer} a_scris",           // Gmail, Apple Mail, Yahoo
	"{writer} {time} tarihinde_şunu_yazdı",       // Gmail
	"{time} tarihinde {writer} yazdı|şunu_yazdı", // Thunderbird, Yahoo
	"στις {time} ο_χρήστης|ο/η? {writer} έγραψε", // Gmail, Thunderbird
	"vào {time} {writer} đã_viết",                // Gmail
	// Chinese, Japanese and Korean
	"在|于|於 {time} {writer} 写道|寫道|写到|编写|編寫",         // Apple Mail, Thunderbird, Yahoo, Proton, 163.com
	"{writer} 于|於|在 {time} 写道|寫道|写到|编写|編寫",         // Gmail
	"{time} {writer} 写道|寫道|さんは書きました|のメール|님이_작성|작성", // Yahoo
	// Every language
	"{time} by|from|von|door|van|par|de|por|da|od|przez|från|fra|av|af|от|від {address}", // Mail.ru, Tutanota
	"{time} {address}", // Gmail and Yandex in many languages
}

// undatedForms are attributions without a time, which some old programs write.
// They need an address, or a quote directly below them.
var undatedForms = []form{
	"{writer} wrote|writes",
	"{writer} schreef|schrijft",
	"{writer} schrieb|schreibt",
	"{writer} a_écrit|a_ecrit|écrivait",
	"{writer} escribió|escribio|escribía",
	"{writer} ha_scritto|scrive",
	"{writer} escreveu",
	"{writer} skrev",
	"{writer} kirjoitti",
	"{writer} napisał|napisała|napisał(a)|pisze",
	"{writer} написал|написал(а)|пишет|пише",
	"{writer} napsal|napsal(a)",
	"{writer} írta",
	"{writer} a_scris",
	"{writer} 写道|寫道",
	"quoting|citeren|zitat_von|citando|citação_de|cytowanie|citerar|citerer|citat_af|siterer|lainaus|mensaje_citado_por|цитирую|citování {writer}", // Horde
	"in_article|in_message {writer} wrote|writes|write", // news programs
	"in_bericht {writer} schreef|geschreven",
}

// A pattern is a form without alternatives: phrases, with a time and a writer
// between them. A phrase may be empty.
type pattern struct {
	before, between, after string
	order                  slotOrder
	needsAddress           bool // a name is not enough
}

// A slotOrder is the order of the time and the writer in a pattern.
type slotOrder byte

const (
	timeThenWriter slotOrder = iota
	writerThenTime
	writerOnly
)

// patterns returns the patterns of all forms, by the way they are looked up. They
// are compiled at the first mail: other functions than email link this package too.
var patterns = sync.OnceValue(compileForms)

type compiledForms struct {
	openers    map[string][]string   // phrases before a time, by their first word
	timeFirst  map[string][]*pattern // by the phrase before the time
	writerTime map[string][]*pattern // by the first word after the writer
	undated    map[string][]*pattern // by their first or last word
	lastWords  map[string]bool       // the words that end a pattern
	verbs      map[string]bool       // the words between a time and a writer
}

func compileForms() *compiledForms {
	c := &compiledForms{
		openers:    map[string][]string{},
		timeFirst:  map[string][]*pattern{},
		writerTime: map[string][]*pattern{},
		undated:    map[string][]*pattern{},
		lastWords:  map[string]bool{},
		verbs:      map[string]bool{},
	}
	for _, f := range datedForms {
		for _, p := range f.expand() {
			c.addDated(p)
		}
	}
	for _, f := range undatedForms {
		for _, p := range f.expand() {
			key := wordAt(p.before)
			if p.before == "" {
				key = lookupWord(lastWord(p.after))
			}
			c.undated[key] = append(c.undated[key], p)
		}
	}
	return c
}

func (c *compiledForms) addDated(p *pattern) {
	c.lastWords[lastWord(p.after)] = p.after != ""
	if p.order == writerThenTime {
		key, _, _ := strings.Cut(p.between, " ")
		key = lookupWord(key)
		c.writerTime[key] = append(c.writerTime[key], p)
		return
	}
	if !p.needsAddress {
		c.verbs[wordAt(p.between)] = p.between != ""
	}
	if word := wordAt(p.before); word != "" && !slices.Contains(c.openers[word], p.before) {
		c.openers[word] = append(c.openers[word], p.before)
	}
	c.timeFirst[p.before] = append(c.timeFirst[p.before], p)
}

// lookupWord returns the word by which a pattern is looked up. It is empty for
// words of scripts without blanks, which are not found as words.
func lookupWord(word string) string {
	if first, _ := utf8.DecodeRuneInString(word); isIdeograph(first) {
		return ""
	}
	return word
}

// expand returns the patterns of f, one for each choice of alternatives.
func (f form) expand() []*pattern {
	all := []pattern{{}}
	phrase := 0 // the phrase that comes next: before, between or after
	slots := ""
	for token := range strings.FieldsSeq(string(f)) {
		if token[0] == '{' {
			slots += token
			phrase++
			continue
		}
		token, optional := strings.CutSuffix(token, "?")
		words := strings.Split(strings.ReplaceAll(token, "_", " "), "|")
		if optional {
			words = append(words, "")
		}
		var longer []pattern
		for _, p := range all {
			for _, w := range words {
				longer = append(longer, p.append(phrase, w))
			}
		}
		all = longer
	}
	patterns := make([]*pattern, len(all))
	for i, p := range all {
		switch slots {
		case "{writer}{time}":
			p.order = writerThenTime
		case "{writer}":
			p.order = writerOnly
			p.after += p.between // there is one slot
			p.between = ""
		case "{time}{address}":
			p.needsAddress = true
		case "{time}{writer}":
		default:
			panic("reply: form " + string(f) + " has slots " + slots)
		}
		patterns[i] = &p
	}
	return patterns
}

// append returns p with a word at the end of a phrase.
func (p pattern) append(phrase int, word string) pattern {
	where := []*string{&p.before, &p.between, &p.after}[phrase]
	*where = strings.TrimPrefix(*where+" "+word, " ")
	*where = strings.TrimSuffix(*where, " ")
	return p
}
