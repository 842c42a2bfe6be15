package agentapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/messageview"
	"github.com/heard-intake/heard/internal/store"
)

// A recorder stores one message of a customer who is known already. It first looks
// for the message under all of the customer's ids.
type recorder struct {
	store.Messages
	customers store.Customers

	customer identity.Customer
	owner    identity.CustomerID // under which a new message is stored
	stored   message.Entry       // the message after Put
	named    bool                // the request named the address of the message
}

// newRecorder returns a recorder that stores under the id in the path.
func (a *API) newRecorder(r *httpapi.Request, c identity.Customer) *recorder {
	return &recorder{Messages: a.Store.Messages, customers: a.Store.Customers, customer: c, owner: identity.CustomerID(strings.ToLower(r.PathValue("id")))}
}

// knownCustomer is the table's part for customers, for a request that names the
// customer.
type knownCustomer struct {
	store.Customers
	id identity.CustomerID
}

// Identify returns the customer that the request names. It ignores the
// addresses.
func (k knownCustomer) Identify(context.Context, []identity.Address, identity.Evidence) (identity.CustomerID, error) {
	return k.id, nil
}

// Put stores m unless one of the customer's ids has it.
func (r *recorder) Put(ctx context.Context, m message.Message, whole string) (created bool, err error) {
	r.stored, created, err = r.PutRecordedMessage(ctx, r.customer, m, whole)
	return created, err
}

// storeMessage stores m with the files of mail, unless it is stored already. It
// answers with the stored message, and with the status created for a new one.
func (a *API) storeMessage(ctx context.Context, rec *recorder, m message.Message, mail *ingest.ParsedMail, created int) (httpapi.Response, error) {
	ingester := ingest.Ingester{Store: ingest.Store{Customers: knownCustomer{rec.customers, rec.owner}, Messages: rec}, Blobs: a.Blobs, Now: a.Now}
	tally, err := ingester.Ingest(ctx, message.Delivery{Messages: []message.Message{m}}, ingest.Source{Channel: m.Channel, Mail: mail})
	a.Meter.Count("Channel", string(m.Channel), tally.Counts())
	if err != nil {
		return httpapi.Response{}, err
	}
	sameAddress := !rec.named || rec.stored.Customer.Alias == m.Customer.Alias
	if isRecorded(rec.stored) && (!sameAddress || !hasSameContent(rec.stored, m)) {
		return httpapi.Response{}, errOtherMessage
	}
	status := http.StatusOK
	if tally.Stored == 1 {
		status = created
		rec.stored.CustomerID = rec.owner
	}
	return a.showStored(ctx, rec.stored, status)
}

// isRecorded reports whether a stored message was recorded or composed here.
func isRecorded(stored message.Entry) bool {
	return stored.Origin == message.Recorded || stored.Origin == message.Composed
}

// showStored answers with a stored message.
func (a *API) showStored(ctx context.Context, stored message.Entry, status int) (httpapi.Response, error) {
	messages, err := messageview.Load(ctx, a.Blobs, []message.Entry{stored})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Status: status, Body: messages[0]}, messageview.AddLinks(ctx, a.Blobs, messages[0].State)
}

// showRepeated answers a request whose message m has no address any longer, or
// whose contacts have other ids: since the first request an alias moved, customers
// merged or an earlier message arrived. If m was stored then, the answer is that of
// any repeated request. Otherwise it is refused, the error of the new attempt.
func (a *API) showRepeated(ctx context.Context, rec *recorder, m message.Message, named addressee, refused error) (httpapi.Response, error) {
	if !fault.Is(refused, fault.Invalid) && !fault.Is(refused, fault.Conflict) {
		return httpapi.Response{}, refused
	}
	stored, found, err := rec.FindRecordedMessage(ctx, rec.customer, m)
	if err != nil {
		return httpapi.Response{}, err
	}
	if !found || !isRecorded(stored) || !named.fits(stored) || !hasSameContent(stored, m) {
		return httpapi.Response{}, refused
	}
	return a.showStored(ctx, stored, http.StatusOK)
}

// errOtherMessage refuses an id that another message of the customer has.
var errOtherMessage = fault.New(fault.Conflict, "another message of this customer has this id; use a new id")

// hasSameContent reports whether a stored message has the content of m. The
// table holds only the beginning of a long text.
func hasSameContent(stored message.Entry, m message.Message) bool {
	sameText := stored.Text == m.Text || (stored.Whole != "" && strings.HasPrefix(m.Text, stored.Text))
	sameFields := stored.Direction == m.Direction && stored.Reason == m.Reason && stored.Outcome == m.Outcome
	sameFiles := stored.Page == m.Page && equalFiles(stored.Attachments, m.Attachments)
	if !sameText || !sameFields {
		return false
	}
	return sameFiles && equalRemarks(stored.Note, m.Note)
}

func equalFiles(a, b []message.Attachment) bool {
	return slices.EqualFunc(a, b, func(a, b message.Attachment) bool { return a.SHA256 == b.SHA256 && a.Name == b.Name })
}

// aliasKinds are the kinds of alias that a channel can reach. Other channels,
// such as phone, take any kind.
var aliasKinds = map[message.Channel][]identity.Kind{
	message.WhatsApp:  {identity.Phone, identity.BSUID, identity.ParentBSUID},
	message.Messenger: {identity.PSID},
	message.Instagram: {identity.IGSID},
	message.Email:     {identity.Email},
	message.WebChat:   {identity.Visitor},
}

// findAddress gives m the customer's address on its channel: the one used last,
// else a known one. An address that moved to another customer is left out, see
// [API.setAddress], unless m was sent elsewhere and there is no other.
func (a *API) findAddress(ctx context.Context, c identity.Customer, m *message.Message, rec *recorder) error {
	kinds, limited := aliasKinds[m.Channel]
	var moved []identity.Alias
	for limited {
		query := message.Query{Limit: 1, Channel: m.Channel, Direction: message.Inbound}
		if len(moved) > 0 {
			query.Match = func(e message.Entry) bool { return !slices.Contains(moved, e.Customer.Alias) }
		}
		last, err := a.Store.Messages.History(ctx, c, query)
		if err != nil {
			return err
		}
		if len(last.Entries) == 0 || email.Unnamed(last.Entries[0].Customer.Alias) {
			break
		}
		e := last.Entries[0]
		if given, err := a.setAddress(ctx, c, m, e.Customer, e.CustomerID, rec); err != nil || given {
			return err
		}
		moved = append(moved, e.Customer.Alias)
	}
	aliases, err := a.Store.Customers.Aliases(ctx, c)
	if err != nil {
		return err
	}
	for _, alias := range aliases {
		isReachable := !limited || slices.Contains(kinds, alias.Kind)
		if !isReachable || email.Unnamed(alias.Alias) || slices.Contains(moved, alias.Alias) {
			continue
		}
		if given, err := a.setAddress(ctx, c, m, alias, rec.owner, rec); err != nil || given {
			return err
		}
		moved = append(moved, alias.Alias)
	}
	if len(moved) > 0 {
		return setMovedAddress(m, moved[0])
	}
	return fault.New(fault.Invalid, "the customer has no address on %s", m.Channel)
}
