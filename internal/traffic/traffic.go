// Package traffic generates webhooks, mails and chat posts of fictional customers,
// for tests and for figures. The payloads have the shapes of the platforms in
// 2026. All output is deterministic: the same arguments give the same bytes.
package traffic

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The accounts of the company that customers write to.
const (
	WABA    = "200000000000001"
	PhoneID = "100000000000001"
	Page    = "104729000000001"
	Site    = "shop"
	Mailbox = "klantenservice@support.example.com"
)

// A Person is a customer with the addresses of each channel.
type Person struct {
	Name    string
	Phone   string // digits, as WhatsApp writes it
	BSUID   string // WhatsApp's user id; empty in payloads of older versions
	PSID    string // Messenger's id of the person for our page
	Mail    string
	Visitor string // web chat visitor id
}

// Someone returns customer n. It is always the same for the same n, and n must be
// below 10 million.
func Someone(n int) Person {
	return Person{
		Name:    fmt.Sprintf("%s Voorbeeld-%s", first[n%len(first)], spellNumber(n)),
		Phone:   fmt.Sprintf("319701%07d", n),
		BSUID:   fmt.Sprintf("NL.%017d", 20000000000+n),
		PSID:    fmt.Sprintf("77%015d", n),
		Mail:    fmt.Sprintf("klant-%d@example.org", n),
		Visitor: visitorID(n),
	}
}

var first = [...]string{"Jan", "Sanne", "Mohammed", "Fleur", "Kees", "Aylin", "Piet", "Marieke", "Bram", "Noor"}

// spellNumber spells a number in letters, for names that no real person has.
func spellNumber(n int) string {
	const letters = "bdfgklmnprstvz"
	const vowels = "aeiou"
	var b strings.Builder
	for n += 1000; n > 0; n /= len(letters) * len(vowels) {
		b.WriteByte(letters[n%len(letters)])
		b.WriteByte(vowels[n/len(letters)%len(vowels)])
	}
	return b.String()
}

func visitorID(n int) string {
	return DeterministicUUIDv7(time.UnixMilli(1_790_000_000_000+int64(n)), fmt.Sprint("visitor ", n))
}

