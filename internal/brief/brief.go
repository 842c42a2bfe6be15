// Package brief builds the hand-over summary of a customer: the open requests, the
// attempts and promises, the problems that affect the customer, and the best channel
// for an answer. The agent who takes over the customer reads it instead of asking
// the customer again.
//
// A brief is a pure function of its input and uses rules only. Every line cites the
// messages that prove it. A line without such a message is left out. The JSON of a
// brief has at most [MaxBytes]. Lines that do not fit are removed, the least
// important ones first, and Cut is set.
package brief

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// MaxBytes is the maximum size of a brief as JSON.
const MaxBytes = 2 << 10

// RepeatDays is the number of days in which further contacts count as repeats.
const RepeatDays = 14

// Window is the age up to which messages are used. An open contact that began
// earlier is used completely.
const Window = 30 * 24 * time.Hour

// Known is the input of a brief.
type Known struct {
	Customer    identity.CustomerID
	Name        string            // in the register; may be empty
	Account     string            // customer number in the register; may be empty
	Messages    []message.Entry   // those of Window and of the open contact, in any order
	Contacts    []contact.Contact // those of the same period
	Problems    []problem.Record  // those that affect the customer
	Claim       contact.Claim
	Suggestions []identity.Suggestion
	Taxonomy    *taxonomy.Taxonomy
}

// Cited are the messages that prove a line. Cites are indexes into Brief.Messages.
type Cited struct {
	Cites []int        `json:"cites"`
	ids   []message.ID // ids of the cited messages
}

// A Brief is the hand-over summary. Its JSON omits members without content.
type Brief struct {
	Customer    identity.CustomerID `json:"customerId"`
	Name        string              `json:"name,omitempty"`      // in the register, else as a channel showed it last
	Account     string              `json:"account,omitempty"`   // customer number in the register
	Contact     string              `json:"contactId,omitempty"` // id of the open contact
	Waiting     *Waiting            `json:"waiting,omitempty"`
	Answered    *Answered           `json:"answered,omitempty"` // our last answer
	Language    *Language           `json:"language,omitempty"`
	Wants       []Line              `json:"wants,omitempty"` // unanswered requests, in the customer's words
	Sent        []Sent              `json:"sent,omitempty"`  // photos, locations and other non-text messages of the open contact, latest first
	Reasons     []Reason            `json:"reasons,omitempty"`
	About       []About             `json:"about,omitempty"`
	Holder      *Holder             `json:"holder,omitempty"`
	Promised    []Promise           `json:"promised,omitempty"` // promises not kept yet, soonest first
	Said        []Line              `json:"said,omitempty"`     // promises in our answers of the open contact, latest first
	Tried       []Line              `json:"tried,omitempty"`    // attempts to solve the problem, latest first
	Notes       []Line              `json:"notes,omitempty"`    // other notes of agents, latest first
	Problems    []Problem           `json:"problems,omitempty"`
	Repeats     *Repeats            `json:"repeats,omitempty"`
	Channel     *Channel            `json:"channel,omitempty"`
	Channels    []Channel           `json:"channels,omitempty"` // all that the customer wrote on, the best first
	Suggestions []Suggestion        `json:"suggestions,omitempty"`
	Ask         []Line              `json:"ask,omitempty"` // questions of the taxonomy that the customer has not answered yet
	SelfService *SelfService        `json:"selfService,omitempty"`
	Messages    []message.ID        `json:"messages"`      // ids of the cited messages
	Cut         bool                `json:"cut,omitempty"` // lines were removed to fit MaxBytes
}

// A Waiting says since when the customer waits, and how often the customer wrote since.
type Waiting struct {
	Since    time.Time `json:"since"`
	Messages int       `json:"messages"`
	Cited
}

// An Answered is an answer of ours that reached the customer.
type Answered struct {
	Text    string          `json:"text"`
	Channel message.Channel `json:"channel"`
	At      time.Time       `json:"at"`
	Author  string          `json:"author,omitempty"`
	Cited
}

// A Line is a statement of the customer or a note of an agent.
type Line struct {
	Text string `json:"text"`
	Cited
}

