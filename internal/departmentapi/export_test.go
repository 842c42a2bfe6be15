package departmentapi

import (
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
)

// Schemas returns a zero value of the type of each schema in the document.
func Schemas() map[string]any {
	return map[string]any{
		"ProblemPage": problemListResponse{}, "Problem": problemResponse{}, "Names": problem.Names{}, "Label": problem.Label{},
		"ProblemMessagePage": messageListResponse{}, "ProblemMessage": messageResponse{},
		"AffectedPage": affectedListResponse{}, "Affected": affectedResponse{}, "Update": problems.UpdateBody{}, "RepeatedUpdate": repeatedUpdateResponse{},
		"Opening": openRequest{}, "Hand": contactsRequest{}, "ContactRef": problem.ContactRef{}, "ProblemLogPage": logResponse{}, "ProblemLogLine": problem.Line{},
		"Evidence": problem.Evidence{}, "Proof": problem.Proof{}, "Part": problem.Part{},
	}
}
