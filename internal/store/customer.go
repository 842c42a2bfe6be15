package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// profileAttrs are the attributes of a profile. A profile without any of them
// does not exist.
var profileAttrs = []string{
	attrProfileName, attrProfileLocale, attrProfileAccount, attrProfileShownName, attrProfileConsents, attrProfileAliases,
	attrProfileClaimed, attrProfileMergedInto, attrProfileMembers, attrProfileMoves,
}

// Get returns the customer of an id, which may be that of a merged
// customer. It does not tell whether the id is in use: see [Customers.Exists].
func (t Customers) Get(ctx context.Context, id identity.CustomerID) (identity.Customer, error) {
	return t.customer(ctx, id, false)
}

// GetConsistently is [Customers.Get] with consistent reads.
func (t Customers) GetConsistently(ctx context.Context, id identity.CustomerID) (identity.Customer, error) {
	return t.customer(ctx, id, true)
}

// maxMergeReads limits how often a customer is read while merges change it.
const maxMergeReads = 5

// customer reads the customer of an id. A merge or unmerge between two reads would
// give a customer without the id among its members: another person. Then it reads
// again, consistently.
func (t Customers) customer(ctx context.Context, id identity.CustomerID, consistent bool) (identity.Customer, error) {
	for range maxMergeReads {
		c, err := t.followMerges(ctx, id, consistent)
		if err != nil || slices.Contains(c.Members, id) {
			return c, err
		}
		consistent = true
	}
	return identity.Customer{}, fault.New(fault.Unavailable, "the customer is being merged or unmerged; repeat the request")
}

func (t Customers) followMerges(ctx context.Context, id identity.CustomerID, consistent bool) (identity.Customer, error) {
	for range maxMembers + 1 {
		it, err := t.getItem(ctx, key(customerPK(id), profileSK), consistent)
		if err != nil {
			return identity.Customer{}, err
		}
		if into := text(it, attrProfileMergedInto); into != "" {
			id = identity.CustomerID(into)
			continue
		}
		return t.readCustomer(ctx, id, it, consistent)
	}
	return identity.Customer{}, fault.New(fault.Internal, "the customer is merged into itself through other customers")
}

// readCustomer returns the customer of a profile that is not merged into
// another, with the profiles of its members.
func (t Customers) readCustomer(ctx context.Context, id identity.CustomerID, it item, consistent bool) (identity.Customer, error) {
	c := identity.Customer{ID: id, Members: []identity.CustomerID{id}}
	profiles := []item{it}
	if members := set(it, attrProfileMembers); len(members) > 0 {
		slices.Sort(members)
		keys := make([]item, len(members))
		for i, m := range members {
			c.Members = append(c.Members, identity.CustomerID(m))
			keys[i] = key(customerPK(identity.CustomerID(m)), profileSK)
		}
		found, err := t.batchGet(ctx, keys, consistent)
		if err != nil {
			return c, err
		}
		slices.SortFunc(found, func(a, b item) int { return cmp.Compare(text(a, pkName), text(b, pkName)) })
		profiles = append(profiles, found...)
	}
	shown := ""
	var consents, moves []string
	for _, p := range profiles {
		c.Name = cmp.Or(c.Name, text(p, attrProfileName))
		shown = cmp.Or(shown, text(p, attrProfileShownName))
		c.Locale = cmp.Or(c.Locale, text(p, attrProfileLocale))
		c.Account = cmp.Or(c.Account, text(p, attrProfileAccount))
		c.Registered = append(c.Registered, set(p, attrProfileAliases)...)
		consents = append(consents, set(p, attrProfileConsents)...)
		c.Claimed = append(c.Claimed, readClaimed(set(p, attrProfileClaimed))...)
		moves = append(moves, set(p, attrProfileMoves)...)
	}
	c.Consents = readConsents(consents)
	c.Name = cmp.Or(c.Name, shown)
	slices.Sort(moves)
	c.Moves = readMoves(slices.Compact(moves))
	return c, nil
}

// Exists reports whether an item is stored under a customer id.
func (t Customers) Exists(ctx context.Context, id identity.CustomerID) (bool, error) {
	return t.anyItem(ctx, keyRange(customerPK(id), " ", "~"))
}

