package whatsapp

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// message reads an element of messages: what a customer sent, or, under the
// field that reports them, what staff did.
func (c *change) message(v meta.Value) error {
	switch c.field {
	case "smb_message_echoes":
		return c.echo(v)
	case "history":
		return c.old(v, ids{})
	}
	o := v.Object()
	return c.element(v, o, contact.Inbound, sender(o))
}

// echo reads an element of message_echoes: what staff sent with the WhatsApp
// Business app. The customer is the recipient.
func (c *change) echo(v meta.Value) error {
	o := v.Object()
	return c.element(v, o, contact.Outbound, recipient(o))
}

func sender(o meta.Object) ids {
	return ids{o.Get("from").Text(), o.Get("from_user_id").Text(), o.Get("from_parent_user_id").Text()}
}

func recipient(o meta.Object) ids {
	return ids{o.Get("to").Text(), o.Get("to_user_id").Text(), o.Get("to_parent_user_id").Text()}
}

// element reads one message of or to the customer whom given names.
func (c *change) element(v meta.Value, o meta.Object, dir contact.Direction, given ids) error {
	if !v.IsObject() {
		return errShape
	}
	kind := typeOf(o)
	if kind == "system" && given == (ids{}) {
		given = changed(o.Get("system").Object())
	}
	who, err := c.who(given)
	if err != nil {
		return err
	}
	at, err := c.time(o.Get("timestamp"))
	if err != nil {
		return err
	}
	m := contact.Message{
		Version:    contact.SchemaVersion,
		Channel:    contact.WhatsApp,
		Direction:  dir,
		ProviderID: messageID(v, o),
		Account:    contact.Cut(c.account, maxID),
		Customer:   who.customer,
		Aliases:    who.aliases,
		Name:       who.name,
		Username:   who.username,
		SentAt:     at,
		Thread:     contact.Cut(o.Get("group_id").Text(), maxID),
		ReplyTo:    replyTo(o.Get("context")),
		Referral:   referral(o),
	}
	switch c.field {
	case "history":
		m.Origin, m.Passive = contact.History, true
	case "standby":
		m.Origin = contact.Standby
	default:
		if dir == contact.Outbound {
			m.Origin = contact.Echo
		}
	}
	switch kind {
	case "reaction", "edit", "revoke":
		return c.alter(m, kind, o.Get(kind))
	case "system":
		c.system(&m, o)
	case "contacts":
		c.shared(&m, o)
	case "media_placeholder":
		m.ProviderID += ":placeholder" // the file may follow, under the id of the message
	}
	c.fill(&m, kind, v, o)
	m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
	c.out.Messages = append(c.out.Messages, m)
	return nil
}

// typeOf returns the type of a message; where it is not said, the one whose
// content there is. Errors alone are what came in place of a message.
func typeOf(o meta.Object) string {
	kind := o.Get("type").Text()
	for i := 0; kind == "" && i < len(o); i++ {
		switch name := string(o[i].Key); name {
		case "text", "image", "video", "audio", "document", "sticker", "location", "interactive", "button", "order", "reaction":
			kind = name
		}
	}
	if kind == "" && !o.Get("errors").IsEmpty() {
		kind = "unsupported"
	}
	return contact.Cut(kind, maxName)
}

// messageID returns the platform's id; some test payloads have none.
func messageID(v meta.Value, o meta.Object) string {
	id := o.Get("id").Text()
	if id == "" || len(id) > maxID {
		return meta.HashID(v)
	}
	return id
}

func replyTo(context meta.Value) *contact.ReplyTo {
	r := contact.ReplyTo{
		ProviderID: contact.Cut(context.Get("id").Text(), maxID),
		Forwarded:  context.Get("forwarded").IsTrue() || context.Get("frequently_forwarded").IsTrue(),
	}
	if r.ProviderID == "" && !r.Forwarded {
		return nil
	}
	return &r
}

// referral returns the ad or post a message came from, or the product of the
// catalogue it is about.
func referral(o meta.Object) *contact.Referral {
	if ref := o.Get("referral").Object(); len(ref) > 0 {
		return &contact.Referral{
			Source:  contact.Cut(ref.Get("source_type").Text(), maxName),
			ID:      contact.Cut(ref.Get("source_id").Text(), maxName),
			URL:     contact.Cut(ref.Get("source_url").Text(), maxURL),
			Title:   contact.Cut(ref.Get("headline").Text(), maxText),
			Text:    contact.Cut(ref.Get("body").Text(), maxText),
			ClickID: contact.Cut(ref.Get("ctwa_clid").Text(), maxText),
		}
	}
	if product := o.Get("context").Get("referred_product").Object(); len(product) > 0 {
		return &contact.Referral{
			Source:  "product",
			ID:      contact.Cut(product.Get("catalog_id").Text(), maxName),
			Product: contact.Cut(product.Get("product_retailer_id").Text(), maxName),
		}
	}
	return nil
}

