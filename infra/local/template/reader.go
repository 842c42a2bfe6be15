package template

import (
	"strconv"
	"time"
)

// A reader reads the fields of one evaluated mapping and remembers which.
// refuseUnread reports the other fields, because they would have an effect on
// AWS and none here. The reader of a missing mapping returns empty values.
type reader struct {
	builder *builder
	node    *node
	what    string
	used    map[string]bool
}

func (b *builder) openReader(n *node, what string) *reader {
	if n != nil && n.kind != mapping {
		if n.kind != invalid && n.kind != null {
			b.reportError(n.line, "%s is %s, not a mapping", what, n.kind)
		}
		n = nil
	}
	return &reader{builder: b, node: n, what: what, used: map[string]bool{}}
}

func (r *reader) isPresent() bool { return r.node != nil }

func (r *reader) hasField(key string) bool { return r.node.field(key) != nil }

func (r *reader) fieldNode(key string) *node {
	r.used[key] = true
	return r.node.field(key)
}

func (r *reader) object(key string) *reader {
	return r.builder.openReader(r.fieldNode(key), r.what+" "+key)
}

func (r *reader) textValue(key string) string {
	v := r.fieldNode(key)
	if v == nil {
		return ""
	}
	return r.builder.scalarText(v, r.what+" "+key)
}

// requiredText reads a field that must be present.
func (r *reader) requiredText(key string) string {
	if r.node != nil && !r.hasField(key) {
		r.builder.reportError(r.node.line, "%s needs %s", r.what, key)
	}
	return r.textValue(key)
}

// allowedText reads a field that must have one of values. The default is the
// first.
func (r *reader) allowedText(key string, values ...string) string {
	s := r.textValue(key)
	if s == "" {
		return values[0]
	}
	for _, v := range values {
		if s == v {
			return s
		}
	}
	r.builder.reportError(r.node.field(key).line, "%s: %s %s is not supported", r.what, key, s)
	return values[0]
}

// fixedText reports a field that is absent or has another value.
func (r *reader) fixedText(key, value string) {
	r.requiredText(key)
	r.allowedText(key, value)
}

func (r *reader) intValue(key string, absent int) int {
	s := r.textValue(key)
	if s == "" {
		return absent
	}
	v, err := strconv.Atoi(s)
	if err != nil {
		r.builder.reportError(r.node.field(key).line, "%s: %s must be a whole number", r.what, key)
	}
	return v
}

func (r *reader) floatValue(key string) float64 {
	s := r.textValue(key)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		r.builder.reportError(r.node.field(key).line, "%s: %s must be a number", r.what, key)
	}
	return v
}

func (r *reader) secondsValue(key string, absent int) time.Duration {
	return time.Duration(r.intValue(key, absent)) * time.Second
}

func (r *reader) boolValue(key string, absent bool) bool {
	s := r.textValue(key)
	if s == "" {
		return absent
	}
	v, err := strconv.ParseBool(s)
	if err != nil {
		r.builder.reportError(r.node.field(key).line, "%s: %s must be true or false", r.what, key)
	}
	return v
}

// listItems returns the items of a list. A single value is a list of one, as in
// CloudFormation.
func (r *reader) listItems(key string) []*node {
	v := r.fieldNode(key)
	switch {
	case v == nil || v.kind == invalid || v.kind == null:
		return nil
	case v.kind == list:
		return v.items
	default:
		return []*node{v}
	}
}

func (r *reader) textValues(key string) []string {
	var out []string
	for _, item := range r.listItems(key) {
		out = append(out, r.builder.scalarText(item, r.what+" "+key))
	}
	return out
}

// eachObject calls read for each mapping in a list, and refuses fields that
// read left unread.
func (r *reader) eachObject(key string, read func(*reader)) {
	for _, item := range r.listItems(key) {
		o := r.builder.openReader(item, r.what+" "+key)
		read(o)
		o.refuseUnread()
	}
}

// ignoreFields marks fields that have no effect on the local machine.
func (r *reader) ignoreFields(keys ...string) *reader {
	for _, k := range keys {
		r.used[k] = true
	}
	return r
}

// refuseUnread reports each field that was neither read nor ignored.
func (r *reader) refuseUnread() {
	if r.node == nil {
		return
	}
	for _, k := range r.node.keys {
		if !r.used[k] {
			r.builder.reportError(r.node.lines[k], "%s: %s is not supported", r.what, k)
		}
	}
}

func (b *builder) scalarText(n *node, what string) string {
	if n.kind != scalar && n.kind != invalid {
		b.reportError(n.line, "%s is %s, not a value", what, n.kind)
	}
	return n.text
}
