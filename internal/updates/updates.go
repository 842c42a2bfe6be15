// Package updates applies the updates that departments send to queues of their
// own, for departments that would rather send a message than call an API.
//
// The queue says which department speaks: only that department may send to it,
// so no member of a message has to be believed. An update of a problem has the
// members of POST /v1/problems/{id}/updates, and the decision about a candidate
// those of POST /v1/candidates/{id}, besides the id of the problem or candidate
// and an id of the update itself:
//
//	{"problem":"p-1","id":"u-17","version":3,"to":"fixed","comment":"New template."}
//	{"candidate":"c-1","decision":"dismiss","why":"It is a song."}
//
// Package problems applies both, as it does for the API, so that a queue reaches
// what a token of its department reaches and is refused in the same words.
//
// SQS delivers at least once and in no order:
//
//   - An update that is delivered again changes nothing: it is recognized by its
//     id, or by the id of its message (TestHandle_Repetition).
//   - An update that arrives before the one that it builds on is delivered again
//     after a minute, [maxDeliveries] times at most (TestHandle_EarlyUpdate).
//   - An update with the id of another one is refused at once, since it can never
//     succeed (TestHandle_IDOfAnotherUpdate).
//   - An update that can never succeed is moved to the department's dead-letter
//     queue, whole and with the reason. SQS itself would move it without one.
package updates

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
	"github.com/heard-intake/heard/internal/strictjson"
)

// DeadLetters stores refused updates by department. [queue.DeadLetters] is the
// implementation.
type DeadLetters interface {
	Bury(ctx context.Context, department string, body []byte, attributes map[string]string) error
}

// A Meter counts. [telemetry.Meter] is the implementation.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Handler applies updates.
type Handler struct {
	Problems *problems.Service
	Prefix   string // of the queues' names: "heard-updates-"
	Dead     DeadLetters
	Meter    Meter
	Now      func() time.Time
}

// maxDeliveries is how often an early update is delivered. The queue delivers a
// failed message again after a minute.
const maxDeliveries = 5

// margin is how long before the end of the invocation an update is given up, so
// that its failure can still be reported.
const margin = 500 * time.Millisecond

// maxReason bounds the reason on a dead letter, in bytes.
const maxReason = 1000

// Handle applies each update of a batch. It reports those to deliver again.
func (h *Handler) Handle(ctx context.Context, ev events.SQSEvent) (events.SQSEventResponse, error) {
	return lambdabatch.Queue(ctx, ev, h.handleMessage), nil
}

// handleMessage applies one update or moves it to the dead-letter queue. Its error
// means that the message is to be delivered again.
func (h *Handler) handleMessage(ctx context.Context, m events.SQSMessage) error {
	department, ok := strings.CutPrefix(m.EventSourceARN[strings.LastIndexByte(m.EventSourceARN, ':')+1:], h.Prefix)
	if !ok || !isDepartment(department) {
		return fault.New(fault.Internal, "the queue does not belong to a department")
	}
	early, err := h.applyMessage(ctx, department, m)
	deliveries, _ := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	mayWait := early && deliveries < maxDeliveries
	switch {
	case err == nil:
		h.Meter.Count("Department", department, map[string]int{"Applied": 1})
		return nil
	case mayWait, fault.Is(err, fault.Unavailable):
		return fmt.Errorf("update of department %s: %w", department, err)
	}
	return h.refuse(ctx, department, m, err)
}

// refuse moves an update to the dead-letter queue of its department, with the
// reason that it was refused for.
func (h *Handler) refuse(ctx context.Context, department string, m events.SQSMessage, refusal error) error {
	reason := fault.Message(refusal)
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "") // SQS refuses a character that is cut in half
	attributes := map[string]string{"reason": reason, "kind": string(fault.KindOf(refusal)), "messageId": m.MessageId}
	if sent := m.Attributes["SentTimestamp"]; sent != "" {
		attributes["sentAt"] = sent
	}
	if err := h.Dead.Bury(ctx, department, []byte(m.Body), attributes); err != nil {
		return fmt.Errorf("refused update: %w", err)
	}
	slog.WarnContext(ctx, "update refused", "department", department, "id", m.MessageId, "kind", attributes["kind"])
	h.Meter.Count("Department", department, map[string]int{"Refused": 1})
	return nil
}

