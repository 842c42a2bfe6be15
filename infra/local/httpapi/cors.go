package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// applyCORS adds the response headers of the API's CORS configuration. It
// answers a preflight request itself, without a function, and then returns
// true.
func (g *Gateway) applyCORS(w http.ResponseWriter, r *http.Request) (answered bool) {
	c := g.api.CORS
	origin := r.Header.Get("Origin")
	if c == nil || origin == "" {
		return false
	}
	h := w.Header()
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	if allowed := allowedOrigin(c.AllowOrigins, origin); allowed != "" {
		h.Set("Access-Control-Allow-Origin", allowed)
		if allowed != "*" {
			h.Add("Vary", "Origin")
		}
		if c.AllowCredentials {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		setListHeader(h, "Access-Control-Expose-Headers", c.ExposeHeaders)
		if preflight {
			setListHeader(h, "Access-Control-Allow-Methods", c.AllowMethods)
			setListHeader(h, "Access-Control-Allow-Headers", c.AllowHeaders)
			if c.MaxAge > 0 {
				h.Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge.Seconds())))
			}
		}
	}
	if preflight {
		w.WriteHeader(http.StatusNoContent)
	}
	return preflight
}

// allowedOrigin returns the Access-Control-Allow-Origin value for origin, or ""
// if it is not allowed. An allowed origin may end in *, for example https://*.
func allowedOrigin(allowed []string, origin string) string {
	if slices.Contains(allowed, "*") {
		return "*"
	}
	for _, a := range allowed {
		prefix, isWildcard := strings.CutSuffix(a, "*")
		if strings.EqualFold(a, origin) || (isWildcard && strings.HasPrefix(origin, prefix)) {
			return origin
		}
	}
	return ""
}

func setListHeader(h http.Header, name string, values []string) {
	if len(values) > 0 {
		h.Set(name, strings.Join(values, ","))
	}
}
