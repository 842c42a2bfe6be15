package whatsapp

import (
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
)

// readCall reads an element of "calls". Only the end of a call becomes a
// message. A customer's unanswered call is a question, and our answered call
// is an answer. Other calls are passive.
func (c *change) readCall(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	direction := message.Inbound
	given := senderIDs(o)
	if o.Get("direction").Text() == "BUSINESS_INITIATED" {
		direction = message.Outbound
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
	m := message.Message{
		Version: message.SchemaVersion, Channel: message.WhatsApp, Direction: direction, Kind: message.Call,
		ProviderID: providerMessageID(v, o), Account: message.Cut(c.account, maxID),
		Customer: customer.customer, Aliases: customer.aliases, Name: customer.name, Username: customer.username,
		SentAt: at,
	}
	switch {
	case answered:
		m.Payload = "completed"
		m.Passive = direction == message.Inbound
	case direction == message.Inbound:
		m.Payload = "missed"
	default:
		m.Payload = "unanswered"
		m.Passive = true
	}
	m.Data = c.boundedData(&m, v)
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	c.delivery.Messages = append(c.delivery.Messages, m)
	return nil
}
