// Package stackclient works with a running stack as platforms, agents,
// departments and operators do. It signs and sends deliveries, calls the API
// through package client, and reads queues, the table and the buckets.
//
// The commands heardctl and figures and the end-to-end tests use it.
package stackclient

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

	"github.com/heard-intake/heard/client"
	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/where"
)

// AllProblems is the scope that gives access to the problems of every
// department.
const AllProblems = "problems:all"

// Scopes are all scopes of the API, for an operator's token.
var Scopes = []string{"customers:read", "customers:write", "identity:write", "register:write", "problems:read", "problems:write", AllProblems}

// DepartmentScopes are the scopes of a token that is limited to a department.
var DepartmentScopes = []string{"problems:read", "problems:write"}

// Client works with one stack.
type Client struct {
	where.Stack
	SDK  where.Clients
	http http.Client
}

// New returns a client of the stack s.
func New(ctx context.Context, s where.Stack) (*Client, error) {
	c, err := s.Clients(ctx)
	if err != nil {
		return nil, err
	}
	return &Client{Stack: s, SDK: c, http: http.Client{Timeout: 30 * time.Second}}, nil
}

// Token returns a token for the API. On the local stack, its issuer signs a
// token with the given department and scopes. On AWS it returns HEARD_TOKEN,
// the operator's own token. A token without a department needs [AllProblems]
// for access to problems.
func (c *Client) Token(department string, scopes ...string) (string, error) {
	if !c.Local() {
		if token := os.Getenv("HEARD_TOKEN"); token != "" {
			return token, nil
		}
		return "", errors.New("set HEARD_TOKEN to a token from your issuer")
	}
	i, err := issuer.Open(c.IssuerDir, "")
	if err != nil {
		return "", err
	}
	return i.Token(issuer.Claims{Subject: "heardctl", Audience: c.Audience, Department: department, Scopes: scopes})
}

// StatusError is an error that the API returned.
type StatusError = client.Error

// Call sends a request to the API with a token that has all scopes, and decodes
// the response into v. body is encoded as JSON. body and v may be nil.
func (c *Client) Call(ctx context.Context, method, path string, body, v any) error {
	token, err := c.Token("", Scopes...)
	if err != nil {
		return err
	}
	return c.CallWithToken(ctx, method, path, token, body, v)
}

// CallWithToken is like [Client.Call], with the given bearer token. The token
// may be empty.
func (c *Client) CallWithToken(ctx context.Context, method, path, bearer string, body, v any) error {
	stack := client.Client{URL: c.API, Token: client.Fixed(bearer), HTTP: &c.http}
	err := stack.Do(ctx, method, path, body, v)
	if _, down := errors.AsType[*url.Error](err); down {
		return fmt.Errorf("%w: is the stack running? make run starts it", err)
	}
	return err
}

func (c *Client) sendRequest(ctx context.Context, method, path string, header http.Header, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.API+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: is the stack running? make run starts it", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		var problem struct{ Title, Detail, Message string }
		_ = json.Unmarshal(answer, &problem)
		return nil, &StatusError{Status: resp.StatusCode, Detail: cmp.Or(problem.Detail, problem.Message, problem.Title, http.StatusText(resp.StatusCode))}
	}
	return answer, nil
}
