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
	if c := glued(t); c != words {
		return c
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
	if lower == "original" && strings.HasPrefix(t, "-----") || strings.HasPrefix(lower, "original message processed by david") {
		return original
	}
	return mobileClass(t, lower)
}

// glued returns the class of a separator whose line goes on with the header
// below it, as programs that forget about lines write it.
func glued(t string) class {
	if !strings.HasPrefix(t, "-----") {
		return words
	}
	name := strings.TrimLeft(t, "-")
	if i := strings.Index(name[:min(len(name), 60)], "--"); i > 0 {
		if c, ok := separators[strings.ToLower(strings.TrimSpace(name[:i]))]; ok {
			return c
		}
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
	marks := 0
	for _, r := range t {
		if r != ' ' && !strings.ContainsRune("-_,=+~#*—", r) {
			return words
		}
		if r != ' ' {
			marks++
		}
	}
	if marks < 2 || marks == 2 && strings.Contains(t, " ") {
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
	"antwort nachricht": original, "ursprüngliche e-mail": original, "urspruengliche nachricht": original, "replied message": original, "next part": original, "originele bericht": original, "original email": original,
	"původní zpráva": original, "původní e-mail": original, "pôvodná správa": original, "eredeti üzenet": original, "mesaj original": original, "mesajul original": original, "orijinal mesaj": original, "özgün ileti": original, "izvorna poruka": original, "оригінальне повідомлення": original,
	"message transmis": forward, "start på videresendt besked": forward, "vidarebefordrat mejl": forward, "mensagem reencaminhada": forward, "início da mensagem reencaminhada": forward,
	"początek przekazywanej wiadomości": forward, "treść przekazanej wiadomości": forward, "wiadomość przesłana dalej": forward, "edelleenlähetetty viesti": forward, "välitetty viesti alkaa": forward, "välitetty viesti / fwd.msg": forward,
	"перенаправленное сообщение": forward, "начало пересылаемого сообщения": forward, "перенаправлене повідомлення": forward, "переслане повідомлення": forward, "початок листа, що пересилається": forward, "メッセージを転送": forward, "転送されたメッセージ": forward,
	"přeposlaná zpráva": forward, "začátek přeposílané zprávy": forward, "preposlaná správa": forward, "začiatok preposlanej správy": forward, "továbbított üzenet": forward, "továbbított levél kezdete": forward, "mesaj redirecționat": forward, "începe mesajul redirecționat": forward,
	"iletilmiş mesaj": forward, "i̇letilmiş mesaj": forward, "i̇letilen i̇leti": forward, "i̇leti başlangıcı": forward, "proslijeđena poruka": forward, "započni proslijeđenu poruku": forward,
}

// mobileStarts are the beginnings of the lines that mail programs put under a
// mail, in lower case.
var mobileStarts = []string{
	"sent from ", "sent via ", "sent with ", "sent by ", "sent using ", "sent wirelessly from ",
	"verzonden vanaf ", "verzonden met ", "verzonden vanuit ", "verzonden via ", "verstuurd vanaf ", "verstuurd met ", "verstuurd via ", "verstuurd vanuit ", "mobiel verzonden",
	"gesendet von ", "gesendet mit ", "gesendet über ", "gesendet aus ", "diese nachricht wurde von ", "von unterwegs gesendet",
	"envoyé depuis ", "envoyé de ", "envoyé à partir de ", "envoyé avec ", "envoyé via ", "envoyée depuis ", "envoyé sans fil ", "provenance : courrier",
	"enviado desde ", "enviado con ", "enviado mediante ", "inviato da ", "inviato dal ", "inviato con ",
	"enviado do ", "enviado de ", "enviado a partir d", "enviado pelo ", "enviado com ", "enviado via ", "wysłane z ", "wysłano z", "wysłane przez ",
	"sendt fra ", "sendt med ", "sendt via ", "skickat från ", "skickat med ", "skickat via ", "skickades från ", "lähetetty ",
	"отправлено с ", "отправлено из ", "отправлено от ", "надіслано з ", "从我的", "從我的", "发自我的", "來自我的", "发自", "发送自", "送信元", "使用 proton mail", "iphoneから送信",
}

// mobileAlways are the beginnings of lines that nobody writes by hand.
var mobileAlways = []string{
	"get outlook for", "get [outlook for", "get bluemail", "get the new aol", "outlook voor ios", "outlook voor android", "download outlook voor", "outlook downloaden voor",
	"outlook für ios", "outlook für android", "holen sie sich outlook", "télécharger outlook pour", "obtenir outlook pour", "obtener outlook para", "descargar outlook para", "scarica outlook per", "ottieni outlook per",
	"obter o outlook para", "baixar o outlook para", "pobierz program outlook", "pobierz aplikację outlook", "hent outlook til", "skaffa outlook", "hämta outlook", "få outlook for", "last ned outlook", "hanki outlook",
	"скачайте outlook", "скачать outlook", "получить outlook", "获取 outlook", "取得 outlook", "下載 outlook", "下载 outlook",
}

// products are words of the names of devices and mail programs: a line that
// has one after such a beginning is no sentence of a customer's.
var products = []string{
	"iphone", "ipad", "ipod", "apple", "android", "samsung", "galaxy", "huawei", "xiaomi", "redmi", "oneplus", "nokia", "xperia", "motorola", "pixel", "htc", "blackberry", "windows", "小米", "华为", "手机",
	"outlook", "yahoo", "gmail", "proton", "gmx", "web.de", "zoho", "tutanota", "spark", "mailbox", "sparrow", "airmail", "bluemail", "mail.ru", "mymail", "mailspring", "aol", "hotmail", "thunderbird", "网易", "яндекс", "мобильно", "orange",
	"smartphone", "telefoon", "telefon", "telephone", "téléphone", "teléfono", "telefono", "phone", "mobile", "mobiel", "móvil", "handy", "terminal", "tablet", "device", "toestel", "gerät", "mon app", "dispositivo", "enhed", "enhet", "app ", "e-post för", "mail app", " 4g", " 5g", " lte",
}

func namesProduct(s string) bool {
	s += " "
	for _, p := range products {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

func namesSystem(s string) bool {
	return strings.Contains(s, "ios") || strings.Contains(s, "android") || strings.Contains(s, "mac") || strings.Contains(s, "windows") || strings.Contains(s, "iphone") || strings.Contains(s, "aka.ms")
}

// mobileClass returns the class of a line that a mail program may have added:
// mobile when its words leave no doubt, maybe when its place must tell.
func mobileClass(t, lower string) class {
	if len(lower) < 40 && strings.Contains(lower, " from mobile") && !strings.ContainsAny(lower, ".?!,") || lower[0] == 's' && strings.Contains(lower, "enjoy secure & ad-free") {
		return mobile
	}
	if strings.HasPrefix(lower, "sorry") || strings.HasPrefix(lower, "excuse") || strings.HasPrefix(lower, "please excuse") {
		if len(lower) < 80 && strings.Contains(lower, "sent from") && namesProduct(lower) {
			return mobile
		}
		return words
	}
	for _, s := range mobileAlways {
		if lower[0] == s[0] && strings.HasPrefix(lower, s) && len(lower) < 120 && (!strings.Contains(s, "outlook") || namesSystem(lower)) {
			return mobile
		}
	}
	if from, ok := mobileEnd(lower); ok && namesProduct(from) && !isSentence(from) {
		return mobile
	}
	for _, s := range []string{"from my ", "vanaf mijn ", "von meinem ", "von meiner "} {
		if rest, ok := strings.CutPrefix(lower, s); ok && len(rest) <= 24 && !strings.ContainsAny(rest, ",.?!") && namesProduct(rest) {
			return mobile
		}
	}
	for _, s := range mobileStarts {
		if lower[0] == s[0] && strings.HasPrefix(lower, s) {
			return sentClass(t, lower[len(s):])
		}
	}
	return words
}

// mobileEnd cuts off the verb of a line whose language puts it last.
func mobileEnd(lower string) (before string, ok bool) {
	if strings.IndexByte("vmd", lower[0]) < 0 && lower[0] < 0xe3 {
		return "", false
	}
	if i := strings.IndexAny(lower, "<[("); i > 0 && strings.Contains(lower[i:], "http") { // where to get the program
		_, after, _ := strings.Cut(lower[i:], " ")
		lower = lower[:i] + " " + strings.TrimLeft(after, ">]) ")
	}
	lower = strings.TrimRight(lower, ". ")
	for _, verb := range []string{" gesendet", " verzonden", "发送", "發送", "傳送", "寄出"} {
		if before, ok = strings.CutSuffix(lower, verb); ok {
			break
		}
	}
	if !ok || before == "" || before[0] >= utf8.RuneSelf {
		return before, ok
	}
	for _, s := range []string{"von ", "mit ", "diese nachricht ", "vanaf ", "met "} {
		if strings.HasPrefix(before, s) {
			return before, true
		}
	}
	return "", false
}

// sentClass returns the class of a line by what follows "Sent from": the name
// of a device or program, an excuse, or the rest of a customer's sentence.
func sentClass(t, rest string) class {
	if strings.HasPrefix(t, "(") || strings.HasPrefix(t, "<<") {
		return mobile
	}
	if strings.Contains(rest, "typo") || strings.Contains(rest, "brevity") || strings.Contains(rest, "fout") {
		return mobile
	}
	if i := strings.IndexAny(rest, "<[("); i >= 0 {
		rest = rest[:i]
	}
	rest = strings.TrimRight(rest, ".!: ")
	switch {
	case strings.ContainsAny(rest, "?!;") || isSentence(rest):
		return words
	case namesProduct(rest):
		return mobile
	case strings.Contains(rest, ", ") || len(strings.Fields(rest)) > 3 || datelike(rest) || carriesParcels(rest):
		return words
	}
	return maybe
}

// isSentence reports whether the words after "Sent from" go on as a sentence.
func isSentence(rest string) bool {
	if len(strings.Fields(rest)) > 12 {
		return true
	}
	for _, verb := range []string{" is ", " was ", " were ", " are ", " had ", " has ", " but ", " niet ", " maar ", " werd ", " aber ", " nicht ", " mais ", " pas ", " pero ", " ma ", " non ", " mas ", " não "} {
		if strings.Contains(rest+" ", verb) {
			return true
		}
	}
	return false
}

// carriesParcels reports whether s names what else things are sent with.
func carriesParcels(s string) bool {
	for _, c := range []string{"postnl", "dhl", "ups", "usps", "fedex", "dpd", "gls", "hermes", "bpost", "post", "poste", "correo", "courier", "corriere", "kurier", "koerier", "posti", "colissimo", "amazon", "hand"} {
		if strings.HasPrefix(s, c) {
			return true
		}
	}
	return false
}

// signOffs decides on the lines that only their place tells from a sentence:
// what a program adds stands alone, below all text.
func signOffs(lines []line) {
	for i := range lines {
		if lines[i].class != maybe {
			continue
		}
		next := i + 1
		for next < len(lines) && lines[next].class == empty {
			next++
		}
		alone := i > 0 && lines[i-1].class != words && lines[i-1].class != maybe
		if alone && (next == len(lines) || lines[next].class != words && lines[next].class != maybe) {
			lines[i].class = mobile
		} else {
			lines[i].class = words
		}
	}
}

// banners begin the warning that mail gateways put above mail from outside, in
// lower case.
var banners = []string{
	"caution:", "caution -", "external email", "external sender", "[external", "warning: this email originated", "warning: external", "let op: deze e-mail", "let op: externe", "let op: dit bericht", "let op! ", "externe e-mail",
	"achtung: externe", "achtung: diese e-mail", "vorsicht: ", "attention : ce", "attention: ce", "attention: this email", "this message originated from outside", "this email originated from outside", "you don't often get email from", "u ontvangt niet vaak e-mail van", "sie erhalten nicht oft", "vous n'obtenez pas souvent",
	"precaución: ", "atención: este", "attenzione: ", "uwaga: ", "varning: ", "advarsel: ", "obs! ", "[извне]", "внимание: ",
}

// warns reports whether a banner's words are those of a gateway, and not of a
// writer who asks for attention.
func warns(lower string) bool {
	for _, w := range []string{"outside", "extern", "esterno", "zewn", "extérieur", "buiten", "afkomstig", "außerhalb", "внешн", "you don't often", "niet vaak", "nicht oft", "pas souvent"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}

// banner marks the warning that mail gateways put above mail from outside.
func banner(lines []line) {
	first := 0
	for first < len(lines) && (lines[first].class == empty || lines[first].class == rule) {
		first++
	}
	end := first
	for end < len(lines) && lines[end].class != empty && end < first+maxBanner {
		end++
	}
	if first == end {
		return
	}
	lower := strings.ToLower(strings.Trim(lines[first].text, "*_ \t"))
	for _, s := range banners {
		if !strings.HasPrefix(lower, s) {
			continue
		}
		for _, l := range lines[first+1 : end] {
			lower += " " + strings.ToLower(l.text)
		}
		if warns(lower) {
			for i := first; i < end; i++ {
				lines[i].class = removed
			}
		}
		return
	}
}

// maxBanner is how many lines a banner has.
const maxBanner = 8
