package messenger_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// These tests cover faults that were reported in other software that receives
// these webhooks.

const (
	page     = "104729000000001"
	customer = "7700000000000001"
	millis   = 1788000000123
)

// webhook returns a webhook of page with the given elements in "messaging".
func webhook(elements ...string) []byte {
	return []byte(fmt.Sprintf(`{"object":"page","entry":[{"id":%q,"time":%d,"messaging":[%s]}]}`, page, millis, strings.Join(elements, ",")))
}

// element returns an element from customer with one event.
func element(event string) string {
	return fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,%s}`, customer, page, millis, event)
}

func normalize(t *testing.T, body []byte) message.Delivery {
	t.Helper()
	d, err := messenger.Normalize(body)
	if err != nil {
		t.Fatal(err)
	}
	channeltest.Check(t, d)
	return d
}

// only returns the one message of a webhook that has no other contents.
func only(t *testing.T, body []byte) message.Message {
	t.Helper()
	d := normalize(t, body)
	if len(d.Messages) != 1 || d.Elements() != 1 {
		t.Fatalf("got %+v, want one message", d)
	}
	return d.Messages[0]
}

func TestNormalize_RedeliveryOneByOne(t *testing.T) {
	t.Parallel()
	elements := []string{
		element(`"message":{"mid":"m_1","text":"hoi"}`),
		element(`"message":{"text":"geen nummer"}`),
		element(`"postback":{"title":"Start","payload":"P"}`),
		element(`"referral":{"ref":"r","source":"SHORTLINK"}`),
		element(`"optin":{"ref":"r"}`),
	}
	first, alone := normalize(t, webhook(elements...)), message.Delivery{}
	for _, e := range elements {
		d := normalize(t, webhook(e))
		alone.Messages = append(alone.Messages, d.Messages...)
		alone.Notices = append(alone.Notices, d.Notices...)
	}
	if !reflect.DeepEqual(first, alone) {
		t.Errorf("delivered again one by one:\n%+v\nwant\n%+v", alone, first)
	}
	seen := map[message.ID]bool{}
	for _, m := range first.Messages {
		if seen[m.ID] {
			t.Errorf("two messages share the id %s", m.ID)
		}
		seen[m.ID] = true
	}
}

func TestNormalize_AlternatingBrokenElements(t *testing.T) {
	t.Parallel()
	var elements []string
	for i := range 500 {
		elements = append(elements, element(fmt.Sprintf(`"message":{"mid":"m_%d","text":"hoi"}`, i)), `{"sender":{"id":null},"message":{"mid":7}}`)
	}
	d := normalize(t, webhook(elements...))
	if len(d.Messages) != 500 || len(d.Broken) != 500 || d.Broken[499].Path != "entry[0].messaging[999]" {
		t.Errorf("messages and broken elements: got %d and %d, want 500 and 500", len(d.Messages), len(d.Broken))
	}
}

func TestNormalize_UnknownAttachmentType(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(element(`"message":{"mid":"m_1","attachments":[{"type":"hologram","payload":[1]}]}`)))
	if m.Kind != message.Unsupported || m.Payload != "hologram" || len(m.Raw) == 0 {
		t.Errorf("got %+v", m)
	}
	m = only(t, webhook(element(`"message":{"mid":"m_1","text":"kijk","attachments":[{"type":"hologram"},{"type":"image","payload":{"url":"https://scontent.fbcdn.net/a"}}]}`)))
	if m.Kind != message.Image || m.Text != "kijk" || len(m.Attachments) != 1 || m.Mark != "unparsed" || len(m.Raw) == 0 {
		t.Errorf("got %+v", m)
	}
}

func TestNormalize_NoSenderID(t *testing.T) {
	t.Parallel()
	for _, sender := range []string{`"sender":{},`, `"sender":null,`, `"sender":{"id":""},`, `"sender":{"id":null},`, `"sender":{"id":" "},`, `"sender":{"id":[]},`, ``} {
		d := normalize(t, webhook(`{`+sender+`"recipient":{"id":"1"},"timestamp":1788000000123,"message":{"mid":"m","text":"x"}}`))
		if len(d.Messages) != 0 || len(d.Broken) != 1 {
			t.Errorf("%s got %+v", sender, d)
		}
	}
}

func TestNormalize_NoPageID(t *testing.T) {
	t.Parallel()
	d := normalize(t, []byte(`{"object":"page","entry":[{"time":1788000000123,"messaging":[{"sender":{"id":"1"},"message":{"mid":"m","text":"x"}}]}]}`))
	if len(d.Messages) != 0 || len(d.Broken) != 1 {
		t.Errorf("got %+v", d)
	}
}

func TestNormalize_Echo(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"echo":                  `"message":{"mid":"m_1","is_echo":true,"text":"x"}`,
		"echo with attachments": `"message":{"mid":"m_1","is_echo":true,"attachments":[{"type":"image","payload":{"url":"https://scontent.fbcdn.net/a"}}]}`,
		"echo without is_echo":  `"message":{"mid":"m_1","text":"x"}`,
	}
	for name, event := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := only(t, webhook(fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,%s}`, page, customer, millis, event)))
			if m.Direction != message.Outbound || m.Customer.Value != customer || m.Author != messenger.Staff {
				t.Errorf("got %s by %q to %s, want %s by %q to %s", m.Direction, m.Author, m.Customer.Value, message.Outbound, messenger.Staff, customer)
			}
		})
	}
}

