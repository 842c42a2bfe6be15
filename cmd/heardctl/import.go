package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store"
)

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
	if err := t.parseArgs(f, args, 1, 1); err != nil {
		return err
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	file, err := os.Open(f.Arg(0))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()

	var mu sync.Mutex
	var joined, alone, refused int
	register := func(n int, line []byte) {
		number, plan, err := registerCustomer(ctx, c, line, *dryRun)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			refused++
			fmt.Fprintf(t.out, "line %d: %v\n", n, err)
		case len(plan.Unjoined) > 0:
			alone++
		default:
			joined++
		}
		hasEffect := plan.New || len(plan.Joined) > 0
		if *dryRun && err == nil && hasEffect {
			fmt.Fprintf(t.out, "line %d: %s: %s, joined with %d customers\n", n, number, describeCustomer(plan), len(plan.Joined))
		}
		for _, u := range plan.Unjoined {
			fmt.Fprintf(t.out, "line %d: %s: not joined with %s: %s\n", n, number, u.Customer, notJoinedReason(u.Why))
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, maxConcurrent)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan() && ctx.Err() == nil; n++ {
		line := []byte(lines.Text())
		if len(line) == 0 {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			register(n, line)
		})
	}
	wg.Wait()
	fmt.Fprintf(t.out, "%d joined, %d not joined with every match, %d refused\n", joined, alone, refused)
	if err := errors.Join(lines.Err(), ctx.Err()); err != nil {
		return err
	}
	if *dryRun && refused == 0 {
		t.printHint("heardctl import %s registers them", f.Arg(0))
	}
	if refused > 0 {
		return errors.New("some lines were refused: correct them and import the file again")
	}
	return nil
}

// registerCustomer registers the customer in one line, and returns its number.
func registerCustomer(ctx context.Context, c *stackclient.Client, line []byte, dryRun bool) (number string, plan identity.Plan, err error) {
	var l registerLine
	if err := json.Unmarshal(line, &l); err != nil {
		return "", plan, err
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
