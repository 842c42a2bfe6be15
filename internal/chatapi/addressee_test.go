package chatapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

// records has an agent record an answer on web chat for a customer. Each text
// has an id of its own.
func (s *stack) records(who identity.CustomerID, text string, changes map[string]any) answer {
	s.T.Helper()
	body := sent(map[string]any{"channel": "webchat", "text": text, "id": fmt.Sprintf("answer-%x", text), "sentAt": now.Add(-time.Minute).Format(time.RFC3339)})
	for k, v := range changes {
		body[k] = v
	}
	return s.Do(call{Route: answerRoute, Path: id(who), Body: body})
}

// merges has an agent decide that two customers are one person.
func (s *stack) merges(into, from identity.CustomerID) {
	s.T.Helper()
	d := identity.Decision{By: "agent-7", Why: "een mens", At: now}
	if _, err := s.Table.Customers.MergeCustomers(s.T.Context(), into, from, d); err != nil {
		s.T.Fatal(err)
	}
}

// alias returns the alias of a visitor, as agents write it.
func (v visit) alias() string { return "visitor:" + apitest.Site + ":" + v.Visitor }

func TestRecordAnswer_NotOnAnonymousPageOfMergedCustomer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		posts    bool // the signed-in visitor writes
		chatter  int  // further messages of the anonymous visitor
		otherWay bool // the account is merged into the anonymous visitor
	}{
		"the account wrote":                        {posts: true},
		"the account wrote nothing":                {},
		"the account was merged into the stranger": {posts: true, otherWay: true},
		"the stranger wrote much":                  {posts: true, chatter: 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			stranger := s.visit(nil, "")
			stranger.says(90, "nog onbekend")
			k := s.signIn("K-1", stranger.Token)
			page := []string{}
			if tt.posts {
				k.says(80, "van K")
				page = []string{"van K"}
			}
			account, anonymous := identity.CustomerID(s.account("K-1").ID), stranger.customer()
			if tt.otherWay {
				s.merges(anonymous, account)
			} else {
				s.merges(account, anonymous)
			}
			stranger.says(70, "de volgende aan de computer")
			for i := range tt.chatter {
				stranger.says(60-i, fmt.Sprint("nog iets ", i))
			}
			before := stranger.shows()
			s.records(account, "voor K", nil).Expect(http.StatusCreated)
			s.same("the page of K", append([]string{"voor K"}, page...), k.shows())
			s.same("the stranger's page", before, stranger.shows())
			away := account
			if !tt.otherWay {
				away = anonymous
			}
			d := identity.Decision{By: "agent-7", Why: "toch niet", At: now}
			if _, _, err := s.Table.Customers.UnmergeCustomer(t.Context(), away, d); err != nil {
				t.Fatal(err)
			}
			s.same("the page of K after the unmerge", append([]string{"voor K"}, page...), k.shows())
			s.same("the history of K after the unmerge", append([]string{"voor K"}, page...), s.history("K-1"))
			s.same("the stranger's page after the unmerge", before, stranger.shows())
			s.same("the stranger's history after the unmerge", before, s.Texts(call{Route: historyRoute, Path: id(anonymous), Query: map[string]string{"limit": "100"}}))
		})
	}
}

func TestRecordAnswer_AnonymousVisitors(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first, second := s.visit(nil, ""), s.visit(nil, "")
	first.says(50, "van de eerste")
	second.says(40, "van de tweede")
	s.merges(first.customer(), second.customer())
	s.records(first.customer(), "antwoord", nil).Expect(http.StatusCreated)
	s.same("the page of the last writer", []string{"antwoord", "van de tweede"}, second.shows())
	s.same("the other page", []string{"van de eerste"}, first.shows())
}

