package whatsapp

import (
	"cmp"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// idsAfterChange returns the ids that a customer has after a system event.
func idsAfterChange(system meta.Object) ids {
	phone := cmp.Or(system.Get("wa_id").Text(), system.Get("new_wa_id").Text()) // new_wa_id before version 12
	return ids{phone, system.Get("user_id").Text(), system.Get("parent_user_id").Text()}
}

// readSystemEvent adds links for a system message about a customer whose phone
// number or user id changed. The text of the message is not used as evidence,
// because it contains a profile name, which any customer can choose.
func (c *change) readSystemEvent(m *message.Message, o meta.Object) {
	system := o.Get("system").Object()
	if kind := system.Get("type").Text(); !strings.Contains(kind, "changed_number") && !strings.Contains(kind, "changed_user_id") {
		return
	}
	before := ids{
		phone:  cmp.Or(o.Get("from").Text(), system.Get("customer").Text()),
		user:   system.Get("previous_user_id").Text(),
		parent: system.Get("previous_parent_user_id").Text(),
	}
	c.addLinks(before, idsAfterChange(system), message.NewID(m.Channel, m.SentAt, m.ProviderID), m.SentAt)
}

// addLinks states that the customer with the ids in before now has those in
// after. It links the first of the ids to each of the others.
func (c *change) addLinks(before, after ids, ref message.ID, at time.Time) {
	evidence := identity.Evidence{Rule: identity.RuleSystem, Ref: string(ref), At: at}
	var first identity.Alias
	for _, id := range [...]struct {
		kind  identity.Kind
		value string
	}{
		{identity.Phone, before.phone}, {identity.BSUID, before.user}, {identity.ParentBSUID, before.parent},
		{identity.Phone, after.phone}, {identity.BSUID, after.user}, {identity.ParentBSUID, after.parent},
	} {
		a, ok := c.parseAlias(id.kind, id.value)
		switch {
		case !ok || a == first:
		case first.Value == "":
			first = a
		default:
			c.delivery.Links = append(c.delivery.Links, identity.Link{From: first, To: a, Evidence: evidence})
		}
	}
}

// readUserIDUpdate reads a changed user id in the format from before system
// events reported it.
func (c *change) readUserIDUpdate(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	user := o.Get("user_id").Object()
	parent := o.Get("parent_user_id").Object()
	phone := o.Get("wa_id").Text()
	now := ids{phone, user.Get("current").Text(), parent.Get("current").Text()}
	customer, err := c.resolveCustomer(now)
	if err != nil {
		return err
	}
	at, err := c.elementTime(o.Get("timestamp"))
	if err != nil {
		return err
	}
	m := message.Message{
		Version: message.SchemaVersion, Channel: message.WhatsApp, Direction: message.Inbound,
		Kind: message.Event, Payload: "user_id_update", Passive: true,
		ProviderID: providerMessageID(v, o), Account: message.Cut(c.account, maxID),
		Customer: customer.customer, Aliases: customer.aliases, Name: customer.name, Username: customer.username,
		SentAt: at,
	}
	m.Data = c.boundedData(&m, v)
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	c.delivery.Messages = append(c.delivery.Messages, m)
	c.addLinks(ids{user: user.Get("previous").Text(), parent: parent.Get("previous").Text()}, now, m.ID, at)
	return nil
}
