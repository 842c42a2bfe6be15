package httpapi

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

// UnmarshalJSON reads one JSON object into the struct that v points to. Its
// errors are [fault.Invalid] and name the member that is unknown or has the
// wrong type.
func UnmarshalJSON(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return fault.New(fault.Invalid, "the body must be a JSON object")
	}
	if err != nil {
		return decodeError(err, reflect.TypeOf(v).Elem())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "there is something after the JSON object")
	}
	return nil
}

// decodeError says in the caller's terms why a body does not fit a struct.
func decodeError(err error, target reflect.Type) error {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if mismatch.Field == "" {
			return fault.New(fault.Invalid, "the body must be a JSON object")
		}
		each := ""
		if mismatch.Type.Kind() != reflect.Slice && isList(target, mismatch.Field) {
			each = "each of "
		}
		return fault.New(fault.Invalid, "%s%s must be %s", each, mismatch.Field, jsonTypeName(mismatch.Type))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fault.New(fault.Invalid, "there is no member %s here; known: %s", name, strings.Join(memberNames(target), ", "))
	}
	return fault.New(fault.Invalid, "the body is not valid JSON")
}

func jsonTypeName(t reflect.Type) string {
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

// isList reports whether the member name of a struct is a list.
func isList(target reflect.Type, name string) bool {
	i := slices.Index(memberNames(target), name)
	if i < 0 {
		return false
	}
	typ := target.Field(i).Type
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ.Kind() == reflect.Slice
}

// memberNames returns the JSON names of a struct's fields, in order.
func memberNames(target reflect.Type) []string {
	var names []string
	for f := range target.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
