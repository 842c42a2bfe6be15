package training_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/classifier"
	"github.com/heard-intake/heard/internal/classifier/trained"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/taxonomy/published"
	"github.com/heard-intake/heard/internal/training"
)

const shopFile = `
schema: "1"
version: "%s"
departments:
  - {id: service, names: {nl: Service, en: Service}}
products:
  - {id: lamp, names: {nl: Lamp, en: Lamp}}
reasons:
  - id: defect
    names: {nl: Kapot, en: Broken}
    department: service
    phrases: {nl: [kapot], en: [broken]}
    examples: {nl: [hij doet het niet meer, het licht is stuk, de lamp brandt niet], en: [it stopped working]}
  - id: invoice
    names: {nl: Factuur, en: Invoice}
    department: service
    phrases: {nl: [factuur], en: [invoice]}
    examples: {nl: [de rekening is te hoog, ik snap dit bedrag niet, er is te veel betaald], en: [the bill is too high]}
`

type silent struct{}

func (silent) Count(string, string, map[string]int) {}

// failingBlobs is a bucket that can fail.
type failingBlobs struct {
	*blob.Bucket
	unavailable bool
}

func (b *failingBlobs) Fetch(ctx context.Context, key, etag string, limit int64) ([]byte, string, error) {
	if b.unavailable {
		return nil, "", fault.New(fault.Unavailable, "unavailable")
	}
	return b.Bucket.Fetch(ctx, key, etag, limit)
}

// A bench is a stack with a trainer and the function that publishes taxonomies.
type bench struct {
	*testing.T
	table     *store.Table
	blobs     *failingBlobs
	trainer   *training.Trainer
	publisher *published.Publisher
	now       time.Time
	next      int
}

func newBench(t *testing.T) *bench {
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
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported, // as in a function
		Region:                     "eu-west-1", BaseEndpoint: aws.String(web.URL), UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	b := &bench{T: t, table: storetest.New(t), blobs: &failingBlobs{Bucket: blob.New(client, "blobs")}, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	deployed := func() *taxonomy.Taxonomy { return b.load("1") }
	b.publisher = &published.Publisher{Blobs: b.blobs, Deployed: deployed, Meter: silent{}}
	b.trainer = &training.Trainer{
		Table: b.table, Blobs: b.blobs, Deployed: func() (*taxonomy.Taxonomy, error) { return deployed(), nil },
		Zone: time.UTC, Meter: silent{},
	}
	return b
}

func (b *bench) load(version string) *taxonomy.Taxonomy {
	b.Helper()
	tax, err := taxonomy.Load(fmt.Appendf(nil, shopFile, version))
	if err != nil {
		b.Fatal(err)
	}
	return tax
}

func (b *bench) publish() {
	b.Helper()
	if err := b.publisher.Publish(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) put(key string, data []byte) {
	b.Helper()
	if err := b.blobs.Put(b.Context(), key, "text/plain", data); err != nil {
		b.Fatal(err)
	}
}

// train calls the trainer some minutes later and returns its report.
func (b *bench) train() training.Report {
	b.Helper()
	b.now = b.now.Add(2 * time.Minute)
	if err := b.trainer.Train(b.Context(), b.now); err != nil {
		b.Fatal(err)
	}
	return b.report()
}

// report returns the stored report. It is the zero value if the bucket has no report.
func (b *bench) report() (r training.Report) {
	b.Helper()
	data, err := b.blobs.Get(b.Context(), training.ReportKey, 1<<20)
	if fault.Is(err, fault.NotFound) {
		return r
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// inUse returns the id of the model that a function reads for a version of the
// taxonomy.
func (b *bench) inUse(version string) string {
	b.Helper()
	r := &trained.Reader{Blobs: b.blobs, Every: time.Minute, Now: func() time.Time { return b.now }}
	if m := r.Model(b.Context(), version); m != nil {
		return m.ID
	}
	return ""
}

// says stores a message of a new customer.
func (b *bench) says(text string) message.Message {
	b.Helper()
	b.next++
	at := b.now.Add(-time.Hour)
	provider := fmt.Sprint("m", b.next)
	m := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, at, provider), Channel: message.WhatsApp,
		CustomerID: identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-%012d", b.next)), Direction: message.Inbound, Kind: message.Text,
		ProviderID: provider, SentAt: at, ReceivedAt: at, Text: text,
		Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: fmt.Sprintf("31970100%05d", b.next)}, Assurance: identity.Verified},
	}
	if _, err := b.table.Messages.Put(b.Context(), m, ""); err != nil {
		b.Fatal(err)
	}
	return m
}

// correct stores an agent's correction of the contact that a message began.
func (b *bench) correct(agent string, m message.Message, reasons ...string) {
	b.Helper()
	c := contact.Correction{Customer: m.CustomerID, Message: m.ID, Until: b.now, By: agent, At: b.now}
	for _, r := range reasons {
		c.Causes = append(c.Causes, contact.Cause{Reason: r})
	}
	if err := b.table.Contacts.PutCorrection(b.Context(), c); err != nil {
		b.Fatal(err)
	}
}

