package intake_test

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
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/intake"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/webhook"
)

// secrets is a secret whose newest value may have to be read anew.
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

// counts adds up what was counted.
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

type world struct {
	table   *store.Table
	objects *awss3.Client
	blobs   *blob.Bucket
	hook    *intake.Webhook
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
	w.hook = &intake.Webhook{
		Channel: contact.WhatsApp, Secrets: w.secrets, Normalize: whatsapp.Normalize, Meter: w.counts,
		Taker: &intake.Taker{Store: w.table, Blobs: w.blobs, Now: time.Now},
	}
	return w
}

// stored lists the keys in the bucket.
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
	req := events.APIGatewayV2HTTPRequest{Body: body, Headers: map[string]string{webhook.SignatureHeader: signature}}
	req.RequestContext.HTTP.Method = "POST"
	resp, err := w.hook.Handle(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != "" {
		t.Errorf("a platform is told %q", resp.Body)
	}
	return resp.StatusCode
}

func (w *world) signed(t testing.TB, body string) int {
	t.Helper()
	return w.post(t, body, webhook.Sign([]byte(body), "s3cret"))
}

func (w *world) history(t testing.TB, a identity.Alias) []contact.Entry {
	t.Helper()
	id, _, err := w.table.FindCustomer(t.Context(), a)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.table.Customer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.table.History(t.Context(), c, contact.Query{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	return p.Entries
}

var jan = identity.Alias{Kind: identity.Phone, Value: "31970100000001"}

// hook is a webhook with messages of Jan's, or whatever else stands for one.
func hookBody(messages ...string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"waba","changes":[{"field":"messages","value":{` +
		`"messaging_product":"whatsapp","metadata":{"display_phone_number":"31970100000000","phone_number_id":"110"},` +
		`"contacts":[{"profile":{"name":"Jan Voorbeeld"},"wa_id":"31970100000001"}],"messages":[` + strings.Join(messages, ",") + `]}}]}]}`
}

func said(id, text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"from":"31970100000001","id":"wamid.%s","timestamp":"1772442000","type":"text","text":{"body":%s}}`, id, data)
}

func TestAWebhookIsTakenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := hookBody(said("A", "Mijn factuur klopt niet"), said("B", "Hallo?"))
	for range 3 {
		if got := w.signed(t, body); got != 200 {
			t.Fatalf("status %d", got)
		}
	}
	if h := w.history(t, jan); len(h) != 2 || h[0].Name != "Jan Voorbeeld" || h[0].ReceivedAt.IsZero() {
		t.Errorf("history %+v", h)
	}
	want := map[string]int{"In": 6, "Stored": 2, "Duplicate": 4}
	for name, n := range want {
		if w.counts.sum[name] != n {
			t.Errorf("%s is %d, want %d", name, w.counts.sum[name], n)
		}
	}
}

func TestABadSignatureChangesNothing(t *testing.T) {
	t.Parallel()
	body := hookBody(said("A", "caf\u00e9 @ /"))
	good := webhook.Sign([]byte(body), "s3cret")
	var again any
	if err := json.Unmarshal([]byte(body), &again); err != nil {
		t.Fatal(err)
	}
	rewritten, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ body, signature string }{
		"wrong":         {body, webhook.Sign([]byte(body), "other")},
		"missing":       {body, ""},
		"truncated":     {body, good[:30]},
		"re-serialized": {string(rewritten), good},
		"of no secret":  {body, webhook.Sign([]byte(body), "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if got := w.post(t, c.body, c.signature); got != 401 {
				t.Errorf("status %d", got)
			}
			if len(w.history(t, jan)) != 0 || len(w.stored(t)) != 0 {
				t.Error("something was stored")
			}
		})
	}
}

func TestASecretCanBeRotatedWithoutLosingAWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.secrets.newest = []string{"brandnew", "s3cret"}
	body := hookBody(said("A", "x"))
	if got := w.post(t, body, webhook.Sign([]byte(body), "brandnew")); got != 200 {
		t.Errorf("signed with the newest: %d", got)
	}
	if got := w.signed(t, body); got != 200 {
		t.Errorf("signed with the previous: %d", got)
	}
}

