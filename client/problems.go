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
	// AcknowledgeBy is the time by which the department must acknowledge the
	// problem. It is set while the state is detected.
	AcknowledgeBy time.Time `json:"acknowledgeBy"`
	Next          []string  `json:"next"` // the states that the department can set now
}

// Problems returns the problems of a department, latest first. With an empty
// department it returns those of all departments that the token may read. The
// sequence ends at the first error.
func (c *Client) Problems(ctx context.Context, department string) iter.Seq2[Problem, error] {
	type page struct {
		Problems []Problem
		pageEnd
	}
	query := url.Values{}
	if department != "" {
		query.Set("department", department)
	}
	return iteratePages(ctx, c, "/v1/problems", query, func(p page) ([]Problem, pageEnd) { return p.Problems, p.pageEnd })
}

// Problem returns the problem with an id.
func (c *Client) Problem(ctx context.Context, id string) (Problem, error) {
	var out Problem
	err := c.Do(ctx, http.MethodGet, "/v1/problems/"+url.PathEscape(id), nil, &out)
	return out, err
}

// An Update is a department's report on a problem. If Version is set and the
// problem has another version, the update is refused with an [*Error] of kind
// conflict.
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

// Update applies an update to a problem, and returns the changed problem.
func (c *Client) Update(ctx context.Context, id string, u Update) (Problem, error) {
	var out Problem
	err := c.Do(ctx, http.MethodPost, "/v1/problems/"+url.PathEscape(id)+"/updates", u, &out)
	return out, err
}
