package whatsapp

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
)

// status reads an element of statuses: what became of a message of ours, which
// we may not know yet.
func (c *change) status(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	name, to := strings.ToLower(o.Get("status").Text()), statusRecipient(o)
	at, err := c.time(o.Get("timestamp"))
	if err != nil {
		return err
	}
	e := contact.Effect{
		Channel: contact.WhatsApp,
		Account: contact.Cut(c.account, maxID),
		Target:  o.Get("id").Text(),
		At:      at,
	}
	who, err := c.who(to)
	switch {
	case o.Get("type").Text() == "call" || c.field == "calls":
		c.notice("call_status", v, at, to)
		return nil
	case name == "deleted": // as older versions report that a customer took a message back
		e.Kind, e.By = contact.Deletion, contact.Inbound
	case slices.Contains(contact.Statuses, name):
		e.Kind, e.Status = contact.Status, name
	}
	if e.Kind == "" || err != nil { // unheard of, or about a whole group
		c.notice("status", v, at, to)
		return nil
	}
	e.Customer, e.Aliases = who.customer, who.aliases
	if fails := o.Get("errors").List(); len(fails) > 0 {
		e.Code, e.Detail = contact.Cut(fails[0].Get("code").Text(), maxName), detail(fails[0])
	}
	if callback := o.Get("biz_opaque_callback_data"); callback != nil && len(callback) <= maxText {
		e.Data = wrap("biz_opaque_callback_data", callback)
	}
	return c.effect(e)
}

// statusRecipient returns the customer a status is about. In a group that is
// the participant: then recipient_id is the group.
func statusRecipient(o meta.Object) ids {
	if o.Get("recipient_type").Text() == "group" {
		return ids{
			o.Get("recipient_participant_id").Text(),
			o.Get("recipient_participant_user_id").Text(),
			o.Get("recipient_participant_parent_user_id").Text(),
		}
	}
	parent := cmp.Or(o.Get("recipient_parent_user_id").Text(), o.Get("parent_recipient_user_id").Text()) // both are seen
	return ids{o.Get("recipient_id").Text(), o.Get("recipient_user_id").Text(), parent}
}

// detail returns Meta's words for an error: the title, and the details where
// they say more.
func detail(fail meta.Value) string {
	o := fail.Object()
	words := cmp.Or(o.Get("title").Text(), o.Get("message").Text())
	more := o.Get("error_data").Get("details").Text()
	if more != "" && more != words {
		words = strings.TrimPrefix(words+": "+more, ": ")
	}
	return contact.Cut(words, maxText)
}

// effect adds e to the delivery.
func (c *change) effect(e contact.Effect) error {
	if e.Target == "" || len(e.Target) > maxID {
		return errTarget
	}
	c.out.Effects = append(c.out.Effects, e)
	return nil
}

// alter reads a reaction, an edit or a deletion: messages of their own, which
// only change another one. Their own id is kept as data.
func (c *change) alter(m contact.Message, kind string, body meta.Value) error {
	o := body.Object()
	own, err := json.Marshal(m.ProviderID)
	if err != nil {
		return err
	}
	e := contact.Effect{
		Channel:  contact.WhatsApp,
		Account:  m.Account,
		Customer: m.Customer,
		Aliases:  m.Aliases,
		Target:   o.Get("original_message_id").Text(),
		At:       m.SentAt,
		By:       m.Direction,
		Data:     wrap("id", own),
	}
	switch kind {
	case "reaction":
		e.Kind, e.Target = contact.Reaction, o.Get("message_id").Text()
		e.Emoji = contact.Cut(o.Get("emoji").Text(), maxName)
	case "edit":
		inner := o.Get("message").Object()
		var edited contact.Message
		c.content(&edited, typeOf(inner), inner)
		e.Kind, e.Text = contact.Edit, edited.Text
	default:
		e.Kind = contact.Deletion
	}
	return c.effect(e)
}

// wrap returns a JSON object of one member.
func wrap(name string, value []byte) json.RawMessage {
	return json.RawMessage(`{"` + name + `":` + string(value) + `}`)
}
