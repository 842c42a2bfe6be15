package triage

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// leastWords is how many words a contact must have to be kept: most of those
// with fewer are about what was said before, and would cost a write each.
const leastWords = 2

// unknownOf says which contacts nobody knows the reason of and said something
// new, with the words of the whole contact, so that those which share rare
// words are found. What is kept of it is a hint: who follows one reads the
// contact, which may be gone, another's, or have a reason by then.
func (t *Triage) unknownOf(p *plan, stored, made []contact.Contact, h hint) {
	saved, before := placesOf(p.save), placesOf(stored)
	for _, k := range made {
		if len(k.Causes) > 0 || t.Now().Sub(k.Start) >= problem.BurstHistory {
			continue
		}
		if h.who.ID != "" && !saved[place{k.Customer, k.ID}] {
			continue // kept before the look that this is the second of
		}
		earlier := func(m contact.Message) bool { return !h.anew && m.SentAt.Before(h.from) }
		u := t.unknown(p.customer, k, nil)
		if len(u.Words) >= leastWords && (!before[place{k.Customer, k.ID}] || !slices.Equal(u.Words, t.unknown(p.customer, k, earlier).Words)) {
			p.unknown = append(p.unknown, u)
		}
	}
}

func placesOf(ks []contact.Contact) map[place]bool {
	out := make(map[place]bool, len(ks))
	for _, k := range ks {
		out[place{k.Customer, k.ID}] = true
	}
	return out
}

// unknown is what is kept of a contact, by those of its messages that which
// takes, or by all.
func (t *Triage) unknown(c identity.Customer, k contact.Contact, which func(contact.Message) bool) problem.Unknown {
	u := problem.Unknown{Customer: k.Customer, Contact: k.ID, At: k.Start, Expires: later(k.Start, t.Now()).Add(problem.BurstHistory + 24*time.Hour)}
	var text []string
	for _, m := range k.Messages {
		if m.Direction == contact.Inbound && (which == nil || which(m)) {
			text = append(text, words(m))
		}
	}
	if len(text) > 0 {
		u.Words = problem.Telltale(contact.Cut(strings.Join(text, ".\n"), maxClassified), t.known(c, k))
	}
	return u
}

// keepUnknown keeps the hints of a batch together, before the contacts that
// they are about: what breaks off in between keeps them once more.
func (t *Triage) keepUnknown(ctx context.Context, plans []plan) {
	var all []problem.Unknown
	for _, p := range plans {
		if p.err == nil {
			all = append(all, p.unknown...)
		}
	}
	put := func(some []problem.Unknown) error {
		return batch.Safely(ctx, func() error { return t.Store.PutUnknowns(ctx, some) })
	}
	err := put(all)
	for i := range plans {
		if plans[i].err != nil || len(plans[i].unknown) == 0 {
			continue
		}
		plans[i].err = err
		if batch.Permanent(err) { // it may be one customer's fault
			plans[i].err = put(plans[i].unknown)
		}
	}
}
