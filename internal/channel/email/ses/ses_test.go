package ses_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/heard-intake/heard/internal/channel/email/ses"
	"github.com/heard-intake/heard/internal/fault"
)

// at returns a client of the server at url.
func at(url string) *ses.Client {
	return ses.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}, "heard")
}

// address occurs in the error texts of SES and must not occur in ours.
const address = "jan@example.com"

func TestSend_ErrorKinds(t *testing.T) {
	t.Parallel()
	type mail int
	const (
		final mail = iota // SES never sends this mail
		stop              // SES sends none of our mails
		again             // a retry may succeed
		see               // a retry may succeed after an operator acts
	)
	for _, tt := range []struct {
		name   string
		status int
		code   string
		want   mail
	}{
		{"rejected content", 400, "MessageRejected", final},
		{"malformed request", 400, "BadRequestException", final},
		{"unverified domain", 400, "MailFromDomainNotVerifiedException", stop},
		{"suspended account", 400, "AccountSuspendedException", stop},
		{"missing configuration set", 404, "NotFoundException", stop},
		{"rate exceeded", 429, "TooManyRequestsException", again},
		{"daily quota exceeded", 400, "LimitExceededException", again},
		{"throttled by the gateway", 400, "ThrottlingException", again},
		{"throttled without a code", 429, "", again},
		{"sending paused", 400, "SendingPausedException", see},
		{"internal error of SES", 500, "InternalServiceErrorException", again},
		{"SES unavailable", 503, "ServiceUnavailable", again},
		{"bad gateway", 502, "", again},
		{"gateway timeout", 504, "", again},
		{"access denied", 403, "AccessDeniedException", see},
		{"expired credentials", 403, "ExpiredTokenException", see},
		{"wrong clock", 403, "InvalidSignatureException", see},
		{"unknown code", 400, "BrandNewException", see},
		{"no code", 400, "", see},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				if tt.code != "" {
					w.Header().Set("X-Amzn-Errortype", tt.code)
				}
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, `{"message": "Email address %s is not verified"}`, address)
			}))
			defer srv.Close()
			_, err := at(srv.URL).Send(t.Context(), "a@example.com", address, "b@example.com", []byte("x"))
			want := map[mail][]fault.Kind{
				final: {fault.Invalid}, stop: {fault.Forbidden}, again: {fault.TooMany, fault.Unavailable}, see: {fault.Internal},
			}[tt.want]
			if got := fault.KindOf(err); got != want[0] && got != want[len(want)-1] {
				t.Errorf("kind of error: got %s (%v), want one of %v", got, err, want)
			}
			if tt.code != "" && !strings.Contains(err.Error(), tt.code) {
				t.Errorf("error: got %v, want the code %s in it", err, tt.code)
			}
			if final := tt.want == final || tt.want == stop; final && fault.Message(err) != tt.code {
				t.Errorf("message for the history: got %q, want %q", fault.Message(err), tt.code)
			}
			if strings.Contains(err.Error(), address) {
				t.Errorf("the error contains an address: %v", err)
			}
			if asked != 1 {
				t.Errorf("requests: got %d, want 1", asked)
			}
		})
	}
}

func TestSend_Unreachable(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = c.Close()
		}
	}))
	defer srv.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, url := range []string{srv.URL, gone.URL} {
		if _, err := at(url).Send(t.Context(), "a@example.com", address, "b@example.com", []byte("x")); !fault.Is(err, fault.Unavailable) {
			t.Errorf("Send: got %v, want kind %s", err, fault.Unavailable)
		}
	}
}

func TestSend_RequestAndMessageID(t *testing.T) {
	t.Parallel()
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		body = string(data)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"MessageId": "0102"}`)
	}))
	defer srv.Close()
	id, err := at(srv.URL).Send(t.Context(), "a@example.com", address, "b@example.com", []byte("Subject: x"))
	if err != nil || id != "0102@eu-west-1.amazonses.com" {
		t.Fatalf("Send: got %q, %v, want 0102@eu-west-1.amazonses.com", id, err)
	}
	for _, part := range []string{`"ConfigurationSetName":"heard"`, `"FromEmailAddress":"a@example.com"`, `"ToAddresses":["jan@example.com"]`, `"FeedbackForwardingEmailAddress":"b@example.com"`, `"Data":"U3ViamVjdDogeA=="`} {
		if !strings.Contains(body, part) {
			t.Errorf("request: got %s, want %s in it", body, part)
		}
	}
}
