// Package meta reads the JSON of the webhooks of WhatsApp, Messenger and
// Instagram.
//
// Meta changes these payloads without notice. Ids are strings or numbers
// beyond 2^53, lists arrive as single objects, and a string in one version is
// an object in the next. Decoding into structs would let one member of an
// unexpected type hide its neighbours. So [Parse] checks the body once, and
// callers read single members out of it in place.
//
// It also verifies that a webhook came from Meta. WhatsApp and Messenger sign the
// raw body with HMAC-SHA256 under the app secret and send the hex digest in a
// header:
//
//	X-Hub-Signature-256: sha256=5d7a...
//
// Verify the bytes as they were received. Decoding and encoding the JSON again
// changes the bytes, and with them the digest.
package meta

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/strictjson"
)

// A Value is one JSON value: a slice of a body that [Parse] accepted. The
// Value of an absent member is empty.
//
// Reading a Value never fails. An absent member, or one of an unexpected type,
// reads as empty. A number reads as the digits it was written with, so that no
// precision is lost.
type Value []byte

// Parse returns the JSON object in body. A body that is not JSON in UTF-8, or not
// an object, is [fault.Invalid]. The Value shares memory with body.
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

// ParseAll is [Parse] for a body that is one object or a list of objects.
// Instagram's documentation shows its webhooks as lists.
func ParseAll(body []byte) ([]Value, error) {
	if err := strictjson.CheckUTF8(body); err != nil {
		return nil, err
	}
	if !json.Valid(body) {
		return nil, fault.New(fault.Invalid, "the body is not JSON")
	}
	all := Value(bytes.Trim(body, whitespace)).Elements()
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

// IsEmpty reports whether v is absent, null, an empty string, an empty object
// or an empty list.
func (v Value) IsEmpty() bool {
	switch string(v) {
	case "", `""`:
		return true
	}
	switch v[0] {
	case 'n':
		return true
	case '{':
		return len(v.Object()) == 0
	case '[':
		return len(v.Elements()) == 0
	default:
		return false
	}
}

// IsTrue reports whether v is true or "true".
func (v Value) IsTrue() bool {
	switch string(v) {
	case `true`, `"true"`:
		return true
	default:
		return false
	}
}

// An Object is the members of a JSON object, in their order in the body.
type Object []Member

// A Member is one member of an [Object].
type Member struct {
	Key   []byte
	Value Value
}

// Object returns the members of v, or nil if v is not an object. To read a
// single member, [Value.Get] is cheaper.
func (v Value) Object() Object {
	if !v.IsObject() {
		return nil
	}
	var o Object
	v.forEachMember(func(m Member) bool {
		if o == nil {
			o = make(Object, 0, 8)
		}
		o = append(o, m)
		return true
	})
	return o
}

// forEachMember calls yield with each member of v until yield returns false.
func (v Value) forEachMember(yield func(Member) bool) {
	if !v.IsObject() {
		return
	}
	rest := skipWhitespace(v[1:])
	for len(rest) > 0 && rest[0] == '"' {
		var key, value Value
		key, rest = rest.cutFirstValue()
		value, rest = skipWhitespace(rest[1:]).cutFirstValue() // past the colon
		if !yield(Member{key.decodeKey(), value}) {
			return
		}
		rest = skipWhitespace(rest[1:]) // past the comma, or the end
	}
}

// decodeKey returns the text of an object's key.
func (v Value) decodeKey() []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	return []byte(v.Text())
}

// Get returns the member with that name, or an empty Value.
func (o Object) Get(name string) Value {
	for _, m := range o {
		if string(m.Key) == name {
			return m.Value
		}
	}
	return nil
}

// Get returns the member of v at path, or an empty Value. Get("a", "b") is the
// member b of the object a.
func (v Value) Get(path ...string) Value {
	for _, name := range path {
		var found Value
		v.forEachMember(func(m Member) bool {
			if string(m.Key) == name {
				found = m.Value
			}
			return found == nil
		})
		v = found
	}
	return v
}

// Elements returns the elements of an array. Null has no elements. Any other
// value counts as an array of one, because Meta sometimes sends a single
// object where it documents a list.
func (v Value) Elements() []Value {
	switch {
	case v.IsNull():
		return nil
	case v[0] != '[':
		return []Value{v}
	}
	var list []Value
	rest := skipWhitespace(v[1:])
	for len(rest) > 0 && rest[0] != ']' {
		var value Value
		value, rest = rest.cutFirstValue()
		list = append(list, value)
		rest = skipWhitespace(rest[1:])
	}
	return list
}

// Text returns a string without NUL characters, or the digits of a number. It
// is empty for any other value. Half of a surrogate pair is left out.
func (v Value) Text() string {
	switch {
	case len(v) == 0:
		return ""
	case v[0] == '-', isDigit(v[0]):
		return string(v)
	case v[0] != '"':
		return ""
	case bytes.IndexByte(v, '\\') < 0:
		return string(v[1 : len(v)-1])
	}
	var s string
	if err := json.Unmarshal(strictjson.DropHalfPairs(v), &s); err != nil {
		return ""
	}
	return strings.ReplaceAll(s, "\x00", "")
}

// Time returns the time in v, as [ParseTime] reads it.
func (v Value) Time() time.Time { return ParseTime(v.Text()) }

// CopyRaw returns a copy of v, so that the caller does not keep the whole body
// in memory.
func (v Value) CopyRaw() json.RawMessage {
	if len(v) == 0 {
		return nil
	}
	return json.RawMessage(bytes.Clone(v))
}

// A number below minMillis is read as seconds: as milliseconds it would be
// before March 1973. A number from minMillis on is read as milliseconds: as
// seconds it would be after the year 5138. maxMillis is the first number of
// milliseconds with more digits than a message id has room for.
const (
	minMillis = 100_000_000_000
	maxMillis = 10_000_000_000_000
)

// ParseTime reads a time as Meta writes it: seconds or milliseconds, or a date
// in the format of the Graph API. Each unit has been seen where the other is
// documented. Numbers may have a fraction or an exponent, which a relaying
// program added. ParseTime returns the zero time if s is not a time.
func ParseTime(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err == nil && 0 < n && n < minMillis:
		n *= 1000
	case err != nil && isDigit(s[0]):
		n = parseFractionOrDate(s)
	}
	if n <= 0 || n >= maxMillis {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// parseFractionOrDate returns the milliseconds of a number that is not an
// integer, or of a date. It returns zero if s is neither.
func parseFractionOrDate(s string) int64 {
	if f, err := strconv.ParseFloat(s, 64); err == nil && !strings.ContainsAny(s, "xX_") {
		if f < minMillis {
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

// cutFirstValue returns the value at the start of v, and the rest of v without
// the white space after that value.
func (v Value) cutFirstValue() (first, rest Value) {
	n := 0
	switch v[0] {
	case '"':
		n = stringLength(v)
	case '{', '[':
		n = compositeLength(v)
	default:
		n = bytes.IndexAny(v, ",]}"+whitespace)
	}
	return v[:n], skipWhitespace(v[n:])
}

// stringLength returns the length of the JSON string at the start of b.
func stringLength(b []byte) int {
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

// compositeLength returns the length of the object or array at the start of b.
func compositeLength(b []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch b[i] {
		case '"':
			i += stringLength(b[i:]) - 1
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

const whitespace = " \t\r\n"

func skipWhitespace(b Value) Value {
	for len(b) > 0 && isWhitespace(b[0]) {
		b = b[1:]
	}
	return b
}

func isWhitespace(c byte) bool {
	switch c {
	case ' ', '\n', '\t', '\r':
		return true
	default:
		return false
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
