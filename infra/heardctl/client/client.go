// Package client does what platforms, agents and departments do with a stack:
// it signs and sends deliveries, asks the API, and takes items off queues. It
// is what heardctl is made of, and the tests of the whole.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	api "github.com/heard-intake/heard/client"
	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/where"
)

// AllProblems is the scope of a token that reaches the problems of every
// department.
const AllProblems = "problems:all"

// Scopes are all that a token may carry: those of an operator.
var Scopes = []string{"customers:read", "customers:write", "identity:write", "register:write", "problems:read", "problems:write", AllProblems}

// DepartmentScopes are those of a token that is limited to a department.
var DepartmentScopes = []string{"problems:read", "problems:write"}

// A Client works with one stack.
type Client struct {
	where.Stack
	SDK  where.Clients
	http http.Client
}

// New returns the client of a stack.
func New(ctx context.Context, s where.Stack) (*Client, error) {
	c, err := s.Clients(ctx)
	return &Client{Stack: s, SDK: c, http: http.Client{Timeout: 30 * time.Second}}, err
}

// Token returns a token for the API. The local stack's issuer signs any; on
// AWS it is the operator's own, in HEARD_TOKEN. A token without a department
// needs [AllProblems] to reach any problem.
func (c *Client) Token(department string, scopes ...string) (string, error) {
	if !c.Local() {
		if token := os.Getenv("HEARD_TOKEN"); token != "" {
			return token, nil
		}
		return "", errors.New("set HEARD_TOKEN to a token of your issuer")
	}
	i, err := issuer.Open(c.IssuerDir, "")
	if err != nil {
		return "", err
	}
	return i.Token(issuer.Claims{Subject: "heardctl", Audience: c.Audience, Department: department, Scopes: scopes})
}

// A StatusError is an answer of the API that is a refusal.
type StatusError = api.Error

// Call asks the API with a token of all scopes, and reads the answer into v.
// Body and v may be nil.
func (c *Client) Call(ctx context.Context, method, path string, body, v any) error {
	token, err := c.Token("", Scopes...)
	if err != nil {
		return err
	}
	return c.CallWithToken(ctx, method, path, token, body, v)
}

// CallWithToken is [Client.Call] with a bearer token of the caller's, which may be empty.
func (c *Client) CallWithToken(ctx context.Context, method, path, bearer string, body, v any) error {
	stack := api.Client{URL: c.API, Token: api.Fixed(bearer), HTTP: &c.http}
	err := stack.Do(ctx, method, path, body, v)
	if _, down := errors.AsType[*url.Error](err); down {
		return fmt.Errorf("%w: does the stack run?", err)
	}
	return err
}

func (c *Client) request(ctx context.Context, method, path string, header http.Header, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.API+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: does the stack run?", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		var problem struct{ Title, Detail, Message string }
		_ = json.Unmarshal(answer, &problem)
		return nil, &StatusError{Status: resp.StatusCode, Detail: cmp.Or(problem.Detail, problem.Message, problem.Title, http.StatusText(resp.StatusCode))}
	}
	return answer, nil
}
