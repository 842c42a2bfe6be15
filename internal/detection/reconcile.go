package detection

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// History holds the messages of one customer, the contacts that are stored, and
// the contacts that the messages make.
type History struct {
	Customer identity.Customer
	Messages []message.Message
	Stored   []contact.Contact
	Computed []contact.Contact
}

// Reconcile compares the recorded occurrences of a customer with those that the
// customer's contacts show now, and adds the differences to changes. Use it after
// an identity change: an interrupted run may have recorded occurrences that no
// stored contact shows.
//
// The first history is that of the customer. The others are those of all other
// customers that the change names; their contacts say in which causes and by
// which occurrences to look.
func (d *Detector) Reconcile(ctx context.Context, changes Changes, histories []History) error {
	own := histories[0]
	records := map[string]*causeRecord{}
	var failure error
	for c := range allCauses(histories) {
		err := d.readRecord(ctx, c, own.Customer.Members, records)
		if lambdabatch.IsPermanent(err) {
			failure = err
			continue
		}
		if err != nil {
			return err
		}
	}
	known := indexContacts(histories)
	for _, r := range records {
		d.addDifferences(ctx, changes, own, known, r)
	}
	return failure
}

// contactIndex finds contacts, and messages that may have begun one, by the id
// of the contact. The same id may belong to contacts of several customers.
type contactIndex struct {
	contacts      map[string][]contact.Contact
	firstMessages map[string]message.Message
}

func indexContacts(histories []History) contactIndex {
	index := contactIndex{map[string][]contact.Contact{}, map[string]message.Message{}}
	for _, h := range histories {
		for _, k := range slices.Concat(h.Stored, h.Computed) {
			index.contacts[k.ID] = append(index.contacts[k.ID], k)
		}
		for _, m := range h.Messages {
			for _, id := range contact.IDsOf(m.ID) {
				if index.firstMessages[id].ID == "" {
					index.firstMessages[id] = m
				}
			}
		}
	}
	return index
}

func allCauses(histories []History) map[Cause]bool {
	out := map[Cause]bool{}
	for _, h := range histories {
		for _, k := range slices.Concat(h.Computed, h.Stored) {
			for _, c := range k.Causes {
				out[Cause{c.Reason, c.Product}] = true
			}
		}
	}
	return out
}

// causeRecord holds the recorded occurrences of some customers: in one problem
// and its parts, or in the window of a cause without a problem.
type causeRecord struct {
	causes   []Cause              // merged causes share a problem
	read     []string             // ids of the problem and its parts
	since    time.Time            // earlier occurrences need not be recorded
	affected []problem.Affected   // of the problem and its parts
	window   []problem.Occurrence // without a problem
}

// readRecord reads the recorded occurrences of a cause for some customer ids into
// records. The keys of records are the ids of problems, or "reason#product" for a
// cause without one.
func (d *Detector) readRecord(ctx context.Context, c Cause, customers []identity.CustomerID, records map[string]*causeRecord) error {
	id, err := d.Store.Causes.ProblemOfCause(ctx, c.Reason, c.Product)
	if err != nil {
		return fmt.Errorf("cause %s: %w", c.Reason, err)
	}
	if id == "" {
		return d.readWindowRecord(ctx, c, customers, records)
	}
	rec, err := problem.FollowMerges(ctx, id, d.readHeader)
	if err != nil {
		return fmt.Errorf("read problem %s: %w", id, err)
	}
	if r := records[rec.ID]; r != nil {
		r.causes = append(r.causes, c)
		return nil
	}
	r := &causeRecord{causes: []Cause{c}, since: rec.FirstSeen}
	if err := d.readAffected(ctx, rec, customers, r); err != nil {
		return fmt.Errorf("customers of problem %s: %w", rec.ID, err)
	}
	records[rec.ID] = r
	return nil
}

