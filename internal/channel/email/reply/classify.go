package reply

import (
	"strings"
	"unicode"
)

// maxLine is the length above which a line is always text, in bytes.
const maxLine = 2000

// classifyLine returns the class of a line without its context.
func classifyLine(s string) class {
	t := strings.TrimFunc(s, unicode.IsSpace)
	if t == "" || t == "\u200b" || t == "ᐧ" {
		return emptyLine
	}
	if isQuotedLine(t) {
		return quotedLine
	}
	if len(t) > maxLine {
		return textLine
	}
	if c := classifyGluedSeparator(t); c != textLine {
		return c
	}
	if c := classifyRule(t); c != textLine {
		return c
	}
	if len(t) > 300 {
		return textLine
	}
	return classifyByWords(t)
}

// classifyByWords returns the class of a line with fixed words, such as
// "Original message".
func classifyByWords(t string) class {
	bare := strings.Trim(t, "*_-–—= \t>[]<()")
	if len(bare) == 0 {
		return textLine
	}
	bracketed := strings.HasPrefix(t, "(") || strings.HasPrefix(t, "<<")
	if len(bare) > 120 && !bracketed && !containsLink(t) {
		return textLine
	}
	lower := strings.TrimRight(strings.ToLower(bare), ": ")
	if lower == "" {
		return textLine
	}
	if c := separators[lower]; c == forwardMark || (c != 0 && strings.IndexByte("-_*=", t[0]) >= 0) {
		return c
	}
	switch {
	case lower == "original" && strings.HasPrefix(t, "-----"), strings.HasPrefix(lower, "original message processed by david"):
		return originalMark
	}
	return classifySignOff(t, lower)
}

// classifyGluedSeparator returns the class of a separator that is followed by
// the header on the same line. Some programs lose the line break.
func classifyGluedSeparator(t string) class {
	if !strings.HasPrefix(t, "-----") {
		return textLine
	}
	name := strings.TrimLeft(t, "-")
	if i := strings.Index(name[:min(len(name), 60)], "--"); i > 0 {
		if c, ok := separators[strings.ToLower(strings.TrimSpace(name[:i]))]; ok {
			return c
		}
	}
	return textLine
}

func containsLink(t string) bool { return strings.Contains(t, "http") }

// isQuotedLine reports whether a trimmed line is quoted: "> text", "Jan> text"
// or "| text".
func isQuotedLine(t string) bool {
	switch t[0] {
	case '>':
		return true
	case '|':
		return !strings.HasSuffix(t, "|") || len(t) == 1
	}
	for i := 0; i < len(t) && i < 20; i++ {
		c := t[i]
		if c == '>' {
			return true
		}
		if !isASCIILetter(c) {
			return false
		}
	}
	return false
}

func isASCIILetter(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	default:
		return false
	}
}

// classifyRule returns the class of a line without letters.
func classifyRule(t string) class {
	if t == "--" || t == "__" || t == "\u2014\u2014" {
		return signatureMark
	}
	if !strings.ContainsAny(t[:1], "-_,=+~#*") && !strings.HasPrefix(t, "—") {
		return textLine
	}
	marks := 0
	for _, r := range t {
		if r != ' ' && !strings.ContainsRune("-_,=+~#*—", r) {
			return textLine
		}
		if r != ' ' {
			marks++
		}
	}
	if marks < 2 || (marks == 2 && strings.Contains(t, " ")) {
		return textLine
	}
	return ruleLine
}

