package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// messageLine is the JSON line of a message. It has the message's stored fields,
// and includes the fields that readers rely on even when they are empty.
type messageLine struct {
	File string `json:"file"`
	message.Message
	ProviderID  string               `json:"providerId"`
	Customer    addressLine          `json:"customer"`
	Text        string               `json:"text"`
	Subject     *string              `json:"subject,omitempty"`     // mail only
	Automated   *string              `json:"automated,omitempty"`   // mail only; empty if a person wrote it
	Attachments []message.Attachment `json:"attachments,omitempty"` // of mail, also when empty
}

type addressLine struct {
	Kind      identity.Kind      `json:"kind"`
	Scope     string             `json:"scope"`
	Value     string             `json:"value"`
	Assurance identity.Assurance `json:"assurance,omitempty"`
}

// effectLine is the JSON line of an effect.
type effectLine struct {
	File    string `json:"file"`
	Element string `json:"element"` // effect
	message.Effect
	Direction  message.Direction `json:"direction"` // of its author, or of the message that it is about
	Customer   addressLine       `json:"customer"`
	ProviderID string            `json:"providerId"`
	SentAt     time.Time         `json:"sentAt"`
	Text       string            `json:"text"`
}

// noticeLine is the JSON line of a notice.
type noticeLine struct {
	File    string `json:"file"`
	Element string `json:"element"` // notice
	message.Notice
	Direction  message.Direction `json:"direction"`
	Customer   *addressLine      `json:"customer"`
	ProviderID string            `json:"providerId"`
	SentAt     time.Time         `json:"sentAt"`
	Text       string            `json:"text"`
}

// linkLine is the JSON line of a link between two aliases.
type linkLine struct {
	File    string          `json:"file"`
	Element string          `json:"element"` // link
	Channel message.Channel `json:"channel"`
	Kind    string          `json:"kind"` // the rule that proves it
	From    addressLine     `json:"from"`
	To      addressLine     `json:"to"`
	SentAt  time.Time       `json:"sentAt"`
	Ref     string          `json:"ref,omitempty"`
}

// brokenLine is the JSON line of an element, or a whole delivery, that cannot be
// read.
type brokenLine struct {
	File    string          `json:"file"`
	Channel message.Channel `json:"channel"`
	Path    string          `json:"path,omitempty"`
	Error   string          `json:"error"`
	Raw     json.RawMessage `json:"raw,omitempty"` // the whole element
}

// normalizeFiles prints the elements of deliveries. A delivery that cannot be
// normalized becomes a line with its error. A file that cannot be opened fails
// the command, after the other files.
func (t *tool) normalizeFiles(_ context.Context, args []string) error {
	f := t.newFlagSet("normalize")
	site := f.String("site", "shop", "webchat: the `site` of the chat")
	visitor := f.String("visitor", "00000000-0000-7000-8000-000000000000", "webchat: the visitor's `id`")
	var mail mailSettings
	f.StringVar(&mail.staff, "staff", "", "email: the value of the stack's parameter `MailStaff`")
	f.StringVar(&mail.forms, "forms", "", "email: the value of the stack's parameter `MailForms`")
	f.StringVar(&mail.domain, "domain", "", "email: the value of the stack's parameter `MailDomain`")
	if err := t.parseArgs(f, args, 2, -1); err != nil {
		return err
	}
	channel := message.Channel(f.Arg(0))
	read, err := newNormalizer(channel, *site, *visitor, mail)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(t.out)
	lines.SetEscapeHTML(false)
	var errs []error
	for _, file := range f.Args()[1:] {
		raw, err := os.ReadFile(file) //nolint:gosec // the operator names the file
		if err != nil {
			errs = append(errs, err)
			continue
		}
		d, err := normalizeSafely(read, raw)
		if err != nil {
			errs = append(errs, lines.Encode(brokenLine{File: file, Channel: channel, Error: fault.Message(err)}))
			continue
		}
		for _, line := range elementLines(file, channel, d) {
			errs = append(errs, lines.Encode(line))
		}
	}
	return errors.Join(errs...)
}

// normalizeSafely turns a panic of the normalizer into an error, so that one
// file does not stop the others.
func normalizeSafely(read func([]byte) (message.Delivery, error), raw []byte) (d message.Delivery, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "the normalizer panicked: %v", r)
		}
	}()
	return read(raw)
}

