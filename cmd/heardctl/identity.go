package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/identity"
)

// identityCommands are the commands that decide which aliases are one person.
func identityCommands() []command {
	return []command{
		{
			"identity", "<kind:value>", "show the aliases of a customer with their proof, possible matches and changes",
			"identity account:K-1001", (*tool).showIdentity,
		},
		{
			"merge", "-why <text> <into> <from>", "merge two customers, each named by id or alias",
			"merge -why 'same order number' account:K-1001 email:jan@example.com", (*tool).mergeCustomers,
		},
		{
			"unmerge", "-why <text> <id>", "undo the merge that gave this id to its customer",
			"unmerge -why 'two people' 01991234-5678-7abc-8def-0123456789ab", (*tool).unmergeCustomer,
		},
		{
			"move", "-why -from <alias> [to]", "move an alias to another customer, or to a new one",
			"move -why 'number was reissued' -from 2026-03-01T00:00:00Z phone:31612345678", (*tool).moveAlias,
		},
		{
			"dismiss", "-why <text> <one> <other>", "record that two customers are two people, so that no rule merges them",
			"dismiss -why 'father and son' account:K-1001 account:K-1002", (*tool).dismissSuggestion,
		},
	}
}

// errNoWhy is the error of a decision without -why.
var errNoWhy = errors.New("-why is required: the reason for this decision, for the audit trail")

// parseDecision parses the command line of a decision about customers. It returns
// the ids of the customers that the arguments name by id or alias, and the value
// of -why.
func (t *tool) parseDecision(ctx context.Context, f *flag.FlagSet, args []string, least, most int) (c *stackclient.Client, customers []identity.CustomerID, why string, err error) {
	f.StringVar(&why, "why", "", "required: the `reason` for the decision, for the audit trail")
	if err = t.parseArgs(f, args, least, most); err != nil {
		return nil, nil, "", err
	}
	if why == "" {
		return nil, nil, "", errNoWhy
	}
	if c, err = t.openStack(ctx); err != nil {
		return nil, nil, "", err
	}
	for i, name := range f.Args() {
		id, err := c.ResolveCustomer(ctx, name)
		if err != nil {
			return nil, nil, "", fmt.Errorf("argument %d: %w", i+1, err)
		}
		customers = append(customers, id)
	}
	return c, customers, why, nil
}

func (t *tool) mergeCustomers(ctx context.Context, args []string) error {
	c, customers, why, err := t.parseDecision(ctx, t.newFlagSet("merge"), args, 2, 2)
	if err != nil {
		return err
	}
	merged, err := c.Merge(ctx, customers[0], customers[1], why)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "customer %s has %d ids now\n", merged.ID, len(merged.IDs))
	if customers[0] != customers[1] {
		fmt.Fprintf(t.out, "To undo: heardctl unmerge -why <text> %s\n", customers[1])
	}
	return nil
}

func (t *tool) unmergeCustomer(ctx context.Context, args []string) error {
	f := t.newFlagSet("unmerge")
	c, _, why, err := t.parseDecision(ctx, f, args, 1, 1)
	if err != nil {
		return err
	}
	// The argument itself, because the resolved id is that of the merged customer.
	rest, apart, err := c.Unmerge(ctx, identity.CustomerID(f.Arg(0)), why)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "customer %s is separate again, and customer %s has %d ids\n", apart.ID, rest.ID, len(rest.IDs))
	t.printHint("heardctl dismiss -why <text> %s %s keeps the rules from merging them again", apart.ID, rest.ID)
	return nil
}

func (t *tool) moveAlias(ctx context.Context, args []string) error {
	f := t.newFlagSet("move")
	from := f.String("from", "", "required: the `time` of the move, such as 2026-03-01T00:00:00Z")
	c, customers, why, err := t.parseDecision(ctx, f, args, 1, 2)
	if err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, *from)
	if err != nil {
		return errors.New("-from is required: the time of the move, such as 2026-03-01T00:00:00Z")
	}
	to := identity.CustomerID("")
	if len(customers) == 2 {
		to = customers[1]
	}
	owner, err := c.MoveAlias(ctx, customers[0], f.Arg(0), to, at, why)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s belongs to customer %s from %s\n", f.Arg(0), owner.ID, *from)
	for _, v := range owner.Visitors {
		fmt.Fprintf(t.out, "%s wrote after that time and still belongs to customer %s; move it too\n", v, customers[0])
	}
	t.printHint("heardctl identity %s shows the change", owner.ID)
	return nil
}

func (t *tool) dismissSuggestion(ctx context.Context, args []string) error {
	c, customers, why, err := t.parseDecision(ctx, t.newFlagSet("dismiss"), args, 2, 2)
	if err != nil {
		return err
	}
	if err := c.DismissSuggestion(ctx, customers[0], customers[1], why); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "customers %s and %s are two people, and no rule merges them\n", customers[0], customers[1])
	t.printHint("heardctl identity %s shows the decision", customers[0])
	return nil
}

// showIdentity shows the aliases of a customer with their proof, the customers
// who may be the same person, and the changes of its identity.
func (t *tool) showIdentity(ctx context.Context, args []string) error {
	f := t.newFlagSet("identity")
	c, err := t.parseAndOpen(ctx, f, args, 1, 1)
	if err != nil {
		return err
	}
	id, err := c.ResolveCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	known, aliasErr := c.AliasDetails(ctx, id)
	suggested, suggestErr := c.Suggestions(ctx, id)
	changes, changeErr := c.IdentityChanges(ctx, id)
	if err := errors.Join(aliasErr, suggestErr, changeErr); err != nil {
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
			fmt.Fprintf(t.out, "           linked to %s %s by %s %s\n", l.To.Kind, l.To.Value, l.Rule, l.Ref)
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
		member := ""
		if ch.Kind == identity.Merged && len(ch.Before) == 2 {
			member = " of " + string(ch.Before[1][0]) // the id for unmerge
		}
		fmt.Fprintf(t.out, "  %s  %s%s by %s: %s\n", ch.At.Local().Format("02-01-2006 15:04:05"), ch.Kind, member, ch.By, cmp.Or(ch.Why, ch.Rule))
	}
	if len(suggested) > 0 {
		t.printHint("heardctl merge -why <text> %[1]s <other>, or heardctl dismiss -why <text> %[1]s <other>", id)
	}
	return nil
}
