package template

import (
	"fmt"
	"regexp"
	"strings"
)

// fail reports what is wrong on a line, and gives the node that stands for it.
func (b *builder) fail(line int, format string, args ...any) *node {
	e := Error{line, fmt.Sprintf(format, args...)}
	if !b.seen[e] {
		b.seen[e] = true
		b.errs = append(b.errs, e)
	}
	return &node{line: line, kind: bad}
}

// eval gives n with every function in it replaced by its value. It is nil
// where the value is AWS::NoValue.
func (b *builder) eval(n *node) *node {
	switch n.kind {
	case scalar:
		if strings.Contains(n.text, "{{resolve:") {
			return b.fail(n.line, "dynamic references ({{resolve:...}}) are not supported")
		}
		return n
	case list:
		out := &node{line: n.line, kind: list}
		for _, item := range n.items {
			if v := b.eval(item); v != nil {
				out.items = append(out.items, v)
			}
		}
		return out
	case mapping:
		if name, arg, ok := n.function(); ok {
			return b.call(n, name, arg)
		}
		out := emptyMapping(n.line)
		for _, k := range n.keys {
			if v := b.eval(n.fields[k]); v != nil {
				out.set(k, n.lines[k], v)
			}
		}
		return out
	default:
		return n
	}
}

// call evaluates one function. These are all there are.
func (b *builder) call(n *node, name string, arg *node) *node {
	if len(n.keys) > 1 {
		return b.fail(n.lines[name], "%s stands beside other keys", name)
	}
	switch name {
	case "Ref":
		return b.ref(arg)
	case "Fn::GetAtt":
		return b.getAtt(arg)
	case "Fn::Sub":
		return b.sub(arg)
	case "Fn::Join":
		return b.join(arg)
	case "Fn::If":
		return b.ifElse(arg)
	case "Fn::Equals", "Fn::Not":
		return b.fail(n.line, "%s is only supported in Conditions", name)
	}
	if strings.HasPrefix(name, "Fn::ForEach::") {
		return b.fail(n.line, "Fn::ForEach is only supported in Resources")
	}
	return b.fail(n.line, "function %s is not supported", name)
}

func (b *builder) ref(arg *node) *node {
	if arg.kind != scalar {
		return b.fail(arg.line, "Ref needs a name, and has %s", arg.kind)
	}
	return b.lookup(arg.line, arg.text)
}

// lookup gives the value of a parameter, a pseudo parameter or a resource.
func (b *builder) lookup(line int, name string) *node {
	if name == "AWS::NoValue" {
		return nil
	}
	if v, ok := b.pseudo[name]; ok {
		return text(line, v)
	}
	if strings.HasPrefix(name, "AWS::") {
		return b.fail(line, "pseudo parameter %s is not supported", name)
	}
	if p, ok := b.params[name]; ok {
		return p.node(line)
	}
	if id, attribute, ok := strings.Cut(name, "."); ok { // SAM: !Ref Function.Alias
		return b.attribute(line, id, attribute)
	}
	return b.attribute(line, name, "")
}

func (b *builder) getAtt(arg *node) *node {
	arg = b.eval(arg)
	if arg == nil || arg.kind == bad {
		return arg
	}
	id, attribute := "", ""
	switch {
	case arg.kind == scalar:
		id, attribute, _ = strings.Cut(arg.text, ".")
	case arg.kind == list && len(arg.items) == 2:
		id, attribute = arg.items[0].text, arg.items[1].text
	}
	if id == "" || attribute == "" {
		return b.fail(arg.line, "Fn::GetAtt needs a resource and an attribute")
	}
	return b.attribute(arg.line, id, attribute)
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

func (b *builder) sub(arg *node) *node {
	format, vars := arg, (*node)(nil)
	if arg.kind == list && len(arg.items) == 2 {
		format, vars = arg.items[0], b.eval(arg.items[1])
	}
	if format.kind != scalar || vars != nil && vars.kind != mapping && vars.kind != bad {
		return b.fail(arg.line, "Fn::Sub needs a text, or a text and a mapping")
	}
	failed := false
	out := variable.ReplaceAllStringFunc(format.text, func(m string) string {
		name := strings.TrimSpace(m[2 : len(m)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		v := vars.get(name)
		if v == nil {
			v = b.lookup(format.line, name)
		}
		if v == nil || v.kind != scalar {
			if v == nil || v.kind != bad {
				b.fail(format.line, "Fn::Sub: ${%s} is no single value", name)
			}
			failed = true
			return ""
		}
		return v.text
	})
	if failed {
		return &node{line: arg.line, kind: bad}
	}
	return b.eval(text(format.line, out))
}

func (b *builder) join(arg *node) *node {
	arg = b.eval(arg)
	if arg == nil || arg.kind != list || len(arg.items) != 2 || arg.items[0].kind != scalar || arg.items[1].kind != list {
		return b.fail(lineOf(arg), "Fn::Join needs a delimiter and a list")
	}
	var parts []string
	for _, item := range arg.items[1].items {
		if item.kind == bad {
			return item
		}
		if item.kind != scalar {
			return b.fail(item.line, "Fn::Join: an item is %s", item.kind)
		}
		parts = append(parts, item.text)
	}
	return text(arg.line, strings.Join(parts, arg.items[0].text))
}

func (b *builder) ifElse(arg *node) *node {
	if arg.kind != list || len(arg.items) != 3 || arg.items[0].kind != scalar {
		return b.fail(arg.line, "Fn::If needs a condition and two values")
	}
	if b.condition(arg.items[0].line, arg.items[0].text) {
		return b.eval(arg.items[1])
	}
	return b.eval(arg.items[2])
}

// condition reports whether the named condition holds.
func (b *builder) condition(line int, name string) bool {
	if v, ok := b.conditions[name]; ok {
		return v
	}
	n := b.root.get("Conditions").get(name)
	if n == nil {
		b.fail(line, "condition %s is not defined", name)
		return false
	}
	b.conditions[name] = false // ends a condition that names itself
	v := b.holds(n)
	b.conditions[name] = v
	return v
}

// holds evaluates the body of a condition.
func (b *builder) holds(n *node) bool {
	if n.kind != mapping || len(n.keys) != 1 {
		b.fail(n.line, "a condition is one function")
		return false
	}
	name, arg := n.keys[0], n.fields[n.keys[0]]
	switch {
	case name == "Condition" && arg.kind == scalar:
		return b.condition(arg.line, arg.text)
	case name == "Fn::Not" && arg.kind == list && len(arg.items) == 1:
		return !b.holds(arg.items[0])
	case name == "Fn::Equals" && arg.kind == list && len(arg.items) == 2:
		x, y := b.eval(arg.items[0]), b.eval(arg.items[1])
		return x != nil && y != nil && x.kind == scalar && y.kind == scalar && x.text == y.text
	case name == "Condition" || name == "Fn::Not" || name == "Fn::Equals":
		b.fail(n.line, "%s has the wrong arguments", name)
	default:
		b.fail(n.line, "function %s is not supported in Conditions", name)
	}
	return false
}

func lineOf(n *node) int {
	if n == nil {
		return 1
	}
	return n.line
}
