package departmentapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/test/apitest"
)

// operator is a token that acts for every department.
func operator() map[string]string { return with(nil) }

// stranger stores a customer with a contact of a cause that has no problem.
func (s *stack) stranger() contact.Contact {
	s.T.Helper()
	return s.Contact(identity.CustomerID(uuid.Must(uuid.NewV7()).String()), 60, "billing")
}

func TestCandidates_OnlyTheDepartmentTheyWereAnnouncedTo(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Burst() // a candidate that was announced to none
	mine, foreign := uuid.NewString(), uuid.NewString()
	s.announce(mine, "billing", s.unknown())
	s.announce(foreign, "it", s.unknown())
	ids := func(claims map[string]string) map[string]bool {
		var got candidates
		s.Do(call{Route: candidatesRoute, Claims: claims}).Into(http.StatusOK, &got)
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
	unannounced := s.Table.Candidates.WordHash("gasklep")
	dismiss := map[string]any{"decision": "dismiss", "why": "x"}
	for name, id := range map[string]string{"of another department": foreign, "announced to none": unannounced} {
		path := map[string]string{"id": id}
		s.Do(call{Route: "GET /v1/candidates/{id}", Path: path, Claims: of("billing")}).ExpectRefusal(http.StatusForbidden, "the problem or candidate belongs to another department")
		s.Do(call{Route: candidateRoute, Path: path, Body: dismiss, Claims: of("billing")}).ExpectRefusal(http.StatusForbidden, "the problem or candidate belongs to another department")
		if got := ids(operator()); len(got) != 3 {
			t.Errorf("%s: decided by another department", name)
		}
	}
	none := map[string]string{"id": uuid.NewString()}
	s.Do(call{Route: candidateRoute, Path: none, Body: dismiss, Claims: of("billing")}).ExpectRefusal(http.StatusNotFound, "no such candidate")

	path := map[string]string{"id": foreign}
	s.Do(call{Route: candidateRoute, Path: path, Body: dismiss, Claims: of("it")}).Expect(http.StatusOK)
	s.Do(call{Route: candidateRoute, Path: path, Body: dismiss, Claims: of("it")}).Expect(http.StatusOK)
	for _, body := range []map[string]any{dismiss, {"decision": "confirm", "why": "x", "reason": "invoice-unclear"}} { // decided, and the answer is the same
		s.Do(call{Route: candidateRoute, Path: path, Body: body, Claims: of("billing")}).ExpectRefusal(http.StatusForbidden, "the problem or candidate belongs to another department")
	}
	s.Do(call{Route: candidateRoute, Path: map[string]string{"id": unannounced}, Body: dismiss}).Expect(http.StatusOK)
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
		s.Do(call{Route: candidateRoute, Path: map[string]string{"id": id}, Body: body, Claims: of("customer-care")}).Into(http.StatusOK, &opened)
	}
	path := map[string]string{"id": opened.Problem}
	for _, route := range []string{problemRoute, affectedRoute, "GET /v1/problems/{id}/log"} {
		s.Do(call{Route: route, Path: path, Claims: of("customer-care")}).ExpectRefusal(http.StatusForbidden, "another department")
	}
	var p apitest.ProblemView
	s.Do(call{Route: problemRoute, Path: path, Claims: of("documentation")}).Into(http.StatusOK, &p)
	if p.Contacts != 2 {
		t.Errorf("the problem has %d contacts, want 2", p.Contacts)
	}
	merged := s.Problem("other", "documentation", 5)
	s.Do(call{Route: updateRoute, Path: path, Body: map[string]any{"to": "merged", "into": merged}, Claims: of("documentation")}).Expect(http.StatusOK)
	id := uuid.NewString()
	s.announce(id, "customer-care", s.unknown())
	body := map[string]any{"decision": "confirm", "why": "x", "reason": "manual-unclear"}
	for range 2 {
		s.Do(call{Route: candidateRoute, Path: map[string]string{"id": id}, Body: body, Claims: of("customer-care")}).Into(http.StatusOK, &opened)
		if opened.Problem != merged {
			t.Errorf("confirmed as problem %s, want the one that survived: %s", opened.Problem, merged)
		}
	}
}

func TestOpen_OnlyReasonsOfTheCallersDepartments(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	open := func(claims map[string]string, reason, product string) answer {
		return s.Do(call{Route: "POST /v1/problems", Body: map[string]any{"reason": reason, "product": product}, Claims: claims})
	}
	open(of("it"), "invoice-unclear", "").ExpectRefusal(http.StatusForbidden, "reason invoice-unclear belongs to Billing (Facturatie); ask that department to open the problem")
	open(of("documentation"), "manual-unclear", "thermostat").ExpectRefusal(http.StatusForbidden, "belongs to IT (ICT)") // the product has another owner
	open(of("it"), "manual-unclear", "thermostat").Expect(http.StatusCreated)
	open(of("[it billing]"), "invoice-unclear", "").Expect(http.StatusCreated)
	open(operator(), "delivery-late", "").Expect(http.StatusCreated)
}

