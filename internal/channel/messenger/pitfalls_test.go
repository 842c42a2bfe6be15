package messenger_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// Each test here is named for something that went wrong in other software
// that takes these webhooks.

const (
	page     = "104729000000001"
	customer = "7700000000000001"
	millis   = 1788000000123
)

// webhook returns a webhook of page with elements in messaging.
func webhook(elements ...string) []byte {
	return []byte(fmt.Sprintf(`{"object":"page","entry":[{"id":%q,"time":%d,"messaging":[%s]}]}`, page, millis, strings.Join(elements, ",")))
}

// element returns an element from customer that has one event.
func element(event string) string {
	return fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,%s}`, customer, page, millis, event)
}

func normalize(t *testing.T, body []byte) contact.Delivery {
	t.Helper()
	d, err := messenger.Normalize(body)
	if err != nil {
		t.Fatal(err)
	}
	channeltest.Check(t, d)
	return d
}

// only returns the one message of a webhook that holds nothing else.
func only(t *testing.T, body []byte) contact.Message {
	t.Helper()
	d := normalize(t, body)
	if len(d.Messages) != 1 || d.Elements() != 1 {
		t.Fatalf("got %+v, want one message", d)
	}
	return d.Messages[0]
}

func TestARedeliveryDoublesNothing(t *testing.T) {
	t.Parallel()
	elements := []string{
		element(`"message":{"mid":"m_1","text":"hoi"}`),
		element(`"message":{"text":"geen nummer"}`),
		element(`"postback":{"title":"Start","payload":"P"}`),
		element(`"referral":{"ref":"r","source":"SHORTLINK"}`),
		element(`"optin":{"ref":"r"}`),
	}
	first, alone := normalize(t, webhook(elements...)), contact.Delivery{}
	for _, e := range elements {
		d := normalize(t, webhook(e))
		alone.Messages = append(alone.Messages, d.Messages...)
		alone.Notices = append(alone.Notices, d.Notices...)
	}
	if !reflect.DeepEqual(first, alone) {
		t.Errorf("delivered again one by one:\n%+v\nwant\n%+v", alone, first)
	}
	seen := map[contact.ID]bool{}
	for _, m := range first.Messages {
		if seen[m.ID] {
			t.Errorf("two messages share the id %s", m.ID)
		}
		seen[m.ID] = true
	}
}

func TestABrokenNeighbourBlocksNobody(t *testing.T) {
	t.Parallel()
	var elements []string
	for i := range 500 {
		elements = append(elements, element(fmt.Sprintf(`"message":{"mid":"m_%d","text":"hoi"}`, i)), `{"sender":{"id":null},"message":{"mid":7}}`)
	}
	d := normalize(t, webhook(elements...))
	if len(d.Messages) != 500 || len(d.Broken) != 500 || d.Broken[499].Path != "entry[0].messaging[999]" {
		t.Errorf("%d messages and %d broken elements", len(d.Messages), len(d.Broken))
	}
}

func TestAnAttachmentTypeOfTomorrowIsDataAndNoError(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(element(`"message":{"mid":"m_1","attachments":[{"type":"hologram","payload":[1]}]}`)))
	if m.Kind != contact.Unsupported || m.Payload != "hologram" || len(m.Raw) == 0 {
		t.Errorf("got %+v", m)
	}
	m = only(t, webhook(element(`"message":{"mid":"m_1","text":"kijk","attachments":[{"type":"hologram"},{"type":"image","payload":{"url":"https://scontent.fbcdn.net/a"}}]}`)))
	if m.Kind != contact.Image || m.Text != "kijk" || len(m.Attachments) != 1 || m.Mark != "unparsed" || len(m.Raw) == 0 {
		t.Errorf("got %+v", m)
	}
}

func TestNoCustomerIsMadeOfAnEmptyID(t *testing.T) {
	t.Parallel()
	for _, sender := range []string{`"sender":{},`, `"sender":null,`, `"sender":{"id":""},`, `"sender":{"id":null},`, `"sender":{"id":" "},`, `"sender":{"id":[]},`, ``} {
		d := normalize(t, webhook(`{`+sender+`"recipient":{"id":"1"},"timestamp":1788000000123,"message":{"mid":"m","text":"x"}}`))
		if len(d.Messages) != 0 || len(d.Broken) != 1 {
			t.Errorf("%s got %+v", sender, d)
		}
	}
}

func TestNoCustomerIsMadeAtAnEmptyPage(t *testing.T) {
	t.Parallel()
	d := normalize(t, []byte(`{"object":"page","entry":[{"time":1788000000123,"messaging":[{"sender":{"id":"1"},"message":{"mid":"m","text":"x"}}]}]}`))
	if len(d.Messages) != 0 || len(d.Broken) != 1 {
		t.Errorf("got %+v", d)
	}
}

func TestOurOwnWordsAreNeverTheCustomers(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"an echo":                     `"message":{"mid":"m_1","is_echo":true,"text":"x"}`,
		"an echo with attachments":    `"message":{"mid":"m_1","is_echo":true,"attachments":[{"type":"image","payload":{"url":"https://scontent.fbcdn.net/a"}}]}`,
		"an echo that lacks its flag": `"message":{"mid":"m_1","text":"x"}`,
	}
	for name, event := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := only(t, webhook(fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,%s}`, page, customer, millis, event)))
			if m.Direction != contact.Outbound || m.Customer.Value != customer || m.Author != messenger.Staff {
				t.Errorf("%s by %q, to %s", m.Direction, m.Author, m.Customer.Value)
			}
		})
	}
}

