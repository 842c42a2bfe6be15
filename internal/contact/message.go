// Package contact defines what Heard keeps: the message, in the same shape
// whichever channel it came by; the effect, something learned later about a
// message; and the contact, the messages of one customer about one wish.
//
// Messages and effects are made once, by the package of their channel, and
// never change. Channels redeliver, so every id is made from the message
// itself and never from our clock: the second delivery is the same message.
package contact

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

// SchemaVersion is the version of the normalized schema that this code
// writes. A field may be added within a version; a change of meaning is a new
// one.
const SchemaVersion = 1

// A Channel is a way between a customer and the company.
type Channel string

// The channels there are. Phone, shop and note are registered by hand.
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

// A Direction says whose words a message holds.
type Direction string

// The directions.
const (
	Inbound  Direction = "inbound"  // the customer's
	Outbound Direction = "outbound" // ours
)

// A Kind says what a message is made of.
type Kind string

// The kinds of message.
const (
	Text        Kind = "text"
	Image       Kind = "image"
	Video       Kind = "video"
	Audio       Kind = "audio"
	File        Kind = "file"
	Sticker     Kind = "sticker"
	Location    Kind = "location"
	Cards       Kind = "cards"       // contact cards
	Reply       Kind = "reply"       // a button, list entry or quick reply chosen; Payload holds its value
	Form        Kind = "form"        // a filled-in form; Data holds the answers
	Order       Kind = "order"       // a shopping basket; Data holds the lines
	Share       Kind = "share"       // a link, post, reel or story
	Template    Kind = "template"    // a structured message
	Call        Kind = "call"        // a call, taken or missed
	Mail        Kind = "mail"        // an email
	Event       Kind = "event"       // something the platform reports in the conversation; Payload names it
	Unsupported Kind = "unsupported" // a kind we cannot read; Payload names it, Raw holds it
)

// An ID names a message, for ever: "1716900000000:whatsapp:wamid.HBg...", the
// time in milliseconds, the channel and the channel's own id. Ids of one
// customer sort by time.
type ID string

// maxProviderID is the longest provider id kept as it is, in bytes.
const maxProviderID = 200