// fill gives m what the element says. What cannot be read keeps the element.
func (c *change) fill(m *contact.Message, kind string, v meta.Value, o meta.Object) {
	if c.content(m, kind, o) {
		return
	}
	m.Kind = contact.Unsupported
	if m.Payload == "" {
		m.Payload = kind
	}
	m.Raw = c.data(m, v)
}

// content reads the content of a message of a kind, and reports whether it
// could.
func (c *change) content(m *contact.Message, kind string, o meta.Object) bool {
	body := o.Get(kind)
	fields := body.Object()
	switch kind {
	case "text":
		m.Kind, m.Text = contact.Text, text(body, "body")
		return c.parsed(m, len(fields) > 0 || m.Text != "")
	case "contacts":
		m.Kind, m.Data = contact.Cards, c.data(m, body)
		return c.parsed(m, len(body.List()) > 0)
	case "request_welcome":
		m.Kind, m.Passive, m.Payload = contact.Event, true, kind
		return true
	case "ephemeral":
		m.Passive = true
		return false
	case "unsupported", "unknown":
		c.unsupported(m, fields, o.Get("errors"))
		return false
	case "image", "video", "audio", "voice", "document", "sticker", "location", "interactive", "button", "order", "system":
		return c.parsed(m, len(fields) > 0) && c.structured(m, kind, body, o)
	default:
		c.salvage(m, fields, o.Get("errors"))
		return false
	}
}

// salvage takes what can be read of a kind nobody has heard of: a file expires,
// and words are what most readers look at.
func (c *change) salvage(m *contact.Message, fields meta.Object, errors meta.Value) {
	if fields.Get("id").Text() != "" && fields.Get("mime_type").Text() != "" {
		c.media(m, "", fields, errors)
	}
	for _, name := range []string{"caption", "body", "text"} {
		if m.Text == "" {
			m.Text = contact.Cut(fields.Get(name).Text(), contact.MaxText)
		}
	}
}

// parsed marks m as unparsed where its kind is known and its content is not
// what belongs to it.
func (c *change) parsed(m *contact.Message, ok bool) bool {
	if !ok {
		m.Mark = unparsed
	}
	return ok
}

// structured reads the content of those kinds that have an object for it.
func (c *change) structured(m *contact.Message, kind string, body meta.Value, o meta.Object) bool {
	fields := body.Object()
	switch kind {
	case "location":
		m.Kind, m.Data = contact.Location, c.data(m, body)
	case "interactive":
		return c.interactive(m, fields)
	case "button":
		m.Kind, m.Text, m.Payload = contact.Reply, text(body, "text"), contact.Cut(fields.Get("payload").Text(), maxText)
	case "order":
		m.Kind, m.Text, m.Data = contact.Order, text(body, "text"), c.data(m, body)
	case "system":
		m.Kind, m.Passive, m.Text = contact.Event, true, text(body, "body")
		m.Payload, m.Data = contact.Cut(fields.Get("type").Text(), maxName), c.data(m, body)
	default:
		c.media(m, kind, fields, o.Get("errors"))
	}
	return true
}

// unparsed marks a message of a known kind whose content could not be read.
const unparsed = "unparsed"

// text returns what a customer wrote: a member of v, or v itself where it is
// no object.
func text(v meta.Value, member string) string {
	if v.IsObject() {
		v = v.Get(member)
	}
	return contact.Cut(v.Text(), contact.MaxText)
}

// data returns v to be kept with m. What is too large for that is kept whole
// beside it, as broken.
func (c *change) data(m *contact.Message, v meta.Value) json.RawMessage {
	if len(v) > contact.MaxRaw {
		m.Mark = unparsed
		c.broken(c.here(), v, errTooLarge)
		return nil
	}
	return v.Raw()
}

// attachmentKinds are the kinds of media, by WhatsApp's names. A voice message
// was once a kind of its own.
var attachmentKinds = map[string]contact.Kind{
	"image": contact.Image, "video": contact.Video, "audio": contact.Audio, "voice": contact.Audio,
	"document": contact.File, "sticker": contact.Sticker,
}

// media reads a file; one of a kind nobody has heard of is what its type says.
func (c *change) media(m *contact.Message, kind string, fields meta.Object, errors meta.Value) {
	m.Kind = attachmentKinds[kind]
	if m.Kind == "" {
		major, _, _ := strings.Cut(fields.Get("mime_type").Text(), "/")
		m.Kind = cmp.Or(attachmentKinds[major], contact.File)
	}
	m.Text = contact.Cut(fields.Get("caption").Text(), contact.MaxText)
	a := contact.Attachment{
		Kind:   m.Kind,
		Ref:    contact.Cut(fields.Get("id").Text(), maxID),
		URL:    contact.Cut(fields.Get("url").Text(), maxURL),
		Type:   contact.Cut(fields.Get("mime_type").Text(), maxName),
		Name:   contact.Cut(fields.Get("filename").Text(), maxText),
		SHA256: meta.SHA256(fields.Get("sha256").Text()),
		Voice:  kind == "voice" || fields.Get("voice").IsTrue(),
	}
	if fields.Get("animated").IsTrue() {
		a.Mark = "animated"
	}
	if !errors.IsNull() {
		a.Mark, m.Data = "failed", c.data(m, errors)
	}
	m.Attachments = []contact.Attachment{a}
}

