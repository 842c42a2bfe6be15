package triage

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// leastWords is how many words a contact must have to be kept: most of those
// with fewer are about what was said before, and would cost a write each.
const leastWords = 2

// unknownOf says what is to be kept of the contacts that nobody knows the
// reason of, so that those which share rare words are found: the words of the
// whole contact, written when new ones came.
func (t *Triage) unknownOf(p *plan, stored, made []contact.Contact, h hint) {
	find := func(in []contact.Contact, k contact.Contact) int {
		return slices.IndexFunc(in, func(x contact.Contact) bool { return x.ID == k.ID && x.Customer == k.Customer })
	}
	for _, k := range made {
		if h.who.ID != "" && find(p.save, k) < 0 {
			continue // written before the look that this is the second of
		}
		earlier := func(m contact.Message) bool { return !h.anew && m.SentAt.Before(h.from) }
		i := find(stored, k)
		switch {
		case len(k.Causes) == 0 && t.fresh(k):
			u := t.unknown(p.customer, k, nil)
			if len(u.Words) >= leastWords && (i < 0 || !slices.Equal(u.Words, t.unknown(p.customer, k, earlier).Words)) {
				p.unknown = append(p.unknown, u)
			}
		case i >= 0 && len(stored[i].Causes) == 0 && len(k.Causes) > 0:
			if h.anew || len(t.unknown(p.customer, k, earlier).Words) >= leastWords {
				p.known = append(p.known, t.unknown(p.customer, k, earlier))
			}
		}
	}
	for _, k := range p.drop {
		if len(k.Causes) == 0 && t.fresh(k) {
			p.known = append(p.known, problem.Unknown{Customer: k.Customer, Contact: k.ID, At: k.Start})
		}
	}
}

// fresh reports whether a contact is recent enough to be compared.
func (t *Triage) fresh(k contact.Contact) bool {
	return t.Now().Sub(k.Start) < problem.BurstHistory
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

func (t *Triage) saveUnknown(ctx context.Context, p plan) error {
	for _, u := range p.unknown {
		if err := t.Store.PutUnknown(ctx, u); err != nil {
			return err
		}
	}
	for _, u := range p.known {
		if err := t.Store.DropUnknown(ctx, u); err != nil {
			return err
		}
	}
	return nil
}
