package taxonomy_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"

	"github.com/heard-intake/heard/internal/taxonomy"
)

func readSchema(t *testing.T) *openapi3.Schema {
	t.Helper()
	// kin-openapi reads the whole schema, references and all, as 2020-12.
	var s openapi3.Schema
	if err := json.Unmarshal(taxonomy.JSONSchema, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func toJSON(t *testing.T, text string) any {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestJSONSchema_Accepts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"example": string(exampleFile(t)), "small": small} {
		if err := readSchema(t).VisitJSON(toJSON(t, text), openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJSONSchema_Refuses(t *testing.T) {
	t.Parallel()
	for old, broken := range map[string]string{
		"priority: 10":   "priorty: 10",
		"    priority":   "    detect: off\n    priority",
		"threshold: 1":   "threshold: many",
		"id: desk":       "id: Desk",
		`schema: "1"`:    `schema: "2"`,
		"critical":       "awful",
		"[vlam]":         `[""]`,
		"version: \"7\"": "version: a b",
	} {
		if err := readSchema(t).VisitJSON(toJSON(t, strings.Replace(small, old, broken, 1)), openapi3.EnableJSONSchema2020()); err == nil {
			t.Errorf("schema accepts %q", broken)
		}
	}
}

// The schema must have exactly the fields that Load reads.
func TestJSONSchema_Fields(t *testing.T) {
	t.Parallel()
	var s struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(taxonomy.JSONSchema, &s); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		of         any
		properties map[string]any
	}{
		{taxonomy.Taxonomy{}, s.Properties},
		{taxonomy.Reason{}, s.Defs["reason"].Properties},
		{taxonomy.Notices{}, s.Defs["notices"].Properties},
		{taxonomy.Text{}, s.Defs["text"].Properties},
		{taxonomy.Phrases{}, s.Defs["phrases"].Properties},
		{taxonomy.Examples{}, s.Defs["examples"].Properties},
	} {
		var fields []string
		for f := range reflect.TypeOf(tt.of).Fields() {
			if name := f.Tag.Get("yaml"); name != "" {
				fields = append(fields, name)
			}
		}
		slices.Sort(fields)
		if got := slices.Sorted(maps.Keys(tt.properties)); !slices.Equal(got, fields) {
			t.Errorf("%T: properties of the schema = %v, want the fields %v", tt.of, got, fields)
		}
	}
}