func TestNormalize_EchoBeforeSendResult(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,"message":{"mid":"m_9","is_echo":true,"app_id":42,"metadata":"ours","text":"x"}}`, page, customer, millis)))
	if want := message.NewID(message.Messenger, time.UnixMilli(millis), "m_9"); m.ID != want || m.Author != "42" || m.Payload != "ours" {
		t.Errorf("got %s by %s with %q, want %s by 42 with ours", m.ID, m.Author, m.Payload, want)
	}
}

func TestNormalize_Standby(t *testing.T) {
	t.Parallel()
	body := strings.Replace(string(webhook(element(`"message":{"mid":"m_1","text":"hoi"}`))), "messaging", "standby", 1)
	if m := only(t, []byte(body)); m.Origin != message.Standby || m.Passive || m.Direction != message.Inbound {
		t.Errorf("got %+v", m)
	}
	d := normalize(t, []byte(`{"object":"page","entry":[{"id":"1","time":1788000000123},{"id":"2","messaging":null,"standby":[]}]}`))
	if d.Elements() != 0 {
		t.Errorf("empty entries: got %+v, want no elements", d)
	}
}

func TestNormalize_TimeFormats(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 8, 29, 10, 40, 0, 0, time.UTC)
	for _, at := range []string{"1788000000", `"1788000000"`, "1788000000000", `"1788000000000"`, `"2026-08-29T12:40:00+0200"`} {
		body := strings.Replace(string(webhook(element(`"referral":{"source":"ADS"}`))), fmt.Sprintf(`"timestamp":%d`, millis), `"timestamp":`+at, 1)
		if m := only(t, []byte(body)); !m.SentAt.Equal(want) || !m.Passive {
			t.Errorf("time of %s: got %v, passive %v, want %v, passive", at, m.SentAt, m.Passive, want)
		}
	}
}

func TestNormalize_EntryTimeAsFallback(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"null", "0", "-1", `"soon"`, "99999999999999999999", "{}", "true"} {
		body := strings.Replace(string(webhook(element(`"message":{"mid":"m_1","text":"hoi"}`))), fmt.Sprintf(`"timestamp":%d`, millis), `"timestamp":`+at, 1)
		if m := only(t, []byte(body)); m.SentAt.UnixMilli() != millis {
			t.Errorf("time of %s: got %v, want the entry's %v", at, m.SentAt, time.UnixMilli(millis).UTC())
		}
	}
}

func TestNormalize_NumericIDs(t *testing.T) {
	t.Parallel()
	m := only(t, []byte(`{"object":"page","entry":[{"id":184719329217930001,"time":1788000000123,"messaging":[
		{"sender":{"id":184719329217930001},"recipient":{"id":9007199254740993},"timestamp":1788000000123,
		 "message":{"mid":"m","is_echo":true,"app_id":184719329217930003,"text":"x"}}]}]}`))
	if m.Customer.Value != "9007199254740993" || m.Account != "184719329217930001" || m.Author != "184719329217930003" {
		t.Errorf("got %s, %s, %s", m.Customer.Value, m.Account, m.Author)
	}
}

func TestNormalize_UncleanText(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(element(`"message":{"mid":"m_1","text":"a\ud83d\u0000b\u202e"}`)))
	if m.Text != "ab\u202e" {
		t.Errorf("text: got %q, want %q", m.Text, "ab\u202e")
	}
}

func TestNormalize_OversizedText(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(element(`"message":{"mid":"m_1","text":"`+strings.Repeat("€", message.MaxText/3+9)+`"}`)))
	if len(m.Text) > message.MaxText || len(m.Text) < message.MaxText-3 {
		t.Errorf("length of text: got %d bytes, want from %d to %d", len(m.Text), message.MaxText-3, message.MaxText)
	}
}

func TestNormalize_OversizedElement(t *testing.T) {
	t.Parallel()
	d := normalize(t, webhook(element(`"message":{"mid":"m_1","text":"help","attachments":[{"type":"template","payload":{"x":"`+strings.Repeat("y", message.MaxRaw)+`"}}]}`)))
	if len(d.Messages) != 1 || d.Messages[0].Text != "help" || d.Messages[0].Data != nil || len(d.Broken) != 1 {
		t.Errorf("messages and broken elements: got %d and %d, want the text in one message, and one broken element", len(d.Messages), len(d.Broken))
	}
}

func TestNormalize_LargeWebhookInLinearTime(t *testing.T) {
	t.Parallel()
	sticker := func(i int) string {
		return fmt.Sprintf(`{"type":"sticker","payload":{"url":"https://scontent.fbcdn.net/%d.png","sticker_id":%d}}`, i, i)
	}
	var stickers, elements []string
	for i := range 15_000 {
		stickers = append(stickers, sticker(i))
		elements = append(elements, element(fmt.Sprintf(`"message":{"mid":"m_%d","text":"hoi"}`, i)))
	}
	tests := map[string][]byte{
		"many messages":                   webhook(elements...),
		"message with too many stickers":  webhook(element(`"message":{"mid":"m","attachments":[` + strings.Join(stickers, ",") + `]}`)),
		"message that is nested too deep": webhook(element(`"message":{"mid":"m","attachments":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `}`)),
		"event with a long name":          webhook(element(`"` + strings.Repeat("n", 1<<20) + `":{}`)),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			d := normalize(t, body)
			if took := time.Since(start); d.Elements() == 0 || took > 20*time.Second { // a quadratic reader takes minutes
				t.Errorf("got %d elements in %v, want some in less than 20 s", d.Elements(), took)
			}
		})
	}
}

