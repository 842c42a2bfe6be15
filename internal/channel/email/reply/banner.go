package reply

import (
	"strings"
)

// bannerStarts are the first words of the warning that mail gateways put above
// mail from outside, in lower case.
var bannerStarts = []string{
	"caution:", "caution -", "external email", "external sender", "[external", "warning: this email originated", "warning: external", "let op: deze e-mail", "let op: externe", "let op: dit bericht", "let op! ", "externe e-mail",
	"achtung: externe", "achtung: diese e-mail", "vorsicht: ", "attention : ce", "attention: ce", "attention: this email", "this message originated from outside", "this email originated from outside", "you don't often get email from", "u ontvangt niet vaak e-mail van", "sie erhalten nicht oft", "vous n'obtenez pas souvent",
	"precaución: ", "atención: este", "attenzione: ", "uwaga: ", "varning: ", "advarsel: ", "obs! ", "[извне]", "внимание: ",
}

// isGatewayWarning reports whether a banner's words are a gateway's, and not
// those of a writer who asks for attention.
func isGatewayWarning(lower string) bool {
	for _, w := range []string{"outside", "extern", "esterno", "zewn", "extérieur", "buiten", "afkomstig", "außerhalb", "внешн", "you don't often", "niet vaak", "nicht oft", "pas souvent"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}

// markBanner marks the warning that a mail gateway put above the text.
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

// maxBanner is the most lines of a banner.
const maxBanner = 8
