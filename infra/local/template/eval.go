package template

import (
	"fmt"
	"regexp"
	"strings"
)

// reportError records an error on a line, once. It returns an invalid node for
// the caller to return.
func (b *builder) reportError(line int, format string, args ...any) *node {
	e := Error{line, fmt.Sprintf(format, args...)}
	if !b.seen[e] {
		b.seen[e] = true
		b.errs = append(b.errs, e)
	}
	return &node{line: line, kind: invalid}
}

// evaluateNode returns n with all functions replaced by their values. It
// returns nil for AWS::NoValue.
func (b *builder) evaluateNode(n *node) *node {
	switch n.kind {
	case scalar:
		if strings.Contains(n.text, "{{resolve:") {
			return b.reportError(n.line, "dynamic references ({{resolve:...}}) are not supported")
		}
		return n
	case list:
		out := &node{line: n.line, kind: list}
		for _, item := range n.items {
			if v := b.evaluateNode(item); v != nil {
				out.items = append(out.items, v)
			}
		}
		return out
	case mapping:
		if name, arg, ok := n.functionCall(); ok {
			return b.callFunction(n, name, arg)
		}
		out := emptyMapping(n.line)
		for _, k := range n.keys {
			if v := b.evaluateNode(n.fields[k]); v != nil {
				out.setField(k, n.lines[k], v)
			}
		}
		return out
	default:
		return n
	}
}

// callFunction evaluates one function. It reports an error for functions that
// are not supported.
func (b *builder) callFunction(n *node, name string, arg *node) *node {
	if len(n.keys) > 1 {
		return b.reportError(n.lines[name], "%s must not have other keys beside it", name)
	}
	switch name {
	case "Ref":
		return b.evaluateRef(arg)
	case "Fn::GetAtt":
		return b.evaluateGetAtt(arg)
	case "Fn::Sub":
		return b.evaluateSub(arg)
	case "Fn::Join":
		return b.evaluateJoin(arg)
	case "Fn::If":
		return b.evaluateIf(arg)
	case "Fn::Equals", "Fn::Not":
		return b.reportError(n.line, "%s is only supported in Conditions", name)
	}
	if strings.HasPrefix(name, "Fn::ForEach::") {
		return b.reportError(n.line, "Fn::ForEach is only supported in Resources")
	}
	return b.reportError(n.line, "function %s is not supported", name)
}

func (b *builder) evaluateRef(arg *node) *node {
	if arg.kind != scalar {
		return b.reportError(arg.line, "Ref needs a name, got %s", arg.kind)
	}
	return b.lookupName(arg.line, arg.text)
}

// lookupName returns the value of a parameter, a pseudo parameter or a
// resource.
func (b *builder) lookupName(line int, name string) *node {
	if name == "AWS::NoValue" {
		return nil
	}
	if v, ok := b.pseudo[name]; ok {
		return textNode(line, v)
	}
	if strings.HasPrefix(name, "AWS::") {
		return b.reportError(line, "pseudo parameter %s is not supported", name)
	}
	if p, ok := b.params[name]; ok {
		return p.valueNode(line)
	}
	if id, attribute, ok := strings.Cut(name, "."); ok { // SAM allows !Ref Function.Alias
		return b.resourceAttribute(line, id, attribute)
	}
	return b.resourceAttribute(line, name, "")
}

