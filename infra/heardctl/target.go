package main

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
	"strings"
	"time"

	"github.com/heard-intake/heard/infra/local/issuer"
	"github.com/heard-intake/heard/infra/local/where"
)

// scopes are all that a token may carry.
var scopes = []string{"customers:read", "customers:write", "register:write", "problems:read", "problems:write"}

// A target is the stack that a command works on.
type target struct {
	where.Stack
	aws  where.Clients
	http http.Client
}

// open finds the stack: on AWS if the environment says so, else here.
func (t *tool) open(ctx context.Context) (*target, error) {
	s, err := t.whereabouts()
	if err != nil {
		return nil, err
	}
	c, err := s.Clients(ctx)
	return &target{Stack: s, aws: c, http: http.Client{Timeout: 30 * time.Second}}, err
}

func (t *tool) whereabouts() (where.Stack, error) {
	if api := os.Getenv("HEARD_API"); api != "" {
		name := envOr("HEARD_STACK", "heard")
		return where.Stack{
			Name: name, API: strings.TrimSuffix(api, "/"), Table: name,
			Blobs: os.Getenv("HEARD_BLOBS"), Mail: os.Getenv("HEARD_MAIL"), ChatSite: envOr("HEARD_SITE", "shop"),
		}, nil
	}
	s, err := where.Read(t.dir)
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("no stack runs in %s: start one with make run, or set HEARD_API", t.dir)
	}
	return s, err
}

// token is a token for the API: the operator's own on AWS.
func (g *target) token(department string, scopes ...string) (string, error) {
	if !g.Local() {
		if token := os.Getenv("HEARD_TOKEN"); token != "" {
			return token, nil
		}
		return "", errors.New("set HEARD_TOKEN to a token of your issuer")
	}
	i, err := issuer.Open(g.IssuerDir, "")
	if err != nil {
		return "", err
	}
	return i.Token(issuer.Claims{Subject: "heardctl", Audience: g.Audience, Department: department, Scopes: scopes})
}

// An apiError is an answer that is none.
type apiError struct {
	status int
	detail string
}

func (e *apiError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.status, e.detail) }

// call asks the API with a token of all scopes, and reads the answer into v.
func (g *target) call(ctx context.Context, method, path string, body, v any) error {
	token, err := g.token("", scopes...)
	if err != nil {
		return err
	}
	return g.ask(ctx, method, path, token, body, v)
}

// ask is call with a bearer token of the caller's, which may be empty.
func (g *target) ask(ctx context.Context, method, path, bearer string, body, v any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if bearer != "" {
		header.Set("Authorization", "Bearer "+bearer)
	}
	if body == nil {
		data = nil
		header.Del("Content-Type")
	}
	answer, err := g.request(ctx, method, path, header, data)
	if err != nil || v == nil {
		return err
	}
	return json.Unmarshal(answer, v)
}

func (g *target) request(ctx context.Context, method, path string, header http.Header, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, g.API+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := g.http.Do(req)
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
		return nil, &apiError{resp.StatusCode, cmp.Or(problem.Detail, problem.Message, problem.Title, http.StatusText(resp.StatusCode))}
	}
	return answer, nil
}

// token prints a token.
func (t *tool) token(_ context.Context, args []string) error {
	f := t.flags("token")
	wanted := f.String("scopes", strings.Join(scopes, ","), "what it allows, by commas")
	department := f.String("department", "", "limit it to a `department`")
	if err := t.parse(f, args, 0, 0); err != nil {
		return err
	}
	s, err := where.Read(t.dir)
	if err != nil {
		return fmt.Errorf("no stack runs in %s; on AWS your own issuer makes tokens", t.dir)
	}
	token, err := (&target{Stack: s}).token(*department, strings.Split(*wanted, ",")...)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, token)
	return nil
}
