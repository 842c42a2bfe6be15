package api

import (
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/workflow"
)

// Schemas returns a zero value of the type of each schema in the document.
func Schemas() map[string]any {
	return map[string]any{
		"ProblemPage": problemPage{}, "Problem": problemView{}, "Names": problem.Names{}, "Label": problem.Label{},
		"AffectedPage": affectedPage{}, "Affected": affectedView{}, "Update": change{},
		"Opening": opening{}, "Hand": hand{}, "ContactRef": workflow.Ref{}, "ProblemLogPage": logPage{}, "ProblemLogLine": problem.Line{},
		"Evidence": problem.Evidence{}, "Proof": problem.Proof{}, "Part": problem.Part{},
	}
}
