package identity

import (
	"slices"
	"time"
)

// A Customer is a person, with everybody merged into one.
type Customer struct {
	ID         CustomerID   // the id that stands for all
	Members    []CustomerID // every id of the person, ID first
	Name       string       // from the register, else as a platform shows it
	Locale     string       // from the register: "nl-NL"
	Account    string       // the company's own customer number
	Registered []string     // keys of the aliases that are noted with the customer
	Consents   []Consent    // what the person said last of each thing
	Claimed    []Known      // addresses that somebody claimed for the customer, and nobody proved
	Moves      []Move       // of aliases that came to or left one of the members, earliest decision first
}

// A Consent is what a person allows us on a channel, or no longer does, by
// what the channel itself offers for that: marketing, for one.
type Consent struct {
	Channel  string    `json:"channel"`
	Account  string    `json:"account,omitempty"` // our side: phone number id, page
	Category string    `json:"category"`          // the platform's name for it: "marketing_messages"
	Granted  bool      `json:"granted"`
	At       time.Time `json:"at"`
}

// A Move says that from a time on an alias is another customer's: a phone
// number that was given out again.
//
// What was stored before the move was decided stays where it lies, so that a
// second delivery finds it; it counts as the new customer's all the same.
type Move struct {
	Alias string     // the alias' key in the table
	From  time.Time  // from when on the alias is To's
	Kept  time.Time  // messages sent before this lie with Was, later ones with To
	Was   CustomerID // who kept its messages before
	To    CustomerID
}

// Grain is by what the times of moves are rounded up: within one grain the
// messages of an alias lie with one customer, so that a delivery of many has
// to ask only once.
const Grain = 10 * time.Minute

// A Part is where messages of a customer lie: under an id, and within times
// when only some of them are the customer's. Zero times are no bounds.
type Part struct {
	ID       CustomerID
	From, To time.Time
}

// Parts returns where the messages of c lie. Where an alias moved, some of
// what lies there is somebody else's: see [Customer.Owns].
func (c Customer) Parts() []Part {
	parts := make([]Part, 0, len(c.Members)+len(c.Moves))
	for _, id := range c.Members {
		parts = append(parts, Part{ID: id})
	}
	for _, m := range c.Moves {
		if !slices.Contains(c.Members, m.To) {
			continue
		}
		for _, other := range c.Moves {
			for _, id := range []CustomerID{other.Was, other.To} {
				if other.Alias == m.Alias && !slices.ContainsFunc(parts, func(p Part) bool { return p.ID == id }) {
					from, to := c.span(m.Alias)
					parts = append(parts, Part{id, from, to})
				}
			}
		}
	}
	return parts
}

// span returns the times within which messages of an alias may lie with
// somebody else than whose they are.
func (c Customer) span(alias string) (from, to time.Time) {
	for _, m := range c.Moves {
		if m.Alias != alias {
			continue
		}
		if from.IsZero() || m.From.Before(from) {
			from = m.From
		}
		if m.Kept.After(to) {
			to = m.Kept
		}
	}
	return from, to
}

// Places returns under whom effects on a message may lie: under whom it lies
// itself, and under everybody to whom one of its aliases moved, since what is
// told of it later comes by what the alias is by then.
func (c Customer) Places(under CustomerID, aliases ...string) []CustomerID {
	places := []CustomerID{under}
	for _, m := range c.Moves {
		for _, id := range []CustomerID{m.Was, m.To} {
			if slices.Contains(aliases, m.Alias) && !slices.Contains(places, id) {
				places = append(places, id)
			}
		}
	}
	return places
}

// Owns reports whether a message that lies under an id, came by an alias and
// was sent at a time is one of c's.
func (c Customer) Owns(under CustomerID, alias string, at time.Time) bool {
	return slices.Contains(c.Members, c.Owner(under, alias, at))
}

// Owner returns whose a message is that lies under an id, came by an alias and
// was sent at a time, as far as moves of c's aliases tell.
func (c Customer) Owner(under CustomerID, alias string, at time.Time) CustomerID {
	owner, moved := under, false
	for _, m := range c.Moves {
		if m.Alias != alias {
			continue
		}
		moved = moved || m.Was == under || m.To == under
		if !m.From.After(at) {
			owner = m.To
		}
	}
	if !moved {
		owner = under // registered by hand with somebody who never had the alias
	}
	return owner
}

// A Registration is what the company's own register says of a customer.
type Registration struct {
	Account string
	Name    string
	Locale  string
	Phones  []Alias
	Mails   []Alias
	Orders  []Order
	At      time.Time
}

// An Order is what a customer bought, as far as it tells what a message is
// about.
type Order struct {
	Number   string   `json:"number"`
	Products []string `json:"products"`
}
