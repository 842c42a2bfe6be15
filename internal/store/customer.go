package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// maxChain bounds how many merges lead from one id to the one that stands for
// all.
const maxChain = 20

// Customer returns who stands behind an id, which may be that of a merged
// customer. It does not tell whether the id was ever given out: see
// [Table.Exists].
func (t *Table) Customer(ctx context.Context, id identity.CustomerID) (identity.Customer, error) {
	for range maxChain {
		it, err := t.get(ctx, key(customerPK(id), profileSK), false)
		if err != nil {
			return identity.Customer{}, err
		}
		if into := text(it, "mi"); into != "" {
			id = identity.CustomerID(into)
			continue
		}
		c := identity.Customer{ID: id, Members: []identity.CustomerID{id}, Name: cmp.Or(text(it, "n"), text(it, "pn")), Locale: text(it, "l"), Account: text(it, "ac"), Registered: set(it, "al")}
		for _, m := range set(it, "m") {
			c.Members = append(c.Members, identity.CustomerID(m))
		}
		slices.Sort(c.Members[1:])
		return c, nil
	}
	return identity.Customer{}, fault.New(fault.Internal, "a chain of merges without end")
}

// Exists reports whether anything is known under a customer id.
func (t *Table) Exists(ctx context.Context, id identity.CustomerID) (bool, error) {
	return t.any(ctx, between(customerPK(id), " ", "~"))
}

