package webchat

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/strictjson"
)

// Limits of a posted message. A client makes ids from the time that our server
// tells it, so they are hardly ever ahead of our clock.
const (
	MaxText = 8 << 10         // bytes of text
	MaxBody = 64 << 10        // bytes of JSON
	MaxLead = 2 * time.Minute // how far an id may be ahead of our clock
	MaxAge  = 24 * time.Hour  // how old an id may be: a client may send it after being offline
)

// postBody is the JSON body of a posted message.
type postBody struct {
	ID      string `json:"id"`      // a UUIDv7, made by the client from our server's time
	Text    string `json:"text"`    // at most MaxText bytes
	ReplyTo string `json:"replyTo"` // id of the message that it answers; may be empty
}

// Normalize returns the message that a visitor posted at a site. site and
// visitor come from a verified [Session]. Unknown members of body are ignored.
// A member that is given twice is refused.
//
// The message's id and time are those of the client's UUIDv7, so that a post
// that is sent twice is one message. An id outside [MaxLead] and [MaxAge] is
// refused. It is never moved to our clock, because a repeated post would then
// get another time.
//
// An error is [fault.Invalid] or [fault.TooLarge], and its message tells the
// client's developer what to change.
func Normalize(site, visitor string, body []byte, now time.Time) (message.Delivery, error) {
	who, err := identity.NewAlias(identity.Visitor, site, visitor)
	if err != nil {
		return message.Delivery{}, err
	}
	p, err := parseBody(body)
	if err != nil {
		return message.Delivery{}, err
	}
	id, sentAt, err := parseMessageID(p.ID, now)
	if err != nil {
		return message.Delivery{}, err
	}
	m := message.Message{
		Version:    message.SchemaVersion,
		ID:         message.NewID(message.WebChat, sentAt, id),
		Channel:    message.WebChat,
		Direction:  message.Inbound,
		Kind:       message.Text,
		ProviderID: id,
		Account:    site,
		Customer:   identity.Address{Alias: who, Assurance: identity.Verified},
		SentAt:     sentAt,
		Text:       p.Text,
	}
	if p.ReplyTo != "" {
		m.ReplyTo = &message.ReplyTo{ProviderID: p.ReplyTo}
	}
	return message.Delivery{Messages: []message.Message{m}}, nil
}

// parseBody reads a body and cleans its text. It refuses text above [MaxText]
// and text that is only white space.
func parseBody(body []byte) (postBody, error) {
	if len(body) > MaxBody {
		return postBody{}, fault.New(fault.TooLarge, "the body must not be larger than %d bytes", MaxBody)
	}
	if err := strictjson.CheckUTF8(body); err != nil {
		return postBody{}, err
	}
	var p postBody
	if err := strictjson.UnmarshalKnown(strictjson.DropHalfPairs(body), &p); err != nil {
		return postBody{}, fault.New(fault.Invalid, `%s: the body must be {"id": string, "text": string, "replyTo": string}`, fault.Message(err))
	}
	if len(p.Text) > MaxText {
		return postBody{}, fault.New(fault.TooLarge, "text must not be longer than %d bytes", MaxText)
	}
	p.Text = message.Clean(p.Text, MaxText)
	if strings.TrimSpace(p.Text) == "" {
		return postBody{}, fault.New(fault.Invalid, "text must not be empty")
	}
	if p.ReplyTo != message.Clean(p.ReplyTo, maxReplyTo) {
		return postBody{}, fault.New(fault.Invalid, "replyTo must be the id of a message")
	}
	return p, nil
}

// maxReplyTo is the length of the longest replyTo, in bytes.
const maxReplyTo = 200

// parseMessageID returns id in lower case with dashes, and its time.
func parseMessageID(id string, now time.Time) (string, time.Time, error) {
	u, err := uuid.Parse(id)
	isV7 := u.Version() == 7 && u.Variant() == uuid.RFC4122
	if err != nil || len(id) != 36 || !isV7 {
		return "", time.Time{}, fault.New(fault.Invalid, "id must be a UUIDv7 with dashes")
	}
	at := time.Unix(u.Time().UnixTime()).UTC()
	switch {
	case at.After(now.Add(MaxLead)):
		return "", time.Time{}, fault.New(fault.Invalid, "id must not be more than %s ahead of the server's clock; make it from the time that the server returned", MaxLead)
	case at.Before(now.Add(-MaxAge)):
		return "", time.Time{}, fault.New(fault.Invalid, "id must not be older than %s", MaxAge)
	}
	return u.String(), at, nil
}
