package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	gateway "github.com/heard-intake/heard/infra/local/httpapi"
	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/template"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

// A door is the whole API behind the local gateway, with the routes and the
// authorizer of the template. It has one customer and one problem, which replace
// those of the document's examples.
type door struct {
	*stack
	gateway  http.Handler
	issuer   *issuer.Issuer
	stranger *issuer.Issuer // of the same address, with an unknown key
	session  string
	who      identity.CustomerID
	as       *strings.Replacer // from the ids of the examples to those that are here
}

func newDoor(t testing.TB) *door {
	t.Helper()
	d := &door{stack: newStack(t)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.issuer.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	var err error
	if d.issuer, err = issuer.Open(t.TempDir(), server.URL); err != nil {
		t.Fatal(err)
	}
	if d.stranger, err = issuer.Open(t.TempDir(), server.URL); err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("../../infra/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	model, err := template.Parse(src, template.Options{Parameters: map[string]string{"IssuerUrl": server.URL, "Audience": "heard"}})
	if err != nil {
		t.Fatal(err)
	}
	d.gateway = gateway.New(gateway.Config{API: model.HTTPAPIs[0], Functions: d})
	d.furnish()
	return d
}

// Invoke hands an event to the handler of a function.
func (d *door) Invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	handlers := map[string]httpapi.EventHandler{
		"heard-agentapi": httpapi.Lambda(d.Agents.Handler()), "heard-departmentapi": httpapi.Lambda(d.Departments.Handler()), "heard-webchat": httpapi.Lambda(d.Chat.Handler()),
	}
	handle, ok := handlers[function]
	if !ok {
		return nil, "", fmt.Errorf("no function %s here", function)
	}
	var ev events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &ev); err != nil {
		return nil, "", err
	}
	resp, err := handle(ctx, ev)
	if err != nil {
		return nil, err.Error(), nil
	}
	out, err := json.Marshal(resp)
	return out, "", err
}

// furnish stores the records that the examples of the document name.
func (d *door) furnish() {
	jan := verified(identity.Phone, "", "31970100678")
	first := d.Put(message.Message{Channel: message.WhatsApp, Direction: message.Inbound, Customer: jan, Text: "Waar blijft mijn pakket?"}, 180)
	asked := contact.Contact{
		ID: contact.IDOf(first.ID), Customer: first.CustomerID, Start: first.SentAt, WaitingSince: first.SentAt,
		Channels: []message.Channel{message.WhatsApp}, Department: "logistics",
	}
	if err := d.Table.Contacts.Save(d.T.Context(), asked); err != nil {
		d.T.Fatal(err)
	}
	m := d.Put(message.Message{Channel: message.WhatsApp, Direction: message.Outbound, Customer: jan, Text: "Het komt morgen.", ProviderID: "wamid.EXAMPLE2"}, 120)
	d.who = m.CustomerID
	further := d.Put(message.Message{Channel: message.WhatsApp, Direction: message.Inbound, Customer: jan, Text: "En hoe laat?"}, 110)
	wrong := d.Put(message.Message{Channel: message.WhatsApp, Direction: message.Inbound, Customer: jan, Text: "Mijn factuur klopt niet"}, 100)
	billed := contact.Contact{
		ID: contact.IDOf(wrong.ID), Customer: d.who, Start: wrong.SentAt, WaitingSince: wrong.SentAt, Channels: asked.Channels, Department: "billing",
		Causes: []contact.Cause{{Reason: "invoice-wrong", Department: "billing", Message: wrong.ID}},
	}
	if err := d.Table.Contacts.Save(d.T.Context(), billed); err != nil {
		d.T.Fatal(err)
	}
	k := d.Contact(d.who, 60, "logistics")
	other := d.Says(phone(9), message.WhatsApp, 30, "een ander").CustomerID
	p := d.Problem("manual-unclear", "documentation", 1)
	d.session = d.openSession()
	d.as = strings.NewReplacer(
		"7rTYJSKRQNNzJwsg", asked.ID, "1795179600000:whatsapp:wamid.EXAMPLE1", string(first.ID),
		"1795179600000:whatsapp:wamid.EXAMPLE3", string(further.ID), "w2Vd8fGhJkLmNpQr", billed.ID,
		"01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f", string(d.who), "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e90", string(other),
		"01953f00-0000-7abc-8def-0123456789ab", p, "qLk3vYb2cD8eFgHi", k.ID, "x8-K2hQ0bZw", d.Table.Candidates.WordHash("gasklep"), "0195513a-5a00-7abc-8def-0123456789ab", uuid7(now.Add(-time.Second), 1),
	)
}

// openSession returns the token of a new chat session.
func (d *door) openSession() string {
	var session struct{ Token string }
	d.Do(call{Route: "POST /chat/sessions", Claims: map[string]string{}}).Into(http.StatusCreated, &session)
	return session.Token
}

// token returns a valid token with these scopes.
func (d *door) token(scopes ...string) string {
	return d.signed(d.issuer, issuer.Claims{Subject: "agent-7", Audience: "heard", Scopes: scopes})
}

func (d *door) signed(by *issuer.Issuer, c issuer.Claims) string {
	d.T.Helper()
	token, err := by.Token(c)
	if err != nil {
		d.T.Fatal(err)
	}
	return "Bearer " + token
}

