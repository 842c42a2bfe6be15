package eventsource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxFilters is how many filters AWS takes on one mapping.
const maxFilters = 5

// A Filter decides which records reach the function: FilterCriteria of a mapping. The zero Filter lets all through.
type Filter struct {
	patterns []matcher
	fields   []string // of the record that the patterns look at
}

// ParseFilter reads the patterns of FilterCriteria. A record passes when one of them matches. It understands what
// Lambda documents: nested objects, lists of strings, numbers, booleans and null, and prefix, suffix, equals-ignore-case,
// anything-but (also with prefix or suffix), exists, numeric and $or. Anything else is refused by its name.
func ParseFilter(patterns ...string) (Filter, error) {
	if len(patterns) > maxFilters {
		return Filter{}, fmt.Errorf("%d filters: AWS takes %d on one mapping", len(patterns), maxFilters)
	}
	var f Filter
	for i, p := range patterns {
		m, fields, err := parsePattern(p)
		if err != nil {
			return Filter{}, fmt.Errorf("filter %d: %w", i+1, err)
		}
		f.patterns = append(f.patterns, m)
		f.fields = append(f.fields, fields...)
	}
	return f, nil
}

// Match reports whether a record, given as JSON, passes.
func (f Filter) Match(record []byte) bool {
	if len(f.patterns) == 0 {
		return true
	}
	v, err := decodeJSON(record)
	return err == nil && f.matchValue(v)
}

func (f Filter) matchValue(v any) bool {
	return len(f.patterns) == 0 || slices.ContainsFunc(f.patterns, func(m matcher) bool { return m(v) })
}

// matcher tells whether a decoded JSON value fits. It gets absent for a field that is not there.
type matcher func(v any) bool

type absent struct{}

func parsePattern(pattern string) (m matcher, fields []string, err error) {
	v, err := decodeJSON([]byte(pattern))
	if err != nil {
		return nil, nil, fmt.Errorf("reading pattern: %w", err)
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, nil, errors.New("a pattern must be a JSON object")
	}
	m, err = parseObject(object, "pattern")
	return m, slices.Sorted(maps.Keys(object)), err
}

// parseObject reads the pattern of an object: every field of it must match.
func parseObject(pattern map[string]any, path string) (matcher, error) {
	if len(pattern) == 0 {
		return nil, fmt.Errorf("%s: an empty object matches nothing", path)
	}
	fields := map[string]matcher{}
	for name, p := range pattern {
		m, err := parseField(name, p, path+"."+name)
		if err != nil {
			return nil, err
		}
		fields[name] = m
	}
	var match matcher
	match = func(v any) bool {
		if list, ok := v.([]any); ok {
			return slices.ContainsFunc(list, match)
		}
		object, _ := v.(map[string]any)
		for name, m := range fields {
			if name == "$or" {
				if !m(v) {
					return false
				}
			} else if field, ok := object[name]; ok && !m(field) || !ok && !m(absent{}) {
				return false
			}
		}
		return true
	}
	return match, nil
}

func parseField(name string, p any, path string) (matcher, error) {
	switch p := p.(type) {
	case map[string]any:
		return parseObject(p, path)
	case []any:
		if name == "$or" {
			return parseAlternatives(p, path)
		}
		return parseRules(p, path)
	}
	return nil, fmt.Errorf("%s: want an object or a list", path)
}

// parseOr reads $or: a list of patterns for the object that holds it, one of which must match.
func parseAlternatives(list []any, path string) (matcher, error) {
	if len(list) < 2 {
		return nil, fmt.Errorf("%s: want two alternatives or more", path)
	}
	var or []matcher
	for _, p := range list {
		object, ok := p.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: an alternative must be an object", path)
		}
		m, err := parseObject(object, path)
		if err != nil {
			return nil, err
		}
		or = append(or, m)
	}
	return func(v any) bool {
		return slices.ContainsFunc(or, func(m matcher) bool { return m(v) })
	}, nil
}

// rule tells whether the values at a leaf fit: none when it is absent or an object, several when it is a list.
type rule func(values []any) bool

// parseRules reads the pattern of a leaf: one rule of the list must match.
func parseRules(list []any, path string) (matcher, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: an empty list matches nothing", path)
	}
	var rules []rule
	for _, p := range list {
		r, err := parseRule(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rules = append(rules, r)
	}
	return func(v any) bool {
		values := leafValues(v)
		return slices.ContainsFunc(rules, func(r rule) bool { return r(values) })
	}, nil
}

func leafValues(v any) []any {
	switch v := v.(type) {
	case absent, map[string]any:
		return nil
	case []any:
		var values []any
		for _, e := range v {
			values = append(values, leafValues(e)...)
		}
		return values
	}
	return []any{v}
}

