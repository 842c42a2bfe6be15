package store

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/schedule"
)

// setDue gives an item an index entry among the due entries. An item has one index
// entry: a waiting contact is in the waiting list instead, and a problem has
// due rows of its own.
func setDue(it item, kind schedule.Kind, at time.Time) {
	it[gsiPK] = str(duePK(shardOf(text(it, pkName) + text(it, skName))))
	it[gsiSK] = str(placeOfDue(at, kind, text(it, pkName)))
}

// dueRow returns a due entry as a separate item in the partition pk. A
// partition has at most one due row of each kind.
func dueRow(pk string, kind schedule.Kind, at time.Time) item {
	it := key(pk, dueSK(kind))
	setDue(it, kind, at)
	return it
}

// Due returns the entries that are due at now, oldest first, at most limit entries after the
// cursor. next is empty at the end. The index is a little behind the table.
func (t Schedule) Due(ctx context.Context, now time.Time, limit int, cursor string) ([]schedule.Entry, string, error) {
	return overShards(limit, dueCursor, func(shard, limit int) ([]schedule.Entry, error) {
		return t.dueInShard(ctx, duePK(shard), timeSK("", now.Add(time.Millisecond)), limit, cursor)
	})
}

// dueCursor returns the cursor after an entry. Rows of one partition at one
// time differ by their sort keys.
func dueCursor(e schedule.Entry) string { return placeOfDue(e.At, e.Kind, e.PK) + "\x00" + e.SK }

func (t Schedule) dueInShard(ctx context.Context, pk, before string, limit int, cursor string) ([]schedule.Entry, error) {
	from, _, _ := strings.Cut(cursor, "\x00")
	var out []schedule.Entry
	err := t.query(ctx, &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    exprf("%s = :pk AND %s BETWEEN :from AND :before", gsiPK, gsiSK),
		ExpressionAttributeValues: item{":pk": str(pk), ":from": str(max(from, "0")), ":before": str(before)},
		Limit:                     ptr(int32(limit)), //nolint:gosec // bounded by the clock
	}, func(it item) bool {
		if e := readDue(it); dueCursor(e) > cursor {
			out = append(out, e)
		}
		return len(out) < limit
	})
	return out, err
}

func readDue(it item) schedule.Entry {
	at, kind := parseDuePlace(text(it, gsiSK))
	pk := text(it, pkName)
	return schedule.Entry{Kind: kind, Of: subjectOf(pk), At: at, PK: pk, SK: text(it, skName)}
}

// ProblemDue returns the due entry of a kind of a problem.
func ProblemDue(problemID string, kind schedule.Kind, at time.Time) schedule.Entry {
	return schedule.Entry{Kind: kind, Of: problemID, At: at, PK: problemPK(problemID), SK: dueSK(kind)}
}

// PutDue writes a due row, or moves it to another time.
func (t Schedule) PutDue(ctx context.Context, e schedule.Entry) error {
	_, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: dueRow(e.PK, e.Kind, e.At)})
	if err != nil {
		return sdkError(err, "write due entry")
	}
	return nil
}

// MoveDue moves a due entry to another time. It does nothing if the entry moved
// since it was read.
func (t Schedule) MoveDue(ctx context.Context, e schedule.Entry, at time.Time) error {
	return t.changeDue(ctx, e, *exprf("SET %s = :to", gsiSK), item{":to": str(placeOfDue(at, e.Kind, e.PK))})
}

// DeleteDue removes a due entry. It does nothing if the entry moved since it
// was read.
func (t Schedule) DeleteDue(ctx context.Context, e schedule.Entry) error {
	if !isDueRow(e.SK) {
		return t.changeDue(ctx, e, *exprf("REMOVE %s, %s", gsiPK, gsiSK), nil)
	}
	_, err := t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: t.name, Key: key(e.PK, e.SK), ConditionExpression: exprf("%s = :at", gsiSK),
		ExpressionAttributeValues: item{":at": str(placeOfDue(e.At, e.Kind, e.PK))},
	})
	return unlessMoved(err)
}

func (t Schedule) changeDue(ctx context.Context, e schedule.Entry, expression string, values item) error {
	if values == nil {
		values = item{}
	}
	values[":at"] = str(placeOfDue(e.At, e.Kind, e.PK))
	_, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: key(e.PK, e.SK), UpdateExpression: &expression,
		ConditionExpression: exprf("%s = :at", gsiSK), ExpressionAttributeValues: values,
	})
	return unlessMoved(err)
}

func unlessMoved(err error) error {
	if err = conditional(err, "change due entry", "the entry moved"); fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// dropDueRow returns the write that deletes the due row of a kind, at any time.
func (t *core) dropDueRow(pk string, kind schedule.Kind) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: t.name, Key: key(pk, dueSK(kind))}}
}
