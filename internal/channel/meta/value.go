// Package meta holds what the webhooks of Meta's platforms, WhatsApp,
// Messenger and Instagram, have in common: how their JSON is read.
//
// Their shapes change without notice, their ids are strings or numbers beyond
// 2^53, lists arrive as single objects, and what was a string in one version
// is an object in the next. So nothing is decoded into structs, where one
// member of a new type would hide its neighbours: the body is checked once,
// and what is needed is read out of it in place.
package meta

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
)

// A Value is one JSON value: a slice of a body that [Parse] has taken. It is
// empty for a member that is absent.
//
// Reading a value never fails and never loses a digit: what is absent, or of
// another type than expected, reads as empty, and a number as the digits it is
// written with.
type Value []byte

// Parse returns the JSON object that body holds. What is not JSON or not an
// object is [fault.Invalid]. The value and all that is read from it are slices
// of body, or of a copy when body is not UTF-8.
func Parse(body []byte) (Value, error) {
	all, err := ParseAll(body)
	if err != nil {
		return nil, err
	}
	if len(all) > 1 {
		return nil, fault.New(fault.Invalid, "the body is not an object")
	}
	return all[0], nil
}

// ParseAll is [Parse] for a body that may also be a list of objects, as which
// Instagram's webhooks are documented.
func ParseAll(body []byte) ([]Value, error) {
	if !json.Valid(body) {
		return nil, fault.New(fault.Invalid, "the body is not JSON")
	}
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	all := Value(bytes.Trim(body, blanks)).List()
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, "the body is not an object")
	}
	for _, v := range all {
		if !v.IsObject() {
			return nil, fault.New(fault.Invalid, "the body is not an object")
		}
	}
	return all, nil
}

// IsObject reports whether v is an object.
func (v Value) IsObject() bool { return len(v) > 0 && v[0] == '{' }

// IsNull reports whether v is absent or null.
func (v Value) IsNull() bool { return len(v) == 0 || v[0] == 'n' }

// IsEmpty reports whether v is absent, null, or holds nothing.
func (v Value) IsEmpty() bool {
	switch string(v) {
	case `""`:
		return true
	default:
		return v.IsNull() || v.IsObject() && len(v.Object()) == 0 || v[0] == '[' && len(v.List()) == 0
	}
}

// IsTrue reports whether v is true, also as a string.
func (v Value) IsTrue() bool {
	switch string(v) {
	case `true`, `"true"`:
		return true
	default:
		return false
	}
}

// An Object is the members of a JSON object, in its order.
type Object []Member

// A Member is one member of an [Object].
type Member struct {
	Key   []byte
	Value Value
}

// Object returns the members of v; none if v is not an object. Whoever needs a
// single one takes [Value.Get].
func (v Value) Object() Object {
	if !v.IsObject() {
		return nil
	}
	var o Object
	v.members(func(m Member) bool {
		if o == nil {
			o = make(Object, 0, 8)
		}
		o = append(o, m)
		return true
	})
	return o
}

// members calls yield with the members of v until that returns false.
func (v Value) members(yield func(Member) bool) {
	if !v.IsObject() {
		return
	}
	rest := skipBlanks(v[1:])
	for len(rest) > 0 && rest[0] == '"' {
		var key, value Value
		key, rest = rest.cut()
		value, rest = skipBlanks(rest[1:]).cut() // past the colon
		if !yield(Member{key.name(), value}) {
			return
		}
		rest = skipBlanks(rest[1:]) // past the comma, or the end
	}
}

// name returns the text of a key.
func (v Value) name() []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	return []byte(v.Text())
}

// Get returns the member called name; nothing if there is none.
func (o Object) Get(name string) Value {
	for _, m := range o {
		if string(m.Key) == name {
			return m.Value
		}
	}
	return nil
}

// Get returns the member of v that path leads to; nothing if there is none.
func (v Value) Get(path ...string) Value {
	for _, name := range path {
		var found Value
		v.members(func(m Member) bool {
			if string(m.Key) == name {
				found = m.Value
			}
			return found == nil
		})
		v = found
	}
	return v
}

// List returns the elements of an array. Any other value but null is taken for
// a list of itself: these platforms' lists have been seen as single objects.
func (v Value) List() []Value {
	switch {
	case v.IsNull():
		return nil
	case v[0] != '[':
		return []Value{v}
	}
	var list []Value
	rest := skipBlanks(v[1:])
	for len(rest) > 0 && rest[0] != ']' {
		var value Value
		value, rest = rest.cut()
		list = append(list, value)
		rest = skipBlanks(rest[1:])
	}
	return list
}

// Text returns the text of a string without NUL, or the digits of a number;
// otherwise nothing. Half a surrogate pair becomes U+FFFD.
func (v Value) Text() string {
	switch {
	case len(v) == 0:
		return ""
	case v[0] == '-' || v[0] >= '0' && v[0] <= '9':
		return string(v)
	case v[0] != '"':
		return ""
	case bytes.IndexByte(v, '\\') < 0:
		return string(v[1 : len(v)-1])
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		return ""
	}
	return strings.ReplaceAll(s, "\x00", "")
}

// Time returns the time that v holds, see [Time].
func (v Value) Time() time.Time { return Time(v.Text()) }

// Raw returns a copy of v, which does not hold on to the body.
func (v Value) Raw() json.RawMessage {
	if len(v) == 0 {
		return nil
	}
	return json.RawMessage(bytes.Clone(v))
}

// millisFrom is the smallest number taken for milliseconds, and maxMillis the
// first that is too large for a message id. As milliseconds, what lies below
// millisFrom would be early 1973; as seconds, what lies above is the year 5138.
const (
	millisFrom = 100_000_000_000
	maxMillis  = 10_000_000_000_000
)

// Time reads a time as these platforms write it: seconds or milliseconds, each
// seen where the other is documented, with a fraction or an exponent when
// another program has written them anew; or a date, as the Graph API has it. It
// is zero if s holds none.
func Time(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err == nil && 0 < n && n < millisFrom:
		n *= 1000
	case err != nil && s[0] >= '0' && s[0] <= '9':
		n = fraction(s)
	}
	if n <= 0 || n >= maxMillis {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// fraction returns the milliseconds of a number that is not whole, or of a
// date; zero if s is neither.
func fraction(s string) int64 {
	if f, err := strconv.ParseFloat(s, 64); err == nil && !strings.ContainsAny(s, "xX_") {
		if f < millisFrom {
			f *= 1000
		}
		return int64(math.Round(min(f, maxMillis)))
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UnixMilli()
		}
	}
	return 0
}

// cut returns the value that v begins with, and what follows it and the blanks
// behind it.
func (v Value) cut() (first, rest Value) {
	n := 0
	switch v[0] {
	case '"':
		n = quoted(v)
	case '{', '[':
		n = nested(v)
	default:
		n = bytes.IndexAny(v, ",]}"+blanks)
	}
	return v[:n], skipBlanks(v[n:])
}

// quoted returns the length of the string that b begins with.
func quoted(b []byte) int {
	for i := 1; ; i++ {
		i += bytes.IndexByte(b[i:], '"')
		slashes := 0
		for b[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// nested returns the length of the object or array that b begins with.
func nested(b []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch b[i] {
		case '"':
			i += quoted(b[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
}

const blanks = " \t\r\n"

func skipBlanks(b Value) Value {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\n' || b[0] == '\t' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}
