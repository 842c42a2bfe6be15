package template

import (
	"strconv"
	"time"
)

// A reader takes the fields of one evaluated mapping and remembers which:
// what nobody read has an effect on AWS that it would not have here, so done
// refuses it. A reader of a mapping that is not there reads nothing.
type reader struct {
	b    *builder
	n    *node
	what string
	used map[string]bool
}

func (b *builder) open(n *node, what string) *reader {
	if n != nil && n.kind != mapping {
		if n.kind != bad && n.kind != null {
			b.fail(n.line, "%s is %s, not a mapping", what, n.kind)
		}
		n = nil
	}
	return &reader{b: b, n: n, what: what, used: map[string]bool{}}
}

func (r *reader) there() bool { return r.n != nil }

func (r *reader) has(key string) bool { return r.n.get(key) != nil }

func (r *reader) raw(key string) *node {
	r.used[key] = true
	return r.n.get(key)
}

func (r *reader) obj(key string) *reader {
	return r.b.open(r.raw(key), r.what+" "+key)
}

func (r *reader) text(key string) string {
	v := r.raw(key)
	if v == nil {
		return ""
	}
	return r.b.scalar(v, r.what+" "+key)
}

// must is text that has to be there.
func (r *reader) must(key string) string {
	if r.n != nil && !r.has(key) {
		r.b.fail(r.n.line, "%s needs %s", r.what, key)
	}
	return r.text(key)
}

// oneOf is text that may be only one of values; absent counts as the first.
func (r *reader) oneOf(key string, values ...string) string {
	s := r.text(key)
	if s == "" {
		return values[0]
	}
	for _, v := range values {
		if s == v {
			return s
		}
	}
	r.b.fail(r.n.get(key).line, "%s: %s %s is not supported", r.what, key, s)
	return values[0]
}

func (r *reader) number(key string, absent int) int {
	s := r.text(key)
	if s == "" {
		return absent
	}
	v, err := strconv.Atoi(s)
	if err != nil {
		r.b.fail(r.n.get(key).line, "%s: %s is no whole number", r.what, key)
	}
	return v
}

func (r *reader) decimal(key string) float64 {
	s := r.text(key)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		r.b.fail(r.n.get(key).line, "%s: %s is no number", r.what, key)
	}
	return v
}

func (r *reader) seconds(key string, absent int) time.Duration {
	return time.Duration(r.number(key, absent)) * time.Second
}

func (r *reader) truth(key string, absent bool) bool {
	s := r.text(key)
	if s == "" {
		return absent
	}
	v, err := strconv.ParseBool(s)
	if err != nil {
		r.b.fail(r.n.get(key).line, "%s: %s is neither true nor false", r.what, key)
	}
	return v
}

// items are the nodes of a list; one value alone is a list of one, as
// CloudFormation has it.
func (r *reader) items(key string) []*node {
	v := r.raw(key)
	switch {
	case v == nil || v.kind == bad || v.kind == null:
		return nil
	case v.kind == list:
		return v.items
	default:
		return []*node{v}
	}
}

func (r *reader) texts(key string) []string {
	var out []string
	for _, item := range r.items(key) {
		out = append(out, r.b.scalar(item, r.what+" "+key))
	}
	return out
}

// objs reads each item of a list of mappings, and ends its reader.
func (r *reader) objs(key string, read func(*reader)) {
	for _, item := range r.items(key) {
		o := r.b.open(item, r.what+" "+key)
		read(o)
		o.done()
	}
}

// skip names the fields that have no effect on this machine.
func (r *reader) skip(keys ...string) *reader {
	for _, k := range keys {
		r.used[k] = true
	}
	return r
}

// done refuses every field that was neither read nor skipped.
func (r *reader) done() {
	if r.n == nil {
		return
	}
	for _, k := range r.n.keys {
		if !r.used[k] {
			r.b.fail(r.n.lines[k], "%s: %s is not supported", r.what, k)
		}
	}
}

func (b *builder) scalar(n *node, what string) string {
	if n.kind != scalar && n.kind != bad {
		b.fail(n.line, "%s is %s, not a value", what, n.kind)
	}
	return n.text
}
