package ingest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// secrets is a secret. Refresh replaces its known values with the newest ones.
type secrets struct {
	mu     sync.Mutex
	known  []string
	newest []string
}

func (s *secrets) Values(_ context.Context, name string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "verifyToken" {
		return []string{"handshake"}, nil
	}
	return s.known, nil
}

func (s *secrets) Refresh(context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newest == nil {
		return false, nil
	}
	s.known, s.newest = s.newest, nil
	return true, nil
}

// counts sums up the counts of a meter.
type counts struct {
	mu  sync.Mutex
	sum map[string]int
}

func (c *counts) Count(_, _ string, counts map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range counts {
		c.sum[k] += v
	}
}

// world is a webhook handler with a table, a bucket and a secret of its own.
type world struct {
	table   *store.Table
	objects *awss3.Client
	blobs   *blob.Bucket
	hook    *ingest.WebhookHandler
	counts  *counts
	secrets *secrets
}

func newWorld(t testing.TB) *world {
	t.Helper()
	srv, err := s3.New(s3.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.CreateBucket("blobs"); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	client := awss3.New(awss3.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(web.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	w := &world{
		table: storetest.New(t), objects: client, blobs: blob.New(client, "blobs"),
		counts: &counts{sum: map[string]int{}}, secrets: &secrets{known: []string{"s3cret"}},
	}
	w.hook = &ingest.WebhookHandler{
		Channel: message.WhatsApp, Secrets: w.secrets, Normalize: whatsapp.Normalize, Meter: w.counts,
		Ingester: &ingest.Ingester{Store: ingest.StoreOf(w.table), Blobs: w.blobs, Now: time.Now},
	}
	return w
}

// stored returns the keys in the bucket.
func (w *world) stored(t testing.TB) []string {
	t.Helper()
	out, err := w.objects.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("blobs")})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

func (w *world) post(t testing.TB, body, signature string) int {
	t.Helper()
	req := events.APIGatewayV2HTTPRequest{Body: body, Headers: map[string]string{meta.SignatureHeader: signature}}
	req.RequestContext.HTTP.Method = "POST"
	resp, err := w.hook.Handle(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != "" {
		t.Errorf("got response body %q, want none", resp.Body)
	}
	return resp.StatusCode
}

func (w *world) signed(t testing.TB, body string) int {
	t.Helper()
	return w.post(t, body, meta.Sign([]byte(body), "s3cret"))
}

func (w *world) history(t testing.TB, a identity.Alias) []message.Entry {
	t.Helper()
	id, _, err := w.table.Customers.FindCustomer(t.Context(), a)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.table.Customers.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.table.Messages.History(t.Context(), c, message.Query{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	return p.Entries
}

var jan = identity.Alias{Kind: identity.Phone, Value: "31970100000001"}

// hookBody returns a webhook with these messages, or broken elements, of Jan's.
func hookBody(messages ...string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"waba","changes":[{"field":"messages","value":{` +
		`"messaging_product":"whatsapp","metadata":{"display_phone_number":"31970100000000","phone_number_id":"110"},` +
		`"contacts":[{"profile":{"name":"Jan Voorbeeld"},"wa_id":"31970100000001"}],"messages":[` + strings.Join(messages, ",") + `]}}]}]}`
}

// said returns a text message of Jan's.
func said(id, text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"from":"31970100000001","id":"wamid.%s","timestamp":"1772442000","type":"text","text":{"body":%s}}`, id, data)
}

func TestWebhookHandler_Redelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := hookBody(said("A", "Mijn factuur klopt niet"), said("B", "Hallo?"))
	for range 3 {
		if got := w.signed(t, body); got != 200 {
			t.Fatalf("got status %d, want 200", got)
		}
	}
	if h := w.history(t, jan); len(h) != 2 || h[0].Name != "Jan Voorbeeld" || h[0].ReceivedAt.IsZero() {
		t.Errorf("got history %+v, want two messages of Jan Voorbeeld", h)
	}
	want := map[string]int{"In": 6, "Stored": 2, "Duplicate": 4}
	for name, n := range want {
		if w.counts.sum[name] != n {
			t.Errorf("count %s: got %d, want %d", name, w.counts.sum[name], n)
		}
	}
}

