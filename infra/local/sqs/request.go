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

// request holds the parameters of any operation: their names mean the same
// everywhere. JSON fills it directly, a form by parseForm.
type request struct {
	QueueURL        string `json:"QueueUrl"`
	QueueName       string
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string
	Attributes      map[string]string
	Tags            map[string]string // CreateQueue calls it tags
	TagKeys         []string

	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	WaitTimeSeconds             *int

	entry           // of the operations on one message
	Entries []entry // of their batches

	SourceARN                    string `json:"SourceArn"`
	DestinationARN               string `json:"DestinationArn"`
	MaxNumberOfMessagesPerSecond *int
	TaskHandle                   string
}

// entry is what a client says of one message.
type entry struct {
	ID                      string `json:"Id"`
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]attribute
	MessageSystemAttributes map[string]attribute
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
		return nil, errMalformed.with("The request is not valid UTF-8.")
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, errMalformed.with("The request is not valid: %v", err)
	}
	return &r, nil
}

// parseForm reads a request of the query protocol: lists as Name.1, maps as
// Name.1.Name and Name.1.Value, and so on inside an entry.
func parseForm(action string, form url.Values) (*request, error) {
	f := formReader{node: formTree(form)}
	r := &request{
		QueueURL:        f.text("QueueUrl"),
		QueueName:       f.text("QueueName"),
		QueueNamePrefix: f.text("QueueNamePrefix"),
		MaxResults:      f.number("MaxResults"),
		NextToken:       f.text("NextToken"),
		Attributes:      f.pairs("Attribute", "Name", "Value"),
		Tags:            f.pairs("Tag", "Key", "Value"),
		TagKeys:         f.texts("TagKey"),

		AttributeNames:              f.texts("AttributeName"),
		MessageSystemAttributeNames: f.texts("MessageSystemAttributeName"),
		MessageAttributeNames:       f.texts("MessageAttributeName"),
		MaxNumberOfMessages:         f.number("MaxNumberOfMessages"),
		WaitTimeSeconds:             f.number("WaitTimeSeconds"),

		entry: f.entry(),

		SourceARN:                    f.text("SourceArn"),
		DestinationARN:               f.text("DestinationArn"),
		MaxNumberOfMessagesPerSecond: f.number("MaxNumberOfMessagesPerSecond"),
		TaskHandle:                   f.text("TaskHandle"),
	}
	for _, n := range f.list(action + "RequestEntry") {
		in := formReader{node: n}
		r.Entries = append(r.Entries, in.entry())
		f.err = cmp.Or(f.err, in.err)
	}
	if f.err != nil {
		return nil, f.err
	}
	return r, nil
}

// formNode is a form parameter and those whose names go on after it and a dot.
type formNode struct {
	value string
	under map[string]*formNode
}

// formDepth is that of SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue.
const formDepth = 6

func formTree(form url.Values) *formNode {
	root := &formNode{}
	for name, values := range form {
		n := root
		for _, part := range strings.SplitN(name, ".", formDepth) {
			if n.under == nil {
				n.under = map[string]*formNode{}
			}
			if n.under[part] == nil {
				n.under[part] = &formNode{}
			}
			n = n.under[part]
		}
		n.value = values[0]
	}
	return root
}

// formReader reads parameters under a node and keeps the first error.
type formReader struct {
	node *formNode
	err  error
}

func (f *formReader) text(name string) string {
	if n := f.node.under[name]; n != nil {
		return n.value
	}
	return ""
}

func (f *formReader) number(name string) *int {
	n := f.node.under[name]
	if n == nil {
		return nil
	}
	v, err := strconv.Atoi(n.value)
	if err != nil {
		f.err = cmp.Or(f.err, error(errMalformed.with("%s must be a number.", name)))
		return nil
	}
	return &v
}

func (f *formReader) list(name string) []*formNode {
	n := f.node.under[name]
	if n == nil {
		return nil
	}
	type numbered struct {
		at   int
		node *formNode
	}
	var members []numbered
	for key, member := range n.under {
		at, err := strconv.Atoi(key)
		if err != nil {
			f.err = cmp.Or(f.err, error(errMalformed.with("The members of %s must be numbered.", name)))
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

func (f *formReader) texts(name string) []string {
	var out []string
	for _, n := range f.list(name) {
		out = append(out, n.value)
	}
	return out
}

func (f *formReader) pairs(name, key, value string) map[string]string {
	var out map[string]string
	for _, n := range f.list(name) {
		in := formReader{node: n}
		if out == nil {
			out = map[string]string{}
		}
		out[in.text(key)] = in.text(value)
	}
	return out
}

func (f *formReader) attributes(name string) map[string]attribute {
	var out map[string]attribute
	for _, n := range f.list(name) {
		in := formReader{node: n}
		value := formReader{node: n.under["Value"]}
		if value.node == nil {
			value.node = &formNode{}
		}
		bin, err := base64.StdEncoding.DecodeString(value.text("BinaryValue"))
		if err != nil {
			f.err = cmp.Or(f.err, error(errMalformed.with("BinaryValue is not base64.")))
		}
		if out == nil {
			out = map[string]attribute{}
		}
		out[in.text("Name")] = attribute{DataType: value.text("DataType"), StringValue: value.text("StringValue"), BinaryValue: bin}
	}
	return out
}

func (f *formReader) entry() entry {
	return entry{
		ID:                      f.text("Id"),
		MessageBody:             f.text("MessageBody"),
		DelaySeconds:            f.number("DelaySeconds"),
		MessageAttributes:       f.attributes("MessageAttribute"),
		MessageSystemAttributes: f.attributes("MessageSystemAttribute"),
		MessageGroupID:          f.text("MessageGroupId"),
		MessageDeduplicationID:  f.text("MessageDeduplicationId"),
		ReceiptHandle:           f.text("ReceiptHandle"),
		VisibilityTimeout:       f.number("VisibilityTimeout"),
	}
}
