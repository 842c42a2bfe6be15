package problem_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func opened(t testing.TB) problem.Problem {
	t.Helper()
	p, events := problem.Open(problem.Seed{
		ID: "0195b7a0-0000-7000-8000-000000000001", Reason: "manual-unclear", Product: "thermostat", Department: "it",
		Names: problem.Names{
			Department: problem.Label{NL: "ICT", EN: "IT"},
			Reason:     problem.Label{NL: "Handleiding onduidelijk", EN: "Manual unclear"},
			Product:    problem.Label{NL: "Thermostaat", EN: "Thermostat"},
		},
		Severity: "normal", TaxonomyVersion: "7", Affected: []problem.Affected{
			{Customer: "c1", Occurrences: []problem.Occurrence{seen("k1", -3), seen("k2", 0)}}, {Customer: "c2", Occurrences: []problem.Occurrence{seen("k3", -3)}},
			{Customer: "c3", Occurrences: []problem.Occurrence{seen("k4", 0)}}, {Customer: "c4", Occurrences: []problem.Occurrence{seen("k5", 0)}}, {Customer: "c5", Occurrences: []problem.Occurrence{seen("k6", 0)}},
		},
	}, noon)
	if days := map[string]int{"2026-03-07": 2, "2026-03-10": 4}; p.Contacts != 6 || p.Customers != 5 || !maps.Equal(p.PerDay, days) || !p.FirstSeen.Equal(noon.AddDate(0, 0, -3)) || !p.LastSeen.Equal(noon) {
		t.Fatalf("opened %+v", p)
	}
	if len(events) != 1 || events[0].Kind != problem.EventOpened || p.State != problem.Detected || p.Version != 1 {
		t.Fatalf("opened %+v with %+v", p, events)
	}
	return p
}

// seen returns an occurrence some days after noon.
func seen(id string, day int) problem.Occurrence {
	at := noon.AddDate(0, 0, day)
	return problem.Occurrence{Contact: id, Day: at.Format(time.DateOnly), At: at}
}

// step returns a complete update to a state.
func step(to problem.State) problem.Update {
	return problem.Update{
		To: to, By: "billing", At: noon, Comment: "so it is", Cause: "step 4 is missing", Workaround: "skip step 4",
		ExpectedAt: noon.AddDate(0, 0, 7), Into: "0195b7a0-0000-7000-8000-000000000002", Department: "documentation",
	}
}

// Every step from every state is legal or a conflict, as the table has it.
func TestEveryStep(t *testing.T) {
	t.Parallel()
	legal := map[problem.State]string{
		problem.Detected:     "acknowledged rejected merged moved",
		problem.Acknowledged: "cause_known workaround fix_planned fixed rejected merged moved",
		problem.CauseKnown:   "workaround fix_planned fixed rejected merged moved",
		problem.Workaround:   "cause_known fix_planned fixed rejected merged moved",
		problem.FixPlanned:   "cause_known workaround fixed rejected merged moved",
		problem.Fixed:        "confirmed detected",
		problem.Confirmed:    "detected",
		problem.Rejected:     "detected",
		problem.Merged:       "",
		problem.Moved:        "",
	}
	for _, from := range problem.States() {
		for _, to := range problem.States() {
			t.Run(string(from+" to "+to), func(t *testing.T) {
				t.Parallel()
				p := opened(t)
				p.State = from
				got, events, err := problem.ApplyUpdate(p, step(to))
				switch {
				case slices.Contains(strings.Fields(legal[from]), string(to)):
					if err != nil || got.Version != p.Version+1 || len(events) == 0 {
						t.Fatalf("got %+v, %+v, %v", got, events, err)
					}
					kind, ok := map[problem.State]problem.EventKind{problem.Moved: problem.EventMoved, problem.Detected: problem.EventReopened}[to]
					if !ok {
						kind = problem.EventState
					}
					if e := events[0]; e.Kind != kind || e.From != from || e.To != to || e.By != "billing" || !e.At.Equal(noon) {
						t.Errorf("event %+v, not %s", e, kind)
					}
					if want := map[bool]problem.State{true: problem.Detected, false: to}[to == problem.Moved]; got.State != want {
						t.Errorf("state %s, want %s", got.State, want)
					}
				case from == to && from != problem.Merged:
					if err != nil || got.State != from || events[0].Kind != problem.EventUpdated {
						t.Fatalf("got %+v, %+v, %v", got, events, err)
					}
				default:
					if !fault.Is(err, fault.Conflict) || events != nil || got.Version != p.Version {
						t.Fatalf("got %+v, %+v, %v", got, events, err)
					}
					want := "possible: " + strings.ReplaceAll(legal[from], " ", ", ")
					switch {
					case from == problem.Merged:
						want = "was merged into"
					case legal[from] == "":
						want = "possible: nothing"
					}
					if !strings.HasSuffix(err.Error(), want) && from != problem.Merged || !strings.Contains(err.Error(), want) {
						t.Errorf("%q does not say %q", err, want)
					}
				}
			})
		}
	}
}

