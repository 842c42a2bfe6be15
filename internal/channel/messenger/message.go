package messenger

import (
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
)

// Staff is the author of an echo without an app id: a person typed the message
// in the page's inbox.
const Staff = "staff"

// maxField is the longest payload, title or address that is stored, in bytes.
// Meta allows 1,000 characters in a payload.
const maxField = 4 << 10

// readMessage reads a message in either direction, or its deletion.
func (it *item) readMessage(raw meta.Value) error {
	if !raw.IsObject() {
		return errShape
	}
	o := raw.Object()
	outbound := it.isSentByPage() || o.Get("is_echo").IsTrue()
	if o.Get("is_deleted").IsTrue() {
		return it.addEffect(message.Effect{Kind: message.Deletion, Target: o.Get("mid").Text()}, outbound)
	}
	text := o.Get("text")
	msg := message.Message{
		ProviderID: o.Get("mid").Text(),
		Text:       message.Clean(text.Text(), message.MaxText),
		ReplyTo:    parseReplyTo(o.Get("reply_to")),
		Referral:   parseReferral(o.Get("referral")),
	}
	if msg.ProviderID == "" {
		msg.ProviderID = it.generateID("message", raw)
	}
	if outbound {
		setEchoAuthor(&msg, o)
	}
	if len(it.raw)-len(text) > message.MaxRaw {
		return it.addOversized(msg, outbound)
	}
	fillContent(&msg, o)
	switch {
	case msg.Kind != message.Unsupported && msg.Mark == "":
		return it.addMessage(msg, outbound)
	case len(it.raw) > message.MaxRaw:
		return it.addOversized(msg, outbound)
	}
	msg.Raw = it.raw.CopyRaw()
	return it.addMessage(msg, outbound)
}

// fillContent sets the content fields of msg.
func fillContent(msg *message.Message, o meta.Object) {
	c := readAttachments(o.Get("attachments"), o.Get("sticker_id").Text())
	msg.Kind = c.kind
	msg.Mark = c.mark
	msg.Attachments = c.files
	msg.Data = c.structuredData()
	if msg.Text == "" {
		msg.Text = c.text
	}
	if msg.Referral == nil {
		msg.Referral = c.product
	}
	quick := o.Get("quick_reply")
	switch {
	case quick.IsObject():
		msg.Kind = message.Reply
		msg.Payload = message.Clean(quick.Get("payload").Text(), maxField)
	case msg.Text != "" && yieldsToText(c.kind):
		msg.Kind = message.Text // usually with a preview of a link in the text
	case o.Get("is_unsupported").IsTrue():
		msg.Kind = message.Unsupported
		msg.Payload = "is_unsupported"
		msg.Mark = "content-lost"
	case c.kind == "":
		msg.Kind = message.Unsupported
		msg.Payload = "empty"
	case c.payload != "":
		msg.Payload = c.payload
	}
	if words := o.Get("text"); words.Text() == "" && !words.IsEmpty() { // not a string
		msg.Mark = "unparsed"
	}
}

// yieldsToText reports whether a message with attachments of that kind becomes a
// text message if it has a text.
func yieldsToText(kind message.Kind) bool {
	switch kind {
	case "", message.Share, message.Unsupported:
		return true
	default:
		return false
	}
}

// setEchoAuthor sets the author of an echo: the id of the app that sent it, or
// [Staff]. Payload is the metadata that the app attached, which may be our
// own.
func setEchoAuthor(msg *message.Message, o meta.Object) {
	msg.Author = message.Clean(o.Get("app_id").Text(), maxID)
	if msg.Author == "" {
		msg.Author = Staff
	}
	msg.Payload = message.Clean(o.Get("metadata").Text(), maxField)
}

// addMessage completes msg with the element's customer and time, and adds it.
func (it *item) addMessage(msg message.Message, outbound bool) error {
	customer, err := it.customerAddress(outbound)
	switch {
	case err != nil:
		return err
	case it.at.IsZero():
		return errNoTime
	case !isUsableID(msg.ProviderID):
		return errNoID
	}
	msg.Version = message.SchemaVersion
	msg.ID = message.NewID(it.channel, it.at, msg.ProviderID)
	msg.Channel = it.channel
	msg.Account = it.account
	msg.Customer = customer
	msg.SentAt = it.at
	msg.Direction = message.Inbound
	if it.standby {
		msg.Origin = message.Standby
	}
	if outbound {
		msg.Direction = message.Outbound
		msg.Origin = message.Echo
	}
	it.delivery.Messages = append(it.delivery.Messages, msg)
	return nil
}

// addOversized adds only the text of msg. It returns an error, so that the
// whole element is also kept as broken.
func (it *item) addOversized(msg message.Message, outbound bool) error {
	msg.Kind = message.Text
	msg.Mark = "unparsed"
	if msg.Text == "" {
		msg.Kind = message.Unsupported
	}
	msg.Attachments = nil
	msg.Data = nil
	msg.Referral = nil
	msg.ReplyTo = nil
	if err := it.addMessage(msg, outbound); err != nil {
		return err
	}
	return errTooLarge
}

// parseReplyTo returns the message or story that a message answers, or nil.
func parseReplyTo(v meta.Value) *message.ReplyTo {
	r := message.ReplyTo{
		ProviderID: message.Clean(v.Get("mid").Text(), maxID),
		Story:      message.Clean(firstNonEmptyText(v.Get("story", "url"), v.Get("story", "id")), maxField),
	}
	if r.ProviderID == "" && r.Story == "" {
		return nil
	}
	return &r
}
