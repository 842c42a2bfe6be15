package agentapi

import (
	"cmp"
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

// fits reports whether a stored answer can be that of a request with this
// addressee.
func (named addressee) fits(stored message.Entry) bool {
	if named.to != "" {
		if alias, err := identity.ParseAlias(named.to); err != nil || alias != stored.Customer.Alias {
			return false
		}
	}
	if named.inReplyTo == "" {
		return true
	}
	_, _, answered, err := named.inReplyTo.Parse()
	return err == nil && stored.ReplyTo != nil && message.ProviderKey(stored.ReplyTo.ProviderID) == answered
}

// addressRecorded sets the address of m, and the owner under which it is
// stored. The request decides if it names the address. A visitor of the web
// chat is chosen by [API.chooseVisitor], because an answer on web chat appears
// on the page of its visitor. On other channels it is the address used last.
func (a *API) addressRecorded(ctx context.Context, c identity.Customer, m *message.Message, named addressee, rec *recorder) error {
	rec.named = named.to != "" || named.inReplyTo != ""
	switch {
	case named.inReplyTo != "":
		return a.addressAnswered(ctx, c, m, named, rec)
	case named.to != "":
		return a.addressAlias(ctx, c, m, named.to, rec)
	case m.Channel == message.WebChat:
		return a.chooseVisitor(ctx, c, m, rec)
	default:
		return a.findAddress(ctx, c, m, rec)
	}
}

// parseTo returns the alias that a request names in to.
func parseTo(ch message.Channel, to string) (identity.Alias, error) {
	alias, err := identity.ParseAlias(to)
	if err != nil {
		return alias, fault.New(fault.Invalid, "to: %s", fault.Message(err))
	}
	kinds, limited := aliasKinds[ch]
	if limited && !slices.Contains(kinds, alias.Kind) {
		return alias, fault.New(fault.Invalid, "to: %s reaches an alias of kind %s", ch, httpapi.JoinNames(kinds))
	}
	return alias, nil
}

// addressAlias gives m the alias that a request names in to. The customer must
// have it. For an answer that another system sent, it is enough that the
// customer had it when the answer was sent.
func (a *API) addressAlias(ctx context.Context, c identity.Customer, m *message.Message, to string, rec *recorder) error {
	alias, err := parseTo(m.Channel, to)
	if err != nil {
		return err
	}
	owner, assurance, err := a.Store.Customers.FindCustomer(ctx, alias)
	switch {
	case fault.Is(err, fault.NotFound):
		assurance = identity.Verified // of an alias that its last owner left
	case err != nil:
		return err
	}
	address := identity.Address{Alias: alias, Assurance: assurance}
	holding, err := a.Store.Customers.AliasHolding(ctx, c, address, m.SentAt)
	if err != nil {
		return err
	}
	if !slices.Contains(c.Members, owner) && (holding.Owner == "" || isDelivered(m)) {
		return errForeignAlias
	}
	if !holding.Then {
		return errAddressMoved
	}
	if email.Unnamed(alias) {
		return fault.New(fault.Invalid, "to must be the address of a person")
	}
	m.Customer = address
	rec.owner = cmp.Or(holding.Owner, owner)
	return nil
}

var errForeignAlias = fault.New(fault.Invalid, "to must be an alias of this customer")

// isDelivered reports whether Heard itself takes m to its address: to the page
// of a visitor, or by mail. The other messages were sent elsewhere before they
// are recorded.
func isDelivered(m *message.Message) bool {
	return m.Channel == message.WebChat || m.Origin == message.Composed
}

// setAddress gives m an address of the customer, and reports whether it did. An
// address that belonged to another customer when m was sent is left out: m
// would become a message of that customer. If m is delivered to the address,
// the customer must also have it now. Under is the id of the customer that
// received from the address, because delivery reports arrive under that id.
func (a *API) setAddress(ctx context.Context, c identity.Customer, m *message.Message, address identity.Address, under identity.CustomerID, rec *recorder) (bool, error) {
	holding, err := a.Store.Customers.AliasHolding(ctx, c, address, m.SentAt)
	if err != nil || !allowsAnswer(holding, m) {
		return false, err
	}
	m.Customer = address
	if slices.Contains(c.Members, under) {
		rec.owner = under
	} else {
		rec.owner = cmp.Or(holding.Owner, rec.owner)
	}
	return true, nil
}

// allowsAnswer reports whether the customer has an address for m.
func allowsAnswer(h store.AliasHolding, m *message.Message) bool {
	return h.Then && (h.Now || !isDelivered(m))
}

// setMovedAddress gives m an address that belongs to another customer. It
// refuses a message that would be delivered there. A message that was sent
// elsewhere stays with the customer whom the request names: for that customer
// the address is only claimed, so the moves of the verified alias do not count.
func setMovedAddress(m *message.Message, alias identity.Alias) error {
	if isDelivered(m) {
		return errAddressMoved
	}
	m.Customer = identity.Address{Alias: alias, Assurance: identity.Claimed}
	return nil
}

// errAddressMoved refuses an answer that another person would read.
var errAddressMoved = &httpapi.Refusal{
	Err: fault.New(fault.Conflict, "the address belongs to another customer, or did when the answer was sent; "+
		"choose another address of this customer, or answer the customer who has the address"),
	Members: map[string]any{"reason": "address-moved"},
}

// addressAnswered gives m the address that wrote the message in inReplyTo. If
// the request has named an address too, that address must have written it.
func (a *API) addressAnswered(ctx context.Context, c identity.Customer, m *message.Message, named addressee, rec *recorder) error {
	e, err := a.findAnswered(ctx, c, m.Channel, named)
	if err != nil {
		return err
	}
	if email.Unnamed(e.Customer.Alias) {
		return errNoAuthor
	}
	given, err := a.setAddress(ctx, c, m, e.Customer, e.CustomerID, rec)
	if err != nil {
		return err
	}
	m.ReplyTo = &message.ReplyTo{ProviderID: e.ProviderID}
	if given {
		return nil
	}
	if slices.Contains(c.Members, e.CustomerID) {
		rec.owner = e.CustomerID
	}
	return setMovedAddress(m, e.Customer.Alias)
}

// findAnswered returns the message that a request names in inReplyTo. Of several
// messages with the same id, it is the one from the address in to.
func (a *API) findAnswered(ctx context.Context, c identity.Customer, ch message.Channel, named addressee) (message.Entry, error) {
	if _, _, _, err := named.inReplyTo.Parse(); err != nil {
		return message.Entry{}, fault.New(fault.Invalid, "inReplyTo must be the id of a message")
	}
	all, err := a.Store.Messages.Find(ctx, c, named.inReplyTo)
	if err != nil {
		return message.Entry{}, err
	}
	if len(all) == 0 {
		return message.Entry{}, fault.New(fault.Invalid, "inReplyTo: the customer has no such message")
	}
	all = slices.DeleteFunc(all, func(e message.Entry) bool { return e.Channel != ch || e.Direction != message.Inbound })
	if len(all) == 0 {
		return message.Entry{}, fault.New(fault.Invalid, "inReplyTo must name a message that the customer wrote on %s", ch)
	}
	if named.to != "" {
		alias, err := parseTo(ch, named.to)
		if err != nil {
			return message.Entry{}, err
		}
		all = slices.DeleteFunc(all, func(e message.Entry) bool { return e.Customer.Alias != alias })
		if len(all) == 0 {
			return message.Entry{}, fault.New(fault.Invalid, "to and inReplyTo name different addresses; give one of them")
		}
	}
	if hasSeveralAddresses(all) {
		return message.Entry{}, errSeveralMessages(all)
	}
	return all[0], nil
}

func hasSeveralAddresses(all []message.Entry) bool {
	return slices.ContainsFunc(all, func(e message.Entry) bool { return e.Customer.Alias != all[0].Customer.Alias })
}

// visitorPage is how many of the latest messages on web chat are read to find
// the visitors of a customer.
const visitorPage = 20

// chooseVisitor gives m the visitor whose page shows an answer that names no
// visitor:
//
//   - A visitor who signed in to the customer's account, and of several such
//     visitors the one who wrote last.
//   - If no visitor ever signed in, the one who wrote last. That visitor is
//     anonymous.
//
// An anonymous visitor of a customer with signed-in visitors came there by an
// agent's decision. Another person may read that page, so only a request that
// names the visitor gets there. The request must name the visitor as well if the
// customer has several accounts, or if the account or its visitors moved away.
func (a *API) chooseVisitor(ctx context.Context, c identity.Customer, m *message.Message, rec *recorder) error {
	query := message.Query{Limit: visitorPage, Channel: message.WebChat, Direction: message.Inbound}
	last, err := a.Store.Messages.History(ctx, c, query)
	if err != nil {
		return err
	}
	var wrote []identity.Alias
	for _, e := range last.Entries {
		if !slices.Contains(wrote, e.Customer.Alias) {
			wrote = append(wrote, e.Customer.Alias)
		}
	}
	signIns, err := a.Store.Customers.SignIns(ctx, c, wrote, m.SentAt)
	visitors := signIns.Visitors
	switch {
	case err != nil:
		return err
	case !signIns.Any:
		return a.findAddress(ctx, c, m, rec)
	case len(visitors) == 0:
		return errNoPage
	case signIns.Accounts > 1:
		return errSeveralAccounts(visitors)
	}
	chosen := visitors[0]
	if !slices.Contains(wrote, chosen.Visitor) && !last.Complete {
		// The latest messages are all of anonymous visitors.
		query.Limit, query.Cursor = 1, last.Cursor
		query.Match = func(e message.Entry) bool { return indexOfVisitor(visitors, e.Customer.Alias) >= 0 }
		earlier, err := a.Store.Messages.History(ctx, c, query)
		if err != nil {
			return err
		}
		if len(earlier.Entries) > 0 {
			chosen = visitors[indexOfVisitor(visitors, earlier.Entries[0].Customer.Alias)]
		}
	}
	m.Customer = identity.Address{Alias: chosen.Visitor, Assurance: identity.Verified}
	rec.owner = chosen.Customer
	return nil
}

// errNoPage refuses an answer that only the page of an anonymous visitor could
// show.
var errNoPage = &httpapi.Refusal{
	Err: fault.New(fault.Conflict, "no page of the customer's account can show the answer, because an agent moved the account or its visitors; "+
		"move them to one customer, name a visitor in to, or answer on another channel"),
	Members: map[string]any{"reason": "no-page"},
}

func indexOfVisitor(visitors []store.SignedInVisitor, a identity.Alias) int {
	return slices.IndexFunc(visitors, func(v store.SignedInVisitor) bool { return v.Visitor == a })
}

// An addressChoice is an address that a request can name in to.
type addressChoice struct {
	To      string `json:"to"`
	Account string `json:"account,omitempty"`
}

// errSeveralAccounts refuses an answer that can be meant for the page of
// several accounts. It names the visitor of each account who wrote last.
func errSeveralAccounts(visitors []store.SignedInVisitor) error {
	var choices []addressChoice
	for _, v := range visitors {
		hasAccount := func(c addressChoice) bool { return c.Account == v.Account.Value }
		if !slices.ContainsFunc(choices, hasAccount) {
			choices = append(choices, addressChoice{To: formatAlias(v.Visitor), Account: v.Account.Value})
		}
	}
	return &httpapi.Refusal{
		Err: fault.New(fault.Conflict, "the customer has several accounts, and the answer would appear on the page of one; "+
			"name the visitor in to, or the answered message in inReplyTo"),
		Members: map[string]any{"reason": "several-accounts", "choices": choices},
	}
}

// errSeveralMessages refuses an answer to an id that messages from several
// addresses have.
func errSeveralMessages(all []message.Entry) error {
	var choices []addressChoice
	for _, e := range all {
		choice := addressChoice{To: formatAlias(e.Customer.Alias)}
		if !slices.Contains(choices, choice) {
			choices = append(choices, choice)
		}
	}
	return &httpapi.Refusal{
		Err:     fault.New(fault.Conflict, "inReplyTo is the id of several messages of this customer, from different addresses; name the address in to as well"),
		Members: map[string]any{"reason": "several-messages", "choices": choices},
	}
}

// formatAlias returns an alias as a request names it.
func formatAlias(a identity.Alias) string {
	if a.Scope == "" {
		return string(a.Kind) + ":" + a.Value
	}
	return strings.Join([]string{string(a.Kind), a.Scope, a.Value}, ":")
}
