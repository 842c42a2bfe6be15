package chatapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

const moveRoute = "POST /v1/customers/{id}/aliases/move"

// moves has an agent move an alias, from some minutes ago on, and after it the
// visitors that the answer names. It returns the new owner. Empty is a new
// customer.
func (s *stack) moves(alias string, from, to identity.CustomerID, minutesAgo int) identity.CustomerID {
	s.T.Helper()
	since := now.Add(-time.Duration(minutesAgo) * time.Minute).Format(time.RFC3339)
	owner, visitors := s.movesAlone(alias, from, to, since)
	for _, v := range visitors {
		s.movesAlone(v, from, owner, since)
	}
	return owner
}

func (s *stack) movesAlone(alias string, from, to identity.CustomerID, since string) (identity.CustomerID, []string) {
	s.T.Helper()
	var moved struct {
		ID       identity.CustomerID
		Visitors []string
	}
	body := map[string]any{"alias": alias, "customerId": to, "from": since, "why": "nieuwe eigenaar"}
	s.Do(call{Route: moveRoute, Path: id(from), Body: body}).Into(http.StatusOK, &moved)
	return moved.ID, moved.Visitors
}

// A refusedAnswer is the problem document that refuses it.
type refusedAnswer struct {
	Reason  string
	Choices []map[string]string
}

// refuses has an agent record an answer, which must get 409.
func (s *stack) refuses(who identity.CustomerID, text string, changes map[string]any) refusedAnswer {
	s.T.Helper()
	var refused refusedAnswer
	s.records(who, text, changes).Into(http.StatusConflict, &refused)
	return refused
}

func (s *stack) refusesFor(reason string, who identity.CustomerID, text string, changes map[string]any) {
	s.T.Helper()
	if got := s.refuses(who, text, changes).Reason; got != reason {
		s.T.Errorf("%s: reason %q, want %q", text, got, reason)
	}
}

// historyOf returns the texts of a customer's history, newest first.
func (s *stack) historyOf(who identity.CustomerID) []string {
	s.T.Helper()
	return s.Texts(call{Route: historyRoute, Path: id(who), Query: map[string]string{"limit": "100"}})
}

func TestRecordAnswer_AccountMovedToAnonymousVisitor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stranger := s.visit(nil, "")
	stranger.says(95, "nog onbekend")
	first, last := s.signIn("K-1", ""), s.signIn("K-1", "")
	first.says(80, "van K")
	last.says(70, "van K op de telefoon")
	account, anonymous := first.customer(), stranger.customer()
	s.moves("account:K-1", account, anonymous, 100)
	first.says(60, "weer van K")
	stranger.says(50, "de volgende aan de computer")

	s.records(anonymous, "voor K", nil).Expect(http.StatusCreated)
	s.same("the page of K that wrote last", []string{"voor K", "weer van K", "van K"}, first.shows())
	s.same("the other page of K", []string{"van K op de telefoon"}, last.shows())
	s.same("the anonymous page", []string{"de volgende aan de computer", "nog onbekend"}, stranger.shows())

	// The account goes back from the same time on, as if it had never moved.
	s.moves("account:K-1", anonymous, account, 100)
	s.records(account, "voor K terug", nil).Expect(http.StatusCreated)
	s.records(anonymous, "voor de vreemde", nil).Expect(http.StatusCreated)
	s.same("the page of K after the move back", []string{"voor K terug", "voor K", "weer van K", "van K"}, first.shows())
	s.same("the anonymous page after the move back", []string{"voor de vreemde", "de volgende aan de computer", "nog onbekend"}, stranger.shows())
}

func TestRecordAnswer_AccountMovedToMergedCustomer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	known := s.Says(phone(1), message.WhatsApp, 120, "op WhatsApp").CustomerID
	stranger := s.visit(nil, "")
	stranger.says(95, "nog onbekend")
	s.merges(known, stranger.customer())
	s.records(known, "voor de vreemde", map[string]any{"sentAt": now.Add(-90 * time.Minute).Format(time.RFC3339)}).Expect(http.StatusCreated)
	k := s.signIn("K-1", "")
	k.says(80, "van K")
	s.moves("account:K-1", k.customer(), known, 100)
	stranger.says(50, "de volgende aan de computer")
	before := stranger.shows()
	s.records(known, "voor K", nil).Expect(http.StatusCreated)
	s.same("the page of K", []string{"voor K", "van K"}, k.shows())

	d := identity.Decision{By: "agent-7", Why: "toch niet", At: now}
	_, apart, err := s.Table.Customers.UnmergeCustomer(t.Context(), stranger.customer(), d)
	if err != nil {
		t.Fatal(err)
	}
	s.records(known, "voor K alleen", nil).Expect(http.StatusCreated)
	got := k.shows()
	slices.Sort(got)
	s.same("the page of K after the unmerge", []string{"van K", "voor K", "voor K alleen"}, got)
	s.same("the anonymous page", before, stranger.shows())
	s.records(apart.ID, "voor de vreemde alleen", nil).Expect(http.StatusCreated)
	if got := stranger.shows(); len(got) != len(before)+1 {
		t.Errorf("the anonymous page after the unmerge: %q", got)
	}
}

