package email

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/heard-intake/heard/internal/channel/email/reply"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
	"github.com/heard-intake/heard/internal/message"
)

// An invitationAnswer is what a calendar program sends when a person accepts or
// declines an invitation (iTIP, RFC 5546).
type invitationAnswer struct {
	found bool
	words string // of the person, without the text of the program; empty if they only accepted or declined
}

// maxCalendar limits how much of a calendar file is read, in bytes.
const maxCalendar = 64 << 10

// readInvitationAnswer returns the answer to an invitation in a mail. The calendar file
// may be the mail itself, one of its alternatives, or a file beside them: Gmail sends
// both. A mail without such a file is not an answer.
func readInvitationAnswer(p Parsed) invitationAnswer {
	var file calendarFile
	found := false
	p.root.Walk(func(part *rfc822.Part) {
		if found || !isCalendarPart(part) {
			return
		}
		text, _ := part.Text(maxCalendar)
		one := parseCalendar(text)
		if strings.EqualFold(part.Params["method"], "reply") || one.method == "REPLY" {
			file = one
			found = true
		}
	})
	if !found {
		return invitationAnswer{}
	}
	whole := message.Clean(p.body.text, message.MaxText)
	words := file.personalWords(reply.Strip(whole, p.body.hints).Text, p.root.Header.Text("Subject"))
	return invitationAnswer{found: true, words: words}
}

func isCalendarPart(p *rfc822.Part) bool {
	return p.Type == "text/calendar" || p.Type == "application/ics"
}

// A calendarFile has the values of a calendar file that the text of a mail may repeat.
type calendarFile struct {
	method   string
	comments []string // written by the person who answers
	repeated []string // lines of the title, place and description, and names and addresses, in lower case
	days     []int    // days of the month on which the event is, in any time zone
}

// parseCalendar reads a calendar file (RFC 5545).
func parseCalendar(text string) calendarFile {
	var f calendarFile
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.NewReplacer("\n ", "", "\n\t", "").Replace(text) // folded lines
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		name, params, _ := strings.Cut(name, ";")
		value = calendarEscapes.Replace(value)
		switch strings.ToUpper(name) {
		case "METHOD":
			f.method = strings.ToUpper(strings.TrimSpace(value))
		case "COMMENT":
			f.comments = append(f.comments, value)
		case "SUMMARY", "LOCATION", "DESCRIPTION":
			f.addRepeated(value)
		case "ATTENDEE", "ORGANIZER":
			f.addPerson(line, params)
		case "DTSTART", "DTEND":
			f.addDay(value)
		}
	}
	return f
}

// calendarEscapes decodes the escaped characters of a text value.
var calendarEscapes = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`)

func (f *calendarFile) addRepeated(value string) {
	for line := range strings.Lines(value) {
		if line = strings.ToLower(strings.TrimSpace(line)); line != "" {
			f.repeated = append(f.repeated, line)
		}
	}
}

// addPerson adds the name and address of an attendee or organizer.
func (f *calendarFile) addPerson(line, params string) {
	if _, name, ok := strings.Cut(params, "CN="); ok {
		name, _, _ = strings.Cut(name, ";")
		f.addRepeated(strings.Trim(name, `"`))
	}
	if at := strings.Index(strings.ToLower(line), "mailto:"); at >= 0 {
		f.addRepeated(line[at+len("mailto:"):])
	}
}

// addDay adds the day of a time such as "20261202T090000Z". In another time zone it is a
// day earlier or later.
func (f *calendarFile) addDay(value string) {
	const length = len("20261202")
	if len(value) < length {
		return
	}
	if day, err := strconv.Atoi(value[length-2 : length]); err == nil {
		f.days = append(f.days, day-1, day, day+1)
	}
}