func (b *builder) evaluateGetAtt(arg *node) *node {
	arg = b.evaluateNode(arg)
	if arg == nil || arg.kind == invalid {
		return arg
	}
	var id, attribute string
	switch {
	case arg.kind == scalar:
		id, attribute, _ = strings.Cut(arg.text, ".")
	case arg.kind == list && len(arg.items) == 2:
		id = arg.items[0].text
		attribute = arg.items[1].text
	}
	if id == "" || attribute == "" {
		return b.reportError(arg.line, "Fn::GetAtt needs a resource and an attribute")
	}
	return b.resourceAttribute(arg.line, id, attribute)
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

func (b *builder) evaluateSub(arg *node) *node {
	format := arg
	var vars *node
	if arg.kind == list && len(arg.items) == 2 {
		format = arg.items[0]
		vars = b.evaluateNode(arg.items[1])
	}
	wrongVars := vars != nil && vars.kind != mapping && vars.kind != invalid
	if format.kind != scalar || wrongVars {
		return b.reportError(arg.line, "Fn::Sub needs a string, or a string and a mapping")
	}
	failed := false
	out := variable.ReplaceAllStringFunc(format.text, func(m string) string {
		name := strings.TrimSpace(m[2 : len(m)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		v := vars.field(name)
		if v == nil {
			v = b.lookupName(format.line, name)
		}
		if v == nil || v.kind != scalar {
			if v == nil || v.kind != invalid {
				b.reportError(format.line, "Fn::Sub: ${%s} must be a single value", name)
			}
			failed = true
			return ""
		}
		return v.text
	})
	if failed {
		return &node{line: arg.line, kind: invalid}
	}
	return b.evaluateNode(textNode(format.line, out))
}

func (b *builder) evaluateJoin(arg *node) *node {
	arg = b.evaluateNode(arg)
	if arg == nil || arg.kind != list || len(arg.items) != 2 {
		return b.reportError(nodeLine(arg), "Fn::Join needs a delimiter and a list")
	}
	if arg.items[0].kind != scalar || arg.items[1].kind != list {
		return b.reportError(arg.line, "Fn::Join needs a delimiter and a list")
	}
	var parts []string
	for _, item := range arg.items[1].items {
		if item.kind == invalid {
			return item
		}
		if item.kind != scalar {
			return b.reportError(item.line, "Fn::Join: an item is %s, not a value", item.kind)
		}
		parts = append(parts, item.text)
	}
	return textNode(arg.line, strings.Join(parts, arg.items[0].text))
}

func (b *builder) evaluateIf(arg *node) *node {
	if arg.kind != list || len(arg.items) != 3 || arg.items[0].kind != scalar {
		return b.reportError(arg.line, "Fn::If needs a condition and two values")
	}
	if b.conditionHolds(arg.items[0].line, arg.items[0].text) {
		return b.evaluateNode(arg.items[1])
	}
	return b.evaluateNode(arg.items[2])
}

// conditionHolds returns the value of the condition with this name.
func (b *builder) conditionHolds(line int, name string) bool {
	if v, ok := b.conditions[name]; ok {
		return v
	}
	n := b.root.field("Conditions").field(name)
	if n == nil {
		b.reportError(line, "condition %s is not defined", name)
		return false
	}
	b.conditions[name] = false // stops the recursion of a condition that refers to itself
	v := b.evaluateCondition(n)
	b.conditions[name] = v
	return v
}

// evaluateCondition evaluates the body of a condition.
func (b *builder) evaluateCondition(n *node) bool {
	if n.kind != mapping || len(n.keys) != 1 {
		b.reportError(n.line, "a condition must be exactly one function")
		return false
	}
	name := n.keys[0]
	arg := n.fields[name]
	switch {
	case name == "Condition" && arg.kind == scalar:
		return b.conditionHolds(arg.line, arg.text)
	case name == "Fn::Not" && arg.kind == list && len(arg.items) == 1:
		return !b.evaluateCondition(arg.items[0])
	case name == "Fn::Equals" && arg.kind == list && len(arg.items) == 2:
		return equalScalars(b.evaluateNode(arg.items[0]), b.evaluateNode(arg.items[1]))
	case name == "Condition" || name == "Fn::Not" || name == "Fn::Equals":
		b.reportError(n.line, "%s has the wrong arguments", name)
	default:
		b.reportError(n.line, "function %s is not supported in Conditions", name)
	}
	return false
}

func equalScalars(x, y *node) bool {
	if x == nil || y == nil {
		return false
	}
	return x.kind == scalar && y.kind == scalar && x.text == y.text
}

func nodeLine(n *node) int {
	if n == nil {
		return 1
	}
	return n.line
}
