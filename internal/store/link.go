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

// SignedInVisitors returns the visitors of c whom a site signed in to an account
// of c: those in wrote, in that order, then the newest sign-ins. The second
// result counts the accounts of c. An anonymous visitor whom an agent merged
// with c is left out, and so is a visitor whose account moved to another
// customer.
func (t Customers) SignedInVisitors(ctx context.Context, c identity.Customer, wrote []identity.Alias) (visitors []SignedInVisitor, accounts int, err error) {
	newest, err := t.visitorKeys(ctx, c)
	if err != nil {
		return nil, 0, err
	}
	var keys []string
	for _, a := range wrote {
		keys = append(keys, t.aliasKey(identity.Address{Alias: a, Assurance: identity.Verified}))
	}
	for _, k := range newest {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	var others []string
	for _, k := range c.Registered {
		if !slices.Contains(keys, k) && !slices.Contains(others, k) {
			others = append(others, k)
		}
	}
	known, err := t.readAliases(ctx, slices.Concat(keys, others))
	if err != nil {
		return nil, 0, err
	}
	owned := map[string]identity.Alias{}
	for k, a := range known {
		if a.address.Kind == identity.Account && slices.Contains(c.Members, a.currentOwner()) {
			owned[k] = a.address.Alias
		}
	}
	for _, k := range keys {
		a := known[k]
		if !a.hostProven() || !slices.Contains(c.Members, a.currentOwner()) {
			continue
		}
		for _, link := range a.linked {
			if account, ok := owned[link]; ok {
				visitors = append(visitors, SignedInVisitor{Visitor: a.address.Alias, Account: account, Customer: a.currentOwner()})
				break
			}
		}
	}
	return visitors, len(owned), nil
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
