package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/api"
	"github.com/heard-intake/heard/internal/contact"
)

var document = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromFile("../../infra/openapi.yaml")
})

func openapi(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentIsOpenAPI31WithExamplesByItsSchemas(t *testing.T) {
	t.Parallel()
	doc := openapi(t)
	if !doc.IsOpenAPI31OrLater() {
		t.Error("not OpenAPI 3.1:", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableSchemaDefaultsValidation(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

// operations returns the scope of each operation of the document, by route
// key. Further alternatives only widen what the token reaches.
func operations(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for path, item := range openapi(t).Paths.Map() {
		for method, op := range item.Operations() {
			scope := ""
			if len(*op.Security) > 0 {
				scope = strings.Join((*op.Security)[0]["Token"], " ")
			}
			all[method+" "+path] = scope
		}
	}
	return all
}

func TestTheHandlersHaveTheRoutesAndScopesOfTheDocument(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(operations(t), allScopes(t)); diff != "" {
		t.Errorf("document (-) and handlers (+):\n%s", diff)
	}
}

// allScopes returns the scope of each route of the three handlers.
func allScopes(t *testing.T) map[string]string {
	t.Helper()
	s := newStack(t)
	all := api.Scopes()
	maps.Copy(all, s.agents.Handler().Scopes())
	maps.Copy(all, s.chat.Handler().Scopes())
	return all
}

// A token reaches problems by its claim department or by problems:all, never by
// that scope alone.
func TestTheDocumentNamesTheScopeOfAllDepartments(t *testing.T) {
	t.Parallel()
	for key, scope := range operations(t) {
		method, path, _ := strings.Cut(key, " ")
		want := openapi3.SecurityRequirements{{"Token": {scope}}, {"Token": {scope, api.AllProblems}}}
		security := *openapi(t).Paths.Value(path).GetOperation(method).Security
		if strings.HasPrefix(scope, "problems:") {
			if diff := cmp.Diff(want, security); diff != "" {
				t.Errorf("%s: security (-want +got):\n%s", key, diff)
			}
		} else if strings.Contains(fmt.Sprint(security), api.AllProblems) {
			t.Errorf("%s names %s", key, api.AllProblems)
		}
	}
}

func TestTheTemplateHasTheRoutesAndScopesOfTheDocument(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("../../infra/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	stack, err := template.Parse(src, template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range stack.HTTPAPIs[0].Routes {
		if !strings.HasPrefix(r.Path, "/webhooks/") {
			got[r.Key()] = strings.Join(r.Scopes, " ")
		}
		if strings.HasPrefix(r.Path, "/v1/") && r.Authorizer == "" {
			t.Errorf("%s is open to everybody", r.Key())
		}
	}
	if diff := cmp.Diff(operations(t), got); diff != "" {
		t.Errorf("document (-) and template (+):\n%s", diff)
	}
}

func TestTheSchemasHaveTheMembersOfTheStructs(t *testing.T) {
	t.Parallel()
	schemas := openapi(t).Components.Schemas
	for name, v := range api.Schemas() {
		ref, ok := schemas[name]
		if !ok {
			t.Errorf("there is no schema %s", name)
			continue
		}
		got := slices.Sorted(maps.Keys(ref.Value.Properties))
		if want := names(reflect.TypeOf(v)); !slices.Equal(got, want) {
			t.Errorf("%s: the document has %v, the code %v", name, got, want)
		}
	}
}

func names(typ reflect.Type) []string {
	var all []string
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			all = append(all, names(f.Type)...)
		case name != "-" && f.IsExported():
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// The schemas of a message are written twice, since a reader of either file
// should need no other.
func TestTheMessageOfTheDocumentIsThatOfTheSchema(t *testing.T) {
	t.Parallel()
	var file struct {
		Defs map[string]any `json:"$defs"`
	}
	text := strings.ReplaceAll(string(contact.JSONSchema), "#/$defs/", "#/components/schemas/")
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	delete(file.Defs, "Effect")
	schemas := openapi(t).Components.Schemas
	for name, want := range file.Defs {
		data, err := schemas[name].MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: schema (-) and document (+):\n%s", name, diff)
		}
	}
}

// conform holds a request and its answer to the document. A request that was
// refused need not be by the document; one that was not must be.
func conform(t testing.TB, ev events.APIGatewayV2HTTPRequest, resp events.APIGatewayV2HTTPResponse) {
	t.Helper()
	doc := openapi(t)
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
