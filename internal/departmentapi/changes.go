package departmentapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/problems"
)

func (a *API) updateProblem(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	var body problems.UpdateBody
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	change, err := body.ToChange(r.Now)
	if err != nil {
		return httpapi.Response{}, err
	}
	if change.Version, err = requestVersion(r, body.Version); err != nil {
		return httpapi.Response{}, err
	}
	if change.Key, err = requestKey(r, caller); err != nil {
		return httpapi.Response{}, err
	}
	p, err := a.Problems.Update(ctx, caller, r.PathValue("id"), change)
	if err == nil && p.IsWithheld() {
		return httpapi.Response{Body: repeatedUpdateResponse{p.ID, p.State}}, nil
	}
	return problemResult(http.StatusOK, p, withConflictState(err))
}

// A repeatedUpdateResponse is the response to a repeated update that ended the
// caller's access to the problem.
type repeatedUpdateResponse struct {
	ID    string        `json:"id"`
	State problem.State `json:"state,omitempty"` // that the update asked for
}

// withConflictState returns a refusal that has the current state of the
// problem, in the members of its problem document and in the ETag. It returns
// any other error unchanged.
func withConflictState(err error) error {
	conflict, ok := errors.AsType[*problems.ConflictError](err)
	if !ok {
		return err
	}
	return &httpapi.Refusal{
		Err:     err,
		Headers: map[string]string{"ETag": problemETag(conflict.Version, conflict.Revision)},
		Members: map[string]any{"version": conflict.Version, "state": conflict.State, "possible": append([]problem.State{}, conflict.Possible...)},
	}
}

// requestVersion returns the version of the problem that the caller read, from the
// body or from If-Match; 0 without either. Of an ETag only the version counts,
// since contacts that joined meanwhile do not matter to the department.
func requestVersion(r *httpapi.Request, version int) (int, error) {
	match := r.Header.Get("If-Match")
	if match == "" || match == "*" {
		return version, nil
	}
	number, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(match, "W/"), `"`), ".")
	n, err := strconv.Atoi(number)
	agrees := version == 0 || version == n
	if err != nil || n < 1 || !agrees {
		return 0, fault.New(fault.Invalid, "If-Match must be the ETag of the problem, with the same version as version")
	}
	return n, nil
}

// maxKey bounds an Idempotency-Key, in bytes.
const maxKey = 200

// requestKey returns the key of the request's Idempotency-Key, the zero value
// without one.
func requestKey(r *httpapi.Request, caller problem.Caller) (problem.IdempotencyKey, error) {
	name := r.Header.Get("Idempotency-Key")
	if name == "" {
		return problem.IdempotencyKey{}, nil
	}
	if !httpapi.IsPrintable(name, maxKey) {
		return problem.IdempotencyKey{}, fault.New(fault.Invalid, "Idempotency-Key must have at most %d letters, digits or punctuation marks, and no spaces", maxKey)
	}
	body, err := r.ReadBody(httpapi.MaxBody)
	return problems.IdempotencyKey(caller, name, body, r.Now), err
}

func (a *API) resendProblem(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	if body, err := r.ReadBody(httpapi.MaxBody); err != nil || len(body) > 0 {
		return httpapi.Response{}, fault.New(fault.Invalid, "send this request without a body")
	}
	p, err := a.Problems.Resend(ctx, caller, r.PathValue("id"))
	return problemResult(http.StatusOK, p, err)
}

// An openRequest opens a problem by hand.
type openRequest struct {
	Reason   string               `json:"reason"`
	Product  string               `json:"product"`
	Comment  string               `json:"comment"`
	Contacts []problem.ContactRef `json:"contacts"`
}

func (a *API) openProblem(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	var body openRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	p, err := a.Problems.Open(ctx, caller, problems.OpenRequest{
		Reason: body.Reason, Product: body.Product, Comment: body.Comment, Contacts: body.Contacts, At: r.Now,
	})
	if exists, ok := errors.AsType[*problems.AlreadyOpenError](err); ok {
		err = &httpapi.Refusal{Err: err, Members: map[string]any{"problem": exists.ProblemID}}
	}
	return problemResult(http.StatusCreated, p, err)
}

// A contactsRequest names contacts to attach, or the contacts and words of a
// split.
type contactsRequest struct {
	Contacts []problem.ContactRef `json:"contacts"`
	Comment  string               `json:"comment"`
	Words    []string             `json:"words"` // of a split
	Version  int                  `json:"version"`
}

func decodeContactsRequest(r *httpapi.Request) (contactsRequest, error) {
	var body contactsRequest
	err := r.DecodeJSON(&body)
	if err == nil {
		body.Version, err = requestVersion(r, body.Version)
	}
	return body, err
}

func (a *API) attachContacts(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	body, err := decodeContactsRequest(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	if len(body.Words) > 0 {
		return httpapi.Response{}, fault.New(fault.Invalid, "words is only allowed when you split a problem")
	}
	p, err := a.Problems.Attach(ctx, caller, r.PathValue("id"), problems.ContactsChange{
		Contacts: body.Contacts, Comment: body.Comment, Version: body.Version, At: r.Now,
	})
	return problemResult(http.StatusOK, p, withConflictState(err))
}

func (a *API) detachContact(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	q := r.Query()
	ref := problem.ContactRef{Customer: identity.CustomerID(q.Parameter("customerId")), Contact: q.Parameter("contact")}
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	version, err := requestVersion(r, 0)
	if err != nil {
		return httpapi.Response{}, err
	}
	p, err := a.Problems.Detach(ctx, caller, r.PathValue("id"), problems.ContactsChange{Contacts: []problem.ContactRef{ref}, Version: version, At: r.Now})
	return problemResult(http.StatusOK, p, withConflictState(err))
}

func (a *API) splitProblem(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	body, err := decodeContactsRequest(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	key, err := requestKey(r, caller)
	if err != nil {
		return httpapi.Response{}, err
	}
	part, err := a.Problems.Split(ctx, caller, r.PathValue("id"), problems.SplitRequest{
		Contacts: body.Contacts, Words: body.Words, Comment: body.Comment, Version: body.Version, At: r.Now, Key: key,
	})
	return problemResult(http.StatusCreated, part, withConflictState(err))
}