// A cause keeps its owner when its problem was handed over. The conflict then
// names the department that has the problem, and not the problem.
func TestOpen_ProblemThatWasHandedOver(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := call{Route: "POST /v1/problems", Body: map[string]any{"reason": "invoice-unclear"}, Claims: of("billing")}
	var p apitest.ProblemView
	s.Do(c).Into(http.StatusCreated, &p)
	s.Do(c).ExpectRefusal(http.StatusConflict, p.ID)
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": p.ID}, Body: map[string]any{"to": "moved", "department": "it"}, Claims: of("billing")}).Expect(http.StatusOK)
	got := s.Do(c)
	got.ExpectRefusal(http.StatusConflict, "handed over to IT (ICT)")
	if strings.Contains(got.Body, p.ID) || strings.Contains(got.Body, `"state"`) {
		t.Errorf("the conflict tells of a problem of another department: %s", got.Body)
	}
	c.Claims = operator()
	s.Do(c).ExpectRefusal(http.StatusConflict, p.ID)
}

func TestContacts_OnlyOfCustomersThatWereShown(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	target := s.Problem("target", "billing", 5)
	caused, byHand, announced, foreign, unknown := s.stranger(), s.unknown(), s.unknown(), s.unknown(), s.stranger()

	var byCause apitest.ProblemView // of the cause of a contact
	s.Do(call{Route: "POST /v1/problems", Body: map[string]any{"reason": "invoice-unclear"}}).Into(http.StatusCreated, &byCause)
	s.touch(byCause.ID, caused)
	s.touch(s.Problem("hand", "billing", 50), byHand) // attached by hand: its contact has no cause
	s.touch(s.Problem("it", "it", 5), foreign)
	s.announce(uuid.NewString(), "billing", announced)

	attach := func(claims map[string]string, refs ...map[string]string) answer {
		return s.Do(call{Route: attachRoute, Path: map[string]string{"id": target}, Body: contacts(refs...), Claims: claims})
	}
	for name, k := range map[string]contact.Contact{"by cause": caused, "attached by hand": byHand, "announced": announced} {
		if got := attach(of("billing"), s.named(k)); got.Status != http.StatusOK {
			t.Errorf("a customer known %s: %d %s", name, got.Status, got.Body)
		}
	}
	gone := map[string]string{"customerId": uuid.NewString(), "contact": "k-none"}
	noContact := map[string]string{"customerId": string(foreign.Customer), "contact": "k-none"}
	for _, ref := range []map[string]string{s.named(foreign), s.named(unknown), gone, noContact} {
		refused := fmt.Sprintf("contacts: the customer of %s is in none of your problems or candidates", ref["contact"])
		attach(of("billing"), s.named(caused), ref, gone).ExpectRefusal(http.StatusForbidden, refused)
		s.Do(call{Route: splitRoute, Path: map[string]string{"id": target}, Body: contacts(ref), Claims: of("billing")}).ExpectRefusal(http.StatusForbidden, refused)
		s.Do(call{Route: "DELETE /v1/problems/{id}/contacts", Path: map[string]string{"id": target}, Query: ref, Claims: of("billing")}).ExpectRefusal(http.StatusForbidden, refused)
		open := contacts(ref)
		open["reason"] = "refund-missing"
		s.Do(call{Route: "POST /v1/problems", Body: open, Claims: of("billing")}).ExpectRefusal(http.StatusForbidden, refused)
	}
	var p apitest.ProblemView
	s.Do(call{Route: problemRoute, Path: map[string]string{"id": target}, Claims: of("billing")}).Into(http.StatusOK, &p)
	if p.Contacts != 8 { // five at first
		t.Errorf("the problem has %d contacts, want 8", p.Contacts)
	}
	if id, err := s.Table.Causes.ProblemOfCause(t.Context(), "refund-missing", ""); err != nil || id != "" {
		t.Errorf("a refused request opened problem %s, %v", id, err)
	}
	attach(of("it"), s.named(foreign)).ExpectRefusal(http.StatusForbidden, "another department")
	attach(operator(), s.named(unknown)).Expect(http.StatusOK)
	many := make([]map[string]string, 51)
	for i := range many {
		many[i] = s.named(unknown)
	}
	attach(of("billing"), many...).ExpectRefusal(http.StatusBadRequest, "at most 50 are allowed")
}