func TestWebhookHandler_BadSignature(t *testing.T) {
	t.Parallel()
	body := hookBody(said("A", "caf\u00e9 @ /"))
	good := meta.Sign([]byte(body), "s3cret")
	var again any
	if err := json.Unmarshal([]byte(body), &again); err != nil {
		t.Fatal(err)
	}
	rewritten, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ body, signature string }{
		"wrong":         {body, meta.Sign([]byte(body), "other")},
		"missing":       {body, ""},
		"truncated":     {body, good[:30]},
		"re-serialized": {string(rewritten), good},
		"empty secret":  {body, meta.Sign([]byte(body), "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if got := w.post(t, c.body, c.signature); got != 401 {
				t.Errorf("got status %d, want 401", got)
			}
			if n, keys := len(w.history(t, jan)), w.stored(t); n != 0 || len(keys) != 0 {
				t.Errorf("got %d messages and objects %v, want none", n, keys)
			}
		})
	}
}

func TestWebhookHandler_SecretRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secrets.newest = []string{"brandnew", "s3cret"}
	body := hookBody(said("A", "x"))
	if got := w.post(t, body, meta.Sign([]byte(body), "brandnew")); got != 200 {
		t.Errorf("signed with the newest secret: got status %d, want 200", got)
	}
	if got := w.signed(t, body); got != 200 {
		t.Errorf("signed with the previous secret: got status %d, want 200", got)
	}
}

func TestWebhookHandler_UnreadableBody(t *testing.T) {
	t.Parallel()
	deep := `{"object":"whatsapp_business_account","entry":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`
	for name, body := range map[string]string{
		"empty":          "",
		"not JSON":       "hello",
		"not an object":  "[1,2]",
		"another object": `{"object":"page","entry":[]}`,
		"deeply nested":  deep,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for range 2 {
				if got := w.signed(t, body); got != 200 {
					t.Fatalf("got status %d, want 200", got)
				}
			}
			cases, err := w.table.Messages.Quarantined(t.Context())
			if err != nil || len(cases) != 1 {
				t.Fatalf("got cases %v and error %v, want one case", cases, err)
			}
			kept, err := w.blobs.Get(t.Context(), cases[0].Object, 1<<20)
			if err != nil || string(kept) != body {
				t.Errorf("quarantine: got %d bytes and error %v, want the body of %d bytes", len(kept), err, len(body))
			}
			if w.counts.sum["In"] != 2 || w.counts.sum["Quarantined"] != 2 {
				t.Errorf("got counts %v, want 2 in and 2 quarantined", w.counts.sum)
			}
		})
	}
}

func TestWebhookHandler_BrokenElement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.signed(t, hookBody(said("A", "goed"), `{"type":"text"}`, `"not an object"`, said("B", "ook goed"))); got != 200 {
		t.Fatalf("got status %d, want 200", got)
	}
	if n := len(w.history(t, jan)); n != 2 {
		t.Errorf("got %d messages, want the 2 good ones", n)
	}
	cases, err := w.table.Messages.Quarantined(t.Context())
	if err != nil || len(cases) != 1 {
		t.Fatalf("got cases %v and error %v, want one case", cases, err)
	}
	s := w.counts.sum
	if sum := s["Stored"] + s["Duplicate"] + s["Quarantined"] + s["Refused"] + s["Erased"]; s["In"] != sum {
		t.Errorf("got counts %v, want In to be the sum of the others, %d", s, sum)
	}
	if s["Stored"] != 2 || s["Quarantined"] == 0 {
		t.Errorf("got counts %v, want 2 stored and some quarantined", s)
	}
}

func TestWebhookHandler_Base64Body(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := hookBody(said("A", "hé"))
	req := events.APIGatewayV2HTTPRequest{
		Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: true,
		Headers: map[string]string{"X-Hub-Signature-256": meta.Sign([]byte(body), "s3cret")}, // the case that a REST API uses
	}
	req.RequestContext.HTTP.Method = "POST"
	if resp, err := w.hook.Handle(t.Context(), req); err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %+v and error %v, want status 200", resp, err)
	}
	if n := len(w.history(t, jan)); n != 1 {
		t.Errorf("got %d messages, want 1", n)
	}
	req.Body = "%%%"
	if resp, err := w.hook.Handle(t.Context(), req); err != nil || resp.StatusCode == 200 {
		t.Errorf("malformed base64: got %+v and error %v, want a status other than 200", resp, err)
	}
}

