package agentapi_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

// sent returns the body of an answer that an agent tool records, with changes.
func sent(changes map[string]any) map[string]any {
	b := map[string]any{"delivery": "recorded", "channel": "whatsapp", "text": "Uw pakket komt morgen.", "id": "answer-1", "sentAt": "2026-03-01T11:00:00Z"}
	return changed(b, changes)
}

// phoned returns the body of a call that an agent records, with changes.
func phoned(changes map[string]any) map[string]any {
	b := map[string]any{"channel": "phone", "reason": "invoice-unclear", "outcome": "explained", "at": "2026-03-01T11:00:00Z", "id": "call-1"}
	return changed(b, changes)
}

func changed(b, changes map[string]any) map[string]any {
	for k, v := range changes {
		b[k] = v
		if v == nil {
			delete(b, k)
		}
	}
	return b
}

func TestRecordAnswer_Repeated(t *testing.T) {
	t.Parallel()
	v7 := uuid7(now.Add(-time.Hour), 1)
	for name, tt := range map[string]struct {
		first, second map[string]any
		header        string // Idempotency-Key of both
		status        int    // of the second
		count         int
	}{
		"by its id":                             {sent(nil), sent(nil), "", 200, 1},
		"by its id, at another time":            {sent(nil), sent(map[string]any{"sentAt": "2026-03-01T11:00:01Z"}), "", 200, 1},
		"by a header":                           {sent(map[string]any{"id": nil}), sent(map[string]any{"id": nil}), "key-1", 200, 1},
		"by an id that tells the time":          {sent(map[string]any{"id": v7, "sentAt": nil}), sent(map[string]any{"id": v7, "sentAt": nil}), "", 200, 1},
		"by the provider's id":                  {sent(map[string]any{"id": nil, "providerId": "wamid.A"}), sent(map[string]any{"id": nil, "providerId": "wamid.A"}), "", 200, 1},
		"by a provider's id of great length":    {sent(map[string]any{"providerId": strings.Repeat("a", 900)}), sent(map[string]any{"providerId": strings.Repeat("a", 900)}), "", 200, 1},
		"but not for another id":                {sent(nil), sent(map[string]any{"id": "answer-2"}), "", 201, 2},
		"but not on another channel":            {sent(nil), sent(map[string]any{"channel": "phone"}), "", 201, 2},
		"but another text with its id is wrong": {sent(nil), sent(map[string]any{"text": "Iets anders."}), "", 409, 1},
		"but not more than a day later":         {sent(map[string]any{"sentAt": "2026-02-20T11:00:00Z"}), sent(nil), "", 201, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			who := s.Says(phone(1), message.WhatsApp, 90, "Waar blijft mijn pakket?").CustomerID
			headers := map[string]string{}
			if tt.header != "" {
				headers["Idempotency-Key"] = tt.header
			}
			var a, b message.Message
			s.Do(call{Route: answerRoute, Path: id(who), Body: tt.first, Headers: headers}).Into(http.StatusCreated, &a)
			second := s.Do(call{Route: answerRoute, Path: id(who), Body: tt.second, Headers: headers}).Expect(tt.status)
			if tt.status == http.StatusOK {
				if diff := cmp.Diff(a, *decode(t, second, &b)); diff != "" {
					t.Error("the second answer is another:", diff)
				}
			}
			if a.Author != "agent-7" || string(a.Data) != `{"recordedBy":"agent-7"}` || a.Origin != message.Recorded || a.Customer != phone(1) {
				t.Errorf("%+v", a)
			}
			got := s.Texts(call{Route: historyRoute, Path: id(who), Query: map[string]string{"direction": "outbound"}})
			if len(got) != tt.count {
				t.Errorf("%d answers, want %d", len(got), tt.count)
			}
		})
	}
}

func decode[T any](t *testing.T, a answer, v *T) *T {
	t.Helper()
	a.Into(a.Status, v)
	return v
}

