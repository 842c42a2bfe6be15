// Package store keeps everything Heard knows in one DynamoDB table: aliases,
// customers, messages, effects, contacts and problems. The keys and what lies
// under each stand in keys.go.
//
// Every write can be repeated: it is conditional on what it found, or its key
// is made from what it writes. Nothing here is ordered by our clock.
//
// Errors: [fault.NotFound] for what is not there, [fault.Conflict] for what
// changed underneath the caller, [fault.Unavailable] for a table that does
// not answer or throttles; those may be repeated.
package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/heard-intake/heard/internal/fault"
)

// A Table is the table, and what is needed to make its keys.
type Table struct {
	Now func() time.Time // notes when something was written; no key is made from it

	db     *dynamodb.Client
	name   *string
	pepper Pepper
}

// New returns the table of that name. Its pepper is what [Table.CheckPepper]
// has seen before.
func New(db *dynamodb.Client, name string, pepper Pepper) *Table {
	return &Table{Now: time.Now, db: db, name: &name, pepper: pepper}
}

// Hash returns the keyed hash of a value, for use where the value itself may
// not stand: logs, S3 keys, queue groups.
func (t *Table) Hash(parts ...string) string { return t.pepper.Hash(parts...) }

// Seal is [Pepper.Seal] with the table's pepper.
func (t *Table) Seal(scope, plain string) string { return t.pepper.Seal(scope, plain) }

// Open is [Pepper.Open] with the table's pepper.
func (t *Table) Open(scope, sealed string) (plain string, ok bool) {
	return t.pepper.Open(scope, sealed)
}

// CheckPepper reports an error when the table was filled under another
// pepper. The first call on an empty table fixes the pepper. It costs one
// read, and opens the connection to the table.
func (t *Table) CheckPepper(ctx context.Context) error {
	if len(t.pepper) < 16 {
		return fault.New(fault.Internal, "the pepper has fewer than 16 bytes")
	}
	want := t.pepper.Fingerprint()
	k := key(pepperPK, pepperSK)
	found, err := t.getItem(ctx, k, false)
	if err == nil && found == nil {
		k[attrPepperFingerprint] = str(want)
		var lost item
		lost, err = t.putNew(ctx, k)
		found = lost
		if err == nil && lost == nil {
			return nil
		}
	}
	if err != nil {
		return err
	}
	if got := text(found, attrPepperFingerprint); got != want {
		return fault.New(fault.Internal, "the table was filled under another pepper; a change of pepper needs an offline re-hash")
	}
	return nil
}

// item is one item of the table.
type item = map[string]types.AttributeValue

func key(pk, sk string) item { return item{pkName: str(pk), skName: str(sk)} }

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func num[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

func millis(t time.Time) types.AttributeValue { return num(t.UnixMilli()) }

func text(it item, name string) string {
	if s, ok := it[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func number(it item, name string) int64 {
	n, ok := it[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0
	}
	return v
}

func moment(it item, name string) time.Time {
	ms := number(it, name)
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// setOf returns a set, of which DynamoDB takes each member once only.
func setOf(members []string) types.AttributeValue {
	return &types.AttributeValueMemberSS{Value: slices.Compact(slices.Sorted(slices.Values(members)))}
}

func set(it item, name string) []string {
	switch v := it[name].(type) {
	case *types.AttributeValueMemberSS:
		return v.Value
	default:
		return nil
	}
}

// get reads one item, nil when it is not there.
func (t *Table) getItem(ctx context.Context, k item, consistent bool) (item, error) {
	out, err := t.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: t.name, Key: k, ConsistentRead: &consistent})
	if err != nil {
		return nil, sdkError(err, "read item")
	}
	return out.Item, nil
}

// putNew writes an item unless its key is taken; then it returns the item
// that has it. It can be repeated.
func (t *Table) putNew(ctx context.Context, it item) (taken item, err error) {
	_, err = t.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           t.name,
		Item:                                it,
		ConditionExpression:                 onlyNew(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if lost, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return lost.Item, nil
	}
	if err != nil {
		return nil, sdkError(err, "write item")
	}
	return nil, nil
}

// batchGet reads up to 100 items by key, in no order, leaving out what is not
// there.
func (t *Table) batchGet(ctx context.Context, keys []item, consistent bool) ([]item, error) {
	var items []item
	want := map[string]types.KeysAndAttributes{*t.name: {Keys: keys, ConsistentRead: &consistent}}
	for try := 0; len(want) > 0; try++ {
		if try == 5 {
			return nil, fault.New(fault.Unavailable, "the table throttles reads")
		}
		out, err := t.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: want})
		if err != nil {
			return nil, sdkError(err, "read items")
		}
		items = append(items, out.Responses[*t.name]...)
		want = out.UnprocessedKeys
	}
	return items, nil
}

