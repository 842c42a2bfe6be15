package store

import (
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// The functions in this file build stream records as DynamoDB would deliver
// them. Tests and measurements use them to call a reader of the stream without
// a stream.

// StreamRecord returns the record of an item that changed from before to
// after. A nil before is an insert, a nil after a removal.
func StreamRecord(before, after map[string]types.AttributeValue) events.DynamoDBEventRecord {
	r := events.DynamoDBEventRecord{EventName: string(events.DynamoDBOperationTypeModify)}
	keyed := after
	if before == nil {
		r.EventName = string(events.DynamoDBOperationTypeInsert)
	}
	if after == nil {
		r.EventName = string(events.DynamoDBOperationTypeRemove)
		keyed = before
	}
	r.Change.OldImage = imageOf(before)
	r.Change.NewImage = imageOf(after)
	r.Change.Keys = imageOf(key(text(keyed, pkName), text(keyed, skName)))
	return r
}

// imageOf is the inverse of imageItem.
func imageOf(it item) map[string]events.DynamoDBAttributeValue {
	if it == nil {
		return nil
	}
	image := map[string]events.DynamoDBAttributeValue{}
	for name, v := range it {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			image[name] = events.NewStringAttribute(v.Value)
		case *types.AttributeValueMemberN:
			image[name] = events.NewNumberAttribute(v.Value)
		case *types.AttributeValueMemberSS:
			image[name] = events.NewStringSetAttribute(v.Value)
		}
	}
	return image
}

// NewMessageRecord returns the record of a message that was just stored.
func NewMessageRecord(m message.Message) (events.DynamoDBEventRecord, error) {
	it, err := messageItem(m, "")
	return StreamRecord(nil, it), err
}

// NewCorrectionRecord returns the record of a correction of the contact of a
// message.
func NewCorrectionRecord(c identity.CustomerID, message message.ID) events.DynamoDBEventRecord {
	return StreamRecord(nil, key(customerPK(c), correctionSK(message)))
}

// NewDecisionRecord returns the record of a decision about a message.
func NewDecisionRecord(c identity.CustomerID, message message.ID) events.DynamoDBEventRecord {
	return StreamRecord(nil, key(customerPK(c), decisionSK(message)))
}

// NewReclassifyRecord returns the record of a reclassify request: for the
// contacts since a time, or only for the one with contactID.
func NewReclassifyRecord(c identity.CustomerID, since time.Time, contactID string) events.DynamoDBEventRecord {
	return StreamRecord(nil, key(customerPK(c), requestSK(since, contactID)))
}

// NewIdentityChangeRecord returns the record of an identity change, as it is
// stored under c.
func NewIdentityChangeRecord(c identity.CustomerID, ch identity.Change) (events.DynamoDBEventRecord, error) {
	it, err := changeItem(c, ch)
	return StreamRecord(nil, it), err
}

// NewLostRecord returns the record of an effect that changes what a message says or whether
// lost, so that the contacts since a time must be examined.
func NewLostRecord(c identity.CustomerID, ch message.Channel, providerID string, since time.Time) events.DynamoDBEventRecord {
	it := key(customerPK(c), effectSK(ch, message.ProviderKey(providerID)))
	it[attrEffectChanges] = &types.AttributeValueMemberN{Value: strconv.FormatInt(since.UnixMilli(), 10)}
	return StreamRecord(nil, it)
}

// NewProblemRecord returns the record of a problem that changed from before to
// after; before is nil for a new problem.
func NewProblemRecord(before *problem.Record, after problem.Record) (events.DynamoDBEventRecord, error) {
	var old item
	if before != nil {
		var err error
		if old, err = problemItem(*before); err != nil {
			return events.DynamoDBEventRecord{}, err
		}
	}
	it, err := problemItem(after)
	return StreamRecord(old, it), err
}
