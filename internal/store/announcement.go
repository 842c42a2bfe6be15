package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// Announced returns the announced candidates that have not expired,
// and the number ever announced, which [Candidates.Announce] needs. It
// leaves out candidates that cannot be read.
func (t Candidates) Announced(ctx context.Context, now time.Time) (all []problem.AnnouncedCandidate, count int64, err error) {
	in := keyRange(announcedPK, announcedCountSK, endOf(announcedPrefix)) // reads the count first: a later announcement makes it stale
	in.ConsistentRead = ptr(true)
	err = t.query(ctx, in, func(it item) bool {
		if text(it, skName) == announcedCountSK {
			count = number(it, attrAnnouncedCount)
			return true
		}
		if expired(it, now) {
			return true
		}
		c, err := readAnnounced(it)
		if err == nil {
			all = append(all, c)
		} else {
			t.leaveOut(ctx, it, err)
		}
		return true
	})
	return all, count, err
}

// Announce stores a candidate for a department, if none was announced
// since [Candidates.Announced] returned count. Otherwise it is
// [fault.Conflict]: read them again, because this may be one of them. The
// outbox sends the item.
func (t Candidates) Announce(ctx context.Context, c problem.AnnouncedCandidate, count int64) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode candidate")
	}
	it := key(announcedPK, announcedSK(c.ID))
	it[attrJSON] = str(string(data))
	it[ttlName] = num(c.Expires.Unix())
	counted := key(announcedPK, announcedCountSK)
	counted[attrAnnouncedCount] = num(count + 1)
	put := &types.Put{TableName: t.name, Item: counted, ConditionExpression: onlyNew()}
	if count > 0 {
		put.ConditionExpression = exprf("%s = :n", attrAnnouncedCount)
		put.ExpressionAttributeValues = item{":n": num(count)}
	}
	return t.transact(ctx, []types.TransactWriteItem{
		{Put: put}, {Put: &types.Put{TableName: t.name, Item: it, ConditionExpression: onlyNew()}},
	}, "another candidate was announced; read the announced candidates again")
}

func readAnnounced(it item) (problem.AnnouncedCandidate, error) {
	var c problem.AnnouncedCandidate
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &c); err != nil {
		return c, fault.Wrap(fault.Internal, err, "read candidate")
	}
	c.Expires = time.Unix(number(it, ttlName), 0).UTC()
	return c, nil
}
