package problem

import (
	"slices"

	"github.com/heard-intake/heard/internal/fault"
)

// A Caller is a person, program or queue that asks for something, and the
// departments that it acts for. Its methods are the only rule for the problems and
// candidates that it may list, read and change. The API builds a caller from a
// token, and package updates from a queue. The zero value reaches nothing.
type Caller struct {
	Name        string
	Departments []string // sorted, each once, none of them empty
	All         bool     // acts for every department
}

// NewCaller returns the caller of that name, which acts for some departments or
// for all. Empty names of departments are left out.
func NewCaller(name string, departments []string, all bool) Caller {
	c := Caller{Name: name, Departments: slices.Sorted(slices.Values(departments)), All: all}
	c.Departments = slices.DeleteFunc(slices.Compact(c.Departments), func(d string) bool { return d == "" })
	return c
}

// CallerForAll returns a caller that acts for all departments: an operator, or
// Heard itself.
func CallerForAll(name string) Caller { return Caller{Name: name, All: true} }

// ActsForAny reports whether the caller acts for any department.
func (c Caller) ActsForAny() bool { return c.All || len(c.Departments) > 0 }

// ActsForAnyOf reports whether the caller acts for one of some departments.
func (c Caller) ActsForAnyOf(departments []string) bool {
	return c.All || slices.ContainsFunc(departments, c.ActsFor)
}

// ActsFor reports whether the caller acts for a department. Only a caller for
// all departments acts for the empty department.
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

// MayMerge reports whether the caller may merge a problem into another. It must
// reach both. The problems must have one owner, or the caller must act for both
// owners: a lead may not give the problem of one department to another.
func (c Caller) MayMerge(p, into Problem) bool {
	if !c.Reaches(p) || !c.Reaches(into) {
		return false
	}
	actsForBoth := c.ActsFor(p.Department) && c.ActsFor(into.Department)
	return p.Department == into.Department || actsForBoth
}

// MayDecide reports whether the caller may read a candidate and decide about it.
// AnnouncedTo is the department that the candidate was announced to. It is empty
// for an unannounced candidate, which needs a caller of all departments.
func (c Caller) MayDecide(announcedTo string) bool { return c.ActsFor(announcedTo) }

// ErrOtherDepartment returns the refusal of a problem or candidate of another
// department. It does not name that department.
func ErrOtherDepartment() error {
	return fault.New(fault.Forbidden, "the problem or candidate belongs to another department")
}
