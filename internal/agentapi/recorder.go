package agentapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

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

	members []identity.CustomerID
	owner   identity.CustomerID // under which a new message is stored
	stored  message.Entry       // the message after Put
	named   bool                // the request named the address of the message
}

// newRecorder returns a recorder that stores under the id in the path.
func (a *API) newRecorder(r *httpapi.Request, c identity.Customer) *recorder {
	return &recorder{Messages: a.Store.Messages, customers: a.Store.Customers, members: c.Members, owner: identity.CustomerID(strings.ToLower(r.PathValue("id")))}
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
	r.stored, created, err = r.PutRecordedMessage(ctx, r.members, m, whole)
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
	isOurs := rec.stored.Origin == message.Recorded || rec.stored.Origin == message.Composed
	sameAddress := !rec.named || rec.stored.Customer.Alias == m.Customer.Alias
	if isOurs && (!sameAddress || !hasSameContent(rec.stored, m)) {
		return httpapi.Response{}, errOtherMessage
	}
	response := httpapi.Response{Status: http.StatusOK}
	if tally.Stored == 1 {
		response.Status = created
		rec.stored.CustomerID = rec.owner
	}
	messages, err := messageview.Load(ctx, a.Blobs, []message.Entry{rec.stored})
	if err != nil {
		return httpapi.Response{}, err
	}
	response.Body = messages[0]
	return response, messageview.AddLinks(ctx, a.Blobs, messages[0].State)
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

// isUsable reports whether an answer to c, sent at a time, can go to the address
// of a message of c.
func (a *API) isUsable(c identity.Customer, m message.Message, at time.Time) bool {
	return !email.Unnamed(m.Customer.Alias) && a.Store.Customers.OwnsAlias(c, m.CustomerID, m.Customer, at)
}

// findAddress returns the customer's address on a channel: the one used last,
// else a known one. An address that the customer left before at is not used. For
// an address used before, it sets owner to the id that received from it, because
// delivery reports arrive under that id.
func (a *API) findAddress(ctx context.Context, c identity.Customer, ch message.Channel, at time.Time, owner *identity.CustomerID) (identity.Address, error) {
	kinds, limited := aliasKinds[ch]
	if limited {
		last, err := a.Store.Messages.History(ctx, c, message.Query{Limit: 1, Channel: ch, Direction: message.Inbound})
		if err != nil {
			return identity.Address{}, err
		}
		if len(last.Entries) > 0 && a.isUsable(c, last.Entries[0].Message, at) {
			*owner = last.Entries[0].CustomerID
			return last.Entries[0].Customer, nil
		}
	}
	aliases, err := a.Store.Customers.Aliases(ctx, c)
	if err != nil {
		return identity.Address{}, err
	}
	for _, alias := range aliases {
		isReachable := !limited || slices.Contains(kinds, alias.Kind)
		if isReachable && !email.Unnamed(alias.Alias) {
			return alias, nil
		}
	}
	return identity.Address{}, fault.New(fault.Invalid, "the customer has no address on %s", ch)
}
