package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/retry"
)

// maxTries bounds how often a write is repeated after a lost race. Each loss
// means that another writer won, so the state converges.
const maxTries = 12

// An aliasItem is a stored alias.
type aliasItem struct {
	key      string // its partition key
	address  identity.Address
	customer identity.CustomerID
	evidence identity.Evidence
	linked   []string
	later    map[string][]identity.Evidence // by key of the other alias
	moves    []identity.Move
	starts   []time.Time // at which a platform said that the owner took it
	shared   bool
}

func readAlias(it item) aliasItem {
	assurance := identity.Verified
	if text(it, attrAliasAssurance) == "c" {
		assurance = identity.Claimed
	}
	a := aliasItem{
		key: text(it, pkName),
		address: identity.Address{
			Alias:     identity.Alias{Kind: identity.Kind(text(it, attrAliasKind)), Scope: text(it, attrAliasScope), Value: text(it, attrAliasValue)},
			Assurance: assurance,
		},
		customer: identity.CustomerID(text(it, attrAliasCustomer)),
		evidence: identity.Evidence{Rule: text(it, attrAliasRule), Ref: text(it, attrAliasRef), At: moment(it, attrAliasSince)},
		linked:   set(it, attrAliasLinked),
		moves:    readMoves(set(it, attrAliasMoves)),
		starts:   readTimes(set(it, attrAliasStarts)),
		shared:   it[attrAliasShared] != nil,
	}
	for _, s := range set(it, attrAliasLater) {
		if p := strings.Split(s, unit); len(p) == 4 {
			if a.later == nil {
				a.later = map[string][]identity.Evidence{}
			}
			a.later[p[0]] = append(a.later[p[0]], identity.Evidence{Rule: p[1], Ref: p[2], At: parseMillis(p[3])})
		}
	}
	return a
}

// link returns the latest evidence that links a to another alias.
func (a aliasItem) link(other string) identity.Evidence {
	links := a.links(other)
	return slices.MaxFunc(links, func(x, y identity.Evidence) int { return x.At.Compare(y.At) })
}

// links returns the evidence that links a to another alias of a.linked: one
// statement for each period in which one was made.
func (a aliasItem) links(other string) []identity.Evidence {
	if all := a.later[other]; len(all) > 0 {
		return all
	}
	return []identity.Evidence{a.evidence}
}

func (t Customers) writeAlias(a identity.Address, customer identity.CustomerID, linked []string, ev identity.Evidence) item {
	k := t.aliasKey(a)
	it := key(k, aliasSK)
	it[attrAliasCustomer] = str(string(customer))
	it[attrAliasKind] = str(string(a.Kind))
	it[attrAliasValue] = str(a.Value)
	if a.Scope != "" {
		it[attrAliasScope] = str(a.Scope)
	}
	if a.Assurance == identity.Claimed {
		it[attrAliasAssurance] = str("c")
	}
	it[attrAliasRule] = str(ev.Rule)
	if ev.Ref != "" {
		it[attrAliasRef] = str(ev.Ref)
	}
	it[attrAliasSince] = millis(ev.At)
	if others := without(linked, k); len(others) > 0 {
		it[attrAliasLinked] = &types.AttributeValueMemberSS{Value: others}
	}
	return it
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}

// linkLater returns the write that links a known alias to the others of a later
// statement. An alias that was linked to them in an earlier period is linked
// again.
func (t Customers) linkLater(a aliasItem, others []string, ev identity.Evidence) types.TransactWriteItem {
	var fresh, why []string
	line := func(k string, ev identity.Evidence) string {
		return strings.Join([]string{k, ev.Rule, ev.Ref, timeSK("", ev.At)}, unit)
	}
	for _, k := range without(others, a.key) {
		if a.isLinkedSince(k, ev.At) {
			continue
		}
		fresh = append(fresh, k)
		why = append(why, line(k, ev))
		if slices.Contains(a.linked, k) && len(a.later[k]) == 0 {
			why = append(why, line(k, a.evidence))
		}
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName:           t.name,
		Key:                 key(a.key, aliasSK),
		UpdateExpression:    exprf("ADD %s :al, %s :le", attrAliasLinked, attrAliasLater),
		ConditionExpression: exprf("%s = :c", attrAliasCustomer),
		ExpressionAttributeValues: item{
			":al": &types.AttributeValueMemberSS{Value: fresh}, ":le": &types.AttributeValueMemberSS{Value: why}, ":c": str(string(a.customer)),
		},
	}}
}

// A Resolution is the customer of a message's addresses.
type Resolution struct {
	Customer identity.CustomerID   // customer under whom the message is stored
	Owner    identity.CustomerID   // owner of the first alias: Customer, unless the alias moved
	New      bool                  // all of the aliases were unknown
	Others   []identity.CustomerID // owners of the other aliases; the caller decides whether to join them
}

