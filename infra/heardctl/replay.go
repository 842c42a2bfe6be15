package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/heard-intake/heard/infra/heardctl/client"
)

func (t *tool) replayFailed(ctx context.Context, args []string) error {
	f := t.newFlagSet("replay")
	look := f.Bool("list", false, "only say what there is")
	if err := t.parseArgs(f, args, 1, 1); err != nil {
		return err
	}
	what := map[string]func(context.Context, *client.Client, bool) error{
		"quarantine": t.replayQuarantine, "dead": t.replayDeadLetters,
	}[f.Arg(0)]
	if what == nil {
		f.Usage()
		return errUsage
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	return what(ctx, c, *look)
}

func (t *tool) replayQuarantine(ctx context.Context, c *client.Client, look bool) error {
	cases, err := c.QuarantineCases(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, q := range cases {
		fmt.Fprintf(t.out, "%s  %-9s %s\n", q.At.Local().Format("02-01 15:04:05"), q.Channel, strings.Join(q.Reasons, "; "))
		if !look {
			errs = append(errs, c.ReplayCase(ctx, q))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if look {
		fmt.Fprintf(t.out, "%d in quarantine\n", len(cases))
		return nil
	}
	fmt.Fprintf(t.out, "%d sent again; heardctl replay -list quarantine shows what still cannot be read\n", len(cases))
	return nil
}

func (t *tool) replayDeadLetters(ctx context.Context, c *client.Client, look bool) error {
	queues, err := c.DeadLetterQueues(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range queues {
		fmt.Fprintf(t.out, "%-20s %d\n", d.Name, d.Count)
		if !look {
			errs = append(errs, c.RedriveQueue(ctx, d))
		}
	}
	return errors.Join(errs...)
}
