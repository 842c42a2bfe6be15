package chatapi

import (
	"context"

	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
)

// signIn returns the session of a visitor whom the site says has an account.
// That is the session s when it was signed in for this account already.
// Otherwise it is a session of a new visitor, who belongs to the account's
// customer before the first message. The visitor of s stays apart: what an
// anonymous visitor wrote may be another person's, so agents see a suggestion.
//
// A sign-in whose answer is lost can be repeated. The first new visitor then
// never writes.
func (a *API) signIn(ctx context.Context, r *httpapi.Request, s webchat.Session, hostToken string) (webchat.Session, error) {
	var person webchat.Person
	err := a.withKeys(ctx, "hostKey", func(keys [][]byte) (err error) {
		person, err = webchat.VerifyHost(hostToken, a.Site, r.Now, keys...)
		return err
	})
	if err != nil {
		return s, err
	}
	continues := false
	if s.Account == person.Account.Value {
		if continues, err = a.Store.Customers.SameCustomer(ctx, s.Alias(), s.AccountAlias()); err != nil {
			return s, err
		}
	}
	if continues {
		customer, _, err := a.Store.Customers.FindCustomer(ctx, s.AccountAlias())
		if err != nil {
			return s, err
		}
		return s, a.noteClaimed(ctx, customer, person, person.Link(s, r.Now))
	}
	signedIn, err := person.Session(a.Site)
	if err != nil {
		return s, err
	}
	link := person.Link(signedIn, r.Now)
	customer, err := a.Store.Customers.LinkVisitor(ctx, link)
	if err != nil {
		return s, err
	}
	if s.Visitor != "" && s.Account == "" {
		if err := a.Store.Customers.SuggestLink(ctx, person.Link(s, r.Now)); err != nil {
			return s, err
		}
	}
	return signedIn, a.noteClaimed(ctx, customer, person, link)
}

// noteClaimed stores the addresses that the site gave for a customer, as
// claimed.
func (a *API) noteClaimed(ctx context.Context, customer identity.CustomerID, person webchat.Person, link identity.Link) error {
	claimed := make([]identity.Alias, len(person.Aliases))
	for i, alias := range person.Aliases {
		claimed[i] = alias.Alias
	}
	return a.Store.Customers.PutClaimedAliases(ctx, customer, claimed, link.Evidence)
}