func TestWebhookHandler_BodyTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.signed(t, strings.Repeat(" ", ingest.MaxWebhook+1)); got != 413 {
		t.Errorf("above the limit: got status %d, want 413", got)
	}
	if got := w.signed(t, hookBody(said("A", "x"))+strings.Repeat(" ", 3<<20)); got != 200 {
		t.Errorf("3 MB: got status %d, want 200", got)
	}
}

func TestWebhookHandler_Handshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for token, want := range map[string]int{"handshake": 200, "guess": 403, "": 403} {
		req := events.APIGatewayV2HTTPRequest{QueryStringParameters: map[string]string{
			"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "42",
		}}
		req.RequestContext.HTTP.Method = "GET"
		resp, err := w.hook.Handle(t.Context(), req)
		if err != nil || resp.StatusCode != want {
			t.Errorf("token %q: got %+v and error %v, want status %d", token, resp, err, want)
		}
		if want == 200 && resp.Body != "42" {
			t.Errorf("token %q: got body %q, want the challenge 42", token, resp.Body)
		}
	}
}

// outage makes the next down writes of messages fail.
type outage struct {
	store.Messages
	mu   sync.Mutex
	down int
}

// storeWithOutage returns the parts of a table on which the first write of a
// message fails.
func storeWithOutage(table *store.Table) ingest.Store {
	s := ingest.StoreOf(table)
	s.Messages = &outage{Messages: table.Messages, down: 1}
	return s
}

func (o *outage) Put(ctx context.Context, m message.Message, whole string) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down > 0 {
		o.down--
		return false, fault.Wrap(fault.Unavailable, errors.New("throttled"), "write item")
	}
	return o.Messages.Put(ctx, m, whole)
}

func TestIngest_StoreOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hook.Ingester.Store = storeWithOutage(w.table)
	body := hookBody(said("A", "1"), said("B", "2"), said("C", "3"))
	if got := w.signed(t, body); got != 503 {
		t.Fatalf("during the outage: got status %d, want 503", got)
	}
	if n := len(w.history(t, jan)); n != 2 {
		t.Errorf("during the outage: got %d messages, want the 2 others", n)
	}
	if got := w.signed(t, body); got != 200 {
		t.Fatalf("after the outage: got status %d, want 200", got)
	}
	if n := len(w.history(t, jan)); n != 3 {
		t.Errorf("after the outage: got %d messages, want 3", n)
	}
}

func TestIngest_LargeText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := strings.Repeat("lang verhaal ", 3000)
	if got := w.signed(t, hookBody(said("A", text))); got != 200 {
		t.Fatalf("got status %d, want 200", got)
	}
	h := w.history(t, jan)
	if len(h) != 1 || len(h[0].Text) > 1024 || h[0].Whole == "" {
		t.Fatalf("got history %+v, want one preview of at most 1,024 bytes", h)
	}
	data, err := w.blobs.Get(t.Context(), h[0].Whole, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var m message.Message
	if err := json.Unmarshal(data, &m); err != nil || m.Text != text {
		t.Errorf("in S3: got a text of %d bytes and error %v, want %d bytes", len(m.Text), err, len(text))
	}
	if strings.Contains(h[0].Whole, "31970100000001") || strings.Contains(h[0].Whole, "wamid") {
		t.Errorf("key %q contains an address or a provider id", h[0].Whole)
	}
}

func TestWebhookHandler_InvalidCharacters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	odd := `{"from":"31970100000001","id":"wamid.A","timestamp":"1772442000","type":"text","text":{"body":"a\ud83dz\u0000!"}}`
	if got := w.signed(t, hookBody(odd)); got != 200 {
		t.Fatalf("got status %d, want 200", got)
	}
	if h := w.history(t, jan); len(h) != 1 || h[0].Text != "az!" {
		t.Errorf("got history %+v, want one text without NUL and lone surrogate", h)
	}
}

