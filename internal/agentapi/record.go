package agentapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/message"
)

// Bounds of the members of recorded messages, in bytes.
const (
	maxID         = 200
	maxProviderID = 1024
	maxAuthor     = 200
	maxOutcome    = 500
)

// maxLead is how far ahead of our clock a caller's time may be.
const maxLead = 2 * time.Minute

// A recordAnswerRequest records an answer that another system sent.
type recordAnswerRequest struct {
	Delivery   string          `json:"delivery"`
	ID         string          `json:"id"`
	Channel    message.Channel `json:"channel"`
	To         string          `json:"to"`        // alias that received the answer
	InReplyTo  message.ID      `json:"inReplyTo"` // message that was answered
	ProviderID string          `json:"providerId"`
	SentAt     string          `json:"sentAt"`
	Subject    string          `json:"subject"`
	Text       string          `json:"text"`
	Author     string          `json:"author"`
	Contacts   []string        `json:"contacts"` // ids of the contacts that the answer settles
	Force      string          `json:"force"`
}

func (a *API) recordAnswer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body recordAnswerRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	var err error
	if body.Force, err = httpapi.CleanText("force", body.Force, maxReasonBytes, false); err != nil {
		return httpapi.Response{}, err
	}
	m, err := newRecordedAnswer(body, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	if err := a.requireAnswerable(ctx, r, m.Author, body.Force); err != nil {
		return httpapi.Response{}, err
	}
	return a.recordAddressed(ctx, r, m, addressee{to: body.To, inReplyTo: body.InReplyTo, contacts: body.Contacts})
}

// newRecordedAnswer returns the message of a request, without its customer.
func newRecordedAnswer(body recordAnswerRequest, r *httpapi.Request) (message.Message, error) {
	m := message.Message{Direction: message.Outbound, Kind: message.Text, Channel: body.Channel}
	if body.Delivery != "recorded" {
		return m, fault.New(fault.Invalid, `delivery must be "recorded": the answer was sent elsewhere`)
	}
	if !body.Channel.Valid() {
		return m, fault.New(fault.Invalid, "channel must be one of %s", httpapi.JoinNames(message.Channels))
	}
	if body.Channel == message.Email {
		m.Kind = message.Mail
	}
	var err error
	if m.Text, err = httpapi.CleanText("text", body.Text, message.MaxText, true); err != nil {
		return m, err
	}
	if m.Subject, err = httpapi.CleanText("subject", body.Subject, message.MaxSubject, false); err != nil {
		return m, err
	}
	if m.Author, err = httpapi.CleanText("author", body.Author, maxAuthor, false); err != nil {
		return m, err
	}
	if err := setRecordedID(&m, r, body.ID, body.ProviderID, "sentAt", body.SentAt); err != nil || body.Force == "" {
		return m, err
	}
	m.Data, err = httpapi.EncodeJSON(map[string]string{"recordedBy": r.Caller(), "forced": body.Force})
	return m, err
}

// A recordContactRequest registers a contact by phone, in a shop or by a note.
type recordContactRequest struct {
	ID      string          `json:"id"`
	Channel message.Channel `json:"channel"`
	At      string          `json:"at"`
	Reason  string          `json:"reason"`
	Product string          `json:"product"`
	Outcome string          `json:"outcome"`
	Text    string          `json:"text"`
}

// unknownReason says that the agent knows no reason. Triage then finds it in the text.
const unknownReason = "unknown"

// recordableChannels are the channels of contacts that agents register.
var recordableChannels = []message.Channel{message.Phone, message.Shop, message.Note}

