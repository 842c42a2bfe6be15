package problems_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/redact"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
)

var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

// A candidateBench is a table with forty customers of last week who said nothing alike,
// and the desk at it.
type candidateBench struct {
	*testing.T
	problems.Service
	table *store.Table
	next  int
}

func newCandidateBench(t *testing.T) *candidateBench {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "infra", "taxonomy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	b := &candidateBench{T: t, table: storetest.New(t)}
	b.Service = problems.Service{Store: problems.StoreOf(b.table), Taxonomy: func() *taxonomy.Taxonomy { return rules }, Zone: time.UTC}
	var past []problem.UnclassifiedContact
	for i := range 40 {
		past = append(past, problem.UnclassifiedContact{
			Customer: customer(1000 + i), Contact: fmt.Sprint("past", i), At: noon.Add(-5 * day), Words: []string{"woord", fmt.Sprint("eigen", i)}, Expires: noon.Add(10 * day),
		})
	}
	b.keep(past...)
	return b
}

func customer(n int) identity.CustomerID {
	return identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-%012d", n))
}

func (b *candidateBench) keep(all ...problem.UnclassifiedContact) {
	b.Helper()
	if err := b.table.Candidates.PutUnknownContacts(b.Context(), all); err != nil {
		b.Fatal(err)
	}
}

// says stores a message of a new customer, and the hint that its reason is not
// known.
func (b *candidateBench) says(at time.Time, text string) contact.Contact {
	b.Helper()
	b.next++
	id := fmt.Sprint("m", b.next)
	m := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, at, id), CustomerID: customer(b.next), Channel: message.WhatsApp,
		Direction: message.Inbound, Kind: message.Text, ProviderID: id, SentAt: at, Text: text, Name: "Jan Voorbeeld",
		Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: fmt.Sprintf("31970100%05d", b.next)}, Assurance: identity.Verified},
	}
	if _, err := b.table.Messages.Put(b.Context(), m, ""); err != nil {
		b.Fatal(err)
	}
	k := contact.Contacts(contact.Read([]message.Message{m}, nil))[0]
	k.Customer, k.Department = m.CustomerID, contact.Unassigned
	if err := b.table.Contacts.Save(b.Context(), k); err != nil {
		b.Fatal(err)
	}
	b.keep(problem.UnclassifiedContact{
		Customer: k.Customer, Contact: k.ID, At: k.Start, Words: redact.Keywords(text, redact.PersonalData{Names: []string{m.Name}}), Expires: at.Add(15 * day),
	})
	return k
}

// burst has customers say a text within the hour before a time.
func (b *candidateBench) burst(n int, before time.Time, text string) (all []contact.Contact) {
	b.Helper()
	for i := range n {
		all = append(all, b.says(before.Add(-time.Duration(i+1)*time.Minute), text))
	}
	return all
}

func (b *candidateBench) tell(at time.Time) {
	b.Helper()
	if err := b.AnnounceCandidates(b.Context(), at); err != nil {
		b.Fatal(err)
	}
}

// told returns the announced candidates. It fails the test unless there are so
// many.
func (b *candidateBench) told(want int) []problem.AnnouncedCandidate {
	b.Helper()
	all, count, err := b.table.Candidates.Announced(b.Context(), noon)
	if err != nil {
		b.Fatal(err)
	}
	if len(all) != want || count != int64(want) {
		b.Fatalf("told of %d, counted %d, want %d: %+v", len(all), count, want, all)
	}
	return all
}

func (b *candidateBench) list(at time.Time) []problems.Candidate {
	b.Helper()
	all, err := b.Candidates(b.Context(), els, at)
	if err != nil {
		b.Fatal(err)
	}
	return all
}

