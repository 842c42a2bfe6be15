package chatapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/test/apitest"
)

// The visitors of a moved account have to be moved with it. The answer names
// those who wrote since then.
func TestMoveAlias_AccountNamesItsVisitors(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.knownOnWhatsApp("K-1", 1)
	before, after, silent := s.signIn("K-1", ""), s.signIn("K-1", ""), s.signIn("K-1", "")
	before.says(40, "voor de verhuizing")
	after.says(10, "na de verhuizing")
	after.says(9, "nog iets")
	stranger := s.visit(nil, "")
	stranger.says(8, "van een ander")
	d := identity.Decision{By: "agent-7", Why: "een mens", At: now}
	if _, err := s.Table.Customers.MergeCustomers(t.Context(), after.customer(), stranger.customer(), d); err != nil {
		t.Fatal(err)
	}
	old := s.account("K-1").ID
	from := now.Add(-20 * time.Minute).Format(time.RFC3339)
	var moved struct {
		ID       string
		Visitors []string
	}
	move := func(alias, to string) {
		t.Helper()
		moved.Visitors = nil
		s.Do(call{
			Route: "POST /v1/customers/{id}/aliases/move", Path: map[string]string{"id": old},
			Body: map[string]any{"alias": alias, "customerId": to, "from": from, "why": "nieuwe eigenaar"},
		}).Into(http.StatusOK, &moved)
	}
	move("account:K-1", "")
	s.same("the visitors to move", []string{"visitor:" + apitest.Site + ":" + after.Visitor}, moved.Visitors)
	s.same("the history of K before they move", nil, s.history("K-1"))
	for _, v := range moved.Visitors {
		move(v, moved.ID)
		s.same("the visitors of a visitor", nil, moved.Visitors)
	}
	s.same("the history of K", []string{"nog iets", "na de verhuizing"}, s.history("K-1"))
	rest := []string{"van een ander", "voor de verhuizing", "op WhatsApp van K-1"}
	s.same("the history of the first", rest, s.Texts(call{Route: historyRoute, Path: map[string]string{"id": old}}))
	for name, v := range map[string]visit{"before": before, "silent": silent} {
		if a := s.open(nil, v.Token); a.Status != http.StatusUnauthorized {
			t.Errorf("the session %s goes on: status %d, want 401", name, a.Status)
		}
	}
	if renewed := s.visit(nil, after.Token); renewed.Visitor != after.Visitor {
		t.Error("the session of the moved visitor ended")
	}
}
