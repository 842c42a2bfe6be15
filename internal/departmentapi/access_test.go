package departmentapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/uuid"

	"github.com/heard-intake/heard/infra/local/sqs"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/departmentapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/queue"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/updates"
)

// A property is a problem of billing that was escalated to customer-care, and a
// candidate that was announced to billing. Its customer has two contacts, of
// which the problem has the first.
type property struct {
	problem, candidate string
	first, second      map[string]string // contacts, as a body names them
}

// property stores one.
func (s *stack) property(name string) property {
	s.T.Helper()
	p := property{problem: s.Problem(name, "billing", 5), candidate: uuid.NewString()}
	who := identity.CustomerID(uuid.Must(uuid.NewV7()).String())
	first, second := s.Contact(who, 60, "billing"), s.Contact(who, 30, "billing")
	p.first, p.second = s.named(first), s.named(second)
	s.touch(p.problem, first)
	s.escalate(p.problem, "customer-care")
	s.announce(p.candidate, "billing", s.unknown())
	return p
}

// escalate escalates a problem to a lead.
func (s *stack) escalate(id, lead string) {
	s.T.Helper()
	rec, err := s.Table.Problems.Get(s.T.Context(), id)
	if err != nil {
		s.T.Fatal(err)
	}
	rec.Problem, rec.Events = problem.Escalate(rec.Problem, lead, now)
	if err := s.Table.Problems.Save(s.T.Context(), rec); err != nil {
		s.T.Fatal(err)
	}
}

func (s *stack) named(k contact.Contact) map[string]string {
	return map[string]string{"customerId": string(k.Customer), "contact": k.ID}
}

// touch makes a contact part of a problem.
func (s *stack) touch(problemID string, k contact.Contact) {
	s.T.Helper()
	seen := problem.Occurrence{Customer: k.Customer, Contact: k.ID, Day: k.Start.Format(time.DateOnly), At: k.Start}
	c, _ := problem.Affected{Customer: k.Customer}.With(nil, []problem.Occurrence{seen})
	if err := s.Table.Problems.ChangeAffected(s.T.Context(), problemID, []problem.AffectedChange{c}); err != nil {
		s.T.Fatal(err)
	}
}

// unknown stores a contact without a reason, of a customer of its own.
func (s *stack) unknown() contact.Contact {
	s.T.Helper()
	at := now.Add(-time.Hour)
	k := contact.Contact{
		ID: "k-" + uuid.NewString(), Customer: identity.CustomerID(uuid.Must(uuid.NewV7()).String()), Start: at, WaitingSince: at,
		Channels: []message.Channel{message.WhatsApp}, Department: contact.Unassigned,
	}
	if err := s.Table.Contacts.Save(s.T.Context(), k); err != nil {
		s.T.Fatal(err)
	}
	return k
}

// announce stores a candidate of one contact that was announced to a
// department.
func (s *stack) announce(candidate, department string, k contact.Contact) {
	s.T.Helper()
	_, count, err := s.Table.Candidates.Announced(s.T.Context(), now)
	if err != nil {
		s.T.Fatal(err)
	}
	told := problem.AnnouncedCandidate{
		ID: candidate, Department: department, At: now, Words: []string{s.Table.Candidates.WordHash(candidate)}, Shown: []string{"gasklep"}, Customers: 1,
		Contacts: []problem.UnclassifiedContact{{Customer: k.Customer, Contact: k.ID, At: k.Start}}, First: k.Start, Last: k.Start, Expires: now.Add(24 * time.Hour),
	}
	if err := s.Table.Candidates.Announce(s.T.Context(), told, count); err != nil {
		s.T.Fatal(err)
	}
}

// An access says how a route of the departments is called about a property, and
// what its callers get.
type access struct {
	status    int // of a caller that reaches the property
	list      bool
	escalated bool // the department that the problem was escalated to reaches it
	call      func(property) call
	message   func(property) string // the same by the queue; nil where the queue has no such update
}

func pathOf(id string) map[string]string { return map[string]string{"id": id} }