func TestAnnounceCandidates_Once(t *testing.T) {
	t.Parallel()
	const text = "De gasklep fluit sinds gisteren heel hard"
	tests := []struct {
		name string
		then func(b *candidateBench)
		at   time.Time // of the second look
		want int
	}{
		{"nothing", func(*candidateBench) {}, noon.Add(10 * time.Minute), 1},
		{"it grows", func(b *candidateBench) { b.burst(9, noon.Add(time.Hour), text) }, noon.Add(time.Hour), 1},
		{"another of its words leads", func(b *candidateBench) { b.burst(20, noon.Add(time.Hour), "fluit en sist") }, noon.Add(time.Hour), 1},
		{"the same contacts say more", func(b *candidateBench) {
			for _, u := range b.told(1)[0].Contacts {
				u.Words, u.Expires = []string{"kraan", "lekkage"}, noon.Add(15*day)
				b.keep(u)
			}
		}, noon.Add(time.Hour), 1},
		{"it is gone and comes back", func(b *candidateBench) { b.burst(6, noon.Add(10*day), text) }, noon.Add(10 * day), 1},
		{"it is dismissed and comes back", func(b *candidateBench) {
			j := problems.CandidateDecision{Decision: problems.Dismiss, Why: "een liedje", At: noon}
			if _, err := b.DecideCandidate(b.Context(), els, b.told(1)[0].ID, j); err != nil {
				b.Fatal(err)
			}
			b.burst(6, noon.Add(10*day), text)
		}, noon.Add(10 * day), 1},
		{"another burst comes", func(b *candidateBench) { b.burst(6, noon.Add(time.Hour), "zender kapot na update") }, noon.Add(time.Hour), 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newCandidateBench(t)
			b.tell(noon)
			b.told(0)
			b.burst(5, noon, text)
			b.says(noon.Add(-time.Second), text+", groet Jan Voorbeeld")
			b.tell(noon)
			c := b.told(1)[0]
			if c.Department != "customer-care" || c.Customers != 6 || len(c.Contacts) != 6 || len(c.Quotes) == 0 || !strings.Contains(fmt.Sprint(c.Shown), "gasklep") {
				t.Errorf("told %+v", c)
			}
			if all := strings.ToLower(fmt.Sprint(c.Shown, c.Quotes)); strings.Contains(all, "voorbeeld") {
				t.Errorf("a name: %s", all)
			}
			tt.then(b)
			b.tell(tt.at)
			b.tell(tt.at)
			b.told(tt.want)
		})
	}
}

// A dyingAnnouncer has candidates whose writer dies at an announcement: before it
// is written, or after.
type dyingAnnouncer struct {
	store.Candidates
	after bool
}

func (m dyingAnnouncer) Announce(ctx context.Context, c problem.AnnouncedCandidate, count int64) error {
	if m.after {
		return errors.Join(m.Candidates.Announce(ctx, c, count), errGone)
	}
	return errGone
}

func TestAnnounceCandidates_ConcurrentOrDying(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		b := newCandidateBench(t)
		b.burst(6, noon, "De gasklep fluit")
		dying := b.Service
		dying.Store.Candidates = dyingAnnouncer{b.table.Candidates, after}
		if err := dying.AnnounceCandidates(t.Context(), noon); !errors.Is(err, errGone) {
			t.Fatal(err)
		}
		b.tell(noon)
		b.told(1)
	}
	// Bursts grow while several schedulers announce, each from its own read.
	b := newCandidateBench(t)
	dice := rand.New(rand.NewPCG(3, 12))
	words := []string{"gasklep", "fluit", "sist", "ontsteking", "waakvlam"}
	for round := range 8 {
		for i := range 1 + dice.IntN(6) {
			some := words[:2+dice.IntN(len(words)-2)]
			b.says(noon.Add(time.Duration(round*10-i)*time.Minute), strings.Join(some, " "))
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { b.tell(noon.Add(time.Duration(round) * 10 * time.Minute)) })
		}
		wg.Wait()
	}
	b.told(1)
}