func TestApplyUpdate_Refusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		from   problem.State
		update problem.Update
		kind   fault.Kind
		want   string
	}{
		{"an old version", problem.Detected, problem.Update{To: problem.Acknowledged, Version: 9}, fault.Conflict, "read it again"},
		{"an unknown state", problem.Detected, problem.Update{To: "done"}, fault.Invalid, "possible: acknowledged"},
		{"nothing", problem.Acknowledged, problem.Update{}, fault.Invalid, "changes nothing"},
		{"the same state and nothing else", problem.Acknowledged, problem.Update{To: problem.Acknowledged}, fault.Invalid, "changes nothing"},
		{"a cause known without cause", problem.Acknowledged, problem.Update{To: problem.CauseKnown}, fault.Invalid, "cause"},
		{"a workaround without text", problem.Acknowledged, problem.Update{To: problem.Workaround}, fault.Invalid, "workaround"},
		{"a planned fix without time", problem.Acknowledged, problem.Update{To: problem.FixPlanned}, fault.Invalid, "expectedAt"},
		{"a planned fix in the past", problem.Acknowledged, problem.Update{To: problem.FixPlanned, ExpectedAt: noon.AddDate(0, 0, -1)}, fault.Invalid, "future"},
		{"a rejection without reason", problem.Acknowledged, problem.Update{To: problem.Rejected}, fault.Invalid, "reason"},
		{"a merge into nothing", problem.Acknowledged, problem.Update{To: problem.Merged}, fault.Invalid, "into"},
		{"a merge into itself", problem.Acknowledged, problem.Update{To: problem.Merged, Into: "0195b7a0-0000-7000-8000-000000000001"}, fault.Invalid, "another problem"},
		{"a move to nobody", problem.Acknowledged, problem.Update{To: problem.Moved}, fault.Invalid, "another department"},
		{"a move to the owner", problem.Acknowledged, problem.Update{To: problem.Moved, Department: "it"}, fault.Invalid, "another department"},
		{"a comment that is too long", problem.Acknowledged, problem.Update{Comment: strings.Repeat("é", 2001)}, fault.Invalid, "2000 characters"},
		{"a link that is none", problem.Acknowledged, problem.Update{Links: []string{"javascript:alert(1)"}}, fault.Invalid, "https://"},
		{"too many links", problem.Acknowledged, problem.Update{Links: make([]string, 11)}, fault.Invalid, "10 links"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := opened(t)
			p.State, tt.update.At = tt.from, noon
			got, events, err := problem.ApplyUpdate(p, tt.update)
			if fault.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) || events != nil || got.Version != p.Version || got.State != p.State {
				t.Errorf("got %+v, %+v, %v", got, events, err)
			}
		})
	}
}