func TestRecordAnswer_AccountMovedToAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	k, l := s.signIn("K-1", ""), s.signIn("L-1", "")
	l.says(90, "van L")
	k.says(80, "van K")
	s.moves("account:K-1", k.customer(), l.customer(), 100)
	refused := s.refuses(l.customer(), "voor wie", nil)
	want := []map[string]string{{"to": k.alias(), "account": "K-1"}, {"to": l.alias(), "account": "L-1"}}
	if refused.Reason != "several-accounts" {
		t.Errorf("reason %q, want several-accounts", refused.Reason)
	}
	if got := refused.Choices; len(got) != 2 || got[0]["to"] != want[0]["to"] || got[1]["to"] != want[1]["to"] {
		t.Errorf("choices %v, want %v", got, want)
	}
	s.same("the page of K", []string{"van K"}, k.shows())
	s.same("the page of L", []string{"van L"}, l.shows())
	s.records(l.customer(), "voor K", map[string]any{"to": k.alias()}).Expect(http.StatusCreated)
	s.same("the page of K, named", []string{"voor K", "van K"}, k.shows())
}

// A customer has several accounts after a merge as well.
func TestRecordAnswer_MovedAccountMerged(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	other := s.Says(phone(1), message.WhatsApp, 120, "op WhatsApp").CustomerID
	k, l := s.signIn("K-1", ""), s.signIn("L-1", "")
	l.says(90, "van L")
	k.says(80, "van K")
	s.moves("account:K-1", k.customer(), other, 100)
	s.merges(l.customer(), other)
	s.refusesFor("several-accounts", other, "voor wie", nil)
	s.refusesFor("several-accounts", l.customer(), "voor wie dan", nil)
	d := identity.Decision{By: "agent-7", Why: "toch niet", At: now}
	if _, _, err := s.Table.Customers.UnmergeCustomer(t.Context(), other, d); err != nil {
		t.Fatal(err)
	}
	s.records(other, "voor K", nil).Expect(http.StatusCreated)
	s.same("the page of K", []string{"voor K", "van K"}, k.shows())
	s.same("the page of L", []string{"van L"}, l.shows())
}

func TestRecordAnswer_AccountMovedAway(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		minutesAgo int    // start of the move
		choose     string // "account", "visitor" or "both" moves
		chatter    int    // further messages of the anonymous visitor
	}{
		"the account alone":                   {60, "account", 0},
		"the visitor alone":                   {60, "visitor", 0},
		"both":                                {60, "both", 0},
		"the account, just now":               {0, "account", 0},
		"the account, after much else":        {60, "account", 25},
		"the visitor, after much else":        {60, "visitor", 25},
		"both, after much else":               {60, "both", 25},
		"the account just now, and much else": {0, "account", 25},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			stranger := s.visit(nil, "")
			stranger.says(90, "nog onbekend")
			s.Chat.Now = func() time.Time { return now.Add(-85 * time.Minute) }
			k := s.signIn("K-1", "")
			s.Chat.Now = func() time.Time { return now }
			k.says(80, "van K")
			account := k.customer()
			s.merges(account, stranger.customer())
			stranger.says(40, "de volgende aan de computer")
			for i := range tt.chatter {
				stranger.says(39-i, fmt.Sprint("nog iets ", i))
			}
			before := stranger.shows()
			s.records(account, "voor K", map[string]any{"sentAt": now.Add(-75 * time.Minute).Format(time.RFC3339)}).Expect(http.StatusCreated)
			since := now.Add(-time.Duration(tt.minutesAgo) * time.Minute).Format(time.RFC3339)
			var to identity.CustomerID
			if tt.choose != "visitor" {
				to, _ = s.movesAlone("account:K-1", account, to, since)
			}
			if tt.choose != "account" {
				s.movesAlone(k.alias(), account, to, since)
			}
			s.refusesFor("no-page", account, "voor wie", nil)
			s.same("the anonymous page", before, stranger.shows())
			s.records(account, "voor K", map[string]any{"sentAt": now.Add(-75 * time.Minute).Format(time.RFC3339)}).Expect(http.StatusOK)
			s.records(account, "voor de vreemde", map[string]any{"to": stranger.alias()}).Expect(http.StatusCreated)
			s.same("the anonymous page, named", append([]string{"voor de vreemde"}, before...), stranger.shows())
			switch tt.choose {
			case "account":
				s.refusesFor("no-page", to, "aan de nieuwe", nil)
			case "both":
				s.records(to, "aan de nieuwe", nil).Expect(http.StatusCreated)
				s.same("the page of K", []string{"aan de nieuwe"}, k.shows())
			}
		})
	}
}

