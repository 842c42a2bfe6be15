package problem

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
)

// An Update changes a problem: its state, its details, or both.
type Update struct {
	To      State // empty: the state stays
	By      string
	At      time.Time
	Version int // of the problem that the caller read; 0: any version
	Comment string

	Cause      string
	Workaround string
	ExpectedAt time.Time
	Links      []string

	Into           string // to merged: the problem that stays
	Department     string // to moved: the new owner
	DepartmentName Label
}

// Bounds of an update.
const (
	MaxComment = 2000 // characters; also of a cause and a workaround
	maxLinks   = 10
	maxLink    = 500
)

// CheckText returns [fault.Invalid] for a text that is too long for a problem. Name
// is the member that the refusal names.
func CheckText(name, text string) error {
	if utf8.RuneCountInString(text) > MaxComment {
		return fault.New(fault.Invalid, "%s has more than %d characters", name, MaxComment)
	}
	return nil
}

// ApplyUpdate returns the problem after an update, and the events to publish. An
// illegal step and an update of an older version are [fault.Conflict]. An update
// that lacks a member or has a bad one is [fault.Invalid].
func ApplyUpdate(p Problem, u Update) (Problem, []Event, error) {
	if u.Version != 0 && u.Version != p.Version {
		return p, nil, fault.New(fault.Conflict, "the problem is at version %d, not %d; read it again", p.Version, u.Version)
	}
	if err := checkUpdate(p, u); err != nil {
		return p, nil, err
	}
	from := p.State
	p = applyDetails(p, u)
	switch u.To {
	case "", from:
		p.Version++
		return p, []Event{{Kind: EventUpdated, Department: p.Department, By: u.By, At: u.At, Comment: u.Comment}}, nil
	case Moved:
		next, events := moveToDepartment(p, u)
		return next, events, nil
	case Detected:
		next, events := reopen(p, u)
		return next, events, nil
	case Merged:
		p.MergedInto = u.Into
	case Fixed:
		p.FixedAt = u.At
	default: // nothing but the state
	}
	p.State = u.To
	p.ChangedAt = u.At
	p.AcknowledgeBy = time.Time{}
	p.Version++
	events := []Event{{Kind: EventState, Department: p.Department, By: u.By, At: u.At, From: from, To: u.To, Comment: u.Comment}}
	if lead := p.EscalatedTo; lead != "" {
		p.EscalatedTo = ""
		events = append(events, events[0])
		events[1].Department = lead
	}
	return p, events, nil
}

// applyDetails returns a problem with the details of an update.
func applyDetails(p Problem, u Update) Problem {
	if u.Cause != "" {
		p.Cause = u.Cause
	}
	if u.Workaround != "" {
		p.Workaround = u.Workaround
	}
	if !u.ExpectedAt.IsZero() {
		p.ExpectedAt = u.ExpectedAt
	}
	for _, l := range u.Links {
		if !slices.Contains(p.Links, l) {
			p.Links = append(slices.Clip(p.Links), l)
		}
	}
	return p
}

// moveToDepartment hands a problem over to another department, where it starts as
// detected.
func moveToDepartment(p Problem, u Update) (Problem, []Event) {
	from := p.State
	old := p.Department
	lead := p.EscalatedTo
	p.Department = u.Department
	p.Names.Department = u.DepartmentName
	p = restart(p, u.At)
	p.Version++
	events := []Event{
		{Kind: EventMoved, Department: old, By: u.By, At: u.At, From: from, To: Moved, Comment: u.Comment},
		{Kind: EventOpened, Department: p.Department, By: u.By, At: u.At, To: Detected, Comment: u.Comment},
	}
	if lead != "" && lead != p.Department {
		events = append(events, events[0])
		events[2].Department = lead
	}
	return p, events
}

