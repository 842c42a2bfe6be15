package template

import (
	"fmt"
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
}

// An Authorizer is a JWT authorizer.
type Authorizer struct {
	Name     string
	Issuer   string
	Audience []string
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

// invokeARN returns the SourceArn with which API Gateway invokes functions for
// this API and its stage, whatever the route.
func (b *builder) invokeARN(api *HTTPAPI) string {
	return fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s/*", b.model.Region, b.model.AccountID, api.Name, api.Stage)
}

// readHTTPAPI reads an AWS::Serverless::HttpApi with the routes of its
// DefinitionBody.
func (b *builder) readHTTPAPI(res *resource) {
	r := b.openReader(res.properties, res.id)
	r.ignoreFields("Name", "Description", "Tags", "AccessLogSettings", "FailOnWarnings", "PropagateTags")
	api := HTTPAPI{
		ID:       res.id,
		Name:     b.physicalName(res),
		Stage:    r.allowedText("StageName", "$default"),
		CORS:     b.readCORS(r.fieldNode("CorsConfiguration")),
		Throttle: readThrottle(r.object("DefaultRouteSettings")),
	}
	throttles := map[string]Throttle{}
	if settings := r.object("RouteSettings"); settings.isPresent() {
		for _, key := range settings.node.keys {
			throttles[key] = readThrottle(settings.object(key))
		}
	}
	auth := r.object("Auth")
	if authorizers := auth.object("Authorizers"); authorizers.isPresent() {
		for _, name := range authorizers.node.keys {
			api.Authorizers = append(api.Authorizers, readAuthorizer(name, authorizers.object(name)))
		}
	}
	auth.refuseUnread()
	b.readDefinition(&api, throttles, r.object("DefinitionBody"))
	r.refuseUnread()
	b.model.HTTPAPIs = append(b.model.HTTPAPIs, api)
}

func readAuthorizer(name string, r *reader) Authorizer {
	r.allowedText("IdentitySource", "$request.header.Authorization")
	jwt := r.object("JwtConfiguration")
	a := Authorizer{
		Name:     name,
		Issuer:   jwt.requiredText("issuer"),
		Audience: jwt.textValues("audience"),
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
