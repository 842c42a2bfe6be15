package webchat

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// Limits of a posted message.
const (
	MaxText = 8 << 10         // bytes of text
	MaxBody = 64 << 10        // bytes of JSON
	MaxLead = 2 * time.Minute // ahead of our clock: a client counts from the time we tell it
	MaxAge  = 24 * time.Hour  // behind it: what a client may keep while it is offline
)

// A post is the body of a posted message.
type post struct {
	ID      string `json:"id"`      // a UUIDv7, made by the client against our time
	Text    string `json:"text"`    // what the visitor says
	ReplyTo string `json:"replyTo"` // the id of the message that is answered, if any
}

// Normalize returns the message that visitor posted at site. Its id and time
// are the client's UUIDv7, so that a post sent twice is one message; an id
// from too far ahead or behind is refused and never bent to our clock, which
// would give the second post another time. Members we do not know are left
// alone. A refusal is [fault.Invalid] or [fault.TooLarge], with a message that
// helps the client's maker.
//
// Site and visitor are those of a verified [Session].
func Normalize(site, visitor string, body []byte, now time.Time) (contact.Delivery, error) {
	who, err := identity.NewAlias(identity.Visitor, site, visitor)
	if err != nil {
		return contact.Delivery{}, err
	}
	p, err := parse(body)
	if err != nil {
		return contact.Delivery{}, err
	}
	id, sentAt, err := parseID(p.ID, now)
	if err != nil {
		return contact.Delivery{}, err
	}
	m := contact.Message{
		Version:    contact.SchemaVersion,
		ID:         contact.NewID(contact.WebChat, sentAt, id),
		Channel:    contact.WebChat,
		Direction:  contact.Inbound,
		Kind:       contact.Text,
		ProviderID: id,
		Account:    site,
		Customer:   identity.Address{Alias: who, Assurance: identity.Verified},
		SentAt:     sentAt,
		Text:       p.Text,
	}
	if p.ReplyTo != "" {
		m.ReplyTo = &contact.ReplyTo{ProviderID: p.ReplyTo}
	}
	return contact.Delivery{Messages: []contact.Message{m}}, nil
}

// parse reads a post whose text is clean and not too long.
func parse(body []byte) (post, error) {
	if len(body) > MaxBody {
		return post{}, fault.New(fault.TooLarge, "the body is longer than %d bytes", MaxBody)
	}
	var p post
	if err := json.Unmarshal(body, &p); err != nil {
		return post{}, fault.New(fault.Invalid, `the body is not {"id": string, "text": string, "replyTo": string}`)
	}
	if len(p.Text) > MaxText {
		return post{}, fault.New(fault.TooLarge, "the text is longer than %d bytes", MaxText)
	}
	p.Text = contact.Clean(p.Text, MaxText)
	if strings.TrimSpace(p.Text) == "" {
		return post{}, fault.New(fault.Invalid, "there is no text")
	}
	if p.ReplyTo != contact.Clean(p.ReplyTo, maxReplyTo) {
		return post{}, fault.New(fault.Invalid, "replyTo is not the id of a message")
	}
	return p, nil
}

// maxReplyTo is the longest id of a message answered, in bytes.
const maxReplyTo = 200

// parseID returns the one way in which id is written, and its time.
func parseID(id string, now time.Time) (string, time.Time, error) {
	u, err := uuid.Parse(id)
	if err != nil || len(id) != 36 || u.Version() != 7 || u.Variant() != uuid.RFC4122 {
		return "", time.Time{}, fault.New(fault.Invalid, "the id is not a UUIDv7")
	}
	at := time.Unix(u.Time().UnixTime()).UTC()
	switch {
	case at.After(now.Add(MaxLead)):
		return "", time.Time{}, fault.New(fault.Invalid, "the id is more than %s ahead: make it against the server's time", MaxLead)
	case at.Before(now.Add(-MaxAge)):
		return "", time.Time{}, fault.New(fault.Invalid, "the id is more than %s old", MaxAge)
	}
	return u.String(), at, nil
}
