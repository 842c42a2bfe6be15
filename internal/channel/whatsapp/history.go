package whatsapp

import (
	"strconv"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// readHistory reads conversations from before the number was connected to the
// API. It also reads the error by which a business refuses to share them.
func (c *change) readHistory(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	for _, about := range []string{"metadata", "errors"} {
		if part := o.Get(about); !part.IsNull() {
			c.addNotice("history", part, time.Time{}, ids{})
		}
	}
	path := c.listName + "[" + strconv.Itoa(c.listIndex) + "]"
	for i, thread := range o.Get("threads").Elements() {
		t := thread.Object()
		customer := ids{t.Get("id").Text(), t.Get("user_id").Text(), t.Get("parent_user_id").Text()}
		name := path + ".threads[" + strconv.Itoa(i) + "].messages"
		c.readList(name, t.Get("messages"), func(v meta.Value) error { return c.readHistoryMessage(v, customer) })
	}
	return nil
}

// readHistoryMessage reads one message of the history. Inside a thread the
// customer is known. Elsewhere the customer is the party that is not us.
func (c *change) readHistoryMessage(v meta.Value, customer ids) error {
	o := v.Object()
	from := o.Get("from").Text()
	mine := o.Get("history_context").Get("from_me")
	outbound := mine.IsTrue()
	if mine.IsNull() {
		outbound = from != "" && c.isSentByUs(from, customer)
	}
	if outbound {
		return c.readElement(v, o, message.Outbound, customer.withFallback(recipientIDs(o)))
	}
	return c.readElement(v, o, message.Inbound, customer.withFallback(senderIDs(o)))
}

// isSentByUs reports whether a history message came from our side. In a
// thread, that is every sender except the customer.
func (c *change) isSentByUs(from string, customer ids) bool {
	if customer.phone != "" {
		return from != customer.phone
	}
	ours, err := identity.NewAlias(identity.Phone, "", c.business)
	return err == nil && from == ours.Value
}