// hasMessages reports whether a customer has messages from before a time; the
// zero time means any. A message of an alias that moved may be stored under
// another customer, so that the history must be read.
func (t Customers) hasMessages(ctx context.Context, c identity.Customer, before time.Time) (bool, error) {
	if len(c.Moves) > 0 {
		page, err := t.messages().History(ctx, c, message.Query{Limit: 1, Oldest: true, To: before})
		return len(page.Entries) > 0, err
	}
	to := messagePrefix + "~"
	if !before.IsZero() {
		to = timeSK(messagePrefix, before)
	}
	for _, m := range c.Members {
		found, err := t.anyItem(ctx, keyRange(customerPK(m), messagePrefix, to))
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

func (t Customers) anyItem(ctx context.Context, in *dynamodb.QueryInput) (bool, error) {
	in.Limit = ptr(int32(1))
	in.ConsistentRead = ptr(true)
	found := false
	err := t.query(ctx, in, func(item) bool { found = true; return false })
	return found, err
}

// Aliases returns the aliases that a customer owns. Of visitors who signed in
// it returns the newest.
func (t Customers) Aliases(ctx context.Context, c identity.Customer) ([]identity.Address, error) {
	all, err := t.aliasesNow(ctx, c)
	var out []identity.Address
	for _, a := range all {
		out = append(out, a.address)
	}
	return out, err
}

// aliasesNow returns the aliases that a customer owns.
func (t Customers) aliasesNow(ctx context.Context, c identity.Customer) ([]aliasItem, error) {
	all, err := t.aliasesOf(ctx, c)
	return slices.DeleteFunc(all, func(a aliasItem) bool { return !slices.Contains(c.Members, a.currentOwner()) }), err
}

// AliasDetails returns every alias that a customer owns or owned, with its
// evidence and links.
func (t Customers) AliasDetails(ctx context.Context, c identity.Customer) ([]identity.AliasDetail, error) {
	all, err := t.aliasesOf(ctx, c)
	if err != nil {
		return nil, err
	}
	by := map[string]aliasItem{}
	for _, a := range all {
		by[a.key] = a
	}
	out := make([]identity.AliasDetail, 0, len(all))
	for _, a := range all {
		k := identity.AliasDetail{Address: a.address, Evidence: a.evidence}
		if !slices.Contains(c.Members, a.currentOwner()) {
			k.Until = a.leftAt(c.Members)
		}
		for _, other := range slices.Sorted(slices.Values(a.linked)) {
			if b, ok := by[other]; ok {
				k.Links = append(k.Links, identity.AliasLink{To: b.address.Alias, Evidence: a.link(other)})
			}
		}
		out = append(out, k)
	}
	for _, k := range c.Claimed {
		if !slices.ContainsFunc(out, func(o identity.AliasDetail) bool { return o.Alias == k.Alias }) {
			out = append(out, k)
		}
	}
	return out, nil
}

// aliasesOf returns the aliases that a customer owns or owned: those in the
// profiles, those of the earliest and latest message of each member, the newest
// visitors who signed in, and all linked with them. An alias that came later is
// in the profile, so that no other message must be read.
func (t Customers) aliasesOf(ctx context.Context, c identity.Customer) ([]aliasItem, error) {
	seeds := slices.Clone(c.Registered)
	for _, m := range c.Moves {
		seeds = append(seeds, m.Alias)
	}
	for _, member := range c.Members {
		for _, forward := range []bool{true, false} {
			in := keyRange(customerPK(member), messagePrefix, endOf(messagePrefix))
			in.ScanIndexForward = &forward
			in.Limit = ptr(int32(1))
			err := t.query(ctx, in, func(it item) bool {
				if m, _, err := readMessage(it); err == nil {
					seeds = append(seeds, t.aliasKeys(t.linkableAddresses(m.Addresses()))...)
				}
				return false
			})
			if err != nil {
				return nil, err
			}
		}
	}
	visitors, err := t.visitorKeys(ctx, c.Members)
	if err != nil {
		return nil, err
	}
	return t.linkedAliases(ctx, append(seeds, visitors...), c.Members)
}

// maxVisitors bounds how many visitors who signed in are listed for one
// customer.
const maxVisitors = 20

// visitorKeys returns the alias keys of the newest visitors who signed in as one
// of the customers, newest first.
func (t Customers) visitorKeys(ctx context.Context, of []identity.CustomerID) ([]string, error) {
	var rows []string
	for _, member := range of {
		in := keyRange(customerPK(member), visitorPrefix, endOf(visitorPrefix))
		in.ScanIndexForward = ptr(false)
		in.Limit = ptr(int32(maxVisitors))
		n := 0
		err := t.query(ctx, in, func(it item) bool {
			rows = append(rows, text(it, skName))
			n++
			return n < maxVisitors
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(rows)
	slices.Reverse(rows)
	rows = rows[:min(len(rows), maxVisitors)]
	for i, sk := range rows {
		rows[i] = visitorAliasKey(sk)
	}
	return rows, nil
}

// update writes one conditional update. lost reports that the condition did not
// hold.
func (t Customers) update(ctx context.Context, in *dynamodb.UpdateItemInput) (lost bool, err error) {
	in.TableName = t.name
	_, err = t.db.UpdateItem(ctx, in)
	if _, failedCondition := errors.AsType[*types.ConditionalCheckFailedException](err); failedCondition {
		return true, nil
	}
	if err != nil {
		return false, sdkError(err, "update "+kindName(in.Key))
	}
	return false, nil
}
