package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/problem"
)

// A wording has the texts of mails and pages in one language.
type wording struct {
	name     string
	months   [12]string
	decimal  string
	events   map[problem.EventKind]string // the event, as the subject names it
	states   map[problem.State]string     // the state; in the subject of EventState also the event
	requests map[problem.State]string     // the request to the department, by state
	severity map[string]string            // severities other than normal

	customers, oneCustomer, contacts, contactsOn                 string
	byHand, cameBack, byPerson, movedTo, escalated, lead         string
	overdue, askNewTime, merged, split, part, noMore, toldOf     string
	ackBy, ack, answer, said, wrote, cause, workaround, expected string
	links, state, proof, saved, number, other                    string
	ackTitle, answerTitle, step, onlyWord, word, day, do         string
	thanks, gone, already, needWord, needDay, needAny, tooLong   string
	failed, reopen, comment, ackNow                              string
}

var wordings = map[string]*wording{"nl": &dutch, "en": &english}

var dutch = wording{
	name:    "nl",
	months:  [12]string{"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"},
	decimal: ",",
	events: map[problem.EventKind]string{
		problem.EventOpened: "Nieuw probleem", problem.EventMilestone: "Meer klanten", problem.EventReopened: "Heropend",
		problem.EventUpdated: "Aangevuld", problem.EventMoved: "Overgedragen", problem.EventMerged: "Samengevoegd", problem.EventSplit: "Gesplitst",
		problem.EventEscalated: "Niet op tijd bevestigd", problem.EventOverdue: "Verwachte datum voorbij",
	},
	states: map[problem.State]string{
		problem.Detected: "Gemeld", problem.Acknowledged: "In behandeling", problem.CauseKnown: "Oorzaak bekend", problem.Workaround: "Tussenoplossing",
		problem.FixPlanned: "Oplossing gepland", problem.Fixed: "Opgelost", problem.Confirmed: "Bevestigd opgelost", problem.Rejected: "Afgewezen",
		problem.Merged: "Opgegaan in een ander probleem", problem.Moved: "Overgedragen",
	},
	requests: map[problem.State]string{
		problem.Acknowledged: "Gevraagd: meld de oorzaak, of een tussenoplossing voor klanten.",
		problem.CauseKnown:   "Gevraagd: meld wanneer het probleem is opgelost, of een tussenoplossing voor klanten.",
		problem.Workaround:   "Gevraagd: meld wanneer het probleem is opgelost.",
		problem.FixPlanned:   "Gevraagd: meld het zodra het probleem is opgelost.",
		problem.Fixed:        "U hoeft nu niets te doen. Wij tellen twee weken lang of er nog klanten naar vragen.",
	},
	severity:  map[string]string{"low": "laag", "high": "hoog", "critical": "kritiek"},
	customers: "%d klanten", oneCustomer: "1 klant", contacts: "%s, %d keer contact, van %s tot en met %s.", contactsOn: "%s, %d keer contact, op %s.",
	byHand: "Gemeld door %s.", cameBack: "Na de oplossing van %s kwamen er weer vragen: %d keer contact.", byPerson: "Door %s.",
	movedTo: "Dit probleem is nu van %s.", escalated: "Dit probleem is niet op tijd bevestigd. %s heeft daarover bericht gekregen.",
	lead:    "%s heeft dit probleem niet op tijd bevestigd. Daarom krijgt u dit bericht.",
	overdue: "De oplossing werd verwacht op %s.", askNewTime: "Gevraagd: geef een nieuwe datum, of meld dat het is opgelost.",
	merged: "Een ander probleem bleek hetzelfde. De klanten daarvan tellen nu hier mee.", split: "Een deel van de contacten ging over iets anders. Dat is nu een eigen probleem.",
	part: "Dit probleem is afgesplitst van een ander. Alle contacten zijn overgezet.", noMore: "U hoeft niets meer te doen.", toldOf: "Nu minstens %d klanten.",
	ackBy: "Gevraagd: bevestig vóór %s dat u dit probleem onderzoekt. Daarna geldt de bevestiging als te laat.",
	ack:   "Wij onderzoeken dit probleem:", answer: "Antwoorden:", said: "Klanten schrijven:", wrote: "%s schrijft:", cause: "Oorzaak:",
	workaround: "Tussenoplossing voor klanten:", expected: "Oplossing verwacht: %s.", links: "Zie ook:", state: "Stand: %s.",
	proof: "Sindsdien zijn er per week %s contacten minder (tussen %s en %s).", saved: "Dat scheelt %s %s per week.",
	number: "Nummer: %s, versie %d.", other: "Het andere probleem: %s.",
	ackTitle: "Wij onderzoeken dit probleem", answerTitle: "Antwoorden", step: "Wat is er nieuws?", onlyWord: "Alleen een bericht", word: "Toelichting", day: "Opgelost op (verwacht)",
	do: "Versturen", thanks: "Dank u wel, uw antwoord is verstuurd. U krijgt een mail zodra het antwoord is verwerkt.", gone: "Deze link is verlopen of ongeldig. Gebruik de link uit de nieuwste mail.",
	already: "U hoeft hier niets meer te doen.", needWord: "Schrijf er een toelichting bij.", needDay: "Geef een datum in de toekomst.",
	needAny: "Kies wat er nieuws is, of schrijf een bericht.", tooLong: "Het bericht mag ten hoogste %d tekens hebben.",
	ackNow: "Gevraagd: bevestig dat u dit probleem onderzoekt.", reopen: "Heropenen", comment: "Toelichting:",
	failed: "Het versturen is niet gelukt. Probeer het over een minuut opnieuw.",
}

