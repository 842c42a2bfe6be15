package problems

import (
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// An UpdateBody is the JSON of a [Change]. The API and the queues take the same
// members.
type UpdateBody struct {
	To         problem.State `json:"to"`
	Version    int           `json:"version"`
	Comment    string        `json:"comment"`
	Cause      string        `json:"cause"`
	Workaround string        `json:"workaround"`
	ExpectedAt string        `json:"expectedAt"`
	Links      []string      `json:"links"`
	Into       string        `json:"into"`
	Department string        `json:"department"`
}

// ToChange returns the change of a body that was received at a time, without a
// key: [fault.Invalid] if expectedAt is not a time.
func (b UpdateBody) ToChange(at time.Time) (Change, error) {
	c := Change{
		To: b.To, Version: b.Version, Comment: b.Comment, Cause: b.Cause, Workaround: b.Workaround,
		Links: b.Links, Into: b.Into, Department: b.Department, At: at,
	}
	if b.ExpectedAt == "" {
		return c, nil
	}
	expected, err := time.Parse(time.RFC3339Nano, b.ExpectedAt)
	if err != nil || expected.UnixMilli() < 0 || expected.Year() > 9999 {
		return c, fault.New(fault.Invalid, "expectedAt must be a time like 2026-03-01T10:00:00Z")
	}
	c.ExpectedAt = expected.UTC().Truncate(time.Millisecond)
	return c, nil
}

// A DecisionBody is the JSON of a [CandidateDecision]. The API and the queues take the
// same members.
type DecisionBody struct {
	Decision string `json:"decision"`
	Why      string `json:"why"`
	Reason   string `json:"reason"`
	Product  string `json:"product"`
}

// ToDecision returns the decision of a body that was received at a time.
func (b DecisionBody) ToDecision(at time.Time) CandidateDecision {
	return CandidateDecision{Decision: b.Decision, Why: b.Why, Reason: b.Reason, Product: b.Product, At: at}
}

// maxIDLength bounds the ids of problems, customers and contacts, in bytes.
const maxIDLength = 200

// IsID reports whether s can be an id: printable ASCII without spaces, up to
// limit bytes.
func IsID(s string, limit int) bool {
	return s != "" && len(s) <= limit && !strings.ContainsFunc(s, isNotPrintable)
}

func isNotPrintable(c rune) bool { return c <= ' ' || c > '~' }
