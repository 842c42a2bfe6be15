package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/infra/local/secrets"
	"github.com/heard-intake/heard/internal/agentapi"
	"github.com/heard-intake/heard/internal/api"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/chatapi"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/secret"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
)

// now is when every test takes place.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	site       = "shop"
	sessionKey = "a key for the sessions of tests, long enough"
	hostKey    = "a key that the site of tests shares with us"
)

// A stack is all three APIs on a table, a bucket and secrets of the test's
// own.
type stack struct {
	t           testing.TB
	table       *store.Table
	blobs       *blob.Bucket
	agents      *agentapi.API
	departments *api.Departments
	chat        *chatapi.API
	metrics     *bytes.Buffer
}

var example = sync.OnceValues(func() (*taxonomy.Taxonomy, error) {
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		return nil, err
	}
	return taxonomy.Load(data)
})

func newStack(t testing.TB) *stack {
	t.Helper()
	tax, err := example()
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, table: storetest.New(t), blobs: bucket(t), metrics: &bytes.Buffer{}}
	clock := func() time.Time { return now }
	s.table.Now = clock
	meter := &telemetry.Meter{Function: "test", Out: s.metrics, Now: clock}
	s.agents = &agentapi.API{Store: s.table, Blobs: s.blobs, Taxonomy: func() *taxonomy.Taxonomy { return tax }, Meter: meter, Now: clock, Mailbox: mailbox}
	s.agents.Preview = (&triage.Triage{Store: s.table, Taxonomy: tax, Zone: time.UTC, Now: clock}).Preview
	s.departments = &api.Departments{Store: s.table, Taxonomy: func() *taxonomy.Taxonomy { return tax }, Zone: time.UTC, Now: clock}
	s.chat = &chatapi.API{Site: site, Store: s.table, Blobs: s.blobs, Secrets: chatSecret(t), Meter: meter, Now: clock}
	return s
}

func local(t testing.TB, h http.Handler) (aws.Config, *string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("TEST", "secret", "")}, &srv.URL
}

func bucket(t testing.TB) *blob.Bucket {
	t.Helper()
	srv, err := s3.New(s3.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	cfg, addr := local(t, srv)
	client := awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.BaseEndpoint, o.UsePathStyle = addr, true })
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("heard-blobs")}); err != nil {
		t.Fatal(err)
	}
	return blob.New(client, "heard-blobs")
}

func chatSecret(t testing.TB) *secret.Secret {
	t.Helper()
	return secretWith(t, fmt.Sprintf(`{"sessionKey":%q,"hostKey":%q}`, sessionKey, hostKey))
}

func secretWith(t testing.TB, value string) *secret.Secret {
	t.Helper()
	srv, err := secrets.New(secrets.Config{File: filepath.Join(t.TempDir(), "secrets.json")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Ensure("webchat", value); err != nil {
		t.Fatal(err)
	}
	cfg, addr := local(t, srv)
	return secret.New(secretsmanager.NewFromConfig(cfg, func(o *secretsmanager.Options) { o.BaseEndpoint = addr }), "webchat")
}

// A call is a request as a test thinks of it.
type call struct {
	route   string // "GET /v1/customers/{id}"
	path    map[string]string
	query   map[string]string
	headers map[string]string
	body    any               // a string is sent as it is
	claims  map[string]string // nil: an agent with every scope; empty: no token
}

const everything = "identity:write customers:read customers:write register:write problems:read problems:write problems:all"

var agent = map[string]string{"sub": "agent-7", "scope": everything, "exp": strconv.FormatInt(now.Add(time.Hour).Unix(), 10)}

// with returns the agent's claims, changed.
func with(changes map[string]string) map[string]string {
	c := maps.Clone(agent)
	for k, v := range changes {
		c[k] = v
		if v == "" {
			delete(c, k)
		}
	}
	return c
}

func (c call) event(t testing.TB) events.APIGatewayV2HTTPRequest {
	t.Helper()
	method, path, _ := strings.Cut(c.route, " ")
	for name, v := range c.path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(v))
	}
	ev := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: c.route, RawPath: path, PathParameters: c.path, QueryStringParameters: c.query,
		Headers: map[string]string{}, RequestContext: events.APIGatewayV2HTTPRequestContext{RequestID: "req-1"},
	}
	ev.RequestContext.HTTP.Method, ev.RequestContext.HTTP.Path = method, path
	switch b := c.body.(type) {
	case nil:
	case string:
		ev.Body = b
	default:
		data, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		ev.Body = string(data)
	}
	if ev.Body != "" {
		ev.Headers["content-type"] = "application/json"
	}
	maps.Copy(ev.Headers, c.headers)
	claims := c.claims
	if claims == nil {
		claims = agent
	}
	if len(claims) > 0 {
		ev.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims},
		}
	}
	return ev
}

// An answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header map[string]string
	body   string
}

