package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// once is the write that proves a named change of a problem, and fails when
// it was made before.
func (t *Table) appliedWrite(p problem.Record) types.TransactWriteItem {
	it := key(problemPK(p.ID), t.appliedSK(p.Once.Key))
	it[attrAppliedDigest] = str(p.Once.Print)
	it[ttlName] = num(p.Once.Expires.Unix())
	return types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: it, ConditionExpression: onlyNew()}}
}

// Made reports whether the named change of a problem was made, read strongly. A
// name that another change was made under is [fault.Conflict].
func (t *Table) AlreadyApplied(ctx context.Context, problemID string, once problem.Once, now time.Time) (bool, error) {
	it, err := t.getItem(ctx, key(problemPK(problemID), t.appliedSK(once.Key)), true)
	if err != nil || it == nil || expired(it, now) {
		return false, err
	}
	if text(it, attrAppliedDigest) != once.Print {
		return false, fault.New(fault.Conflict, "another change was made under this Idempotency-Key")
	}
	return true, nil
}
