package chatapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

// signIn has the site say that the visitor of a session has an account.
func (s *stack) signIn(account, token string) visit {
	s.T.Helper()
	return s.visit(map[string]any{"hostToken": host(s.T, apitest.HostKey, jwt.MapClaims{"sub": account})}, token)
}

// shows returns the texts that a chat page shows, newest first.
func (v visit) shows() []string {
	v.T.Helper()
	var read struct{ Messages []struct{ Text string } }
	c := call{Route: chatRoute, Query: map[string]string{"limit": "100"}, Claims: noClaims, Headers: map[string]string{"Authorization": "Bearer " + v.Token}}
	v.Do(c).Into(http.StatusOK, &read)
	texts := []string{}
	for _, m := range read.Messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// account returns the customer of an account, as an agent finds it.
func (s *stack) account(number string) profile {
	s.T.Helper()
	var p profile
	s.Do(call{Route: findRoute, Query: map[string]string{"alias": "account:" + number}}).Into(http.StatusOK, &p)
	return p
}

// history returns the texts of an account's history, newest first.
func (s *stack) history(number string) []string {
	s.T.Helper()
	return s.Texts(call{Route: historyRoute, Path: map[string]string{"id": s.account(number).ID}, Query: map[string]string{"limit": "100"}})
}

// knownOnWhatsApp registers an account whose customer wrote on WhatsApp.
func (s *stack) knownOnWhatsApp(account string, n int) {
	s.T.Helper()
	s.Do(call{
		Route: registerRoute, Path: map[string]string{"number": account}, Body: map[string]any{"phones": []string{phone(n).Value}},
	}).Expect(http.StatusOK)
	s.Says(phone(n), message.WhatsApp, 600, "op WhatsApp van "+account)
}

func (s *stack) same(what string, want, got []string) {
	s.T.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.T.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// suggested returns whom an agent sees suggested for a customer, with why.
func (s *stack) suggested(id identity.CustomerID) []string {
	s.T.Helper()
	var p struct{ Suggestions []identity.Suggestion }
	s.Do(call{Route: profileRoute, Path: map[string]string{"id": string(id)}}).Into(http.StatusOK, &p)
	got := []string{}
	for _, o := range p.Suggestions {
		got = append(got, fmt.Sprint(o.Customer, o.Reasons))
	}
	return got
}

func TestSignIn_KeepsAccountsApart(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"accounts with a history": true, "accounts without one": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			earlierK, earlierL := []string{}, []string{}
			if known {
				s.knownOnWhatsApp("K-1", 1)
				s.knownOnWhatsApp("L-1", 2)
				earlierK, earlierL = []string{"op WhatsApp van K-1"}, []string{"op WhatsApp van L-1"}
			}
			anonymous := s.visit(nil, "")
			anonymous.says(50, "nog onbekend")
			k := s.signIn("K-1", anonymous.Token)
			k.says(40, "van K")
			l := s.signIn("L-1", k.Token)
			l.says(30, "van L")
			again := s.signIn("K-1", l.Token)
			again.says(20, "weer van K")
			visitors := []string{anonymous.Visitor, k.Visitor, l.Visitor, again.Visitor}
			slices.Sort(visitors)
			if n := len(slices.Compact(visitors)); n != 4 {
				t.Errorf("%d visitors, want 4", n)
			}
			s.same("the anonymous page", []string{"nog onbekend"}, anonymous.shows())
			s.same("the page of K", []string{"van K"}, k.shows())
			s.same("the page of L", []string{"van L"}, l.shows())
			s.same("the second page of K", []string{"weer van K"}, again.shows())
			s.same("the history of K", append([]string{"weer van K", "van K"}, earlierK...), s.history("K-1"))
			s.same("the history of L", append([]string{"van L"}, earlierL...), s.history("L-1"))
			var brief map[string]any
			s.Do(call{Route: briefRoute, Path: map[string]string{"id": s.account("L-1").ID}}).Into(http.StatusOK, &brief)
			if text := fmt.Sprint(brief); !strings.Contains(text, "van L") || strings.Contains(text, "onbekend") || strings.Contains(text, "van K") {
				t.Errorf("the brief of L: %s", text)
			}
			// The older tokens still write and read their own conversations.
			anonymous.says(10, "nog steeds onbekend")
			k.says(9, "tabblad van K")
			s.same("the anonymous page later", []string{"nog steeds onbekend", "nog onbekend"}, anonymous.shows())
			s.same("the history of K later", append([]string{"tabblad van K", "weer van K", "van K"}, earlierK...), s.history("K-1"))
			s.same("the history of L later", append([]string{"van L"}, earlierL...), s.history("L-1"))
		})
	}
}

