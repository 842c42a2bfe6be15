package detection

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Cause is the subject of a problem. Product is empty when the reason is not
// counted by product, or when the customer named none.
type Cause struct{ Reason, Product string }

// Evidence is how the occurrences of one cause change for one customer.
// Occurrences are removed when an earlier message gave the contact another id,
// when an agent corrected its reasons, or when customers were merged.
type Evidence struct {
	Customer identity.CustomerID
	Added    []problem.Occurrence
	Removed  []problem.Occurrence

	// FormerIDs holds the ids under which an interrupted run may have recorded
	// the added contacts before earlier messages arrived. Only Contact is set.
	FormerIDs []problem.Occurrence
}

// Changes is the evidence of one customer's contacts by cause. After a merge one
// customer's contacts may be stored under several ids, each with its own evidence.
type Changes map[Cause][]Evidence

// evidenceOf returns the evidence of a cause for one customer id, and adds it
// when it is missing. The pointer is valid until the next call.
func (all Changes) evidenceOf(c Cause, customer identity.CustomerID) *Evidence {
	i := slices.IndexFunc(all[c], func(e Evidence) bool { return e.Customer == customer })
	if i < 0 {
		i = len(all[c])
		all[c] = append(all[c], Evidence{Customer: customer})
	}
	return &all[c][i]
}

// Compare returns the evidence that follows from saving and dropping contacts of
// a customer. stored are the contacts before, as they were read. Contacts that
// are neither saved nor dropped give no evidence. Evidence that could not be
// recorded when a contact was stored is included again.
func (d *Detector) Compare(ctx context.Context, customer identity.Customer, stored, save, drop []contact.Contact) Changes {
	previous := map[contactKey]contact.Contact{}
	for _, k := range stored {
		previous[contactKey{k.Customer, k.ID}] = k
	}
	changes := Changes{}
	for _, k := range save {
		d.compareContact(ctx, changes, previous[contactKey{k.Customer, k.ID}], k, d.newQuoter(customer, k))
	}
	for _, k := range drop {
		for _, c := range slices.Concat(k.Causes, k.Unrecorded) {
			e := changes.evidenceOf(Cause{c.Reason, c.Product}, k.Customer)
			e.Removed = append(e.Removed, d.locateOccurrence(k, c))
		}
	}
	return changes
}

// compareContact adds to changes the difference between the causes of a stored
// contact and of its new version. The stored one is empty for a new contact.
func (d *Detector) compareContact(ctx context.Context, changes Changes, before, after contact.Contact, q *quoter) {
	for _, c := range after.Causes {
		if isUnrecorded(before, c) || !d.showsOccurrence(before, after, c) {
			e := changes.evidenceOf(Cause{c.Reason, c.Product}, after.Customer)
			e.Added = append(e.Added, q.describeOccurrence(ctx, c))
			e.FormerIDs = append(e.FormerIDs, formerIDs(after)...)
		}
	}
	for _, c := range slices.Concat(before.Causes, before.Unrecorded) {
		if !d.showsOccurrence(after, before, c) {
			e := changes.evidenceOf(Cause{c.Reason, c.Product}, after.Customer)
			e.Removed = append(e.Removed, d.locateOccurrence(before, c))
		}
	}
}

// isUnrecorded reports whether the evidence of a cause could not be recorded
// when a contact was stored.
func isUnrecorded(k contact.Contact, c contact.Cause) bool {
	return slices.ContainsFunc(k.Unrecorded, c.Same)
}

// formerIDs returns the ids that a contact would have if it began with a later
// one of its messages. An interrupted run may have recorded it under one of
// them, and no stored contact says so.
func formerIDs(k contact.Contact) (ids []problem.Occurrence) {
	for _, m := range k.Messages[min(1, len(k.Messages)):] {
		for _, id := range contact.IDsOf(m.ID) {
			ids = append(ids, problem.Occurrence{Contact: id})
		}
	}
	return ids
}

// showsOccurrence reports whether k has the cause c of other in the same slot.
func (d *Detector) showsOccurrence(k, other contact.Contact, c contact.Cause) bool {
	return slices.ContainsFunc(k.Causes, func(x contact.Cause) bool {
		return x.Same(c) && d.locateOccurrence(k, x).Slot() == d.locateOccurrence(other, c).Slot()
	})
}

// locateOccurrence returns the occurrence of a cause in a contact, without quote
// and text. Its time is that of the message that names the cause, which may be
// long after the contact began.
func (d *Detector) locateOccurrence(k contact.Contact, cause contact.Cause) problem.Occurrence {
	said := k.Start
	if at, _, _, err := cause.Message.Parse(); err == nil {
		said = at
	}
	at := said.In(d.Zone)
	s := problem.Occurrence{Customer: k.Customer, Contact: k.ID, Day: at.Format(time.DateOnly), At: said}
	if r, ok := d.Taxonomy.Reason(cause.Reason); ok && r.Detect == taxonomy.Rise {
		s.Hour = at.Format("15")
	}
	return s
}

// mergeEvidence adds more to evs and keeps one entry for each customer id.
func mergeEvidence(evs, more []Evidence) []Evidence {
	for _, e := range more {
		i := slices.IndexFunc(evs, func(x Evidence) bool { return x.Customer == e.Customer })
		if i < 0 {
			evs = append(evs, e)
			continue
		}
		evs[i].Added = append(evs[i].Added, e.Added...)
		evs[i].Removed = append(evs[i].Removed, e.Removed...)
		evs[i].FormerIDs = append(evs[i].FormerIDs, e.FormerIDs...)
	}
	return evs
}

// groupByCustomer returns occurrences as evidence that adds them, in the order
// in which each customer occurs first.
func groupByCustomer(occurrences []problem.Occurrence) []Evidence {
	index := map[identity.CustomerID]int{}
	var evs []Evidence
	for _, s := range occurrences {
		i, ok := index[s.Customer]
		if !ok {
			i = len(evs)
			index[s.Customer] = i
			evs = append(evs, Evidence{Customer: s.Customer})
		}
		evs[i].Added = append(evs[i].Added, s)
	}
	return evs
}
