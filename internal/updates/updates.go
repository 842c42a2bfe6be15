// Package updates takes in what departments say of problems through a queue
// of their own, for those who would rather send a message than call an API.
//
// The queue says who speaks: only its department may send to it, so that
// nothing in a message needs to be believed. What it asks for goes in by the
// same door as the API's POST /v1/problems/{id}/updates, or POST
// /v1/candidates/{id} when it is about a candidate, and is refused in the same
// words.
//
// SQS delivers at least once and in no order. An update that comes again
// changes nothing, and one that comes before what it builds on waits. One that
// can never succeed goes whole to the department's dead-letter queue, with the
// reason; SQS itself would put it there without a word.
package updates

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// An API answers requests of departments. [api.Departments] is one.
type API interface {
	Handle(ctx context.Context, ev events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)
}

// A DeadLetters keeps what was refused, by department. [queue.DeadLetters] is
// one.
type DeadLetters interface {
	Bury(ctx context.Context, department string, body []byte, attributes map[string]string) error
}

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Handler takes in updates.
type Handler struct {
	API    API
	Prefix string // of the queues' names: "heard-updates-"
	Dead   DeadLetters
	Meter  Meter
}

// maxTries is how often an update is tried that comes too early: the queue
// shows it again after a minute.
const maxTries = 5

// maxReason bounds the reason on a dead letter, in bytes.
const maxReason = 1000

// Handle applies each update of a batch.
func (h *Handler) Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return batch.Queue(ctx, ev, h.take), nil
}

// take applies one update, or buries it. What may succeed later is an error.
func (h *Handler) take(ctx context.Context, m events.SQSMessage) error {
	department, ok := strings.CutPrefix(m.EventSourceARN[strings.LastIndexByte(m.EventSourceARN, ':')+1:], h.Prefix)
	if !ok || !isDepartment(department) {
		return fault.New(fault.Internal, "the queue is of no department")
	}
	early, err := h.apply(ctx, department, m)
	tries, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	switch {
	case err == nil:
		h.Meter.Count("Department", department, map[string]int{"Applied": 1})
		return nil
	case fault.KindOf(err) == fault.Unavailable || early && tries < maxTries:
		return err
	}
	reason := fault.Message(err)
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "") // a half sign SQS would refuse
	dead := map[string]string{"reason": reason, "kind": string(fault.KindOf(err)), "messageId": m.MessageId}
	if sent := m.Attributes["SentTimestamp"]; sent != "" {
		dead["sentAt"] = sent
	}
	if err := h.Dead.Bury(ctx, department, []byte(m.Body), dead); err != nil {
		return err
	}
	slog.WarnContext(ctx, "update refused", "department", department, "id", m.MessageId, "kind", dead["kind"])
	h.Meter.Count("Department", department, map[string]int{"Refused": 1})
	return nil
}

// isDepartment reports whether the rest of a queue's name is the id of one
// department. A claim with a space or in brackets would name several.
func isDepartment(name string) bool {
	return name != "" && !strings.ContainsAny(name, " []")
}

// apply does what one update says. Early is whether it may be refused only
// because another has still to come.
func (h *Handler) apply(ctx context.Context, department string, m events.SQSMessage) (early bool, err error) {
	u, err := parse([]byte(m.Body))
	if err != nil {
		return false, err
	}
	resp, err := h.API.Handle(ctx, u.request(department, m.MessageId))
	if err != nil {
		return false, fault.Wrap(fault.Unavailable, err, "apply update")
	}
	if resp.StatusCode == http.StatusOK {
		return false, nil
	}
	var refusal struct {
		Detail  string
		Kind    fault.Kind
		Version int
	}
	if err := json.Unmarshal([]byte(resp.Body), &refusal); err != nil {
		return false, fault.Wrap(fault.Internal, err, "read refusal")
	}
	if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests {
		return false, fault.New(fault.Unavailable, "the update could not be applied now")
	}
	early = resp.StatusCode == http.StatusConflict && (u.version == 0 || u.version > refusal.Version)
	detail := strings.Replace(refusal.Detail, "; known: ", "; known: "+u.head()+", id, ", 1)
	return early, fault.New(cmp.Or(refusal.Kind, fault.Invalid), "%s", detail)
}

// An update is one message: which problem or candidate, under which name, and
// what the API takes.
type update struct {
	problem   string
	candidate string
	name      string
	version   int
	rest      []byte
}

// parse reads a message. All but the members that are its own is left for
// the API to judge.
func parse(body []byte) (update, error) {
	if len(body) > problem.MaxUpdate {
		return update{}, fault.New(fault.TooLarge, "an update may have %d bytes", problem.MaxUpdate)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return update{}, fault.New(fault.Invalid, "an update must be a JSON object")
	}
	var u update
	for name, to := range map[string]*string{"problem": &u.problem, "candidate": &u.candidate, "id": &u.name} {
		raw, ok := members[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, to); err != nil || !printable(*to) {
			return u, fault.New(fault.Invalid, "%s must be a text of up to %d letters, digits and signs, without spaces", name, maxID)
		}
		delete(members, name)
	}
	switch {
	case u.problem == "" && u.candidate == "":
		return u, fault.New(fault.Invalid, "problem is missing: the id of the problem, as the item has it; or candidate, of a candidate")
	case u.problem != "" && u.candidate != "":
		return u, fault.New(fault.Invalid, "problem and candidate do not go together; send two updates")
	}
	_ = json.Unmarshal(members["version"], &u.version) // the API says what is wrong with it
	var err error
	u.rest, err = json.Marshal(members)
	return u, err
}

// head is the member that says what the update is about.
func (u update) head() string {
	if u.candidate != "" {
		return "candidate"
	}
	return "problem"
}

// maxID bounds the id of a problem and of an update.
const maxID = 100

func printable(s string) bool {
	return s != "" && len(s) <= maxID && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

// request is what the department would ask of the API. Its token has the claim
// of the queue's department and the scope to write, and never problems:all. An
// update without a name of its own goes by that of its message.
func (u update) request(department, messageID string) events.APIGatewayV2HTTPRequest {
	route, path, of := "POST /v1/problems/{id}/updates", "/v1/problems/"+u.problem+"/updates", u.problem
	if u.candidate != "" {
		route, path, of = "POST /v1/candidates/{id}", "/v1/candidates/"+u.candidate, u.candidate
	}
	ev := events.APIGatewayV2HTTPRequest{
		RouteKey:       route,
		PathParameters: map[string]string{"id": of},
		Headers:        map[string]string{"content-type": "application/json", "idempotency-key": cmp.Or(u.name, messageID)},
		Body:           string(u.rest),
	}
	ev.RequestContext.RequestID = messageID
	ev.RequestContext.HTTP.Method = http.MethodPost
	ev.RequestContext.HTTP.Path = path
	ev.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
			Claims: map[string]string{"sub": "queue:" + department, "department": department, "scope": "problems:write"},
		},
	}
	return ev
}
