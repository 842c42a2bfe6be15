package e2e_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/message"
)

const casesDir = root + "/../shared/cases/events"

// waitsOf describes the contacts of a customer: department, cause and state.
func (b *bench) waitsOf(alias string) (waits []string) {
	b.Helper()
	for _, k := range b.contactsOf(alias) {
		state := "answered"
		switch {
		case k.Waiting():
			state = "waiting since " + k.WaitingSince.Format("2 January")
		case !k.ClosesAt.After(time.Now()):
			state = "closed"
		}
		cause := "unknown"
		if len(k.Causes) > 0 {
			cause = strings.TrimSuffix(k.Causes[0].Reason+" "+k.Causes[0].Product, " ")
		}
		waits = append(waits, fmt.Sprintf("%s: %s, %s", k.Department, cause, state))
	}
	slices.Sort(waits)
	return waits
}

// sendCase sends the files of a case in their order.
func (b *bench) sendCase(dir string) {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(casesDir, dir, "[0-9]-*"))
	if err != nil || len(files) == 0 {
		b.Fatal("the case has no files", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		switch name := filepath.Base(file); {
		case strings.HasSuffix(name, ".eml"):
			err = b.SendMail("", raw)
		case strings.HasSuffix(name, "-whatsapp.json"):
			err = b.SendWebhook(b.Context(), message.WhatsApp, raw)
		case strings.HasSuffix(name, "-instagram.json"):
			err = b.SendWebhook(b.Context(), message.Instagram, raw)
		default:
			continue // a step of the test
		}
		if err != nil {
			b.Fatal(file, err)
		}
		b.settle()
	}
}

// Deliveries that once gave wrong contacts have the right ones.
func TestCases_Contacts(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(casesDir); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no cases")
	}
	b := own(t, stack.Config{Memory: true})
	today := time.Now().UTC().Format("2 January")
	for _, tt := range []struct {
		dir  string
		then func() // after the deliveries
		want map[string][]string
	}{
		{"01-edit-not-read", nil, map[string][]string{
			"phone:319709990101":                       {"product-quality: defect coffee-machine, waiting since 18 November"},
			"igsid:17841400000000001:8800000000990101": {"product-quality: defect headphones, waiting since 18 November"},
		}},
		{"02-taken-back-still-waits-and-counts", nil, map[string][]string{
			"phone:319709990200": nil, "phone:319709990201": nil, "phone:319709990202": nil, "phone:319709990203": nil,
			"phone:319709990204": {"product-quality: defect thermostat, waiting since 18 November"},
		}},
		{"04-thanks-waits-for-ever", nil, map[string][]string{"phone:319709990401": {
			"logistics: order-status, closed", "product-quality: defect coffee-machine, waiting since 18 November",
		}}},
		{"05-waiting-under-the-wrong-department", nil, map[string][]string{"phone:319709990501": {
			"logistics: order-status, closed", "product-quality: defect coffee-machine, waiting since 18 November",
		}}},
		{"06-one-answer-settles-two-mails", func() {
			for _, e := range b.history("email:twee-f06@example.net") {
				if e.Subject == "Factuur" {
					b.answerCase("email:twee-f06@example.net", map[string]any{"inReplyTo": e.ID, "text": "U krijgt een creditfactuur."})
				}
			}
		}, map[string][]string{"email:twee-f06@example.net": {
			"billing: invoice-wrong, answered", "product-quality: defect coffee-machine, waiting since " + today,
		}}},
		{"07-acknowledgement-ends-the-waiting", func() {
			b.answerCase("email:ann-f07@example.net", map[string]any{"automatic": true})
		}, map[string][]string{"email:ann-f07@example.net": {"billing: invoice-wrong, waiting since " + today}}},
		{"10-spam-opens-a-problem", nil, map[string][]string{"email:s0-f10@spam.example": nil, "email:s4-f10@spam.example": nil}},
		{"11-newsletters-open-a-problem", nil, map[string][]string{"email:nieuws-f11@winkel0.example": nil, "email:nieuws-f11@winkel5.example": nil}},
		{"12-calendar-replies", nil, map[string][]string{
			"email:anna.test@example.net": nil,
			"email:bram.test@example.net": {"product-quality: defect coffee-machine, waiting since " + today},
		}},
	} {
		b.sendCase(tt.dir)
		if tt.then != nil {
			tt.then()
			b.settle()
		}
		for alias, want := range tt.want {
			if diff := cmp.Diff(want, b.waitsOf(alias)); diff != "" {
				t.Errorf("%s: contacts of %s (-want +got):\n%s", tt.dir, alias, diff)
			}
		}
	}
	for _, department := range []string{"product-quality", "sales"} {
		opened, err := b.Problems(t.Context(), department)
		if err != nil {
			t.Fatal(err)
		}
		if len(opened) > 0 {
			t.Errorf("%s has %d problems, want none: machines and deleted messages count for nothing", department, len(opened))
		}
	}
}

// answerCase sends an answer by mail.
func (b *bench) answerCase(alias string, body map[string]any) {
	b.Helper()
	if _, err := b.reply(alias, body); err != nil {
		b.Fatal(err)
	}
}
