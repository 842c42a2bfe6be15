package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// Bounds of what is registered, in bytes.
const (
	maxID         = 200
	maxProviderID = 1024
	maxAuthor     = 200
	maxOutcome    = 500
)

// An answer is one that was sent elsewhere.
type answer struct {
	Delivery   string          `json:"delivery"`
	ID         string          `json:"id"`
	Channel    contact.Channel `json:"channel"`
	ProviderID string          `json:"providerId"`
	SentAt     string          `json:"sentAt"`
	Subject    string          `json:"subject"`
	Text       string          `json:"text"`
	Author     string          `json:"author"`
	Force      string          `json:"force"`
}

func (a *Agents) recordAnswer(ctx context.Context, r *request) (reply, error) {
	var b answer
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	var err error
	if b.Force, err = clean("force", b.Force, maxReason, false); err != nil {
		return reply{}, err
	}
	m, err := a.answer(b, r)
	if err != nil {
		return reply{}, err
	}
	if err := a.mayAnswer(ctx, r, m.Author, b.Force); err != nil {
		return reply{}, err
	}
	return a.record(ctx, r, m)
}

func (a *Agents) answer(b answer, r *request) (contact.Message, error) {
	m := contact.Message{Direction: contact.Outbound, Kind: contact.Text, Channel: b.Channel}
	if b.Delivery != "recorded" {
		return m, fault.New(fault.Invalid, `delivery must be "recorded": the answer was sent elsewhere`)
	}
	if !b.Channel.Valid() {
		return m, fault.New(fault.Invalid, "channel must be one of %s", list(contact.Channels))
	}
	if b.Channel == contact.Email {
		m.Kind = contact.Mail
	}
	var err error
	if m.Text, err = clean("text", b.Text, contact.MaxText, true); err != nil {
		return m, err
	}
	if m.Subject, err = clean("subject", b.Subject, contact.MaxSubject, false); err != nil {
		return m, err
	}
	if m.Author, err = clean("author", b.Author, maxAuthor, false); err != nil {
		return m, err
	}
	if err := identify(&m, r, b.ID, b.ProviderID, "sentAt", b.SentAt); err != nil || b.Force == "" {
		return m, err
	}
	m.Data, err = encode(map[string]string{"recordedBy": r.caller(), "forced": b.Force})
	return m, err
}

// A registration is a contact that no channel of ours carried.
type registration struct {
	ID      string          `json:"id"`
	Channel contact.Channel `json:"channel"`
	At      string          `json:"at"`
	Reason  string          `json:"reason"`
	Product string          `json:"product"`
	Outcome string          `json:"outcome"`
	Text    string          `json:"text"`
}

// registrable are the channels of contacts that are registered by hand.
var registrable = []contact.Channel{contact.Phone, contact.Shop, contact.Note}

func (a *Agents) recordContact(ctx context.Context, r *request) (reply, error) {
	var b registration
	if err := r.decode(&b); err != nil {
		return reply{}, err
	}
	m, err := a.registered(b, r)
	if err != nil {
		return reply{}, err
	}
	return a.record(ctx, r, m)
}

func (a *Agents) registered(b registration, r *request) (contact.Message, error) {
	m := contact.Message{Direction: contact.Inbound, Kind: contact.Text, Channel: b.Channel, Reason: b.Reason, Product: b.Product}
	if !slices.Contains(registrable, b.Channel) {
		return m, fault.New(fault.Invalid, "channel must be one of %s", list(registrable))
	}
	if b.Channel == contact.Phone {
		m.Kind = contact.Call
	}
	if _, ok := a.Taxonomy().Reason(b.Reason); !ok {
		return m, a.Taxonomy().NoReason(b.Reason)
	}
	if b.Product != "" {
		if err := a.checkProduct("product", b.Product); err != nil {
			return m, err
		}
	}
	var err error
	if m.Text, err = clean("text", b.Text, contact.MaxText, false); err != nil {
		return m, err
	}
	if m.Outcome, err = clean("outcome", b.Outcome, maxOutcome, false); err != nil {
		return m, err
	}
	return m, identify(&m, r, b.ID, "", "at", b.At)
}

