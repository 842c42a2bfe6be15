// Package template reads the AWS SAM template of Heard's stack. It returns a
// [Model] of the resources that run on the local machine, such as functions,
// tables, queues and buckets, with all references resolved.
//
// The package supports the resource types, properties and functions that the
// template uses. It refuses all others with an error that names them and their
// line. A parser that ignored or guessed them could accept a stack that fails
// on AWS. Resource types without a local effect, such as alarms, permissions
// and log groups, are listed explicitly.
package template

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// An Error describes a mistake on one line of the template.
type Error struct {
	Line int
	Msg  string
}

func (e Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Msg) }

// Options configure the stack. Empty fields have local defaults.
type Options struct {
	Parameters map[string]string // override the defaults of the template
	Region     string
	AccountID  string
	StackName  string

	// QueueURL returns the URL of a queue. If nil, queues have the URLs of AWS.
	QueueURL func(name string) string
	// Attributes overrides values in the template, by "LogicalID.Attribute"
	// (for example "Api.ApiEndpoint") or, for Ref, by "LogicalID".
	Attributes map[string]string
}

// A Model is the stack as it runs on the local machine. Lists are in the order
// of the template.
type Model struct {
	Description   string
	Region        string
	AccountID     string
	StackName     string
	Parameters    []Parameter
	Functions     []Function
	Permissions   []Permission
	HTTPAPIs      []HTTPAPI
	WebSocketAPIs []WebSocketAPI
	Tables        []Table
	Queues        []Queue
	Buckets       []Bucket
	Secrets       []Secret
	Topics        []Topic
	MailRules     []MailRule
	SendingEvents []SendingEvents
	Outputs       []Output
}

// A Parameter is one parameter of the template with its value.
type Parameter struct {
	Name        string
	Type        string
	Description string
	Default     string
	Value       string
	NoEcho      bool
}

// An Output is one output of the template with its value.
type Output struct {
	Name        string
	Description string
	Value       string
}

// A Function is one Lambda function with its triggers, except HTTP routes,
// which are part of their API.
type Function struct {
	ID          string // logical id
	Name        string
	ARN         string
	CodeURI     string
	Handler     string
	Env         map[string]string
	Timeout     time.Duration
	MemoryMB    int
	Concurrency int // reserved concurrency; 0 means unlimited
	Async       Async
	Streams     []Stream
	Queues      []QueueSource
	Schedules   []Schedule
	Topics      []string // ARNs of SNS topics
}

// A Permission is an AWS::Lambda::Permission: one statement of a function's
// resource policy.
type Permission struct {
	ID        string
	Function  string // function name
	Principal string // for example apigateway.amazonaws.com
	SourceARN string
}

// Async configures the retries of asynchronous invocations.
type Async struct {
	Retries   int
	MaxAge    time.Duration
	OnFailure string // ARN of the destination
}

// A Stream is an event source mapping of a table's stream.
type Stream struct {
	ID               string
	Table            string // table name
	Enabled          bool
	StartingPosition string
	BatchSize        int
	Window           time.Duration
	Parallelization  int
	Filters          []string // JSON patterns
	Bisect           bool
	Retries          int           // -1 means unlimited
	MaxAge           time.Duration // negative means unlimited
	ReportFailures   bool          // FunctionResponseTypes has ReportBatchItemFailures
	OnFailure        string        // ARN of the destination
}

// A QueueSource is an event source mapping of a queue.
type QueueSource struct {
	ID             string
	Queue          string // queue name
	Enabled        bool
	BatchSize      int
	Window         time.Duration
	Filters        []string
	ReportFailures bool
	MaxConcurrency int // 0 means unlimited
}

// A Schedule invokes a function at certain times.
type Schedule struct {
	ID         string
	Name       string
	Expression string // rate(...) or cron(...)
	Input      string
	Enabled    bool
}

// Parse parses a template. If it has mistakes, the error joins one [Error] for
// each, sorted by line.
func Parse(src []byte, opt Options) (*Model, error) {
	root, err := readYAML(src)
	if err != nil {
		return nil, err
	}
	b := newBuilder(root, opt)
	b.buildModel()
	if len(b.errs) > 0 {
		slices.SortStableFunc(b.errs, func(x, y Error) int { return cmp.Compare(x.Line, y.Line) })
		joined := make([]error, len(b.errs))
		for i, e := range b.errs {
			joined[i] = e
		}
		return nil, errors.Join(joined...)
	}
	return &b.model, nil
}
