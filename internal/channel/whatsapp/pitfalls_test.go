package whatsapp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// These tests cover faults that were reported in other software.

const (
	jan  = "12025550123"
	user = "US.20000000000000000001"
	next = "US.20000000000000000002"
)

// webhook returns a body with one change of the given field.
func webhook(field, value string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"200000000000001","changes":[{"field":"` + field +
		`","value":{"metadata":{"phone_number_id":"100000000000001","display_phone_number":"15555550100"},` + value + `}}]}]}`
}

// says returns a text message. sender holds the members that name its sender.
func says(sender, id, text string) string {
	return fmt.Sprintf(`{%s,"id":%q,"timestamp":"1790000000","type":"text","text":{"body":%q}}`, sender, id, text)
}

func read(t *testing.T, body string) message.Delivery {
	t.Helper()
	d, err := whatsapp.Normalize([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// one returns the only message of a webhook.
func one(t *testing.T, body string) message.Message {
	t.Helper()
	d := read(t, body)
	if len(d.Messages) != 1 {
		t.Fatalf("%d messages, want 1; broken: %+v", len(d.Messages), d.Broken)
	}
	return d.Messages[0]
}

func phone(number string) identity.Alias { return identity.Alias{Kind: identity.Phone, Value: number} }

func bsuid(id string) identity.Alias {
	return identity.Alias{Kind: identity.BSUID, Scope: "200000000000001", Value: id}
}

func aliases(m message.Message) []identity.Alias {
	var as []identity.Alias
	for _, a := range m.Addresses() {
		as = append(as, a.Alias)
	}
	return as
}

func TestNormalize_RedeliveryKeepsID(t *testing.T) {
	t.Parallel()
	for _, message := range []string{
		says(`"from":"12025550123"`, "wamid.1", "hallo"),
		`{"from":"12025550123","timestamp":"1790000000","type":"text","text":{"body":"zonder id"}}`,
	} {
		alone := one(t, webhook("messages", `"messages":[`+message+`]`))
		batch := read(t, webhook("messages", `"messages":[`+says(`"from":"1"`, "wamid.0", "x")+`,`+message+`]`)).Messages
		if len(batch) != 2 || batch[1].ID != alone.ID {
			t.Errorf("message in another batch: got %+v, want the second of two with id %s", batch, alone.ID)
		}
	}
}

func TestNormalize_BrokenStatusBesideMessage(t *testing.T) {
	t.Parallel()
	d := read(t, webhook("messages", `"statuses":[{"status":"read","recipient_id":"12025550123","timestamp":"1790000000"},null],
		"messages":[`+says(`"from":"12025550123"`, "wamid.1", "hallo")+`]`))
	if len(d.Messages) != 1 || len(d.Broken) != 2 {
		t.Errorf("messages and broken elements: got %d and %d, want 1 and 2", len(d.Messages), len(d.Broken))
	}
}

func TestNormalize_AlternatingBrokenElements(t *testing.T) {
	t.Parallel()
	var changes []string
	for i := range 500 {
		changes = append(changes,
			fmt.Sprintf(`{"field":"messages","value":{"messages":[%s]}}`, says(`"from":"12025550123"`, fmt.Sprint("wamid.", i), "hallo")),
			`{"field":"messages","value":{"messages":[{"from":{},"text":7}]}}`)
	}
	d := read(t, `{"object":"whatsapp_business_account","entry":[{"changes":[`+strings.Join(changes, ",")+`]}]}`)
	if len(d.Messages) != 500 || len(d.Broken) != 500 || d.Elements() != 1000 {
		t.Errorf("messages and broken elements: got %d and %d, want 500 and 500", len(d.Messages), len(d.Broken))
	}
	if got, want := d.Broken[499].Path, "entry[0].changes[999].value.messages[0]"; got != want {
		t.Errorf("path of the last broken element: got %s, want %s", got, want)
	}
}

func TestNormalize_TooManyBrokenElements(t *testing.T) {
	t.Parallel()
	d := read(t, webhook("messages", `"messages":[`+strings.Repeat("{},", 50_000)+says(`"from":"12025550123"`, "wamid.1", "hallo")+`]`))
	if len(d.Messages) != 1 || len(d.Broken) != 1000 || len(d.Broken[999].Raw) < 150_000 {
		t.Errorf("messages and broken elements: got %d and %d, want 1 and 1000", len(d.Messages), len(d.Broken))
	}
}

func TestNormalize_UnknownType(t *testing.T) {
	t.Parallel()
	m := one(t, webhook("messages", `"messages":[{"from":"12025550123","id":"wamid.1","timestamp":"1790000000","type":"hologram","hologram":{"n":1}}]`))
	if m.Kind != message.Unsupported || m.Payload != "hologram" || !strings.Contains(string(m.Raw), `"hologram":{"n":1}`) || m.Passive {
		t.Errorf("got %+v", m)
	}
}

func TestNormalize_IncompleteContacts(t *testing.T) {
	t.Parallel()
	for _, contacts := range []string{`null`, `[]`, `{}`, `[{}]`, `[null]`, `"x"`, `[{"wa_id":"12025550123"}]`, `[{"profile":{}}]`, `[{"profile":null,"user_id":null}]`} {
		m := one(t, webhook("messages", `"contacts":`+contacts+`,"messages":[`+says(`"from":"12025550123"`, "wamid.1", "hallo")+`]`))
		if m.Customer.Alias != phone(jan) || m.Name != "" || m.Aliases != nil {
			t.Errorf("with contacts %s: got %+v", contacts, m)
		}
	}
}

func TestNormalize_SendersWithoutPhone(t *testing.T) {
	t.Parallel()
	d := read(t, webhook("messages", `"messages":[`+
		says(`"from":"","from_user_id":"`+user+`"`, "wamid.1", "een")+`,`+says(`"from":null,"from_user_id":"`+next+`"`, "wamid.2", "twee")+`,`+
		says(`"from":""`, "wamid.3", "niemand")+`]`))
	if len(d.Messages) != 2 || d.Messages[0].Customer.Alias != bsuid(user) || d.Messages[1].Customer.Alias != bsuid(next) {
		t.Errorf("got %+v", d.Messages)
	}
	if len(d.Broken) != 1 {
		t.Errorf("broken elements: got %d, want 1, the message without any id", len(d.Broken))
	}
}

func TestNormalize_PhoneAndUserID(t *testing.T) {
	t.Parallel()
	want := [][]identity.Alias{{phone(jan)}, {phone(jan), bsuid(user)}, {bsuid(user)}}
	for i, sender := range []string{
		`"from":"12025550123"`, `"from":"12025550123","from_user_id":"` + user + `"`, `"from_user_id":"` + user + `"`,
	} {
		m := one(t, webhook("messages", `"messages":[`+says(sender, "wamid.1", "hallo")+`]`))
		if diff := cmp.Diff(want[i], aliases(m)); diff != "" {
			t.Errorf("message %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestNormalize_UserIDChangedAfterMessage(t *testing.T) {
	t.Parallel()
	d := read(t, webhook("messages", `"messages":[`+says(`"from_user_id":"`+next+`"`, "wamid.1", "hallo")+`,
		{"id":"wamid.2","timestamp":"1790000000","type":"system","system":{"type":"user_changed_user_id","previous_user_id":"`+user+`","user_id":"`+next+`"}}]`))
	if len(d.Links) != 1 || d.Links[0].From != bsuid(user) || d.Links[0].To != bsuid(next) {
		t.Errorf("links: %+v", d.Links)
	}
	if len(d.Messages) != 2 || !d.Messages[1].Passive {
		t.Errorf("messages: %+v", d.Messages)
	}
}

func TestNormalize_ChangedNumber(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		system string
		want   []identity.Link
	}{
		{"old and new number", `"from":"12025550123","system":{"type":"user_changed_number","wa_id":"12025550199"}`,
			[]identity.Link{{From: phone(jan), To: phone("12025550199")}}},
		{"new number in older versions", `"from":"12025550123","system":{"type":"user_changed_number","new_wa_id":"12025550199"}`,
			[]identity.Link{{From: phone(jan), To: phone("12025550199")}}},
		{"new number alone", `"system":{"type":"user_changed_number","wa_id":"12025550199"}`, nil},
		{"numbers in the text, which a profile name can forge", `"from":"12025550123","system":{"type":"user_changed_number","body":"Jan changed from 447700900123 to 12025550199"}`, nil},
		{"invalid number", `"from":"12025550123","system":{"type":"user_changed_number","wa_id":"NEW_NUMBER"}`, nil},
		{"event of another kind", `"from":"12025550123","system":{"type":"customer_identity_changed","wa_id":"12025550199"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := read(t, webhook("messages", `"messages":[{"id":"wamid.1","timestamp":"1790000000","type":"system",`+tt.system+`}]`))
			for i := range d.Links {
				d.Links[i].Evidence = identity.Evidence{}
			}
			if diff := cmp.Diff(tt.want, d.Links); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(d.Messages) != 1 || d.Messages[0].Kind != message.Event || !d.Messages[0].Passive {
				t.Errorf("messages: %+v", d.Messages)
			}
		})
	}
}

func TestNormalize_KeepsBrazilMexicoArgentinaNumbers(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"551155501234", "5511955501234", "5215555550123", "525555550123", "5491155550123", "541155550123"} {
		m := one(t, webhook("messages", `"messages":[`+says(`"from":"`+number+`"`, "wamid.1", "hallo")+`]`))
		if m.Customer.Value != number {
			t.Errorf("customer number: got %s, want %s", m.Customer.Value, number)
		}
	}
}

func TestNormalize_PlaceholderID(t *testing.T) {
	t.Parallel()
	m := one(t, webhook("messages", `"messages":[`+says(`"from":"PHONE_NUMBER"`, "wamid.1", "hallo")+`]`))
	if m.Customer.Scope == "" || len(identity.PhoneVariants(m.Customer.Alias)) != 0 {
		t.Errorf("got %+v", m.Customer)
	}
}

func TestNormalize_Echo(t *testing.T) {
	t.Parallel()
	for _, list := range []string{"message_echoes", "messages"} {
		m := one(t, webhook("smb_message_echoes", `"`+list+`":[{"from":"15555550100","to":"12025550123","id":"wamid.1","timestamp":"1790000000","type":"text","text":{"body":"van ons"}}]`))
		if m.Direction != message.Outbound || m.Origin != message.Echo || m.Customer.Alias != phone(jan) {
			t.Errorf("in %s: got %+v", list, m)
		}
	}
}

func TestNormalize_EchoToSameCustomer(t *testing.T) {
	t.Parallel()
	in := one(t, webhook("messages", `"messages":[`+says(`"from":"551155501234"`, "wamid.1", "hallo")+`]`))
	out := one(t, webhook("smb_message_echoes", `"message_echoes":[{"from":"15555550100","to":"551155501234","id":"wamid.2","timestamp":"1790000001","type":"text","text":{"body":"dag"}}]`))
	if in.Customer != out.Customer {
		t.Errorf("customer of the echo: got %+v, want %+v", out.Customer, in.Customer)
	}
}

func TestNormalize_Standby(t *testing.T) {
	t.Parallel()
	m := one(t, webhook("standby", `"messages":[`+says(`"from":"12025550123"`, "wamid.1", "hallo")+`]`))
	if m.Origin != message.Standby || m.Direction != message.Inbound || m.Passive {
		t.Errorf("got %+v", m)
	}
}

func TestNormalize_Status(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"sent", "delivered", "read", "played", "failed", "deleted", "warning", "in_orbit", ""} {
		d := read(t, webhook("messages", `"statuses":[{"id":"wamid.unknown","status":"`+status+`","timestamp":1790000000,"recipient_id":"12025550123"}]`))
		if len(d.Messages) != 0 || len(d.Effects)+len(d.Notices) != 1 {
			t.Errorf("%q: got %+v", status, d)
		}
	}
}

func TestNormalize_CardWithoutPhone(t *testing.T) {
	t.Parallel()
	m := one(t, webhook("messages", `"messages":[{"from":"12025550123","id":"wamid.1","timestamp":"1790000000","type":"contacts","contacts":[{"name":{"formatted_name":"Mia Muster"}},{"phones":null}]}]`))
	if m.Kind != message.Cards || !strings.Contains(string(m.Data), "Mia Muster") || m.Aliases != nil {
		t.Errorf("got %+v", m)
	}
}

func TestNormalize_CardOfThirdPerson(t *testing.T) {
	t.Parallel()
	card := `"type":"contacts","contacts":[{"phones":[{"phone":"+44 7700 900123"}]}]`
	two := `"type":"contacts","origin":"contact_request/other","contacts":[{"phones":[{"phone":"+44 7700 900123"},{"phone":"+44 7700 900124"}]}]`
	for _, content := range []string{card, two} {
		m := one(t, webhook("messages", `"messages":[{"from_user_id":"`+user+`","id":"wamid.1","timestamp":"1790000000",`+content+`}]`))
		if m.Aliases != nil {
			t.Errorf("aliases: got %+v, want none", m.Aliases)
		}
	}
}

func TestNormalize_PassiveKinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		content string
		passive bool
		mark    string
	}{
		{"unsupported without a name", `"type":"unsupported","errors":[{"code":131051}]`, true, ""},
		{"unsupported poll", `"type":"unsupported","unsupported":{"type":"poll_creation"},"errors":[{"code":131051}]`, false, ""},
		{"pin", `"type":"unsupported","unsupported":{"type":"pin"},"errors":[{"code":131051}]`, true, ""},
		{"content lost", `"type":"unsupported","errors":[{"code":131060}]`, false, "content-lost"},
		{"other error", `"type":"unknown","errors":[{"code":131000}]`, false, ""},
		{"ephemeral", `"type":"ephemeral"`, true, ""},
		{"welcome", `"type":"request_welcome"`, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := one(t, webhook("messages", `"messages":[{"from":"12025550123","id":"wamid.1","timestamp":"1790000000",`+tt.content+`}]`))
			if m.Passive != tt.passive || m.Mark != tt.mark {
				t.Errorf("passive and mark: got %v and %q, want %v and %q", m.Passive, m.Mark, tt.passive, tt.mark)
			}
		})
	}
}

func TestNormalize_HistoryIsPassive(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		`"history":[{"threads":[{"id":"12025550123","messages":[` + says(`"from":"12025550123"`, "wamid.1", "oud") + `]}]}]`,
		`"messages":[{"from":"12025550123","id":"wamid.1","timestamp":"1790000000","type":"unsupported","errors":[{"code":131060}]}]`,
	} {
		if m := one(t, webhook("history", value)); m.Origin != message.History || !m.Passive {
			t.Errorf("got %+v", m)
		}
	}
}

func TestNormalize_HistoryFileAfterPlaceholder(t *testing.T) {
	t.Parallel()
	const common = `"from":"12025550123","id":"wamid.1","timestamp":"1790000000"`
	before := one(t, webhook("history", `"history":[{"threads":[{"id":"12025550123","messages":[{`+common+`,"type":"media_placeholder"}]}]}]`))
	after := one(t, webhook("history", `"messages":[{`+common+`,"type":"image","image":{"id":"4"}}]`))
	if before.ID == after.ID || after.ProviderID != "wamid.1" {
		t.Errorf("ids of placeholder and file: got %s and %s, want two ids, the file's with provider id wamid.1", before.ID, after.ID)
	}
}

func TestNormalize_NumericIDs(t *testing.T) {
	t.Parallel()
	m := one(t, webhook("messages", `"messages":[{"from":12025550123,"id":9007199254740993,"timestamp":1790000000,"type":"image","image":{"id":9007199254740995}}]`))
	if m.Customer.Alias != phone(jan) || m.ProviderID != "9007199254740993" || m.Attachments[0].Ref != "9007199254740995" {
		t.Errorf("got %+v", m)
	}
}

func TestNormalize_UnusualText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"unpaired surrogate", `"a\ud83db"`, "ab"},
		{"surrogate pair", `"\ud83d\ude00"`, "\U0001F600"},
		{"NUL", `"a\u0000b"`, "ab"},
		{"replacement character", `"a\ufffdb"`, "a\uFFFDb"},
		{"right-to-left override", `"\u202eabc"`, "\u202eabc"},
		{"number", `12.50`, "12.50"},
		{"over the maximum length", `"` + strings.Repeat("é", message.MaxText) + `"`, strings.Repeat("é", message.MaxText/2)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := one(t, webhook("messages", `"messages":[{"from":"12025550123","id":"wamid.1","timestamp":"1790000000","type":"text","text":{"body":`+tt.body+`}}]`))
			if m.Text != tt.want {
				t.Errorf("got %.40q of %d bytes, want %.40q of %d", m.Text, len(m.Text), tt.want, len(tt.want))
			}
			if err := m.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNormalize_OversizedContent(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", message.MaxRaw)
	d := read(t, webhook("messages", `"messages":[{"from":"12025550123","id":"wamid.1","timestamp":"1790000000","type":"hologram","hologram":"`+big+`"}]`))
	if len(d.Messages) != 1 || d.Messages[0].Raw != nil || len(d.Broken) != 1 || len(d.Broken[0].Raw) < len(big) {
		t.Errorf("messages and broken elements: got %d and %d, want 1 and 1", len(d.Messages), len(d.Broken))
	}
}

func TestNormalize_OversizedID(t *testing.T) {
	t.Parallel()
	long := "wamid." + strings.Repeat("x", 5000)
	m := one(t, webhook("messages", `"messages":[`+says(`"from":"12025550123"`, long, "hallo")+`]`))
	if len(m.ProviderID) > 100 || len(m.ID) > 100 {
		t.Errorf("length of provider id and id: got %d and %d bytes, want at most 100", len(m.ProviderID), len(m.ID))
	}
}

func TestNormalize_Timestamps(t *testing.T) {
	t.Parallel()
	for _, at := range []string{`"soon"`, `""`, `null`, `{}`, `-5`, `0`, `"1e99"`, `99999999999999999999`} {
		d := read(t, webhook("messages", `"messages":[{"from":"12025550123","id":"wamid.1","timestamp":`+at+`,"type":"text","text":{"body":"hallo"}}]`))
		if len(d.Messages) != 0 || len(d.Broken) != 1 {
			t.Errorf("%s: %d messages and %d broken, want 0 and 1", at, len(d.Messages), len(d.Broken))
		}
	}
	for _, at := range []string{`"1790000000"`, `1790000000`, `1790000000000`, `1790000000.0`, `1.79e9`, `"2026-09-21T14:13:20Z"`} {
		m := one(t, webhook("messages", `"messages":[{"from":"12025550123","id":"wamid.1","timestamp":`+at+`,"type":"text","text":{"body":"hallo"}}]`))
		if want := time.Unix(1790000000, 0).UTC(); m.SentAt != want {
			t.Errorf("time of %s: got %v, want %v", at, m.SentAt, want)
		}
	}
}

func TestNormalize_DashboardTestButton(t *testing.T) {
	t.Parallel()
	d := read(t, `{"object":"whatsapp_business_account","entry":[{"id":"0","changes":[{"field":"messages","value":{
		"metadata":{"phone_number_id":"123456123"},"contacts":[{"wa_id":"16315551181"}],
		"messages":[`+says(`"from":"16315551181"`, "ABGGFlA5Fpa", "this is a text message")+`]}}]}]}`)
	if len(d.Messages) != 0 || len(d.Notices) != 1 || d.Notices[0].Customer != nil {
		t.Errorf("got %+v", d)
	}
}
