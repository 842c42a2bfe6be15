package problem_test

import (
	"context"
	"testing"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

func TestFollowMerges(t *testing.T) {
	t.Parallel()
	into := map[string]string{"a": "b", "b": "c", "ring": "back", "back": "ring", "foreign": "hidden"}
	read := func(_ context.Context, id string) (problem.Record, error) {
		if id == "hidden" {
			return problem.Record{}, fault.New(fault.Forbidden, "not yours")
		}
		p := problem.Record{Problem: problem.Problem{ID: id, State: problem.Detected}}
		if other := into[id]; other != "" {
			p.State, p.MergedInto = problem.Merged, other
		}
		return p, nil
	}
	for name, tt := range map[string]struct {
		id, want string
		kind     fault.Kind
	}{
		"one that stands is itself":      {"c", "c", ""},
		"one merged twice is the last":   {"a", "c", ""},
		"a ring ends":                    {"ring", "", fault.Internal},
		"a refusal on the way is of all": {"foreign", "", fault.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := problem.FollowMerges(t.Context(), tt.id, read)
			if err == nil && (tt.kind != "" || p.ID != tt.want) || err != nil && fault.KindOf(err) != tt.kind {
				t.Errorf("got %q, %v", p.ID, err)
			}
		})
	}
}