// TestWebhookHandler_NotUTF8 receives signed webhooks that are not UTF-8. They are
// in quarantine as they came, and nothing of them is stored in another form.
func TestWebhookHandler_NotUTF8(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a wrong byte":                     "Gr\xfc\xdfe",
		"a byte alone":                     "\xff",
		"a character that is cut off":      "a\xe2\x82",
		"half of a character in CESU-8":    "\xed\xa0\xbd",
		"a letter that is longer than due": "\xc0\xaf",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			body := strings.Replace(hookBody(said("A", "Hallo TEXT"), said("B", "Hallo")), "TEXT", text, 1)
			if got := w.signed(t, body); got != 200 {
				t.Fatalf("status: got %d, want 200", got)
			}
			if h := w.history(t, jan); len(h) != 0 {
				t.Errorf("history: got %+v, want no message", h)
			}
			if s := w.counts.sum; s["Quarantined"] != 1 || s["Stored"] != 0 {
				t.Errorf("counts: got %v, want one quarantined delivery", s)
			}
			keys := w.stored(t)
			if len(keys) != 1 {
				t.Fatalf("objects: got %v, want the delivery", keys)
			}
			if kept, err := w.blobs.Get(t.Context(), keys[0], 1<<20); err != nil || string(kept) != body {
				t.Errorf("delivery in quarantine: got %q and error %v, want it as it came", kept, err)
			}
		})
	}
}

func TestWebhookHandler_NoCustomerDataInLog(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	w := newWorld(t)
	w.hook.Ingester.Store = storeWithOutage(w.table)
	body := hookBody(said("HBgMMzE5NzAxMDAwMDAwMDE", "Geheim verhaal"))
	w.signed(t, body)
	w.signed(t, body)
	w.signed(t, "Geheim verhaal van 31970100000001")
	w.post(t, body, "sha256=Geheim")
	text, err := io.ReadAll(&log)
	if err != nil || len(text) == 0 {
		t.Fatalf("got an empty log and error %v, want log lines", err)
	}
	for _, leak := range []string{"Geheim", "31970100000001", "HBgM", "Voorbeeld"} {
		if bytes.Contains(text, []byte(leak)) {
			t.Errorf("the log contains %q: %s", leak, text)
		}
	}
}

func TestWebhookHandler_EverySecondElementBroken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := []string{
		`{"type":"text"}`, `"not an object"`, `{"from":"31970100000001","id":"wamid.X","timestamp":"never","type":"text","text":{"body":"x"}}`,
		`null`, `[]`, `{"from":"","id":"wamid.Y","timestamp":"1772442000","type":"text","text":{"body":"x"}}`,
	}
	var changes []string
	elements := 1000
	if testing.Short() {
		elements = 100
	}
	for i := range elements {
		element := said(fmt.Sprint("N", i), fmt.Sprint("bericht ", i))
		if i%2 == 1 {
			element = broken[i/2%len(broken)]
		}
		changes = append(changes, fmt.Sprintf(`{"field":"messages","value":{"metadata":{"phone_number_id":"110"},"messages":[%s]}}`, element))
	}
	body := `{"object":"whatsapp_business_account","entry":[{"id":"waba","changes":[` + strings.Join(changes, ",") + `]}]}`
	if got := w.signed(t, body); got != 200 {
		t.Fatalf("got status %d, want 200", got)
	}
	stored := map[string]bool{}
	id, _, err := w.table.Customers.FindCustomer(t.Context(), jan)
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.table.Customers.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for q := (message.Query{Limit: 200}); ; {
		p, err := w.table.Messages.History(t.Context(), c, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Entries {
			stored[e.Text] = true
		}
		if q.Cursor = p.Cursor; p.Complete {
			break
		}
	}
	for i := 0; i < elements; i += 2 {
		if !stored[fmt.Sprint("bericht ", i)] {
			t.Fatalf("message %d is not in the history", i)
		}
	}
	cases, err := w.table.Messages.Quarantined(t.Context())
	if err != nil || len(cases) != 1 {
		t.Fatalf("got cases %v and error %v, want one case", cases, err)
	}
	if kept, err := w.blobs.Get(t.Context(), cases[0].Object, 8<<20); err != nil || string(kept) != body {
		t.Errorf("quarantine: got %d bytes and error %v, want the delivery of %d bytes", len(kept), err, len(body))
	}
	s := w.counts.sum
	if s["In"] != elements || s["Stored"]+s["Quarantined"] != elements || len(stored) != s["Stored"] {
		t.Errorf("got counts %v and %d messages, want %d elements in all", s, len(stored), elements)
	}
}