// forged returns invalid tokens, by their defect.
func (d *door) forged(scopes ...string) map[string]string {
	good := issuer.Claims{Subject: "agent-7", Audience: "heard", Scopes: scopes}
	old, foreign := good, good
	old.TTL, foreign.Audience = -time.Minute, "other-api"
	claims := jwt.MapClaims{"iss": d.issuer.URL(), "aud": "heard", "sub": "agent-7", "scope": strings.Join(scopes, " "), "exp": time.Now().Add(time.Hour).Unix()}
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		d.T.Fatal(err)
	}
	token := d.token(scopes...)
	return map[string]string{
		"no token": "", "no JWT": "Bearer abc", "an expired one": d.signed(d.issuer, old), "of another audience": d.signed(d.issuer, foreign),
		"unsigned": "Bearer " + none, "without its signature": token[:strings.LastIndexByte(token, '.')+1], "signed by a stranger": d.signed(d.stranger, good),
	}
}

// An operation is an operation of the document.
type operation struct {
	method, path string
	*openapi3.Operation
	item *openapi3.PathItem
}

// scopes returns the scopes that a token without a department needs, nil for
// operations of the chat.
func (o operation) scopes() []string {
	var widest []string
	for _, s := range *o.Security {
		if scopes, ok := s["Token"]; ok {
			widest = scopes
		}
	}
	return widest
}

func (o operation) parameters() openapi3.Parameters {
	return append(o.item.Parameters, o.Parameters...)
}

func (o operation) documents(status int) bool { return o.Responses.Status(status) != nil }

func documented(t testing.TB) []operation {
	t.Helper()
	var all []operation
	for path, item := range apitest.OpenAPI(t).Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{method, path, op, item})
		}
	}
	return all
}

// An ask is a request of an operation.
type ask struct {
	operation
	params map[string]string
	query  url.Values
	header http.Header
	body   []byte
}

// by returns the request in the examples of the document, with a valid token.
// Body is the example of the body, or nil.
func (d *door) by(o operation, body any) ask {
	d.T.Helper()
	a := ask{operation: o, params: map[string]string{}, query: url.Values{}, header: http.Header{}}
	for _, ref := range o.parameters() {
		p := ref.Value
		if !p.Required {
			continue
		}
		v := d.as.Replace(fmt.Sprint(exampleOf(d.T, o, p)))
		switch p.In {
		case openapi3.ParameterInPath:
			a.params[p.Name] = v
		case openapi3.ParameterInQuery:
			a.query.Set(p.Name, v)
		default:
			a.header.Set(p.Name, v)
		}
	}
	a.header.Set("Authorization", "Bearer "+d.session)
	if scopes := o.scopes(); scopes != nil {
		a.header.Set("Authorization", d.token(scopes...))
	}
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			d.T.Fatal(err)
		}
		a.body = []byte(d.as.Replace(string(data)))
		a.header.Set("Content-Type", "application/json")
	}
	return a
}

func exampleOf(t testing.TB, o operation, p *openapi3.Parameter) any {
	t.Helper()
	for _, e := range p.Examples {
		return e.Value.Value
	}
	if p.Example != nil {
		return p.Example
	}
	if s := p.Schema.Value; s.Const != nil {
		return s.Const
	}
	t.Fatalf("%s %s: the parameter %s has no example", o.method, o.path, p.Name)
	return nil
}

// send sends a request and returns the response.
func (d *door) send(a ask) *httptest.ResponseRecorder {
	path := a.path
	for name, v := range a.params {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(v))
	}
	target := path
	if len(a.query) > 0 {
		target += "?" + a.query.Encode()
	}
	req := httptest.NewRequest(a.method, "http://heard.example"+target, bytes.NewReader(a.body))
	req.Header = a.header
	rec := httptest.NewRecorder()
	d.gateway.ServeHTTP(rec, req)
	return rec
}

// wrong returns an error if a response differs from the document.
func (a ask) wrong(ctx context.Context, doc *openapi3.T, rec *httptest.ResponseRecorder) error {
	if rec.Code >= http.StatusInternalServerError {
		return fmt.Errorf("status %d: %s", rec.Code, rec.Body)
	}
	if !a.documents(rec.Code) {
		return fmt.Errorf("the document has no status %d: %s", rec.Code, rec.Body)
	}
	a = a.asRead()
	req, err := http.NewRequestWithContext(ctx, a.method, "http://heard.example"+a.path+"?"+a.query.Encode(), bytes.NewReader(a.body))
	if err != nil {
		return err
	}
	req.Header = a.header
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: a.params,
		Route:   &routers.Route{Spec: doc, Path: a.path, PathItem: a.item, Method: a.method, Operation: a.Operation},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, RejectWhenRequestBodyNotSpecified: true},
	}
	if rec.Code < 400 {
		if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
			return fmt.Errorf("status %d, and the request is not by the document: %w", rec.Code, err)
		}
	}
	err = openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: rec.Code, Header: rec.Header(),
		Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())), Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		return fmt.Errorf("the answer is not by the document: %w", err)
	}
	typ, _, _ := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	if rec.Code >= 400 && typ != "application/problem+json" && typ != "application/json" {
		return fmt.Errorf("status %d as %q", rec.Code, typ)
	}
	return nil
}

// asRead returns a request as the API reads it. Empty and null values are
// removed, and so is a body that the operation does not take.
func (a ask) asRead() ask {
	query, header := url.Values{}, http.Header{}
	for name, v := range a.query {
		if v[0] != "" {
			query[name] = v
		}
	}
	for name, v := range a.header {
		if v[0] != "" {
			header[name] = v
		}
	}
	a.query, a.header = query, header
	var body any
	if a.RequestBody == nil {
		a.body = nil
	} else if json.Unmarshal(a.body, &body) == nil {
		if data, err := json.Marshal(withoutEmpty(body)); err == nil {
			a.body = data
		}
	}
	return a
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if v[name] = withoutEmpty(member); member == nil || member == "" {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	}
	return v
}

// unknownCustomer returns an id that was never given out.
func unknownCustomer() string { return uuid.Must(uuid.NewV7()).String() }