// ResolveAliases returns the customer of the first address, and links the
// verified addresses to one person on the given evidence. A claimed address is
// never linked, and neither is one that several people use. Where the evidence
// contradicts an earlier account, the customers become a suggestion and are not
// joined. It can be repeated.
func (t Customers) ResolveAliases(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (Resolution, error) {
	addresses = t.linkableAddresses(addresses)
	if len(addresses) == 0 {
		return Resolution{}, fault.New(fault.Invalid, "no alias")
	}
	keys := t.aliasKeys(addresses)
	for try := range maxTries {
		if err := retry.Wait(ctx, try); err != nil {
			return Resolution{}, err
		}
		r, done, err := t.resolve(ctx, addresses, keys, ev, try > 0)
		if err != nil || done {
			return r, err
		}
	}
	return Resolution{}, fault.New(fault.Unavailable, "other requests keep changing the aliases; retry")
}

func (t Customers) aliasKeys(addresses []identity.Address) []string {
	keys := make([]string, len(addresses))
	for i, a := range addresses {
		keys[i] = t.aliasKey(a)
	}
	return keys
}

// linkableAddresses returns the addresses that one statement can link, each
// once: the first, and the other verified ones if the first is verified.
// Blocked addresses belong to no single person and are left out, unless first.
func (t Customers) linkableAddresses(addresses []identity.Address) []identity.Address {
	var out []identity.Address
	for i, a := range addresses {
		if i > 0 && (!isLinkable(addresses[0]) || !isLinkable(a)) {
			continue
		}
		if !slices.ContainsFunc(out, func(o identity.Address) bool { return o.Alias == a.Alias }) {
			out = append(out, a)
		}
	}
	return out
}

// isLinkable reports whether a statement can link an address to another.
func isLinkable(a identity.Address) bool {
	return a.Assurance == identity.Verified && !identity.Blocked(a.Alias)
}

// resolve tries once. done is false when another writer was faster.
func (t Customers) resolve(ctx context.Context, addresses []identity.Address, keys []string, ev identity.Evidence, consistent bool) (Resolution, bool, error) {
	first, err := t.getItem(ctx, key(keys[0], aliasSK), consistent)
	if err != nil {
		return Resolution{}, false, err
	}
	if first != nil {
		a := readAlias(first)
		if start, ok := a.hadEarlierOwner(ev.At); ok {
			return Resolution{}, false, t.addEarlierOwner(ctx, a.key, start, ev)
		}
		r := Resolution{Customer: a.storedUnder(ev.At), Owner: a.ownerAt(ev.At)}
		if len(keys) == 1 || (a.isSettled(ev.At) && a.linksAll(keys, ev.At)) {
			return r, true, nil
		}
	}
	if len(addresses) == 1 {
		return t.claimAlias(ctx, addresses[0], ev)
	}
	s, err := t.statement(ctx, addresses, keys, ev)
	if err != nil {
		return Resolution{}, false, err
	}
	return t.claimAliases(ctx, s)
}

// claimAlias stores one alias for a new customer, or returns its owner. A phone
// number in another notation belongs to the owner of the number. The alias is
// noted in the owner's profile first, so that it is found from there.
func (t Customers) claimAlias(ctx context.Context, a identity.Address, ev identity.Evidence) (Resolution, bool, error) {
	var linked []string
	variant, found, err := t.byVariant(ctx, a)
	if err != nil {
		return Resolution{}, false, err
	}
	customer := newCustomer()
	if found {
		customer = variant.ownerAt(ev.At)
		linked = []string{variant.key}
		ev.Rule = identity.RuleVariant
		if err := t.noteAliases(ctx, customer, []string{t.aliasKey(a)}); err != nil {
			return Resolution{}, false, err
		}
	}
	it := t.writeAlias(a, customer, linked, ev)
	if !found {
		t.indexName(it, customer, ev.Name)
	}
	taken, err := t.putNew(ctx, it)
	switch {
	case err != nil:
		return Resolution{}, false, err
	case taken != nil:
		a := readAlias(taken)
		return Resolution{Customer: a.storedUnder(ev.At), Owner: a.ownerAt(ev.At)}, true, nil
	default:
		return Resolution{Customer: customer, Owner: customer, New: !found}, true, nil
	}
}

// byVariant finds the alias with the same phone number in another notation.
func (t Customers) byVariant(ctx context.Context, a identity.Address) (aliasItem, bool, error) {
	for _, v := range identity.PhoneVariants(a.Alias) {
		it, err := t.getItem(ctx, key(t.aliasKey(identity.Address{Alias: v, Assurance: a.Assurance}), aliasSK), false)
		if err != nil || it != nil {
			return readAlias(it), it != nil, err
		}
	}
	return aliasItem{}, false, nil
}

// noteAliases adds alias keys to the profile of a customer, so that they are
// found whichever messages they came with.
func (t Customers) noteAliases(ctx context.Context, c identity.CustomerID, aliasKeys []string) error {
	_, err := t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                       key(customerPK(c), profileSK),
		UpdateExpression:          exprf("ADD %s :al", attrProfileAliases),
		ExpressionAttributeValues: item{":al": &types.AttributeValueMemberSS{Value: aliasKeys}},
	})
	return err
}

