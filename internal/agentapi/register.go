package agentapi

import (
	"context"
	"fmt"
	"regexp"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
)

// Bounds of a registration.
const (
	maxName      = 256 // bytes
	maxAddresses = 10  // of each kind
	maxOrders    = 100
	maxProducts  = 50 // of one order
	maxNumber    = 64 // bytes of a customer or order number
)

// A registerAccountRequest is a customer's entry in the company's own register.
type registerAccountRequest struct {
	Name   string           `json:"name"`
	Locale string           `json:"locale"`
	Phones []string         `json:"phones"`
	Mails  []string         `json:"mails"`
	Orders []identity.Order `json:"orders"`
}

// A registerAccountResponse names the customer of the account, the customers
// that the entry merged with it, and those that have one of its addresses and
// were not merged. For a dry run it says what would happen.
type registerAccountResponse struct {
	identity.Plan
	Account string `json:"account"`
	DryRun  bool   `json:"dryRun,omitempty"`
}

func (a *API) registerAccount(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	response := registerAccountResponse{DryRun: httpapi.OneOf(q, "dryRun", "true", "false") == "true"}
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	var body registerAccountRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	registration, err := a.newRegistration(body, r.PathValue("number"))
	if err != nil {
		return httpapi.Response{}, err
	}
	registration.At = r.Now
	register := a.Store.Customers.RegisterCustomer
	if response.DryRun {
		register = a.Store.Customers.PlanRegistration
	}
	if response.Plan, err = register(ctx, registration); err != nil {
		return httpapi.Response{}, err
	}
	response.Account = registration.Account
	response.Joined = append([]identity.CustomerID{}, response.Joined...)
	response.Unjoined = append([]identity.NotJoined{}, response.Unjoined...)
	return httpapi.Response{Body: response}, nil
}

var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// newRegistration returns the registration of a request, checked.
func (a *API) newRegistration(body registerAccountRequest, number string) (identity.Registration, error) {
	none := identity.Registration{}
	account, err := identity.NewAlias(identity.Account, "", number)
	if err != nil || !httpapi.IsPrintable(account.Value, maxNumber) {
		return none, fault.New(fault.Invalid, "a customer number must have 1 to %d letters, digits or punctuation marks", maxNumber)
	}
	registration := identity.Registration{Account: account.Value, Locale: body.Locale, Orders: body.Orders}
	if registration.Name, err = httpapi.CleanText("name", body.Name, maxName, false); err != nil {
		return none, err
	}
	if body.Locale != "" && (len(body.Locale) > 35 || !languageTag.MatchString(body.Locale)) {
		return none, fault.New(fault.Invalid, "locale must be a language tag like nl-NL")
	}
	if registration.Phones, err = parseAddresses("phones", identity.Phone, body.Phones); err != nil {
		return none, err
	}
	if registration.Mails, err = parseAddresses("mails", identity.Email, body.Mails); err != nil {
		return none, err
	}
	return registration, a.checkOrders(body.Orders)
}

// parseAddresses returns the aliases of one list of a request.
func parseAddresses(name string, kind identity.Kind, values []string) ([]identity.Alias, error) {
	if len(values) > maxAddresses {
		return nil, fault.New(fault.Invalid, "%s must have at most %d entries", name, maxAddresses)
	}
	aliases := make([]identity.Alias, len(values))
	for i, v := range values {
		alias, err := identity.NewAlias(kind, "", v)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s[%d]: %s", name, i, fault.Message(err))
		}
		aliases[i] = alias
	}
	return aliases, nil
}

func (a *API) checkOrders(orders []identity.Order) error {
	if len(orders) > maxOrders {
		return fault.New(fault.Invalid, "orders must have at most %d entries", maxOrders)
	}
	for i, order := range orders {
		if !httpapi.IsPrintable(order.Number, maxNumber) {
			return fault.New(fault.Invalid, "orders[%d].number must have 1 to %d letters, digits or punctuation marks", i, maxNumber)
		}
		if len(order.Products) > maxProducts {
			return fault.New(fault.Invalid, "orders[%d].products must have at most %d entries", i, maxProducts)
		}
		for j, product := range order.Products {
			if err := a.checkProduct(fmt.Sprintf("orders[%d].products[%d]", i, j), product); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *API) checkProduct(name, id string) error {
	if _, ok := a.Taxonomy().Product(id); !ok {
		return fault.New(fault.Invalid, "%s: the taxonomy has no such product", name)
	}
	return nil
}