// newNormalizer returns the normalizer of a channel. site and visitor are used
// for web chat, mail for email.
func newNormalizer(channel message.Channel, site, visitor string, mail mailSettings) (func([]byte) (message.Delivery, error), error) {
	switch channel {
	case message.WhatsApp:
		return normalizeWhatsApp, nil
	case message.Messenger, message.Instagram:
		return messenger.Normalize, nil
	case message.Email:
		return newMailNormalizer(mail)
	case message.WebChat:
		return func(raw []byte) (message.Delivery, error) {
			return webchat.Normalize(site, visitor, raw, postTime(raw))
		}, nil
	default:
		return nil, fmt.Errorf("no channel %q: use whatsapp, messenger, instagram, email or webchat", channel)
	}
}

// normalizeWhatsApp reads a webhook, or the same from AWS End User Messaging
// Social: an SNS message, an SNS notification, or a Lambda event with one
// notification.
func normalizeWhatsApp(raw []byte) (message.Delivery, error) {
	type notification struct{ Message string }
	var n struct {
		notification
		Entry   json.RawMessage `json:"whatsAppWebhookEntry"`
		Records []struct{ SNS notification }
	}
	_ = json.Unmarshal(raw, &n) // a webhook has none of these fields
	switch {
	case n.Entry != nil:
		return whatsapp.NormalizeSNS(raw)
	case len(n.Records) == 1:
		return whatsapp.NormalizeSNS([]byte(n.Records[0].SNS.Message))
	case n.Message != "":
		return whatsapp.NormalizeSNS([]byte(n.Message))
	default:
		return whatsapp.Normalize(raw)
	}
}

// postTime returns the time in the id of a posted chat message. With it as the
// current time, messages of any age can be normalized.
func postTime(raw []byte) time.Time {
	var post struct{ ID string }
	_ = json.Unmarshal(raw, &post)
	return uuidTime(post.ID)
}

// elementLines returns one JSON line for each element of a delivery.
func elementLines(file string, channel message.Channel, d message.Delivery) []any {
	var out []any
	for _, l := range d.Links {
		out = append(out, linkLine{
			File: file, Element: "link", Channel: channel, Kind: l.Evidence.Rule, SentAt: l.Evidence.At, Ref: l.Evidence.Ref,
			From: newAddressLine(identity.Address{Alias: l.From}), To: newAddressLine(identity.Address{Alias: l.To}),
		})
	}
	for _, m := range d.Messages {
		out = append(out, newMessageLine(file, m))
	}
	for _, e := range d.Effects {
		out = append(out, effectLine{
			File: file, Element: "effect", Effect: e, Direction: effectDirection(e), Customer: newAddressLine(e.Customer),
			ProviderID: e.Target, SentAt: e.At.UTC(), Text: e.Text,
		})
	}
	for _, n := range d.Notices {
		line := noticeLine{File: file, Element: "notice", Notice: n, Direction: message.Inbound, ProviderID: n.ID, SentAt: n.At.UTC()}
		if n.Customer != nil {
			customer := newAddressLine(*n.Customer)
			line.Customer = &customer
		}
		out = append(out, line)
	}
	for _, b := range d.Broken {
		out = append(out, brokenLine{File: file, Channel: channel, Path: b.Path, Error: b.Reason, Raw: b.Raw})
	}
	return out
}

// newMessageLine returns the line of a message. The line of a mail always has
// attachments.
func newMessageLine(file string, m message.Message) any {
	line := messageLine{
		File: file, Message: m, ProviderID: m.ProviderID, Customer: newAddressLine(m.Customer), Text: m.Text,
		Attachments: m.Attachments,
	}
	if m.Channel != message.Email {
		return line
	}
	line.Subject = &m.Subject
	line.Automated = &m.Automated
	if len(m.Attachments) > 0 {
		return line
	}
	return struct {
		messageLine
		Attachments []message.Attachment `json:"attachments"`
	}{line, []message.Attachment{}}
}

func newAddressLine(a identity.Address) addressLine {
	return addressLine{a.Kind, a.Scope, a.Value, a.Assurance}
}

// effectDirection returns the direction of the effect's author for reactions,
// edits and deletions. Other effects are about messages that we sent.
func effectDirection(e message.Effect) message.Direction {
	switch e.Kind {
	case message.Reaction:
		return e.By
	case message.Edit, message.Deletion:
		return message.Inbound
	default:
		return message.Outbound
	}
}
