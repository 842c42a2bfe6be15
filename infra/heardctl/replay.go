package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/heard-intake/heard/infra/heardctl/client"
)

func (t *tool) replay(ctx context.Context, args []string) error {
	f := t.flags("replay")
	look := f.Bool("list", false, "only say what there is")
	if err := t.parse(f, args, 1, 1); err != nil {
		return err
	}
	what := map[string]func(context.Context, *client.Client, bool) error{
		"quarantine": t.replayQuarantine, "dead": t.replayDead,
	}[f.Arg(0)]
	if what == nil {
		f.Usage()
		return errUsage
	}
	c, err := t.open(ctx)
	if err != nil {
		return err
	}
	return what(ctx, c, *look)
}

func (t *tool) replayQuarantine(ctx context.Context, c *client.Client, look bool) error {
	cases, err := c.Quarantined(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, q := range cases {
		fmt.Fprintf(t.out, "%s  %-9s %s\n", q.At.Local().Format("02-01 15:04:05"), q.Channel, strings.Join(q.Reasons, "; "))
		if !look {
			errs = append(errs, c.Replay(ctx, q))
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

func (t *tool) replayDead(ctx context.Context, c *client.Client, look bool) error {
	queues, err := c.Dead(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range queues {
		fmt.Fprintf(t.out, "%-20s %d\n", d.Name, d.Count)
		if !look {
			errs = append(errs, c.Revive(ctx, d))
		}
	}
	return errors.Join(errs...)
}
