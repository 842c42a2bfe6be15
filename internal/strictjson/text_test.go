package strictjson_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/strictjson"
)

func TestUnmarshal_NotText(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"{\"to\":\"\xff\"}":                "the body is not valid UTF-8; encode the JSON as UTF-8",
		"{\"to\":\"Gr\xfc\xdfe\"}":         "the body is not valid UTF-8; encode the JSON as UTF-8",
		"{\"\xff\":1}":                     "the body is not valid UTF-8; encode the JSON as UTF-8",
		"{\"to\":\"\xed\xa0\xbd\"}":        "the body is not valid UTF-8; encode the JSON as UTF-8",
		"{\"to\":\"\xe2\x82\"}":            "the body is not valid UTF-8; encode the JSON as UTF-8",
		"\xff\xfe{\x00}\x00":               "the body is not valid UTF-8; encode the JSON as UTF-8",
		`{"to":"a\ud83d"}`:                 `\ud83d is half of a character; write both halves, as in \ud83d\ude00, or the character itself`,
		`{"to":"\uDE00a"}`:                 `\uDE00 is half of a character; write both halves, as in \ud83d\ude00, or the character itself`,
		`{"to":"\ud83d\ud83d\ude00"}`:      `\ud83d is half of a character; write both halves, as in \ud83d\ude00, or the character itself`,
		`{"to":"\ude00\ud83d"}`:            `\ude00 is half of a character; write both halves, as in \ud83d\ude00, or the character itself`,
		`{"to":"\ud83d\ude00","\ud83d":1}`: `\ud83d is half of a character; write both halves, as in \ud83d\ude00, or the character itself`,
	} {
		var b body
		err := strictjson.Unmarshal([]byte(data), &b)
		if !fault.Is(err, fault.Invalid) || fault.Message(err) != want {
			t.Errorf("%q: got %q (%s), want %q", data, fault.Message(err), fault.KindOf(err), want)
		}
	}
}

func TestUnmarshal_Text(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"to":"\ud83d\ude00"}`: "\U0001F600",
		`{"to":"😀 café"}`:       "😀 café",
		`{"to":"\\ud83d"}`:      `\ud83d`,
		`{"to":"\\\\ud83d"}`:    `\\ud83d`,
		`{"to":"\"\u0041\""}`:   `"A"`,
		"{\"to\":\"\uFFFD\"}":   "\uFFFD",
		`{"to":"\ufffd"}`:       "\uFFFD",
	} {
		var b body
		if err := strictjson.Unmarshal([]byte(data), &b); err != nil || b.To != want {
			t.Errorf("%s: got %q and error %v, want %q", data, b.To, err, want)
		}
	}
}

func TestDropHalfPairs(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"a":"b"}`:                  `{"a":"b"}`,
		`"a\ud83db"`:                 `"ab"`,
		`"\ud83d\ude00"`:             `"\ud83d\ude00"`,
		`"\ud83d\ud83d\ude00\ude00"`: `"\ud83d\ude00"`,
		`"\ud83d"`:                   `""`,
		`"\ud83d\n"`:                 `"\n"`,
		`"\\ud83d"`:                  `"\\ud83d"`,
		`"\ud83d\u0041"`:             `"\u0041"`,
		`["\ud83d","\ude00","c"]`:    `["","","c"]`,
	} {
		if got := string(strictjson.DropHalfPairs([]byte(data))); got != want {
			t.Errorf("%s: got %s, want %s", data, got, want)
		}
	}
}

// FuzzDropHalfPairs checks that DropHalfPairs drops exactly the escapes that
// encoding/json would replace.
func FuzzDropHalfPairs(f *testing.F) {
	for _, seed := range []string{`"a\ud83d\ude00b\ud83d"`, `"\\\ud83d\\"`, `{"\ude00":"\ud83d\ud83d"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || !utf8.Valid(data) {
			return
		}
		dropped := strictjson.DropHalfPairs(data)
		if !json.Valid(dropped) {
			t.Fatalf("%q: got %q, which is not JSON", data, dropped)
		}
		if err := strictjson.CheckText(dropped); err != nil {
			t.Fatalf("%q: got %q, which is not text: %v", data, dropped, err)
		}
		var before, after string
		if json.Unmarshal(data, &before) != nil || json.Unmarshal(dropped, &after) != nil {
			return
		}
		removed := strings.Count(before, "\uFFFD") - strings.Count(after, "\uFFFD")
		if strings.ReplaceAll(before, "\uFFFD", "") != strings.ReplaceAll(after, "\uFFFD", "") || removed*6 != len(data)-len(dropped) {
			t.Fatalf("%q: got %q", data, dropped)
		}
	})
}
