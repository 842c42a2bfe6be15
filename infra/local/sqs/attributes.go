package sqs

import (
	"encoding/json"
	"errors"
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

// attributeDefaults are the values of attributes that a queue does not set.
var attributeDefaults = map[string]string{
	attrVisibility: "30",
	attrDelay:      "0",
	attrRetention:  "345600",
	attrWait:       "0",
	attrMaxSize:    strconv.Itoa(maxMessageSize),
	attrManagedSSE: "true",
}

var fifoAttributeDefaults = map[string]string{
	attrContentBased: "false",
	attrScope:        "queue",
	attrThroughput:   "perQueue",
}

// settableAttributes maps each attribute that a client may set to its
// validation.
var settableAttributes = map[string]func(string) bool{
	attrVisibility:                 isBetween(0, maxVisibility),
	attrDelay:                      isBetween(0, 900),
	attrRetention:                  isBetween(60, 1_209_600),
	attrWait:                       isBetween(0, 20),
	attrMaxSize:                    isBetween(1024, maxMessageSize),
	"KmsDataKeyReusePeriodSeconds": isBetween(60, 86_400),
	"KmsMasterKeyId":               func(string) bool { return true },
	attrFifo:                       isOneOf("true", "false"),
	attrContentBased:               isOneOf("true", "false"),
	attrManagedSSE:                 isOneOf("true", "false"),
	attrScope:                      isOneOf("queue", "messageGroup"),
	attrThroughput:                 isOneOf("perQueue", "perMessageGroupId"),
	"Policy":                       func(v string) bool { return json.Valid([]byte(v)) },
	attrRedrive:                    func(v string) bool { _, err := parseRedrivePolicy(v); return err == nil },
	attrRedriveAllow:               func(v string) bool { _, err := parseRedriveAllowPolicy(v); return err == nil },
}

// readOnlyAttributes are the attributes that a client can read but not set.
var readOnlyAttributes = []string{
	"QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "ApproximateNumberOfMessages",
	"ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
}

func isBetween(low, high int) func(string) bool {
	return func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && n >= low && n <= high
	}
}

func isOneOf(values ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(values, v) }
}

var queueNamePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkQueueName validates a queue's name and its type. The .fifo suffix counts
// towards the limit of 80 characters.
func checkQueueName(name string, fifo bool) error {
	stem, hasSuffix := strings.CutSuffix(name, ".fifo")
	wrongType := hasSuffix && !fifo
	if !queueNamePattern.MatchString(stem) || len(name) > 80 || wrongType {
		return errParameter.withMessage("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if fifo && !hasSuffix {
		return errParameter.withMessage("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length")
	}
	return nil
}

// mergeAttributes returns the attributes have, changed by set, after
// validation. An empty value in set removes the attribute.
func mergeAttributes(have, set map[string]string) (map[string]string, error) {
	out := maps.Clone(have)
	if out == nil {
		out = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		value := set[name]
		valid, known := settableAttributes[name]
		if !known {
			return nil, errAttributeName.withMessage("Unknown Attribute %s.", name)
		}
		if value == "" {
			delete(out, name)
			continue
		}
		if !valid(value) {
			return nil, errAttributeValue.withMessage("Invalid value for the parameter %s.", name)
		}
		out[name] = value
	}
	if out[attrFifo] == "true" {
		if out[attrThroughput] == "perMessageGroupId" && out[attrScope] != "messageGroup" {
			return nil, errAttributeValue.withMessage("Invalid value for the parameter %s. Reason: perMessageGroupId needs DeduplicationScope messageGroup.", attrThroughput)
		}
		return out, nil
	}
	for name := range fifoAttributeDefaults {
		if _, set := out[name]; set {
			return nil, errAttributeName.withMessage("Unknown Attribute %s.", name)
		}
	}
	delete(out, attrFifo)
	return out, nil
}

// equalAttributes compares two attribute values. Policies are compared as JSON.
func equalAttributes(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// attributeValue returns the value of an attribute, or its default. ok is false
// if this type of queue does not have it.
func (q *queue) attributeValue(name string) (value string, ok bool) {
	if v, set := q.attrs[name]; set {
		return v, true
	}
	if v, set := attributeDefaults[name]; set {
		return v, true
	}
	v, set := fifoAttributeDefaults[name]
	return v, set && q.fifo
}

func parseRedrivePolicy(policy string) (*redrivePolicy, error) {
	if policy == "" {
		return nil, nil // a queue may have no policy
	}
	var p redrivePolicy
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return nil, err
	}
	n, err := p.Max.Int64()
	if err != nil || n < 1 || n > 1000 {
		return nil, errors.New("maxReceiveCount must be 1 to 1000")
	}
	if p.Target == "" {
		return nil, errors.New("deadLetterTargetArn must be set")
	}
	p.max = int(n)
	return &p, nil
}

type redriveAllowPolicy struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

func parseRedriveAllowPolicy(policy string) (redriveAllowPolicy, error) {
	allow := redriveAllowPolicy{Permission: "allowAll"}
	if policy == "" {
		return allow, nil
	}
	if err := json.Unmarshal([]byte(policy), &allow); err != nil {
		return allow, err
	}
	if !isOneOf("allowAll", "denyAll", "byQueue")(allow.Permission) {
		return allow, errors.New("redrivePermission must be allowAll, denyAll or byQueue")
	}
	byQueue := allow.Permission == "byQueue"
	if byQueue != (len(allow.Sources) > 0) || len(allow.Sources) > 10 {
		return allow, errors.New("sourceQueueArns must have 1 to 10 ARNs for byQueue, and none otherwise")
	}
	return allow, nil
}

func (a redriveAllowPolicy) allowsSource(arn string) bool {
	return a.Permission == "allowAll" || (a.Permission == "byQueue" && slices.Contains(a.Sources, arn))
}

// checkRedrivePolicy checks that the dead-letter queue in attrs exists, has the
// same type as the queue, and allows it as a source.
func (s *Server) checkRedrivePolicy(name string, attrs map[string]string) error {
	policy := attrs[attrRedrive]
	p, err := parseRedrivePolicy(policy)
	if err != nil || p == nil {
		return err
	}
	if !strings.HasPrefix(p.Target, "arn:") {
		return invalidParameter(policy, attrRedrive, "Invalid value for deadLetterTargetArn.")
	}
	target := s.queueByARN(p.Target)
	if target == nil {
		return invalidParameter(policy, attrRedrive, "Dead letter target does not exist.")
	}
	if target.fifo != (attrs[attrFifo] == "true") {
		return invalidParameter(policy, attrRedrive, "Dead-letter queue must be same type of queue as the source.")
	}
	allow, err := parseRedriveAllowPolicy(target.attrs[attrRedriveAllow])
	if err != nil || !allow.allowsSource(s.queueARN(name)) {
		return invalidParameter(policy, attrRedrive, "The dead-letter queue's RedriveAllowPolicy does not allow this source queue.")
	}
	return nil
}