func TestCandidates_CurrentContactsOnly(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(b *candidateBench, k contact.Contact){
		"one has a reason": func(b *candidateBench, k contact.Contact) {
			k.Version, k.Causes = 1, []contact.Cause{{Reason: "defect", Department: "product-quality"}}
			if err := b.table.Contacts.Save(b.Context(), k); err != nil {
				b.Fatal(err)
			}
		},
		"one is gone": func(b *candidateBench, k contact.Contact) {
			k.Version = 1
			if err := b.table.Contacts.Delete(b.Context(), k); err != nil {
				b.Fatal(err)
			}
		},
		"two customers are one": func(b *candidateBench, k contact.Contact) {
			if _, err := b.table.Customers.MergeCustomers(b.Context(), customer(1), k.Customer, identity.Decision{By: "els", Why: "same", At: noon}); err != nil {
				b.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newCandidateBench(t)
			all := b.burst(5, noon, "De gasklep fluit")
			if got := b.list(noon); len(got) != 1 || got[0].Customers != 5 {
				t.Fatalf("before: %+v", got)
			}
			then(b, all[2])
			if got := b.list(noon); len(got) != 0 {
				t.Errorf("got %+v", got)
			}
			b.tell(noon)
			b.told(0)
			b.burst(1, noon, "De gasklep fluit")
			b.tell(noon)
			b.told(1)
		})
	}
}

func TestDecideCandidate_AfterTheBurst(t *testing.T) {
	t.Parallel()
	b := newCandidateBench(t)
	all := b.burst(6, noon, "De gasklep fluit sinds gisteren heel hard")
	b.tell(noon)
	id := b.told(1)[0].ID
	later := noon.Add(8 * day)
	b.burst(3, noon.Add(2*time.Hour), "De gasklep fluit") // they join while it is a burst
	if c, err := b.Candidate(t.Context(), els, id, noon.Add(3*time.Hour)); err != nil || c.Customers != 9 || len(c.Contacts) != 9 || c.AnnouncedTo != "customer-care" {
		t.Errorf("grown: %+v, %v", c, err)
	}
	k := all[0]
	k.Version, k.Causes = 1, []contact.Cause{{Reason: "defect", Department: "product-quality"}}
	if err := b.table.Contacts.Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	c, err := b.Candidate(t.Context(), els, id, later)
	if err != nil || c.Customers != 5 || len(c.Quotes) == 0 || len(c.Words) == 0 {
		t.Fatalf("a week later: %+v, %v", c, err)
	}
	opened, err := b.DecideCandidate(t.Context(), els, id, problems.CandidateDecision{Decision: problems.Confirm, Why: "kleppen", Reason: "manual-unclear", At: later})
	if err != nil {
		t.Fatal(err)
	}
	affected, _, err := b.table.Problems.AffectedCustomers(t.Context(), opened, 10, "")
	if err != nil || len(affected) != 5 {
		t.Errorf("affected %v, %v", affected, err)
	}
	for reason, want := range map[string]string{"manual-unclear": opened, "invoice-unclear": ""} {
		again, err := b.DecideCandidate(t.Context(), els, id, problems.CandidateDecision{Decision: problems.Confirm, Why: "kleppen", Reason: reason, At: later})
		if again != want || (err == nil) != (want != "") {
			t.Errorf("confirmed twice as %s: %q, %v", reason, again, err)
		}
	}
	if _, err := b.DecideCandidate(t.Context(), els, id, problems.CandidateDecision{Decision: problems.Dismiss, Why: "toch niet", At: later}); !fault.Is(err, fault.NotFound) {
		t.Errorf("decided twice: %v", err)
	}
	if got := b.list(later); len(got) != 0 {
		t.Errorf("left %+v", got)
	}
}

func TestAnnounceCandidates_NoDepartment(t *testing.T) {
	t.Parallel()
	b := newCandidateBench(t)
	b.burst(6, noon, "De gasklep fluit")
	silent := *b.Taxonomy()
	silent.CandidatesTo = ""
	b.Taxonomy = func() *taxonomy.Taxonomy { return &silent }
	b.tell(noon)
	b.told(0)
}

func TestAnnouncer_Interval(t *testing.T) {
	t.Parallel()
	b := newCandidateBench(t)
	w := &problems.Announcer{Service: &b.Service}
	look := func(at time.Time) {
		t.Helper()
		if err := w.Run(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	look(noon)
	b.burst(6, noon, "De gasklep fluit")
	look(noon.Add(9 * time.Minute))
	b.told(0)
	look(noon.Add(10 * time.Minute))
	b.told(1)
}
