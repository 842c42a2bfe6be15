package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// operator is a token that acts for every department.
func operator() map[string]string { return with(nil) }

// stranger stores a customer with a contact of a cause that has no problem.
func (s *stack) stranger() contact.Contact {
	s.t.Helper()
	return s.contact(identity.CustomerID(uuid.Must(uuid.NewV7()).String()), 60, "billing")
}

func TestCandidates_OnlyTheDepartmentTheyWereAnnouncedTo(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.burst() // a candidate that was announced to none
	mine, foreign := uuid.NewString(), uuid.NewString()
	s.announce(mine, "billing", s.unknown())
	s.announce(foreign, "it", s.unknown())
	ids := func(claims map[string]string) map[string]bool {
		var got candidates
		s.do(call{route: candidatesRoute, claims: claims}).into(http.StatusOK, &got)
		all := map[string]bool{}
		for _, c := range got.Candidates {
			all[c.ID] = true
		}
		return all
	}
	if got := ids(of("billing")); len(got) != 1 || !got[mine] {
		t.Errorf("billing lists %v, want only %s", got, mine)
	}
	if got := ids(of("sales")); len(got) != 0 {
		t.Errorf("sales lists %v, want none", got)
	}
	if got := ids(operator()); len(got) != 3 || !got[mine] || !got[foreign] {
		t.Errorf("an operator lists %v, want all three", got)
	}
	unannounced := s.table.WordHash("gasklep")
	dismiss := map[string]any{"decision": "dismiss", "why": "x"}
	for name, id := range map[string]string{"of another department": foreign, "announced to none": unannounced} {
		path := map[string]string{"id": id}
		s.do(call{route: "GET /v1/candidates/{id}", path: path, claims: of("billing")}).refused(http.StatusForbidden, "it belongs to another department")
		s.do(call{route: candidateRoute, path: path, body: dismiss, claims: of("billing")}).refused(http.StatusForbidden, "it belongs to another department")
		if got := ids(operator()); len(got) != 3 {
			t.Errorf("%s: decided by another department", name)
		}
	}
	none := map[string]string{"id": uuid.NewString()}
	s.do(call{route: candidateRoute, path: none, body: dismiss, claims: of("billing")}).refused(http.StatusNotFound, "no such candidate")

	path := map[string]string{"id": foreign}
	s.do(call{route: candidateRoute, path: path, body: dismiss, claims: of("it")}).is(http.StatusOK)
	s.do(call{route: candidateRoute, path: path, body: dismiss, claims: of("it")}).is(http.StatusOK)
	for _, body := range []map[string]any{dismiss, {"decision": "confirm", "why": "x", "reason": "invoice-unclear"}} { // decided, and the answer is the same
		s.do(call{route: candidateRoute, path: path, body: body, claims: of("billing")}).refused(http.StatusForbidden, "it belongs to another department")
	}
	s.do(call{route: candidateRoute, path: map[string]string{"id": unannounced}, body: dismiss}).is(http.StatusOK)
}

// The department that judges candidates may name a reason of another
// department. That is all that it may do to the problem.
func TestCandidates_ConfirmedForAnotherDepartment(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var opened struct{ Problem string }
	for range 2 { // opens the problem, then joins it
		id := uuid.NewString()
		s.announce(id, "customer-care", s.unknown())
		body := map[string]any{"decision": "confirm", "why": "x", "reason": "manual-unclear"}
		s.do(call{route: candidateRoute, path: map[string]string{"id": id}, body: body, claims: of("customer-care")}).into(http.StatusOK, &opened)
	}
	path := map[string]string{"id": opened.Problem}
	for _, route := range []string{problemRoute, affectedRoute, "GET /v1/problems/{id}/log"} {
		s.do(call{route: route, path: path, claims: of("customer-care")}).refused(http.StatusForbidden, "another department")
	}
	var p problemView
	s.do(call{route: problemRoute, path: path, claims: of("documentation")}).into(http.StatusOK, &p)
	if p.Contacts != 2 {
		t.Errorf("the problem has %d contacts, want 2", p.Contacts)
	}
	merged := s.problem("other", "documentation", 5)
	s.do(call{route: updateRoute, path: path, body: map[string]any{"to": "merged", "into": merged}, claims: of("documentation")}).is(http.StatusOK)
	id := uuid.NewString()
	s.announce(id, "customer-care", s.unknown())
	body := map[string]any{"decision": "confirm", "why": "x", "reason": "manual-unclear"}
	for range 2 {
		s.do(call{route: candidateRoute, path: map[string]string{"id": id}, body: body, claims: of("customer-care")}).into(http.StatusOK, &opened)
		if opened.Problem != merged {
			t.Errorf("confirmed as problem %s, want the one that survived: %s", opened.Problem, merged)
		}
	}
}