func (t *Table) hasMessages(ctx context.Context, c identity.Customer) (bool, error) {
	for _, m := range c.Members {
		found, err := t.any(ctx, between(customerPK(m), messagePrefix, messagePrefix+"~"))
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

func (t *Table) any(ctx context.Context, in *dynamodb.QueryInput) (bool, error) {
	in.Limit = ptr(int32(1))
	in.ConsistentRead = ptr(true)
	found := false
	err := t.query(ctx, in, func(item) bool { found = true; return false })
	return found, err
}

// Aliases returns every alias of a customer: those of the register, those of
// the earliest and latest messages of each member, and all linked with them.
func (t *Table) Aliases(ctx context.Context, c identity.Customer) ([]identity.Address, error) {
	seeds := slices.Clone(c.Registered)
	for _, member := range c.Members {
		for _, forward := range []bool{true, false} {
			in := between(customerPK(member), messagePrefix, messagePrefix+"~")
			in.ScanIndexForward = &forward
			in.Limit = ptr(int32(1))
			err := t.query(ctx, in, func(it item) bool {
				if m, _, err := readMessage(it); err == nil {
					for _, a := range t.linkable(m.Addresses()) {
						seeds = append(seeds, t.aliasKey(a))
					}
				}
				return false
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return t.linkedAliases(ctx, seeds, c.Members)
}

// Join says that two customers are one person, on the evidence given. It
// happens only when at most one of them has messages; else it is kept as a
// suggestion for a person to decide, and Join reports false. It moves no
// data, and can be repeated.
func (t *Table) Join(ctx context.Context, a, b identity.CustomerID, ev identity.Evidence) (bool, error) {
	for try := range maxTries {
		if try > 0 {
			if err := pause(ctx, try); err != nil {
				return false, err
			}
		}
		joined, done, err := t.joinOnce(ctx, a, b, ev)
		if err != nil || done {
			return joined, err
		}
	}
	return false, fault.New(fault.Unavailable, "the customers keep changing")
}

func (t *Table) joinOnce(ctx context.Context, a, b identity.CustomerID, ev identity.Evidence) (joined, done bool, err error) {
	ca, errA := t.Customer(ctx, a)
	cb, errB := t.Customer(ctx, b)
	if err := firstError(errA, errB); err != nil {
		return false, false, err
	}
	if ca.ID == cb.ID {
		return true, true, nil
	}
	inA, errA := t.hasMessages(ctx, ca)
	inB, errB := t.hasMessages(ctx, cb)
	if err := firstError(errA, errB); err != nil {
		return false, false, err
	}
	if inA && inB {
		return false, true, t.suggest(ctx, ca.ID, cb.ID, ev)
	}
	if inB || !inA && cb.ID < ca.ID {
		ca, cb = cb, ca
	}
	err = t.merge(ctx, ca, cb, ev)
	if fault.KindOf(err) == fault.Conflict {
		return false, false, nil
	}
	return err == nil, err == nil, err
}

// suggest keeps that two customers may be one, under both.
func (t *Table) suggest(ctx context.Context, a, b identity.CustomerID, ev identity.Evidence) error {
	for _, pair := range [][2]identity.CustomerID{{a, b}, {b, a}} {
		it := key(customerPK(pair[0]), "S#"+string(pair[1]))
		it["r"], it["t"] = str(ev.Rule), millis(ev.At)
		if ev.Ref != "" {
			it["e"] = str(ev.Ref)
		}
		if _, err := t.putNew(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

// Suggestions returns who else a customer may be.
func (t *Table) Suggestions(ctx context.Context, c identity.Customer) ([]identity.CustomerID, error) {
	var out []identity.CustomerID
	err := t.query(ctx, between(customerPK(c.ID), "S#", "S#~"), func(it item) bool {
		out = append(out, identity.CustomerID(text(it, skName)[len("S#"):]))
		return true
	})
	return out, err
}

// merge makes into stand for from as well, in one transaction, with a record
// of why. [fault.Conflict] when either changed meanwhile.
func (t *Table) merge(ctx context.Context, into, from identity.Customer, ev identity.Evidence) error {
	members := make([]string, len(from.Members))
	for i, m := range from.Members {
		members[i] = string(m)
	}
	record := key(customerPK(into.ID), timeSK("J#", ev.At)+"#"+string(from.ID))
	record["r"], record["e"] = str(ev.Rule), str(ev.Ref)
	record["m"] = &types.AttributeValueMemberSS{Value: members}
	fromCondition := "attribute_not_exists(mi) AND attribute_not_exists(m)"
	fromValues := item{":mi": str(string(into.ID))}
	if len(from.Members) > 1 {
		fromCondition = "attribute_not_exists(mi) AND m = :m"
		fromValues[":m"] = &types.AttributeValueMemberSS{Value: members[1:]}
	}
	_, err := t.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: t.name, Key: key(customerPK(from.ID), profileSK),
			UpdateExpression: aws.String("SET mi = :mi"), ConditionExpression: &fromCondition, ExpressionAttributeValues: fromValues,
		}},
		{Update: &types.Update{
			TableName: t.name, Key: key(customerPK(into.ID), profileSK),
			UpdateExpression: aws.String("ADD m :m"), ConditionExpression: aws.String("attribute_not_exists(mi)"),
			ExpressionAttributeValues: item{":m": &types.AttributeValueMemberSS{Value: members}},
		}},
		{Put: &types.Put{TableName: t.name, Item: record}},
	}})
	if cancelled(err) {
		return fault.New(fault.Conflict, "the customers changed")
	}
	if err != nil {
		return failed(err, "merge")
	}
	return nil
}

// Register records what the register says, and joins the aliases it names
// where that is safe; who could not be joined is among the results. It can be
// repeated; what is no longer in the register stays known.
func (t *Table) Register(ctx context.Context, r identity.Registration) (identity.CustomerID, []identity.CustomerID, error) {
	account, err := identity.NewAlias(identity.Account, "", r.Account)
	if err != nil {
		return "", nil, err
	}
	addresses := []identity.Address{{Alias: account, Assurance: identity.Verified}}
	for _, a := range slices.Concat(r.Phones, r.Mails) {
		addresses = append(addresses, identity.Address{Alias: a, Assurance: identity.Verified})
	}
	ev := identity.Evidence{Rule: "register", Ref: "account", At: r.At}
	customer, unjoined, err := t.ResolveAndJoin(ctx, addresses, ev)
	if err != nil {
		return "", nil, err
	}
	if err := t.putProfile(ctx, customer, r, addresses); err != nil {
		return "", nil, err
	}
	return customer, unjoined, t.putOrders(ctx, r)
}

// ResolveAndJoin is [Table.Resolve], and [Table.Join] for everybody else who
// has one of the aliases. It returns who stands for the person now, and who
// could not be joined.
func (t *Table) ResolveAndJoin(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (identity.CustomerID, []identity.CustomerID, error) {
	res, err := t.Resolve(ctx, addresses, ev)
	if err != nil {
		return "", nil, err
	}
	var unjoined []identity.CustomerID
	for _, other := range res.Others {
		joined, err := t.Join(ctx, res.Customer, other, ev)
		if err != nil {
			return "", nil, err
		}
		if !joined {
			unjoined = append(unjoined, other)
		}
	}
	c, err := t.Customer(ctx, res.Customer)
	return c.ID, unjoined, err
}

func (t *Table) putProfile(ctx context.Context, id identity.CustomerID, r identity.Registration, addresses []identity.Address) error {
	keys := make([]string, len(addresses))
	for i, a := range addresses {
		keys[i] = t.aliasKey(a)
	}
	_, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: key(customerPK(id), profileSK),
		UpdateExpression:          aws.String("SET n = :n, #l = :l, ac = :ac ADD al :al"),
		ExpressionAttributeNames:  map[string]string{"#l": "l"},
		ExpressionAttributeValues: item{":n": str(r.Name), ":l": str(r.Locale), ":ac": str(r.Account), ":al": &types.AttributeValueMemberSS{Value: keys}},
	})
	if err != nil {
		return failed(err, "write profile")
	}
	return nil
}

func (t *Table) putOrders(ctx context.Context, r identity.Registration) error {
	for _, o := range r.Orders {
		it := key(t.orderPK(o.Number), "O")
		it["ac"] = str(r.Account)
		if len(o.Products) > 0 {
			it["pr"] = &types.AttributeValueMemberSS{Value: o.Products}
		}
		if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
			return failed(err, "write order")
		}
	}
	return nil
}

// Products returns what the order of that number holds; nothing when the
// register has no such order.
func (t *Table) Products(ctx context.Context, order string) ([]string, error) {
	it, err := t.get(ctx, key(t.orderPK(order), "O"), false)
	if err != nil {
		return nil, err
	}
	out := set(it, "pr")
	slices.Sort(out)
	return out, nil
}

// update writes one conditional update; lost reports that the condition did
// not hold.
func (t *Table) update(ctx context.Context, in *dynamodb.UpdateItemInput) (lost bool, err error) {
	in.TableName = t.name
	_, err = t.db.UpdateItem(ctx, in)
	if _, failedCondition := errors.AsType[*types.ConditionalCheckFailedException](err); failedCondition {
		return true, nil
	}
	if err != nil {
		return false, failed(err, "update")
	}
	return false, nil
}
