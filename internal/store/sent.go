package store

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

const (
	sentSK    = "E"
	addressSK = "B"

	// keptSent is how long an answer or a report can name a mail of ours.
	keptSent = 400 * 24 * time.Hour
	// keptAddress is how long a mark on an address counts: people get new
	// mailboxes under old addresses.
	keptAddress = 180 * 24 * time.Hour
)

// sentPK is the key of a Message-ID, which is compared in any case: tokens lose
// theirs on the way.
func (t *Table) sentPK(mailID string) string {
	return "E#" + t.pepper.Hash("mail", strings.ToLower(mailID))
}

func (t *Table) addressPK(a identity.Alias) string { return "B#" + t.pepper.Hash("address", a.Key()) }

// TakeTurn reports whether the caller is to send a message now: one caller at a
// time is told so, until the lease is over, and nobody once it was sent or has
// failed.
func (t *Table) TakeTurn(ctx context.Context, m contact.Message, now time.Time, lease time.Duration) (contact.SendTurn, error) {
	k := key(customerPK(m.CustomerID), effectSK(m.Channel, contact.ProviderKey(m.ProviderID)))
	lost, err := t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                       k,
		UpdateExpression:          aws.String("SET tu = :until"),
		ConditionExpression:       aws.String("attribute_not_exists(#s) AND attribute_not_exists(#f) AND (attribute_not_exists(tu) OR tu < :now)"),
		ExpressionAttributeNames:  map[string]string{"#s": statusPrefix + "sent", "#f": statusPrefix + "failed"},
		ExpressionAttributeValues: item{":until": millis(now.Add(lease)), ":now": millis(now)},
	})
	if err != nil || !lost {
		return contact.Mine, err
	}
	it, err := t.get(ctx, k, true)
	if err != nil {
		return "", err
	}
	if s := readState(it); s.Status != "" {
		return contact.Over, nil
	}
	return contact.Busy, nil
}

// GiveTurn ends a turn of which nothing came, so that the next try need not
// wait for the end of the lease.
func (t *Table) GiveTurn(ctx context.Context, m contact.Message) error {
	_, err := t.update(ctx, &dynamodb.UpdateItemInput{
		Key:              key(customerPK(m.CustomerID), effectSK(m.Channel, contact.ProviderKey(m.ProviderID))),
		UpdateExpression: aws.String("REMOVE tu"),
	})
	return err
}

// PutSent remembers a mail of ours by one of its Message-IDs. It can be
// repeated.
func (t *Table) PutSent(ctx context.Context, mailID string, s contact.SentMail) error {
	it := key(t.sentPK(mailID), sentSK)
	it["cu"] = str(string(s.Customer))
	it["m"] = str(string(s.Message))
	it["p"] = str(s.ProviderID)
	it["mi"] = str(s.MailID)
	it["c"] = str(encodeAlias(s.To))
	it["t"] = millis(s.At)
	it[ttlName] = num(s.At.Add(keptSent).Unix())
	_, err := t.putNew(ctx, it)
	return err
}

// SentMails returns the mails of ours that Message-IDs name, by the id as it
// was given; others are left out. At most 100 are asked for.
func (t *Table) SentMails(ctx context.Context, mailIDs []string) (map[string]contact.SentMail, error) {
	if len(mailIDs) == 0 {
		return nil, nil
	}
	names := map[string]string{} // key -> id
	var keys []item
	for _, id := range mailIDs {
		if pk := t.sentPK(id); names[pk] == "" {
			names[pk] = id
			keys = append(keys, key(pk, sentSK))
		}
	}
	items, err := t.batchGet(ctx, keys[:min(len(keys), 100)], false)
	if err != nil {
		return nil, err
	}
	found := map[string]contact.SentMail{}
	for _, it := range items {
		found[names[text(it, pkName)]] = contact.SentMail{
			Customer: identity.CustomerID(text(it, "cu")), Message: contact.ID(text(it, "m")), ProviderID: text(it, "p"), MailID: text(it, "mi"),
			To: decodeAlias(text(it, "c")), At: moment(it, "t"),
		}
	}
	return found, nil
}

// AllowAutomatic reports whether one more automatic mail may go to an address
// on the day of at. A mail counts once, however often it is asked for.
func (t *Table) AllowAutomatic(ctx context.Context, to identity.Alias, at time.Time, m contact.ID, most int) (bool, error) {
	lost, err := t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                      key(t.addressPK(to), at.UTC().Format(time.DateOnly)),
		UpdateExpression:         aws.String("ADD ids :set SET #e = :e"),
		ConditionExpression:      aws.String("attribute_not_exists(ids) OR size(ids) < :most OR contains(ids, :id)"),
		ExpressionAttributeNames: map[string]string{"#e": ttlName},
		ExpressionAttributeValues: item{
			":set": &types.AttributeValueMemberSS{Value: []string{t.pepper.Hash("message", string(m))}}, ":id": str(t.pepper.Hash("message", string(m))),
			":most": num(most), ":e": num(at.Add(48 * time.Hour).Unix()),
		},
	})
	return err == nil && !lost, err
}

// MarkAddress remembers that mail to an address came back, or is not wanted.
// The latest counts.
func (t *Table) MarkAddress(ctx context.Context, a identity.Alias, m contact.AddressMark) error {
	_, err := t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                      key(t.addressPK(a), addressSK),
		UpdateExpression:         aws.String("SET k = :k, co = :c, #t = :t, #e = :e"),
		ConditionExpression:      aws.String("attribute_not_exists(#t) OR #t < :t"),
		ExpressionAttributeNames: map[string]string{"#t": "t", "#e": ttlName},
		ExpressionAttributeValues: item{
			":k": str(m.Kind), ":c": str(contact.Cut(m.Code, 100)), ":t": millis(m.At), ":e": num(m.At.Add(keptAddress).Unix()),
		},
	})
	return err
}

// Marked returns the mark on an address, if there is one.
func (t *Table) Marked(ctx context.Context, a identity.Alias, now time.Time) (contact.AddressMark, bool, error) {
	it, err := t.get(ctx, key(t.addressPK(a), addressSK), false)
	if err != nil || it == nil || expired(it, now) {
		return contact.AddressMark{}, false, err
	}
	return contact.AddressMark{Kind: text(it, "k"), Code: text(it, "co"), At: moment(it, "t")}, true, nil
}
