package template

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

var logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

// declareResources registers all resources, with loops expanded, before any is
// evaluated, because they can refer to each other in any order.
func (b *builder) declareResources(n, globals *node) {
	if n == nil || n.kind != mapping {
		b.reportError(nodeLine(n), "the template must have Resources")
		return
	}
	for _, key := range n.keys {
		if strings.HasPrefix(key, "Fn::ForEach::") {
			b.declareLoop(n.lines[key], n.fields[key], globals)
			continue
		}
		b.declareResource(key, n.lines[key], n.fields[key], globals)
	}
}

func (b *builder) declareResource(id string, line int, body, globals *node) {
	if !logicalID.MatchString(id) {
		b.reportError(line, "logical id %q is not alphanumeric", id)
		return
	}
	if b.byID[id] != nil {
		b.reportError(line, "resource %s is defined twice", id)
		return
	}
	r := b.openReader(body, id)
	if !r.isPresent() {
		b.reportError(line, "resource %s must be a mapping", id)
		return
	}
	res := &resource{id: id, line: line, resourceType: r.requiredText("Type"), body: body}
	def, ok := resourceHandlers[res.resourceType]
	if !ok {
		if res.resourceType != "" {
			b.reportError(body.field("Type").line, "resource type %s is not supported", res.resourceType)
		}
		return
	}
	res.handler = def
	condition := r.textValue("Condition")
	res.active = condition == "" || b.conditionHolds(nodeLine(body.field("Condition")), condition)
	if res.resourceType == functionType {
		props := body.field("Properties")
		if props == nil {
			props = emptyMapping(line)
		}
		res.body = emptyMapping(line)
		res.body.setField("Properties", line, mergeProperties(globals, props))
	}
	r.ignoreFields("Properties", "Metadata", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy").refuseUnread()
	b.resources = append(b.resources, res)
	b.byID[id] = res
}

// declareLoop registers the resources of one loop. n is [identifier, list,
// {key: resource}].
func (b *builder) declareLoop(line int, n, globals *node) {
	if n.kind != list || len(n.items) != 3 {
		b.reportError(line, "Fn::ForEach needs an identifier, a list and a mapping")
		return
	}
	fragment := n.items[2]
	if n.items[0].kind != scalar || fragment.kind != mapping {
		b.reportError(line, "Fn::ForEach needs an identifier, a list and a mapping")
		return
	}
	id := n.items[0].text
	values := b.evaluateNode(n.items[1])
	if values == nil || values.kind != list {
		if values == nil || values.kind != invalid {
			b.reportError(line, "Fn::ForEach needs a list to loop over")
		}
		return
	}
	for _, v := range values.items {
		value := b.scalarText(v, "Fn::ForEach")
		for _, key := range fragment.keys {
			if strings.HasPrefix(key, "Fn::ForEach::") {
				b.reportError(fragment.lines[key], "Fn::ForEach within Fn::ForEach is not supported")
				continue
			}
			if !strings.Contains(key, "{"+id+"}") {
				b.reportError(fragment.lines[key], "Fn::ForEach: key %s must contain ${%s} or &{%[2]s}", key, id)
				continue
			}
			body := substituteNode(fragment.fields[key], id, value)
			b.declareResource(replaceIdentifier(key, id, value), fragment.lines[key], body, globals)
		}
	}
}

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)

// replaceIdentifier replaces ${id} with value, and &{id} with the letters and
// digits of value, as AWS::LanguageExtensions does.
func replaceIdentifier(s, id, value string) string {
	s = strings.ReplaceAll(s, "&{"+id+"}", notAlphanumeric.ReplaceAllString(value, ""))
	return strings.ReplaceAll(s, "${"+id+"}", value)
}

// substituteNode returns a copy of n in which the loop's identifier is replaced
// in all strings, keys and Refs.
func substituteNode(n *node, id, value string) *node {
	out := *n
	out.text = replaceIdentifier(n.text, id, value)
	out.items = nil
	for _, item := range n.items {
		out.items = append(out.items, substituteNode(item, id, value))
	}
	if n.kind != mapping {
		return &out
	}
	if name, arg, ok := n.functionCall(); ok && name == "Ref" && arg.text == id {
		return textNode(n.line, value)
	}
	m := emptyMapping(n.line)
	for _, k := range n.keys {
		m.setField(replaceIdentifier(k, id, value), n.lines[k], substituteNode(n.fields[k], id, value))
	}
	return m
}

// mergeProperties merges own properties into global ones like SAM: it merges
// mappings, concatenates lists, and otherwise takes own.
func mergeProperties(global, own *node) *node {
	if global == nil || own == nil || global.kind != own.kind {
		return cmp.Or(own, global)
	}
	switch own.kind {
	case list:
		out := &node{line: own.line, kind: list}
		out.items = slices.Concat(global.items, own.items)
		return out
	case mapping:
		if _, _, call := own.functionCall(); call {
			return own
		}
		if _, _, call := global.functionCall(); call {
			return own
		}
		out := emptyMapping(own.line)
		for _, k := range global.keys {
			out.setField(k, global.lines[k], global.fields[k])
		}
		for _, k := range own.keys {
			out.setField(k, own.lines[k], mergeProperties(global.field(k), own.fields[k]))
		}
		return out
	default:
		return own
	}
}
