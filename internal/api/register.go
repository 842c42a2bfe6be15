package api

import (
	"context"
	"fmt"
	"regexp"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// Bounds of an entry of the register.
const (
	maxName      = 256 // bytes
	maxAddresses = 10  // phones, and mail addresses
	maxOrders    = 100
	maxProducts  = 50 // of one order
	maxNumber    = 64 // bytes, of a customer or order number
)

// An entry is what the register says of a customer.
type entry struct {
	Name   string           `json:"name"`
	Locale string           `json:"locale"`
	Phones []string         `json:"phones"`
	Mails  []string         `json:"mails"`
	Orders []identity.Order `json:"orders"`
}

// A registered says whose entry it is, who is one with them by it, and who has
// an address of it and stays apart. Of a dry run it says what would be.
type registered struct {
	identity.Plan
	Account string `json:"account"`
	DryRun  bool   `json:"dryRun,omitempty"`
}

func (a *Agents) register(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	out := registered{DryRun: oneOf(q, "dryRun", "true", "false") == "true"}
	if err := q.done(); err != nil {
		return reply{}, err
	}
	var e entry
	if err := r.decode(&e); err != nil {
		return reply{}, err
	}
	reg, err := a.registration(e, r.param("number"))
	if err != nil {
		return reply{}, err
	}
	reg.At = r.now
	do := a.Store.RegisterCustomer
	if out.DryRun {
		do = a.Store.PlanRegistration
	}
	if out.Plan, err = do(ctx, reg); err != nil {
		return reply{}, err
	}
	out.Account = reg.Account
	out.Joined = append([]identity.CustomerID{}, out.Joined...)
	out.Unjoined = append([]identity.Unjoined{}, out.Unjoined...)
	return reply{body: out}, nil
}

var locale = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// registration checks an entry of the register.
func (a *Agents) registration(e entry, number string) (identity.Registration, error) {
	none := identity.Registration{}
	account, err := identity.NewAlias(identity.Account, "", number)
	if err != nil || !printable(account.Value, maxNumber) {
		return none, fault.New(fault.Invalid, "a customer number has 1 to %d letters, digits and signs", maxNumber)
	}
	r := identity.Registration{Account: account.Value, Locale: e.Locale, Orders: e.Orders}
	if r.Name, err = clean("name", e.Name, maxName, false); err != nil {
		return none, err
	}
	if e.Locale != "" && (len(e.Locale) > 35 || !locale.MatchString(e.Locale)) {
		return none, fault.New(fault.Invalid, "locale must be a language tag like nl-NL")
	}
	if r.Phones, err = aliases("phones", identity.Phone, e.Phones); err != nil {
		return none, err
	}
	if r.Mails, err = aliases("mails", identity.Email, e.Mails); err != nil {
		return none, err
	}
	return r, a.checkOrders(e.Orders)
}

// aliases reads the addresses of one list.
func aliases(name string, kind identity.Kind, values []string) ([]identity.Alias, error) {
	if len(values) > maxAddresses {
		return nil, fault.New(fault.Invalid, "%s may have %d entries", name, maxAddresses)
	}
	out := make([]identity.Alias, len(values))
	for i, v := range values {
		alias, err := identity.NewAlias(kind, "", v)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s[%d]: %s", name, i, fault.Message(err))
		}
		out[i] = alias
	}
	return out, nil
}

func (a *Agents) checkOrders(orders []identity.Order) error {
	if len(orders) > maxOrders {
		return fault.New(fault.Invalid, "orders may have %d entries", maxOrders)
	}
	for i, o := range orders {
		if !printable(o.Number, maxNumber) {
			return fault.New(fault.Invalid, "orders[%d].number must have 1 to %d letters, digits and signs", i, maxNumber)
		}
		if len(o.Products) > maxProducts {
			return fault.New(fault.Invalid, "orders[%d].products may have %d entries", i, maxProducts)
		}
		for j, p := range o.Products {
			if err := a.checkProduct(fmt.Sprintf("orders[%d].products[%d]", i, j), p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Agents) checkProduct(name, id string) error {
	if _, ok := a.Taxonomy().Product(id); !ok {
		return fault.New(fault.Invalid, "%s: the taxonomy has no such product", name)
	}
	return nil
}
