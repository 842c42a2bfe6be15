package main

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// Capacity is a cost in capacity units.
type capacity struct{ read, write float64 }

func (c capacity) plus(o capacity) capacity { return capacity{c.read + o.read, c.write + o.write} }

// A ledger adds up the cost of table operations by purpose.
//
// It counts every operation in two ways: computed from the item sizes, as AWS
// bills it, and as DynamoDB Local reports it. DynamoDB Local charges nothing for
// a key that does not exist, and reports nothing for a write whose condition
// failed. The ledger corrects both in the reported cost, so that the two costs
// should be equal. They differ only for transactions: DynamoDB Local rounds up
// the sum of the item sizes, AWS rounds up each item. The budgets apply to the
// computed cost.
type ledger struct {
	mu       sync.Mutex
	computed map[string]capacity    // by purpose
	reported map[string]capacity    // by purpose
	byKind   map[string]capacity    // computed, by purpose and kind of item
	byKey    map[partition]capacity // computed
	// outgoingShare returns the part of a shared cost that belongs to outgoing
	// messages, from 0 to 1; known is false if the key belongs to no customer.
	outgoingShare  func(pk string) (outgoing float64, known bool)
	problemWritten func(problem attributes) // called with every problem that is put; may be nil
}

// A partition is a partition key and the kind of its items, as itemKind names
// it.
type partition struct{ kind, pk string }

func newLedger() *ledger {
	return &ledger{computed: map[string]capacity{}, reported: map[string]capacity{}, byKind: map[string]capacity{}, byKey: map[partition]capacity{}}
}

type purposeKey struct{}

// withPurpose returns a context whose operations are counted for a purpose.
// Operations without a purpose are not counted.
func withPurpose(ctx context.Context, purpose string) context.Context {
	return context.WithValue(ctx, purposeKey{}, purpose)
}

// The purposes.
const (
	inbound  = "inbound"
	outgoing = "outgoing"
	status   = "status"
	shared   = "shared" // triage of a batch, divided over inbound and outgoing by ledger.outgoingShare
)

// installMiddleware makes a DynamoDB client record its operations in l.
func (l *ledger) installMiddleware(o *dynamodb.Options) {
	o.DisableValidateResponseChecksum = true
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("Ledger", l.recordOperation), middleware.Before)
	})
}

func (l *ledger) recordOperation(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	requestCapacity(in.Parameters)
	out, meta, err := next.HandleInitialize(ctx, in)
	purpose, ok := ctx.Value(purposeKey{}).(string)
	if !ok {
		return out, meta, err
	}
	for _, c := range operationCharges(in.Parameters, out.Result, err) {
		l.addCharge(purpose, c)
	}
	if err == nil && l.problemWritten != nil {
		for _, it := range putItems(in.Parameters) {
			if store.KindOfItem(it) == store.KindProblem {
				l.problemWritten(it)
			}
		}
	}
	return out, meta, err
}

// putItems returns the items that an operation puts.
func putItems(params any) []attributes {
	var all []attributes
	switch p := params.(type) {
	case *dynamodb.PutItemInput:
		all = append(all, p.Item)
	case *dynamodb.TransactWriteItemsInput:
		for _, w := range p.TransactItems {
			if w.Put != nil {
				all = append(all, w.Put.Item)
			}
		}
	}
	return all
}

// A charge is the cost of one key in an operation.
type charge struct {
	pk, sk             string
	computed, reported capacity
}

func (l *ledger) addCharge(purpose string, c charge) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := partition{itemKind(c.pk, c.sk), c.pk}
	l.byKey[p] = l.byKey[p].plus(c.computed)
	add := func(purpose string, part float64) {
		scale := func(u capacity) capacity { return capacity{u.read * part, u.write * part} }
		l.computed[purpose] = l.computed[purpose].plus(scale(c.computed))
		l.reported[purpose] = l.reported[purpose].plus(scale(c.reported))
		kind := purpose + " " + itemKind(c.pk, c.sk)
		l.byKind[kind] = l.byKind[kind].plus(scale(c.computed))
	}
	if purpose != shared {
		add(purpose, 1)
		return
	}
	part, known := l.outgoingShare(c.pk)
	if !known {
		part = 0 // problems come from inbound messages
	}
	add(outgoing, part)
	add(inbound, 1-part)
}