func TestRecordAnswer_Concurrent(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID
	var wg sync.WaitGroup
	var mu sync.Mutex
	created := 0
	for range 8 {
		wg.Go(func() {
			a := s.Do(call{Route: answerRoute, Path: id(who), Body: sent(nil)})
			mu.Lock()
			defer mu.Unlock()
			if a.Status == http.StatusCreated {
				created++
			}
		})
	}
	wg.Wait()
	if got := s.Texts(call{Route: historyRoute, Path: id(who)}); created != 1 || len(got) != 2 {
		t.Errorf("%d created, history %v", created, got)
	}
}

func TestRecordAnswer_AfterEcho(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID
	echo := s.Put(message.Message{
		Channel: message.WhatsApp, Direction: message.Outbound, Customer: phone(1), Text: "antwoord", ProviderID: "wamid.ECHO", Origin: message.Echo,
	}, 61)
	var got message.Message
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"providerId": "wamid.ECHO"})}).Into(http.StatusOK, &got)
	if got.ID != echo.ID || got.Text != "antwoord" {
		t.Errorf("%+v", got)
	}
}

func TestRecordAnswer_BeforeEcho(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"providerId": "wamid.ECHO"})}).Expect(http.StatusCreated)
	s.Put(message.Message{
		Channel: message.WhatsApp, Direction: message.Outbound, Customer: phone(1), Text: "antwoord", ProviderID: "wamid.ECHO", Origin: message.Echo,
	}, 59)
	if got := s.Texts(call{Route: historyRoute, Path: id(who)}); len(got) != 2 {
		t.Errorf("history %v", got)
	}
}

func TestRecordAnswer_ChangesNothingElse(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID
	s.Says(phone(2), message.WhatsApp, 80, "van een ander")
	other := s.Customer(phone(2))
	k := s.Contact(other, 80, "billing")
	before := s.Texts(call{Route: historyRoute, Path: id(other)})
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(nil)}).Expect(http.StatusCreated)
	if diff := cmp.Diff(before, s.Texts(call{Route: historyRoute, Path: id(other)})); diff != "" {
		t.Error("another customer's history changed:", diff)
	}
	if got := s.Texts(call{Route: historyRoute, Path: id(who)}); len(got) != 2 {
		t.Errorf("history %v", got)
	}
	var p page
	s.Do(call{Route: waitingRoute, Query: map[string]string{"state": "waiting", "department": "billing"}}).Into(http.StatusOK, &p)
	if len(p.Contacts) != 1 || p.Contacts[0].ID != k.ID {
		t.Errorf("waiting %+v", p.Contacts)
	}
}

func TestRecordAnswer_AddressInUse(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	visitor := verified(identity.Visitor, apitest.Site, "v-2")
	who := s.Customer(verified(identity.Visitor, apitest.Site, "v-1"), visitor, phone(1))
	s.Says(verified(identity.Visitor, apitest.Site, "v-1"), message.WebChat, 90, "eerst")
	s.Says(visitor, message.WebChat, 80, "toen")
	var got message.Message
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"channel": "webchat", "author": "Bot"})}).Into(http.StatusCreated, &got)
	if got.Customer != visitor || got.Author != "Bot" || string(got.Data) != `{"recordedBy":"agent-7"}` {
		t.Errorf("%+v", got)
	}
	got = message.Message{}
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(nil)}).Into(http.StatusCreated, &got)
	if got.Customer != phone(1) {
		t.Errorf("on a channel that was not used yet: %+v", got.Customer)
	}
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"channel": "messenger"})}).ExpectRefusal(http.StatusBadRequest, "no address on messenger")
}

