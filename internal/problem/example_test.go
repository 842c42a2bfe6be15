package problem_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/problem"
)

func ExampleApplyUpdate() {
	p, _ := problem.Open(problem.Seed{ID: "p-1", Department: "billing"}, noon)
	next, events, err := problem.ApplyUpdate(p, problem.Update{To: problem.Acknowledged, By: "els", At: noon, Version: 1})
	fmt.Println(next.State, next.Version, events[0].Kind, err)
	_, _, err = problem.ApplyUpdate(next, problem.Update{To: problem.Fixed, At: noon, Version: 1})
	fmt.Println(err)
	// Output:
	// acknowledged 2 state <nil>
	// the problem is at version 2, not 1; read it again
}

func ExamplePart_MatchesText() {
	part := problem.Part{Words: []string{"btw nummer"}}
	fmt.Println(part.MatchesText("Waar staat het BTW-nummer?"))
	fmt.Println(part.MatchesText("Waar staat het nummer?"))
	// Output:
	// true
	// false
}

func ExampleCaller_Reaches() {
	billing := problem.NewCaller("els", []string{"billing"}, false)
	fmt.Println(billing.Reaches(problem.Problem{Department: "billing"}))
	fmt.Println(billing.Reaches(problem.Problem{Department: "it"}))
	fmt.Println(billing.Reaches(problem.Problem{Department: "it", EscalatedTo: "billing"}))
	// Output:
	// true
	// false
	// true
}
