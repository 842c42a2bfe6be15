package chatapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

const (
	openRoute = "POST /chat/sessions"
	postRoute = "POST /chat/messages"
	chatRoute = "GET /chat/messages"
)

// A visit is a chat page with its session.
type visit struct {
	*stack
	Token, Visitor string
	ExpiresAt, Now time.Time
}

// noClaims are the claims of a chat page: API Gateway checks no token there.
var noClaims = map[string]string{}

func (s *stack) open(body any, token string) answer {
	s.T.Helper()
	c := call{Route: openRoute, Body: body, Claims: noClaims, Headers: map[string]string{}}
	if token != "" {
		c.Headers["authorization"] = "Bearer " + token
	}
	return s.Do(c)
}

func (s *stack) visit(body any, token string) visit {
	s.T.Helper()
	v := visit{stack: s}
	s.open(body, token).Into(http.StatusCreated, &v)
	return v
}

func (v visit) post(body any) answer {
	v.T.Helper()
	return v.Do(call{Route: postRoute, Body: body, Claims: noClaims, Headers: map[string]string{"Authorization": "Bearer " + v.Token}})
}

func (v visit) reads(query map[string]string) page {
	v.T.Helper()
	var p page
	c := call{Route: chatRoute, Query: query, Claims: noClaims, Headers: map[string]string{"authorization": "bearer " + v.Token}}
	v.Do(c).Into(http.StatusOK, &p)
	return p
}

func (v visit) says(minutesAgo int, text string) string {
	v.T.Helper()
	id := uuid7(now.Add(-time.Duration(minutesAgo)*time.Minute), byte(minutesAgo))
	v.post(map[string]any{"id": id, "text": text}).Expect(http.StatusCreated)
	return id
}

func (v visit) customer() identity.CustomerID {
	v.T.Helper()
	id, _, err := v.Table.Customers.FindCustomer(v.T.Context(), identity.Alias{Kind: identity.Visitor, Scope: apitest.Site, Value: v.Visitor})
	if err != nil {
		v.T.Fatal(err)
	}
	return id
}

