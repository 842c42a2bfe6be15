package whatsapp

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
)

// readForm reads the answers of a form. The text of the message is the text
// that the customer wrote into the form. WhatsApp's own text says "Sent" for
// every form. Only an address message has the answers there.
func (c *change) readForm(m *message.Message, answer meta.Object) {
	m.Kind = message.Form
	m.Payload = message.Cut(answer.Get("name").Text(), maxText)
	answers, isJSON := formAnswers(answer.Get("response_json"))
	if isJSON {
		m.Text = writtenText(answers, true)
	} else {
		m.Mark = unparsedMark
	}
	if !answers.IsNull() {
		m.Data = c.boundedData(m, answers)
	}
	body := answer.Get("body").Text()
	if m.Text == "" && m.Payload != "flow" && !strings.EqualFold(body, "sent") {
		m.Text = message.Cut(body, message.MaxText)
	}
}

// formAnswers returns the answers of a form, which WhatsApp sends as JSON inside
// a string. A string that is not JSON is returned as it is, with false.
func formAnswers(v meta.Value) (answers meta.Value, isJSON bool) {
	if inner := strings.TrimSpace(v.Text()); json.Valid([]byte(inner)) {
		return meta.Value(inner), true
	}
	isString := len(v) > 0 && v[0] == '"'
	return v, !isString
}

// Limits of the search for written text in a form.
const (
	maxFormDepth   = 10
	maxFormAnswers = 200
)

// A formAnswer is a text in a form, with the name of its field.
type formAnswer struct {
	field []string // words of the name, in lower case
	text  string
}

// writtenText returns the texts of a form that the customer wrote in their own
// words, the most important first and each on a line. It leaves out choices, ids,
// numbers and personal data, which are in the message's data. If nothing else
// was written and allowWords is true, it returns answers of one word.
func writtenText(v meta.Value, allowWords bool) string {
	var all []formAnswer
	collectAnswers(v, nil, 0, &all)
	var byRank [wordRank + 1][]string
	for _, a := range all {
		if r := a.rank(); r > noRank && !slices.Contains(byRank[r], a.text) {
			byRank[r] = append(byRank[r], a.text)
		}
	}
	texts := slices.Concat(byRank[questionRank], byRank[sentenceRank], byRank[phraseRank])
	if len(texts) == 0 && allowWords {
		texts = byRank[wordRank]
	}
	return message.Cut(strings.Join(texts, "\n"), message.MaxText)
}

// collectAnswers adds the texts in v to all. field is the name under which v
// stands.
func collectAnswers(v meta.Value, field []byte, depth int, all *[]formAnswer) {
	if depth > maxFormDepth || len(*all) >= maxFormAnswers || len(v) == 0 {
		return
	}
	switch v[0] {
	case '{':
		for _, m := range v.Object() {
			collectAnswers(m.Value, m.Key, depth+1, all)
		}
	case '[':
		for _, e := range v.Elements() {
			collectAnswers(e, field, depth+1, all)
		}
	case '"':
		if text := strings.TrimSpace(v.Text()); text != "" {
			*all = append(*all, formAnswer{fieldWords(string(field)), text})
		}
	}
}

// fieldWords splits the name of a field into words in lower case: "uwVraag",
// "uw_vraag" and "screen_0_UwVraag_1" all have "vraag".
func fieldWords(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		if unicode.IsUpper(r) && lower {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		if !unicode.IsLetter(r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}

// Words in the names of fields, in the languages of most forms.
var (
	// questionWords are in the names of fields for the customer's own words.
	questionWords = wordSet("vraag vragen question questions bericht message messages comment comments opmerking opmerkingen toelichting description omschrijving beschrijving " +
		"klacht complaint problem probleem feedback text tekst details reason reden remark remarks note notes anders other uitleg frage nachricht anliegen beschwerde beschreibung " +
		"kommentar bemerkung question commentaire remarque réclamation problème pregunta mensaje comentario queja problema descripción domanda messaggio")
	// personalWords are in the names of fields for personal data.
	personalWords = wordSet("name names naam voornaam achternaam firstname lastname surname email mail mailadres phone mobile telefoon telefoonnummer tel number nummer address adres street straat " +
		"huisnummer city plaats woonplaats postcode zip country land birth geboortedatum birthday iban bsn date datum time tijd vorname nachname adresse strasse straße ort plz telefon " +
		"nom prénom prenom ville téléphone nombre apellido dirección ciudad teléfono contact")
	// technicalWords are in the names of fields that no person fills in.
	technicalWords = wordSet("token id ids uuid screen version locale signature nonce timestamp key hash url uri flow status type")
)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// Ranks of an answer, from none to the least important.
const (
	noRank       = iota
	questionRank // in a field for the customer's own words
	sentenceRank // three words and more
	phraseRank   // two words
	wordRank     // one word
)

// rank returns how likely the customer wrote the answer in their own words.
func (a formAnswer) rank() int {
	asks := slices.ContainsFunc(a.field, func(w string) bool { return questionWords[w] })
	isPersonal := slices.ContainsFunc(a.field, func(w string) bool { return personalWords[w] })
	isTechnical := len(a.field) > 0 && technicalWords[a.field[len(a.field)-1]]
	words := countWords(a.text)
	switch {
	case words == 0, isChoice(a.text), isTechnical && !asks:
		return noRank
	case asks && (words > 1 || isWord(a.text)):
		return questionRank
	case isPersonal:
		return noRank
	case words > 2:
		return sentenceRank
	case words == 2:
		return phraseRank
	case isWord(a.text):
		return wordRank
	}
	return noRank
}

// countWords returns the number of words in a text. In scripts without blanks
// between words, two letters count as one.
func countWords(text string) int {
	words := 0
	for _, w := range strings.Fields(text) {
		unspaced := 0
		for _, r := range w {
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Khmer, unicode.Lao, unicode.Myanmar) {
				unspaced++
			}
		}
		switch {
		case unspaced > 0:
			words += (unspaced + 1) / 2
		case strings.IndexFunc(w, unicode.IsLetter) >= 0:
			words++
		}
	}
	return words
}

// isChoice reports whether a text is the id of a choice, such as "0_Heel_goed" of
// WhatsApp's form builder, or another id, such as "delivery_late".
func isChoice(text string) bool { return strings.Contains(text, "_") && !strings.Contains(text, " ") }

// isWord reports whether a text is a single word of a language, and not an id,
// an address or a number.
func isWord(text string) bool {
	for _, r := range strings.TrimRight(text, ".!?") {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune("-'’", r) {
			return false
		}
	}
	return true
}