// do sends c to whichever API has its route, and holds both sides to the
// document.
func (s *stack) do(c call) answer {
	s.t.Helper()
	ev := c.event(s.t)
	var handle httpapi.EventHandler
	switch {
	case strings.Contains(c.route, "/v1/problems"), strings.Contains(c.route, "/v1/candidates"):
		handle = s.departments.Handle
	case strings.Contains(c.route, "/chat/"):
		handle = httpapi.Lambda(s.chat.Handler())
	default:
		handle = httpapi.Lambda(s.agents.Handler())
	}
	resp, err := handle(s.t.Context(), ev)
	if err != nil {
		s.t.Fatal(err)
	}
	conform(s.t, ev, resp)
	if resp.Headers["Cache-Control"] != "no-store" {
		s.t.Errorf("%s: Cache-Control %q", c.route, resp.Headers["Cache-Control"])
	}
	return answer{s.t, resp.StatusCode, resp.Headers, resp.Body}
}

// into decodes the body of an answer that must have this status.
func (a answer) into(status int, v any) answer {
	a.t.Helper()
	a.is(status)
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.t.Fatal(err)
	}
	return a
}

func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// refused checks that a was refused with this status, and tells why.
func (a answer) refused(status int, detail string) {
	a.t.Helper()
	var doc struct {
		Status           int
		Detail, Instance string
	}
	a.into(status, &doc)
	if doc.Status != status || !strings.Contains(doc.Detail, detail) || doc.Instance != "urn:heard:request:req-1" {
		a.t.Errorf("problem document %s, want %q in its detail", a.body, detail)
	}
	if got := a.header["Content-Type"]; got != "application/problem+json" {
		a.t.Errorf("Content-Type %q", got)
	}
}

func phone(n int) identity.Address {
	return verified(identity.Phone, "", fmt.Sprintf("31970100%03d", n))
}

func verified(kind identity.Kind, scope, value string) identity.Address {
	return identity.Address{Alias: identity.Alias{Kind: kind, Scope: scope, Value: value}, Assurance: identity.Verified}
}

// customer returns somebody who is known by these aliases and wrote nothing.
func (s *stack) customer(addresses ...identity.Address) identity.CustomerID {
	s.t.Helper()
	id, err := s.table.Identify(s.t.Context(), addresses, identity.Evidence{Rule: "webhook", At: now.Add(-time.Hour)})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// says stores a message of the address's customer, n minutes before now.
func (s *stack) says(who identity.Address, ch contact.Channel, n int, text string) contact.Message {
	s.t.Helper()
	return s.put(contact.Message{Channel: ch, Direction: contact.Inbound, Customer: who, Text: text}, n)
}

func (s *stack) put(m contact.Message, minutesAgo int) contact.Message {
	s.t.Helper()
	m.Version, m.Kind, m.SentAt = contact.SchemaVersion, contact.Text, now.Add(-time.Duration(minutesAgo)*time.Minute)
	if m.ProviderID == "" {
		m.ProviderID = "id-" + uuid.NewString()
	}
	m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
	m.CustomerID = s.customer(m.Customer)
	if _, err := s.table.PutMessage(s.t.Context(), m, ""); err != nil {
		s.t.Fatal(err)
	}
	return m
}

// merged returns two ids of one customer, who wrote under the first.
func (s *stack) merged(n int) (stands, other identity.CustomerID) {
	s.t.Helper()
	other = s.customer(phone(n + 1))
	stands = s.says(phone(n), contact.WhatsApp, 90, "onder het eerste nummer").CustomerID
	joined, err := s.table.JoinByEvidence(s.t.Context(), stands, other, identity.Evidence{Rule: "register", At: now})
	if err != nil || !joined {
		s.t.Fatal(joined, err)
	}
	return stands, other
}

func id(c identity.CustomerID) map[string]string { return map[string]string{"id": string(c)} }

// A page is one of any list.
type page struct {
	CustomerID string
	Messages   []struct {
		contact.Entry
		Preview bool
	}
	Contacts []struct {
		ID, CustomerID, State, Reason string
		WaitingSeconds                int64
	}
	Problems  []problemView
	Customers []struct{ CustomerID string }
	Cursor    string
	Complete  bool
}

type problemView struct {
	ID, State, Department, MergedInto string
	Version, Contacts                 int
	Next                              []string
}

func (s *stack) texts(c call) []string {
	s.t.Helper()
	var p page
	s.do(c).into(http.StatusOK, &p)
	var out []string
	for _, m := range p.Messages {
		out = append(out, m.Text)
	}
	return out
}

// uuid7 is a UUIDv7 of a time.
func uuid7(at time.Time, n byte) string {
	var u uuid.UUID
	ms := at.UnixMilli()
	for i := range 6 {
		u[i] = byte(ms >> (8 * (5 - i)))
	}
	u[6], u[8], u[15] = 0x70, 0x80, n
	return u.String()
}
