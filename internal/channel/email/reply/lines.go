package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine is the longest line that is looked at for more than being text.
const maxLine = 2000

// classOf returns the class that a line has by itself.
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

// spoken returns the class of a line that says what it is in words.
func classifyByWords(t string) class {
	bare := strings.Trim(t, "*_-–—= \t>[]<()")
	if n := len(bare); n == 0 || n > 120 && !strings.HasPrefix(t, "(") && !strings.HasPrefix(t, "<<") && !containsLink(t) {
		return textLine
	}
	lower := strings.TrimRight(strings.ToLower(bare), ": ")
	if lower == "" {
		return textLine
	}
	if separators[lower] != 0 {
		// A separator stands between dashes or ends in a colon.
		if c := separators[lower]; c == forwardMark || strings.HasPrefix(t, "-") || strings.HasPrefix(t, "_") || strings.HasPrefix(t, "*") || strings.HasPrefix(t, "=") {
			return c
		}
	}
	if lower == "original" && strings.HasPrefix(t, "-----") || strings.HasPrefix(lower, "original message processed by david") {
		return originalMark
	}
	return classifySignOff(t, lower)
}

// glued returns the class of a separator whose line goes on with the header
// below it, as programs that forget about lines write it.
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

// isQuoted reports whether a trimmed line is quoted: "> text", "Jan> text",
// "| text".
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
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return false
}

// ruleClass returns the class of a line without letters.
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
	if marks < 2 || marks == 2 && strings.Contains(t, " ") {
		return textLine
	}
	return ruleLine
}

// separators are the lines that stand above a mail that is answered or
// forwarded, in lower case without their dashes.
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

// mobileStarts are the beginnings of the lines that mail programs put under a
// mail, in lower case.
var signOffStarts = []string{
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
var certainSignOffStarts = []string{
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
func classifySignOff(t, lower string) class {
	if len(lower) < 40 && strings.Contains(lower, " from mobile") && !strings.ContainsAny(lower, ".?!,") || lower[0] == 's' && strings.Contains(lower, "enjoy secure & ad-free") {
		return signOffLine
	}
	if strings.HasPrefix(lower, "sorry") || strings.HasPrefix(lower, "excuse") || strings.HasPrefix(lower, "please excuse") {
		if len(lower) < 80 && strings.Contains(lower, "sent from") && namesProduct(lower) {
			return signOffLine
		}
		return textLine
	}
	for _, s := range certainSignOffStarts {
		if lower[0] == s[0] && strings.HasPrefix(lower, s) && len(lower) < 120 && (!strings.Contains(s, "outlook") || namesSystem(lower)) {
			return signOffLine
		}
	}
	if from, ok := cutTrailingVerb(lower); ok && namesProduct(from) && !continuesAsSentence(from) {
		return signOffLine
	}
	for _, s := range []string{"from my ", "vanaf mijn ", "von meinem ", "von meiner "} {
		if rest, ok := strings.CutPrefix(lower, s); ok && len(rest) <= 24 && !strings.ContainsAny(rest, ",.?!") && namesProduct(rest) {
			return signOffLine
		}
	}
	for _, s := range signOffStarts {
		if lower[0] == s[0] && strings.HasPrefix(lower, s) {
			return classifySentFrom(t, lower[len(s):])
		}
	}
	return textLine
}

// mobileEnd cuts off the verb of a line whose language puts it last.
func cutTrailingVerb(lower string) (before string, ok bool) {
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
func classifySentFrom(t, rest string) class {
	if strings.HasPrefix(t, "(") || strings.HasPrefix(t, "<<") {
		return signOffLine
	}
	if strings.Contains(rest, "typo") || strings.Contains(rest, "brevity") || strings.Contains(rest, "fout") {
		return signOffLine
	}
	if i := strings.IndexAny(rest, "<[("); i >= 0 {
		rest = rest[:i]
	}
	rest = strings.TrimRight(rest, ".!: ")
	switch {
	case strings.ContainsAny(rest, "?!;") || continuesAsSentence(rest):
		return textLine
	case namesProduct(rest):
		return signOffLine
	case strings.Contains(rest, ", ") || len(strings.Fields(rest)) > 3 || looksLikeDate(rest) || namesCarrier(rest):
		return textLine
	}
	return possibleSignOff
}

// isSentence reports whether the words after "Sent from" go on as a sentence.
func continuesAsSentence(rest string) bool {
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
func namesCarrier(s string) bool {
	for _, c := range []string{"postnl", "dhl", "ups", "usps", "fedex", "dpd", "gls", "hermes", "bpost", "post", "poste", "correo", "courier", "corriere", "kurier", "koerier", "posti", "colissimo", "amazon", "hand"} {
		if strings.HasPrefix(s, c) {
			return true
		}
	}
	return false
}

// signOffs decides on the lines that only their place tells from a sentence:
// what a program adds stands alone, below all text.
func resolveSignOffs(lines []line) {
	for i := range lines {
		if lines[i].class != possibleSignOff {
			continue
		}
		next := i + 1
		for next < len(lines) && lines[next].class == emptyLine {
			next++
		}
		alone := i > 0 && lines[i-1].class != textLine && lines[i-1].class != possibleSignOff
		if alone && (next == len(lines) || lines[next].class != textLine && lines[next].class != possibleSignOff) {
			lines[i].class = signOffLine
		} else {
			lines[i].class = textLine
		}
	}
}

// banners begin the warning that mail gateways put above mail from outside, in
// lower case.
var bannerStarts = []string{
	"caution:", "caution -", "external email", "external sender", "[external", "warning: this email originated", "warning: external", "let op: deze e-mail", "let op: externe", "let op: dit bericht", "let op! ", "externe e-mail",
	"achtung: externe", "achtung: diese e-mail", "vorsicht: ", "attention : ce", "attention: ce", "attention: this email", "this message originated from outside", "this email originated from outside", "you don't often get email from", "u ontvangt niet vaak e-mail van", "sie erhalten nicht oft", "vous n'obtenez pas souvent",
	"precaución: ", "atención: este", "attenzione: ", "uwaga: ", "varning: ", "advarsel: ", "obs! ", "[извне]", "внимание: ",
}

// warns reports whether a banner's words are those of a gateway, and not of a
// writer who asks for attention.
func isGatewayWarning(lower string) bool {
	for _, w := range []string{"outside", "extern", "esterno", "zewn", "extérieur", "buiten", "afkomstig", "außerhalb", "внешн", "you don't often", "niet vaak", "nicht oft", "pas souvent"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}

// banner marks the warning that mail gateways put above mail from outside.
func markBanner(lines []line) {
	first := 0
	for first < len(lines) && (lines[first].class == emptyLine || lines[first].class == ruleLine) {
		first++
	}
	end := first
	for end < len(lines) && lines[end].class != emptyLine && end < first+maxBanner {
		end++
	}
	if first == end {
		return
	}
	lower := strings.ToLower(strings.Trim(lines[first].text, "*_ \t"))
	for _, s := range bannerStarts {
		if !strings.HasPrefix(lower, s) {
			continue
		}
		for _, l := range lines[first+1 : end] {
			lower += " " + strings.ToLower(l.text)
		}
		if isGatewayWarning(lower) {
			for i := first; i < end; i++ {
				lines[i].class = removedLine
			}
		}
		return
	}
}

// maxBanner is how many lines a banner has.
const maxBanner = 8
