// Package message defines the normalized records of all channels. A [Message] has the
// same shape for every channel. An [Effect] is a later event of a message, such as a
// delivery status or an edit. A [Delivery] is the messages and effects of one webhook or
// mail.
//
// The package of a channel creates messages and effects. They never change after that.
// Channels deliver a message more than once, so every id is derived from the message
// and never from our clock: a redelivery has the same id.
package message

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// SchemaVersion is the version of the message schema that this code writes. Fields
// may be added within a version. A change of meaning needs a new version.
const SchemaVersion = 1

// A Channel is a means of communication between a customer and the company.
type Channel string

// The channels. Messages of phone, shop and note are registered by hand.
const (
	WhatsApp  Channel = "whatsapp"
	Messenger Channel = "messenger"
	Instagram Channel = "instagram"
	Email     Channel = "email"
	WebChat   Channel = "webchat"
	Phone     Channel = "phone"
	Shop      Channel = "shop"
	Note      Channel = "note"
)

// Channels lists every channel.
var Channels = []Channel{WhatsApp, Messenger, Instagram, Email, WebChat, Phone, Shop, Note}

// Valid reports whether ch is one of [Channels].
func (ch Channel) Valid() bool {
	for _, c := range Channels {
		if c == ch {
			return true
		}
	}
	return false
}

// A Direction tells messages of the customer from ours.
type Direction string

// The directions.
const (
	Inbound  Direction = "inbound"  // from the customer
	Outbound Direction = "outbound" // from us
)

// A Kind is the kind of content of a message.
type Kind string

// The kinds of messages.
const (
	Text        Kind = "text"
	Image       Kind = "image"
	Video       Kind = "video"
	Audio       Kind = "audio"
	File        Kind = "file"
	Sticker     Kind = "sticker"
	Location    Kind = "location"
	Cards       Kind = "cards"       // contact cards
	Reply       Kind = "reply"       // a chosen button, list entry or quick reply; Payload holds its value
	Form        Kind = "form"        // a filled-in form; Data holds the answers
	Order       Kind = "order"       // a shopping basket; Data holds the lines
	Share       Kind = "share"       // a link, post, reel or story
	Template    Kind = "template"    // a structured message
	Call        Kind = "call"        // a call, taken or missed
	Mail        Kind = "mail"        // an email
	Event       Kind = "event"       // an event that the platform reports in the conversation; Payload names it
	Unsupported Kind = "unsupported" // an unknown kind; Payload names it, Raw holds the element
)

// An ID identifies a message permanently. It consists of the time in milliseconds, the
// channel and the provider id: "1716900000000:whatsapp:wamid.HBg...". Ids sort by time.
type ID string

// maxProviderID is the maximum length of a provider id that is not hashed, in bytes.
const maxProviderID = 200

