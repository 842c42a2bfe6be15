// Package agentapi is the HTTP API of agent tools: a help desk, a CRM, a bot.
// It finds customers, shows their history, brief and contacts, lists who is
// waiting, and takes answers, claims, notes, corrections, decisions and
// changes of identity. infra/openapi.yaml describes every operation.
//
//	GET /v1/customers?phone=31970100678&messages=20
//	Authorization: Bearer <token with the scope customers:read>
//
// answers with the customer who has that number:
//
//	{
//	  "id": "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f",
//	  "ids": ["01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f"],
//	  "aliases": [{"kind": "phone", "value": "31970100678", "assurance": "verified"}],
//	  "suggestions": [],
//	  "history": {"customerId": "01931c2e-…", "messages": […], "complete": true}
//	}
//
// # Customers after a merge
//
// A customer has several ids after a merge, and every one of them works in
// every path permanently. Answers name the surviving id and list all. Messages
// stay stored under the id that they arrived for.
//
// # Repeated requests
//
// A request that stores something carries an id of the caller's, so that it
// can be repeated after a lost answer:
//
//  1. POST /v1/customers/{id}/messages with id "a-1" stores message "a-1", 201.
//  2. The answer is lost. The caller sends the same request again.
//  3. The message is found under that id and has the same content: 200 with
//     the stored message. Other content is refused with 409.
//
// Two requests that run at the same time end the same way, because one
// conditional put decides (TestRecordAnswer_Concurrent).
package agentapi

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// API serves agent tools.
type API struct {
	Store    *store.Table
	Blobs    *blob.Bucket
	Taxonomy func() *taxonomy.Taxonomy // called by the requests that need it
	Meter    ingest.Meter
	Limiter  *httpapi.Limiter // nil: no limit
	Mailbox  Mailbox          // that answers are sent from
	Country  string           // country code of phone numbers that are written without one, such as "31"; may be empty
	Now      func() time.Time

	// Preview returns the contact that k would be after a new classification.
	// Ok is false if k is not a contact any more.
	Preview func(ctx context.Context, k contact.Contact) (next contact.Contact, ok bool, err error)
	// Suggest returns at most three reasons that a contact may have.
	Suggest func(ctx context.Context, k contact.Contact) ([]contact.Suggestion, error)
	// ModelID returns the id of the classifier's model in use, or "". Nil: no model.
	ModelID func(ctx context.Context) string
}

// Handler returns the handler of every route.
func (a *API) Handler() *httpapi.Handler {
	return httpapi.NewHandler(httpapi.Config{Routes: a.routes(), Limiter: a.Limiter, Now: a.Now})
}

