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
	options    Options
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
	id            string
	line          int
	resourceType  string
	handler       resourceHandler
	body          *node
	active        bool // its condition holds
	name          string
	resolvingName bool
	properties    *node // evaluated
}

// A parameter is one parameter with its value; of a list, the items.
type parameter struct {
	value  string
	isList bool
}

func (p parameter) valueNode(line int) *node {
	if !p.isList {
		return textNode(line, p.value)
	}
	out := &node{line: line, kind: list}
	for item := range strings.SplitSeq(p.value, ",") {
		out.items = append(out.items, textNode(line, strings.TrimSpace(item)))
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
		root:    root,
		options: opt,
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

func (b *builder) buildModel() {
	r := b.openReader(b.root, "the template")
	b.checkAllowed(r.fieldNode("AWSTemplateFormatVersion"), "AWSTemplateFormatVersion", "2010-09-09")
	b.checkAllowed(r.fieldNode("Transform"), "Transform", "AWS::Serverless-2016-10-31", "AWS::LanguageExtensions")
	b.model.Description = r.textValue("Description")
	b.readParameters(r.fieldNode("Parameters"))
	if conditions := b.openReader(r.fieldNode("Conditions"), "Conditions"); conditions.isPresent() {
		for _, name := range conditions.node.keys {
			b.conditionHolds(conditions.node.lines[name], name)
		}
	}
	globals := b.openReader(r.fieldNode("Globals"), "Globals")
	b.declareResources(r.fieldNode("Resources"), globals.fieldNode("Function"))
	globals.refuseUnread()
	r.ignoreFields("Outputs", "Metadata").refuseUnread()
	b.evaluateProperties()
	b.readResources(func(t string) bool { return !partTypes[t] })
	b.readResources(func(t string) bool { return partTypes[t] })
	b.readOutputs(b.root.field("Outputs"))
}

// read adds the resources of some types to the model.
func (b *builder) readResources(wanted func(typ string) bool) {
	for _, res := range b.resources {
		if res.active && res.handler.read != nil && wanted(res.resourceType) {
			res.handler.read(b, res)
		}
	}
}

func (b *builder) checkAllowed(n *node, what string, allowed ...string) {
	if n == nil {
		return
	}
	items := []*node{n}
	if n.kind == list {
		items = n.items
	}
	for _, item := range items {
		if s := b.scalarText(item, what); !slices.Contains(allowed, s) {
			b.reportError(item.line, "%s %s is not supported", what, s)
		}
	}
}

func (b *builder) readParameters(n *node) {
	section := b.openReader(n, "Parameters")
	given := map[string]bool{}
	if section.isPresent() {
		for _, name := range n.keys {
			given[name] = true
			b.readParameter(name, n.lines[name], b.openReader(n.fields[name], "parameter "+name))
		}
	}
	for name := range b.options.Parameters {
		if !given[name] {
			b.reportError(nodeLine(n), "the template has no parameter %s", name)
		}
	}
}

func (b *builder) readParameter(name string, line int, r *reader) {
	p := Parameter{
		Name:        name,
		Type:        r.allowedText("Type", "String", "Number", "CommaDelimitedList"),
		Description: r.textValue("Description"),
		Default:     r.textValue("Default"),
		NoEcho:      r.boolValue("NoEcho", false),
	}
	value, given := b.options.Parameters[name]
	if !given && !r.hasField("Default") {
		b.reportError(line, "parameter %s has no value", name)
	}
	p.Value = p.Default
	if given {
		p.Value = value
	}
	if allowed := r.textValues("AllowedValues"); allowed != nil && !slices.Contains(allowed, p.Value) {
		b.reportError(line, "parameter %s is not one of %s", name, strings.Join(allowed, ", "))
	}
	if pattern := r.textValue("AllowedPattern"); pattern != "" {
		re, err := regexp.Compile(`^(?:` + pattern + `)$`)
		if err != nil {
			b.reportError(line, "parameter %s: AllowedPattern: %v", name, err)
		} else if !re.MatchString(p.Value) {
			b.reportError(line, "parameter %s does not match %s", name, pattern)
		}
	}
	r.ignoreFields("ConstraintDescription", "MinLength", "MaxLength", "MinValue", "MaxValue").refuseUnread()
	b.params[name] = parameter{value: p.Value, isList: p.Type == "CommaDelimitedList"}
	b.model.Parameters = append(b.model.Parameters, p)
}

var logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

// declare lists the resources, loops written out, before any is evaluated:
// they refer to each other in any order.
func (b *builder) declareResources(n, globals *node) {
	if n == nil || n.kind != mapping {
		b.reportError(nodeLine(n), "the template has no Resources")
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
		b.reportError(line, "resource %s is no mapping", id)
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

// forEach declares the resources of one loop:
// [Identifier, a list, {OutputKey: resource}].
func (b *builder) declareLoop(line int, n, globals *node) {
	if n.kind != list || len(n.items) != 3 || n.items[0].kind != scalar || n.items[2].kind != mapping {
		b.reportError(line, "Fn::ForEach needs an identifier, a list and a mapping")
		return
	}
	id, fragment := n.items[0].text, n.items[2]
	values := b.evaluateNode(n.items[1])
	if values == nil || values.kind != list {
		if values == nil || values.kind != invalid {
			b.reportError(line, "Fn::ForEach loops over a list")
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
				b.reportError(fragment.lines[key], "Fn::ForEach: key %s does not hold ${%s} or &{%[2]s}", key, id)
				continue
			}
			body := substituteNode(fragment.fields[key], id, value)
			b.declareResource(replaceIdentifier(key, id, value), fragment.lines[key], body, globals)
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

// merge puts own over global as SAM does: mappings together, lists one after
// the other, and own for the rest.
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

// evaluate evaluates the properties of every resource, also of those without
// a local effect: a wrong reference in them would fail on AWS.
func (b *builder) evaluateProperties() {
	for _, res := range b.resources {
		b.checkDependencies(res)
		if !res.active {
			continue
		}
		b.physicalName(res)
		if props := res.body.field("Properties"); props != nil {
			res.properties = b.evaluateNode(props)
		}
	}
}

func (b *builder) checkDependencies(res *resource) {
	n := res.body.field("DependsOn")
	for _, id := range b.openReader(res.body, res.id).textValues("DependsOn") {
		if b.byID[id] == nil {
			b.reportError(n.line, "%s depends on %s, which is not there", res.id, id)
		}
	}
}

// nameOf is the physical name of a resource: what its name property says, or
// the stack's name and the logical id.
func (b *builder) physicalName(res *resource) string {
	if res.name != "" || res.resolvingName {
		return res.name
	}
	res.resolvingName = true
	defer func() { res.resolvingName = false }()
	if n := res.body.field("Properties").field(res.handler.nameKey); n != nil {
		if v := b.evaluateNode(n); v != nil {
			res.name = b.scalarText(v, res.id+" "+res.handler.nameKey)
			return res.name
		}
	}
	name := b.options.StackName + "-" + res.id
	switch res.resourceType {
	case "AWS::S3::Bucket":
		name = strings.ToLower(name)
	case "AWS::SQS::Queue":
		if fieldText(res.body.field("Properties"), "FifoQueue") == "true" {
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
func (b *builder) resourceAttribute(line int, id, attribute string) *node {
	res := b.byID[id]
	if res == nil {
		return b.reportError(line, "%s is no parameter and no resource", id)
	}
	if !res.active {
		return b.reportError(line, "resource %s is not in this stack: its condition is false", id)
	}
	key := id
	if attribute != "" {
		key += "." + attribute
	}
	if v, ok := b.options.Attributes[key]; ok {
		return textNode(line, v)
	}
	pattern, ok := res.handler.attributes[attribute]
	if !ok {
		return b.reportError(line, "%s has no attribute %s", res.resourceType, attribute)
	}
	if res.resolvingName {
		return b.reportError(line, "the name of %s refers to itself", id)
	}
	return textNode(line, b.expandPattern(pattern, b.physicalName(res)))
}

// expand fills the pattern of a Ref or an attribute.
func (b *builder) expandPattern(pattern, name string) string {
	if strings.Contains(pattern, "{url}") {
		return b.options.QueueURL(name)
	}
	return strings.NewReplacer(
		"{name}", name, "{region}", b.options.Region, "{account}", b.options.AccountID,
		"arn:", "arn:aws:", "{stack}", b.options.StackName,
	).Replace(pattern)
}

// find is the resource of one of the types that ref (what Ref gave, an ARN,
// or an ARN with an alias) points to.
func (b *builder) findResource(ref string, types ...string) *resource {
	for _, res := range b.resources {
		if !res.active || !slices.Contains(types, res.resourceType) {
			continue
		}
		for _, pattern := range res.handler.attributes {
			if pattern != "" && b.expandPattern(pattern, b.physicalName(res)) == ref {
				return res
			}
		}
		if b.options.Attributes[res.id] == ref && ref != "" {
			return res
		}
	}
	return nil
}

func (b *builder) readOutputs(n *node) {
	section := b.openReader(n, "Outputs")
	if !section.isPresent() {
		return
	}
	for _, name := range n.keys {
		body := n.fields[name]
		if c := body.field("Condition"); c != nil && !b.conditionHolds(c.line, c.text) {
			continue
		}
		if strings.HasPrefix(name, "Fn::") {
			b.reportError(n.lines[name], "Fn::ForEach is only supported in Resources")
			continue
		}
		r := b.openReader(b.evaluateNode(body), "output "+name)
		b.model.Outputs = append(b.model.Outputs, Output{
			Name: name, Description: r.textValue("Description"), Value: r.requiredText("Value"),
		})
		r.ignoreFields("Condition", "Export").refuseUnread()
	}
}
