package strictjson_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/strictjson"
)

type ref struct {
	Contact string `json:"contact"`
}

type body struct {
	To      string   `json:"to"`
	Version int      `json:"version"`
	Links   []string `json:"links"`
	Refs    *[]ref   `json:"refs,omitempty"`
	By      *ref     `json:"by"`
	Any     any      `json:"any"`
}

func TestUnmarshal_Refusals(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		``:                          "the body is not valid JSON",
		`{"to":`:                    "the body is not valid JSON",
		`to: fixed`:                 "the body is not valid JSON",
		`null`:                      "the body must be a JSON object",
		" null\n":                   "the body must be a JSON object",
		`[]`:                        "the body must be a JSON object",
		`"fixed"`:                   "the body must be a JSON object",
		`{} {}`:                     "there is something after the JSON object",
		`{"to":"fixed"},`:           "there is something after the JSON object",
		`{"too":"fixed"}`:           `there is no member "too" here; known: to, version, links, refs, by, any`,
		`{"to":4}`:                  "to must be a string",
		`{"version":"2"}`:           "version must be a whole number",
		`{"version":1.5}`:           "version must be a whole number",
		`{"links":"https://a"}`:     "links must be a list",
		`{"links":[1]}`:             "each of links must be a string",
		`{"refs":[1]}`:              "each of refs must be an object",
		`{"refs":[{"contact":1}]}`:  "refs.contact must be a string",
		`{"refs":[{"customer":1}]}`: `there is no member "customer" here; known: to, version, links, refs, by, any`,
		`{"by":"els"}`:              "by must be an object",
		`{"To":"fixed"}`:            `there is no member "To" here; known: to, version, links, refs, by, any`,
		`{"to":"a","TO":"b"}`:       `there is no member "TO" here; known: to, version, links, refs, by, any`,
		`{"by":{"Contact":"x"}}`:    `there is no member "Contact" here; known: contact`,
		`{"refs":[{"CONTACT":""}]}`: `there is no member "CONTACT" here; known: contact`,
		`{"to":"a","to":"b"}`:       "to is given twice; give it once",
		`{"to":"a","t\u006f":"a"}`:  "to is given twice; give it once",
		`{"to":null,"to":"b"}`:      "to is given twice; give it once",
		`{"refs":[{"contact":"x"},{"contact":"y","contact":"y"}]}`: "refs.contact is given twice; give it once",
		`{"any":{"a":[{"b":1,"b":2}]}}`:                            "any.a.b is given twice; give it once",
	} {
		var b body
		err := strictjson.Unmarshal([]byte(data), &b)
		if !fault.Is(err, fault.Invalid) || fault.Message(err) != want {
			t.Errorf("%s: got %q (%s), want %q", data, fault.Message(err), fault.KindOf(err), want)
		}
	}
}

func TestUnmarshal_TakenMembers(t *testing.T) {
	t.Parallel()
	var b body
	err := strictjson.Unmarshal([]byte(`{"x":1}`), &b, "problem", "id")
	want := `there is no member "x" here; known: problem, id, to, version, links, refs, by, any`
	if got := fault.Message(err); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	err = strictjson.Unmarshal([]byte(`{"problem":"p-1"}`), &b, "problem")
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a taken member that is still there: got %v, want a refusal", err)
	}
}

// Two objects may have members of the same name, and a map any names.
func TestUnmarshal_RepeatedNames(t *testing.T) {
	t.Parallel()
	var b body
	data := `{"to":"contact","refs":[{"contact":"x"},{"contact":"x"}],"by":{"contact":"x"},"any":{"To":1,"to":[{"to":2},{"to":3}]}}`
	if err := strictjson.Unmarshal([]byte(data), &b); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

func TestUnmarshalKnown(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"to":"fixed","TO":"x","extra":{"to":1}}`: "",
		`{"TO":"x"}`:                      "",
		`{"to":"fixed","to":"fixed"}`:     "to is given twice; give it once",
		`{"extra":1,"extra":1}`:           "extra is given twice; give it once",
		`{"by":{"contact":"","more":""}}`: `there is no member "more" here; known: to, version, links, refs, by, any`,
		`{"to":1}`:                        "to must be a string",
		`null`:                            "the body must be a JSON object",
		`[]`:                              "the body must be a JSON object",
		`{} {}`:                           "the body is not valid JSON",
	} {
		var b body
		err := strictjson.UnmarshalKnown([]byte(data), &b)
		got := ""
		if err != nil {
			got = fault.Message(err)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", data, got, want)
		}
		if want == "" && strings.Contains(data, `"to":"fixed"`) != (b.To == "fixed") {
			t.Errorf("%s: got to %q", data, b.To)
		}
	}
}

func ExampleUnmarshal() {
	var update struct {
		To      string `json:"to"`
		Version int    `json:"version"`
	}
	fmt.Println(strictjson.Unmarshal([]byte(`{"to":"fixed","version":2}`), &update), update.To, update.Version)
	fmt.Println(strictjson.Unmarshal([]byte(`{"state":"fixed"}`), &update))
	// Output:
	// <nil> fixed 2
	// there is no member "state" here; known: to, version
}
