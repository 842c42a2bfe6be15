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

// AskAgain asks triage, by the stream, to classify the contacts of a customer
// anew in which something was said since a time.
func (t *Table) RequestReclassify(ctx context.Context, c identity.CustomerID, since, now time.Time) error {
	return t.putReclassify(ctx, key(customerPK(c), requestSK(since, "")), now)
}

// AskContactAgain asks triage, by the stream, to classify one contact anew.
func (t *Table) RequestContactReclassify(ctx context.Context, k contact.Contact, now time.Time) error {
	return t.putReclassify(ctx, key(customerPK(k.Customer), requestSK(k.Start, k.ID)), now)
}

func (t *Table) putReclassify(ctx context.Context, it item, now time.Time) error {
	it[attrRequestedAt], it[ttlName] = millis(now), num(now.Add(24*time.Hour).Unix())
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write item")
	}
	return nil
}

// keptActs is how long it is known who did what to many customers at once.
const keptActs = 366 * 24 * time.Hour

// Acted keeps that somebody did a thing to many customers at once: how many,
// and which.
func (t *Table) RecordBulkAction(ctx context.Context, what, by, which string, n int, at time.Time) error {
	it := key(bulkPK(what), t.bulkSK(at, by, which))
	it[attrBulkBy], it[attrBulkTarget], it[attrBulkCount], it[ttlName] = str(by), str(which), num(n), num(at.Add(keptActs).Unix())
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write item")
	}
	return nil
}

// scanPage is how many items one request of a walk over the table looks at.
const scanPage = 250

// Everywhere walks over the whole table for contacts that began from one time
// up to another and are about a reason, or about none that is known when it
// is empty. It looks at some items from the cursor on, and says at how many;
// the cursor that comes back is empty at the end. No index lists contacts by
// reason: that would cost a write unit for each of them, for a question that
// is asked when a taxonomy changes.
func (t *Table) ScanContacts(ctx context.Context, reason string, from, to time.Time, cursor string) (found []contact.Contact, examined int, next string, err error) {
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
		return nil, 0, "", sdkError(err, "scan")
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

// placeOfScan is where a walk goes on. What comes after a customer's contacts is
// passed over, and so no id of a message ever stands in a cursor.
func placeOfScan(last map[string]types.AttributeValue) string {
	if last == nil {
		return ""
	}
	pk, sk := text(last, pkName), text(last, skName)
	if !strings.HasPrefix(pk, customerPrefix) || sk >= correctionPrefix {
		sk = "~"
	}
	return pk + " " + sk
}
