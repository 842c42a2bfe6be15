package store

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// maxTries bounds how often a write that lost a race is repeated. Each loss
// means that somebody else won, so the state converges.
const maxTries = 12

// An aliasItem is an alias as the table knows it.
type aliasItem struct {
	key      string // its partition key
	address  identity.Address
	customer identity.CustomerID
	linked   []string // keys of the aliases proven with it
	since    time.Time
}

func readAlias(it item) aliasItem {
	assurance := identity.Verified
	if text(it, "a") == "c" {
		assurance = identity.Claimed
	}
	return aliasItem{
		key: text(it, pkName),
		address: identity.Address{
			Alias:     identity.Alias{Kind: identity.Kind(text(it, "k")), Scope: text(it, "s"), Value: text(it, "v")},
			Assurance: assurance,
		},
		customer: identity.CustomerID(text(it, "c")),
		linked:   set(it, "al"),
		since:    moment(it, "t"),
	}
}

func (t *Table) writeAlias(a identity.Address, customer identity.CustomerID, linked []string, ev identity.Evidence) item {
	k := t.aliasKey(a)
	it := key(k, aliasSK)
	it["c"] = str(string(customer))
	it["k"] = str(string(a.Kind))
	it["v"] = str(a.Value)
	if a.Scope != "" {
		it["s"] = str(a.Scope)
	}
	if a.Assurance == identity.Claimed {
		it["a"] = str("c")
	}
	it["r"] = str(ev.Rule)
	if ev.Ref != "" {
		it["e"] = str(ev.Ref)
	}
	it["t"] = millis(ev.At)
	if others := without(linked, k); len(others) > 0 {
		it["al"] = &types.AttributeValueMemberSS{Value: others}
	}
	return it
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}

// A Resolution is whose aliases they are.
type Resolution struct {
	Customer identity.CustomerID   // whose partition the message belongs to
	New      bool                  // nobody had any of the aliases before
	Others   []identity.CustomerID // who else has one of them: the caller decides whether to join
}

