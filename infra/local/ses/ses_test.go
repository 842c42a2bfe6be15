package ses_test

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/heard-intake/heard/infra/local/ses"
)

const raw = "From: Shop <service@support.example.com>\r\nTo: jan@example.com\r\nReply-To: service+t@support.example.com\r\nSubject: Re: x\r\nMessage-ID: <own@support.example.com>\r\nDate: Mon, 1 Jan\r\n 2001 00:00:00 +0000\r\n\r\nhallo\r\n"

// returnedMail is a mail that came back to the sender.
type returnedMail struct{ from, to, raw string }

func openServer(t *testing.T, dir string) (*ses.Server, *sesv2.Client, *[]returnedMail) {
	t.Helper()
	came := &[]returnedMail{}
	s, err := ses.New(ses.Config{Dir: dir, Domains: func() []string { return []string{"support.example.com"} },
		Deliver: func(from, to string, raw []byte) error {
			*came = append(*came, returnedMail{from, to, string(raw)})
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, sesv2.New(sesv2.Options{
		Region: "eu-west-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("TEST", "secret", ""), RetryMaxAttempts: 1,
	}), came
}

func newInput(to string) *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress: aws.String("service@support.example.com"), FeedbackForwardingEmailAddress: aws.String("service+t@support.example.com"),
		Destination: &types.Destination{ToAddresses: []string{to}}, Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte(raw)}},
	}
}

func TestSendMail_StoredWithID(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, client, _ := openServer(t, dir)
	out, err := client.SendEmail(t.Context(), newInput("jan@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	again, _, _ := openServer(t, dir) // after a restart
	sent := again.Sent()
	if len(sent) != 1 || sent[0].ID != *out.MessageId+"@eu-west-1.amazonses.com" || sent[0].To[0] != "jan@example.com" || sent[0].Feedback != "service+t@support.example.com" {
		t.Fatalf("%+v", sent)
	}
	got := string(sent[0].Raw)
	if strings.Contains(got, "own@") || strings.Contains(got, "2001") || !strings.Contains(got, "Message-ID: <"+sent[0].ID+">\r\n") || !strings.HasSuffix(got, "\r\n\r\nhallo\r\n") {
		t.Errorf("sent %q", got)
	}
}

func TestSendMail_Errors(t *testing.T) {
	t.Parallel()
	s, client, _ := openServer(t, t.TempDir())
	s.Fail("busy@example.com", &ses.Fault{Status: 429, Code: "TooManyRequestsException", Times: 1})
	tests := []struct {
		name   string
		change func(*sesv2.SendEmailInput)
		code   string
	}{
		{"unverified domain", func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String("a@example.net") }, "MessageRejected"},
		{"unverified domain in From header", func(in *sesv2.SendEmailInput) {
			in.Content.Raw.Data = bytes.Replace(in.Content.Raw.Data, []byte("support.example.com>"), []byte("example.net>"), 1)
		}, "MessageRejected"},
		{"non-ASCII address", func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses[0] = "jörg@example.com" }, "BadRequestException"},
		{"no recipient", func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = nil }, "BadRequestException"},
		{"mail too large", func(in *sesv2.SendEmailInput) { in.Content.Raw.Data = make([]byte, 40<<20+1) }, "BadRequestException"},
		{"throttled", func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses[0] = "busy@example.com" }, "TooManyRequestsException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := newInput("jan@example.com")
			tt.change(in)
			_, err := client.SendEmail(t.Context(), in)
			v, ok := errors.AsType[smithy.APIError](err)
			if !ok || v.ErrorCode() != tt.code {
				t.Errorf("got %v, want %s", err, tt.code)
			}
		})
	}
	if len(s.Sent()) != 0 {
		t.Errorf("got %d sent mails, want 0", len(s.Sent()))
	}
	if _, err := client.SendEmail(t.Context(), newInput("busy@example.com")); err != nil {
		t.Error("send after the fault ended:", err)
	}
}

func TestPublishEvent_ConfigurationSet(t *testing.T) {
	t.Parallel()
	var told []string
	s, err := ses.New(ses.Config{
		Dir: t.TempDir(), Sets: func() []string { return []string{"heard"} },
		Publish: func(set, kind string, event []byte) error {
			if set != "heard" || !bytes.Contains(event, []byte(`"messageId":"\u003cown@support.example.com\u003e"`)) {
				t.Errorf("got event %s of set %s, want the sender's Message-ID and set heard", event, set)
			}
			told = append(told, kind)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	client := sesv2.New(sesv2.Options{
		Region: "eu-west-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("TEST", "secret", ""), RetryMaxAttempts: 1,
	})
	for _, to := range []string{"jan@example.com", "bounce@simulator.amazonses.com"} {
		in := newInput(to)
		in.ConfigurationSetName = aws.String("heard")
		if _, err := client.SendEmail(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []ses.Kind{ses.Complaint, ses.AutoReply} {
		if err := s.Answer(s.Sent()[0], kind); err != nil {
			t.Fatal(err)
		}
	}
	in := newInput("jan@example.com")
	in.ConfigurationSetName = aws.String("other")
	if _, err := client.SendEmail(t.Context(), in); err == nil {
		t.Error("send with an unknown configuration set succeeded, want an error")
	}
	const want = "send delivery send bounce complaint"
	if got := strings.Join(told, " "); got != want {
		t.Errorf("got events %s, want %s", got, want)
	}
}

func TestAnswer_NamesMail(t *testing.T) {
	t.Parallel()
	s, client, came := openServer(t, t.TempDir())
	for _, to := range []string{"bounce@simulator.amazonses.com", "complaint+x@simulator.amazonses.com", "ooto@simulator.amazonses.com", "success@simulator.amazonses.com"} {
		if _, err := client.SendEmail(t.Context(), newInput(to)); err != nil {
			t.Fatal(err)
		}
	}
	if len(*came) != 3 {
		t.Fatalf("got %d returned mails, want 3", len(*came))
	}
	for i, m := range *came {
		if m.to != "service+t@support.example.com" || !strings.Contains(m.raw, s.Sent()[i].ID) || (m.from == "") != (i < 2) {
			t.Errorf("%d: from %q to %q:\n%s", i, m.from, m.to, m.raw)
		}
	}
	if err := s.Answer(s.Sent()[3], ses.SoftBounce); err != nil || !strings.Contains((*came)[3].raw, "Status: 4.2.2") {
		t.Error(err)
	}
}
