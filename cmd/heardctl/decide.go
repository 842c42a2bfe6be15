package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/message"
)

// decisionValues are the values of the flags of decide, as the API takes them.
var decisionValues = map[string]json.RawMessage{"yes": json.RawMessage("true"), "no": json.RawMessage("false"), "withdraw": json.RawMessage("null")}

// decideMessage stores a decision about a message.
func (t *tool) decideMessage(ctx context.Context, args []string) error {
	var d stackclient.Decision
	parse := func(to *json.RawMessage) func(string) error {
		return func(value string) error {
			choice, ok := decisionValues[value]
			if !ok {
				return errors.New("must be yes, no or withdraw")
			}
			*to = choice
			return nil
		}
	}
	f := t.newFlagSet("decide")
	f.Func("asks", "whether the message asks for an answer: `yes, no or withdraw`", parse(&d.Asks))
	f.Func("machine", "whether a program wrote the message: `yes, no or withdraw`", parse(&d.Machine))
	if err := t.parseArgs(f, args, 2, 2); err != nil {
		return err
	}
	if d.Asks == nil && d.Machine == nil {
		return errors.New("-asks or -machine is required: heardctl decide -asks no says that the message needs no answer")
	}
	c, id, err := t.findCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	d.Message = message.ID(f.Arg(1))
	decided, err := c.Decide(ctx, id, d)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s: asks %s, machine %s\n", decided.Message, printChoice(decided.Asks), printChoice(decided.Machine))
	t.printHint("heardctl history %s shows whether the customer waits", f.Arg(0))
	return nil
}

func printChoice(decided *bool) string {
	switch {
	case decided == nil:
		return "not decided"
	case *decided:
		return "yes"
	}
	return "no"
}

// splitContact begins a contact of its own with a message.
func (t *tool) splitContact(ctx context.Context, args []string) error {
	f := t.newFlagSet("split")
	if err := t.parseArgs(f, args, 3, 3); err != nil {
		return err
	}
	c, id, err := t.findCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	placed, err := c.SplitContact(ctx, id, f.Arg(1), message.ID(f.Arg(2)))
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "the message begins contact %s\n", placed.Contact)
	t.printHint("heardctl history %s shows the contacts; heardctl join takes it back", f.Arg(0))
	return nil
}

// joinContacts makes two contacts one.
func (t *tool) joinContacts(ctx context.Context, args []string) error {
	f := t.newFlagSet("join")
	if err := t.parseArgs(f, args, 3, 3); err != nil {
		return err
	}
	c, id, err := t.findCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	placed, err := c.JoinContacts(ctx, id, f.Arg(1), f.Arg(2))
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s of the later contact belong to contact %s\n", countOf(placed.Messages, "message"), placed.Contact)
	t.printHint("heardctl history %s shows the contacts; heardctl split takes it back", f.Arg(0))
	return nil
}
