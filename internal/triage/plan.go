package triage

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// plan holds the writes about one customer, or the error that prevents them.
type plan struct {
	customer   identity.Customer
	stored     []contact.Contact // as they were read, latest first
	comparable bool              // the next round may skip the customer if the contacts are as expected
	save       []contact.Contact
	drop       []contact.Contact
	evidence   detection.Changes
	unknown    []problem.UnclassifiedContact // hints of contacts without a known reason
	regrouped  []identity.CustomerID         // ids of an identity change since the previous round; then nothing else is planned
	setAside   error                         // permanent error of detection; the contacts are saved all the same
	err        error
}

// addFailures adds the failures of detection to the plan. A temporary one is
// the plan's error, and a permanent one too unless setAside is set.
func (p *plan) addFailures(failures detection.Failures, setAside bool) {
	for _, err := range failures {
		if !setAside || !lambdabatch.IsPermanent(err) {
			p.err = err
			return
		}
		p.setAside = err
	}
	if len(failures) > 0 {
		p.markUnrecorded(failures)
	}
}

// markUnrecorded notes the failed causes in the contacts that will be saved, so
// that their evidence is recorded when the contacts are next computed. A
// dropped contact cannot hold such a note, so a contact with a failed cause is
// not dropped yet. The exception is a contact whose first message is in a
// contact that will be saved with the same cause: recording that evidence later
// also removes the evidence of the dropped contact.
func (p *plan) markUnrecorded(failures detection.Failures) {
	failed := func(c contact.Cause) bool {
		return failures[detection.Cause{Reason: c.Reason, Product: c.Product}] != nil
	}
	stored := map[contactKey]contact.Contact{}
	for _, k := range p.stored {
		stored[contactKey{k.Customer, k.ID}] = k
	}
	for i := range p.save {
		k := &p.save[i]
		before := stored[contactKey{k.Customer, k.ID}]
		for _, c := range slices.Concat(k.Causes, before.Causes, before.Unrecorded) {
			known := func(o contact.Cause) bool { return o.Same(c) && o.Message == c.Message }
			if failed(c) && !slices.ContainsFunc(k.Unrecorded, known) {
				k.Unrecorded = append(k.Unrecorded, contact.Cause{Reason: c.Reason, Product: c.Product, Message: c.Message})
			}
		}
	}
	p.drop = slices.DeleteFunc(p.drop, func(k contact.Contact) bool {
		return slices.ContainsFunc(slices.Concat(k.Causes, k.Unrecorded), func(c contact.Cause) bool {
			return failed(c) && !p.replacesDropped(k, c)
		})
	})
}

// replacesDropped reports whether a contact that will be saved with an unrecorded
// cause contains the first message of a dropped one.
func (p *plan) replacesDropped(dropped contact.Contact, c contact.Cause) bool {
	return slices.ContainsFunc(p.save, func(k contact.Contact) bool {
		begins := func(m message.Message) bool { return slices.Contains(contact.IDsOf(m.ID), dropped.ID) }
		return k.Customer == dropped.Customer && slices.ContainsFunc(k.Causes, c.Same) && slices.ContainsFunc(k.Messages, begins)
	})
}

// createsOrDrops reports whether the plan creates or drops a contact.
func (p plan) createsOrDrops() bool {
	return len(p.drop) > 0 || slices.ContainsFunc(p.save, func(k contact.Contact) bool { return k.Version == 0 })
}

// contactsAfterSave returns the stored contacts as they are once the plan is
// saved, latest first. It returns nil if the next round must not skip the
// customer.
func (p plan) contactsAfterSave() []contact.Contact {
	if !p.comparable {
		return nil
	}
	saved := contactKeys(p.save)
	dropped := contactKeys(p.drop)
	out := slices.Clone(p.save)
	for i := range out {
		out[i].Version++
	}
	for _, k := range p.stored {
		if key := (contactKey{k.Customer, k.ID}); !saved[key] && !dropped[key] {
			out = append(out, k)
		}
	}
	sortLatestFirst(out)
	return out
}

func sortLatestFirst(ks []contact.Contact) {
	slices.SortStableFunc(ks, func(a, b contact.Contact) int {
		return cmp.Or(b.Start.Compare(a.Start), strings.Compare(b.ID, a.ID))
	})
}

// contactKey identifies a stored contact. Before a merge is known, two customers
// may have a contact with the same id.
type contactKey struct {
	customer identity.CustomerID
	id       string
}