func TestOpen_OnlyReasonsOfTheCallersDepartments(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	open := func(claims map[string]string, reason, product string) answer {
		return s.do(call{route: "POST /v1/problems", body: map[string]any{"reason": reason, "product": product}, claims: claims})
	}
	open(of("it"), "invoice-unclear", "").refused(http.StatusForbidden, "reason invoice-unclear belongs to Billing (Facturatie); ask that department to open the problem")
	open(of("documentation"), "manual-unclear", "thermostat").refused(http.StatusForbidden, "belongs to IT (ICT)") // the product has another owner
	open(of("it"), "manual-unclear", "thermostat").is(http.StatusCreated)
	open(of("[it billing]"), "invoice-unclear", "").is(http.StatusCreated)
	open(operator(), "delivery-late", "").is(http.StatusCreated)
}

// A cause keeps its owner when its problem was handed over. The conflict then
// names the department that has the problem, and not the problem.
func TestOpen_ProblemThatWasHandedOver(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{route: "POST /v1/problems", body: map[string]any{"reason": "invoice-unclear"}, claims: of("billing")}
	var p problemView
	s.do(c).into(http.StatusCreated, &p)
	s.do(c).refused(http.StatusConflict, p.ID)
	s.do(call{route: updateRoute, path: map[string]string{"id": p.ID}, body: map[string]any{"to": "moved", "department": "it"}, claims: of("billing")}).is(http.StatusOK)
	got := s.do(c)
	got.refused(http.StatusConflict, "handed over to IT (ICT)")
	if strings.Contains(got.body, p.ID) || strings.Contains(got.body, `"state"`) {
		t.Errorf("the conflict tells of a problem of another department: %s", got.body)
	}
	c.claims = operator()
	s.do(c).refused(http.StatusConflict, p.ID)
}

func TestContacts_OnlyOfCustomersThatWereShown(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	target := s.problem("target", "billing", 5)
	caused, byHand, announced, foreign, unknown := s.stranger(), s.unknown(), s.unknown(), s.unknown(), s.stranger()

	var byCause problemView // of the cause of a contact
	s.do(call{route: "POST /v1/problems", body: map[string]any{"reason": "invoice-unclear"}}).into(http.StatusCreated, &byCause)
	s.touch(byCause.ID, caused)
	s.touch(s.problem("hand", "billing", 50), byHand) // attached by hand: its contact has no cause
	s.touch(s.problem("it", "it", 5), foreign)
	s.announce(uuid.NewString(), "billing", announced)

	attach := func(claims map[string]string, refs ...map[string]string) answer {
		return s.do(call{route: attachRoute, path: map[string]string{"id": target}, body: contacts(refs...), claims: claims})
	}
	for name, k := range map[string]contact.Contact{"by cause": caused, "attached by hand": byHand, "announced": announced} {
		if got := attach(of("billing"), s.named(k)); got.status != http.StatusOK {
			t.Errorf("a customer known %s: %d %s", name, got.status, got.body)
		}
	}
	gone := map[string]string{"customerId": somebodyElse(), "contact": "k-none"}
	noContact := map[string]string{"customerId": string(foreign.Customer), "contact": "k-none"}
	for _, ref := range []map[string]string{s.named(foreign), s.named(unknown), gone, noContact} {
		refused := fmt.Sprintf("contacts: %s is not of a customer of your problems or candidates", ref["contact"])
		attach(of("billing"), s.named(caused), ref, gone).refused(http.StatusForbidden, refused)
		s.do(call{route: splitRoute, path: map[string]string{"id": target}, body: contacts(ref), claims: of("billing")}).refused(http.StatusForbidden, refused)
		s.do(call{route: "DELETE /v1/problems/{id}/contacts", path: map[string]string{"id": target}, query: ref, claims: of("billing")}).refused(http.StatusForbidden, refused)
		open := contacts(ref)
		open["reason"] = "refund-missing"
		s.do(call{route: "POST /v1/problems", body: open, claims: of("billing")}).refused(http.StatusForbidden, refused)
	}
	var p problemView
	s.do(call{route: problemRoute, path: map[string]string{"id": target}, claims: of("billing")}).into(http.StatusOK, &p)
	if p.Contacts != 8 { // five at first
		t.Errorf("the problem has %d contacts, want 8", p.Contacts)
	}
	if id, err := s.table.ProblemOfCause(t.Context(), "refund-missing", ""); err != nil || id != "" {
		t.Errorf("a refused request opened problem %s, %v", id, err)
	}
	attach(of("it"), s.named(foreign)).refused(http.StatusForbidden, "another department")
	attach(operator(), s.named(unknown)).is(http.StatusOK)
	many := make([]map[string]string, 51)
	for i := range many {
		many[i] = s.named(unknown)
	}
	attach(of("billing"), many...).refused(http.StatusBadRequest, "may have 50")
}

