package triage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

const (
	everyday = "Waar blijft mijn bestelling?"       // order-status: a rise
	hazard   = "Er komt rook uit mijn koptelefoon!" // safety: critical
)

func TestRecord_LateEarlierMessage(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	for c := range 6 {
		m := says(c, 1, time.Duration(c+30)*time.Hour, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	early := says(5, 2, 34*time.Hour, "Hallo")
	put(t, table, early)
	handle(t, tr, early)
	handle(t, tr, early)
	p := problems(t, table, "billing")[0]
	if p.Contacts != 6 || p.Customers != 6 {
		t.Errorf("%d contacts of %d customers", p.Contacts, p.Customers)
	}
	affected, _, err := table.Problems.AffectedCustomers(t.Context(), p.ID, 10, "")
	if err != nil || len(affected) != 6 || len(affected[5].Occurrences) != 1 {
		t.Errorf("affected %+v, %v", affected, err)
	}
	ks, _, err := table.Contacts.List(t.Context(), "c005", 10, "")
	if err != nil || len(ks) != 1 || ks[0].ID != affected[5].Contacts()[0] {
		t.Errorf("contacts %+v, %v", ks, err)
	}
}

// usualWeeks handles two contacts a day about everyday reasons, for some weeks.
func usualWeeks(t *testing.T, tr testTriage, weeks int) (next int, now time.Time) {
	t.Helper()
	var ms []message.Message
	for d := range weeks * 7 {
		for i := range 2 {
			ms = append(ms, says(next, 1, time.Duration(d*24+9+i*5)*time.Hour, everyday))
			next++
		}
	}
	put(t, tr.table, ms...)
	for _, m := range ms {
		handle(t, tr.Triage, m)
	}
	return next, start.Add(time.Duration(weeks*7*24) * time.Hour)
}

func TestEvaluateRise_MoreThanUsual(t *testing.T) {
	t.Parallel()
	tr := later(t, 40*24*time.Hour)
	next, now := usualWeeks(t, tr, 4)
	if ps := problems(t, tr.table, "logistics"); len(ps) != 0 {
		t.Fatalf("the usual number of contacts opened %d problems, want 0", len(ps))
	}
	opened := 0
	for c := range 15 {
		m := says(next+c, 1, now.Sub(start)+time.Duration(c)*10*time.Minute, everyday)
		put(t, tr.table, m)
		handle(t, tr.Triage, m)
		handle(t, tr.Triage, m)
		if opened == 0 && len(problems(t, tr.table, "logistics")) == 1 {
			opened = c + 1
		}
	}
	ps := problems(t, tr.table, "logistics")
	if len(ps) != 1 || opened < 5 || opened > 12 || ps[0].Reason != "order-status" || ps[0].Customers != 15 || ps[0].Contacts != 15 {
		t.Errorf("opened at %d: %+v", opened, ps)
	}
}

func TestEvaluateRise_OneCustomer(t *testing.T) {
	t.Parallel()
	tr := later(t, 40*24*time.Hour)
	_, now := usualWeeks(t, tr, 3)
	var ms []message.Message
	for n := range 50 {
		m := says(7, 10+2*n, now.Sub(start)+time.Duration(n)*26*time.Hour/10, everyday)
		ms = append(ms, m, answered(says(7, 11+2*n, now.Sub(start)+time.Duration(n)*26*time.Hour/10+time.Minute, "")))
	}
	put(t, tr.table, ms...)
	handle(t, tr.Triage, ms...)
	if ps := problems(t, tr.table, "logistics"); len(ps) != 0 {
		t.Errorf("%d problems: %+v", len(ps), ps[0])
	}
}

func TestExamineWindow_CriticalSeverity(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	m := says(1, 1, 0, hazard)
	put(t, table, m)
	handle(t, tr, m)
	r, _ := shop.Reason("safety")
	ps := problems(t, table, r.Department)
	if len(ps) != 1 || ps[0].Reason != "safety" || ps[0].Product != "headphones" || ps[0].Severity != "critical" {
		t.Errorf("%+v", ps)
	}
}

func TestRecord_ReasonWithoutDetection(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	m := says(1, 1, 0, "Welke airfryer raden jullie aan?")
	put(t, table, m)
	handle(t, tr, m)
	ks, _, err := table.Contacts.List(t.Context(), m.CustomerID, 10, "")
	if err != nil || len(ks) != 1 || len(ks[0].Causes) != 1 {
		t.Fatalf("contacts %+v, %v", ks, err)
	}
	off := ks[0].Causes[0].Reason
	if r, _ := shop.Reason(off); r.Detect != "off" {
		t.Fatalf("%s is detected by %s", off, r.Detect)
	}
	if seen, err := table.Causes.Occurrences(t.Context(), off, "", "0", "9", 10, time.Now()); err != nil || len(seen) != 0 {
		t.Errorf("seen %v, %v", seen, err)
	}
}

func TestExamineWindow_ExplainedByProductProblem(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	say := func(from, to int, text string) {
		for c := from; c < to; c++ {
			m := says(c, 1, time.Duration(c)*time.Minute, text)
			put(t, table, m)
			handle(t, tr, m)
		}
	}
	say(0, 9, "Hij is kapot, hij doet niks meer")
	say(20, 25, "Mijn airfryer is kapot, hij doet niks meer")
	say(30, 40, "Hij is kapot, hij doet niks meer")
	ps := problems(t, table, shop.Owner("defect", "air-fryer"))
	if len(ps) != 1 || ps[0].Product != "air-fryer" || ps[0].Customers != 5 {
		t.Fatalf("%d problems: %+v", len(ps), ps)
	}
	fixed := ps[0]
	var err error
	if fixed.Problem, fixed.Events, err = problem.ApplyUpdate(fixed.Problem, problem.Update{To: problem.Rejected, Comment: "Nothing.", At: start.Add(45 * time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if err := table.Problems.Save(t.Context(), fixed); err != nil {
		t.Fatal(err)
	}
	say(50, 59, "Hij is kapot, hij doet niks meer") // nine more are not enough
	if ps := problems(t, table, shop.Owner("defect", "air-fryer")); len(ps) != 1 {
		t.Errorf("contacts explained by the open problem counted: %d problems", len(ps))
	}
	say(60, 61, "Hij is kapot, hij doet niks meer")
	if ps := problems(t, table, shop.Owner("defect", "air-fryer")); len(ps) != 2 {
		t.Errorf("%d problems after ten more", len(ps))
	}
}

func TestOpenProblem_AbsorbsGeneralProblem(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	say := func(from, to int, text string) {
		for c := from; c < to; c++ {
			m := says(c, 1, time.Duration(c)*time.Minute, text)
			put(t, table, m)
			handle(t, tr, m)
		}
	}
	say(0, 10, "Hij is kapot, hij doet niks meer")
	say(20, 25, "Mijn airfryer is kapot, hij doet niks meer")
	say(30, 33, "Hij is kapot, hij doet niks meer")
	var merged, open problem.Record
	for _, p := range problems(t, table, shop.Owner("defect", "air-fryer")) {
		if p.State == problem.Merged {
			merged = p
		} else {
			open = p
		}
	}
	if merged.Product != "" || merged.Customers != 10 || merged.MergedInto != open.ID || open.Product != "air-fryer" || open.Customers != 8 {
		t.Errorf("%+v\n%+v", merged, open)
	}
}

func TestJoinProblem_WritesPerKey(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	var ms []message.Message
	for c := range 600 {
		ms = append(ms, says(c, 1, time.Duration(c)*10*time.Millisecond, unclear))
	}
	put(t, table, ms...)
	for i := 0; i < len(ms); i += 100 {
		handle(t, tr, ms[i:i+100]...)
	}
	p := problems(t, table, "billing")[0]
	if p.Customers != 600 || p.Contacts != 600 || p.Milestone != 500 {
		t.Errorf("%+v", p)
	}
	// The problem is written once for each event, and its counts once for each
	// batch. Both are far below the thousand writes a second of one key.
	if p.Revision > 8 {
		t.Errorf("the problem was written %d times", p.Revision)
	}
}

func TestRecord_OldContactNewCause(t *testing.T) {
	t.Parallel()
	tr := later(t, 40*24*time.Hour)
	next, now := usualWeeks(t, tr, 4)
	say := func(c, n int, after time.Duration, text string) {
		m := says(c, n, now.Sub(start)+after, text)
		put(t, tr.table, m)
		handle(t, tr.Triage, m)
	}
	for c := range 12 {
		say(next+c, 1, time.Duration(c)*time.Hour, "Hallo, ik heb een vraag")
	}
	say(next+20, 1, 13*time.Hour, everyday) // the hours before are over, and counted
	for c := range 12 {
		say(next+c, 2, 14*time.Hour+time.Duration(c)*time.Minute, everyday)
	}
	ps := problems(t, tr.table, "logistics")
	if len(ps) != 1 || ps[0].Customers < 12 || ps[0].FirstSeen.Before(now.Add(13*time.Hour)) {
		t.Errorf("%d problems: %+v", len(ps), ps)
	}
}

func TestExamineWindow_MistakenReasons(t *testing.T) {
	t.Parallel()
	tr, table := newTriage(t)
	n := 0
	say := func(customers int, text string) {
		for range customers {
			n++
			m := says(n, 1, time.Duration(n)*time.Minute, text)
			put(t, table, m)
			handle(t, tr, m)
		}
	}
	opened := func() (defects []string) {
		for _, p := range problems(t, table, "product-quality") {
			if p.Reason == "defect" {
				defects = append(defects, p.Product)
			}
		}
		return defects
	}
	say(30, "De oplader van mijn koptelefoon ontbreekt")
	say(10, "Mijn koptelefoon is kapot") // five, and a fifth of thirty, are one more
	if got := opened(); got != nil {
		t.Errorf("opened %v, want only the problem of missing parts", got)
	}
	say(5, "Mijn airfryer is kapot")
	if got := opened(); !slices.Equal(got, []string{"air-fryer"}) {
		t.Errorf("opened %v, want the problem of another product", got)
	}
	say(1, "Mijn koptelefoon is kapot")
	if got := opened(); len(got) != 2 || !slices.Contains(got, "headphones") {
		t.Errorf("opened %v, want a second problem of the product", got)
	}
}