// ProviderKey returns the form of a provider's message id in keys: the id itself, or
// its SHA-256 if it is longer than 200 bytes.
func ProviderKey(providerID string) string {
	if len(providerID) <= maxProviderID {
		return providerID
	}
	sum := sha256.Sum256([]byte(providerID))
	return "sha256-" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// NewID returns the id of a message from its channel, time and provider id.
func NewID(ch Channel, sentAt time.Time, providerID string) ID {
	return ID(fmt.Sprintf("%013d:%s:%s", sentAt.UnixMilli(), ch, ProviderKey(providerID)))
}

// Parse splits id into time, channel and provider key. A malformed id is a
// [fault.Invalid].
func (id ID) Parse() (sentAt time.Time, ch Channel, providerKey string, err error) {
	ms, rest, _ := strings.Cut(string(id), ":")
	name, key, _ := strings.Cut(rest, ":")
	n, parseErr := strconv.ParseInt(ms, 10, 64)
	validTime := parseErr == nil && len(ms) == 13 && n >= 0
	if !validTime || key == "" || !Channel(name).Valid() {
		return time.Time{}, "", "", fault.New(fault.Invalid, "malformed message id")
	}
	return time.UnixMilli(n).UTC(), Channel(name), key, nil
}

// An Attachment describes a file of a message, as the channel delivered it. The file
// itself is fetched later.
type Attachment struct {
	Kind   Kind   `json:"kind"`             // image, video, audio, file, sticker
	Ref    string `json:"ref,omitempty"`    // the platform's media id, or the part number in a mail
	URL    string `json:"url,omitempty"`    // URL of the file at the platform; expires
	Type   string `json:"type,omitempty"`   // media type, as stated by the sender
	Name   string `json:"name,omitempty"`   // file name, as stated by the sender
	Size   int64  `json:"size,omitempty"`   // bytes; 0 if unknown
	SHA256 string `json:"sha256,omitempty"` // hexadecimal, if known
	CID    string `json:"cid,omitempty"`    // Content-ID, for images inside a mail's HTML
	Inline bool   `json:"inline,omitempty"` // shown inside the text
	Voice  bool   `json:"voice,omitempty"`  // recorded as a voice message
	Mark   string `json:"mark,omitempty"`   // special property: "dangerous", "virus", "tnef", "animated", "failed"
}

// A ReplyTo refers to the message that is answered.
type ReplyTo struct {
	ProviderID string   `json:"providerId,omitempty"` // provider id of that message; it may not be stored here
	Story      string   `json:"story,omitempty"`      // URL of the story that is answered
	Forwarded  bool     `json:"forwarded,omitempty"`  // not an answer: the text was forwarded
	References []string `json:"references,omitempty"` // mail: In-Reply-To and References, oldest first, without brackets
}

// A Referral is the source that brought the customer here: an ad, a post or a link.
// Its texts are written by the advertiser, not by the customer.
type Referral struct {
	Source  string `json:"source,omitempty"` // "ad", "post", "shortlink", ...
	ID      string `json:"id,omitempty"`
	URL     string `json:"url,omitempty"`
	Ref     string `json:"ref,omitempty"`
	Title   string `json:"title,omitempty"`
	Text    string `json:"text,omitempty"`
	Product string `json:"product,omitempty"` // catalogue id of the product
	ClickID string `json:"clickId,omitempty"`
}

// An Origin is the way by which a message arrived. An empty origin is the normal
// delivery by the channel.
type Origin string

// The origins.
const (
	Echo     Origin = "echo"     // sent by staff or another app, reported by the platform
	History  Origin = "history"  // imported by the platform, older than our connection; opens no contact
	Standby  Origin = "standby"  // another app holds the conversation
	Recorded Origin = "recorded" // registered through the API after it happened elsewhere
	Composed Origin = "composed" // written through the API and sent by Heard
)

// A Message is one normalized item received from or sent to a customer.
type Message struct {
	Version    int                 `json:"version"`              // [SchemaVersion]
	ID         ID                  `json:"id"`                   // see [NewID]
	CustomerID identity.CustomerID `json:"customerId,omitempty"` // set after the alias is resolved
	Channel    Channel             `json:"channel"`
	Direction  Direction           `json:"direction"`
	Kind       Kind                `json:"kind"`
	ProviderID string              `json:"providerId"`          // the channel's own id, unshortened
	Account    string              `json:"account,omitempty"`   // our account: phone number id, page, mailbox, site
	Customer   identity.Address    `json:"customer"`            // the alias that the customer used
	Aliases    []identity.Address  `json:"aliases,omitempty"`   // other aliases that the delivery proves or claims
	Name       string              `json:"name,omitempty"`      // display name at the channel; not a proof of identity
	Username   string              `json:"username,omitempty"`  // without @; can move to other people, not a proof of identity
	Author     string              `json:"author,omitempty"`    // outbound: the agent, bot or app that wrote it
	SentAt     time.Time           `json:"sentAt"`              // time of the provider, UTC, in milliseconds
	ReceivedAt time.Time           `json:"receivedAt,omitzero"` // our time; never part of a key
	Subject    string              `json:"subject,omitempty"`
	Text       string              `json:"text,omitempty"`     // UTF-8; mail: only the new text
	FullText   string              `json:"fullText,omitempty"` // mail: with quotes and signature, if different from Text
	Payload    string              `json:"payload,omitempty"`  // depends on Kind
	Thread     string              `json:"thread,omitempty"`   // id shared by all replies: first reference of a mail, or a group
	MailID     string              `json:"mailId,omitempty"`   // mail: Message-ID without brackets; for an outgoing mail, as composed by Heard
	ReplyTo    *ReplyTo            `json:"replyTo,omitempty"`
	Referral   *Referral           `json:"referral,omitempty"`

	Attachments []Attachment    `json:"attachments,omitempty"`
	Data        json.RawMessage `json:"data,omitempty"` // structured content in the form of the platform: places, cards, baskets, answers
	Raw         json.RawMessage `json:"raw,omitempty"`  // the element in the form of the platform, for unknown kinds

	Origin    Origin `json:"origin,omitempty"`
	Automated string `json:"automated,omitempty"` // written by a program: "auto-reply", "bounce", "list", ...
	Passive   bool   `json:"passive,omitempty"`   // part of the history only; neither opens a contact nor makes one wait
	NoReply   bool   `json:"noReply,omitempty"`   // programs must not answer it
	Mark      string `json:"mark,omitempty"`      // warning for readers: "content-lost", "unparsed", "empty", "encrypted", "spam", "no-author"
	Source    string `json:"source,omitempty"`    // mail: key of the raw mail in the mail bucket
	Via       string `json:"via,omitempty"`       // WhatsApp: ARN of our number if AWS End User Messaging Social delivered the message; its files are fetched there
	Page      int64  `json:"page,omitempty"`      // mail: size in bytes of its sanitized HTML, which is stored with its files; 0 without HTML

	// Reason, Product and Outcome are set for contacts registered through the API.
	Reason  string `json:"reason,omitempty"`
	Product string `json:"product,omitempty"`
	Outcome string `json:"outcome,omitempty"`

	// Settles names the questions that an outgoing message answers. It is empty if the
	// message only shows that by its thread or by what it replies to.
	Settles []Settled `json:"settles,omitempty"`

	// Note is set for a structured note of an agent.
	Note *Remark `json:"note,omitempty"`

	// These are derived from the effects and not stored. A lost message was sent by us,
	// and the customer did not receive it: it failed or bounced. A deleted one was taken
	// back by its author. The text of an edited one is its present text.
	Lost    bool `json:"-"`
	Deleted bool `json:"-"`
	Edited  bool `json:"-"`
}

// A Settled is a question that an outgoing message answers.
type Settled struct {
	Message ID     `json:"messageId"`        // the message of the customer
	Reason  string `json:"reason,omitempty"` // of its wishes only the one with this reason
}

// LogValue returns the channel and kind of m. A log must not contain the id, because
// provider ids can contain phone numbers.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("channel", string(m.Channel)), slog.String("kind", string(m.Kind)))
}