// A problem that was escalated to a department, or merged or split, shows its
// customers to that department as well. After a hand-over it does not.
func TestContacts_ShownByRelatedProblems(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	target := map[string]string{"id": s.Problem("target", "customer-care", 5)}
	k := s.stranger()
	var cause apitest.ProblemView
	s.Do(call{Route: "POST /v1/problems", Body: map[string]any{"reason": "invoice-unclear"}}).Into(http.StatusCreated, &cause)
	s.touch(cause.ID, k)
	attach := call{Route: attachRoute, Path: target, Body: contacts(s.named(k)), Claims: of("customer-care")}
	detach := call{Route: "DELETE /v1/problems/{id}/contacts", Path: target, Query: s.named(k)}
	s.Do(attach).Expect(http.StatusForbidden)

	rec, err := s.Table.Problems.Get(t.Context(), cause.ID)
	if err != nil {
		t.Fatal(err)
	}
	rec.Problem, rec.Events = problem.Escalate(rec.Problem, "customer-care", now)
	if err := s.Table.Problems.Save(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	s.Do(attach).Expect(http.StatusOK)
	s.Do(detach).Expect(http.StatusOK)

	s.Do(call{Route: updateRoute, Path: map[string]string{"id": cause.ID}, Body: map[string]any{"to": "acknowledged"}}).Expect(http.StatusOK)
	s.Do(attach).Expect(http.StatusForbidden) // the escalation has ended

	var part apitest.ProblemView
	split := call{Route: splitRoute, Path: map[string]string{"id": cause.ID}, Body: contacts(s.named(k))}
	s.Do(split).Into(http.StatusCreated, &part)
	s.Do(attach).Expect(http.StatusForbidden)
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": part.ID}, Body: map[string]any{"to": "moved", "department": "customer-care"}}).Expect(http.StatusOK)
	s.Do(attach).Expect(http.StatusOK)
	s.Do(detach).Expect(http.StatusOK)
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": part.ID}, Body: map[string]any{"to": "moved", "department": "it"}}).Expect(http.StatusOK)
	s.Do(attach).Expect(http.StatusForbidden)
}

// A customer who was shown under one id may be named by the other after a
// merge.
func TestContacts_MergedCustomer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	stands, other := s.Merged(0)
	k := s.Contact(other, 60, "billing")
	target := s.Problem("target", "billing", 5)
	s.touch(target, k)
	ref := map[string]string{"customerId": string(stands), "contact": k.ID}
	s.Do(call{Route: attachRoute, Path: map[string]string{"id": target}, Body: contacts(ref), Claims: of("billing")}).Expect(http.StatusOK)
}

// A repetition of a split does not show the part to a department that gave it
// away.
func TestSplit_RepeatedAfterThePartWasHandedOver(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	p := s.property("a")
	c := call{
		Route: splitRoute, Path: map[string]string{"id": p.problem}, Body: contacts(p.first), Claims: of("customer-care"),
		Headers: map[string]string{"Idempotency-Key": "s-1"},
	}
	var part apitest.ProblemView
	for range 2 { // by the department that the whole was escalated to
		s.Do(c).Into(http.StatusCreated, &part)
	}
	c.Headers, c.Claims = map[string]string{"Idempotency-Key": "s-2"}, of("billing")
	c.Body = map[string]any{"words": []string{"factuur"}}
	s.Do(c).Into(http.StatusCreated, &part)
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": part.ID}, Body: map[string]any{"to": "moved", "department": "it"}, Claims: of("billing")}).Expect(http.StatusOK)
	got := s.Do(c)
	got.ExpectRefusal(http.StatusForbidden, "now belongs to another department")
	if strings.Contains(got.Body, part.ID) {
		t.Errorf("the refusal names the part: %s", got.Body)
	}
}

// A lead that splits a problem that was escalated to it reaches the part as well,
// until the part is acknowledged. After that a repetition of the split shows the
// lead nothing of the part.
func TestSplit_OfAnEscalatedProblem(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	p := s.property("a")
	split := call{
		Route: splitRoute, Path: pathOf(p.problem), Body: contacts(p.first), Claims: of("customer-care"),
		Headers: map[string]string{"Idempotency-Key": "s-1"},
	}
	var part apitest.ProblemView
	s.Do(split).Into(http.StatusCreated, &part)
	rec, err := s.Table.Problems.Get(t.Context(), part.ID)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Department != "billing" || rec.EscalatedTo != "customer-care" || rec.EscalatedAt.IsZero() {
		t.Errorf("the part belongs to %q and is escalated to %q at %s, want billing, and customer-care with a time", rec.Department, rec.EscalatedTo, rec.EscalatedAt)
	}
	if due := problem.Due(rec.Problem); len(due) != 0 {
		t.Errorf("the part has the due entries %v, want none: it is escalated once", due)
	}
	s.Do(call{Route: problemRoute, Path: pathOf(part.ID), Claims: of("customer-care")}).Expect(http.StatusOK)
	s.Do(split).Expect(http.StatusCreated)

	body := map[string]any{"to": "acknowledged"}
	s.Do(call{Route: updateRoute, Path: pathOf(part.ID), Body: body, Claims: of("billing")}).Expect(http.StatusOK)
	body = map[string]any{"to": "cause_known", "cause": "Een verkeerd tarief."}
	s.Do(call{Route: updateRoute, Path: pathOf(part.ID), Body: body, Claims: of("billing")}).Expect(http.StatusOK)
	s.Do(call{Route: problemRoute, Path: pathOf(part.ID), Claims: of("customer-care")}).ExpectRefusal(http.StatusForbidden, "another department")
	got := s.Do(split)
	got.ExpectRefusal(http.StatusForbidden, "now belongs to another department")
	if strings.Contains(got.Body, "tarief") || strings.Contains(got.Body, part.ID) {
		t.Errorf("the refusal shows the part: %s", got.Body)
	}
}

