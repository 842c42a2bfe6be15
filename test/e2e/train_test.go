package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/classifier/trained"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/traffic"
	"github.com/heard-intake/heard/internal/training"
)

// A labelled is a customer's message whose reason is known.
type labelled struct {
	who    traffic.Person
	text   string
	reason string
}

// exampleTaxonomy returns infra/taxonomy.yaml, from whose examples the tests take
// messages.
func exampleTaxonomy(t *testing.T) *taxonomy.Taxonomy {
	t.Helper()
	data, err := os.ReadFile(root + "/infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tax, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

// sayAll stores the messages, each of its own customer, and waits until they have
// contacts.
func (b *bench) sayAll(all []labelled) {
	b.Helper()
	const perWebhook = 40
	at := time.Now()
	for begin := 0; begin < len(all); begin += perWebhook {
		var said []traffic.Said
		for _, l := range all[begin:min(len(all), begin+perWebhook)] {
			said = append(said, traffic.Said{From: l.who, ID: traffic.Wamid(l.who, id()), At: at, Text: l.text})
		}
		b.taken(func() error { return b.SendWebhook(b.Context(), message.WhatsApp, traffic.WhatsApp(said...)) })
	}
	b.settle()
}

// onlyContact returns a customer's only contact.
func (b *bench) onlyContact(who traffic.Person) contact.Contact {
	b.Helper()
	ks := b.contactsOf("phone:" + who.Phone)
	if len(ks) != 1 {
		b.Fatalf("contacts = %+v, want one", ks)
	}
	return ks[0]
}

func reasonsPath(k contact.Contact) string {
	return "/v1/customers/" + string(k.Customer) + "/contacts/" + k.ID + "/reasons"
}

// firstSuggestion returns the reason that an agent is suggested first.
func (b *bench) firstSuggestion(l labelled) string {
	b.Helper()
	var got struct{ Suggestions []contact.Suggestion }
	if err := b.Call(b.Context(), http.MethodGet, reasonsPath(b.onlyContact(l.who)), nil, &got); err != nil {
		b.Fatal(err)
	}
	if len(got.Suggestions) == 0 {
		return ""
	}
	return got.Suggestions[0].Reason
}

// accuracy returns the share of messages whose first suggestion is right.
func (b *bench) accuracy(all []labelled) float64 {
	b.Helper()
	right := 0
	for _, l := range all {
		if b.firstSuggestion(l) == l.reason {
			right++
		}
	}
	return float64(right) / float64(len(all))
}

// train runs the function train at a time and returns its report. New processes of the
// other functions load the model at once, instead of after a minute.
func (b *bench) train(at time.Time) training.Report {
	b.Helper()
	if err := b.stack.RunSchedules(b.Context(), "train", at); err != nil {
		b.Fatal(err)
	}
	r, err := b.LastTraining(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.stack.Kill("triage")
	b.stack.Kill("agentapi")
	return r
}

// shiftedReasons are the reasons of the shifted taxonomy.
var shiftedReasons = []string{
	"order-status", "delivery-damaged", "invoice-unclear", "double-charge", "return-request", "warranty", "stock", "password-reset",
}

// The sizes of the test with a shifted taxonomy, by reason.
const (
	shiftedExamples    = 18 // in the file; half of them belong to another reason
	shiftedCorrections = 25
	shiftedTests       = 12
)

// shiftTaxonomy returns a file whose examples are no longer right: since it was written,
// half of the contacts of each reason were given to another. It also returns messages
// of customers with their present reasons.
func shiftTaxonomy(t *testing.T) (file string, corrected, tests []labelled) {
	t.Helper()
	example := exampleTaxonomy(t)
	texts := map[string][]string{}
	for _, id := range shiftedReasons {
		r, _ := example.Reason(id)
		texts[id] = r.Examples.NL
		if len(texts[id]) < shiftedExamples+shiftedCorrections+shiftedTests {
			t.Fatalf("infra/taxonomy.yaml has %d Dutch examples of %s: choose another reason", len(texts[id]), id)
		}
	}
	var b strings.Builder
	b.WriteString("schema: \"1\"\nversion: shifted\ndepartments:\n  - {id: customer-care, names: {nl: Klantenservice, en: Customer care}}\n" +
		"products:\n  - {id: lamp, names: {nl: Lamp, en: Lamp}}\nreasons:\n")
	for i, reason := range shiftedReasons {
		other := shiftedReasons[(i+1)%len(shiftedReasons)]
		fmt.Fprintf(&b, "  - id: %s\n    names: {nl: %q, en: %q}\n    department: customer-care\n    detect: off\n    phrases: {nl: [%q], en: [%q]}\n    examples:\n      nl:\n",
			reason, reason, reason, "zqx"+reason, "zqx"+reason)
		for n, text := range texts[reason][:shiftedExamples] {
			if n%2 == 0 {
				text = texts[other][n]
			}
			fmt.Fprintf(&b, "        - %q\n", text)
		}
		for _, text := range texts[reason][shiftedExamples:][:shiftedCorrections] {
			corrected = append(corrected, labelled{someone(), text, reason})
		}
		for _, text := range texts[reason][shiftedExamples+shiftedCorrections:][:shiftedTests] {
			tests = append(tests, labelled{someone(), text, reason})
		}
	}
	return b.String(), corrected, tests
}

// TestTrain_Corrections checks that 200 corrections of agents and the training of the
// next night make a taxonomy right again that no longer fits.
func TestTrain_Corrections(t *testing.T) {
	t.Parallel()
	b := own(t, stack.Config{Memory: true, Still: true})
	file, corrected, tests := shiftTaxonomy(t)
	if err := b.publishNow(file); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if r := b.train(now); r.Outcome != training.InUse || r.Taxonomy != "shifted" {
		t.Fatalf("training after the publication: got %+v, want a model in use", r)
	}
	b.sayAll(corrected)
	b.sayAll(tests)
	before := b.accuracy(tests)
	for _, l := range corrected {
		body := map[string]any{"reasons": []map[string]string{{"reason": l.reason}}}
		if err := b.Call(t.Context(), http.MethodPut, reasonsPath(b.onlyContact(l.who)), body, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.settle()
	r := b.train(now.Add(24 * time.Hour))
	if r.Why != training.Nightly || r.Outcome != training.InUse || r.Material.Corrections != len(corrected) || r.Material.Doubled != 100 {
		t.Fatalf("training of the night: got %+v, want %d corrections, 100 of which count double", r, len(corrected))
	}
	after := b.accuracy(tests)
	t.Logf("first suggestion right: %.1f%% before and %.1f%% after %d corrections", 100*before, 100*after, len(corrected))
	if after < before+0.10 {
		t.Errorf("accuracy = %.3f before and %.3f after the corrections, want 0.10 more", before, after)
	}
	for _, l := range corrected[:3] {
		if c := b.onlyContact(l.who).Causes; len(c) != 1 || c[0].Reason != l.reason || c[0].FoundBy != contact.ByCorrection {
			t.Errorf("corrected contact: got %+v, want %s by correction", c, l.reason)
		}
	}
}

// publishNow publishes a taxonomy and passes the minute in which it is checked.
func (b *bench) publishNow(file string) error {
	done := make(chan error, 1)
	go func() {
		_, err := b.PublishTaxonomy(b.Context(), []byte(file))
		done <- err
	}()
	for {
		select {
		case err := <-done:
			return err
		default:
			if err := b.stack.Tick(b.Context(), time.Now()); err != nil {
				return err
			}
		}
	}
}

// TestTrain_GuessedContacts checks that triage assigns the reasons of which the model is
// sure, and that phrases go on when the model is damaged.
func TestTrain_GuessedContacts(t *testing.T) {
	t.Parallel()
	b := own(t, stack.Config{Memory: true, Still: true})
	if err := b.stack.Tick(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	r := b.train(time.Now())
	if r.Outcome != training.InUse {
		t.Fatalf("got %+v, want a model in use", r)
	}
	tax := exampleTaxonomy(t)
	var said []labelled
	for _, x := range tax.Reasons {
		if x.Severity == taxonomy.Critical {
			continue
		}
		for _, text := range x.Examples.EN {
			if tax.Classify(text, taxonomy.Hints{}).Reason == "" && len(said) < 60 {
				said = append(said, labelled{someone(), text, x.ID})
				break
			}
		}
	}
	b.sayAll(said)
	guessed := 0
	right := 0
	for _, l := range said {
		for _, c := range b.onlyContact(l.who).Causes {
			if c.FoundBy != contact.ByModel || len(c.Spans) == 0 || c.Message == "" {
				t.Errorf("cause of %q = %+v, want one found by the model with its words", l.text, c)
			}
			guessed++
			if c.Reason == l.reason {
				right++
			}
		}
	}
	t.Logf("%d of %d contacts guessed, %d right", guessed, len(said), right)
	if 2*guessed < len(said) || 10*right < 9*guessed {
		t.Errorf("guessed = %d of %d, right = %d; want at least half, and 90%% of them right", guessed, len(said), right)
	}

	damaged := []byte(strings.Repeat("x", r.Figures.Bytes))
	current, err := trained.ReadCurrent(t.Context(), blob.New(b.stack.Clients().S3, b.stack.Blobs))
	if err != nil || current.Model != r.Model {
		t.Fatalf("model in use = %q, %v, want %q", current.Model, err, r.Model)
	}
	b.putObject("classifier/models/"+current.Model, damaged)
	b.stack.Kill("triage")
	known := labelled{someone(), "Ik snap mijn factuur niet", "invoice-unclear"}
	unknown := labelled{someone(), said[0].text, ""}
	b.sayAll([]labelled{known, unknown})
	if c := b.onlyContact(known.who).Causes; len(c) != 1 || c[0].Reason != known.reason || c[0].FoundBy != contact.ByPhrase {
		t.Errorf("with a damaged model: causes = %+v, want %s by phrase", c, known.reason)
	}
	if c := b.onlyContact(unknown.who).Causes; len(c) != 0 {
		t.Errorf("with a damaged model: causes = %+v, want none", c)
	}
	if r := b.train(time.Now().Add(24 * time.Hour)); r.Outcome != training.InUse {
		t.Errorf("training after the damage: got %+v, want a new model", r)
	}
}

// putObject writes an object of the bucket Blobs.
func (b *bench) putObject(key string, data []byte) {
	b.Helper()
	in := &s3.PutObjectInput{Bucket: &b.stack.Blobs, Key: aws.String(key), Body: bytes.NewReader(data)}
	if _, err := b.stack.Clients().S3.PutObject(b.Context(), in); err != nil {
		b.Fatal(err)
	}
}
