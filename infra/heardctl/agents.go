package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/infra/heardctl/client"
	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// findCustomer opens the stack, and finds the customer that an alias names.
func (t *tool) findCustomer(ctx context.Context, alias string) (*client.Client, identity.CustomerID, error) {
	c, err := t.openStack(ctx)
	if err != nil {
		return nil, "", err
	}
	p, err := c.FindCustomer(ctx, alias)
	return c, p.ID, err
}

func (t *tool) showBrief(ctx context.Context, args []string) error {
	f := t.newFlagSet("brief")
	asJSON := f.Bool("json", false, "as it is")
	if err := t.parseArgs(f, args, 1, 1); err != nil {
		return err
	}
	c, id, err := t.findCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	b, err := c.Brief(ctx, id)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(t.out).Encode(b)
	}
	printBrief(t.out, b)
	return nil
}

// printBrief prints a brief, a line each, with the numbers of the messages that
// it cites.
func printBrief(w io.Writer, b brief.Brief) {
	show := func(name, text string, cites []int) {
		nums := make([]string, len(cites))
		for i, c := range cites {
			nums[i] = fmt.Sprint(c)
		}
		fmt.Fprintf(w, "  %-9s %s [%s]\n", name, text, strings.Join(nums, " "))
	}
	fmt.Fprintf(w, "customer %s\n", b.Customer)
	for _, l := range b.Wants {
		show("wants", l.Text, l.Cites)
	}
	for _, s := range b.Sent {
		show("sent", strings.TrimSuffix(s.Name+": "+s.Text, ": "), s.Cites)
	}
	for _, r := range b.Reasons {
		show("reason", strings.TrimSpace(r.Name+" "+r.Product)+", for "+r.Department, r.Cites)
	}
	for _, a := range b.About {
		show("about", cmp.Or(a.Order, a.Product), a.Cites)
	}
	if h := b.Holder; h != nil {
		show("has it", strings.TrimSpace(fmt.Sprintf("%s until %s. %s %s", h.Party, h.Until.Local().Format("15:04"), h.Reason, h.Note)), h.Cites)
	}
	for _, p := range b.Promised {
		show("promised", fmt.Sprintf("%s (by %s)", p.Text, p.Due.Local().Format("02-01 15:04")), p.Cites)
	}
	for _, l := range b.Tried {
		show("tried", l.Text, l.Cites)
	}
	for _, l := range b.Notes {
		show("note", l.Text, l.Cites)
	}
	for _, p := range b.Problems {
		show("problem", strings.TrimSpace(fmt.Sprintf("%s %s: %s. %s", p.Reason, p.Product, p.State, p.Workaround)), p.Cites)
	}
	if r := b.Repeats; r != nil {
		show("repeats", fmt.Sprintf("%d contacts in %d days, %d of them about this", r.Contacts, r.Days, r.Same), r.Cites)
	}
	if c := b.Channel; c != nil {
		show("answer by", string(c.Channel), c.Cites)
	}
	if l := b.Language; l != nil {
		show("language", l.Is, l.Cites)
	}
	for _, s := range b.Suggestions {
		show("may be", fmt.Sprintf("%s (%d%%: %s)", s.Customer, s.Score, strings.Join(s.Reasons, ", ")), s.Cites)
	}
	for _, l := range b.Ask {
		show("ask", l.Text, l.Cites)
	}
	if s := b.SelfService; s != nil {
		show("can do", strings.TrimSpace(s.Answer+" "+s.Link), s.Cites)
	}
	for i, m := range b.Messages {
		fmt.Fprintf(w, "  [%d] %s\n", i, m)
	}
}

// turn are the flags that everything done with a claim has.
func addClaimFlags(f *flag.FlagSet) (as *string, version *int64) {
	return f.String("as", "", "who does it, like `agent:agent-7`; else the token's own"), f.Int64("version", 0, "the `version` of the claim that you saw, to take over")
}

func newClaimAction(as string, version int64) (client.ClaimAction, error) {
	t := client.ClaimAction{Version: version}
	if as == "" {
		return t, nil
	}
	var err error
	t.Holder, err = client.ParseParty(as)
	return t, err
}

func (t *tool) claimCustomer(ctx context.Context, args []string) error {
	f := t.newFlagSet("claim")
	as, version := addClaimFlags(f)
	minutes := f.Int("minutes", 0, "how long")
	if err := t.parseArgs(f, args, 1, 1); err != nil {
		return err
	}
	do, err := newClaimAction(*as, *version)
	if err != nil {
		return err
	}
	do.Minutes = *minutes
	c, id, err := t.findCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	now, err := c.Claim(ctx, id, do)
	return t.printClaim(now, err)
}

func (t *tool) releaseCustomer(ctx context.Context, args []string) error {
	f := t.newFlagSet("release")
	as, version := addClaimFlags(f)
	if err := t.parseArgs(f, args, 1, 1); err != nil {
		return err
	}
	do, err := newClaimAction(*as, *version)
	if err != nil {
		return err
	}
	c, id, err := t.findCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	now, err := c.Release(ctx, id, do)
	return t.printClaim(now, err)
}

func (t *tool) handOverCustomer(ctx context.Context, args []string) error {
	f := t.newFlagSet("handover")
	as, version := addClaimFlags(f)
	note := f.String("note", "", "`what` whoever takes the customer should know")
	if err := t.parseArgs(f, args, 3, 3); err != nil {
		return err
	}
	do, err := newClaimAction(*as, *version)
	if err == nil {
		do.To, err = client.ParseParty(f.Arg(1))
	}
	if err != nil {
		return err
	}
	do.Reason, do.Note = f.Arg(2), *note
	c, id, err := t.findCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	now, err := c.HandOver(ctx, id, do)
	return t.printClaim(now, err)
}

func (t *tool) printClaim(c contact.Claim, err error) error {
	switch {
	case err != nil:
		return err
	case c.Holder == nil:
		fmt.Fprintf(t.out, "nobody has customer %s (version %d)\n", c.Customer, c.Version)
	default:
		fmt.Fprintf(t.out, "%s has customer %s until %s (version %d)\n", c.Holder, c.Customer, c.Until.Local().Format("02-01 15:04"), c.Version)
	}
	return nil
}

func (t *tool) addNote(ctx context.Context, args []string) error {
	f := t.newFlagSet("note")
	due := f.Duration("due", 0, "how long until a promise is to be kept, like 48h")
	about := f.String("about", "", "the `message` of the promise that was kept")
	if err := t.parseArgs(f, args, 3, 3); err != nil {
		return err
	}
	c, id, err := t.findCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	n := client.Note{Kind: contact.NoteKind(f.Arg(1)), Text: f.Arg(2), About: contact.ID(*about)}
	if *due != 0 {
		n.Due = time.Now().Add(*due)
	}
	m, err := c.AddNote(ctx, id, n)
	if err == nil {
		fmt.Fprintln(t.out, m.ID)
	}
	return err
}

func (t *tool) showEvents(ctx context.Context, args []string) error {
	f := t.newFlagSet("events")
	remove := f.Bool("delete", false, "take them off the queue, as an agent tool does; else each look counts as a receive")
	if err := t.parseArgs(f, args, 0, 0); err != nil {
		return err
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	all, err := c.ContactEvents(ctx, *remove)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b contact.News) int { return strings.Compare(a.Order, b.Order) })
	for _, n := range all {
		if err := json.NewEncoder(t.out).Encode(n); err != nil {
			return err
		}
	}
	return nil
}