func TestSignIn_SuggestsTheAnonymousVisitor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.knownOnWhatsApp("K-1", 1)
	silent := s.visit(nil, "")
	s.signIn("K-1", silent.Token)
	k := identity.CustomerID(s.account("K-1").ID)
	s.same("before any message", []string{}, s.suggested(k))

	anonymous := s.visit(nil, "")
	anonymous.says(50, "nog onbekend")
	stranger := anonymous.customer()
	var signed visit
	for range 3 { // the answer was lost twice
		signed = s.signIn("K-1", anonymous.Token)
	}
	want := []string{fmt.Sprint(stranger, []string{identity.RuleHost})}
	s.same("for the account", want, s.suggested(k))
	s.same("for the visitor", []string{fmt.Sprint(k, []string{identity.RuleHost})}, s.suggested(stranger))
	signed.says(40, "van K")
	l := s.signIn("L-1", signed.Token)
	s.same("for an account that came after K", []string{}, s.suggested(l.customer()))
	s.same("for the account, after L", want, s.suggested(k))

	d := identity.Decision{By: "agent-7", Why: "twee mensen", At: now}
	if err := s.Table.Customers.DismissSuggestion(t.Context(), k, stranger, d); err != nil {
		t.Fatal(err)
	}
	s.signIn("K-1", anonymous.Token)
	s.same("after an agent dismissed it", []string{}, s.suggested(k))
}

func TestSignIn_AcceptedSuggestion(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.knownOnWhatsApp("K-1", 1)
	anonymous := s.visit(nil, "")
	anonymous.says(50, "nog onbekend")
	k := s.signIn("K-1", anonymous.Token)
	k.says(40, "van K")
	stranger, account := anonymous.customer(), k.customer()
	d := identity.Decision{By: "agent-7", Why: "een mens", At: now}
	for _, into := range []struct{ into, from identity.CustomerID }{{account, stranger}, {stranger, account}} {
		if _, err := s.Table.Customers.MergeCustomers(t.Context(), into.into, into.from, d); err != nil {
			t.Fatal(err)
		}
		s.same("the merged history", []string{"van K", "nog onbekend", "op WhatsApp van K-1"}, s.history("K-1"))
		s.same("the page of K", []string{"van K"}, k.shows())
		s.same("the anonymous page", []string{"nog onbekend"}, anonymous.shows())
		if renewed := s.visit(nil, anonymous.Token); renewed.Visitor != anonymous.Visitor {
			t.Errorf("the renewed anonymous session is of visitor %s, want %s", renewed.Visitor, anonymous.Visitor)
		}
		if again := s.signIn("K-1", k.Token); again.Visitor != k.Visitor {
			t.Error("a merge ended the session")
		}
		if _, _, err := s.Table.Customers.UnmergeCustomer(t.Context(), into.from, d); err != nil {
			t.Fatal(err)
		}
		s.same("the history after the unmerge", []string{"van K", "op WhatsApp van K-1"}, s.history("K-1"))
		s.same("the page of K after the unmerge", []string{"van K"}, k.shows())
		if again := s.signIn("K-1", k.Token); again.Visitor != k.Visitor {
			t.Error("an unmerge ended the session")
		}
	}
}

