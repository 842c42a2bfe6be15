package whatsapp

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
)

// fillContent sets the content fields of m. If the content cannot be read, m
// becomes Unsupported and keeps the whole element in Raw.
func (c *change) fillContent(m *message.Message, kind string, v meta.Value, o meta.Object) {
	if c.readContent(m, kind, o) {
		return
	}
	m.Kind = message.Unsupported
	if m.Payload == "" {
		m.Payload = kind
	}
	m.Raw = c.boundedData(m, v)
}

// readContent reads the content of a message of the given kind into m. It
// reports whether the kind is known and its content was readable.
func (c *change) readContent(m *message.Message, kind string, o meta.Object) bool {
	body := o.Get(kind)
	fields := body.Object()
	switch kind {
	case "text":
		m.Kind = message.Text
		m.Text = customerText(body, "body")
		return c.markUnlessParsed(m, len(fields) > 0 || m.Text != "")
	case "contacts":
		m.Kind = message.Cards
		m.Data = c.boundedData(m, body)
		return c.markUnlessParsed(m, len(body.Elements()) > 0)
	case "request_welcome":
		m.Kind = message.Event
		m.Passive = true
		m.Payload = kind
		return true
	case "ephemeral":
		m.Passive = true
		return false
	case "unsupported", "unknown":
		c.readUnsupported(m, fields, o.Get("errors"))
		return false
	case "image", "video", "audio", "voice", "document", "sticker", "location", "interactive", "button", "order", "system":
		return c.markUnlessParsed(m, len(fields) > 0) && c.readStructured(m, kind, body, o)
	default:
		c.salvageContent(m, fields, o.Get("errors"))
		return false
	}
}

// salvageContent reads the file and the text of a message of an unknown kind.
// The file has to be fetched before it expires, and the text is what agents
// need most.
func (c *change) salvageContent(m *message.Message, fields meta.Object, errors meta.Value) {
	if fields.Get("id").Text() != "" && fields.Get("mime_type").Text() != "" {
		c.readMediaFile(m, "", fields, errors)
	}
	for _, name := range []string{"caption", "body", "text"} {
		if m.Text == "" {
			m.Text = message.Cut(fields.Get(name).Text(), message.MaxText)
		}
	}
}

// markUnlessParsed marks m as unparsed unless ok, and returns ok.
func (c *change) markUnlessParsed(m *message.Message, ok bool) bool {
	if !ok {
		m.Mark = unparsedMark
	}
	return ok
}

// unparsedMark marks a message of a known kind whose content could not be
// read.
const unparsedMark = "unparsed"

// readStructured reads the content of the kinds whose content is an object.
func (c *change) readStructured(m *message.Message, kind string, body meta.Value, o meta.Object) bool {
	fields := body.Object()
	switch kind {
	case "location":
		m.Kind = message.Location
		m.Data = c.boundedData(m, body)
	case "interactive":
		return c.readInteractive(m, fields)
	case "button":
		m.Kind = message.Reply
		m.Text = customerText(body, "text")
		m.Payload = message.Cut(fields.Get("payload").Text(), maxText)
	case "order":
		m.Kind = message.Order
		m.Text = customerText(body, "text")
		m.Data = c.boundedData(m, body)
	case "system":
		m.Kind = message.Event
		m.Passive = true
		m.Text = customerText(body, "body")
		m.Payload = message.Cut(fields.Get("type").Text(), maxName)
		m.Data = c.boundedData(m, body)
	default:
		c.readMediaFile(m, kind, fields, o.Get("errors"))
	}
	return true
}

// customerText returns the text that a customer wrote: the named member of v,
// or v itself if it is not an object.
func customerText(v meta.Value, member string) string {
	if v.IsObject() {
		v = v.Get(member)
	}
	return message.Cut(v.Text(), message.MaxText)
}

// boundedData returns v for storage with m. A v that is too large is kept as a
// broken element instead, and m is marked as unparsed.
func (c *change) boundedData(m *message.Message, v meta.Value) json.RawMessage {
	if len(v) > message.MaxRaw {
		m.Mark = unparsedMark
		c.addBroken(c.currentPath(), v, errTooLarge)
		return nil
	}
	return v.CopyRaw()
}

