package store

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// A NamedReply is a stored mail whose Reply-To names another address than its
// sender's.
type NamedReply struct {
	Sender, ReplyTo identity.Alias
}

// NamedReplies scans the table for mails whose Reply-To names another address
// than their sender's, without deleted ones. It examines about most items and
// returns how many; whole is false if the table has more. progress is called
// after each page with the number so far. A scan reads every item, at half a
// read unit for 4 KB.
func (t *Table) NamedReplies(ctx context.Context, most int, progress func(examined int)) (found []NamedReply, examined int, whole bool, err error) {
	in := &dynamodb.ScanInput{
		TableName: t.name,
		FilterExpression: exprf("begins_with(%[1]s, :c) AND ((begins_with(%[2]s, :m) AND attribute_exists(%[3]s)) OR (begins_with(%[2]s, :x) AND attribute_exists(%[4]s)))",
			pkName, skName, attrMessageAliases, attrEffectDeleted),
		ProjectionExpression:      exprf("%s, %s, %s, %s", pkName, skName, attrMessageAlias, attrMessageAliases),
		ExpressionAttributeValues: item{":c": str(customerPrefix), ":m": str(messagePrefix), ":x": str(effectPrefix)},
	}
	mails := map[string]NamedReply{} // by the place of the effects on the mail
	deleted := map[string]bool{}
	for examined < most {
		out, err := t.db.Scan(ctx, in)
		if err != nil {
			return nil, examined, false, sdkError(err, "scan messages")
		}
		for _, it := range out.Items {
			if sk := text(it, skName); strings.HasPrefix(sk, effectPrefix) {
				deleted[text(it, pkName)+sk] = true
				continue
			}
			place, reply, ok, err := namedReply(it)
			if err != nil {
				return nil, examined, false, err
			}
			if ok {
				mails[place] = reply
			}
		}
		examined += int(out.ScannedCount)
		progress(examined)
		if in.ExclusiveStartKey = out.LastEvaluatedKey; out.LastEvaluatedKey == nil {
			whole = true
			break
		}
	}
	for place, reply := range mails {
		if !deleted[place] {
			found = append(found, reply)
		}
	}
	return found, examined, whole, nil
}

// namedReply returns the claimed address of a mail, and the key of its effects.
// ok is false for another item.
func namedReply(it item) (place string, reply NamedReply, ok bool, err error) {
	_, channel, providerKey, err := messageIDOf(text(it, skName)).Parse()
	if err != nil || channel != contact.Email {
		return "", reply, false, nil
	}
	var further []identity.Address
	if err := json.Unmarshal([]byte(text(it, attrMessageAliases)), &further); err != nil {
		return "", reply, false, fault.Wrap(fault.Internal, err, "read message")
	}
	for _, a := range further {
		if a.Kind == identity.Email && a.Assurance == identity.Claimed {
			place = text(it, pkName) + effectSK(channel, providerKey)
			return place, NamedReply{Sender: decodeAlias(text(it, attrMessageAlias)), ReplyTo: a.Alias}, true, nil
		}
	}
	return "", reply, false, nil
}
