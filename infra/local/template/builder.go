package template

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A builder turns one template into a model.
type builder struct {
	root       *node
	opt        Options
	pseudo     map[string]string
	params     map[string]parameter
	conditions map[string]bool
	resources  []*resource
	byID       map[string]*resource
	model      Model
	errs       []Error
	seen       map[Error]bool
}

// A resource is one resource of the template, after Fn::ForEach.
type resource struct {
	id     string
	line   int
	typ    string
	def    resourceType
	body   *node
	active bool // its condition holds
	name   string
	naming bool
	props  *node // evaluated
}

// A parameter is one parameter with its value; of a list, the items.
type parameter struct {
	value  string
	isList bool
}

func (p parameter) node(line int) *node {
	if !p.isList {
		return text(line, p.value)
	}
	out := &node{line: line, kind: list}
	for item := range strings.SplitSeq(p.value, ",") {
		out.items = append(out.items, text(line, strings.TrimSpace(item)))
	}
	return out
}

func newBuilder(root *node, opt Options) *builder {
	opt.Region = cmp.Or(opt.Region, "eu-west-1")
	opt.AccountID = cmp.Or(opt.AccountID, "000000000000")
	opt.StackName = cmp.Or(opt.StackName, "heard")
	if opt.QueueURL == nil {
		opt.QueueURL = func(name string) string {
			return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", opt.Region, opt.AccountID, name)
		}
	}
	return &builder{
		root: root,
		opt:  opt,
		pseudo: map[string]string{
			"AWS::Region":    opt.Region,
			"AWS::AccountId": opt.AccountID,
			"AWS::StackName": opt.StackName,
			"AWS::Partition": "aws",
			"AWS::URLSuffix": "amazonaws.com",
		},
		params:     map[string]parameter{},
		conditions: map[string]bool{},
		byID:       map[string]*resource{},
		seen:       map[Error]bool{},
		model:      Model{Region: opt.Region, AccountID: opt.AccountID, StackName: opt.StackName},
	}
}

func (b *builder) build() {
	r := b.open(b.root, "the template")
	b.oneOfEach(r.raw("AWSTemplateFormatVersion"), "AWSTemplateFormatVersion", "2010-09-09")
	b.oneOfEach(r.raw("Transform"), "Transform", "AWS::Serverless-2016-10-31", "AWS::LanguageExtensions")
	b.model.Description = r.text("Description")
	b.parameters(r.raw("Parameters"))
	if conditions := b.open(r.raw("Conditions"), "Conditions"); conditions.there() {
		for _, name := range conditions.n.keys {
			b.condition(conditions.n.lines[name], name)
		}
	}
	globals := b.open(r.raw("Globals"), "Globals")
	b.declare(r.raw("Resources"), globals.raw("Function"))
	globals.done()
	r.skip("Outputs", "Metadata").done()
	b.evaluate()
	b.read(func(t string) bool { return !partTypes[t] })
	b.read(func(t string) bool { return partTypes[t] })
	b.outputs(b.root.get("Outputs"))
}

// read adds the resources of some types to the model.
func (b *builder) read(wanted func(typ string) bool) {
	for _, res := range b.resources {
		if res.active && res.def.read != nil && wanted(res.typ) {
			res.def.read(b, res)
		}
	}
}

func (b *builder) oneOfEach(n *node, what string, allowed ...string) {
	if n == nil {
		return
	}
	items := []*node{n}
	if n.kind == list {
		items = n.items
	}
	for _, item := range items {
		if s := b.scalar(item, what); !slices.Contains(allowed, s) {
			b.fail(item.line, "%s %s is not supported", what, s)
		}
	}
}

func (b *builder) parameters(n *node) {
	section := b.open(n, "Parameters")
	given := map[string]bool{}
	if section.there() {
		for _, name := range n.keys {
			given[name] = true
			b.parameter(name, n.lines[name], b.open(n.fields[name], "parameter "+name))
		}
	}
	for name := range b.opt.Parameters {
		if !given[name] {
			b.fail(lineOf(n), "the template has no parameter %s", name)
		}
	}
}

func (b *builder) parameter(name string, line int, r *reader) {
	p := Parameter{
		Name:        name,
		Type:        r.oneOf("Type", "String", "Number", "CommaDelimitedList"),
		Description: r.text("Description"),
		Default:     r.text("Default"),
		NoEcho:      r.truth("NoEcho", false),
	}
	value, given := b.opt.Parameters[name]
	if !given && !r.has("Default") {
		b.fail(line, "parameter %s has no value", name)
	}
	p.Value = p.Default
	if given {
		p.Value = value
	}
	if allowed := r.texts("AllowedValues"); allowed != nil && !slices.Contains(allowed, p.Value) {
		b.fail(line, "parameter %s is not one of %s", name, strings.Join(allowed, ", "))
	}
	if pattern := r.text("AllowedPattern"); pattern != "" {
		re, err := regexp.Compile(`^(?:` + pattern + `)$`)
		if err != nil {
			b.fail(line, "parameter %s: AllowedPattern: %v", name, err)
		} else if !re.MatchString(p.Value) {
			b.fail(line, "parameter %s does not match %s", name, pattern)
		}
	}
	r.skip("ConstraintDescription", "MinLength", "MaxLength", "MinValue", "MaxValue").done()
	b.params[name] = parameter{value: p.Value, isList: p.Type == "CommaDelimitedList"}
	b.model.Parameters = append(b.model.Parameters, p)
}

var logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

// declare lists the resources, loops written out, before any is evaluated:
// they refer to each other in any order.
func (b *builder) declare(n, globals *node) {
	if n == nil || n.kind != mapping {
		b.fail(lineOf(n), "the template has no Resources")
		return
	}
	for _, key := range n.keys {
		if strings.HasPrefix(key, "Fn::ForEach::") {
			b.forEach(n.lines[key], n.fields[key], globals)
			continue
		}
		b.declareOne(key, n.lines[key], n.fields[key], globals)
	}
}

func (b *builder) declareOne(id string, line int, body, globals *node) {
	if !logicalID.MatchString(id) {
		b.fail(line, "logical id %q is not alphanumeric", id)
		return
	}
	if b.byID[id] != nil {
		b.fail(line, "resource %s is defined twice", id)
		return
	}
	r := b.open(body, id)
	if !r.there() {
		b.fail(line, "resource %s is no mapping", id)
		return
	}
	res := &resource{id: id, line: line, typ: r.must("Type"), body: body}
	def, ok := resourceTypes[res.typ]
	if !ok {
		if res.typ != "" {
			b.fail(body.get("Type").line, "resource type %s is not supported", res.typ)
		}
		return
	}
	res.def = def
	condition := r.text("Condition")
	res.active = condition == "" || b.condition(lineOf(body.get("Condition")), condition)
	if res.typ == functionType {
		props := body.get("Properties")
		if props == nil {
			props = emptyMapping(line)
		}
		res.body = emptyMapping(line)
		res.body.set("Properties", line, merge(globals, props))
	}
	r.skip("Properties", "Metadata", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy").done()
	b.resources = append(b.resources, res)
	b.byID[id] = res
}

// forEach declares the resources of one loop:
// [Identifier, a list, {OutputKey: resource}].
func (b *builder) forEach(line int, n, globals *node) {
	if n.kind != list || len(n.items) != 3 || n.items[0].kind != scalar || n.items[2].kind != mapping {
		b.fail(line, "Fn::ForEach needs an identifier, a list and a mapping")
		return
	}
	id, fragment := n.items[0].text, n.items[2]
	values := b.eval(n.items[1])
	if values == nil || values.kind != list {
		if values == nil || values.kind != bad {
			b.fail(line, "Fn::ForEach loops over a list")
		}
		return
	}
	for _, v := range values.items {
		value := b.scalar(v, "Fn::ForEach")
		for _, key := range fragment.keys {
			if strings.HasPrefix(key, "Fn::ForEach::") {
				b.fail(fragment.lines[key], "Fn::ForEach within Fn::ForEach is not supported")
				continue
			}
			if !strings.Contains(key, "{"+id+"}") {
				b.fail(fragment.lines[key], "Fn::ForEach: key %s does not hold ${%s} or &{%[2]s}", key, id)
				continue
			}
			body := substitute(fragment.fields[key], id, value)
			b.declareOne(replaceIdentifier(key, id, value), fragment.lines[key], body, globals)
		}
	}
}

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)

// replaceIdentifier puts value for ${id}, and its letters and digits for
// &{id}, as AWS::LanguageExtensions does.
func replaceIdentifier(s, id, value string) string {
	s = strings.ReplaceAll(s, "&{"+id+"}", notAlphanumeric.ReplaceAllString(value, ""))
	return strings.ReplaceAll(s, "${"+id+"}", value)
}

// substitute is a copy of n with the loop's identifier replaced in every
// text, key and Ref.
func substitute(n *node, id, value string) *node {
	out := *n
	out.text = replaceIdentifier(n.text, id, value)
	out.items = nil
	for _, item := range n.items {
		out.items = append(out.items, substitute(item, id, value))
	}
	if n.kind != mapping {
		return &out
	}
	if name, arg, ok := n.function(); ok && name == "Ref" && arg.text == id {
		return text(n.line, value)
	}
	m := emptyMapping(n.line)
	for _, k := range n.keys {
		m.set(replaceIdentifier(k, id, value), n.lines[k], substitute(n.fields[k], id, value))
	}
	return m
}

