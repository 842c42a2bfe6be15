package problem

import (
	"slices"

	"github.com/heard-intake/heard/internal/fault"
)

// A Caller is the person or program that asks for something, and the
// departments that it acts for. It decides which problems and candidates the
// caller may list, read and change. Both doors, the API and the queues of
// updates, build one; everything else only asks it. The zero value reaches
// nothing.
type Caller struct {
	Name        string
	Departments []string // sorted, each once, none of them empty
	All         bool     // acts for every department
}

// NewCaller returns the caller of that name who acts for some departments, or
// for all. Empty names of departments are left out.
func NewCaller(name string, departments []string, all bool) Caller {
	c := Caller{Name: name, Departments: slices.Sorted(slices.Values(departments)), All: all}
	c.Departments = slices.DeleteFunc(slices.Compact(c.Departments), func(d string) bool { return d == "" })
	return c
}

// CallerForAll returns a caller who acts for all departments: an operator, or
// the system itself.
func CallerForAll(name string) Caller { return Caller{Name: name, All: true} }

// ActsForAny reports whether the caller acts for any department.
func (c Caller) ActsForAny() bool { return c.All || len(c.Departments) > 0 }

// ActsFor reports whether the caller acts for a department. No caller but one
// of all departments acts for the empty one.
func (c Caller) ActsFor(department string) bool {
	return c.All || (department != "" && slices.Contains(c.Departments, department))
}

// Reaches reports whether the caller may read and change a problem: its
// department owns the problem, or the problem was escalated to it.
func (c Caller) Reaches(p Problem) bool {
	return c.ActsFor(p.Department) || c.ActsFor(p.EscalatedTo)
}

// Check refuses a problem that the caller does not reach: [fault.Forbidden].
func (c Caller) Check(p Problem) error {
	if c.Reaches(p) {
		return nil
	}
	return ErrOtherDepartment()
}

// MayDecide reports whether the caller may read a candidate and decide about it.
// AnnouncedTo is the department that the candidate was sent to, empty for one
// that was sent to none yet, which only a caller of all departments judges.
func (c Caller) MayDecide(announcedTo string) bool { return c.ActsFor(announcedTo) }

// ErrOtherDepartment is the refusal of a problem or candidate of another department. It
// does not say which department that is.
func ErrOtherDepartment() error {
	return fault.New(fault.Forbidden, "it belongs to another department")
}
