package store

import (
	"context"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// LinkVisitor gives the new visitor l.From to the owner of the account l.To,
// and returns that customer. An unknown account gets a new customer. It can be
// repeated. A visitor of another customer is [fault.Invalid]. It merges no
// customers, and the number of visitors has no limit: each visitor has an item
// in the customer's partition, of which [Customers.Aliases] reads the newest. That
// item is written before the alias, so that every alias is found from its
// customer. If the account moves to another customer between the read and the
// write, [Customers.SameCustomer] reports false for this visitor.
func (t Customers) LinkVisitor(ctx context.Context, l identity.Link) (identity.CustomerID, error) {
	account := identity.Address{Alias: l.To, Assurance: identity.Verified}
	visitor := identity.Address{Alias: l.From, Assurance: identity.Verified}
	accountKey := t.aliasKey(account)
	visitorKey := t.aliasKey(visitor)
	if _, err := t.ResolveAliases(ctx, []identity.Address{account}, l.Evidence); err != nil {
		return "", err
	}
	it, err := t.getItem(ctx, key(accountKey, aliasSK), true)
	if err != nil {
		return "", err
	}
	if it == nil {
		return "", fault.New(fault.Unavailable, "the account was erased during the sign-in; sign in again")
	}
	customer := readAlias(it).currentOwner()
	if err := t.noteAliases(ctx, customer, []string{accountKey}); err != nil {
		return "", err
	}
	if _, err := t.putNew(ctx, key(customerPK(customer), visitorSK(l.Evidence.At, visitorKey))); err != nil {
		return "", err
	}
	taken, err := t.putNew(ctx, t.writeAlias(visitor, customer, []string{accountKey}, l.Evidence))
	if err != nil {
		return "", err
	}
	if taken != nil && readAlias(taken).currentOwner() != customer {
		return "", fault.New(fault.Invalid, "the visitor belongs to another customer; link a new visitor")
	}
	return customer, nil
}

// VisitorHasAccount reports whether a site proved that the visitor is the
// visitor of an account. It is false for an anonymous visitor whom an agent
// merged with an account's customer.
func (t Customers) VisitorHasAccount(ctx context.Context, visitor identity.Alias) (bool, error) {
	it, err := t.getItem(ctx, key(t.aliasKey(identity.Address{Alias: visitor, Assurance: identity.Verified}), aliasSK), true)
	if err != nil || it == nil {
		return false, err
	}
	return readAlias(it).hostProven(), nil
}

// SameCustomer reports whether two verified aliases belong to one customer
// now. It is false when one of them is not known.
func (t Customers) SameCustomer(ctx context.Context, a, b identity.Alias) (bool, error) {
	keys := t.aliasKeys([]identity.Address{{Alias: a, Assurance: identity.Verified}, {Alias: b, Assurance: identity.Verified}})
	known, err := t.readAliases(ctx, keys)
	if err != nil || len(known) < len(keys) {
		return false, err
	}
	ownerA := known[keys[0]].currentOwner()
	ownerB := known[keys[1]].currentOwner()
	if ownerA == ownerB {
		return true, nil
	}
	ca, errA := t.customer(ctx, ownerA, true)
	cb, errB := t.customer(ctx, ownerB, true)
	return ca.ID == cb.ID, firstError(errA, errB)
}

// VisitorsSince returns the visitors of an account of c for whom the history has
// messages since from, oldest message first. When the account moves from that
// time on, these messages stay with c until their visitors are moved too.
func (t Customers) VisitorsSince(ctx context.Context, c identity.Customer, account identity.Alias, from time.Time) ([]identity.Alias, error) {
	var keys []string
	for _, part := range c.Parts() {
		in := keyRange(customerPK(part.ID), timeSK(messagePrefix, from), endOf(messagePrefix))
		in.ConsistentRead = ptr(true)
		in.ProjectionExpression = ptr(attrMessageAlias)
		err := t.query(ctx, in, func(it item) bool {
			a := identity.Address{Alias: decodeAlias(text(it, attrMessageAlias)), Assurance: identity.Verified}
			if a.Kind != identity.Visitor {
				return true
			}
			if k := t.aliasKey(a); !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	known, err := t.readAliases(ctx, keys)
	if err != nil {
		return nil, err
	}
	accountKey := t.aliasKey(identity.Address{Alias: account, Assurance: identity.Verified})
	var out []identity.Alias
	for _, k := range keys {
		a := known[k]
		if a.hostProven() && slices.Contains(a.linked, accountKey) && slices.Contains(c.Members, a.currentOwner()) {
			out = append(out, a.address.Alias)
		}
	}
	return out, nil
}

// A SignedInVisitor is a visitor whom a site signed in to an account.
type SignedInVisitor struct {
	Visitor  identity.Alias
	Account  identity.Alias
	Customer identity.CustomerID // owner of the visitor
}

// SignIns are the sign-ins of a customer's visitors to accounts.
type SignIns struct {
	// Visitors are those whose page can show an answer to the customer. The
	// customer owns the visitor, and now owns the account too.
	Visitors []SignedInVisitor
	// Accounts counts the accounts of the customer, and other accounts whose
	// visitors wrote to it.
	Accounts int
	// Any reports whether a visitor signed in at all: it is one of those who
	// wrote, or the customer owned the visitor or its account at the sign-in or
	// later. When an account or a visitor moved, there may be no Visitors.
	Any bool
}

// SignIns returns the sign-ins of c's visitors: of those in wrote, in that
// order, then the newest sign-ins. An answer to c is sent at a time, at which c
// must own the visitor. An anonymous visitor whom an agent merged with c is left
// out.
func (t Customers) SignIns(ctx context.Context, c identity.Customer, wrote []identity.Alias, at time.Time) (SignIns, error) {
	wroteKeys := make([]string, len(wrote))
	for i, a := range wrote {
		wroteKeys[i] = t.aliasKey(identity.Address{Alias: a, Assurance: identity.Verified})
	}
	visitors, err := t.signedInKeys(ctx, c, wroteKeys)
	if err != nil {
		return SignIns{}, err
	}
	known, err := t.readAliases(ctx, visitors)
	if err != nil {
		return SignIns{}, err
	}
	accounts, err := t.readAliases(ctx, accountKeys(c, known))
	if err != nil {
		return SignIns{}, err
	}
	var out SignIns
	counted := map[string]bool{}
	for k, account := range accounts {
		counted[k] = slices.Contains(c.Members, account.currentOwner())
	}
	for _, k := range visitors {
		v := known[k]
		link := slices.IndexFunc(v.linked, func(l string) bool { return isAliasKind(l, identity.Account) })
		if link < 0 || !v.hostProven() {
			continue
		}
		accountKey := v.linked[link]
		account := accounts[accountKey]
		hasAccount := slices.Contains(c.Members, account.currentOwner())
		if hasAccount && v.ownedNowAndAt(c.Members, at) {
			out.Visitors = append(out.Visitors, SignedInVisitor{Visitor: v.address.Alias, Account: account.address.Alias, Customer: v.ownerAt(at)})
		}
		isWriter := slices.Contains(wroteKeys, k)
		signedIn := v.link(accountKey).At
		wasOwned := v.ownedSince(c.Members, signedIn) || account.ownedSince(c.Members, signedIn)
		out.Any = out.Any || isWriter || wasOwned
		counted[accountKey] = counted[accountKey] || isWriter
	}
	for _, counts := range counted {
		if counts {
			out.Accounts++
		}
	}
	return out, nil
}

// signedInKeys returns the alias keys of visitors who may have signed in: those
// in wrote, then the newest sign-ins of c, then visitors who moved, then the
// newest sign-ins with accounts that moved to or from c. The note of a sign-in
// stays in the partition of the customer who owned the account then.
func (t Customers) signedInKeys(ctx context.Context, c identity.Customer, wrote []string) ([]string, error) {
	var moved []string
	var others []identity.CustomerID
	for _, m := range c.Moves {
		if isAliasKind(m.Alias, identity.Visitor) {
			moved = append(moved, m.Alias)
		}
		if !isAliasKind(m.Alias, identity.Account) {
			continue
		}
		for _, id := range []identity.CustomerID{m.Was, m.To} {
			if !slices.Contains(c.Members, id) && !slices.Contains(others, id) {
				others = append(others, id)
			}
		}
	}
	newest, err := t.visitorKeys(ctx, c.Members)
	if err != nil {
		return nil, err
	}
	elsewhere, err := t.visitorKeys(ctx, others)
	return unique(slices.Concat(wrote, newest, moved, elsewhere)), err
}

// accountKeys returns the alias keys of accounts that c may own, and of the
// accounts of visitors.
func accountKeys(c identity.Customer, visitors map[string]aliasItem) []string {
	keys := slices.Clone(c.Registered)
	for _, m := range c.Moves {
		keys = append(keys, m.Alias)
	}
	for _, v := range visitors {
		keys = append(keys, v.linked...)
	}
	return unique(slices.DeleteFunc(keys, func(k string) bool { return !isAliasKind(k, identity.Account) }))
}

// unique returns the elements of list, each once, in the order of their first
// place.
func unique(list []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s string) bool {
		before := seen[s]
		seen[s] = true
		return before
	})
}

// ownedNowAndAt reports whether the customers own a, and owned it at a time.
func (a aliasItem) ownedNowAndAt(of []identity.CustomerID, at time.Time) bool {
	return slices.Contains(of, a.currentOwner()) && slices.Contains(of, a.ownerAt(at))
}

// ownedSince reports whether one of the customers owned a at a time or later. A
// move that was taken back from the same time on does not count.
func (a aliasItem) ownedSince(of []identity.CustomerID, since time.Time) bool {
	if slices.Contains(of, a.ownerAt(since)) {
		return true
	}
	return slices.ContainsFunc(a.moves, func(m identity.Move) bool {
		return m.From.After(since) && slices.Contains(of, a.ownerAt(m.From))
	})
}

// SuggestLink suggests that the anonymous visitor l.From and the owner of the
// account l.To are one person. It writes nothing if the visitor has no
// messages, if the visitor's customer has an account, or if a person decided
// that they are two. It can be repeated.
func (t Customers) SuggestLink(ctx context.Context, l identity.Link) error {
	visitor, _, err := t.FindCustomer(ctx, l.From)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	account, _, errA := t.FindCustomer(ctx, l.To)
	if err := firstError(err, errA); err != nil {
		return err
	}
	from, errF := t.customer(ctx, visitor, true)
	to, errT := t.customer(ctx, account, true)
	if err := firstError(errF, errT); err != nil || from.ID == to.ID {
		return err
	}
	if written, err := t.hasMessages(ctx, from, time.Time{}); err != nil || !written {
		return err
	}
	if known, err := t.hasAccount(ctx, from); err != nil || known {
		return err
	}
	if apart, err := t.isDismissed(ctx, from, to); err != nil || apart {
		return err
	}
	return t.putSuggestion(ctx, from.ID, to.ID, l.Evidence.Rule, l.Evidence)
}

// hasAccount reports whether a customer has an account.
func (t Customers) hasAccount(ctx context.Context, c identity.Customer) (bool, error) {
	all, err := t.Aliases(ctx, c)
	for _, a := range all {
		if a.Kind == identity.Account {
			return true, err
		}
	}
	return false, err
}
