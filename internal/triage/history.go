package triage

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// nearbyContacts is how many contacts before a time are read. An older contact
// is read only if a mail continues its thread.
const nearbyContacts = 8

// history is the part of a customer's history that starts at a time.
type history struct {
	detection.History
	from time.Time // start of the earliest computed contact
	wide bool      // includes contacts older than those near the hint's time
}

// computeContacts reads a customer's messages and contacts around the time of a
// hint, and computes the contacts that the messages make.
func (t *Triage) computeContacts(ctx context.Context, c identity.Customer, asked hint, consistent bool) (history, error) {
	from := asked.from
	h := history{History: detection.History{Customer: c}}
	nearby, err := t.readHistory(ctx, &h, from, consistent)
	if err != nil {
		return h, err
	}
	at, older, err := t.findOlderThread(ctx, c, h.Stored, h.Messages)
	if err != nil {
		return h, err
	}
	if place, found := olderPlace(nearby.Decisions, h.from); found && (!older || place.Before(at)) {
		at = place
		older = true
	}
	if older {
		h.wide = true
		if nearby, err = t.readHistory(ctx, &h, at, consistent); err != nil {
			return h, err
		}
	}
	reader := t.newReader()
	readings, err := reader.read(ctx, h.Messages, nearby.Decisions)
	if err != nil {
		return h, err
	}
	asked.pin(readings, h.Stored, t.version(), t.Now())
	h.Computed = contact.Correct(readings, t.agentCorrections(nearby.Corrections))
	if err := reader.addProducts(ctx, h.Computed); err != nil {
		return h, err
	}
	for i := range h.Computed {
		h.Computed[i].Customer = c.ID
		h.Computed[i].Severity = t.severityOf(h.Computed[i])
	}
	return h, nil
}

// olderPlace returns the time of the earliest message before from with whose contact a
// person joined a message since from.
func olderPlace(decisions []contact.Decision, from time.Time) (at time.Time, found bool) {
	for _, d := range decisions {
		moved, _, _, err := d.Message.Parse()
		target, _, _, badPlace := message.ID(d.Place).Parse()
		if err != nil || badPlace != nil || moved.Before(from) || !target.Before(from) {
			continue
		}
		if !found || target.Before(at) {
			at = target
			found = true
		}
	}
	return at, found
}

// readHistory reads the contacts and messages around a time into h.
func (t *Triage) readHistory(ctx context.Context, h *history, at time.Time, consistent bool) (nearby contact.NearbyContacts, err error) {
	nearby, err = t.readContacts(ctx, h.Customer, at, consistent)
	if err != nil {
		return nearby, err
	}
	h.Stored = nearby.Contacts
	h.Messages, h.from, err = t.readMessages(ctx, h.Customer, at, h.Stored)
	return nearby, err
}

func (t *Triage) readCustomer(ctx context.Context, id identity.CustomerID, consistent bool) (identity.Customer, error) {
	if consistent {
		return t.Store.Customers.GetConsistently(ctx, id)
	}
	return t.Store.Customers.Get(ctx, id)
}

// readContacts reads the contacts around a time of all ids of a customer, latest
// first. Contacts under another id than the surviving one are from before a
// merge, and will be moved.
func (t *Triage) readContacts(ctx context.Context, c identity.Customer, at time.Time, consistent bool) (all contact.NearbyContacts, err error) {
	for _, m := range c.Members {
		part, err := t.Store.Contacts.NearbyContacts(ctx, m, at, nearbyContacts, consistent)
		if err != nil {
			return all, err
		}
		all.Contacts = append(all.Contacts, part.Contacts...)
		all.Corrections = append(all.Corrections, part.Corrections...)
		all.Decisions = append(all.Decisions, part.Decisions...)
		all.Changed = all.Changed || part.Changed
	}
	sortLatestFirst(all.Contacts)
	return all, nil
}

// readMessages reads the messages since the start of the earliest stored contact
// that messages since a time can belong to. It returns that start, too.
func (t *Triage) readMessages(ctx context.Context, c identity.Customer, from time.Time, stored []contact.Contact) ([]message.Message, time.Time, error) {
	from = earliestStart(from, stored, nil)
	for {
		ms, err := t.Store.Messages.RecentMessages(ctx, c, from)
		if err != nil {
			return nil, from, err
		}
		earlier := earliestStart(from, stored, ms)
		if !earlier.Before(from) {
			return ms, from, nil
		}
		from = earlier
	}
}

// earliestStart returns the start of the earliest stored contact that messages
// from a time on can belong to: the latest contact that began by then, each
// contact that was open then, and each that shares a thread with one of the
// messages. stored must be sorted latest first.
func earliestStart(from time.Time, stored []contact.Contact, ms []message.Message) time.Time {
	latest := true
	threads := contact.Threads{}
	for _, m := range ms {
		threads.AddMessage(m)
	}
	for _, k := range stored {
		if k.Start.After(from) {
			continue
		}
		open := k.Waiting() || !k.ClosesAt.Before(from)
		if latest || open || threads.HasContact(k) {
			from = k.Start
		}
		latest = false
	}
	return from
}

// maxOlder limits how many contacts of a member are searched for a thread.
const maxOlder = 1000

// findOlderThread looks for contacts older than the stored ones whose threads the
// mails among the messages continue, and returns when the earliest of them
// began. It reads nothing unless there may be one: most customers have few
// contacts, and most mails start a thread or continue a known one.
func (t *Triage) findOlderThread(ctx context.Context, c identity.Customer, stored []contact.Contact, ms []message.Message) (at time.Time, found bool, err error) {
	threads := unknownThreads(stored, ms)
	if len(threads) == 0 || len(stored) < nearbyContacts {
		return at, false, nil
	}
	earliest := stored[len(stored)-1].Start
	for _, member := range c.Members {
		cursor := ""
		for read := 0; read < maxOlder; read += 100 {
			ks, next, err := t.Store.Contacts.List(ctx, member, 100, cursor)
			if err != nil {
				return at, false, err
			}
			for _, k := range ks {
				if k.Start.Before(earliest) && threads.HasContact(k) {
					at = k.Start
					found = true
					earliest = k.Start
				}
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return at, found, nil
}

// unknownThreads returns the threads that mails continue and that no stored
// contact has.
func unknownThreads(stored []contact.Contact, ms []message.Message) contact.Threads {
	known := contact.Threads{}
	for _, k := range stored {
		known.AddContact(k)
	}
	unknown := contact.Threads{}
	for _, m := range ms {
		continues := m.ReplyTo != nil && len(m.ReplyTo.References) > 0 && !m.Passive
		if continues && !known.HasMessage(m) {
			unknown.AddMessage(m)
		}
	}
	return unknown
}
