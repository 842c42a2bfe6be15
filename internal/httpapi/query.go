package httpapi

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// Bounds of the items of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 200
)

// A Query reads the query parameters of a request and collects the first
// mistake. Read every parameter that the route knows, then call
// [Query.Validate].
type Query struct {
	values map[string]string
	known  []string
	err    error
}

// Query returns a reader of the request's query parameters. A parameter that
// came more than once has its values joined by commas, as in API Gateway.
func (r *Request) Query() *Query {
	if r.URL.RawQuery == "" {
		return &Query{}
	}
	q := &Query{values: map[string]string{}}
	for name, values := range r.URL.Query() {
		q.values[name] = strings.Join(values, ",")
	}
	return q
}

// Parameter returns a parameter, and "" without it.
func (q *Query) Parameter(name string) string {
	q.known = append(q.known, name)
	return q.values[name]
}

// AddMistake records a mistake, [fault.Invalid].
func (q *Query) AddMistake(format string, args ...any) {
	if q.err == nil {
		q.err = fault.New(fault.Invalid, format, args...)
	}
}

// PageLimit returns the parameter limit, the number of items of a page.
func (q *Query) PageLimit() int { return q.Count("limit", DefaultLimit) }

// Count returns a parameter that is a number of items from 1 to [MaxLimit],
// and fallback without it.
func (q *Query) Count(name string, fallback int) int {
	s := q.Parameter(name)
	if s == "" {
		return fallback
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > MaxLimit {
		q.AddMistake("%s must be a number from 1 to %d", name, MaxLimit)
	}
	return n
}

// Time returns a parameter that is a time, and zero without it.
func (q *Query) Time(name string) time.Time {
	s := q.Parameter(name)
	if s == "" {
		return time.Time{}
	}
	at, err := ParseTime(name, s)
	if err != nil && q.err == nil {
		q.err = err
	}
	return at
}

// OneOf returns a parameter that must be empty or one of some values.
func OneOf[S ~string](q *Query, name string, values ...S) S {
	v := S(q.Parameter(name))
	if v != "" && !slices.Contains(values, v) {
		q.AddMistake("%s must be one of %s", name, JoinNames(values))
	}
	return v
}

// JoinNames returns values with commas between them.
func JoinNames[S ~string](values []S) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

// Validate returns the first mistake. A parameter that was not read is one: a
// filter with a misspelt name would show too much.
func (q *Query) Validate() error {
	if q.err != nil {
		return q.err
	}
	for name := range q.values {
		if !slices.Contains(q.known, name) {
			slices.Sort(q.known)
			return fault.New(fault.Invalid, "there is no parameter %q here; known: %s", name, strings.Join(q.known, ", "))
		}
	}
	return nil
}

// RequireNoQuery refuses a request with any query parameter.
func (r *Request) RequireNoQuery() error { return r.Query().Validate() }
