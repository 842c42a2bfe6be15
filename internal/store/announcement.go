package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// Told returns the candidates that a department was told of and that have not
// expired, and how many ever were, which [Table.AnnounceCandidate] asks for.
func (t *Table) AnnouncedCandidates(ctx context.Context, now time.Time) (all []problem.Told, count int64, err error) {
	in := keyRange(announcedPK, announcedCountSK, endOf(announcedPrefix)) // the count first: who is told meanwhile makes it old
	in.ConsistentRead = ptr(true)
	var bad error
	err = t.query(ctx, in, func(it item) bool {
		if text(it, skName) == announcedCountSK {
			count = number(it, attrAnnouncedCount)
			return true
		}
		var c problem.Told
		if c, bad = readAnnounced(it); bad == nil && !expired(it, now) {
			all = append(all, c)
		}
		return bad == nil
	})
	return all, count, firstError(err, bad)
}

// Tell keeps a candidate that a department is told of, if nobody was told of
// any since [Table.AnnouncedCandidates] counted: else it is [fault.Conflict], and this may be
// one of those. The stream brings the row to the outbox.
func (t *Table) AnnounceCandidate(ctx context.Context, c problem.Told, count int64) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode candidate")
	}
	it := key(announcedPK, announcedSK(c.ID))
	it[attrJSON], it[ttlName] = str(string(data)), num(c.Expires.Unix())
	counted := key(announcedPK, announcedCountSK)
	counted[attrAnnouncedCount] = num(count + 1)
	put := &types.Put{TableName: t.name, Item: counted, ConditionExpression: onlyNew()}
	if count > 0 {
		put.ConditionExpression, put.ExpressionAttributeValues = exprf("%s = :n", attrAnnouncedCount), item{":n": num(count)}
	}
	return t.transact(ctx, []types.TransactWriteItem{
		{Put: put}, {Put: &types.Put{TableName: t.name, Item: it, ConditionExpression: onlyNew()}},
	}, "somebody was told meanwhile")
}

func readAnnounced(it item) (problem.Told, error) {
	var c problem.Told
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &c); err != nil {
		return c, fault.Wrap(fault.Internal, err, "read candidate")
	}
	c.Expires = time.Unix(number(it, ttlName), 0).UTC()
	return c, nil
}
