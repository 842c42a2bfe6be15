package triage

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// What a contact shows is recorded before the contact, so that a run that dies
// in between does the same once more. When people became others meanwhile it
// does not: it would make other contacts, and nothing tells of what was
// recorded for the first. So a change of who is who compares what is recorded
// of everybody it names with what their messages show now.

// concerned returns every id that an identity change names, before and after;
// none of a record that is not one. A change that cannot be read is
// [fault.Invalid].
func concerned(r events.DynamoDBEventRecord, sk string) ([]identity.CustomerID, error) {
	j, ok := r.Change.NewImage["j"]
	if !ok || !strings.HasPrefix(sk, "J#") {
		return nil, nil
	}
	if j.DataType() != events.DataTypeString {
		return nil, fault.New(fault.Invalid, "the identity change is not a text")
	}
	var ch identity.Change
	if err := json.Unmarshal([]byte(j.String()), &ch); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the identity change cannot be read")
	}
	return slices.Concat(slices.Concat(ch.Before...), slices.Concat(ch.After...)), nil
}

// reconcile adds to the plan what is recorded under the ids of its customer and
// under others that a change names, and is not so; and what is so and is not
// recorded.
func (t *Triage) reconcile(ctx context.Context, p *plan, own picture, others []identity.CustomerID) error {
	all := []picture{own}
	ids := slices.Clone(own.customer.Members)
	for _, id := range others {
		known := func(o picture) bool { return slices.Contains(o.customer.Members, id) }
		if slices.ContainsFunc(all, known) {
			continue
		}
		c, err := t.Store.CustomerNow(ctx, id)
		if err != nil {
			return err
		}
		other, err := t.picture(ctx, c, time.Time{}, true)
		if err != nil {
			return err
		}
		all = append(all, other)
	}
	by := map[string]*recorded{} // by the problem, or by the cause that has none
	for c := range causesOf(all) {
		if err := t.recordedOf(ctx, c, ids, by); err != nil {
			return err
		}
	}
	earlier := contactsIn(all)
	for _, r := range by {
		t.differences(ctx, p, own, earlier, r)
	}
	return nil
}

// knownContacts are contacts by their ids, and the messages that may have begun
// one by the ids that these contacts would have.
type knownContacts struct {
	contacts map[string][]contact.Contact
	begun    map[string]contact.Message
}

func contactsIn(all []picture) knownContacts {
	known := knownContacts{map[string][]contact.Contact{}, map[string]contact.Message{}}
	for _, o := range all {
		for _, list := range [][]contact.Contact{o.stored, o.made} {
			for _, k := range list {
				known.contacts[k.ID] = append(known.contacts[k.ID], k)
			}
		}
		for _, m := range o.messages {
			if id := contact.IDOf(m.ID); known.begun[id].ID == "" {
				known.begun[id] = m
			}
		}
	}
	return known
}

func causesOf(all []picture) map[cause]bool {
	out := map[cause]bool{}
	for _, o := range all {
		for _, k := range slices.Concat(o.made, o.stored) {
			for _, c := range k.Causes {
				out[cause{c.Reason, c.Product}] = true
			}
		}
	}
	return out
}

// A recorded is what is recorded of some customers with a problem, or in the
// window of a cause that has none.
type recorded struct {
	causes []cause
	read   []string  // the problems that were
	since  time.Time // what was said before need not be recorded
	lists  []problem.Affected
	window []problem.Seen
}

// recordedOf reads what is recorded of a cause under some ids.
func (t *Triage) recordedOf(ctx context.Context, c cause, ids []identity.CustomerID, by map[string]*recorded) error {
	id, err := t.Store.ProblemOf(ctx, c.reason, c.product)
	if err != nil {
		return err
	}
	if id == "" {
		r, ok := t.Taxonomy.Reason(c.reason)
		if !ok {
			return nil
		}
		since := t.Now().Add(-t.kept(r))
		seen, err := t.Store.Seen(ctx, c.reason, c.product, since.In(t.Zone).Format(time.DateOnly), last, maxSeen, t.Now())
		seen = slices.DeleteFunc(seen, func(s problem.Seen) bool { return !slices.Contains(ids, s.Customer) })
		by[c.reason+"#"+c.product] = &recorded{causes: []cause{c}, since: since, window: seen}
		return err
	}
	rec, err := problem.Standing(ctx, id, t.Store.Uncounted)
	if err != nil {
		return err
	}
	if by[rec.ID] != nil {
		by[rec.ID].causes = append(by[rec.ID].causes, c)
		return nil
	}
	by[rec.ID] = &recorded{causes: []cause{c}, since: rec.FirstSeen}
	return t.listed(ctx, rec, ids, by[rec.ID])
}

// listed reads who is in a problem and in what was split off it, each problem
// once: parts may have been merged with each other, or with the whole.
func (t *Triage) listed(ctx context.Context, rec problem.Record, ids []identity.CustomerID, into *recorded) error {
	if slices.Contains(into.read, rec.ID) {
		return nil
	}
	into.read = append(into.read, rec.ID)
	in, err := t.Store.AffectedOf(ctx, rec.ID, ids)
	if err != nil {
		return err
	}
	for _, a := range in {
		into.lists = append(into.lists, a)
	}
	for _, part := range rec.Parts {
		p, err := problem.Standing(ctx, part.ID, t.Store.Uncounted)
		if err == nil {
			err = t.listed(ctx, p, ids, into)
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
func (t *Triage) differences(ctx context.Context, p *plan, own picture, earlier knownContacts, r *recorded) {
	shown := map[place]problem.Seen{}
	for _, k := range own.made {
		speaker := t.speaker(p.customer, k)
		for _, c := range k.Causes {
			if slices.Contains(r.causes, cause{c.Reason, c.Product}) {
				shown[place{k.Customer, k.ID}] = speaker.seen(ctx, c)
			}
		}
	}
	e := func(who identity.CustomerID) *evidence { return p.of(r.causes[0], who) }
	found := map[place]bool{}
	for _, a := range r.lists {
		for _, id := range a.Contacts() {
			at := place{a.Customer, id}
			found[at] = true
			if _, ok := shown[at]; ok {
				continue
			}
			if s, ok := t.once(earlier, at, r.causes); ok {
				e(a.Customer).gone = append(e(a.Customer).gone, s)
			}
		}
	}
	for _, s := range r.window {
		at := place{s.Customer, s.Contact}
		if is, ok := shown[at]; ok && is.Slot() == s.Slot() {
			found[at] = true
		} else {
			e(s.Customer).gone = append(e(s.Customer).gone, s)
		}
	}
	for at, s := range shown {
		if !found[at] && !s.At.Before(r.since) {
			e(at.customer).seen = append(e(at.customer).seen, s)
		}
	}
}

// once returns how a contact was recorded that is none of the customer's now:
// as it is or was with somebody, else by the message that it began with.
func (t *Triage) once(earlier knownContacts, at place, causes []cause) (problem.Seen, bool) {
	for _, k := range earlier.contacts[at.id] {
		for _, c := range k.Causes {
			if slices.Contains(causes, cause{c.Reason, c.Product}) {
				s := t.seenAt(k, c)
				s.Customer = at.customer
				return s, true
			}
		}
	}
	m, ok := earlier.begun[at.id]
	if !ok {
		return problem.Seen{}, false
	}
	return t.seenAt(contact.Contact{ID: at.id, Customer: at.customer, Start: m.SentAt}, contact.Cause{Reason: causes[0].reason}), true
}
