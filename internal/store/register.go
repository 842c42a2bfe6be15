package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/identity"
)

// RegisterCustomer stores an entry of the register, and joins the owners of its
// aliases where the evidence allows it. It can be repeated. Values that are
// missing from a later entry stay.
func (t Customers) RegisterCustomer(ctx context.Context, r identity.Registration) (identity.Plan, error) {
	addresses, ev, err := t.registerEntry(r)
	if err != nil {
		return identity.Plan{}, err
	}
	res, err := t.ResolveAliases(ctx, addresses, ev)
	if err != nil {
		return identity.Plan{}, fmt.Errorf("resolve the aliases of a register entry: %w", err)
	}
	if err := t.putProfile(ctx, res.Owner, r, addresses); err != nil {
		return identity.Plan{}, fmt.Errorf("store a register entry: %w", err)
	}
	plan, err := t.judgeRegistration(ctx, addresses, ev, res, func(other identity.CustomerID) error {
		_, err := t.JoinByEvidence(ctx, res.Owner, other, ev)
		return err
	})
	if err != nil {
		return plan, err
	}
	c, err := t.customer(ctx, res.Owner, true)
	if err != nil {
		return plan, fmt.Errorf("read the registered customer: %w", err)
	}
	plan.Customer = c.ID
	return plan, t.putOrders(ctx, r)
}

// PlanRegistration returns the result that [Customers.RegisterCustomer] would have,
// and writes nothing.
func (t Customers) PlanRegistration(ctx context.Context, r identity.Registration) (identity.Plan, error) {
	addresses, ev, err := t.registerEntry(r)
	if err != nil {
		return identity.Plan{}, err
	}
	addresses = t.linkableAddresses(addresses)
	s, err := t.statement(ctx, addresses, t.aliasKeys(addresses), ev)
	if err != nil {
		return identity.Plan{}, fmt.Errorf("look up the aliases of a register entry: %w", err)
	}
	plan, err := t.judgeRegistration(ctx, addresses, ev, Resolution{Owner: s.owner, New: s.fresh, Others: s.others}, nil)
	if err != nil || s.fresh {
		return plan, err
	}
	c, err := t.Get(ctx, s.owner)
	plan.Customer = c.ID
	return plan, err
}

// registerEntry returns the statement of a register entry. The account comes
// first: it decides the customer.
func (t Customers) registerEntry(r identity.Registration) ([]identity.Address, identity.Evidence, error) {
	account, err := identity.NewAlias(identity.Account, "", r.Account)
	if err != nil {
		return nil, identity.Evidence{}, err
	}
	addresses := []identity.Address{{Alias: account, Assurance: identity.Verified}}
	for _, a := range slices.Concat(r.Phones, r.Mails) {
		addresses = append(addresses, identity.Address{Alias: a, Assurance: identity.Verified})
	}
	return addresses, identity.Evidence{Rule: identity.RuleRegister, Ref: "account " + account.Value, At: r.At}, nil
}

// judgeRegistration decides for each other owner of the entry's aliases whether
// the entry joins that customer. If do is not nil, it calls do for each of
// them.
func (t Customers) judgeRegistration(ctx context.Context, addresses []identity.Address, ev identity.Evidence, res Resolution, do func(identity.CustomerID) error) (identity.Plan, error) {
	plan := identity.Plan{New: res.New}
	s, err := t.statement(ctx, t.linkableAddresses(addresses), t.aliasKeys(t.linkableAddresses(addresses)), ev)
	if err != nil {
		return plan, fmt.Errorf("look up the aliases of a register entry: %w", err)
	}
	for _, r := range s.rivals {
		if r.customer != res.Owner {
			plan.Unjoined = append(plan.Unjoined, identity.NotJoined{Customer: r.customer, Why: identity.ReasonShared})
		}
	}
	for _, other := range res.Others {
		v, err := t.verdict(ctx, res.Owner, other, ev)
		if err != nil {
			return plan, fmt.Errorf("compare a customer of the same address: %w", err)
		}
		if v.why == "" {
			plan.Joined = append(plan.Joined, other)
		} else {
			plan.Unjoined = append(plan.Unjoined, identity.NotJoined{Customer: other, Why: v.why})
		}
		if do != nil {
			if err := do(other); err != nil {
				return plan, fmt.Errorf("join a customer of the same address: %w", err)
			}
		}
	}
	return plan, nil
}

func (t Customers) putProfile(ctx context.Context, id identity.CustomerID, r identity.Registration, addresses []identity.Address) error {
	values := item{":n": str(r.Name), ":l": str(r.Locale), ":ac": str(r.Account), ":al": setOf(t.aliasKeys(addresses))}
	index := *exprf("REMOVE %s, %s", gsiPK, gsiSK)
	if pk, full := t.fullNamePK(r.Name); full {
		index = *exprf(", %s = :pk, %s = :c", gsiPK, gsiSK)
		values[":pk"] = str(pk)
		values[":c"] = str(string(id))
	}
	_, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: key(customerPK(id), profileSK),
		UpdateExpression:          exprf("SET %s = :n, #l = :l, %s = :ac %s ADD %s :al", attrProfileName, attrProfileAccount, index, attrProfileAliases),
		ExpressionAttributeNames:  map[string]string{"#l": attrProfileLocale},
		ExpressionAttributeValues: values,
	})
	if err != nil {
		return sdkError(err, "write profile")
	}
	if r.Name == "" {
		return nil
	}
	it := key(t.namePK(r.Name), string(id))
	_, err = t.putNew(ctx, it)
	return err
}

func (t Customers) putOrders(ctx context.Context, r identity.Registration) error {
	for _, o := range r.Orders {
		it := key(t.orderPK(o.Number), orderSK)
		it[attrOrderAccount] = str(r.Account)
		it[gsiPK] = str(t.ordersPK(r.Account))
		it[gsiSK] = it[pkName]
		if len(o.Products) > 0 {
			it[attrOrderProducts] = setOf(o.Products)
		}
		if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
			return sdkError(err, "write order")
		}
	}
	return nil
}

// OrderProducts returns the products of an order number; none if the register
// has no such order.
func (t Customers) OrderProducts(ctx context.Context, order string) ([]string, error) {
	it, err := t.getItem(ctx, key(t.orderPK(order), orderSK), false)
	if err != nil {
		return nil, err
	}
	out := set(it, attrOrderProducts)
	slices.Sort(out)
	return out, nil
}