// separators are the lines above a mail that is answered or forwarded, in
// lower case and without dashes.
var separators = map[string]class{
	"original message": originalMark, "reply message": originalMark, "original mail": originalMark, "original appointment": originalMark,
	"oorspronkelijk bericht": originalMark, "origineel bericht": originalMark, "oorspronkelijke bericht": originalMark, "oorspronkelijk e-mailbericht": originalMark,
	"ursprüngliche nachricht": originalMark, "originalnachricht": originalMark, "original-nachricht": originalMark, "original nachricht": originalMark, "ursprüngliche mail": originalMark,
	"message d'origine": originalMark, "message d’origine": originalMark, "message original": originalMark, "message initial": originalMark,
	"mensaje original": originalMark, "messaggio originale": originalMark, "mensagem original": originalMark,
	"wiadomość oryginalna": originalMark, "oryginalna wiadomość": originalMark, "treść oryginalnej wiadomości": originalMark,
	"oprindelig meddelelse": originalMark, "den oprindelige meddelelse": originalMark, "oprindelig besked": originalMark, "opprinnelig melding": originalMark,
	"ursprungligt meddelande": originalMark, "originalmeddelande": originalMark, "alkuperäinen viesti": originalMark,
	"исходное сообщение": originalMark, "оригинальное сообщение": originalMark, "пересылаемое сообщение": forwardMark, "вихідне повідомлення": originalMark,
	"原始邮件": originalMark, "原始郵件": originalMark, "原始信息": originalMark, "回复的原邮件": originalMark, "回复的邮件": originalMark,
	"forwarded message": forwardMark, "begin forwarded message": forwardMark, "forwarded by": forwardMark,
	"doorgestuurd bericht": forwardMark, "begin doorgestuurd bericht": forwardMark, "doorgezonden bericht": forwardMark, "begin van doorgestuurd bericht": forwardMark,
	"weitergeleitete nachricht": forwardMark, "anfang der weitergeleiteten nachricht": forwardMark,
	"message transféré": forwardMark, "début du message réexpédié": forwardMark, "début du message transféré": forwardMark,
	"mensaje reenviado": forwardMark, "inicio del mensaje reenviado": forwardMark, "messaggio inoltrato": forwardMark, "inizio messaggio inoltrato": forwardMark,
	"mensagem encaminhada": forwardMark, "início da mensagem encaminhada": forwardMark, "przekazana wiadomość": forwardMark, "wiadomość przekazana": forwardMark,
	"videresendt meddelelse": forwardMark, "videresendt melding": forwardMark, "vidarebefordrat meddelande": forwardMark, "välitetty viesti": forwardMark,
	"пересланное сообщение": forwardMark, "начало переадресованного сообщения": forwardMark, "转发的邮件": forwardMark, "转发邮件": forwardMark, "轉寄郵件": forwardMark,
	"antwort nachricht": originalMark, "ursprüngliche e-mail": originalMark, "urspruengliche nachricht": originalMark, "replied message": originalMark, "next part": originalMark, "originele bericht": originalMark, "original email": originalMark,
	"původní zpráva": originalMark, "původní e-mail": originalMark, "pôvodná správa": originalMark, "eredeti üzenet": originalMark, "mesaj original": originalMark, "mesajul original": originalMark, "orijinal mesaj": originalMark, "özgün ileti": originalMark, "izvorna poruka": originalMark, "оригінальне повідомлення": originalMark,
	"message transmis": forwardMark, "start på videresendt besked": forwardMark, "vidarebefordrat mejl": forwardMark, "mensagem reencaminhada": forwardMark, "início da mensagem reencaminhada": forwardMark,
	"początek przekazywanej wiadomości": forwardMark, "treść przekazanej wiadomości": forwardMark, "wiadomość przesłana dalej": forwardMark, "edelleenlähetetty viesti": forwardMark, "välitetty viesti alkaa": forwardMark, "välitetty viesti / fwd.msg": forwardMark,
	"перенаправленное сообщение": forwardMark, "начало пересылаемого сообщения": forwardMark, "перенаправлене повідомлення": forwardMark, "переслане повідомлення": forwardMark, "початок листа, що пересилається": forwardMark, "メッセージを転送": forwardMark, "転送されたメッセージ": forwardMark,
	"přeposlaná zpráva": forwardMark, "začátek přeposílané zprávy": forwardMark, "preposlaná správa": forwardMark, "začiatok preposlanej správy": forwardMark, "továbbított üzenet": forwardMark, "továbbított levél kezdete": forwardMark, "mesaj redirecționat": forwardMark, "începe mesajul redirecționat": forwardMark,
	"iletilmiş mesaj": forwardMark, "i̇letilmiş mesaj": forwardMark, "i̇letilen i̇leti": forwardMark, "i̇leti başlangıcı": forwardMark, "proslijeđena poruka": forwardMark, "započni proslijeđenu poruku": forwardMark,
}
