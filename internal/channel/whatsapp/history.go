package whatsapp

import (
	"strconv"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// history reads a part of the conversations from before the number was
// connected, or the refusal to share them.
func (c *change) history(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	for _, about := range []string{"metadata", "errors"} {
		if part := o.Get(about); !part.IsNull() {
			c.notice("history", part, time.Time{}, ids{})
		}
	}
	path := c.list + "[" + strconv.Itoa(c.pos) + "]"
	for i, thread := range o.Get("threads").List() {
		t := thread.Object()
		customer := ids{t.Get("id").Text(), t.Get("user_id").Text(), t.Get("parent_user_id").Text()}
		name := path + ".threads[" + strconv.Itoa(i) + "].messages"
		c.each(name, t.Get("messages"), func(v meta.Value) error { return c.old(v, customer) })
	}
	return nil
}

// old reads a message of the history. In a thread the customer is known;
// elsewhere it is whoever is not us.
func (c *change) old(v meta.Value, customer ids) error {
	o := v.Object()
	from := o.Get("from").Text()
	mine := o.Get("history_context").Get("from_me")
	if mine.IsTrue() || mine.IsNull() && from != "" && c.ours(from, customer) {
		return c.element(v, o, contact.Outbound, customer.or(recipient(o)))
	}
	return c.element(v, o, contact.Inbound, customer.or(sender(o)))
}

// ours reports whether a message of the history is from us: from our number or,
// in a thread, from anybody but the customer.
func (c *change) ours(from string, customer ids) bool {
	if customer.phone != "" {
		return from != customer.phone
	}
	ours, err := identity.NewAlias(identity.Phone, "", c.business)
	return err == nil && from == ours.Value
}