// takeCost returns the cost of a purpose and resets it.
func (l *ledger) takeCost(purpose string) (computed, reported capacity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	computed = l.computed[purpose]
	reported = l.reported[purpose]
	delete(l.computed, purpose)
	delete(l.reported, purpose)
	return computed, reported
}

// takeBusiestKey returns the highest read cost and the highest write cost of a
// partition key with items of a kind, and resets all keys.
func (l *ledger) takeBusiestKey(kind string) capacity {
	l.mu.Lock()
	defer l.mu.Unlock()
	var most capacity
	for p, c := range l.byKey {
		if p.kind == kind {
			most = capacity{max(most.read, c.read), max(most.write, c.write)}
		}
	}
	clear(l.byKey)
	return most
}

// itemKind returns the kind of item that a key belongs to.
func itemKind(pk, sk string) string {
	switch kind := store.KindOf(pk, sk); kind {
	case store.KindAlias, store.KindOrder, store.KindProfile, store.KindMessage, store.KindEffect, store.KindContact, store.KindProblem:
		return string(kind)
	case store.KindOccurrence, store.KindLevel, store.KindOpenProblem, store.KindCountingStart:
		return "window"
	case store.KindHint, store.KindDecidedWord, store.KindAnnouncement, store.KindAnnouncedCount:
		return "unknown"
	case store.KindAffected, store.KindDue, store.KindEscalation, store.KindLogLine, store.KindAppliedChange:
		return "problem"
	default: // the other kinds share the last name
	}
	return "other"
}

// requestCapacity makes an operation return its consumed capacity and the item
// that it replaced (for an update: the new item).
func requestCapacity(params any) {
	all := types.ReturnConsumedCapacityIndexes
	switch p := params.(type) {
	case *dynamodb.GetItemInput:
		p.ReturnConsumedCapacity = all
	case *dynamodb.BatchGetItemInput:
		p.ReturnConsumedCapacity = all
	case *dynamodb.QueryInput:
		p.ReturnConsumedCapacity = all
	case *dynamodb.PutItemInput:
		p.ReturnConsumedCapacity = all
		p.ReturnValues = types.ReturnValueAllOld
	case *dynamodb.DeleteItemInput:
		p.ReturnConsumedCapacity = all
		p.ReturnValues = types.ReturnValueAllOld
	case *dynamodb.UpdateItemInput:
		p.ReturnConsumedCapacity = all
		p.ReturnValues = types.ReturnValueAllNew
	case *dynamodb.TransactWriteItemsInput:
		p.ReturnConsumedCapacity = all
	}
}

// operationCharges returns the cost of an operation, per key.
func operationCharges(params, result any, err error) []charge {
	switch p := params.(type) {
	case *dynamodb.GetItemInput:
		if out, ok := result.(*dynamodb.GetItemOutput); ok {
			return singleCharge(p.Key, readCapacity(p.ConsistentRead, itemSize(out.Item)), reportedRead(out.ConsumedCapacity, p.ConsistentRead, len(out.Item) > 0))
		}
	case *dynamodb.BatchGetItemInput:
		if out, ok := result.(*dynamodb.BatchGetItemOutput); ok {
			return batchCharges(p, out)
		}
	case *dynamodb.QueryInput:
		if out, ok := result.(*dynamodb.QueryOutput); ok {
			return queryCharges(p, out)
		}
	case *dynamodb.PutItemInput:
		out, ok := result.(*dynamodb.PutItemOutput)
		if err != nil || !ok {
			return failedWrite(p.Item, err)
		}
		return singleCharge(p.Item, writeCapacity(out.Attributes, p.Item), reportedWrite(out.ConsumedCapacity))
	case *dynamodb.UpdateItemInput:
		out, ok := result.(*dynamodb.UpdateItemOutput)
		if err != nil || !ok {
			return failedWrite(p.Key, err)
		}
		// The old item is unknown. That is enough: our updates never make an
		// item smaller and never change its index entry.
		return singleCharge(p.Key, capacity{write: writeUnits(itemSize(out.Attributes))}, reportedWrite(out.ConsumedCapacity))
	case *dynamodb.DeleteItemInput:
		out, ok := result.(*dynamodb.DeleteItemOutput)
		if err != nil || !ok {
			return failedWrite(p.Key, err)
		}
		return singleCharge(p.Key, writeCapacity(out.Attributes, nil), reportedWrite(out.ConsumedCapacity))
	case *dynamodb.TransactWriteItemsInput:
		return transactCharges(p, result, err)
	}
	return nil
}

