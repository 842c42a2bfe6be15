package triage

import (
	"context"
	"slices"

	"github.com/heard-intake/heard/internal/contact"
)

// Preview returns a stored contact as it would be if it were classified anew
// now; ok is false when it is there no more. Nothing is written.
func (t *Triage) Preview(ctx context.Context, k contact.Contact) (now contact.Contact, ok bool, err error) {
	p := t.plan(ctx, hint{customer: k.Customer, from: k.Start, said: never, again: []string{k.ID}, anew: true}, false)
	if p.err != nil {
		return k, false, p.err
	}
	is := func(x contact.Contact) bool { return x.ID == k.ID }
	if i := slices.IndexFunc(p.save, is); i >= 0 {
		return p.save[i], true, nil
	}
	return k, !slices.ContainsFunc(p.drop, is), nil
}
