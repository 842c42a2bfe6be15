package template

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// integrations is the collection of integrations in the components of an
// OpenAPI definition.
const integrations = "x-amazon-apigateway-integrations"

// defaultTimeout is the time-out of an integration that sets none.
const defaultTimeout = 30 * time.Second

var routeMethods = []string{"get", "post", "put", "delete"}

// readDefinition adds the routes of an API's DefinitionBody. The definition is
// an OpenAPI document in which every operation refers to an integration of the
// components.
func (b *builder) readDefinition(api *HTTPAPI, throttles map[string]Throttle, r *reader) {
	r.ignoreFields("info")
	if r.isPresent() {
		r.fixedText("openapi", "3.0.1")
	}
	components := r.object("components")
	functions := b.readIntegrations(components.object(integrations))
	components.refuseUnread()
	if paths := r.object("paths"); paths.isPresent() {
		for _, path := range paths.node.keys {
			item := paths.object(path)
			for _, method := range routeMethods {
				if operation := item.object(method); operation.isPresent() {
					b.readOperation(api, Route{Method: strings.ToUpper(method), Path: path}, functions, throttles, operation)
				}
			}
			item.refuseUnread()
		}
	}
	r.refuseUnread()
}

// readIntegrations returns the function name of each integration, by the
// reference that operations use.
func (b *builder) readIntegrations(r *reader) map[string]string {
	functions := map[string]string{}
	if !r.isPresent() {
		return functions
	}
	for _, name := range r.node.keys {
		integration := r.object(name)
		integration.fixedText("type", "aws_proxy")
		integration.fixedText("httpMethod", "POST")
		integration.fixedText("payloadFormatVersion", "2.0")
		if fn := b.functionOfURI(integration.requiredText("uri")); fn != nil {
			functions["#/components/"+integrations+"/"+name] = b.physicalName(fn)
		} else {
			b.reportError(nodeLine(integration.node), "integration %s: uri must contain a function of this template", name)
		}
		integration.refuseUnread()
	}
	return functions
}

// functionOfURI returns the function of an integration's URI,
// arn:...:path/2015-03-31/functions/<function ARN>/invocations.
func (b *builder) functionOfURI(uri string) *resource {
	_, arn, _ := strings.Cut(uri, "/functions/")
	return b.findResource(strings.TrimSuffix(arn, "/invocations"), functionType)
}

// readOperation completes a route from its operation, and adds it to its API.
func (b *builder) readOperation(api *HTTPAPI, route Route, functions map[string]string, throttles map[string]Throttle, r *reader) {
	r.ignoreFields("responses")
	integration := r.object("x-amazon-apigateway-integration")
	reference := integration.requiredText("$ref")
	integration.refuseUnread()
	function, ok := functions[reference]
	if !ok {
		b.reportError(nodeLine(r.node), "route %s needs an integration of the components, %q is not one", route.Key(), reference)
	}
	route.Function = function
	route.Throttle = cmp.Or(throttles[route.Key()], api.Throttle)
	route.Timeout = defaultTimeout
	b.checkPathParameters(route, r)
	b.readSecurity(&route, api, r)
	r.refuseUnread()
	api.Routes = append(api.Routes, route)
}

var pathParameter = regexp.MustCompile(`\{([^}+]+)\+?\}`)

// checkPathParameters reports an operation whose parameters are not those of
// its path, in their order.
func (b *builder) checkPathParameters(route Route, r *reader) {
	var want, got []string
	for _, match := range pathParameter.FindAllStringSubmatch(route.Path, -1) {
		want = append(want, match[1])
	}
	r.eachObject("parameters", func(p *reader) {
		got = append(got, p.requiredText("name"))
		p.fixedText("in", "path")
		p.fixedText("required", "true")
	})
	if !slices.Equal(got, want) {
		b.reportError(nodeLine(r.node), "route %s has the parameters %q, its path needs %q", route.Key(), got, want)
	}
}

// readSecurity sets the authorizer and the scopes of a route. A route without
// security is open.
func (b *builder) readSecurity(route *Route, api *HTTPAPI, r *reader) {
	if !r.hasField("security") {
		return
	}
	var names []string
	r.eachObject("security", func(requirement *reader) {
		if !requirement.isPresent() {
			return
		}
		for _, name := range requirement.node.keys {
			names = append(names, name)
			route.Scopes = requirement.textValues(name)
		}
	})
	if len(names) != 1 {
		b.reportError(nodeLine(r.node), "route %s has %d authorizers in its security, want 1; leave security out for an open route", route.Key(), len(names))
		return
	}
	route.Authorizer = names[0]
	if !slices.ContainsFunc(api.Authorizers, func(a Authorizer) bool { return a.Name == route.Authorizer }) {
		b.reportError(nodeLine(r.node), "API %s has no authorizer %s", api.ID, route.Authorizer)
	}
}