type attributes = map[string]types.AttributeValue

func singleCharge(key attributes, computed, reported capacity) []charge {
	return []charge{{stringValue(key[storetest.PartitionKey]), stringValue(key[storetest.SortKey]), computed, reported}}
}

// failedWrite returns the cost of a write whose condition failed. AWS bills it
// like a successful write.
func failedWrite(key attributes, err error) []charge {
	if err == nil {
		return nil
	}
	c := capacity{write: writeUnits(itemSize(key))}
	return singleCharge(key, c, c)
}

func batchCharges(p *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) []charge {
	var cs []charge
	for table, want := range p.RequestItems {
		found := map[[2]string]attributes{}
		for _, it := range out.Responses[table] {
			found[[2]string{stringValue(it[storetest.PartitionKey]), stringValue(it[storetest.SortKey])}] = it
		}
		for _, k := range want.Keys {
			pk := stringValue(k[storetest.PartitionKey])
			sk := stringValue(k[storetest.SortKey])
			it := found[[2]string{pk, sk}]
			c := charge{pk: pk, sk: sk, computed: readCapacity(want.ConsistentRead, itemSize(it))}
			if it == nil {
				c.reported = missingRead(want.ConsistentRead)
			}
			cs = append(cs, c)
		}
	}
	for _, reported := range out.ConsumedCapacity {
		cs[0].reported.read += aws.ToFloat64(reported.CapacityUnits)
	}
	return cs
}

func queryCharges(p *dynamodb.QueryInput, out *dynamodb.QueryOutput) []charge {
	size := 0
	for _, it := range out.Items {
		size += itemSize(it)
	}
	computed := readCapacity(p.ConsistentRead, size)
	reported := reportedRead(out.ConsumedCapacity, p.ConsistentRead, len(out.Items) > 0)
	if p.ProjectionExpression != nil {
		computed = reported // a projection is billed by the whole items, which it does not return
	}
	pk := stringValue(p.ExpressionAttributeValues[":pk"])
	from := stringValue(p.ExpressionAttributeValues[":from"])
	if p.IndexName != nil {
		pk = ""
	}
	return []charge{{pk, from, computed, reported}}
}

// transactCharges counts each item twice, as AWS does. A transaction does not
// return updated items, so an update counts as one unit.
func transactCharges(p *dynamodb.TransactWriteItemsInput, result any, err error) []charge {
	var cs []charge
	for _, w := range p.TransactItems {
		var c charge
		switch {
		case w.Put != nil:
			c.pk = stringValue(w.Put.Item[storetest.PartitionKey])
			c.sk = stringValue(w.Put.Item[storetest.SortKey])
			c.computed.write = writeUnits(itemSize(w.Put.Item))
			if err == nil && strings.Contains(aws.ToString(w.Put.ConditionExpression), "attribute_not_exists(pk)") {
				c.computed.write += indexUnits(nil, w.Put.Item)
			}
		case w.Update != nil:
			c.pk = stringValue(w.Update.Key[storetest.PartitionKey])
			c.sk = stringValue(w.Update.Key[storetest.SortKey])
			c.computed.write = 1
		default:
			c.computed.write = 1
		}
		c.computed.write *= 2
		if err != nil {
			c.reported = c.computed
		}
		cs = append(cs, c)
	}
	if out, ok := result.(*dynamodb.TransactWriteItemsOutput); ok && err == nil && len(cs) > 0 {
		for _, reported := range out.ConsumedCapacity {
			cs[0].reported.write += aws.ToFloat64(reported.CapacityUnits)
		}
	}
	return cs
}
