package problem_test

import (
	"bytes"
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

func validate(t *testing.T, data []byte) error {
	t.Helper()
	var schema openapi3.Schema
	if err := json.Unmarshal(problem.ItemJSONSchema, &schema); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return schema.VisitJSON(v, openapi3.EnableJSONSchema2020())
}

func TestItem(t *testing.T) {
	t.Parallel()
	p := opened(t)
	e := problem.Event{Kind: problem.EventMilestone, Department: "it", Milestone: 10, At: noon}
	item := problem.ItemOf(p, e, []string{"Stap 4 in de handleiding klopt niet"}, "https://api.heard.example/")
	golden.JSON(t, "testdata/item.json", item)

	data, err := item.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, data); err != nil {
		t.Error(err)
	}
	again, _ := problem.ItemOf(p, e, []string{"Stap 4 in de handleiding klopt niet"}, "https://api.heard.example").Marshal()
	if !bytes.Equal(data, again) {
		t.Error("the same problem gave another item")
	}
}

// The items of all steps from all states match the schema.
func TestItemsOfAllSteps(t *testing.T) {
	t.Parallel()
	for _, from := range problem.States() {
		for _, to := range problem.Next(from) {
			p := opened(t)
			p.State = from
			p, events, err := problem.ApplyUpdate(p, step(to))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				data, err := problem.ItemOf(p, e, nil, "https://a.example").Marshal()
				if err != nil {
					t.Fatal(err)
				}
				if err := validate(t, data); err != nil {
					t.Errorf("%s to %s: %v", from, to, err)
				}
			}
		}
	}
}

func TestItemSchema_WrongItems(t *testing.T) {
	t.Parallel()
	good, err := problem.ItemOf(opened(t), problem.Event{Kind: problem.EventOpened, Department: "it"}, nil, "https://a.example").Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for old, broken := range map[string]string{
		`"schema":"1"`:       `"schema":"2"`,
		`"version":1`:        `"version":"1"`,
		`"state":"detected"`: `"state":"lost"`,
		`"quotes":[]`:        `"quotes":null`,
		`"contacts":6`:       `"contacts":-6`,
	} {
		if !strings.Contains(string(good), old) {
			t.Fatalf("no %s in %s", old, good)
		}
		if validate(t, []byte(strings.Replace(string(good), old, broken, 1))) == nil {
			t.Errorf("%s is accepted", broken)
		}
	}
}

func TestItemSchema_Members(t *testing.T) {
	t.Parallel()
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(problem.ItemJSONSchema, &schema); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for f := range reflect.TypeFor[problem.Item]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	slices.Sort(fields)
	if got := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(got, fields) {
		t.Errorf("the schema has %v, the item %v", got, fields)
	}
}

func TestItem_MaxSize(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("<é\x01\xff ", 100_000)
	p := opened(t)
	for _, l := range []*string{&p.Cause, &p.Workaround, &p.Names.Reason.NL, &p.Names.Reason.EN, &p.Names.Department.NL, &p.Names.Product.EN} {
		*l = huge
	}
	for day := noon.AddDate(-20, 0, 0); day.Before(noon); day = day.AddDate(0, 0, 1) {
		p.PerDay[day.Format(time.DateOnly)] = 1 << 40
	}
	p.PerDay[huge] = 1
	p.Links = slices.Repeat([]string{"https://a.example/" + strings.Repeat("x", 480)}, 50)
	data, err := problem.ItemOf(p, problem.Event{Kind: problem.EventState, Department: "it", Comment: huge, By: huge}, slices.Repeat([]string{huge}, 9), "https://a.example").Marshal()
	if err != nil || len(data) > problem.MaxItem {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	if err := validate(t, data); err != nil {
		t.Error(err)
	}
}
