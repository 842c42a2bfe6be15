package store

import (
	"context"

	"github.com/heard-intake/heard/internal/identity"
)

// Link records a proven statement that names two aliases of one person, and
// joins who has them where that is safe. It can be repeated. Both aliases are
// noted with the customer, so that somebody who never wrote is known too.
func (t *Table) Link(ctx context.Context, l identity.Link) (identity.CustomerID, error) {
	both := []identity.Address{
		{Alias: l.From, Assurance: identity.Verified},
		{Alias: l.To, Assurance: identity.Verified},
	}
	customer, err := t.Identify(ctx, both, l.Evidence)
	if err != nil {
		return "", err
	}
	return customer, t.note(ctx, customer, t.aliasKeys(both))
}
