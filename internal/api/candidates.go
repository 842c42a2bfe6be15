package api

import (
	"context"
	"time"

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

func (d *Departments) listCandidates(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	candidates, err := d.Problems.Candidates(ctx, caller, r.now)
	responses := make([]candidateResponse, len(candidates))
	for i, c := range candidates {
		responses[i] = newCandidateResponse(c)
	}
	return reply{body: map[string]any{"candidates": responses}}, err
}

func (d *Departments) readCandidate(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	c, err := d.Problems.Candidate(ctx, caller, r.param("id"), r.now)
	return reply{body: newCandidateResponse(c)}, err
}

func (d *Departments) decideCandidate(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	var body problems.DecisionBody
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	id := r.param("id")
	problemID, err := d.Problems.DecideCandidate(ctx, caller, id, body.ToDecision(r.now))
	response := map[string]any{"id": id, "decision": body.Decision}
	if problemID != "" {
		response["problem"] = problemID
	}
	return reply{body: response}, err
}
