package whatsapp

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// addNotice adds a notice for an element that is not about a message. If at is
// zero, the notice gets the time of the entry, or else of the element read
// last. If neither is known, its time stays zero.
func (c *change) addNotice(kind string, v meta.Value, at time.Time, about ids) {
	for _, other := range []time.Time{c.entryTime, c.lastTime} {
		if at.IsZero() {
			at = other
		}
	}
	n := message.Notice{
		Channel: message.WhatsApp,
		Account: message.Cut(c.ourSideID(), maxID),
		ID:      meta.HashElementID(v, kind, c.ourSideID(), strconv.FormatInt(at.Unix(), 10)),
		Kind:    message.Cut(cmp.Or(kind, "unknown"), maxName),
		At:      at,
	}
	if customer, err := c.resolveCustomer(about); err == nil && about != (ids{}) {
		n.Customer = &customer.customer
		n.Aliases = customer.aliases
	}
	if len(v) <= message.MaxRaw {
		n.Data = v.CopyRaw()
	} else {
		c.addBroken(c.currentPath(), v, errTooLarge)
	}
	c.delivery.Notices = append(c.delivery.Notices, n)
}

// consentByPreference maps each preference value to whether the customer
// allows marketing messages.
var consentByPreference = map[string]bool{"stop": false, "resume": true, "signup": true}

// readPreference reads whether a customer wants marketing messages. It adds a
// notice, with the consent if the value is a known one.
func (c *change) readPreference(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	about := ids{o.Get("wa_id").Text(), o.Get("user_id").Text(), o.Get("parent_user_id").Text()}
	if about == (ids{}) {
		about = c.onlyPersonIDs()
	}
	c.addNotice("user_preferences", v, o.Get("timestamp").Time(), about)
	n := &c.delivery.Notices[len(c.delivery.Notices)-1]
	allows, known := consentByPreference[strings.ToLower(o.Get("value").Text())]
	if known && n.Customer != nil && !n.At.IsZero() {
		n.Consent = &identity.Consent{
			Channel: string(message.WhatsApp), Account: n.Account, Granted: allows, At: n.At,
			Category: message.Cut(cmp.Or(o.Get("category").Text(), "marketing_messages"), maxName),
		}
	}
	return nil
}

// readContactBook reads a change in the address book of the WhatsApp Business
// app. Staff type its names and numbers, so it proves nothing about a
// customer.
func (c *change) readContactBook(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	at := v.Get("metadata", "timestamp").Time()
	c.addNotice("smb_app_state_sync", v, at, ids{phone: v.Get("contact", "phone_number").Text()})
	return nil
}
