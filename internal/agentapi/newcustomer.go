package agentapi

import (
	"context"
	"net/http"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
)

// A newCustomerRequest names a person who called or came to the counter, by a phone
// number or a mail address.
type newCustomerRequest struct {
	Phone string `json:"phone"` // as people write it
	Email string `json:"email"`
	Name  string `json:"name"`
}

// createCustomer answers with the customer who has the address of a request, and
// creates one if no customer has it. The address is claimed: the agent heard it, and
// nothing proves it. A repeated request finds the customer that the first one created.
func (a *API) createCustomer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body newCustomerRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	alias, err := a.newCustomerAlias(body)
	if err != nil {
		return httpapi.Response{}, err
	}
	if body.Name, err = httpapi.CleanText("name", body.Name, maxName, false); err != nil {
		return httpapi.Response{}, err
	}
	status := http.StatusOK
	id, assurance, err := a.Store.Customers.FindCustomer(ctx, alias)
	if fault.Is(err, fault.NotFound) {
		status = http.StatusCreated
		assurance = identity.Claimed
		ev := identity.Evidence{Rule: identity.RulePerson, Ref: r.Caller(), At: r.Now, Name: body.Name}
		id, err = a.Store.Customers.Identify(ctx, []identity.Address{{Alias: alias, Assurance: assurance}}, ev)
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	if status == http.StatusCreated && body.Name != "" {
		if err := a.Store.Customers.PutShownName(ctx, id, body.Name); err != nil {
			return httpapi.Response{}, err
		}
	}
	profile, err := a.profileWith(ctx, id, identity.Address{Alias: alias, Assurance: assurance})
	return httpapi.Response{Status: status, Body: profile}, err
}

// newCustomerAlias returns the one alias of a request.
func (a *API) newCustomerAlias(body newCustomerRequest) (identity.Alias, error) {
	hasOne := (body.Phone == "") != (body.Email == "")
	if !hasOne {
		return identity.Alias{}, fault.New(fault.Invalid, "give either phone or email: the number or address that the person named")
	}
	if body.Email != "" {
		alias, err := identity.NewAlias(identity.Email, "", body.Email)
		if err != nil {
			return alias, fault.New(fault.Invalid, "email: %s", fault.Message(err))
		}
		return alias, nil
	}
	alias, err := identity.ParsePhone(body.Phone, a.Country)
	if err != nil {
		return alias, fault.New(fault.Invalid, "phone: %s", fault.Message(err))
	}
	return alias, nil
}
