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
	"os"
	"time"

	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/where"
)

// Scopes are all that a token may carry.
var Scopes = []string{"customers:read", "customers:write", "register:write", "problems:read", "problems:write"}

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
// AWS it is the operator's own, in HEARD_TOKEN.
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
type StatusError struct {
	Status int
	Detail string
}

func (e *StatusError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.Status, e.Detail) }

// Call asks the API with a token of all scopes, and reads the answer into v.
// Body and v may be nil.
func (c *Client) Call(ctx context.Context, method, path string, body, v any) error {
	token, err := c.Token("", Scopes...)
	if err != nil {
		return err
	}
	return c.Ask(ctx, method, path, token, body, v)
}

// Ask is [Client.Call] with a bearer token of the caller's, which may be empty.
func (c *Client) Ask(ctx context.Context, method, path, bearer string, body, v any) error {
	header := http.Header{}
	if bearer != "" {
		header.Set("Authorization", "Bearer "+bearer)
	}
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
		header.Set("Content-Type", "application/json")
	}
	answer, err := c.request(ctx, method, path, header, data)
	if err != nil || v == nil {
		return err
	}
	return json.Unmarshal(answer, v)
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
		return nil, &StatusError{resp.StatusCode, cmp.Or(problem.Detail, problem.Message, problem.Title, http.StatusText(resp.StatusCode))}
	}
	return answer, nil
}
