package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

// prepare stores the records that an operation's example requires.
var prepare = map[string]func(*door){
	"handOverCustomer": func(d *door) { d.claimedBy("bot", "bot-1") },
	"releaseCustomer":  func(d *door) { d.claimedBy("agent", "agent-7") },
	"sendAnswer":       func(d *door) { d.Mails(d.who, message.Message{Subject: "Waar blijft mijn pakket?"}) },
	"unmergeCustomer": func(d *door) {
		other := identity.CustomerID(d.as.Replace("01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e90"))
		if _, err := d.Table.Customers.MergeCustomers(d.T.Context(), d.who, other, identity.Decision{By: "agent-7", At: now}); err != nil {
			d.T.Fatal(err)
		}
	},
	"decideCandidate": func(d *door) { d.Burst() },
	"listCandidates":  func(d *door) { d.Burst() },
	"readCandidate":   func(d *door) { d.Burst() },
	"splitProblem": func(d *door) {
		named := map[string]any{"contacts": []map[string]string{{"customerId": string(d.who), "contact": d.as.Replace("qLk3vYb2cD8eFgHi")}}}
		d.Do(call{Route: "POST /v1/problems/{id}/contacts", Path: map[string]string{"id": d.as.Replace("01953f00-0000-7abc-8def-0123456789ab")}, Body: named}).Expect(http.StatusOK)
	},
	"updateProblem": func(d *door) {
		d.Do(call{Route: "POST /v1/problems/{id}/updates", Path: map[string]string{"id": d.as.Replace("01953f00-0000-7abc-8def-0123456789ab")}, Body: map[string]any{"to": "acknowledged"}}).Expect(http.StatusOK)
	},
}

func (d *door) claimedBy(kind, who string) {
	d.T.Helper()
	holder := map[string]any{"holder": map[string]string{"kind": kind, "id": who}}
	d.Do(call{Route: "POST /v1/customers/{id}/claim", Path: id(d.who), Body: holder}).Expect(http.StatusOK)
}

func TestDocument_ExamplesOfEveryOperation(t *testing.T) {
	t.Parallel()
	for _, o := range documented(t) {
		name := o.method + " " + o.path
		for status, ref := range o.Responses.Map() {
			for typ, content := range ref.Value.Content {
				if len(content.Examples) == 0 {
					t.Errorf("%s: %s as %s has no example", name, status, typ)
				}
			}
		}
		if o.RequestBody != nil && len(o.RequestBody.Value.Content["application/json"].Examples) == 0 {
			t.Errorf("%s: the body has no example", name)
		}
		if o.scopes() == nil {
			continue
		}
		for _, status := range []int{400, 401, 403, 429, 431} {
			if !o.documents(status) {
				t.Errorf("%s: the document lacks %d", name, status)
			}
		}
	}
}

func TestDocument_ExamplesSucceed(t *testing.T) {
	t.Parallel()
	for _, o := range documented(t) {
		bodies := map[string]*openapi3.ExampleRef{"": nil}
		if o.RequestBody != nil {
			bodies = o.RequestBody.Value.Content["application/json"].Examples
		}
		for name, example := range bodies {
			t.Run(strings.TrimSpace(o.OperationID+" "+name), func(t *testing.T) {
				t.Parallel()
				d := newDoor(t)
				if do := prepare[o.OperationID]; do != nil {
					do(d)
				}
				var body any
				if example != nil {
					body = d.inState(o, example.Value.Value)
				}
				a := d.by(o, body)
				if o.OperationID == "findCustomer" {
					a.query.Set("phone", "31970100678")
				}
				rec := d.send(a)
				if rec.Code >= 300 {
					t.Fatalf("status %d: %s", rec.Code, rec.Body)
				}
				if err := a.wrong(t.Context(), apitest.OpenAPI(t), rec); err != nil {
					t.Error(err)
				}
				tag := rec.Header().Get("ETag")
				if o.method != http.MethodGet {
					return
				}
				a.header.Set("If-None-Match", tag)
				if rec := d.send(a); tag == "" || rec.Code != http.StatusNotModified || rec.Body.Len() != 0 || a.wrong(t.Context(), apitest.OpenAPI(t), rec) != nil {
					t.Errorf("with its tag: status %d", rec.Code)
				}
			})
		}
	}
}

func TestGateway_HeadersTooLarge(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, o := range documented(t) {
		a := d.by(o, nil)
		a.header.Set("X-Long", strings.Repeat("a", 10_240))
		rec := d.send(a)
		if err := a.wrong(t.Context(), apitest.OpenAPI(t), rec); err != nil || rec.Code != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: status %d: %v", o.OperationID, rec.Code, err)
		}
	}
}

// inState returns an example without its version, which differs here.
func (d *door) inState(o operation, example any) any {
	body, ok := example.(map[string]any)
	if _, versioned := body["version"]; !ok || !versioned {
		return example
	}
	out := map[string]any{}
	for k, v := range body {
		if k != "version" {
			out[k] = v
		}
	}
	return out
}