// A Sent is a message of the customer that is not only text, for example a photo, a
// voice message or a location.
type Sent struct {
	Kind message.Kind `json:"kind"` // kind of the first file, or of the message if it has no file
	Name string       `json:"name"` // in the customer's language
	Text string       `json:"text,omitempty"`
	At   time.Time    `json:"at"`
	Cited
}

// A Language is the language of the customer's latest message: "nl" or "en".
type Language struct {
	Is string `json:"is"`
	Cited
}

// A Reason is a reason of the open contact.
type Reason struct {
	Reason     string `json:"reason"`
	Name       string `json:"name"` // in the customer's language
	Product    string `json:"product,omitempty"`
	Department string `json:"department"`
	Cited
}

// An About is a product or an order number that was mentioned.
type About struct {
	Product string `json:"product,omitempty"`
	Order   string `json:"order,omitempty"`
	Cited
}

// A Holder is the agent, bot or department that has claimed the customer.
type Holder struct {
	contact.Party
	Until  time.Time      `json:"until"`
	From   *contact.Party `json:"from,omitempty"` // the party that handed over, with Reason and Note
	Reason string         `json:"reason,omitempty"`
	Note   string         `json:"note,omitempty"`
	Cited
}

// A Promise is a promise to the customer.
type Promise struct {
	Text    string    `json:"text"`
	Due     time.Time `json:"due"`
	Overdue bool      `json:"overdue,omitempty"`
	Cited
}

// A Problem is a problem that affects the customer.
type Problem struct {
	ID         string        `json:"id"`
	Reason     string        `json:"reason"`
	Product    string        `json:"product,omitempty"`
	State      problem.State `json:"state"`
	Workaround string        `json:"workaround,omitempty"`
	ExpectedAt time.Time     `json:"expectedAt,omitzero"`
	Cited
}

// Repeats counts the recent contacts of the customer.
type Repeats struct {
	Contacts int `json:"contacts"`       // contacts of the last Days days
	Same     int `json:"same,omitempty"` // those with a reason of the open contact, including the open contact
	Days     int `json:"days"`
	Cited
}

// A Channel is a channel for an answer to the customer.
type Channel struct {
	Channel message.Channel `json:"channel"`
	Until   time.Time       `json:"until,omitzero"`   // end of the reply window; zero if the channel has none
	Closed  bool            `json:"closed,omitempty"` // the reply window has ended
	Cited
}

// A Suggestion is another customer who may be the same person. An agent decides.
type Suggestion struct {
	Customer identity.CustomerID `json:"customerId"`
	Score    int                 `json:"score"` // strength of the evidence, 0 to 100
	Reasons  []string            `json:"reasons,omitempty"`
	Cited
}

// A SelfService is an answer that helps the customer without an agent.
type SelfService struct {
	Answer string `json:"answer"`
	Link   string `json:"link,omitempty"`
	Cited
}

// Make returns the brief of k at the time now.
func Make(k Known, now time.Time) Brief {
	f := newFinder(k, now)
	b := Brief{Customer: k.Customer, Name: f.findName(), Account: k.Account, Contact: f.open.ID}
	b.Waiting = f.findWaiting()
	b.Answered = f.findAnswer()
	b.Language = f.findLanguage() // first: names in other lines are in this language
	b.Wants = f.findWants()
	b.Sent = f.findSentMedia()
	b.Reasons = f.findReasons()
	b.About = f.findMentions()
	b.Tried = f.findNotes(message.Tried, 3)
	b.Promised = f.findPromises()
	b.Said = f.findSaid()
	b.Notes = f.findNotes(message.Told, 2)
	b.Holder = f.findHolder()
	b.Problems = f.findProblems()
	b.Repeats = f.countRepeats()
	b.Channels = f.findChannels()
	b.Channel = f.chooseChannel()
	b.Suggestions = f.findSuggestions()
	b.Ask = f.findQuestions()
	b.SelfService = f.findSelfService()
	b.fitToSize()
	return b
}

// fitToSize removes the least important lines until the brief fits MaxBytes.
func (b *Brief) fitToSize() {
	for b.indexCitations(); b.encodedSize() > MaxBytes && b.dropLeastImportant(); b.indexCitations() {
		b.Cut = true
	}
}

