package problems_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/schedule"
	"github.com/heard-intake/heard/internal/store"
)

// errGone is the error of every write of a process that died.
var errGone = errors.New("the process died")

// A mortal makes the writer of a table die at its n-th write: before it, or just
// after.
type mortal struct {
	left  int
	after bool
}

// storeOn returns the parts of a table, of which the problems are mortal.
func (m *mortal) storeOn(table *store.Table) problems.Store {
	s := problems.StoreOf(table)
	s.Problems = mortalProblems{table.Problems, m}
	return s
}

type mortalProblems struct {
	store.Problems
	*mortal
}

func (m *mortal) write(do func() error) error {
	m.left--
	switch {
	case m.left > 0:
		return do()
	case m.left == 0 && m.after:
		if err := do(); err != nil {
			return err
		}
	default: // dead already
	}
	return errGone
}

func (m mortalProblems) Save(ctx context.Context, p problem.Record) error {
	return m.write(func() error { return m.Problems.Save(ctx, p) })
}

func (m mortalProblems) Split(ctx context.Context, from, part problem.Record) error {
	return m.write(func() error { return m.Problems.Split(ctx, from, part) })
}

func (m mortalProblems) ChangeAffected(ctx context.Context, id string, all []problem.AffectedChange) error {
	return m.write(func() error { return m.Problems.ChangeAffected(ctx, id, all) })
}

// says has the n-th customer say a text, which is a contact of its own.
func (b *bench) says(n int, text string) problem.ContactRef {
	b.Helper()
	at := monday.Add(-time.Duration(n) * time.Minute)
	m := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, at, fmt.Sprint("m", n)), Channel: message.WhatsApp,
		CustomerID: identity.CustomerID(fmt.Sprintf("01931c2e-7a40-7c1e-9d3b-%012d", n)), Direction: message.Inbound, Kind: message.Text,
		ProviderID: fmt.Sprint("m", n), SentAt: at, Text: text,
		Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: fmt.Sprintf("31970100%05d", n)}, Assurance: identity.Verified},
	}
	if _, err := b.table.Messages.Put(b.Context(), m, ""); err != nil {
		b.Fatal(err)
	}
	k := contact.Contacts(contact.Read([]message.Message{m}, nil))[0]
	k.Customer = m.CustomerID
	if err := b.table.Contacts.Save(b.Context(), k); err != nil {
		b.Fatal(err)
	}
	return problem.ContactRef{Customer: k.Customer, Contact: k.ID}
}

// holds fails the test unless a problem has these contacts, each once, and counts
// them right.
func (b *bench) holds(id string, want map[string]bool) {
	b.Helper()
	p := b.read(id)
	all, _, err := b.table.Problems.AffectedCustomers(b.Context(), id, 1000, "")
	if err != nil {
		b.Fatal(err)
	}
	contacts := 0
	for _, a := range all {
		for _, k := range a.Contacts() {
			contacts++
			if !want[k] {
				b.Errorf("%s holds %s", id, k)
			}
		}
	}
	if contacts != len(want) || p.Contacts != contacts || p.Customers != len(all) {
		b.Errorf("%s lists %d contacts of %d customers, counts %d of %d; want %d", id, contacts, len(all), p.Contacts, p.Customers, len(want))
	}
}

func (b *bench) events(id string) (kinds []problem.EventKind) {
	b.Helper()
	lines, _, err := b.table.Problems.ProblemLog(b.Context(), id, 100, "")
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range lines {
		kinds = append(kinds, l.Event)
	}
	return kinds
}

