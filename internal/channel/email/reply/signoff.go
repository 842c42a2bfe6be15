package reply

import (
	"strings"
	"unicode/utf8"
)

// signOffStarts are the first words of lines that mail programs put below a
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

// certainSignOffStarts are first words of lines that no person writes.
var certainSignOffStarts = []string{
	"get outlook for", "get [outlook for", "get bluemail", "get the new aol", "outlook voor ios", "outlook voor android", "download outlook voor", "outlook downloaden voor",
	"outlook für ios", "outlook für android", "holen sie sich outlook", "télécharger outlook pour", "obtenir outlook pour", "obtener outlook para", "descargar outlook para", "scarica outlook per", "ottieni outlook per",
	"obter o outlook para", "baixar o outlook para", "pobierz program outlook", "pobierz aplikację outlook", "hent outlook til", "skaffa outlook", "hämta outlook", "få outlook for", "last ned outlook", "hanki outlook",
	"скачайте outlook", "скачать outlook", "получить outlook", "获取 outlook", "取得 outlook", "下載 outlook", "下载 outlook",
}

// products are words in the names of devices and mail programs. A line with
// one of them after such first words is not a customer's sentence.
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
	for _, name := range []string{"ios", "android", "mac", "windows", "iphone", "aka.ms"} {
		if strings.Contains(s, name) {
			return true
		}
	}
	return false
}

// classifySignOff returns the class of a line that a mail program may have
// added: signOffLine if its words are certain, possibleSignOff if its place
// must decide.
func classifySignOff(t, lower string) class {
	switch {
	case len(lower) < 40 && strings.Contains(lower, " from mobile") && !strings.ContainsAny(lower, ".?!,"),
		lower[0] == 's' && strings.Contains(lower, "enjoy secure & ad-free"):
		return signOffLine
	}
	if strings.HasPrefix(lower, "sorry") || strings.HasPrefix(lower, "excuse") || strings.HasPrefix(lower, "please excuse") {
		if len(lower) < 80 && strings.Contains(lower, "sent from") && namesProduct(lower) {
			return signOffLine
		}
		return textLine
	}
	for _, s := range certainSignOffStarts {
		if lower[0] != s[0] || len(lower) >= 120 || !strings.HasPrefix(lower, s) {
			continue
		}
		if !strings.Contains(s, "outlook") || namesSystem(lower) {
			return signOffLine
		}
	}
	if from, ok := cutTrailingVerb(lower); ok && namesProduct(from) && !continuesAsSentence(from) {
		return signOffLine
	}
	for _, s := range []string{"from my ", "vanaf mijn ", "von meinem ", "von meiner "} {
		rest, ok := strings.CutPrefix(lower, s)
		if !ok || len(rest) > 24 || strings.ContainsAny(rest, ",.?!") {
			continue
		}
		if namesProduct(rest) {
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

// cutTrailingVerb cuts off the verb of a sign-off in a language that puts the
// verb last.
func cutTrailingVerb(lower string) (before string, ok bool) {
	if strings.IndexByte("vmd", lower[0]) < 0 && lower[0] < 0xe3 {
		return "", false
	}
	if i := strings.IndexAny(lower, "<[("); i > 0 && strings.Contains(lower[i:], "http") { // a link to the program
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

// classifySentFrom returns the class of a line from the words after "Sent
// from": the name of a device or program, an excuse, or a customer's sentence.
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
	case strings.Contains(rest, ", "), len(strings.Fields(rest)) > 3, namesTime(rest), namesCarrier(rest):
		return textLine
	}
	return possibleSignOff
}

// continuesAsSentence reports whether the words after "Sent from" form a
// sentence.
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

// namesCarrier reports whether s begins with the name of a carrier or other
// means of sending a parcel.
func namesCarrier(s string) bool {
	for _, c := range []string{"postnl", "dhl", "ups", "usps", "fedex", "dpd", "gls", "hermes", "bpost", "post", "poste", "correo", "courier", "corriere", "kurier", "koerier", "posti", "colissimo", "amazon", "hand"} {
		if strings.HasPrefix(s, c) {
			return true
		}
	}
	return false
}

// resolveSignOffs classifies lines that may be sign-offs. A sign-off is
// separate from the text and below it.
func resolveSignOffs(lines []line) {
	for i := range lines {
		if lines[i].class != possibleSignOff {
			continue
		}
		next := i + 1
		for next < len(lines) && lines[next].class == emptyLine {
			next++
		}
		alone := i > 0 && !mayBeText(lines[i-1].class)
		last := next == len(lines) || !mayBeText(lines[next].class)
		if alone && last {
			lines[i].class = signOffLine
		} else {
			lines[i].class = textLine
		}
	}
}

func mayBeText(c class) bool { return c == textLine || c == possibleSignOff }
