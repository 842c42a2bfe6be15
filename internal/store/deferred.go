package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// PutLater keeps what time brings within one minute in one row, which is due
// at its end. The name tells rows of one minute apart; the same again
// replaces the row.
func (t *Table) PutDeferredEvents(ctx context.Context, minute time.Time, name string, all []contact.Later) error {
	data, err := json.Marshal(all)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode what is due")
	}
	it := dueRow(t.deferredPK(minute, name), due.Contact, minute.Add(time.Minute))
	it[attrJSON] = str(string(data))
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write due entry")
	}
	return nil
}

// Later returns what an entry holds, nothing when it is gone.
func (t *Table) DeferredEvents(ctx context.Context, e due.Entry) ([]contact.Later, error) {
	it, err := t.getItem(ctx, key(e.PK, e.SK), true)
	if err != nil || it == nil {
		return nil, err
	}
	var all []contact.Later
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &all); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read due entry")
	}
	return all, nil
}

// ContactAt returns a contact by its whole key, read strongly; false when
// there is none any more.
func (t *Table) ContactByKey(ctx context.Context, c identity.CustomerID, start time.Time, id string) (contact.Contact, bool, error) {
	it, err := t.getItem(ctx, key(customerPK(c), contactSK(start, id)), true)
	if err != nil || it == nil {
		return contact.Contact{}, false, err
	}
	k, err := readContact(it)
	return k, err == nil, err
}
