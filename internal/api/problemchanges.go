package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
)

func (d *Departments) update(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	var body problems.UpdateBody
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	change, err := body.ToChange(r.now)
	if err != nil {
		return reply{}, err
	}
	if change.Version, err = requestVersion(r, body.Version); err != nil {
		return reply{}, err
	}
	if change.Key, err = requestKey(r, caller); err != nil {
		return reply{}, err
	}
	p, err := d.Problems.Update(ctx, caller, r.param("id"), change)
	return problemReply(http.StatusOK, p, withConflictState(err))
}

// withConflictState adds to a refusal, as members and ETag, the state of the
// problem that it is about.
func withConflictState(err error) error {
	conflict, ok := errors.AsType[*problems.ConflictError](err)
	if !ok {
		return err
	}
	return &refusal{
		error:   err,
		headers: map[string]string{"ETag": problemETag(conflict.Version, conflict.Revision)},
		more:    map[string]any{"version": conflict.Version, "state": conflict.State, "possible": append([]problem.State{}, conflict.Possible...)},
	}
}

// requestVersion returns the version of the problem that the caller read, from the
// body or from If-Match; 0 without either. Of an ETag only the version counts,
// since contacts that joined meanwhile do not matter to the department.
func requestVersion(r *request, version int) (int, error) {
	match := r.header("if-match")
	if match == "" || match == "*" {
		return version, nil
	}
	number, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(match, "W/"), `"`), ".")
	n, err := strconv.Atoi(number)
	agrees := version == 0 || version == n
	if err != nil || n < 1 || !agrees {
		return 0, fault.New(fault.Invalid, "If-Match must be the ETag of the problem, and agree with version")
	}
	return n, nil
}

// maxKey bounds an Idempotency-Key, in bytes.
const maxKey = 200

// requestKey returns the key of the request's Idempotency-Key, the zero value
// without one.
func requestKey(r *request, caller problem.Caller) (problem.IdempotencyKey, error) {
	name := r.header("idempotency-key")
	if name == "" {
		return problem.IdempotencyKey{}, nil
	}
	if !printable(name, maxKey) {
		return problem.IdempotencyKey{}, fault.New(fault.Invalid, "Idempotency-Key may have %d letters, digits and signs, and no spaces", maxKey)
	}
	body, err := r.body(MaxBody)
	return problems.IdempotencyKey(caller, name, body, r.now), err
}

func (d *Departments) resend(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	if body, err := r.body(MaxBody); err != nil || len(body) > 0 {
		return reply{}, fault.New(fault.Invalid, "this takes no body")
	}
	p, err := d.Problems.Resend(ctx, caller, r.param("id"))
	return problemReply(http.StatusOK, p, err)
}

// An openRequest opens a problem by hand.
type openRequest struct {
	Reason   string               `json:"reason"`
	Product  string               `json:"product"`
	Comment  string               `json:"comment"`
	Contacts []problem.ContactRef `json:"contacts"`
}

func (d *Departments) open(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	var body openRequest
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	p, err := d.Problems.Open(ctx, caller, problems.OpenRequest{
		Reason: body.Reason, Product: body.Product, Comment: body.Comment, Contacts: body.Contacts, At: r.now,
	})
	if exists, ok := errors.AsType[*problems.AlreadyOpenError](err); ok {
		err = &refusal{error: err, more: map[string]any{"problem": exists.ProblemID}}
	}
	return problemReply(http.StatusCreated, p, err)
}

// A contactsRequest names contacts to attach, or the contacts and words of a
// split.
type contactsRequest struct {
	Contacts []problem.ContactRef `json:"contacts"`
	Comment  string               `json:"comment"`
	Words    []string             `json:"words"` // of a split
	Version  int                  `json:"version"`
}

func decodeContactsRequest(r *request) (contactsRequest, error) {
	var body contactsRequest
	err := r.decode(&body)
	if err == nil {
		body.Version, err = requestVersion(r, body.Version)
	}
	return body, err
}

func (d *Departments) attach(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	body, err := decodeContactsRequest(r)
	if err != nil {
		return reply{}, err
	}
	if len(body.Words) > 0 {
		return reply{}, fault.New(fault.Invalid, "words go with a split only")
	}
	p, err := d.Problems.Attach(ctx, caller, r.param("id"), problems.ContactsChange{
		Contacts: body.Contacts, Comment: body.Comment, Version: body.Version, At: r.now,
	})
	return problemReply(http.StatusOK, p, withConflictState(err))
}

func (d *Departments) detach(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	q := r.query()
	ref := problem.ContactRef{Customer: identity.CustomerID(q.text("customerId")), Contact: q.text("contact")}
	if err := q.done(); err != nil {
		return reply{}, err
	}
	version, err := requestVersion(r, 0)
	if err != nil {
		return reply{}, err
	}
	p, err := d.Problems.Detach(ctx, caller, r.param("id"), problems.ContactsChange{Contacts: []problem.ContactRef{ref}, Version: version, At: r.now})
	return problemReply(http.StatusOK, p, withConflictState(err))
}

func (d *Departments) split(ctx context.Context, r *request, caller problem.Caller) (reply, error) {
	body, err := decodeContactsRequest(r)
	if err != nil {
		return reply{}, err
	}
	key, err := requestKey(r, caller)
	if err != nil {
		return reply{}, err
	}
	part, err := d.Problems.Split(ctx, caller, r.param("id"), problems.SplitRequest{
		Contacts: body.Contacts, Words: body.Words, Comment: body.Comment, Version: body.Version, At: r.now, Key: key,
	})
	return problemReply(http.StatusCreated, part, withConflictState(err))
}