func TestAnEchoThatOvertakesItsSendHasTheIDThatTheSendGets(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,"message":{"mid":"m_9","is_echo":true,"app_id":42,"metadata":"ours","text":"x"}}`, page, customer, millis)))
	if want := contact.NewID(contact.Messenger, time.UnixMilli(millis), "m_9"); m.ID != want || m.Author != "42" || m.Payload != "ours" {
		t.Errorf("got %s by %s, %q", m.ID, m.Author, m.Payload)
	}
}

func TestAnEntryWithOnlyStandbyIsRead(t *testing.T) {
	t.Parallel()
	body := strings.Replace(string(webhook(element(`"message":{"mid":"m_1","text":"hoi"}`))), "messaging", "standby", 1)
	if m := only(t, []byte(body)); m.Origin != contact.Standby || m.Passive || m.Direction != contact.Inbound {
		t.Errorf("got %+v", m)
	}
	d := normalize(t, []byte(`{"object":"page","entry":[{"id":"1","time":1788000000123},{"id":"2","messaging":null,"standby":[]}]}`))
	if d.Elements() != 0 {
		t.Errorf("of nothing came %+v", d)
	}
}

func TestATimeInSecondsIsNotOf1970(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 8, 29, 10, 40, 0, 0, time.UTC)
	for _, at := range []string{"1788000000", `"1788000000"`, "1788000000000", `"1788000000000"`, `"2026-08-29T12:40:00+0200"`} {
		body := strings.Replace(string(webhook(element(`"referral":{"source":"ADS"}`))), fmt.Sprintf(`"timestamp":%d`, millis), `"timestamp":`+at, 1)
		if m := only(t, []byte(body)); !m.SentAt.Equal(want) || !m.Passive {
			t.Errorf("%s is %v", at, m.SentAt)
		}
	}
}

func TestATimeThatIsNoneIsTheEntrys(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"null", "0", "-1", `"soon"`, "99999999999999999999", "{}", "true"} {
		body := strings.Replace(string(webhook(element(`"message":{"mid":"m_1","text":"hoi"}`))), fmt.Sprintf(`"timestamp":%d`, millis), `"timestamp":`+at, 1)
		if m := only(t, []byte(body)); m.SentAt.UnixMilli() != millis {
			t.Errorf("%s is %v", at, m.SentAt)
		}
	}
}

func TestALargeNumberKeepsItsLastDigit(t *testing.T) {
	t.Parallel()
	m := only(t, []byte(`{"object":"page","entry":[{"id":184719329217930001,"time":1788000000123,"messaging":[
		{"sender":{"id":184719329217930001},"recipient":{"id":9007199254740993},"timestamp":1788000000123,
		 "message":{"mid":"m","is_echo":true,"app_id":184719329217930003,"text":"x"}}]}]}`))
	if m.Customer.Value != "9007199254740993" || m.Account != "184719329217930001" || m.Author != "184719329217930003" {
		t.Errorf("got %s, %s, %s", m.Customer.Value, m.Account, m.Author)
	}
}

func TestHalvesOfCharactersAndNULAreCleaned(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(element(`"message":{"mid":"m_1","text":"a\ud83d\u0000b\u202e`+"\xff"+`"}`)))
	if m.Text != "a\uFFFDb\u202e\uFFFD" {
		t.Errorf("got %q", m.Text)
	}
}

func TestATextTooLongIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(element(`"message":{"mid":"m_1","text":"`+strings.Repeat("€", contact.MaxText/3+9)+`"}`)))
	if len(m.Text) > contact.MaxText || len(m.Text) < contact.MaxText-3 {
		t.Errorf("%d bytes", len(m.Text))
	}
}

func TestAnElementTooLargeKeepsItsWordsAndIsKeptWhole(t *testing.T) {
	t.Parallel()
	d := normalize(t, webhook(element(`"message":{"mid":"m_1","text":"help","attachments":[{"type":"template","payload":{"x":"`+strings.Repeat("y", contact.MaxRaw)+`"}}]}`)))
	if len(d.Messages) != 1 || d.Messages[0].Text != "help" || d.Messages[0].Data != nil || len(d.Broken) != 1 {
		t.Errorf("%d messages, %d broken", len(d.Messages), len(d.Broken))
	}
}

func TestALargeWebhookIsReadQuickly(t *testing.T) {
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
		"of many messages":                webhook(elements...),
		"of one with too many stickers":   webhook(element(`"message":{"mid":"m","attachments":[` + strings.Join(stickers, ",") + `]}`)),
		"of one that is nested too deep":  webhook(element(`"message":{"mid":"m","attachments":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `}`)),
		"of one with a name that is long": webhook(element(`"` + strings.Repeat("n", 1<<20) + `":{}`)),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			d := normalize(t, body)
			if took := time.Since(start); d.Elements() == 0 || took > 20*time.Second { // a quadratic reader takes minutes
				t.Errorf("%d elements in %v", d.Elements(), took)
			}
		})
	}
}

