package eventsource

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const inserted = `{"eventName":"INSERT","eventSource":"aws:dynamodb","dynamodb":{
	"Keys":{"pk":{"S":"C#1"},"sk":{"S":"M#1#whatsapp#a"}},
	"NewImage":{"sk":{"S":"M#1#whatsapp#a"},"dir":{"S":"In"},"n":{"N":"5"},"gone":{"NULL":true},"tags":{"SS":["a","b"]}},
	"SequenceNumber":"111","SizeBytes":26}}`

func TestFilter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		patterns []string
		record   string
		want     bool
	}{
		{"no filter lets everything through", nil, inserted, true},
		{"a value in the list matches", []string{`{"eventName":["MODIFY","INSERT"]}`}, inserted, true},
		{"a value not in the list does not", []string{`{"eventName":["MODIFY","REMOVE"]}`}, inserted, false},
		{"every field must match", []string{`{"eventName":["INSERT"],"eventSource":["aws:sqs"]}`}, inserted, false},
		{"one of several filters is enough", []string{`{"eventName":["REMOVE"]}`, `{"eventName":["INSERT"]}`}, inserted, true},
		{"prefix in nested keys", []string{`{"eventName":["INSERT"],"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"M#"}]}}}}`}, inserted, true},
		{"prefix that is not there", []string{`{"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"X#"}]}}}}`}, inserted, false},
		{"suffix", []string{`{"dynamodb":{"Keys":{"sk":{"S":[{"suffix":"#a"}]}}}}`}, inserted, true},
		{"case matters", []string{`{"dynamodb":{"NewImage":{"dir":{"S":["in"]}}}}`}, inserted, false},
		{"equals-ignore-case does not mind it", []string{`{"dynamodb":{"NewImage":{"dir":{"S":[{"equals-ignore-case":"IN"}]}}}}`}, inserted, true},
		{"anything-but another value", []string{`{"dynamodb":{"NewImage":{"dir":{"S":[{"anything-but":"Out"}]}}}}`}, inserted, true},
		{"anything-but this value", []string{`{"dynamodb":{"NewImage":{"dir":{"S":[{"anything-but":["In","Out"]}]}}}}`}, inserted, false},
		{"anything-but a prefix", []string{`{"dynamodb":{"Keys":{"sk":{"S":[{"anything-but":{"prefix":"M#"}}]}}}}`}, inserted, false},
		{"anything-but another prefix", []string{`{"dynamodb":{"Keys":{"sk":{"S":[{"anything-but":{"prefix":"K#"}}]}}}}`}, inserted, true},
		{"anything-but needs a value", []string{`{"dynamodb":{"NewImage":{"none":{"S":[{"anything-but":"x"}]}}}}`}, inserted, false},
		{"exists", []string{`{"dynamodb":{"NewImage":{"dir":{"S":[{"exists":true}]}}}}`}, inserted, true},
		{"exists looks at leaves only", []string{`{"dynamodb":{"NewImage":{"dir":[{"exists":true}]}}}`}, inserted, false},
		{"does not exist", []string{`{"dynamodb":{"NewImage":{"none":{"S":[{"exists":false}]}}}}`}, inserted, true},
		{"does not exist below what does not exist", []string{`{"dynamodb":{"OldImage":{"dir":{"S":[{"exists":false}]}}}}`}, inserted, true},
		{"numbers of DynamoDB are strings", []string{`{"dynamodb":{"NewImage":{"n":{"N":[{"numeric":["=",5]}]}}}}`}, inserted, false},
		{"so they match as strings", []string{`{"dynamodb":{"NewImage":{"n":{"N":["5"]}}}}`}, inserted, true},
		{"true is a value", []string{`{"dynamodb":{"NewImage":{"gone":{"NULL":[true]}}}}`}, inserted, true},
		{"one of a list's values is enough", []string{`{"dynamodb":{"NewImage":{"tags":{"SS":["b"]}}}}`}, inserted, true},
		{"numeric equality does not mind the form", []string{`{"a":[1]}`}, `{"a":1.0}`, true},
		{"a number is no string", []string{`{"a":["1"]}`}, `{"a":1}`, false},
		{"inside a range", []string{`{"a":[{"numeric":[">",0,"<=",5]}]}`}, `{"a":5}`, true},
		{"outside a range", []string{`{"a":[{"numeric":[">=",0,"<",5]}]}`}, `{"a":5}`, false},
		{"null matches null", []string{`{"a":[null]}`}, `{"a":null}`, true},
		{"null does not match what is absent", []string{`{"a":[null]}`}, `{}`, false},
		{"null exists", []string{`{"a":[{"exists":true}]}`}, `{"a":null}`, true},
		{"an empty string", []string{`{"a":[""]}`}, `{"a":""}`, true},
		{"$or, first", []string{`{"z":[1],"$or":[{"a":[1]},{"b":[2]}]}`}, `{"z":1,"a":1}`, true},
		{"$or, second", []string{`{"z":[1],"$or":[{"a":[1]},{"b":[2]}]}`}, `{"z":1,"b":2}`, true},
		{"$or, neither", []string{`{"z":[1],"$or":[{"a":[1]},{"b":[2]}]}`}, `{"z":1}`, false},
		{"$or does not replace its neighbours", []string{`{"z":[1],"$or":[{"a":[1]},{"b":[2]}]}`}, `{"a":1}`, false},
		{"$or below the top", []string{`{"o":{"$or":[{"a":[1]},{"b":[{"prefix":"x"}]}]}}`}, `{"o":{"b":"xy"}}`, true},
		{"a list of objects matches by one of them", []string{`{"l":{"a":[2]}}`}, `{"l":[{"a":1},{"a":2}]}`, true},
		{"what is no JSON does not match", []string{`{"a":[1]}`}, `{`, false},
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

func TestParseFilterRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, pattern, want string }{
		{"wildcard by its name", `{"a":{"b":[{"wildcard":"x*"}]}}`, `pattern.a.b: wildcard: no such operator`},
		{"cidr by its name", `{"a":[{"cidr":"10.0.0.0/8"}]}`, `pattern.a: cidr: no such operator`},
		{"a value outside a list", `{"a":"x"}`, `pattern.a: want an object or a list`},
		{"an empty list", `{"a":[]}`, `an empty list`},
		{"an empty pattern", `{}`, `an empty object`},
		{"a list in a list", `{"a":[["x"]]}`, `a list cannot hold a list`},
		{"two operators in one object", `{"a":[{"prefix":"x","suffix":"y"}]}`, `one operator`},
		{"a prefix that is no string", `{"a":[{"prefix":1}]}`, `prefix: want a string`},
		{"exists without a truth", `{"a":[{"exists":"yes"}]}`, `exists: want true or false`},
		{"numeric with an unknown comparison", `{"a":[{"numeric":["!=",1]}]}`, `no such comparison: "!="`},
		{"numeric with a string", `{"a":[{"numeric":[">","1"]}]}`, `want a number`},
		{"a range that runs backwards", `{"a":[{"numeric":["<",5,">",1]}]}`, `a range goes from`},
		{"anything-but nothing", `{"a":[{"anything-but":[]}]}`, `want a value`},
		{"anything-but an unknown operator", `{"a":[{"anything-but":{"wildcard":"x"}}]}`, `wildcard: want prefix or suffix`},
		{"$or with one alternative", `{"$or":[{"a":[1]}]}`, `two alternatives`},
		{"$or with a value", `{"$or":[{"a":[1]},2]}`, `must be an object`},
		{"what is no object", `"x"`, `must be a JSON object`},
		{"what is no JSON", `{"eventName": ["INSERT"=123}`, `reading pattern`},
		{"more than one value", `{"a":[1]} {}`, `more than one`},
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
		t.Error("six filters are taken, AWS takes five")
	}
}

