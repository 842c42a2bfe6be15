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

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// agentCommands are the commands for the work of an agent.
func agentCommands() []command {
	return []command{
		{
			"find", "<text>", "search customers by phone, mail, customer number, order or full name",
			"find 'Jan Voorbeeld'", (*tool).searchCustomers,
		},
		{
			"history", "<kind:value>", "show a customer with all messages and contacts",
			"history phone:31612345678", (*tool).showHistory,
		},
		{
			"brief", "<kind:value>", "show the summary of a customer that an agent reads before answering",
			"brief account:K-1001", (*tool).showBrief,
		},
		{
			"reply", "<kind:value> <text>", "send an answer to a customer by mail",
			"reply email:jan@example.com 'We have sent a new manual.'", (*tool).sendReply,
		},
		{
			"waiting", "[<department>]", "list the customers who wait for an answer, critical ones first",
			"waiting documentation", (*tool).showWaiting,
		},
		{
			"claim", "<kind:value>", "claim a customer, so that no other agent answers",
			"claim -as agent:agent-7 account:K-1001", (*tool).claimCustomer,
		},
		{
			"handover", "<kind:value> <to> <reason>", "hand a customer over to another agent, bot or team",
			"handover -as bot:bot-1 account:K-1001 team:returns 'asks for a person'", (*tool).handOverCustomer,
		},
		{
			"release", "<kind:value>", "end the claim on a customer, so that any agent may answer",
			"release -as agent:agent-7 account:K-1001", (*tool).releaseCustomer,
		},
		{
			"note", "<kind:value> <kind> <text>", "write a note of kind want, tried, promise, kept or info",
			"note -due 48h account:K-1001 promise 'A new manual comes by post.'", (*tool).addNote,
		},
		{
			"split", "<kind:value> <contact> <message>", "begin a contact of its own with a message, for a second wish",
			"split account:K-1001 7rTYJSKRQNNzJwsg 1795179600000:whatsapp:wamid.EXAMPLE1", (*tool).splitContact,
		},
		{
			"join", "<kind:value> <contact> <into>", "make two contacts of one wish one contact",
			"join account:K-1001 7rTYJSKRQNNzJwsg qLk3vYb2cD8eFgHi", (*tool).joinContacts,
		},
		{
			"decide", "<kind:value> <message>", "decide that a message needs no answer, or does, or that a person wrote it",
			"decide -asks no account:K-1001 1795179600000:whatsapp:wamid.EXAMPLE1", (*tool).decideMessage,
		},
		{
			"events", "", "print the events for agent tools on the queue contact-events, one JSON line each",
			"events", (*tool).showEvents,
		},
	}
}

// findCustomer opens the stack and returns the customer of an alias.
func (t *tool) findCustomer(ctx context.Context, alias string) (*stackclient.Client, identity.CustomerID, error) {
	c, err := t.openStack(ctx)
	if err != nil {
		return nil, "", err
	}
	p, err := c.FindCustomer(ctx, alias)
	return c, p.ID, err
}

// parseAndFind parses the flags of a command, opens the stack and returns the
// customer whose alias is the first argument. The command must have count
// arguments.
func (t *tool) parseAndFind(ctx context.Context, f *flag.FlagSet, args []string, count int) (*stackclient.Client, identity.CustomerID, error) {
	if err := t.parseArgs(f, args, count, count); err != nil {
		return nil, "", err
	}
	return t.findCustomer(ctx, f.Arg(0))
}

func (t *tool) showBrief(ctx context.Context, args []string) error {
	f := t.newFlagSet("brief")
	asJSON := f.Bool("json", false, "print the brief as JSON")
	c, id, err := t.parseAndFind(ctx, f, args, 1)
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
	t.printHint("heardctl claim %[1]s, then heardctl reply %[1]s '<text>'", f.Arg(0))
	return nil
}

// printCare prints what we did for a customer: who has the customer, and what we
// promised, tried and noted.
func printCare(b brief.Brief, show func(name, text string, cites []int)) {
	if h := b.Holder; h != nil {
		show("has it", strings.TrimSpace(fmt.Sprintf("%s until %s. %s %s", h.Party, h.Until.Local().Format("15:04"), h.Reason, h.Note)), h.Cites)
	}
	for _, p := range b.Promised {
		show("promised", fmt.Sprintf("%s (by %s)", p.Text, p.Due.Local().Format("02-01 15:04")), p.Cites)
	}
	for _, l := range b.Said {
		show("we said", l.Text, l.Cites)
	}
	for _, l := range b.Tried {
		show("tried", l.Text, l.Cites)
	}
	for _, l := range b.Notes {
		show("note", l.Text, l.Cites)
	}
}