// encodedSize returns the size of b as JSON, as the API writes it.
func (b *Brief) encodedSize() int {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(b); err != nil {
		return MaxBytes + 1 // a bug: remove all lines
	}
	return out.Len() - len("\n")
}

// dropLeastImportant removes one line and reports whether there was one. The channels
// go first. Lists are then shortened to two lines, then to one, then to none.
func (b *Brief) dropLeastImportant() bool {
	lists := []func(minimum int) bool{ // the least important first
		dropLast(&b.Ask), dropLast(&b.Notes), dropLast(&b.Said), dropLast(&b.Suggestions), dropLast(&b.About), dropLast(&b.Reasons),
		dropLast(&b.Sent), dropLast(&b.Tried), dropLast(&b.Problems), dropLast(&b.Promised), dropLast(&b.Wants),
	}
	if dropLast(&b.Channels)(0) { // the best one is in Channel
		return true
	}
	for minimum := 2; minimum >= 0; minimum-- {
		for _, drop := range lists {
			if drop(minimum) {
				return true
			}
		}
		if minimum == 1 && b.SelfService != nil {
			b.SelfService = nil
			return true
		}
	}
	for _, clearLine := range []func() bool{clearField(&b.Repeats), clearField(&b.Answered), clearField(&b.Channel), clearField(&b.Holder), clearField(&b.Language), clearField(&b.Waiting)} {
		if clearLine() {
			return true
		}
	}
	return false
}

// dropLast returns a function that removes the last line of a list with more lines
// than a minimum, and reports whether it did.
func dropLast[L any](lines *[]L) func(minimum int) bool {
	return func(minimum int) bool {
		n := len(*lines)
		if n <= minimum {
			return false
		}
		*lines = (*lines)[:n-1]
		return true
	}
}

// clearField returns a function that sets a line to nil, and reports whether it was
// set.
func clearField[L any](line **L) func() bool {
	return func() bool {
		wasSet := *line != nil
		*line = nil
		return wasSet
	}
}

// indexCitations lists every cited message once in Messages, and sets the Cites of
// every line.
func (b *Brief) indexCitations() {
	b.Messages = []message.ID{}
	for _, c := range b.allCitations() {
		c.Cites = []int{}
		for _, id := range c.ids {
			at := slices.Index(b.Messages, id)
			if at < 0 {
				at = len(b.Messages)
				b.Messages = append(b.Messages, id)
			}
			c.Cites = append(c.Cites, at)
		}
	}
}

// allCitations returns the citations of every line.
func (b *Brief) allCitations() []*Cited {
	var all []*Cited
	if b.Language != nil {
		all = append(all, &b.Language.Cited)
	}
	if b.Waiting != nil {
		all = append(all, &b.Waiting.Cited)
	}
	if b.Answered != nil {
		all = append(all, &b.Answered.Cited)
	}
	for i := range b.Channels {
		all = append(all, &b.Channels[i].Cited)
	}
	for _, lines := range [][]Line{b.Wants, b.Tried, b.Notes, b.Said, b.Ask} {
		for i := range lines {
			all = append(all, &lines[i].Cited)
		}
	}
	for i := range b.Sent {
		all = append(all, &b.Sent[i].Cited)
	}
	for i := range b.Reasons {
		all = append(all, &b.Reasons[i].Cited)
	}
	for i := range b.About {
		all = append(all, &b.About[i].Cited)
	}
	if b.Holder != nil {
		all = append(all, &b.Holder.Cited)
	}
	for i := range b.Promised {
		all = append(all, &b.Promised[i].Cited)
	}
	for i := range b.Problems {
		all = append(all, &b.Problems[i].Cited)
	}
	if b.Repeats != nil {
		all = append(all, &b.Repeats.Cited)
	}
	if b.Channel != nil {
		all = append(all, &b.Channel.Cited)
	}
	for i := range b.Suggestions {
		all = append(all, &b.Suggestions[i].Cited)
	}
	if b.SelfService != nil {
		all = append(all, &b.SelfService.Cited)
	}
	return all
}