// ProviderKey returns the form in which a provider's message id is part of a
// key: itself, or its SHA-256 when it is longer than 200 bytes.
func ProviderKey(providerID string) string {
	if len(providerID) <= maxProviderID {
		return providerID
	}
	sum := sha256.Sum256([]byte(providerID))
	return "sha256-" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// NewID returns the id of the message that a channel calls providerID.
func NewID(ch Channel, sentAt time.Time, providerID string) ID {
	return ID(fmt.Sprintf("%013d:%s:%s", sentAt.UnixMilli(), ch, ProviderKey(providerID)))
}

// Parse splits an id into time, channel and provider key.
func (id ID) Parse() (sentAt time.Time, ch Channel, providerKey string, err error) {
	ms, rest, ok := strings.Cut(string(id), ":")
	name, key, ok2 := strings.Cut(rest, ":")
	n, perr := strconv.ParseInt(ms, 10, 64)
	if !ok || !ok2 || len(ms) != 13 || perr != nil || n < 0 || key == "" || !Channel(name).Valid() {
		return time.Time{}, "", "", fault.New(fault.Invalid, "malformed message id")
	}
	return time.UnixMilli(n).UTC(), Channel(name), key, nil
}

// An Attachment is a file that came with a message. The message is stored
// with what the channel says of it; the file itself is fetched later.
type Attachment struct {
	Kind   Kind   `json:"kind"`             // image, video, audio, file, sticker
	Ref    string `json:"ref,omitempty"`    // the platform's handle: a media id, or the part number of a mail
	URL    string `json:"url,omitempty"`    // where the platform serves it; expires
	Type   string `json:"type,omitempty"`   // media type as the sender says it
	Name   string `json:"name,omitempty"`   // file name as the sender says it
	Size   int64  `json:"size,omitempty"`   // bytes, when known
	SHA256 string `json:"sha256,omitempty"` // hexadecimal, when the platform says it
	CID    string `json:"cid,omitempty"`    // Content-ID, for images inside a mail's HTML
	Inline bool   `json:"inline,omitempty"` // shown inside the text
	Voice  bool   `json:"voice,omitempty"`  // recorded as a voice message
	Mark   string `json:"mark,omitempty"`   // what is special: "dangerous", "virus", "tnef", "animated", "failed"
}

// A ReplyTo says which message is answered.
type ReplyTo struct {
	ProviderID string   `json:"providerId,omitempty"` // the channel's id of that message; may be unknown to us
	Story      string   `json:"story,omitempty"`      // the address of the story that is answered
	Forwarded  bool     `json:"forwarded,omitempty"`  // not an answer: the text was forwarded
	References []string `json:"references,omitempty"` // mail: In-Reply-To and References, oldest first, without brackets
}

// A Referral says what brought the customer here: an ad, a post, a link.
// Its text is the advertiser's, never the customer's.
type Referral struct {
	Source  string `json:"source,omitempty"` // "ad", "post", "shortlink", ...
	ID      string `json:"id,omitempty"`
	URL     string `json:"url,omitempty"`
	Ref     string `json:"ref,omitempty"`
	Title   string `json:"title,omitempty"`
	Text    string `json:"text,omitempty"`
	Product string `json:"product,omitempty"` // catalogue id of the product referred to
	ClickID string `json:"clickId,omitempty"`
}

// An Origin says by which way a message came; empty is the ordinary way.
type Origin string

// The origins.
const (
	Echo     Origin = "echo"     // sent by staff or another app, reported by the platform
	History  Origin = "history"  // older than our connection, imported by the platform: opens nothing
	Standby  Origin = "standby"  // another app holds the conversation
	Recorded Origin = "recorded" // registered through the API: it happened elsewhere
	Composed Origin = "composed" // written through the API, and sent from here
)

// A Message is one item received from or sent to a customer.
type Message struct {
	Version    int                 `json:"version"`              // [SchemaVersion]
	ID         ID                  `json:"id"`                   // see [NewID]
	CustomerID identity.CustomerID `json:"customerId,omitempty"` // set when the alias is resolved
	Channel    Channel             `json:"channel"`
	Direction  Direction           `json:"direction"`
	Kind       Kind                `json:"kind"`
	ProviderID string              `json:"providerId"`          // the channel's own id, whole
	Account    string              `json:"account,omitempty"`   // our side: phone number id, page, mailbox, site
	Customer   identity.Address    `json:"customer"`            // the alias the customer used
	Aliases    []identity.Address  `json:"aliases,omitempty"`   // further aliases the same delivery proves or claims
	Name       string              `json:"name,omitempty"`      // as the channel shows the customer; proves nothing
	Username   string              `json:"username,omitempty"`  // without @; changes hands, proves nothing
	Author     string              `json:"author,omitempty"`    // outbound: the agent, bot or app that wrote it
	SentAt     time.Time           `json:"sentAt"`              // the provider's time, UTC, milliseconds
	ReceivedAt time.Time           `json:"receivedAt,omitzero"` // ours; never part of a key
	Subject    string              `json:"subject,omitempty"`
	Text       string              `json:"text,omitempty"`     // what was said, UTF-8; mail: the reply only
	FullText   string              `json:"fullText,omitempty"` // mail: with quotes and signature, when more than Text
	Payload    string              `json:"payload,omitempty"`  // see Kind
	Thread     string              `json:"thread,omitempty"`   // what replies have in common: mail's first reference, a group
	MailID     string              `json:"mailId,omitempty"`   // mail: its own Message-ID, without brackets; ours as it was composed
	ReplyTo    *ReplyTo            `json:"replyTo,omitempty"`
	Referral   *Referral           `json:"referral,omitempty"`

	Attachments []Attachment    `json:"attachments,omitempty"`
	Data        json.RawMessage `json:"data,omitempty"` // structured content as the platform gave it: places, cards, baskets, answers
	Raw         json.RawMessage `json:"raw,omitempty"`  // the element as the platform gave it, for kinds we cannot read

	Origin    Origin `json:"origin,omitempty"`
	Automated string `json:"automated,omitempty"` // written by a machine: "auto-reply", "bounce", "list", ...
	Passive   bool   `json:"passive,omitempty"`   // belongs to the history; opens no contact and keeps nobody waiting
	NoReply   bool   `json:"noReply,omitempty"`   // no program may answer it
	Mark      string `json:"mark,omitempty"`      // what readers must know: "content-lost", "unparsed", "empty", "encrypted", "spam", "no-author"
	Source    string `json:"source,omitempty"`    // where the raw mail lies: its key in the mail bucket
	Via       string `json:"via,omitempty"`       // WhatsApp: our number's ARN when AWS End User Messaging Social handed the message on, and has its files
	Page      int64  `json:"page,omitempty"`      // mail: bytes of its HTML, which lies with its files, safe to show; zero for none

	// Set through the API for registered contacts.
	Reason  string `json:"reason,omitempty"`
	Product string `json:"product,omitempty"`
	Outcome string `json:"outcome,omitempty"`

	// Note makes it a structured note of an agent.
	Note *Remark `json:"note,omitempty"`

	// Lost is set on a message of ours that the customer never got: it failed
	// or came back. It is what effects say, and is no part of the message.
	Lost bool `json:"-"`
}

// LogValue is what a log shows of m: channel and kind. Provider ids hold
// phone numbers, so not even the id.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("channel", string(m.Channel)), slog.String("kind", string(m.Kind)))
}

// Addresses returns every alias that came with m, the customer's own first.
func (m Message) Addresses() []identity.Address {
	return append([]identity.Address{m.Customer}, m.Aliases...)
}

// Limits of a message, in bytes. A text beyond MaxText is cut by its channel;
// no platform of ours allows as much in one message but mail, whose raw form
// is kept.
const (
	MaxText    = 1 << 20
	MaxSubject = 2 << 10
	MaxRaw     = 64 << 10
)

// Validate reports the first thing that keeps m from being stored.
func (m Message) Validate() error {
	if _, _, _, err := m.ID.Parse(); err != nil {
		return err
	}
	switch {
	case m.ProviderID == "":
		return fault.New(fault.Invalid, "message without provider id")
	case m.Customer.Value == "":
		return fault.New(fault.Invalid, "message without customer")
	case m.Direction != Inbound && m.Direction != Outbound:
		return fault.New(fault.Invalid, "message without direction")
	case m.Kind == "":
		return fault.New(fault.Invalid, "message without kind")
	case len(m.Text) > MaxText || len(m.Subject) > MaxSubject:
		return fault.New(fault.TooLarge, "message text too long")
	case !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0):
		return fault.New(fault.Invalid, "message text is not clean UTF-8")
	}
	return nil
}

// Clean returns s as valid UTF-8 without NUL, cut to at most limit bytes at
// the end of a character.
func Clean(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	return Cut(s, limit)
}

// Cut returns s cut to at most limit bytes, at the end of a character.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
