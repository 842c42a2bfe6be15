package sqs_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/heard-intake/heard/infra/local/sqs"
)

// post sends a request of the query protocol. It returns the status and the
// body, with values that differ between runs replaced by dots.
func post(t *testing.T, s http.Handler, target, form string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if kind := w.Header().Get("Content-Type"); kind != "text/xml" {
		t.Errorf("content type %q, want text/xml", kind)
	}
	return w.Code, blot.ReplaceAllString(w.Body.String(), "<$1>...<")
}

var blot = regexp.MustCompile(`<(RequestId|MessageId|ReceiptHandle|SequenceNumber)>[^<]*<`)

const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	xmlMeta = `<ResponseMetadata><RequestId>...</RequestId></ResponseMetadata>`
	xmlNS   = ` xmlns="http://queue.amazonaws.com/doc/2012-11-05/"`
	queueAt = "http://sqs.example.com/111122223333/"
)

func TestServeHTTP_QueryProtocol(t *testing.T) {
	t.Parallel()
	s := newServer(t, sqs.Config{Now: newClock().Now})
	q := "http://sqs.example.com/"
	for _, tt := range []struct{ name, target, form, want string }{
		{"CreateQueue", q, "Action=CreateQueue&QueueName=out.fifo&Attribute.1.Name=FifoQueue&Attribute.1.Value=true&Attribute.2.Name=VisibilityTimeout&Attribute.2.Value=60&Tag.1.Key=team&Tag.1.Value=it",
			`<CreateQueueResponse` + xmlNS + `><CreateQueueResult><QueueUrl>` + queueAt + `out.fifo</QueueUrl></CreateQueueResult>` + xmlMeta + `</CreateQueueResponse>`},
		{"GetQueueUrl", q, "Action=GetQueueUrl&QueueName=out.fifo",
			`<GetQueueUrlResponse` + xmlNS + `><GetQueueUrlResult><QueueUrl>` + queueAt + `out.fifo</QueueUrl></GetQueueUrlResult>` + xmlMeta + `</GetQueueUrlResponse>`},
		{"ListQueues", q, "Action=ListQueues",
			`<ListQueuesResponse` + xmlNS + `><ListQueuesResult><QueueUrl>` + queueAt + `out.fifo</QueueUrl></ListQueuesResult>` + xmlMeta + `</ListQueuesResponse>`},
		{"ListQueueTags with the queue in the path", queueAt + "out.fifo", "Action=ListQueueTags",
			`<ListQueueTagsResponse` + xmlNS + `><ListQueueTagsResult><Tag><Key>team</Key><Value>it</Value></Tag></ListQueueTagsResult>` + xmlMeta + `</ListQueueTagsResponse>`},
		{"GetQueueAttributes", q, "Action=GetQueueAttributes&QueueUrl=" + url.QueryEscape(queueAt+"out.fifo") + "&AttributeName.1=VisibilityTimeout&AttributeName.2=FifoQueue",
			`<GetQueueAttributesResponse` + xmlNS + `><GetQueueAttributesResult><Attribute><Name>FifoQueue</Name><Value>true</Value></Attribute><Attribute><Name>VisibilityTimeout</Name><Value>60</Value></Attribute></GetQueueAttributesResult>` + xmlMeta + `</GetQueueAttributesResponse>`},
		{"SendMessage", queueAt + "out.fifo", "Action=SendMessage&MessageBody=a%26b&MessageGroupId=g&MessageDeduplicationId=d&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Binary&MessageAttribute.1.Value.BinaryValue=AAE%3D&MessageAttribute.2.Name=m&MessageAttribute.2.Value.DataType=String&MessageAttribute.2.Value.StringValue=v",
			`<SendMessageResponse` + xmlNS + `><SendMessageResult><MD5OfMessageBody>b96e7bda9c9feee3259b177bd456b0a5</MD5OfMessageBody><MD5OfMessageAttributes>e645fdccaf73a930558a013190c8d76a</MD5OfMessageAttributes><MessageId>...</MessageId><SequenceNumber>...</SequenceNumber></SendMessageResult>` + xmlMeta + `</SendMessageResponse>`},
		{"SendMessageBatch with one failure", queueAt + "out.fifo", "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=x&SendMessageBatchRequestEntry.1.MessageBody=c&SendMessageBatchRequestEntry.1.MessageGroupId=h&SendMessageBatchRequestEntry.1.MessageDeduplicationId=e&SendMessageBatchRequestEntry.2.Id=y&SendMessageBatchRequestEntry.2.MessageBody=%00&SendMessageBatchRequestEntry.2.MessageGroupId=h&SendMessageBatchRequestEntry.2.MessageDeduplicationId=f",
			`<SendMessageBatchResponse` + xmlNS + `><SendMessageBatchResult><SendMessageBatchResultEntry><Id>x</Id><MD5OfMessageBody>4a8a08f09d37b73795649038408b5f33</MD5OfMessageBody><MessageId>...</MessageId><SequenceNumber>...</SequenceNumber></SendMessageBatchResultEntry><BatchResultErrorEntry><Id>y</Id><SenderFault>true</SenderFault><Code>InvalidMessageContents</Code><Message>Invalid binary character &#39;#x0&#39; was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF</Message></BatchResultErrorEntry></SendMessageBatchResult>` + xmlMeta + `</SendMessageBatchResponse>`},
		{"ReceiveMessage", queueAt + "out.fifo", "Action=ReceiveMessage&AttributeName.1=MessageGroupId&MessageAttributeName.1=All",
			`<ReceiveMessageResponse` + xmlNS + `><ReceiveMessageResult><Message><MessageId>...</MessageId><ReceiptHandle>...</ReceiptHandle><MD5OfBody>b96e7bda9c9feee3259b177bd456b0a5</MD5OfBody><Body>a&amp;b</Body><Attribute><Name>MessageGroupId</Name><Value>g</Value></Attribute><MD5OfMessageAttributes>e645fdccaf73a930558a013190c8d76a</MD5OfMessageAttributes><MessageAttribute><Name>m</Name><Value><StringValue>v</StringValue><DataType>String</DataType></Value></MessageAttribute><MessageAttribute><Name>n</Name><Value><BinaryValue>AAE=</BinaryValue><DataType>Binary</DataType></Value></MessageAttribute></Message></ReceiveMessageResult>` + xmlMeta + `</ReceiveMessageResponse>`},
		{"DeleteQueue", queueAt + "out.fifo", "Action=DeleteQueue",
			`<DeleteQueueResponse` + xmlNS + `>` + xmlMeta + `</DeleteQueueResponse>`},
	} {
		status, got := post(t, s, tt.target, tt.form)
		if status != http.StatusOK || got != xmlHead+tt.want {
			t.Errorf("%s: %d\n got %s\nwant %s", tt.name, status, got, xmlHead+tt.want)
		}
	}
}

