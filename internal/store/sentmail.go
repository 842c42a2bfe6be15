package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

const (
	// keptSent is how long an answer or a report can name a mail of ours.
	keptSent = 400 * 24 * time.Hour
	// keptAddress is how long a mark on an address counts: people get new
	// mailboxes under old addresses.
	keptAddress = 180 * 24 * time.Hour
)

// AcquireSendLease reports whether the caller is to send a message now. Only
// one caller gets the lease until it ends, and none once the message was sent
// or has failed.
func (t Messages) AcquireSendLease(ctx context.Context, m message.Message, now time.Time, lease time.Duration) (message.SendTurn, error) {
	k := key(customerPK(m.CustomerID), effectSK(m.Channel, message.ProviderKey(m.ProviderID)))
	lost, err := t.customers().update(ctx, &dynamodb.UpdateItemInput{
		Key:                       k,
		UpdateExpression:          exprf("SET %s = :until", attrEffectLease),
		ConditionExpression:       exprf("attribute_not_exists(#s) AND attribute_not_exists(#f) AND (attribute_not_exists(%[1]s) OR %[1]s < :now)", attrEffectLease),
		ExpressionAttributeNames:  map[string]string{"#s": attrEffectStatusPrefix + "sent", "#f": attrEffectStatusPrefix + "failed"},
		ExpressionAttributeValues: item{":until": millis(now.Add(lease)), ":now": millis(now)},
	})
	if err != nil || !lost {
		return message.Mine, err
	}
	it, err := t.getItem(ctx, k, true)
	if err != nil {
		return "", err
	}
	if s := readState(it); s.Status != "" {
		return message.Over, nil
	}
	return message.Busy, nil
}

// ReleaseSendLease ends a lease without a result, so that the next try need not
// wait.
func (t Messages) ReleaseSendLease(ctx context.Context, m message.Message) error {
	_, err := t.customers().update(ctx, &dynamodb.UpdateItemInput{
		Key:              key(customerPK(m.CustomerID), effectSK(m.Channel, message.ProviderKey(m.ProviderID))),
		UpdateExpression: exprf("REMOVE %s", attrEffectLease),
	})
	return err
}

// PutSent stores a sent mail under one of its Message-IDs. It can be repeated.
func (t Messages) PutSent(ctx context.Context, mailID string, s message.SentMail) error {
	it := key(t.sentPK(mailID), sentSK)
	it[attrSentCustomer] = str(string(s.Customer))
	it[attrSentMessage] = str(string(s.Message))
	it[attrSentProvider] = str(s.ProviderID)
	it[attrSentMailID] = str(s.MailID)
	it[attrSentAlias] = str(encodeAlias(s.To))
	it[attrSentAt] = millis(s.At)
	it[ttlName] = num(s.At.Add(keptSent).Unix())
	_, err := t.putNew(ctx, it)
	return err
}

// SentMails returns the sent mails of Message-IDs, by the id as given. Unknown
// ids are missing. It reads at most 100.
func (t Messages) SentMails(ctx context.Context, mailIDs []string) (map[string]message.SentMail, error) {
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
	found := map[string]message.SentMail{}
	for _, it := range items {
		found[names[text(it, pkName)]] = message.SentMail{
			Customer: identity.CustomerID(text(it, attrSentCustomer)), Message: message.ID(text(it, attrSentMessage)), ProviderID: text(it, attrSentProvider), MailID: text(it, attrSentMailID),
			To: decodeAlias(text(it, attrSentAlias)), At: moment(it, attrSentAt),
		}
	}
	return found, nil
}

// AllowAutomatic reports whether one more automatic mail may go to an address
// on the day of at. A mail counts once, even if it is asked for again.
func (t Messages) AllowAutomatic(ctx context.Context, to identity.Alias, at time.Time, m message.ID, most int) (bool, error) {
	lost, err := t.customers().update(ctx, &dynamodb.UpdateItemInput{
		Key:                      key(t.addressPK(to), automaticSK(at)),
		UpdateExpression:         exprf("ADD %s :set SET #e = :e", attrAutomaticIDs),
		ConditionExpression:      exprf("attribute_not_exists(%[1]s) OR size(%[1]s) < :most OR contains(%[1]s, :id)", attrAutomaticIDs),
		ExpressionAttributeNames: map[string]string{"#e": ttlName},
		ExpressionAttributeValues: item{
			":set": &types.AttributeValueMemberSS{Value: []string{t.pepper.Hash("message", string(m))}}, ":id": str(t.pepper.Hash("message", string(m))),
			":most": num(most), ":e": num(at.Add(48 * time.Hour).Unix()),
		},
	})
	return err == nil && !lost, err
}

// MarkAddress records that mail to an address bounced or is not wanted. The
// latest mark counts.
func (t Messages) MarkAddress(ctx context.Context, a identity.Alias, m message.AddressMark) error {
	_, err := t.customers().update(ctx, &dynamodb.UpdateItemInput{
		Key:                      key(t.addressPK(a), addressSK),
		UpdateExpression:         exprf("SET %s = :k, %s = :c, #t = :t, #e = :e", attrMarkKind, attrMarkCode),
		ConditionExpression:      aws.String("attribute_not_exists(#t) OR #t < :t"),
		ExpressionAttributeNames: map[string]string{"#t": attrMarkAt, "#e": ttlName},
		ExpressionAttributeValues: item{
			":k": str(m.Kind), ":c": str(message.Cut(m.Code, 100)), ":t": millis(m.At), ":e": num(m.At.Add(keptAddress).Unix()),
		},
	})
	return err
}

// AddressMark returns the mark on an address, if there is one.
func (t Messages) AddressMark(ctx context.Context, a identity.Alias, now time.Time) (message.AddressMark, bool, error) {
	it, err := t.getItem(ctx, key(t.addressPK(a), addressSK), false)
	if err != nil || it == nil || expired(it, now) {
		return message.AddressMark{}, false, err
	}
	return message.AddressMark{Kind: text(it, attrMarkKind), Code: text(it, attrMarkCode), At: moment(it, attrMarkAt)}, true, nil
}