// Addresses returns all aliases of m, the customer's own first.
func (m Message) Addresses() []identity.Address {
	return append([]identity.Address{m.Customer}, m.Aliases...)
}

// Limits of a message, in bytes. The package of the channel cuts a text to MaxText.
// Only mails can be longer, and their raw form is stored.
const (
	MaxText    = 1 << 20
	MaxSubject = 2 << 10
	MaxRaw     = 64 << 10
)

// Validate returns a [fault.Invalid] or [fault.TooLarge] if m cannot be stored.
func (m Message) Validate() error {
	if _, _, _, err := m.ID.Parse(); err != nil {
		return err
	}
	switch {
	case m.ProviderID == "":
		return fault.New(fault.Invalid, "message has no provider id")
	case m.Customer.Value == "":
		return fault.New(fault.Invalid, "message has no customer")
	case m.Direction != Inbound && m.Direction != Outbound:
		return fault.New(fault.Invalid, "message has no valid direction")
	case m.Kind == "":
		return fault.New(fault.Invalid, "message has no kind")
	case len(m.Text) > MaxText || len(m.Subject) > MaxSubject:
		return fault.New(fault.TooLarge, "message text or subject is too long")
	case !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0):
		return fault.New(fault.Invalid, "message text is not valid UTF-8 or contains NUL")
	}
	return nil
}

// Clean returns s as valid UTF-8 without NUL, cut to at most limit bytes at a character
// boundary.
func Clean(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	return Cut(s, limit)
}

// Cut returns s cut to at most limit bytes at a character boundary.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// Said returns the time by which m is ordered among other messages. WhatsApp and mail
// have times in whole seconds, so the message was written at any time in its second
// and before we received it. Said returns the latest possible time. Otherwise a quick
// reaction of a customer would be ordered before the answer that caused it
// (TestContacts_SameSecond):
//
//  1. Our answer is sent at 10:00:00.400.
//  2. The customer reacts at 10:00:00.700. WhatsApp reports 10:00:00.
//  3. Heard receives the reaction at 10:00:02. Said returns 10:00:00.999.
func (m Message) Said() time.Time {
	if m.SentAt.Nanosecond() != 0 || !m.ReceivedAt.After(m.SentAt) {
		return m.SentAt
	}
	if last := m.SentAt.Add(time.Second - time.Millisecond); m.ReceivedAt.After(last) {
		return last
	}
	return m.ReceivedAt
}