// attach stores the contact that a message began, and a problem that contains it.
func (b *bench) attach(m message.Message, reason string, causes ...contact.Cause) {
	b.Helper()
	k := contact.Contact{ID: contact.IDOf(m.ID), Customer: m.CustomerID, Start: m.SentAt, Department: "service", Causes: causes}
	if err := b.table.Contacts.Save(b.Context(), k); err != nil {
		b.Fatal(err)
	}
	affected := problem.Affected{Customer: m.CustomerID, Occurrences: []problem.Occurrence{{Customer: m.CustomerID, Contact: k.ID, Day: "2026-03-02", At: m.SentAt}}}
	p, events := problem.Open(problem.Seed{
		ID: fmt.Sprintf("01953f00-0000-7abc-8def-%012d", b.next), Reason: reason, Product: fmt.Sprint("p", b.next), Department: "service",
		By: "els", Affected: []problem.Affected{affected},
	}, b.now)
	if err := b.table.Problems.Create(b.Context(), problem.Record{Problem: p, Events: events}, []problem.Affected{affected}); err != nil {
		b.Fatal(err)
	}
}

func TestTrain_WhenNeeded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if r := b.train(); r.Why != "" {
		t.Errorf("before a taxonomy was published: got %+v, want no training", r)
	}
	b.publish()
	r := b.train()
	if r.Outcome != training.InUse || r.Why != training.First || r.Taxonomy != "1" || r.Model == "" {
		t.Fatalf("first training: got %+v, want a model in use", r)
	}
	if got := b.inUse("1"); got != r.Model {
		t.Errorf("model in use = %q, want %q", got, r.Model)
	}
	first := r.At
	if r := b.train(); !r.At.Equal(first) {
		t.Errorf("without a reason: got a training for %q, want none", r.Why)
	}
	for _, tt := range []struct {
		want training.Why
		make func()
	}{
		{training.Requested, func() { b.put(training.RequestKey, []byte("1")) }},
		{training.Requested, func() { b.put(training.RequestKey, []byte("2")) }},
		{training.NewTaxonomy, func() {
			b.put(published.Draft, fmt.Appendf(nil, shopFile, "2"))
			b.publish()
		}},
		{training.Nightly, func() { b.now = b.now.Add(24 * time.Hour) }},
	} {
		before := b.report().At
		tt.make()
		r := b.train()
		if r.Why != tt.want || !r.At.After(before) {
			t.Errorf("got a training for %q at %v, want one for %q", r.Why, r.At, tt.want)
		}
		if again := b.train(); !again.At.Equal(r.At) {
			t.Errorf("after the training for %q: got another for %q, want none", tt.want, again.Why)
		}
	}
	if b.inUse("2") == "" || b.inUse("1") != "" {
		t.Errorf("models in use for versions 2 and 1 = %q and %q, want one for 2 only", b.inUse("2"), b.inUse("1"))
	}
}

// While the function schedule has not published a draft, its examples are not learned.
func TestTrain_UnpublishedDraft(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.publish()
	first := b.train()
	b.put(published.Draft, fmt.Appendf(nil, shopFile, "2"))
	if r := b.train(); !r.At.Equal(first.At) {
		t.Errorf("got a training for %q, want none before the publication", r.Why)
	}
	b.publish()
	if r := b.train(); r.Why != training.NewTaxonomy || r.Taxonomy != "2" {
		t.Errorf("after the publication: got %+v, want a training with version 2", r)
	}
}

func TestTrain_DraftWithMistakes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.publish()
	first := b.train()
	b.put(published.Draft, []byte("reasons: ["))
	b.publish()
	r := b.train()
	if r.Outcome != training.Failed || !strings.Contains(r.Explanation, "mistakes") || len(r.Next) == 0 {
		t.Errorf("got %+v, want a failure that names the mistakes", r)
	}
	if got := b.inUse("1"); got != first.Model {
		t.Errorf("model in use = %q, want %q to stay", got, first.Model)
	}
	if again := b.train(); !again.At.Equal(r.At) {
		t.Error("the same draft was tried again, want it to wait for another")
	}
}

func TestTrain_NothingToLearn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one := strings.Split(shopFile, "  - id: invoice")[0]
	b.put(published.Draft, fmt.Appendf(nil, one, "1"))
	b.publish()
	r := b.train()
	if r.Outcome != training.Failed || !strings.Contains(r.Explanation, "at least two") {
		t.Errorf("got %+v, want a failure that asks for two reasons", r)
	}
	if got := b.inUse("1"); got != "" {
		t.Errorf("model in use = %q, want none", got)
	}
}