// personalWords returns what the person wrote in a mail with this text and subject: the
// lines that the program did not write, and the comments in the file.
func (f *calendarFile) personalWords(text, subject string) string {
	if _, title, ok := strings.Cut(subject, ":"); ok {
		f.addRepeated(title)
		title, _, _ = strings.Cut(title, " @ ") // Gmail adds the time
		f.addRepeated(title)
	}
	var kept []string
	for line := range strings.Lines(text) {
		if words := f.personalLine(strings.TrimSpace(line)); words != "" {
			kept = append(kept, words)
		}
	}
	words := strings.Join(kept, "\n")
	for _, comment := range f.comments {
		isRepeated := strings.Contains(strings.Join(strings.Fields(words), " "), strings.Join(strings.Fields(comment), " "))
		if comment = strings.TrimSpace(comment); !isRepeated {
			words = strings.TrimSpace(words + "\n" + comment)
		}
	}
	return message.Clean(words, message.MaxText)
}

// answerSentences are the sentences in which Gmail, Outlook, Apple's calendar and
// Thunderbird say what a person answered. The last group of each is the rest of the
// line.
var answerSentences = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^.{1,100}?\bhas (?:tentatively )?(?:accepted|declined|rejected) (?:this|your|the)(?: event)? invitation(.*)$`),
	regexp.MustCompile(`(?i)^.{1,100}? (?:accepted|declined|tentatively accepted) your(?: event)? invitation(.*)$`),
	regexp.MustCompile(`(?i)^.{1,100}?\bhas replied ["“”']?maybe["“”']? to (?:this|your|the)(?: event)? invitation(.*)$`),
	regexp.MustCompile(`(?i)^.{1,100}?\bheeft (?:deze|uw|je|de) uitnodiging.{0,120}? (?:geaccepteerd|geweigerd|afgewezen|aanvaard)(.*)$`),
	regexp.MustCompile(`(?i)^.{1,100}?\bheeft ["“”'‘’]?misschien["“”'‘’]? geantwoord op (?:deze|uw|je|de) uitnodiging(.*)$`),
}

// noteMark is what Gmail writes before the note of the person.
var noteMark = regexp.MustCompile(`(?i)^[.]?\s*(?:with (?:a|this|the following) note|met (?:een|deze|de volgende) (?:opmerking|notitie|toelichting|bericht))\s*:\s*(.*)$`)

// personalLine returns what the person wrote in a line, or "" if the program wrote it.
func (f *calendarFile) personalLine(line string) string {
	for _, sentence := range answerSentences {
		m := sentence.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if note := noteMark.FindStringSubmatch(m[1]); note != nil {
			return strings.Trim(note[1], `"“”`)
		}
		if isRestOfAnswer(m[1]) {
			return ""
		}
	}
	lower := strings.ToLower(line)
	if f.repeats(lower) || isCalendarFooter(lower) || f.isTime(lower) {
		return ""
	}
	return line
}

var (
	namesEvent  = regexp.MustCompile(`^(?:(?:to|for|voor)\b|, )[^?.!]*$`)
	contradicts = regexp.MustCompile(`\b(?:but|maar)\b`)
)

// isRestOfAnswer reports whether the rest of a sentence only names the event: "to the
// event 'Visit'".
func isRestOfAnswer(rest string) bool {
	rest = strings.ToLower(strings.Trim(rest, " .:!"))
	return rest == "" || (namesEvent.MatchString(rest) && !contradicts.MatchString(rest))
}

// repeats reports whether a line is a value of the file, or a part of one.
func (f *calendarFile) repeats(line string) bool {
	if letters := strings.IndexFunc(line, unicode.IsLetter); letters < 0 {
		return strings.IndexFunc(line, unicode.IsDigit) < 0 && !strings.Contains(line, "?") // a rule
	}
	line = strings.Trim(line, "*_•- ")
	role := len(line)
	if at := strings.LastIndex(line, " - "); at >= 0 { // "Anna Test - organizer"
		switch line[at+len(" - "):] {
		case "organizer", "organiser", "creator", "optional", "organisator", "maker", "optioneel":
			role = at
		}
	}
	for _, value := range f.repeated {
		if line[:role] == value || (len(line) >= minRepeated && strings.Contains(value, line)) {
			return true
		}
	}
	return role < len(line)
}

