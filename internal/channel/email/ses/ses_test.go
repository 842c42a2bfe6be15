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

// at returns a client of a server.
func at(url string) *ses.Client {
	return ses.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}, "heard")
}

// address stands in for what SES's words may name.
const address = "jan@example.com"

func TestWhatSESAnswersDecidesWhetherAMailIsTriedAgain(t *testing.T) {
	t.Parallel()
	type mail int
	const (
		final mail = iota // this one never
		stop              // none of ours
		again             // by itself
		see               // once somebody has seen to it
	)
	for _, tt := range []struct {
		name   string
		status int
		code   string
		want   mail
	}{
		{"the content is refused", 400, "MessageRejected", final},
		{"the request is no mail", 400, "BadRequestException", final},
		{"the domain is not verified", 400, "MailFromDomainNotVerifiedException", stop},
		{"the account is suspended", 400, "AccountSuspendedException", stop},
		{"the configuration set is gone", 404, "NotFoundException", stop},
		{"too many a second", 429, "TooManyRequestsException", again},
		{"too many a day", 400, "LimitExceededException", again},
		{"throttled by the front", 400, "ThrottlingException", again},
		{"throttled by what has no name", 429, "", again},
		{"sending is paused", 400, "SendingPausedException", see},
		{"SES is ill", 500, "InternalServiceErrorException", again},
		{"SES is away", 503, "ServiceUnavailable", again},
		{"a proxy is ill", 502, "", again},
		{"a proxy waited too long", 504, "", again},
		{"we may not", 403, "AccessDeniedException", see},
		{"our credentials are over", 403, "ExpiredTokenException", see},
		{"our clock is wrong", 403, "InvalidSignatureException", see},
		{"nobody knows that code", 400, "BrandNewException", see},
		{"no code at all", 400, "", see},
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
				t.Errorf("%s: %v", got, err)
			}
			if tt.code != "" && !strings.Contains(err.Error(), tt.code) {
				t.Errorf("without its code: %v", err)
			}
			if final := tt.want == final || tt.want == stop; final && fault.Message(err) != tt.code {
				t.Errorf("the history will say %q", fault.Message(err))
			}
			if strings.Contains(err.Error(), address) {
				t.Errorf("an address in %v", err)
			}
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

func TestASESThatCannotBeReachedIsTriedAgain(t *testing.T) {
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
		if _, err := at(url).Send(t.Context(), "a@example.com", address, "b@example.com", []byte("x")); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%v", err)
		}
	}
}

func TestAMailIsSentWholeAndNamedAsItsRecipientSeesIt(t *testing.T) {
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
		t.Fatal(id, err)
	}
	for _, part := range []string{`"ConfigurationSetName":"heard"`, `"FromEmailAddress":"a@example.com"`, `"ToAddresses":["jan@example.com"]`, `"FeedbackForwardingEmailAddress":"b@example.com"`, `"Data":"U3ViamVjdDogeA=="`} {
		if !strings.Contains(body, part) {
			t.Errorf("without %s: %s", part, body)
		}
	}
}