// The process dies before or after each write of a split in turn. Then the
// scheduler or a repetition must finish the split: every contact is in one of the
// two problems, once, and each department is notified once.
func TestSplit_ProcessDies(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const customers = 35 // more than one page
	var refs []problem.ContactRef
	rest, moved := map[string]bool{}, map[string]bool{}
	for n := range customers {
		text := "Ik snap er niets van"
		if n%10 < 6 {
			text += ", tekening zeven ontbreekt"
		}
		r := b.says(n, text)
		refs = append(refs, r)
		if n%10 < 6 || n == 8 || n == 9 {
			moved[r.Contact] = true
		} else {
			rest[r.Contact] = true
		}
	}
	reasons := b.Taxonomy().Reasons
	cases := 0
	for dies := 1; ; dies++ {
		reached := false
		for _, after := range []bool{false, true} {
			for _, clock := range []bool{false, true} {
				if !after && clock && dies == 1 {
					continue // nothing was written, so nothing is due
				}
				if cases == len(reasons) {
					t.Fatal("more cases than reasons; a split has more writes than it should")
				}
				p, err := b.Open(t.Context(), els, problems.OpenRequest{Reason: reasons[cases].ID, Contacts: refs, At: monday})
				if err != nil {
					t.Fatal(err)
				}
				cases++
				broken := &mortal{dies, after}
				w := &problems.Service{Store: broken.storeOn(b.table), Taxonomy: b.Taxonomy, Zone: b.Zone}
				s := problems.SplitRequest{
					Contacts: refs[8:10], Words: []string{"tekening zeven"}, At: monday, Version: p.Version,
					Key: problem.IdempotencyKey{Key: "els split-1", Print: "x", Expires: monday.Add(day)},
				}
				if _, err = w.Split(t.Context(), els, p.ID, s); err == nil {
					continue // it has fewer writes
				}
				reached = true
				if !errors.Is(err, errGone) {
					t.Fatal(err)
				}
				part := b.finished(p.ID, s, clock)
				b.holds(p.ID, rest)
				b.holds(part, moved)
				if got := fmt.Sprint(b.events(p.ID), b.events(part)); got != "[split opened] [updated opened]" {
					t.Errorf("dies at %d, after %v, by the clock %v: events %s", dies, after, clock, got)
				}
			}
		}
		if !reached {
			if dies < 6 {
				t.Errorf("a split of two pages has %d writes", dies-1)
			}
			return
		}
	}
}

// finished has a split that broke off finished, twice, and returns the part.
func (b *bench) finished(id string, s problems.SplitRequest, clock bool) string {
	b.Helper()
	part := ""
	if clock {
		part = b.read(id).Parts[0].ID
		if got := b.due(part, monday.Add(time.Minute)); fmt.Sprint(got) != "[split]" {
			b.Errorf("due %v", got)
		}
	}
	for range 2 {
		if clock {
			if again, err := b.ContinueSplit(b.Context(), schedule.Entry{Kind: schedule.Split, Of: part}, monday.Add(time.Minute)); err != nil || !again.IsZero() {
				b.Fatal(again, err)
			}
			continue
		}
		p, err := b.Split(b.Context(), els, id, s)
		if err != nil {
			b.Fatal(err)
		}
		if part != "" && part != p.ID {
			b.Errorf("repeated, it made another part")
		}
		part = p.ID
	}
	if parts := b.read(id).Parts; len(parts) != 1 || parts[0].ID != part {
		b.Errorf("parts %+v", parts)
	}
	return part
}

func TestSplit_IdempotencyKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 3)
	s := problems.SplitRequest{Words: []string{"btw"}, At: monday, Key: problem.IdempotencyKey{Key: "els a", Print: "x", Expires: monday.Add(day)}}
	if _, err := b.Split(t.Context(), els, p.ID, s); err != nil {
		t.Fatal(err)
	}
	other := s
	other.Words, other.Key.Print = []string{"korting"}, "y"
	if _, err := b.Split(t.Context(), els, p.ID, other); !fault.Is(err, fault.Conflict) {
		t.Errorf("another split under the same name: %v", err)
	}
	again := s
	again.Key = problem.IdempotencyKey{}
	if _, err := b.Split(t.Context(), els, p.ID, again); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same words under no name: %v", err)
	}
}

func TestSplit_PartIsMergedBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 5)
	part, err := b.Split(t.Context(), els, p.ID, problems.SplitRequest{
		Contacts: []problem.ContactRef{{Customer: "01931c2e-7a40-7c1e-9d3b-000000000001", Contact: "k1"}}, Words: []string{"btw"}, At: monday,
	})
	if err != nil {
		t.Fatal(err)
	}
	merged := b.step(part.ID, problem.Update{To: problem.Merged, Into: p.ID, By: "els", At: monday})
	if err := b.Absorb(t.Context(), merged, monday); err != nil {
		t.Fatal(err)
	}
	if got := b.read(p.ID); got.Customers != 5 || got.Contacts != 5 || len(got.Parts) != 0 {
		t.Errorf("whole again: %+v", got.Problem)
	}
}

