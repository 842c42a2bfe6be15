// Package store reads and writes Heard's one DynamoDB table.
//
// # Items
//
// The table holds customers with their aliases, messages, effects and contacts;
// problems with the customers they affect; the causes under which they are
// counted; and small items such as sent mails and quarantined deliveries.
// keys.go documents the key of every kind of item, and attributes.go every
// attribute. A reader of the table's stream uses [DecodeChange].
//
// A customer whose WhatsApp question got an answer that failed has this
// partition, C#0195...:
//
//	K#1772442000000#k1                contact, waiting or answered
//	M#1772442000000#whatsapp#wamid.A  the question
//	M#1772442600000#whatsapp#wamid.B  our answer
//	M~whatsapp#wamid.B                effect mark: the answer may have failed
//	P                                 profile
//	X#whatsapp#wamid.B                effect: sent, then failed
//
// The order of the prefixes matters. One query from J# to K~ reads the latest
// identity change, the contacts, the corrections and the decisions; one from M# to
// M~ reads the messages and the effect marks.
//
// # A message is stored once
//
// The key of a message is made of its customer, time, channel and provider id,
// never of our clock. [Messages.Put] writes it on condition that the key does
// not exist, so a redelivery finds the same key. It also finds the same customer:
// the owner of an alias at a time never changes, and a merge moves no data.
//
// # Races
//
// Every write can be repeated. It is conditional on the item that was read, or
// its key is made from its value.
//
// Two first messages name the same two aliases
// (TestIdentify_FirstMessagesRace, TestIdentify_PartialAliasesRace):
//
//  1. Both read the aliases and find none.
//  2. Both write all aliases in one transaction, each for a new customer.
//  3. One transaction wins. The other is cancelled, reads again consistently,
//     and finds the customer of the first.
//
// A failure arrives before the message that failed
// (TestHandle_LostAnswersInAnyOrder in package triage):
//
//  1. PutEffect writes the effect mark.
//  2. It looks for the message, and finds none.
//  3. It writes the effect with the time from which triage must examine.
//  4. The message arrives. RecentMessages reads the mark with it, and then the
//     effect, consistently.
//
// Two agents claim a customer (TestClaim_Concurrent in package agentapi):
//
//  1. Both read the claim at version 3.
//  2. Both write version 4 on condition that the version is 3.
//  3. One is [fault.Conflict], and decides again from the new claim.
//
// # Errors
//
// An error names the operation and the kind of item, never the item.
// [fault.NotFound] means that an item does not exist, [fault.Conflict] that it
// changed since it was read, [fault.Unavailable] that the table does not answer
// or throttles. A call that is Unavailable may be repeated.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	"github.com/heard-intake/heard/internal/lambdabatch"
)

// A Table reads and writes the items of one DynamoDB table. Each of its fields has
// the reads and writes of one kind of thing; all of them use the same table.
type Table struct {
	*core

	Customers  Customers
	Messages   Messages
	Contacts   Contacts
	Problems   Problems
	Causes     Causes
	Candidates Candidates
	Schedule   Schedule
}

// Customers has the customers with their aliases, links, merges and consents.
type Customers struct{ *core }

// Messages has the messages of customers with their effects: states, reactions,
// edits and deletions. It also has the deliveries in quarantine.
type Messages struct{ *core }

// Contacts has the contacts of customers with their claims, corrections, decisions and waits.
type Contacts struct{ *core }

// Problems has the problems with the customers that they affect.
type Problems struct{ *core }

// Causes has the windows of causes: recent occurrences, and levels by hour.
type Causes struct{ *core }

// Candidates has the words of contacts without a known reason, and the candidates
// that were announced.
type Candidates struct{ *core }

// Schedule has the entries and events that become due at a time.
type Schedule struct{ *core }

// A core holds the state that all parts of a [Table] share.
type core struct {
	Now   func() time.Time // notes when something was written; no key is made from it
	Meter Meter            // counts items that lists leave out; may be nil

	db     *dynamodb.Client
	name   *string
	pepper Pepper
}

func (t *core) customers() Customers { return Customers{t} }
func (t *core) messages() Messages   { return Messages{t} }

// Meter counts events. [telemetry.Meter] implements it.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// New returns the table with a name. Call [Table.CheckPepper] once before the
// first use.
func New(db *dynamodb.Client, name string, pepper Pepper) *Table {
	c := &core{Now: time.Now, db: db, name: &name, pepper: pepper}
	return &Table{
		core: c, Customers: Customers{c}, Messages: Messages{c}, Contacts: Contacts{c},
		Problems: Problems{c}, Causes: Causes{c}, Candidates: Candidates{c}, Schedule: Schedule{c},
	}
}

// Hash returns the keyed hash of parts. Logs, S3 keys and queue groups use it
// in place of the value.
func (t *core) Hash(parts ...string) string { return t.pepper.Hash(parts...) }

// Seal is [Pepper.Seal] with the table's pepper.
func (t *core) Seal(scope, plain string) string { return t.pepper.Seal(scope, plain) }