// query reads every item that in selects, page by page, until each returns
// false.
func (t *Table) query(ctx context.Context, in *dynamodb.QueryInput, each func(item) bool) error {
	in.TableName = t.name
	for {
		out, err := t.db.Query(ctx, in)
		if err != nil {
			return sdkError(err, "query")
		}
		for _, it := range out.Items {
			if !each(it) {
				return nil
			}
		}
		if out.LastEvaluatedKey == nil {
			return nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// exprf returns an expression of DynamoDB with attribute names filled in.
func exprf(format string, names ...any) *string { return aws.String(fmt.Sprintf(format, names...)) }

// onlyNew is the condition that no item has the key of the write.
func onlyNew() *string { return exprf("attribute_not_exists(%s)", pkName) }

// between selects the items of one partition whose sort key lies in
// [from, to].
func keyRange(pk, from, to string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		KeyConditionExpression:    exprf("%s = :pk AND %s BETWEEN :from AND :to", pkName, skName),
		ExpressionAttributeValues: item{":pk": str(pk), ":from": str(from), ":to": str(to)},
	}
}

// failed gives an SDK error its kind. What it says of an item is left out: it
// may be a customer's. A refusal that concerns the item stays when the call is
// repeated; one that concerns the table, as a missing permission, is mended.
func sdkError(err error, doing string) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, err, "%s", doing)
	}
	if v, ok := errors.AsType[smithy.APIError](err); ok {
		switch v.ErrorCode() {
		case "ValidationException", "ItemCollectionSizeLimitExceededException":
			return fault.Wrap(fault.Internal, errors.New(v.ErrorCode()), "%s", doing)
		}
		return fault.Wrap(fault.Unavailable, errors.New(v.ErrorCode()), "%s", doing)
	}
	return fault.Wrap(fault.Unavailable, err, "%s", doing)
}

// cancelled reports whether a transaction was cancelled because of a
// condition or a conflict.
func cancelled(err error) bool {
	_, ok := errors.AsType[*types.TransactionCanceledException](err)
	return ok
}

// expired reports whether an item's time to live is over: DynamoDB deletes it
// within days, readers leave it out at once.
func expired(it item, now time.Time) bool {
	at := number(it, ttlName)
	return at != 0 && at <= now.Unix()
}

// parseMillis reads a time in milliseconds.
func parseMillis(s string) time.Time {
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// overShards reads every shard of a list at once, and returns the first limit
// entries of all by their places, and the place of the last when there are
// more. Read is asked for one more than limit, to know that.
func overShards[T any](limit int, place func(T) string, read func(shard, limit int) ([]T, error)) ([]T, string, error) {
	var parts [shards][]T
	var errs [shards]error
	var wg sync.WaitGroup
	for shard := range shards {
		wg.Go(func() { parts[shard], errs[shard] = read(shard, limit+1) })
	}
	wg.Wait()
	if err := firstError(errs[:]...); err != nil {
		return nil, "", err
	}
	all := slices.Concat(parts[:]...)
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(place(a), place(b)) })
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], place(all[limit-1]), nil
}