func TestTheTestButtonMakesNoCustomer(t *testing.T) {
	t.Parallel()
	d := normalize(t, []byte(`{"object":"page","entry":[{"id":"0","time":1788000000123,"changes":[{"field":"messages","value":
		{"sender":{"id":"12334"},"recipient":{"id":"23245"},"timestamp":"1527459824","message":{"mid":"test_message_id","text":"test_message"}}}]}]}`))
	if d.Elements() != 1 || len(d.Notices) != 1 || d.Notices[0].Customer != nil {
		t.Errorf("got %+v", d)
	}
}

func TestOnePersonAtTwoPagesHasTwoAddresses(t *testing.T) {
	t.Parallel()
	m := only(t, webhook(element(`"message":{"mid":"m_1","text":"hoi"}`)))
	want := identity.Alias{Kind: identity.PSID, Scope: page, Value: customer}
	if m.Customer.Alias != want || m.Customer.Assurance != identity.Verified {
		t.Errorf("got %+v", m.Customer)
	}
}

func TestASiteReferenceIsNeverTakenForAPageScopedID(t *testing.T) {
	t.Parallel()
	postback := `"recipient":{"id":"` + page + `"},"timestamp":1788000000123,"postback":{"payload":"hoi"}}`
	ref := only(t, webhook(`{"sender":{"user_ref":"`+customer+`"},`+postback))
	id := only(t, webhook(`{"sender":{"id":"`+customer+`"},`+postback))
	if ref.Customer.Key() == id.Customer.Key() {
		t.Error("both have the same key")
	}
}

func TestAStickerCountsOnce(t *testing.T) {
	t.Parallel()
	image := `{"type":"image","payload":{"url":"https://scontent.fbcdn.net/s.png","sticker_id":56}}`
	sticker := strings.Replace(image, "image", "sticker", 1)
	for _, attachments := range []string{image, sticker, image + "," + sticker, sticker + "," + image} {
		m := only(t, webhook(element(`"message":{"mid":"m_1","attachments":[`+attachments+`]}`)))
		want := []contact.Attachment{{Kind: contact.Sticker, Ref: "56", URL: "https://scontent.fbcdn.net/s.png"}}
		if m.Kind != contact.Sticker || !reflect.DeepEqual(m.Attachments, want) {
			t.Errorf("%s: %s %+v", attachments, m.Kind, m.Attachments)
		}
	}
}

func TestWhatWeFailToReadTellsNobodyAboutTheCustomer(t *testing.T) {
	t.Parallel()
	d := normalize(t, webhook(`{"sender":{"id":"`+strings.Repeat("7", 600)+`"},"timestamp":1788000000123,"message":{"mid":"m_secret","text":"geheim"}}`))
	for _, b := range d.Broken {
		if strings.Contains(b.Reason+b.Path, "777") || strings.Contains(b.Reason, "geheim") || strings.Contains(b.Reason, "m_secret") {
			t.Errorf("%s: %s", b.Path, b.Reason)
		}
	}
}