func TestRecordContact_Outcome(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID
	for _, tt := range []struct {
		body map[string]any
		kind message.Kind
	}{
		{phoned(nil), message.Call},
		{phoned(map[string]any{"channel": "shop", "product": "coffee-machine", "text": "kwam langs"}), message.Text},
		{phoned(map[string]any{"channel": "note", "outcome": nil}), message.Text},
	} {
		var got, again message.Message
		s.Do(call{Route: recordRoute, Path: id(who), Body: tt.body}).Into(http.StatusCreated, &got)
		s.Do(call{Route: recordRoute, Path: id(who), Body: tt.body}).Into(http.StatusOK, &again)
		want := message.Message{
			Version: 1, ID: message.NewID(got.Channel, now.Add(-time.Hour), "call-1"), CustomerID: who, Channel: got.Channel,
			Direction: message.Inbound, Kind: tt.kind, ProviderID: "call-1", Customer: phone(1), Author: "agent-7", SentAt: now.Add(-time.Hour),
			ReceivedAt: now, Origin: message.Recorded, Reason: "invoice-unclear", Data: got.Data,
		}
		want.Product, _ = tt.body["product"].(string)
		want.Outcome, _ = tt.body["outcome"].(string)
		want.Text, _ = tt.body["text"].(string)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Error("the second is another:", diff)
		}
	}
	s.Do(call{Route: recordRoute, Path: id(who), Body: phoned(map[string]any{"reason": "invoice-wrong"})}).ExpectRefusal(http.StatusConflict, "another message")
}