// readAliases reads aliases by key, consistently.
func (t Customers) readAliases(ctx context.Context, keys []string) (map[string]aliasItem, error) {
	known := map[string]aliasItem{}
	ks := make([]item, len(keys))
	for i, k := range keys {
		ks[i] = key(k, aliasSK)
	}
	items, err := t.batchGet(ctx, ks, true)
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		a := readAlias(it)
		known[a.key] = a
	}
	return known, nil
}

// FindCustomer returns the owner of an alias. A verified alias wins over a
// claimed one. If the table has neither, FindCustomer returns the first
// customer in whose profile the address is claimed, or else [fault.NotFound].
// An alias that its owner left is [fault.NotFound] until the next person writes
// from it.
func (t Customers) FindCustomer(ctx context.Context, a identity.Alias) (identity.CustomerID, identity.Assurance, error) {
	for _, assurance := range []identity.Assurance{identity.Verified, identity.Claimed} {
		for _, v := range append([]identity.Alias{a}, identity.PhoneVariants(a)...) {
			owner, found, err := t.ownerOf(ctx, identity.Address{Alias: v, Assurance: assurance})
			if err != nil {
				return "", "", err
			}
			if found {
				return owner, assurance, nil
			}
		}
	}
	if claimants, err := t.claimants(ctx, a); err != nil || len(claimants) > 0 {
		return slices.Concat(claimants, []identity.CustomerID{""})[0], identity.Claimed, err
	}
	return "", "", fault.New(fault.NotFound, "no customer has this alias")
}

// maxAliases bounds how many aliases of one customer are listed.
const maxAliases = 200

// linkedAliases returns the given aliases and all that are linked with them, if
// they belong or belonged to one of the customers. Visitors come last because a
// customer may have more of them than are listed.
func (t Customers) linkedAliases(ctx context.Context, seeds []string, of []identity.CustomerID) ([]aliasItem, error) {
	seen := map[string]bool{}
	var out []aliasItem
	for len(out) < maxAliases {
		fresh := make([]string, 0, len(seeds))
		for _, k := range seeds {
			if !seen[k] && !slices.Contains(fresh, k) {
				fresh = append(fresh, k)
			}
		}
		todo, visitors := splitVisitors(fresh)
		if len(todo) == 0 {
			todo = visitors
			visitors = nil
		}
		if len(todo) == 0 {
			break
		}
		n := min(len(todo), maxAliases)
		seeds = append(todo[n:], visitors...)
		todo = todo[:n:n]
		known, err := t.readAliases(ctx, todo)
		if err != nil {
			return nil, err
		}
		for _, k := range todo {
			seen[k] = true
			a, ok := known[k]
			if !ok || !a.everOwnedBy(of) {
				continue
			}
			out = append(out, a)
			seeds = append(seeds, a.linked...)
		}
	}
	return out, nil
}

// splitVisitors separates the alias keys of visitors from the others.
func splitVisitors(keys []string) (others, visitors []string) {
	for _, k := range keys {
		if isAliasKind(k, identity.Visitor) {
			visitors = append(visitors, k)
		} else {
			others = append(others, k)
		}
	}
	return others, visitors
}

// hostProven reports whether the site proved that a is the visitor of an
// account.
func (a aliasItem) hostProven() bool {
	if a.address.Kind != identity.Visitor {
		return false
	}
	if a.evidence.Rule == identity.RuleHost {
		return true
	}
	for _, links := range a.later {
		if slices.ContainsFunc(links, func(ev identity.Evidence) bool { return ev.Rule == identity.RuleHost }) {
			return true
		}
	}
	return false
}

// everOwnedBy reports whether one of the customers owns or owned a.
func (a aliasItem) everOwnedBy(of []identity.CustomerID) bool {
	return slices.Contains(of, a.customer) ||
		slices.ContainsFunc(a.moves, func(m identity.Move) bool { return slices.Contains(of, m.To) })
}

func newCustomer() identity.CustomerID {
	return identity.CustomerID(uuid.Must(uuid.NewV7()).String())
}
