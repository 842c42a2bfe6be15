package whatsapp

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
)

// readStatus reads an element of "statuses": the status of a message that we
// sent. The message may not be stored yet.
func (c *change) readStatus(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	name := strings.ToLower(o.Get("status").Text())
	to := statusRecipientIDs(o)
	at, err := c.elementTime(o.Get("timestamp"))
	if err != nil {
		return err
	}
	e := message.Effect{
		Channel: message.WhatsApp,
		Account: message.Cut(c.account, maxID),
		Target:  o.Get("id").Text(),
		At:      at,
	}
	customer, err := c.resolveCustomer(to)
	switch {
	case o.Get("type").Text() == "call" || c.field == "calls":
		c.addNotice("call_status", v, at, to)
		return nil
	case name == "deleted": // older versions report a deletion by the customer this way
		e.Kind = message.Deletion
		e.By = message.Inbound
	case slices.Contains(message.Statuses, name):
		e.Kind = message.Status
		e.Status = name
		e.Pricing = readPricing(o.Get("pricing"))
	}
	if e.Kind == "" || err != nil { // unknown, or about a whole group
		c.addNotice("status", v, at, to)
		return nil
	}
	e.Customer = customer.customer
	e.Aliases = customer.aliases
	if fails := o.Get("errors").Elements(); len(fails) > 0 {
		e.Code = message.Cut(fails[0].Get("code").Text(), maxName)
		e.Detail = errorDetail(fails[0])
	}
	if callback := o.Get("biz_opaque_callback_data"); callback != nil && len(callback) <= maxText {
		e.Data = wrapInObject("biz_opaque_callback_data", callback)
	}
	return c.addEffect(e)
}

// readPricing reads what Meta charges for a message. It returns nil if v states
// nothing. Newer versions leave "billable" out, and only state the type.
func readPricing(v meta.Value) *message.Pricing {
	o := v.Object()
	p := message.Pricing{
		Type:     message.Cut(o.Get("type").Text(), maxName),
		Category: message.Cut(o.Get("category").Text(), maxName),
		Model:    message.Cut(o.Get("pricing_model").Text(), maxName),
	}
	billable := o.Get("billable")
	switch {
	case billable.IsTrue(), billable.IsNull() && p.Type == "regular":
		p.Billable = new(true)
	case !billable.IsNull(), strings.HasPrefix(p.Type, "free_"):
		p.Billable = new(false)
	}
	if p == (message.Pricing{}) {
		return nil
	}
	return &p
}

// statusRecipientIDs returns the ids of the customer whom a status is about.
// In a group this is the participant, because recipient_id is then the group.
func statusRecipientIDs(o meta.Object) ids {
	if o.Get("recipient_type").Text() == "group" {
		return ids{
			o.Get("recipient_participant_id").Text(),
			o.Get("recipient_participant_user_id").Text(),
			o.Get("recipient_participant_parent_user_id").Text(),
		}
	}
	parent := cmp.Or(o.Get("recipient_parent_user_id").Text(), o.Get("parent_recipient_user_id").Text()) // both spellings occur
	return ids{o.Get("recipient_id").Text(), o.Get("recipient_user_id").Text(), parent}
}

// errorDetail returns Meta's text for an error: its title, and its details if
// they differ.
func errorDetail(fail meta.Value) string {
	o := fail.Object()
	words := cmp.Or(o.Get("title").Text(), o.Get("message").Text())
	more := o.Get("error_data").Get("details").Text()
	if more != "" && more != words {
		words = strings.TrimPrefix(words+": "+more, ": ")
	}
	return message.Cut(words, maxText)
}

// addEffect adds e to the delivery. It fails if e has no usable target id.
func (c *change) addEffect(e message.Effect) error {
	if e.Target == "" || len(e.Target) > maxID {
		return errTarget
	}
	c.delivery.Effects = append(c.delivery.Effects, e)
	return nil
}

// readAlteration reads a reaction, an edit or a deletion. WhatsApp sends these
// as messages with an id of their own, which the effect keeps in its data.
func (c *change) readAlteration(m message.Message, kind string, body meta.Value) error {
	o := body.Object()
	own, err := json.Marshal(m.ProviderID)
	if err != nil {
		return err
	}
	e := message.Effect{
		Channel:  message.WhatsApp,
		Account:  m.Account,
		Customer: m.Customer,
		Aliases:  m.Aliases,
		Target:   o.Get("original_message_id").Text(),
		At:       m.SentAt,
		By:       m.Direction,
		Data:     wrapInObject("id", own),
	}
	switch kind {
	case "reaction":
		e.Kind = message.Reaction
		e.Target = o.Get("message_id").Text()
		e.Emoji = message.Cut(o.Get("emoji").Text(), maxName)
	case "edit":
		inner := o.Get("message").Object()
		var edited message.Message
		c.readContent(&edited, messageType(inner), inner)
		e.Kind = message.Edit
		e.Text = edited.Text
	default:
		e.Kind = message.Deletion
	}
	return c.addEffect(e)
}

// wrapInObject returns a JSON object with one member.
func wrapInObject(name string, value []byte) json.RawMessage {
	return json.RawMessage(`{"` + name + `":` + string(value) + `}`)
}