// attachmentKinds maps WhatsApp's media types to ours. "voice" is a type of
// older API versions.
var attachmentKinds = map[string]message.Kind{
	"image": message.Image, "video": message.Video, "audio": message.Audio, "voice": message.Audio,
	"document": message.File, "sticker": message.Sticker,
}

// readMediaFile reads a media attachment. The media type decides the
// attachment's kind if WhatsApp's name for the kind is unknown.
func (c *change) readMediaFile(m *message.Message, kind string, fields meta.Object, errors meta.Value) {
	m.Kind = attachmentKinds[kind]
	if m.Kind == "" {
		major, _, _ := strings.Cut(fields.Get("mime_type").Text(), "/")
		m.Kind = cmp.Or(attachmentKinds[major], message.File)
	}
	m.Text = message.Cut(fields.Get("caption").Text(), message.MaxText)
	a := message.Attachment{
		Kind:   m.Kind,
		Ref:    message.Cut(fields.Get("id").Text(), maxID),
		URL:    message.Cut(fields.Get("url").Text(), maxURL),
		Type:   message.Cut(fields.Get("mime_type").Text(), maxName),
		Name:   message.Cut(fields.Get("filename").Text(), maxText),
		SHA256: meta.NormalizeSHA256(fields.Get("sha256").Text()),
		Voice:  kind == "voice" || fields.Get("voice").IsTrue(),
	}
	if fields.Get("animated").IsTrue() {
		a.Mark = "animated"
	}
	if !errors.IsNull() {
		a.Mark = "failed"
		m.Data = c.boundedData(m, errors)
	}
	m.Attachments = []message.Attachment{a}
}

// readInteractive reads the answer to an interactive message of ours: a
// button, a list entry or a form. It reports whether there was an answer.
func (c *change) readInteractive(m *message.Message, fields meta.Object) bool {
	kind := fields.Get("type").Text()
	for i := 0; kind == "" && i < len(fields); i++ {
		if fields[i].Value.IsObject() { // "type" is missing
			kind = string(fields[i].Key)
		}
	}
	body := fields.Get(kind)
	answer := body.Object()
	if len(answer) == 0 {
		m.Mark = unparsedMark
		m.Text = customerText(fields.Get("body"), "text") // a question that staff sent
		if kind != "" {
			m.Payload = message.Cut("interactive/"+kind, maxName)
		}
		return false
	}
	switch kind {
	case "button_reply", "list_reply":
		m.Kind = message.Reply
		m.Text = customerText(body, "title")
		m.Payload = message.Cut(answer.Get("id").Text(), maxText)
		if answer.Get("description") != nil {
			m.Data = c.boundedData(m, body)
		}
	case "nfm_reply":
		c.readForm(m, answer)
	case "call_permission_reply":
		m.Kind = message.Reply
		m.Data = c.boundedData(m, body)
		m.Payload = message.Cut(answer.Get("response").Text(), maxText)
	default:
		m.Kind = message.Form
		m.Payload = message.Cut(kind, maxText)
		m.Data = c.boundedData(m, body)
		m.Text = writtenText(body, false)
	}
	return true
}

// Error codes that Meta sends in place of a message.
const (
	codeLost        = "131060" // first message to a number that is also used in the app; its content is never delivered
	codeUnavailable = "1060"   // the same in older versions
	codeUnsupported = "131051"
	codeUnknown     = "501"
)

// silentKinds are unsupported kinds that do not ask for an answer, such as
// pinning a message. Without a name, the event is usually a message that was
// taken back.
var silentKinds = []string{"", "keep_in_chat", "pin", "poll_update", "reaction"}

// readUnsupported reads a message that WhatsApp could not pass on. It decides
// whether the message may be a question.
func (c *change) readUnsupported(m *message.Message, fields meta.Object, errors meta.Value) {
	m.Payload = message.Cut(fields.Get("type").Text(), maxName)
	m.Passive = m.Passive || slices.Contains(silentKinds, m.Payload)
	for _, e := range errors.Elements() {
		switch e.Get("code").Text() {
		case codeLost, codeUnavailable:
			m.Mark = "content-lost"
			m.Passive = m.Origin == message.History
		case codeUnsupported, codeUnknown:
		default:
			m.Passive = m.Origin == message.History // an unknown error may hide a real message
		}
	}
}
