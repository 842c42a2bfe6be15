package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// A Problem is the cause behind recurring contacts.
type Problem struct {
	ID         string    `json:"id"`
	Version    int       `json:"version"`
	Reason     string    `json:"reason"`
	Product    string    `json:"product"`
	Department string    `json:"department"`
	State      string    `json:"state"`
	Severity   string    `json:"severity"`
	Contacts   int       `json:"contacts"`
	Customers  int       `json:"customers"`
	FirstSeen  time.Time `json:"firstSeen"`
	LastSeen   time.Time `json:"lastSeen"`
	Workaround string    `json:"workaround"`
	ExpectedAt time.Time `json:"expectedAt"`
	// AcknowledgeBy is by when the department is to acknowledge it, while it is
	// detected.
	AcknowledgeBy time.Time `json:"acknowledgeBy"`
	Next          []string  `json:"next"` // the states that it can go to
}

// Problems walks over the problems of a department, or of all that the token
// reaches, latest first.
func (c *Client) Problems(ctx context.Context, department string) iter.Seq2[Problem, error] {
	type page struct {
		Problems []Problem
		paging
	}
	query := url.Values{}
	if department != "" {
		query.Set("department", department)
	}
	return walk(ctx, c, "/v1/problems", query, func(p page) ([]Problem, paging) { return p.Problems, p.paging })
}

// Problem returns one problem.
func (c *Client) Problem(ctx context.Context, id string) (Problem, error) {
	var out Problem
	err := c.Do(ctx, http.MethodGet, "/v1/problems/"+url.PathEscape(id), nil, &out)
	return out, err
}

// An Update is what a department says of a problem. Version is of the problem
// that it saw; one that changed since is an [Error] of kind conflict.
type Update struct {
	To         string     `json:"to,omitempty"`
	Version    int        `json:"version,omitempty"`
	Comment    string     `json:"comment,omitempty"`
	Cause      string     `json:"cause,omitempty"`
	Workaround string     `json:"workaround,omitempty"`
	ExpectedAt *time.Time `json:"expectedAt,omitempty"`
	Into       string     `json:"into,omitempty"`
	Department string     `json:"department,omitempty"`
}

// Update reports on a problem, and returns it as it is then.
func (c *Client) Update(ctx context.Context, id string, u Update) (Problem, error) {
	var out Problem
	err := c.Do(ctx, http.MethodPost, "/v1/problems/"+url.PathEscape(id)+"/updates", u, &out)
	return out, err
}