func TestIngest_ConcurrentDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := hookBody(said("A", "Mijn factuur klopt niet"))
	var both sync.WaitGroup
	for range 8 {
		both.Go(func() {
			if got := w.signed(t, body); got != 200 {
				t.Errorf("got status %d, want 200", got)
			}
		})
	}
	both.Wait()
	if n := len(w.history(t, jan)); n != 1 || w.counts.sum["Stored"] != 1 || w.counts.sum["Duplicate"] != 7 {
		t.Errorf("got %d messages and counts %v, want 1 message, 1 stored and 7 duplicates", n, w.counts.sum)
	}
}

// A webhook with a time that cannot be right is quarantined whole. Its other
// elements are stored, and a redelivery is the same case.
func TestWebhookHandler_IncredibleTime(t *testing.T) {
	t.Parallel()
	at := func(when time.Time, id string) string {
		return fmt.Sprintf(`{"from":"31970100000001","id":"wamid.%s","timestamp":"%d","type":"text","text":{"body":"hallo"}}`, id, when.Unix())
	}
	status := func(when time.Time) string {
		return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"waba","changes":[{"field":"messages","value":{`+
			`"messaging_product":"whatsapp","metadata":{"display_phone_number":"31970100000000","phone_number_id":"110"},`+
			`"statuses":[{"id":"wamid.OUT","recipient_id":"31970100000001","status":"read","timestamp":"%d"}]}}]}]}`, when.Unix())
	}
	page := func(when time.Time) string {
		return fmt.Sprintf(`{"object":"page","entry":[{"id":"104729","time":%d,"messaging":[{"sender":{"id":"77001"},"recipient":{"id":"104729"},`+
			`"timestamp":%[1]d,"message":{"mid":"m_1","text":"hallo"}}]}]}`, when.UnixMilli())
	}
	now := time.Now()
	farAhead := time.Unix(9_999_999_999, 0)
	for name, tt := range map[string]struct {
		body        string
		normalize   func([]byte) (message.Delivery, error)
		quarantined int
		stored      int
	}{
		"a message of 2286":                      {body: hookBody(at(farAhead, "A"), said("B", "goed")), quarantined: 1, stored: 1},
		"a message of tomorrow, after this hour": {body: hookBody(at(now.Add(25*time.Hour), "A")), quarantined: 1},
		"a message of a fast clock":              {body: hookBody(at(now.Add(23*time.Hour), "A")), stored: 1},
		"a message of 2008":                      {body: hookBody(at(time.Date(2008, 12, 31, 0, 0, 0, 0, time.UTC), "A")), quarantined: 1},
		"a message of 2009":                      {body: hookBody(at(time.Date(2009, 1, 2, 0, 0, 0, 0, time.UTC), "A")), stored: 1},
		"a status of 2286":                       {body: status(farAhead), quarantined: 1},
		"a status of now":                        {body: status(now), stored: 1},
		"a Messenger message of 2286":            {body: page(farAhead), normalize: messenger.Normalize, quarantined: 1},
		"a Messenger message of now":             {body: page(now), normalize: messenger.Normalize, stored: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.normalize != nil {
				w.hook.Normalize = tt.normalize
				w.hook.Channel = message.Messenger
			}
			for range 2 {
				if got := w.signed(t, tt.body); got != 200 {
					t.Fatalf("got status %d, want 200", got)
				}
			}
			want := map[string]int{"In": 2 * (tt.stored + tt.quarantined), "Stored": tt.stored, "Duplicate": tt.stored, "Quarantined": 2 * tt.quarantined}
			for metric, n := range want {
				if w.counts.sum[metric] != n {
					t.Errorf("count %s: got %d, want %d", metric, w.counts.sum[metric], n)
				}
			}
			cases, err := w.table.Messages.Quarantined(t.Context())
			if err != nil || len(cases) != tt.quarantined {
				t.Fatalf("got %d cases and error %v, want %d", len(cases), err, tt.quarantined)
			}
			if tt.quarantined > 0 && len(w.stored(t)) != 1 {
				t.Errorf("the bucket has %q, want the raw delivery", w.stored(t))
			}
		})
	}
}
