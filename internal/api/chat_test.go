package api_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
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

// nobody is who calls the chat: API Gateway checks no token there.
var nobody = map[string]string{}

func (s *stack) open(body any, token string) answer {
	s.t.Helper()
	c := call{route: openRoute, body: body, claims: nobody, headers: map[string]string{}}
	if token != "" {
		c.headers["authorization"] = "Bearer " + token
	}
	return s.do(c)
}

func (s *stack) visit(body any, token string) visit {
	s.t.Helper()
	v := visit{stack: s}
	s.open(body, token).into(http.StatusCreated, &v)
	return v
}

func (v visit) post(body any) answer {
	v.t.Helper()
	return v.do(call{route: postRoute, body: body, claims: nobody, headers: map[string]string{"Authorization": "Bearer " + v.Token}})
}

func (v visit) reads(query map[string]string) page {
	v.t.Helper()
	var p page
	c := call{route: chatRoute, query: query, claims: nobody, headers: map[string]string{"authorization": "bearer " + v.Token}}
	v.do(c).into(http.StatusOK, &p)
	return p
}

func (v visit) says(minutesAgo int, text string) string {
	v.t.Helper()
	id := uuid7(now.Add(-time.Duration(minutesAgo)*time.Minute), byte(minutesAgo))
	v.post(map[string]any{"id": id, "text": text}).is(http.StatusCreated)
	return id
}

func (v visit) customer() identity.CustomerID {
	v.t.Helper()
	id, _, err := v.table.FindCustomer(v.t.Context(), identity.Alias{Kind: identity.Visitor, Scope: site, Value: v.Visitor})
	if err != nil {
		v.t.Fatal(err)
	}
	return id
}

// host is what the site says of its visitor, changed.
func host(t testing.TB, key string, changes jwt.MapClaims) string {
	t.Helper()
	c := jwt.MapClaims{"sub": "10042", "aud": site, "exp": now.Add(time.Minute).Unix()}
	maps.Copy(c, changes)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAVisitorWritesAndReads(t *testing.T) {
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
	v.post(map[string]any{"id": first, "text": "Hallo?"}).is(http.StatusOK)
	v.says(1, "Waar blijft mijn pakket?")
	who := v.customer()
	s.do(call{route: answerRoute, path: id(who), body: sent(map[string]any{"channel": "webchat", "sentAt": "2026-03-01T11:58:00Z"})}).is(http.StatusCreated)
	a := s.do(call{route: chatRoute, claims: nobody, query: map[string]string{"order": "oldest"}, headers: map[string]string{"authorization": "Bearer " + v.Token}})
	want := `{"messages":[` +
		`{"id":"` + first + `","direction":"inbound","kind":"text","sentAt":"2026-03-01T11:57:00Z","text":"Hallo?"},` +
		`{"id":"answer-1","direction":"outbound","kind":"text","sentAt":"2026-03-01T11:58:00Z","text":"Uw pakket komt morgen."},` +
		`{"id":"` + uuid7(now.Add(-time.Minute), 1) + `","direction":"inbound","kind":"text","sentAt":"2026-03-01T11:59:00Z","text":"Waar blijft mijn pakket?"}` +
		`],"complete":true}`
	if diff := cmp.Diff(want, a.body); diff != "" {
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

func TestAVisitorSeesThisVisitOnly(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.do(call{route: registerRoute, path: map[string]string{"number": "10042"}, body: map[string]any{"phones": []string{"31970100001"}}}).is(http.StatusOK)
	s.says(phone(1), contact.WhatsApp, 60, "op WhatsApp")
	first := s.visit(map[string]any{"hostToken": host(t, hostKey, nil)}, "")
	first.says(50, "vanmorgen")
	second := s.visit(map[string]any{"hostToken": host(t, hostKey, nil)}, "")
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
	agent := s.texts(call{route: historyRoute, path: id(s.customer(phone(1)))})
	if diff := cmp.Diff([]string{"nu", "vanmorgen", "op WhatsApp"}, agent); diff != "" {
		t.Error("the agent's history:", diff)
	}
	c := call{route: chatRoute, claims: nobody, headers: map[string]string{"authorization": "Bearer " + stranger.Token}}
	first.says(40, "nog iets")
	c.query = map[string]string{"cursor": first.reads(map[string]string{"limit": "1"}).Cursor}
	s.do(c).refused(http.StatusBadRequest, "start again without one")
}

func TestTheSiteSaysWhoTheVisitorIs(t *testing.T) {
	t.Parallel()
	t.Run("the visitor and the account are one customer", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		v := s.visit(map[string]any{"hostToken": host(t, hostKey, nil)}, "")
		v.says(9, "bekend")
		var p profile
		s.do(call{route: findRoute, query: map[string]string{"alias": "account:10042"}}).into(http.StatusOK, &p)
		if p.ID != string(v.customer()) || len(p.Aliases) != 2 {
			t.Errorf("%+v", p)
		}
	})
	t.Run("a mail address that the site has not proven shows as claimed", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		mail := identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: "jan@voorbeeld.example"}, Assurance: identity.Verified}
		other := s.says(mail, contact.Email, 60, "per mail")
		v := s.visit(map[string]any{"hostToken": host(t, hostKey, jwt.MapClaims{"email": mail.Value, "phone": "+31970100009"})}, "")
		v.says(9, "in de chat")
		var p profile
		s.do(call{route: profileRoute, path: id(v.customer())}).into(http.StatusOK, &p)
		claimed := 0
		for _, a := range p.Aliases {
			if a.Assurance == identity.Claimed {
				claimed++
			}
		}
		if claimed != 2 || len(p.Suggestions) != 1 || p.Suggestions[0].CustomerID != string(other.CustomerID) {
			t.Errorf("%+v", p)
		}
		if texts := s.texts(call{route: historyRoute, path: id(v.customer())}); !slices.Equal(texts, []string{"in de chat"}) {
			t.Error(texts)
		}
		s.do(call{route: findRoute, query: map[string]string{"phone": "31970100009"}}).into(http.StatusOK, &p)
		if p.ID != string(v.customer()) {
			t.Errorf("%+v", p)
		}
	})
	t.Run("who never wrote is known by the account", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		s.visit(map[string]any{"hostToken": host(t, hostKey, nil)}, "")
		var p profile
		s.do(call{route: findRoute, query: map[string]string{"alias": "account:10042"}}).into(http.StatusOK, &p)
		s.do(call{route: profileRoute, path: map[string]string{"id": p.ID}}).is(http.StatusOK)
		s.do(call{route: recordRoute, path: map[string]string{"id": p.ID}, body: phoned(nil)}).is(http.StatusCreated)
	})
	t.Run("another person at the same computer is another visitor", func(t *testing.T) {
		t.Parallel()
		s := newStack(t)
		jan := s.visit(map[string]any{"hostToken": host(t, hostKey, nil)}, "")
		jan.says(9, "van Jan")
		again := s.visit(map[string]any{"hostToken": host(t, hostKey, nil)}, jan.Token)
		els := s.visit(map[string]any{"hostToken": host(t, hostKey, jwt.MapClaims{"sub": "10043"})}, again.Token)
		if again.Visitor != jan.Visitor || els.Visitor == jan.Visitor {
			t.Fatal("visitors", jan.Visitor, again.Visitor, els.Visitor)
		}
		els.says(5, "van Els")
		if p := els.reads(nil); len(p.Messages) != 1 || els.customer() == jan.customer() {
			t.Errorf("%+v", p.Messages)
		}
	})
	for name, token := range map[string]string{
		"a token by another key":   host(t, "another key", nil),
		"a token for another site": host(t, hostKey, jwt.MapClaims{"aud": "other"}),
		"an expired token":         host(t, hostKey, jwt.MapClaims{"exp": now.Add(-time.Hour).Unix()}),
		"a token of nobody":        host(t, hostKey, jwt.MapClaims{"sub": ""}),
		"a token that is none":     "x.y.z",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			s.open(map[string]any{"hostToken": token}, "").refused(http.StatusUnauthorized, "not valid")
			s.do(call{route: findRoute, query: map[string]string{"alias": "account:10042"}}).is(http.StatusNotFound)
		})
	}
}

