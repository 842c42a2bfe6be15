package reply

import (
	"slices"
	"strings"
	"unicode"
)

// The meanings of header labels.
const (
	fromLabel uint8 = 1 << iota
	sentLabel       // a word for sending that is used for mail only
	dateLabel
	toLabel
	subjectLabel
	otherLabel
)

// labelNames are the labels in the header of a mail that is quoted without
// marks, in lower case.
var labelNames = map[string]uint8{
	"from": fromLabel, "sent": sentLabel, "date": dateLabel, "to": toLabel, "cc": otherLabel, "bcc": otherLabel, "subject": subjectLabel, "reply-to": otherLabel, "reply to": otherLabel, "importance": otherLabel, "attachments": otherLabel, "sent on": sentLabel, "organization": otherLabel, "when": otherLabel, "where": otherLabel, "message-id": otherLabel, "sender": fromLabel,
	"van": fromLabel, "verzonden": sentLabel, "datum": dateLabel, "aan": toLabel, "onderwerp": subjectLabel, "verstuurd": sentLabel, "beantwoorden": otherLabel, "antwoord aan": otherLabel, "urgentie": otherLabel, "bijlagen": otherLabel, "verzonden op": sentLabel, "afzender": fromLabel,
	"von": fromLabel, "gesendet": sentLabel, "gesendet am": sentLabel, "an": toLabel, "kopie": otherLabel, "betreff": subjectLabel, "antwort an": otherLabel, "wichtigkeit": otherLabel, "anlagen": otherLabel,
	"de": fromLabel, "envoyé": sentLabel, "envoye": sentLabel, "envoyé le": sentLabel, "à": toLabel, "a": toLabel, "objet": subjectLabel, "répondre à": otherLabel, "pièces jointes": otherLabel, "pour": toLabel, "expéditeur": fromLabel, "date d'envoi": dateLabel, "message du": dateLabel, "copie à": otherLabel, "copie": otherLabel, "sujet": subjectLabel, "cci": otherLabel,
	"enviado": sentLabel, "enviado el": sentLabel, "enviado em": sentLabel, "fecha": dateLabel, "para": toLabel, "asunto": subjectLabel, "responder a": otherLabel, "enviada": sentLabel, "enviada em": sentLabel, "data": dateLabel, "assunto": subjectLabel, "enviadas": sentLabel,
	"da": fromLabel, "inviato": sentLabel, "oggetto": subjectLabel, "risposta": otherLabel, "rispondi a": otherLabel, "inviata": sentLabel,
	"od": fromLabel, "wysłano": sentLabel, "wyslano": sentLabel, "wysłane": sentLabel, "do": toLabel, "dw": otherLabel, "temat": subjectLabel, "nadawca": fromLabel, "odpowiedz do": otherLabel,
	"fra": fromLabel, "sendt": sentLabel, "dato": dateLabel, "til": toLabel, "emne": subjectLabel, "svar til": otherLabel, "kopi": otherLabel,
	"från": fromLabel, "fran": fromLabel, "skickat": sentLabel, "till": toLabel, "ämne": subjectLabel, "amne": subjectLabel, "kopia": otherLabel, "svara till": otherLabel,
	"lähettäjä": fromLabel, "lähetetty": sentLabel, "päivämäärä": dateLabel, "vastaanottaja": toLabel, "vast.ott": toLabel, "aihe": subjectLabel, "kopio": otherLabel, "päiväys": dateLabel,
	"от": fromLabel, "от кого": fromLabel, "отправлено": sentLabel, "дата": dateLabel, "кому": toLabel, "копия": otherLabel, "тема": subjectLabel, "від": fromLabel, "відправлено": sentLabel, "надіслано": sentLabel, "отправитель": fromLabel,
	"发件人": fromLabel, "寄件者": fromLabel, "寄件人": fromLabel, "发送时间": sentLabel, "发送日期": sentLabel, "寄件日期": sentLabel, "傳送時間": sentLabel, "日期": dateLabel, "时间": dateLabel, "收件人": toLabel, "收件者": toLabel, "抄送": otherLabel, "副本": otherLabel, "主题": subjectLabel, "主旨": subjectLabel, "主題": subjectLabel,
	"差出人": fromLabel, "送信日時": sentLabel, "宛先": toLabel, "件名": subjectLabel,
	"odesláno": sentLabel, "komu": toLabel, "předmět": subjectLabel, "kopie (cc)": otherLabel, "odoslané": sentLabel, "dátum": dateLabel, "predmet": subjectLabel, "pre": toLabel, "kópia": otherLabel,
	"feladó": fromLabel, "elküldve": sentLabel, "címzett": toLabel, "tárgy": subjectLabel, "másolat": otherLabel, "másolatot kap": otherLabel, "expeditorul": fromLabel, "de la": fromLabel, "trimis": sentLabel, "dată": dateLabel, "către": toLabel, "destinatarul": toLabel, "subiect": subjectLabel, "subiectul": subjectLabel,
	"kimden": fromLabel, "gönderen": fromLabel, "gönderildi": sentLabel, "gönderilen": sentLabel, "gönderilme tarihi": sentLabel, "tarih": dateLabel, "kime": toLabel, "konu": subjectLabel, "bilgi": otherLabel, "šalje": fromLabel, "prima": toLabel, "naslov": subjectLabel,
	"από": fromLabel, "στάλθηκε": sentLabel, "ημερομηνία": dateLabel, "προς": toLabel, "κοιν.": otherLabel, "θέμα": subjectLabel, "mittente": fromLabel, "adresat": toLabel, "saatja": fromLabel, "копія": otherLabel, "送信元": fromLabel, "送信先": toLabel, "日付": dateLabel, "보낸 사람": fromLabel, "보낸 날짜": sentLabel, "받는 사람": toLabel, "제목": subjectLabel,
}

