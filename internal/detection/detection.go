// Package detection finds the causes that recur, and keeps the problems that
// contacts are about.
package detection

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A Store is what detection reads and writes. [store.Table] is one.
type Store interface {
	Customer(ctx context.Context, id identity.CustomerID) (identity.Customer, error)

	PutUnknownContacts(ctx context.Context, all []problem.Unknown) error

	ProblemOfCause(ctx context.Context, reason, product string) (string, error)
	Problem(ctx context.Context, id string) (problem.Record, error)
	ProblemHeader(ctx context.Context, id string) (problem.Record, error)
	OpenProblem(ctx context.Context, p problem.Record, affected []problem.Affected) error
	SaveProblem(ctx context.Context, p problem.Record) error
	AffectedAmong(ctx context.Context, problemID string, customers []identity.CustomerID) (map[identity.CustomerID]problem.Affected, error)
	ChangeAffected(ctx context.Context, problemID string, changes []problem.Change) error

	PutOccurrence(ctx context.Context, reason, product string, s problem.Seen) (bool, error)
	DropOccurrence(ctx context.Context, reason, product string, s problem.Seen) error
	Occurrences(ctx context.Context, reason, product, first, last string, limit int, now time.Time) ([]problem.Seen, error)
	CauseWindow(ctx context.Context, reason, product, first string, limit int, now time.Time) (problem.Window, error)
	Levels(ctx context.Context, reason, product, firstDay string, now time.Time) (problem.Levels, string, error)
	PutLevel(ctx context.Context, reason, product, day string, l problem.Level, through string, expires time.Time) error
	OccurrencesPerHour(ctx context.Context, reason, product, first, end string, now time.Time) (problem.Levels, error)
	CountingStart(ctx context.Context, at time.Time) (time.Time, error)
}

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Detector decides about problems.
type Detector struct {
	Store    Store
	Taxonomy *taxonomy.Taxonomy
	Zone     *time.Location // of the organisation: what a day is
	Meter    Meter
	Now      func() time.Time
	Levels   *LevelCache
}

// MaxText bounds how much text of one contact is read, in bytes.
const MaxText = 16 << 10

// parallel bounds how many causes are worked on at a time.
const parallel = 8

// A place is where a contact lies: before a merge is known, one contact may lie
// with two.
type place struct {
	customer identity.CustomerID
	id       string
}