func TestRecordAnswer_NamedVisitor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stranger := s.visit(nil, "")
	question := stranger.says(90, "nog onbekend")
	k := s.signIn("K-1", stranger.Token)
	k.says(80, "van K")
	device := s.signIn("K-1", "")
	device.says(70, "van K op de telefoon")
	account := k.customer()
	s.merges(account, stranger.customer())
	asked := message.NewID(message.WebChat, now.Add(-90*time.Minute), question)

	s.records(account, "aan de laatste", nil).Expect(http.StatusCreated)
	s.records(account, "aan het eerste apparaat", map[string]any{"to": k.alias()}).Expect(http.StatusCreated)
	s.records(account, "aan de vreemde", map[string]any{"to": stranger.alias()}).Expect(http.StatusCreated)
	s.records(account, "aan de vraag", map[string]any{"inReplyTo": asked}).Expect(http.StatusCreated)
	s.records(account, "aan beide", map[string]any{"inReplyTo": asked, "to": stranger.alias()}).Expect(http.StatusCreated)
	s.records(account, "aan de vreemde", map[string]any{"to": stranger.alias()}).Expect(http.StatusOK)
	s.records(account, "aan de vreemde", nil).Expect(http.StatusOK)
	s.records(account, "aan de vreemde", map[string]any{"to": k.alias()}).Expect(http.StatusConflict)

	s.same("the page of the last device", []string{"aan de laatste", "van K op de telefoon"}, device.shows())
	s.same("the page of the first device", []string{"aan het eerste apparaat", "van K"}, k.shows())
	got := map[string]bool{}
	for _, text := range stranger.shows() {
		got[text] = true
	}
	if diff := cmp.Diff(map[string]bool{"nog onbekend": true, "aan de vreemde": true, "aan de vraag": true, "aan beide": true}, got); diff != "" {
		t.Errorf("the anonymous page (-want +got):\n%s", diff)
	}
}

func TestRecordAnswer_RefusedName(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.knownOnWhatsApp("K-1", 1)
	k, other := s.signIn("K-1", ""), s.visit(nil, "")
	k.says(80, "van K")
	question := other.says(70, "van een ander")
	for name, changes := range map[string]map[string]any{
		"a visitor of another customer":  {"to": other.alias()},
		"a visitor who never wrote":      {"to": s.visit(nil, "").alias()},
		"an alias of another kind":       {"to": "account:K-1"},
		"no alias":                       {"to": k.Visitor},
		"a message of another customer":  {"inReplyTo": message.NewID(message.WebChat, now.Add(-70*time.Minute), question)},
		"a message on another channel":   {"inReplyTo": s.Says(phone(1), message.WhatsApp, 20, "op WhatsApp").ID},
		"no id of a message":             {"inReplyTo": question},
		"a visitor and another question": {"to": s.signIn("K-1", "").alias(), "inReplyTo": message.NewID(message.WebChat, now.Add(-80*time.Minute), uuid7(now.Add(-80*time.Minute), 80))},
	} {
		s.records(k.customer(), name, changes).Expect(http.StatusBadRequest)
	}
	s.same("the page", []string{"van K"}, k.shows())
}

func TestRecordAnswer_SeveralAccounts(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	k, l := s.signIn("K-1", ""), s.signIn("L-1", "")
	k.says(80, "van K")
	l.says(70, "van L")
	who := k.customer()
	s.records(who, "voor de samenvoeging", map[string]any{"sentAt": now.Add(-time.Hour).Format(time.RFC3339)}).Expect(http.StatusCreated)
	s.merges(who, l.customer())
	var refused struct {
		Reason  string
		Choices []map[string]string
	}
	s.records(who, "voor wie", nil).Into(http.StatusConflict, &refused)
	want := []map[string]string{{"to": l.alias(), "account": "L-1"}, {"to": k.alias(), "account": "K-1"}}
	if diff := cmp.Diff(want, refused.Choices); diff != "" || refused.Reason != "several-accounts" {
		t.Errorf("reason %q, choices (-want +got):\n%s", refused.Reason, diff)
	}
	s.records(who, "voor K", map[string]any{"to": k.alias()}).Expect(http.StatusCreated)
	s.same("the page of K", []string{"voor K", "voor de samenvoeging", "van K"}, k.shows())
	s.same("the page of L", []string{"van L"}, l.shows())
}
