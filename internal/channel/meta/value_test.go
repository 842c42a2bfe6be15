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
	"github.com/heard-intake/heard/internal/strictjson"
)

func TestValue_Text(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, json, want string }{
		{"string", `"abc"`, "abc"},
		{"empty string", `""`, ""},
		{"escapes", `"a\u00e9\/\"\\"`, `aé/"\`},
		{"unpaired surrogate", `"a\ud83db"`, "ab"},
		{"NUL", `"a\u0000b"`, "ab"},
		{"number beyond 2^53", `90071992547409931`, "90071992547409931"},
		{"negative number", `-1.5e3`, "-1.5e3"},
		{"null", `null`, ""},
		{"boolean", `true`, ""},
		{"object", `{"a":"b"}`, ""},
		{"list", `["a"]`, ""},
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

func TestValue_Elements_ListsAndSingleValues(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]int{`[1, 2 ,3]`: 3, `[]`: 0, `[ ]`: 0, `null`: 0, `{"a":1}`: 1, `"x"`: 1, `[[1,2],[]]`: 2} {
		v, err := meta.Parse([]byte(`{"x":` + list + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(v.Get("x").Elements()); got != want {
			t.Errorf("elements of %s: got %d, want %d", list, got, want)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.September, 21, 13, 33, 20, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"1789997600": at, "1789997600000": at, "1789997600123": at.Add(123 * time.Millisecond),
		"1789997600.0": at, "1789997600.123": at.Add(123 * time.Millisecond), "1.7899976e9": at, "1789997600123.4": at.Add(123 * time.Millisecond),
		"2026-09-21T13:33:20Z": at, "2026-09-21T15:33:20+0200": at, "2026-09-21T15:33:20.123+02:00": at.Add(123 * time.Millisecond),
		"": {}, "soon": {}, "0": {}, "-1789997600": {}, "-1.5": {}, "10000000000000": {}, "10000000000": {}, "-18446744073709551": {}, "99999999999999999999": {},
		"1e400": {}, "0x1p40": {}, "1e12345": {}, "NaN": {}, "Inf": {}, "0001-01-01T00:00:00Z": {}, "9999-01-01T00:00:00Z": {}, "2026-09-21": {}, "1_000": {},
	} {
		if got := meta.ParseTime(text); got != want {
			t.Errorf("ParseTime(%q): got %v, want %v", text, got, want)
		}
	}
}

func TestHashElementID_IgnoresWhitespace(t *testing.T) {
	t.Parallel()
	a, b := meta.HashElementID(meta.Value(`{"a":1}`), "kind"), meta.HashElementID(meta.Value("{ \"a\" :\n1}"), "kind")
	if a != b || a == meta.HashElementID(meta.Value(`{"a":1}`), "other") {
		t.Errorf("ids with and without white space: got %s and %s, want equal ids that depend on the parts", a, b)
	}
}

func TestNormalizeSHA256(t *testing.T) {
	t.Parallel()
	const sum = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	for text, want := range map[string]string{
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=": sum, sum: sum, strings.ToUpper(sum): sum, "": "", "a1b2c3...": "", "AAEC": "",
	} {
		if got := meta.NormalizeSHA256(text); got != want {
			t.Errorf("NormalizeSHA256(%q): got %q, want %q", text, got, want)
		}
	}
}

func TestParse_NotAnObject(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", " ", "{", "[]", "null", `"x"`, "5", "{}{}", "[{},5]", "[[]]", "[null]", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\xbd\"}", "\xff\xfe{\x00}\x00"} {
		if _, err := meta.Parse([]byte(body)); !fault.Is(err, fault.Invalid) {
			t.Errorf("Parse(%q): got error %v, want kind %s", body, err, fault.Invalid)
		}
		if all, err := meta.ParseAll([]byte(body)); !fault.Is(err, fault.Invalid) || all != nil {
			t.Errorf("ParseAll(%q): got error %v, want kind %s", body, err, fault.Invalid)
		}
	}
}

func TestParseAll_ListOfObjects(t *testing.T) {
	t.Parallel()
	all, err := meta.ParseAll([]byte(` [ {"a":1} , {} ] `))
	if err != nil || len(all) != 2 || all[0].Get("a").Text() != "1" {
		t.Errorf("ParseAll: got %q, error %v, want two objects of which the first has a = 1", all, err)
	}
	if _, err := meta.Parse([]byte(`[{},{}]`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("Parse of two objects: got error %v, want kind %s", err, fault.Invalid)
	}
}

// FuzzValue compares reading in place with encoding/json.
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
		d := json.NewDecoder(bytes.NewReader(strictjson.DropHalfPairs(body)))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(clean(want), decode(v)); diff != "" {
			t.Errorf("(-encoding/json +meta):\n%s", diff)
		}
	})
}

// decode reads all of v through the methods of Value alone.
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
		for _, e := range v.Elements() {
			list = append(list, decode(e))
		}
		return list
	case v[0] == 't' || v[0] == 'f':
		return v.IsTrue()
	}
	return v.Text()
}

// clean converts decoded JSON to what decode returns: numbers become text, and
// NUL is removed.
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

// FuzzParseTime checks that every time that ParseTime returns fits in a message id:
// it has at most 13 digits of milliseconds.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"1789997600", "1789997600000", "9999999999", "-9223372036854775808"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at := meta.ParseTime(s); !at.IsZero() && (at.UnixMilli() <= 0 || len(fmt.Sprint(at.UnixMilli())) > 13) {
			t.Errorf("ParseTime(%q): got %v, want zero or 1 to 13 digits of milliseconds", s, at)
		}
	})
}