// printBrief prints a brief, one fact per line. Each line ends with the numbers
// of the messages that it cites; the messages follow.
func printBrief(w io.Writer, b brief.Brief) {
	show := func(name, text string, cites []int) {
		nums := make([]string, len(cites))
		for i, c := range cites {
			nums[i] = fmt.Sprint(c)
		}
		fmt.Fprintf(w, "  %-9s %s [%s]\n", name, text, strings.Join(nums, " "))
	}
	fmt.Fprintf(w, "%s\n", strings.TrimSpace(cmp.Or(b.Name, "Name unknown")+" "+b.Account))
	fmt.Fprintf(w, "customer %s\n", b.Customer)
	if l := b.Waiting; l != nil {
		show("waits", fmt.Sprintf("since %s, %s", l.Since.Local().Format("2 January 15:04"), countOf(l.Messages, "message")), l.Cites)
	}
	if l := b.Answered; l != nil {
		show("answered", fmt.Sprintf("%s on %s: %s", l.At.Local().Format("2 January 15:04"), l.Channel, l.Text), l.Cites)
	}
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
	printCare(b, show)
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

// parseClaim parses the command line of a change of a claim, opens the stack and
// finds the customer whose alias is the first argument. The command must have
// count arguments. Without -as the party that acts is the token's subject.
func (t *tool) parseClaim(ctx context.Context, f *flag.FlagSet, args []string, count int) (c *stackclient.Client, id identity.CustomerID, action stackclient.ClaimAction, err error) {
	as := f.String("as", "", "act as `agent:agent-7`, bot:ID or team:ID; default: the token's subject")
	f.Int64Var(&action.Version, "version", 0, "the `version` of another holder's claim, to take it over")
	if err := t.parseArgs(f, args, count, count); err != nil {
		return nil, "", action, err
	}
	if *as != "" {
		if action.Holder, err = stackclient.ParseParty(*as); err != nil {
			return nil, "", action, fmt.Errorf("-as: %w", err)
		}
	}
	c, id, err = t.findCustomer(ctx, f.Arg(0))
	return c, id, action, err
}

func (t *tool) claimCustomer(ctx context.Context, args []string) error {
	f := t.newFlagSet("claim")
	minutes := f.Int("minutes", 0, "the length of the claim in `minutes`; 0 for the default")
	c, id, action, err := t.parseClaim(ctx, f, args, 1)
	if err != nil {
		return err
	}
	action.Minutes = *minutes
	claim, err := c.Claim(ctx, id, action)
	if err != nil {
		return err
	}
	t.printClaim(claim)
	t.printHint("heardctl brief %[1]s shows the summary; heardctl release %[1]s ends the claim", f.Arg(0))
	return nil
}

func (t *tool) releaseCustomer(ctx context.Context, args []string) error {
	f := t.newFlagSet("release")
	c, id, action, err := t.parseClaim(ctx, f, args, 1)
	if err != nil {
		return err
	}
	claim, err := c.Release(ctx, id, action)
	if err != nil {
		return err
	}
	t.printClaim(claim)
	t.printHint("any agent can claim the customer: heardctl claim %s", f.Arg(0))
	return nil
}

func (t *tool) handOverCustomer(ctx context.Context, args []string) error {
	f := t.newFlagSet("handover")
	note := f.String("note", "", "a `text` for the next holder")
	c, id, action, err := t.parseClaim(ctx, f, args, 3)
	if err != nil {
		return err
	}
	action.To, err = stackclient.ParseParty(f.Arg(1))
	if err != nil {
		return err
	}
	action.Reason = f.Arg(2)
	action.Note = *note
	claim, err := c.HandOver(ctx, id, action)
	if err != nil {
		return err
	}
	t.printClaim(claim)
	t.printHint("the new holder reads the summary with heardctl brief %s", f.Arg(0))
	return nil
}

func (t *tool) printClaim(c contact.Claim) {
	if c.Holder == nil {
		fmt.Fprintf(t.out, "customer %s is not claimed (version %d)\n", c.Customer, c.Version)
		return
	}
	fmt.Fprintf(t.out, "%s has customer %s until %s (version %d)\n", c.Holder, c.Customer, c.Until.Local().Format("02-01 15:04"), c.Version)
}

func (t *tool) addNote(ctx context.Context, args []string) error {
	f := t.newFlagSet("note")
	due := f.Duration("due", 0, "with promise: the time until it is due, such as 48h")
	about := f.String("about", "", "with kept: the `message id` of the promise")
	c, id, err := t.parseAndFind(ctx, f, args, 3)
	if err != nil {
		return err
	}
	n := stackclient.Note{Kind: message.NoteKind(f.Arg(1)), Text: f.Arg(2), About: message.ID(*about)}
	if *due != 0 {
		n.Due = time.Now().Add(*due)
	}
	m, err := c.AddNote(ctx, id, n)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, m.ID)
	t.printHint("heardctl brief %s shows the note", f.Arg(0))
	return nil
}

func (t *tool) showEvents(ctx context.Context, args []string) error {
	f := t.newFlagSet("events")
	remove := f.Bool("delete", false, "remove the events from the queue, as an agent tool does; without it each read counts as one receive")
	c, err := t.parseAndOpen(ctx, f, args, 0, 0)
	if err != nil {
		return err
	}
	all, err := c.ContactEvents(ctx, *remove)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b contact.Event) int { return strings.Compare(a.Order, b.Order) })
	for _, n := range all {
		if err := json.NewEncoder(t.out).Encode(n); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		t.printHint("the queue is empty; send a message and try again")
	} else if !*remove {
		t.printHint("heardctl events -delete removes these events from the queue")
	}
	return nil
}
