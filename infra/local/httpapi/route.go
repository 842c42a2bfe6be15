package httpapi

import (
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/infra/local/template"
)

// A route is a route of the API with its parsed path and its rate limit.
type route struct {
	template.Route
	segments []segment
	bucket   *tokenBucket
}

// A segment is one part of a route's path.
type segment struct {
	kind segmentKind
	text string // parameter name or literal
}

// A segmentKind is a kind of segment. A higher value is more specific.
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

// matchRoute returns the most specific route for a request, with its path
// parameters. A literal is more specific than {name}, which is more specific
// than {name+}. A method is more specific than ANY. $default matches if no
// other route does.
func matchRoute(routes []route, method, path string) (best *route, params map[string]string) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range routes {
		r := &routes[i]
		if r.Method != "ANY" && r.Method != method && r.Path != "" {
			continue
		}
		p, ok := r.matchPath(parts)
		if ok && (best == nil || r.isMoreSpecific(best)) {
			best = r
			params = p
		}
	}
	return best, params
}

// matchPath compares the route with the parts of a path. If they match, it
// returns the path parameters and true.
func (r *route) matchPath(parts []string) (params map[string]string, ok bool) {
	if r.Path == "" {
		return nil, true
	}
	for i, s := range r.segments {
		if i >= len(parts) {
			return nil, false
		}
		switch s.kind {
		case greedy:
			return addParameter(params, s.text, strings.Join(parts[i:], "/")), true
		case parameter:
			if parts[i] == "" {
				return nil, false
			}
			params = addParameter(params, s.text, parts[i])
		case literal:
			if s.text != parts[i] {
				return nil, false
			}
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

// isMoreSpecific reports whether r is more specific than o; both match the
// request.
func (r *route) isMoreSpecific(o *route) bool {
	for i := range min(len(r.segments), len(o.segments)) {
		if kind := r.segments[i].kind; kind != o.segments[i].kind {
			return kind > o.segments[i].kind
		}
	}
	if len(r.segments) != len(o.segments) {
		return len(r.segments) > len(o.segments)
	}
	return r.Method != "ANY" && o.Method == "ANY"
}

// A tokenBucket limits requests to a burst, and then to a rate per second.
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
