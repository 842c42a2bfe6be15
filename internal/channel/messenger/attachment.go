package messenger

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
)

// attachmentKinds maps the platform's attachment types to message kinds.
var attachmentKinds = map[string]message.Kind{
	"image":               message.Image,
	"animated_image":      message.Image,
	"video":               message.Video,
	"audio":               message.Audio,
	"file":                message.File,
	"sticker":             message.Sticker,
	"like_heart":          message.Sticker,
	"location":            message.Location,
	"template":            message.Template,
	"appointment_booking": message.Form,
	"fallback":            message.Share,
	"share":               message.Share,
	"post":                message.Share,
	"ig_post":             message.Share,
	"reel":                message.Share,
	"ig_reel":             message.Share,
	"story_mention":       message.Share,
	"ig_story":            message.Share,
}

// likeStickerIDs are the stickers that the like button sends, in three sizes.
var likeStickerIDs = map[string]bool{"369239263222822": true, "369239343222814": true, "369239383222810": true}

// An attachment is one element of "attachments".
type attachment struct {
	raw       meta.Value
	kind      string
	title     string
	url       string
	stickerID string
	payload   meta.Object // empty if the payload is null or a string
}

func parseAttachment(raw meta.Value) attachment {
	o := raw.Object()
	payload := o.Get("payload").Object()
	return attachment{
		raw:       raw,
		kind:      o.Get("type").Text(),
		title:     firstNonEmptyText(payload.Get("title"), o.Get("title")),
		url:       message.Clean(firstNonEmptyText(payload.Get("url"), o.Get("url"), o.Get("URL"), payload.Get("story_media_url")), maxField),
		stickerID: message.Clean(payload.Get("sticker_id").Text(), maxID),
		payload:   payload,
	}
}

// firstNonEmptyText returns the first text that is not empty.
func firstNonEmptyText(values ...meta.Value) string {
	for _, v := range values {
		if s := v.Text(); s != "" {
			return s
		}
	}
	return ""
}

// attachmentContents are the contents of all attachments of a message.
type attachmentContents struct {
	kind       message.Kind // of the first readable attachment; may be empty
	text       string       // text for a message that has no text of its own
	payload    string
	unreadType string // type of the first attachment that cannot be read
	mark       string
	files      []message.Attachment
	data       [][]byte
	product    *message.Referral
}

// readAttachments reads the attachments of a message. stickerID is the
// message's own: early stickers had it outside their attachment.
func readAttachments(attachments meta.Value, stickerID string) *attachmentContents {
	c := &attachmentContents{}
	for _, raw := range attachments.Elements() {
		a := parseAttachment(raw)
		if a.kind == "image" && a.stickerID == "" {
			a.stickerID = stickerID
		}
		if a.kind == "image" && a.stickerID != "" {
			a.kind = "sticker" // the form of stickers until the summer of 2026
		}
		c.addAttachment(a)
	}
	if c.kind == "" && c.mark != "" {
		c.kind = message.Unsupported
		c.payload = c.unreadType
	}
	return c
}

func (c *attachmentContents) addAttachment(a attachment) {
	kind, known := attachmentKinds[a.kind]
	lost := a.kind == "ephemeral" || // may be viewed once, and is not sent to us
		strings.EqualFold(a.title, "Attachment Unavailable") // withheld from businesses in Europe
	switch {
	case lost || !known:
		c.skipAttachment(a, lost)
		return
	case kind == message.Sticker:
		c.addSticker(a)
	case isFileKind(kind):
		c.addFile(kind, a)
	default:
		c.addStructured(kind, a)
	}
	if c.kind == "" {
		c.kind = kind
	}
}

func isFileKind(kind message.Kind) bool {
	switch kind {
	case message.Image, message.Video, message.Audio, message.File:
		return true
	default:
		return false
	}
}

// skipAttachment marks the message for an attachment that cannot be read. The
// message keeps its element in Raw.
func (c *attachmentContents) skipAttachment(a attachment, lost bool) {
	c.mark = "unparsed"
	if lost {
		c.mark = "content-lost"
	}
	if c.unreadType == "" {
		c.unreadType = message.Clean(a.kind, maxID)
	}
	if isMediaServerLink(a.url) {
		c.files = append(c.files, message.Attachment{Kind: message.File, URL: a.url})
	}
}

// addFile adds a file. A file without an address was lost by the platform.
func (c *attachmentContents) addFile(kind message.Kind, a attachment) {
	if a.url == "" {
		c.mark = "content-lost"
		return
	}
	f := message.Attachment{Kind: kind, URL: a.url}
	if kind == message.File {
		f.Name = message.Clean(a.title, maxID)
	}
	if a.kind == "animated_image" {
		f.Mark = "animated"
	}
	c.files = append(c.files, f)
}

// addSticker adds a sticker once. For a while the platform sent each sticker
// as an image as well.
func (c *attachmentContents) addSticker(a attachment) {
	switch {
	case likeStickerIDs[a.stickerID]:
		c.text = "👍"
	case a.kind == "like_heart":
		c.text = "❤️"
	}
	f := message.Attachment{Kind: message.Sticker, Ref: a.stickerID, URL: a.url}
	for i, other := range c.files {
		if other.URL == f.URL {
			c.files[i] = f
			return
		}
	}
	if f.URL != "" {
		c.files = append(c.files, f)
	}
}

// addStructured adds an attachment other than a file: a link, a location, a
// template or a booking.
func (c *attachmentContents) addStructured(kind message.Kind, a attachment) {
	c.data = append(c.data, a.raw)
	switch a.kind {
	case "template":
		c.text = message.Clean(a.payload.Get("text").Text(), message.MaxText)
		c.product = parseProduct(a.payload.Get("product"))
	case "appointment_booking":
		c.payload = a.kind
	}
	if kind != message.Share {
		return
	}
	if c.payload == "" {
		c.payload = absoluteLink(a.url)
	}
	if isMediaServerLink(a.url) { // fetch it now: a story expires after a day
		f := message.Attachment{Kind: message.File, URL: a.url}
		if strings.HasSuffix(a.kind, "reel") {
			f.Kind = message.Video
		}
		c.files = append(c.files, f)
	}
}

// structuredData returns the attachments that are not files, as a JSON array.
func (c *attachmentContents) structuredData() json.RawMessage {
	if len(c.data) == 0 {
		return nil
	}
	return append(append([]byte{'['}, bytes.Join(c.data, []byte{','})...), ']')
}

// parseProduct reads the product that a customer sent from the page's shop.
func parseProduct(v meta.Value) *message.Referral {
	for _, p := range v.Get("elements").Elements() {
		return &message.Referral{
			Source:  "product",
			ID:      message.Clean(p.Get("id").Text(), maxID),
			Product: message.Clean(firstNonEmptyText(p.Get("retailer_id"), p.Get("id")), maxID),
			Title:   message.Clean(p.Get("title").Text(), maxField),
		}
	}
	return nil
}

// absoluteLink returns a link with a host. Links to reels come without one.
func absoluteLink(link string) string {
	if strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") {
		return "https://www.facebook.com" + link
	}
	return link
}

// isMediaServerLink reports whether link is a file on Meta's media servers,
// and not a web page.
func isMediaServerLink(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" {
		return false
	}
	host := "." + u.Hostname()
	return strings.HasSuffix(host, ".fbsbx.com") || strings.HasSuffix(host, ".fbcdn.net") || strings.HasSuffix(host, ".cdninstagram.com")
}