// A pattern made from a document matches it, and no longer does when one of its values is another.
func TestFilterMatchesWhatItWasMadeFrom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		document := drawDocument(t, 3)
		pattern := patternOf(t, document)
		f, err := ParseFilter(jsonOf(t, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if !f.Match([]byte(jsonOf(t, document))) {
			t.Fatalf("pattern %s does not match %s", jsonOf(t, pattern), jsonOf(t, document))
		}
		spoil(document)
		if f.Match([]byte(jsonOf(t, document))) {
			t.Fatalf("pattern %s matches %s", jsonOf(t, pattern), jsonOf(t, document))
		}
	})
}

func jsonOf(t *rapid.T, v any) string {
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

func patternOf(t *rapid.T, document map[string]any) map[string]any {
	pattern := map[string]any{}
	for name, v := range document {
		switch v := v.(type) {
		case map[string]any:
			pattern[name] = patternOf(t, v)
		case string:
			pattern[name] = []any{rapid.SampledFrom([]any{
				v, map[string]any{"prefix": v[:1]}, map[string]any{"suffix": v[1:]},
				map[string]any{"equals-ignore-case": strings.ToUpper(v)}, map[string]any{"anything-but": []any{spoiled}},
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

// spoiled is a value that no rule of patternOf takes.
const spoiled = "-"

// spoil makes one value of a document another.
func spoil(document map[string]any) {
	for name, v := range document {
		if deep, ok := v.(map[string]any); ok {
			spoil(deep)
			return
		}
		document[name] = spoiled
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
			t.Errorf("what is no JSON matches %s", pattern)
		}
		filter.Match([]byte(document))
		filter.matchValue(absent{})
	})
}