// interactive reads the answer to a question we sent: a button, an entry of a
// list, a form.
func (c *change) interactive(m *contact.Message, fields meta.Object) bool {
	kind := fields.Get("type").Text()
	for i := 0; kind == "" && i < len(fields); i++ {
		if fields[i].Value.IsObject() { // a type that is not said
			kind = string(fields[i].Key)
		}
	}
	body := fields.Get(kind)
	answer := body.Object()
	if len(answer) == 0 {
		m.Mark, m.Text = unparsed, text(fields.Get("body"), "text") // of a question that staff or an agent sent
		if kind != "" {
			m.Payload = contact.Cut("interactive/"+kind, maxName)
		}
		return false
	}
	switch kind {
	case "button_reply", "list_reply":
		m.Kind, m.Text = contact.Reply, text(body, "title")
		m.Payload = contact.Cut(answer.Get("id").Text(), maxText)
		if answer.Get("description") != nil {
			m.Data = c.data(m, body)
		}
	case "nfm_reply":
		m.Kind, m.Text = contact.Form, text(body, "body")
		m.Payload = contact.Cut(answer.Get("name").Text(), maxText)
		m.Data = c.answers(m, answer.Get("response_json"))
	case "call_permission_reply":
		m.Kind, m.Data = contact.Reply, c.data(m, body)
		m.Payload = contact.Cut(answer.Get("response").Text(), maxText)
	default:
		m.Kind, m.Payload, m.Data = contact.Form, contact.Cut(kind, maxText), c.data(m, body)
	}
	return true
}

// answers returns the answers of a form: JSON in a string. Where that is no
// JSON, the string is kept.
func (c *change) answers(m *contact.Message, v meta.Value) json.RawMessage {
	if inner := v.Text(); json.Valid([]byte(inner)) {
		return c.data(m, meta.Value(inner))
	}
	if v.IsNull() {
		return nil
	}
	if len(v) > 0 && v[0] == '"' {
		m.Mark = unparsed
	}
	return c.data(m, v)
}

// Codes of errors that come in place of a message.
const (
	codeLost        = "131060" // the first message to a number that is also in the app: its content never comes
	codeUnavailable = "1060"   // the same, in older versions
	codeUnsupported = "131051"
	codeUnknown     = "501"
)

// silent are the kinds that the API cannot show and that say nothing either:
// who pins a message waits for no answer. Without a name it is mostly a message
// taken back.
var silent = []string{"", "keep_in_chat", "pin", "poll_update", "reaction"}

// unsupported reads a message that WhatsApp itself could not pass on.
func (c *change) unsupported(m *contact.Message, fields meta.Object, errors meta.Value) {
	m.Payload = contact.Cut(fields.Get("type").Text(), maxName)
	m.Passive = m.Passive || slices.Contains(silent, m.Payload)
	for _, e := range errors.List() {
		switch e.Get("code").Text() {
		case codeLost, codeUnavailable:
			m.Mark, m.Passive = "content-lost", m.Origin == contact.History
		case codeUnsupported, codeUnknown:
		default:
			m.Passive = m.Origin == contact.History // something went wrong with what may have been a message
		}
	}
}

// shared adds the phone number that a customer sent in answer to our request
// for it. Any other card is somebody's, and proves nothing about the sender.
func (c *change) shared(m *contact.Message, o meta.Object) {
	const proven = "contact_request"
	asked := strings.HasPrefix(o.Get("origin").Text(), proven)
	var phone identity.Alias
	for _, card := range o.Get("contacts").List() {
		if !asked && !strings.HasPrefix(card.Get("origin").Text(), proven) {
			continue
		}
		for _, p := range card.Get("phones").List() {
			a, ok := c.alias(identity.Phone, p.Get("wa_id").Text())
			if !ok {
				a, ok = c.alias(identity.Phone, p.Get("phone").Text())
			}
			if !ok || a == phone {
				continue
			}
			if phone.Value != "" {
				return // two numbers: which is the sender's own?
			}
			phone = a
		}
	}
	if phone.Value != "" && !slices.ContainsFunc(m.Addresses(), func(a identity.Address) bool { return a.Alias == phone }) {
		m.Aliases = append(m.Aliases, verified(phone))
	}
}