func contacts(refs ...map[string]string) map[string]any { return map[string]any{"contacts": refs} }

// accesses has a row for every route. A route without one fails the test.
var accesses = map[string]access{
	"GET /v1/problems": {
		status: http.StatusOK, list: true, escalated: true,
		call: func(property) call { return call{Query: map[string]string{"limit": "200"}} },
	},
	"GET /v1/problems/{id}":          {status: http.StatusOK, escalated: true, call: func(p property) call { return call{Path: pathOf(p.problem)} }},
	"GET /v1/problems/{id}/affected": {status: http.StatusOK, escalated: true, call: func(p property) call { return call{Path: pathOf(p.problem)} }},
	"GET /v1/problems/{id}/messages": {status: http.StatusOK, escalated: true, call: func(p property) call { return call{Path: pathOf(p.problem)} }},
	"GET /v1/problems/{id}/log":      {status: http.StatusOK, escalated: true, call: func(p property) call { return call{Path: pathOf(p.problem)} }},
	"POST /v1/problems/{id}/updates": {
		status: http.StatusOK, escalated: true,
		call:    func(p property) call { return call{Path: pathOf(p.problem), Body: map[string]any{"comment": "x"}} },
		message: func(p property) string { return fmt.Sprintf(`{"problem":%q,"comment":"x"}`, p.problem) },
	},
	"POST /v1/problems/{id}/resend": {status: http.StatusOK, escalated: true, call: func(p property) call { return call{Path: pathOf(p.problem)} }},
	"POST /v1/problems/{id}/contacts": {
		status: http.StatusOK, escalated: true,
		call: func(p property) call { return call{Path: pathOf(p.problem), Body: contacts(p.second)} },
	},
	"DELETE /v1/problems/{id}/contacts": {
		status: http.StatusOK, escalated: true,
		call: func(p property) call { return call{Path: pathOf(p.problem), Query: p.first} },
	},
	"POST /v1/problems/{id}/split": {
		status: http.StatusCreated, escalated: true,
		call: func(p property) call { return call{Path: pathOf(p.problem), Body: contacts(p.first)} },
	},
	"POST /v1/problems": {
		status: http.StatusCreated, call: func(property) call { return call{Body: map[string]any{"reason": "refund-missing"}} },
	},
	"GET /v1/candidates":      {status: http.StatusOK, list: true, call: func(property) call { return call{} }},
	"GET /v1/candidates/{id}": {status: http.StatusOK, call: func(p property) call { return call{Path: pathOf(p.candidate)} }},
	"POST /v1/candidates/{id}": {
		status: http.StatusOK,
		call: func(p property) call {
			return call{Path: pathOf(p.candidate), Body: map[string]any{"decision": "dismiss", "why": "x"}}
		},
		message: func(p property) string {
			return fmt.Sprintf(`{"candidate":%q,"decision":"dismiss","why":"x"}`, p.candidate)
		},
	},
}

// A bearer is a kind of token.
type bearer struct {
	claims  map[string]string
	invalid bool
	scopes  string
	of      string // "all", "none", "unknown" to the taxonomy, or a department that it acts for
}

const both = "problems:read problems:write"