// A problem that was escalated to a department, or merged or split, shows its
// customers to that department as well. After a hand-over it does not.
func TestContacts_ShownByRelatedProblems(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	target := map[string]string{"id": s.problem("target", "customer-care", 5)}
	k := s.stranger()
	var cause problemView
	s.do(call{route: "POST /v1/problems", body: map[string]any{"reason": "invoice-unclear"}}).into(http.StatusCreated, &cause)
	s.touch(cause.ID, k)
	attach := call{route: attachRoute, path: target, body: contacts(s.named(k)), claims: of("customer-care")}
	detach := call{route: "DELETE /v1/problems/{id}/contacts", path: target, query: s.named(k)}
	s.do(attach).is(http.StatusForbidden)

	rec, err := s.table.Problem(t.Context(), cause.ID)
	if err != nil {
		t.Fatal(err)
	}
	rec.Problem, rec.Events = problem.Escalate(rec.Problem, "customer-care", now)
	if err := s.table.SaveProblem(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	s.do(attach).is(http.StatusOK)
	s.do(detach).is(http.StatusOK)

	s.do(call{route: updateRoute, path: map[string]string{"id": cause.ID}, body: map[string]any{"to": "acknowledged"}}).is(http.StatusOK)
	s.do(attach).is(http.StatusForbidden) // the escalation has ended

	var part problemView
	split := call{route: splitRoute, path: map[string]string{"id": cause.ID}, body: contacts(s.named(k))}
	s.do(split).into(http.StatusCreated, &part)
	s.do(attach).is(http.StatusForbidden)
	s.do(call{route: updateRoute, path: map[string]string{"id": part.ID}, body: map[string]any{"to": "moved", "department": "customer-care"}}).is(http.StatusOK)
	s.do(attach).is(http.StatusOK)
	s.do(detach).is(http.StatusOK)
	s.do(call{route: updateRoute, path: map[string]string{"id": part.ID}, body: map[string]any{"to": "moved", "department": "it"}}).is(http.StatusOK)
	s.do(attach).is(http.StatusForbidden)
}

// A customer who was shown under one id may be named by the other after a
// merge.
func TestContacts_MergedCustomer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stands, other := s.merged(0)
	k := s.contact(other, 60, "billing")
	target := s.problem("target", "billing", 5)
	s.touch(target, k)
	ref := map[string]string{"customerId": string(stands), "contact": k.ID}
	s.do(call{route: attachRoute, path: map[string]string{"id": target}, body: contacts(ref), claims: of("billing")}).is(http.StatusOK)
}