func contactKeys(ks []contact.Contact) map[contactKey]bool {
	out := make(map[contactKey]bool, len(ks))
	for _, k := range ks {
		out[contactKey{k.Customer, k.ID}] = true
	}
	return out
}

// planCustomer computes the contacts of one customer and plans the writes that
// the stored ones need. An identity change is delivered only once, so it is read
// consistently.
func (t *Triage) planCustomer(ctx context.Context, h hint, consistent bool) plan {
	setAside := consistent
	consistent = consistent || len(h.changed) > 0
	p := plan{customer: h.checked}
	if h.checked.ID != "" {
		if done := t.recheckCustomer(ctx, h, &p); done || p.err != nil {
			return p
		}
	} else if p.customer, p.err = t.readCustomer(ctx, h.customer, consistent); p.err != nil {
		return p
	}
	own, err := t.computeContacts(ctx, p.customer, h, consistent)
	if err != nil {
		p.err = err
		return p
	}
	p.stored = own.Stored
	p.comparable = len(p.customer.Members) == 1 && !own.wide && !h.historyChanged
	p.compareContacts(own.Stored, own.Computed, own.from, h.reclassifyIDs)
	p.evidence = t.detector().Compare(ctx, p.customer, own.Stored, p.save, p.drop)
	if doubted, found := doubtEvidence(own.Stored, p.drop, p.evidence); found {
		p.save = nil
		p.drop = nil
		p.compareContacts(doubted, own.Computed, own.from, h.reclassifyIDs)
		p.evidence = t.detector().Compare(ctx, p.customer, doubted, p.save, p.drop)
	}
	t.planUnknownHints(&p, own.Computed, h)
	if len(h.changed) > 0 {
		err := lambdabatch.RecoverPanic(ctx, func() error { return t.reconcileEvidence(ctx, &p, own.History, h.changed) })
		if setAside && lambdabatch.IsPermanent(err) {
			p.setAside = err
		} else {
			p.err = err
		}
	}
	return p
}

// doubtEvidence returns the stored contacts, of which those that keep a cause that other
// contacts lose say that their evidence is not recorded. It reports false without such
// contacts. Such a contact may have lost its evidence to one of the others:
//
//  1. The contact B has a cause, and its evidence is recorded.
//  2. An earlier message arrives, with which the contact A has the cause, and B is a part
//     of A. A run moves the evidence to A, saves A, and is killed before it drops B.
//  3. A still earlier message arrives, after which there is no A, and B is right again.
//     B is stored as it should be. Dropping A removes the only evidence.
//
// TestHandle_InterruptedLoss takes these steps.
func doubtEvidence(stored, drop []contact.Contact, changes detection.Changes) (doubted []contact.Contact, found bool) {
	dropped := contactKeys(drop)
	doubted = slices.Clone(stored)
	for i := range doubted {
		k := &doubted[i]
		if dropped[contactKey{k.Customer, k.ID}] {
			continue
		}
		for _, c := range k.Causes {
			loses := func(e detection.Evidence) bool { return len(e.Removed) > 0 }
			if slices.ContainsFunc(changes[detection.Cause{Reason: c.Reason, Product: c.Product}], loses) {
				k.Unrecorded = append(slices.Clip(k.Unrecorded), contact.Cause{Reason: c.Reason, Product: c.Product, Message: c.Message})
				found = true
			}
		}
	}
	return doubted, found
}

// recheckCustomer prepares the plan of a customer whose contacts an earlier
// round saved. It reports true if the plan is complete: nothing changed since,
// or the customer's identity changed. In the second case p.regrouped is set.
func (t *Triage) recheckCustomer(ctx context.Context, h hint, p *plan) (done bool) {
	var now contact.NearbyContacts
	if now, p.err = t.readContacts(ctx, h.checked, h.from, true); p.err != nil {
		return false
	}
	if now.Changed {
		if p.customer, p.err = t.Store.Customers.GetConsistently(ctx, h.customer); p.err != nil {
			return false
		}
		if p.regrouped = concernedCustomers(h.checked, p.customer); len(p.regrouped) > 0 {
			return true
		}
	}
	return len(h.expected) > 0 && isUnchanged(now.Contacts, h.expected, h.from)
}

// concernedCustomers returns all ids that a change of a customer's members or
// alias moves concerns, and nil without a change.
func concernedCustomers(before, now identity.Customer) (concerned []identity.CustomerID) {
	if slices.Equal(before.Members, now.Members) && slices.Equal(before.Moves, now.Moves) {
		return nil
	}
	concerned = slices.Concat(before.Members, now.Members)
	for _, m := range now.Moves {
		concerned = append(concerned, m.Was, m.To)
	}
	return concerned
}