func TestList_CursorOfAnotherToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i, d := range []string{"billing", "billing", "it", "it"} {
		s.Problem(fmt.Sprint(i), d, 10-i)
	}
	var first page
	s.Do(call{Route: problemsRoute, Query: map[string]string{"limit": "1"}, Claims: of("billing")}).Into(http.StatusOK, &first)
	for name, claims := range map[string]map[string]string{"another department": of("it"), "more departments": of("[billing it]"), "all": operator()} {
		got := s.Do(call{Route: problemsRoute, Query: map[string]string{"limit": "1", "cursor": first.Cursor}, Claims: claims})
		if got.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 400", name, got.Status)
		}
	}
	var second page
	s.Do(call{Route: problemsRoute, Query: map[string]string{"limit": "1", "cursor": first.Cursor}, Claims: of("[billing billing]")}).Into(http.StatusOK, &second)
	if len(second.Problems) != 1 || second.Problems[0].ID != "p-0" {
		t.Errorf("the second page has %+v, want p-0", second.Problems)
	}
}

// A department that knows the ETag of a problem that it gave away learns
// nothing by it. By the name under which it made a change it learns only that the
// change was applied.
func TestMoved_TagsAndNames(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := map[string]string{"id": s.Problem("a", "billing", 5)}
	named := map[string]string{"Idempotency-Key": "u-1"}
	comment := call{Route: updateRoute, Path: path, Body: map[string]any{"comment": "x"}, Headers: named, Claims: of("billing")}
	s.Do(comment).Expect(http.StatusOK)
	s.Do(call{Route: updateRoute, Path: path, Body: map[string]any{"to": "moved", "department": "it"}, Claims: of("billing")}).Expect(http.StatusOK)
	tag := s.Do(call{Route: problemRoute, Path: path, Claims: of("it")}).Header["ETag"]
	for _, match := range []string{tag, "*"} {
		got := s.Do(call{Route: problemRoute, Path: path, Headers: map[string]string{"If-None-Match": match}, Claims: of("billing")})
		got.ExpectRefusal(http.StatusForbidden, "another department")
		if got.Header["ETag"] != "" {
			t.Errorf("the refusal has the ETag %s", got.Header["ETag"])
		}
	}
	if got := s.Do(comment).Expect(http.StatusOK); strings.TrimSpace(got.Body) != `{"id":"p-a"}` || got.Header["ETag"] != "" {
		t.Errorf("the repeated update shows %s and the ETag %q, want only the id", got.Body, got.Header["ETag"])
	}
	again := comment
	again.Headers = nil
	s.Do(again).ExpectRefusal(http.StatusForbidden, "another department")
	stale := call{Route: updateRoute, Path: path, Body: map[string]any{"to": "confirmed", "version": 1}, Claims: of("billing")}
	if got := s.Do(stale); got.Status != http.StatusForbidden || strings.Contains(got.Body, "possible") || strings.Contains(got.Body, "version") {
		t.Errorf("a conflict of another department's problem: %d %s", got.Status, got.Body)
	}
	other := call{Route: updateRoute, Path: path, Body: map[string]any{"comment": "y"}, Headers: named, Claims: of("it")}
	other.Claims["sub"] = "els" // another caller has names of its own
	s.Do(other).Expect(http.StatusOK)
}

func TestList_AfterAHandOver(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a, b := s.Problem("a", "billing", 5), s.Problem("b", "billing", 4)
	s.Do(call{Route: updateRoute, Path: map[string]string{"id": a}, Body: map[string]any{"to": "moved", "department": "it"}, Claims: of("billing")}).Expect(http.StatusOK)
	var p page
	s.Do(call{Route: problemsRoute, Claims: of("billing")}).Into(http.StatusOK, &p)
	if len(p.Problems) != 1 || p.Problems[0].ID != b {
		t.Errorf("billing lists %+v, want only %s", p.Problems, b)
	}
}
