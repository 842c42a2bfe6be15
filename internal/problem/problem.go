// Package problem is about the cause behind recurring contacts: when there is
// one, what may happen to it until the contacts stop, and what the owning
// department is told on its queue.
//
// All of it is pure. Whoever calls stores what comes back, together with the
// condition that the stored version is still the one that was read: so that
// two departments that change one problem at once lose nothing.
package problem

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
)

// A State is how far a problem is on its way to the permanent fix.
type State string

// The states. Moved is shown to the department that gave a problem away; for
// the department that took it over the problem is detected again.
const (
	Detected     State = "detected"
	Acknowledged State = "acknowledged"
	CauseKnown   State = "cause_known"
	Workaround   State = "workaround"
	FixPlanned   State = "fix_planned"
	Fixed        State = "fixed"
	Confirmed    State = "confirmed"
	Rejected     State = "rejected"
	Merged       State = "merged"
	Moved        State = "moved"
)

// ways holds the legal steps. To Detected is a reopening.
var ways = map[State][]State{
	Detected:     {Acknowledged, Rejected, Merged, Moved},
	Acknowledged: {CauseKnown, Workaround, FixPlanned, Fixed, Rejected, Merged, Moved},
	CauseKnown:   {Workaround, FixPlanned, Fixed, Rejected, Merged, Moved},
	Workaround:   {CauseKnown, FixPlanned, Fixed, Rejected, Merged, Moved},
	FixPlanned:   {CauseKnown, Workaround, Fixed, Rejected, Merged, Moved},
	Fixed:        {Confirmed, Detected},
	Confirmed:    {Detected},
	Rejected:     {Detected},
	Merged:       nil,
	Moved:        nil,
}

// States returns all states, in the order of the workflow.
func States() []State {
	return []State{Detected, Acknowledged, CauseKnown, Workaround, FixPlanned, Fixed, Confirmed, Rejected, Merged, Moved}
}

// Next returns the states that a problem may go to from state.
func Next(state State) []State { return slices.Clone(ways[state]) }

// Open reports whether contacts still join a problem in this state.
func (s State) Open() bool {
	switch s {
	case Detected, Acknowledged, CauseKnown, Workaround, FixPlanned:
		return true
	default:
		return false
	}
}

// Solved reports whether contacts in this state mean that they came back.
func (s State) Solved() bool { return s == Fixed || s == Confirmed }

// Label is a name for people, in both languages.
type Label struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

// Names are the labels of what a problem is about. They are kept with the
// problem: an item can be made without the taxonomy, and the same again.
type Names struct {
	Department Label `json:"department"`
	Reason     Label `json:"reason"`
	Product    Label `json:"product"` // empty without a product
}

// A Problem is the cause behind the contacts of one reason and product.
type Problem struct {
	ID string `json:"id"` // UUIDv7
	// Version counts what the department was told: it rises by one with
	// every [Event], not with every contact.
	Version    int    `json:"version"`
	Reason     string `json:"reason"`
	Product    string `json:"product,omitempty"`
	Department string `json:"department"`
	Names      Names  `json:"names"`
	State      State  `json:"state"`
	Severity   string `json:"severity"`
	// TaxonomyVersion is that of the taxonomy which detected it.
	TaxonomyVersion string `json:"taxonomyVersion"`

	OpenedAt  time.Time `json:"openedAt"`
	FirstSeen time.Time `json:"firstSeen"` // of its contacts
	LastSeen  time.Time `json:"lastSeen"`
	ChangedAt time.Time `json:"changedAt"` // when the state last changed
	FixedAt   time.Time `json:"fixedAt,omitzero"`

	Contacts  int            `json:"contacts"`
	Customers int            `json:"customers"` // distinct
	PerDay    map[string]int `json:"perDay"`    // contacts by day, like 2026-03-01
	Milestone int            `json:"milestone"` // the last one reached, in customers; 0 before the first

	Cause      string    `json:"cause,omitempty"`
	Workaround string    `json:"workaround,omitempty"`
	ExpectedAt time.Time `json:"expectedAt,omitzero"` // of the fix
	Links      []string  `json:"links,omitempty"`     // to a change or a document
	MergedInto string    `json:"mergedInto,omitempty"`
	Reopened   int       `json:"reopened,omitempty"` // times

	OpenedBy string `json:"openedBy,omitempty"` // who opened it by hand; empty when it was detected
	// AcknowledgeBy is by when its department is to acknowledge it, while it
	// is detected: as it was agreed when the department got it.
	AcknowledgeBy time.Time `json:"acknowledgeBy,omitzero"`
	EscalatedAt   time.Time `json:"escalatedAt,omitzero"`
	EscalatedTo   string    `json:"escalatedTo,omitempty"` // the department that was told, until it is acknowledged
	OverdueAt     time.Time `json:"overdueAt,omitzero"`    // the expected time that passed, and was told of
	Absorbed      []string  `json:"absorbed,omitempty"`    // the problems that were merged into it
	SplitFrom     string    `json:"splitFrom,omitempty"`
	Parts         []Part    `json:"parts,omitempty"` // what was split off, and takes contacts of its own
	Proof         *Proof    `json:"proof,omitempty"` // that the contacts stopped; when it is confirmed
}

