package api

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
)

// A candidateView is what may be a problem that the taxonomy does not know.
type candidateView struct {
	ID        string         `json:"id"`
	Words     []string       `json:"words"`
	Quotes    []string       `json:"quotes"`
	Customers int            `json:"customers"`
	Contacts  []problems.Ref `json:"contacts"`
	FirstSeen time.Time      `json:"firstSeen"`
	LastSeen  time.Time      `json:"lastSeen"`
	ToldAt    time.Time      `json:"toldAt,omitzero"`
	ToldTo    string         `json:"toldTo,omitempty"`
}

func viewOf(c problems.Candidate) candidateView {
	return candidateView{
		ID: c.ID, Words: append([]string{}, c.Words...), Quotes: append([]string{}, c.Quotes...), Customers: c.Customers,
		Contacts: problems.Refs(c)[:min(len(c.Contacts), problems.MaxRefs)], FirstSeen: c.First, LastSeen: c.Last,
		ToldAt: c.ToldAt, ToldTo: c.ToldTo,
	}
}

func (d *Departments) desk() *problems.Desk {
	return &problems.Desk{Store: d.Store, Taxonomy: d.Taxonomy, Zone: d.Zone}
}

func (d *Departments) candidates(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	all, err := d.desk().List(ctx, caller, r.now)
	views := make([]candidateView, len(all))
	for i, c := range all {
		views[i] = viewOf(c)
	}
	return reply{body: map[string]any{"candidates": views}}, err
}

func (d *Departments) candidate(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	if err := r.query().done(); err != nil {
		return reply{}, err
	}
	c, err := d.desk().One(ctx, caller, r.param("id"), r.now)
	return reply{body: viewOf(c)}, err
}

// A judgement says whether a candidate is a problem, and of what reason.
type judgement struct {
	Decision string `json:"decision"`
	Why      string `json:"why"`
	Reason   string `json:"reason"`
	Product  string `json:"product"`
}

func (d *Departments) decide(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	var j judgement
	if err := r.decode(&j); err != nil {
		return reply{}, err
	}
	why, err := clean("why", j.Why, maxWhy, true)
	if err != nil {
		return reply{}, err
	}
	opened, err := d.desk().Decide(ctx, r.param("id"), problems.Judgement{
		Decision: j.Decision, Why: why, Reason: j.Reason, Product: j.Product, By: caller, At: r.now,
	})
	out := map[string]any{"id": r.param("id"), "decision": j.Decision}
	if opened != "" {
		out["problem"] = opened
	}
	return reply{body: out}, err
}