func TestServeHTTP_QueryProtocolErrors(t *testing.T) {
	t.Parallel()
	s := newServer(t, sqs.Config{})
	for _, tt := range []struct {
		name, form   string
		status       int
		code, inside string
	}{
		{"no action", "QueueName=x", 400, "MissingParameter", "Action"},
		{"unknown operation", "Action=AddPermission", 400, "AWS.SimpleQueueService.UnsupportedOperation", "AddPermission"},
		{"unknown queue", "Action=SendMessage&MessageBody=b&QueueUrl=http%3A%2F%2Fh%2F111122223333%2Fnone", 400, "AWS.SimpleQueueService.NonExistentQueue", "does not exist"},
		{"text instead of a number", "Action=ReceiveMessage&MaxNumberOfMessages=many", 400, "MalformedInput", "MaxNumberOfMessages"},
		{"incomplete escape", "Action=%", 400, "MalformedInput", "form"},
		{"body too large", strings.Repeat("x", 9<<20), 413, "RequestEntityTooLarge", "longer"},
	} {
		status, got := post(t, s, "http://sqs.example.com/", tt.form)
		want := `<ErrorResponse` + xmlNS + `><Error><Type>Sender</Type><Code>` + tt.code + `</Code><Message>`
		if status != tt.status || !strings.HasPrefix(got, xmlHead+want) || !strings.Contains(got, tt.inside) {
			t.Errorf("%s: got %d %s, want %d, code %s and a message with %q", tt.name, status, got, tt.status, tt.code, tt.inside)
		}
	}
}