func TestWhatCannotBeReadIsKeptWholeAndAnswered200(t *testing.T) {
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
					t.Fatalf("status %d", got)
				}
			}
			cases, err := w.table.Quarantined(t.Context())
			if err != nil || len(cases) != 1 {
				t.Fatalf("cases %v %v", cases, err)
			}
			kept, err := w.blobs.Get(t.Context(), cases[0].Object, 1<<20)
			if err != nil || string(kept) != body {
				t.Errorf("kept %d bytes, %v", len(kept), err)
			}
			if w.counts.sum["In"] != 2 || w.counts.sum["Quarantined"] != 2 {
				t.Errorf("counts %v", w.counts.sum)
			}
		})
	}
}

func TestOneBrokenElementDoesNotLoseItsNeighbours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.signed(t, hookBody(said("A", "goed"), `{"type":"text"}`, `"not an object"`, said("B", "ook goed"))); got != 200 {
		t.Fatalf("status %d", got)
	}
	if n := len(w.history(t, jan)); n != 2 {
		t.Errorf("%d messages", n)
	}
	cases, err := w.table.Quarantined(t.Context())
	if err != nil || len(cases) != 1 {
		t.Fatalf("cases %v %v", cases, err)
	}
	s := w.counts.sum
	if s["In"] != s["Stored"]+s["Duplicate"]+s["Quarantined"]+s["Refused"]+s["Erased"] || s["Stored"] != 2 || s["Quarantined"] == 0 {
		t.Errorf("counts %v", s)
	}
}

func TestABase64BodyIsVerifiedAsItsBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := hookBody(said("A", "hé"))
	req := events.APIGatewayV2HTTPRequest{
		Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: true,
		Headers: map[string]string{"X-Hub-Signature-256": webhook.Sign([]byte(body), "s3cret")}, // as a REST API spells it
	}
	req.RequestContext.HTTP.Method = "POST"
	if resp, err := w.hook.Handle(t.Context(), req); err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	if len(w.history(t, jan)) != 1 {
		t.Error("not stored")
	}
	req.Body = "%%%"
	if resp, err := w.hook.Handle(t.Context(), req); err != nil || resp.StatusCode == 200 {
		t.Error(resp, err)
	}
}

func TestABodyBeyondThePlatformsLimitIs413(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.signed(t, strings.Repeat(" ", intake.MaxWebhook+1)); got != 413 {
		t.Errorf("status %d", got)
	}
	if got := w.signed(t, hookBody(said("A", "x"))+strings.Repeat(" ", 3<<20)); got != 200 {
		t.Errorf("3 MB: status %d", got)
	}
}

func TestTheHandshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for token, want := range map[string]int{"handshake": 200, "guess": 403, "": 403} {
		req := events.APIGatewayV2HTTPRequest{QueryStringParameters: map[string]string{
			"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "42",
		}}
		req.RequestContext.HTTP.Method = "GET"
		resp, err := w.hook.Handle(t.Context(), req)
		if err != nil || resp.StatusCode != want || want == 200 && resp.Body != "42" {
			t.Errorf("token %q: %+v %v", token, resp, err)
		}
	}
}

// outage is a table that is down for some of its writes.
type outage struct {
	*store.Table
	mu   sync.Mutex
	down int
}

func (o *outage) PutMessage(ctx context.Context, m contact.Message, whole string) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down > 0 {
		o.down--
		return false, fault.Wrap(fault.Unavailable, errors.New("throttled"), "write item")
	}
	return o.Table.PutMessage(ctx, m, whole)
}

func TestWhatCouldNotBeStoredIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hook.Taker.Store = &outage{Table: w.table, down: 1}
	body := hookBody(said("A", "1"), said("B", "2"), said("C", "3"))
	if got := w.signed(t, body); got != 503 {
		t.Fatalf("status %d while the table is down", got)
	}
	if n := len(w.history(t, jan)); n != 2 {
		t.Errorf("%d neighbours were stored", n)
	}
	if got := w.signed(t, body); got != 200 {
		t.Fatalf("status %d after", got)
	}
	if n := len(w.history(t, jan)); n != 3 {
		t.Errorf("%d messages", n)
	}
}

