package store

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Identify returns the customer of a message with these addresses. It is the
// same at each delivery, also after a merge. It joins other owners of the
// verified addresses where the evidence allows it. When a platform says that a
// person changed the number, the old number ends and the new one begins.
func (t Customers) Identify(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (identity.CustomerID, error) {
	r, err := t.ResolveAliases(ctx, addresses, ev)
	if err != nil {
		return "", err
	}
	if isNumberChange(addresses, ev) {
		return r.Customer, t.changeNumber(ctx, addresses[0], addresses[1], r.Owner, ev)
	}
	for _, other := range r.Others {
		if _, err := t.JoinByEvidence(ctx, r.Owner, other, ev); err != nil {
			return "", err
		}
	}
	return r.Customer, nil
}

// keptNotices is how long notices of platforms are stored.
const keptNotices = 90 * 24 * time.Hour

// PutNotice stores a report of a platform for operators for 90 days, and
// reports whether it was new.
func (t Messages) PutNotice(ctx context.Context, n message.Notice) (created bool, err error) {
	it := key(noticePK(n), noticeSK(n))
	it[attrNoticeKind] = str(n.Kind)
	it[ttlName] = num(time.Now().Add(keptNotices).Unix())
	if len(n.Data) > 0 {
		it[attrNoticeData] = str(message.Cut(string(n.Data), message.MaxRaw))
	}
	if n.Customer != nil {
		it[attrNoticeAlias] = str(t.aliasKey(*n.Customer))
	}
	taken, err := t.putNew(ctx, it)
	return err == nil && taken == nil, err
}

// PutQuarantined stores a delivery in quarantine. A second delivery of the same
// body changes nothing.
func (t Messages) PutQuarantined(ctx context.Context, c message.QuarantinedDelivery) error {
	it := key(quarantinePK(c.Hash), c.Hash)
	it[attrQuarantineChannel] = str(string(c.Channel))
	it[attrQuarantineAt] = millis(c.At)
	it[attrQuarantineObject] = str(c.Object)
	it[attrQuarantineReasons] = str(message.Cut(strings.Join(c.Reasons, "\n"), message.MaxRaw))
	_, err := t.putNew(ctx, it)
	return err
}

// Quarantined returns the deliveries in quarantine.
func (t Messages) Quarantined(ctx context.Context) ([]message.QuarantinedDelivery, error) {
	var out []message.QuarantinedDelivery
	for shard := range shards {
		err := t.query(ctx, &dynamodb.QueryInput{
			KeyConditionExpression:    exprf("%s = :pk", pkName),
			ExpressionAttributeValues: map[string]types.AttributeValue{":pk": str(quarantineShardPK(shard))},
		}, func(it item) bool {
			out = append(out, message.QuarantinedDelivery{
				Hash: text(it, skName), Channel: message.Channel(text(it, attrQuarantineChannel)), At: moment(it, attrQuarantineAt),
				Object: text(it, attrQuarantineObject), Reasons: strings.Split(text(it, attrQuarantineReasons), "\n"),
			})
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CloseQuarantined removes a delivery from quarantine after its replay.
func (t Messages) CloseQuarantined(ctx context.Context, hash string) error {
	_, err := t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: t.name, Key: key(quarantinePK(hash), hash)})
	return conditional(err, "delete quarantined delivery", "the case changed")
}