func TestStory(t *testing.T) {
	t.Parallel()
	p := opened(t)
	for _, to := range []problem.State{problem.Acknowledged, problem.CauseKnown, problem.Workaround, problem.FixPlanned, problem.Fixed} {
		var err error
		if p, _, err = problem.ApplyUpdate(p, step(to)); err != nil {
			t.Fatal(err)
		}
	}
	if p.FixedAt != noon || p.Cause == "" || p.Workaround == "" || p.ExpectedAt.IsZero() || p.Version != 6 {
		t.Errorf("fixed: %+v", p)
	}
	quiet, events := problem.ApplyGrowth(p, false, noon.AddDate(0, 0, 1))
	if events != nil || quiet.Version != p.Version {
		t.Errorf("one contact after the fix: %+v, %+v", quiet, events)
	}
	again, events := problem.ApplyGrowth(p, true, noon.AddDate(0, 0, 1))
	if len(events) != 1 || events[0].Kind != problem.EventReopened || again.State != problem.Detected || again.Reopened != 1 || !again.FixedAt.IsZero() {
		t.Errorf("they came back: %+v, %+v", again, events)
	}
}

func TestApplyUpdate_Moved(t *testing.T) {
	t.Parallel()
	p, events, err := problem.ApplyUpdate(opened(t), problem.Update{To: problem.Moved, At: noon, Department: "documentation", DepartmentName: problem.Label{NL: "Documentatie", EN: "Documentation"}})
	if err != nil {
		t.Fatal(err)
	}
	if p.Department != "documentation" || p.State != problem.Detected || p.Version != 2 || len(events) != 2 {
		t.Fatalf("got %+v, %+v", p, events)
	}
	old, taken := problem.ItemOf(p, events[0], nil, "https://a.example"), problem.ItemOf(p, events[1], nil, "https://a.example")
	if old.Department != "it" || old.State != problem.Moved || old.MovedTo != "documentation" || len(old.Next) != 0 {
		t.Errorf("the old owner is told %+v", old)
	}
	if taken.Department != "documentation" || taken.State != problem.Detected || taken.Event != problem.EventOpened || taken.MovedTo != "" {
		t.Errorf("the new owner is told %+v", taken)
	}
}

func TestApplyGrowth_Milestones(t *testing.T) {
	t.Parallel()
	p := opened(t)
	var milestones []int
	for range 60 {
		p.Customers++
		var events []problem.Event
		p, events = problem.ApplyGrowth(p, false, noon)
		for _, e := range events {
			milestones = append(milestones, e.Milestone)
		}
	}
	if !slices.Equal(milestones, []int{10, 25, 50}) || p.Version != 4 {
		t.Errorf("milestones %v, %+v", milestones, p)
	}
	if same, events := problem.ApplyGrowth(p, false, noon); events != nil || same.Version != p.Version {
		t.Errorf("told again: %+v, %+v", same, events)
	}
}

func TestAffected_With(t *testing.T) {
	t.Parallel()
	had := problem.Affected{Occurrences: []problem.Occurrence{seen("k1", 0), seen("k2", 0)}}
	for _, tt := range []struct {
		name       string
		gone, seen []problem.Occurrence
		want       []problem.Occurrence
		same       bool
	}{
		{"a new contact", nil, []problem.Occurrence{seen("k3", 1)}, []problem.Occurrence{seen("k1", 0), seen("k2", 0), seen("k3", 1)}, false},
		{"one that is there", nil, []problem.Occurrence{seen("k2", 1)}, had.Occurrences, true},
		{"one that goes", []problem.Occurrence{seen("k2", 0)}, nil, []problem.Occurrence{seen("k1", 0)}, false},
		{"one that shows the cause another day", []problem.Occurrence{seen("k2", 0)}, []problem.Occurrence{seen("k2", 1)}, []problem.Occurrence{seen("k1", 0), seen("k2", 1)}, false},
		{"the same once more", []problem.Occurrence{seen("k2", 1)}, []problem.Occurrence{seen("k2", 0)}, had.Occurrences, true},
		{"one that is not there goes", []problem.Occurrence{seen("k9", 0)}, nil, had.Occurrences, true},
		{"one that gets another id", []problem.Occurrence{seen("k2", 0)}, []problem.Occurrence{seen("k3", -1)}, []problem.Occurrence{seen("k1", 0), seen("k3", -1)}, false},
		{"all go", []problem.Occurrence{seen("k1", 0), seen("k2", 0)}, nil, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, differs := had.With(tt.gone, tt.seen)
			if differs == tt.same || !slices.Equal(c.Occurrences, tt.want) || !slices.Equal(c.Was, had.Occurrences) {
				t.Errorf("%v %+v", differs, c)
			}
		})
	}
}

