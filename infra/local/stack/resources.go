package stack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/infra/local/dynamo"
	"github.com/heard-intake/heard/infra/local/lambda"
	"github.com/heard-intake/heard/infra/local/template"
)

// path is a place among the data.
func (s *Stack) path(name string) string { return filepath.Join(s.data, name) }

// binaries is where the functions are built, for all stacks of a repository: a
// binary that is up to date is not linked again.
func (s *Stack) binaries() string { return filepath.Join(s.cfg.Root, "build", "local") }

// folder is the folder of a function, below functions/ and below build/.
func folder(f template.Function) string { return path.Base(strings.TrimSuffix(f.CodeURI, "/")) }

func (s *Stack) build(ctx context.Context) error {
	if err := os.MkdirAll(s.binaries(), 0o750); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(s.binaries(), ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	var names []string
	for _, f := range s.Model.Functions {
		names = append(names, folder(f))
	}
	return lambda.Build(ctx, s.cfg.Root, s.binaries(), names)
}

// addFunctions makes the functions known. A process starts with the first
// event for it.
func (s *Stack) addFunctions() error {
	for _, f := range s.Model.Functions {
		err := s.lambda.Add(lambda.Function{
			Name: f.Name, ARN: f.ARN, Bootstrap: filepath.Join(s.binaries(), folder(f)), Handler: f.Handler,
			Env: s.environment(f), Timeout: f.Timeout, MemoryMB: f.MemoryMB,
			Concurrency: f.Concurrency, Retries: f.Async.Retries,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// environment is what the template gives a function, and what points the SDK
// in it to the stand-ins.
func (s *Stack) environment(f template.Function) []string {
	env := []string{
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=local", "AWS_EC2_METADATA_DISABLED=true",
		"TAXONOMY=" + filepath.Join(s.cfg.Root, "infra", "taxonomy.yaml"),
	}
	for service, url := range s.Endpoints {
		env = append(env, "AWS_ENDPOINT_URL_"+strings.ToUpper(strings.ReplaceAll(service, " ", "_"))+"="+url)
	}
	for name, value := range f.Env {
		env = append(env, name+"="+value)
	}
	return env
}

func (s *Stack) startTables(ctx context.Context) error {
	if err := s.StartDynamoDB(ctx); err != nil {
		return err
	}
	s.Endpoints["DynamoDB"], s.Endpoints["DynamoDB Streams"] = s.dynamo.Endpoint, s.dynamo.Endpoint
	c, err := s.Stack.Clients(ctx)
	if err != nil {
		return err
	}
	s.clients.DynamoDB = c.DynamoDB
	for _, t := range s.Model.Tables {
		if err := s.makeTable(ctx, t); err != nil {
			return fmt.Errorf("make table %s: %w", t.Name, err)
		}
	}
	return nil
}

func (s *Stack) makeTable(ctx context.Context, t template.Table) error {
	_, err := s.clients.DynamoDB.CreateTable(ctx, t.CreateInput())
	if _, there := errors.AsType[*ddb.ResourceInUseException](err); there {
		return nil
	}
	if err != nil || t.TTL == "" {
		return err
	}
	_, err = s.clients.DynamoDB.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &t.Name,
		TimeToLiveSpecification: &ddb.TimeToLiveSpecification{AttributeName: &t.TTL, Enabled: aws.Bool(true)},
	})
	return err
}

// StartDynamoDB starts DynamoDB Local, again after [Stack.KillDynamoDB].
func (s *Stack) StartDynamoDB(ctx context.Context) error {
	s.parts.Lock()
	defer s.parts.Unlock()
	cfg := dynamo.Config{Dir: s.path("dynamodb"), Port: s.at.dynamo, Log: s.cfg.Log}
	if s.cfg.Memory {
		cfg.Dir = ""
	}
	d, err := dynamo.Start(ctx, cfg)
	if err != nil {
		return err
	}
	s.dynamo, s.at.dynamo = d, d.Port
	return nil
}

// KillDynamoDB ends DynamoDB Local as a power cut would.
func (s *Stack) KillDynamoDB() {
	s.parts.Lock()
	defer s.parts.Unlock()
	s.dynamo.Kill()
}

// makeQueues makes queues as the template says they are, those without dead
// letters first: they may be where others send theirs.
func (s *Stack) makeQueues(ctx context.Context) error {
	for _, redrives := range []bool{false, true} {
		for _, q := range s.Model.Queues {
			if _, has := q.Attributes["RedrivePolicy"]; has != redrives {
				continue
			}
			if err := s.makeQueue(ctx, q); err != nil {
				return fmt.Errorf("make queue %s: %w", q.Name, err)
			}
		}
	}
	return nil
}

func (s *Stack) makeQueue(ctx context.Context, q template.Queue) error {
	_, err := s.clients.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &q.Name, Attributes: q.Attributes})
	if _, differs := errors.AsType[*sqstypes.QueueNameExists](err); differs {
		_, err = s.clients.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &q.URL, Attributes: q.Attributes})
	}
	return err
}

