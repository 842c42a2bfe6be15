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

// A registered says whose entry it is, and who has an address of it and could
// not be joined, since both have messages.
type registered struct {
	CustomerID identity.CustomerID   `json:"customerId"`
	Account    string                `json:"account"`
	Unjoined   []identity.CustomerID `json:"unjoined"`
}

func (a *Agents) register(ctx context.Context, r *request) (reply, error) {
	var e entry
	if err := r.decode(&e); err != nil {
		return reply{}, err
	}
	reg, err := a.registration(e, r.param("number"))
	if err != nil {
		return reply{}, err
	}
	reg.At = r.now
	plan, err := a.Store.Register(ctx, reg)
	if err != nil {
		return reply{}, err
	}
	unjoined := []identity.CustomerID{}
	for _, u := range plan.Unjoined {
		unjoined = append(unjoined, u.Customer)
	}
	return reply{body: registered{plan.Customer, reg.Account, unjoined}}, nil
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
