package ingest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
)

// newMail returns a handler of the mails in w's bucket.
func newMail(w *world) *ingest.MailHandler {
	return &ingest.MailHandler{
		Bucket: w.blobs, Prefix: "in/", Ingester: w.hook.Ingester, Meter: w.counts,
		Parse: func(_ context.Context, raw []byte, notice json.RawMessage) (ingest.ParsedMail, error) {
			env := email.EnvelopeFromHeaders(raw)
			env.AddNotice(notice)
			d, p, err := email.Normalize(raw, env)
			return ingest.ParsedMail{Delivery: d, Quarantine: p.Quarantine, File: p.FileContent, Page: p.SafeHTML}, err
		},
		ParseEvent: func(event []byte) (ingest.SendingEvent, error) {
			told, err := email.ReadSendingEvent(event)
			return ingest.SendingEvent(told), err
		},
	}
}

// event returns an event with these records.
func event(records ...any) ingest.MailEvent {
	var ev ingest.MailEvent
	for _, r := range records {
		ev.Records = append(ev.Records, json.RawMessage(encoded(r)))
	}
	return ev
}

func encoded(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// queued returns an SQS message with this body.
func queued(id, body string) events.SQSMessage {
	return events.SQSMessage{MessageId: id, EventSource: "aws:sqs", Body: body}
}

// object is a JSON object.
type object = map[string]any

// byS3 returns the event of S3 about new objects.
func byS3(keys ...string) object {
	var records []object
	for _, k := range keys {
		records = append(records, object{"eventSource": "aws:s3", "s3": object{"bucket": object{"name": "mail"}, "object": object{"key": k}}})
	}
	return object{"Records": records}
}

// bySES returns the record of SES about a mail in the bucket.
func bySES(id string, recipients ...string) object {
	pass := object{"status": "PASS"}
	return object{
		"mail": object{"messageId": id, "timestamp": "2026-03-02T09:00:00.321Z", "source": "jan@voorbeeld.example", "destination": recipients},
		"receipt": object{
			"recipients": recipients, "spamVerdict": pass, "virusVerdict": pass, "spfVerdict": pass, "dkimVerdict": pass, "dmarcVerdict": pass,
			"action": object{"type": "S3", "bucketName": "mail", "objectKey": "in/" + id},
		},
	}
}

// notified returns the notification of SES with the record n.
func notified(n object) object {
	n["notificationType"] = "Received"
	return n
}

// bySNS returns the body of an SNS notification in a queue.
func bySNS(inner object) object {
	return object{"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:000000000000:x", "Message": encoded(inner)}
}

// pushed returns the record of an SNS notification to a function.
func pushed(inner object) object {
	return object{"EventSource": "aws:sns", "Sns": object{"Type": "Notification", "Message": encoded(inner)}}
}

// failedOf handles an SQS batch, and returns the ids of the messages that are
// delivered again.
func failedOf(t testing.TB, h *ingest.MailHandler, ev ingest.MailEvent) []string {
	t.Helper()
	out, err := h.Handle(t.Context(), ev)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, f := range out.(events.SQSEventResponse).BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

// hold puts a mail into the bucket.
func (w *world) hold(t testing.TB, key, raw string) {
	t.Helper()
	if err := w.blobs.Put(t.Context(), key, "message/rfc822", []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

var janMail = identity.Alias{Kind: identity.Email, Value: "jan@voorbeeld.example"}

const mail = "Return-Path: <jan@voorbeeld.example>\r\n" +
	"Received: from mx.voorbeeld.example by inbound-smtp.eu-west-1.amazonaws.com with SMTP id abcdefgh12345678 for info@winkel.example; Mon, 02 Mar 2026 09:00:00 +0000 (UTC)\r\n" +
	"X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n" +
	"Authentication-Results: amazonses.com; spf=pass; dkim=pass header.i=@voorbeeld.example; dmarc=pass header.from=voorbeeld.example;\r\n" +
	"From: Jan Voorbeeld <jan@voorbeeld.example>\r\nTo: info@winkel.example\r\nSubject: Factuur\r\nMessage-ID: <1@voorbeeld.example>\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n\r\nMijn factuur klopt niet.\r\n"

// TestMailHandler_EveryAnnouncement announces a mail in all ways, each twice. It
// stays one message per mailbox; only SES names more than one mailbox.
func TestMailHandler_EveryAnnouncement(t *testing.T) {
	t.Parallel()
	const id = "abcdefgh12345678"
	both := []string{"Info@winkel.example", "sales@winkel.example"}
	action := bySES(id, both...)
	action["receipt"].(object)["action"] = object{"type": "Lambda", "functionArn": "arn:aws:lambda:eu-west-1:000000000000:function:x"}
	for name, c := range map[string]struct {
		ev   ingest.MailEvent
		want int
	}{
		"S3, through a queue":                {event(queued("1", encoded(byS3("in/"+id)))), 1},
		"S3, through a topic and a queue":    {event(queued("1", encoded(bySNS(byS3("in/"+id))))), 1},
		"S3 itself":                          {event(byS3("in/" + id)["Records"].([]object)[0]), 1},
		"SES, through a topic and a queue":   {event(queued("1", encoded(bySNS(notified(bySES(id, both...)))))), 2},
		"SES, through a queue, as it is":     {event(queued("1", encoded(notified(bySES(id, both...))))), 2},
		"SES, from dead letters":             {event(queued("1", encoded(object{"requestPayload": object{"Records": []object{pushed(notified(bySES(id, both...)))}}}))), 2},
		"SES, through a topic":               {event(pushed(notified(bySES(id, both...)))), 2},
		"the Lambda action of a rule of SES": {event(object{"eventSource": "aws:ses", "ses": action}), 2},
		"all of them": {event(queued("1", encoded(byS3("in/"+id))), queued("2", encoded(bySNS(notified(bySES(id, both...))))),
			queued("3", encoded(notified(bySES(id, "sales@winkel.example"))))), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := newMail(w)
			w.hold(t, "in/"+id, mail)
			for range 2 {
				if out, err := h.Handle(t.Context(), c.ev); err != nil || len(c.ev.Records) == 0 {
					t.Fatalf("got %v and error %v, want no error", out, err)
				}
			}
			got := w.history(t, janMail)
			if len(got) != c.want {
				t.Fatalf("got %d messages, want %d", len(got), c.want)
			}
			for _, m := range got {
				if m.Source != "in/"+id || m.Text != "Mijn factuur klopt niet." {
					t.Errorf("got source %q and text %q, want in/%s and the mail's text", m.Source, m.Text, id)
				}
				if m.Customer.Assurance != identity.Verified {
					t.Errorf("got assurance %s, want %s", m.Customer.Assurance, identity.Verified)
				}
				if at := m.SentAt.Format("15:04:05.000"); at != "09:00:00.000" {
					t.Errorf("got time %s, want 09:00:00.000", at)
				}
			}
			if last := got[len(got)-1].Account; last != "info@winkel.example" {
				t.Errorf("got mailbox %s, want info@winkel.example", last)
			}
			if c.want == 2 && got[0].Account != "sales@winkel.example" {
				t.Errorf("got mailbox %s, want sales@winkel.example", got[0].Account)
			}
			if s := w.counts.sum; s["In"] != s["Stored"]+s["Duplicate"] || s["Stored"] != c.want {
				t.Errorf("got counts %v, want %d stored and the rest duplicates", s, c.want)
			}
		})
	}
}

// TestMailHandler_ConcurrentAnnouncements announces a mail by S3 and by SES at
// the same time.
func TestMailHandler_ConcurrentAnnouncements(t *testing.T) {
	t.Parallel()
	const id = "abcdefgh12345678"
	w := newWorld(t)
	h := newMail(w)
	w.hold(t, "in/"+id, mail)
	var all sync.WaitGroup
	for _, body := range []string{encoded(byS3("in/" + id)), encoded(bySNS(notified(bySES(id, "info@winkel.example"))))} {
		for range 2 {
			all.Go(func() {
				if _, err := h.Handle(t.Context(), event(queued("1", body))); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if got := w.history(t, janMail); len(got) != 1 {
		t.Errorf("got %d messages, want 1", len(got))
	}
}

// TestMailHandler_SameMailTwice receives one mail under two ids of SES, five
// minutes apart, in both orders and at the same time.
func TestMailHandler_SameMailTwice(t *testing.T) {
	t.Parallel()
	copyOf := func(id, minute, text string) string {
		return "Return-Path: <jan@voorbeeld.example>\r\n" +
			"Received: from mx.voorbeeld.example by inbound-smtp.eu-west-1.amazonaws.com with SMTP id " + id + " for info@winkel.example; Mon, 02 Mar 2026 09:" + minute + ":03 +0000 (UTC)\r\n" +
			"Authentication-Results: amazonses.com; dmarc=pass header.from=voorbeeld.example;\r\n" +
			"Received: from client by mx.voorbeeld.example; Mon, 02 Mar 2026 09:00:00 +0000\r\n" +
			"From: Jan Voorbeeld <jan@voorbeeld.example>\r\nTo: info@winkel.example\r\nSubject: Factuur\r\nMessage-ID: <1@voorbeeld.example>\r\n" +
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + text + "\r\n--b\r\nContent-Type: image/png; name=a.png\r\n\r\nPNG\r\n--b--\r\n"
	}
	for name, tt := range map[string]struct {
		second string
		want   int
	}{
		"the same":     {"Mijn factuur klopt niet.", 1},
		"another text": {"Mijn factuur klopt weer.", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := newMail(w)
			w.hold(t, "in/abcdefgh12345678", copyOf("abcdefgh12345678", "00", "Mijn factuur klopt niet."))
			w.hold(t, "in/ijklmnop12345678", copyOf("ijklmnop12345678", "05", tt.second))
			var all sync.WaitGroup
			for _, keys := range [][]string{{"in/abcdefgh12345678", "in/ijklmnop12345678"}, {"in/ijklmnop12345678", "in/abcdefgh12345678"}} {
				all.Go(func() {
					for _, key := range keys {
						if _, err := h.Handle(t.Context(), event(queued("1", encoded(byS3(key))))); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			got := w.history(t, janMail)
			if len(got) != tt.want {
				t.Errorf("got %d messages, want %d", len(got), tt.want)
			}
			for _, e := range got {
				if len(e.Attachments) != 1 || e.Attachments[0].SHA256 == "" {
					t.Errorf("got files %+v, want the picture, stored", e.Attachments)
				}
			}
			if s := w.counts.sum; s["In"] != s["Stored"]+s["Duplicate"] || s["Stored"] != tt.want {
				t.Errorf("got counts %v, want %d stored and the rest duplicates", s, tt.want)
			}
		})
	}
}

// unreadable is a bucket that has mails, and returns err when one is read.
type unreadable struct {
	ingest.MailBucket
	err error
}

func (b unreadable) Get(context.Context, string, int64) ([]byte, error) { return nil, b.err }

func TestMailHandler_UnavailableObject(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"deleted":            fault.New(fault.NotFound, "read object"),
		"access denied":      fault.New(fault.Internal, "AccessDenied"),
		"bucket unavailable": fault.New(fault.Unavailable, "read object"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := newMail(w)
			w.hold(t, "in/1", mail)
			whole := h.Bucket
			h.Bucket = unreadable{whole, err}
			if got := failedOf(t, h, event(queued("1", encoded(byS3("in/1"))))); len(got) != 1 || w.counts.sum["Quarantined"] != 0 {
				t.Fatalf("got failed messages %v and counts %v, want one failed message and no quarantine", got, w.counts.sum)
			}
			h.Bucket = whole
			if got := failedOf(t, h, event(queued("1", encoded(byS3("in/1"))))); len(got) != 0 || len(w.history(t, janMail)) != 1 {
				t.Errorf("second delivery: got failed messages %v, want none and one message in the history", got)
			}
		})
	}
}

func TestMailHandler_TestNotifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set := bySES("AMAZON_SES_SETUP_NOTIFICATION", "a@winkel.example")
	got := failedOf(t, newMail(w), event(
		queued("1", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"mail"}`),
		queued("2", encoded(byS3("in/AMAZON_SES_SETUP_NOTIFICATION"))),
		queued("3", encoded(bySNS(notified(set)))),
		queued("4", encoded(bySNS(object{"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have subscribed"}))),
	))
	if len(got) != 0 || w.counts.sum["In"] != 0 {
		t.Errorf("got failed messages %v and counts %v, want none", got, w.counts.sum)
	}
}

func TestMailHandler_BadAnnouncements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hold(t, "in/1", mail)
	got := failedOf(t, newMail(w), event(
		queued("not there yet", encoded(byS3("in/none"))), queued("good", encoded(byS3("in/1"))), queued("junk", "junk"),
		queued("empty", "{}"), queued("number", `{"Records":[1]}`), queued("other", `{"Records":[{"kinesis":{}}]}`),
		queued("bad key", encoded(byS3("%zz"))), queued("no id", encoded(notified(object{"mail": object{}}))),
		queued("twice", encoded(bySNS(bySNS(byS3("in/1"))))), queued("bounce", encoded(bySNS(object{"notificationType": "Bounce"}))),
		queued("one of two", encoded(byS3("in/none", "in/1"))),
	))
	if want := "not there yet,junk,empty,number,other,bad key,no id,twice,bounce,one of two"; strings.Join(got, ",") != want {
		t.Errorf("got failed messages %v, want %s", got, want)
	}
	if n := len(w.history(t, janMail)); n != 1 {
		t.Errorf("got %d messages, want the good one", n)
	}
	for name, ev := range map[string]ingest.MailEvent{
		"nothing there": event(pushed(notified(bySES("none", "a@winkel.example")))), "no event": event(object{"x": 1}),
	} {
		if _, err := newMail(w).Handle(t.Context(), ev); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

func TestMailHandler_SourceKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hold(t, "in/a mail+1", mail)
	if got := failedOf(t, newMail(w), event(queued("1", encoded(byS3("in/a+mail%2B1"))))); len(got) != 0 {
		t.Fatal(got)
	}
	if got := w.history(t, janMail); len(got) != 1 || got[0].Source != "in/a mail+1" {
		t.Errorf("got history %+v, want one message with its key, unescaped", got)
	}
}

func TestMailHandler_TooManyParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hold(t, "in/bomb", strings.Replace(mail, "text/plain; charset=utf-8", "multipart/mixed; boundary=b", 1)+strings.Repeat("--b\r\n\r\nx\r\n", 100_000))
	if got := failedOf(t, newMail(w), event(queued("1", encoded(byS3("in/bomb"))))); len(got) != 0 {
		t.Fatal(got)
	}
	got := w.history(t, janMail)
	cases, err := w.table.Messages.Quarantined(t.Context())
	if err != nil || len(got) != 1 || got[0].Mark != "unparsed" || len(cases) != 1 || cases[0].Object != "in/bomb" {
		t.Errorf("history %+v, cases %+v, %v", got, cases, err)
	}
}

// TestMailHandler_MailTooLarge checks that only the beginning of a mail above the
// limit is read, and that a mail of exactly the limit is read whole.
func TestMailHandler_MailTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for key, size := range map[string]int{"in/large": ingest.MaxMail + 1, "in/largest": ingest.MaxMail} {
		raw := strings.NewReplacer("abcdefgh12345678", key[3:]+"12345678", "text/plain; charset=utf-8", "multipart/mixed; boundary=b").Replace(mail)
		head, _, _ := strings.Cut(raw, "Mijn factuur")
		head += "--b\r\n\r\nZie bijlage.\r\n--b\r\nContent-Type: video/mp4; name=film.mp4\r\n\r\n"
		w.hold(t, key, head+strings.Repeat("x", size-len(head)))
	}
	h := newMail(w)
	reader := &measured{MailBucket: h.Bucket}
	h.Bucket = reader
	if got := failedOf(t, h, event(queued("1", encoded(byS3("in/large"))))); len(got) != 0 {
		t.Fatal(got)
	}
	if reader.read > 1<<20 {
		t.Errorf("got %d bytes read, want at most %d", reader.read, 1<<20)
	}
	got := w.history(t, janMail)
	cases, err := w.table.Messages.Quarantined(t.Context())
	if err != nil || len(got) != 1 || got[0].Mark != ingest.MarkTooLarge || got[0].Subject != "Factuur" || got[0].Text != "Zie bijlage." ||
		len(got[0].Attachments) != 0 || got[0].Source != "in/large" || len(cases) != 1 || cases[0].Object != "in/large" {
		t.Errorf("history %+v, cases %+v, %v", got, cases, err)
	}
	if again := failedOf(t, h, event(queued("1", encoded(byS3("in/largest"))))); len(again) != 0 {
		t.Fatal(again)
	}
	if got := w.history(t, janMail); len(got) != 2 || got[0].Mark+got[1].Mark != ingest.MarkTooLarge {
		t.Errorf("history %+v", got)
	}
}

// measured is a bucket that counts the bytes read from it.
type measured struct {
	ingest.MailBucket
	read int
}

func (m *measured) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	data, err := m.MailBucket.Get(ctx, key, limit)
	m.read += len(data)
	return data, err
}

func (m *measured) Begin(ctx context.Context, key string, n int64) ([]byte, error) {
	data, err := m.MailBucket.Begin(ctx, key, n)
	m.read += len(data)
	return data, err
}

func TestMailHandler_EncryptedObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.objects.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: aws.String("blobs"), Key: aws.String("in/sealed"), Body: strings.NewReader("x"), Metadata: map[string]string{"x-amz-key-v2": "y"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := failedOf(t, newMail(w), event(queued("1", encoded(byS3("in/sealed"))))); len(got) != 0 {
		t.Fatal(got)
	}
	cases, err := w.table.Messages.Quarantined(t.Context())
	if err != nil || len(cases) != 1 || !strings.Contains(cases[0].Reasons[0], "encrypted by SES") {
		t.Errorf("got cases %+v and error %v, want one that says how to stop the encryption", cases, err)
	}
}

// withFiles returns a mail with HTML, an inline image and two files.
func withFiles(id, headers string) string {
	return strings.NewReplacer("abcdefgh12345678", id, "Content-Type: text/plain; charset=utf-8\r\n\r\nMijn factuur klopt niet.\r\n", headers+
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/html\r\n\r\n<p onclick=x()>Zie <b>bijlage</b></p><img src=\"cid:logo\"><script>x()</script>\r\n"+
		"--b\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.StdEncoding.EncodeToString([]byte("\x89PNG logo"))+"\r\n"+
		"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"../fac\u202etuur.pdf\"\r\n\r\n%PDF-1.7\r\n"+
		"--b\r\nContent-Type: application/octet-stream; name=fotos.exe\r\n\r\nMZ\r\n--b--\r\n").Replace(mail)
}

func TestMailHandler_Attachments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := "abcdefgh12345678"
	w.hold(t, "in/"+id, withFiles(id, ""))
	for range 2 {
		if got := failedOf(t, newMail(w), event(queued("1", encoded(bySNS(notified(bySES(id, "info@winkel.example", "sales@winkel.example"))))))); len(got) != 0 {
			t.Fatal(got)
		}
	}
	got := w.history(t, janMail)
	if len(got) != 2 {
		t.Fatalf("got %d messages, want one per mailbox", len(got))
	}
	seen := map[string]bool{}
	for _, m := range got {
		want := []message.MediaFile{
			{State: message.Stored, Type: "image/png", Name: "logo.png", Size: 9},
			{State: message.Stored, Type: "application/pdf", Name: "factuur.pdf", Size: 8},
			{State: message.Stored, Type: "application/octet-stream", Name: "fotos.exe", Size: 2},
		}
		if m.State == nil || len(m.State.Files) != len(want) || m.State.Page == nil {
			t.Fatalf("got state %+v, want %d files and a page", m.State, len(want))
		}
		if mark := m.Attachments[2].Mark; mark != "dangerous" {
			t.Errorf("fotos.exe: got mark %q, want dangerous", mark)
		}
		if !m.Attachments[0].Inline || m.Attachments[1].Inline {
			t.Errorf("got attachments %+v, want the first inline and the second not", m.Attachments)
		}
		for i, f := range m.State.Files {
			data, err := w.blobs.Get(t.Context(), f.Key, 1<<20)
			if err != nil || int64(len(data)) != f.Size || len(f.SHA256) != 64 {
				t.Errorf("%s: got %q and error %v, want %d bytes and a SHA-256", f.Key, data, err, f.Size)
			}
			if !strings.HasPrefix(f.Key, "c/"+string(m.CustomerID)+"/f/") || seen[f.Key] {
				t.Errorf("got key %s, want one of its own under the customer", f.Key)
			}
			seen[f.Key] = true
			if f.SHA256, f.Key = "", ""; f != want[i] {
				t.Errorf("got file %+v, want %+v", f, want[i])
			}
		}
		page, err := w.blobs.Get(t.Context(), m.State.Page.Key, 1<<20)
		if want := `<p>Zie <b>bijlage</b></p><img src="cid:logo">`; err != nil || strings.TrimSpace(string(page)) != want || m.State.Page.Size != int64(len(page)) {
			t.Errorf("got page %s and error %v, want %s", page, err, want)
		}
	}
	for _, key := range w.stored(t) {
		if strings.Contains(key, "factuur") || strings.Contains(key, "voorbeeld") {
			t.Errorf("key %s contains customer data", key)
		}
	}
}

func TestMailHandler_Virus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := "abcdefgh12345678"
	n := bySES(id, "info@winkel.example")
	n["receipt"].(object)["virusVerdict"] = object{"status": "FAIL"}
	w.hold(t, "in/"+id, withFiles(id, ""))
	if got := failedOf(t, newMail(w), event(queued("1", encoded(bySNS(notified(n)))))); len(got) != 0 {
		t.Fatal(got)
	}
	got := w.history(t, janMail)
	if len(got) != 1 || got[0].Mark != "virus" || len(got[0].Attachments) != 3 {
		t.Fatalf("got history %+v, want one message with the mark virus and 3 attachments", got)
	}
	for _, f := range got[0].State.Files {
		if f.State != message.Failed || f.Reason != message.Blocked || f.Key != "" {
			t.Errorf("got file %+v, want it blocked and without a key", f)
		}
	}
	if keys := w.stored(t); len(keys) != 1 || got[0].State.Page != nil {
		t.Errorf("got objects %v and page %+v, want the raw mail alone", keys, got[0].State.Page)
	}
}

// full is a bucket that refuses every object.
type full struct{ ingest.Blobs }

func (f full) Put(context.Context, string, string, []byte) error {
	return fault.New(fault.Unavailable, "no room")
}

func TestMailHandler_FilesBeforeMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := "abcdefgh12345678"
	w.hold(t, "in/"+id, withFiles(id, ""))
	h := newMail(w)
	ingester := *h.Ingester
	ingester.Blobs = full{ingester.Blobs}
	h.Ingester = &ingester
	ev := event(queued("1", encoded(bySNS(notified(bySES(id, "info@winkel.example"))))))
	if got := failedOf(t, h, ev); len(got) != 1 || len(w.history(t, janMail)) != 0 {
		t.Fatalf("with a full bucket: got failed messages %v, want one and no history", got)
	}
	h.Ingester = w.hook.Ingester
	if got := failedOf(t, h, ev); len(got) != 0 || len(w.history(t, janMail)) != 1 {
		t.Errorf("second delivery: got failed messages %v, want none and one message", got)
	}
}