// A training that died leaves a report that says that it runs. The next one waits until
// it cannot run any more.
func TestTrain_BrokenOff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.publish()
	r := b.train()
	r.Outcome = training.Running
	r.Why = training.Nightly
	r.At = b.now
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	b.put(training.ReportKey, data)
	if got := b.train(); got.Outcome != training.Running {
		t.Errorf("while a training may run: got %+v, want no other", got)
	}
	b.now = b.now.Add(10 * time.Minute)
	if got := b.train(); got.Outcome != training.InUse || got.Why != training.Nightly {
		t.Errorf("after it was broken off: got %+v, want it to be repeated", got)
	}
}

func TestTrain_WorseModel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.publish()
	first := b.train()
	for customer := range 40 { // corrections that contradict the examples
		b.correct("els", b.says([]string{"de rekening is te hoog ", "het licht is stuk "}[customer%2]+strings.Repeat("echt ", customer)), []string{"defect", "invoice"}[customer%2])
		b.correct("piet", b.says([]string{"de rekening is te hoog ", "het licht is stuk "}[customer%2]+strings.Repeat("heus ", customer)), []string{"invoice", "defect"}[customer%2])
	}
	current, err := trained.ReadCurrent(t.Context(), b.blobs)
	if err != nil {
		t.Fatal(err)
	}
	current.Report = classifier.Report{Examples: 500, Accuracy: 0.99, Coverage95: 0.99}
	data, err := json.Marshal(current)
	if err != nil {
		t.Fatal(err)
	}
	b.put(trained.Pointer, data)
	b.put(training.RequestKey, []byte("now"))
	r := b.train()
	if r.Outcome != training.Kept || !strings.Contains(r.Explanation, "worse") || r.Model != first.Model {
		t.Errorf("got %+v, want the model before to stay", r)
	}
	if got := b.inUse("1"); got != first.Model {
		t.Errorf("model in use = %q, want %q", got, first.Model)
	}
}

func TestTrain_UnavailableBucket(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.publish()
	b.blobs.unavailable = true
	if err := b.trainer.Train(t.Context(), b.now); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got error %v, want one of kind unavailable", err)
	}
	b.blobs.unavailable = false
	if r := b.train(); r.Outcome != training.InUse {
		t.Errorf("after the bucket answers again: got %+v, want a model in use", r)
	}
}

func TestTrain_Material(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.publish()
	for range 3 {
		b.correct("els", b.says("mijn zwabber piept"), "defect")
	}
	b.correct("els", b.says("dank jullie wel"))
	b.correct("els", b.says("lamp en rekening"), "defect", "invoice")
	b.correct("els", b.says("iets anders"), "retired-reason")
	gone := b.says("deze tekst is er niet meer")
	gone.ID = message.NewID(message.WhatsApp, gone.SentAt.Add(-24*time.Hour), "gone")
	b.correct("els", gone, "defect")
	b.attach(b.says("mijn zwabber bromt"), "defect")
	b.attach(b.says("mijn lamp is kapot"), "defect", contact.Cause{Reason: "defect"})
	call := b.says("")
	call.Channel = message.Phone
	call.Origin = message.Recorded
	call.Reason = "invoice"
	call.Text = "klant belt over dubbele afschrijving"
	call.ID = message.NewID(message.Phone, call.SentAt, "call")
	if _, _, err := b.table.Messages.PutRecordedMessage(t.Context(), identity.Customer{ID: call.CustomerID, Members: []identity.CustomerID{call.CustomerID}}, call, ""); err != nil {
		t.Fatal(err)
	}
	got := b.train().Material
	got.Taxonomy = 0
	want := training.Material{Corrections: 4, Registered: 1, Attached: 1, LeftOut: 3, Doubled: 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("material (-want +got):\n%s", diff)
	}
	r := &trained.Reader{Blobs: b.blobs, Every: time.Minute, Now: func() time.Time { return b.now }}
	guesses := r.Model(t.Context(), "1").Guess("mijn zwabber", "nl", nil)
	if len(guesses) == 0 || guesses[0].Reason != "defect" {
		t.Errorf("guesses for a corrected word = %v, want defect first", guesses)
	}
	data, err := b.blobs.Get(t.Context(), training.ReportKey, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"zwabber", "afschrijving", "31970100", "01931c2e"} {
		if strings.Contains(string(data), private) {
			t.Errorf("the report contains %q of a customer", private)
		}
	}
}

// The first hundred corrections of each agent count double.
func TestTrain_FirstCorrections(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.publish()
	for i := range 110 {
		b.correct("els", b.says(fmt.Sprint("mijn lamp hapert ", strings.Repeat("x", i))), "defect")
		b.now = b.now.Add(time.Millisecond)
	}
	b.correct("piet", b.says("een ander bedrag"), "invoice")
	got := b.train().Material
	if got.Corrections != 111 || got.Doubled != 101 {
		t.Errorf("corrections = %d, doubled = %d, want 111 and 101", got.Corrections, got.Doubled)
	}
}
