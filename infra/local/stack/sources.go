package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/eventsource"
	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/mail"
	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/infra/local/template"
)

// A mapping reads a stream or a queue for a function.
type mapping interface {
	Run(ctx context.Context) error
	WaitDrained(ctx context.Context) error
}

// Invoke calls a function for an event source, and counts.
func (s *Stack) invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	s.invoked.Add(1)
	return lambda.Sync{Manager: s.lambda}.Invoke(ctx, function, payload)
}

// invoker is s.invoke as event sources want it.
type invoker func(context.Context, string, []byte) ([]byte, string, error)

// Invoke calls a function.
func (f invoker) Invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	return f(ctx, function, payload)
}

func (s *Stack) startMappings(ctx context.Context) error {
	if err := os.MkdirAll(s.path("checkpoints"), 0o700); err != nil {
		return err
	}
	for _, f := range s.Model.Functions {
		for _, source := range f.Streams {
			if err := s.startStream(ctx, f, source); err != nil {
				return fmt.Errorf("%s of %s: %w", source.ID, f.ID, err)
			}
		}
		for _, source := range f.Queues {
			if err := s.startQueue(f, source); err != nil {
				return fmt.Errorf("%s of %s: %w", source.ID, f.ID, err)
			}
		}
	}
	return nil
}

func (s *Stack) startStream(ctx context.Context, f template.Function, source template.Stream) error {
	table, err := s.clients.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &source.Table})
	if err != nil {
		return err
	}
	filter, err := eventsource.ParseFilter(source.Filters...)
	if err != nil {
		return err
	}
	cfg, err := s.AWS(ctx)
	if err != nil {
		return err
	}
	streams := dynamodbstreams.NewFromConfig(cfg)
	sc := eventsource.StreamConfig{
		Client: streams, StreamARN: aws.ToString(table.Table.LatestStreamArn),
		Function: f.Name, FunctionARN: f.ARN, Invoker: invoker(s.invoke), Region: region,
		StartingPosition: source.StartingPosition, BatchSize: source.BatchSize, Window: source.Window, Filter: filter,
		ReportFailures: source.ReportFailures, Bisect: source.Bisect, MaxRetries: &source.Retries, MaxAge: max(source.MaxAge, 0),
		Parallel: source.Parallelization, Chaos: s.chaos(), Log: s.cfg.Log.With("function", f.Name),
	}
	if !s.cfg.Memory {
		sc.Checkpoint = s.path("checkpoints/" + source.ID + ".json")
	}
	if source.OnFailure != "" {
		url := s.queueURL(lastOf(source.OnFailure))
		sc.OnFailure = func(ctx context.Context, body []byte) error { return s.send(ctx, url, body) }
	}
	m, err := eventsource.NewStream(sc)
	if err != nil {
		return err
	}
	s.startMapping(m, source.Enabled)
	return nil
}

func (s *Stack) startQueue(f template.Function, source template.QueueSource) error {
	filter, err := eventsource.ParseFilter(source.Filters...)
	if err != nil {
		return err
	}
	m, err := eventsource.NewQueue(eventsource.QueueConfig{
		Client: s.clients.SQS, QueueURL: s.queueURL(source.Queue),
		QueueARN: fmt.Sprintf("arn:aws:sqs:%s:%s:%s", region, accountID, source.Queue),
		Function: f.Name, Invoker: invoker(s.invoke), Region: region,
		BatchSize: source.BatchSize, Window: source.Window, Filter: filter, ReportFailures: source.ReportFailures,
		MaxConcurrency: source.MaxConcurrency, Chaos: s.chaos(), Log: s.cfg.Log.With("function", f.Name),
	})
	if err != nil {
		return err
	}
	s.startMapping(m, source.Enabled)
	return nil
}

func (s *Stack) startMapping(m mapping, enabled bool) {
	if !enabled {
		return
	}
	s.mappings = append(s.mappings, m)
	s.running.Go(func() {
		if err := m.Run(s.run); !errors.Is(err, context.Canceled) {
			s.cfg.Log.Error("event source ended", "err", err)
		}
	})
}

