package triage

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store"
)

// What a contact shows is recorded before the contact, so that a run that dies
// in between does the same once more. When people became others meanwhile it
// does not: it would make other contacts, and nothing tells of what was
// recorded for the first. So a change of who is who compares what is recorded
// of everybody it names with what their messages show now.

// concerned returns every id that an identity change names, before and after;
// none for a change of another kind.
func concerned(c store.Change) ([]identity.CustomerID, error) {
	if c.Kind != store.KindIdentityChange {
		return nil, nil
	}
	ch, err := c.IdentityChange()
	return slices.Concat(slices.Concat(ch.Before...), slices.Concat(ch.After...)), err
}

// reconcile adds to the plan what is recorded under the ids of its customer and
// under others that a change names, and is not so; and what is so and is not
// recorded.
func (t *Triage) reconcile(ctx context.Context, p *plan, own picture, others []identity.CustomerID) error {
	histories := []detection.History{own.history()}
	for _, id := range others {
		known := func(o detection.History) bool { return slices.Contains(o.Customer.Members, id) }
		if slices.ContainsFunc(histories, known) {
			continue
		}
		c, err := t.Store.CustomerConsistent(ctx, id)
		if err != nil {
			return err
		}
		other, err := t.picture(ctx, c, time.Time{}, true)
		if err != nil {
			return err
		}
		histories = append(histories, other.history())
	}
	return t.detector().Reconcile(ctx, p.evidence, histories)
}

func (o picture) history() detection.History {
	return detection.History{Customer: o.customer, Stored: o.stored, Computed: o.made, Messages: o.messages}
}
