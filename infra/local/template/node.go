package template

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A kind is the kind of a node.
type kind int

const (
	null kind = iota
	scalar
	list
	mapping
	invalid // could not be read or evaluated; the error is already reported
)

func (k kind) String() string {
	return [...]string{"nothing", "a value", "a list", "a mapping", "an error"}[k]
}

// A node is one value of the template. Short tags are written out: !Ref X is
// the mapping {Ref: X}, and !Sub X is {Fn::Sub: X}.
type node struct {
	line   int
	kind   kind
	text   string           // of a scalar
	items  []*node          // of a list
	keys   []string         // of a mapping, in the order of the template
	fields map[string]*node // of a mapping
	lines  map[string]int   // of a mapping: line of each key
}

func textNode(line int, s string) *node { return &node{line: line, kind: scalar, text: s} }

func emptyMapping(line int) *node {
	return &node{line: line, kind: mapping, fields: map[string]*node{}, lines: map[string]int{}}
}

// field returns the value of key, or nil. n may be nil or any kind of node.
func (n *node) field(key string) *node {
	if n == nil {
		return nil
	}
	return n.fields[key]
}

func (n *node) setField(key string, line int, v *node) {
	if _, ok := n.fields[key]; !ok {
		n.keys = append(n.keys, key)
	}
	n.fields[key] = v
	n.lines[key] = line
}

// functionCall returns the function that n calls and its argument. A mapping
// with a function among other keys counts as a call, so that callFunction can
// refuse it.
func (n *node) functionCall() (name string, arg *node, ok bool) {
	if n.kind != mapping {
		return "", nil, false
	}
	for _, k := range n.keys {
		if k == "Ref" || strings.HasPrefix(k, "Fn::") {
			return k, n.fields[k], true
		}
	}
	return "", nil, false
}

// shortTags maps the tags that do not abbreviate an Fn:: function.
var shortTags = map[string]string{"!Ref": "Ref", "!Condition": "Condition"}

const (
	maxSource = 1 << 20 // CloudFormation's limit
	maxDepth  = 100
)

// readYAML parses the text of a template.
func readYAML(src []byte) (root *node, err error) {
	if len(src) > maxSource {
		return nil, Error{1, fmt.Sprintf("the template is larger than %d bytes", maxSource)}
	}
	defer func() {
		// The YAML library panics on some broken input.
		if r := recover(); r != nil {
			err = Error{1, "the template is not valid YAML"}
		}
	}()
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		return nil, fmt.Errorf("the template is not valid YAML: %w", err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, Error{1, "a template must be one YAML document"}
	}
	return convertNode(file.Docs[0].Body, 0)
}

func convertNode(n ast.Node, depth int) (*node, error) {
	if n == nil || n.GetToken() == nil {
		return &node{line: 1}, nil
	}
	line := n.GetToken().Position.Line
	if depth > maxDepth {
		return nil, Error{line, "the template is nested too deeply"}
	}
	switch n := n.(type) {
	case *ast.NullNode:
		return &node{line: line}, nil
	case *ast.StringNode:
		return textNode(line, n.Value), nil
	case *ast.LiteralNode:
		return textNode(line, n.Value.Value), nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return textNode(line, n.GetToken().Value), nil
	case *ast.SequenceNode:
		out := &node{line: line, kind: list}
		for _, v := range n.Values {
			item, err := convertNode(v, depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
		}
		return out, nil
	case *ast.MappingNode:
		return convertMapping(line, n.Values, depth)
	case *ast.MappingValueNode:
		return convertMapping(line, []*ast.MappingValueNode{n}, depth)
	case *ast.TagNode:
		return convertTag(line, n, depth)
	}
	return nil, Error{line, fmt.Sprintf("YAML %s is not supported", strings.ToLower(n.Type().String()))}
}

func convertMapping(line int, values []*ast.MappingValueNode, depth int) (*node, error) {
	out := emptyMapping(line)
	for _, v := range values {
		key, err := convertNode(v.Key, depth+1)
		if err != nil {
			return nil, err
		}
		if key.kind != scalar {
			return nil, Error{key.line, "the key of a mapping is " + key.kind.String()}
		}
		if key.text == "Fn" {
			// The library reads {Fn::X: y} as {Fn: ":X: y"}.
			return nil, Error{key.line, "in braces, a key with colons must be quoted"}
		}
		value, err := convertNode(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		out.setField(key.text, key.line, value)
	}
	return out, nil
}

func convertTag(line int, n *ast.TagNode, depth int) (*node, error) {
	tag := n.Start.Value
	name, ok := shortTags[tag]
	if !ok {
		name = "Fn::" + strings.TrimPrefix(tag, "!")
	}
	arg, err := convertNode(n.Value, depth+1)
	if err != nil {
		return nil, err
	}
	out := emptyMapping(line)
	out.setField(name, line, arg)
	return out, nil
}
