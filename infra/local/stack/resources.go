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

// dataPath returns the path of a file in the data folder.
func (s *Stack) dataPath(name string) string { return filepath.Join(s.data, name) }

// binaryFolder returns the folder of the function binaries. All stacks of a
// repository share it, so that an unchanged binary is not linked again.
func (s *Stack) binaryFolder() string { return filepath.Join(s.cfg.Root, "build", "local") }

// folderName returns the name of a function's folder under functions/, which is
// also the name of its binary.
func folderName(f template.Function) string { return path.Base(strings.TrimSuffix(f.CodeURI, "/")) }

// buildFunctions builds the binaries. A file lock makes concurrent stacks wait.
func (s *Stack) buildFunctions(ctx context.Context) error {
	if err := os.MkdirAll(s.binaryFolder(), 0o750); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(s.binaryFolder(), ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	var names []string
	for _, f := range s.Model.Functions {
		names = append(names, folderName(f))
	}
	return lambda.Build(ctx, s.cfg.Root, s.binaryFolder(), names)
}

// addFunctions registers the functions. The first event for a function starts a
// process.
func (s *Stack) addFunctions() error {
	for _, f := range s.Model.Functions {
		err := s.lambda.Add(lambda.Function{
			Name: f.Name, ARN: f.ARN, Bootstrap: filepath.Join(s.binaryFolder(), folderName(f)), Handler: f.Handler,
			Env: s.environment(f), Timeout: f.Timeout, MemoryMB: f.MemoryMB,
			Concurrency: f.Concurrency, Retries: f.Async.Retries,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// environment returns the environment of a function: the variables of the
// template, and the endpoints of the local services for its SDK.
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
	s.Endpoints["DynamoDB"] = s.dynamo.Endpoint
	s.Endpoints["DynamoDB Streams"] = s.dynamo.Endpoint
	c, err := s.Stack.Clients(ctx)
	if err != nil {
		return err
	}
	s.clients.DynamoDB = c.DynamoDB
	for _, t := range s.Model.Tables {
		if err := s.createTable(ctx, t); err != nil {
			return fmt.Errorf("create table %s: %w", t.Name, err)
		}
	}
	return nil
}

// createTable creates a table with its time to live. An existing table is left
// as it is.
func (s *Stack) createTable(ctx context.Context, t template.Table) error {
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

// StartDynamoDB starts DynamoDB Local. After [Stack.KillDynamoDB] it restarts on
// the same port and, unless Config.Memory is set, with the same data.
func (s *Stack) StartDynamoDB(ctx context.Context) error {
	s.parts.Lock()
	defer s.parts.Unlock()
	cfg := dynamo.Config{Dir: s.dataPath("dynamodb"), Port: s.at.dynamo, Log: s.cfg.Log}
	if s.cfg.Memory {
		cfg.Dir = ""
	}
	d, err := dynamo.Start(ctx, cfg)
	if err != nil {
		return err
	}
	s.dynamo = d
	s.at.dynamo = d.Port
	return nil
}

// KillDynamoDB ends DynamoDB Local with SIGKILL.
func (s *Stack) KillDynamoDB() {
	s.parts.Lock()
	defer s.parts.Unlock()
	s.dynamo.Kill()
}

// createQueues creates or updates the queues of the template. Queues without a
// redrive policy are created first, because they can be the dead-letter queues of
// the others.
func (s *Stack) createQueues(ctx context.Context) error {
	for _, redrives := range []bool{false, true} {
		for _, q := range s.Model.Queues {
			if _, has := q.Attributes["RedrivePolicy"]; has != redrives {
				continue
			}
			if err := s.createQueue(ctx, q); err != nil {
				return fmt.Errorf("create queue %s: %w", q.Name, err)
			}
		}
	}
	return nil
}

func (s *Stack) createQueue(ctx context.Context, q template.Queue) error {
	_, err := s.clients.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &q.Name, Attributes: q.Attributes})
	if _, differs := errors.AsType[*sqstypes.QueueNameExists](err); differs {
		_, err = s.clients.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &q.URL, Attributes: q.Attributes})
	}
	return err
}

// KillSQS closes all connections to the queue server and stops it.
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

// StartSQS restarts the queue server on the same port after KillSQS. Unless
// Config.Memory is set, every acknowledged message is still there.
func (s *Stack) StartSQS() error {
	s.parts.Lock()
	defer s.parts.Unlock()
	var err error
	if s.at.sqs, err = listenAgain(s.at.sqs); err != nil {
		return fmt.Errorf("listen on the port of SQS: %w", err)
	}
	return s.startQueueServer()
}

// Kill kills every process of a function and returns their number. Function is
// the name of its folder, for example "whatsapp".
func (s *Stack) Kill(function string) int {
	for _, f := range s.Model.Functions {
		if folderName(f) == function {
			return s.lambda.Kill(f.Name)
		}
	}
	return 0
}

// Lambda returns the manager of the functions, to invoke and measure them.
func (s *Stack) Lambda() *lambda.Manager { return s.lambda }

// createSecrets creates the secrets that do not exist yet. Values that the
// template leaves empty for the operator are random.
func (s *Stack) createSecrets(context.Context) error {
	for _, t := range s.Model.Secrets {
		value := t.Value
		if t.Generate != nil {
			var err error
			if value, err = generateSecret(*t.Generate); err != nil {
				return fmt.Errorf("generate secret %s: %w", t.Name, err)
			}
		}
		if _, err := s.secrets.Ensure(t.Name, value); err != nil {
			return fmt.Errorf("create secret %s: %w", t.Name, err)
		}
	}
	return nil
}

// generateSecret returns a random secret, as CloudFormation's GenerateSecretString
// does. In addition, it fills empty values of SecretStringTemplate.
func generateSecret(g template.GenerateSecret) (string, error) {
	if g.Key == "" {
		return randomPassword(g), nil
	}
	values := map[string]string{}
	if err := json.Unmarshal([]byte(g.Template), &values); err != nil {
		return "", fmt.Errorf("SecretStringTemplate: %w", err)
	}
	values[g.Key] = randomPassword(g)
	for name, value := range values {
		if value == "" {
			values[name] = rand.Text()
		}
	}
	text, err := json.Marshal(values)
	return string(text), err
}

func randomPassword(g template.GenerateSecret) string {
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
			panic(err) // the system's random source failed
		}
		out[i] = alphabet[n.Int64()]
	}
	return string(out)
}

func (s *Stack) createBuckets(context.Context) error {
	for _, b := range s.Model.Buckets {
		if err := s.s3.CreateBucket(b.Name); err != nil {
			return fmt.Errorf("create bucket %s: %w", b.Name, err)
		}
	}
	return nil
}
