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

// messageAttribute is the value of a message attribute.
type messageAttribute struct {
	DataType    string `json:"DataType"`
	StringValue string `json:"StringValue,omitempty"`
	BinaryValue []byte `json:"BinaryValue,omitempty"`
}

func (a messageAttribute) isBinary() bool { return baseDataType(a.DataType) == "Binary" }

// baseDataType returns a data type without its custom label: Number for
// Number.float.
func baseDataType(dataType string) string {
	kind, _, _ := strings.Cut(dataType, ".")
	return kind
}

var (
	attributeNamePattern = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	idPattern            = regexp.MustCompile(`^[!-~]{1,128}$`)
)

const traceHeader = "AWSTraceHeader"

// newMessage validates a send request and returns its message and its
// deduplication key, which is empty on a standard queue.
func (q *queue) newMessage(e *entry, now int64) (message, string, error) {
	if e.MessageBody == "" {
		return message{}, "", missingParameter("MessageBody")
	}
	m := message{Body: e.MessageBody, Attrs: e.MessageAttributes, Group: e.MessageGroupID, Dedupe: e.MessageDeduplicationID, Sent: now}
	if err := checkText(m.Body); err != nil {
		return m, "", err
	}
	if err := checkAttributes(m.Attrs); err != nil {
		return m, "", err
	}
	if m.sizeBytes() > q.maxSize {
		return m, "", errParameter.withMessage("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.maxSize)
	}
	for name, a := range e.MessageSystemAttributes {
		if name != traceHeader || a.DataType != "String" {
			return m, "", errParameter.withMessage("Message system attribute name '%s' is invalid.", name)
		}
		m.Trace = a.StringValue
	}
	delay := q.delay
	if e.DelaySeconds != nil {
		if q.fifo && *e.DelaySeconds != 0 {
			return m, "", invalidParameter(*e.DelaySeconds, attrDelay, "The request include parameter that is not valid for this queue type.")
		}
		seconds, err := optionalNumber(e.DelaySeconds, attrDelay, 0, 900, 0)
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
	if m.Group != "" && !idPattern.MatchString(m.Group) {
		return m, "", invalidParameter(m.Group, "MessageGroupId", "Can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if !q.fifo {
		if m.Dedupe != "" {
			return m, "", invalidParameter(m.Dedupe, "MessageDeduplicationId", "The request include parameter that is not valid for this queue type.")
		}
		return m, "", nil
	}
	if m.Group == "" {
		return m, "", missingParameter("MessageGroupId")
	}
	return q.setDeduplicationID(m)
}

// setDeduplicationID sets a FIFO message's deduplication id if it has none, and
// returns the message with its deduplication key.
func (q *queue) setDeduplicationID(m message) (message, string, error) {
	if m.Dedupe == "" && !q.contentBased {
		return m, "", errParameter.withMessage("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	if m.Dedupe == "" {
		sum := sha256.Sum256([]byte(m.Body))
		m.Dedupe = hex.EncodeToString(sum[:])
	}
	if !idPattern.MatchString(m.Dedupe) {
		return m, "", invalidParameter(m.Dedupe, "MessageDeduplicationId", "Can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if q.perGroup {
		return m, m.Group + " " + m.Dedupe, nil
	}
	return m, m.Dedupe, nil
}

// checkText refuses characters that XML 1.0 cannot represent, as SQS does.
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return errContents.withMessage("The message is not valid UTF-8.")
	}
	for _, r := range text {
		isControl := r < ' ' && !strings.ContainsRune("\t\n\r", r)
		if isControl || r == '\uFFFE' || r == '\uFFFF' {
			return errContents.withMessage("Invalid binary character '#x%X' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", r)
		}
	}
	return nil
}

func checkAttributes(attrs map[string]messageAttribute) error {
	if len(attrs) > 10 {
		return errParameter.withMessage("Number of message attributes [%d] exceeds the allowed maximum [10].", len(attrs))
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if err := checkAttribute(name, attrs[name]); err != nil {
			return err
		}
	}
	return nil
}

func checkAttribute(name string, a messageAttribute) error {
	if len(name) > 256 || !attributeNamePattern.MatchString(name) || isReservedName(name) {
		return errParameter.withMessage("Message (user) attribute name '%s' is invalid.", name)
	}
	if len(a.DataType) > 256 || !slices.Contains([]string{"String", "Number", "Binary"}, baseDataType(a.DataType)) {
		return errParameter.withMessage("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	}
	hasValue := a.StringValue != ""
	hasOther := len(a.BinaryValue) > 0
	if a.isBinary() {
		hasValue, hasOther = hasOther, hasValue
	}
	if !hasValue {
		return errParameter.withMessage("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, a.DataType)
	}
	if hasOther {
		return errParameter.withMessage("Message (user) attribute '%s' has a value that does not match its type '%s'.", name, a.DataType)
	}
	if _, err := strconv.ParseFloat(a.StringValue, 64); err != nil && baseDataType(a.DataType) == "Number" {
		return errParameter.withMessage("Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	return checkText(a.StringValue)
}

// isReservedName reports whether an attribute name has a prefix that AWS
// reserves.
func isReservedName(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.")
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // the protocol's checksum
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes returns the checksum that clients verify, or "" without
// attributes. It covers the attributes sorted by name: the length and text of
// the name and of the data type, a byte for the kind, and the length and
// content of the value.
func md5OfAttributes(attrs map[string]messageAttribute) string {
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
		if a.isBinary() {
			b = append(b, 2)
			part(string(a.BinaryValue))
			continue
		}
		b = append(b, 1)
		part(a.StringValue)
	}
	return md5Hex(string(b))
}

// receipt is the content of a receipt handle. It identifies one delivery of a
// message.
type receipt struct {
	Queue    string `json:"q"`
	Seq      uint64 `json:"s"`
	Delivery int    `json:"n"`
}

func (r receipt) encodeHandle() string {
	b, _ := json.Marshal(r) // strings and numbers cannot fail
	return base64.StdEncoding.EncodeToString(b)
}

func parseHandle(q *queue, handle string) (receipt, error) {
	var r receipt
	if handle == "" {
		return r, missingParameter("ReceiptHandle")
	}
	b, err := base64.StdEncoding.DecodeString(handle)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil || r.Queue != q.name || r.Seq == 0 {
		return r, errHandle.withMessage("The input receipt handle \"%s\" is not a valid receipt handle.", handle)
	}
	return r, nil
}

// formatSequenceNumber returns the SequenceNumber attribute of a FIFO message.
func formatSequenceNumber(seq uint64) string { return fmt.Sprintf("188%017d", seq) }