// identify gives m its id and time, which are the caller's: so that a request
// that is sent twice registers once.
func identify(m *contact.Message, r *request, id, providerID, timeName, at string) error {
	key := r.header("idempotency-key")
	if key != "" && id != "" && key != id {
		return fault.New(fault.Invalid, "Idempotency-Key and id differ; give one of them")
	}
	id = cmp.Or(id, key)
	if id != "" && !printable(id, maxID) || providerID != "" && !printable(providerID, maxProviderID) {
		return fault.New(fault.Invalid, "an id has 1 to %d letters, digits and signs", maxID)
	}
	m.ProviderID = cmp.Or(providerID, id)
	if m.ProviderID == "" {
		return fault.New(fault.Invalid, "an id is needed, the same when the request is repeated: in id, or in the header Idempotency-Key")
	}
	sentAt, err := timeOf(id, timeName, at)
	if err != nil {
		return err
	}
	if sentAt.After(r.now.Add(maxLead)) {
		return fault.New(fault.Invalid, "%s lies more than %s ahead", timeName, maxLead)
	}
	by, err := json.Marshal(map[string]string{"recordedBy": r.caller()})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode caller")
	}
	m.Version, m.Origin, m.Data = contact.SchemaVersion, contact.Recorded, by
	m.Author = cmp.Or(m.Author, r.caller())
	m.SentAt, m.ID = sentAt, contact.NewID(m.Channel, sentAt, m.ProviderID)
	return nil
}

// timeOf returns when it happened: as said, or as a UUIDv7 says.
func timeOf(id, timeName, at string) (time.Time, error) {
	if at != "" {
		return instant(timeName, at)
	}
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}, fault.New(fault.Invalid, "%s is needed, unless the id is a UUIDv7", timeName)
	}
	return time.Unix(u.Time().UnixTime()).UTC().Truncate(time.Millisecond), nil
}

// record stores m once, and answers with what is stored.
func (a *Agents) record(ctx context.Context, r *request, m contact.Message) (reply, error) {
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	rec := &recorder{Customers: a.Store, members: c.Members, under: identity.CustomerID(strings.ToLower(r.param("id")))}
	if m.Customer, err = a.address(ctx, c, m.Channel, &rec.under); err != nil {
		return reply{}, err
	}
	return a.store(ctx, rec, m, nil, http.StatusCreated)
}

// same reports whether m says what is stored, of which long texts are there
// as previews only.
func same(stored contact.Entry, m contact.Message) bool {
	return stored.Direction == m.Direction && stored.Reason == m.Reason && stored.Outcome == m.Outcome &&
		sameRemark(stored.Note, m.Note) && stored.Page == m.Page && sameFiles(stored.Attachments, m.Attachments) &&
		(stored.Text == m.Text || stored.Whole != "" && strings.HasPrefix(m.Text, stored.Text))
}

func sameFiles(a, b []contact.Attachment) bool {
	return slices.EqualFunc(a, b, func(a, b contact.Attachment) bool { return a.SHA256 == b.SHA256 && a.Name == b.Name })
}

// A recorder stores one message of a customer who is known already, and looks
// first whether it is there.
type recorder struct {
	Customers
	members []identity.CustomerID
	under   identity.CustomerID // whose partition it goes to
	stored  contact.Entry
}

// Identify returns the customer in the path: no alias decides whose message
// it is.
func (r *recorder) Identify(context.Context, []identity.Address, identity.Evidence) (identity.CustomerID, error) {
	return r.under, nil
}

// PutMessage stores m unless one of the members has it.
func (r *recorder) PutMessage(ctx context.Context, m contact.Message, whole string) (created bool, err error) {
	r.stored, created, err = r.PutRecordedMessage(ctx, r.members, m, whole)
	return created, err
}

// kinds are the aliases that each channel reaches; any will do for others.
var kinds = map[contact.Channel][]identity.Kind{
	contact.WhatsApp:  {identity.Phone, identity.BSUID, identity.ParentBSUID},
	contact.Messenger: {identity.PSID},
	contact.Instagram: {identity.IGSID},
	contact.Email:     {identity.Email},
	contact.WebChat:   {identity.Visitor},
}

// address returns the alias of a customer on a channel: the one they used
// last, else one that is known. A message to an alias in use goes under the
// member who has it, where its delivery is reported.
func (a *Agents) address(ctx context.Context, c identity.Customer, ch contact.Channel, under *identity.CustomerID) (identity.Address, error) {
	reach, bound := kinds[ch]
	if bound {
		last, err := a.Store.History(ctx, c, contact.Query{Limit: 1, Channel: ch, Direction: contact.Inbound})
		if err != nil {
			return identity.Address{}, err
		}
		if len(last.Entries) > 0 && !email.Unnamed(last.Entries[0].Customer.Alias) {
			*under = last.Entries[0].CustomerID
			return last.Entries[0].Customer, nil
		}
	}
	all, err := a.Store.Aliases(ctx, c)
	if err != nil {
		return identity.Address{}, err
	}
	for _, alias := range all {
		if (!bound || slices.Contains(reach, alias.Kind)) && !email.Unnamed(alias.Alias) {
			return alias, nil
		}
	}
	return identity.Address{}, fault.New(fault.Invalid, "the customer has no address on %s", ch)
}
