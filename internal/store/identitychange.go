package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// auditWrites completes an identity change and returns the writes that store it
// under each of the customers.
func (t Customers) auditWrites(ch *identity.Change, ids ...identity.CustomerID) ([]types.TransactWriteItem, error) {
	if ch.At.IsZero() {
		ch.At = time.Now()
	}
	ch.At = ch.At.UTC().Truncate(time.Millisecond)
	ch.ID = uuid.Must(uuid.NewV7()).String()
	var writes []types.TransactWriteItem
	for _, id := range ids {
		it, err := changeItem(id, *ch)
		if err != nil {
			return nil, err
		}
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: it}})
	}
	return writes, nil
}

func changeItem(c identity.CustomerID, ch identity.Change) (item, error) {
	data, err := json.Marshal(ch)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode identity change")
	}
	it := key(customerPK(c), changeSK(ch))
	it[attrChangeKind] = str(string(ch.Kind)) // the filter of triage reads it
	it[attrJSON] = str(string(data))
	return it, nil
}

func readChange(it item) (identity.Change, error) {
	var ch identity.Change
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &ch); err != nil {
		return ch, fault.Wrap(fault.Internal, err, "read identity change")
	}
	return ch, nil
}

// IdentityChanges returns the identity changes of a customer, latest first, at
// most limit of them before the cursor. The cursor is that of the previous
// page.
func (t Customers) IdentityChanges(ctx context.Context, c identity.Customer, limit int, cursor string) ([]identity.Change, string, error) {
	to := changePrefix + "~"
	if cursor != "" {
		if !isTimePlace(cursor) {
			return nil, "", errCursor()
		}
		to = justBefore(changePrefix + cursor)
	}
	var all []identity.Change
	var bad error
	for _, m := range c.Members {
		in := keyRange(customerPK(m), changePrefix, to)
		in.ScanIndexForward = ptr(false)
		in.Limit = ptr(int32(limit + 1)) //nolint:gosec // bounded by the API
		n := 0
		err := t.query(ctx, in, func(it item) bool {
			var ch identity.Change
			ch, bad = readChange(it)
			all = append(all, ch)
			n++
			return bad == nil && n <= limit
		})
		if err != nil || bad != nil {
			return nil, "", firstError(err, bad)
		}
	}
	place := func(ch identity.Change) string { return timePlace(ch.At, ch.ID) }
	slices.SortFunc(all, func(a, b identity.Change) int { return strings.Compare(place(b), place(a)) })
	all = slices.CompactFunc(all, func(a, b identity.Change) bool { return a.ID == b.ID })
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], place(all[limit-1]), nil
}
