package whatsapp

import (
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// readMessage reads an element of "messages". It is a customer's message,
// except under the fields that report staff messages and history.
func (c *change) readMessage(v meta.Value) error {
	switch c.field {
	case "smb_message_echoes":
		return c.readEcho(v)
	case "history":
		return c.readHistoryMessage(v, ids{})
	}
	o := v.Object()
	return c.readElement(v, o, message.Inbound, senderIDs(o))
}

// readEcho reads an element of "message_echoes": a message that staff sent
// with the WhatsApp Business app. The customer is its recipient.
func (c *change) readEcho(v meta.Value) error {
	o := v.Object()
	return c.readElement(v, o, message.Outbound, recipientIDs(o))
}

func senderIDs(o meta.Object) ids {
	return ids{o.Get("from").Text(), o.Get("from_user_id").Text(), o.Get("from_parent_user_id").Text()}
}

func recipientIDs(o meta.Object) ids {
	return ids{o.Get("to").Text(), o.Get("to_user_id").Text(), o.Get("to_parent_user_id").Text()}
}

// readElement adds one message to or from the customer with the ids in given.
func (c *change) readElement(v meta.Value, o meta.Object, direction message.Direction, given ids) error {
	if !v.IsObject() {
		return errShape
	}
	kind := messageType(o)
	if kind == "system" && given == (ids{}) {
		given = idsAfterChange(o.Get("system").Object())
	}
	customer, err := c.resolveCustomer(given)
	if err != nil {
		return err
	}
	at, err := c.elementTime(o.Get("timestamp"))
	if err != nil {
		return err
	}
	m := message.Message{
		Version:    message.SchemaVersion,
		Channel:    message.WhatsApp,
		Direction:  direction,
		ProviderID: providerMessageID(v, o),
		Account:    message.Cut(c.account, maxID),
		Customer:   customer.customer,
		Aliases:    customer.aliases,
		Name:       customer.name,
		Username:   customer.username,
		SentAt:     at,
		Thread:     message.Cut(o.Get("group_id").Text(), maxID),
		ReplyTo:    readReplyTo(o.Get("context")),
		Referral:   readReferral(o),
	}
	switch c.field {
	case "history":
		m.Origin = message.History
		m.Passive = true
	case "standby":
		m.Origin = message.Standby
	default:
		if direction == message.Outbound {
			m.Origin = message.Echo
		}
	}
	switch kind {
	case "reaction", "edit", "revoke":
		return c.readAlteration(m, kind, o.Get(kind))
	case "system":
		c.readSystemEvent(&m, o)
	case "contacts":
		c.addSharedPhone(&m, o)
	case "media_placeholder":
		m.ProviderID += ":placeholder" // the file may arrive later as a message with the plain id
	}
	c.fillContent(&m, kind, v, o)
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	c.delivery.Messages = append(c.delivery.Messages, m)
	return nil
}

// messageType returns the type of a message. If "type" is missing, it is the
// name of the first content member. An element that has only errors is
// "unsupported": Meta sends it in place of a message.
func messageType(o meta.Object) string {
	kind := o.Get("type").Text()
	for i := 0; kind == "" && i < len(o); i++ {
		switch name := string(o[i].Key); name {
		case "text", "image", "video", "audio", "document", "sticker", "location", "interactive", "button", "order", "reaction":
			kind = name
		}
	}
	if kind == "" && !o.Get("errors").IsEmpty() {
		kind = "unsupported"
	}
	return message.Cut(kind, maxName)
}

// providerMessageID returns the platform's message id, or a hash of the
// element if the id is missing or too long. Some test payloads have no id.
func providerMessageID(v meta.Value, o meta.Object) string {
	id := o.Get("id").Text()
	if id == "" || len(id) > maxID {
		return meta.HashElementID(v)
	}
	return id
}

func readReplyTo(context meta.Value) *message.ReplyTo {
	r := message.ReplyTo{
		ProviderID: message.Cut(context.Get("id").Text(), maxID),
		Forwarded:  context.Get("forwarded").IsTrue() || context.Get("frequently_forwarded").IsTrue(),
	}
	if r.ProviderID == "" && !r.Forwarded {
		return nil
	}
	return &r
}

// readReferral returns the ad or post that led to the message, or the
// catalogue product that it is about. It is nil without either.
func readReferral(o meta.Object) *message.Referral {
	if ref := o.Get("referral").Object(); len(ref) > 0 {
		return &message.Referral{
			Source:  message.Cut(ref.Get("source_type").Text(), maxName),
			ID:      message.Cut(ref.Get("source_id").Text(), maxName),
			URL:     message.Cut(ref.Get("source_url").Text(), maxURL),
			Title:   message.Cut(ref.Get("headline").Text(), maxText),
			Text:    message.Cut(ref.Get("body").Text(), maxText),
			ClickID: message.Cut(ref.Get("ctwa_clid").Text(), maxText),
		}
	}
	if product := o.Get("context").Get("referred_product").Object(); len(product) > 0 {
		return &message.Referral{
			Source:  "product",
			ID:      message.Cut(product.Get("catalog_id").Text(), maxName),
			Product: message.Cut(product.Get("product_retailer_id").Text(), maxName),
		}
	}
	return nil
}

// addSharedPhone adds the phone number that a customer shared in answer to our
// request for it. Any other contact card may describe a third person and
// proves nothing about the sender.
func (c *change) addSharedPhone(m *message.Message, o meta.Object) {
	const proven = "contact_request"
	asked := strings.HasPrefix(o.Get("origin").Text(), proven)
	var phone identity.Alias
	for _, card := range o.Get("contacts").Elements() {
		if !asked && !strings.HasPrefix(card.Get("origin").Text(), proven) {
			continue
		}
		for _, p := range card.Get("phones").Elements() {
			a, ok := c.parseAlias(identity.Phone, p.Get("wa_id").Text())
			if !ok {
				a, ok = c.parseAlias(identity.Phone, p.Get("phone").Text())
			}
			if !ok || a == phone {
				continue
			}
			if phone.Value != "" {
				return // two numbers: either could be the sender's
			}
			phone = a
		}
	}
	if phone.Value != "" && !slices.ContainsFunc(m.Addresses(), func(a identity.Address) bool { return a.Alias == phone }) {
		m.Aliases = append(m.Aliases, verifiedAddress(phone))
	}
}
