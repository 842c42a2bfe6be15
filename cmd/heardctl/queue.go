package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/problem"
)

func (t *tool) showQueue(ctx context.Context, args []string) error {
	f := t.newFlagSet("queue")
	remove := f.Bool("delete", false, "remove the items from the queue, as a department does; without it each read counts as one receive")
	asJSON := f.Bool("json", false, "print the items as received, one JSON line each")
	c, err := t.parseAndOpen(ctx, f, args, 1, 1)
	if err != nil {
		return err
	}
	items, err := c.QueueItems(ctx, f.Arg(0), *remove)
	if err != nil {
		return err
	}
	for _, i := range items {
		if *asJSON {
			fmt.Fprintf(t.out, "%s\n", i.Raw)
			continue
		}
		printItem(t.out, i.Item)
	}
	if *asJSON {
		return nil
	}
	if len(items) > 0 {
		t.printHint("heardctl problem show %s", items[0].ID)
		return nil
	}
	held, err := c.CountHeldItems(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	if held > 0 {
		fmt.Fprintf(t.out, "no item can be read now: %d items are with a consumer, or wait for an earlier item of their problem\n", held)
		return nil
	}
	fmt.Fprintln(t.out, "the queue is empty")
	return nil
}

func (t *tool) resendItems(ctx context.Context, args []string) error {
	f := t.newFlagSet("resend")
	c, err := t.parseAndOpen(ctx, f, args, 1, 1)
	if err != nil {
		return err
	}
	ids := []string{f.Arg(0)}
	if _, err := uuid.Parse(f.Arg(0)); err != nil {
		all, err := c.Problems(ctx, f.Arg(0))
		if err != nil {
			return err
		}
		ids = nil
		for _, p := range all {
			if p.State.Open() {
				ids = append(ids, p.ID)
			}
		}
	}
	for _, id := range ids {
		if err := c.ResendItem(ctx, id); err != nil {
			return err
		}
		fmt.Fprintln(t.out, "sent again:", id)
	}
	if len(ids) == 0 {
		fmt.Fprintln(t.out, "no open problem")
		return nil
	}
	t.printHint("heardctl queue <department> shows the items within seconds")
	return nil
}

func printItem(w io.Writer, i problem.Item) {
	fmt.Fprintf(w, "%s, version %d: %s\n", i.Names.Reason.EN, i.Version, i.Event)
	rows := [][2]string{
		{"product", i.Names.Product.EN},
		{"for", i.Department},
		{"state", string(i.State)},
		{"severity", i.Severity},
		{"nature and volume", fmt.Sprintf("%d customers, %d contacts, %s to %s", i.Customers, i.Contacts,
			i.FirstSeen.Local().Format("02-01 15:04:05"), i.LastSeen.Local().Format("02-01 15:04:05"))},
	}
	if !i.AcknowledgeBy.IsZero() {
		rows = append(rows, [2]string{"acknowledge by", i.AcknowledgeBy.Local().Format("02-01-2006 15:04")})
	}
	if len(i.Words) > 0 {
		rows = append(rows, [2]string{"words", strings.Join(i.Words, ", ")})
	}
	for _, q := range i.Quotes {
		rows = append(rows, [2]string{"said", q})
	}
	rows = append(rows, [2]string{"problem", i.Link}, [2]string{"affected customers", i.Affected}, [2]string{"their messages", i.Messages})
	for _, row := range rows {
		if row[1] != "" {
			fmt.Fprintf(w, "  %-18s %s\n", row[0], row[1])
		}
	}
	fmt.Fprintln(w)
}
