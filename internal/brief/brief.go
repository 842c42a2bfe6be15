// Package brief makes the hand-over summary of a customer: what they want now,
// what was tried and promised, which problems touch them, and how to reach
// them. Whoever takes the customer over reads it instead of asking again.
//
// It goes by rules alone, and is a pure function of what is known. Each line
// cites the messages that it rests on, so that it can be checked; what nothing
// can be cited for is left out. A brief has at most [MaxBytes] as JSON: what
// matters least goes first, and then Cut says so.
package brief

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// MaxBytes is how large a brief may be as JSON.
const MaxBytes = 2 << 10

// RepeatDays is how far back contacts count as repeated.
const RepeatDays = 14

// Window is how far back messages are looked at, if the open contact does not
// begin before.
const Window = 30 * 24 * time.Hour

// Known is what a brief is made of.
type Known struct {
	Customer    identity.CustomerID
	Messages    []contact.Entry   // of [Window] and the open contact, in any order
	Contacts    []contact.Contact // of the same time
	Problems    []problem.Record  // that touch the customer
	Claim       contact.Claim
	Suggestions []identity.Suggestion
	Taxonomy    *taxonomy.Taxonomy
}

// Cited is what a line rests on: messages. Cites are places in the brief's list of
// messages.
type Cited struct {
	Cites []int        `json:"cites"`
	ids   []contact.ID // what is cited
}

// A Brief is the summary. Members without content are left out.
type Brief struct {
	Customer    identity.CustomerID `json:"customerId"`
	Contact     string              `json:"contactId,omitempty"` // that is open
	Language    *Language           `json:"language,omitempty"`
	Wants       []Line              `json:"wants,omitempty"` // what was asked and not answered, in the customer's words
	Sent        []Sent              `json:"sent,omitempty"`  // photos, places and the like of the open contact, the latest first
	Reasons     []Reason            `json:"reasons,omitempty"`
	About       []About             `json:"about,omitempty"`
	Holder      *Holder             `json:"holder,omitempty"`
	Promised    []Promise           `json:"promised,omitempty"` // and not kept yet, the soonest first
	Tried       []Line              `json:"tried,omitempty"`    // the latest first
	Notes       []Line              `json:"notes,omitempty"`    // whatever else agents noted, the latest first
	Problems    []Problem           `json:"problems,omitempty"`
	Repeats     *Repeats            `json:"repeats,omitempty"`
	Channel     *Channel            `json:"channel,omitempty"`
	Suggestions []Suggestion        `json:"suggestions,omitempty"`
	Ask         []Line              `json:"ask,omitempty"` // what the taxonomy has to ask beforehand, and is not known
	SelfService *SelfService        `json:"selfService,omitempty"`
	Messages    []contact.ID        `json:"messages"`      // that are cited
	Cut         bool                `json:"cut,omitempty"` // there was more than there is room for
}

// A Line is something that was said or noted.
type Line struct {
	Text string `json:"text"`
	Cited
}

// A Sent is what a customer sent that is no words: a photo, a voice message,
// where they are.
type Sent struct {
	Kind contact.Kind `json:"kind"` // of the first file of a message, else of the message
	Name string       `json:"name"` // in the customer's language
	Text string       `json:"text,omitempty"`
	At   time.Time    `json:"at"`
	Cited
}

// A Language is the one that the customer wrote last: "nl" or "en".
type Language struct {
	Is string `json:"is"`
	Cited
}

// A Reason is why the customer makes contact.
type Reason struct {
	Reason     string `json:"reason"`
	Name       string `json:"name"` // in the customer's language
	Product    string `json:"product,omitempty"`
	Department string `json:"department"`
	Cited
}

// An About is a product or an order that was mentioned.
type About struct {
	Product string `json:"product,omitempty"`
	Order   string `json:"order,omitempty"`
	Cited
}

// A Holder is who has the customer.
type Holder struct {
	contact.Party
	Until  time.Time      `json:"until"`
	From   *contact.Party `json:"from,omitempty"` // who handed over, why, and what they wrote
	Reason string         `json:"reason,omitempty"`
	Note   string         `json:"note,omitempty"`
	Cited
}

