// Package problem has the rules of problems: when contacts open one, which steps
// it may take until the contacts stop, and the items on the departments' queues.
// All of it is pure: functions take a problem and return the next one with the
// [Event] values to publish. Package problems stores them.
//
// # Definitions
//
// A problem is the cause behind recurring contacts, like "invoice unclear". It
// has a [State], an owning department and a version, which rises with every event
// but not with every contact.
//
// An [Occurrence] is a contact of a customer that shows a cause, on one day. An
// [Affected] customer has one or more occurrences of a problem. All counts of a
// problem are computed from its affected customers, and never incremented.
//
// A cause is opened as a problem when enough distinct customers had it within a
// window ([Opens]), or when more had it than is usual at this time of the week
// ([Rule.Rises]). A [Burst] is a number of contacts without a reason that share
// rare words; it is announced as a candidate.
//
// An [Item] is the message about a problem on a department's queue. It has the
// whole problem, so that any later item replaces those before it.
//
// Example: the rule of "invoice unclear" is 5 customers in 7 days.
//
//  1. On Friday the fifth customer asks. The problem opens as detected, version 1,
//     and the department gets an item with event opened.
//  2. The department sends acknowledged and then fix_planned: versions 2 and 3.
//  3. The tenth customer asks: version 4, event milestone.
//  4. The department sends fixed. Fourteen days later [Confirm] compares the
//     contacts before and after the fix: the problem is confirmed or reopened.
//
// # Concurrent changes
//
// Stored problems are written on the condition that their revision is the one that
// was read. Two departments that change one problem at once:
//
//  1. Billing and logistics both read revision 8, version 3.
//  2. Billing writes revision 9, version 4.
//  3. The write of logistics is refused. It reads revision 9 and calls
//     [ApplyUpdate] again, which is a conflict if the update names version 3.
//
// The test is TestUpdate_Concurrent in package problems.
package problem

import (
	"slices"
	"time"
)

// A State is a stage of a problem on the way to its permanent fix.
type State string

// The states. Moved is only shown to the department that handed a problem over;
// for its new owner the problem is detected again.
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