// A split that names contacts of another problem is refused, and names them. The
// corrected request may have the same key.
func TestSplit_ForeignContacts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 4)
	mine := problem.ContactRef{Customer: "01931c2e-7a40-7c1e-9d3b-000000000001", Contact: "k1"}
	stranger, left := b.customer(20, monday), problem.ContactRef{Customer: "01931c2e-7a40-7c1e-9d3b-000000000002", Contact: "k2"}
	another := b.customer(30, monday)
	another.Customer = mine.Customer
	if err := b.table.Contacts.Save(t.Context(), contact.Contact{ID: another.Contact, Customer: mine.Customer, Start: monday}); err != nil {
		t.Fatal(err)
	}
	now, err := b.Detach(t.Context(), els, p.ID, problems.ContactsChange{Contacts: []problem.ContactRef{left}, At: monday})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		contacts []problem.ContactRef
		kind     fault.Kind
		says     string
	}{
		"of nobody who is affected":         {[]problem.ContactRef{mine, stranger, stranger}, fault.Conflict, "contacts: not of this problem: k20; nothing was changed"},
		"another of who is affected":        {[]problem.ContactRef{another}, fault.Conflict, "contacts: not of this problem: k30; nothing was changed"},
		"detached before":                   {[]problem.ContactRef{left, mine, stranger}, fault.Conflict, "contacts: not of this problem: k2, k20; nothing was changed"},
		"a contact that its customer lacks": {[]problem.ContactRef{mine, {Customer: mine.Customer, Contact: "k99"}}, fault.Invalid, "contacts: the customer has no contact k99; nothing was changed"},
	} {
		s := problems.SplitRequest{Contacts: tt.contacts, Words: []string{"btw"}, At: monday, Key: problem.IdempotencyKey{Key: "els a", Print: "x", Expires: monday.Add(day)}}
		if _, err := b.Split(t.Context(), els, p.ID, s); fault.KindOf(err) != tt.kind || fault.Message(err) != tt.says {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := b.read(p.ID); got.Version != now.Version || len(got.Parts) != 0 || got.Contacts != 3 {
		t.Errorf("something changed: %+v", got.Problem)
	}
	s := problems.SplitRequest{Contacts: []problem.ContactRef{mine}, At: monday, Key: problem.IdempotencyKey{Key: "els a", Print: "x", Expires: monday.Add(day)}}
	first, err := b.Split(t.Context(), els, p.ID, s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Split(t.Context(), els, p.ID, s) // its contact is of the part by now
	if err != nil || again.ID != first.ID || again.Contacts != 1 {
		t.Errorf("repeated: %+v %v", again.Problem, err)
	}
	s.Key = problem.IdempotencyKey{}
	if _, err := b.Split(t.Context(), els, p.ID, s); !fault.Is(err, fault.Conflict) {
		t.Errorf("split off twice: %v", err)
	}
}

// A contact that leaves a problem while a part is being filled does not join the
// part.
func TestSplit_ContactLeavesMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.opened("invoice-unclear", 1, 3)
	refs := []problem.ContactRef{
		{Customer: "01931c2e-7a40-7c1e-9d3b-000000000001", Contact: "k1"}, {Customer: "01931c2e-7a40-7c1e-9d3b-000000000002", Contact: "k2"},
	}
	broken := &problems.Service{Store: (&mortal{2, false}).storeOn(b.table), Taxonomy: b.Taxonomy, Zone: b.Zone}
	s := problems.SplitRequest{Contacts: refs, At: monday, Key: problem.IdempotencyKey{Key: "els a", Print: "x", Expires: monday.Add(day)}}
	if _, err := broken.Split(t.Context(), els, p.ID, s); !errors.Is(err, errGone) {
		t.Fatal(err)
	}
	if _, err := b.Detach(t.Context(), els, p.ID, problems.ContactsChange{Contacts: refs[:1], At: monday}); err != nil {
		t.Fatal(err)
	}
	part, err := b.Split(t.Context(), els, p.ID, s)
	if err != nil {
		t.Fatal(err)
	}
	b.holds(part.ID, map[string]bool{"k2": true})
	b.holds(p.ID, map[string]bool{"k3": true})
}