// The visitors of a moved account must be moved too, before it has a page.
func TestRecordAnswer_AccountMovedWithoutVisitors(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stranger := s.visit(nil, "")
	stranger.says(90, "nog onbekend")
	k := s.signIn("K-1", "")
	k.says(80, "van K")
	anonymous, since := stranger.customer(), now.Add(-100*time.Minute).Format(time.RFC3339)
	s.movesAlone("account:K-1", k.customer(), anonymous, since)
	s.refusesFor("no-page", anonymous, "voor K", nil)
	s.same("the anonymous page", []string{"nog onbekend"}, stranger.shows())
	s.movesAlone(k.alias(), k.customer(), anonymous, since)
	s.records(anonymous, "voor K", nil).Expect(http.StatusCreated)
	s.same("the page of K", []string{"voor K", "van K"}, k.shows())
}

// An answer to a customer with two accounts, of which one moved away, must name
// its page while messages of the other are recent.
func TestRecordAnswer_OneOfTwoAccountsMovedAway(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	k, l := s.signIn("K-1", ""), s.signIn("L-1", "")
	k.says(90, "van K")
	l.says(80, "van L")
	both := k.customer()
	s.merges(both, l.customer())
	s.movesAlone("account:L-1", both, "", now.Format(time.RFC3339))
	refused := s.refuses(both, "voor L", nil)
	if refused.Reason != "several-accounts" || len(refused.Choices) != 1 || refused.Choices[0]["to"] != k.alias() {
		t.Errorf("refused with %+v, want several-accounts and the visitor of K", refused)
	}
	s.same("the page of K", []string{"van K"}, k.shows())
}

func TestRecordAnswer_MovedVisitor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	v := s.visit(nil, "")
	early := message.NewID(message.WebChat, now.Add(-90*time.Minute), v.says(90, "van de eerste"))
	late := message.NewID(message.WebChat, now.Add(-30*time.Minute), v.says(30, "van de tweede"))
	first := v.customer()
	beforeMove := map[string]any{"inReplyTo": early, "sentAt": now.Add(-85 * time.Minute).Format(time.RFC3339)}
	s.records(first, "op tijd beantwoord", beforeMove).Expect(http.StatusCreated)
	afterMove := map[string]any{"inReplyTo": late, "sentAt": now.Add(-20 * time.Minute).Format(time.RFC3339)}
	s.records(first, "aan de tweede", afterMove).Expect(http.StatusCreated)
	named := map[string]any{"to": v.alias(), "sentAt": now.Add(-10 * time.Minute).Format(time.RFC3339)}
	s.records(first, "aan de bezoeker", named).Expect(http.StatusCreated)

	second := s.moves(v.alias(), first, "", 60)
	page := []string{"aan de bezoeker", "aan de tweede", "van de tweede"}
	s.same("the page after the move", page, v.shows())

	s.refusesFor("address-moved", first, "aan de eerste", map[string]any{"inReplyTo": early})
	s.refusesFor("address-moved", first, "aan de eerste en de bezoeker", map[string]any{"inReplyTo": early, "to": v.alias()})
	s.refusesFor("address-moved", first, "aan de eerste, eerder", map[string]any{"inReplyTo": early, "sentAt": beforeMove["sentAt"]})
	s.refusesFor("address-moved", first, "aan wie", nil)
	s.refusesFor("address-moved", second, "voor de tijd", map[string]any{"to": v.alias(), "sentAt": beforeMove["sentAt"]})
	s.records(first, "op naam", map[string]any{"to": v.alias()}).ExpectRefusal(http.StatusBadRequest, "an alias of this customer")
	s.records(first, "aan andermans vraag", map[string]any{"inReplyTo": late}).ExpectRefusal(http.StatusBadRequest, "no such message")
	s.records(second, "aan andermans vraag", map[string]any{"inReplyTo": early}).ExpectRefusal(http.StatusBadRequest, "no such message")
	s.same("the page", page, v.shows())

	for text, changes := range map[string]map[string]any{"op tijd beantwoord": beforeMove, "aan de tweede": afterMove, "aan de bezoeker": named} {
		s.records(first, text, changes).Expect(http.StatusOK)
	}
	s.records(second, "aan de tweede", afterMove).Expect(http.StatusOK)
	s.records(second, "aan de bezoeker", named).Expect(http.StatusOK)
	s.refusesFor("address-moved", first, "aan de tweede", map[string]any{"inReplyTo": early, "sentAt": afterMove["sentAt"]})

	s.records(second, "aan de tweede eigenaar", map[string]any{"inReplyTo": late}).Expect(http.StatusCreated)
	s.same("the page of the second", append([]string{"aan de tweede eigenaar"}, page...), v.shows())
	s.same("the history of the first", []string{"op tijd beantwoord", "van de eerste"}, s.historyOf(first))
	s.same("the history of the second", append([]string{"aan de tweede eigenaar"}, page...), s.historyOf(second))

	s.moves(v.alias(), second, first, 60)
	s.records(first, "weer van de eerste", map[string]any{"inReplyTo": early}).Expect(http.StatusCreated)
	s.records(second, "niet meer van de tweede", nil).ExpectRefusal(http.StatusBadRequest, "no address on webchat")
	if got := v.shows()[:2]; got[0] != "weer van de eerste" && got[1] != "weer van de eerste" {
		t.Errorf("the page after the move back shows %q first, want the answer to the first", got)
	}
}

