package whatsapp

import (
	"cmp"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// changed returns the ids a customer has after a system event.
func changed(system meta.Object) ids {
	phone := cmp.Or(system.Get("wa_id").Text(), system.Get("new_wa_id").Text()) // the latter before version 12
	return ids{phone, system.Get("user_id").Text(), system.Get("parent_user_id").Text()}
}

// system reads what WhatsApp itself says in a conversation: somebody has
// another number or another user id. What it tells in words is not read: the
// words hold a name that anybody may choose.
func (c *change) system(m *contact.Message, o meta.Object) {
	system := o.Get("system").Object()
	if kind := system.Get("type").Text(); !strings.Contains(kind, "changed_number") && !strings.Contains(kind, "changed_user_id") {
		return
	}
	was := ids{
		phone:  cmp.Or(o.Get("from").Text(), system.Get("customer").Text()),
		user:   system.Get("previous_user_id").Text(),
		parent: system.Get("previous_parent_user_id").Text(),
	}
	c.link(was, changed(system), contact.NewID(m.Channel, m.SentAt, m.ProviderID), m.SentAt)
}

// link states that whoever had the ids in was has those in now, by linking the
// first of them to each other one.
func (c *change) link(was, now ids, ref contact.ID, at time.Time) {
	evidence := identity.Evidence{Rule: identity.RuleSystem, Ref: string(ref), At: at}
	var first identity.Alias
	for _, id := range [...]struct {
		kind  identity.Kind
		value string
	}{
		{identity.Phone, was.phone}, {identity.BSUID, was.user}, {identity.ParentBSUID, was.parent},
		{identity.Phone, now.phone}, {identity.BSUID, now.user}, {identity.ParentBSUID, now.parent},
	} {
		a, ok := c.alias(id.kind, id.value)
		switch {
		case !ok || a == first:
		case first.Value == "":
			first = a
		default:
			c.out.Links = append(c.out.Links, identity.Link{From: first, To: a, Evidence: evidence})
		}
	}
}

// userIDUpdate reads a new user id in the shape it had before system events
// told it.
func (c *change) userIDUpdate(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	user, parent := o.Get("user_id").Object(), o.Get("parent_user_id").Object()
	phone := o.Get("wa_id").Text()
	now := ids{phone, user.Get("current").Text(), parent.Get("current").Text()}
	who, err := c.who(now)
	if err != nil {
		return err
	}
	at, err := c.time(o.Get("timestamp"))
	if err != nil {
		return err
	}
	m := contact.Message{
		Version: contact.SchemaVersion, Channel: contact.WhatsApp, Direction: contact.Inbound,
		Kind: contact.Event, Payload: "user_id_update", Passive: true,
		ProviderID: messageID(v, o), Account: contact.Cut(c.account, maxID),
		Customer: who.customer, Aliases: who.aliases, Name: who.name, Username: who.username,
		SentAt: at,
	}
	m.Data = c.data(&m, v)
	m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
	c.out.Messages = append(c.out.Messages, m)
	c.link(ids{user: user.Get("previous").Text(), parent: parent.Get("previous").Text()}, now, m.ID, at)
	return nil
}
