package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/template"
)

// heard returns the model of Heard's own template.
func heard(t *testing.T, opt template.Options) *template.Model {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := template.Parse(src, opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestHeardTemplate_FunctionNames(t *testing.T) {
	t.Parallel()
	m := heard(t, template.Options{})
	folders, err := filepath.Glob(filepath.Join("..", "..", "..", "functions", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, folder := range folders {
		want = append(want, filepath.Base(folder))
	}
	var got []string
	for _, f := range m.Functions {
		name := strings.TrimPrefix(f.Name, m.StackName+"-")
		got = append(got, name)
		if code := filepath.Base(f.CodeURI); code != name {
			t.Errorf("%s: got the code of %s, want that of its own folder", name, code)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("function names (-folders +template):\n%s", diff)
	}
}

// A deployed stack finds its resources by their logical ids. Under another id a
// mapping would be deleted and created: one of a stream would lose its position
// (docs/operations.md, "Upgrading an existing stack").
func TestHeardTemplate_EventSourceIDs(t *testing.T) {
	t.Parallel()
	m := heard(t, template.Options{Parameters: map[string]string{"Departments": "billing,product-quality"}})
	var got []string
	for _, f := range m.Functions {
		for _, s := range f.Streams {
			got = append(got, s.ID)
		}
		for _, q := range f.Queues {
			got = append(got, q.ID)
		}
		for _, s := range f.Schedules {
			got = append(got, s.ID)
		}
	}
	slices.Sort(got)
	want := []string{
		"ClockEveryMinute", "EmailArrived", "MediaWanted", "NotifyWanted", "OutboxProblems", "TrainLooks", "TriageMessages",
		"UpdatesOfbilling", "UpdatesOfproductquality",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event sources (-want +got):\n%s", diff)
	}
}

// A routeAccess is a route's function and what a caller needs to reach it.
type routeAccess struct{ Function, Authorizer, Scopes string }

func TestHeardTemplate_Routes(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "..", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	webhook := func(function string) routeAccess { return routeAccess{Function: "heard-" + function} }
	want := map[string]routeAccess{ // the document leaves webhooks out: their platforms define them
		"GET /webhooks/whatsapp": webhook("whatsapp"), "POST /webhooks/whatsapp": webhook("whatsapp"),
		"GET /webhooks/messenger": webhook("messenger"), "POST /webhooks/messenger": webhook("messenger"),
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			access := routeAccess{Function: "heard-agentapi"}
			switch {
			case strings.HasPrefix(path, "/chat/"):
				access.Function = "heard-webchat"
			case strings.HasPrefix(path, "/v1/problems"), strings.HasPrefix(path, "/v1/candidates"):
				access.Function = "heard-departmentapi"
			}
			if security := *operation.Security; len(security) > 0 {
				if scopes, ok := security[0]["Token"]; ok { // the function checks the other kinds, sessions of chats
					access.Authorizer = "Tokens"
					access.Scopes = strings.Join(scopes, " ") // further alternatives have more scopes
				}
			}
			want[method+" "+path] = access
		}
	}
	got := map[string]routeAccess{}
	for _, r := range heard(t, template.Options{}).HTTPAPIs[0].Routes {
		got[r.Key()] = routeAccess{r.Function, r.Authorizer, strings.Join(r.Scopes, " ")}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-document +template):\n%s", diff)
	}
}

func TestHeardTemplate_OpenRoutes(t *testing.T) {
	t.Parallel()
	var open []string
	for _, r := range heard(t, template.Options{}).HTTPAPIs[0].Routes {
		if r.Authorizer == "" || len(r.Scopes) == 0 {
			open = append(open, r.Key())
		}
	}
	slices.Sort(open)
	want := []string{
		"GET /chat/messages", "GET /webhooks/messenger", "GET /webhooks/whatsapp",
		"POST /chat/messages", "POST /chat/sessions", "POST /webhooks/messenger", "POST /webhooks/whatsapp",
	}
	if diff := cmp.Diff(want, open); diff != "" {
		t.Errorf("routes without a token (-want +got):\n%s", diff)
	}
}

func TestHeardTemplate_Permissions(t *testing.T) {
	t.Parallel()
	m := heard(t, template.Options{})
	api := m.HTTPAPIs[0]
	want := map[string]int{}
	for _, r := range api.Routes {
		want[r.Function] = 1
	}
	got := map[string]int{}
	source := "arn:aws:execute-api:eu-west-1:000000000000:" + api.Name + "/$default/*"
	for _, p := range m.Permissions {
		if p.Principal != "apigateway.amazonaws.com" || p.SourceARN != source {
			t.Errorf("%s: got principal %s and source %s, want API Gateway and %s", p.ID, p.Principal, p.SourceARN, source)
		}
		got[p.Function]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("permissions of each function (-want +got):\n%s", diff)
	}
}

// A statement is one statement of a resource policy, as Lambda returns it.
type statement struct {
	Sid       string
	Effect    string
	Principal map[string]string
	Action    string
	Resource  string
	Condition map[string]map[string]string
}

// resourcePolicies returns the resource policy of each function that something
// invokes by permission: SAM adds one for a schedule.
func resourcePolicies(t *testing.T, m *template.Model) map[string][]byte {
	t.Helper()
	statements := map[string][]statement{}
	add := func(id, function, principal, source string) {
		statements[function] = append(statements[function], statement{
			Sid:       m.StackName + "-" + id + "-ABCDEFGHIJKL",
			Effect:    "Allow",
			Principal: map[string]string{"Service": principal},
			Action:    "lambda:InvokeFunction",
			Resource:  "arn:aws:lambda:eu-west-1:000000000000:function:" + function,
			Condition: map[string]map[string]string{"ArnLike": {"AWS:SourceArn": source}},
		})
	}
	for _, p := range m.Permissions {
		add(p.ID, p.Function, p.Principal, p.SourceARN)
	}
	for _, f := range m.Functions {
		for _, s := range f.Schedules {
			rule := fmt.Sprintf("arn:aws:events:eu-west-1:000000000000:rule/%s-%s-ABCDEFGHIJKL", m.StackName, s.ID)
			add(s.ID+"Permission", f.Name, "events.amazonaws.com", rule)
		}
	}
	policies := map[string][]byte{}
	for function, all := range statements {
		policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Id": "default", "Statement": all})
		if err != nil {
			t.Fatal(err)
		}
		policies[function] = policy
	}
	return policies
}

// Lambda refuses a resource policy above 20 KB, so a deployment would fail.
func TestHeardTemplate_ResourcePolicySize(t *testing.T) {
	t.Parallel()
	const most = 6 << 10
	m := heard(t, template.Options{StackName: strings.Repeat("h", 44)}) // names of buckets allow no longer one
	policies := resourcePolicies(t, m)
	prefix := m.StackName + "-"
	want := []string{"agentapi", "departmentapi", "messenger", "schedule", "train", "webchat", "whatsapp"}
	var got []string
	for _, function := range slices.Sorted(maps.Keys(policies)) {
		got = append(got, strings.TrimPrefix(function, prefix))
		size := len(policies[function])
		t.Logf("%s: %d bytes", strings.TrimPrefix(function, prefix), size)
		if size > most {
			t.Errorf("resource policy of %s: got %d bytes, want at most %d", function, size, most)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions with a resource policy (-want +got):\n%s", diff)
	}
}
