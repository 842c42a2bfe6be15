package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store"
)

// registerCommands are the commands that register customers and repair the
// customers of web forms.
func registerCommands() []command {
	return []command{
		{
			"import", "[-dry-run] <file.jsonl>", "register customers: number, name, locale, phones, mails, orders",
			"import -dry-run events/deliveries/register.jsonl", (*tool).importRegister,
		},
		{
			"doctor", "[-staff <list>]", "find web forms, mailboxes of ours and messages of apps that are not configured",
			"doctor", (*tool).examineTable,
		},
		{
			"part", "-forms <list> <address>", "move the mails from an address to the customers who wrote them",
			"part -dry-run -forms noreply@forms.example noreply@forms.example", (*tool).separateForm,
		},
	}
}

// registerLine is one line of a register: a customer's number and entry.
type registerLine struct {
	Number string `json:"number"`
	stackclient.Entry
}

// maxLine is the length of the longest line of a register, in bytes.
const maxLine = 1 << 20

// maxConcurrent is how many customers are registered at the same time.
const maxConcurrent = 8

// importRegister registers the customers of a file, one per line. It continues
// after a refused line.
func (t *tool) importRegister(ctx context.Context, args []string) error {
	f := t.newFlagSet("import")
	dryRun := f.Bool("dry-run", false, "only print what would be joined, and why other customers would not")
	c, err := t.parseAndOpen(ctx, f, args, 1, 1)
	if err != nil {
		return err
	}
	file, err := os.Open(f.Arg(0))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()

	i := &registerImport{out: t.out, client: c, dryRun: *dryRun}
	err = i.registerLines(ctx, file)
	fmt.Fprintf(t.out, "%d joined, %d not joined with every match, %d refused\n", i.joined, i.alone, i.refused)
	if err != nil {
		return fmt.Errorf("not every line was read: %w", err)
	}
	if i.refused > 0 {
		return errors.New("some lines were refused: correct them and import the file again")
	}
	if i.dryRun {
		t.printHint("heardctl import %s registers them", f.Arg(0))
	}
	return nil
}

// registerImport is one run of the command import.
type registerImport struct {
	client *stackclient.Client
	dryRun bool

	mu                     sync.Mutex // guards the fields below
	out                    io.Writer
	joined, alone, refused int // numbers of lines by their result
}

// registerLines registers the customers in all lines, several at the same time.
func (i *registerImport) registerLines(ctx context.Context, file io.Reader) error {
	var wg sync.WaitGroup
	slots := make(chan struct{}, maxConcurrent)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLine)
	last := 0
	for n := 1; lines.Scan() && ctx.Err() == nil; n++ {
		last = n
		line := []byte(lines.Text())
		if len(line) == 0 {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			number, plan, err := registerCustomer(ctx, i.client, line, i.dryRun)
			i.report(n, number, plan, err)
		})
	}
	wg.Wait()
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d has more than %d bytes: shorten it, and import the file again", last+1, maxLine)
	}
	return errors.Join(lines.Err(), ctx.Err())
}

// report counts line n, and prints why it was refused or whom it did not join.
// In a dry run it also prints what the line would do.
func (i *registerImport) report(n int, number string, plan identity.Plan, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case err != nil:
		i.refused++
		fmt.Fprintf(i.out, "line %d: %v\n", n, err)
	case len(plan.Unjoined) > 0:
		i.alone++
	default:
		i.joined++
	}
	hasEffect := plan.New || len(plan.Joined) > 0
	if i.dryRun && err == nil && hasEffect {
		fmt.Fprintf(i.out, "line %d: %s: %s, joined with %d customers\n", n, number, describeCustomer(plan), len(plan.Joined))
	}
	for _, u := range plan.Unjoined {
		fmt.Fprintf(i.out, "line %d: %s: not joined with %s: %s\n", n, number, u.Customer, notJoinedReason(u.Why))
	}
}

// registerCustomer registers the customer in one line, and returns its number.
func registerCustomer(ctx context.Context, c *stackclient.Client, line []byte, dryRun bool) (number string, plan identity.Plan, err error) {
	var l registerLine
	if err := json.Unmarshal(line, &l); err != nil {
		return "", plan, fmt.Errorf("the line is not a register entry: %w", err)
	}
	if l.Number == "" {
		return "", plan, errors.New("number is required")
	}
	l.Entry.Number = l.Number
	plan, err = c.RegisterCustomer(ctx, l.Entry, dryRun)
	return l.Number, plan, err
}

// describeCustomer returns the customer in a plan, for a message.
func describeCustomer(p identity.Plan) string {
	if p.New {
		return "a new customer"
	}
	return "customer " + string(p.Customer)
}

// notJoinedReason returns a text for the reason why an entry does not join a
// customer.
func notJoinedReason(why string) string {
	switch why {
	case store.WhyMessages:
		return "both have messages, so a person must decide: heardctl merge or dismiss"
	case store.WhyApart:
		return "a person decided that they are two people"
	case store.WhyLimit:
		return "together they have more addresses than one person has"
	case identity.ReasonShared:
		return "another customer number has the same address"
	default:
		return why
	}
}
