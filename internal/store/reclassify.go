package store

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// RequestReclassify asks triage, through the stream, to classify the contacts
// of a customer again in which there is a message since a time.
func (t Contacts) RequestReclassify(ctx context.Context, c identity.CustomerID, since, now time.Time) error {
	return t.putReclassify(ctx, key(customerPK(c), requestSK(since, "")), now)
}

// RequestContactReclassify asks triage, through the stream, to classify one
// contact again.
func (t Contacts) RequestContactReclassify(ctx context.Context, k contact.Contact, now time.Time) error {
	return t.putReclassify(ctx, key(customerPK(k.Customer), requestSK(k.Start, k.ID)), now)
}

func (t Contacts) putReclassify(ctx context.Context, it item, now time.Time) error {
	it[attrRequestedAt] = millis(now)
	it[ttlName] = num(now.Add(24 * time.Hour).Unix())
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write reclassify request")
	}
	return nil
}

// keptActs is how long a bulk action is stored.
const keptActs = 366 * 24 * time.Hour

// RecordBulkAction records that a person changed or read n customers or
// contacts at once. what names the action and which the selection.
func (t Contacts) RecordBulkAction(ctx context.Context, what, by, which string, n int, at time.Time) error {
	it := key(bulkPK(what), t.bulkSK(at, by, which))
	it[attrBulkBy] = str(by)
	it[attrBulkTarget] = str(which)
	it[attrBulkCount] = num(n)
	it[ttlName] = num(at.Add(keptActs).Unix())
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write bulk action")
	}
	return nil
}

// scanPage is the number of items that one scan request examines.
const scanPage = 250

// ScanContacts scans the table for contacts that began in [from, to] and have
// a reason; an empty reason selects the contacts without a known one. One call
// examines some items after the cursor and returns how many; next is empty at
// the end. No index lists contacts by reason: it would cost a write unit per
// contact for a rare question.
func (t Contacts) ScanContacts(ctx context.Context, reason string, from, to time.Time, cursor string) (found []contact.Contact, examined int, next string, err error) {
	in := &dynamodb.ScanInput{
		TableName: t.name, Limit: ptr(int32(scanPage)),
		FilterExpression: exprf("begins_with(%s, :c) AND %s BETWEEN :from AND :to AND attribute_not_exists(%s)", pkName, skName, attrContactCauses),
		ExpressionAttributeValues: item{
			":c": str(customerPrefix), ":from": str(timeSK(contactPrefix, from)), ":to": str(timeSK(contactPrefix, to)),
		},
	}
	if reason != "" {
		in.FilterExpression = exprf("begins_with(%s, :c) AND %s BETWEEN :from AND :to AND contains(%s, :r)", pkName, skName, attrContactCauses)
		in.ExpressionAttributeValues[":r"] = str(`"reason":"` + reason + `"`)
	}
	if cursor != "" {
		at := strings.LastIndexByte(cursor, ' ')
		in.ExclusiveStartKey = key(cursor[:max(at, 0)], cursor[at+1:])
	}
	out, err := t.db.Scan(ctx, in)
	if err != nil {
		return nil, 0, "", sdkError(err, "scan contacts")
	}
	for _, it := range out.Items {
		k, err := readContact(it)
		if err != nil {
			return nil, 0, "", err
		}
		found = append(found, k)
	}
	return found, int(out.ScannedCount), placeOfScan(out.LastEvaluatedKey), nil
}

// placeOfScan returns the cursor after the last key of a scan. It skips the
// rest of a customer's partition after the contacts, so that a cursor never
// holds a message id.
func placeOfScan(last map[string]types.AttributeValue) string {
	if last == nil {
		return ""
	}
	pk := text(last, pkName)
	sk := text(last, skName)
	if !strings.HasPrefix(pk, customerPrefix) || sk >= correctionPrefix {
		sk = "~"
	}
	return pk + " " + sk
}
