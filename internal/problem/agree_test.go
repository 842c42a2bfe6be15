package problem_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/schedule"
)

// AcknowledgeBy is set once for each department that gets a problem, and removed
// when the problem is acknowledged.
func TestSetAcknowledgeBy(t *testing.T) {
	t.Parallel()
	by := func(department string, since time.Time) time.Time {
		return since.Add(map[string]time.Duration{"it": time.Hour, "documentation": 2 * time.Hour}[department])
	}
	p := problem.SetAcknowledgeBy(opened(t), by)
	is := func(when string, want time.Time, asked bool) {
		t.Helper()
		item := problem.ItemOf(p, problem.Event{Kind: problem.EventUpdated, Department: p.Department}, nil, "https://a.example")
		if !p.AcknowledgeBy.Equal(want) || !item.AcknowledgeBy.Equal(want) {
			t.Errorf("%s: by %v, item %v", when, p.AcknowledgeBy, item.AcknowledgeBy)
		}
		if at, ok := problem.Due(p)[schedule.Acknowledge]; ok != asked || ok && !at.Equal(want) {
			t.Errorf("%s: due %v %v", when, at, ok)
		}
	}
	apply := func(u problem.Update) {
		t.Helper()
		next, _, err := problem.ApplyUpdate(p, u)
		if err != nil {
			t.Fatal(err)
		}
		p = problem.SetAcknowledgeBy(next, by)
	}
	is("opened", noon.Add(time.Hour), true)
	apply(problem.Update{Comment: "we saw it", At: noon.Add(time.Minute)})
	is("a comment", noon.Add(time.Hour), true)
	same := problem.SetAcknowledgeBy(p, func(string, time.Time) time.Time { return noon.AddDate(1, 0, 0) })
	if !same.AcknowledgeBy.Equal(noon.Add(time.Hour)) {
		t.Errorf("what was agreed changed with the taxonomy: %v", same.AcknowledgeBy)
	}
	apply(problem.Update{To: problem.Moved, Department: "documentation", At: noon.Add(time.Minute)})
	is("moved", noon.Add(2*time.Hour+time.Minute), true)
	p, _ = problem.Escalate(p, "it", noon.Add(3*time.Hour))
	is("escalated", noon.Add(2*time.Hour+time.Minute), false)
	apply(problem.Update{To: problem.Acknowledged, At: noon.Add(4 * time.Hour)})
	is("acknowledged", time.Time{}, false)
	apply(problem.Update{To: problem.Fixed, At: noon.Add(5 * time.Hour)})
	apply(problem.Update{To: problem.Detected, At: noon.Add(6 * time.Hour)})
	is("reopened", noon.Add(8*time.Hour), true)
}

func TestApplyUpdate_MovedAfterEscalation(t *testing.T) {
	t.Parallel()
	p, _ := problem.Escalate(opened(t), "customer-care", noon)
	p, events, err := problem.ApplyUpdate(p, problem.Update{To: problem.Moved, Department: "documentation", At: noon})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range events {
		told = append(told, string(e.Kind)+" "+e.Department)
	}
	if got := fmt.Sprint(told); got != "[moved it opened documentation moved customer-care]" || p.EscalatedTo != "" {
		t.Errorf("told %s", got)
	}
}
