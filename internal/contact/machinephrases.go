package contact

import (
	"regexp"
	"strings"
	"sync"
)

// compileAll compiles patterns, one on a line. A blank in a pattern is any white space.
// "~" is up to 60 characters of the same sentence.
func compileAll(patterns string) []*regexp.Regexp {
	var all []*regexp.Regexp
	for line := range strings.Lines(patterns) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		line = strings.ReplaceAll(line, " ", `\s+`)
		line = strings.ReplaceAll(line, "~", `[^?]{0,60}`)
		all = append(all, regexp.MustCompile(line))
	}
	return all
}

// absencePhrases describe absence notices. A notice that a program marked is known from
// its header fields. These words are for programs that mark nothing.
var absencePhrases = sync.OnceValue(func() *machinePhrases {
	const away = `(\bafwezig|niet aanwezig|buiten kantoor|niet op kantoor|(met|op) (\pL+)?vakantie|met (\pL+)?verlof|\bout of (the )?office|\baway from (the office|my desk)|` +
		`\bon ((annual|parental|maternity|paternity|sick) )?(leave|holiday|vacation|pto)|\bnot in the office)`
	const until = `(tot|t/m|tm|vanaf|wegens|momenteel|op dit moment|tijdelijk|deze week|vandaag|until|till|through|from|currently|at the moment|this week|today)`
	return &machinePhrases{
		stems: []string{"afwezig", "aanwezig", "kantoor", "vakantie", "verlof", "bereikbaar", "beschikbaar", "gesloten", "office", "leave", "vacation", "holiday", "away", "unavailable", "closed"},
		proof: compileAll(`
			\b(ik|wij|we) (ben|zijn)\b~\b` + until + `\b~` + away + `\b
			\b(ik|wij|we) (ben|zijn)\b~` + away + `\b~\b` + until + `\b
			\b(ben|zijn) (ik|wij|we)\b~` + away + `\b
			^` + away + `\b~\b` + until + `\b
			\b(ons|het|mijn) kantoor is\b~\bgesloten\b
			\b(i am|i'm|i’m|i will be|i'll be|i’ll be|we are|we're|i shall be)\b~\b` + until + `\b~` + away + `\b
			\b(i am|i'm|i’m|i will be|i'll be|i’ll be|we are|we're|i shall be)\b~` + away + `\b~\b` + until + `\b
			\b(our|the) office is\b~\bclosed\b
		`),
		company: compileAll(`
			\b(dringend|dringende|spoed|spoedgeval|spoedgevallen|urgente?|urgent|emergency|emergencies|noodgeval|noodgevallen)\b~\b(contact|bellen|bel|mailen|mail|call|collega|colleague|terecht|bereiken|email|reach|wenden)\b
			\b(contact|bel|bellen|mail|mailen|call|email|reach|wend)\b~\b(collega|collega's|colleague|colleagues|afwezigheid|absence|tussentijds|meantime|meanwhile|tussentijd)\b
			\b(tijdens|gedurende|in) mijn afwezigheid\b
			\b(during|in) my absence\b
			\b(uw|je|jouw|your) (e-?mail|mail|bericht|message)s?\b~\b(wordt|worden|zal|is|will|won't|are|not be)\b~\b(niet gelezen|gelezen|doorgestuurd|beantwoord|forwarded|read|answered)\b
			\b(ik|wij|we) (zal|zullen|reageer|reageren|beantwoord|beantwoorden|lees|lezen|neem|nemen|kom|komen)\b~\b(terug|mogelijk|terugkomst|terugkeer|contact|bericht|e-?mails?|mails?)\b
			\b(i|we) (will|shall|'ll|aim to|try to)\b~\b(respond|reply|get back|answer|read|return)\b
			\bi'll (respond|reply|get back|answer|be back)\b
			\b(ik|wij|we) (ben|zijn)\b~\b(weer|terug)\b~\b(bereikbaar|aanwezig|terug|kantoor|maandag|dinsdag|woensdag|donderdag|vrijdag|\d+)\b
			\b(vanaf|op|per)\b~\b(ben|zijn) (ik|we|wij) (er )?(weer|terug)\b
			\b(i will be|i'll be|i am|i'm|we will be) back\b
			\b(beperkt|beperkte|limited|no|geen)\b~\b(toegang|access|mail)\b
			^(mocht|mochten|heeft|hebt|heb|indien|als|if|should|for) (u|je|jij|you|any)\b~\b(vraag|vragen|hulp|questions?|help|assistance|haast|spoed|dringend)\b
		`),
		refuted: regexp.MustCompile(`\b(graag|dus|maar|want|omdat|pakket\pL*|bestelling\pL*|bezorg\pL*|lever\pL*|monteur|factu\pL+|retour\pL*|geld|kapot|please (deliver|send|do|can|could|cancel|change)|so|but|because|parcel|package|deliver\pL*|invoice|refund|engineer|order (number|no|nr)|broken)\b`),
	}
})

