package triage

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/problem"
)

// runRound plans and saves each customer once. It returns the hints that need
// another round: of customers who failed, whose identity changed, or for whom a
// contact was created or dropped. Reads are consistent if consistent is set.
//
// A created or dropped contact is checked in another round because two
// concurrent runs may each create a contact of the same messages without seeing
// the other's. The run that writes last sees both when it reads again.
//
// A permanent error of a problem does not keep the contacts from being saved.
// It adds the customer's records to bad, except in the first round, when it may
// come from a stale read and the customer gets another round.
func (t *Triage) runRound(ctx context.Context, todo []hint, consistent bool, bad map[int]error) []hint {
	plans := t.planCustomers(ctx, todo, consistent)
	t.recordEvidence(ctx, plans, consistent)
	lambdabatch.Each(len(plans), parallel, func(i int) {
		if plans[i].err == nil {
			plans[i].err = lambdabatch.RecoverPanic(ctx, func() error { return t.savePlan(ctx, plans[i]) })
		}
	})
	t.countSaved(plans)
	var next []hint
	for i, p := range plans {
		next = append(next, nextHints(todo[i], p)...)
		if p.err == nil && p.setAside != nil {
			for _, record := range todo[i].records {
				bad[record] = p.setAside
			}
		}
	}
	return next
}

// nextHints returns the hints that a customer needs in the next round.
func nextHints(h hint, p plan) (next []hint) {
	h.err = p.err
	if h.err == nil && !h.newOwnersAdded {
		next = h.newOwnerHints(p.customer)
		h.newOwnersAdded = true
	}
	switch {
	case p.err == nil && len(p.regrouped) > 0:
		return append(next, h.identityChangeHints(p.customer, p.regrouped)...)
	case p.err != nil:
		h.checked = identity.Customer{}
		h.expected = nil
		return append(next, h)
	case p.createsOrDrops():
		h.checked = p.customer
		h.expected = p.contactsAfterSave()
		return append(next, h)
	}
	return next
}

// planCustomers plans each customer. A customer who cannot be planned in this
// phase's share of the time fails, so that the others can still be saved.
func (t *Triage) planCustomers(ctx context.Context, todo []hint, consistent bool) []plan {
	ctx, cancel := lambdabatch.WithTimeShare(ctx, phaseShare)
	defer cancel()
	plans := make([]plan, len(todo))
	lambdabatch.Each(len(todo), parallel, func(i int) {
		err := lambdabatch.RecoverPanic(ctx, func() error {
			plans[i] = t.planCustomer(ctx, todo[i], consistent)
			if err := ctx.Err(); err != nil && plans[i].err == nil {
				return fault.Wrap(fault.Unavailable, err, "no time left to plan the contacts of the customer")
			}
			return nil
		})
		if err != nil {
			plans[i] = plan{err: err}
		}
	})
	return plans
}

// recordEvidence passes to detection what must be recorded before the contacts,
// within this phase's share of the time. It sets the error of plans that fail.
// With setAside a permanent error of detection leaves the plan valid: its
// contacts are saved with the causes that have yet to be recorded.
func (t *Triage) recordEvidence(ctx context.Context, plans []plan, setAside bool) {
	ctx, cancel := lambdabatch.WithTimeShare(ctx, phaseShare)
	defer cancel()
	detector := t.detector()
	changes := make([]detection.Changes, len(plans))
	for i, p := range plans {
		changes[i] = p.evidence
	}
	for i, failures := range detector.Record(ctx, changes) {
		plans[i].addFailures(failures, setAside)
	}
	hints := make([][]problem.UnclassifiedContact, len(plans))
	for i, p := range plans {
		if p.err == nil {
			hints[i] = p.unknown
		}
	}
	setErrors(plans, detector.RecordUnknown(ctx, hints))
}

func setErrors(plans []plan, errs []error) {
	for i, err := range errs {
		if err != nil {
			plans[i].err = err
		}
	}
}

// newOwnerHints returns hints for customers who received an alias from c. A
// message sent around the time of the move may still be stored under c, the
// previous owner. A hint from an identity change names all customers already and
// gives none.
func (h hint) newOwnerHints(c identity.Customer) (all []hint) {
	if h.from.IsZero() {
		return nil
	}
	for _, move := range c.Moves {
		if !move.Kept.After(h.from) || slices.Contains(c.Members, move.To) {
			continue
		}
		if slices.ContainsFunc(all, func(o hint) bool { return o.customer == move.To }) {
			continue
		}
		owner := h
		owner.customer = move.To
		owner.newOwnersAdded = true
		all = append(all, owner)
	}
	return all
}

// identityChangeHints returns the hints that an identity-change event would have
// produced. It is used when a customer was merged, split or lost an alias between
// two rounds. now is the customer as read last, and regrouped are all ids that
// the change concerns.
func (h hint) identityChangeHints(now identity.Customer, regrouped []identity.CustomerID) []hint {
	before := h.checked
	h.checked = identity.Customer{}
	h.expected = nil
	h.from = time.Time{}
	h.historyChanged = true
	h.changed = slices.Concat(h.changed, regrouped)
	all := []hint{h}
	for _, id := range before.Members {
		if !slices.Contains(now.Members, id) {
			other := h
			other.customer = id
			all = append(all, other)
		}
	}
	return all
}

// savePlan saves and drops the contacts of a plan.
func (t *Triage) savePlan(ctx context.Context, p plan) error {
	for _, k := range p.save {
		if err := t.Store.Contacts.Save(ctx, k); err != nil {
			return err
		}
	}
	for _, k := range p.drop {
		if err := t.Store.Contacts.Delete(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// isUnchanged reports whether the contacts around a time are those that a round
// expected to leave. now may be fewer than expected if it has the full number of
// contacts before the time.
func isUnchanged(now, expected []contact.Contact, at time.Time) bool {
	if len(now) > len(expected) {
		return false
	}
	before := 0
	for i, k := range now {
		if k.ID != expected[i].ID || k.Version != expected[i].Version {
			return false
		}
		if !k.Start.After(at) {
			before++
		}
	}
	return len(now) == len(expected) || before == nearbyContacts
}
