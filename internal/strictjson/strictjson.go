// Package strictjson decodes JSON objects that a caller sent, and refuses members
// and text that the decoder would lose.
//
// A member with a misspelt name is refused, because its value would be dropped
// without notice. A name in other letters, such as To for to, is misspelt. A
// member that is given twice is refused, because one of its values would be
// dropped. Text that is not valid Unicode is refused, because the decoder would
// replace it. Every refusal is a [fault.Invalid] error in words that can be shown
// to the caller:
//
//	{"too":"fixed"}          there is no member "too" here; known: to, version, comment
//	{"to":"a","to":"b"}      to is given twice; give it once
//	{"to":4}                 to must be a string
//	[]                       the body must be a JSON object
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// Unmarshal decodes data, which must be one JSON object, into the struct that v
// points to. Member names must be those of the struct, in the same letters. No
// object in data may have a member twice.
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
	return checkMembers(data, reflect.TypeOf(v).Elem(), taken)
}

// UnmarshalKnown is [Unmarshal] for a caller who may send further members. The
// members of data that the struct lacks are ignored.
func UnmarshalKnown(data []byte, v any) error {
	members, err := Members(data)
	if err != nil {
		return err
	}
	known := memberNames(reflect.TypeOf(v).Elem())
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return !slices.Contains(known, name) })
	rest, err := json.Marshal(members)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode members")
	}
	return Unmarshal(rest, v)
}

// Members returns the members of data, which must be one JSON object. No object
// in data may have a member twice.
func Members(data []byte) (map[string]json.RawMessage, error) {
	if err := CheckText(data); err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, errNotObject()
		}
		return nil, errNotJSON()
	}
	if members == nil {
		return nil, errNotObject()
	}
	return members, checkMembers(data, reflect.TypeOf(members), nil)
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
	return errNotJSON()
}

func errNotJSON() error { return fault.New(fault.Invalid, "the body is not valid JSON") }

// checkMembers refuses data in which an object has a member twice, or a member
// whose name is that of a struct's field only without regard to case.
// [encoding/json] takes both. data is valid JSON, nested at most as deeply as
// [encoding/json] allows.
func checkMembers(data []byte, t reflect.Type, taken []string) error {
	c := memberChecker{tokens: json.NewDecoder(bytes.NewReader(data)), taken: taken}
	return c.checkValue(t, "")
}

type memberChecker struct {
	tokens *json.Decoder
	taken  []string // names that belong to the outermost object, for the refusal
}

// checkValue reads the next value, which is decoded into a value of type t. t is
// nil where any value is taken.
func (c memberChecker) checkValue(t reflect.Type, path string) error {
	token, err := c.tokens.Token()
	if err != nil {
		return errNotJSON()
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch token {
	case json.Delim('{'):
		err = c.checkObject(t, path)
	case json.Delim('['):
		err = c.checkList(t, path)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := c.tokens.Token(); err != nil {
		return errNotJSON()
	}
	return nil
}

func (c memberChecker) checkList(t reflect.Type, path string) error {
	var element reflect.Type
	if t != nil && t.Kind() == reflect.Slice && t != rawType {
		element = t.Elem()
	}
	for c.tokens.More() {
		if err := c.checkValue(element, path); err != nil {
			return err
		}
	}
	return nil
}

var rawType = reflect.TypeFor[json.RawMessage]()

func (c memberChecker) checkObject(t reflect.Type, path string) error {
	isStruct := t != nil && t.Kind() == reflect.Struct
	var names []string
	if isStruct {
		names = memberNames(t)
	}
	seen := map[string]bool{}
	for c.tokens.More() {
		token, err := c.tokens.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return errNotJSON()
		}
		member := name
		if path != "" {
			member = path + "." + name
		}
		if seen[name] {
			return fault.New(fault.Invalid, "%s is given twice; give it once", member)
		}
		seen[name] = true
		var of reflect.Type
		if isStruct {
			i := slices.Index(names, name)
			if i < 0 {
				known := names
				if path == "" {
					known = slices.Concat(c.taken, names)
				}
				return fault.New(fault.Invalid, "there is no member %q here; known: %s", name, strings.Join(known, ", "))
			}
			of = t.Field(i).Type
		}
		if err := c.checkValue(of, member); err != nil {
			return err
		}
	}
	return nil
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
