package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
)

func (t *tool) replayFailed(ctx context.Context, args []string) error {
	f := t.newFlagSet("replay")
	listOnly := f.Bool("list", false, "only list the deliveries or dead letters")
	if err := t.parseArgs(f, args, 1, 1); err != nil {
		return err
	}
	replay := map[string]func(context.Context, *stackclient.Client, bool) error{
		"quarantine": t.replayQuarantine, "dead": t.replayDeadLetters,
	}[f.Arg(0)]
	if replay == nil {
		f.Usage()
		return errUsage
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	return replay(ctx, c, *listOnly)
}

// replayQuarantine lists the deliveries in quarantine, and sends each again
// unless listOnly is set.
func (t *tool) replayQuarantine(ctx context.Context, c *stackclient.Client, listOnly bool) error {
	cases, err := c.QuarantineCases(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, q := range cases {
		fmt.Fprintf(t.out, "%s  %-9s %s\n", q.At.Local().Format("02-01 15:04:05"), q.Channel, strings.Join(q.Reasons, "; "))
		if !listOnly {
			errs = append(errs, c.ReplayCase(ctx, q))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if listOnly {
		fmt.Fprintf(t.out, "%d in quarantine\n", len(cases))
		if len(cases) > 0 {
			t.printHint("correct the cause, then heardctl replay quarantine")
		}
		return nil
	}
	fmt.Fprintf(t.out, "%d sent again; heardctl replay -list quarantine shows those that still cannot be read\n", len(cases))
	return nil
}

// describeRedriven returns the outcome of a queue's replay.
func describeRedriven(r stackclient.Redriven) string {
	switch {
	case r.Moved > 0:
		return fmt.Sprintf("%d moved to their queue", r.Moved)
	case r.Invoked > 0:
		return fmt.Sprintf("%d replayed, %d failed again", r.Invoked, r.Back)
	default:
		return "0"
	}
}

// replayDeadLetters processes the messages of all dead-letter queues again, and
// prints the outcome. With listOnly it only prints the lengths of the queues.
func (t *tool) replayDeadLetters(ctx context.Context, c *stackclient.Client, listOnly bool) error {
	queues, err := c.DeadLetterQueues(ctx)
	if err != nil {
		return err
	}
	var errs []error
	refused := 0
	for _, d := range queues {
		if d.HasRefusedUpdates() {
			refused += d.Count
		}
		switch {
		case listOnly:
			fmt.Fprintf(t.out, "%-20s %d\n", d.Name, d.Count)
			continue
		case d.HasRefusedUpdates() && d.Count > 0:
			fmt.Fprintf(t.out, "%-20s %d left: refused updates, which the department corrects\n", d.Name, d.Count)
			continue
		}
		done, err := c.RedriveQueue(ctx, d)
		errs = append(errs, err)
		fmt.Fprintf(t.out, "%-20s %s\n", d.Name, describeRedriven(done))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if refused > 0 {
		t.printHint("the departments read the reasons in their queues updates-<department>-dead, send corrected updates and delete the refused ones; replay leaves these queues alone")
	}
	if listOnly {
		t.printHint("correct the cause, then heardctl replay dead")
	} else {
		t.printHint("heardctl replay -list dead shows those that failed again")
	}
	return nil
}
