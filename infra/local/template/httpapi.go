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
	Name        string // the API's id in URLs and events
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

// CORS is what an API answers to a preflight.
type CORS struct {
	AllowOrigins     []string
	AllowMethods     []string
	AllowHeaders     []string
	ExposeHeaders    []string
	AllowCredentials bool
	MaxAge           time.Duration
}

// A Throttle is a limit on requests; a zero Rate is the account's own.
type Throttle struct {
	Rate  float64
	Burst int
}

// A Route hands the requests of one method and path to a function.
type Route struct {
	Method     string // upper case, or ANY
	Path       string // with {name} and {name+}; "" is $default
	Function   string // the name of the function
	Authorizer string // "" is none
	Scopes     []string
	Throttle   Throttle
	Timeout    time.Duration
}

// Key is the route's key: "GET /path" or "$default".
func (r Route) Key() string {
	if r.Path == "" {
		return "$default"
	}
	return r.Method + " " + r.Path
}

// api is the API of a resource, made when it is first asked for: functions
// may stand before or after it.
func (b *builder) api(res *resource) *HTTPAPI {
	i := slices.IndexFunc(b.model.HTTPAPIs, func(a HTTPAPI) bool { return a.ID == res.id })
	if i < 0 {
		i = len(b.model.HTTPAPIs)
		b.model.HTTPAPIs = append(b.model.HTTPAPIs, b.newHTTPAPI(res))
	}
	return &b.model.HTTPAPIs[i]
}

func (b *builder) httpAPI(res *resource) { b.api(res) }

func (b *builder) newHTTPAPI(res *resource) HTTPAPI {
	r := b.open(res.props, res.id)
	r.skip("Name", "Description", "Tags", "AccessLogSettings", "FailOnWarnings", "PropagateTags")
	api := HTTPAPI{
		ID:       res.id,
		Name:     b.nameOf(res),
		Stage:    r.oneOf("StageName", "$default"),
		CORS:     b.cors(r.raw("CorsConfiguration")),
		Throttle: throttle(r.obj("DefaultRouteSettings")),
		settings: map[string]Throttle{},
	}
	if settings := r.obj("RouteSettings"); settings.there() {
		for _, key := range settings.n.keys {
			api.settings[key] = throttle(settings.obj(key))
		}
	}
	auth := r.obj("Auth")
	api.defaultAuthorizer = auth.text("DefaultAuthorizer")
	if authorizers := auth.obj("Authorizers"); authorizers.there() {
		for _, name := range authorizers.n.keys {
			api.Authorizers = append(api.Authorizers, authorizer(name, authorizers.obj(name)))
		}
	}
	auth.done()
	r.done()
	return api
}

func authorizer(name string, r *reader) Authorizer {
	r.oneOf("IdentitySource", "$request.header.Authorization")
	jwt := r.obj("JwtConfiguration")
	a := Authorizer{
		Name:     name,
		Issuer:   jwt.must("issuer"),
		Audience: jwt.texts("audience"),
		Scopes:   r.texts("AuthorizationScopes"),
	}
	jwt.done()
	r.done()
	return a
}

func throttle(r *reader) Throttle {
	t := Throttle{Rate: r.decimal("ThrottlingRateLimit"), Burst: r.number("ThrottlingBurstLimit", 0)}
	r.skip("DetailedMetricsEnabled").done()
	return t
}

func (b *builder) cors(n *node) *CORS {
	if n == nil {
		return nil
	}
	if n.kind == scalar && n.text == "true" {
		any := []string{"*"}
		return &CORS{AllowOrigins: any, AllowMethods: any, AllowHeaders: any}
	}
	r := b.open(n, "CorsConfiguration")
	c := &CORS{
		AllowOrigins:     r.texts("AllowOrigins"),
		AllowMethods:     r.texts("AllowMethods"),
		AllowHeaders:     r.texts("AllowHeaders"),
		ExposeHeaders:    r.texts("ExposeHeaders"),
		AllowCredentials: r.truth("AllowCredentials", false),
		MaxAge:           r.seconds("MaxAge", 0),
	}
	r.done()
	return c
}

// route reads an HttpApi event: it becomes a route of its API.
func (b *builder) route(f *Function, r *reader) {
	res := b.find(r.must("ApiId"), "AWS::Serverless::HttpApi")
	if res == nil {
		b.fail(lineOf(r.n), "%s: ApiId is no HTTP API of this template", f.ID)
		return
	}
	r.oneOf("PayloadFormatVersion", "2.0")
	api := b.api(res)
	route := Route{
		Method:   strings.ToUpper(cmp.Or(r.text("Method"), "ANY")),
		Path:     r.text("Path"),
		Function: f.Name,
		Throttle: throttle(r.obj("RouteSettings")),
		Timeout:  time.Duration(r.number("TimeoutInMillis", 30_000)) * time.Millisecond,
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
	auth := r.obj("Auth")
	b.authorize(&route, api, auth)
	auth.done()
	if slices.ContainsFunc(api.Routes, func(o Route) bool { return o.Key() == route.Key() }) {
		b.fail(lineOf(r.n), "route %s is defined twice", route.Key())
	}
	api.Routes = append(api.Routes, route)
}

func (b *builder) authorize(route *Route, api *HTTPAPI, r *reader) {
	route.Scopes = r.texts("AuthorizationScopes")
	name := cmp.Or(r.text("Authorizer"), api.defaultAuthorizer)
	if name == "" || name == "NONE" {
		return
	}
	i := slices.IndexFunc(api.Authorizers, func(a Authorizer) bool { return a.Name == name })
	if i < 0 {
		b.fail(lineOf(r.n), "API %s has no authorizer %s", api.ID, name)
		return
	}
	route.Authorizer = name
	if route.Scopes == nil {
		route.Scopes = api.Authorizers[i].Scopes
	}
}
