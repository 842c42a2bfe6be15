// Package template reads the AWS SAM template that describes Heard's stack
// and says what of it runs on this machine: functions, tables, queues,
// buckets and the rest, with every reference resolved.
//
// It knows the resource types, properties and functions that the template
// uses, and refuses every other by its name and line. A reader that guessed
// would make a stack that works here and not on AWS. What has no effect here
// (alarms, permissions, log groups) is accepted because a table says so.
package template

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// An Error is what is wrong with one line of the template.
type Error struct {
	Line int
	Msg  string
}

func (e Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Msg) }

// Options say where the stack runs. What is left out has a local default.
type Options struct {
	Parameters map[string]string // over the defaults of the template
	Region     string
	AccountID  string
	StackName  string

	// QueueURL gives the URL of a queue; absent, it is AWS's.
	QueueURL func(name string) string
	// Attributes replaces what the template gets for "LogicalID.Attribute"
	// ("Api.ApiEndpoint") or, for Ref, "LogicalID".
	Attributes map[string]string
}

// A Model is the stack as this machine runs it. Lists are in the order of the
// template.
type Model struct {
	Description   string
	Region        string
	AccountID     string
	StackName     string
	Parameters    []Parameter
	Functions     []Function
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

// A Parameter is one value the template asks for.
type Parameter struct {
	Name        string
	Type        string
	Description string
	Default     string
	Value       string
	NoEcho      bool
}

// An Output is one value the template gives back.
type Output struct {
	Name        string
	Description string
	Value       string
}

// A Function is one Lambda function, and what calls it but for HTTP routes,
// which are with their API.
type Function struct {
	ID          string // the logical id
	Name        string
	ARN         string
	CodeURI     string
	Handler     string
	Env         map[string]string
	Timeout     time.Duration
	MemoryMB    int
	Concurrency int // reserved; 0 is no limit
	Async       Async
	Streams     []Stream
	Queues      []QueueSource
	Schedules   []Schedule
	Topics      []string // ARNs of SNS topics
}

// Async says what becomes of an asynchronous invocation that fails.
type Async struct {
	Retries   int
	MaxAge    time.Duration
	OnFailure string // an ARN
}

// A Stream is an event source mapping of a table's stream.
type Stream struct {
	ID               string
	Table            string // the name of the table
	Enabled          bool
	StartingPosition string
	BatchSize        int
	Window           time.Duration
	Parallelization  int
	Filters          []string // patterns, JSON
	Bisect           bool
	Retries          int           // -1 is for ever
	MaxAge           time.Duration // negative is for ever
	ReportFailures   bool          // FunctionResponseTypes has ReportBatchItemFailures
	OnFailure        string        // an ARN
}

// A QueueSource is an event source mapping of a queue.
type QueueSource struct {
	ID             string
	Queue          string // the name of the queue
	Enabled        bool
	BatchSize      int
	Window         time.Duration
	Filters        []string
	ReportFailures bool
	MaxConcurrency int // 0 is no limit
}

// A Schedule calls a function at times.
type Schedule struct {
	ID         string
	Name       string
	Expression string // rate(...) or cron(...)
	Input      string
	Enabled    bool
}

// Parse reads a template. Its error joins an [Error] for each line that is
// wrong.
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
