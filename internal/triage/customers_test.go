package triage_test

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/triage"
)

// A customerCase is one customer of testdata/customers.txt.
type customerCase struct {
	name  string
	steps []string
	want  []string
}

func customerCases(t *testing.T) (cases []customerCase) {
	t.Helper()
	f, err := os.Open("testdata/customers.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		name, isCase := strings.CutPrefix(line, "## ")
		want, isWant := strings.CutPrefix(line, "= ")
		switch {
		case isCase:
			cases = append(cases, customerCase{name: name})
		case line == "", strings.HasPrefix(line, "#"):
		case isWant && want != "nothing":
			cases[len(cases)-1].want = append(cases[len(cases)-1].want, want)
		case !isWant:
			cases[len(cases)-1].steps = append(cases[len(cases)-1].steps, line)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return cases
}

// firstDay is the day before day 1 of the cases.
var firstDay = start.Add(-40 * 24 * time.Hour).Truncate(24 * time.Hour)

func caseTime(t *testing.T, s string) time.Time {
	t.Helper()
	day, clock, _ := strings.Cut(s, ".")
	d, err := strconv.Atoi(day)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse("15:04", clock)
	if err != nil {
		t.Fatal(err)
	}
	return firstDay.Add(time.Duration(d)*24*time.Hour + time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)
}

var (
	messageStep  = regexp.MustCompile(`^(\S+) ([a-z]+)(?:/(\w))? ([><!~]) ?(.*)$`)
	effectStep   = regexp.MustCompile(`^(edit|delete|fail) (\d+)(?:: (.*))?$`)
	decisionStep = regexp.MustCompile(`^asks (\d+) (yes|no|none)$`)
	placeStep    = regexp.MustCompile(`^(?:split (\d+)|join (\d+) (\d+))$`)
	outcomeText  = regexp.MustCompile(`^(.*) \(outcome: (.*)\)$`)
)

var caseAliases = map[message.Channel]identity.Kind{
	message.WhatsApp: identity.Phone, message.Messenger: identity.PSID, message.Instagram: identity.IGSID, message.Email: identity.Email,
	message.WebChat: identity.Visitor, message.Phone: identity.Phone,
}

// newCaseMessage returns message n of a customer, as a step says it.
func newCaseMessage(t *testing.T, customer identity.CustomerID, n int, step []string) message.Message {
	t.Helper()
	ch := message.Channel(step[2])
	at := caseTime(t, step[1])
	provider := fmt.Sprintf("%s-%d", customer, n)
	m := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(ch, at, provider), Channel: ch, CustomerID: customer, Direction: message.Inbound,
		Kind: message.Text, ProviderID: provider, SentAt: at, Text: step[5],
		Customer: identity.Address{Alias: identity.Alias{Kind: caseAliases[ch], Value: string(customer)}, Assurance: identity.Verified},
	}
	switch {
	case ch == message.Email:
		m.Kind = message.Mail
		m.MailID = provider + "@example.org"
		m.Thread = step[3] + string(customer) + "@example.org"
		m.ReplyTo = &message.ReplyTo{References: []string{m.Thread}}
	case ch == message.Phone:
		m.Kind = message.Call
		m.Origin = message.Recorded
	case m.Text == "":
		m.Kind = message.Image
		m.Attachments = []message.Attachment{{Kind: message.Image, Ref: "1", Type: "image/jpeg"}}
	}
	if said := outcomeText.FindStringSubmatch(m.Text); said != nil {
		m.Text = said[1]
		m.Outcome = said[2]
	}
	switch step[4] {
	case "<":
		m.Direction = message.Outbound
		m.Origin = message.Echo
	case "!":
		m.Direction = message.Outbound
		m.Origin = message.Recorded
	case "~":
		m.Direction = message.Outbound
		m.Origin = message.Composed
		m.Automated = "auto-replied"
	}
	return m
}

// Customers with several messages have the contacts and waits that a head of customer
// service counts. Triage sees each step as it happens.
func TestHandle_Customers(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	cases := customerCases(t)
	if len(cases) < 60 {
		t.Fatalf("got %d customers, want at least 60", len(cases))
	}
	for i, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			customer := identity.CustomerID(fmt.Sprintf("c%03d", i))
			var said []message.Message
			for _, step := range tt.steps {
				said = takeStep(t, tr, table, customer, said, step)
			}
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, waitsOf(t, table, customer)); diff != "" {
				t.Errorf("contacts (-want +got):\n%s", diff)
			}
		})
	}
}

// takeStep stores what a step says, and has triage handle it. It returns the messages
// so far.
func takeStep(t *testing.T, tr *triage.Triage, table *store.Table, customer identity.CustomerID, said []message.Message, step string) []message.Message {
	t.Helper()
	target := func(number string) message.Message {
		n, err := strconv.Atoi(number)
		if err != nil || n > len(said) {
			t.Fatalf("%q names no message", step)
		}
		return said[n-1]
	}
	if f := messageStep.FindStringSubmatch(step); f != nil {
		m := newCaseMessage(t, customer, len(said), f)
		put(t, table, m)
		handle(t, tr, m)
		return append(said, m)
	}
	if f := decisionStep.FindStringSubmatch(step); f != nil {
		m := target(f[1])
		asks := map[string]contact.Choice{"yes": contact.Yes, "no": contact.No, "none": contact.Withdraw}[f[2]]
		d := contact.DecisionChange{Customer: customer, Message: m.ID, Asks: asks, By: "els", At: time.Now()}
		if _, err := table.Contacts.Decide(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		stream(t, tr, store.NewDecisionRecord(customer, m.ID))
		return said
	}
	if f := placeStep.FindStringSubmatch(step); f != nil {
		d := contact.DecisionChange{Customer: customer, Place: contact.OwnContact, By: "els", At: time.Now()}
		if f[1] != "" {
			d.Message = target(f[1]).ID
		} else {
			d.Message = target(f[2]).ID
			d.Place = contact.Place(target(f[3]).ID)
		}
		if _, err := table.Contacts.Decide(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		stream(t, tr, store.NewDecisionRecord(customer, d.Message))
		return said
	}
	f := effectStep.FindStringSubmatch(step)
	if f == nil {
		t.Fatalf("the step %q is malformed", step)
	}
	m := target(f[2])
	e := message.Effect{Channel: m.Channel, Customer: m.Customer, Target: m.ProviderID, At: m.SentAt.Add(time.Minute), CustomerID: customer}
	switch f[1] {
	case "edit":
		e.Kind = message.Edit
		e.Text = f[3]
	case "delete":
		e.Kind = message.Deletion
	case "fail":
		e.Kind = message.Status
		e.Status = "failed"
	}
	if _, err := table.Messages.PutEffect(t.Context(), customer, e); err != nil {
		t.Fatal(err)
	}
	stream(t, tr, store.NewLostRecord(customer, m.Channel, m.ProviderID, m.SentAt))
	return said
}

// waitsOf describes the stored contacts of a customer, sorted.
func waitsOf(t *testing.T, table *store.Table, customer identity.CustomerID) (waits []string) {
	t.Helper()
	ks, _, err := table.Contacts.List(t.Context(), customer, 100, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range ks {
		state := "answered"
		if k.Waiting() {
			since := k.WaitingSince.Sub(firstDay)
			state = fmt.Sprintf("waiting %d.%s", int(since.Hours()/24), k.WaitingSince.Format("15:04"))
		}
		waits = append(waits, k.Department+" "+state)
	}
	slices.Sort(waits)
	return waits
}
