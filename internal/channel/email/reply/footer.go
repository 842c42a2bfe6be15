package reply

import (
	"slices"
	"strings"
)

// footerWords occur in texts that mailing lists, scanners and companies put
// below a mail, in lower case. legalWords do too, but customers also use them,
// so they count on a long line only.
var (
	footerWords = []string{
		"unsubscribe", "mailing list", "google groups", "you received this message", "you are receiving this", "consider the environment", "before printing", "print this", "virus-free", "virusvrij", "virenfrei", "for viruses", "op virussen", "auf viren", "checked by", "scanned by", "avast", "disclaimer",
		"denk aan het milieu", "voordat u deze", "rechten worden ontleend", "afmelden", "handelsregister", "umwelt", "amtsgericht", "l'environnement", "désinscrire", "medio ambiente", "all'ambiente", "meio ambiente",
	}
	legalWords = []string{
		"confidential", "intended recipient", "addressee", "registered office", "vertrouwelijk", "geadresseerde", "vertraulich", "empfänger", "confidentie", "destinataire", "confidenci", "destinatari", "riservat", "poufny", "fortrolig", "konfidenti", "luottamuks", "конфиденциальн",
	}
)

// minLegal is the least length of a line of small print, in bytes.
const minLegal = 80

func isFooter(s string) bool {
	lower := strings.ToLower(s)
	within := func(w string) bool { return strings.Contains(lower, w) }
	if slices.ContainsFunc(footerWords, within) {
		return true
	}
	return len(s) >= minLegal && slices.ContainsFunc(legalWords, within)
}

// disclaimers are the first words of small print that companies put below
// mail, in lower case.
var disclaimers = []string{
	"disclaimer", "confidentiality notice", "this e-mail and any", "this email and any", "this e-mail message", "this email message", "this message and any", "this e-mail is confidential", "this email is confidential",
	"the information contained in this", "the information in this e", "the contents of this e", "this message is intended", "this e-mail (", "this email (", "please consider the environment", "think before you print", "virus-free", "this email has been checked for viruses",
	"de informatie verzonden in", "de informatie verzonden met", "de informatie in dit", "de inhoud van dit", "de inhoud van deze e", "dit e-mailbericht", "dit bericht is uitsluitend", "dit bericht is vertrouwelijk", "dit bericht kan informatie", "dit bericht (", "deze e-mail is", "deze e-mail en", "deze e-mail kan", "aan dit bericht kunnen", "aan de inhoud van dit", "denk aan het milieu", "op dit bericht is een disclaimer", "virusvrij",
	"diese e-mail enthält", "diese e-mail und", "diese nachricht enthält", "der inhalt dieser e-mail", "die in dieser e-mail", "diese e-mail kann vertraul", "bitte prüfen sie, ob diese mail",
	"ce message et", "ce message est", "ce courriel", "cet e-mail", "les informations contenues dans ce", "pensez à l'environnement", "este mensaje", "este correo", "questo messaggio", "le informazioni contenute", "esta mensagem", "denna e-post", "denne e-mail", "denne e-posten",
}

// minDisclaimer is the least length of a disclaimer, in bytes. A shorter line
// may be the writer's own.
const minDisclaimer = 120

// cutAtDisclaimer ends the reply at a company's small print, if little text
// follows it.
func cutAtDisclaimer(units []unit) []unit {
	seen := false
	for i, u := range units {
		if u.class != textLine {
			continue
		}
		if seen && len(units)-i <= 40 && isDisclaimer(u.text, units[i:]) {
			return units[:i]
		}
		seen = true
	}
	return units
}

func isDisclaimer(text string, after []unit) bool {
	lower := strings.ToLower(strings.Trim(text, "*_[]() \t"))
	for _, d := range disclaimers {
		if !strings.HasPrefix(lower, d) {
			continue
		}
		n := 0
		for _, u := range after {
			n += len(u.text)
		}
		return n >= minDisclaimer
	}
	return false
}
