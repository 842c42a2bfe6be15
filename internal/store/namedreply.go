package store

import (
	"context"
	"encoding/json"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A NamedReply is one stored mail of a sender who may not be one person. Its
// Reply-To names another address than its sender's, or its sender is one of our
// own mailboxes.
type NamedReply struct {
	Sender     identity.Alias
	ReplyTo    identity.Alias // zero if only OwnMailbox is true
	OwnMailbox bool           // the sender is the mailbox that the mail came to, or an address of our mail domain
}

// NamedReplies scans the table for received mails, without deleted ones, whose
// Reply-To names another address than their sender's. Mails of machines, such
// as absence notices and newsletters, are left out. It also returns every mail
// from one of our own mailboxes. domain is our mail domain, and may be empty.
//
// It examines at most the given number of items, and returns how many it
// examined. whole is false if the table may have more. progress is called after
// each page that has items, with the number so far.
//
// No index lists these mails: the scan reads every item, at half a read unit
// for 4 KB.
func (t Messages) NamedReplies(ctx context.Context, domain string, most int, progress func(examined int)) (found []NamedReply, examined int, whole bool, err error) {
	domain = strings.ToLower(domain)
	fromDomain := "@" + domain
	if domain == "" {
		fromDomain = "\x00" // in no address
	}
	in := &dynamodb.ScanInput{
		TableName: t.name,
		FilterExpression: exprf("begins_with(%[1]s, :c) AND ((begins_with(%[2]s, :m) AND attribute_not_exists(%[5]s) AND (attribute_exists(%[3]s) OR contains(%[6]s, %[7]s) OR contains(%[6]s, :d))) OR (begins_with(%[2]s, :x) AND attribute_exists(%[4]s)))",
			pkName, skName, attrMessageAliases, attrEffectDeleted, attrMessageDirection, attrMessageAlias, attrMessageAccount),
		ProjectionExpression: exprf("%s, %s, %s, %s, %s, %s, %s", pkName, skName, attrMessageAlias, attrMessageAliases, attrMessageAccount, attrMessagePassive, attrMessageRest),
		ExpressionAttributeValues: item{
			":c": str(customerPrefix), ":m": str(messagePrefix), ":x": str(effectPrefix), ":d": str(fromDomain),
		},
	}
	mails := map[string]NamedReply{} // by the place of the effects on the mail
	deleted := map[string]bool{}
	for examined < most {
		in.Limit = aws.Int32(int32(min(most-examined, math.MaxInt32))) //nolint:gosec // it fits
		out, err := t.db.Scan(ctx, in)
		if err != nil {
			return nil, examined, false, sdkError(err, "scan messages")
		}
		for _, it := range out.Items {
			if sk := text(it, skName); strings.HasPrefix(sk, effectPrefix) {
				deleted[text(it, pkName)+sk] = true
				continue
			}
			place, reply, ok, err := namedReply(it, domain)
			if err != nil {
				return nil, examined, false, err
			}
			if ok {
				mails[place] = reply
			}
		}
		examined += int(out.ScannedCount)
		if out.ScannedCount > 0 { // the last page may be empty
			progress(examined)
		}
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

// namedReply reads the item of a mail. It returns the key prefix of the effects
// on that mail. ok is false if the item is not a mail that NamedReplies returns.
func namedReply(it item, domain string) (place string, reply NamedReply, ok bool, err error) {
	_, channel, providerKey, err := messageIDOf(text(it, skName)).Parse()
	if err != nil || channel != message.Email {
		return "", reply, false, nil
	}
	place = text(it, pkName) + effectSK(channel, providerKey)
	reply.Sender = decodeAlias(text(it, attrMessageAlias))
	reply.OwnMailbox = isMailbox(reply.Sender, text(it, attrMessageAccount), domain)
	machine, err := isMachineMail(it)
	if err != nil || machine || it[attrMessageAliases] == nil {
		return place, reply, reply.OwnMailbox, err
	}
	var further []identity.Address
	if err := json.Unmarshal([]byte(text(it, attrMessageAliases)), &further); err != nil {
		return "", reply, false, fault.Wrap(fault.Internal, err, "read message")
	}
	for _, a := range further {
		if a.Kind == identity.Email && a.Assurance == identity.Claimed {
			reply.ReplyTo = a.Alias
			return place, reply, true, nil
		}
	}
	return place, reply, reply.OwnMailbox, nil
}

// isMailbox reports whether a sender is one of our own mailboxes: the one that
// received the mail, with or without a tag, or any address of our mail domain.
func isMailbox(sender identity.Alias, mailbox, domain string) bool {
	at := strings.LastIndexByte(sender.Value, '@')
	if sender.Kind != identity.Email || sender.Scope != "" || at < 0 {
		return false
	}
	local, _, _ := strings.Cut(sender.Value[:at], "+")
	return local+sender.Value[at:] == mailbox || sender.Value == mailbox || (domain != "" && sender.Value[at+1:] == domain)
}

// isMachineMail reports whether a machine wrote a mail.
func isMachineMail(it item) (bool, error) {
	if it[attrMessagePassive] != nil {
		return true, nil
	}
	var rest messageRest
	if j := text(it, attrMessageRest); j != "" {
		if err := json.Unmarshal([]byte(j), &rest); err != nil {
			return false, fault.Wrap(fault.Internal, err, "read message")
		}
	}
	return rest.Automated != "", nil
}