// restart returns a problem as it starts with a department: detected, not escalated
// and without expected times.
func restart(p Problem, at time.Time) Problem {
	p.State = Detected
	p.ChangedAt = at
	p.ExpectedAt = time.Time{}
	p.EscalatedAt = time.Time{}
	p.EscalatedTo = ""
	p.AcknowledgeBy = time.Time{}
	return p
}

func reopen(p Problem, u Update) (Problem, []Event) {
	from := p.State
	p = restart(p, u.At)
	p.FixedAt = time.Time{}
	p.Proof = nil
	p.Reopened++
	p.Version++
	return p, []Event{{Kind: EventReopened, Department: p.Department, By: u.By, At: u.At, From: from, To: Detected, Comment: u.Comment}}
}

// checkUpdate refuses an update that does not fit the problem.
func checkUpdate(p Problem, u Update) error {
	if p.State == Merged {
		return fault.New(fault.Conflict, "the problem was merged into %s; update that problem", p.MergedInto)
	}
	if u.To != "" && u.To != p.State && !slices.Contains(transitions[p.State], u.To) {
		if _, ok := transitions[u.To]; !ok {
			return fault.New(fault.Invalid, "there is no such state; possible: %s", joinStates(transitions[p.State]))
		}
		return fault.New(fault.Conflict, "a problem that is %s cannot become %s; possible: %s", p.State, u.To, joinStates(transitions[p.State]))
	}
	if err := checkSizes(p, u); err != nil {
		return err
	}
	if !u.ExpectedAt.IsZero() && !u.ExpectedAt.After(u.At) {
		return fault.New(fault.Invalid, "expectedAt must be in the future")
	}
	return checkRequired(p, u)
}

// checkRequired refuses an update without the members that its step requires.
func checkRequired(p Problem, u Update) error {
	switch {
	case (u.To == "" || u.To == p.State) && !u.hasDetails():
		return fault.New(fault.Invalid, "the update changes nothing; give to, comment, cause, workaround, expectedAt or links")
	case u.To == CauseKnown && u.Cause == "" && p.Cause == "":
		return fault.New(fault.Invalid, "the state cause_known requires cause")
	case u.To == Workaround && u.Workaround == "" && p.Workaround == "":
		return fault.New(fault.Invalid, "the state workaround requires workaround, a text for customers")
	case u.To == FixPlanned && u.ExpectedAt.IsZero():
		return fault.New(fault.Invalid, "the state fix_planned requires expectedAt")
	case u.To == Rejected && u.Comment == "":
		return fault.New(fault.Invalid, "the state rejected requires a comment with the reason")
	case u.To == Merged && (u.Into == "" || u.Into == p.ID):
		return fault.New(fault.Invalid, "the state merged requires the id of another problem in into")
	case u.To == Moved && (u.Department == "" || u.Department == p.Department):
		return fault.New(fault.Invalid, "the state moved requires department, the id of another department")
	default:
		return nil
	}
}

func checkSizes(p Problem, u Update) error {
	if len(p.Links)+len(u.Links) > maxLinks {
		return fault.New(fault.Invalid, "a problem must have at most %d links", maxLinks)
	}
	return checkTexts(u)
}

// hasDetails reports whether an update has more than a state.
func (u Update) hasDetails() bool {
	hasText := u.Comment != "" || u.Cause != "" || u.Workaround != ""
	return hasText || !u.ExpectedAt.IsZero() || len(u.Links) > 0
}

// checkTexts refuses texts and links that no problem may have.
func checkTexts(u Update) error {
	for _, t := range [...]struct{ name, text string }{{"comment", u.Comment}, {"cause", u.Cause}, {"workaround", u.Workaround}} {
		if err := CheckText(t.name, t.text); err != nil {
			return err
		}
	}
	for _, l := range u.Links {
		if len(l) > maxLink || !strings.HasPrefix(l, "https://") {
			return fault.New(fault.Invalid, "a link must begin with https:// and have at most %d bytes", maxLink)
		}
	}
	return nil
}

func joinStates(states []State) string {
	if len(states) == 0 {
		return "nothing"
	}
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}
