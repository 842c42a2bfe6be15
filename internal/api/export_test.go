package api

import (
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/workflow"
)

// Scopes returns the scope of every route.
func Scopes() map[string]string {
	all := map[string]string{}
	collect(all, departmentRoutes)
	return all
}

// DepartmentScopes returns the scope of every route of the departments.
func DepartmentScopes() map[string]string {
	all := map[string]string{}
	collect(all, departmentRoutes)
	return all
}

func collect[H any](all map[string]string, rs routes[H]) {
	for key, r := range rs {
		all[key] = r.scope
	}
}

// Schemas returns a zero value of the type of each schema in the document.
func Schemas() map[string]any {
	return map[string]any{
		"ProblemPage": problemPage{}, "Problem": problemView{}, "Names": problem.Names{}, "Label": problem.Label{},
		"AffectedPage": affectedPage{}, "Affected": affectedView{}, "Update": change{},
		"Opening": opening{}, "Hand": hand{}, "ContactRef": workflow.Ref{}, "ProblemLogPage": logPage{}, "ProblemLogLine": problem.Line{},
		"Evidence": problem.Evidence{}, "Proof": problem.Proof{}, "Part": problem.Part{},
	}
}
