package updates_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/heard-intake/heard/internal/problem"
)

func schema(t *testing.T) openapi3.Schema {
	t.Helper()
	var s openapi3.Schema
	if err := json.Unmarshal(problem.UpdateJSONSchema, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// A queue takes the members that the API takes, and its own.
func TestUpdateSchema_MembersOfAPI(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromFile("../../infra/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Keys(doc.Components.Schemas["Update"].Value.Properties))
	want = slices.AppendSeq(want, maps.Keys(doc.Components.Schemas["CandidateDecision"].Value.Properties))
	want = append(want, "id", "problem", "candidate")
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(schema(t).Properties)); !slices.Equal(got, want) {
		t.Errorf("the schema has %v, the API %v", got, want)
	}
}

func TestUpdateSchema_GoodAndBad(t *testing.T) {
	t.Parallel()
	for body, good := range map[string]bool{
		`{"problem":"p-1","version":2,"to":"fix_planned","expectedAt":"2099-03-09T17:00:00Z","comment":"x"}`: true,
		`{"problem":"p-1","id":"u-1","links":["https://example.com"]}`:                                       true,
		`{"candidate":"c-1","decision":"dismiss","why":"x"}`:                                                 true,
		`{"candidate":"c-1","id":"u-1","decision":"confirm","why":"x","reason":"r"}`:                         true,
		`{"candidate":"c-1","decision":"dismiss"}`:                                                           false,
		`{"candidate":"c-1","decision":"no","why":"x"}`:                                                      false,
		`{"problem":"p-1","decision":"dismiss","why":"x"}`:                                                   false,
		`{"problem":"p-1"}`:                                false,
		`{"to":"fixed"}`:                                   false,
		`{"problem":"p-1","to":"lost"}`:                    false,
		`{"problem":"p-1","version":"2","to":"fixed"}`:     false,
		`{"problem":"p-1","by":"it","to":"fixed"}`:         false,
		`{"problem":"p 1","to":"fixed"}`:                   false,
		`{"problem":"p-1","links":["http://example.com"]}`: false,
		`[]`: false,
	} {
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatal(err)
		}
		s := schema(t)
		if err := s.VisitJSON(v, openapi3.EnableJSONSchema2020()); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestUpdateSchema_States(t *testing.T) {
	t.Parallel()
	s := schema(t)
	var got []problem.State
	for _, v := range s.Properties["to"].Value.Enum {
		got = append(got, problem.State(v.(string)))
	}
	if !slices.Equal(got, problem.States()) {
		t.Errorf("the schema has %v", got)
	}
}
