package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A messageRest holds the fields that few messages have.
type messageRest struct {
	Version     int                  `json:"v,omitempty"`
	Username    string               `json:"u,omitempty"`
	Author      string               `json:"au,omitempty"`
	Subject     string               `json:"s,omitempty"`
	FullText    string               `json:"f,omitempty"`
	Payload     string               `json:"p,omitempty"`
	Thread      string               `json:"th,omitempty"`
	MailID      string               `json:"mi,omitempty"`
	ReplyTo     *message.ReplyTo     `json:"re,omitempty"`
	Referral    *message.Referral    `json:"rf,omitempty"`
	Attachments []message.Attachment `json:"at,omitempty"`
	Data        json.RawMessage      `json:"da,omitempty"`
	Raw         json.RawMessage      `json:"ra,omitempty"`
	Origin      message.Origin       `json:"o,omitempty"`
	Automated   string               `json:"am,omitempty"`
	NoReply     bool                 `json:"nr,omitempty"`
	Mark        string               `json:"m,omitempty"`
	Source      string               `json:"sr,omitempty"`
	Via         string               `json:"vi,omitempty"`
	Page        int64                `json:"pg,omitempty"`
	Reason      string               `json:"rs,omitempty"`
	Product     string               `json:"pr,omitempty"`
	Outcome     string               `json:"oc,omitempty"`
	Settles     []message.Settled    `json:"se,omitempty"`
	Note        *message.Remark      `json:"nt,omitempty"`
	Body        string               `json:"b,omitempty"` // where the whole lies, when this is a preview
}

// Put stores m under its customer, and reports whether it was new. It is
// one conditional write and can be repeated. m.CustomerID must be resolved. A
// copy that came another way (an echo, an import, a record) may have another
// time than the first. So for such a message Put also searches the day
// before and after for the same provider id. If m is only a preview of a
// message too large for the table, body is the S3 key of the whole.
func (t Messages) Put(ctx context.Context, m message.Message, body string) (created bool, err error) {
	if err := m.Validate(); err != nil {
		return false, err
	}
	switch m.Origin {
	case message.Echo, message.History, message.Standby, message.Recorded, message.Composed:
		twin, err := t.hasTwin(ctx, m)
		if err != nil || twin {
			return false, err
		}
	}
	if m.ReceivedAt.IsZero() {
		m.ReceivedAt = t.Now()
	}
	it, err := messageItem(m, body)
	if err != nil {
		return false, err
	}
	taken, err := t.putNew(ctx, it)
	return err == nil && taken == nil, err
}

// maxDrift is the largest difference between the times of two copies of one
// message.
const maxDrift = 24 * time.Hour

// hasTwin reports whether the customer has a message with the same provider id
// near the same time.
func (t Messages) hasTwin(ctx context.Context, m message.Message) (bool, error) {
	id, err := t.findMessageID(ctx, m.CustomerID, m.Channel, message.ProviderKey(m.ProviderID), m.SentAt.Add(-maxDrift), m.SentAt.Add(maxDrift))
	return id != "", err
}

// findMessageID returns the id of the customer's message with a channel and
// provider key, sent between two times; empty if it does not exist.
func (t Messages) findMessageID(ctx context.Context, c identity.CustomerID, ch message.Channel, providerKey string, from, to time.Time) (message.ID, error) {
	suffix := messageSuffix(ch, providerKey)
	var id message.ID
	in := keyRange(customerPK(c), timeSK(messagePrefix, from), timeSK(messagePrefix, to))
	in.ProjectionExpression = ptr(skName)
	err := t.query(ctx, in, func(it item) bool {
		if sk := text(it, skName); strings.HasSuffix(sk, suffix) {
			id = messageIDOf(sk)
		}
		return id == ""
	})
	return id, err
}

func ptr[T any](v T) *T { return &v }

// unit separates the parts of an alias. It is the unit separator of ASCII,
// which no address contains.
const unit = "\x1f"

func encodeAlias(a identity.Alias) string {
	return string(a.Kind) + unit + a.Scope + unit + a.Value
}

func decodeAlias(s string) identity.Alias {
	kind, tail, _ := strings.Cut(s, unit)
	scope, value, _ := strings.Cut(tail, unit)
	return identity.Alias{Kind: identity.Kind(kind), Scope: scope, Value: value}
}