func TestServeHTTP_JSONProtocolErrors(t *testing.T) {
	t.Parallel()
	s := newServer(t, sqs.Config{})
	for _, tt := range []struct {
		name, target, body string
		kind, query        string
	}{
		{"unknown queue", "AmazonSQS.SendMessage", `{"QueueUrl":"http://h/111122223333/none","MessageBody":"b"}`,
			"com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender"},
		{"parameter out of range", "AmazonSQS.ListQueues", `{"MaxResults":1001}`,
			"com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue;Sender"},
		{"invalid JSON", "AmazonSQS.ListQueues", `{`, "com.amazon.coral.service#SerializationException", "MalformedInput;Sender"},
		{"other service", "DynamoDB_20120810.PutItem", `{}`, "com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation;Sender"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
		r.Header.Set("X-Amz-Target", tt.target)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var got struct {
			Type string `json:"__type"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Type != tt.kind || w.Header().Get("X-Amzn-Query-Error") != tt.query || w.Code != 400 {
			t.Errorf("%s: got %d %s %s, want 400 %s and type %s", tt.name, w.Code, w.Header().Get("X-Amzn-Query-Error"), w.Body, tt.query, tt.kind)
		}
	}
}

// TestServeHTTP_AWSCLI uses each aws command in PATH: version 1 uses the query
// protocol, recent versions use JSON.
func TestServeHTTP_AWSCLI(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, dir := range strings.Split(os.Getenv("PATH"), string(os.PathListSeparator)) {
		path, err := exec.LookPath(dir + "/aws")
		if err != nil {
			continue
		}
		program, err := filepath.EvalSymlinks(path) // /bin may be /usr/bin
		if err != nil || found[program] {
			continue
		}
		found[program] = true
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			runAWSCommands(t, path)
		})
	}
	if len(found) == 0 {
		t.Skip("no aws command in PATH")
	}
}

func runAWSCommands(t *testing.T, path string) {
	srv := httptest.NewServer(newServer(t, sqs.Config{}))
	t.Cleanup(srv.Close)
	run := func(args ...string) (map[string]any, string) {
		cmd := exec.CommandContext(t.Context(), path, append([]string{"--endpoint-url", srv.URL, "--region", "eu-west-1", "--output", "json", "sqs"}, args...)...)
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_CONFIG_FILE="+os.DevNull, "AWS_PAGER=")
		var errs strings.Builder
		cmd.Stderr = &errs
		out, _ := cmd.Output() // the error output tells whether the command failed
		var v map[string]any
		_ = json.Unmarshal(out, &v)
		return v, errs.String()
	}
	made, errs := run("create-queue", "--queue-name", "out.fifo", "--attributes", "FifoQueue=true,ContentBasedDeduplication=true")
	queue, _ := made["QueueUrl"].(string)
	if !strings.HasPrefix(queue, srv.URL) {
		t.Fatalf("create-queue: %v %s", made, errs)
	}
	sent, errs := run("send-message", "--queue-url", queue, "--message-body", "hallo & dag", "--message-group-id", "g",
		"--message-attributes", `{"city":{"DataType":"String","StringValue":"Utrecht"}}`)
	if sent["MD5OfMessageBody"] != "7f2f067c4bc7a2b53cf3ba2020bd39c0" {
		t.Fatalf("send-message: %v %s", sent, errs)
	}
	got, errs := run("receive-message", "--queue-url", queue, "--attribute-names", "All", "--message-attribute-names", "All")
	msgs, _ := got["Messages"].([]any)
	if len(msgs) != 1 {
		t.Fatalf("receive-message: %v %s", got, errs)
	}
	m, _ := msgs[0].(map[string]any)
	if m["Body"] != "hallo & dag" || m["MD5OfMessageAttributes"] != sent["MD5OfMessageAttributes"] {
		t.Errorf("received %v, want the body and attributes that were sent", m)
	}
	receipt, _ := m["ReceiptHandle"].(string)
	if _, errs := run("delete-message", "--queue-url", queue, "--receipt-handle", receipt); errs != "" {
		t.Errorf("delete-message: %s", errs)
	}
	attrs, errs := run("get-queue-attributes", "--queue-url", queue, "--attribute-names", "All")
	if all, _ := attrs["Attributes"].(map[string]any); all["ApproximateNumberOfMessages"] != "0" || all["FifoQueue"] != "true" {
		t.Errorf("get-queue-attributes: %v %s", attrs, errs)
	}
	if _, errs := run("get-queue-url", "--queue-name", "none"); !strings.Contains(errs, "AWS.SimpleQueueService.NonExistentQueue") {
		t.Errorf("get-queue-url: %s", errs)
	}
}

func FuzzServeHTTP(f *testing.F) {
	f.Add("", "/", "Action=SendMessageBatch&QueueUrl=http://h/111122223333/q&SendMessageBatchRequestEntry.1.Id=x&SendMessageBatchRequestEntry.1.MessageBody=c&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=AAE%3D")
	f.Add("", "/111122223333/q", "Action=ReceiveMessage&AttributeName.1=All&MaxNumberOfMessages=10")
	f.Add("AmazonSQS.CreateQueue", "/", `{"QueueName":"n.fifo","Attributes":{"FifoQueue":"true","RedrivePolicy":"{}"},"tags":{"a":"b"}}`)
	f.Add("AmazonSQS.SendMessage", "/", `{"QueueUrl":"http://h/111122223333/q","MessageBody":"\ud83d\udc4b","MessageAttributes":{"a":{"DataType":"Binary","BinaryValue":"AAE="}}}`)
	f.Add("AmazonSQS.DeleteMessage", "/", `{"QueueUrl":"http://h/111122223333/q","ReceiptHandle":"eyJxIjoicSIsInMiOjEsIm4iOjF9"}`)
	f.Fuzz(func(t *testing.T, target, path, body string) {
		s := newServer(t, sqs.Config{})
		setup := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=CreateQueue&QueueName=q"))
		s.ServeHTTP(httptest.NewRecorder(), setup)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.Path = path
		r.Header.Set("X-Amz-Target", target)
		gone, cancel := context.WithCancel(t.Context()) // ends a long poll at once
		cancel()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r.WithContext(gone))
		if w.Code >= http.StatusInternalServerError || w.Body.Len() == 0 {
			t.Fatalf("got %d %q, want a status below 500 and a body", w.Code, w.Body)
		}
		if target != "" && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("body %s, want JSON", w.Body)
		}
	})
}
