package contract_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

func TestDocument_OpenAPI31(t *testing.T) {
	t.Parallel()
	doc := apitest.OpenAPI(t)
	if !doc.IsOpenAPI31OrLater() {
		t.Error("not OpenAPI 3.1:", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableSchemaDefaultsValidation(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

// operations returns the scope of each operation of the document, by route
// key. Other alternatives only add departments.
func operations(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for path, item := range apitest.OpenAPI(t).Paths.Map() {
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

func TestDocument_RoutesOfHandlers(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(operations(t), apitest.New(t).Scopes()); diff != "" {
		t.Errorf("document (-) and handlers (+):\n%s", diff)
	}
}

// A token reaches problems by its claim department or by problems:all, never by
// that scope alone.
func TestDocument_ScopeOfAllDepartments(t *testing.T) {
	t.Parallel()
	for key, scope := range operations(t) {
		method, path, _ := strings.Cut(key, " ")
		want := openapi3.SecurityRequirements{{"Token": {scope}}, {"Token": {scope, httpapi.AllProblems}}}
		security := *apitest.OpenAPI(t).Paths.Value(path).GetOperation(method).Security
		if strings.HasPrefix(scope, "problems:") {
			if diff := cmp.Diff(want, security); diff != "" {
				t.Errorf("%s: security (-want +got):\n%s", key, diff)
			}
		} else if strings.Contains(fmt.Sprint(security), httpapi.AllProblems) {
			t.Errorf("%s names %s", key, httpapi.AllProblems)
		}
	}
}

func TestDocument_RoutesOfTemplate(t *testing.T) {
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

// The schemas of a message are in two files, so that each can be read alone.
func TestDocument_MessageSchema(t *testing.T) {
	t.Parallel()
	var file struct {
		Defs map[string]any `json:"$defs"`
	}
	text := strings.ReplaceAll(string(message.JSONSchema), "#/$defs/", "#/components/schemas/")
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	delete(file.Defs, "Effect")
	schemas := apitest.OpenAPI(t).Components.Schemas
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
