package api

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/intake"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Customers is what is known of customers. [store.Table] is one.
type Customers interface {
	Sealer
	intake.Store
	Identities
	FindCustomer(ctx context.Context, a identity.Alias) (identity.CustomerID, identity.Assurance, error)
	Customer(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
	Exists(ctx context.Context, id identity.CustomerID) (bool, error)
	Aliases(ctx context.Context, c identity.Customer) ([]identity.Address, error)
	History(ctx context.Context, c identity.Customer, q contact.Query) (contact.Page, error)
	ChangesSince(ctx context.Context, c identity.Customer, asked identity.CustomerID, cursor string, limit int) (contact.Changes, error)
	HistoryCursor(c identity.Customer, q contact.Query, e contact.Entry) string
	CustomerContacts(ctx context.Context, c identity.Customer, limit int, cursor string) ([]contact.Contact, string, error)
	WaitingContacts(ctx context.Context, department string, limit int, cursor string) ([]contact.Waiter, string, error)
	Message(ctx context.Context, c identity.CustomerID, id contact.ID) (contact.Entry, error)
	AddressMark(ctx context.Context, a identity.Alias, now time.Time) (contact.AddressMark, bool, error)
	PutRecordedMessage(ctx context.Context, members []identity.CustomerID, m contact.Message, whole string) (contact.Entry, bool, error)
	Claims(ctx context.Context, members []identity.CustomerID) ([]contact.Claim, error)
	ClaimsByCustomer(ctx context.Context, customers []identity.CustomerID) (map[identity.CustomerID][]contact.Claim, error)
	SaveClaim(ctx context.Context, next contact.Claim, read []contact.Claim) error
	ProblemOfCause(ctx context.Context, reason, product string) (string, error)
	ProblemHeader(ctx context.Context, id string) (problem.Record, error)
	AffectedAmong(ctx context.Context, problemID string, customers []identity.CustomerID) (map[identity.CustomerID]problem.Affected, error)
	ContactByID(ctx context.Context, c identity.Customer, id string) (contact.Contact, contact.ID, identity.CustomerID, error)
	PutCorrection(ctx context.Context, c contact.Correction) error
	Corrections(ctx context.Context, since, until time.Time, limit int, cursor string) ([]contact.Correction, string, error)
	ScanContacts(ctx context.Context, reason string, from, to time.Time, cursor string) (found []contact.Contact, examined int, next string, err error)
	RecentMessages(ctx context.Context, c identity.Customer, from time.Time) ([]contact.Message, error)
	RecordBulkAction(ctx context.Context, what, by, which string, n int, at time.Time) error
	RequestContactReclassify(ctx context.Context, k contact.Contact, now time.Time) error
	RequestReclassify(ctx context.Context, c identity.CustomerID, since, now time.Time) error
}

// Blobs holds what is too large for the table. [blob.Bucket] is one.
type Blobs interface {
	Put(ctx context.Context, key, contentType string, data []byte) error
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
	Link(ctx context.Context, key, contentType, disposition string, valid time.Duration) (string, error)
}

// Agents is the API of agent tools: a help desk, a CRM, a bot.
type Agents struct {
	Store    Customers
	Blobs    Blobs
	Taxonomy func() *taxonomy.Taxonomy // read when it is first asked for: most requests need none
	Meter    intake.Meter
	Limit    *Limiter
	Mailbox  Mailbox // that answers are sent from
	Now      func() time.Time

	// Preview tells what a contact would be if it were classified anew.
	Preview func(ctx context.Context, k contact.Contact) (now contact.Contact, ok bool, err error)
}

var agentRoutes = routes[*Agents]{
	"GET /v1/customers":                                 {ReadCustomers, (*Agents).find},
	"GET /v1/customers/{id}":                            {ReadCustomers, (*Agents).profile},
	"GET /v1/customers/{id}/messages":                   {ReadCustomers, (*Agents).messages},
	"GET /v1/customers/{id}/changes":                    {ReadCustomers, (*Agents).changes},
	"GET /v1/customers/{id}/contacts":                   {ReadCustomers, (*Agents).contacts},
	"GET /v1/contacts":                                  {ReadCustomers, (*Agents).waiting},
	"GET /v1/corrections":                               {ReadCustomers, (*Agents).corrections},
	"GET /v1/examples":                                  {ReadCustomers, (*Agents).examples},
	"POST /v1/reclassify":                               {WriteCustomers, (*Agents).renew},
	"PUT /v1/customers/{id}/contacts/{contact}/reasons": {WriteCustomers, (*Agents).correct},
	"POST /v1/customers/{id}/reclassify":                {WriteCustomers, (*Agents).reclassify},
	"POST /v1/customers/{id}/messages":                  {WriteCustomers, (*Agents).recordAnswer},
	"POST /v1/customers/{id}/replies":                   {WriteCustomers, (*Agents).reply},
	"POST /v1/customers/{id}/contacts":                  {WriteCustomers, (*Agents).recordContact},
	"POST /v1/customers/{id}/notes":                     {WriteCustomers, (*Agents).recordNote},
	"GET /v1/customers/{id}/claim":                      {ReadCustomers, (*Agents).claim},
	"POST /v1/customers/{id}/claim":                     {WriteCustomers, (*Agents).take},
	"POST /v1/customers/{id}/handover":                  {WriteCustomers, (*Agents).handOver},
	"POST /v1/customers/{id}/release":                   {WriteCustomers, (*Agents).release},
	"PUT /v1/customers/account/{number}":                {WriteRegister, (*Agents).register},
	"GET /v1/customers/{id}/brief":                      {ReadCustomers, (*Agents).brief},
	"POST /v1/customers/{id}/merge":                     {WriteIdentity, (*Agents).merge},
	"POST /v1/customers/{id}/unmerge":                   {WriteIdentity, (*Agents).unmerge},
	"POST /v1/customers/{id}/aliases/move":              {WriteIdentity, (*Agents).moveAlias},
	"GET /v1/customers/{id}/aliases":                    {ReadCustomers, (*Agents).aliases},
	"GET /v1/customers/{id}/suggestions":                {ReadCustomers, (*Agents).suggestions},
	"POST /v1/customers/{id}/suggestions/{other}":       {WriteIdentity, (*Agents).decide},
	"GET /v1/customers/{id}/audit":                      {ReadCustomers, (*Agents).audit},
}

// Handle answers one request.
func (a *Agents) Handle(ctx context.Context, ev events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return serve(ctx, a, agentRoutes, a.Limit, a.Now(), ev), nil
}

// A profile is who a customer is.
type profile struct {
	ID          identity.CustomerID   `json:"id"`
	IDs         []identity.CustomerID `json:"ids"`
	Name        string                `json:"name,omitempty"`
	Locale      string                `json:"locale,omitempty"`
	Account     string                `json:"account,omitempty"`
	Aliases     []identity.Address    `json:"aliases"`
	Consents    []identity.Consent    `json:"consents,omitempty"`
	Suggestions []identity.Suggestion `json:"suggestions"`
	History     *messagePage          `json:"history,omitempty"` // the first page, where it was asked for
}

// find answers who has an alias, and with what was said last, so that one
// request is enough to greet somebody.
func (a *Agents) find(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	alias, messages := q.alias(), q.number("messages", 0)
	if err := q.done(); err != nil {
		return reply{}, err
	}
	id, assurance, err := a.Store.FindCustomer(ctx, alias)
	if err != nil {
		return reply{}, err
	}
	c, err := a.Store.Customer(ctx, id)
	if err != nil {
		return reply{}, err
	}
	p, err := a.profileOf(ctx, c)
	if err != nil {
		return reply{}, err
	}
	found := identity.Address{Alias: alias, Assurance: assurance}
	if !slices.Contains(p.Aliases, found) {
		p.Aliases = append(p.Aliases, found)
	}
	if messages == 0 {
		return reply{body: p}, nil
	}
	who, err := encode(p)
	if err != nil {
		return reply{}, err
	}
	page, tag, err := a.page(ctx, c, contact.Query{Limit: messages}, nil)
	p.History = &page
	return reply{body: p, etag: etag(who, []byte(tag))}, err
}

// alias returns the one alias that a query names: alias=kind:value, or the
// kind by itself, phone=value.
func (q *query) alias() identity.Alias {
	var all []string
	if v := q.text("alias"); v != "" {
		all = append(all, v)
	}
	for _, kind := range identity.Kinds {
		if v := q.text(string(kind)); v != "" {
			all = append(all, string(kind)+":"+v)
		}
	}
	if len(all) != 1 {
		q.fail("name one alias: alias=kind:value, or one of the kinds %s", list(identity.Kinds))
		return identity.Alias{}
	}
	alias, err := identity.ParseAlias(all[0])
	if err != nil {
		q.fail("alias: %s", fault.Message(err))
	}
	return alias
}

func (a *Agents) profile(ctx context.Context, r *request) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	p, err := a.profileOf(ctx, c)
	return reply{body: p}, err
}

