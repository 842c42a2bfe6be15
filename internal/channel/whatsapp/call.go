package whatsapp

import (
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
)

// call reads an element of calls. Only its end is a message: one that the
// customer made and nobody took is a contact, others belong to the history.
func (c *change) call(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	dir, given := contact.Inbound, sender(o)
	if o.Get("direction").Text() == "BUSINESS_INITIATED" {
		dir, given = contact.Outbound, recipient(o)
	}
	if o.Get("event").Text() != "terminate" {
		c.notice("call", v, o.Get("timestamp").Time(), given)
		return nil
	}
	who, err := c.who(given)
	if err != nil {
		return err
	}
	at, err := c.time(o.Get("timestamp"))
	if err != nil {
		return err
	}
	lasted := o.Get("duration").Text()
	taken := lasted != "" && lasted != "0" && o.Get("status").Text() != "FAILED"
	m := contact.Message{
		Version: contact.SchemaVersion, Channel: contact.WhatsApp, Direction: dir, Kind: contact.Call,
		ProviderID: messageID(v, o), Account: contact.Cut(c.account, maxID),
		Customer: who.customer, Aliases: who.aliases, Name: who.name, Username: who.username,
		SentAt: at,
	}
	switch {
	case taken:
		m.Payload, m.Passive = "completed", dir == contact.Inbound
	case dir == contact.Inbound:
		m.Payload = "missed"
	default:
		m.Payload, m.Passive = "unanswered", true
	}
	m.Data = c.data(&m, v)
	m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
	c.out.Messages = append(c.out.Messages, m)
	return nil
}
