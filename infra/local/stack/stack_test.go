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

func startStack(t *testing.T, cfg stack.Config) *stack.Stack {
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

func TestStart_Template(t *testing.T) {
	t.Parallel()
	s := startStack(t, stack.Config{Memory: true})

	t.Run("post reaches table and stream", func(t *testing.T) {
		postPage(t, s, "one", "hello")
		waitDrained(t, s)
		if got := receiveMessages(t, s, "told.fifo"); !slices.Equal(got, []string{"hello"}) {
			t.Errorf("got messages %q, want [hello]", got)
		}
	})
	t.Run("secret and API address in function", func(t *testing.T) {
		token, err := s.Token("", "pages:read")
		if err != nil {
			t.Fatal(err)
		}
		status, body := getPage(t, s.API+"/pages/one", token)
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
	t.Run("missing token and scope", func(t *testing.T) {
		if status, _ := getPage(t, s.API+"/pages/one", ""); status != http.StatusUnauthorized {
			t.Errorf("status %d", status)
		}
		token, err := s.Token("", "pages:write")
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := getPage(t, s.API+"/pages/one", token); status != http.StatusForbidden {
			t.Errorf("status %d with another scope", status)
		}
	})
	t.Run("S3 notification of mail", func(t *testing.T) {
		mail := "From: jan@example.com\r\nTo: help@support.example.com\r\nSubject: x\r\nX-Heard-Local-Verdict: spam=fail\r\n\r\nhello\r\n"
		if err := smtp.SendMail(s.SMTP, nil, "jan@example.com", []string{"help@support.example.com", "sales@support.example.com"}, []byte(mail)); err != nil {
			t.Fatal(err)
		}
		waitDrained(t, s)
		keys := sortKeys(t, s, "mail")
		if len(keys) != 3 || !slices.Contains(keys, "s3:TestEvent") || !slices.Contains(keys, "in/AMAZON_SES_SETUP_NOTIFICATION") {
			t.Errorf("got keys %q, want the test event, the set-up mail and one mail", keys)
		}
	})
	t.Run("SES notification with all recipients", func(t *testing.T) {
		told := receiveMessages(t, s, "mail-told")
		if len(told) != 1 {
			t.Fatalf("got %q, want one notification", told)
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
			t.Errorf("got %s, want a Received notification of topic heard-mail-received", told[0])
		}
		r := said.Receipt
		if want := []string{"help@support.example.com", "sales@support.example.com"}; !slices.Equal(r.Recipients, want) || !slices.Equal(said.Mail.Destination, want) {
			t.Errorf("got recipients %q, want %q", r.Recipients, want)
		}
		if r.Action.BucketName != "heard-mail" || r.Action.ObjectKey != "in/"+said.Mail.MessageID || r.DMARCVerdict.Status != "PASS" || r.SpamVerdict.Status != "FAIL" {
			t.Errorf("receipt %+v", r)
		}
		if said.Mail.CommonHeaders.Subject != "x" || len(said.Mail.Headers) < 10 {
			t.Errorf("mail %+v", said.Mail)
		}
	})
	t.Run("mail to unknown domain", func(t *testing.T) {
		if err := smtp.SendMail(s.SMTP, nil, "jan@example.com", []string{"help@other.example.com"}, []byte("x")); err == nil {
			t.Error("mail to another domain was accepted")
		}
	})
	t.Run("dead letter of stream", func(t *testing.T) {
		postPage(t, s, "broken", "x")
		waitDrained(t, s)
		if got := receiveMessages(t, s, "stream-dead"); len(got) != 1 || !strings.Contains(got[0], "RetryAttemptsExhausted") {
			t.Errorf("got dead letters %q, want one with RetryAttemptsExhausted", got)
		}
	})
	t.Run("restart of killed function", func(t *testing.T) {
		if n := s.Kill("page"); n == 0 {
			t.Error("Kill returned 0 processes")
		}
		postPage(t, s, "two", "again")
		waitDrained(t, s)
	})
}

func TestStart_DataSurvivesKillAndRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := stack.Config{Root: "testdata", Dir: dir}
	s, err := stack.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	postPage(t, s, "one", "before")
	waitDrained(t, s)

	s.KillDynamoDB()
	if status := postOnce(t, s, "lost", "x"); status < 500 {
		t.Errorf("status %d without a table", status)
	}
	if err := s.StartDynamoDB(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.KillSQS(); err != nil {
		t.Fatal(err)
	}
	postPage(t, s, "two", "between")
	if err := s.StartSQS(); err != nil {
		t.Fatal(err)
	}
	waitDrained(t, s)
	secret, err := s.Secret(t.Context(), "whatsapp")
	if err != nil {
		t.Fatal(err)
	}
	read, err := where.Read(dir)
	if err != nil || read.API != s.API || read.Blobs != "heard-blobs" || read.Mail != "heard-mail" {
		t.Errorf("%s has %+v, %v", where.File, read, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, where.File)); err == nil {
		t.Errorf("%s exists after Close", where.File)
	}

	s = startStack(t, cfg)
	again, err := s.Secret(t.Context(), "whatsapp")
	if err != nil || again["appSecret"] != secret["appSecret"] {
		t.Errorf("got secret %v after a restart, want the same as before (%v)", again, err)
	}
	waitDrained(t, s)
	if got := sortKeys(t, s, "page"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got pages %q, want [one two]", got)
	}
	if got := receiveMessages(t, s, "told.fifo"); !slices.Equal(got, []string{"before", "between"}) {
		t.Errorf("got messages %q, want [before between]", got)
	}
	if got := sortKeys(t, s, "mail"); len(got) != 2 {
		t.Errorf("got set-up mails and events %q, want 2", got)
	}
}

func TestStart_UnsupportedResources(t *testing.T) {
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
	for _, want := range []string{"a subscription to topic Bell by something other than a queue is not run locally", `LateNight: the schedule "cron(0 3 * * ? *)" is not run locally`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %s", err, want)
		}
	}
}

func TestStart_PortInUse(t *testing.T) {
	t.Parallel()
	s := startStack(t, stack.Config{Memory: true, Dir: t.TempDir()})
	port := portOf(t, s.API)
	_, err := stack.Start(t.Context(), stack.Config{Root: "testdata", Memory: true, Port: port})
	if err == nil || !strings.Contains(err.Error(), "-port") {
		t.Errorf("got %v, want an error that names -port", err)
	}
}

func waitDrained(t *testing.T, s *stack.Stack) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := s.Drained(ctx); err != nil {
		t.Fatal(err)
	}
}

func postOnce(t *testing.T, s *stack.Stack, id, text string) int {
	t.Helper()
	resp, err := http.Post(s.API+"/pages/"+id, "text/plain", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

// postPage posts a page and retries on a 5xx: just after its start the table can
// respond later than the timeout of the function.
func postPage(t *testing.T, s *stack.Stack, id, text string) {
	t.Helper()
	for n := 1; ; n++ {
		status := postOnce(t, s, id, text)
		switch {
		case status == http.StatusCreated:
			return
		case n == 10 || status < http.StatusInternalServerError:
			t.Fatalf("status %d", status)
		}
	}
}

func getPage(t *testing.T, url, token string) (int, string) {
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

func receiveMessages(t *testing.T, s *stack.Stack, queue string) []string {
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