// Resolve returns the customer of the first address, and records that the
// verified addresses are one person's, on the evidence given. An address that
// is merely claimed is never linked to another.
//
// A known sender costs one read, also with several aliases that list each
// other. One unknown alias is one conditional write, several are one
// transaction. Both can be repeated, and races between deliveries end with
// one customer per alias.
func (t *Table) Resolve(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (Resolution, error) {
	addresses = t.linkable(addresses)
	if len(addresses) == 0 {
		return Resolution{}, fault.New(fault.Invalid, "no alias")
	}
	keys := make([]string, len(addresses))
	for i, a := range addresses {
		keys[i] = t.aliasKey(a)
	}
	for try := range maxTries {
		if try > 0 {
			if err := pause(ctx, try); err != nil {
				return Resolution{}, err
			}
		}
		r, done, err := t.resolve(ctx, addresses, keys, ev, try > 0)
		if err != nil || done {
			return r, err
		}
	}
	return Resolution{}, fault.New(fault.Unavailable, "the aliases keep changing")
}

// linkable keeps what one statement can link: the first address, and the
// verified ones beside it if it is verified itself, each once.
func (t *Table) linkable(addresses []identity.Address) []identity.Address {
	var out []identity.Address
	for i, a := range addresses {
		if i > 0 && (addresses[0].Assurance != identity.Verified || a.Assurance != identity.Verified) {
			continue
		}
		if !slices.ContainsFunc(out, func(o identity.Address) bool { return o.Alias == a.Alias }) {
			out = append(out, a)
		}
	}
	return out
}

// resolve tries once; done is false when somebody else was quicker.
func (t *Table) resolve(ctx context.Context, addresses []identity.Address, keys []string, ev identity.Evidence, consistent bool) (Resolution, bool, error) {
	first, err := t.get(ctx, key(keys[0], aliasSK), consistent)
	if err != nil {
		return Resolution{}, false, err
	}
	if first != nil {
		a := readAlias(first)
		if listsAll(a, keys) {
			return Resolution{Customer: a.customer}, true, nil
		}
	}
	if len(addresses) == 1 {
		return t.claimOne(ctx, addresses[0], ev)
	}
	known, err := t.aliases(ctx, keys)
	if err != nil {
		return Resolution{}, false, err
	}
	return t.claimAll(ctx, addresses, keys, known, ev)
}

func listsAll(a aliasItem, keys []string) bool {
	for _, k := range keys {
		if k != a.key && !slices.Contains(a.linked, k) {
			return false
		}
	}
	return true
}

// claimOne takes one alias for a new customer, or finds who has it. A phone
// number that is only written in another way belongs to whom it belongs.
func (t *Table) claimOne(ctx context.Context, a identity.Address, ev identity.Evidence) (Resolution, bool, error) {
	customer, found, err := t.byVariant(ctx, a)
	if err != nil {
		return Resolution{}, false, err
	}
	if !found {
		customer = newCustomer()
	}
	taken, err := t.putNew(ctx, t.writeAlias(a, customer, nil, ev))
	switch {
	case err != nil:
		return Resolution{}, false, err
	case taken != nil:
		return Resolution{Customer: readAlias(taken).customer}, true, nil
	default:
		return Resolution{Customer: customer, New: !found}, true, nil
	}
}

// byVariant finds who has the same subscriber's number written another way.
func (t *Table) byVariant(ctx context.Context, a identity.Address) (identity.CustomerID, bool, error) {
	for _, v := range identity.PhoneVariants(a.Alias) {
		it, err := t.get(ctx, key(t.aliasKey(identity.Address{Alias: v, Assurance: a.Assurance}), aliasSK), false)
		if err != nil {
			return "", false, err
		}
		if it != nil {
			return readAlias(it).customer, true, nil
		}
	}
	return "", false, nil
}

// claimAll writes what is new about several aliases in one transaction: the
// unknown ones, and the links that known ones lack.
func (t *Table) claimAll(ctx context.Context, addresses []identity.Address, keys []string, known map[string]aliasItem, ev identity.Evidence) (Resolution, bool, error) {
	r := Resolution{}
	for _, k := range keys {
		a, ok := known[k]
		switch {
		case !ok || a.customer == r.Customer:
		case r.Customer == "":
			r.Customer = a.customer
		case !slices.Contains(r.Others, a.customer):
			r.Others = append(r.Others, a.customer)
		}
	}
	if r.Customer == "" {
		for _, a := range addresses {
			customer, found, err := t.byVariant(ctx, a)
			if err != nil {
				return r, false, err
			}
			if found {
				r.Customer = customer
				break
			}
		}
	}
	if r.Customer == "" {
		r.Customer, r.New = newCustomer(), true
	}
	var writes []types.TransactWriteItem
	for i, a := range addresses {
		old, ok := known[keys[i]]
		switch {
		case !ok:
			writes = append(writes, types.TransactWriteItem{Put: &types.Put{
				TableName:           t.name,
				Item:                t.writeAlias(a, r.Customer, keys, ev),
				ConditionExpression: aws.String("attribute_not_exists(pk)"),
			}})
		case !listsAll(old, keys):
			writes = append(writes, types.TransactWriteItem{Update: &types.Update{
				TableName:                 t.name,
				Key:                       key(keys[i], aliasSK),
				UpdateExpression:          aws.String("ADD al :al"),
				ConditionExpression:       aws.String("c = :c"),
				ExpressionAttributeValues: item{":al": &types.AttributeValueMemberSS{Value: without(keys, keys[i])}, ":c": str(string(old.customer))},
			}})
		}
	}
	if len(writes) == 0 {
		return r, true, nil
	}
	_, err := t.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if cancelled(err) {
		return r, false, nil
	}
	if err != nil {
		return r, false, failed(err, "write aliases")
	}
	return r, true, nil
}

// aliases reads aliases by key, strongly.
func (t *Table) aliases(ctx context.Context, keys []string) (map[string]aliasItem, error) {
	ks := make([]item, len(keys))
	for i, k := range keys {
		ks[i] = key(k, aliasSK)
	}
	items, err := t.batchGet(ctx, ks, true)
	if err != nil {
		return nil, err
	}
	known := map[string]aliasItem{}
	for _, it := range items {
		a := readAlias(it)
		known[a.key] = a
	}
	return known, nil
}

// Find returns the customer who has an alias: proven if anybody proved it,
// else as somebody claimed it. [fault.NotFound] if nobody has it.
func (t *Table) Find(ctx context.Context, a identity.Alias) (identity.CustomerID, identity.Assurance, error) {
	for _, assurance := range []identity.Assurance{identity.Verified, identity.Claimed} {
		for _, v := range append([]identity.Alias{a}, identity.PhoneVariants(a)...) {
			it, err := t.get(ctx, key(t.aliasKey(identity.Address{Alias: v, Assurance: assurance}), aliasSK), true)
			if err != nil {
				return "", "", err
			}
			if it != nil {
				return readAlias(it).customer, assurance, nil
			}
		}
	}
	return "", "", fault.New(fault.NotFound, "no customer has this alias")
}

// maxAliases bounds how many aliases of one customer are listed.
const maxAliases = 100

// linkedAliases returns the given aliases and all that are linked with them,
// as far as they belong to one of the customers.
func (t *Table) linkedAliases(ctx context.Context, seeds []string, of []identity.CustomerID) ([]identity.Address, error) {
	seen := map[string]bool{}
	var out []identity.Address
	for len(seeds) > 0 && len(out) < maxAliases {
		var todo []string
		for _, k := range seeds {
			if !seen[k] && len(todo) < maxAliases {
				seen[k] = true
				todo = append(todo, k)
			}
		}
		seeds = nil
		if len(todo) == 0 {
			break
		}
		known, err := t.aliases(ctx, todo)
		if err != nil {
			return nil, err
		}
		for _, k := range todo {
			a, ok := known[k]
			if !ok || !slices.Contains(of, a.customer) {
				continue
			}
			out = append(out, a.address)
			seeds = append(seeds, a.linked...)
		}
	}
	return out, nil
}

func newCustomer() identity.CustomerID {
	return identity.CustomerID(uuid.Must(uuid.NewV7()).String())
}

// pause waits before a repeated try: longer each time, and differently for
// those who raced.
func pause(ctx context.Context, try int) error {
	d := time.Duration(rand.Int64N(int64(5*time.Millisecond) << min(try, 6))) //nolint:gosec // spreads tries, guards nothing
	select {
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "gave up a repeated write")
	case <-time.After(d):
		return nil
	}
}