// minRepeated is the length of the shortest part of a value that counts as repeated.
const minRepeated = 12

var (
	// calendarLabel is a line with a label of an invitation, such as "When: Monday".
	calendarLabel = regexp.MustCompile(`^\W*(?:when|where|who|calendar|organi[sz]er|title|subject|date|time|location|attendees|guests|description|video ?call|joining info|join with google meet|meeting link|join by phone|changed|` +
		`wanneer|waar|wie|agenda|organisator|titel|onderwerp|datum|tijd|tijdstip|locatie|plaats|deelnemers|gasten|beschrijving|videogesprek|vergaderlink|deelnemen met google meet|deelnemen via telefoon)\W*(?:[:：][^?]*)?$`)
	// zoneName is the name of a time zone.
	zoneName = regexp.MustCompile(`^(?:central european|coordinated universal|greenwich mean|british summer|western european|eastern european|midden-europese|west-europese|oost-europese) (?:standard |summer )?(?:time|tijd|standaardtijd|zomertijd)(?: - \pL+)?$`)
	// calendarFooters are parts of the lines below an invitation.
	calendarFooters = []string{
		"calendar.google.com", "google.com/calendar", "meet.google.com", "invitation from google calendar", "uitnodiging van google agenda", "uitnodiging uit google agenda",
		"you are receiving this email because", "you are receiving this courtesy email", "you received this email because", "to stop receiving these emails", "forwarding this invitation could allow",
		"u ontvangt deze e-mail omdat", "je ontvangt deze e-mail omdat", "u ontvangt deze beleefdheidsmail", "als je deze uitnodiging doorstuurt", "als u deze uitnodiging doorstuurt", "geen e-mails meer ontvangen",
		"view all guest info", "alle gastinformatie bekijken", "icloud is a service provided by apple", "icloud is een dienst", "this is an automatic notification", "dit is een automatische melding",
	}
)

// isCalendarFooter reports whether a program writes such a line below an invitation.
func isCalendarFooter(line string) bool {
	if calendarLabel.MatchString(line) || zoneName.MatchString(line) {
		return true
	}
	isLink := strings.HasPrefix(line, "https://") && !strings.Contains(line, " ")
	for _, part := range calendarFooters {
		if strings.Contains(line, part) {
			return true
		}
	}
	return isLink
}

// timeWords are the words of a time, apart from names of days and months.
var timeWords = map[string]bool{
	"am": true, "pm": true, "uur": true, "u": true, "to": true, "from": true, "tot": true, "van": true, "op": true, "at": true, "om": true, "on": true, "t": true, "m": true, "en": true, "and": true,
	"cet": true, "cest": true, "gmt": true, "utc": true, "met": true, "all": true, "day": true, "hele": true, "dag": true, "through": true, "until": true,
}

// isTime reports whether a line is the time of the event: it names a day or month with
// a number that is the event's day, and has no other words. Another day is what the
// person proposes.
func (f *calendarFile) isTime(line string) bool {
	line, _, _ = strings.Cut(line, "(") // the time zone
	words := strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	hasDay := false
	for i, word := range words {
		number, err := strconv.Atoi(strings.TrimRight(word, "apm"))
		isDay := err == nil && number <= 31 && isBesideName(words, i)
		switch {
		case isDay && !f.isOnDay(number):
			return false
		case isDay:
			hasDay = true
		case err == nil, timeWords[word], reply.IsDayOrMonth(word):
		default:
			return false
		}
	}
	return hasDay
}

// isBesideName reports whether the name of a day or month is next to words[i].
func isBesideName(words []string, i int) bool {
	isAfter := i > 0 && reply.IsDayOrMonth(words[i-1])
	return isAfter || (i+1 < len(words) && reply.IsDayOrMonth(words[i+1]))
}

// isOnDay reports whether a number is a day of the event. Without a time in the file
// every day is.
func (f *calendarFile) isOnDay(day int) bool {
	for _, d := range f.days {
		if d == day {
			return true
		}
	}
	return len(f.days) == 0
}