// Open is [Pepper.Open] with the table's pepper.
func (t *core) Open(scope, sealed string) (plain string, ok bool) {
	return t.pepper.Open(scope, sealed)
}

// CheckPepper reports an error when the table was filled under another
// pepper. The first call on an empty table fixes the pepper. It costs one
// read, and opens the connection to the table.
func (t *core) CheckPepper(ctx context.Context) error {
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
		return fault.New(fault.Internal, "the table was filled with another pepper; restore that pepper, or re-hash the table offline")
	}
	return nil
}

// leaveOut reports whether a list leaves out an item because err occurred when
// the item was read, so that one item does not hide all others. An unreadable
// item is logged under the hash of its key, and counted. An item that was
// deleted after its index entry was read is left out, too. Any other error must
// fail the list.
func (t *core) leaveOut(ctx context.Context, k item, err error) bool {
	if !lambdabatch.IsPermanent(err) {
		return false
	}
	if fault.Is(err, fault.NotFound) {
		return true
	}
	slog.ErrorContext(ctx, "unreadable item left out of a list", "what", kindName(k),
		"key", t.Hash("item", text(k, pkName), text(k, skName)), "kind", fault.KindOf(err))
	if t.Meter != nil {
		t.Meter.Count("", "", map[string]int{"UnreadableItems": 1})
	}
	return true
}

// An item is one item of the table, or a part of one.
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

// getItem reads one item. It returns nil if the item does not exist.
func (t *core) getItem(ctx context.Context, k item, consistent bool) (item, error) {
	out, err := t.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: t.name, Key: k, ConsistentRead: &consistent})
	if err != nil {
		return nil, sdkError(err, "read "+kindName(k))
	}
	return out.Item, nil
}

// putNew writes an item if its key does not exist. Otherwise it returns the
// existing item as taken. It can be repeated.
func (t *core) putNew(ctx context.Context, it item) (taken item, err error) {
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
		return nil, sdkError(err, "write "+kindName(it))
	}
	return nil, nil
}

// batchGet reads items by key, in no order. Items that do not exist are missing from
// the result. Without keys it reads nothing.
func (t *core) batchGet(ctx context.Context, keys []item, consistent bool) ([]item, error) {
	var items []item
	for chunk := range slices.Chunk(keys, maxBatch) {
		some, err := t.getBatch(ctx, chunk, consistent)
		if err != nil {
			return nil, err
		}
		items = append(items, some...)
	}
	return items, nil
}

// maxBatch is how many items DynamoDB reads in one request at most.
const maxBatch = 100

// getBatch is batchGet for at most maxBatch keys.
func (t *core) getBatch(ctx context.Context, keys []item, consistent bool) ([]item, error) {
	var items []item
	want := map[string]types.KeysAndAttributes{*t.name: {Keys: keys, ConsistentRead: &consistent}}
	for try := 0; len(want) > 0; try++ {
		if try == 5 {
			return nil, fault.New(fault.Unavailable, "the table throttles reads")
		}
		out, err := t.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: want})
		if err != nil {
			return nil, sdkError(err, "read "+kindName(keys[0])+" and others")
		}
		items = append(items, out.Responses[*t.name]...)
		want = out.UnprocessedKeys
	}
	return items, nil
}

// query calls each for every selected item, page by page, until each returns
// false.
func (t *core) query(ctx context.Context, in *dynamodb.QueryInput, each func(item) bool) error {
	in.TableName = t.name
	for {
		out, err := t.db.Query(ctx, in)
		if err != nil {
			return sdkError(err, "query "+queried(in))
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

// keyRange selects the items of one partition with a sort key in [from, to].
func keyRange(pk, from, to string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		KeyConditionExpression:    exprf("%s = :pk AND %s BETWEEN :from AND :to", pkName, skName),
		ExpressionAttributeValues: item{":pk": str(pk), ":from": str(from), ":to": str(to)},
	}
}

// sdkError returns an SDK error with its kind and the operation. The message of
// a validation error is left out because it may quote an item.
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

// expired reports whether the time to live of an item is over. DynamoDB deletes
// such an item within days; readers leave it out at once.
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

// overShards is overLists for the shards of one list.
func overShards[T any](limit int, place func(T) string, read func(shard, limit int) ([]T, error)) ([]T, string, error) {
	var all [shards]int
	for i := range all {
		all[i] = i
	}
	return overLists(all[:], limit, place, read)
}

// overLists reads several lists at once. It returns the first limit entries of all in
// the order of place, and the place of the last one if there are more. read is called
// with one more than limit to find that out.
func overLists[L, T any](lists []L, limit int, place func(T) string, read func(list L, limit int) ([]T, error)) ([]T, string, error) {
	parts := make([][]T, len(lists))
	errs := make([]error, len(lists))
	var wg sync.WaitGroup
	for i, list := range lists {
		wg.Go(func() { parts[i], errs[i] = read(list, limit+1) })
	}
	wg.Wait()
	if err := firstError(errs...); err != nil {
		return nil, "", err
	}
	all := slices.Concat(parts...)
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(place(a), place(b)) })
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], place(all[limit-1]), nil
}