// claim returns what a session's token names as its account.
func (v visit) claim() any {
	v.T.Helper()
	var c jwt.MapClaims
	if _, _, err := jwt.NewParser().ParseUnverified(v.Token, &c); err != nil {
		v.T.Fatal(err)
	}
	return c["account"]
}

func TestSignIn_SameAccountGoesOn(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.knownOnWhatsApp("K-1", 1)
	k := s.signIn("K-1", "")
	k.says(50, "van K")
	for name, v := range map[string]visit{
		"the same host token again": s.signIn("K-1", k.Token),
		"blanks around the account": s.signIn("  K-1\t", k.Token),
		"a renewal":                 s.visit(nil, k.Token),
	} {
		if v.Visitor != k.Visitor || v.claim() != "K-1" {
			t.Errorf("%s: visitor %s of account %v, want %s of K-1", name, v.Visitor, v.claim(), k.Visitor)
		}
		s.same(name, []string{"van K"}, v.shows())
	}
	if other := s.signIn("k-1", k.Token); other.Visitor == k.Visitor || other.claim() != "k-1" {
		t.Errorf("an account in other letters is another account: visitor %s of %v", other.Visitor, other.claim())
	}
	if anonymous := s.visit(nil, ""); anonymous.claim() != nil {
		t.Errorf("an anonymous session names %v", anonymous.claim())
	}
}

func TestSignIn_TwoDevices(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	devices := make([]visit, 8)
	var wg sync.WaitGroup
	for i := range devices {
		wg.Go(func() { devices[i] = s.signIn("K-1", "") })
	}
	wg.Wait()
	want := []string{}
	for i, v := range devices {
		v.says(50+i, fmt.Sprint("apparaat ", i))
		want = append(want, fmt.Sprint("apparaat ", i))
	}
	s.same("the history", want, s.history("K-1"))
	for i, v := range devices {
		s.same("the page", want[i:i+1], v.shows())
	}
}

func TestSignIn_UnusualAccounts(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i, account := range []string{"info@voorbeeld.example", "15550100000", "K#1|2 é\u0301 \x1f3", "admin", fmt.Sprintf("%0512d", 7)} {
		a, text := s.visit(nil, ""), fmt.Sprint("van account ", i)
		a.says(2, "eerst onbekend")
		v := s.signIn(account, a.Token)
		v.says(1, text)
		s.same("the page", []string{text}, s.signIn(account, v.Token).shows())
		id, _, err := s.Table.Customers.FindCustomer(t.Context(), identity.Alias{Kind: identity.Account, Value: account})
		if err != nil {
			t.Fatal(err)
		}
		s.same("the history", []string{text}, s.Texts(call{Route: historyRoute, Path: map[string]string{"id": string(id)}}))
	}
}

// An agent moves the account, or the visitor, to another customer. The session
// of before must neither read nor write there.
func TestSignIn_MovedAlias(t *testing.T) {
	t.Parallel()
	account := identity.Alias{Kind: identity.Account, Value: "K-1"}
	for name, moves := range map[string]func(visit) identity.Alias{
		"the account": func(visit) identity.Alias { return account },
		"the visitor": func(v visit) identity.Alias {
			return identity.Alias{Kind: identity.Visitor, Scope: apitest.Site, Value: v.Visitor}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			k := s.signIn("K-1", "")
			k.says(50, "van de eerste K")
			c, err := s.Table.Customers.Get(t.Context(), k.customer())
			if err != nil {
				t.Fatal(err)
			}
			d := identity.Decision{By: "agent-7", Why: "een ander", At: now.Add(-20 * time.Minute)}
			if _, err := s.Table.Customers.MoveAlias(t.Context(), c, identity.AliasMove{Alias: moves(k), From: now.Add(-20 * time.Minute)}, d); err != nil {
				t.Fatal(err)
			}
			bearer := map[string]string{"authorization": "Bearer " + k.Token}
			for _, c := range []call{{Route: chatRoute}, {Route: openRoute}, {Route: postRoute, Body: map[string]any{"id": uuid7(now, 9), "text": "x"}}} {
				c.Claims, c.Headers = noClaims, bearer
				s.Do(c).ExpectRefusal(http.StatusUnauthorized, "has ended")
			}
			next := s.signIn("K-1", k.Token)
			if next.Visitor == k.Visitor {
				t.Error("the visitor went on")
			}
			next.says(1, "van de nieuwe K")
			s.same("the new page", []string{"van de nieuwe K"}, next.shows())
			if got := s.history("K-1"); !slices.Contains(got, "van de nieuwe K") {
				t.Errorf("the history of the account is %q", got)
			}
		})
	}
}

