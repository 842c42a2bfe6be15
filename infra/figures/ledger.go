package main

import (
	"context"
	"math"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Capacity is what operations cost, in units.
type capacity struct{ read, write float64 }

func (c capacity) plus(o capacity) capacity { return capacity{c.read + o.read, c.write + o.write} }

// A ledger adds up what the table charges for, by purpose.
//
// Every charge is counted twice over: as AWS bills it by the sizes of the
// items, and as DynamoDB Local reports it. Local charges nothing for a key
// that is not there, and reports nothing of a write whose condition failed;
// both are put right in what is told, so that the two have to agree. They do,
// but for transactions: Local rounds up the sum of the sizes in one, AWS each
// item. So it is what is made that the budgets hold.
type ledger struct {
	mu    sync.Mutex
	made  map[string]capacity // by item sizes
	told  map[string]capacity // by DynamoDB Local
	kinds map[string]capacity // made, by purpose and kind of item
	keys  map[string]capacity // made, by partition key
	share func(pk string) (outgoing float64, known bool)
	wrote func(problem attributes) // is told of every problem written
}

func newLedger() *ledger {
	return &ledger{made: map[string]capacity{}, told: map[string]capacity{}, kinds: map[string]capacity{}, keys: map[string]capacity{}}
}

type purposeKey struct{}

// during returns a context whose operations are charged to a purpose.
func during(ctx context.Context, purpose string) context.Context {
	return context.WithValue(ctx, purposeKey{}, purpose)
}

// Purposes.
const (
	inbound  = "inbound"
	outgoing = "outgoing"
	status   = "status"
	shared   = "shared" // triage of a batch: by whose messages are in it
)

// install makes the clients of a configuration write into l.
func (l *ledger) install(o *dynamodb.Options) {
	o.DisableValidateResponseChecksum = true
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("Ledger", l.handle), middleware.Before)
	})
}

func (l *ledger) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	ask(in.Parameters)
	out, meta, err := next.HandleInitialize(ctx, in)
	purpose, ok := ctx.Value(purposeKey{}).(string)
	if !ok {
		return out, meta, err
	}
	for _, c := range charges(in.Parameters, out.Result, err) {
		l.charge(purpose, c)
	}
	if err == nil && l.wrote != nil {
		for _, it := range puts(in.Parameters) {
			if text(it["sk"]) == "P" && strings.HasPrefix(text(it["pk"]), "P#") {
				l.wrote(it)
			}
		}
	}
	return out, meta, err
}

// puts returns the items that an operation writes whole.
func puts(params any) []attributes {
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

// A charge is what one key cost.
type charge struct {
	pk, sk     string
	made, told capacity
}

func (l *ledger) charge(purpose string, c charge) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[c.pk] = l.keys[c.pk].plus(c.made)
	add := func(purpose string, part float64) {
		scale := func(u capacity) capacity { return capacity{u.read * part, u.write * part} }
		l.made[purpose] = l.made[purpose].plus(scale(c.made))
		l.told[purpose] = l.told[purpose].plus(scale(c.told))
		kind := purpose + " " + kindOf(c.pk, c.sk)
		l.kinds[kind] = l.kinds[kind].plus(scale(c.made))
	}
	if purpose != shared {
		add(purpose, 1)
		return
	}
	part, known := l.share(c.pk)
	if !known {
		part = 0 // problems are made by what customers say
	}
	add(outgoing, part)
	add(inbound, 1-part)
}

// take returns what a purpose cost, and forgets it.
func (l *ledger) take(purpose string) (made, told capacity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	made, told = l.made[purpose], l.told[purpose]
	delete(l.made, purpose)
	delete(l.told, purpose)
	return made, told
}

// busiest returns what the partition key costs most that begins with a prefix,
// and forgets all keys.
func (l *ledger) busiest(prefix string) capacity {
	l.mu.Lock()
	defer l.mu.Unlock()
	var most capacity
	for pk, c := range l.keys {
		if strings.HasPrefix(pk, prefix) {
			most = capacity{max(most.read, c.read), max(most.write, c.write)}
		}
	}
	clear(l.keys)
	return most
}

// kindOf names the kind of item that a key is of.
func kindOf(pk, sk string) string {
	of := func(key string) string { head, _, _ := strings.Cut(key, "#"); return head }
	switch of(pk) {
	case "A":
		return "alias"
	case "W":
		return "window"
	case "U":
		return "unknown"
	case "P":
		return "problem"
	case "O":
		return "order"
	case "C":
		switch of(sk) {
		case "P":
			return "profile"
		case "M":
			return "message"
		case "X":
			return "effect"
		case "K":
			return "contact"
		}
	}
	return "other"
}

