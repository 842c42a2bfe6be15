package whatsapp

import (
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
)

// readCall reads an element of "calls". Only the end of a call becomes a
// message. A customer's unanswered call is a question, and our answered call
// is an answer. Other calls are passive.
func (c *change) readCall(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	direction := contact.Inbound
	given := senderIDs(o)
	if o.Get("direction").Text() == "BUSINESS_INITIATED" {
		direction = contact.Outbound
		given = recipientIDs(o)
	}
	if o.Get("event").Text() != "terminate" {
		c.addNotice("call", v, o.Get("timestamp").Time(), given)
		return nil
	}
	customer, err := c.resolveCustomer(given)
	if err != nil {
		return err
	}
	at, err := c.elementTime(o.Get("timestamp"))
	if err != nil {
		return err
	}
	duration := o.Get("duration").Text()
	answered := duration != "" && duration != "0" && o.Get("status").Text() != "FAILED"
	m := contact.Message{
		Version: contact.SchemaVersion, Channel: contact.WhatsApp, Direction: direction, Kind: contact.Call,
		ProviderID: providerMessageID(v, o), Account: contact.Cut(c.account, maxID),
		Customer: customer.customer, Aliases: customer.aliases, Name: customer.name, Username: customer.username,
		SentAt: at,
	}
	switch {
	case answered:
		m.Payload = "completed"
		m.Passive = direction == contact.Inbound
	case direction == contact.Inbound:
		m.Payload = "missed"
	default:
		m.Payload = "unanswered"
		m.Passive = true
	}
	m.Data = c.boundedData(&m, v)
	m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
	c.delivery.Messages = append(c.delivery.Messages, m)
	return nil
}
