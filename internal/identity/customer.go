package identity

import (
	"slices"
	"time"
)

// A Customer is a person: a customer id with all ids that were merged into it.
type Customer struct {
	ID         CustomerID    // the current id
	Members    []CustomerID  // every id of the person, ID first
	Name       string        // from the register, or else as a platform displays it
	Locale     string        // from the register, for example "nl-NL"
	Account    string        // the company's own customer number
	Registered []string      // keys of the aliases that are stored with the customer
	Consents   []Consent     // the latest consent per channel, account and category
	Claimed    []AliasDetail // claimed addresses that are not verified
	Moves      []Move        // moves of aliases to or from a member, in the order of the decisions
}

// A Consent is a permission that a person granted or withdrew with the means of a
// channel, for example marketing messages on WhatsApp.
type Consent struct {
	Channel  string    `json:"channel"`
	Account  string    `json:"account,omitempty"` // our account: phone number id, page id
	Category string    `json:"category"`          // the platform's name, for example "marketing_messages"
	Granted  bool      `json:"granted"`
	At       time.Time `json:"at"`
}

// A Move records that an alias belongs to another customer for a period, for
// example a phone number that the operator gave to another person. Moves are in
// the order in which they were decided. Where the periods of two overlap, the
// later decision counts.
//
// Messages that were stored before the decision stay in their partition, so that a
// redelivery finds them. Those sent after From still belong to the new owner. For
// example, with From 10:00 and Kept 12:00, a message of 11:00 is stored under Was but
// belongs to To.
type Move struct {
	Alias string     // key of the alias in the table
	From  time.Time  // start of To's ownership
	Kept  time.Time  // messages sent before this are stored under Was, later ones under To
	Was   CustomerID // customer under whom messages of the alias were stored before
	To    CustomerID

	// Until is the end of To's ownership, zero if it has none. A move with an end
	// was decided after the next owner was known. So it changes no place: Kept has
	// no effect for it.
	Until time.Time

	// Open means that no person is known to have the alias. To is a new id, for the
	// next person who writes from the alias.
	Open bool

	// Proven means that a platform named the alias together with a user id of To.
	Proven bool
}

// Covers reports whether at is in the period of m.
func (m Move) Covers(at time.Time) bool {
	return !at.Before(m.From) && (m.Until.IsZero() || at.Before(m.Until))
}

// Grain is the unit to which Move.Kept is rounded up. Within one grain, all messages
// of an alias are stored under one customer, so a delivery with many messages needs
// only one lookup.
const Grain = 10 * time.Minute

// A Part is a range of messages in the partition of a customer id. A zero time means
// no bound.
type Part struct {
	ID       CustomerID
	From, To time.Time
}

// Parts returns all ranges that can hold messages of c. After a move, a range also
// holds messages of other customers: filter them with [Customer.Owns].
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
					from, to := c.transitionPeriod(m.Alias)
					parts = append(parts, Part{id, from, to})
				}
			}
		}
	}
	return parts
}

// transitionPeriod returns the period in which messages of an alias may be stored
// under a customer other than their owner.
func (c Customer) transitionPeriod(alias string) (from, to time.Time) {
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

// Places returns the customer ids under which effects on a message may be stored: the
// id of the message itself, and the owners before and after every move of its
// aliases. A later effect is stored under the owner of the alias at that time.
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

// Owns reports whether a message belongs to c. The message is stored under an id, was
// received from the alias with that key, and was sent at a time.
func (c Customer) Owns(under CustomerID, alias string, at time.Time) bool {
	return slices.Contains(c.Members, c.Owner(under, alias, at))
}

// Owner returns the owner of a message according to c.Moves. The message is stored
// under an id, was received from the alias with that key, and was sent at a time.
func (c Customer) Owner(under CustomerID, alias string, at time.Time) CustomerID {
	owner := under
	involved := false
	for _, m := range c.Moves {
		if m.Alias != alias {
			continue
		}
		involved = involved || m.Was == under || m.To == under
		if m.Covers(at) {
			owner = m.To
		}
	}
	if !involved {
		owner = under // registered by hand for a customer who never had the alias
	}
	return owner
}

// A Registration is the record of a customer in the company's own register.
type Registration struct {
	Account string
	Name    string
	Locale  string
	Phones  []Alias
	Mails   []Alias
	Orders  []Order
	At      time.Time
}

// An Order is a purchase of a customer. Its products are hints for the classification
// of messages.
type Order struct {
	Number   string   `json:"number"`
	Products []string `json:"products"`
}
