package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// appliedWrite returns the write that fails if the change with this
// Idempotency-Key was applied before.
func (t Problems) appliedWrite(p problem.Record) types.TransactWriteItem {
	it := key(problemPK(p.ID), t.appliedSK(p.Once.Key))
	it[attrAppliedDigest] = str(p.Once.Print)
	it[ttlName] = num(p.Once.Expires.Unix())
	return types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: it, ConditionExpression: onlyNew()}}
}

// AlreadyApplied reports whether the change with an Idempotency-Key was
// applied, read consistently. It is [fault.Conflict] if another change used the
// key.
func (t Problems) AlreadyApplied(ctx context.Context, problemID string, once problem.IdempotencyKey, now time.Time) (bool, error) {
	it, err := t.getItem(ctx, key(problemPK(problemID), t.appliedSK(once.Key)), true)
	if err != nil || it == nil || expired(it, now) {
		return false, err
	}
	if text(it, attrAppliedDigest) != once.Print {
		return false, fault.New(fault.Conflict, "another change was made under this Idempotency-Key")
	}
	return true, nil
}
