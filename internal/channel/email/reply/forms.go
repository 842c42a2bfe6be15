package reply

import (
	"slices"
	"strings"
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
type form struct {
	programs string // some that write it
	pattern  string
}

// datedForms are the attributions that mail programs write above a quote.
var datedForms = []form{
	// English
	{"Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Roundcube, Spark, Zimbra, Zoho", "on|at {time} {writer} wrote|writes|write|sent"},
	{"Lotus Notes", "{writer} wrote|writes on {time}"},
	// Dutch
	{"Gmail, Thunderbird, Yahoo, Proton, Open-Xchange, Spark", "op|aan {time} schreef|schrijft {writer} het_volgende? geschreven?"},
	{"Apple Mail, Outlook for iOS", "op {time} heeft {writer} het_volgende? geschreven|verzonden|gestuurd"},
	{"Airmail, Zoho", "op {time} {writer} schreef|schrijft het_volgende?"},
	{"Roundcube, Evolution, Lotus Notes", "{writer} schreef|schrijft op {time}"},
	{"", "{writer} heeft op {time} het_volgende? geschreven"},
	// German
	{"Gmail, Apple Mail, Thunderbird, Proton, Roundcube, Open-Xchange", "am|vom|um {time} schrieb|schrieben|schreibt {writer} folgendes?"},
	{"Yahoo, Outlook for iOS", "am|vom|um {time} hat {writer} das_folgende|folgendes? geschrieben"},
	{"GMX, web.de, Yahoo", "am|vom|um {time} {writer} schrieb|schrieben|schreibt|geschrieben"},
	{"Gmail, Lotus Notes", "{writer} schrieb|schreibt am {time}"},
	{"", "{writer} hat am {time} folgendes? geschrieben"},
	// French
	{"Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Roundcube", "le|en_date_du {time} {writer} a_écrit|a_ecrit|écrit|écrivait"},
	{"", "le|en_date_du {time} a_écrit|a_ecrit {writer}"},
	{"Lotus Notes", "{writer} a_écrit|a_ecrit le|sur {time}"},
	// Spanish and Catalan
	{"Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Roundcube", "el|con_fecha {time} {writer} escribió|escribio|escribi=f3|escribía|va_escriure"},
	{"", "el {time} escribió|escribio {writer}"},
	{"Gmail, Lotus Notes", "{writer} escribió|escribio (el|el {time}"},
	// Italian
	{"Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Roundcube", "il|in_data|nel {time} {writer} ha_scritto|scrive|scriveva"},
	{"", "il|in_data {time} ha_scritto {writer}"},
	{"", "{writer} ha_scritto il|in_data {time}"},
	// Portuguese
	{"Gmail, Apple Mail, Thunderbird, Yahoo, Proton, Airmail", "em|no_dia|a|às|na {time} {writer} escreveu|escreveram"},
	{"", "em|no_dia {time} escreveu {writer}"},
	{"Gmail", "{writer} escreveu no_dia|em|( {time}"},
	// Polish
	{"Gmail, Thunderbird, Yahoo, Proton, Roundcube", "w_dniu|dnia|dn. {time} użytkownik? {writer} napisał|napisała|napisał(a)|napisal(a)|napisał/a|pisze"},
	{"Gmail", "{time} użytkownik? {writer} napisał|napisała|napisał(a)|napisal(a)|napisał/a|pisze"},
	{"", "w_dniu|dnia {time} napisał|napisała|napisał(a) {writer}"},
	{"Apple Mail", "wiadomość_napisana_przez {writer} w_dniu|dnia {time}"},
	// Danish, Norwegian and Swedish
	{"Gmail, Apple Mail, Thunderbird, Yahoo, Proton", "den|på|d. {time} skrev {writer} følgende|følgjande|följande?"},
	{"Apple Mail, Gmail", "{time} skrev {writer} følgende|følgjande|följande?"},
	{"Yahoo", "den|på|d. {time} {writer} skrev følgende|följande?"},
	{"Yahoo", "{time} {writer} skrev følgende|följande?"},
	{"Roundcube", "{writer} skrev den|på|d. {time}"},
	{"Roundcube", "{writer} skrev {time}"},
	// Finnish
	{"Gmail, Yahoo, Proton", "{time} {writer} kirjoitti|kirjoittaa"},
	{"Apple Mail, Thunderbird", "{writer} kirjoitti|kirjoittaa {time}"},
	// Russian and Ukrainian
	{"Apple Mail, Thunderbird, Yahoo, Proton, Gmail", "{time} пользователь? {writer} написал|написала|написал(а)|написав|написав(ла)|пишет|пишете|писал|писал(а)|пише"},
	{"Roundcube", "{writer} написал|написала|написал(а)|писал|писал(а)|пишет|пише {time}"},
	// Czech, Slovak and Croatian
	{"Thunderbird, Roundcube", "dne|dňa {time} {writer} napsal|napsala|napsal(a)|píše|napísal|napísal(a)"},
	{"Gmail, Apple Mail", "{time} odesílatel|odosielateľ|používateľ? {writer} napsal|napsala|napsal(a)|píše|napísal|napísal(a)|napisao_je|je_napisao"},
	{"", "dne {time} napsal|napsala|napsal(a) {writer}"},
	// Hungarian
	{"Gmail", "{writer} ezt_írta_(időpont: {time}"},
	{"Thunderbird", "{time} keltezéssel? {writer} ezt_írta|írta"},
	// Romanian, Turkish, Greek, Vietnamese
	{"Gmail, Apple Mail, Yahoo", "la|pe|în {time} {writer} a_scris"},
	{"Gmail", "{writer} {time} tarihinde_şunu_yazdı"},
	{"Thunderbird, Yahoo", "{time} tarihinde {writer} yazdı|şunu_yazdı"},
	{"Gmail, Thunderbird", "στις {time} ο_χρήστης|ο/η? {writer} έγραψε"},
	{"Gmail", "vào {time} {writer} đã_viết"},
	// Chinese, Japanese and Korean
	{"Apple Mail, Thunderbird, Yahoo, Proton, 163.com", "在|于|於 {time} {writer} 写道|寫道|写到|编写|編寫"},
	{"Gmail", "{writer} 于|於|在 {time} 写道|寫道|写到|编写|編寫"},
	{"Yahoo", "{time} {writer} 写道|寫道|さんは書きました|のメール|님이_작성|작성"},
	// Every language
	{"Mail.ru, Tutanota", "{time} by|from|von|door|van|par|de|por|da|od|przez|från|fra|av|af|от|від {address}"},
	{"Gmail and Yandex in many languages", "{time} {address}"},
}

// undatedForms are attributions without a time.
var undatedForms = []form{
	{"old programs", "{writer} wrote|writes|schreef|schrijft|schrieb|schreibt|a_écrit|a_ecrit|écrivait|escribió|escribio|escribía|ha_scritto|scrive|escreveu|skrev|kirjoitti|napisał|napisała|napisał(a)|pisze|пишет|написал|написал(а)|пише|napsal|napsal(a)|írta|a_scris|写道|寫道"},
	{"Horde", "quoting|citeren|zitat_von|citando|citação_de|cytowanie|citerar|citerer|citat_af|mensaje_citado_por|цитирую|citování {writer}"},
	{"news programs", "in_article|in_message|in_bericht {writer} wrote|writes|write|schreef|geschreven"},
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

// patterns are the patterns of all forms, by the way they are looked up.
var patterns = compileForms()

type compiledForms struct {
	openers    map[string][]string   // phrases before a time, by their first word
	timeFirst  map[string][]*pattern // by the phrase before the time
	writerTime map[string][]*pattern // by the first word after the writer
	undated    map[string][]*pattern // by their first or last word
	lastWords  map[string]bool       // the words that end a pattern
	verbs      map[string]bool       // the words between a time and a writer
}

func compileForms() compiledForms {
	c := compiledForms{
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
	for token := range strings.FieldsSeq(f.pattern) {
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
			panic("reply: form " + f.pattern + " has slots " + slots)
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