// A Promise is what the customer was promised.
type Promise struct {
	Text    string    `json:"text"`
	Due     time.Time `json:"due"`
	Overdue bool      `json:"overdue,omitempty"`
	Cited
}

// A Problem is one that touches the customer.
type Problem struct {
	ID         string        `json:"id"`
	Reason     string        `json:"reason"`
	Product    string        `json:"product,omitempty"`
	State      problem.State `json:"state"`
	Workaround string        `json:"workaround,omitempty"`
	ExpectedAt time.Time     `json:"expectedAt,omitzero"`
	Cited
}

// Repeats is how often the customer made contact.
type Repeats struct {
	Contacts int `json:"contacts"`       // within Days
	Same     int `json:"same,omitempty"` // of them for a reason of the open contact, that one included
	Days     int `json:"days"`
	Cited
}

// A Channel is where an answer reaches the customer best.
type Channel struct {
	Channel contact.Channel `json:"channel"`
	Until   time.Time       `json:"until,omitzero"` // when its window closes; zero: it has none
	Cited
}

// A Suggestion is who else the customer may be, for a person to decide.
type Suggestion struct {
	Customer identity.CustomerID `json:"customerId"`
	Score    int                 `json:"score"` // 0 to 100: how much speaks for it
	Reasons  []string            `json:"reasons,omitempty"`
	Cited
}

// A SelfService is what the customer can do without us.
type SelfService struct {
	Answer string `json:"answer"`
	Link   string `json:"link,omitempty"`
	Cited
}

// Make returns the brief of what is known, as it is at now.
func Make(k Known, now time.Time) Brief {
	f := find(k, now)
	b := Brief{Customer: k.Customer, Contact: f.open.ID, Language: f.language()}
	b.Wants, b.Sent, b.Reasons, b.About = f.wants(), f.sent(), f.reasons(), f.about()
	b.Tried, b.Promised, b.Notes = f.noted(contact.Tried, 3), f.promised(), f.noted(contact.Told, 2)
	b.Holder, b.Problems, b.Repeats, b.Channel = f.holder(), f.problems(), f.repeats(), f.channel()
	b.Suggestions = f.suggestions()
	b.Ask, b.SelfService = f.ask(), f.selfService()
	b.fit()
	return b
}

// fit leaves out what matters least until the brief is small enough.
func (b *Brief) fit() {
	for b.index(); b.size() > MaxBytes && b.shed(); b.index() {
		b.Cut = true
	}
}

func (b *Brief) size() int {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(b); err != nil {
		return MaxBytes + 1 // a bug; everything is shed
	}
	return out.Len() - len("\n")
}

// shed leaves out one line, the one that matters least.
func (b *Brief) shed() bool {
	for least := 2; least >= 0; least-- { // first down to two of a kind, then to one, then to none
		if drop(&b.Ask, least) || drop(&b.Notes, least) || drop(&b.Suggestions, least) || drop(&b.About, least) || drop(&b.Reasons, least) || drop(&b.Sent, least) ||
			drop(&b.Tried, least) || drop(&b.Problems, least) || drop(&b.Promised, least) || drop(&b.Wants, least) {
			return true
		}
		if least == 1 && b.SelfService != nil {
			b.SelfService = nil
			return true
		}
	}
	for _, last := range []func() bool{clearing(&b.Repeats), clearing(&b.Channel), clearing(&b.Holder), clearing(&b.Language)} {
		if last() {
			return true
		}
	}
	return false
}

// drop takes the last line off a list that has more than least.
func drop[L any](lines *[]L, least int) bool {
	n := len(*lines)
	if n <= least {
		return false
	}
	*lines = (*lines)[:n-1]
	return true
}

func clearing[L any](line **L) func() bool {
	return func() bool {
		was := *line
		*line = nil
		return was != nil
	}
}

// index lists the messages that are cited, each once, and has every line point to them.
func (b *Brief) index() {
	b.Messages = []contact.ID{}
	for _, c := range b.cited() {
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

// cited returns every line.
func (b *Brief) cited() []*Cited {
	var all []*Cited
	if b.Language != nil {
		all = append(all, &b.Language.Cited)
	}
	for _, lines := range [][]Line{b.Wants, b.Tried, b.Notes, b.Ask} {
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