func (a *Agents) profileOf(ctx context.Context, c identity.Customer) (profile, error) {
	p := profile{ID: c.ID, IDs: c.Members, Name: c.Name, Locale: c.Locale, Account: c.Account, Consents: c.Consents, Suggestions: []identity.Suggestion{}}
	aliases, err := a.Store.Aliases(ctx, c)
	if err != nil {
		return p, err
	}
	p.Aliases = append([]identity.Address{}, aliases...)
	for _, k := range c.Claimed {
		if !slices.ContainsFunc(aliases, func(a identity.Address) bool { return a.Alias == k.Alias }) {
			p.Aliases = append(p.Aliases, k.Address)
		}
	}
	others, err := a.Store.Suggestions(ctx, c)
	for _, s := range others {
		if !s.Dismissed {
			p.Suggestions = append(p.Suggestions, s)
		}
	}
	return p, err
}

// customer returns who stands behind the id in the path, who may be nobody.
func (a *Agents) customer(ctx context.Context, r *request) (identity.Customer, error) {
	id, err := uuid.Parse(r.param("id"))
	if err != nil {
		return identity.Customer{}, errNobody()
	}
	return a.Store.Customer(ctx, identity.CustomerID(id.String()))
}

// known is [Agents.customer], and [fault.NotFound] for nobody.
func (a *Agents) known(ctx context.Context, r *request) (identity.Customer, error) {
	c, err := a.customer(ctx, r)
	if err != nil {
		return c, err
	}
	return c, a.check(ctx, c)
}

