package httpapi

import (
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/infra/local/template"
)

// A route is a route of the API, ready to be matched.
type route struct {
	template.Route
	segments []segment
	bucket   *tokenBucket
}

// A segment is one part of a route's path. The kinds are in the order of how
// well they fit.
type segment struct {
	kind segmentKind
	text string // the name of a parameter, or the literal
}

type segmentKind int

const (
	greedy    segmentKind = iota // {name+}
	parameter                    // {name}
	literal
)

func newRoutes(routes []template.Route) []route {
	account := newTokenBucket(template.Throttle{Rate: 10_000, Burst: 5_000})
	out := make([]route, len(routes))
	for i, r := range routes {
		out[i] = route{Route: r, segments: parseSegments(r.Path), bucket: account}
		if r.Throttle.Rate > 0 {
			out[i].bucket = newTokenBucket(r.Throttle)
		}
	}
	return out
}

func parseSegments(path string) []segment {
	if path == "" {
		return nil
	}
	var out []segment
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		name, isParam := strings.CutPrefix(part, "{")
		name = strings.TrimSuffix(name, "}")
		switch {
		case isParam && strings.HasSuffix(name, "+"):
			out = append(out, segment{greedy, strings.TrimSuffix(name, "+")})
		case isParam:
			out = append(out, segment{parameter, name})
		default:
			out = append(out, segment{literal, part})
		}
	}
	return out
}

// match finds the route that fits best: literals before parameters before
// greedy ones, a method before ANY, and $default when nothing else fits.
func matchRoute(routes []route, method, path string) (best *route, params map[string]string) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range routes {
		r := &routes[i]
		if r.Method != "ANY" && r.Method != method && r.Path != "" {
			continue
		}
		p, ok := r.matchPath(parts)
		if ok && (best == nil || r.isMoreSpecific(best)) {
			best, params = r, p
		}
	}
	return best, params
}

func (r *route) matchPath(parts []string) (params map[string]string, ok bool) {
	if r.Path == "" {
		return nil, true
	}
	for i, s := range r.segments {
		if s.kind == greedy {
			if i >= len(parts) {
				return nil, false
			}
			return addParameter(params, s.text, strings.Join(parts[i:], "/")), true
		}
		if i >= len(parts) || s.kind == literal && s.text != parts[i] || s.kind == parameter && parts[i] == "" {
			return nil, false
		}
		if s.kind == parameter {
			params = addParameter(params, s.text, parts[i])
		}
	}
	return params, len(parts) == len(r.segments)
}

func addParameter(m map[string]string, k, v string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[k] = v
	return m
}

func (r *route) isMoreSpecific(o *route) bool {
	for i := range min(len(r.segments), len(o.segments)) {
		if a, b := r.segments[i].kind, o.segments[i].kind; a != b {
			return a > b
		}
	}
	if len(r.segments) != len(o.segments) {
		return len(r.segments) > len(o.segments)
	}
	return r.Method != "ANY" && o.Method == "ANY"
}

// A bucket lets through a burst, and then so many a second.
type tokenBucket struct {
	mu     sync.Mutex
	rate   float64
	burst  float64
	tokens float64
	last   time.Time
}

func newTokenBucket(t template.Throttle) *tokenBucket {
	burst := max(1, float64(t.Burst))
	return &tokenBucket{rate: t.Rate, burst: burst, tokens: burst}
}

func (b *tokenBucket) takeToken(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.last.IsZero() {
		b.tokens = min(b.burst, b.tokens+b.rate*now.Sub(b.last).Seconds())
	}
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