func TestBody_Invalid(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := id(s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID)
	account := map[string]string{"number": "10042"}
	long := strings.Repeat("x", 256<<10)
	many := func(n int, v any) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = v
		}
		return out
	}
	for name, tt := range map[string]struct {
		route  string
		path   map[string]string
		body   any
		status int
		detail string
	}{
		"nothing at all":                    {answerRoute, who, "", 415, "Content-Type"},
		"no JSON":                           {answerRoute, who, "delivery=recorded", 400, "not valid JSON"},
		"JSON that ends early":              {answerRoute, who, `{"delivery":"recorded"`, 400, "not valid JSON"},
		"two objects":                       {answerRoute, who, `{}{}`, 400, "something after"},
		"a list":                            {answerRoute, who, `[]`, 400, "must be a JSON object"},
		"null":                              {answerRoute, who, `null`, 400, "must be a JSON object"},
		"an object a thousand deep":         {answerRoute, who, strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), 400, ""},
		"a member of another type":          {answerRoute, who, `{"text":31970100678}`, 400, "text must be a string"},
		"a member that is not known":        {answerRoute, who, sent(map[string]any{"txt": "x"}), 400, `no member "txt" here; known: delivery, id, channel`},
		"a body of more than 256 KB":        {answerRoute, who, sent(map[string]any{"text": long}), 413, "262144"},
		"another delivery":                  {answerRoute, who, sent(map[string]any{"delivery": "send"}), 400, "recorded"},
		"an unknown channel":                {answerRoute, who, sent(map[string]any{"channel": "pigeon"}), 400, "whatsapp, messenger"},
		"no text":                           {answerRoute, who, sent(map[string]any{"text": " \n"}), 400, "text is missing"},
		"a text of NULs":                    {answerRoute, who, `{"delivery":"recorded","channel":"whatsapp","text":"\u0000","id":"1","sentAt":"2026-03-01T11:00:00Z"}`, 400, "text is missing"},
		"no id":                             {answerRoute, who, sent(map[string]any{"id": nil}), 400, "Idempotency-Key"},
		"an id with spaces":                 {answerRoute, who, sent(map[string]any{"id": "a b"}), 400, "an id must have"},
		"an id that is too long":            {answerRoute, who, sent(map[string]any{"id": strings.Repeat("a", 201)}), 400, "an id must have"},
		"no time":                           {answerRoute, who, sent(map[string]any{"sentAt": nil}), 400, "sentAt is required"},
		"a time that is none":               {answerRoute, who, sent(map[string]any{"sentAt": "11 uur"}), 400, "sentAt must be a time"},
		"a time before 1970":                {answerRoute, who, sent(map[string]any{"sentAt": "1969-03-01T11:00:00Z"}), 400, "sentAt must be a time"},
		"a time ahead":                      {answerRoute, who, sent(map[string]any{"sentAt": "2026-03-01T12:03:00Z"}), 400, "in the future"},
		"an author without end":             {answerRoute, who, sent(map[string]any{"author": long[:300]}), 413, "author"},
		"a call by mail":                    {recordRoute, who, phoned(map[string]any{"channel": "email"}), 400, "phone, shop, note"},
		"a reason the taxonomy lacks":       {recordRoute, who, phoned(map[string]any{"reason": "weather"}), 400, "reason"},
		"a product the taxonomy lacks":      {recordRoute, who, phoned(map[string]any{"product": "boat"}), 400, "product"},
		"an outcome without end":            {recordRoute, who, phoned(map[string]any{"outcome": long[:501]}), 413, "outcome"},
		"a phone that is none":              {registerRoute, account, map[string]any{"phones": []string{"31970100678", "soon"}}, 400, "phones[1]: not a phone number"},
		"a mail address that is none":       {registerRoute, account, map[string]any{"mails": []string{"jan"}}, 400, "mails[0]: not a mail address"},
		"eleven phones":                     {registerRoute, account, map[string]any{"phones": many(11, "31970100678")}, 400, "10 entries"},
		"eleven mail addresses":             {registerRoute, account, map[string]any{"mails": many(11, "jan@voorbeeld.example")}, 400, "10 entries"},
		"a hundred and one orders":          {registerRoute, account, map[string]any{"orders": many(101, map[string]any{"number": "1"})}, 400, "100 entries"},
		"an order without number":           {registerRoute, account, map[string]any{"orders": []any{map[string]any{"products": []string{}}}}, 400, "orders[0].number"},
		"an order of what is not sold":      {registerRoute, account, map[string]any{"orders": []any{map[string]any{"number": "1", "products": []string{"boat"}}}}, 400, "orders[0].products[0]"},
		"a member that an order lacks":      {registerRoute, account, map[string]any{"orders": []any{map[string]any{"nummer": "1"}}}, 400, `"nummer"`},
		"a phone in place of a list":        {registerRoute, account, map[string]any{"phones": "31970100678"}, 400, "phones must be a list"},
		"a phone that is a number":          {registerRoute, account, map[string]any{"phones": []int{31970100678}}, 400, "each of phones must be a string"},
		"an order that is a text":           {registerRoute, account, map[string]any{"orders": []string{"1"}}, 400, "each of orders must be an object"},
		"a locale that is none":             {registerRoute, account, map[string]any{"locale": "Dutch!"}, 400, "nl-NL"},
		"a name without end":                {registerRoute, account, map[string]any{"name": long[:300]}, 413, "name"},
		"a customer number without end":     {registerRoute, map[string]string{"number": strings.Repeat("9", 65)}, map[string]any{}, 400, "customer number"},
		"a customer number with a NUL":      {registerRoute, map[string]string{"number": "1\x00"}, map[string]any{}, 400, "customer number"},
		"a customer number of blanks":       {registerRoute, map[string]string{"number": "  "}, map[string]any{}, 400, "customer number"},
		"a list of products that is a list": {registerRoute, account, map[string]any{"orders": []any{map[string]any{"number": "1", "products": many(51, "coffee-machine")}}}, 400, "50 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			s.Do(call{Route: tt.route, Path: tt.path, Body: tt.body}).ExpectRefusal(tt.status, tt.detail)
		})
	}
	if got := s.Texts(call{Route: historyRoute, Path: who}); len(got) != 1 {
		t.Errorf("something was written: %v", got)
	}
	s.Do(call{Route: findRoute, Query: map[string]string{"alias": "account:10042"}}).Expect(http.StatusNotFound)
}

func TestBody_ContentType(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := id(s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID)
	for _, typ := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "json", ";;"} {
		c := call{Route: answerRoute, Path: who, Body: sent(nil), Headers: map[string]string{"content-type": typ}}
		s.Do(c).ExpectRefusal(http.StatusUnsupportedMediaType, "Content-Type: application/json")
	}
	c := call{Route: answerRoute, Path: who, Body: sent(nil), Headers: map[string]string{"content-type": "application/json; charset=UTF-8"}}
	s.Do(c).Expect(http.StatusCreated)
}

