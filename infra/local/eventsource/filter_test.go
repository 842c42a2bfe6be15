package eventsource

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const inserted = `{"eventName":"INSERT","eventSource":"aws:dynamodb","dynamodb":{
	"Keys":{"pk":{"S":"C#1"},"sk":{"S":"M#1#whatsapp#a"}},
	"NewImage":{"sk":{"S":"M#1#whatsapp#a"},"dir":{"S":"In"},"n":{"N":"5"},"gone":{"NULL":true},"tags":{"SS":["a","b"]}},
	"SequenceNumber":"111","SizeBytes":26}}`

func ExampleParseFilter() {
	filter, err := ParseFilter(`{"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "M#"}]}}}}`)
	if err != nil {
		panic(err)
	}
	fmt.Println(filter.Match([]byte(`{"eventName": "INSERT", "dynamodb": {"Keys": {"sk": {"S": "M#1"}}}}`)))
	fmt.Println(filter.Match([]byte(`{"eventName": "REMOVE", "dynamodb": {"Keys": {"sk": {"S": "M#1"}}}}`)))
	// Output:
	// true
	// false
}

func TestFilterMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		patterns []string
		record   string
		want     bool
	}{
		{"no filter", nil, inserted, true},
		{"listed value", []string{`{"eventName":["MODIFY","INSERT"]}`}, inserted, true},
		{"unlisted value", []string{`{"eventName":["MODIFY","REMOVE"]}`}, inserted, false},
		{"one of two fields matches", []string{`{"eventName":["INSERT"],"eventSource":["aws:sqs"]}`}, inserted, false},
		{"one of two filters matches", []string{`{"eventName":["REMOVE"]}`, `{"eventName":["INSERT"]}`}, inserted, true},
		{"prefix in nested keys", []string{`{"eventName":["INSERT"],"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"M#"}]}}}}`}, inserted, true},
		{"other prefix", []string{`{"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"X#"}]}}}}`}, inserted, false},
		{"suffix", []string{`{"dynamodb":{"Keys":{"sk":{"S":[{"suffix":"#a"}]}}}}`}, inserted, true},
		{"other case", []string{`{"dynamodb":{"NewImage":{"dir":{"S":["in"]}}}}`}, inserted, false},
		{"equals-ignore-case", []string{`{"dynamodb":{"NewImage":{"dir":{"S":[{"equals-ignore-case":"IN"}]}}}}`}, inserted, true},
		{"anything-but other value", []string{`{"dynamodb":{"NewImage":{"dir":{"S":[{"anything-but":"Out"}]}}}}`}, inserted, true},
		{"anything-but same value", []string{`{"dynamodb":{"NewImage":{"dir":{"S":[{"anything-but":["In","Out"]}]}}}}`}, inserted, false},
		{"anything-but same prefix", []string{`{"dynamodb":{"Keys":{"sk":{"S":[{"anything-but":{"prefix":"M#"}}]}}}}`}, inserted, false},
		{"anything-but other prefix", []string{`{"dynamodb":{"Keys":{"sk":{"S":[{"anything-but":{"prefix":"K#"}}]}}}}`}, inserted, true},
		{"anything-but missing field", []string{`{"dynamodb":{"NewImage":{"none":{"S":[{"anything-but":"x"}]}}}}`}, inserted, false},
		{"exists", []string{`{"dynamodb":{"NewImage":{"dir":{"S":[{"exists":true}]}}}}`}, inserted, true},
		{"exists on an object", []string{`{"dynamodb":{"NewImage":{"dir":[{"exists":true}]}}}`}, inserted, false},
		{"exists false", []string{`{"dynamodb":{"NewImage":{"none":{"S":[{"exists":false}]}}}}`}, inserted, true},
		{"exists false in a missing object", []string{`{"dynamodb":{"OldImage":{"dir":{"S":[{"exists":false}]}}}}`}, inserted, true},
		{"numeric on a DynamoDB number", []string{`{"dynamodb":{"NewImage":{"n":{"N":[{"numeric":["=",5]}]}}}}`}, inserted, false},
		{"string on a DynamoDB number", []string{`{"dynamodb":{"NewImage":{"n":{"N":["5"]}}}}`}, inserted, true},
		{"boolean", []string{`{"dynamodb":{"NewImage":{"gone":{"NULL":[true]}}}}`}, inserted, true},
		{"one value of a list", []string{`{"dynamodb":{"NewImage":{"tags":{"SS":["b"]}}}}`}, inserted, true},
		{"1 and 1.0", []string{`{"a":[1]}`}, `{"a":1.0}`, true},
		{"string against a number", []string{`{"a":["1"]}`}, `{"a":1}`, false},
		{"inside range", []string{`{"a":[{"numeric":[">",0,"<=",5]}]}`}, `{"a":5}`, true},
		{"outside range", []string{`{"a":[{"numeric":[">=",0,"<",5]}]}`}, `{"a":5}`, false},
		{"null", []string{`{"a":[null]}`}, `{"a":null}`, true},
		{"null against a missing field", []string{`{"a":[null]}`}, `{}`, false},
		{"exists on null", []string{`{"a":[{"exists":true}]}`}, `{"a":null}`, true},
		{"empty string", []string{`{"a":[""]}`}, `{"a":""}`, true},
		{"$or first alternative", []string{`{"z":[1],"$or":[{"a":[1]},{"b":[2]}]}`}, `{"z":1,"a":1}`, true},
		{"$or second alternative", []string{`{"z":[1],"$or":[{"a":[1]},{"b":[2]}]}`}, `{"z":1,"b":2}`, true},
		{"$or no alternative", []string{`{"z":[1],"$or":[{"a":[1]},{"b":[2]}]}`}, `{"z":1}`, false},
		{"$or beside a field that does not match", []string{`{"z":[1],"$or":[{"a":[1]},{"b":[2]}]}`}, `{"a":1}`, false},
		{"nested $or", []string{`{"o":{"$or":[{"a":[1]},{"b":[{"prefix":"x"}]}]}}`}, `{"o":{"b":"xy"}}`, true},
		{"one object of a list", []string{`{"l":{"a":[2]}}`}, `{"l":[{"a":1},{"a":2}]}`, true},
		{"invalid JSON", []string{`{"a":[1]}`}, `{`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := ParseFilter(test.patterns...)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Match([]byte(test.record)); got != test.want {
				t.Errorf("Match = %v, want %v", got, test.want)
			}
		})
	}
}