var english = wording{
	name:    "en",
	months:  [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	decimal: ".",
	events: map[problem.EventKind]string{
		problem.EventOpened: "New problem", problem.EventMilestone: "More customers", problem.EventReopened: "Reopened",
		problem.EventUpdated: "Updated", problem.EventMoved: "Handed over", problem.EventMerged: "Merged", problem.EventSplit: "Split",
		problem.EventEscalated: "Not acknowledged in time", problem.EventOverdue: "Expected date passed",
	},
	states: map[problem.State]string{
		problem.Detected: "Reported", problem.Acknowledged: "Under investigation", problem.CauseKnown: "Cause known", problem.Workaround: "Workaround",
		problem.FixPlanned: "Fix planned", problem.Fixed: "Fixed", problem.Confirmed: "Confirmed fixed", problem.Rejected: "Rejected",
		problem.Merged: "Merged into another problem", problem.Moved: "Handed over",
	},
	requests: map[problem.State]string{
		problem.Acknowledged: "Please report the cause, or a workaround for customers.",
		problem.CauseKnown:   "Please report when the problem will be fixed, or a workaround for customers.",
		problem.Workaround:   "Please report when the problem will be fixed.",
		problem.FixPlanned:   "Please report the fix as soon as the problem is fixed.",
		problem.Fixed:        "You need to do nothing now. For two weeks we count whether customers still ask about it.",
	},
	severity:  map[string]string{"low": "low", "high": "high", "critical": "critical"},
	customers: "%d customers", oneCustomer: "1 customer", contacts: "%s, %d contacts, from %s to %s.", contactsOn: "%s, %d contacts, on %s.",
	byHand: "Reported by %s.", cameBack: "Customers asked about it again after the fix of %s: %d contacts.", byPerson: "By %s.",
	movedTo: "This problem now belongs to %s.", escalated: "This problem was not acknowledged in time. %s was notified.",
	lead:    "%s did not acknowledge this problem in time. That is why you get this message.",
	overdue: "The fix was expected on %s.", askNewTime: "Please give a new date, or report that the problem is fixed.",
	merged: "Another problem turned out to be the same. Its customers are now counted here.", split: "Some of the contacts were about something else. They are now a problem of their own.",
	part: "This problem was split off from another. All its contacts were moved.", noMore: "You need to do nothing more.", toldOf: "At least %d customers now.",
	ackBy: "Please acknowledge this problem before %s. After that the acknowledgement counts as late.",
	ack:   "We are looking into this problem:", answer: "Answer:", said: "Customers write:", wrote: "%s writes:", cause: "Cause:",
	workaround: "Workaround for customers:", expected: "Fix expected: %s.", links: "See also:", state: "State: %s.",
	proof: "Since then there have been %s fewer contacts a week (between %s and %s).", saved: "That saves %s %s a week.",
	number: "Number: %s, version %d.", other: "The other problem: %s.",
	ackTitle: "We are looking into this problem", answerTitle: "Answer", step: "What is new?", onlyWord: "Only a message", word: "Comment", day: "Fixed on (expected)",
	do: "Send", thanks: "Thank you, your answer was sent. You get a mail when the answer is processed.", gone: "This link has expired or is invalid. Use the link in the latest mail.",
	already: "You need to do nothing more here.", needWord: "Please add a comment.", needDay: "Please give a date in the future.",
	needAny: "Choose a step, or write a message.", tooLong: "The message may have at most %d characters.",
	ackNow: "Please acknowledge this problem.", reopen: "Reopen", comment: "Comment:",
	failed: "Sending failed. Please try again in a minute.",
}

func (t *wording) labelText(l problem.Label) string {
	if t == &dutch {
		return l.NL
	}
	return l.EN
}

// problemTitle returns the reason, the product and the short id of a problem. The
// short id distinguishes problems with the same reason and product.
func (t *wording) problemTitle(i problem.Item) string {
	name := t.labelText(i.Names.Reason)
	if product := t.labelText(i.Names.Product); product != "" {
		name += ", " + product
	}
	return strings.TrimSpace(name + " " + shortID(i.ID))
}

// shortID returns the last six characters of a problem id, which people can
// recognize.
func shortID(id string) string { return "#" + id[max(len(id)-6, 0):] }

// eventText returns the name of the event of an item.
func (t *wording) eventText(i problem.Item) string {
	if i.Event == problem.EventState {
		return t.states[i.State]
	}
	return t.events[i.Event]
}

func (t *wording) formatAmount(x float64, digits int) string {
	return strings.Replace(fmt.Sprintf("%.*f", digits, x), ".", t.decimal, 1)
}

func (t *wording) formatDate(at time.Time) string {
	return fmt.Sprintf("%d %s %d", at.Day(), t.months[at.Month()-1], at.Year())
}

func (t *wording) formatTime(at time.Time) string { return t.formatDate(at) + at.Format(" 15:04") }

// customerCount returns a number of customers in words: "1 customer".
func (t *wording) customerCount(n int) string {
	if n == 1 {
		return t.oneCustomer
	}
	return fmt.Sprintf(t.customers, n)
}
