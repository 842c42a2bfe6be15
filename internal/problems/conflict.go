package problems

import (
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// A ConflictError is the refusal of a change that does not fit the problem as it
// is: an illegal step, or a change of an older version. Its kind is
// [fault.Conflict].
type ConflictError struct {
	Version  int   // of the problem now
	Revision int64 // of the problem now
	State    problem.State
	Possible []problem.State // to which the problem may go from State
	reason   error
}

func (e *ConflictError) Error() string { return e.reason.Error() }

// Unwrap returns the [fault.Error] with the message for the caller.
func (e *ConflictError) Unwrap() error { return e.reason }

// withState returns a conflict with the state of the problem, and every other
// error as it is.
func withState(err error, p problem.Record) error {
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	return &ConflictError{Version: p.Version, Revision: p.Revision, State: p.State, Possible: problem.Next(p.State), reason: err}
}

func conflict(p problem.Record, format string, args ...any) error {
	return withState(fault.New(fault.Conflict, format, args...), p)
}

// A KeyReusedError is the refusal of a change under the key of another one. Its kind
// is [fault.Conflict]. Unlike other conflicts it is final: no later change of the
// problem lets it succeed.
type KeyReusedError struct{ reason error }

func (e *KeyReusedError) Error() string { return e.reason.Error() }

// Unwrap returns the [fault.Error] with the message for the caller of the API, which
// names the key after its header.
func (e *KeyReusedError) Unwrap() error { return e.reason }

// checkVersion refuses a change of a version that the problem has no more. The
// change may leave the version out, which is 0.
func checkVersion(p problem.Record, version int) error {
	if version != 0 && version != p.Version {
		return conflict(p, "the problem is at version %d, not %d; read it again", p.Version, version)
	}
	return nil
}

// An AlreadyOpenError is the refusal to open a problem for a reason and product
// that have one. Its kind is [fault.Conflict].
type AlreadyOpenError struct {
	ProblemID string // of the problem that there is, which the caller reaches
	reason    error
}

func (e *AlreadyOpenError) Error() string { return e.reason.Error() }

// Unwrap returns the [fault.Error] with the message for the caller.
func (e *AlreadyOpenError) Unwrap() error { return e.reason }
