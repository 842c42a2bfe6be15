package problems_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/schedule"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// monday is a working day of the example, at nine in Amsterdam.
var monday = time.Date(2031, 3, 3, 8, 0, 0, 0, time.UTC)

// els acts for every department.
var els = problem.CallerForAll("els")

const day = 24 * time.Hour

type bench struct {
	*testing.T
	*problems.Service
	table *store.Table
}

func newBench(t *testing.T) *bench {
	t.Helper()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	table := storetest.New(t)
	return &bench{t, &problems.Service{Store: problems.StoreOf(table), Taxonomy: func() *taxonomy.Taxonomy { return rules }, Zone: zone}, table}
}

// customer is the n-th customer, with a contact that began at a time.
func (b *bench) customer(n int, at time.Time) problem.ContactRef {
	b.Helper()
	k := contact.Contact{ID: fmt.Sprintf("k%d", n), Customer: identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-%012d", n)), Start: at, Department: "billing"}
	if err := b.table.Contacts.Save(b.Context(), k); err != nil {
		b.Fatal(err)
	}
	return problem.ContactRef{Customer: k.Customer, Contact: k.ID}
}

// opened opens a problem of a reason by hand, with n customers.
func (b *bench) opened(reason string, first, n int) problem.Record {
	b.Helper()
	var refs []problem.ContactRef
	for i := range n {
		refs = append(refs, b.customer(first+i, monday.Add(-time.Duration(i)*time.Hour)))
	}
	p, err := b.Open(b.Context(), els, problems.OpenRequest{Reason: reason, Contacts: refs, At: monday})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func (b *bench) read(id string) problem.Record {
	b.Helper()
	p, err := b.table.Problems.Get(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func (b *bench) step(id string, u problem.Update) problem.Record {
	b.Helper()
	p := b.read(id)
	next, events, err := problem.ApplyUpdate(p.Problem, u)
	if err != nil {
		b.Fatal(err)
	}
	p.Problem, p.Events = next, events
	if err := b.table.Problems.Save(b.Context(), p); err != nil {
		b.Fatal(err)
	}
	return p.Saved()
}

// due returns the kinds that are due of a problem by a time.
func (b *bench) due(id string, by time.Time) []schedule.Kind {
	b.Helper()
	all, _, err := b.table.Schedule.Due(b.Context(), by, 100, "")
	if err != nil {
		b.Fatal(err)
	}
	var kinds []schedule.Kind
	for _, e := range all {
		if e.Of == id {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

func TestOpen_OneProblemPerCause(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 3)
	if p.Department != "billing" || p.OpenedBy != "els" || p.Customers != 3 || p.Contacts != 3 || p.State != problem.Detected {
		t.Errorf("opened %+v", p.Problem)
	}
	_, err := b.Open(t.Context(), els, problems.OpenRequest{Reason: "invoice-unclear", At: monday})
	exists, ok := errors.AsType[*problems.AlreadyOpenError](err)
	if !fault.Is(err, fault.Conflict) || !ok || exists.ProblemID != p.ID {
		t.Errorf("again: got %v, want a conflict with problem %s", err, p.ID)
	}
	for name, r := range map[string]problems.OpenRequest{
		"an unknown reason":                   {Reason: "nothing", At: monday},
		"an unknown product":                  {Reason: "manual-unclear", Product: "nothing", At: monday},
		"a product of a reason that has none": {Reason: "password-reset", Product: "coffee-machine", At: monday},
		"a contact that there is not":         {Reason: "manual-unclear", Product: "coffee-machine", Contacts: []problem.ContactRef{{Customer: "01931c2e-7a40-7c1e-9d3b-000000000001", Contact: "none"}}, At: monday},
		"a customer that there is not":        {Reason: "manual-unclear", Product: "coffee-machine", Contacts: []problem.ContactRef{{Customer: "nobody", Contact: "k1"}}, At: monday},
		"too many contacts":                   {Reason: "manual-unclear", Contacts: make([]problem.ContactRef, problems.MaxContacts+1), At: monday},
	} {
		if _, err := b.Open(t.Context(), els, r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttach_DetachOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 2)
	third := b.customer(3, monday)
	for range 2 {
		got, err := b.Attach(t.Context(), els, p.ID, problems.ContactsChange{Contacts: []problem.ContactRef{third}, Comment: "this too", At: monday})
		if err != nil || got.Version != 2 {
			t.Fatalf("version %d, %v", got.Version, err)
		}
	}
	if got := b.read(p.ID); got.Contacts != 3 || got.Customers != 3 || got.Events[0].By != "els" {
		t.Errorf("attached %+v", got.Problem)
	}
	for range 2 {
		if _, err := b.Detach(t.Context(), els, p.ID, problems.ContactsChange{Contacts: []problem.ContactRef{third}, At: monday}); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.read(p.ID); got.Contacts != 2 || got.Customers != 2 || got.Version != 3 {
		t.Errorf("detached %+v", got.Problem)
	}
}

func TestContinueMerge_Repeated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	into, from := b.opened("invoice-unclear", 1, 5), b.opened("refund-missing", 4, 40)
	_ = into
	merged := b.step(from.ID, problem.Update{To: problem.Merged, Into: into.ID, By: "els", At: monday})
	for range 2 {
		if _, err := b.ContinueMerge(t.Context(), schedule.Entry{Kind: schedule.Transfer, Of: from.ID}, monday.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	got := b.read(into.ID)
	if got.Customers != 43 || got.Contacts != 43 || got.Version != into.Version+1 || got.Events[0].Kind != problem.EventMerged || got.Events[0].Other != from.ID {
		t.Errorf("the target has %d customers, %d contacts, %+v", got.Customers, got.Contacts, got.Events)
	}
	if old := b.read(from.ID); old.MergedInto != into.ID || old.Customers != merged.Customers {
		t.Errorf("the merged one %+v", old.Problem)
	}
	if _, err := b.Attach(t.Context(), els, from.ID, problems.ContactsChange{Contacts: []problem.ContactRef{b.customer(500, monday)}, At: monday}); !fault.Is(err, fault.Conflict) {
		t.Errorf("attached to a merged one: %v", err)
	}
	if got := b.due(from.ID, monday.Add(day)); !slices.Equal(got, []schedule.Kind{schedule.Transfer}) {
		t.Errorf("due %v", got)
	}
}

func TestSplit_NamedContacts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 5)
	moved := []problem.ContactRef{
		{Customer: "01931c2e-7a40-7c1e-9d3b-000000000001", Contact: "k1"}, {Customer: "01931c2e-7a40-7c1e-9d3b-000000000002", Contact: "k2"},
	}
	part, err := b.Split(t.Context(), els, p.ID, problems.SplitRequest{Contacts: moved, Words: []string{"BTW nummer"}, At: monday})
	if err != nil {
		t.Fatal(err)
	}
	rest := b.read(p.ID)
	part = b.read(part.ID)
	if rest.Customers != 3 || part.Customers != 2 || part.SplitFrom != p.ID || len(rest.Parts) != 1 || rest.Parts[0].ID != part.ID {
		t.Errorf("rest %+v part %+v", rest.Problem, part.Problem)
	}
	if !rest.Parts[0].MatchesText("Waar staat het btw-nummer?") || rest.Parts[0].MatchesText("btw") {
		t.Errorf("words %q", rest.Parts[0].Words)
	}
	for name, s := range map[string]problems.SplitRequest{
		"nothing":         {At: monday},
		"an old version":  {Version: 99, Words: []string{"x"}, At: monday},
		"an empty word":   {Words: []string{" "}, At: monday},
		"a word too long": {Words: []string{string(make([]byte, 100))}, At: monday},
	} {
		if _, err := b.Split(t.Context(), els, p.ID, s); err == nil {
			t.Errorf("%s: split", name)
		}
	}
}

func TestEscalateUnacknowledged_Once(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 1) // billing has 16 working hours: until Wednesday at nine
	if want := monday.Add(day + 8*time.Hour); !p.AcknowledgeBy.Equal(want) {
		t.Errorf("to be acknowledged by %v, not %v", p.AcknowledgeBy, want)
	}
	if k := b.due(p.ID, p.AcknowledgeBy.Add(-time.Second)); len(k) != 0 {
		t.Errorf("due before: %v", k)
	}
	if k := b.due(p.ID, p.AcknowledgeBy); !slices.Equal(k, []schedule.Kind{schedule.Acknowledge}) {
		t.Errorf("due then: %v", k)
	}
	e := schedule.Entry{Kind: schedule.Acknowledge, Of: p.ID}
	again, err := b.EscalateUnacknowledged(t.Context(), e, monday.Add(time.Minute))
	if err != nil || !again.Equal(monday.Add(day+8*time.Hour)) {
		t.Fatalf("again at %v, %v", again, err)
	}
	for range 2 {
		if again, err := b.EscalateUnacknowledged(t.Context(), e, monday.Add(2*day)); err != nil || !again.IsZero() {
			t.Fatal(again, err)
		}
	}
	got := b.read(p.ID)
	if got.EscalatedTo != "customer-care" || got.Version != 2 || len(got.Events) != 2 || got.Events[1].Department != "customer-care" {
		t.Errorf("escalated %+v %+v", got.Problem, got.Events)
	}
	if k := b.due(p.ID, monday.Add(30*day)); len(k) != 0 {
		t.Errorf("still due %v", k)
	}
	got = b.step(p.ID, problem.Update{To: problem.Acknowledged, By: "els", At: monday.Add(3 * day)})
	if got.EscalatedTo != "" || len(got.Events) != 2 || !got.AcknowledgeBy.IsZero() {
		t.Errorf("acknowledged %+v %+v", got.Problem, got.Events)
	}
}

func TestRemindOverdue_OncePerTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 1)
	b.step(p.ID, problem.Update{To: problem.Acknowledged, At: monday})
	b.step(p.ID, problem.Update{To: problem.FixPlanned, ExpectedAt: monday.Add(day), At: monday})
	e := schedule.Entry{Kind: schedule.Expected, Of: p.ID}
	for _, at := range []time.Time{monday.Add(day - time.Minute), monday.Add(day), monday.Add(day), monday.Add(2 * day)} {
		if _, err := b.RemindOverdue(t.Context(), e, at); err != nil {
			t.Fatal(err)
		}
	}
	got := b.read(p.ID)
	if got.Version != 4 || got.Events[0].Kind != problem.EventOverdue {
		t.Errorf("version %d, %+v", got.Version, got.Events)
	}
	b.step(p.ID, problem.Update{ExpectedAt: monday.Add(5 * day), At: monday.Add(2 * day)})
	if _, err := b.RemindOverdue(t.Context(), e, monday.Add(6*day)); err != nil {
		t.Fatal(err)
	}
	if got := b.read(p.ID); got.Version != 6 {
		t.Errorf("version %d after a second time", got.Version)
	}
}

func TestFinishWatch_ConfirmsOrReopens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after int // contacts after the fix
		late  int // contacts from before the fix, attached after it
		want  problem.State
	}{
		"quiet":            {0, 0, problem.Confirmed},
		"one more":         {1, 0, problem.Confirmed},
		"late ones":        {0, 20, problem.Confirmed},
		"as many as ever":  {12, 0, problem.Detected},
		"more than before": {40, 0, problem.Detected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			p := b.opened("invoice-unclear", 1, 1)
			var before []problem.ContactRef
			for i := range 10 {
				before = append(before, b.customer(10+i, monday.Add(time.Duration(i)*day-day)))
			}
			if _, err := b.Attach(t.Context(), els, p.ID, problems.ContactsChange{Contacts: before, At: monday}); err != nil {
				t.Fatal(err)
			}
			fixed := monday.Add(12 * day)
			b.step(p.ID, problem.Update{To: problem.Acknowledged, At: fixed})
			b.step(p.ID, problem.Update{To: problem.Fixed, At: fixed})
			var refs []problem.ContactRef
			for i := range tt.after {
				refs = append(refs, b.customer(100+i, fixed.Add(day+time.Duration(i%12)*day)))
			}
			for i := range tt.late {
				refs = append(refs, b.customer(200+i, fixed.Add(-3*day)))
			}
			if len(refs) > 0 {
				if _, err := b.Attach(t.Context(), els, p.ID, problems.ContactsChange{Contacts: refs, At: fixed}); err != nil {
					t.Fatal(err)
				}
			}
			e := schedule.Entry{Kind: schedule.Watch, Of: p.ID}
			if k := b.due(p.ID, fixed.Add(problem.WatchFor)); !slices.Equal(k, []schedule.Kind{schedule.Watch}) {
				t.Errorf("due %v", k)
			}
			for _, at := range []time.Time{fixed.Add(day), fixed.Add(problem.WatchFor), fixed.Add(problem.WatchFor)} {
				if _, err := b.FinishWatch(t.Context(), e, at); err != nil {
					t.Fatal(err)
				}
			}
			got := b.read(p.ID)
			if got.State != tt.want {
				t.Fatalf("it is %s: %+v", got.State, got.Proof)
			}
			switch {
			case tt.want == problem.Detected:
				if ev := got.Events[0].Evidence; ev == nil || ev.Contacts != tt.after {
					t.Errorf("evidence %+v", ev)
				}
			case got.Proof == nil || got.Proof.After != tt.after || got.Proof.Before != 11+tt.late || got.Proof.Low > got.Proof.Avoided ||
				got.Proof.High < got.Proof.Avoided || got.Proof.Saved <= 0:
				t.Errorf("proof %+v", got.Proof)
			}
		})
	}
}

// Three departments change one problem at once. Every change that succeeded must
// be in the log, on a version of its own.
func TestUpdate_Concurrent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 1)
	b.step(p.ID, problem.Update{To: problem.Acknowledged, By: "start", At: monday})
	const each = 5
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := map[string]bool{}
	for _, who := range []string{"billing", "it", "sales"} {
		wg.Go(func() {
			for i := range each {
				comment := fmt.Sprint(who, i)
				for {
					_, err := b.Update(t.Context(), problem.CallerForAll(who), p.ID, problems.Change{Comment: comment, At: monday})
					if err == nil {
						break
					}
					if !fault.Is(err, fault.Unavailable) {
						t.Error(err)
						return
					}
				}
				mu.Lock()
				taken[comment] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	lines, next, err := b.table.Problems.ProblemLog(t.Context(), p.ID, 100, "")
	if err != nil || next != "" {
		t.Fatal(next, err)
	}
	for i, l := range lines {
		if l.Version != len(lines)-i {
			t.Fatalf("line %d has version %d", i, l.Version)
		}
		delete(taken, l.Comment)
	}
	if len(lines) != 2+3*each || len(taken) != 0 {
		t.Errorf("%d lines; lost %v", len(lines), taken)
	}
	if l := lines[len(lines)-2]; l.By != "start" || l.Before["state"] != "detected" || l.After["state"] != "acknowledged" {
		t.Errorf("line %+v", l)
	}
}

func TestUpdate_ConflictState(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 1)
	for name, change := range map[string]problems.Change{
		"outdated version": {Comment: "x", Version: 7, At: monday},
		"illegal step":     {To: problem.Confirmed, At: monday},
	} {
		_, err := b.Update(t.Context(), els, p.ID, change)
		got, ok := errors.AsType[*problems.ConflictError](err)
		if !ok || !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: got %v, want a *ConflictError", name, err)
			continue
		}
		if got.Version != 1 || got.Revision != p.Revision || got.State != problem.Detected || !slices.Equal(got.Possible, problem.Next(problem.Detected)) {
			t.Errorf("%s: got %+v, want version 1, revision %d, detected and its next states", name, got, p.Revision)
		}
	}
}

func TestUpdate_MergeRepeated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	into, from := b.opened("invoice-unclear", 1, 3), b.opened("refund-missing", 10, 2)
	merge := problems.Change{To: problem.Merged, Into: into.ID, At: monday, Key: problems.IdempotencyKey(els, "m-1", []byte("{}"), monday)}
	for range 2 {
		got, err := b.Update(t.Context(), els, from.ID, merge)
		if err != nil || got.Version != 2 || got.MergedInto != into.ID {
			t.Fatalf("got version %d, merged into %q, %v; want version 2, merged into %s", got.Version, got.MergedInto, err, into.ID)
		}
	}
	if got := b.read(into.ID); got.Contacts != 5 || got.Version != 2 {
		t.Errorf("the target has %d contacts at version %d, want 5 at version 2", got.Contacts, got.Version)
	}
	merge.Key = problems.IdempotencyKey(els, "m-1", []byte(`{"comment":"x"}`), monday)
	if _, err := b.Update(t.Context(), els, from.ID, merge); !fault.Is(err, fault.Conflict) {
		t.Errorf("another body with the same key: got %v, want a conflict", err)
	}
}
