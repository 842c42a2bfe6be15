package strictjson

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/fault"
)

// CheckUTF8 refuses JSON that is not valid UTF-8. A decoder would put the
// replacement character in place of each wrong byte, and lose the original.
func CheckUTF8(data []byte) error {
	if !utf8.Valid(data) {
		return fault.New(fault.Invalid, "the body is not valid UTF-8; encode the JSON as UTF-8")
	}
	return nil
}

// CheckText is [CheckUTF8], and refuses half of a surrogate pair too. Such an
// escape, as in "\ud83d", is not a character.
func CheckText(data []byte) error {
	if err := CheckUTF8(data); err != nil {
		return err
	}
	if start, end := findHalfPair(data, 0); end > 0 {
		return fault.New(fault.Invalid, "%s is half of a character; write both halves, as in \\ud83d\\ude00, or the character itself", data[start:end])
	}
	return nil
}

// DropHalfPairs returns JSON without the escapes that are half of a surrogate
// pair. They have no content: a program cut a text inside a character. If data has
// no such escape, it is returned unchanged.
func DropHalfPairs(data []byte) []byte {
	start, end := findHalfPair(data, 0)
	if end == 0 {
		return data
	}
	out := append(make([]byte, 0, len(data)), data[:start]...)
	for end > 0 {
		from := end
		if start, end = findHalfPair(data, from); end == 0 {
			return append(out, data[from:]...)
		}
		out = append(out, data[from:start]...)
	}
	return out
}

// escapeLen is the length of an escape such as "\ud83d".
const escapeLen = 6

// findHalfPair returns the first escape at or after from that is half of a
// surrogate pair. Without one, end is 0.
func findHalfPair(data []byte, from int) (start, end int) {
	for i := from; i+1 < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		unit := escapedUnit(data[i:])
		if !utf16.IsSurrogate(unit) {
			i++ // the character after the backslash is part of the escape
			continue
		}
		next := i + escapeLen
		if utf16.DecodeRune(unit, escapedUnit(data[next:])) == utf8.RuneError {
			return i, next
		}
		i = next + escapeLen - 1
	}
	return 0, 0
}

// escapedUnit returns the UTF-16 unit of the escape at the start of data, and 0
// if data begins with another text.
func escapedUnit(data []byte) rune {
	if len(data) < escapeLen || data[0] != '\\' || data[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(data[2:escapeLen]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}