// DeterministicUUIDv7 returns a UUIDv7 of a time (in milliseconds). Its other bits
// are a hash of name.
func DeterministicUUIDv7(at time.Time, name string) string {
	sum := sha256.Sum256([]byte(name))
	u := uuid.UUID(sum[:16])
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(u[:6], ms[2:])
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// Wamid returns a WhatsApp message id. As in real ids, it contains the person's
// phone number in base64. Different names give different ids.
func Wamid(p Person, name string) string {
	sum := sha256.Sum256([]byte(name))
	id := strings.ToUpper(hex.EncodeToString(sum[:9]))
	raw := append([]byte{0x1c, 0x18, byte(len(p.Phone))}, p.Phone...) //nolint:gosec // 15 digits at most
	raw = append(raw, 0x15, 0x02, 0x00, 0x12, 0x18, byte(len(id)))    //nolint:gosec // 18
	raw = append(append(raw, id...), 0x00)
	return "wamid." + base64.StdEncoding.EncodeToString(raw)
}

// object is a JSON object.
type object = map[string]any

// wrapWhatsApp returns a webhook with one change of the field "messages".
func wrapWhatsApp(value object) []byte {
	value["messaging_product"] = "whatsapp"
	value["metadata"] = object{"display_phone_number": "15555550100", "phone_number_id": PhoneID}
	return encodeJSON(object{"object": "whatsapp_business_account", "entry": []any{object{
		"id": WABA, "changes": []any{object{"field": "messages", "value": value}},
	}}})
}

// A Said is one text message of a customer.
type Said struct {
	From Person
	ID   string
	At   time.Time
	Text string
}

// WhatsApp returns a webhook with the texts of customers.
func WhatsApp(said ...Said) []byte {
	var contacts, messages []any
	for _, s := range said {
		c := object{"profile": object{"name": s.From.Name}, "wa_id": s.From.Phone}
		m := object{
			"from": s.From.Phone, "id": s.ID, "timestamp": fmt.Sprint(s.At.Unix()), "type": "text", "text": object{"body": s.Text},
		}
		if s.From.BSUID != "" {
			c["user_id"] = s.From.BSUID
			m["from_user_id"] = s.From.BSUID
		}
		contacts = append(contacts, c)
		messages = append(messages, m)
	}
	return wrapWhatsApp(object{"contacts": contacts, "messages": messages})
}

// WhatsAppStatus returns a webhook with the status ("sent", "delivered" or "read")
// of our message id to a customer.
func WhatsAppStatus(to Person, id, status string, at time.Time) []byte {
	s := object{
		"id": id, "status": status, "timestamp": fmt.Sprint(at.Unix()), "recipient_id": to.Phone,
		"pricing": object{"billable": false, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"},
	}
	if to.BSUID != "" {
		s["recipient_user_id"] = to.BSUID
	}
	return wrapWhatsApp(object{"statuses": []any{s}})
}

// Messenger returns a webhook with the texts of customers.
func Messenger(said ...Said) []byte {
	var items []any
	for _, s := range said {
		items = append(items, object{
			"sender": object{"id": s.From.PSID}, "recipient": object{"id": Page}, "timestamp": s.At.UnixMilli(),
			"message": object{"mid": s.ID, "text": s.Text},
		})
	}
	return encodeJSON(object{"object": "page", "entry": []any{object{"id": Page, "time": said[0].At.UnixMilli() + 400, "messaging": items}}})
}

// MessengerWatermark returns a webhook with the status ("delivered" or "read") of
// all messages that we sent to a customer until a time.
func MessengerWatermark(to Person, status string, until time.Time) []byte {
	kind := map[string]string{"delivered": "delivery", "read": "read"}[status]
	return encodeJSON(object{"object": "page", "entry": []any{object{"id": Page, "time": until.UnixMilli() + 400, "messaging": []any{object{
		"sender": object{"id": to.PSID}, "recipient": object{"id": Page}, "timestamp": until.UnixMilli(),
		kind: object{"watermark": until.UnixMilli()},
	}}}}})
}

// MID returns a Messenger message id. Different names give different ids.
func MID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "m_" + base64.RawURLEncoding.EncodeToString(sum[:]) + base64.RawURLEncoding.EncodeToString(sum[8:24])
}

// Mail returns a plain-text mail as the customer's own server sends it. Without
// inReplyTo it starts a thread.
func Mail(from Person, messageID, inReplyTo, subject, text string, at time.Time) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: %s <%s>", from.Name, from.Mail)
	line("To: Klantenservice <%s>", Mailbox)
	line("Subject: %s", subject)
	line("Date: %s", at.Format(time.RFC1123Z))
	line("Message-ID: <%s>", messageID)
	if inReplyTo != "" {
		line("In-Reply-To: <%s>", inReplyTo)
		line("References: <%s>", inReplyTo)
	}
	line("MIME-Version: 1.0")
	line("Content-Type: text/plain; charset=utf-8")
	line("Content-Transfer-Encoding: 8bit")
	line("")
	for l := range strings.SplitSeq(text, "\n") {
		line("%s", l)
	}
	line("")
	line("Met vriendelijke groet,")
	line("%s", from.Name)
	return []byte(b.String())
}

// AddSESHeaders returns a mail with the headers that SES adds above it. All checks
// of SES pass.
func AddSESHeaders(mail []byte, sesID string, from Person, at time.Time) []byte {
	_, domain, _ := strings.Cut(from.Mail, "@")
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("Return-Path: <%s>", from.Mail)
	line("Received: from mail.%s (mail.%s [192.0.2.25])", domain, domain)
	line(" by inbound-smtp.eu-west-1.amazonaws.com with SMTP id %s", sesID)
	line(" for %s;", Mailbox)
	line(" %s (UTC)", at.UTC().Format(time.RFC1123Z))
	line("X-SES-Spam-Verdict: PASS")
	line("X-SES-Virus-Verdict: PASS")
	line("Received-SPF: pass (spfCheck: domain of %s designates 192.0.2.25 as permitted sender) client-ip=192.0.2.25; envelope-from=%s; helo=mail.%s;", domain, from.Mail, domain)
	line("Authentication-Results: amazonses.com;")
	line(" spf=pass (spfCheck: domain of %s designates 192.0.2.25 as permitted sender) client-ip=192.0.2.25; envelope-from=%s; helo=mail.%s;", domain, from.Mail, domain)
	line(" dkim=pass header.i=@%s;", domain)
	line(" dmarc=pass header.from=%s;", domain)
	line("X-SES-RECEIPT: AEFBQUFBQUFBQUFF")
	line("X-SES-DKIM-SIGNATURE: a=rsa-sha256; q=dns/txt; b=TG9jYWw=; c=relaxed/simple; s=local; d=amazonses.com; t=%d; v=1; bh=TG9jYWw=; h=From:To:Subject;", at.Unix())
	return append([]byte(b.String()), mail...)
}