func TestParseFilter_Invalid(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, pattern, want string }{
		{"wildcard", `{"a":{"b":[{"wildcard":"x*"}]}}`, `pattern.a.b: wildcard: unknown operator`},
		{"cidr", `{"a":[{"cidr":"10.0.0.0/8"}]}`, `pattern.a: cidr: unknown operator`},
		{"value outside a list", `{"a":"x"}`, `pattern.a: must be an object or a list`},
		{"empty list", `{"a":[]}`, `an empty list`},
		{"empty pattern", `{}`, `an empty object`},
		{"list in a list", `{"a":[["x"]]}`, `a list must not contain a list`},
		{"two operators in one object", `{"a":[{"prefix":"x","suffix":"y"}]}`, `exactly one operator`},
		{"prefix with a number", `{"a":[{"prefix":1}]}`, `prefix: must be a string`},
		{"exists with a string", `{"a":[{"exists":"yes"}]}`, `exists: must be true or false`},
		{"numeric with unknown comparison", `{"a":[{"numeric":["!=",1]}]}`, `unknown comparison "!="`},
		{"numeric with a string", `{"a":[{"numeric":[">","1"]}]}`, `must have a number`},
		{"reversed range", `{"a":[{"numeric":["<",5,">",1]}]}`, `a range must have`},
		{"anything-but empty list", `{"a":[{"anything-but":[]}]}`, `must have a value`},
		{"anything-but unknown operator", `{"a":[{"anything-but":{"wildcard":"x"}}]}`, `wildcard: must be exactly one of prefix and suffix`},
		{"$or with one alternative", `{"$or":[{"a":[1]}]}`, `two alternatives`},
		{"$or with a value", `{"$or":[{"a":[1]},2]}`, `must be an object`},
		{"not an object", `"x"`, `must be a JSON object`},
		{"invalid JSON", `{"eventName": ["INSERT"=123}`, `parse pattern`},
		{"two JSON values", `{"a":[1]} {}`, `more than one`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseFilter(test.pattern)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	six := strings.Split(strings.Repeat(`{"a":[1]} `, 6), " ")[:6]
	if _, err := ParseFilter(six...); err == nil {
		t.Error("ParseFilter accepts six filters, want an error above five")
	}
}

// A pattern that is generated from a document matches the document, and stops matching when one value changes.
func TestFilterMatch_GeneratedPattern(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		document := drawDocument(t, 3)
		pattern := derivePattern(t, document)
		f, err := ParseFilter(marshalJSON(t, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if !f.Match([]byte(marshalJSON(t, document))) {
			t.Fatalf("pattern %s does not match %s", marshalJSON(t, pattern), marshalJSON(t, document))
		}
		changeValue(document)
		if f.Match([]byte(marshalJSON(t, document))) {
			t.Fatalf("pattern %s matches %s", marshalJSON(t, pattern), marshalJSON(t, document))
		}
	})
}

func marshalJSON(t *rapid.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func drawDocument(t *rapid.T, depth int) map[string]any {
	document := map[string]any{}
	for range rapid.IntRange(1, 3).Draw(t, "fields") {
		name := rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "name")
		if depth > 0 && rapid.Bool().Draw(t, "deep") {
			document[name] = drawDocument(t, depth-1)
			continue
		}
		document[name] = rapid.OneOf(
			rapid.StringMatching(`[a-zA-Z]{2,8}`).AsAny(), rapid.Int32().AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil),
		).Draw(t, "value")
	}
	return document
}