func TestASessionIsNeeded(t *testing.T) {
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
		"another scheme":   "Basic " + strings.TrimPrefix(token(site, sessionKey, now.Add(time.Hour)), "Bearer "),
		"an expired one":   token(site, sessionKey, now.Add(-time.Second)),
		"by another key":   token(site, "another key", now.Add(time.Hour)),
		"of another site":  token("other", sessionKey, now.Add(time.Hour)),
		"the site's token": "Bearer " + host(t, hostKey, nil),
		"a text":           "Bearer visitor",
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t = t
			headers := map[string]string{"authorization": header}
			body := map[string]any{"id": uuid7(now, 1), "text": "x"}
			for _, c := range []call{{route: chatRoute}, {route: postRoute, body: body}, {route: openRoute}} {
				if c.route == openRoute && header == "" {
					continue
				}
				c.claims, c.headers = nobody, headers
				s.do(c).refused(http.StatusUnauthorized, "")
			}
		})
	}
	if got := s.metrics.String(); got != "" {
		t.Errorf("who is not let in is counted: %s", got)
	}
}

func TestAPostThatIsWrongIsRefusedAndCounted(t *testing.T) {
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
		"a body of a thousand levels": {strings.Repeat("[", 20000), 400, "body must be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			v := s.visit(nil, "")
			v.post(tt.body).refused(tt.status, tt.detail)
			if got := s.metrics.String(); !strings.Contains(got, `"Refused":1`) || !strings.Contains(got, `"In":1`) {
				t.Errorf("metrics %s", got)
			}
			if p := v.reads(nil); len(p.Messages) != 0 {
				t.Errorf("kept: %+v", p)
			}
		})
	}
}

func TestAPostOfASecondIdIsAnotherMessage(t *testing.T) {
	t.Parallel()
	v := newStack(t).visit(nil, "")
	v.says(2, "ja")
	v.says(1, "ja")
	if p := v.reads(nil); len(p.Messages) != 2 {
		t.Errorf("%+v", p.Messages)
	}
}

func TestWithoutAKeyOfTheSiteNobodyIsBelieved(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.chat.Secrets = secretWith(t, `{"sessionKey":"`+sessionKey+`","hostKey":""}`)
	s.open(map[string]any{"hostToken": host(t, "", nil)}, "").refused(http.StatusUnauthorized, "not valid")
	s.visit(nil, "")
}
