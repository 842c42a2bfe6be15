// Package client calls Heard's HTTP API for agent tools and departments
// (infra/openapi.yaml): customers, their history, waiting contacts and problems.
//
//	c := client.Client{URL: "https://api.example.com", Token: client.Fixed(token)}
//	customer, err := c.Find(ctx, client.Alias{Kind: "phone", Value: "+31 97 0100678"})
//	for m, err := range c.History(ctx, customer.ID, client.HistoryQuery{Oldest: true}) { ... }
//
// A request that the server answers with 429 or 503 is repeated, at most five
// attempts in all. The client waits as long as the Retry-After header says, or
// else one second more after every attempt. Writes are idempotent: each carries
// an id or a version of the caller, so a repeated write takes effect once.
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
	"strconv"
	"time"
)

// A Client calls the API of one stack. It is safe for use by several goroutines.
type Client struct {
	URL   string                                     // base URL of the API: the output ApiUrl of the stack
	Token func(ctx context.Context) (string, error)  // returns a JWT of the issuer that the stack trusts
	HTTP  *http.Client                               // nil means a client with a timeout of 30 seconds
	Wait  func(context.Context, time.Duration) error // waits before a request is repeated; nil means a timer
}

// Fixed returns a function for [Client.Token] that always returns token.
func Fixed(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// An Error is a response with a status of 300 or higher.
type Error struct {
	Status   int
	Kind     string // machine-readable: invalid, not_found, conflict, too_many ...; empty if API Gateway refused the request
	Detail   string // description of the error
	Remedy   string // instruction for the caller
	Instance string // id of the request in the logs

	retryAfter time.Duration
}

func (e *Error) Error() string { return fmt.Sprintf("HTTP %d: %s", e.Status, e.Detail) }

// IsNotFound reports whether err is a response with status 404.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusNotFound
}

const (
	maxTries         = 5
	maxResponseBytes = 16 << 20
	defaultTimeout   = 30 * time.Second
)

// Do sends a request to the API. It encodes body as JSON, and decodes the response
// into answer; both may be nil. Use it for operations without a method of their
// own. A response with a status of 300 or higher is an [*Error].
func (c *Client) Do(ctx context.Context, method, path string, body, answer any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode body: %w", err)
		}
	}
	for try := 1; ; try++ {
		err := c.sendRequest(ctx, method, path, data, answer)
		e, refused := errors.AsType[*Error](err)
		if !refused || try == maxTries || !isTemporary(e.Status) {
			return err
		}
		if waitErr := c.waitForRetry(ctx, cmp.Or(e.retryAfter, time.Duration(try)*time.Second)); waitErr != nil {
			return errors.Join(err, waitErr)
		}
	}
}

// isTemporary reports whether a request with that response status can be repeated.
func isTemporary(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

func (c *Client) waitForRetry(ctx context.Context, d time.Duration) error {
	if c.Wait != nil {
		return c.Wait(ctx, d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// sendRequest makes one attempt.
func (c *Client) sendRequest(ctx context.Context, method, path string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("create request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	token, err := c.Token(ctx)
	if err != nil {
		return fmt.Errorf("get token: %w", err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := cmp.Or(c.HTTP, &http.Client{Timeout: defaultTimeout}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxResponseBytes))
	if err != nil {
		return fmt.Errorf("read response: %w", err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return parseRefusal(resp, data)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("decode response: %w", err)
	}
	return nil
}

// parseRefusal reads a problem document (RFC 9457) or an error of API Gateway.
func parseRefusal(resp *http.Response, data []byte) error {
	var doc struct{ Kind, Detail, Remedy, Instance, Title, Message string }
	_ = json.Unmarshal(data, &doc) // a body that is not JSON leaves the fields empty
	e := &Error{
		Status: resp.StatusCode, Kind: doc.Kind, Remedy: doc.Remedy, Instance: doc.Instance,
		Detail: cmp.Or(doc.Detail, doc.Message, doc.Title, http.StatusText(resp.StatusCode)),
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.retryAfter = time.Duration(s) * time.Second
	}
	return e
}