// ask has the table say what it charges, and show what it wrote over.
func ask(params any) {
	all := types.ReturnConsumedCapacityIndexes
	switch p := params.(type) {
	case *dynamodb.GetItemInput:
		p.ReturnConsumedCapacity = all
	case *dynamodb.BatchGetItemInput:
		p.ReturnConsumedCapacity = all
	case *dynamodb.QueryInput:
		p.ReturnConsumedCapacity = all
	case *dynamodb.PutItemInput:
		p.ReturnConsumedCapacity, p.ReturnValues = all, types.ReturnValueAllOld
	case *dynamodb.DeleteItemInput:
		p.ReturnConsumedCapacity, p.ReturnValues = all, types.ReturnValueAllOld
	case *dynamodb.UpdateItemInput:
		p.ReturnConsumedCapacity, p.ReturnValues = all, types.ReturnValueAllNew
	case *dynamodb.TransactWriteItemsInput:
		p.ReturnConsumedCapacity = all
	}
}

// charges returns what an operation cost.
func charges(params, result any, err error) []charge {
	switch p := params.(type) {
	case *dynamodb.GetItemInput:
		if out, ok := result.(*dynamodb.GetItemOutput); ok {
			return one(p.Key, reading(p.ConsistentRead, sizeOf(out.Item)), toldRead(out.ConsumedCapacity, p.ConsistentRead, len(out.Item) > 0))
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
			return lost(p.Item, err)
		}
		return one(p.Item, writing(out.Attributes, p.Item), toldWrite(out.ConsumedCapacity))
	case *dynamodb.UpdateItemInput:
		out, ok := result.(*dynamodb.UpdateItemOutput)
		if err != nil || !ok {
			return lost(p.Key, err)
		}
		// What was there before is not shown: an update of ours never makes an
		// item smaller, and never touches the index.
		return one(p.Key, capacity{write: writeUnits(sizeOf(out.Attributes))}, toldWrite(out.ConsumedCapacity))
	case *dynamodb.DeleteItemInput:
		out, ok := result.(*dynamodb.DeleteItemOutput)
		if err != nil || !ok {
			return lost(p.Key, err)
		}
		return one(p.Key, writing(out.Attributes, nil), toldWrite(out.ConsumedCapacity))
	case *dynamodb.TransactWriteItemsInput:
		return transactCharges(p, result, err)
	}
	return nil
}

type attributes = map[string]types.AttributeValue

func one(key attributes, made, told capacity) []charge {
	return []charge{{text(key["pk"]), text(key["sk"]), made, told}}
}

// lost is what a write costs whose condition failed: as much as if it had
// not.
func lost(key attributes, err error) []charge {
	if err == nil {
		return nil
	}
	c := capacity{write: writeUnits(sizeOf(key))}
	return one(key, c, c)
}

func batchCharges(p *dynamodb.BatchGetItemInput, out *dynamodb.BatchGetItemOutput) []charge {
	var cs []charge
	for table, want := range p.RequestItems {
		found := map[[2]string]attributes{}
		for _, it := range out.Responses[table] {
			found[[2]string{text(it["pk"]), text(it["sk"])}] = it
		}
		for _, k := range want.Keys {
			pk, sk := text(k["pk"]), text(k["sk"])
			it := found[[2]string{pk, sk}]
			c := charge{pk: pk, sk: sk, made: reading(want.ConsistentRead, sizeOf(it))}
			if it == nil {
				c.told = missing(want.ConsistentRead)
			}
			cs = append(cs, c)
		}
	}
	for _, told := range out.ConsumedCapacity {
		cs[0].told.read += aws.ToFloat64(told.CapacityUnits)
	}
	return cs
}

func queryCharges(p *dynamodb.QueryInput, out *dynamodb.QueryOutput) []charge {
	size := 0
	for _, it := range out.Items {
		size += sizeOf(it)
	}
	made := reading(p.ConsistentRead, size)
	told := toldRead(out.ConsumedCapacity, p.ConsistentRead, len(out.Items) > 0)
	if p.ProjectionExpression != nil {
		made = told // the whole items count, and are not shown
	}
	pk := text(p.ExpressionAttributeValues[":pk"])
	from := text(p.ExpressionAttributeValues[":from"])
	if p.IndexName != nil {
		pk = ""
	}
	return []charge{{pk, from, made, told}}
}