// labelKind returns the meaning of the label at the start of a line, or 0.
func labelKind(s string) uint8 {
	s = strings.TrimLeft(s, "*_ \t\u00a0>")
	head := s[:min(len(s), 44)]
	i := strings.IndexByte(head, ':')
	if wide := strings.Index(head, "："); wide >= 0 && (i < 0 || wide < i) {
		i = wide
	}
	if i <= 0 || i > 40 {
		return 0
	}
	name := strings.ToLower(strings.Trim(s[:i], "*_ \t\u00a0"))
	kind := labelNames[name]
	if kind == 0 {
		return 0
	}
	rest := strings.Trim(s[i:], ":：*_ \t\u00a0")
	if kind&(sentLabel|dateLabel) != 0 && rest != "" && !strings.ContainsFunc(rest, unicode.IsDigit) {
		return 0
	}
	return kind
}

// maxHeader is the most lines of a quoted mail's header, including wrapped and
// empty lines.
const maxHeader = 14

// markHeaderLabels marks the headers of mails that are quoted without marks.
func markHeaderLabels(lines []line) {
	for i := 0; i < len(lines); i++ {
		if lines[i].class != textLine || labelKind(lines[i].text) == 0 {
			continue
		}
		start, end := findHeader(lines, i)
		for j := start; j < end; j++ {
			lines[j].class = labelLine
		}
		i = max(i, end-1)
	}
}

// A headerLabel is a label in a run that may be the header of a quoted mail.
type headerLabel struct {
	line   int
	kind   uint8
	proves bool // it occurs in mail headers only
	gap    bool // an empty line is above it
}

// findHeader returns the first line of the header whose labels begin at line i,
// and the line after its last. Both are i if no header begins there.
//
// The last line of a reply may be a label too, such as "Datum: 3 mei". So the
// header begins after a label whose meaning comes again. A label of other meaning,
// such as "Kopie:", does not begin a header.
func findHeader(lines []line, i int) (start, end int) {
	var space [maxHeader]headerLabel
	labels, end := scanLabels(lines, i, space[:0])
	from := 0 // index of the label at which the header begins
	for j, l := range labels {
		for k := from; k < j; k++ {
			if l.kind != otherLabel && meaning(labels[k].kind) == meaning(l.kind) {
				from = k + 1
			}
		}
	}
	for from < len(labels) && labels[from].kind == otherLabel {
		from++
	}
	if gap := firstGap(labels); gap > from && isHeader(labels[gap:]) && firstGap(labels[gap+1:]) < 0 {
		from = gap // a whole header is below the empty line
	}
	switch {
	case isHeader(labels[from:]):
		return labels[from].line, end
	case isHeader(labels):
		return i, end
	}
	return i, i
}

// firstGap returns the index of the first label below an empty line, or -1.
func firstGap(labels []headerLabel) int {
	return slices.IndexFunc(labels, func(l headerLabel) bool { return l.gap })
}

// meaning returns the kind of a label, the same for "Datum:" and "Verzonden:". A
// header has one label of each meaning, except for other labels.
func meaning(kind uint8) uint8 {
	if kind == sentLabel {
		return dateLabel
	}
	return kind
}