// bearers are the kinds of tokens that a route is called with.
func bearers() map[string]bearer {
	token := func(scopes string, department ...string) map[string]string {
		c := map[string]string{"sub": "agent-7", "scope": scopes, "exp": strconv.FormatInt(now.Add(time.Hour).Unix(), 10)}
		for _, d := range department {
			c["department"] = d
		}
		return c
	}
	expired := token(both, "billing")
	expired["exp"] = strconv.FormatInt(now.Add(-time.Second).Unix(), 10)
	return map[string]bearer{
		"none":                       {claims: map[string]string{}, invalid: true},
		"expired":                    {claims: expired, invalid: true},
		"wrong scope":                {claims: token("customers:read", "billing"), scopes: "customers:read", of: "billing"},
		"read only":                  {claims: token("problems:read", "billing"), scopes: "problems:read", of: "billing"},
		"write only":                 {claims: token("problems:write", "billing"), scopes: "problems:write", of: "billing"},
		"own department":             {claims: token(both, "billing"), scopes: both, of: "billing"},
		"own department in a list":   {claims: token(both, "[billing]"), scopes: both, of: "billing"},
		"another department":         {claims: token(both, "it"), scopes: both, of: "it"},
		"several departments":        {claims: token(both, "[sales billing]"), scopes: both, of: "billing"},
		"several others":             {claims: token(both, "[sales it]"), scopes: both, of: "it"},
		"escalated-to department":    {claims: token(both, "customer-care"), scopes: both, of: "customer-care"},
		"unknown department":         {claims: token(both, "cellar"), scopes: both, of: "unknown"},
		"unknown beside own":         {claims: token(both, "[cellar billing]"), scopes: both, of: "billing"},
		"department in capitals":     {claims: token(both, "Billing"), scopes: both, of: "unknown"},
		"a star as department":       {claims: token(both, "*"), scopes: both, of: "unknown"},
		"the scope as department":    {claims: token(both, "problems:all"), scopes: both, of: "unknown"},
		"departments with a comma":   {claims: token(both, "billing,it"), scopes: both, of: "unknown"},
		"a number as department":     {claims: token(both, "7"), scopes: both, of: "unknown"},
		"true as department":         {claims: token(both, "true"), scopes: both, of: "unknown"},
		"an object as department":    {claims: token(both, `{"id":"billing"}`), scopes: both, of: "unknown"},
		"department claim empty":     {claims: token(both, ""), scopes: both, of: "none"},
		"department claim blank":     {claims: token(both, " \t "), scopes: both, of: "none"},
		"department claim no list":   {claims: token(both, "[]"), scopes: both, of: "none"},
		"no department claim":        {claims: token(both), scopes: both, of: "none"},
		"all, neither read or write": {claims: token("problems:all"), scopes: "problems:all", of: "all"},
		"all, a department, neither": {claims: token("problems:all", "billing"), scopes: "problems:all", of: "all"},
		"all with read":              {claims: token("problems:read problems:all"), scopes: "problems:read", of: "all"},
		"all with write":             {claims: token("problems:all problems:write"), scopes: "problems:write", of: "all"},
		"all with both":              {claims: token(both + " problems:all"), scopes: both, of: "all"},
		"all beside a department":    {claims: token(both+" problems:all", "it"), scopes: both, of: "all"},
		"all beside an empty claim":  {claims: token(both+" problems:all", ""), scopes: both, of: "all"},
	}
}

// expected returns what a kind of token gets on a route, and what its refusal
// says.
func (a access) expected(scope string, b bearer) (status int, detail string, reaches bool) {
	reaches = b.of == "all" || b.of == "billing" || (a.escalated && b.of == "customer-care")
	switch {
	case b.invalid:
		return http.StatusUnauthorized, "a valid token is needed", false
	case !strings.Contains(b.scopes, scope):
		return http.StatusForbidden, "lacks the scope " + scope, false
	case b.of == "none":
		return http.StatusForbidden, "it needs the claim department, with the ids of one or more departments, or the scope problems:all", false
	case b.of == "unknown":
		return http.StatusForbidden, "the taxonomy has no such department; use one of billing, customer-care", false
	case reaches || a.list:
		return a.status, "", reaches
	default:
		return http.StatusForbidden, "belongs to", false
	}
}

func TestAccess_EveryRouteAndToken(t *testing.T) {
	t.Parallel()
	scopes := new(departmentapi.API).Handler().Scopes()
	for route := range accesses {
		if scopes[route] == "" {
			t.Errorf("%s is expected, and there is no such route", route)
		}
	}
	for name, b := range bearers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			for route, scope := range scopes {
				a, ok := accesses[route]
				if !ok {
					t.Errorf("%s: add what each token gets there to accesses", route)
					continue
				}
				s.tryAccess(route, scope, a, b)
			}
		})
	}
}