// KillSQS cuts off whoever talks to the queues, and ends them.
func (s *Stack) KillSQS() error {
	s.parts.Lock()
	defer s.parts.Unlock()
	if s.sqs == nil {
		return nil
	}
	err := errors.Join(s.sqsHTTP.Close(), s.sqs.Close())
	s.sqs = nil
	return err
}

// StartSQS starts the queues again, with what they had acknowledged.
func (s *Stack) StartSQS() error {
	s.parts.Lock()
	defer s.parts.Unlock()
	var err error
	if s.at.sqs, err = relisten(s.at.sqs); err != nil {
		return err
	}
	return s.serveSQS()
}

// Kill kills every process of a function, named as its folder is, and says how
// many there were.
func (s *Stack) Kill(function string) int {
	for _, f := range s.Model.Functions {
		if folder(f) == function {
			return s.lambda.Kill(f.Name)
		}
	}
	return 0
}

// Lambda returns what runs the functions, to invoke and to measure them.
func (s *Stack) Lambda() *lambda.Manager { return s.lambda }

// makeSecrets makes what is not there. What the template leaves empty for an
// operator to fill in is random here.
func (s *Stack) makeSecrets(context.Context) error {
	for _, t := range s.Model.Secrets {
		value := t.Value
		if t.Generate != nil {
			var err error
			if value, err = generate(*t.Generate); err != nil {
				return fmt.Errorf("make secret %s: %w", t.Name, err)
			}
		}
		if _, err := s.secrets.Ensure(t.Name, value); err != nil {
			return fmt.Errorf("make secret %s: %w", t.Name, err)
		}
	}
	return nil
}

func generate(g template.GenerateSecret) (string, error) {
	if g.Key == "" {
		return password(g), nil
	}
	values := map[string]string{}
	if err := json.Unmarshal([]byte(g.Template), &values); err != nil {
		return "", fmt.Errorf("SecretStringTemplate: %w", err)
	}
	values[g.Key] = password(g)
	for name, value := range values {
		if value == "" {
			values[name] = rand.Text()
		}
	}
	text, err := json.Marshal(values)
	return string(text), err
}

func password(g template.GenerateSecret) string {
	const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	alphabet := ""
	for _, part := range []struct {
		characters string
		excluded   bool
	}{
		{"abcdefghijklmnopqrstuvwxyz", g.ExcludeLowercase},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", g.ExcludeUppercase},
		{"0123456789", g.ExcludeNumbers},
		{punctuation, g.ExcludePunctuation},
		{" ", !g.IncludeSpace},
	} {
		if !part.excluded {
			alphabet += part.characters
		}
	}
	alphabet = strings.Map(func(r rune) rune {
		if strings.ContainsRune(g.ExcludeCharacters, r) {
			return -1
		}
		return r
	}, alphabet)
	out := make([]byte, g.Length)
	for i := range out {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic(err) // the system has no randomness
		}
		out[i] = alphabet[n.Int64()]
	}
	return string(out)
}

func (s *Stack) makeBuckets(context.Context) error {
	for _, b := range s.Model.Buckets {
		if err := s.s3.CreateBucket(b.Name); err != nil {
			return fmt.Errorf("make bucket %s: %w", b.Name, err)
		}
	}
	return nil
}
