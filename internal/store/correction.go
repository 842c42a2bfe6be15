package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// PutCorrection writes the causes that an agent gave to the contact of a
// message, in place of an earlier correction.
func (t Contacts) PutCorrection(ctx context.Context, c contact.Correction) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode correction")
	}
	it := key(customerPK(c.Customer), correctionSK(c.Message))
	it[attrJSON] = str(string(data))
	it[gsiPK] = str(correctionsPK)
	it[gsiSK] = str(t.correctionPlace(c))
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write correction")
	}
	return nil
}

func readCorrection(it item) (contact.Correction, error) {
	var c contact.Correction
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &c); err != nil {
		return c, fault.New(fault.Internal, "malformed correction")
	}
	return c, nil
}

// Corrections returns the corrections from since to until, earliest first, at
// most limit after the cursor. The cursor is that of the previous page. A zero
// until means no end.
func (t Contacts) Corrections(ctx context.Context, since, until time.Time, limit int, cursor string) ([]contact.Correction, string, error) {
	before := "~"
	if !until.IsZero() {
		before = timeSK("", until)
	}
	if cursor != "" {
		cursor += "~" // just after it
	}
	after := max(cursor, timeSK("", since))
	if after > before {
		return nil, "", nil
	}
	var keys []item
	var places []string
	err := t.query(ctx, &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    exprf("%s = :pk AND %s BETWEEN :after AND :before", gsiPK, gsiSK),
		ExpressionAttributeValues: item{":pk": str(correctionsPK), ":after": str(after), ":before": str(before)},
		Limit:                     ptr(int32(limit + 1)), //nolint:gosec // bounded by the API
	}, func(it item) bool {
		keys = append(keys, key(text(it, pkName), text(it, skName)))
		places = append(places, text(it, gsiSK))
		return len(keys) <= limit
	})
	if err != nil {
		return nil, "", fmt.Errorf("read corrections: %w", err)
	}
	next := ""
	if len(keys) > limit {
		keys = keys[:limit]
		next = places[limit-1]
	}
	if len(keys) == 0 {
		return nil, "", nil
	}
	items, err := t.batchGet(ctx, keys, false)
	if err != nil {
		return nil, "", fmt.Errorf("read corrections: %w", err)
	}
	at := map[string]contact.Correction{}
	for _, it := range items {
		if at[text(it, pkName)+text(it, skName)], err = readCorrection(it); err != nil {
			return nil, "", fmt.Errorf("read corrections: %w", err)
		}
	}
	var out []contact.Correction
	for _, k := range keys {
		if c, ok := at[text(k, pkName)+text(k, skName)]; ok {
			out = append(out, c)
		}
	}
	return out, next, nil
}

// maxLookedAt bounds the contacts that contactByID examines.
const maxLookedAt = 2000

// ContactByID returns a contact of a customer, the id of its earliest message
// and the member who has that message. An unknown contact is [fault.NotFound].
func (t Contacts) ContactByID(ctx context.Context, c identity.Customer, id string) (contact.Contact, message.ID, identity.CustomerID, error) {
	none := fault.New(fault.NotFound, "the customer has no such contact")
	var k contact.Contact
	for _, m := range c.Members {
		var err error
		if k, err = t.contactByID(ctx, m, id); err != nil {
			return contact.Contact{}, "", "", err
		}
		if k.ID != "" {
			break
		}
	}
	if k.ID == "" {
		return contact.Contact{}, "", "", none
	}
	ms, err := t.messages().RecentMessages(ctx, c, k.Start)
	if err != nil {
		return contact.Contact{}, "", "", err
	}
	for _, m := range ms {
		if slices.Contains(contact.IDsOf(m.ID), id) {
			return k, m.ID, m.CustomerID, nil
		}
	}
	return contact.Contact{}, "", "", none
}

func (t Contacts) contactByID(ctx context.Context, c identity.CustomerID, id string) (contact.Contact, error) {
	in := keyRange(customerPK(c), contactPrefix, endOf(contactPrefix))
	in.ScanIndexForward = ptr(false)
	var found contact.Contact
	var bad error
	seen := 0
	err := t.query(ctx, in, func(it item) bool {
		seen++
		if isContactSK(text(it, skName), id) {
			found, bad = readContact(it)
			return false
		}
		return seen < maxLookedAt
	})
	return found, firstError(err, bad)
}