// tryAccess calls a route about a property of its own.
func (s *stack) tryAccess(route, scope string, a access, b bearer) {
	s.T.Helper()
	p := s.property(uuid.NewString())
	before, err := s.Table.Problems.Get(s.T.Context(), p.problem)
	if err != nil {
		s.T.Fatal(err)
	}
	c := a.call(p)
	c.Route, c.Claims = route, b.claims
	got := s.Do(c)
	status, detail, reaches := a.expected(scope, b)
	if got.Status != status {
		s.T.Errorf("%s: status %d, want %d: %s", route, got.Status, status, got.Body)
		return
	}
	if detail != "" {
		got.ExpectRefusal(status, detail)
		for _, secret := range []string{p.first["customerId"], p.first["contact"], "reason-", "factuur"} {
			if strings.Contains(got.Body, secret) {
				s.T.Errorf("%s: the refusal tells %q: %s", route, secret, got.Body)
			}
		}
	}
	if shows := strings.Contains(got.Body, p.problem) || strings.Contains(got.Body, p.candidate); a.list && shows != reaches {
		s.T.Errorf("%s: lists the property %t, want %t", route, shows, reaches)
	}
	if after, err := s.Table.Problems.Get(s.T.Context(), p.problem); err != nil || !reaches && (after.Revision != before.Revision || after.Contacts != before.Contacts) {
		s.T.Errorf("%s: a refused request changed the problem: revision %d, was %d; %v", route, after.Revision, before.Revision, err)
	}
}

// TestAccess_Queues is TestAccess_EveryRouteAndToken for the other door: the
// queue's department reaches what a token of that department reaches.
func TestAccess_Queues(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	h, bury := s.queues("billing", "it", "customer-care", "cellar")
	for route, a := range accesses {
		if a.message == nil {
			continue
		}
		for _, department := range []string{"billing", "it", "customer-care", "cellar"} {
			p := s.property(uuid.NewString())
			of := department
			if of == "cellar" {
				of = "unknown"
			}
			status, detail, _ := a.expected("problems:write", bearer{scopes: "problems:write", of: of})
			resp, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{queued(department, a.message(p))}})
			if err != nil || len(resp.BatchItemFailures) > 0 {
				t.Errorf("%s by the queue of %s: %+v, %v", route, department, resp, err)
			}
			reason := bury(department)
			if applied := reason == ""; applied != (status == http.StatusOK) {
				t.Errorf("%s by the queue of %s: refused because %q, and a token of it gets %d", route, department, reason, status)
			}
			if reason != "" && !strings.Contains(reason, detail) {
				t.Errorf("%s by the queue of %s: refused because %q", route, department, reason)
			}
		}
	}
}

// A lead reaches an escalated problem through every route that is marked as
// escalated, and loses it with the acknowledgement. The owner keeps it.
func TestAccess_LeadAfterAcknowledgement(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	h, bury := s.queues("billing", "customer-care")
	for route, a := range accesses {
		if !a.escalated {
			continue
		}
		p := s.property(uuid.NewString())
		s.Do(call{Route: updateRoute, Path: pathOf(p.problem), Body: map[string]any{"to": "acknowledged"}, Claims: of("billing")}).Expect(http.StatusOK)
		c := a.call(p)
		c.Route, c.Claims = route, of("customer-care")
		got := s.Do(c)
		if a.list {
			if strings.Contains(got.Body, p.problem) {
				t.Errorf("%s: lists an acknowledged problem to the lead", route)
			}
		} else {
			got.ExpectRefusal(http.StatusForbidden, "another department")
		}
		c.Claims = of("billing")
		if got := s.Do(c); got.Status != a.status {
			t.Errorf("%s: status %d for the owner, want %d: %s", route, got.Status, a.status, got.Body)
		}
		if a.message == nil {
			continue
		}
		s.sendUpdate(h, "customer-care", a.message(p))
		if reason := bury("customer-care"); !strings.Contains(reason, "the problem or candidate belongs to another department") {
			t.Errorf("%s by the queue of the lead: refused because %q", route, reason)
		}
		s.sendUpdate(h, "billing", a.message(p))
		if reason := bury("billing"); reason != "" {
			t.Errorf("%s by the queue of the owner: refused because %q", route, reason)
		}
	}
}

