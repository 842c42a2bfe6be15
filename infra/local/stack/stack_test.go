package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/infra/local/where"
)

func start(t *testing.T, cfg stack.Config) *stack.Stack {
	t.Helper()
	cfg.Root = "testdata"
	s, err := stack.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestTheTemplateRuns(t *testing.T) {
	t.Parallel()
	s := start(t, stack.Config{Memory: true})

	t.Run("a webhook is kept, and the stream told", func(t *testing.T) {
		post(t, s, "one", "hello")
		drain(t, s)
		if got := received(t, s, "told.fifo"); !slices.Equal(got, []string{"hello"}) {
			t.Errorf("told %q", got)
		}
	})
	t.Run("a function knows its secret and the API", func(t *testing.T) {
		token, err := s.Token("", "pages:read")
		if err != nil {
			t.Fatal(err)
		}
		status, body := get(t, s.API+"/pages/one", token)
		var out map[string]string
		if err := json.Unmarshal([]byte(body), &out); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		if out["api"] != s.API || out["sub"] != "local" {
			t.Errorf("got %v", out)
		}
		var secret map[string]string
		if err := json.Unmarshal([]byte(out["secret"]), &secret); err != nil || len(secret["verifyToken"]) != 40 || secret["appSecret"] == "" {
			t.Errorf("secret %v, %v", secret, err)
		}
	})
	t.Run("no token, no page", func(t *testing.T) {
		if status, _ := get(t, s.API+"/pages/one", ""); status != http.StatusUnauthorized {
			t.Errorf("status %d", status)
		}
		token, err := s.Token("", "pages:write")
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := get(t, s.API+"/pages/one", token); status != http.StatusForbidden {
			t.Errorf("status %d with another scope", status)
		}
	})
	t.Run("a mail is announced, as the set-up was", func(t *testing.T) {
		mail := "From: jan@example.com\r\nTo: help@support.example.com\r\nSubject: x\r\nX-Heard-Local-Verdict: spam=fail\r\n\r\nhello\r\n"
		if err := smtp.SendMail(s.SMTP, nil, "jan@example.com", []string{"help@support.example.com", "sales@support.example.com"}, []byte(mail)); err != nil {
			t.Fatal(err)
		}
		drain(t, s)
		keys := sortKeys(t, s, "mail")
		if len(keys) != 3 || !slices.Contains(keys, "s3:TestEvent") || !slices.Contains(keys, "in/AMAZON_SES_SETUP_NOTIFICATION") {
			t.Errorf("kept %q", keys)
		}
	})
	t.Run("a topic is told of every mailbox of a mail", func(t *testing.T) {
		told := received(t, s, "mail-told")
		if len(told) != 1 {
			t.Fatalf("told %q", told)
		}
		var n struct{ Type, TopicArn, Message string }
		var said struct {
			NotificationType string
			Receipt          events.SimpleEmailReceipt
			Mail             events.SimpleEmailMessage
		}
		if err := errors.Join(json.Unmarshal([]byte(told[0]), &n), json.Unmarshal([]byte(n.Message), &said)); err != nil {
			t.Fatal(err)
		}
		if n.Type != "Notification" || n.TopicArn != "arn:aws:sns:eu-west-1:000000000000:heard-mail-received" || said.NotificationType != "Received" {
			t.Errorf("told %s", told[0])
		}
		r := said.Receipt
		if want := []string{"help@support.example.com", "sales@support.example.com"}; !slices.Equal(r.Recipients, want) || !slices.Equal(said.Mail.Destination, want) {
			t.Errorf("recipients %q", r.Recipients)
		}
		if r.Action.BucketName != "heard-mail" || r.Action.ObjectKey != "in/"+said.Mail.MessageID || r.DMARCVerdict.Status != "PASS" || r.SpamVerdict.Status != "FAIL" {
			t.Errorf("receipt %+v", r)
		}
		if said.Mail.CommonHeaders.Subject != "x" || len(said.Mail.Headers) < 10 {
			t.Errorf("mail %+v", said.Mail)
		}
	})
	t.Run("mail for others is refused", func(t *testing.T) {
		if err := smtp.SendMail(s.SMTP, nil, "jan@example.com", []string{"help@other.example.com"}, []byte("x")); err == nil {
			t.Error("taken")
		}
	})
	t.Run("what a stream cannot do goes to its dead letters", func(t *testing.T) {
		post(t, s, "broken", "x")
		drain(t, s)
		if got := received(t, s, "stream-dead"); len(got) != 1 || !strings.Contains(got[0], "RetryAttemptsExhausted") {
			t.Errorf("dead letters %q", got)
		}
	})
	t.Run("a killed function is there for the next event", func(t *testing.T) {
		if n := s.Kill("page"); n == 0 {
			t.Error("nothing was killed")
		}
		post(t, s, "two", "again")
		drain(t, s)
	})
}

func TestWhatWasKeptSurvives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := stack.Config{Root: "testdata", Dir: dir}
	s, err := stack.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	post(t, s, "one", "before")
	drain(t, s)

	s.KillDynamoDB()
	if status := try(t, s, "lost", "x"); status < 500 {
		t.Errorf("status %d without a table", status)
	}
	if err := s.StartDynamoDB(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.KillSQS(); err != nil {
		t.Fatal(err)
	}
	post(t, s, "two", "between")
	if err := s.StartSQS(); err != nil {
		t.Fatal(err)
	}
	drain(t, s)
	secret, err := s.Secret(t.Context(), "whatsapp")
	if err != nil {
		t.Fatal(err)
	}
	read, err := where.Read(dir)
	if err != nil || read.API != s.API || read.Blobs != "heard-blobs" || read.Mail != "heard-mail" {
		t.Errorf("%s holds %+v, %v", where.File, read, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, where.File)); err == nil {
		t.Errorf("%s is left after the end", where.File)
	}

	s = start(t, cfg)
	again, err := s.Secret(t.Context(), "whatsapp")
	if err != nil || again["appSecret"] != secret["appSecret"] {
		t.Errorf("another secret: %v", err)
	}
	drain(t, s)
	if got := sortKeys(t, s, "page"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("kept %q", got)
	}
	if got := received(t, s, "told.fifo"); !slices.Equal(got, []string{"before", "between"}) {
		t.Errorf("told %q", got)
	}
	if got := sortKeys(t, s, "mail"); len(got) != 2 {
		t.Errorf("set up twice: %q", got)
	}
}

func TestWhatCannotRunIsRefusedByName(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("testdata/infra/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "template.yaml")
	changed := strings.Replace(string(src), "  Api:\n", "  Bell: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: lambda, Endpoint: x}]}}\n  Late: {Type: AWS::Serverless::Function, Properties: "+
		"{CodeUri: tell/, Handler: bootstrap, Events: {Night: {Type: Schedule, Properties: {Schedule: cron(0 3 * * ? *)}}}}}\n  Api:\n", 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = stack.Start(t.Context(), stack.Config{Root: "testdata", Template: file, Memory: true})
	for _, want := range []string{"a subscription of what is no queue to the topic Bell is not run locally", `LateNight: the schedule "cron(0 3 * * ? *)" is not run locally`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, not %s", err, want)
		}
	}
}

func TestAPortThatIsTakenIsAnError(t *testing.T) {
	t.Parallel()
	s := start(t, stack.Config{Memory: true, Dir: t.TempDir()})
	port := portOf(t, s.API)
	_, err := stack.Start(t.Context(), stack.Config{Root: "testdata", Memory: true, Port: port})
	if err == nil || !strings.Contains(err.Error(), "-port") {
		t.Errorf("got %v", err)
	}
}

func drain(t *testing.T, s *stack.Stack) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := s.Drained(ctx); err != nil {
		t.Fatal(err)
	}
}

func try(t *testing.T, s *stack.Stack, id, text string) int {
	t.Helper()
	resp, err := http.Post(s.API+"/pages/"+id, "text/plain", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

// post tries until it is taken: a table that has just begun may answer later
// than the function waits.
func post(t *testing.T, s *stack.Stack, id, text string) {
	t.Helper()
	for n := 1; ; n++ {
		status := try(t, s, id, text)
		switch {
		case status == http.StatusCreated:
			return
		case n == 10 || status < http.StatusInternalServerError:
			t.Fatalf("status %d", status)
		}
	}
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func received(t *testing.T, s *stack.Stack, queue string) []string {
	t.Helper()
	url, err := s.Queue(t.Context(), s.Clients(), queue)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Clients().SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
	}
	return bodies
}

func sortKeys(t *testing.T, s *stack.Stack, pk string) []string {
	t.Helper()
	out, err := s.Clients().DynamoDB.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: pk}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, item := range out.Items {
		keys = append(keys, item["sk"].(*types.AttributeValueMemberS).Value)
	}
	return keys
}

func portOf(t *testing.T, api string) int {
	t.Helper()
	_, text, _ := strings.Cut(strings.TrimPrefix(api, "http://"), ":")
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