// readWindowRecord reads the occurrences of a cause without a problem. A cause of
// an older taxonomy has no window.
func (d *Detector) readWindowRecord(ctx context.Context, c Cause, customers []identity.CustomerID, records map[string]*causeRecord) error {
	r, ok := d.Taxonomy.Reason(c.Reason)
	if !ok {
		return nil
	}
	since := d.Now().Add(-retention(r))
	window, err := d.Store.Causes.Occurrences(ctx, c.Reason, c.Product, since.In(d.Zone).Format(time.DateOnly), afterAllSlots, maxOccurrences, d.Now())
	window = slices.DeleteFunc(window, func(s problem.Occurrence) bool { return !slices.Contains(customers, s.Customer) })
	if err != nil {
		return fmt.Errorf("window of %s: %w", c.Reason, err)
	}
	records[c.Reason+"#"+c.Product] = &causeRecord{causes: []Cause{c}, since: since, window: window}
	return nil
}

// readAffected reads the affected customers of a problem and its parts. It reads
// each problem once: parts may have been merged with each other, or with the
// whole.
func (d *Detector) readAffected(ctx context.Context, rec problem.Record, customers []identity.CustomerID, into *causeRecord) error {
	if slices.Contains(into.read, rec.ID) {
		return nil
	}
	into.read = append(into.read, rec.ID)
	affected, err := d.Store.Problems.AffectedAmong(ctx, rec.ID, customers)
	if err != nil {
		return fmt.Errorf("problem %s: %w", rec.ID, err)
	}
	for _, a := range affected {
		into.affected = append(into.affected, a)
	}
	for _, part := range rec.Parts {
		p, err := problem.FollowMerges(ctx, part.ID, d.readHeader)
		if err == nil {
			err = d.readAffected(ctx, p, customers, into)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addDifferences adds to changes how a record differs from what the contacts of
// its customer show. A recorded contact stays when no message of it is known any
// more.
func (d *Detector) addDifferences(ctx context.Context, changes Changes, own History, known contactIndex, r *causeRecord) {
	shown := d.shownOccurrences(ctx, own, r.causes)
	evidence := func(customer identity.CustomerID) *Evidence { return changes.evidenceOf(r.causes[0], customer) }
	recorded := map[contactKey]bool{}
	for _, a := range r.affected {
		for _, id := range a.Contacts() {
			key := contactKey{a.Customer, id}
			recorded[key] = true
			if _, ok := shown[key]; ok {
				continue
			}
			if s, ok := d.formerOccurrence(known, key, r.causes); ok {
				e := evidence(a.Customer)
				e.Removed = append(e.Removed, s)
			}
		}
	}
	for _, s := range r.window {
		key := contactKey{s.Customer, s.Contact}
		if current, ok := shown[key]; ok && current.Slot() == s.Slot() {
			recorded[key] = true
		} else {
			e := evidence(s.Customer)
			e.Removed = append(e.Removed, s)
		}
	}
	for key, s := range shown {
		if !recorded[key] && !s.At.Before(r.since) {
			e := evidence(key.customer)
			e.Added = append(e.Added, s)
		}
	}
}

// shownOccurrences returns the occurrences of some causes that the customer's
// contacts show now.
func (d *Detector) shownOccurrences(ctx context.Context, own History, causes []Cause) map[contactKey]problem.Occurrence {
	shown := map[contactKey]problem.Occurrence{}
	for _, k := range own.Computed {
		q := d.newQuoter(own.Customer, k)
		for _, c := range k.Causes {
			if slices.Contains(causes, Cause{c.Reason, c.Product}) {
				shown[contactKey{k.Customer, k.ID}] = q.describeOccurrence(ctx, c)
			}
		}
	}
	return shown
}

// formerOccurrence returns the occurrence as which a contact was recorded that
// does not exist any more. key has its id and customer. The occurrence is
// computed from a contact with that id of any customer, or else from the
// message with which the contact began.
func (d *Detector) formerOccurrence(known contactIndex, key contactKey, causes []Cause) (problem.Occurrence, bool) {
	for _, k := range known.contacts[key.id] {
		for _, c := range k.Causes {
			if slices.Contains(causes, Cause{c.Reason, c.Product}) {
				s := d.locateOccurrence(k, c)
				s.Customer = key.customer
				return s, true
			}
		}
	}
	m, ok := known.firstMessages[key.id]
	if !ok {
		return problem.Occurrence{}, false
	}
	began := contact.Contact{ID: key.id, Customer: key.customer, Start: m.SentAt}
	return d.locateOccurrence(began, contact.Cause{Reason: causes[0].Reason}), true
}
