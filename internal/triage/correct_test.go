package triage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/triage"
)

// stream runs triage on a record beside the messages.
func stream(t *testing.T, tr *triage.Triage, r events.DynamoDBEventRecord) {
	t.Helper()
	r.Change.SequenceNumber = "1"
	ev := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{r}}
	resp, err := tr.Handle(t.Context(), ev)
	if err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
}

// correct stores an agent's correction of a customer's only contact and handles it.
func correct(t *testing.T, tr *triage.Triage, table *store.Table, who identity.CustomerID, reasons ...string) {
	t.Helper()
	c, err := table.Customers.Get(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	k := only(t, table, who)
	_, first, member, err := table.Contacts.ContactByID(t.Context(), c, k.ID)
	if err != nil {
		t.Fatal(err)
	}
	said := contact.Correction{Customer: member, Message: first, Until: start.Add(100 * time.Hour), By: "els", At: time.Now().UTC(), Was: k.Causes, Taxonomy: k.Taxonomy}
	for _, r := range reasons {
		said.Causes = append(said.Causes, contact.Cause{Reason: r})
	}
	if err := table.Contacts.PutCorrection(t.Context(), said); err != nil {
		t.Fatal(err)
	}
	stream(t, tr, store.NewCorrectionRecord(member, first))
}

func only(t *testing.T, table *store.Table, who identity.CustomerID) contact.Contact {
	t.Helper()
	ks, _, err := table.Contacts.List(t.Context(), who, 10, "")
	if err != nil || len(ks) != 1 {
		t.Fatalf("contacts %+v, %v", ks, err)
	}
	return ks[0]
}

func TestHandle_CorrectionMovesContactToAnotherProblem(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for c := range 6 {
		m := says(c, 1, time.Duration(c)*time.Hour, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	for c := 10; c < 15; c++ {
		m := says(c, 1, time.Duration(c)*time.Hour, "Er is twee keer geld afgeschreven")
		put(t, table, m)
		handle(t, tr, m)
	}
	count := func() map[string][2]int {
		out := map[string][2]int{}
		for _, p := range problems(t, table, "billing") {
			out[p.Reason] = [2]int{p.Customers, p.Contacts}
		}
		return out
	}
	if got := count(); got[cause] != [2]int{6, 6} || got["double-charge"] != [2]int{5, 5} {
		t.Fatalf("%v", got)
	}
	correct(t, tr, table, "c003", "double-charge")
	correct(t, tr, table, "c003", "double-charge")
	if got := count(); got[cause] != [2]int{5, 5} || got["double-charge"] != [2]int{6, 6} {
		t.Errorf("after the correction: %v", got)
	}
	early := says(3, 7, -2*time.Hour, "Hallo, mijn factuur is onduidelijk") // arrives late
	put(t, table, early)
	handle(t, tr, early)
	k := only(t, table, "c003")
	if k.Start != early.SentAt || len(k.Causes) != 1 || k.Causes[0].Reason != "double-charge" || !k.Causes[0].Corrected || k.Causes[0].Confidence != 1 {
		t.Errorf("%+v", k)
	}
	if got := count(); got[cause] != [2]int{5, 5} || got["double-charge"] != [2]int{6, 6} {
		t.Errorf("after an earlier message: %v", got)
	}
	correct(t, tr, table, "c003")
	if got := count(); got[cause] != [2]int{5, 5} || got["double-charge"] != [2]int{5, 5} || only(t, table, "c003").Department != contact.Unassigned {
		t.Errorf("after no reason was left: %v", got)
	}
	after := says(3, 8, 101*time.Hour, "En mijn wachtwoord werkt niet meer")
	put(t, table, after)
	handle(t, tr, after)
	if k := only(t, table, "c003"); k.Causes[0].Reason != "password-reset" || k.Causes[0].Message != after.ID {
		t.Errorf("a later message added no reason: %+v", k)
	}
	all, next, err := table.Contacts.Corrections(t.Context(), time.Time{}, time.Time{}, 10, "")
	if err != nil || len(all) != 2 || next != "" || all[1].By != "els" || len(all[1].Causes) != 0 {
		t.Errorf("%+v %q %v", all, next, err)
	}
}

func TestHandle_CorrectionLeavesWindow(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for c := range 4 {
		m := says(c, 1, time.Duration(c)*time.Hour, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	correct(t, tr, table, "c000", "double-charge")
	fifth := says(4, 1, 5*time.Hour, unclear)
	put(t, table, fifth)
	handle(t, tr, fifth)
	if ps := problems(t, table, "billing"); len(ps) != 0 {
		t.Errorf("a corrected contact counts: %+v", ps)
	}
}

func TestHandle_DecidingWords(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	m := says(1, 1, 0, "Goedemorgen! Ik snap mijn factuur niet.")
	put(t, table, m)
	handle(t, tr, m)
	k := only(t, table, m.CustomerID)
	if len(k.Causes) != 1 || k.Causes[0].Message != m.ID || k.Causes[0].Confidence < 0.6 || k.Taxonomy != shop.Version {
		t.Fatalf("%+v", k)
	}
	var words []string
	for _, s := range k.Causes[0].Spans {
		words = append(words, m.Text[s[0]:s[1]])
	}
	if got := strings.Join(words, " "); got != "snap factuur niet" {
		t.Errorf("the deciding words are %q", got)
	}
}

func TestHandle_TaxonomyVersionUntilReclassified(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	m := says(1, 1, 0, unclear)
	answer := answered(says(1, 2, time.Hour, ""))
	put(t, table, m, answer)
	handle(t, tr, m, answer)
	text := strings.Replace(string(mustRead("../../infra/taxonomy.yaml")), "  - id: invoice-unclear\n", "  - id: bill-unclear\n", 1)
	text = strings.Replace(text, `version: "2026-01"`, `version: "2026-02"`, 1)
	next, err := taxonomy.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	tr.Taxonomy = next
	more := says(1, 3, 30*time.Hour, "Dag, nog een andere vraag")
	put(t, table, more)
	handle(t, tr, more)
	old := func() contact.Contact {
		ks, _, err := table.Contacts.List(t.Context(), m.CustomerID, 10, "")
		if err != nil || len(ks) != 2 {
			t.Fatalf("%+v %v", ks, err)
		}
		return ks[1]
	}
	if k := old(); k.Taxonomy != "2026-01" || k.Causes[0].Reason != cause {
		t.Errorf("%+v", k)
	}
	if err := table.Contacts.RequestReclassify(t.Context(), m.CustomerID, start, time.Now()); err != nil {
		t.Fatal(err)
	}
	stream(t, tr, store.NewReclassifyRecord(m.CustomerID, m.SentAt, ""))
	if k := old(); k.Taxonomy != "2026-02" || k.Causes[0].Reason != "bill-unclear" {
		t.Errorf("after reclassification: %+v", k)
	}
}
