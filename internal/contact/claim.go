package contact

import (
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A PartyKind is the kind of a [Party].
type PartyKind string

// The kinds of parties.
const (
	Agent PartyKind = "agent" // a human agent
	Bot   PartyKind = "bot"   // a program that answers
	Team  PartyKind = "team"  // a group of agents; each of them may take the customer
)

// A Party is an agent, bot or team that answers customers.
type Party struct {
	Kind PartyKind `json:"kind"`
	ID   string    `json:"id"` // id in the agent tool
}

func (p Party) String() string { return string(p.Kind) + " " + p.ID }

// A Claim assigns a customer to a party, so that two agents do not answer the same
// customer. It belongs to the customer and not to the open contact, because the id of
// a contact changes with a merge and with an earlier message that arrives late.
//
// The claim of an agent or bot excludes others until it expires. The claim of a team
// does not: any agent may take the customer from it.
type Claim struct {
	Customer identity.CustomerID `json:"customerId"`
	Contact  string              `json:"contactId,omitempty"` // id of the contact that was open at the time of the claim
	Version  int64               `json:"version"`             // increases with every change; 0 means that the customer was never claimed
	Holder   *Party              `json:"holder,omitempty"`    // nil without a holder
	By       string              `json:"by,omitempty"`        // subject of the token of the last change
	Since    time.Time           `json:"since,omitzero"`      // start of the claim
	Until    time.Time           `json:"until,omitzero"`      // end of the claim, unless it is renewed
	Minutes  int                 `json:"minutes,omitempty"`   // duration after the claim or its last renewal
	From     *Party              `json:"from,omitempty"`      // party that handed over the customer
	Reason   string              `json:"reason,omitempty"`    // reason of the hand-over
	Note     message.ID          `json:"noteId,omitempty"`    // note of the hand-over
}

// Held reports whether the customer has a holder at now.
func (c Claim) Held(now time.Time) bool { return c.Holder != nil && now.Before(c.Until) }

// Blocks reports whether another agent or bot than p holds the customer at now.
func (c Claim) Blocks(p Party, now time.Time) bool {
	return c.Held(now) && c.Holder.Kind != Team && *c.Holder != p
}

// Standing returns the valid claim of a merged customer from the claims of its
// members: the earliest one with a holder, or else the claim of the current id,
// stands. Its version is the highest version of all.
func Standing(all []Claim, stands identity.CustomerID, now time.Time) Claim {
	best := Claim{Customer: stands}
	version := int64(0)
	for _, c := range all {
		version = max(version, c.Version)
		switch {
		case c.Held(now):
			if !best.Held(now) || isEarlierClaim(c, best) {
				best = c
			}
		case c.Customer == stands && !best.Held(now):
			best = c
		}
	}
	best.Version = version
	return best
}

// isEarlierClaim reports whether a began before b. The id decides between equal times.
func isEarlierClaim(a, b Claim) bool {
	if !a.Since.Equal(b.Since) {
		return a.Since.Before(b.Since)
	}
	return a.Customer < b.Customer
}

// A Turn is an operation of a party on a claim.
type Turn struct {
	Customer identity.CustomerID // current id of the customer
	Who      Party
	By       string // subject of the token
	At       time.Time
	Minutes  int    // duration of the claim
	Seen     int64  // version that the party has read; 0 if not stated
	Contact  string // id of the open contact
}

// Take assigns the customer to t.Who. To take over from another agent or bot, t.Seen
// must be the current version. Otherwise the error is a [fault.Conflict].
func (c Claim) Take(t Turn) (Claim, error) {
	if err := c.checkTurnAllowed(t, t.Who); err != nil {
		return c, err
	}
	next := c.nextVersion(t, t.Who)
	switch {
	case c.Held(t.At) && *c.Holder == t.Who:
		next.Since = c.Since
		fallthrough
	case c.Held(t.At) && c.Holder.Kind == Team:
		next.From = c.From
		next.Reason = c.Reason
		next.Note = c.Note
	}
	return next, nil
}

// HandOver assigns the customer to another party on behalf of t.Who. If another agent
// or bot than t.Who holds the customer, t.Seen must be the current version. A repeated
// hand-over changes nothing.
func (c Claim) HandOver(t Turn, to Party, reason string) (Claim, error) {
	if c.isHandedOver(t, to, reason) {
		return c, nil
	}
	if err := c.checkTurnAllowed(t, t.Who); err != nil {
		return c, err
	}
	next := c.nextVersion(t, to)
	next.From = &t.Who
	next.Reason = reason
	return next, nil
}

// isHandedOver reports whether c is already the result of this hand-over.
func (c Claim) isHandedOver(t Turn, to Party, reason string) bool {
	if !c.Held(t.At) || *c.Holder != to || c.From == nil {
		return false
	}
	return *c.From == t.Who && c.Reason == reason
}

// Release ends the claim, with the same rule as [Claim.HandOver]. It changes nothing
// for a customer without a holder.
func (c Claim) Release(t Turn) (Claim, error) {
	if !c.Held(t.At) {
		return c, nil
	}
	if err := c.checkTurnAllowed(t, t.Who); err != nil {
		return c, err
	}
	return Claim{Customer: t.Customer, Version: c.Version + 1, By: t.By}, nil
}

// Renew extends the claim of a holder who answers the customer, if at most half of
// its duration is left. Otherwise it reports false.
func (c Claim) Renew(t Turn) (Claim, bool) {
	length := time.Duration(c.Minutes) * time.Minute
	if !c.Held(t.At) || *c.Holder != t.Who || c.Until.Sub(t.At) > length/2 {
		return c, false
	}
	c.Customer = t.Customer
	c.Version++
	c.By = t.By
	c.Until = t.At.Add(length)
	return c, true
}

// nextVersion returns a new claim of holder with the next version.
func (c Claim) nextVersion(t Turn, holder Party) Claim {
	return Claim{
		Customer: t.Customer, Contact: t.Contact, Version: c.Version + 1, Holder: &holder, By: t.By, Since: t.At,
		Until: t.At.Add(time.Duration(t.Minutes) * time.Minute), Minutes: t.Minutes,
	}
}

// checkTurnAllowed returns a [fault.Conflict] if t.Seen is not the current version. If t.Seen
// is not set, it returns one if another agent or bot than who holds the customer.
func (c Claim) checkTurnAllowed(t Turn, who Party) error {
	switch {
	case t.Seen != 0 && t.Seen != c.Version:
		return fault.New(fault.Conflict, "the claim is at version %d, not %d; read the claim and retry", c.Version, t.Seen)
	case t.Seen == 0 && c.Blocks(who, t.At):
		return fault.New(fault.Conflict, "%s has this customer until %s; to take over, give the version of the claim", c.Holder, c.Until.Format(time.RFC3339))
	default:
		return nil
	}
}
