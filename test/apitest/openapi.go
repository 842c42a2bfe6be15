package apitest

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

var document = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromFile("../../infra/openapi.yaml")
})

// OpenAPI returns the parsed infra/openapi.yaml.
func OpenAPI(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// CheckSchemas checks that each schema of the document has the members of the
// struct of that name.
func CheckSchemas(t *testing.T, structs map[string]any) {
	t.Helper()
	schemas := OpenAPI(t).Components.Schemas
	for name, v := range structs {
		ref, ok := schemas[name]
		if !ok {
			t.Errorf("there is no schema %s", name)
			continue
		}
		got := slices.Sorted(maps.Keys(ref.Value.Properties))
		if want := memberNames(reflect.TypeOf(v)); !slices.Equal(got, want) {
			t.Errorf("%s: the document has %v, the code %v", name, got, want)
		}
	}
}

// memberNames returns the JSON names of a struct, those of embedded structs
// included.
func memberNames(typ reflect.Type) []string {
	var all []string
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			all = append(all, memberNames(f.Type)...)
		case name != "-" && f.IsExported():
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Conform checks a request and its response against the document. A request
// that was refused may break the document.
func Conform(t testing.TB, ev events.APIGatewayV2HTTPRequest, resp events.APIGatewayV2HTTPResponse) {
	t.Helper()
	doc := OpenAPI(t)
	method, path, _ := strings.Cut(ev.RouteKey, " ")
	item := doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d, and the document has no such operation", ev.RouteKey, resp.StatusCode)
		}
		return
	}
	op := item.GetOperation(method)
	if op.Responses.Status(resp.StatusCode) == nil && resp.StatusCode < 500 {
		t.Errorf("%s: the document has no status %d", ev.RouteKey, resp.StatusCode)
	}
	query := url.Values{}
	for k, v := range ev.QueryStringParameters {
		query.Set(k, v)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://heard.example"+ev.RawPath+"?"+query.Encode(), strings.NewReader(ev.Body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range ev.Headers {
		req.Header.Set(k, v)
	}
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: ev.PathParameters,
		Route:   &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, RejectWhenRequestBodyNotSpecified: true},
	}
	if resp.StatusCode < 400 && !ev.IsBase64Encoded {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s: taken, and not by the document: %v", ev.RouteKey, err)
		}
	}
	header := http.Header{}
	for k, v := range resp.Headers {
		header.Set(k, v)
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: header,
		Body: io.NopCloser(strings.NewReader(resp.Body)), Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s: the answer is not by the document: %v", ev.RouteKey, err)
	}
}