func messageItem(m message.Message, body string) (item, error) {
	it := key(customerPK(m.CustomerID), messageSK(m.ID))
	it[attrMessageKind] = str(string(m.Kind))
	it[attrMessageAlias] = str(encodeAlias(m.Customer.Alias))
	if m.Customer.Assurance == identity.Claimed {
		it[attrMessageAssurance] = str("c")
	}
	if m.Direction == message.Outbound {
		it[attrMessageDirection] = str("o")
	}
	put := func(name, value string) {
		if value != "" {
			it[name] = str(value)
		}
	}
	put(attrMessageAccount, m.Account)
	put(attrMessageText, m.Text)
	put(attrMessageName, m.Name)
	if message.ProviderKey(m.ProviderID) != m.ProviderID {
		put(attrMessageProvider, m.ProviderID)
	}
	if !m.ReceivedAt.IsZero() {
		it[attrMessageReceived] = millis(m.ReceivedAt)
		setLate(it, m)
	}
	if m.Passive {
		it[attrMessagePassive] = num(1)
	}
	if m.Origin == message.Composed {
		it[attrMessageSend] = num(1)
	}
	if slices.ContainsFunc(m.Attachments, m.Serves) {
		it[attrMessageFiles] = num(1)
	}
	if len(m.Aliases) > 0 {
		list, err := json.Marshal(m.Aliases)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "encode aliases")
		}
		it[attrMessageAliases] = str(string(list))
	}
	r := messageRest{
		Username: m.Username, Author: m.Author, Subject: m.Subject, FullText: m.FullText, Payload: m.Payload, Thread: m.Thread,
		MailID: m.MailID, ReplyTo: m.ReplyTo, Referral: m.Referral, Attachments: m.Attachments, Data: m.Data, Raw: m.Raw, Origin: m.Origin,
		Automated: m.Automated, NoReply: m.NoReply, Mark: m.Mark, Source: m.Source, Via: m.Via, Page: m.Page, Reason: m.Reason, Product: m.Product, Outcome: m.Outcome, Settles: m.Settles, Note: m.Note, Body: body,
	}
	if m.Version != message.SchemaVersion {
		r.Version = m.Version
	}
	data, err := json.Marshal(r)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "encode message")
	}
	if len(data) > len("{}") {
		it[attrMessageRest] = str(string(data))
	}
	return it, nil
}

// readMessage is the inverse of messageItem. body is the S3 key of the whole
// message if the item holds a preview.
func readMessage(it item) (m message.Message, body string, err error) {
	id := messageIDOf(text(it, skName))
	sentAt, ch, providerKey, err := id.Parse()
	if err != nil {
		return m, "", fault.Wrap(fault.Internal, err, "read message")
	}
	var r messageRest
	if j := text(it, attrMessageRest); j != "" {
		if err := json.Unmarshal([]byte(j), &r); err != nil {
			return m, "", fault.Wrap(fault.Internal, err, "read message")
		}
	}
	m = message.Message{
		Version: message.SchemaVersion, ID: id, CustomerID: customerOf(text(it, pkName)), Channel: ch,
		Direction: message.Inbound, Kind: message.Kind(text(it, attrMessageKind)), ProviderID: providerKey,
		Account: text(it, attrMessageAccount), Name: text(it, attrMessageName), SentAt: sentAt, ReceivedAt: moment(it, attrMessageReceived),
		Text: text(it, attrMessageText), Passive: it[attrMessagePassive] != nil,
		Customer: identity.Address{Alias: decodeAlias(text(it, attrMessageAlias)), Assurance: identity.Verified},
		Username: r.Username, Author: r.Author, Subject: r.Subject, FullText: r.FullText, Payload: r.Payload, Thread: r.Thread,
		MailID: r.MailID, ReplyTo: r.ReplyTo, Referral: r.Referral, Attachments: r.Attachments, Data: r.Data, Raw: r.Raw, Origin: r.Origin,
		Automated: r.Automated, NoReply: r.NoReply, Mark: r.Mark, Source: r.Source, Via: r.Via, Page: r.Page, Reason: r.Reason, Product: r.Product, Outcome: r.Outcome, Settles: r.Settles, Note: r.Note,
	}
	if r.Version != 0 {
		m.Version = r.Version
	}
	if p := text(it, attrMessageProvider); p != "" {
		m.ProviderID = p
	}
	if text(it, attrMessageDirection) == "o" {
		m.Direction = message.Outbound
	}
	if it[attrMessageAssurance] != nil {
		m.Customer.Assurance = identity.Claimed
	}
	if list := text(it, attrMessageAliases); list != "" {
		if err := json.Unmarshal([]byte(list), &m.Aliases); err != nil {
			return m, "", fault.Wrap(fault.Internal, err, "read message")
		}
	}
	return m, r.Body, nil
}
