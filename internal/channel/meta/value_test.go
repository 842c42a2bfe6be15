package meta_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/fault"
)

func TestTextOf(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, json, want string }{
		{"a string", `"abc"`, "abc"},
		{"an empty string", `""`, ""},
		{"escapes", `"a\u00e9\/\"\\"`, `aé/"\`},
		{"half a surrogate pair", `"\ud83d"`, "\uFFFD"},
		{"NUL", `"a\u0000b"`, "ab"},
		{"a number beyond a float's digits", `90071992547409931`, "90071992547409931"},
		{"a negative number", `-1.5e3`, "-1.5e3"},
		{"null", `null`, ""},
		{"a truth", `true`, ""},
		{"an object", `{"a":"b"}`, ""},
		{"a list", `["a"]`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := meta.Parse([]byte(`{"x": ` + tt.json + ` }`))
			if err != nil {
				t.Fatal(err)
			}
			if got := v.Get("x").Text(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAListMayBeASingleThing(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]int{`[1, 2 ,3]`: 3, `[]`: 0, `[ ]`: 0, `null`: 0, `{"a":1}`: 1, `"x"`: 1, `[[1,2],[]]`: 2} {
		v, err := meta.Parse([]byte(`{"x":` + list + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(v.Get("x").List()); got != want {
			t.Errorf("%s has %d elements, want %d", list, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.September, 21, 13, 33, 20, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"1789997600": at, "1789997600000": at, "1789997600123": at.Add(123 * time.Millisecond),
		"1789997600.0": at, "1789997600.123": at.Add(123 * time.Millisecond), "1.7899976e9": at, "1789997600123.4": at.Add(123 * time.Millisecond),
		"2026-09-21T13:33:20Z": at, "2026-09-21T15:33:20+0200": at, "2026-09-21T15:33:20.123+02:00": at.Add(123 * time.Millisecond),
		"": {}, "soon": {}, "0": {}, "-1789997600": {}, "-1.5": {}, "10000000000000": {}, "10000000000": {}, "-18446744073709551": {}, "99999999999999999999": {},
		"1e400": {}, "0x1p40": {}, "1e12345": {}, "NaN": {}, "Inf": {}, "0001-01-01T00:00:00Z": {}, "9999-01-01T00:00:00Z": {}, "2026-09-21": {}, "1_000": {},
	} {
		if got := meta.Time(text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestAnIDOfAnElementDoesNotDependOnItsBlanks(t *testing.T) {
	t.Parallel()
	a, b := meta.HashID(meta.Value(`{"a":1}`), "kind"), meta.HashID(meta.Value("{ \"a\" :\n1}"), "kind")
	if a != b || a == meta.HashID(meta.Value(`{"a":1}`), "other") {
		t.Errorf("got %s and %s", a, b)
	}
}

func TestChecksums(t *testing.T) {
	t.Parallel()
	const sum = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	for text, want := range map[string]string{
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=": sum, sum: sum, strings.ToUpper(sum): sum, "": "", "a1b2c3...": "", "AAEC": "",
	} {
		if got := meta.SHA256(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", " ", "{", "[]", "null", `"x"`, "5", "{}{}", "[{},5]", "[[]]", "[null]"} {
		if _, err := meta.Parse([]byte(body)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: error %v, want one of kind %s", body, err, fault.Invalid)
		}
		if all, err := meta.ParseAll([]byte(body)); fault.KindOf(err) != fault.Invalid || all != nil {
			t.Errorf("%q as a list: error %v, want one of kind %s", body, err, fault.Invalid)
		}
	}
}

func TestABodyMayBeAListOfObjects(t *testing.T) {
	t.Parallel()
	all, err := meta.ParseAll([]byte(` [ {"a":1} , {} ] `))
	if err != nil || len(all) != 2 || all[0].Get("a").Text() != "1" {
		t.Errorf("got %q, error %v", all, err)
	}
	if _, err := meta.Parse([]byte(`[{},{}]`)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("two objects where one is wanted: error %v, want one of kind %s", err, fault.Invalid)
	}
}

// What is read in place is what encoding/json decodes.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : [ 1 , "\"\\" , null, true ] , "b\u0000" : { "c" : { } } } `, `{"a":"\ud83d","\\":[[],[[]],{"x":-0.5E+3}]}`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := meta.Parse(body)
		if err != nil {
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(body, []byte("\uFFFD"))))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(clean(want), decode(v)); diff != "" {
			t.Errorf("(-encoding/json +meta):\n%s", diff)
		}
	})
}

// decode reads all of v, by the methods of Value alone.
func decode(v meta.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.IsObject():
		o := map[string]any{}
		for _, m := range v.Object() {
			o[string(m.Key)] = decode(m.Value)
		}
		return o
	case v[0] == '[':
		list := []any{}
		for _, e := range v.List() {
			list = append(list, decode(e))
		}
		return list
	case v[0] == 't' || v[0] == 'f':
		return v.IsTrue()
	}
	return v.Text()
}

// clean makes of decoded JSON what decode makes of it: text of numbers, and no
// NUL.
func clean(x any) any {
	switch x := x.(type) {
	case json.Number:
		return x.String()
	case string:
		return strings.ReplaceAll(x, "\x00", "")
	case []any:
		for i := range x {
			x[i] = clean(x[i])
		}
	case map[string]any:
		o := map[string]any{}
		for k, v := range x {
			o[strings.ReplaceAll(k, "\x00", "")] = clean(v)
		}
		return o
	}
	return x
}

// Every time read is one that a message id has room for.
func FuzzTime(f *testing.F) {
	for _, seed := range []string{"1789997600", "1789997600000", "9999999999", "-9223372036854775808"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at := meta.Time(s); !at.IsZero() && (at.UnixMilli() <= 0 || len(fmt.Sprint(at.UnixMilli())) > 13) {
			t.Errorf("%q is %v", s, at)
		}
	})
}
