package template

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// An HTTPAPI is one API Gateway HTTP API.
type HTTPAPI struct {
	ID          string
	Name        string // id of the API in URLs and events
	Stage       string
	Authorizers []Authorizer
	CORS        *CORS
	Throttle    Throttle
	Routes      []Route

	defaultAuthorizer string
	settings          map[string]Throttle
}

// An Authorizer is a JWT authorizer.
type Authorizer struct {
	Name     string
	Issuer   string
	Audience []string
	Scopes   []string
}

// CORS is the CORS configuration of an API.
type CORS struct {
	AllowOrigins     []string
	AllowMethods     []string
	AllowHeaders     []string
	ExposeHeaders    []string
	AllowCredentials bool
	MaxAge           time.Duration
}

// A Throttle limits requests. A zero Rate means the limit of the account.
type Throttle struct {
	Rate  float64
	Burst int
}

// A Route maps a method and path to a function.
type Route struct {
	Method     string // upper case, or ANY
	Path       string // with {name} and {name+}; empty for $default
	Function   string // function name
	Authorizer string // empty for an open route
	Scopes     []string
	Throttle   Throttle
	Timeout    time.Duration
}

// Key returns the route key: "GET /path" or "$default".
func (r Route) Key() string {
	if r.Path == "" {
		return "$default"
	}
	return r.Method + " " + r.Path
}

// httpAPIOf returns the API of a resource. It reads the API at the first call,
// because functions can be before or after it in the template.
func (b *builder) httpAPIOf(res *resource) *HTTPAPI {
	i := slices.IndexFunc(b.model.HTTPAPIs, func(a HTTPAPI) bool { return a.ID == res.id })
	if i < 0 {
		i = len(b.model.HTTPAPIs)
		b.model.HTTPAPIs = append(b.model.HTTPAPIs, b.newHTTPAPI(res))
	}
	return &b.model.HTTPAPIs[i]
}

func (b *builder) readHTTPAPI(res *resource) { b.httpAPIOf(res) }

func (b *builder) newHTTPAPI(res *resource) HTTPAPI {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("Name", "Description", "Tags", "AccessLogSettings", "FailOnWarnings", "PropagateTags")
	api := HTTPAPI{
		ID:       res.id,
		Name:     b.physicalName(res),
		Stage:    r.allowedText("StageName", "$default"),
		CORS:     b.readCORS(r.fieldNode("CorsConfiguration")),
		Throttle: readThrottle(r.object("DefaultRouteSettings")),
		settings: map[string]Throttle{},
	}
	if settings := r.object("RouteSettings"); settings.isPresent() {
		for _, key := range settings.node.keys {
			api.settings[key] = readThrottle(settings.object(key))
		}
	}
	auth := r.object("Auth")
	api.defaultAuthorizer = auth.textValue("DefaultAuthorizer")
	if authorizers := auth.object("Authorizers"); authorizers.isPresent() {
		for _, name := range authorizers.node.keys {
			api.Authorizers = append(api.Authorizers, readAuthorizer(name, authorizers.object(name)))
		}
	}
	auth.refuseUnread()
	r.refuseUnread()
	return api
}

func readAuthorizer(name string, r *reader) Authorizer {
	r.allowedText("IdentitySource", "$request.header.Authorization")
	jwt := r.object("JwtConfiguration")
	a := Authorizer{
		Name:     name,
		Issuer:   jwt.requiredText("issuer"),
		Audience: jwt.textValues("audience"),
		Scopes:   r.textValues("AuthorizationScopes"),
	}
	jwt.refuseUnread()
	r.refuseUnread()
	return a
}

func readThrottle(r *reader) Throttle {
	t := Throttle{Rate: r.floatValue("ThrottlingRateLimit"), Burst: r.intValue("ThrottlingBurstLimit", 0)}
	r.ignoreFields("DetailedMetricsEnabled").refuseUnread()
	return t
}

func (b *builder) readCORS(n *node) *CORS {
	if n == nil {
		return nil
	}
	if n.kind == scalar && n.text == "true" {
		any := []string{"*"}
		return &CORS{AllowOrigins: any, AllowMethods: any, AllowHeaders: any}
	}
	r := b.openReader(n, "CorsConfiguration")
	c := &CORS{
		AllowOrigins:     r.textValues("AllowOrigins"),
		AllowMethods:     r.textValues("AllowMethods"),
		AllowHeaders:     r.textValues("AllowHeaders"),
		ExposeHeaders:    r.textValues("ExposeHeaders"),
		AllowCredentials: r.boolValue("AllowCredentials", false),
		MaxAge:           r.secondsValue("MaxAge", 0),
	}
	r.refuseUnread()
	return c
}

// readRoute adds the route of an HttpApi event to its API.
func (b *builder) readRoute(f *Function, r *reader) {
	res := b.findResource(r.requiredText("ApiId"), "AWS::Serverless::HttpApi")
	if res == nil {
		b.reportError(nodeLine(r.node), "%s: ApiId must be an HTTP API of this template", f.ID)
		return
	}
	r.allowedText("PayloadFormatVersion", "2.0")
	api := b.httpAPIOf(res)
	route := Route{
		Method:   strings.ToUpper(cmp.Or(r.textValue("Method"), "ANY")),
		Path:     r.textValue("Path"),
		Function: f.Name,
		Throttle: readThrottle(r.object("RouteSettings")),
		Timeout:  time.Duration(r.intValue("TimeoutInMillis", 30_000)) * time.Millisecond,
	}
	if route.Method == "X-AMAZON-APIGATEWAY-ANY-METHOD" || route.Method == "*" {
		route.Method = "ANY"
	}
	if route.Path == "$default" {
		route.Path = ""
	}
	for _, t := range []Throttle{api.settings[route.Key()], api.Throttle} {
		route.Throttle = cmp.Or(route.Throttle, t)
	}
	auth := r.object("Auth")
	b.setRouteAuthorizer(&route, api, auth)
	auth.refuseUnread()
	if slices.ContainsFunc(api.Routes, func(o Route) bool { return o.Key() == route.Key() }) {
		b.reportError(nodeLine(r.node), "route %s is defined twice", route.Key())
	}
	api.Routes = append(api.Routes, route)
}

func (b *builder) setRouteAuthorizer(route *Route, api *HTTPAPI, r *reader) {
	route.Scopes = r.textValues("AuthorizationScopes")
	name := cmp.Or(r.textValue("Authorizer"), api.defaultAuthorizer)
	if name == "" || name == "NONE" {
		return
	}
	i := slices.IndexFunc(api.Authorizers, func(a Authorizer) bool { return a.Name == name })
	if i < 0 {
		b.reportError(nodeLine(r.node), "API %s has no authorizer %s", api.ID, name)
		return
	}
	route.Authorizer = name
	if route.Scopes == nil {
		route.Scopes = api.Authorizers[i].Scopes
	}
}