// A move can be decided ahead of its time.
func TestRecordAnswer_VisitorMovesLater(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	v := s.visit(nil, "")
	early := message.NewID(message.WebChat, now.Add(-90*time.Minute), v.says(90, "van de eerste"))
	first := v.customer()
	owner, err := s.Table.Customers.Get(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	alias := identity.Alias{Kind: identity.Visitor, Scope: apitest.Site, Value: v.Visitor}
	d := identity.Decision{By: "agent-7", Why: "nieuwe eigenaar", At: now}
	second, err := s.Table.Customers.MoveAlias(t.Context(), owner, identity.AliasMove{Alias: alias, From: now.Add(time.Hour)}, d)
	if err != nil {
		t.Fatal(err)
	}
	s.refusesFor("address-moved", first, "aan de eerste", map[string]any{"inReplyTo": early})
	s.refusesFor("address-moved", second, "aan de tweede", map[string]any{"to": v.alias()})
	s.same("the page", []string{}, v.shows())
}

func TestRecordAnswer_MessagesWithOneID(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stranger, k := s.visit(nil, ""), s.signIn("K-1", "")
	asked := message.NewID(message.WebChat, now.Add(-80*time.Minute), k.says(80, "van K"))
	if stranger.says(80, "nog onbekend"); stranger.Visitor == k.Visitor {
		t.Fatal("one visitor")
	}
	account := k.customer()
	s.merges(account, stranger.customer())
	refused := s.refuses(account, "aan wie", map[string]any{"inReplyTo": asked})
	choices := map[string]bool{}
	for _, c := range refused.Choices {
		choices[c["to"]] = true
	}
	if refused.Reason != "several-messages" || len(choices) != 2 || !choices[k.alias()] || !choices[stranger.alias()] {
		t.Errorf("refused with %+v, want several-messages and both visitors", refused)
	}
	s.records(account, "aan de vreemde", map[string]any{"inReplyTo": asked, "to": stranger.alias()}).Expect(http.StatusCreated)
	s.records(account, "aan K", map[string]any{"inReplyTo": asked, "to": k.alias()}).Expect(http.StatusCreated)
	s.records(account, "aan K", map[string]any{"inReplyTo": asked, "to": k.alias()}).Expect(http.StatusOK)
	s.records(account, "aan K", map[string]any{"inReplyTo": asked, "to": stranger.alias()}).Expect(http.StatusConflict)
	other := s.signIn("K-1", "")
	s.records(account, "aan een ander", map[string]any{"inReplyTo": asked, "to": other.alias()}).ExpectRefusal(http.StatusBadRequest, "different addresses")
	s.same("the page of K", []string{"aan K", "van K"}, k.shows())
	s.same("the anonymous page", []string{"aan de vreemde", "nog onbekend"}, stranger.shows())

	// The answer was recorded before the merge made its question one of two.
	s.records(account, "aan K", map[string]any{"inReplyTo": asked}).Expect(http.StatusOK)
}
