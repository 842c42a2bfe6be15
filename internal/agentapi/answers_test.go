package agentapi_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

const replyRoute = "POST /v1/customers/{id}/replies"

// replyID has the time 11:00, replyID2 a second later. Now is 12:00.
const (
	replyID  = "019ca90e-1b80-7abc-8def-0123456789ab"
	replyID2 = "019ca90e-1f68-7abc-8def-0123456789ab"
)

func written(more map[string]any) map[string]any {
	body := map[string]any{"channel": "email", "text": "Morgen.", "id": replyID}
	for name, v := range more {
		body[name] = v
	}
	return body
}

func TestSendAnswer_Thread(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Customer(apitest.Els)
	s.Mails(who, message.Message{
		Account: "help@support.example.com", Subject: "AW: pakket", Thread: "m1@voorbeeld.example", Name: "Els",
		ReplyTo: &message.ReplyTo{References: []string{"m1@voorbeeld.example"}},
		Aliases: []identity.Address{{Alias: identity.Alias{Kind: identity.Email, Value: "evil@example.net"}, Assurance: identity.Claimed}},
	})
	s.Mails(who, message.Message{ProviderID: "ses2", Automated: "bounce", Passive: true, SentAt: now.Add(-80 * time.Minute)})
	var m message.Entry
	first := s.Do(call{Route: replyRoute, Path: id(who), Body: written(nil)})
	first.Into(http.StatusAccepted, &m)
	switch {
	case m.Customer != apitest.Els || m.Account != "help@support.example.com" || m.Subject != "AW: pakket" || m.Thread != "m1@voorbeeld.example" || m.Origin != message.Composed:
		t.Errorf("answer %+v", m)
	case m.ReplyTo == nil || !slices.Equal(m.ReplyTo.References, []string{"m1@voorbeeld.example", "m2@voorbeeld.example"}) || m.ReplyTo.ProviderID != "ses1/help@support.example.com":
		t.Errorf("in reply to %+v", m.ReplyTo)
	}
	token, domain, _ := strings.Cut(m.MailID, "@")
	if !apitest.MailKeys.Valid(token, apitest.Els.Alias) || domain != "support.example.com" {
		t.Errorf("Message-ID %s", m.MailID)
	}
	var again message.Entry
	s.Do(call{Route: replyRoute, Path: id(who), Body: written(nil)}).Into(http.StatusOK, &again)
	if again.MailID != m.MailID {
		t.Error("a repeated request made another mail")
	}
	s.Do(call{Route: replyRoute, Path: id(who), Body: written(map[string]any{"text": "Overmorgen."})}).ExpectRefusal(http.StatusConflict, "another message")
	if e, err := s.Table.Messages.Get(t.Context(), who, m.ID); err != nil || e.State == nil || e.State.Status != message.Queued {
		t.Errorf("state %+v, %v", e.State, err)
	}
}

func TestSendAnswer_Refused(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Customer(apitest.Els)
	mail := s.Mails(who, message.Message{Subject: "pakket"})
	silent := s.Says(phone(7), message.WhatsApp, 5, "hallo").CustomerID
	for name, tt := range map[string]struct {
		who    identity.CustomerID
		body   map[string]any
		status int
		detail string
	}{
		"by WhatsApp":                {who, written(map[string]any{"channel": "whatsapp"}), 400, "channel must be email"},
		"no text":                    {who, written(map[string]any{"text": " "}), 400, "text is missing"},
		"no id":                      {who, written(map[string]any{"id": ""}), 400, "UUIDv7"},
		"an id that tells no time":   {who, written(map[string]any{"id": "7f8b1e2a-0000-4abc-8def-0123456789ab"}), 400, "UUIDv7"},
		"an id of last year":         {who, written(map[string]any{"id": "0195513a-5a00-7abc-8def-0123456789ab"}), 400, "the time in the UUIDv7"},
		"to what there is not":       {who, written(map[string]any{"inReplyTo": "1740823200000:email:x"}), 400, "no such message"},
		"to what is no id":           {who, written(map[string]any{"inReplyTo": "x"}), 400, "inReplyTo"},
		"a customer without mail":    {silent, written(map[string]any{"subject": "Dag"}), 400, "no address on email"},
		"a first mail, no subject":   {silent, written(nil), 400, "subject is required"},
		"a subject without end":      {who, written(map[string]any{"subject": strings.Repeat("x", 3000)}), 413, "subject"},
		"another customer's message": {silent, written(map[string]any{"inReplyTo": string(mail.ID)}), 400, "no such message"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			s.Do(call{Route: replyRoute, Path: id(tt.who), Body: tt.body}).ExpectRefusal(tt.status, tt.detail)
		})
	}
}

func TestSendAnswer_AutomaticToAutomatic(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Customer(apitest.Els)
	for n, wrote := range []message.Message{{Automated: "auto-reply", Passive: true}, {NoReply: true}, {Automated: "list"}} {
		wrote.ProviderID, wrote.SentAt = strings.Repeat("p", n+1), now.Add(time.Duration(n-90)*time.Minute)
		s.Mails(who, wrote)
		s.Do(call{Route: replyRoute, Path: id(who), Body: written(map[string]any{"automatic": true, "force": "I insist"})}).ExpectRefusal(http.StatusConflict, "by a program")
	}
	s.Do(call{Route: replyRoute, Path: id(who), Body: written(nil)}).Expect(http.StatusAccepted) // a person may
}

