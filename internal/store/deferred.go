package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/schedule"
)

// PutDeferredEvents stores events that time will bring within one minute in one
// item, which is due at the end of the minute. name separates items of one
// minute; the same name replaces the item.
func (t Schedule) PutDeferredEvents(ctx context.Context, minute time.Time, name string, all []contact.DeferredEvent) error {
	data, err := json.Marshal(all)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode deferred events")
	}
	it := dueRow(t.deferredPK(minute, name), schedule.Contact, minute.Add(time.Minute))
	it[attrJSON] = str(string(data))
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write deferred events")
	}
	return nil
}

// DeferredEvents returns the events of a due entry; none if the item is gone.
func (t Schedule) DeferredEvents(ctx context.Context, e schedule.Entry) ([]contact.DeferredEvent, error) {
	it, err := t.getItem(ctx, key(e.PK, e.SK), true)
	if err != nil || it == nil {
		return nil, err
	}
	var all []contact.DeferredEvent
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &all); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "decode deferred events")
	}
	return all, nil
}

// ContactByKey returns a contact by its start and id, read consistently. It is
// false otherwise.
func (t Contacts) ContactByKey(ctx context.Context, c identity.CustomerID, start time.Time, id string) (contact.Contact, bool, error) {
	it, err := t.getItem(ctx, key(customerPK(c), contactSK(start, id)), true)
	if err != nil || it == nil {
		return contact.Contact{}, false, err
	}
	k, err := readContact(it)
	return k, err == nil, err
}
