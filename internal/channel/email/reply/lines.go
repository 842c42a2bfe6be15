package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine is the longest line that is looked at for more than being text.
const maxLine = 2000

// classOf returns the class that a line has by itself.
func classOf(s string) class {
	t := strings.TrimFunc(s, unicode.IsSpace)
	if t == "" || t == "\u200b" || t == "ᐧ" {
		return empty
	}
	if isQuoted(t) {
		return quoted
	}
	if len(t) > maxLine {
		return words
	}
	if c := ruleClass(t); c != words {
		return c
	}
	if len(t) > 300 {
		return words
	}
	return spoken(t)
}

// spoken returns the class of a line that says what it is in words.
func spoken(t string) class {
	bare := strings.Trim(t, "*_-–—= \t>[]<()")
	if n := len(bare); n == 0 || n > 120 && !strings.HasPrefix(t, "(") && !strings.HasPrefix(t, "<<") && !linkish(t) {
		return words
	}
	lower := strings.TrimRight(strings.ToLower(bare), ": ")
	if lower == "" {
		return words
	}
	if separators[lower] != 0 {
		// A separator stands between dashes or ends in a colon.
		if c := separators[lower]; c == forward || strings.HasPrefix(t, "-") || strings.HasPrefix(t, "_") || strings.HasPrefix(t, "*") || strings.HasPrefix(t, "=") {
			return c
		}
	}
	if isMobile(t, lower) {
		return mobile
	}
	return words
}

func linkish(t string) bool { return strings.Contains(t, "http") }

// isQuoted reports whether a trimmed line is quoted: "> text", "Jan> text",
// "| text".
func isQuoted(t string) bool {
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
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return false
}

// ruleClass returns the class of a line without letters.
func ruleClass(t string) class {
	if t == "--" || t == "__" || t == "\u2014\u2014" {
		return sigMark
	}
	if !strings.ContainsAny(t[:1], "-_,=+~#*") && !strings.HasPrefix(t, "—") {
		return words
	}
	for _, r := range t {
		if !strings.ContainsRune("-_,=+~#*—", r) {
			return words
		}
	}
	if utf8.RuneCountInString(t) < 2 {
		return words
	}
	return rule
}

// separators are the lines that stand above a mail that is answered or
// forwarded, in lower case without their dashes.
var separators = map[string]class{
	"original message": original, "reply message": original, "original mail": original, "original appointment": original,
	"oorspronkelijk bericht": original, "origineel bericht": original, "oorspronkelijke bericht": original, "oorspronkelijk e-mailbericht": original,
	"ursprüngliche nachricht": original, "originalnachricht": original, "original-nachricht": original, "original nachricht": original, "ursprüngliche mail": original,
	"message d'origine": original, "message d’origine": original, "message original": original, "message initial": original,
	"mensaje original": original, "messaggio originale": original, "mensagem original": original,
	"wiadomość oryginalna": original, "oryginalna wiadomość": original, "treść oryginalnej wiadomości": original,
	"oprindelig meddelelse": original, "den oprindelige meddelelse": original, "oprindelig besked": original, "opprinnelig melding": original,
	"ursprungligt meddelande": original, "originalmeddelande": original, "alkuperäinen viesti": original,
	"исходное сообщение": original, "оригинальное сообщение": original, "пересылаемое сообщение": forward, "вихідне повідомлення": original,
	"原始邮件": original, "原始郵件": original, "原始信息": original, "回复的原邮件": original, "回复的邮件": original,
	"forwarded message": forward, "begin forwarded message": forward, "forwarded by": forward,
	"doorgestuurd bericht": forward, "begin doorgestuurd bericht": forward, "doorgezonden bericht": forward, "begin van doorgestuurd bericht": forward,
	"weitergeleitete nachricht": forward, "anfang der weitergeleiteten nachricht": forward,
	"message transféré": forward, "début du message réexpédié": forward, "début du message transféré": forward,
	"mensaje reenviado": forward, "inicio del mensaje reenviado": forward, "messaggio inoltrato": forward, "inizio messaggio inoltrato": forward,
	"mensagem encaminhada": forward, "início da mensagem encaminhada": forward, "przekazana wiadomość": forward, "wiadomość przekazana": forward,
	"videresendt meddelelse": forward, "videresendt melding": forward, "vidarebefordrat meddelande": forward, "välitetty viesti": forward,
	"пересланное сообщение": forward, "начало переадресованного сообщения": forward, "转发的邮件": forward, "转发邮件": forward, "轉寄郵件": forward,
}

