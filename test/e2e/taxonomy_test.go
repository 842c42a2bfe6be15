package e2e_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/message"
)

// TestPublishTaxonomy checks that a new phrase is used without a deployment, and
// that an invalid file changes nothing.
func TestPublishTaxonomy(t *testing.T) {
	t.Parallel()
	b := own(t, stack.Config{Memory: true, Still: true})
	file, err := os.ReadFile(root + "/infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const words = "de zwabberdoek flierefluit"
	products, reasons, found := strings.Cut(string(file), "\nreasons:\n")
	next := products + "\nreasons:\n" + strings.Replace(reasons, "phrases:\n      nl: [", "phrases:\n      nl: ["+words+", ", 1)
	if !found || next == string(file) {
		t.Fatal("infra/taxonomy.yaml has another layout: adapt the replacements above")
	}
	reasonOf := func(text string) string {
		t.Helper()
		who := someone()
		b.say(who, message.WhatsApp, text)
		b.settle()
		found, err := b.FindCustomer(t.Context(), "phone:"+who.Phone)
		if err != nil {
			t.Fatal(err)
		}
		var out struct {
			Contacts []struct{ Causes []struct{ Reason string } }
		}
		if err := b.Call(t.Context(), "GET", "/v1/customers/"+string(found.ID)+"/contacts", nil, &out); err != nil || len(out.Contacts) != 1 {
			t.Fatalf("%+v %v", out, err)
		}
		for _, c := range out.Contacts[0].Causes {
			return c.Reason
		}
		return ""
	}
	if got := reasonOf(words); got != "" {
		t.Fatalf("got reason %q before the publication, want none", got)
	}
	publish := func(data string) (report string, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			report, err = b.PublishTaxonomy(t.Context(), []byte(data))
		}()
		for {
			select {
			case <-done:
				return report, err
			default: // publication needs the schedule of every minute
				if err := b.stack.Tick(t.Context(), time.Now()); err != nil {
					t.Error(err)
				}
			}
		}
	}
	report, err := publish(next)
	if err != nil || !strings.Contains(report, "is in use") {
		t.Fatalf("%q %v", report, err)
	}
	b.stack.Kill("triage") // a new process loads the taxonomy at once, instead of after a minute
	known := reasonOf(words)
	if known == "" {
		t.Error("got no reason for the new phrase")
	}
	if report, err := publish("reasons: ["); err == nil || !strings.Contains(report, "line 1") {
		t.Errorf("%q %v", report, err)
	}
	b.stack.Kill("triage")
	if got := reasonOf(words); got != known {
		t.Errorf("got reason %q after an invalid file, want %q", got, known)
	}
}