func TestBody_Base64(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := id(s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID)
	ev := call{Route: answerRoute, Path: who, Body: sent(nil)}.Event(t)
	ev.Body, ev.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(ev.Body)), true
	resp, err := httpapi.Lambda(s.Agents.Handler())(t.Context(), ev)
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.StatusCode, resp.Body, err)
	}
	ev.Body = "not base64"
	resp, err = httpapi.Lambda(s.Agents.Handler())(t.Context(), ev)
	if err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Fatal(resp.StatusCode, resp.Body, err)
	}
}

func TestIdempotencyKey_DiffersFromID(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := id(s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID)
	c := call{Route: answerRoute, Path: who, Body: sent(nil), Headers: map[string]string{"idempotency-key": "other"}}
	s.Do(c).ExpectRefusal(http.StatusBadRequest, "differ")
}

func TestRegister_MergesCustomers(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	whatsApp := s.Says(phone(1), message.WhatsApp, 90, "via WhatsApp").CustomerID
	c := call{Route: registerRoute, Path: map[string]string{"number": "10042"}, Body: map[string]any{
		"name": "Jan Voorbeeld", "locale": "nl-NL", "phones": []string{"+31970100001"}, "mails": []string{"jan@voorbeeld.example"},
		"orders": []any{map[string]any{"number": "WS-100042", "products": []string{"coffee-machine", "air-fryer"}}},
	}}
	for range 2 {
		var r struct {
			CustomerID, Account string
			Unjoined            []string
		}
		s.Do(c).Into(http.StatusOK, &r)
		if r.CustomerID != string(whatsApp) || r.Account != "10042" || len(r.Unjoined) != 0 {
			t.Fatalf("%+v", r)
		}
	}
	s.Says(verified(identity.Email, "", "jan@voorbeeld.example"), message.Email, 10, "via de mail")
	if got := s.Texts(call{Route: historyRoute, Path: id(whatsApp)}); len(got) != 2 {
		t.Errorf("history %v", got)
	}
	products, err := s.Table.Customers.OrderProducts(t.Context(), "ws-100042")
	if err != nil || cmp.Diff([]string{"air-fryer", "coffee-machine"}, products) != "" {
		t.Error(products, err)
	}
}

func TestRecordAnswer_Metrics(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := id(s.Says(phone(1), message.WhatsApp, 90, "vraag").CustomerID)
	s.Do(call{Route: answerRoute, Path: who, Body: sent(nil)})
	s.Do(call{Route: answerRoute, Path: who, Body: sent(nil)})
	got := s.Metrics.String()
	for _, want := range []string{`"Stored":1`, `"Duplicate":1`} {
		if strings.Count(got, want) != 1 || strings.Count(got, `"In":1`) != 2 {
			t.Errorf("metrics %s", got)
		}
	}
}

func TestUnrouted_StatusAndAllow(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, tt := range []struct {
		route  string
		status int
		allow  string
	}{
		{"GET /v1/nothing", http.StatusNotFound, ""},
		{"GET /v1/customers/1/2/3", http.StatusNotFound, ""},
		{"DELETE /v1/customers", http.StatusMethodNotAllowed, "GET, POST"},
		{"DELETE /v1/customers/1/messages", http.StatusMethodNotAllowed, "GET, POST"},
		{"GET /v1/customers/account/1", http.StatusMethodNotAllowed, "PUT"},
		{"DELETE /v1/problems/1", http.StatusMethodNotAllowed, "GET"},
		{"PUT /chat/messages", http.StatusMethodNotAllowed, "GET, POST"},
	} {
		if a := s.Do(call{Route: tt.route}).Expect(tt.status); a.Header["Allow"] != tt.allow {
			t.Errorf("%s: Allow %q, want %q", tt.route, a.Header["Allow"], tt.allow)
		}
	}
}

func TestHeaders_NotShared(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.Do(call{Route: waitingRoute, Query: map[string]string{"state": "waiting", "department": "it"}})
	before := maps.Clone(first.Header)
	s.Do(call{Route: findRoute})
	if diff := cmp.Diff(before, first.Header); diff != "" {
		t.Error(fmt.Sprint("changed by a later request: ", diff))
	}
}
