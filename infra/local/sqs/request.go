package sqs

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// request holds the parameters of any operation. A parameter name has the same
// meaning in all operations. JSON is decoded into it directly, a form by
// parseForm.
type request struct {
	QueueURL        string `json:"QueueUrl"`
	QueueName       string
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string
	Attributes      map[string]string
	Tags            map[string]string // named tags in CreateQueue
	TagKeys         []string

	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	WaitTimeSeconds             *int

	entry           // for operations on one message
	Entries []entry // for batch operations

	SourceARN                    string `json:"SourceArn"`
	DestinationARN               string `json:"DestinationArn"`
	MaxNumberOfMessagesPerSecond *int
	TaskHandle                   string
}

// entry holds the parameters of one message.
type entry struct {
	ID                      string `json:"Id"`
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]messageAttribute
	MessageSystemAttributes map[string]messageAttribute
	MessageGroupID          string `json:"MessageGroupId"`
	MessageDeduplicationID  string `json:"MessageDeduplicationId"`
	ReceiptHandle           string
	VisibilityTimeout       *int
}

func parseJSON(body []byte) (*request, error) {
	var r request
	if len(body) == 0 {
		return &r, nil
	}
	if !utf8.Valid(body) {
		return nil, errMalformed.withMessage("The request is not valid UTF-8.")
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, errMalformed.withMessage("The request is not valid: %v", err)
	}
	return &r, nil
}

// parseForm parses a request of the query protocol. A list is Name.1, a map is
// Name.1.Name and Name.1.Value; inside a batch entry the names have the entry
// as prefix.
func parseForm(action string, form url.Values) (*request, error) {
	f := formReader{node: buildFormTree(form)}
	r := &request{
		QueueURL:        f.textField("QueueUrl"),
		QueueName:       f.textField("QueueName"),
		QueueNamePrefix: f.textField("QueueNamePrefix"),
		MaxResults:      f.numberField("MaxResults"),
		NextToken:       f.textField("NextToken"),
		Attributes:      f.pairsField("Attribute", "Name", "Value"),
		Tags:            f.pairsField("Tag", "Key", "Value"),
		TagKeys:         f.textListField("TagKey"),

		AttributeNames:              f.textListField("AttributeName"),
		MessageSystemAttributeNames: f.textListField("MessageSystemAttributeName"),
		MessageAttributeNames:       f.textListField("MessageAttributeName"),
		MaxNumberOfMessages:         f.numberField("MaxNumberOfMessages"),
		WaitTimeSeconds:             f.numberField("WaitTimeSeconds"),

		entry: f.entryField(),

		SourceARN:                    f.textField("SourceArn"),
		DestinationARN:               f.textField("DestinationArn"),
		MaxNumberOfMessagesPerSecond: f.numberField("MaxNumberOfMessagesPerSecond"),
		TaskHandle:                   f.textField("TaskHandle"),
	}
	for _, n := range f.listField(action + "RequestEntry") {
		in := formReader{node: n}
		r.Entries = append(r.Entries, in.entryField())
		f.err = cmp.Or(f.err, in.err)
	}
	if f.err != nil {
		return nil, f.err
	}
	return r, nil
}

// formNode is a form parameter with the parameters whose names extend it after
// a dot.
type formNode struct {
	value    string
	children map[string]*formNode
}

// formDepth is the most name parts of a parameter, as in
// SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue.
const formDepth = 6

func buildFormTree(form url.Values) *formNode {
	root := &formNode{}
	for name, values := range form {
		n := root
		for _, part := range strings.SplitN(name, ".", formDepth) {
			if n.children == nil {
				n.children = map[string]*formNode{}
			}
			if n.children[part] == nil {
				n.children[part] = &formNode{}
			}
			n = n.children[part]
		}
		n.value = values[0]
	}
	return root
}

// formReader reads the parameters below a node. It stores the first error.
type formReader struct {
	node *formNode
	err  error
}

func (f *formReader) textField(name string) string {
	if n := f.node.children[name]; n != nil {
		return n.value
	}
	return ""
}

func (f *formReader) numberField(name string) *int {
	n := f.node.children[name]
	if n == nil {
		return nil
	}
	v, err := strconv.Atoi(n.value)
	if err != nil {
		f.err = cmp.Or(f.err, error(errMalformed.withMessage("%s must be a number.", name)))
		return nil
	}
	return &v
}

func (f *formReader) listField(name string) []*formNode {
	n := f.node.children[name]
	if n == nil {
		return nil
	}
	type numbered struct {
		at   int
		node *formNode
	}
	var members []numbered
	for key, member := range n.children {
		at, err := strconv.Atoi(key)
		if err != nil {
			f.err = cmp.Or(f.err, error(errMalformed.withMessage("The members of %s must be numbered.", name)))
			return nil
		}
		members = append(members, numbered{at, member})
	}
	slices.SortFunc(members, func(a, b numbered) int { return cmp.Compare(a.at, b.at) })
	out := make([]*formNode, len(members))
	for i, m := range members {
		out[i] = m.node
	}
	return out
}

func (f *formReader) textListField(name string) []string {
	var out []string
	for _, n := range f.listField(name) {
		out = append(out, n.value)
	}
	return out
}

func (f *formReader) pairsField(name, key, value string) map[string]string {
	var out map[string]string
	for _, n := range f.listField(name) {
		in := formReader{node: n}
		if out == nil {
			out = map[string]string{}
		}
		out[in.textField(key)] = in.textField(value)
	}
	return out
}

func (f *formReader) attributesField(name string) map[string]messageAttribute {
	var out map[string]messageAttribute
	for _, n := range f.listField(name) {
		in := formReader{node: n}
		value := formReader{node: n.children["Value"]}
		if value.node == nil {
			value.node = &formNode{}
		}
		bin, err := base64.StdEncoding.DecodeString(value.textField("BinaryValue"))
		if err != nil {
			f.err = cmp.Or(f.err, error(errMalformed.withMessage("BinaryValue is not base64.")))
		}
		if out == nil {
			out = map[string]messageAttribute{}
		}
		out[in.textField("Name")] = messageAttribute{DataType: value.textField("DataType"), StringValue: value.textField("StringValue"), BinaryValue: bin}
	}
	return out
}

func (f *formReader) entryField() entry {
	return entry{
		ID:                      f.textField("Id"),
		MessageBody:             f.textField("MessageBody"),
		DelaySeconds:            f.numberField("DelaySeconds"),
		MessageAttributes:       f.attributesField("MessageAttribute"),
		MessageSystemAttributes: f.attributesField("MessageSystemAttribute"),
		MessageGroupID:          f.textField("MessageGroupId"),
		MessageDeduplicationID:  f.textField("MessageDeduplicationId"),
		ReceiptHandle:           f.textField("ReceiptHandle"),
		VisibilityTimeout:       f.numberField("VisibilityTimeout"),
	}
}
