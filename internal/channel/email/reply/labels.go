package reply

import (
	"strings"
	"unicode"
)

// What a header label names.
const (
	from uint8 = 1 << iota
	sent       // by mail, in a word that is used of nothing else
	date
	to
	subject
	other
)

// labelNames are the labels of the header that mail programs put above a mail
// they quote without marks, in lower case.
var labelNames = map[string]uint8{
	"from": from, "sent": sent, "date": date, "to": to, "cc": to, "bcc": to, "subject": subject, "reply-to": other, "reply to": other, "importance": other, "attachments": other, "sent on": sent, "organization": other, "when": date, "where": other, "message-id": other, "sender": from,
	"van": from, "verzonden": sent, "datum": date, "aan": to, "onderwerp": subject, "verstuurd": sent, "beantwoorden": other, "antwoord aan": other, "urgentie": other, "bijlagen": other, "verzonden op": sent, "afzender": from,
	"von": from, "gesendet": sent, "gesendet am": sent, "an": to, "kopie": to, "betreff": subject, "antwort an": other, "wichtigkeit": other, "anlagen": other,
	"de": from, "envoyé": sent, "envoye": sent, "envoyé le": sent, "à": to, "a": to, "objet": subject, "répondre à": other, "pièces jointes": other, "pour": to, "expéditeur": from, "date d'envoi": date, "message du": date, "copie à": to, "copie": to, "sujet": subject, "cci": to,
	"enviado": sent, "enviado el": sent, "enviado em": sent, "fecha": date, "para": to, "asunto": subject, "responder a": other, "enviada": sent, "enviada em": sent, "data": date, "assunto": subject, "enviadas": sent,
	"da": from, "inviato": sent, "oggetto": subject, "risposta": other, "rispondi a": other, "inviata": sent,
	"od": from, "wysłano": sent, "wyslano": sent, "wysłane": sent, "do": to, "dw": to, "temat": subject, "nadawca": from, "odpowiedz do": other,
	"fra": from, "sendt": sent, "dato": date, "til": to, "emne": subject, "svar til": other, "kopi": to,
	"från": from, "fran": from, "skickat": sent, "till": to, "ämne": subject, "amne": subject, "kopia": to, "svara till": other,
	"lähettäjä": from, "lähetetty": sent, "päivämäärä": date, "vastaanottaja": to, "vast.ott": to, "aihe": subject, "kopio": to, "päiväys": date,
	"от": from, "от кого": from, "отправлено": sent, "дата": date, "кому": to, "копия": to, "тема": subject, "від": from, "відправлено": sent, "надіслано": sent, "отправитель": from,
	"发件人": from, "寄件者": from, "寄件人": from, "发送时间": sent, "发送日期": sent, "寄件日期": sent, "傳送時間": sent, "日期": date, "时间": date, "收件人": to, "收件者": to, "抄送": to, "副本": to, "主题": subject, "主旨": subject, "主題": subject,
	"差出人": from, "送信日時": sent, "宛先": to, "件名": subject,
	"odesláno": sent, "komu": to, "předmět": subject, "kopie (cc)": to, "odoslané": sent, "dátum": date, "predmet": subject, "pre": to, "kópia": to,
	"feladó": from, "elküldve": sent, "címzett": to, "tárgy": subject, "másolat": to, "másolatot kap": to, "expeditorul": from, "de la": from, "trimis": sent, "dată": date, "către": to, "destinatarul": to, "subiect": subject, "subiectul": subject,
	"kimden": from, "gönderen": from, "gönderildi": sent, "gönderilen": sent, "gönderilme tarihi": sent, "tarih": date, "kime": to, "konu": subject, "bilgi": to, "šalje": from, "prima": to, "naslov": subject,
	"από": from, "στάλθηκε": sent, "ημερομηνία": date, "προς": to, "κοιν.": to, "θέμα": subject, "mittente": from, "adresat": to, "saatja": from, "копія": to, "送信元": from, "送信先": to, "日付": date, "보낸 사람": from, "보낸 날짜": sent, "받는 사람": to, "제목": subject,
}

// labelOf returns what the label of a line names; 0 for none.
func labelOf(s string) uint8 {
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
	if kind&(sent|date) != 0 && rest != "" && !strings.ContainsFunc(rest, unicode.IsDigit) {
		return 0
	}
	return kind
}

// maxHeader is how many lines the header of a quoted mail takes, with its
// wrapped and empty lines.
const maxHeader = 14

// labels marks the headers of mails quoted without marks: a sender and two
// more labels within a few lines, one of them a subject, with an address, or
// with the minute it was sent. A customer who moves writes "Van:", "Aan:" and
// "Datum:" too.
func labels(lines []line) {
	for i := 0; i < len(lines); i++ {
		if lines[i].class != words || labelOf(lines[i].text) == 0 {
			continue
		}
		if end := headerEnd(lines, i); end > i {
			for j := i; j <= end; j++ {
				lines[j].class = label
			}
			i = end
		}
	}
}

// headerEnd returns the last line of the header that begins at i; i-1 for
// none.
func headerEnd(lines []line, i int) int {
	seen, n, end := uint8(0), 0, i-1
	known := false // it names what only mail has
	gap := 0
	for j := i; j < len(lines) && j < i+maxHeader; j++ {
		if lines[j].class == empty {
			if gap++; gap > 1 {
				break
			}
			continue
		}
		if lines[j].class != words {
			break
		}
		if kind := labelOf(lines[j].text); kind != 0 {
			seen |= kind
			n++
			known = known || kind == subject || strings.Contains(lines[j].text, "@") || kind == sent && hasClock(lines[j].text)
			end, gap = j, 0
			continue
		}
		if gap > 0 || j-end > 3 {
			break // not the wrapped end of a label
		}
	}
	if n < 3 || !known || seen&from == 0 && (seen&subject == 0 || seen&(sent|date) == 0) || seen&^(from|other) == 0 {
		return i - 1
	}
	return end
}

// hasClock reports whether s holds a time of day.
func hasClock(s string) bool {
	for i := 1; i+2 < len(s); i++ {
		if (s[i] == ':' || s[i] == '.') && isDigit(s[i-1]) && isDigit(s[i+1]) && isDigit(s[i+2]) && (i+3 == len(s) || !isDigit(s[i+3]) && s[i+3] != '.') {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// ForwardedFrom returns the sender that the first forwarded mail in text
// names, as it is written there; empty when it names none.
func ForwardedFrom(text string) string {
	lines := split(text[:min(len(text), MaxText)])
	for i := range lines {
		lines[i].text = strings.TrimLeft(lines[i].text, "> \t")
		lines[i].class = words
		if lines[i].text == "" {
			lines[i].class = empty
		}
	}
	for i := range lines {
		if labelOf(lines[i].text) == 0 || lines[i].class != words {
			continue
		}
		for end, j := headerEnd(lines, i), i; j <= end; j++ {
			if labelOf(lines[j].text) == from {
				_, value, _ := strings.Cut(strings.ReplaceAll(lines[j].text, "：", ":"), ":")
				return strings.Trim(value, "* \t\u00a0")
			}
		}
	}
	return ""
}
