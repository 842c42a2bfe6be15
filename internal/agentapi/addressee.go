package agentapi

import (
	"context"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// An addressee is the address of a recorded answer, as the request names it:
// by the alias, by the message that was answered, or not at all. contacts are the ids
// of the contacts that the answer settles.
type addressee struct {
	to        string
	inReplyTo message.ID
	contacts  []string
}

// addressRecorded sets the address of m, and the owner under which it is
// stored. The request decides if it names the address. A visitor of the web
// chat is chosen by [API.chooseVisitor], because an answer on web chat appears
// on the page of its visitor. On other channels it is the address used last.
func (a *API) addressRecorded(ctx context.Context, c identity.Customer, m *message.Message, named addressee, rec *recorder) error {
	var err error
	if named.to != "" {
		rec.named = true
		if err := a.addressAlias(ctx, c, m, named.to, rec); err != nil {
			return err
		}
	}
	if named.inReplyTo != "" {
		return a.addressAnswered(ctx, c, m, named.inReplyTo, rec)
	}
	if rec.named {
		return nil
	}
	if m.Channel == message.WebChat {
		m.Customer, err = a.chooseVisitor(ctx, c, &rec.owner)
	} else {
		m.Customer, err = a.findAddress(ctx, c, m.Channel, m.SentAt, &rec.owner)
	}
	return err
}

// addressAlias gives m the alias that a request names in to.
func (a *API) addressAlias(ctx context.Context, c identity.Customer, m *message.Message, to string, rec *recorder) error {
	alias, err := identity.ParseAlias(to)
	if err != nil {
		return fault.New(fault.Invalid, "to: %s", fault.Message(err))
	}
	kinds, limited := aliasKinds[m.Channel]
	if limited && !slices.Contains(kinds, alias.Kind) {
		return fault.New(fault.Invalid, "to: %s reaches an alias of kind %s", m.Channel, httpapi.JoinNames(kinds))
	}
	owner, assurance, err := a.Store.Customers.FindCustomer(ctx, alias)
	isUnknown := fault.Is(err, fault.NotFound)
	if err != nil && !isUnknown {
		return err
	}
	if isUnknown || !slices.Contains(c.Members, owner) {
		return fault.New(fault.Invalid, "to must be an alias of this customer")
	}
	if email.Unnamed(alias) {
		return fault.New(fault.Invalid, "to must be the address of a person")
	}
	m.Customer = identity.Address{Alias: alias, Assurance: assurance}
	rec.owner = owner
	return nil
}

// addressAnswered gives m the address that wrote the message with an id. If the
// request has named an address too, both must be the same.
func (a *API) addressAnswered(ctx context.Context, c identity.Customer, m *message.Message, id message.ID, rec *recorder) error {
	if _, _, _, err := id.Parse(); err != nil {
		return fault.New(fault.Invalid, "inReplyTo must be the id of a message")
	}
	e, found, err := a.findMessage(ctx, c, id)
	if err != nil {
		return err
	}
	if !found {
		return fault.New(fault.Invalid, "inReplyTo: the customer has no such message")
	}
	if e.Channel != m.Channel || e.Direction != message.Inbound {
		return fault.New(fault.Invalid, "inReplyTo must name a message that the customer wrote on %s", m.Channel)
	}
	if email.Unnamed(e.Customer.Alias) {
		return errNoAuthor
	}
	if !a.Store.Customers.OwnsAlias(c, e.CustomerID, e.Customer, m.SentAt) {
		return errPassedOn
	}
	if rec.named && m.Customer.Alias != e.Customer.Alias {
		return fault.New(fault.Invalid, "to and inReplyTo name different addresses; give one of them")
	}
	rec.named = true
	rec.owner = e.CustomerID
	m.Customer = e.Customer
	m.ReplyTo = &message.ReplyTo{ProviderID: e.ProviderID}
	return nil
}

// errPassedOn refuses an answer to an address that the customer left. Its next
// owner would receive the answer.
var errPassedOn = fault.New(fault.Invalid, "the address of that message belongs to another customer now; leave out inReplyTo, and name the customer's current address or none")

// findMessage returns the message of a customer with an id.
func (a *API) findMessage(ctx context.Context, c identity.Customer, id message.ID) (e message.Entry, found bool, err error) {
	for _, member := range c.Members {
		e, err := a.Store.Messages.Get(ctx, member, id)
		if !fault.Is(err, fault.NotFound) {
			return e, err == nil, err
		}
	}
	return message.Entry{}, false, nil
}

// visitorPage is how many of the latest messages on web chat are read to find
// the visitors of a customer.
const visitorPage = 20

// chooseVisitor returns the visitor whose page shows an answer that names no
// visitor, and sets owner to the visitor's customer:
//
//   - A visitor who signed in to the customer's account, and of several such
//     visitors the one who wrote last.
//   - Without such a visitor, the one who wrote last. That visitor is anonymous.
//
// An anonymous visitor of a customer with signed-in visitors came there by an
// agent's merge. Another person may read that page, so only a request that
// names the visitor gets there. If agents merged two accounts, the request must
// name the visitor as well.
func (a *API) chooseVisitor(ctx context.Context, c identity.Customer, owner *identity.CustomerID) (identity.Address, error) {
	query := message.Query{Limit: visitorPage, Channel: message.WebChat, Direction: message.Inbound}
	last, err := a.Store.Messages.History(ctx, c, query)
	if err != nil {
		return identity.Address{}, err
	}
	var wrote []identity.Alias
	for _, e := range last.Entries {
		if !slices.Contains(wrote, e.Customer.Alias) {
			wrote = append(wrote, e.Customer.Alias)
		}
	}
	visitors, accounts, err := a.Store.Customers.SignedInVisitors(ctx, c, wrote)
	switch {
	case err != nil:
		return identity.Address{}, err
	case len(visitors) == 0:
		return a.findAddress(ctx, c, message.WebChat, a.Now(), owner)
	case accounts > 1:
		return identity.Address{}, errSeveralAccounts(visitors)
	}
	chosen := visitors[0]
	if !slices.Contains(wrote, chosen.Visitor) && !last.Complete {
		// The latest messages are all of anonymous visitors.
		query.Limit, query.Cursor = 1, last.Cursor
		query.Match = func(e message.Entry) bool { return indexOfVisitor(visitors, e.Customer.Alias) >= 0 }
		earlier, err := a.Store.Messages.History(ctx, c, query)
		if err != nil {
			return identity.Address{}, err
		}
		if len(earlier.Entries) > 0 {
			chosen = visitors[indexOfVisitor(visitors, earlier.Entries[0].Customer.Alias)]
		}
	}
	*owner = chosen.Customer
	return identity.Address{Alias: chosen.Visitor, Assurance: identity.Verified}, nil
}

func indexOfVisitor(visitors []store.SignedInVisitor, a identity.Alias) int {
	return slices.IndexFunc(visitors, func(v store.SignedInVisitor) bool { return v.Visitor == a })
}

// A visitorChoice is a visitor whom a request can name in to.
type visitorChoice struct {
	To      string `json:"to"`
	Account string `json:"account"`
}

// errSeveralAccounts refuses an answer that can be meant for the page of
// several accounts. It names the visitor of each account who wrote last.
func errSeveralAccounts(visitors []store.SignedInVisitor) error {
	var choices []visitorChoice
	for _, v := range visitors {
		hasAccount := func(c visitorChoice) bool { return c.Account == v.Account.Value }
		if !slices.ContainsFunc(choices, hasAccount) {
			to := strings.Join([]string{string(identity.Visitor), v.Visitor.Scope, v.Visitor.Value}, ":")
			choices = append(choices, visitorChoice{To: to, Account: v.Account.Value})
		}
	}
	return &httpapi.Refusal{
		Err: fault.New(fault.Conflict, "the customer has several accounts, and the answer would appear on the page of one; "+
			"name the visitor in to, or the answered message in inReplyTo"),
		Members: map[string]any{"reason": "several-accounts", "choices": choices},
	}
}