// A repetition of a split does not show the part to a department that gave it
// away.
func TestSplit_RepeatedAfterThePartWasHandedOver(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	p := s.property("a")
	c := call{
		route: splitRoute, path: map[string]string{"id": p.problem}, body: contacts(p.first), claims: of("customer-care"),
		headers: map[string]string{"Idempotency-Key": "s-1"},
	}
	var part problemView
	for range 2 { // by the department that the whole was escalated to
		s.do(c).into(http.StatusCreated, &part)
	}
	c.headers, c.claims = map[string]string{"Idempotency-Key": "s-2"}, of("billing")
	c.body = map[string]any{"words": []string{"factuur"}}
	s.do(c).into(http.StatusCreated, &part)
	s.do(call{route: updateRoute, path: map[string]string{"id": part.ID}, body: map[string]any{"to": "moved", "department": "it"}, claims: of("billing")}).is(http.StatusOK)
	got := s.do(c)
	got.refused(http.StatusForbidden, "belongs to another department by now")
	if strings.Contains(got.body, part.ID) {
		t.Errorf("the refusal names the part: %s", got.body)
	}
}

func TestList_CursorOfAnotherToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i, d := range []string{"billing", "billing", "it", "it"} {
		s.problem(fmt.Sprint(i), d, 10-i)
	}
	var first page
	s.do(call{route: problemsRoute, query: map[string]string{"limit": "1"}, claims: of("billing")}).into(http.StatusOK, &first)
	for name, claims := range map[string]map[string]string{"another department": of("it"), "more departments": of("[billing it]"), "all": operator()} {
		got := s.do(call{route: problemsRoute, query: map[string]string{"limit": "1", "cursor": first.Cursor}, claims: claims})
		if got.status != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 400", name, got.status)
		}
	}
	var second page
	s.do(call{route: problemsRoute, query: map[string]string{"limit": "1", "cursor": first.Cursor}, claims: of("[billing billing]")}).into(http.StatusOK, &second)
	if len(second.Problems) != 1 || second.Problems[0].ID != "p-0" {
		t.Errorf("the second page has %+v, want p-0", second.Problems)
	}
}

// A department that knows the ETag of a problem that it gave away learns
// nothing by it, nor by the name under which it made a change.
func TestMoved_TagsAndNames(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.problem("a", "billing", 5)}
	named := map[string]string{"Idempotency-Key": "u-1"}
	comment := call{route: updateRoute, path: path, body: map[string]any{"comment": "x"}, headers: named, claims: of("billing")}
	s.do(comment).is(http.StatusOK)
	s.do(call{route: updateRoute, path: path, body: map[string]any{"to": "moved", "department": "it"}, claims: of("billing")}).is(http.StatusOK)
	tag := s.do(call{route: problemRoute, path: path, claims: of("it")}).header["ETag"]
	for _, match := range []string{tag, "*"} {
		got := s.do(call{route: problemRoute, path: path, headers: map[string]string{"If-None-Match": match}, claims: of("billing")})
		got.refused(http.StatusForbidden, "another department")
		if got.header["ETag"] != "" {
			t.Errorf("the refusal has the ETag %s", got.header["ETag"])
		}
	}
	s.do(comment).refused(http.StatusForbidden, "another department")
	stale := call{route: updateRoute, path: path, body: map[string]any{"to": "confirmed", "version": 1}, claims: of("billing")}
	if got := s.do(stale); got.status != http.StatusForbidden || strings.Contains(got.body, "possible") || strings.Contains(got.body, "version") {
		t.Errorf("a conflict of another department's problem: %d %s", got.status, got.body)
	}
	other := call{route: updateRoute, path: path, body: map[string]any{"comment": "y"}, headers: named, claims: of("it")}
	other.claims["sub"] = "els" // another caller has names of its own
	s.do(other).is(http.StatusOK)
}

func TestList_AfterAHandOver(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a, b := s.problem("a", "billing", 5), s.problem("b", "billing", 4)
	s.do(call{route: updateRoute, path: map[string]string{"id": a}, body: map[string]any{"to": "moved", "department": "it"}, claims: of("billing")}).is(http.StatusOK)
	var p page
	s.do(call{route: problemsRoute, claims: of("billing")}).into(http.StatusOK, &p)
	if len(p.Problems) != 1 || p.Problems[0].ID != b {
		t.Errorf("billing lists %+v, want only %s", p.Problems, b)
	}
}
