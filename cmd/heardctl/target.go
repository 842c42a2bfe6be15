package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/where"
)

// openStack returns a client of the stack: the one on AWS if HEARD_API is set,
// else the local one.
func (t *tool) openStack(ctx context.Context) (*stackclient.Client, error) {
	s, err := t.findStack()
	if err != nil {
		return nil, err
	}
	return stackclient.New(ctx, s)
}

// parseAndOpen parses the flags of a command, as [tool.parseArgs] does, and then
// opens the stack.
func (t *tool) parseAndOpen(ctx context.Context, f *flag.FlagSet, args []string, least, most int) (*stackclient.Client, error) {
	if err := t.parseArgs(f, args, least, most); err != nil {
		return nil, err
	}
	return t.openStack(ctx)
}

// findStack returns the settings of the stack.
func (t *tool) findStack() (where.Stack, error) {
	if api := os.Getenv("HEARD_API"); api != "" {
		name := envOrDefault("HEARD_STACK", "heard")
		return where.Stack{
			Name: name, API: strings.TrimSuffix(api, "/"), Table: name,
			Blobs: os.Getenv("HEARD_BLOBS"), Mail: os.Getenv("HEARD_MAIL"), ChatSite: envOrDefault("HEARD_SITE", "shop"),
		}, nil
	}
	s, err := where.Read(t.dir)
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("no stack runs in the folder %s: start one with make run, or set HEARD_API", t.dir)
	}
	return s, err
}

// printToken prints a token for the API. For a stack on AWS it prints
// HEARD_TOKEN.
func (t *tool) printToken(ctx context.Context, args []string) error {
	f := t.newFlagSet("token")
	wanted := f.String("scopes", "", "the `scopes`, separated by commas; default: all, or with -department those of a department")
	department := f.String("department", "", "limit the token to a `department`, or to several separated by spaces")
	if err := t.parseArgs(f, args, 0, 0); err != nil {
		return err
	}
	for name, value := range map[string]string{"department": *department, "scopes": *wanted} {
		if isGiven(f, name) && strings.Trim(value, " ,\t\n") == "" {
			return fmt.Errorf("-%s is empty, perhaps because a variable of the shell is not set; leave the flag out for a token of an operator", name)
		}
	}
	scopes := stackclient.Scopes
	switch {
	case *wanted != "":
		scopes = strings.Split(*wanted, ",")
	case *department != "":
		scopes = stackclient.DepartmentScopes
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	token, err := c.Token(*department, scopes...)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, token)
	return nil
}

// isGiven reports whether a flag is on the command line, even with an empty
// value.
func isGiven(f *flag.FlagSet, name string) bool {
	given := false
	f.Visit(func(x *flag.Flag) { given = given || x.Name == name })
	return given
}
