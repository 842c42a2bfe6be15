package sqs

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	attrFifo         = "FifoQueue"
	attrContentBased = "ContentBasedDeduplication"
	attrScope        = "DeduplicationScope"
	attrThroughput   = "FifoThroughputLimit"
	attrVisibility   = "VisibilityTimeout"
	attrDelay        = "DelaySeconds"
	attrRetention    = "MessageRetentionPeriod"
	attrWait         = "ReceiveMessageWaitTimeSeconds"
	attrMaxSize      = "MaximumMessageSize"
	attrRedrive      = "RedrivePolicy"
	attrRedriveAllow = "RedriveAllowPolicy"
	attrManagedSSE   = "SqsManagedSseEnabled"

	maxMessageSize = 1 << 20
	maxVisibility  = 43_200 // s
)

// defaults are what a queue has that says nothing else.
var defaults = map[string]string{
	attrVisibility: "30",
	attrDelay:      "0",
	attrRetention:  "345600",
	attrWait:       "0",
	attrMaxSize:    strconv.Itoa(maxMessageSize),
	attrManagedSSE: "true",
}

var fifoDefaults = map[string]string{
	attrContentBased: "false",
	attrScope:        "queue",
	attrThroughput:   "perQueue",
}

// settable says of each attribute that a client may set whether a value is valid.
var settable = map[string]func(string) bool{
	attrVisibility:                 between(0, maxVisibility),
	attrDelay:                      between(0, 900),
	attrRetention:                  between(60, 1_209_600),
	attrWait:                       between(0, 20),
	attrMaxSize:                    between(1024, maxMessageSize),
	"KmsDataKeyReusePeriodSeconds": between(60, 86_400),
	"KmsMasterKeyId":               func(string) bool { return true },
	attrFifo:                       oneOf("true", "false"),
	attrContentBased:               oneOf("true", "false"),
	attrManagedSSE:                 oneOf("true", "false"),
	attrScope:                      oneOf("queue", "messageGroup"),
	attrThroughput:                 oneOf("perQueue", "perMessageGroupId"),
	"Policy":                       func(v string) bool { return json.Valid([]byte(v)) },
	attrRedrive:                    func(v string) bool { _, err := parseRedrive(v); return err == nil },
	attrRedriveAllow:               func(v string) bool { _, err := parseRedriveAllow(v); return err == nil },
}

// readable are the attributes that a client can only ask for.
var readable = []string{
	"QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "ApproximateNumberOfMessages",
	"ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
}

func between(low, high int) func(string) bool {
	return func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && n >= low && n <= high
	}
}

func oneOf(values ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(values, v) }
}

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkName agrees with a queue's name and type. The suffix counts to the 80.
func checkName(name string, fifo bool) error {
	stem, dotted := strings.CutSuffix(name, ".fifo")
	if !queueName.MatchString(stem) || len(name) > 80 || dotted && !fifo {
		return errParameter.with("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if fifo && !dotted {
		return errParameter.with("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length")
	}
	return nil
}

// merge is the attributes of a queue after a client has set some. An empty
// value takes an attribute away.
func merge(have, set map[string]string) (map[string]string, error) {
	out := maps.Clone(have)
	if out == nil {
		out = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		value := set[name]
		valid, known := settable[name]
		if !known {
			return nil, errAttributeName.with("Unknown Attribute %s.", name)
		}
		if value == "" {
			delete(out, name)
			continue
		}
		if !valid(value) {
			return nil, errAttributeValue.with("Invalid value for the parameter %s.", name)
		}
		out[name] = value
	}
	if out[attrFifo] == "true" {
		if out[attrThroughput] == "perMessageGroupId" && out[attrScope] != "messageGroup" {
			return nil, errAttributeValue.with("Invalid value for the parameter %s. Reason: perMessageGroupId needs DeduplicationScope messageGroup.", attrThroughput)
		}
		return out, nil
	}
	for name := range fifoDefaults {
		if _, set := out[name]; set {
			return nil, errAttributeName.with("Unknown Attribute %s.", name)
		}
	}
	delete(out, attrFifo)
	return out, nil
}

// sameAttribute compares two values, policies by their meaning.
func sameAttribute(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// attribute is the value of an attribute; ok is false when the queue has none.
func (q *queue) attribute(name string) (value string, ok bool) {
	if v, set := q.attrs[name]; set {
		return v, true
	}
	if v, set := defaults[name]; set {
		return v, true
	}
	v, set := fifoDefaults[name]
	return v, set && q.fifo
}

func parseRedrive(policy string) (*redrivePolicy, error) {
	if policy == "" {
		return nil, nil // no policy is a fine policy
	}
	var p redrivePolicy
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return nil, err
	}
	n, err := p.Max.Int64()
	if err != nil || n < 1 || n > 1000 || p.Target == "" {
		return nil, fmt.Errorf("incomplete redrive policy")
	}
	p.max = int(n)
	return &p, nil
}

type redriveAllow struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

func parseRedriveAllow(policy string) (redriveAllow, error) {
	allow := redriveAllow{Permission: "allowAll"}
	if policy == "" {
		return allow, nil
	}
	if err := json.Unmarshal([]byte(policy), &allow); err != nil {
		return allow, err
	}
	byQueue := allow.Permission == "byQueue"
	if !oneOf("allowAll", "denyAll", "byQueue")(allow.Permission) || byQueue != (len(allow.Sources) > 0) || len(allow.Sources) > 10 {
		return allow, fmt.Errorf("invalid redrive allow policy")
	}
	return allow, nil
}

func (a redriveAllow) allows(arn string) bool {
	return a.Permission == "allowAll" || a.Permission == "byQueue" && slices.Contains(a.Sources, arn)
}

// checkRedrive sees that the dead-letter queue of a queue's attributes is there,
// of the same type, and willing.
func (s *Server) checkRedrive(name string, attrs map[string]string) error {
	policy := attrs[attrRedrive]
	p, err := parseRedrive(policy)
	if err != nil || p == nil {
		return err
	}
	if !strings.HasPrefix(p.Target, "arn:") {
		return invalid(policy, attrRedrive, "Invalid value for deadLetterTargetArn.")
	}
	target := s.byARN(p.Target)
	if target == nil {
		return invalid(policy, attrRedrive, "Dead letter target does not exist.")
	}
	if target.fifo != (attrs[attrFifo] == "true") {
		return invalid(policy, attrRedrive, "Dead-letter queue must be same type of queue as the source.")
	}
	allow, err := parseRedriveAllow(target.attrs[attrRedriveAllow])
	if err != nil || !allow.allows(s.arn(name)) {
		return invalid(policy, attrRedrive, "The dead-letter queue's RedriveAllowPolicy does not allow this source queue.")
	}
	return nil
}