// merge puts own over global as SAM does: mappings together, lists one after
// the other, and own for the rest.
func merge(global, own *node) *node {
	if global == nil || own == nil || global.kind != own.kind {
		return cmp.Or(own, global)
	}
	switch own.kind {
	case list:
		out := &node{line: own.line, kind: list}
		out.items = slices.Concat(global.items, own.items)
		return out
	case mapping:
		if _, _, call := own.function(); call {
			return own
		}
		if _, _, call := global.function(); call {
			return own
		}
		out := emptyMapping(own.line)
		for _, k := range global.keys {
			out.set(k, global.lines[k], global.fields[k])
		}
		for _, k := range own.keys {
			out.set(k, own.lines[k], merge(global.get(k), own.fields[k]))
		}
		return out
	default:
		return own
	}
}

// evaluate evaluates the properties of every resource, also of those without
// a local effect: a wrong reference in them would fail on AWS.
func (b *builder) evaluate() {
	for _, res := range b.resources {
		b.dependencies(res)
		if !res.active {
			continue
		}
		b.nameOf(res)
		if props := res.body.get("Properties"); props != nil {
			res.props = b.eval(props)
		}
	}
}

func (b *builder) dependencies(res *resource) {
	n := res.body.get("DependsOn")
	for _, id := range b.open(res.body, res.id).texts("DependsOn") {
		if b.byID[id] == nil {
			b.fail(n.line, "%s depends on %s, which is not there", res.id, id)
		}
	}
}

// nameOf is the physical name of a resource: what its name property says, or
// the stack's name and the logical id.
func (b *builder) nameOf(res *resource) string {
	if res.name != "" || res.naming {
		return res.name
	}
	res.naming = true
	defer func() { res.naming = false }()
	if n := res.body.get("Properties").get(res.def.nameKey); n != nil {
		if v := b.eval(n); v != nil {
			res.name = b.scalar(v, res.id+" "+res.def.nameKey)
			return res.name
		}
	}
	name := b.opt.StackName + "-" + res.id
	switch res.typ {
	case "AWS::S3::Bucket":
		name = strings.ToLower(name)
	case "AWS::SQS::Queue":
		if lookText(res.body.get("Properties"), "FifoQueue") == "true" {
			name += ".fifo"
		}
	case "AWS::Serverless::HttpApi", "AWS::ApiGatewayV2::Api":
		name = strings.ToLower(res.id)
	case "AWS::KMS::Key":
		name = uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String()
	}
	res.name = name
	return name
}

// attribute gives what Ref (attribute "") or Fn::GetAtt gives of a resource.
func (b *builder) attribute(line int, id, attribute string) *node {
	res := b.byID[id]
	if res == nil {
		return b.fail(line, "%s is no parameter and no resource", id)
	}
	if !res.active {
		return b.fail(line, "resource %s is not in this stack: its condition is false", id)
	}
	key := id
	if attribute != "" {
		key += "." + attribute
	}
	if v, ok := b.opt.Attributes[key]; ok {
		return text(line, v)
	}
	pattern, ok := res.def.attributes[attribute]
	if !ok {
		return b.fail(line, "%s has no attribute %s", res.typ, attribute)
	}
	if res.naming {
		return b.fail(line, "the name of %s refers to itself", id)
	}
	return text(line, b.expand(pattern, b.nameOf(res)))
}

// expand fills the pattern of a Ref or an attribute.
func (b *builder) expand(pattern, name string) string {
	if strings.Contains(pattern, "{url}") {
		return b.opt.QueueURL(name)
	}
	return strings.NewReplacer(
		"{name}", name, "{region}", b.opt.Region, "{account}", b.opt.AccountID,
		"arn:", "arn:aws:", "{stack}", b.opt.StackName,
	).Replace(pattern)
}

// find is the resource of one of the types that ref (what Ref gave, an ARN,
// or an ARN with an alias) points to.
func (b *builder) find(ref string, types ...string) *resource {
	for _, res := range b.resources {
		if !res.active || !slices.Contains(types, res.typ) {
			continue
		}
		for _, pattern := range res.def.attributes {
			if pattern != "" && b.expand(pattern, b.nameOf(res)) == ref {
				return res
			}
		}
		if b.opt.Attributes[res.id] == ref && ref != "" {
			return res
		}
	}
	return nil
}

func (b *builder) outputs(n *node) {
	section := b.open(n, "Outputs")
	if !section.there() {
		return
	}
	for _, name := range n.keys {
		body := n.fields[name]
		if c := body.get("Condition"); c != nil && !b.condition(c.line, c.text) {
			continue
		}
		if strings.HasPrefix(name, "Fn::") {
			b.fail(n.lines[name], "Fn::ForEach is only supported in Resources")
			continue
		}
		r := b.open(b.eval(body), "output "+name)
		b.model.Outputs = append(b.model.Outputs, Output{
			Name: name, Description: r.text("Description"), Value: r.must("Value"),
		})
		r.skip("Condition", "Export").done()
	}
}