// A Part is a problem that was split off another, and the words by which its
// further contacts are told from the other's; without words it gets none.
type Part struct {
	ID    string   `json:"id"`
	Words []string `json:"words,omitempty"`
}

// EventKind says what a department is told.
type EventKind string

// The kinds of events.
const (
	EventOpened    EventKind = "opened"    // it is new, or new to this department
	EventMilestone EventKind = "milestone" // its impact reached the next step
	EventReopened  EventKind = "reopened"  // contacts came back after it was solved
	EventState     EventKind = "state"     // it went to another state
	EventUpdated   EventKind = "updated"   // its details changed
	EventMoved     EventKind = "moved"     // it is another department's from now on
	EventMerged    EventKind = "merged"    // another problem was merged into it
	EventSplit     EventKind = "split"     // another problem was split off
	EventEscalated EventKind = "escalated" // nobody acknowledged it in the time that was agreed
	EventOverdue   EventKind = "overdue"   // its fix was expected by now; a new time is asked for
)

// An Event is one thing to tell one department, as an item on its queue.
type Event struct {
	Kind       EventKind `json:"kind"`
	Department string    `json:"department"` // whose queue
	Milestone  int       `json:"milestone,omitempty"`
	By         string    `json:"by,omitempty"` // who did it; empty for the system
	At         time.Time `json:"at"`
	From       State     `json:"from,omitempty"`
	To         State     `json:"to,omitempty"`
	Comment    string    `json:"comment,omitempty"`
	Other      string    `json:"other,omitempty"`    // the problem that was merged into this one, or split off
	Evidence   *Evidence `json:"evidence,omitempty"` // of a reopening
}

// An Evidence is why a problem was reopened: who came after the fix.
type Evidence struct {
	Since     time.Time `json:"since"`
	Contacts  int       `json:"contacts"`
	Customers int       `json:"customers,omitempty"` // 0 when they were not counted
	Quotes    []string  `json:"quotes,omitempty"`    // masked
}

// A Seed is what a new problem is made of.
type Seed struct {
	ID, Reason, Product, Department string
	Names                           Names
	Severity, TaxonomyVersion       string
	Affected                        []Affected // so far
	By                              string     // who opened it by hand; empty when it was detected
}

// Open returns a new problem and what to tell about it.
func Open(s Seed, at time.Time) (Problem, []Event) {
	p := Problem{
		OpenedBy: s.By, ID: s.ID, Version: 1, Reason: s.Reason, Product: s.Product, Department: s.Department, Names: s.Names,
		State: Detected, Severity: s.Severity, TaxonomyVersion: s.TaxonomyVersion,
		OpenedAt: at, ChangedAt: at, PerDay: map[string]int{},
	}
	for _, a := range s.Affected {
		p.Count(a)
	}
	if p.Contacts == 0 {
		p.FirstSeen, p.LastSeen = at, at
	}
	p.Milestone, _ = Milestone(0, p.Customers)
	return p, []Event{{Kind: EventOpened, Department: p.Department, By: s.By, At: at, To: Detected}}
}