// Tokens of an earlier version name no account, also where the visitor was
// signed in.
func TestSignIn_TokenWithoutAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	old, err := webchat.NewSession(apitest.Site, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	account := verified(identity.Account, "", "K-1")
	visitor := verified(identity.Visitor, apitest.Site, old.Visitor)
	ev := identity.Evidence{Rule: identity.RuleHost, Ref: apitest.Site, At: now.Add(-time.Hour)}
	if _, err := s.Table.Customers.Identify(t.Context(), []identity.Address{visitor, account}, ev); err != nil {
		t.Fatal(err)
	}
	token, err := old.Token([]byte(apitest.SessionKey))
	if err != nil {
		t.Fatal(err)
	}
	before := visit{stack: s, Token: token, Visitor: old.Visitor}
	before.says(50, "van K, vroeger")
	s.same("the old page", []string{"van K, vroeger"}, before.shows())
	s.open(nil, token).ExpectRefusal(http.StatusUnauthorized, "cannot be renewed")
	k, l := s.signIn("K-1", token), s.signIn("L-1", token)
	for name, v := range map[string]visit{"K": k, "L": l} {
		if v.Visitor == old.Visitor {
			t.Errorf("%s took the visitor over", name)
		}
		s.same("the page of "+name, []string{}, v.shows())
		s.same("suggestions for "+name, []string{}, s.suggested(v.customer()))
	}
	k.says(40, "van K, nu")
	s.same("the history of K", []string{"van K, nu", "van K, vroeger"}, s.history("K-1"))
}

// An anonymous visitor whom an earlier version signed in after the first
// message.
func TestSignIn_RenewalAfterALaterSignIn(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.knownOnWhatsApp("K-1", 1)
	v := s.visit(nil, "")
	v.says(50, "nog onbekend")
	s.visit(nil, v.Token)
	ev := identity.Evidence{Rule: identity.RuleHost, Ref: apitest.Site, At: now}
	visitor, account := verified(identity.Visitor, apitest.Site, v.Visitor), verified(identity.Account, "", "K-1")
	if _, err := s.Table.Customers.Identify(t.Context(), []identity.Address{visitor, account}, ev); err != nil {
		t.Fatal(err)
	}
	s.open(nil, v.Token).ExpectRefusal(http.StatusUnauthorized, "cannot be renewed")
}

// A host token does not help a session that is not valid.
func TestSignIn_RefusedSession(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for name, tt := range map[string]struct {
		site    string
		account string
		expires time.Time
	}{
		"an expired session":                 {apitest.Site, "K-1", now.Add(-time.Second)},
		"a session of another site":          {"other", "K-1", now.Add(time.Hour)},
		"an account that is not in one form": {apitest.Site, " K-1", now.Add(time.Hour)},
		"a session of an unknown visitor":    {apitest.Site, "K-1", now.Add(time.Hour)},
	} {
		v, err := webchat.NewSession(tt.site, tt.expires)
		if err != nil {
			t.Fatal(err)
		}
		v.Account = tt.account
		token, err := v.Token([]byte(apitest.SessionKey))
		if err != nil {
			t.Fatal(err)
		}
		s.Do(call{Route: chatRoute, Claims: noClaims, Headers: map[string]string{"authorization": "Bearer " + token}}).ExpectRefusal(http.StatusUnauthorized, "")
		a := s.open(map[string]any{"hostToken": host(t, apitest.HostKey, jwt.MapClaims{"sub": "K-1"})}, token)
		if name == "a session of an unknown visitor" {
			a.Expect(http.StatusCreated)
			continue
		}
		a.ExpectRefusal(http.StatusUnauthorized, "")
	}
	held := s.visit(nil, "")
	s.open(map[string]any{"hostToken": host(t, apitest.HostKey, jwt.MapClaims{"exp": now.Add(-time.Hour).Unix()})}, held.Token).ExpectRefusal(http.StatusUnauthorized, "not valid")
}

