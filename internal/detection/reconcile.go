package detection

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// A History is what is known of one customer: the contacts that are stored, and
// those that the messages make.
type History struct {
	Customer         identity.Customer
	Stored, Computed []contact.Contact
	Messages         []contact.Message
}

// Reconcile adds to changes what is recorded under the ids of the first
// history's customer, and is not so; and what is so and is not recorded.
func (d *Detector) Reconcile(ctx context.Context, changes Changes, all []History) error {
	own := all[0]
	ids := own.Customer.Members
	by := map[string]*recorded{} // by the problem, or by the cause that has none
	for c := range causesOf(all) {
		if err := d.recordedOf(ctx, c, ids, by); err != nil {
			return err
		}
	}
	earlier := contactsIn(all)
	for _, r := range by {
		d.differences(ctx, changes, own, earlier, r)
	}
	return nil
}

// knownContacts are contacts by their ids, and the messages that may have begun
// one by the ids that these contacts would have.
type knownContacts struct {
	contacts map[string][]contact.Contact
	begun    map[string]contact.Message
}

func contactsIn(all []History) knownContacts {
	known := knownContacts{map[string][]contact.Contact{}, map[string]contact.Message{}}
	for _, o := range all {
		for _, list := range [][]contact.Contact{o.Stored, o.Computed} {
			for _, k := range list {
				known.contacts[k.ID] = append(known.contacts[k.ID], k)
			}
		}
		for _, m := range o.Messages {
			if id := contact.IDOf(m.ID); known.begun[id].ID == "" {
				known.begun[id] = m
			}
		}
	}
	return known
}

func causesOf(all []History) map[Cause]bool {
	out := map[Cause]bool{}
	for _, o := range all {
		for _, k := range slices.Concat(o.Computed, o.Stored) {
			for _, c := range k.Causes {
				out[Cause{c.Reason, c.Product}] = true
			}
		}
	}
	return out
}

// A recorded is what is recorded of some customers with a problem, or in the
// window of a cause that has none.
type recorded struct {
	causes []Cause
	read   []string  // the problems that were
	since  time.Time // what was said before need not be recorded
	lists  []problem.Affected
	window []problem.Seen
}

// recordedOf reads what is recorded of a cause under some ids.
func (d *Detector) recordedOf(ctx context.Context, c Cause, ids []identity.CustomerID, by map[string]*recorded) error {
	id, err := d.Store.ProblemOfCause(ctx, c.Reason, c.Product)
	if err != nil {
		return err
	}
	if id == "" {
		r, ok := d.Taxonomy.Reason(c.Reason)
		if !ok {
			return nil
		}
		since := d.Now().Add(-d.kept(r))
		seen, err := d.Store.Occurrences(ctx, c.Reason, c.Product, since.In(d.Zone).Format(time.DateOnly), last, maxSeen, d.Now())
		seen = slices.DeleteFunc(seen, func(s problem.Seen) bool { return !slices.Contains(ids, s.Customer) })
		by[c.Reason+"#"+c.Product] = &recorded{causes: []Cause{c}, since: since, window: seen}
		return err
	}
	rec, err := problem.Standing(ctx, id, d.Store.ProblemHeader)
	if err != nil {
		return err
	}
	if by[rec.ID] != nil {
		by[rec.ID].causes = append(by[rec.ID].causes, c)
		return nil
	}
	by[rec.ID] = &recorded{causes: []Cause{c}, since: rec.FirstSeen}
	return d.listed(ctx, rec, ids, by[rec.ID])
}

// listed reads who is in a problem and in what was split off it, each problem
// once: parts may have been merged with each other, or with the whole.
func (d *Detector) listed(ctx context.Context, rec problem.Record, ids []identity.CustomerID, into *recorded) error {
	if slices.Contains(into.read, rec.ID) {
		return nil
	}
	into.read = append(into.read, rec.ID)
	in, err := d.Store.AffectedAmong(ctx, rec.ID, ids)
	if err != nil {
		return err
	}
	for _, a := range in {
		into.lists = append(into.lists, a)
	}
	for _, part := range rec.Parts {
		p, err := problem.Standing(ctx, part.ID, d.Store.ProblemHeader)
		if err == nil {
			err = d.listed(ctx, p, ids, into)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// differences adds to the plan how what is recorded differs from what the
// contacts of its customer show. A contact of which no message is known any
// more stays as it is.
func (d *Detector) differences(ctx context.Context, changes Changes, own History, earlier knownContacts, r *recorded) {
	shown := map[place]problem.Seen{}
	for _, k := range own.Computed {
		speaker := d.speaker(own.Customer, k)
		for _, c := range k.Causes {
			if slices.Contains(r.causes, Cause{c.Reason, c.Product}) {
				shown[place{k.Customer, k.ID}] = speaker.seen(ctx, c)
			}
		}
	}
	e := func(who identity.CustomerID) *Evidence { return changes.of(r.causes[0], who) }
	found := map[place]bool{}
	for _, a := range r.lists {
		for _, id := range a.Contacts() {
			at := place{a.Customer, id}
			found[at] = true
			if _, ok := shown[at]; ok {
				continue
			}
			if s, ok := d.once(earlier, at, r.causes); ok {
				e(a.Customer).Gone = append(e(a.Customer).Gone, s)
			}
		}
	}
	for _, s := range r.window {
		at := place{s.Customer, s.Contact}
		if is, ok := shown[at]; ok && is.Slot() == s.Slot() {
			found[at] = true
		} else {
			e(s.Customer).Gone = append(e(s.Customer).Gone, s)
		}
	}
	for at, s := range shown {
		if !found[at] && !s.At.Before(r.since) {
			e(at.customer).Seen = append(e(at.customer).Seen, s)
		}
	}
}

// once returns how a contact was recorded that is none of the customer's now:
// as it is or was with somebody, else by the message that it began with.
func (d *Detector) once(earlier knownContacts, at place, causes []Cause) (problem.Seen, bool) {
	for _, k := range earlier.contacts[at.id] {
		for _, c := range k.Causes {
			if slices.Contains(causes, Cause{c.Reason, c.Product}) {
				s := d.seenAt(k, c)
				s.Customer = at.customer
				return s, true
			}
		}
	}
	m, ok := earlier.begun[at.id]
	if !ok {
		return problem.Seen{}, false
	}
	return d.seenAt(contact.Contact{ID: at.id, Customer: at.customer, Start: m.SentAt}, contact.Cause{Reason: causes[0].Reason}), true
}