func TestMilestone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		before, after, want int
		ok                  bool
	}{
		{0, 0, 0, false}, {0, 9, 0, false}, {9, 10, 10, true}, {10, 10, 0, false}, {10, 24, 0, false}, {24, 25, 25, true},
		{5, 60, 50, true}, {99, 100, 100, true}, {249, 251, 250, true}, {499, 500, 500, true}, {999, 1000, 1000, true},
		{1000, 2500, 2500, true}, {2500, 4999, 0, false}, {4999, 5000, 5000, true}, {0, 1 << 62, 25e17, true}, {12, 5, 0, false},
	} {
		if got, ok := problem.Milestone(tt.before, tt.after); got != tt.want || ok != tt.ok {
			t.Errorf("Milestone(%d, %d) = %d, %t; want %d, %t", tt.before, tt.after, got, ok, tt.want, tt.ok)
		}
	}
}

func TestOpens(t *testing.T) {
	t.Parallel()
	rule := problem.Rule{Threshold: 3, Window: 7 * 24 * time.Hour}
	seen := func(of ...string) []problem.Sighting {
		var all []problem.Sighting
		for _, s := range of {
			customer, day, _ := strings.Cut(s, " ")
			all = append(all, problem.Sighting{Customer: customer, Day: "2026-" + day})
		}
		return all
	}
	tests := []struct {
		name string
		seen []problem.Sighting
		want bool
	}{
		{"nobody", nil, false},
		{"three on one day", seen("a 03-10", "b 03-10", "c 03-10"), true},
		{"three over the window", seen("a 03-04", "b 03-07", "c 03-10"), true},
		{"one before the window", seen("a 03-03", "b 03-07", "c 03-10"), false},
		{"one after it", seen("a 03-11", "b 03-07", "c 03-10"), false},
		{"one customer on many days", seen("a 03-04", "a 03-05", "a 03-06", "a 03-07", "b 03-10"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := problem.Opens(rule, tt.seen, noon); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
	if problem.Opens(problem.Rule{}, seen("a 03-10"), noon) {
		t.Error("a rule without threshold opens")
	}
	berlin := time.FixedZone("", 3600)
	if got := rule.FirstDay(time.Date(2026, 3, 9, 23, 30, 0, 0, time.UTC).In(berlin)); got != "2026-03-04" {
		t.Errorf("the window begins on %s", got)
	}
}

func TestProblem_NeedsCount(t *testing.T) {
	t.Parallel()
	for milestone, want := range map[int]int{0: 10_000, 10: 10_000, 25: 10_000, 50: 5000, 100: 2000, 1000: 200, 10_000: 20} {
		p := problem.Problem{ID: "p", Milestone: milestone}
		looks := 0
		for n := range 10_000 {
			who := []identity.CustomerID{identity.CustomerID(fmt.Sprint("c", n))}
			if p.NeedsCount(who) {
				looks++
			}
		}
		if looks < want*6/10 || looks > want*14/10 {
			t.Errorf("milestone %d: %d of 10,000 look, want about %d", milestone, looks, want)
		}
		if p.NeedsCount(nil) {
			t.Error("nobody looks")
		}
	}
}