// isDepartment reports whether the rest of a queue's name can be the id of one
// department.
func isDepartment(name string) bool {
	return name != "" && !strings.ContainsAny(name, " []")
}

// applyMessage applies one update. Early is whether it may have been refused only
// because another update has still to arrive.
func (h *Handler) applyMessage(ctx context.Context, department string, m events.SQSMessage) (early bool, err error) {
	u, err := parseUpdate([]byte(m.Body))
	if err != nil {
		return false, err
	}
	caller := newCaller(department)
	if err := h.Problems.CheckCaller(caller); err != nil {
		return false, err
	}
	version, err := h.applyUpdate(ctx, u, caller, cmp.Or(u.name, m.MessageId))
	if _, ok := errors.AsType[*problems.KeyReusedError](err); ok {
		return false, fault.New(fault.Conflict, "id: another update was sent with this id; send this one with a new id")
	}
	switch fault.KindOf(err) {
	case fault.Internal, fault.TooMany:
		if err != nil {
			err = fault.Wrap(fault.Unavailable, err, "the update could not be applied now")
		}
	case fault.Conflict:
		current := 0 // of the problem, unknown unless the conflict has it
		if conflict, ok := errors.AsType[*problems.ConflictError](err); ok {
			current = conflict.Version
		}
		early = version == 0 || version > current
	default: // the update can never succeed
	}
	return early, err
}

// newCaller returns the caller that speaks through a department's queue. It acts
// for that department only.
func newCaller(department string) problem.Caller {
	return problem.NewCaller("queue:"+department, []string{department}, false)
}

// applyUpdate calls package problems. It returns the version that the update
// names, 0 without one. Name recognizes a repetition.
func (h *Handler) applyUpdate(ctx context.Context, u update, caller problem.Caller, name string) (version int, err error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	now := h.Now().UTC()
	if u.candidate != "" {
		var body problems.DecisionBody
		if err := strictjson.Unmarshal(u.body, &body, "candidate", "id"); err != nil {
			return 0, err
		}
		_, err := h.Problems.DecideCandidate(ctx, caller, u.candidate, body.ToDecision(now))
		return 0, err
	}
	var body problems.UpdateBody
	if err := strictjson.Unmarshal(u.body, &body, "problem", "id"); err != nil {
		return 0, err
	}
	change, err := body.ToChange(now)
	if err != nil {
		return 0, err
	}
	change.Key = problems.IdempotencyKey(caller, name, u.body, now)
	_, err = h.Problems.Update(ctx, caller, u.problem, change)
	return change.Version, err
}

// An update is one message. Either problem or candidate is set.
type update struct {
	problem   string
	candidate string
	name      string // the id of the update, "" without one
	body      []byte // the other members, in the order of their names
}

// parseUpdate reads the members that only a message has. The others are decoded
// when it is known what the update is about.
func parseUpdate(message []byte) (update, error) {
	if len(message) > problem.MaxUpdate {
		return update{}, fault.New(fault.TooLarge, "an update must have at most %d bytes", problem.MaxUpdate)
	}
	members, err := strictjson.Members(message)
	if err != nil {
		return update{}, fault.New(fault.Invalid, "an update must be a JSON object: %s", fault.Message(err))
	}
	var u update
	for name, to := range map[string]*string{"problem": &u.problem, "candidate": &u.candidate, "id": &u.name} {
		raw, ok := members[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, to); err != nil || !problems.IsID(*to, maxID) {
			return u, fault.New(fault.Invalid, "%s must be a text of at most %d letters, digits or punctuation marks, without spaces", name, maxID)
		}
		delete(members, name)
	}
	switch {
	case u.problem == "" && u.candidate == "":
		return u, fault.New(fault.Invalid, "problem is missing; give problem, the id in a problem item, or candidate, the id in a candidate item")
	case u.problem != "" && u.candidate != "":
		return u, fault.New(fault.Invalid, "problem and candidate cannot be in one update; send two updates")
	}
	u.body, err = json.Marshal(members)
	return u, err
}

// maxID bounds the ids in an update, in bytes.
const maxID = 100