// host returns a token by which the site signs its visitor in, with changes.
func host(t testing.TB, key string, changes jwt.MapClaims) string {
	t.Helper()
	c := jwt.MapClaims{"sub": "10042", "aud": apitest.Site, "exp": now.Add(time.Minute).Unix()}
	maps.Copy(c, changes)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestChat_WriteAndRead(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	v := s.visit(nil, "")
	if !v.Now.Equal(now) || !v.ExpiresAt.Equal(now.Add(7*24*time.Hour)) {
		t.Errorf("session %+v", v)
	}
	if p := v.reads(nil); len(p.Messages) != 0 || !p.Complete {
		t.Errorf("before the first message: %+v", p)
	}
	first := v.says(3, "Hallo?")
	v.post(map[string]any{"id": first, "text": "Hallo?"}).Expect(http.StatusOK)
	v.says(1, "Waar blijft mijn pakket?")
	who := v.customer()
	s.Do(call{Route: answerRoute, Path: id(who), Body: sent(map[string]any{"channel": "webchat", "sentAt": "2026-03-01T11:58:00Z"})}).Expect(http.StatusCreated)
	a := s.Do(call{Route: chatRoute, Claims: noClaims, Query: map[string]string{"order": "oldest"}, Headers: map[string]string{"authorization": "Bearer " + v.Token}})
	want := `{"messages":[` +
		`{"id":"` + first + `","direction":"inbound","kind":"text","sentAt":"2026-03-01T11:57:00Z","text":"Hallo?"},` +
		`{"id":"answer-1","direction":"outbound","kind":"text","sentAt":"2026-03-01T11:58:00Z","text":"Uw pakket komt morgen."},` +
		`{"id":"` + uuid7(now.Add(-time.Minute), 1) + `","direction":"inbound","kind":"text","sentAt":"2026-03-01T11:59:00Z","text":"Waar blijft mijn pakket?"}` +
		`],"complete":true}`
	if diff := cmp.Diff(want, a.Body); diff != "" {
		t.Error(diff)
	}
	var got []string
	query := map[string]string{"limit": "1"}
	for {
		p := v.reads(query)
		for _, m := range p.Messages {
			got = append(got, m.Text)
		}
		if query["cursor"] = p.Cursor; p.Complete {
			break
		}
	}
	if diff := cmp.Diff([]string{"Waar blijft mijn pakket?", "Uw pakket komt morgen.", "Hallo?"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestChat_OnlyOwnMessages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Do(call{Route: registerRoute, Path: map[string]string{"number": "10042"}, Body: map[string]any{"phones": []string{"31970100001"}}}).Expect(http.StatusOK)
	s.Says(phone(1), message.WhatsApp, 60, "op WhatsApp")
	first := s.visit(map[string]any{"hostToken": host(t, apitest.HostKey, nil)}, "")
	first.says(50, "vanmorgen")
	second := s.visit(map[string]any{"hostToken": host(t, apitest.HostKey, nil)}, "")
	second.says(10, "nu")
	stranger := s.visit(nil, "")
	stranger.says(5, "van een ander")
	for _, tt := range []struct {
		v    visit
		want string
	}{{first, "vanmorgen"}, {second, "nu"}, {stranger, "van een ander"}} {
		if p := tt.v.reads(nil); len(p.Messages) != 1 || p.Messages[0].Text != tt.want {
			t.Errorf("%s: %+v", tt.want, p.Messages)
		}
	}
	agent := s.Texts(call{Route: historyRoute, Path: id(s.Customer(phone(1)))})
	if diff := cmp.Diff([]string{"nu", "vanmorgen", "op WhatsApp"}, agent); diff != "" {
		t.Error("the agent's history:", diff)
	}
	c := call{Route: chatRoute, Claims: noClaims, Headers: map[string]string{"authorization": "Bearer " + stranger.Token}}
	first.says(40, "nog iets")
	c.Query = map[string]string{"cursor": first.reads(map[string]string{"limit": "1"}).Cursor}
	s.Do(c).ExpectRefusal(http.StatusBadRequest, "start again without one")
}

func TestSignIn_HostToken(t *testing.T) {
	t.Parallel()
	t.Run("the visitor and the account are one customer", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		v := s.visit(map[string]any{"hostToken": host(t, apitest.HostKey, nil)}, "")
		v.says(9, "bekend")
		var p profile
		s.Do(call{Route: findRoute, Query: map[string]string{"alias": "account:10042"}}).Into(http.StatusOK, &p)
		if p.ID != string(v.customer()) || len(p.Aliases) != 2 {
			t.Errorf("%+v", p)
		}
	})
	t.Run("a mail address that the site has not proven shows as claimed", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		mail := identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "jan@voorbeeld.example"}, Assurance: identity.Verified}
		other := s.Says(mail, message.Email, 60, "per mail")
		v := s.visit(map[string]any{"hostToken": host(t, apitest.HostKey, jwt.MapClaims{"email": mail.Value, "phone": "+31970100009"})}, "")
		v.says(9, "in de chat")
		var p profile
		s.Do(call{Route: profileRoute, Path: id(v.customer())}).Into(http.StatusOK, &p)
		claimed := 0
		for _, a := range p.Aliases {
			if a.Assurance == identity.Claimed {
				claimed++
			}
		}
		if claimed != 2 || len(p.Suggestions) != 1 || p.Suggestions[0].CustomerID != string(other.CustomerID) {
			t.Errorf("%+v", p)
		}
		if texts := s.Texts(call{Route: historyRoute, Path: id(v.customer())}); !slices.Equal(texts, []string{"in de chat"}) {
			t.Error(texts)
		}
		s.Do(call{Route: findRoute, Query: map[string]string{"phone": "31970100009"}}).Into(http.StatusOK, &p)
		if p.ID != string(v.customer()) {
			t.Errorf("%+v", p)
		}
	})
	t.Run("who never wrote is known by the account", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		s.visit(map[string]any{"hostToken": host(t, apitest.HostKey, nil)}, "")
		var p profile
		s.Do(call{Route: findRoute, Query: map[string]string{"alias": "account:10042"}}).Into(http.StatusOK, &p)
		s.Do(call{Route: profileRoute, Path: map[string]string{"id": p.ID}}).Expect(http.StatusOK)
		s.Do(call{Route: recordRoute, Path: map[string]string{"id": p.ID}, Body: phoned(nil)}).Expect(http.StatusCreated)
	})
	t.Run("another person at the same computer is another visitor", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		jan := s.visit(map[string]any{"hostToken": host(t, apitest.HostKey, nil)}, "")
		jan.says(9, "van Jan")
		again := s.visit(map[string]any{"hostToken": host(t, apitest.HostKey, nil)}, jan.Token)
		els := s.visit(map[string]any{"hostToken": host(t, apitest.HostKey, jwt.MapClaims{"sub": "10043"})}, again.Token)
		if again.Visitor != jan.Visitor || els.Visitor == jan.Visitor {
			t.Fatal("visitors", jan.Visitor, again.Visitor, els.Visitor)
		}
		els.says(5, "van Els")
		if p := els.reads(nil); len(p.Messages) != 1 || els.customer() == jan.customer() {
			t.Errorf("%+v", p.Messages)
		}
	})
	t.Run("a host token under another name is refused", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		token := host(t, apitest.HostKey, nil)
		s.open(map[string]any{"hosttoken": token}, "").ExpectRefusal(http.StatusBadRequest, "known: hostToken")
		s.open(fmt.Sprintf(`{"hostToken":%q,"hostToken":""}`, token), "").ExpectRefusal(http.StatusBadRequest, "hostToken is given twice")
		s.Do(call{Route: findRoute, Query: map[string]string{"alias": "account:10042"}}).Expect(http.StatusNotFound)
	})
	for name, token := range map[string]string{
		"a token by another key":    host(t, "another key", nil),
		"a token for another site":  host(t, apitest.HostKey, jwt.MapClaims{"aud": "other"}),
		"an expired token":          host(t, apitest.HostKey, jwt.MapClaims{"exp": now.Add(-time.Hour).Unix()}),
		"a token without a subject": host(t, apitest.HostKey, jwt.MapClaims{"sub": ""}),
		"a token that is none":      "x.y.z",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			s.open(map[string]any{"hostToken": token}, "").ExpectRefusal(http.StatusUnauthorized, "not valid")
			s.Do(call{Route: findRoute, Query: map[string]string{"alias": "account:10042"}}).Expect(http.StatusNotFound)
		})
	}
}