// mobileStarts are the beginnings of the lines that mail programs put under a
// mail, in lower case. Those that may begin a sentence of their own count only
// on a short line.
var mobileStarts = []string{
	"sent from ", "sent via ", "sent with ", "sent by ", "sent using ", "get outlook for", "get [outlook for", "from my iphone", "from my ipad", "from my ",
	"verzonden vanaf ", "verzonden met ", "verzonden vanuit ", "verzonden via ", "verstuurd vanaf ", "verstuurd met ", "verstuurd via ", "verstuurd vanuit ", "outlook voor ", "download outlook voor", "outlook downloaden voor", "mobiel verzonden", "vanaf mijn ",
	"von meinem ", "von meiner ", "gesendet von ", "gesendet mit ", "gesendet über ", "gesendet aus ", "diese nachricht wurde von ", "outlook für ", "holen sie sich outlook", "von unterwegs gesendet",
	"envoyé depuis ", "envoyé de ", "envoyé à partir de ", "envoyé avec ", "envoyé via ", "télécharger outlook pour", "obtenir outlook pour", "envoyée depuis ", "provenance : courrier",
	"enviado desde ", "enviado con ", "enviado mediante ", "obtener outlook para", "inviato da ", "inviato dal ", "inviato con ", "scarica outlook per", "ottieni outlook per",
	"enviado do ", "enviado de ", "enviado a partir d", "enviado pelo ", "enviado com ", "enviado via ", "obter o outlook para", "wysłane z ", "wysłano z ", "pobierz program outlook",
	"sendt fra ", "sendt med ", "skickat från ", "skickat med ", "skickades från ", "hent outlook til", "hämta outlook för", "få outlook for", "lähetetty ", "hanki outlook",
	"отправлено с ", "отправлено из ", "надіслано з ", "从我的", "從我的", "发自我的", "來自我的", "发自 ", "送信元", "使用 proton mail", "获取 outlook", "取得 outlook", "下載 outlook",
}

// isMobile reports whether a line is one that a mail program adds.
func isMobile(t, lower string) bool {
	if strings.Contains(lower, " from mobile") && len(lower) < 40 && !strings.ContainsAny(lower, ".?!,") {
		return true
	}
	for _, s := range mobileStarts {
		if lower[0] == s[0] && strings.HasPrefix(lower, s) {
			return mobileRest(t, s, lower[len(s):])
		}
	}
	return false
}

// mobileRest reports whether what follows the start of such a line is no
// sentence: the name of a device or program, or an excuse.
func mobileRest(t, start, rest string) bool {
	if strings.HasPrefix(t, "(") || strings.HasPrefix(t, "<<") {
		return true
	}
	if strings.HasPrefix(start, "from my") || start == "vanaf mijn " || start == "von meinem " || start == "von meiner " {
		if strings.Contains(rest, "gesendet") || strings.Contains(rest, "verzonden") {
			return true
		}
		return len(rest) <= 24 && !strings.ContainsAny(rest, ",.?!")
	}
	if strings.Contains(rest, "typo") || strings.Contains(rest, "brevity") || strings.Contains(rest, "fout") {
		return true
	}
	if i := strings.IndexAny(rest, "<[("); i >= 0 {
		rest = rest[:i]
	}
	return len(strings.Fields(rest)) <= 9 && !strings.Contains(rest, ", ") && !strings.ContainsAny(strings.TrimRight(rest, ". "), "?!;")
}

// banner marks the warning that mail gateways put above mail from outside.
func banner(lines []line) {
	for i := range lines {
		l := &lines[i]
		if l.class == empty || l.class == rule {
			continue
		}
		lower := strings.ToLower(strings.Trim(l.text, "*[]_ \t"))
		for _, s := range []string{"caution:", "external email", "external sender", "warning: this email originated", "let op: deze e-mail", "let op: externe", "let op: dit bericht", "externe e-mail", "achtung: externe", "attention : ce", "attention: this email", "this message originated from outside", "this email originated from outside", "you don't often get email from"} {
			if strings.HasPrefix(lower, s) && (strings.Contains(lower, "mail") || strings.Contains(lower, "extern") || strings.Contains(lower, "outside") || strings.Contains(lower, "message")) {
				for ; i < len(lines) && lines[i].class != empty; i++ {
					lines[i].class = removed
				}
				return
			}
		}
		return
	}
}