func TestNormalize_DashboardTestButton(t *testing.T) {
	t.Parallel()
	d := normalize(t, []byte(`{"object":"page","entry":[{"id":"0","time":1788000000123,"changes":[{"field":"messages","value":
		{"sender":{"id":"12334"},"recipient":{"id":"23245"},"timestamp":"1527459824","message":{"mid":"test_message_id","text":"test_message"}}}]}]}`))
	if d.Elements() != 1 || len(d.Notices) != 1 || d.Notices[0].Customer != nil {
		t.Errorf("got %+v", d)
	}
}

func TestNormalize_AliasScopedToPage(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(element(`"message":{"mid":"m_1","text":"hoi"}`)))
	want := identity.Alias{Kind: identity.PSID, Scope: page, Value: customer}
	if m.Customer.Alias != want || m.Customer.Assurance != identity.Verified {
		t.Errorf("got %+v", m.Customer)
	}
}

func TestNormalize_UserRefIsNotPageScopedID(t *testing.T) {
	t.Parallel()
	postback := `"recipient":{"id":"` + page + `"},"timestamp":1788000000123,"postback":{"payload":"hoi"}}`
	ref := only(t, webhook(`{"sender":{"user_ref":"`+customer+`"},`+postback))
	id := only(t, webhook(`{"sender":{"id":"`+customer+`"},`+postback))
	if ref.Customer.Key() == id.Customer.Key() {
		t.Errorf("keys of user_ref and page-scoped id: both are %s, want two", id.Customer.Key())
	}
}

func TestNormalize_StickerSentTwice(t *testing.T) {
	t.Parallel()
	image := `{"type":"image","payload":{"url":"https://scontent.fbcdn.net/s.png","sticker_id":56}}`
	sticker := strings.Replace(image, "image", "sticker", 1)
	for _, attachments := range []string{image, sticker, image + "," + sticker, sticker + "," + image} {
		m := only(t, webhook(element(`"message":{"mid":"m_1","attachments":[`+attachments+`]}`)))
		want := []message.Attachment{{Kind: message.Sticker, Ref: "56", URL: "https://scontent.fbcdn.net/s.png"}}
		if m.Kind != message.Sticker || !reflect.DeepEqual(m.Attachments, want) {
			t.Errorf("%s: %s %+v", attachments, m.Kind, m.Attachments)
		}
	}
}

func TestNormalize_ReasonsWithoutCustomerData(t *testing.T) {
	t.Parallel()
	d := normalize(t, webhook(`{"sender":{"id":"`+strings.Repeat("7", 600)+`"},"timestamp":1788000000123,"message":{"mid":"m_secret","text":"geheim"}}`))
	for _, b := range d.Broken {
		if strings.Contains(b.Reason+b.Path, "777") || strings.Contains(b.Reason, "geheim") || strings.Contains(b.Reason, "m_secret") {
			t.Errorf("path and reason hold customer data: %s: %s", b.Path, b.Reason)
		}
	}
}