// A tab is one token in the model of the property test.
type tab struct {
	visit
	who string // the account, or the anonymous visitor
}

// A session shows only lines written in sessions of the same account or of the
// same anonymous visitor. An account's history holds exactly the lines written
// while signed in for it.
func TestSignIn_Property(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	world, line := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		world++
		accounts := make([]string, 3)
		want := map[string][]string{} // by who wrote it
		for i := range accounts {
			accounts[i] = fmt.Sprintf("W%d-%d", world, i)
			if rapid.Bool().Draw(t, "known before") {
				s.knownOnWhatsApp(accounts[i], 3*world+i)
				want[accounts[i]] = append(want[accounts[i]], "op WhatsApp van "+accounts[i])
			}
		}
		var devices [2][]tab           // every token a device was given, the newest last
		wrote := map[string][]string{} // by visitor
		for range rapid.IntRange(1, 14).Draw(t, "steps") {
			d := rapid.IntRange(0, 1).Draw(t, "device")
			held := tab{visit: visit{stack: s}}
			if n := len(devices[d]); n > 0 && rapid.IntRange(0, 5).Draw(t, "forget") > 0 {
				held = devices[d][n-1]
				if rapid.IntRange(0, 4).Draw(t, "older") == 0 {
					held = devices[d][rapid.IntRange(0, n-1).Draw(t, "which")]
				}
			}
			switch action := rapid.SampledFrom([]string{"open", "sign in", "sign in", "post", "post", "read"}).Draw(t, "action"); {
			case action == "open" || held.Token == "" && action != "sign in":
				next := tab{s.visit(nil, held.Token), held.who}
				if held.Token == "" {
					next.who = "anonymous " + next.Visitor
				}
				if held.Token != "" && next.Visitor != held.Visitor {
					t.Fatalf("a renewal made another visitor")
				}
				devices[d] = append(devices[d], next)
			case action == "sign in":
				account := rapid.SampledFrom(accounts).Draw(t, "account")
				next := tab{s.signIn(account, held.Token), account}
				if goesOn := next.Visitor == held.Visitor; goesOn != (held.who == account) {
					t.Fatalf("%q signs in as %s: the same visitor: %v", held.who, account, goesOn)
				}
				devices[d] = append(devices[d], next)
			case action == "post":
				line++
				text := fmt.Sprintf("regel %d van %s", line, held.who)
				id := uuid7(now.Add(-time.Duration(line)*time.Millisecond), byte(line))
				held.post(map[string]any{"id": id, "text": text}).Expect(http.StatusCreated)
				want[held.who] = append(want[held.who], text)
				wrote[held.Visitor] = append(wrote[held.Visitor], text)
			}
			if held.Token == "" {
				continue
			}
			got := held.shows()
			slices.Sort(got)
			mine := slices.Sorted(slices.Values(wrote[held.Visitor]))
			if !slices.Equal(got, mine) {
				t.Fatalf("%s reads %q, and wrote %q", held.who, got, mine)
			}
			for _, text := range got {
				if !slices.Contains(want[held.who], text) {
					t.Fatalf("%s reads %q", held.who, text)
				}
			}
		}
		for _, account := range accounts {
			if len(want[account]) == 0 {
				continue
			}
			got, all := s.history(account), want[account]
			slices.Sort(got)
			slices.Sort(all)
			if !slices.Equal(got, all) {
				t.Fatalf("the history of %s is %q, want %q", account, got, all)
			}
		}
	})
}