func TestALargeTextLiesInS3AndItsPreviewInTheTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := strings.Repeat("lang verhaal ", 3000)
	if got := w.signed(t, hookBody(said("A", text))); got != 200 {
		t.Fatalf("status %d", got)
	}
	h := w.history(t, jan)
	if len(h) != 1 || len(h[0].Text) > 1024 || h[0].Whole == "" {
		t.Fatalf("preview %+v", h)
	}
	data, err := w.blobs.Get(t.Context(), h[0].Whole, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var m contact.Message
	if err := json.Unmarshal(data, &m); err != nil || m.Text != text {
		t.Errorf("whole: %d bytes, %v", len(m.Text), err)
	}
	if strings.Contains(h[0].Whole, "31970100000001") || strings.Contains(h[0].Whole, "wamid") {
		t.Errorf("key %q", h[0].Whole)
	}
}

func TestALoneSurrogateAndANulAreCleaned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	odd := `{"from":"31970100000001","id":"wamid.A","timestamp":"1772442000","type":"text","text":{"body":"a\ud83dz\u0000!"}}`
	if got := w.signed(t, hookBody(odd)); got != 200 {
		t.Fatalf("status %d", got)
	}
	if h := w.history(t, jan); len(h) != 1 || h[0].Text != "a\uFFFDz!" {
		t.Errorf("history %+v", h)
	}
}

func TestNothingOfACustomerIsLogged(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	w := newWorld(t)
	w.hook.Taker.Store = &outage{Table: w.table, down: 1}
	body := hookBody(said("HBgMMzE5NzAxMDAwMDAwMDE", "Geheim verhaal"))
	w.signed(t, body)
	w.signed(t, body)
	w.signed(t, "Geheim verhaal van 31970100000001")
	w.post(t, body, "sha256=Geheim")
	text, err := io.ReadAll(&log)
	if err != nil || len(text) == 0 {
		t.Fatal("nothing was logged", err)
	}
	for _, leak := range []string{"Geheim", "31970100000001", "HBgM", "Voorbeeld"} {
		if bytes.Contains(text, []byte(leak)) {
			t.Errorf("%q is in the log: %s", leak, text)
		}
	}
}

func TestABatchOfAThousandWithEverySecondBrokenStoresTheGoodAndKeepsTheBroken(t *testing.T) {
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
		t.Fatalf("status %d", got)
	}
	stored := map[string]bool{}
	id, _, err := w.table.FindCustomer(t.Context(), jan)
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.table.Customer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for q := (contact.Query{Limit: 200}); ; {
		p, err := w.table.History(t.Context(), c, q)
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
			t.Fatalf("message %d is lost", i)
		}
	}
	cases, err := w.table.Quarantined(t.Context())
	if err != nil || len(cases) != 1 {
		t.Fatalf("cases %v %v", cases, err)
	}
	if kept, err := w.blobs.Get(t.Context(), cases[0].Object, 8<<20); err != nil || string(kept) != body {
		t.Errorf("the delivery is not kept whole: %d bytes, %v", len(kept), err)
	}
	s := w.counts.sum
	if s["In"] != elements || s["Stored"]+s["Quarantined"] != elements || len(stored) != s["Stored"] {
		t.Errorf("counts %v, %d stored", s, len(stored))
	}
}

func TestTwoDeliveriesInTheSameInstantAreOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := hookBody(said("A", "Mijn factuur klopt niet"))
	var both sync.WaitGroup
	for range 8 {
		both.Go(func() {
			if got := w.signed(t, body); got != 200 {
				t.Errorf("status %d", got)
			}
		})
	}
	both.Wait()
	if n := len(w.history(t, jan)); n != 1 || w.counts.sum["Stored"] != 1 || w.counts.sum["Duplicate"] != 7 {
		t.Errorf("%d messages, counts %v", n, w.counts.sum)
	}
}
