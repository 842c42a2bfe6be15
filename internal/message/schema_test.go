package message_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A definition holds the parts of a schema definition that the tests use.
type definition struct {
	Required   []string
	Enum       []string
	Properties map[string]struct{ Enum []string }
}

func readDefinitions(t *testing.T) map[string]definition {
	t.Helper()
	var s struct {
		Defs map[string]definition `json:"$defs"`
	}
	if err := json.Unmarshal(message.JSONSchema, &s); err != nil {
		t.Fatal(err)
	}
	return s.Defs
}

func TestJSONSchema_Fields(t *testing.T) {
	t.Parallel()
	defs := readDefinitions(t)
	for _, v := range []any{
		message.Message{}, message.Effect{}, message.Attachment{}, message.MediaFile{}, message.ReplyTo{}, message.Referral{}, message.Remark{}, identity.Address{},
	} {
		typ := reflect.TypeOf(v)
		all, required := jsonNames(typ)
		def := defs[typ.Name()]
		if got := slices.Sorted(maps.Keys(def.Properties)); !slices.Equal(got, all) {
			t.Errorf("%s: properties of the schema = %v, want the fields %v", typ, got, all)
		}
		if got := slices.Sorted(slices.Values(def.Required)); !slices.Equal(got, required) {
			t.Errorf("%s: required properties = %v, want the fields without omitempty %v", typ, got, required)
		}
	}
}

// jsonNames returns the JSON names of all fields of a struct, and of those without
// omitempty or omitzero.
func jsonNames(typ reflect.Type) (all, required []string) {
	for f := range typ.Fields() {
		if f.Anonymous {
			a, r := jsonNames(f.Type)
			all = append(all, a...)
			required = append(required, r...)
			continue
		}
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		all = append(all, name)
		if option == "" {
			required = append(required, name)
		}
	}
	slices.Sort(all)
	slices.Sort(required)
	return all, required
}

func TestJSONSchema_Constants(t *testing.T) {
	t.Parallel()
	defs := readDefinitions(t)
	for _, tt := range []struct {
		file, typ string
		got       []string
	}{
		{"message.go", "Channel", defs["Channel"].Enum},
		{"message.go", "Direction", defs["Direction"].Enum},
		{"message.go", "Kind", defs["Kind"].Enum},
		{"message.go", "Origin", defs["Message"].Properties["origin"].Enum},
		{"note.go", "NoteKind", defs["Remark"].Properties["kind"].Enum},
		{"file.go", "FileState", defs["MediaFile"].Properties["state"].Enum},
		{"effect.go", "EffectKind", defs["Effect"].Properties["kind"].Enum},
		{"../identity/identity.go", "Kind", defs["Address"].Properties["kind"].Enum},
		{"../identity/identity.go", "Assurance", defs["Address"].Properties["assurance"].Enum},
	} {
		if want := constantValues(t, tt.file, tt.typ); !slices.Equal(tt.got, want) {
			t.Errorf("%s of %s: values of the schema = %v, want %v", tt.typ, tt.file, tt.got, want)
		}
	}
}

// constantValues returns the values of the constants of one type in a file, in order.
func constantValues(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typ {
			for _, v := range spec.Values {
				lit, ok := v.(*ast.BasicLit)
				if !ok {
					continue
				}
				value, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
		}
		return true
	})
	return values
}

// The messages and effects in the golden files of all channels must match the schema.
func TestJSONSchema_GoldenFiles(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../channel/*/testdata/*.golden.json")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden files", err)
	}
	message := readDefinition(t, "Message")
	effect := readDefinition(t, "Effect")
	seen := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var d struct{ Messages, Effects []any }
		if json.Unmarshal(data, &d) != nil {
			continue // a golden file without a delivery
		}
		for _, of := range []struct {
			schema *openapi3.Schema
			list   []any
		}{{message, d.Messages}, {effect, d.Effects}} {
			for _, v := range of.list {
				seen++
				if err := of.schema.VisitJSON(v, openapi3.EnableJSONSchema2020()); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("messages and effects checked = %d, want at least 50", seen)
	}
}

func TestJSONSchema_Refuses(t *testing.T) {
	t.Parallel()
	whole := map[string]any{}
	for k, v := range validMessage {
		whole[k] = v
	}
	if err := readDefinition(t, "Message").VisitJSON(whole, openapi3.EnableJSONSchema2020()); err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string]any{
		"channel": "pigeon", "direction": "sideways", "kind": "poem", "id": "1", "version": 2, "sentAt": 7, "customer": map[string]any{},
	} {
		m := maps.Clone(whole)
		m[name] = broken
		if err := readDefinition(t, "Message").VisitJSON(m, openapi3.EnableJSONSchema2020()); err == nil {
			t.Errorf("schema accepts %s %v", name, broken)
		}
	}
}

var validMessage = map[string]any{
	"version": 1.0, "id": "1787999970250:webchat:01a04d1a-63ca-7abc-8def-0123456789ab", "channel": "webchat", "direction": "inbound",
	"kind": "text", "providerId": "01a04d1a-63ca-7abc-8def-0123456789ab", "sentAt": "2026-08-29T10:39:30.25Z", "text": "Hallo",
	"customer": map[string]any{"kind": "visitor", "scope": "shop", "value": "v", "assurance": "verified"},
}

// readDefinition returns the schema of one definition.
func readDefinition(t *testing.T, name string) *openapi3.Schema {
	t.Helper()
	var raw map[string]any
	if err := json.Unmarshal(message.JSONSchema, &raw); err != nil {
		t.Fatal(err)
	}
	delete(raw, "anyOf")
	raw["$ref"] = "#/$defs/" + name
	data, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	var s openapi3.Schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func TestNewsJSONSchema(t *testing.T) {
	t.Parallel()
	var s definition
	if err := json.Unmarshal(contact.EventJSONSchema, &s); err != nil {
		t.Fatal(err)
	}
	all, required := jsonNames(reflect.TypeFor[contact.Event]())
	if got := slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(got, all) {
		t.Errorf("properties of the schema = %v, want the fields %v", got, all)
	}
	if got := slices.Sorted(slices.Values(s.Required)); !slices.Equal(got, required) {
		t.Errorf("required properties = %v, want %v", got, required)
	}
	if want := constantValues(t, "../contact/event.go", "EventKind"); !slices.Equal(s.Properties["kind"].Enum, want) {
		t.Errorf("kinds of the schema = %v, want %v", s.Properties["kind"].Enum, want)
	}
}