func TestSendAnswer_BouncedAddress(t *testing.T) {
	t.Parallel()
	for kind, detail := range map[string]string{"bounce": "came back (5.1.1)", "complaint": "spam"} {
		s := newStack(t)
		who := s.Customer(apitest.Els)
		s.Mails(who, message.Message{Subject: "pakket"})
		mark := message.AddressMark{Kind: kind, Code: "5.1.1", At: now.Add(-time.Hour)}
		if err := s.Table.Messages.MarkAddress(t.Context(), apitest.Els.Alias, mark); err != nil {
			t.Fatal(err)
		}
		s.Do(call{Route: replyRoute, Path: id(who), Body: written(nil)}).ExpectRefusal(http.StatusConflict, detail)
		s.Do(call{Route: replyRoute, Path: id(who), Body: written(map[string]any{"force": "they called"})}).Expect(http.StatusAccepted)
		s.Mails(who, message.Message{ProviderID: "ses3", SentAt: now.Add(-30 * time.Minute)})
		s.Do(call{Route: replyRoute, Path: id(who), Body: written(map[string]any{"id": replyID2})}).Expect(http.StatusAccepted)
	}
}

func TestSendAnswer_FilesAndHTML(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Customer(apitest.Els)
	s.Mails(who, message.Message{Subject: "pakket"})
	file := func(name, typ, data string) map[string]any {
		return map[string]any{"name": name, "type": typ, "data": data}
	}
	with := func(files ...map[string]any) map[string]any {
		return map[string]any{
			"channel": "email", "id": replyID, "html": `<p onclick="x()">Zie de <b>factuur</b></p><script>x()</script>`, "files": files,
		}
	}
	invoice := file(`C:\map\factuur.txt`, "text/plain", "RWVuIGZhY3R1dXI=")
	var m message.Entry
	s.Do(call{Route: replyRoute, Path: id(who), Body: with(invoice)}).Into(http.StatusAccepted, &m)
	if m.Text != "Zie de factuur" || len(m.Attachments) != 1 || m.Attachments[0].Name != "factuur.txt" || m.Attachments[0].Size != 11 || m.Page == 0 {
		t.Fatalf("answer %+v", m.Message)
	}
	e, err := s.Table.Messages.Get(t.Context(), who, m.ID)
	if err != nil || e.State == nil || len(e.State.Files) != 1 || e.State.Page == nil {
		t.Fatalf("%+v, %v", e, err)
	}
	for key, want := range map[string]string{e.State.Files[0].Key: "Een factuur", e.State.Page.Key: "<p>Zie de <b>factuur</b></p>"} {
		if data, err := s.Blobs.Get(t.Context(), key, 1<<20); err != nil || string(data) != want {
			t.Errorf("kept %q, %v", data, err)
		}
	}
	s.Do(call{Route: replyRoute, Path: id(who), Body: with(invoice)}).Into(http.StatusOK, &m)
	s.Do(call{Route: replyRoute, Path: id(who), Body: with(file("factuur.txt", "text/plain", "RWVuIGFuZGVyZQ=="))}).ExpectRefusal(http.StatusConflict, "another message")
	if data, err := s.Blobs.Get(t.Context(), e.State.Files[0].Key, 1<<20); err != nil || string(data) != "Een factuur" {
		t.Errorf("the refused answer's file took its place: %q, %v", data, err)
	}
	big := base64.StdEncoding.EncodeToString(make([]byte, 2<<20))
	many := make([]map[string]any, 11)
	for i := range many {
		many[i] = invoice
	}
	for name, tt := range map[string]struct {
		body   map[string]any
		status int
		says   string
	}{
		"a program":           {with(file("factuur.exe", "", "eA==")), 400, "runs when it is opened"},
		"a page":              {with(file("x.pdf.html", "application/pdf", "eA==")), 400, "runs when it is opened"},
		"no name":             {with(file(" ..", "", "eA==")), 400, "name is required"},
		"no type":             {with(file("x", "pdf of mine", "eA==")), 400, "media type"},
		"no base64":           {with(file("x", "", "%")), 400, "base64"},
		"nothing in it":       {with(file("x", "", "")), 400, "base64"},
		"too many":            {with(many...), 400, "10 files"},
		"too large":           {with(file("x", "", big), file("y", "", big)), 413, "bytes"},
		"a page without word": {map[string]any{"channel": "email", "id": replyID2, "html": "<script>x()</script>"}, 400, "text is missing"},
		"too long a page":     {map[string]any{"channel": "email", "id": replyID2, "html": strings.Repeat("x", 256<<10+1)}, 413, "html"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Do(call{Route: replyRoute, Path: id(who), Body: tt.body}).ExpectRefusal(tt.status, tt.says)
		})
	}
}
