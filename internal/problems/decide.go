package problems

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// The decisions about a candidate.
const (
	Confirm = "confirm"
	Dismiss = "dismiss"
)

// decisionLifetime is how long an announcement and a decision are stored. It
// covers the time in which the contacts of a candidate form a burst, and the
// time in which later bursts are compared with these contacts.
const decisionLifetime = 2 * problem.BurstHistory

// maxWhy bounds the explanation of a decision, in bytes.
const maxWhy = 500

// A CandidateDecision says whether a candidate is a problem, and of which cause.
type CandidateDecision struct {
	Decision string // [Confirm] or [Dismiss]
	Why      string // required
	Reason   string // of the problem; with confirm only
	Product  string // of the problem; with confirm only
	At       time.Time
}

// DecideCandidate dismisses or confirms a candidate. A dismissed candidate is
// not listed while its contacts are examined. Confirming opens the problem of
// the given cause, or attaches the contacts to the open one, and returns the
// problem's id.
//
// An interrupted decision can be repeated. The same decision about an announced
// candidate changes nothing. Another decision is [fault.NotFound], because a
// decided candidate is not listed any more.
//
// The caller must be one that may decide about the candidate. It may confirm it
// with a reason of another department, since only the reason says whose problem
// it is. That is the one change that a caller may make to a problem that it does
// not reach, and the id is all that it learns of that problem.
func (s *Service) DecideCandidate(ctx context.Context, caller problem.Caller, id string, d CandidateDecision) (problemID string, err error) {
	if d.Why, err = message.CleanField("why", d.Why, maxWhy, true); err != nil {
		return "", err
	}
	if err := checkDecision(d); err != nil {
		return "", err
	}
	c, err := s.Candidate(ctx, caller, id, d.At)
	if fault.Is(err, fault.NotFound) {
		if decided, problemID, err := s.wasDecided(ctx, id, d); decided || err != nil {
			return problemID, err
		}
	}
	if err != nil {
		return "", err
	}
	if d.Decision == Confirm {
		if problemID, err = s.confirmCandidate(ctx, caller, c, d); err != nil {
			return "", err
		}
	}
	return problemID, s.Store.Candidates.DecideWords(ctx, c.hashes, caller.Name, d.Decision, d.At.Add(decisionLifetime))
}

func checkDecision(d CandidateDecision) error {
	switch {
	case d.Decision != Confirm && d.Decision != Dismiss:
		return fault.New(fault.Invalid, "decision must be confirm or dismiss")
	case d.Decision == Confirm && d.Reason == "":
		return fault.New(fault.Invalid, "reason is missing; confirm requires the reason of the problem")
	case d.Decision == Dismiss && (d.Reason != "" || d.Product != ""):
		return fault.New(fault.Invalid, "reason and product are only allowed with confirm")
	default:
		return nil
	}
}

// wasDecided reports whether the same decision was taken about an announced
// candidate, and the problem of the cause for a confirmed one.
func (s *Service) wasDecided(ctx context.Context, id string, d CandidateDecision) (decided bool, problemID string, err error) {
	announced, _, err := s.Store.Candidates.Announced(ctx, d.At)
	if err != nil {
		return false, "", err
	}
	words, err := s.Store.Candidates.DecidedWords(ctx, d.At)
	if err != nil {
		return false, "", err
	}
	i := slices.IndexFunc(announced, func(a problem.AnnouncedCandidate) bool { return a.ID == id })
	if i < 0 || decisionOn(announced[i], words) != d.Decision {
		return false, "", nil
	}
	if d.Decision == Dismiss {
		return true, "", nil
	}
	problemID, err = s.Store.Causes.ProblemOfCause(ctx, d.Reason, d.Product)
	if err != nil || problemID == "" {
		return false, "", err
	}
	problemID, err = s.survivingID(ctx, problemID)
	return true, problemID, err
}

// confirmCandidate opens the problem of a candidate, or finds the open one of the
// cause, and attaches the contacts. It returns the problem's id. Contacts that
// are attached already change nothing.
func (s *Service) confirmCandidate(ctx context.Context, caller problem.Caller, c Candidate, d CandidateDecision) (string, error) {
	everywhere := problem.CallerForAll(caller.Name)
	refs := c.Refs()
	first := refs[:min(len(refs), MaxContacts)]
	opened, err := s.Open(ctx, everywhere, OpenRequest{Reason: d.Reason, Product: d.Product, Comment: d.Why, Contacts: first, At: d.At})
	id := opened.ID
	if exists, ok := errors.AsType[*AlreadyOpenError](err); ok {
		id, err = s.survivingID(ctx, exists.ProblemID)
	} else if err == nil {
		refs = refs[len(first):]
	}
	if err != nil {
		return "", err
	}
	for chunk := range slices.Chunk(refs, MaxContacts) {
		if _, err := s.Attach(ctx, everywhere, id, ContactsChange{Contacts: chunk, Comment: d.Why, At: d.At}); err != nil {
			return "", err
		}
	}
	return id, nil
}

// survivingID returns the id of the problem that one was merged into, or its own.
func (s *Service) survivingID(ctx context.Context, id string) (string, error) {
	p, err := problem.FollowMerges(ctx, id, s.Store.Problems.GetHeader)
	return p.ID, err
}