func TestChat_RequiresSession(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := func(site, key string, expires time.Time) string {
		v, err := webchat.NewSession(site, expires)
		if err != nil {
			t.Fatal(err)
		}
		token, err := v.Token([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	for name, header := range map[string]string{
		"none":             "",
		"another scheme":   "Basic " + strings.TrimPrefix(token(apitest.Site, apitest.SessionKey, now.Add(time.Hour)), "Bearer "),
		"an expired one":   token(apitest.Site, apitest.SessionKey, now.Add(-time.Second)),
		"by another key":   token(apitest.Site, "another key", now.Add(time.Hour)),
		"of another site":  token("other", apitest.SessionKey, now.Add(time.Hour)),
		"the site's token": "Bearer " + host(t, apitest.HostKey, nil),
		"a text":           "Bearer visitor",
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.T = t
			headers := map[string]string{"authorization": header}
			body := map[string]any{"id": uuid7(now, 1), "text": "x"}
			for _, c := range []call{{Route: chatRoute}, {Route: postRoute, Body: body}, {Route: openRoute}} {
				if c.Route == openRoute && header == "" {
					continue
				}
				c.Claims, c.Headers = noClaims, headers
				s.Do(c).ExpectRefusal(http.StatusUnauthorized, "")
			}
		})
	}
	if got := s.Metrics.String(); got != "" {
		t.Errorf("who is not let in is counted: %s", got)
	}
}

func TestPostMessage_RefusedAndCounted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body   any
		status int
		detail string
	}{
		"an id from the future":       {map[string]any{"id": uuid7(now.Add(3*time.Minute), 1), "text": "x"}, 400, "ahead"},
		"an id of last week":          {map[string]any{"id": uuid7(now.Add(-8*24*time.Hour), 1), "text": "x"}, 400, "old"},
		"an id that tells no time":    {map[string]any{"id": "5f0c1c62-9f39-4b0e-8a56-4b0c5a3a1c11", "text": "x"}, 400, "UUIDv7"},
		"no id":                       {map[string]any{"text": "x"}, 400, "UUIDv7"},
		"an id that is null":          {`{"id":null,"text":"x"}`, 400, "UUIDv7"},
		"an id that is a number":      {`{"id":7,"text":"x"}`, 400, "body must be"},
		"no text":                     {map[string]any{"id": uuid7(now, 1), "text": " "}, 400, "text must not be empty"},
		"a text of more than 8 KB":    {map[string]any{"id": uuid7(now, 1), "text": strings.Repeat("x", 9000)}, 413, "8192"},
		"a body of more than 64 KB":   {map[string]any{"id": uuid7(now, 1), "text": strings.Repeat("x", 70000)}, 413, "65536"},
		"no JSON":                     {"hallo", 400, "body must be"},
		"a text that is given twice":  {`{"id":"` + uuid7(now, 1) + `","text":"x","text":"y"}`, 400, "text is given twice"},
		"a text in other letters":     {`{"id":"` + uuid7(now, 1) + `","Text":"x"}`, 400, "text must not be empty"},
		"a body of a thousand levels": {strings.Repeat("[", 20000), 400, "body must be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			v := s.visit(nil, "")
			v.post(tt.body).ExpectRefusal(tt.status, tt.detail)
			if got := s.Metrics.String(); !strings.Contains(got, `"Refused":1`) || !strings.Contains(got, `"In":1`) {
				t.Errorf("metrics %s", got)
			}
			if p := v.reads(nil); len(p.Messages) != 0 {
				t.Errorf("kept: %+v", p)
			}
		})
	}
}

func TestPostMessage_AnotherID(t *testing.T) {
	t.Parallel()
	v := newStack(t).visit(nil, "")
	v.says(2, "ja")
	v.says(1, "ja")
	if p := v.reads(nil); len(p.Messages) != 2 {
		t.Errorf("%+v", p.Messages)
	}
}

func TestSignIn_NoHostKey(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Chat.Secrets = apitest.SecretWith(t, `{"sessionKey":"`+apitest.SessionKey+`","hostKey":""}`)
	s.open(map[string]any{"hostToken": host(t, "", nil)}, "").ExpectRefusal(http.StatusUnauthorized, "not valid")
	s.visit(nil, "")
}