// Milestone returns the highest of 10, 25, 50, 100, 250, 500, 1000, ... that
// lies above before and not above after.
func Milestone(before, after int) (int, bool) {
	reached, ok := 0, false
	for ten := 10; ten <= after; ten *= 10 {
		for _, m := range [...]int{ten, ten / 2 * 5, ten * 5} {
			if before < m && m <= after {
				reached, ok = m, true
			}
		}
		if ten > after/10 {
			break // and so ten*10 cannot overflow
		}
	}
	return reached, ok
}

// An Update is what a department, an agent or the clock says of a problem.
type Update struct {
	To      State // empty: the state stays
	By      string
	At      time.Time
	Version int // of the problem that the sender saw; 0 when they do not say
	Comment string

	Cause      string
	Workaround string
	ExpectedAt time.Time
	Links      []string

	Into           string // to merged: the problem that stays
	Department     string // to moved: the new owner
	DepartmentName Label
}

// Bounds of what an update may say.
const (
	MaxComment = 2000 // characters; also of a cause and a workaround
	maxLinks   = 10
	maxLink    = 500
)

// CheckText refuses a text of a name that is too long for a problem:
// [fault.Invalid].
func CheckText(name, text string) error {
	if utf8.RuneCountInString(text) > MaxComment {
		return fault.New(fault.Invalid, "%s has more than %d characters", name, MaxComment)
	}
	return nil
}

