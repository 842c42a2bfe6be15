// Package client calls the API of agent tools and departments
// (infra/openapi.yaml): who a customer is, what was said, who waits, which
// problems there are.
//
//	c := client.Client{URL: "https://api.example.com", Token: client.Fixed(token)}
//	who, err := c.Find(ctx, client.Alias{Kind: "phone", Value: "+31 97 0100678"})
//	for m, err := range c.History(ctx, who.ID, client.HistoryQuery{Oldest: true}) { ... }
//
// What the server asks to repeat is repeated (429, 503), as often and as late
// as it says and the context allows. Every write takes an id of the caller's,
// so that a repeated one is done once.
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
	URL   string                                     // of the stack: its output ApiUrl
	Token func(ctx context.Context) (string, error)  // of the issuer that the stack trusts
	HTTP  *http.Client                               // nil: one that waits 30 seconds at most
	Wait  func(context.Context, time.Duration) error // before a request is repeated; nil: as long as it takes
}

// Fixed returns a token that does not change.
func Fixed(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// An Error is a request that was refused.
type Error struct {
	Status   int
	Kind     string // for programs: invalid, not_found, conflict, too_many ...; empty when API Gateway refused
	Detail   string // what is wrong
	Remedy   string // what to do about it
	Instance string // finds the request in the logs

	retryAfter time.Duration
}

func (e *Error) Error() string { return fmt.Sprintf("HTTP %d: %s", e.Status, e.Detail) }

// IsNotFound reports whether an error says that there is no such thing.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusNotFound
}

const (
	maxTries  = 5
	maxAnswer = 16 << 20 // no answer is larger
	patience  = 30 * time.Second
)

// Do makes a request of the API, with a body and an answer as JSON; both may
// be nil. It is for what has no method of its own.
func (c *Client) Do(ctx context.Context, method, path string, body, answer any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		err := c.once(ctx, method, path, data, answer)
		e, refused := errors.AsType[*Error](err)
		if !refused || try == maxTries || e.Status != http.StatusTooManyRequests && e.Status != http.StatusServiceUnavailable {
			return err
		}
		if waitErr := c.wait(ctx, cmp.Or(e.retryAfter, time.Duration(try)*time.Second)); waitErr != nil {
			return errors.Join(err, waitErr)
		}
	}
}

func (c *Client) wait(ctx context.Context, d time.Duration) error {
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

func (c *Client) once(ctx context.Context, method, path string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := cmp.Or(c.HTTP, &http.Client{Timeout: patience}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return refusal(resp, data)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}

// refusal reads a problem document, or what API Gateway says by itself.
func refusal(resp *http.Response, data []byte) error {
	var doc struct{ Kind, Detail, Remedy, Instance, Title, Message string }
	_ = json.Unmarshal(data, &doc) // what is no JSON has its status
	e := &Error{
		Status: resp.StatusCode, Kind: doc.Kind, Remedy: doc.Remedy, Instance: doc.Instance,
		Detail: cmp.Or(doc.Detail, doc.Message, doc.Title, http.StatusText(resp.StatusCode)),
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.retryAfter = time.Duration(s) * time.Second
	}
	return e
}
