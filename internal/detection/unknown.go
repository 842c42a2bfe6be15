package detection

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

// UnknownHint is what is kept of a contact, by those of its messages that which
// takes, or by all. It is false when that is too little to be kept.
func (d *Detector) UnknownHint(c identity.Customer, k contact.Contact, which func(contact.Message) bool) (u problem.Unknown, ok bool) {
	u = problem.Unknown{Customer: k.Customer, Contact: k.ID, At: k.Start, Expires: later(k.Start, d.Now()).Add(problem.BurstHistory + 24*time.Hour)}
	var text []string
	for _, m := range k.Messages {
		if m.Direction == contact.Inbound && (which == nil || which(m)) {
			text = append(text, m.TextWithSubject())
		}
	}
	if len(text) > 0 {
		u.Words = problem.Telltale(contact.Cut(strings.Join(text, ".\n"), MaxText), d.known(c, k))
	}
	return u, len(u.Words) >= leastWords
}

// RecordUnknown keeps the hints of a batch together, before the contacts that
// they are about: what breaks off in between keeps them once more. The errors
// are by the index of the hints.
func (d *Detector) RecordUnknown(ctx context.Context, hints [][]problem.Unknown) []error {
	put := func(some []problem.Unknown) error {
		return batch.Safely(ctx, func() error { return d.Store.PutUnknownContacts(ctx, some) })
	}
	err := put(slices.Concat(hints...))
	failed := make([]error, len(hints))
	for i, some := range hints {
		if len(some) == 0 {
			continue
		}
		failed[i] = err
		if batch.Permanent(err) { // it may be one customer's fault
			failed[i] = put(some)
		}
	}
	return failed
}
