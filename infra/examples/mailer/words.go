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
		problem.Acknowledged: "Gevraagd: laat weten wat de oorzaak is, of wat klanten intussen kunnen doen.",
		problem.CauseKnown:   "Gevraagd: laat weten wanneer het is opgelost, of wat klanten intussen kunnen doen.",
		problem.Workaround:   "Gevraagd: laat weten wanneer het is opgelost.",
		problem.FixPlanned:   "Gevraagd: meld het zodra het is opgelost.",
		problem.Fixed:        "U hoeft nu niets te doen: twee weken lang wordt geteld of de vragen wegblijven.",
	},
	severity:  map[string]string{"low": "laag", "high": "hoog", "critical": "kritiek"},
	customers: "%d klanten", oneCustomer: "1 klant", contacts: "%s, %d keer contact, van %s tot en met %s.", contactsOn: "%s, %d keer contact, op %s.",
	byHand: "Met de hand gemeld door %s.", cameBack: "Na de oplossing van %s kwamen er weer vragen: %d keer contact.", byPerson: "Door %s.",
	movedTo: "Vanaf nu is het van %s.", escalated: "Niemand heeft op tijd bevestigd ernaar te kijken; %s is ingelicht.",
	lead:    "%s heeft niet op tijd bevestigd ernaar te kijken. Daarom krijgt u dit bericht.",
	overdue: "De oplossing werd verwacht op %s.", askNewTime: "Gevraagd: geef een nieuwe datum, of meld dat het is opgelost.",
	merged: "Een ander probleem bleek hetzelfde. De klanten daarvan tellen hier mee.", split: "Een deel bleek iets anders, en is nu een eigen probleem.",
	part: "Dit deel is afgesplitst, en is nu volledig.", noMore: "U hoeft niets meer te doen.", toldOf: "Het zijn er nu minstens %d.",
	ackBy: "Gevraagd: bevestig vóór %s dat u ernaar kijkt. Daarna geldt het als te laat.",
	ack:   "Wij kijken ernaar:", answer: "Antwoorden:", said: "Klanten schrijven:", wrote: "%s schrijft:", cause: "Oorzaak:",
	workaround: "Wat klanten intussen kunnen doen:", expected: "Oplossing verwacht: %s.", links: "Zie ook:", state: "Stand: %s.",
	proof: "Sindsdien zijn er per week %s contacten minder (tussen %s en %s).", saved: "Dat scheelt %s %s per week.",
	number: "Nummer: %s, versie %d.", other: "Het andere probleem: %s.",
	ackTitle: "Wij kijken ernaar", answerTitle: "Antwoorden", step: "Wat is er nieuws?", onlyWord: "Alleen een bericht", word: "Toelichting", day: "Opgelost op (verwacht)",
	do: "Versturen", thanks: "Dank u wel, het is doorgegeven. U krijgt een mail zodra het is verwerkt.", gone: "Deze link is verlopen of klopt niet.",
	already: "Hier is niets meer voor nodig.", needWord: "Schrijf er een toelichting bij.", needDay: "Geef een datum die nog komt.",
	needAny: "Kies wat er nieuws is, of schrijf een bericht.", tooLong: "Het bericht mag ten hoogste %d tekens hebben.",
	ackNow: "Gevraagd: bevestig dat u ernaar kijkt.", reopen: "Heropenen", comment: "Toelichting:",
	failed: "Het is niet gelukt. Probeer het zo nog eens.",
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
		problem.Detected: "Reported", problem.Acknowledged: "Being looked into", problem.CauseKnown: "Cause known", problem.Workaround: "Workaround",
		problem.FixPlanned: "Fix planned", problem.Fixed: "Fixed", problem.Confirmed: "Confirmed to be fixed", problem.Rejected: "Rejected",
		problem.Merged: "Merged into another problem", problem.Moved: "Handed over",
	},
	requests: map[problem.State]string{
		problem.Acknowledged: "Please tell what the cause is, or what customers can do meanwhile.",
		problem.CauseKnown:   "Please tell when it will be fixed, or what customers can do meanwhile.",
		problem.Workaround:   "Please tell when it will be fixed.",
		problem.FixPlanned:   "Please tell as soon as it is fixed.",
		problem.Fixed:        "Nothing is asked of you now: for two weeks it is counted whether the questions stay away.",
	},
	severity:  map[string]string{"low": "low", "high": "high", "critical": "critical"},
	customers: "%d customers", oneCustomer: "1 customer", contacts: "%s, %d contacts, from %s to %s.", contactsOn: "%s, %d contacts, on %s.",
	byHand: "Reported by hand, by %s.", cameBack: "After the fix of %s questions came again: %d contacts.", byPerson: "By %s.",
	movedTo: "From now on it is with %s.", escalated: "Nobody said in time that they look into it; %s was told.",
	lead:    "%s did not say in time that they look into it. That is why you get this message.",
	overdue: "The fix was expected on %s.", askNewTime: "Please give a new date, or tell that it is fixed.",
	merged: "Another problem turned out to be the same. Its customers are counted here.", split: "A part turned out to be another matter, and is a problem of its own now.",
	part: "This part was split off, and is complete now.", noMore: "Nothing more is asked of you.", toldOf: "There are %d at least by now.",
	ackBy: "Please say before %s that you look into it. After that it counts as late.",
	ack:   "We look into it:", answer: "Answer:", said: "Customers write:", wrote: "%s writes:", cause: "Cause:",
	workaround: "What customers can do meanwhile:", expected: "Fix expected: %s.", links: "See also:", state: "State: %s.",
	proof: "Since then there are %s contacts fewer a week (between %s and %s).", saved: "That saves %s %s a week.",
	number: "Number: %s, version %d.", other: "The other problem: %s.",
	ackTitle: "We look into it", answerTitle: "Answer", step: "What is new?", onlyWord: "Only a message", word: "Comment", day: "Fixed on (expected)",
	do: "Send", thanks: "Thank you, it was passed on. You get a mail once it is taken in.", gone: "This link has expired, or is not right.",
	already: "Nothing is needed here any more.", needWord: "Please add a comment.", needDay: "Please give a day that is to come.",
	needAny: "Choose what is new, or write a message.", tooLong: "The message may have %d characters at most.",
	ackNow: "Please say that you look into it.", reopen: "Reopen", comment: "Comment:",
	failed: "That did not work. Please try again in a moment.",
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
