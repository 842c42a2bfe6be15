package template

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A builder builds the model of one template. It collects errors instead of
// stopping at the first.
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

// A resource is one resource of the template, after the loops (Fn::ForEach) are
// expanded.
type resource struct {
	id            string
	line          int
	resourceType  string
	handler       resourceHandler
	body          *node
	active        bool // its condition is true
	name          string
	resolvingName bool
	properties    *node // evaluated properties
}

// A parameter is the value of one parameter. The value of a list is
// comma-separated.
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
	b.checkPermissions()
	b.readOutputs(b.root.field("Outputs"))
}

// readResources adds the resources with a wanted type to the model.
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

// evaluateProperties evaluates the properties of all resources, also of those
// without a local effect, because a wrong reference in them fails on AWS.
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
			b.reportError(n.line, "%s depends on %s, which is not a resource of this template", res.id, id)
		}
	}
}

// physicalName returns the name of a resource: the value of its name property,
// or a name built from the stack name and the logical id.
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

// resourceAttribute returns the value of Fn::GetAtt, or of Ref if attribute is
// empty.
func (b *builder) resourceAttribute(line int, id, attribute string) *node {
	res := b.byID[id]
	if res == nil {
		return b.reportError(line, "%s is not a parameter or resource of this template", id)
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

// expandPattern fills in the placeholders of an attribute pattern.
func (b *builder) expandPattern(pattern, name string) string {
	if strings.Contains(pattern, "{url}") {
		return b.options.QueueURL(name)
	}
	return strings.NewReplacer(
		"{name}", name, "{region}", b.options.Region, "{account}", b.options.AccountID,
		"arn:", "arn:aws:", "{stack}", b.options.StackName,
	).Replace(pattern)
}

// findResource returns the resource of one of types that ref identifies, or
// nil. ref is the value of a Ref, an ARN, or an ARN with an alias.
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
