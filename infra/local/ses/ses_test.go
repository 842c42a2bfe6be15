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

// back is a mail that came back.
type back struct{ from, to, raw string }

func open(t *testing.T, dir string) (*ses.Server, *sesv2.Client, *[]back) {
	t.Helper()
	came := &[]back{}
	s, err := ses.New(ses.Config{Dir: dir, Domains: func() []string { return []string{"support.example.com"} },
		Deliver: func(from, to string, raw []byte) error {
			*came = append(*came, back{from, to, string(raw)})
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

func input(to string) *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress: aws.String("service@support.example.com"), FeedbackForwardingEmailAddress: aws.String("service+t@support.example.com"),
		Destination: &types.Destination{ToAddresses: []string{to}}, Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte(raw)}},
	}
}

func TestWhatIsSentIsKeptWithTheIDThatWasGiven(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, client, _ := open(t, dir)
	out, err := client.SendEmail(t.Context(), input("jan@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	again, _, _ := open(t, dir) // after a restart
	sent := again.Sent()
	if len(sent) != 1 || sent[0].ID != *out.MessageId+"@eu-west-1.amazonses.com" || sent[0].To[0] != "jan@example.com" || sent[0].Feedback != "service+t@support.example.com" {
		t.Fatalf("%+v", sent)
	}
	got := string(sent[0].Raw)
	if strings.Contains(got, "own@") || strings.Contains(got, "2001") || !strings.Contains(got, "Message-ID: <"+sent[0].ID+">\r\n") || !strings.HasSuffix(got, "\r\n\r\nhallo\r\n") {
		t.Errorf("sent %q", got)
	}
}

func TestWhatSESRefusesIsRefused(t *testing.T) {
	t.Parallel()
	s, client, _ := open(t, t.TempDir())
	s.Fail("busy@example.com", &ses.Fault{Status: 429, Code: "TooManyRequestsException", Times: 1})
	tests := []struct {
		name   string
		change func(*sesv2.SendEmailInput)
		code   string
	}{
		{"another domain", func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String("a@example.net") }, "MessageRejected"},
		{"another domain in the mail", func(in *sesv2.SendEmailInput) {
			in.Content.Raw.Data = bytes.Replace(in.Content.Raw.Data, []byte("support.example.com>"), []byte("example.net>"), 1)
		}, "MessageRejected"},
		{"letters beyond ASCII", func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses[0] = "jörg@example.com" }, "BadRequestException"},
		{"no recipient", func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = nil }, "BadRequestException"},
		{"too much", func(in *sesv2.SendEmailInput) { in.Content.Raw.Data = make([]byte, 40<<20+1) }, "BadRequestException"},
		{"too often", func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses[0] = "busy@example.com" }, "TooManyRequestsException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input("jan@example.com")
			tt.change(in)
			_, err := client.SendEmail(t.Context(), in)
			v, ok := errors.AsType[smithy.APIError](err)
			if !ok || v.ErrorCode() != tt.code {
				t.Errorf("%v, want %s", err, tt.code)
			}
		})
	}
	if len(s.Sent()) != 0 {
		t.Error("sent all the same")
	}
	if _, err := client.SendEmail(t.Context(), input("busy@example.com")); err != nil {
		t.Error("after it passed:", err)
	}
}

func TestAConfigurationSetIsToldWhatBecomesOfAMail(t *testing.T) {
	t.Parallel()
	var told []string
	s, err := ses.New(ses.Config{
		Dir: t.TempDir(), Sets: func() []string { return []string{"heard"} },
		Tell: func(set, kind string, event []byte) error {
			if set != "heard" || !bytes.Contains(event, []byte(`"messageId":"\u003cown@support.example.com\u003e"`)) {
				t.Errorf("%s is told %s", set, event)
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
		in := input(to)
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
	in := input("jan@example.com")
	in.ConfigurationSetName = aws.String("other")
	if _, err := client.SendEmail(t.Context(), in); err == nil {
		t.Error("sent with a set that is not there")
	}
	if got := strings.Join(told, " "); got != "send delivery send bounce complaint" {
		t.Errorf("told %s", got)
	}
}

func TestWhatComesBackNamesTheMail(t *testing.T) {
	t.Parallel()
	s, client, came := open(t, t.TempDir())
	for _, to := range []string{"bounce@simulator.amazonses.com", "complaint+x@simulator.amazonses.com", "ooto@simulator.amazonses.com", "success@simulator.amazonses.com"} {
		if _, err := client.SendEmail(t.Context(), input(to)); err != nil {
			t.Fatal(err)
		}
	}
	if len(*came) != 3 {
		t.Fatalf("%d came back", len(*came))
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
