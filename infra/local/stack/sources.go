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

// A mapping reads a stream or a queue and invokes a function.
type mapping interface {
	Run(ctx context.Context) error
	WaitDrained(ctx context.Context) error
}

// invokeAndCount invokes a function for an event source and counts the
// invocation.
func (s *Stack) invokeAndCount(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	s.invoked.Add(1)
	return lambda.Sync{Manager: s.lambda}.Invoke(ctx, function, payload)
}

// invoker adapts a function to the Invoker interface of package eventsource.
type invoker func(context.Context, string, []byte) ([]byte, string, error)

// Invoke calls f.
func (f invoker) Invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	return f(ctx, function, payload)
}

func (s *Stack) startMappings(ctx context.Context) error {
	if err := os.MkdirAll(s.dataPath("checkpoints"), 0o700); err != nil {
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
		return fmt.Errorf("describe table %s: %w", source.Table, err)
	}
	filter, err := eventsource.ParseFilter(source.Filters...)
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	cfg, err := s.AWS(ctx)
	if err != nil {
		return fmt.Errorf("settings of the SDK: %w", err)
	}
	streams := dynamodbstreams.NewFromConfig(cfg)
	sc := eventsource.StreamConfig{
		Client: streams, StreamARN: aws.ToString(table.Table.LatestStreamArn),
		Function: f.Name, FunctionARN: f.ARN, Invoker: invoker(s.invokeAndCount), Region: region,
		StartingPosition: source.StartingPosition, BatchSize: source.BatchSize, Window: source.Window, Filter: filter,
		ReportFailures: source.ReportFailures, Bisect: source.Bisect, MaxRetries: &source.Retries, MaxAge: max(source.MaxAge, 0),
		Parallel: source.Parallelization, Chaos: s.nextChaos(), Log: s.cfg.Log.With("function", f.Name),
	}
	if !s.cfg.Memory {
		sc.Checkpoint = s.dataPath("checkpoints/" + source.ID + ".json")
	}
	if source.OnFailure != "" {
		url := s.queueURL(arnName(source.OnFailure))
		sc.OnFailure = func(ctx context.Context, body []byte) error { return s.sendToQueue(ctx, url, body) }
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
		return fmt.Errorf("filter: %w", err)
	}
	m, err := eventsource.NewQueue(eventsource.QueueConfig{
		Client: s.clients.SQS, QueueURL: s.queueURL(source.Queue),
		QueueARN: fmt.Sprintf("arn:aws:sqs:%s:%s:%s", region, accountID, source.Queue),
		Function: f.Name, Invoker: invoker(s.invokeAndCount), Region: region,
		BatchSize: source.BatchSize, Window: source.Window, Filter: filter, ReportFailures: source.ReportFailures,
		MaxConcurrency: source.MaxConcurrency, Chaos: s.nextChaos(), Log: s.cfg.Log.With("function", f.Name),
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
	s.background.Go(func() {
		if err := m.Run(s.run); !errors.Is(err, context.Canceled) {
			s.cfg.Log.Error("event source ended", "err", err)
		}
	})
}

// nextChaos returns the configured chaos with a different seed for each mapping.
func (s *Stack) nextChaos() eventsource.Chaos {
	c := s.cfg.Chaos
	c.Seed += uint64(len(s.mappings))
	return c
}

// Drained waits until the event sources have no work left: every queue that a
// function reads is empty, and every stream is read to its end. It also waits for
// the work that the invocations themselves add.
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

// setUpNotifications starts the SMTP server. On the first start with a data
// folder it also sends the test events and the test mail that AWS sends when
// notifications are set up.
func (s *Stack) setUpNotifications() error {
	isNew := false
	marker := s.dataPath("set-up")
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
				return s.publishToTopic(action.Topic, "Amazon SES Email Receipt Notification", string(notice))
			}
		}
		s.mail = mail.New(cfg)
		s.background.Go(func() { _ = s.mail.Serve(s.at.smtp) })
	}
	if !isNew {
		return nil
	}
	for _, b := range s.Model.Buckets {
		for _, n := range b.Notifications {
			if err := s.sendToQueue(s.run, s.queueURL(arnName(n.Target)), s3.TestEventJSON(b.Name, time.Now())); err != nil {
				return fmt.Errorf("send the test event of bucket %s: %w", b.Name, err)
			}
		}
	}
	if s.mail != nil {
		if err := s.mail.SetUp(); err != nil {
			return fmt.Errorf("store the test mail: %w", err)
		}
	}
	return os.WriteFile(marker, nil, 0o600)
}

// notifyQueues sends an S3 event to the queues whose notifications match it.
func (s *Stack) notifyQueues(e s3.Event) error {
	for _, b := range s.Model.Buckets {
		for _, n := range b.Notifications {
			if b.Name != e.Bucket || !matchesEvent(n, e) {
				continue
			}
			if err := s.sendToQueue(s.run, s.queueURL(arnName(n.Target)), e.JSON(b.ID)); err != nil {
				return fmt.Errorf("send to %s: %w", arnName(n.Target), err)
			}
		}
	}
	return nil
}

func matchesEvent(n template.Notification, e s3.Event) bool {
	wanted, err := path.Match(strings.TrimPrefix(n.Event, "s3:"), e.Name)
	if err != nil || !wanted {
		return false
	}
	return strings.HasPrefix(e.Key, n.Prefix) && strings.HasSuffix(e.Key, n.Suffix)
}

// sendFailure sends the record of a failed asynchronous invocation to the
// on-failure queue of the function.
func (s *Stack) sendFailure(failure lambda.Failure) {
	for _, f := range s.Model.Functions {
		if f.Name != failure.Function || f.Async.OnFailure == "" {
			continue
		}
		if err := s.sendToQueue(s.run, s.queueURL(arnName(f.Async.OnFailure)), failure.Record()); err != nil {
			s.cfg.Log.Error("cannot send to the on-failure destination", "function", f.Name, "err", err)
		}
	}
}

func (s *Stack) sendToQueue(ctx context.Context, queueURL string, body []byte) error {
	_, err := s.clients.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queueURL, MessageBody: aws.String(string(body))})
	return err
}

// killPeriodically kills a random process every Config.KillEvery until Close.
func (s *Stack) killPeriodically() {
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

// arnName returns the last part of the ARN of a queue: its name.
func arnName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// queueName returns the name of the queue of the template with an ARN, or "".
func queueName(m *template.Model, arn string) string {
	for _, q := range m.Queues {
		if q.ARN == arn {
			return q.Name
		}
	}
	return ""
}
