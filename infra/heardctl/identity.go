package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/heard-intake/heard/infra/heardctl/client"
	"github.com/heard-intake/heard/internal/identity"
)

// errWhy is a decision without a reason.
var errWhy = errors.New("say why, with -why: whoever finds it wrong later has to know")

// parseDecision parses the command line of a decision about customers, which the
// other arguments name by id or alias, and returns their ids.
func (t *tool) parseDecision(ctx context.Context, f *flag.FlagSet, args []string, least, most int) (c *client.Client, who []identity.CustomerID, why string, err error) {
	f.StringVar(&why, "why", "", "the `reason`, for the audit trail")
	if err = t.parseArgs(f, args, least, most); err != nil {
		return nil, nil, "", err
	}
	if why == "" {
		return nil, nil, "", errWhy
	}
	if c, err = t.openStack(ctx); err != nil {
		return nil, nil, "", err
	}
	for _, word := range f.Args() {
		id, err := c.ResolveCustomer(ctx, word)
		if err != nil {
			return nil, nil, "", err
		}
		who = append(who, id)
	}
	return c, who, why, nil
}

func (t *tool) mergeCustomers(ctx context.Context, args []string) error {
	c, who, why, err := t.parseDecision(ctx, t.newFlagSet("merge"), args, 2, 2)
	if err != nil {
		return err
	}
	now, err := c.Merge(ctx, who[0], who[1], why)
	if err == nil {
		fmt.Fprintf(t.out, "customer %s has %d ids now\n", now.ID, len(now.IDs))
		if who[0] != who[1] {
			fmt.Fprintf(t.out, "heardctl unmerge -why <text> %s takes it back\n", who[1])
		}
	}
	return err
}

func (t *tool) unmergeCustomer(ctx context.Context, args []string) error {
	f := t.newFlagSet("unmerge")
	c, _, why, err := t.parseDecision(ctx, f, args, 1, 1)
	if err != nil {
		return err
	}
	rest, apart, err := c.Unmerge(ctx, identity.CustomerID(f.Arg(0)), why) // the id itself: an alias names who stands for all
	if err == nil {
		fmt.Fprintf(t.out, "customer %s stands alone again, and %s keeps %d ids\n", apart.ID, rest.ID, len(rest.IDs))
	}
	return err
}

func (t *tool) moveAlias(ctx context.Context, args []string) error {
	f := t.newFlagSet("move")
	from := f.String("from", "", "from when on, a `time` like 2026-03-01T00:00:00Z")
	c, who, why, err := t.parseDecision(ctx, f, args, 1, 2)
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, *from)
	if err != nil {
		return errors.New("say from when on, with -from 2026-03-01T00:00:00Z")
	}
	to := identity.CustomerID("")
	if len(who) == 2 {
		to = who[1]
	}
	now, err := c.MoveAlias(ctx, who[0], f.Arg(0), to, at, why)
	if err == nil {
		fmt.Fprintf(t.out, "it is customer %s's from then on\n", now.ID)
	}
	return err
}

func (t *tool) dismissSuggestion(ctx context.Context, args []string) error {
	c, who, why, err := t.parseDecision(ctx, t.newFlagSet("dismiss"), args, 2, 2)
	if err != nil {
		return err
	}
	if err := c.DismissSuggestion(ctx, who[0], who[1], why); err != nil {
		return err
	}
	fmt.Fprintln(t.out, "they are two, and no rule joins them")
	return nil
}

// showIdentity shows who a customer is and why, who else it may be, and who
// changed that.
func (t *tool) showIdentity(ctx context.Context, args []string) error {
	f := t.newFlagSet("identity")
	if err := t.parseArgs(f, args, 1, 1); err != nil {
		return err
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	id, err := c.ResolveCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	known, errK := c.AliasDetails(ctx, id)
	suggested, errS := c.Suggestions(ctx, id)
	changes, errC := c.IdentityChanges(ctx, id)
	if err := errors.Join(errK, errS, errC); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "customer %s\n", id)
	for _, k := range known {
		fmt.Fprintf(t.out, "  %-8s %s (%s by %s, %s)", k.Kind, k.Value, k.Assurance, k.Rule, k.At.Local().Format("02-01-2006 15:04"))
		if !k.Until.IsZero() {
			fmt.Fprintf(t.out, ", until %s", k.Until.Local().Format("02-01-2006 15:04"))
		}
		fmt.Fprintln(t.out)
		for _, l := range k.Links {
			fmt.Fprintf(t.out, "           and %s %s, by %s %s\n", l.To.Kind, l.To.Value, l.Rule, l.Ref)
		}
	}
	for _, s := range suggested {
		state := "may be"
		if s.Dismissed {
			state = "is not"
		}
		fmt.Fprintf(t.out, "  %s %s: %d of 100, by %s\n", state, s.Customer, s.Score, strings.Join(s.Reasons, ", "))
	}
	for _, ch := range changes {
		who := ""
		if ch.Kind == identity.Merged && len(ch.Before) == 2 {
			who = " of " + string(ch.Before[1][0]) // what unmerge takes
		}
		fmt.Fprintf(t.out, "  %s  %s%s by %s: %s\n", ch.At.Local().Format("02-01-2006 15:04:05"), ch.Kind, who, ch.By, cmp.Or(ch.Why, ch.Rule))
	}
	return nil
}
