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

// maxFilters is AWS's limit of filters on one mapping.
const maxFilters = 5

// A Filter selects the records that reach the function, like a mapping's FilterCriteria. The zero Filter selects all
// records.
type Filter struct {
	patterns []matcher
	fields   []string // top-level fields that the patterns test
}

// ParseFilter parses the patterns of FilterCriteria. A record passes if one of them matches.
//
// It supports the syntax that Lambda documents: nested objects, lists of strings, numbers, booleans and null, and the
// operators prefix, suffix, equals-ignore-case, anything-but (also with prefix or suffix), exists, numeric and $or. Any
// other operator is an error that names it.
func ParseFilter(patterns ...string) (Filter, error) {
	if len(patterns) > maxFilters {
		return Filter{}, fmt.Errorf("%d filters: a mapping can have at most %d", len(patterns), maxFilters)
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

// Match reports whether record, a JSON text, passes the filter. Text that is not JSON passes the zero Filter only.
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

// matcher reports whether a decoded JSON value matches. A field that is missing is passed as absent{}.
type matcher func(v any) bool

type absent struct{}

func parsePattern(pattern string) (m matcher, fields []string, err error) {
	v, err := decodeJSON([]byte(pattern))
	if err != nil {
		return nil, nil, fmt.Errorf("parse pattern: %w", err)
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, nil, errors.New("a pattern must be a JSON object")
	}
	m, err = parseObject(object, "pattern")
	return m, slices.Sorted(maps.Keys(object)), err
}

// parseObject parses the pattern of an object. All its fields must match.
func parseObject(pattern map[string]any, path string) (matcher, error) {
	if len(pattern) == 0 {
		return nil, fmt.Errorf("%s: must not be an empty object, which matches no record", path)
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
			var value any = absent{}
			if name == "$or" {
				value = v
			} else if field, ok := object[name]; ok {
				value = field
			}
			if !m(value) {
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
	return nil, fmt.Errorf("%s: must be an object or a list", path)
}

// parseAlternatives parses $or: a list of patterns for the enclosing object, of which one must match.
func parseAlternatives(list []any, path string) (matcher, error) {
	if len(list) < 2 {
		return nil, fmt.Errorf("%s: must have at least two alternatives", path)
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

// rule reports whether the values at a leaf match. values is empty if the leaf is missing or an object, and holds all
// elements if it is a list.
type rule func(values []any) bool

// parseRules parses the pattern of a leaf: a list of rules, of which one must match.
func parseRules(list []any, path string) (matcher, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: must not be an empty list, which matches no record", path)
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
		return nil, fmt.Errorf("an object must have exactly one operator, got %d", len(operator))
	}
	for name, arg := range operator {
		if name == "exists" {
			want, ok := arg.(bool)
			if !ok {
				return nil, errors.New("exists: must be true or false")
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
	return nil, errors.New("unknown operator: Lambda's event filters do not have it")
}

func stringTest(arg any, test func(value, arg string) bool) (func(any) bool, error) {
	want, ok := arg.(string)
	if !ok || want == "" {
		return nil, errors.New("must be a string that is not empty")
	}
	return func(v any) bool {
		s, ok := v.(string)
		return ok && test(s, want)
	}, nil
}

// equalityTest returns a test for equality as JSON values: types must be equal, and 1 equals 1.0.
func equalityTest(want any) (func(any) bool, error) {
	switch want := want.(type) {
	case json.Number:
		n, err := want.Float64()
		return func(v any) bool { return matchesNumber(v, func(f float64) bool { return f == n }) }, err
	case string, bool, nil:
		return func(v any) bool { return v == want }, nil
	}
	return nil, errors.New("a list must not contain a list")
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
			if len(arg) != 1 || !slices.Contains([]string{"prefix", "suffix"}, name) {
				return nil, fmt.Errorf("%s: must be exactly one of prefix and suffix", name)
			}
			test, err := parseOperator(name, v)
			if err != nil {
				return nil, fmt.Errorf("anything-but: %w", err)
			}
			but = append(but, test)
		}
	case []any:
		for _, v := range arg {
			test, err := equalityTest(v)
			if err != nil {
				return nil, fmt.Errorf("anything-but: %w", err)
			}
			but = append(but, test)
		}
	default:
		test, err := equalityTest(arg)
		if err != nil {
			return nil, fmt.Errorf("anything-but: %w", err)
		}
		but = append(but, test)
	}
	if len(but) == 0 {
		return nil, errors.New("must have a value")
	}
	return func(v any) bool {
		return !slices.ContainsFunc(but, func(test func(any) bool) bool { return test(v) })
	}, nil
}

// parseNumeric parses a comparison or a range, such as ["=", 5], [">", 0] or [">=", 0, "<", 10].
func parseNumeric(arg any) (func(any) bool, error) {
	list, _ := arg.([]any)
	if len(list) != 2 && len(list) != 4 {
		return nil, errors.New(`must be ["op", number] or [">", number, "<", number]`)
	}
	var tests []func(float64) bool
	for pair := range slices.Chunk(list, 2) {
		op, _ := pair[0].(string)
		number, _ := pair[1].(json.Number)
		n, err := number.Float64()
		if err != nil {
			return nil, errors.New("must have a number after each operator")
		}
		test := numericTest(op, n)
		if test == nil {
			return nil, fmt.Errorf("unknown comparison %q", op)
		}
		if len(list) == 4 && !strings.HasPrefix(op, []string{">", "<"}[len(tests)]) {
			return nil, errors.New("a range must have > or >= first and < or <= second")
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

// decodeJSON decodes one JSON value. Numbers become json.Number.
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
