package triage

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/store"
)

// hint names a customer whose contacts since a time may need a write.
type hint struct {
	customer identity.CustomerID
	from     time.Time // zero: all contacts
	index    int       // of its first record in the batch
	records  []int     // indexes of all its records

	reclassifySince time.Time             // messages since then are new, and are read with the present taxonomy
	reclassifyIDs   []string              // ids of further contacts to classify again
	historyChanged  bool                  // messages before from may have other reasons than before
	changed         []identity.CustomerID // ids that an identity change names; nil without one

	checked        identity.Customer // as the previous round read it; set when the customer is to be checked again
	expected       []contact.Contact // as the previous round left them; nil if they need no comparison
	newOwnersAdded bool              // the hint gives no more hints for new owners of aliases
	err            error             // of the previous round
}

// afterAllMessages is later than the time of any message.
var afterAllMessages = time.Unix(1<<40, 0)

// pin keeps the causes for which stored contacts were opened with an older
// taxonomy, except of the contacts that are to be classified again.
func (h hint) pin(readings []contact.Reading, stored []contact.Contact, current contact.Version, now time.Time) {
	kept := slices.DeleteFunc(slices.Clone(stored), func(k contact.Contact) bool { return slices.Contains(h.reclassifyIDs, k.ID) })
	contact.Pin(readings, kept, current, h.reclassifySince, now)
}

// target says which contacts of a customer a record concerns.
type target struct {
	customer identity.CustomerID
	from     time.Time             // contacts with a message since then; zero: all
	only     string                // if set, only the contact with this id
	changed  []identity.CustomerID // ids that an identity change names
	message  bool                  // the record is a message or an effect
	reread   bool                  // messages since from are read with the present taxonomy
}

// collectHints returns one hint for each customer that the batch concerns. bad
// has the errors of records that cannot be decoded, by index.
func collectHints(ctx context.Context, ev events.DynamoDBEvent) (all []hint, bad map[int]error) {
	indexes := map[identity.CustomerID]int{}
	bad = map[int]error{}
	for i, r := range ev.Records {
		var to target
		var found bool
		err := lambdabatch.RecoverPanic(ctx, func() (err error) {
			to, found, err = decodeTarget(r)
			return err
		})
		if err != nil {
			bad[i] = err
			continue
		}
		if !found {
			continue
		}
		j, known := indexes[to.customer]
		if !known {
			j = len(all)
			indexes[to.customer] = j
			all = append(all, hint{customer: to.customer, from: to.from, reclassifySince: afterAllMessages, index: i})
		}
		all[j].addTarget(to, i)
	}
	return all, bad
}

// addTarget widens a hint by the target of one more record.
func (h *hint) addTarget(to target, index int) {
	h.records = append(h.records, index)
	if to.only != "" {
		h.reclassifyIDs = append(h.reclassifyIDs, to.only)
	} else if to.reread && to.from.Before(h.reclassifySince) {
		h.reclassifySince = to.from
	}
	h.historyChanged = h.historyChanged || !to.message
	h.changed = append(h.changed, to.changed...)
	if to.from.Before(h.from) {
		h.from = to.from
	}
}

// decodeTarget returns the target of a record. It is false for kinds of records
// that triage does not handle.
func decodeTarget(r events.DynamoDBEventRecord) (to target, found bool, err error) {
	c, err := store.DecodeChange(r)
	if err != nil {
		return to, false, err
	}
	to.customer = c.Customer
	switch c.Kind {
	case store.KindIdentityChange:
		change, err := c.IdentityChange()
		ids := slices.Concat(slices.Concat(change.Before...), slices.Concat(change.After...))
		slices.Sort(ids)
		to.changed = slices.Compact(ids)
		return to, true, err
	case store.KindMessage, store.KindCorrection, store.KindDecision, store.KindReclassify:
		to.from = c.At
		to.only = c.Contact
		to.message = c.Kind == store.KindMessage
		to.reread = c.Kind != store.KindCorrection
		return to, true, nil
	case store.KindEffect: // a message was edited or deleted, or an answer was not delivered
		to.message = true
		to.from, found, err = c.ChangedSince()
		return to, found, err
	default: // the other kinds change no contact
	}
	return to, false, nil
}