// scanLabels appends the labels from line i on to labels, and returns the line
// after the last. A label may be wrapped, and an empty line may be between two.
func scanLabels(lines []line, i int, labels []headerLabel) (_ []headerLabel, end int) {
	end = i
	gap := 0
	for j := i; j < len(lines) && j < i+maxHeader; j++ {
		if lines[j].class == emptyLine {
			if gap++; gap > 1 {
				break
			}
			continue
		}
		if lines[j].class != textLine {
			break
		}
		if kind := labelKind(lines[j].text); kind != 0 {
			labels = append(labels, headerLabel{j, kind, provesHeader(kind, lines[j].text), gap > 0})
			end = j + 1
			gap = 0
			continue
		}
		if gap > 0 || j-end > 2 {
			break // the line does not continue a label
		}
	}
	return labels, end
}

// isHeader reports whether labels are those of one header: at least three, of
// which one occurs in mail headers only. A customer who reports a move writes
// "Van:", "Aan:" and "Datum:" too.
func isHeader(labels []headerLabel) bool {
	seen := uint8(0)
	known := false
	for _, l := range labels {
		seen |= l.kind
		known = known || l.proves
	}
	return len(labels) >= 3 && known && hasHeaderLabels(seen)
}

// provesHeader reports whether a label occurs in the header of a mail only: a
// subject, a mail address, or a time of sending.
func provesHeader(kind uint8, line string) bool {
	switch {
	case kind == subjectLabel, strings.Contains(line, "@"):
		return true
	default:
		return kind == sentLabel && containsClockTime(line)
	}
}

// hasHeaderLabels reports whether the labels seen can be those of one header: a
// sender, or a subject and a date, and not only senders and other labels.
func hasHeaderLabels(seen uint8) bool {
	if seen&^(fromLabel|otherLabel) == 0 {
		return false
	}
	if seen&fromLabel != 0 {
		return true
	}
	return seen&subjectLabel != 0 && seen&(sentLabel|dateLabel) != 0
}

// containsClockTime reports whether s has a time of day, such as 10:15.
func containsClockTime(s string) bool {
	for i := 1; i+2 < len(s); i++ {
		if s[i] != ':' && s[i] != '.' {
			continue
		}
		digitsAround := isDigit(s[i-1]) && isDigit(s[i+1]) && isDigit(s[i+2])
		if digitsAround && endsNumber(s[i+3:]) {
			return true
		}
	}
	return false
}

// endsNumber reports whether a number ends where the text rest begins.
func endsNumber(rest string) bool {
	return rest == "" || (!isDigit(rest[0]) && rest[0] != '.')
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// replyToNames are the labels of the address for answers, in lower case.
var replyToNames = []string{
	"reply-to", "reply to", "beantwoorden", "antwoord aan", "antwort an", "répondre à", "responder a", "risposta", "rispondi a", "odpowiedz do", "svar til", "svara till",
}

// ForwardedFrom returns the sender in the header of the first forwarded mail
// in text, as it is written there. It returns "" without such a header.
func ForwardedFrom(text string) string {
	from, _ := ForwardedHeader(text)
	return from
}

// ForwardedHeader returns the sender and the address for answers (Reply-To) in
// the header of the first forwarded mail in text, as they are written there. A
// header without a sender is skipped.
func ForwardedHeader(text string) (from, replyTo string) {
	lines := splitLines(text[:min(len(text), MaxText)])
	for i := range lines {
		lines[i].text = strings.TrimLeft(lines[i].text, "> \t")
		lines[i].class = textLine
		if lines[i].text == "" {
			lines[i].class = emptyLine
		}
	}
	for i := range lines {
		if labelKind(lines[i].text) == 0 || lines[i].class != textLine {
			continue
		}
		start, end := findHeader(lines, i)
		from, replyTo = readLabels(lines[start:end])
		if from != "" {
			return from, replyTo
		}
	}
	return "", ""
}

// readLabels returns the first sender and the first address for answers in the
// lines of a header.
func readLabels(header []line) (from, replyTo string) {
	for _, l := range header {
		kind := labelKind(l.text)
		if kind != fromLabel && kind != otherLabel {
			continue
		}
		name, value, _ := strings.Cut(strings.ReplaceAll(l.text, "：", ":"), ":")
		value = strings.Trim(value, "* \t\u00a0")
		isReplyTo := slices.Contains(replyToNames, strings.ToLower(strings.Trim(name, "*_ \t\u00a0")))
		switch {
		case kind == fromLabel && from == "":
			from = value
		case isReplyTo && replyTo == "":
			replyTo = value
		}
	}
	return from, replyTo
}
