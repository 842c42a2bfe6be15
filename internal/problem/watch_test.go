package problem_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/problem"
)

func TestInheritEscalation(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	whole, _ := problem.Open(problem.Seed{ID: "p-1", Department: "billing"}, at)
	whole.AcknowledgeBy = at.Add(time.Hour)
	for name, tt := range map[string]struct {
		lead string
		want []string // the department and kind of each event
	}{
		"to a lead":        {"customer-care", []string{"billing opened", "customer-care escalated"}},
		"without a lead":   {"", []string{"billing opened"}},
		"to itself":        {"billing", []string{"billing opened"}},
		"not at all":       {"none", []string{"billing opened"}},
		"until it is seen": {"acknowledged", []string{"billing opened"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := whole
			switch tt.lead {
			case "none":
			case "acknowledged":
				from, _ = problem.Escalate(from, "customer-care", at)
				var err error
				if from, _, err = problem.ApplyUpdate(from, problem.Update{To: problem.Acknowledged, At: at}); err != nil {
					t.Fatal(err)
				}
			default:
				from, _ = problem.Escalate(from, tt.lead, at)
			}
			part, events := problem.Open(problem.Seed{ID: "p-2", Department: "billing"}, at.Add(time.Minute))
			part, events = problem.InheritEscalation(part, from, events)
			var got []string
			for _, e := range events {
				got = append(got, e.Department+" "+string(e.Kind))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if part.EscalatedTo != from.EscalatedTo {
				t.Errorf("the part is escalated to %q, want %q", part.EscalatedTo, from.EscalatedTo)
			}
			if escalated := !part.EscalatedAt.IsZero(); escalated != (from.EscalatedTo != "") {
				t.Errorf("the part is escalated: %t, want it only with a lead", escalated)
			}
		})
	}
}
