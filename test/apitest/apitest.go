// Package apitest runs the three HTTP APIs in tests, on a table, a bucket and
// secrets of the test's own. Every request and response of [Stack.Do] is
// checked against infra/openapi.yaml.
//
//	s := apitest.New(t)
//	customer := s.Says(apitest.Phone(1), contact.WhatsApp, 5, "hallo").CustomerID
//	s.Do(apitest.Call{Route: "GET /v1/customers/{id}", Path: apitest.PathID(customer)}).Expect(http.StatusOK)
//
// Each package that uses it calls [Run] in TestMain, which fails the tests if
// they logged customer data.
package apitest

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
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/chatapi"
	"github.com/heard-intake/heard/internal/departmentapi"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/secret"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
)

// Now is the time in every test.
var Now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The site of the chat page, and the keys of its sessions and host tokens.
const (
	Site       = "shop"
	SessionKey = "a key for the sessions of tests, long enough"
	HostKey    = "a key that the site of tests shares with us"
)

// A Stack is the three APIs on their own table, bucket and secrets.
type Stack struct {
	T           testing.TB
	Table       *store.Table
	Blobs       *blob.Bucket
	Agents      *agentapi.API
	Departments *departmentapi.API
	Chat        *chatapi.API
	Metrics     *bytes.Buffer // what the APIs count
}

var example = sync.OnceValues(func() (*taxonomy.Taxonomy, error) {
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		return nil, err
	}
	return taxonomy.Load(data)
})

// New returns the three APIs on an empty table, bucket and secrets.
func New(t testing.TB) *Stack {
	t.Helper()
	tax, err := example()
	if err != nil {
		t.Fatal(err)
	}
	s := &Stack{T: t, Table: storetest.New(t), Blobs: newBucket(t), Metrics: &bytes.Buffer{}}
	clock := func() time.Time { return Now }
	s.Table.Now = clock
	meter := &telemetry.Meter{Function: "test", Out: s.Metrics, Now: clock}
	s.Agents = &agentapi.API{Store: s.Table, Blobs: s.Blobs, Taxonomy: func() *taxonomy.Taxonomy { return tax }, Meter: meter, Now: clock, Mailbox: Mailbox}
	contacts := &triage.Triage{Store: triage.StoreOf(s.Table), Taxonomy: tax, Zone: time.UTC, Now: clock}
	s.Agents.Preview = contacts.Preview
	s.Agents.Suggest = contacts.Suggest
	service := &problems.Service{Store: problems.StoreOf(s.Table), Taxonomy: func() *taxonomy.Taxonomy { return tax }, Zone: time.UTC}
	s.Departments = &departmentapi.API{Problems: service, Store: s.Table, Now: clock}
	s.Chat = &chatapi.API{Site: Site, Store: s.Table, Blobs: s.Blobs, Secrets: chatSecret(t), Meter: meter, Now: clock}
	return s
}

func local(t testing.TB, h http.Handler) (aws.Config, *string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("TEST", "secret", "")}, &srv.URL
}

func newBucket(t testing.TB) *blob.Bucket {
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
	return SecretWith(t, fmt.Sprintf(`{"sessionKey":%q,"hostKey":%q}`, SessionKey, HostKey))
}

// SecretWith returns a secret that holds a value.
func SecretWith(t testing.TB, value string) *secret.Secret {
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

// A Call is a request of a test.
type Call struct {
	Route   string // "GET /v1/customers/{id}"
	Path    map[string]string
	Query   map[string]string
	Headers map[string]string
	Body    any               // a string is sent as it is, another value as JSON
	Claims  map[string]string // nil: those of Agent; empty: no token
}

const everything = "identity:write customers:read customers:write register:write problems:read problems:write problems:all"

// Agent is the claims of an agent's token with every scope.
var Agent = map[string]string{"sub": "agent-7", "scope": everything, "exp": strconv.FormatInt(Now.Add(time.Hour).Unix(), 10)}

// ClaimsWith returns the claims of Agent with changes. An empty value removes a
// claim.
func ClaimsWith(changes map[string]string) map[string]string {
	c := maps.Clone(Agent)
	for k, v := range changes {
		c[k] = v
		if v == "" {
			delete(c, k)
		}
	}
	return c
}

// Event returns the request as API Gateway passes it to a function.
func (c Call) Event(t testing.TB) events.APIGatewayV2HTTPRequest {
	t.Helper()
	method, path, _ := strings.Cut(c.Route, " ")
	for name, v := range c.Path {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(v))
	}
	ev := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: c.Route, RawPath: path, PathParameters: c.Path, QueryStringParameters: c.Query,
		Headers: map[string]string{}, RequestContext: events.APIGatewayV2HTTPRequestContext{RequestID: "req-1"},
	}
	ev.RequestContext.HTTP.Method, ev.RequestContext.HTTP.Path = method, path
	switch b := c.Body.(type) {
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
	maps.Copy(ev.Headers, c.Headers)
	claims := c.Claims
	if claims == nil {
		claims = Agent
	}
	if len(claims) > 0 {
		ev.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims},
		}
	}
	return ev
}

// An Answer is the response to a Call.
type Answer struct {
	T      testing.TB
	Status int
	Header map[string]string
	Body   string
}