// receiptPhrases describe the messages with which a system confirms that it received a
// message.
var receiptPhrases = sync.OnceValue(func() *machinePhrases {
	const what = `(e-?mail|mail|bericht|vraag|aanvraag|verzoek|melding|reactie|klacht|ticket|message|request|enquiry|inquiry|query|question|support request|case)`
	return &machinePhrases{
		stems: []string{"ontvang", "geregistreerd", "automati", "behandeling", "aangemaakt", "received", "created", "registered", "logged", "opened"},
		proof: compileAll(`
			\b(wij|we) hebben (uw|je|jouw)\b~\b` + what + `\b~\b(ontvangen|geregistreerd|in behandeling)\b
			\b(uw|je|jouw) ` + what + `\b~\b(is|werd)\b~\b(ontvangen|geregistreerd|aangemaakt|in behandeling)\b
			\b(er is|is) een (ticket|zaak|melding) (aangemaakt|geregistreerd|geopend)\b
			\b(dit is een|dit bericht is|deze e-?mail is|deze mail is)\b~\b(automatisch|automatische|ontvangstbevestiging)\b
			\bbevestig(en|t)?\b~\bontvangst van (uw|je|jouw) ` + what + `
			\b(we|we've|we’ve)( have)?( successfully)? received your\b~\b` + what + `\b
			\byour ` + what + `\b~\b(has been|was|is)( successfully)? (received|created|registered|logged|opened)\b
			\b(ticket|case)\b~\b(has been|was) (created|opened|registered)\b
			\bthis is an? (automated|automatic|auto-?generated)\b
			\bthis (e-?mail|message) (was|is|has been) (automatically|auto-?)\b
		`),
		company: compileAll(`
			^(uw|je|your|ticket|case|zaak|referentie|reference)\b~(nummer|number|ticket|referentie|reference|case|id|nr|no)\b
			^(ticket|case|zaak|referentie|reference)\b
			\b(wij|we|een (collega|medewerker)|ons team|one of our|our team|a member of)\b~\b(reageren|reageert|beantwoord\pL*|contact|antwoord\pL*|terug|behandel\pL*|respond|reply|get back|answer|in touch|review)\b
			^(uw|je|your|it|dit|deze|this|the)\b~\b(wordt|worden|will be|zal)\b~\b(behandel\pL*|beantwoord\pL*|bekeken|opgepakt|processed|answered|handled|reviewed|assigned)\b
			\b(deze|dit|this)\b~\b(niet|not|geen)\b~\b(beantwoord\pL*|antwoord\pL*|reply|respond|reageren|monitored|gelezen)\b
			\b(do not|don't|gelieve|please|niet)\b~\b(reply|respond|antwoorden|beantwoorden|reageren)\b~\b(deze|dit|this)\b
			^(u|you)\b~\b(deze|dit|this)\b~\b(niet|not)\b~\b(beantwoord\pL*|reply|antwoord\pL*)\b
			\b(openingstijden|opening hours|bereikbaar (van|op|tussen)|buiten (kantoortijden|kantooruren|openingstijden)|outside( our)? (office|business|opening) hours|veelgestelde vragen|faq|frequently asked)\b
			\b(houd|houdt|vermeld|gebruik|quote|keep|use)\b~\b(onderwerp|ticketnummer|ticket|nummer|subject|reference|number)\b
			^(the|het|ons|team) (\pL+ )?(team|support|klantenservice|servicedesk)$
			^(dank|bedankt|hartelijk dank|thank you|thanks) (u |je )?(wel )?(voor|for) (uw|je|jouw|your|het|contacting|reaching|getting)\b
		`),
		refuted: regexp.MustCompile(`\b(ik|mij|mijn|i|my|me|i'm|maar|echter|but|however|waar (is|blijft|blijven)|nog steeds|still|kapot|broken|ontbreekt|missing|verkeerd\pL*|wrong|fout\pL*|incorrect|graag|wacht\pL*|verwacht\pL*|waiting|akkoord|betaal\pL*|betal\pL*|willen|want|need|nodig)\b`),
	}
})
