package updates

import "github.com/heard-intake/heard/internal/problem"

// Parsed is a message of a department's queue as it is applied.
type Parsed struct {
	Caller             problem.Caller
	Problem, Candidate string
	Body               []byte // decoded strictly
}

// Parse reads a message of a department's queue.
func Parse(department string, message []byte) (Parsed, error) {
	u, err := parseUpdate(message)
	return Parsed{newCaller(department), u.problem, u.candidate, u.body}, err
}