// SESMessageID returns an id in the shape of SES's ids: 40 letters and digits.
func SESMessageID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:20])
}

// Chat returns the body of a post to the web chat.
func Chat(id, text string) []byte { return encodeJSON(object{"id": id, "text": text}) }

func encodeJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return data
}

// MailReply returns a reply as mail programs send it: in plain text and in HTML,
// with the quoted mail below the text.
func MailReply(from Person, messageID, inReplyTo, subject, text, quoted string, at time.Time) []byte {
	const boundary = "=_grens-0001"
	html := func(s string) string {
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", "\n", "<br>\r\n").Replace(s)
	}
	when := at.Add(-time.Hour).Format("2 Jan 2006 15:04")
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: %s <%s>", from.Name, from.Mail)
	line("To: Klantenservice <%s>", Mailbox)
	line("Subject: Re: %s", subject)
	line("Date: %s", at.Format(time.RFC1123Z))
	line("Message-ID: <%s>", messageID)
	line("In-Reply-To: <%s>", inReplyTo)
	line("References: <%s>", inReplyTo)
	line("MIME-Version: 1.0")
	line("Content-Type: multipart/alternative; boundary=%q", boundary)
	line("")
	line("--%s", boundary)
	line("Content-Type: text/plain; charset=utf-8")
	line("Content-Transfer-Encoding: 8bit")
	line("")
	line("%s", strings.ReplaceAll(text, "\n", "\r\n"))
	line("")
	line("Op %s schreef Klantenservice <%s>:", when, Mailbox)
	line("> %s", strings.ReplaceAll(quoted, "\n", "\r\n> "))
	line("")
	line("--%s", boundary)
	line("Content-Type: text/html; charset=utf-8")
	line("Content-Transfer-Encoding: 8bit")
	line("")
	line(`<html><head><style>p { margin: 0 }</style></head><body><div dir="ltr">%s</div>`, html(text))
	line(`<div class="gmail_quote"><div class="gmail_attr">Op %s schreef Klantenservice &lt;%s&gt;:<br></div>`, when, Mailbox)
	line(`<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">%s</blockquote></div></body></html>`, html(quoted))
	line("--%s--", boundary)
	return []byte(b.String())
}

// WhatsAppEcho returns the webhook of a message that staff sent to a customer with
// the WhatsApp Business app.
func WhatsAppEcho(to Person, id, text string, at time.Time) []byte {
	echo := object{
		"from": "15555550100", "to": to.Phone, "id": id, "timestamp": fmt.Sprint(at.Unix()), "type": "text", "text": object{"body": text},
	}
	if to.BSUID != "" {
		echo["to_user_id"] = to.BSUID
	}
	return encodeJSON(object{"object": "whatsapp_business_account", "entry": []any{object{
		"id": WABA, "changes": []any{object{"field": "smb_message_echoes", "value": object{
			"messaging_product": "whatsapp", "metadata": object{"display_phone_number": "15555550100", "phone_number_id": PhoneID},
			"message_echoes": []any{echo},
		}}},
	}}})
}

// MessengerEcho returns the webhook of a message that the page sent to a customer.
func MessengerEcho(to Person, id, text string, at time.Time) []byte {
	return encodeJSON(object{"object": "page", "entry": []any{object{"id": Page, "time": at.UnixMilli() + 400, "messaging": []any{object{
		"sender": object{"id": Page}, "recipient": object{"id": to.PSID}, "timestamp": at.UnixMilli(),
		"message": object{"mid": id, "is_echo": true, "text": text},
	}}}}})
}