func (a *API) recordContact(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body recordContactRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	m, err := a.newRecordedContact(body, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	return a.recordMessage(ctx, r, m)
}

// newRecordedContact returns the message of a request, without its customer.
func (a *API) newRecordedContact(body recordContactRequest, r *httpapi.Request) (message.Message, error) {
	m := message.Message{Direction: message.Inbound, Kind: message.Text, Channel: body.Channel, Reason: body.Reason, Product: body.Product}
	if !slices.Contains(recordableChannels, body.Channel) {
		return m, fault.New(fault.Invalid, "channel must be one of %s", httpapi.JoinNames(recordableChannels))
	}
	if body.Channel == message.Phone {
		m.Kind = message.Call
	}
	if body.Reason == unknownReason {
		m.Reason = ""
	} else if _, ok := a.Taxonomy().Reason(body.Reason); !ok && body.Reason != "" {
		return m, a.Taxonomy().NoReason(body.Reason)
	}
	if m.Reason == "" && body.Text == "" {
		return m, fault.New(fault.Invalid, "give a reason or the customer's words in text")
	}
	if body.Product != "" {
		if err := a.checkProduct("product", body.Product); err != nil {
			return m, err
		}
	}
	var err error
	if m.Text, err = httpapi.CleanText("text", body.Text, message.MaxText, false); err != nil {
		return m, err
	}
	if m.Outcome, err = httpapi.CleanText("outcome", body.Outcome, maxOutcome, false); err != nil {
		return m, err
	}
	return m, setRecordedID(&m, r, body.ID, "", "at", body.At)
}

// setRecordedID sets the id, time and origin of a recorded message. Id and time
// come from the caller, so that a request that is sent twice records once.
func setRecordedID(m *message.Message, r *httpapi.Request, id, providerID, timeName, at string) error {
	key := r.Header.Get("Idempotency-Key")
	if key != "" && id != "" && key != id {
		return fault.New(fault.Invalid, "Idempotency-Key and id differ; give one of them")
	}
	id = cmp.Or(id, key)
	if !isIDOrEmpty(id, maxID) || !isIDOrEmpty(providerID, maxProviderID) {
		return fault.New(fault.Invalid, "an id must have 1 to %d letters, digits or punctuation marks", maxID)
	}
	m.ProviderID = cmp.Or(providerID, id)
	if m.ProviderID == "" {
		return fault.New(fault.Invalid, "give an id, in id or in the header Idempotency-Key; use the same id when you repeat the request")
	}
	sentAt, err := recordedTime(id, timeName, at)
	if err != nil {
		return err
	}
	if sentAt.After(r.Now.Add(maxLead)) {
		return fault.New(fault.Invalid, "%s must not be more than %s in the future", timeName, maxLead)
	}
	recordedBy, err := json.Marshal(map[string]string{"recordedBy": r.Caller()})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode caller")
	}
	m.Version = message.SchemaVersion
	m.Origin = message.Recorded
	m.Data = recordedBy
	m.Author = cmp.Or(m.Author, r.Caller())
	m.SentAt = sentAt
	m.ID = message.NewID(m.Channel, sentAt, m.ProviderID)
	return nil
}

func isIDOrEmpty(id string, limit int) bool { return id == "" || httpapi.IsPrintable(id, limit) }

// recordedTime returns the time that a request names, else the time in an id
// that is a UUIDv7.
func recordedTime(id, timeName, at string) (time.Time, error) {
	if at != "" {
		return httpapi.ParseTime(timeName, at)
	}
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}, fault.New(fault.Invalid, "%s is required, unless the id is a UUIDv7", timeName)
	}
	return timeOfUUID(u), nil
}

// timeOfUUID returns the time in a UUIDv7, to the millisecond.
func timeOfUUID(u uuid.UUID) time.Time {
	return time.Unix(u.Time().UnixTime()).UTC().Truncate(time.Millisecond)
}

// recordMessage is recordAddressed for a message whose request names no address.
func (a *API) recordMessage(ctx context.Context, r *httpapi.Request, m message.Message) (httpapi.Response, error) {
	return a.recordAddressed(ctx, r, m, addressee{})
}

// recordAddressed stores m for the customer in the path, unless it is stored
// already, and answers with the stored message.
func (a *API) recordAddressed(ctx context.Context, r *httpapi.Request, m message.Message, named addressee) (httpapi.Response, error) {
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	rec := a.newRecorder(r, c)
	err = a.addressRecorded(ctx, c, &m, named, rec)
	if err == nil {
		m.Settles, err = a.findSettled(ctx, c, named.contacts)
	}
	if err != nil {
		return a.showRepeated(ctx, rec, m, named, err)
	}
	return a.storeMessage(ctx, rec, m, nil, http.StatusCreated)
}