func (a *API) routes() []httpapi.Route {
	return []httpapi.Route{
		{Pattern: "GET /v1/customers", Scope: httpapi.ReadCustomers, Serve: a.findCustomer},
		{Pattern: "POST /v1/customers", Scope: httpapi.WriteCustomers, Serve: a.createCustomer},
		{Pattern: "GET /v1/customers/search", Scope: httpapi.ReadCustomers, Serve: a.searchCustomers},
		{Pattern: "GET /v1/taxonomy", Scope: httpapi.ReadCustomers, Serve: a.getTaxonomy},
		{Pattern: "GET /v1/customers/{id}", Scope: httpapi.ReadCustomers, Serve: a.getProfile},
		{Pattern: "GET /v1/customers/{id}/messages", Scope: httpapi.ReadCustomers, Serve: a.listMessages},
		{Pattern: "GET /v1/customers/{id}/changes", Scope: httpapi.ReadCustomers, Serve: a.listChanges},
		{Pattern: "GET /v1/customers/{id}/contacts", Scope: httpapi.ReadCustomers, Serve: a.listContacts},
		{Pattern: "GET /v1/customers/{id}/brief", Scope: httpapi.ReadCustomers, Serve: a.getBrief},
		{Pattern: "GET /v1/contacts", Scope: httpapi.ReadCustomers, Serve: a.listWaiting},
		{Pattern: "GET /v1/contacts/counts", Scope: httpapi.ReadCustomers, Serve: a.countWaiting},

		{Pattern: "POST /v1/customers/{id}/messages", Scope: httpapi.WriteCustomers, Serve: a.recordAnswer},
		{Pattern: "POST /v1/customers/{id}/replies", Scope: httpapi.WriteCustomers, Serve: a.sendAnswer},
		{Pattern: "POST /v1/customers/{id}/contacts", Scope: httpapi.WriteCustomers, Serve: a.recordContact},
		{Pattern: "POST /v1/customers/{id}/notes", Scope: httpapi.WriteCustomers, Serve: a.recordNote},

		{Pattern: "GET /v1/customers/{id}/claim", Scope: httpapi.ReadCustomers, Serve: a.getClaim},
		{Pattern: "POST /v1/customers/{id}/claim", Scope: httpapi.WriteCustomers, Serve: a.claimCustomer},
		{Pattern: "POST /v1/customers/{id}/handover", Scope: httpapi.WriteCustomers, Serve: a.handOverCustomer},
		{Pattern: "POST /v1/customers/{id}/release", Scope: httpapi.WriteCustomers, Serve: a.releaseCustomer},

		{Pattern: "POST /v1/customers/{id}/decisions", Scope: httpapi.WriteCustomers, Serve: a.decideMessage},
		{Pattern: "GET /v1/corrections", Scope: httpapi.ReadCustomers, Serve: a.listCorrections},
		{Pattern: "GET /v1/examples", Scope: httpapi.ReadCustomers, Serve: a.listExamples},
		{Pattern: "GET /v1/customers/{id}/contacts/{contact}/reasons", Scope: httpapi.ReadCustomers, Serve: a.getReasons},
		{Pattern: "POST /v1/customers/{id}/contacts/{contact}/split", Scope: httpapi.WriteCustomers, Serve: a.splitContact},
		{Pattern: "POST /v1/customers/{id}/contacts/{contact}/join", Scope: httpapi.WriteCustomers, Serve: a.joinContacts},
		{Pattern: "PUT /v1/customers/{id}/contacts/{contact}/reasons", Scope: httpapi.WriteCustomers, Serve: a.correctReasons},
		{Pattern: "POST /v1/customers/{id}/reclassify", Scope: httpapi.WriteCustomers, Serve: a.reclassifyCustomer},
		{Pattern: "POST /v1/reclassify", Scope: httpapi.WriteCustomers, Serve: a.reclassifyReason},

		{Pattern: "PUT /v1/customers/account/{number}", Scope: httpapi.WriteRegister, Serve: a.registerAccount},
		{Pattern: "GET /v1/customers/{id}/aliases", Scope: httpapi.ReadCustomers, Serve: a.listAliases},
		{Pattern: "GET /v1/customers/{id}/suggestions", Scope: httpapi.ReadCustomers, Serve: a.listSuggestions},
		{Pattern: "GET /v1/customers/{id}/audit", Scope: httpapi.ReadCustomers, Serve: a.listIdentityChanges},
		{Pattern: "POST /v1/customers/{id}/merge", Scope: httpapi.WriteIdentity, Serve: a.mergeCustomers},
		{Pattern: "POST /v1/customers/{id}/unmerge", Scope: httpapi.WriteIdentity, Serve: a.unmergeCustomer},
		{Pattern: "POST /v1/customers/{id}/aliases/move", Scope: httpapi.WriteIdentity, Serve: a.moveAlias},
		{Pattern: "POST /v1/customers/{id}/suggestions/{other}", Scope: httpapi.WriteIdentity, Serve: a.decideSuggestion},
	}
}

// resolveCustomer returns the surviving customer of the id in the path. It
// does not check that the id was ever given out: see [API.requireExists].
func (a *API) resolveCustomer(ctx context.Context, r *httpapi.Request) (identity.Customer, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return identity.Customer{}, errNoCustomer()
	}
	if r.Method == http.MethodGet {
		return a.Store.Customers.Get(ctx, identity.CustomerID(id.String()))
	}
	// A change is for the person of now: a weak read may show a merge that was undone.
	return a.Store.Customers.GetConsistently(ctx, identity.CustomerID(id.String()))
}

// readCustomer is [API.resolveCustomer] with the check that the id exists.
func (a *API) readCustomer(ctx context.Context, r *httpapi.Request) (identity.Customer, error) {
	c, err := a.resolveCustomer(ctx, r)
	if err != nil {
		return c, err
	}
	return c, a.requireExists(ctx, c)
}

// requireExists returns [fault.NotFound] for an id that was never given out.
// A merged or registered customer is known to exist without a read.
func (a *API) requireExists(ctx context.Context, c identity.Customer) error {
	if len(c.Members) > 1 || len(c.Registered) > 0 {
		return nil
	}
	exists, err := a.Store.Customers.Exists(ctx, c.ID)
	if err == nil && !exists {
		return errNoCustomer()
	}
	return err
}

func errNoCustomer() error {
	return fault.New(fault.NotFound, "there is no such customer; find one by GET /v1/customers?alias=kind:value")
}
