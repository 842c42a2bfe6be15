package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// cors adds what the API's CORS configuration says, and answers a preflight,
// of which no function hears. It reports whether it did.
func (g *Gateway) applyCORS(w http.ResponseWriter, r *http.Request) (answered bool) {
	c, origin := g.api.CORS, r.Header.Get("Origin")
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

func allowedOrigin(allowed []string, origin string) string {
	if slices.Contains(allowed, "*") {
		return "*"
	}
	for _, a := range allowed {
		prefix, wild := strings.CutSuffix(a, "*") // https://*
		if strings.EqualFold(a, origin) || wild && strings.HasPrefix(origin, prefix) {
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