// compareContacts plans to save and drop contacts, so that the stored ones from a
// time on become the computed ones. A contact in reclassify is also saved when
// only its taxonomy version or model differs, and a contact with unrecorded causes always.
func (p *plan) compareContacts(stored, computed []contact.Contact, from time.Time, reclassify []string) {
	old := map[contactKey]contact.Contact{}
	for _, k := range stored {
		if !k.Start.Before(from) {
			old[contactKey{k.Customer, k.ID}] = k
		}
	}
	for _, k := range computed {
		before, ok := old[contactKey{k.Customer, k.ID}]
		delete(old, contactKey{k.Customer, k.ID})
		if !ok {
			p.save = append(p.save, k)
			continue
		}
		isOlder := before.Taxonomy != k.Taxonomy || before.Model != k.Model
		newVersion := isOlder && slices.Contains(reclassify, k.ID)
		if newVersion || len(before.Unrecorded) > 0 || !isSameContact(before, k) {
			k.Version = before.Version
			p.save = append(p.save, k)
		}
	}
	for _, k := range old {
		p.drop = append(p.drop, k)
	}
}

// isSameContact reports whether two versions of a contact need no write. Causes
// differ when another message names them; the version of the taxonomy and the model
// alone do not matter.
func isSameContact(a, b contact.Contact) bool {
	if a.Department != b.Department || a.Severity != b.Severity || a.Question != b.Question || a.Name != b.Name || !hasSameTimes(a, b) {
		return false
	}
	return slices.Equal(a.Channels, b.Channels) &&
		slices.Equal(a.Threads, b.Threads) &&
		slices.EqualFunc(a.Causes, b.Causes, isSameCause)
}

func hasSameTimes(a, b contact.Contact) bool {
	if !a.WaitingSince.Equal(b.WaitingSince) || !a.ClosesAt.Equal(b.ClosesAt) {
		return false
	}
	return a.FirstAnswer.Equal(b.FirstAnswer) && a.LastAnswer.Equal(b.LastAnswer)
}

func isSameCause(a, b contact.Cause) bool {
	if !a.Same(b) || a.Department != b.Department {
		return false
	}
	return a.Corrected == b.Corrected && a.Message == b.Message && hasSameOrigin(a, b)
}

// hasSameOrigin reports whether two causes were found in the same way. Stored causes
// of earlier versions do not say how.
func hasSameOrigin(stored, computed contact.Cause) bool {
	return stored.FoundBy == "" || stored.FoundBy == computed.FoundBy
}

// planUnknownHints plans hints for recent contacts without a known reason, if
// their keywords changed. A hint has the keywords of the whole contact, so that
// contacts with the same rare words can be found.
func (t *Triage) planUnknownHints(p *plan, computed []contact.Contact, h hint) {
	detector := t.detector()
	saved := contactKeys(p.save)
	stored := contactKeys(p.stored)
	for _, k := range computed {
		key := contactKey{k.Customer, k.ID}
		if len(k.Causes) > 0 || t.Now().Sub(k.Start) >= problem.BurstHistory {
			continue
		}
		if h.checked.ID != "" && !saved[key] {
			continue // an earlier round stored its hint
		}
		u, ok := detector.UnknownHint(p.customer, k, nil)
		if !ok {
			continue
		}
		if stored[key] {
			earlier := func(m message.Message) bool { return !h.historyChanged && m.SentAt.Before(h.from) }
			if before, _ := detector.UnknownHint(p.customer, k, earlier); slices.Equal(u.Words, before.Words) {
				continue
			}
		}
		p.unknown = append(p.unknown, u)
	}
}

// reconcileEvidence adds to the plan how the recorded evidence of its customer
// differs from what the contacts show. others are the ids that an identity change
// names.
func (t *Triage) reconcileEvidence(ctx context.Context, p *plan, own detection.History, others []identity.CustomerID) error {
	histories := []detection.History{own}
	for _, id := range others {
		known := func(h detection.History) bool { return slices.Contains(h.Customer.Members, id) }
		if slices.ContainsFunc(histories, known) {
			continue
		}
		c, err := t.Store.Customers.GetConsistently(ctx, id)
		if err != nil {
			return err
		}
		other, err := t.computeContacts(ctx, c, hint{reclassifySince: afterAllMessages}, true)
		if err != nil {
			return err
		}
		histories = append(histories, other.History)
	}
	return t.detector().Reconcile(ctx, p.evidence, histories)
}
