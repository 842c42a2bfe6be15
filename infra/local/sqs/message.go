package sqs

import (
	"crypto/md5" //nolint:gosec // the protocol's checksum
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// attribute is the value of a message attribute.
type attribute struct {
	DataType    string `json:"DataType"`
	StringValue string `json:"StringValue,omitempty"`
	BinaryValue []byte `json:"BinaryValue,omitempty"`
}

func (a attribute) binary() bool { return kindOf(a.DataType) == "Binary" }

// kindOf is a data type without the client's own label, as in Number.float.
func kindOf(dataType string) string {
	kind, _, _ := strings.Cut(dataType, ".")
	return kind
}

var (
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	idText        = regexp.MustCompile(`^[!-~]{1,128}$`)
)

const traceHeader = "AWSTraceHeader"

// compose makes the message that a send asks for, and the key by which a
// duplicate of it would be known.
func (q *queue) compose(e *entry, now int64) (message, string, error) {
	if e.MessageBody == "" {
		return message{}, "", missing("MessageBody")
	}
	m := message{Body: e.MessageBody, Attrs: e.MessageAttributes, Group: e.MessageGroupID, Dedupe: e.MessageDeduplicationID, Sent: now}
	if err := checkText(m.Body); err != nil {
		return m, "", err
	}
	if err := checkAttributes(m.Attrs); err != nil {
		return m, "", err
	}
	if m.size() > q.maxSize {
		return m, "", errParameter.with("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.maxSize)
	}
	for name, a := range e.MessageSystemAttributes {
		if name != traceHeader || a.DataType != "String" {
			return m, "", errParameter.with("Message system attribute name '%s' is invalid.", name)
		}
		m.Trace = a.StringValue
	}
	delay := q.delay
	if e.DelaySeconds != nil {
		if q.fifo && *e.DelaySeconds != 0 {
			return m, "", invalid(*e.DelaySeconds, attrDelay, "The request include parameter that is not valid for this queue type.")
		}
		seconds, err := within(e.DelaySeconds, attrDelay, 0, 900, 0)
		if err != nil {
			return m, "", err
		}
		if !q.fifo {
			delay = 1000 * int64(seconds)
		}
	}
	if delay > 0 {
		m.Visible = now + delay
	}
	if m.Group != "" && !idText.MatchString(m.Group) {
		return m, "", invalid(m.Group, "MessageGroupId", "Can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if !q.fifo {
		if m.Dedupe != "" {
			return m, "", invalid(m.Dedupe, "MessageDeduplicationId", "The request include parameter that is not valid for this queue type.")
		}
		return m, "", nil
	}
	if m.Group == "" {
		return m, "", missing("MessageGroupId")
	}
	return q.deduplicated(m)
}

// deduplicated fills in a FIFO message's deduplication id.
func (q *queue) deduplicated(m message) (message, string, error) {
	if m.Dedupe == "" && !q.contentBased {
		return m, "", errParameter.with("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	if m.Dedupe == "" {
		sum := sha256.Sum256([]byte(m.Body))
		m.Dedupe = hex.EncodeToString(sum[:])
	}
	if !idText.MatchString(m.Dedupe) {
		return m, "", invalid(m.Dedupe, "MessageDeduplicationId", "Can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if q.perGroup {
		return m, m.Group + " " + m.Dedupe, nil
	}
	return m, m.Dedupe, nil
}

// checkText refuses what XML 1.0 cannot carry, as the service does.
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return errContents.with("The message is not valid UTF-8.")
	}
	for _, r := range text {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF' {
			return errContents.with("Invalid binary character '#x%X' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", r)
		}
	}
	return nil
}

func checkAttributes(attrs map[string]attribute) error {
	if len(attrs) > 10 {
		return errParameter.with("Number of message attributes [%d] exceeds the allowed maximum [10].", len(attrs))
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if err := checkAttribute(name, attrs[name]); err != nil {
			return err
		}
	}
	return nil
}

func checkAttribute(name string, a attribute) error {
	lower := strings.ToLower(name)
	if len(name) > 256 || !attributeName.MatchString(name) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
		return errParameter.with("Message (user) attribute name '%s' is invalid.", name)
	}
	if len(a.DataType) > 256 || !slices.Contains([]string{"String", "Number", "Binary"}, kindOf(a.DataType)) {
		return errParameter.with("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	}
	if a.binary() && len(a.BinaryValue) == 0 || !a.binary() && a.StringValue == "" {
		return errParameter.with("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, a.DataType)
	}
	if a.binary() && a.StringValue != "" || !a.binary() && len(a.BinaryValue) > 0 {
		return errParameter.with("Message (user) attribute '%s' has a value that does not match its type '%s'.", name, a.DataType)
	}
	if _, err := strconv.ParseFloat(a.StringValue, 64); err != nil && kindOf(a.DataType) == "Number" {
		return errParameter.with("Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	return checkText(a.StringValue)
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // the protocol's checksum
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes is the checksum that clients verify: over every attribute, by
// name, each part after its length, the value after a byte for its kind. It is
// empty when there are none.
func md5OfAttributes(attrs map[string]attribute) string {
	if len(attrs) == 0 {
		return ""
	}
	var b []byte
	part := func(p string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p))) //nolint:gosec // at most 1 MiB
		b = append(b, p...)
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		a := attrs[name]
		part(name)
		part(a.DataType)
		if a.binary() {
			b = append(b, 2)
			part(string(a.BinaryValue))
			continue
		}
		b = append(b, 1)
		part(a.StringValue)
	}
	return md5Hex(string(b))
}

// receipt is what a receipt handle says: which delivery of which message.
type receipt struct {
	Queue    string `json:"q"`
	Seq      uint64 `json:"s"`
	Delivery int    `json:"n"`
}

func (r receipt) handle() string {
	b, _ := json.Marshal(r) // strings and numbers cannot fail
	return base64.StdEncoding.EncodeToString(b)
}

func parseHandle(q *queue, handle string) (receipt, error) {
	var r receipt
	if handle == "" {
		return r, missing("ReceiptHandle")
	}
	b, err := base64.StdEncoding.DecodeString(handle)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil || r.Queue != q.name || r.Seq == 0 {
		return r, errHandle.with("The input receipt handle \"%s\" is not a valid receipt handle.", handle)
	}
	return r, nil
}

// sequenceNumber is how a FIFO queue shows the place of a message.
func sequenceNumber(seq uint64) string { return fmt.Sprintf("188%017d", seq) }
