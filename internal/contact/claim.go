package contact

import (
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// A PartyKind says who a [Party] is.
type PartyKind string

// The kinds of party.
const (
	Agent PartyKind = "agent" // a person
	Bot   PartyKind = "bot"   // a machine that answers
	Team  PartyKind = "team"  // several: any of them may take the customer
)

// A Party is who answers customers.
type Party struct {
	Kind PartyKind `json:"kind"`
	ID   string    `json:"id"` // as the agent tool names them
}

func (p Party) String() string { return string(p.Kind) + " " + p.ID }

// A Claim says who has a customer: so that two never answer at once. It is on
// the customer, whose open contact it is about, since the id of a contact
// changes when an earlier message comes in late, and with a merge.
//
// Only an agent and a bot keep others off, and only for a while; a team is
// where the customer waits for whoever takes it.
type Claim struct {
	Customer identity.CustomerID `json:"customerId"`
	Contact  string              `json:"contactId,omitempty"` // the contact that was open when it was made
	Version  int64               `json:"version"`             // rises with every change; 0: nobody ever had the customer
	Holder   *Party              `json:"holder,omitempty"`    // nil: nobody
	By       string              `json:"by,omitempty"`        // whose token made the last change
	Since    time.Time           `json:"since,omitzero"`      // that the holder has it
	Until    time.Time           `json:"until,omitzero"`      // when it lapses, unless it is renewed
	Minutes  int                 `json:"minutes,omitempty"`   // how long it lasts, from the last answer on
	From     *Party              `json:"from,omitempty"`      // who handed the customer over
	Reason   string              `json:"reason,omitempty"`    // why they did
	Note     ID                  `json:"noteId,omitempty"`    // what they wrote beside it
}

// Held reports whether somebody has the customer.
func (c Claim) Held(now time.Time) bool { return c.Holder != nil && now.Before(c.Until) }

// Blocks reports whether somebody else than p has the customer, and keeps
// others off.
func (c Claim) Blocks(p Party, now time.Time) bool {
	return c.Held(now) && c.Holder.Kind != Team && *c.Holder != p
}

// Standing returns the claim that counts among those of the members of a
// merged customer: the earliest that is held, else that of the member who
// stands. Its version is above all others'.
func Standing(all []Claim, stands identity.CustomerID, now time.Time) Claim {
	best := Claim{Customer: stands}
	version := int64(0)
	for _, c := range all {
		version = max(version, c.Version)
		switch {
		case c.Held(now):
			if !best.Held(now) || earlier(c, best) {
				best = c
			}
		case c.Customer == stands && !best.Held(now):
			best = c
		}
	}
	best.Version = version
	return best
}

func earlier(a, b Claim) bool {
	if !a.Since.Equal(b.Since) {
		return a.Since.Before(b.Since)
	}
	return a.Customer < b.Customer
}

// A Turn is what somebody does with a claim.
type Turn struct {
	Customer identity.CustomerID // who stands for all members
	Who      Party
	By       string // whose token
	At       time.Time
	Minutes  int    // that it lasts
	Seen     int64  // the version that they saw; 0 when they do not say
	Contact  string // that is open
}

// Take gives the customer to t.Who. Who takes over from somebody must have
// seen that they have it; else it is a [fault.Conflict].
func (c Claim) Take(t Turn) (Claim, error) {
	if err := c.may(t, t.Who); err != nil {
		return c, err
	}
	next := c.next(t, t.Who)
	switch {
	case c.Held(t.At) && *c.Holder == t.Who:
		next.Since = c.Since
		fallthrough
	case c.Held(t.At) && c.Holder.Kind == Team:
		next.From, next.Reason, next.Note = c.From, c.Reason, c.Note
	}
	return next, nil
}

// HandOver gives the customer from t.Who to another party, or from nobody to
// the first. The same again changes nothing.
func (c Claim) HandOver(t Turn, to Party, reason string) (Claim, error) {
	if c.Held(t.At) && *c.Holder == to && c.From != nil && *c.From == t.Who && c.Reason == reason {
		return c, nil
	}
	if err := c.may(t, t.Who); err != nil {
		return c, err
	}
	next := c.next(t, to)
	next.From, next.Reason = &t.Who, reason
	return next, nil
}

// Release leaves the customer to anybody. It changes nothing where nobody has
// it.
func (c Claim) Release(t Turn) (Claim, error) {
	if !c.Held(t.At) {
		return c, nil
	}
	if err := c.may(t, t.Who); err != nil {
		return c, err
	}
	return Claim{Customer: t.Customer, Version: c.Version + 1, By: t.By}, nil
}

// Renew lengthens the claim of somebody who answers, once a good part of it
// is over; else it reports false.
func (c Claim) Renew(t Turn) (Claim, bool) {
	length := time.Duration(c.Minutes) * time.Minute
	if !c.Held(t.At) || *c.Holder != t.Who || c.Until.Sub(t.At) > length/2 {
		return c, false
	}
	c.Customer, c.Version, c.By, c.Until = t.Customer, c.Version+1, t.By, t.At.Add(length)
	return c, true
}

func (c Claim) next(t Turn, holder Party) Claim {
	return Claim{
		Customer: t.Customer, Contact: t.Contact, Version: c.Version + 1, Holder: &holder, By: t.By, Since: t.At,
		Until: t.At.Add(time.Duration(t.Minutes) * time.Minute), Minutes: t.Minutes,
	}
}

// may refuses what is done to a claim that somebody else has, or that is not
// the one that was seen.
func (c Claim) may(t Turn, who Party) error {
	switch {
	case t.Seen != 0 && t.Seen != c.Version:
		return fault.New(fault.Conflict, "the claim is at version %d, not %d; look who has the customer", c.Version, t.Seen)
	case t.Seen == 0 && c.Blocks(who, t.At):
		return fault.New(fault.Conflict, "%s has this customer until %s; to take over, give the version of the claim", c.Holder, c.Until.Format(time.RFC3339))
	default:
		return nil
	}
}