// ApplyUpdate returns the problem after the update, and what to tell about it. A
// step that is not legal, or an update of an older version, is a
// [fault.Conflict]; an update that lacks something is [fault.Invalid].
func ApplyUpdate(p Problem, u Update) (Problem, []Event, error) {
	if u.Version != 0 && u.Version != p.Version {
		return p, nil, fault.New(fault.Conflict, "the problem is at version %d, not %d; read it again", p.Version, u.Version)
	}
	if err := check(p, u); err != nil {
		return p, nil, err
	}
	from := p.State
	p = details(p, u)
	switch u.To {
	case "", from:
		p.Version++
		return p, []Event{{Kind: EventUpdated, Department: p.Department, By: u.By, At: u.At, Comment: u.Comment}}, nil
	case Moved:
		next, events := move(p, u)
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
	p.State, p.ChangedAt, p.AcknowledgeBy = u.To, u.At, time.Time{}
	p.Version++
	events := []Event{{Kind: EventState, Department: p.Department, By: u.By, At: u.At, From: from, To: u.To, Comment: u.Comment}}
	if lead := p.EscalatedTo; lead != "" {
		p.EscalatedTo = ""
		events = append(events, events[0])
		events[1].Department = lead
	}
	return p, events, nil
}

// details takes over what the update says beside the state.
func details(p Problem, u Update) Problem {
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

// move hands the problem to another department, where it begins anew.
func move(p Problem, u Update) (Problem, []Event) {
	from, old, lead := p.State, p.Department, p.EscalatedTo
	p.Department, p.Names.Department = u.Department, u.DepartmentName
	p.State, p.ChangedAt, p.ExpectedAt = Detected, u.At, time.Time{}
	p.EscalatedAt, p.EscalatedTo, p.AcknowledgeBy = time.Time{}, "", time.Time{}
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

func reopen(p Problem, u Update) (Problem, []Event) {
	from := p.State
	p.State, p.ChangedAt, p.FixedAt, p.ExpectedAt = Detected, u.At, time.Time{}, time.Time{}
	p.EscalatedAt, p.EscalatedTo, p.AcknowledgeBy, p.Proof = time.Time{}, "", time.Time{}, nil
	p.Reopened++
	p.Version++
	return p, []Event{{Kind: EventReopened, Department: p.Department, By: u.By, At: u.At, From: from, To: Detected, Comment: u.Comment}}
}

// check refuses what cannot be done to the problem as it is.
func check(p Problem, u Update) error {
	if p.State == Merged {
		return fault.New(fault.Conflict, "the problem was merged into %s; change that one", p.MergedInto)
	}
	if u.To != "" && u.To != p.State && !slices.Contains(ways[p.State], u.To) {
		if _, ok := ways[u.To]; !ok {
			return fault.New(fault.Invalid, "there is no such state; possible: %s", join(ways[p.State]))
		}
		return fault.New(fault.Conflict, "a problem that is %s cannot become %s; possible: %s", p.State, u.To, join(ways[p.State]))
	}
	if err := checkSizes(p, u); err != nil {
		return err
	}
	if !u.ExpectedAt.IsZero() && !u.ExpectedAt.After(u.At) {
		return fault.New(fault.Invalid, "expectedAt must lie in the future")
	}
	return checkNeeds(p, u)
}

// checkNeeds refuses a step that does not say what it must.
func checkNeeds(p Problem, u Update) error {
	switch {
	case (u.To == "" || u.To == p.State) && !u.says():
		return fault.New(fault.Invalid, "the update changes nothing; give to, comment, cause, workaround, expectedAt or links")
	case u.To == CauseKnown && u.Cause == "" && p.Cause == "":
		return fault.New(fault.Invalid, "cause_known needs a cause")
	case u.To == Workaround && u.Workaround == "" && p.Workaround == "":
		return fault.New(fault.Invalid, "workaround needs a workaround that customers can be told")
	case u.To == FixPlanned && u.ExpectedAt.IsZero():
		return fault.New(fault.Invalid, "fix_planned needs expectedAt")
	case u.To == Rejected && u.Comment == "":
		return fault.New(fault.Invalid, "rejected needs a comment with the reason")
	case u.To == Merged && (u.Into == "" || u.Into == p.ID):
		return fault.New(fault.Invalid, "merged needs the id of another problem in into")
	case u.To == Moved && (u.Department == "" || u.Department == p.Department):
		return fault.New(fault.Invalid, "moved needs another department")
	default:
		return nil
	}
}

func checkSizes(p Problem, u Update) error {
	if len(p.Links)+len(u.Links) > maxLinks {
		return fault.New(fault.Invalid, "a problem has at most %d links", maxLinks)
	}
	return checkWords(u)
}

// says reports whether u says anything beside a state.
func (u Update) says() bool {
	return u.Comment != "" || u.Cause != "" || u.Workaround != "" || !u.ExpectedAt.IsZero() || len(u.Links) > 0
}

// checkWords refuses what no problem could take over.
func checkWords(u Update) error {
	for _, t := range [...]struct{ name, text string }{{"comment", u.Comment}, {"cause", u.Cause}, {"workaround", u.Workaround}} {
		if err := CheckText(t.name, t.text); err != nil {
			return err
		}
	}
	for _, l := range u.Links {
		if len(l) > maxLink || !strings.HasPrefix(l, "https://") {
			return fault.New(fault.Invalid, "a link begins with https:// and has at most %d bytes", maxLink)
		}
	}
	return nil
}

func join(states []State) string {
	if len(states) == 0 {
		return "nothing"
	}
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// AddEvent makes a new version of p that tells its department of e.
func AddEvent(p Problem, e Event) (Problem, []Event) {
	p.Version++
	e.Department = p.Department
	return p, []Event{e}
}

// SetAcknowledgeBy returns a problem that says by when it is to be acknowledged, if it
// came to its department and does not say so yet. By tells what is agreed with
// a department that has a problem since a moment.
func SetAcknowledgeBy(p Problem, by func(department string, since time.Time) time.Time) Problem {
	if p.State == Detected && p.AcknowledgeBy.IsZero() {
		p.AcknowledgeBy = by(p.Department, p.ChangedAt).UTC()
	}
	return p
}