// transactCharges counts each item twice, as AWS does. What an update leaves
// behind is not shown, and taken for one unit.
func transactCharges(p *dynamodb.TransactWriteItemsInput, result any, err error) []charge {
	var cs []charge
	for _, w := range p.TransactItems {
		var c charge
		switch {
		case w.Put != nil:
			c.pk, c.sk = text(w.Put.Item["pk"]), text(w.Put.Item["sk"])
			c.made.write = writeUnits(sizeOf(w.Put.Item))
			if w.Put.ConditionExpression != nil && strings.Contains(*w.Put.ConditionExpression, "attribute_not_exists(pk)") && err == nil {
				c.made.write += indexUnits(nil, w.Put.Item)
			}
		case w.Update != nil:
			c.pk, c.sk, c.made.write = text(w.Update.Key["pk"]), text(w.Update.Key["sk"]), 1
		default:
			c.made.write = 1
		}
		c.made.write *= 2
		if err != nil {
			c.told = c.made
		}
		cs = append(cs, c)
	}
	if out, ok := result.(*dynamodb.TransactWriteItemsOutput); ok && err == nil && len(cs) > 0 {
		for _, told := range out.ConsumedCapacity {
			cs[0].told.write += aws.ToFloat64(told.CapacityUnits)
		}
	}
	return cs
}

func strong(consistent *bool) float64 {
	if aws.ToBool(consistent) {
		return 1
	}
	return 0.5
}

// missing is what looking for a key costs that is not there.
func missing(consistent *bool) capacity { return capacity{read: strong(consistent)} }

func reading(consistent *bool, size int) capacity {
	return capacity{read: strong(consistent) * max(1, math.Ceil(float64(size)/4096))}
}

func toldRead(c *types.ConsumedCapacity, consistent *bool, found bool) capacity {
	if c == nil || !found {
		return missing(consistent)
	}
	return capacity{read: aws.ToFloat64(c.CapacityUnits)}
}

func toldWrite(c *types.ConsumedCapacity) capacity {
	if c == nil {
		return capacity{}
	}
	return capacity{write: aws.ToFloat64(c.CapacityUnits)}
}

// writing is what replacing an item costs, with its entry in the index.
func writing(before, after attributes) capacity {
	return capacity{write: writeUnits(max(sizeOf(before), sizeOf(after))) + indexUnits(before, after)}
}

func writeUnits(size int) float64 { return max(1, math.Ceil(float64(size)/1024)) }

// indexed are the attributes that the index holds.
var indexed = []string{"pk", "sk", "gsi1pk", "gsi1sk", "rs", "pr", "ch", "st"}

func entry(it attributes) attributes {
	if it["gsi1pk"] == nil {
		return nil
	}
	e := attributes{}
	for _, name := range indexed {
		if it[name] != nil {
			e[name] = it[name]
		}
	}
	return e
}

// indexUnits is what the index costs: nothing where its entry stays as it is,
// two writes where the entry moves.
func indexUnits(before, after attributes) float64 {
	a, b := entry(before), entry(after)
	switch {
	case a == nil && b == nil, same(a, b):
		return 0
	case a == nil:
		return writeUnits(sizeOf(b))
	case b == nil:
		return writeUnits(sizeOf(a))
	case text(a["gsi1pk"]) != text(b["gsi1pk"]), text(a["gsi1sk"]) != text(b["gsi1sk"]):
		return writeUnits(sizeOf(a)) + writeUnits(sizeOf(b))
	default:
		return writeUnits(max(sizeOf(a), sizeOf(b)))
	}
}

func same(a, b attributes) bool {
	if len(a) != len(b) {
		return false
	}
	for name := range a {
		if text(a[name]) != text(b[name]) {
			return false
		}
	}
	return true
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// sizeOf is the size of an item as AWS counts it: the UTF-8 of names and
// values; a number half a byte a digit, and two; a set or list three, and one
// for each element.
func sizeOf(it attributes) int {
	n := 0
	for name, v := range it {
		n += len(name) + valueSize(v)
	}
	return n
}

func valueSize(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return (len(v.Value)+1)/2 + 1
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberSS:
		n := 3
		for _, s := range v.Value {
			n += len(s)
		}
		return n
	case *types.AttributeValueMemberM:
		return 3 + sizeOf(v.Value) + len(v.Value)
	case *types.AttributeValueMemberL:
		n := 3
		for _, e := range v.Value {
			n += 1 + valueSize(e)
		}
		return n
	default:
		return 1
	}
}