// transitions has the legal steps. A step to Detected reopens the problem.
var transitions = map[State][]State{
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
func Next(state State) []State { return slices.Clone(transitions[state]) }

// Open reports whether contacts still join a problem in this state.
func (s State) Open() bool {
	switch s {
	case Detected, Acknowledged, CauseKnown, Workaround, FixPlanned:
		return true
	default:
		return false
	}
}

// Solved reports whether the problem is fixed or confirmed, so that new contacts
// mean that the cause came back.
func (s State) Solved() bool { return s == Fixed || s == Confirmed }

// Label is a name for people, in both languages.
type Label struct {
	NL string `json:"nl"`
	EN string `json:"en"`
}

// Names are the labels of a problem's department, reason and product. They are
// stored with the problem, so that an item can be built without the taxonomy and
// is the same when it is built again.
type Names struct {
	Department Label `json:"department"`
	Reason     Label `json:"reason"`
	Product    Label `json:"product"` // empty without a product
}

// A Problem is the cause behind the contacts of one reason and product.
type Problem struct {
	ID string `json:"id"` // UUIDv7
	// Version rises by one with every [Event], not with every contact.
	Version    int    `json:"version"`
	Reason     string `json:"reason"`
	Product    string `json:"product,omitempty"`
	Department string `json:"department"`
	Names      Names  `json:"names"`
	State      State  `json:"state"`
	Severity   string `json:"severity"`
	// TaxonomyVersion is the version of the taxonomy that opened the problem.
	TaxonomyVersion string `json:"taxonomyVersion"`

	OpenedAt  time.Time `json:"openedAt"`
	FirstSeen time.Time `json:"firstSeen"` // of its contacts
	LastSeen  time.Time `json:"lastSeen"`
	ChangedAt time.Time `json:"changedAt"` // when the state last changed
	FixedAt   time.Time `json:"fixedAt,omitzero"`

	Contacts  int            `json:"contacts"`
	Customers int            `json:"customers"` // distinct
	PerDay    map[string]int `json:"perDay"`    // contacts by day, like 2026-03-01
	Milestone int            `json:"milestone"` // the last that was reached, in customers; 0 before the first

	Cause      string    `json:"cause,omitempty"`
	Workaround string    `json:"workaround,omitempty"`
	ExpectedAt time.Time `json:"expectedAt,omitzero"` // of the fix
	Links      []string  `json:"links,omitempty"`     // to a change or a document
	MergedInto string    `json:"mergedInto,omitempty"`
	Reopened   int       `json:"reopened,omitempty"` // times

	OpenedBy string `json:"openedBy,omitempty"` // the caller that opened it by hand; empty if it was detected
	// AcknowledgeBy is when its department must have acknowledged it, while it is
	// detected. It is computed when the department gets the problem.
	AcknowledgeBy time.Time `json:"acknowledgeBy,omitzero"`
	EscalatedAt   time.Time `json:"escalatedAt,omitzero"`
	EscalatedTo   string    `json:"escalatedTo,omitempty"` // the department that it was escalated to, until it is acknowledged
	OverdueAt     time.Time `json:"overdueAt,omitzero"`    // the expected time that passed and that a reminder was sent for
	Absorbed      []string  `json:"absorbed,omitempty"`    // the problems that were merged into it
	SplitFrom     string    `json:"splitFrom,omitempty"`
	Parts         []Part    `json:"parts,omitempty"` // that were split off and take contacts of their own
	Proof         *Proof    `json:"proof,omitempty"` // that the contacts stopped; of a confirmed problem
	Words         []string  `json:"words,omitempty"` // words and pairs that set its contacts apart from others of the reason
}

// A Part is a problem that was split off another. A later contact that holds one
// of the words joins the part instead; without words none does.
type Part struct {
	ID    string   `json:"id"`
	Words []string `json:"words,omitempty"`
}

// An EventKind is a kind of event.
type EventKind string

// The kinds of events.
const (
	EventOpened    EventKind = "opened"    // it is new, or new to this department
	EventMilestone EventKind = "milestone" // its customers reached the next milestone
	EventReopened  EventKind = "reopened"  // contacts came back after it was solved
	EventState     EventKind = "state"     // it changed state
	EventUpdated   EventKind = "updated"   // its details or contacts changed
	EventMoved     EventKind = "moved"     // it is another department's from now on
	EventMerged    EventKind = "merged"    // another problem was merged into it
	EventSplit     EventKind = "split"     // another problem was split off
	EventEscalated EventKind = "escalated" // it was not acknowledged in time
	EventOverdue   EventKind = "overdue"   // the expected time of its fix passed
)

// An Event is published to one department, as an item on its queue.
type Event struct {
	Kind       EventKind `json:"kind"`
	Department string    `json:"department"` // whose queue
	Milestone  int       `json:"milestone,omitempty"`
	By         string    `json:"by,omitempty"` // the caller; empty for Heard itself
	At         time.Time `json:"at"`
	From       State     `json:"from,omitempty"`
	To         State     `json:"to,omitempty"`
	Comment    string    `json:"comment,omitempty"`
	Other      string    `json:"other,omitempty"`    // the problem that was merged into this one, or split off
	Evidence   *Evidence `json:"evidence,omitempty"` // of a reopening
}

// An Evidence counts the contacts after a fix that reopened a problem.
type Evidence struct {
	Since     time.Time `json:"since"`
	Contacts  int       `json:"contacts"`
	Customers int       `json:"customers,omitempty"` // 0 if they were not counted
	Quotes    []string  `json:"quotes,omitempty"`    // masked
}

// A Seed has the members of a new problem.
type Seed struct {
	ID, Reason, Product, Department string
	Names                           Names
	Severity, TaxonomyVersion       string
	Affected                        []Affected // so far
	By                              string     // the caller that opens it by hand; empty if it was detected
}

// Open returns a new problem, detected and at version 1, and its event.
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
		p.FirstSeen = at
		p.LastSeen = at
	}
	p.Milestone, _ = Milestone(0, p.Customers)
	return p, []Event{{Kind: EventOpened, Department: p.Department, By: s.By, At: at, To: Detected}}
}

// Milestone returns the highest milestone above before and up to after, and
// whether there is one. Milestones are 10, 25, 50, 100, 250, 500, 1000, ...
func Milestone(before, after int) (int, bool) {
	reached, ok := 0, false
	for ten := 10; ten <= after; ten *= 10 {
		for _, m := range [...]int{ten, ten / 2 * 5, ten * 5} {
			if before < m && m <= after {
				reached, ok = m, true
			}
		}
		if ten > after/10 {
			break // ten*10 would exceed after, and might overflow
		}
	}
	return reached, ok
}

// AddEvent returns the next version of a problem, with an event for its
// department.
func AddEvent(p Problem, e Event) (Problem, []Event) {
	p.Version++
	e.Department = p.Department
	return p, []Event{e}
}

// EventsToResend returns the events by which the latest version of a problem is sent
// again: one to its owner, and one to the lead while it is escalated. The lead gets
// the owner's event if the version has none of its own for it.
func EventsToResend(p Problem, latest []Event) []Event {
	var again []Event
	for _, department := range []string{p.Department, p.EscalatedTo} {
		isOwn := func(e Event) bool { return e.Department == department }
		i := slices.IndexFunc(latest, isOwn)
		switch {
		case department == "":
		case i >= 0:
			again = append(again, latest[i])
		case len(again) > 0:
			e := again[0]
			e.Department = department
			again = append(again, e)
		}
	}
	return again
}

// SetAcknowledgeBy returns a problem with its AcknowledgeBy, if it is detected and
// has none yet. By computes it from the time when a department got a problem.
func SetAcknowledgeBy(p Problem, by func(department string, since time.Time) time.Time) Problem {
	if p.State == Detected && p.AcknowledgeBy.IsZero() {
		p.AcknowledgeBy = by(p.Department, p.ChangedAt).UTC()
	}
	return p
}