// chaos gives each mapping trouble of its own.
func (s *Stack) chaos() eventsource.Chaos {
	c := s.cfg.Chaos
	c.Seed += uint64(len(s.mappings))
	return c
}

// Drained returns once nothing is left to do: every queue that a function
// reads is empty, and every stream read to its end, also of what doing that
// wrote.
func (s *Stack) Drained(ctx context.Context) error {
	for {
		before := s.invoked.Load()
		for _, m := range s.mappings {
			if err := m.WaitDrained(ctx); err != nil {
				return err
			}
		}
		if s.invoked.Load() == before {
			return nil
		}
	}
}

// setUpNotifications lets S3 announce objects, and opens the SMTP port. A
// bucket that is new gets what AWS sends when this is set up.
func (s *Stack) setUpNotifications() error {
	isNew := false
	marker := s.path("set-up")
	if _, err := os.Stat(marker); errors.Is(err, os.ErrNotExist) {
		isNew = true
	}
	rule := template.MailRule{}
	if len(s.Model.MailRules) > 0 {
		rule = s.Model.MailRules[0]
	}
	if rule.Enabled {
		action := rule.Actions[0]
		cfg := mail.Config{
			Put:    func(key string, content []byte) error { return s.s3.Put(action.Bucket, key, content) },
			Prefix: action.Prefix, Recipients: rule.Recipients, Region: region, Bucket: action.Bucket, Topic: action.Topic,
		}
		if action.Topic != "" {
			cfg.Announce = func(notice []byte) error {
				return s.publish(action.Topic, "Amazon SES Email Receipt Notification", string(notice))
			}
		}
		s.mail = mail.New(cfg)
		s.running.Go(func() { _ = s.mail.Serve(s.at.smtp) })
	}
	if !isNew {
		return nil
	}
	for _, b := range s.Model.Buckets {
		for _, n := range b.Notifications {
			if err := s.send(s.run, s.queueURL(lastOf(n.Target)), s3.TestEventJSON(b.Name, time.Now())); err != nil {
				return err
			}
		}
	}
	if s.mail != nil {
		if err := s.mail.SetUp(); err != nil {
			return err
		}
	}
	return os.WriteFile(marker, nil, 0o600)
}

// notify announces an object to the queues that asked for it.
func (s *Stack) notify(e s3.Event) error {
	for _, b := range s.Model.Buckets {
		for _, n := range b.Notifications {
			if b.Name != e.Bucket || !announces(n, e) {
				continue
			}
			if err := s.send(s.run, s.queueURL(lastOf(n.Target)), e.JSON(b.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

func announces(n template.Notification, e s3.Event) bool {
	wanted, err := path.Match(strings.TrimPrefix(n.Event, "s3:"), e.Name)
	return err == nil && wanted && strings.HasPrefix(e.Key, n.Prefix) && strings.HasSuffix(e.Key, n.Suffix)
}

// asyncFailed sends word of an asynchronous invocation that was given up on.
func (s *Stack) asyncFailed(failure lambda.Failure) {
	for _, f := range s.Model.Functions {
		if f.Name != failure.Function || f.Async.OnFailure == "" {
			continue
		}
		if err := s.send(s.run, s.queueURL(lastOf(f.Async.OnFailure)), failure.Record()); err != nil {
			s.cfg.Log.Error("on-failure destination", "function", f.Name, "err", err)
		}
	}
}

func (s *Stack) send(ctx context.Context, queueURL string, body []byte) error {
	_, err := s.clients.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queueURL, MessageBody: aws.String(string(body))})
	return err
}

// killNowAndThen kills processes at random, if the stack is to misbehave.
func (s *Stack) killNowAndThen() {
	if s.cfg.KillEvery == 0 {
		return
	}
	tick := time.NewTicker(s.cfg.KillEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if name := s.lambda.KillAny(); name != "" {
				s.cfg.Log.Info("killed a process on purpose", "function", name)
			}
		case <-s.run.Done():
			return
		}
	}
}

// lastOf is the name at the end of the ARN of a queue.
func lastOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// queueName is the name of the queue of the template with that ARN.
func queueName(m *template.Model, arn string) string {
	for _, q := range m.Queues {
		if q.ARN == arn {
			return q.Name
		}
	}
	return ""
}
