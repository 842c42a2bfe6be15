package messenger

import (
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
)

// Staff is the author of an echo that no app sent: somebody typed it in the
// page's inbox.
const Staff = "staff"

// maxField is the longest payload, title or address kept, in bytes. Meta
// allows 1,000 characters in a payload.
const maxField = 4 << 10

// message reads a message, sent or received, or its deletion.
func (it *item) message(raw meta.Value) error {
	if !raw.IsObject() {
		return errNoObject
	}
	o := raw.Object()
	outbound := it.ours() || o.Get("is_echo").IsTrue()
	if o.Get("is_deleted").IsTrue() {
		return it.effect(contact.Effect{Kind: contact.Deletion, Target: o.Get("mid").Text()}, outbound)
	}
	text := o.Get("text")
	msg := contact.Message{
		ProviderID: o.Get("mid").Text(),
		Text:       contact.Clean(text.Text(), contact.MaxText),
		ReplyTo:    newReplyTo(o.Get("reply_to")),
		Referral:   newReferral(o.Get("referral")),
	}
	if msg.ProviderID == "" {
		msg.ProviderID = it.hash("message", raw)
	}
	if outbound {
		sign(&msg, o)
	}
	if len(it.raw)-len(text) > contact.MaxRaw {
		return it.oversized(msg, outbound)
	}
	fill(&msg, o)
	switch {
	case msg.Kind != contact.Unsupported && msg.Mark == "":
		return it.add(msg, outbound)
	case len(it.raw) > contact.MaxRaw:
		return it.oversized(msg, outbound)
	}
	msg.Raw = it.raw.Raw()
	return it.add(msg, outbound)
}

// fill says what msg is made of.
func fill(msg *contact.Message, o meta.Object) {
	c := newContents(o.Get("attachments"), o.Get("sticker_id").Text())
	msg.Kind, msg.Mark = c.kind, c.mark
	msg.Attachments, msg.Data = c.files, c.list()
	if msg.Text == "" {
		msg.Text = c.text
	}
	if msg.Referral == nil {
		msg.Referral = c.product
	}
	quick := o.Get("quick_reply")
	switch {
	case quick.IsObject():
		msg.Kind, msg.Payload = contact.Reply, contact.Clean(quick.Get("payload").Text(), maxField)
	case msg.Text != "" && (c.kind == "" || c.kind == contact.Share || c.kind == contact.Unsupported):
		msg.Kind = contact.Text // with a preview of a link in it, most often
	case o.Get("is_unsupported").IsTrue():
		msg.Kind, msg.Payload, msg.Mark = contact.Unsupported, "is_unsupported", "content-lost"
	case c.kind == "":
		msg.Kind, msg.Payload = contact.Unsupported, "empty"
	case c.payload != "":
		msg.Payload = c.payload
	}
	if words := o.Get("text"); words.Text() == "" && !words.IsEmpty() { // no string
		msg.Mark = "unparsed"
	}
}

// sign says who wrote an echo: the app that sent it, or staff. Payload is what
// that app wrote on it, which may be we.
func sign(msg *contact.Message, o meta.Object) {
	msg.Author = contact.Clean(o.Get("app_id").Text(), maxID)
	if msg.Author == "" {
		msg.Author = Staff
	}
	msg.Payload = contact.Clean(o.Get("metadata").Text(), maxField)
}

// add completes msg with what the element says of it, and adds it.
func (it *item) add(msg contact.Message, outbound bool) error {
	who, err := it.customer(outbound)
	switch {
	case err != nil:
		return err
	case it.at.IsZero():
		return errNoTime
	case !usableID(msg.ProviderID):
		return errNoID
	}
	msg.Version = contact.SchemaVersion
	msg.ID = contact.NewID(it.channel, it.at, msg.ProviderID)
	msg.Channel = it.channel
	msg.Account = it.account
	msg.Customer = who
	msg.SentAt = it.at
	msg.Direction = contact.Inbound
	if it.standby {
		msg.Origin = contact.Standby
	}
	if outbound {
		msg.Direction, msg.Origin = contact.Outbound, contact.Echo
	}
	it.out.Messages = append(it.out.Messages, msg)
	return nil
}

// oversized adds of msg what fits in the table, the words, and reports that
// there is more.
func (it *item) oversized(msg contact.Message, outbound bool) error {
	msg.Kind, msg.Mark = contact.Text, "unparsed"
	if msg.Text == "" {
		msg.Kind = contact.Unsupported
	}
	msg.Attachments, msg.Data, msg.Referral, msg.ReplyTo = nil, nil, nil, nil
	if err := it.add(msg, outbound); err != nil {
		return err
	}
	return errTooLarge
}

// newReplyTo reads what a message answers: another message, or a story.
func newReplyTo(v meta.Value) *contact.ReplyTo {
	r := contact.ReplyTo{
		ProviderID: contact.Clean(v.Get("mid").Text(), maxID),
		Story:      contact.Clean(firstOf(v.Get("story", "url"), v.Get("story", "id")), maxField),
	}
	if r.ProviderID == "" && r.Story == "" {
		return nil
	}
	return &r
}