func derivePattern(t *rapid.T, document map[string]any) map[string]any {
	pattern := map[string]any{}
	for name, v := range document {
		switch v := v.(type) {
		case map[string]any:
			pattern[name] = derivePattern(t, v)
		case string:
			pattern[name] = []any{rapid.SampledFrom([]any{
				v, map[string]any{"prefix": v[:1]}, map[string]any{"suffix": v[1:]},
				map[string]any{"equals-ignore-case": strings.ToUpper(v)}, map[string]any{"anything-but": []any{changed}},
			}).Draw(t, "rule")}
		case int32:
			pattern[name] = []any{rapid.SampledFrom([]any{
				v, map[string]any{"numeric": []any{">=", v, "<=", v}}, map[string]any{"numeric": []any{"=", v}},
			}).Draw(t, "rule")}
		default:
			pattern[name] = []any{v, "never"}
		}
	}
	return pattern
}

// changed is a value that no rule of derivePattern matches.
const changed = "-"

// changeValue replaces one value of document with changed.
func changeValue(document map[string]any) {
	for name, v := range document {
		if deep, ok := v.(map[string]any); ok {
			changeValue(deep)
			return
		}
		document[name] = changed
		return
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(`{"a":[{"prefix":"x"},{"numeric":[">",1,"<",2]},null]}`, `{"a":["x",1,null]}`)
	f.Add(`{"$or":[{"a":[{"exists":false}]},{"b":{"c":[{"anything-but":{"suffix":"y"}}]}}]}`, inserted)
	f.Add(`{"a":[{"wildcard":"*"}]}`, `[]`)
	f.Fuzz(func(t *testing.T, pattern, document string) {
		filter, err := ParseFilter(pattern)
		if err != nil {
			return
		}
		if !json.Valid([]byte(document)) && filter.Match([]byte(document)) {
			t.Errorf("invalid JSON matches pattern %s", pattern)
		}
		filter.Match([]byte(document))
		filter.matchValue(absent{})
	})
}