// TestAccess_QueueCannotBeWidened sends members and queue names that might make
// a queue speak for another department.
func TestAccess_QueueCannotBeWidened(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	h, bury := s.queues("it")
	p := s.property("a")
	for _, more := range []string{
		`"department":"billing"`, `"Department":"billing"`, `"DEPARTMENT":"billing"`, `"department":" billing"`, `"department":["billing"]`,
		`"scope":"problems:all"`, `"claims":{"department":"billing"}`, `"sub":"queue:billing"`, `"Problem":"p-a"`, `"to":"moved","department":"it"`,
	} {
		if _, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{queued("it", fmt.Sprintf(`{"problem":%q,"comment":"x",%s}`, p.problem, more))}}); err != nil {
			t.Fatal(err)
		}
		if bury("it") == "" {
			t.Errorf("an update with %s was applied", more)
		}
	}
	for _, name := range []string{"", "[billing it]", "it billing"} {
		resp, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{queued(name, fmt.Sprintf(`{"problem":%q,"comment":"x"}`, p.problem))}})
		if err != nil || len(resp.BatchItemFailures) != 1 {
			t.Errorf("a queue of %q: %+v, %v", name, resp, err)
		}
	}
	rec, err := s.Table.Problems.Get(t.Context(), p.problem)
	if err != nil || rec.Version != 2 || rec.Department != "billing" {
		t.Errorf("the problem changed: version %d of %s, %v; want version 2 of billing", rec.Version, rec.Department, err)
	}
}

func queued(department, body string) events.SQSMessage {
	return events.SQSMessage{
		MessageId: uuid.NewString(), Body: body, EventSource: "aws:sqs",
		EventSourceARN: "arn:aws:sqs:eu-west-1:000000000000:heard-updates-" + department,
		Attributes:     map[string]string{"ApproximateReceiveCount": "5"},
	}
}

// queues returns the handler of the queues of updates on this stack. Bury takes
// the reason of the oldest refusal of a department, empty without one.
func (s *stack) queues(departments ...string) (h *updates.Handler, bury func(department string) string) {
	s.T.Helper()
	srv, err := sqs.New(sqs.Config{})
	if err != nil {
		s.T.Fatal(err)
	}
	web := httptest.NewServer(srv)
	s.T.Cleanup(func() { web.Close(); _ = srv.Close() })
	client := awssqs.New(awssqs.Options{Region: "eu-west-1", BaseEndpoint: aws.String(web.URL), Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
	urls := map[string]*string{}
	for _, d := range departments {
		out, err := client.CreateQueue(s.T.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("heard-updates-" + d + "-dead")})
		if err != nil {
			s.T.Fatal(err)
		}
		urls[d] = out.QueueUrl
	}
	h = &updates.Handler{
		Problems: s.Departments.Problems, Prefix: "heard-updates-", Dead: queue.NewDeadLetters(client, "heard-updates-"), Now: s.Departments.Now,
		Meter: &telemetry.Meter{Function: "updates", Out: s.Metrics, Now: func() time.Time { return now }},
	}
	return h, func(department string) string {
		s.T.Helper()
		out, err := client.ReceiveMessage(s.T.Context(), &awssqs.ReceiveMessageInput{QueueUrl: urls[department], MessageAttributeNames: []string{"All"}})
		if err != nil {
			s.T.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return ""
		}
		m := out.Messages[0]
		if _, err := client.DeleteMessage(s.T.Context(), &awssqs.DeleteMessageInput{QueueUrl: urls[department], ReceiptHandle: m.ReceiptHandle}); err != nil {
			s.T.Fatal(err)
		}
		return aws.ToString(m.MessageAttributes["reason"].StringValue)
	}
}