func parseRule(p any) (rule, error) {
	operator, ok := p.(map[string]any)
	if !ok {
		test, err := equalityTest(p)
		return matchesAny(test), err
	}
	if len(operator) != 1 {
		return nil, fmt.Errorf("want one operator in an object, have %d", len(operator))
	}
	for name, arg := range operator {
		if name == "exists" {
			want, ok := arg.(bool)
			if !ok {
				return nil, errors.New("exists: want true or false")
			}
			return func(values []any) bool { return (len(values) > 0) == want }, nil
		}
		test, err := parseOperator(name, arg)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return matchesAny(test), nil
	}
	panic("unreachable")
}

func matchesAny(test func(any) bool) rule {
	return func(values []any) bool { return slices.ContainsFunc(values, test) }
}

func parseOperator(operator string, arg any) (func(any) bool, error) {
	switch operator {
	case "prefix":
		return stringTest(arg, strings.HasPrefix)
	case "suffix":
		return stringTest(arg, strings.HasSuffix)
	case "equals-ignore-case":
		return stringTest(arg, strings.EqualFold)
	case "anything-but":
		return parseAnythingBut(arg)
	case "numeric":
		return parseNumeric(arg)
	}
	return nil, errors.New("no such operator in Lambda's event filters")
}

func stringTest(arg any, test func(value, arg string) bool) (func(any) bool, error) {
	want, ok := arg.(string)
	if !ok || want == "" {
		return nil, errors.New("want a string")
	}
	return func(v any) bool {
		s, ok := v.(string)
		return ok && test(s, want)
	}, nil
}

// equals compares as JSON does: types differ, 1 and 1.0 do not.
func equalityTest(want any) (func(any) bool, error) {
	switch want := want.(type) {
	case json.Number:
		n, err := want.Float64()
		return func(v any) bool { return matchesNumber(v, func(f float64) bool { return f == n }) }, err
	case string, bool, nil:
		return func(v any) bool { return v == want }, nil
	}
	return nil, errors.New("a list cannot hold a list")
}

func matchesNumber(v any, test func(float64) bool) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	f, err := n.Float64()
	return err == nil && test(f)
}

func parseAnythingBut(arg any) (func(any) bool, error) {
	var but []func(any) bool
	switch arg := arg.(type) {
	case map[string]any:
		for name, v := range arg {
			if len(arg) != 1 || name != "prefix" && name != "suffix" {
				return nil, fmt.Errorf("%s: want prefix or suffix alone", name)
			}
			test, err := parseOperator(name, v)
			if err != nil {
				return nil, err
			}
			but = append(but, test)
		}
	case []any:
		for _, v := range arg {
			test, err := equalityTest(v)
			if err != nil {
				return nil, err
			}
			but = append(but, test)
		}
	default:
		test, err := equalityTest(arg)
		if err != nil {
			return nil, err
		}
		but = append(but, test)
	}
	if len(but) == 0 {
		return nil, errors.New("want a value")
	}
	return func(v any) bool {
		return !slices.ContainsFunc(but, func(test func(any) bool) bool { return test(v) })
	}, nil
}

// parseNumeric reads ["=", 5], [">", 0] or [">=", 0, "<", 10].
func parseNumeric(arg any) (func(any) bool, error) {
	list, _ := arg.([]any)
	if len(list) != 2 && len(list) != 4 {
		return nil, errors.New(`want ["op", number] or [">", number, "<", number]`)
	}
	var tests []func(float64) bool
	for pair := range slices.Chunk(list, 2) {
		op, _ := pair[0].(string)
		number, _ := pair[1].(json.Number)
		n, err := number.Float64()
		if err != nil {
			return nil, errors.New("want a number after each operator")
		}
		test := numericTest(op, n)
		if test == nil {
			return nil, fmt.Errorf("no such comparison: %q", op)
		}
		if len(list) == 4 && !strings.HasPrefix(op, []string{">", "<"}[len(tests)]) {
			return nil, errors.New("a range goes from > or >= to < or <=")
		}
		tests = append(tests, test)
	}
	return func(v any) bool {
		return matchesNumber(v, func(f float64) bool {
			return !slices.ContainsFunc(tests, func(test func(float64) bool) bool { return !test(f) })
		})
	}, nil
}

func numericTest(op string, n float64) func(float64) bool {
	switch op {
	case "=":
		return func(f float64) bool { return f == n }
	case "<":
		return func(f float64) bool { return f < n }
	case "<=":
		return func(f float64) bool { return f <= n }
	case ">":
		return func(f float64) bool { return f > n }
	case ">=":
		return func(f float64) bool { return f >= n }
	}
	return nil
}

// decode reads one JSON value and keeps its numbers as they are written.
func decodeJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}