// Do sends c to the API with its route. It checks request and response against
// the document.
func (s *Stack) Do(c Call) Answer {
	s.T.Helper()
	ev := c.Event(s.T)
	var handle httpapi.EventHandler
	switch {
	case strings.Contains(c.Route, "/v1/problems"), strings.Contains(c.Route, "/v1/candidates"):
		handle = httpapi.Lambda(s.Departments.Handler())
	case strings.Contains(c.Route, "/chat/"):
		handle = httpapi.Lambda(s.Chat.Handler())
	default:
		handle = httpapi.Lambda(s.Agents.Handler())
	}
	resp, err := handle(s.T.Context(), ev)
	if err != nil {
		s.T.Fatal(err)
	}
	Conform(s.T, ev, resp)
	if resp.Headers["Cache-Control"] != "no-store" {
		s.T.Errorf("%s: Cache-Control %q", c.Route, resp.Headers["Cache-Control"])
	}
	return Answer{s.T, resp.StatusCode, resp.Headers, resp.Body}
}

// Into decodes the body into v. It fails the test on another status.
func (a Answer) Into(status int, v any) Answer {
	a.T.Helper()
	a.Expect(status)
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		a.T.Fatal(err)
	}
	return a
}

// Expect fails the test if the status is another one.
func (a Answer) Expect(status int) Answer {
	a.T.Helper()
	if a.Status != status {
		a.T.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// ExpectRefusal checks that a is a problem document of this status, with a text
// in its detail.
func (a Answer) ExpectRefusal(status int, detail string) {
	a.T.Helper()
	var doc struct {
		Status           int
		Detail, Instance string
	}
	a.Into(status, &doc)
	if doc.Status != status || !strings.Contains(doc.Detail, detail) || doc.Instance != "urn:heard:request:req-1" {
		a.T.Errorf("problem document %s, want %q in its detail", a.Body, detail)
	}
	if got := a.Header["Content-Type"]; got != "application/problem+json" {
		a.T.Errorf("Content-Type %q", got)
	}
}

// Phone returns the n-th phone number of the tests, verified.
func Phone(n int) identity.Address {
	return Verified(identity.Phone, "", fmt.Sprintf("31970100%03d", n))
}

// Verified returns a verified address.
func Verified(kind identity.Kind, scope, value string) identity.Address {
	return identity.Address{Alias: identity.Alias{Kind: kind, Scope: scope, Value: value}, Assurance: identity.Verified}
}

// Customer returns the customer of these aliases. A new one is made if needed.
func (s *Stack) Customer(addresses ...identity.Address) identity.CustomerID {
	s.T.Helper()
	id, err := s.Table.Customers.Identify(s.T.Context(), addresses, identity.Evidence{Rule: "webhook", At: Now.Add(-time.Hour)})
	if err != nil {
		s.T.Fatal(err)
	}
	return id
}

// Says stores an inbound message, n minutes before Now.
func (s *Stack) Says(who identity.Address, ch message.Channel, n int, text string) message.Message {
	s.T.Helper()
	return s.Put(message.Message{Channel: ch, Direction: message.Inbound, Customer: who, Text: text}, n)
}

// Put stores a message, with an id and a time made from minutesAgo where it has none.
func (s *Stack) Put(m message.Message, minutesAgo int) message.Message {
	s.T.Helper()
	m.Version, m.Kind, m.SentAt = message.SchemaVersion, message.Text, Now.Add(-time.Duration(minutesAgo)*time.Minute)
	if m.ProviderID == "" {
		m.ProviderID = "id-" + uuid.NewString()
	}
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	m.CustomerID = s.Customer(m.Customer)
	if _, err := s.Table.Messages.Put(s.T.Context(), m, ""); err != nil {
		s.T.Fatal(err)
	}
	return m
}

// Merged returns two ids of one customer. The first has a message.
func (s *Stack) Merged(n int) (stands, other identity.CustomerID) {
	s.T.Helper()
	other = s.Customer(Phone(n + 1))
	stands = s.Says(Phone(n), message.WhatsApp, 90, "onder het eerste nummer").CustomerID
	joined, err := s.Table.Customers.JoinByEvidence(s.T.Context(), stands, other, identity.Evidence{Rule: "register", At: Now})
	if err != nil || !joined {
		s.T.Fatal(joined, err)
	}
	return stands, other
}

// PathID returns the path parameters of a customer.
func PathID(c identity.CustomerID) map[string]string { return map[string]string{"id": string(c)} }

// A Page is a page of any list.
type Page struct {
	CustomerID string
	Messages   []struct {
		message.Entry
		Preview bool
	}
	Contacts []struct {
		ID, CustomerID, State, Reason string
		WaitingSeconds                int64
	}
	Problems  []ProblemView
	Customers []struct{ CustomerID string }
	Cursor    string
	Complete  bool
}

// A ProblemView is a problem as the API returns it.
type ProblemView struct {
	ID, State, Department, MergedInto string
	Version, Contacts                 int
	Next                              []string
}

// Texts returns the texts of the messages that a call lists.
func (s *Stack) Texts(c Call) []string {
	s.T.Helper()
	var p Page
	s.Do(c).Into(http.StatusOK, &p)
	var out []string
	for _, m := range p.Messages {
		out = append(out, m.Text)
	}
	return out
}

// UUIDv7 returns a UUIDv7 of a time that ends in n.
func UUIDv7(at time.Time, n byte) string {
	var u uuid.UUID
	ms := at.UnixMilli()
	for i := range 6 {
		u[i] = byte(ms >> (8 * (5 - i))) //nolint:gosec // one byte of the time
	}
	u[6], u[8], u[15] = 0x70, 0x80, n
	return u.String()
}

// Scopes returns the scope of each route of the three APIs.
func (s *Stack) Scopes() map[string]string {
	scopes := s.Departments.Handler().Scopes()
	maps.Copy(scopes, s.Agents.Handler().Scopes())
	maps.Copy(scopes, s.Chat.Handler().Scopes())
	return scopes
}
