package problem_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/heard-intake/heard/internal/golden"
	"github.com/heard-intake/heard/internal/problem"
)

func TestCandidateItem(t *testing.T) {
	t.Parallel()
	told := problem.AnnouncedCandidate{
		ID: "0199a1b2-0000-7000-8000-0000000000c1", Department: "customer-care", Name: problem.Label{NL: "Klantenservice", EN: "Customer care"},
		At: noon, Words: []string{"x8-K2hQ0bZw"}, Shown: []string{"gasklep", "fluit"}, Quotes: []string{"de gasklep fluit heel hard"},
		Customers: 6, Contacts: unknowns("a", 7, 2), First: noon.Add(-2 * time.Hour), Last: noon,
	}
	item := told.Item("https://api.heard.example/")
	golden.JSON(t, "testdata/candidate.json", item)
	data, err := item.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var schema openapi3.Schema
	var v any
	if err := json.Unmarshal(problem.CandidateJSONSchema, &schema); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if err := schema.VisitJSON(v, openapi3.EnableJSONSchema2020()); err != nil {
		t.Error(err)
	}
	v.(map[string]any)["words"] = "gasklep"
	if schema.VisitJSON(v, openapi3.EnableJSONSchema2020()) == nil {
		t.Error("the schema takes anything")
	}
	var of struct{ Properties map[string]any }
	if err := json.Unmarshal(problem.CandidateJSONSchema, &of); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for f := range reflect.TypeFor[problem.CandidateItem]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	slices.Sort(fields)
	if got := slices.Sorted(maps.Keys(of.Properties)); !slices.Equal(got, fields) {
		t.Errorf("the schema has %v, the item %v", got, fields)
	}

	// Who knows problem items only reads a title, a version and figures.
	var old problem.Item
	if err := json.Unmarshal(data, &old); err != nil || old.Version != 1 || old.Names.Reason.EN == "" || old.Customers != 6 || old.Contacts != 7 || old.State != "" {
		t.Errorf("read as a problem item: %+v, %v", old, err)
	}
}
