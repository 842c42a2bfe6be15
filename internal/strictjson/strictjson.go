// Package strictjson decodes JSON objects that a caller sent, and refuses what
// it would otherwise lose.
//
// A member with a misspelt name is refused, because its value would be dropped
// without notice. So is text that is not valid Unicode, because the decoder would
// replace it. Every refusal is a [fault.Invalid] error in words that can be
// shown to the caller:
//
//	{"too":"fixed"}  there is no member "too" here; known: to, version, comment
//	{"to":4}         to must be a string
//	[]               the body must be a JSON object
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// Unmarshal decodes data, which must be one JSON object, into the struct that v
// points to. Member names are matched as [encoding/json] does, without regard to
// case.
//
// The caller may have taken members out of data before. Their names are listed
// in taken, so that the refusal of an unknown member names them too, before the
// members of the struct.
func Unmarshal(data []byte, v any, taken ...string) error {
	if err := CheckText(data); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return errNotObject()
	}
	if err != nil {
		return explainError(err, reflect.TypeOf(v).Elem(), taken)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "there is something after the JSON object")
	}
	return nil
}

func errNotObject() error { return fault.New(fault.Invalid, "the body must be a JSON object") }

// explainError returns the refusal for an error of the decoder into a struct.
func explainError(err error, structType reflect.Type, taken []string) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return errNotObject()
		}
		each := ""
		if wrong.Type.Kind() != reflect.Slice && isListMember(structType, wrong.Field) {
			each = "each of "
		}
		return fault.New(fault.Invalid, "%s%s must be %s", each, wrong.Field, typeName(wrong.Type))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		known := slices.Concat(taken, memberNames(structType))
		return fault.New(fault.Invalid, "there is no member %s here; known: %s", name, strings.Join(known, ", "))
	}
	return fault.New(fault.Invalid, "the body is not valid JSON")
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}

// isListMember reports whether the struct's member of that name is a list.
func isListMember(structType reflect.Type, name string) bool {
	i := slices.Index(memberNames(structType), name)
	if i < 0 {
		return false
	}
	t := structType.Field(i).Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Slice
}

// memberNames returns the JSON names of the struct's fields, in their order.
func memberNames(structType reflect.Type) []string {
	var names []string
	for field := range structType.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