// TestWrongRequests_AsDocumented sends each kind of wrong request to every
// operation. The answer must have the documented status and body.
func TestWrongRequests_AsDocumented(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	doc := apitest.OpenAPI(t)
	for _, o := range documented(t) {
		var body any
		if o.RequestBody != nil {
			for _, e := range o.RequestBody.Value.Content["application/json"].Examples {
				body = e.Value.Value
			}
		}
		expect := func(name string, status int, change func(*ask)) {
			t.Helper()
			a := d.by(o, body)
			change(&a)
			rec := d.send(a)
			if rec.Code != status {
				t.Errorf("%s: %s: status %d, want %d: %s", o.OperationID, name, rec.Code, status, rec.Body)
			}
			if err := a.wrong(t.Context(), doc, rec); err != nil {
				t.Errorf("%s: %s: %v", o.OperationID, name, err)
			}
		}
		if scopes := o.scopes(); scopes != nil {
			for name, token := range d.forged(scopes...) {
				expect(name, http.StatusUnauthorized, func(a *ask) { a.header.Set("Authorization", token) })
			}
			expect("without the scope", http.StatusForbidden, func(a *ask) { a.header.Set("Authorization", d.token("other:read")) })
			if _, ok := d.by(o, body).params["id"]; ok && o.documents(http.StatusNotFound) {
				expect("unknown customer", http.StatusNotFound, func(a *ask) { a.params["id"] = unknownCustomer() })
			}
		}
		if o.method == http.MethodGet {
			expect("a parameter that there is not", http.StatusBadRequest, func(a *ask) { a.query.Set("colour", "red") })
		}
		if o.RequestBody == nil {
			continue
		}
		expect("no type", http.StatusUnsupportedMediaType, func(a *ask) { a.header.Del("Content-Type") })
		expect("a form", http.StatusUnsupportedMediaType, func(a *ask) { a.header.Set("Content-Type", "application/x-www-form-urlencoded") })
		large := 300 << 10
		if o.OperationID == "sendAnswer" { // which has files
			large = 6 << 20
		}
		expect("too large", http.StatusRequestEntityTooLarge, func(a *ask) { a.body = fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", large)) })
		for name, wrong := range map[string]string{
			"no JSON": "{", "a list": "[]", "two": "{}{}", "no UTF-8": "{\"\xff\":1}", "too deep": strings.Repeat("[", 10_500) + strings.Repeat("]", 10_500),
			"too deep within": `{"text":` + strings.Repeat(`{"a":`, 10_500) + "1" + strings.Repeat("}", 10_501),
		} {
			expect(name, http.StatusBadRequest, func(a *ask) { a.body = []byte(wrong) })
		}
		if withText, err := json.Marshal(body); err == nil && bytes.Contains(withText, []byte(`":"`)) {
			wrong := bytes.Replace(withText, []byte(`":"`), []byte("\":\"\xff"), 1)
			expect("no UTF-8 in a text", http.StatusBadRequest, func(a *ask) { a.body = wrong })
		}
	}
}

func TestGateway_UnknownRoutes(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	token := d.token("customers:read")
	for _, tt := range []struct {
		method, target string
		status         int
	}{
		{http.MethodGet, "/v1/nothing", http.StatusNotFound},
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodGet, "/v1/customers/", http.StatusNotFound},
		{http.MethodHead, "/v1/customers?phone=31970100678", http.StatusNotFound},
		{http.MethodDelete, "/v1/customers/" + string(d.who), http.StatusNotFound},
		{http.MethodPatch, "/v1/customers/" + string(d.who), http.StatusNotFound},
		{http.MethodOptions, "/v1/customers", http.StatusNoContent},
	} {
		req := httptest.NewRequest(tt.method, tt.target, bytes.NewReader(nil))
		req.Header.Set("Authorization", token)
		if tt.method == http.MethodOptions {
			req.Header.Set("Origin", "https://shop.example.com")
			req.Header.Set("Access-Control-Request-Method", "GET")
		}
		rec := httptest.NewRecorder()
		d.gateway.ServeHTTP(rec, req)
		if rec.Code != tt.status || tt.status == http.StatusNotFound && rec.Body.String() != `{"message":"Not Found"}` {
			t.Errorf("%s %s: %d %s", tt.method, tt.target, rec.Code, rec.Body)
		}
	}
}

func TestRegister_DuplicateValues(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Do(call{Route: "PUT /v1/customers/account/{number}", Path: map[string]string{"number": "10042"}, Body: map[string]any{
		"mails": []string{"jan@voorbeeld.example", "Jan@Voorbeeld.example"}, "phones": []string{"31970100678", "+31 97 0100678"},
		"orders": []any{map[string]any{"number": "WS-1", "products": []string{"coffee-machine", "coffee-machine"}}},
	}}).Expect(http.StatusOK)
}