// check returns [fault.NotFound] for an id that was never given out.
func (a *Agents) check(ctx context.Context, c identity.Customer) error {
	if len(c.Members) > 1 || len(c.Registered) > 0 {
		return nil
	}
	there, err := a.Store.Exists(ctx, c.ID)
	if err == nil && !there {
		return errNobody()
	}
	return err
}

func errNobody() error {
	return fault.New(fault.NotFound, "there is no such customer; find one by GET /v1/customers?alias=kind:value")
}

// A contactView is a contact as it is now.
type contactView struct {
	contact.Contact
	State string `json:"state"`
}

type contactPage struct {
	CustomerID identity.CustomerID `json:"customerId"`
	Contacts   []contactView       `json:"contacts"`
	Cursor     string              `json:"cursor,omitempty"`
	Complete   bool                `json:"complete"`
}

func (a *Agents) contacts(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	limit, cursor := q.limit(), q.text("cursor")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	all, err := walk(a.Store, "contacts "+string(c.ID), cursor, func(place string) ([]contact.Contact, string, error) {
		return a.Store.CustomerContacts(ctx, c, limit, place)
	})
	page := contactPage{CustomerID: c.ID, Contacts: []contactView{}, Cursor: all.cursor, Complete: all.complete}
	for _, k := range all.items {
		k.Customer = c.ID
		page.Contacts = append(page.Contacts, contactView{k, k.State(r.now)})
	}
	return reply{body: page}, err
}
