package departmentapi

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
)

// A candidateResponse is a possible problem that the taxonomy does not know.
type candidateResponse struct {
	ID          string               `json:"id"`
	Words       []string             `json:"words"`
	Quotes      []string             `json:"quotes"`
	Customers   int                  `json:"customers"`
	Contacts    []problem.ContactRef `json:"contacts"`
	FirstSeen   time.Time            `json:"firstSeen"`
	LastSeen    time.Time            `json:"lastSeen"`
	AnnouncedAt time.Time            `json:"toldAt,omitzero"`
	AnnouncedTo string               `json:"toldTo,omitempty"`
}

func newCandidateResponse(c problems.Candidate) candidateResponse {
	return candidateResponse{
		ID: c.ID, Words: append([]string{}, c.Words...), Quotes: append([]string{}, c.Quotes...), Customers: c.Customers,
		Contacts: c.Refs()[:min(len(c.Contacts), problems.MaxContacts)], FirstSeen: c.First, LastSeen: c.Last,
		AnnouncedAt: c.AnnouncedAt, AnnouncedTo: c.AnnouncedTo,
	}
}

func (a *API) listCandidates(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	candidates, err := a.Problems.Candidates(ctx, caller, r.Now)
	responses := make([]candidateResponse, len(candidates))
	for i, c := range candidates {
		responses[i] = newCandidateResponse(c)
	}
	return httpapi.Response{Body: map[string]any{"candidates": responses}}, err
}

func (a *API) readCandidate(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.Problems.Candidate(ctx, caller, r.PathValue("id"), r.Now)
	return httpapi.Response{Body: newCandidateResponse(c)}, err
}

func (a *API) decideCandidate(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	var body problems.DecisionBody
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	id := r.PathValue("id")
	problemID, err := a.Problems.DecideCandidate(ctx, caller, id, body.ToDecision(r.Now))
	response := map[string]any{"id": id, "decision": body.Decision}
	if problemID != "" {
		response["problem"] = problemID
	}
	return httpapi.Response{Body: response}, err
}
