package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
)

// searchCustomers prints the customers whom a text describes, one per line.
func (t *tool) searchCustomers(ctx context.Context, args []string) error {
	f := t.newFlagSet("find")
	c, err := t.parseAndOpen(ctx, f, args, 1, 1)
	if err != nil {
		return err
	}
	found, complete, err := c.SearchCustomers(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	for _, p := range found {
		fmt.Fprintf(t.out, "%s  %s  %s  by %s\n", p.ID, cmp.Or(p.Name, "Name unknown"), cmp.Or(p.Account, "no account"), strings.Join(p.Matches, ", "))
	}
	if len(found) == 0 {
		fmt.Fprintln(t.out, "no customer found; a name must be complete")
	}
	if !complete {
		fmt.Fprintln(t.out, "more customers have this name; search for a number or address instead")
	}
	return nil
}

func (t *tool) showHistory(ctx context.Context, args []string) error {
	f := t.newFlagSet("history")
	asJSON := f.Bool("json", false, "print JSON, one line per message")
	limit := f.Int("limit", 50, "the number of last `messages`, at most 200")
	c, err := t.parseAndOpen(ctx, f, args, 1, 1)
	if err != nil {
		return err
	}
	p, err := c.FindCustomer(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	messages, err := c.Messages(ctx, p.ID, *limit)
	if err != nil {
		return err
	}
	if *asJSON {
		for _, m := range messages {
			if err := json.NewEncoder(t.out).Encode(m); err != nil {
				return err
			}
		}
		return nil
	}
	contacts, err := c.Contacts(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, m := range messages { // a name of the channel, if the register has none
		p.Name = cmp.Or(p.Name, m.Name)
	}
	printPerson(t.out, p)
	printMessages(t.out, messages)
	printContacts(t.out, contacts)
	t.printHint("heardctl brief %[1]s, or heardctl reply %[1]s '<text>'", f.Arg(0))
	return nil
}

func printPerson(w io.Writer, p stackclient.Person) {
	fmt.Fprintf(w, "%s, customer %s\n", cmp.Or(p.Name, "Name unknown"), p.ID)
	for _, a := range p.Aliases {
		fmt.Fprintf(w, "  %-8s %s (%s)\n", a.Kind, a.Value, a.Assurance)
	}
	fmt.Fprintln(w)
}

func printMessages(w io.Writer, messages []message.Entry) {
	for _, m := range messages {
		arrow := ">"
		if m.Direction == message.Outbound {
			arrow = "<"
		}
		text := cmp.Or(m.Text, m.Subject, "["+string(m.Kind)+"]")
		fmt.Fprintf(w, "  %s  %-9s %s %s", m.SentAt.Local().Format("02-01 15:04:05"), m.Channel, arrow, truncateLine(text, 90))
		if n := len(m.Attachments); n > 0 {
			fmt.Fprintf(w, " [files: %d]", n)
		}
		if m.Mark != "" {
			fmt.Fprintf(w, " [%s]", m.Mark)
		}
		if m.State != nil && m.State.Status != "" {
			fmt.Fprintf(w, " (%s)", strings.TrimSpace(m.State.Status+" "+m.State.Code))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func printContacts(w io.Writer, contacts []stackclient.Contact) {
	for _, c := range contacts {
		var about []string
		for _, cause := range c.Causes {
			about = append(about, strings.TrimSuffix(cause.Reason+" "+cause.Product, " "))
		}
		var channels []string
		for _, ch := range c.Channels {
			channels = append(channels, string(ch))
		}
		fmt.Fprintf(w, "  contact of %s over %s: %s, for %s, %s\n", c.Start.Local().Format("02-01 15:04"),
			strings.Join(channels, ", "), cmp.Or(strings.Join(about, "; "), "no reason known"), c.Department, c.State)
	}
}

// truncateLine returns the first most letters of a text on one line.
func truncateLine(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return string(runes)
}

func (t *tool) showWaiting(ctx context.Context, args []string) error {
	f := t.newFlagSet("waiting")
	holder := f.String("holder", "", "only customers of this `holder`, such as agent:agent-7, team:returns or none")
	channel := f.String("channel", "", "only contacts on this `channel`")
	severity := f.String("severity", "", "only contacts of this `severity`: low, normal, high or critical")
	c, err := t.parseAndOpen(ctx, f, args, 0, 1)
	if err != nil {
		return err
	}
	query := map[string]string{"department": f.Arg(0), "holder": *holder, "channel": *channel, "severity": *severity}
	rows, complete, err := c.Waiting(ctx, query)
	if err != nil {
		return err
	}
	for _, w := range rows {
		reason := strings.TrimSpace(cmp.Or(w.Reason, "unknown") + " " + w.Product)
		if w.Severity == contact.Critical {
			reason += ", CRITICAL"
		}
		if w.Claim != nil {
			reason += ", " + w.Claim.Holder.String()
		}
		fmt.Fprintf(t.out, "%s  %s  %s: %s  %v\n    %q\n", formatWait(time.Since(w.Since)), cmp.Or(w.Name, "Name unknown"), w.Department, reason, w.Channels, w.Question)
	}
	switch {
	case len(rows) == 0:
		fmt.Fprintln(t.out, "no customer is waiting")
		return nil
	case !complete:
		fmt.Fprintln(t.out, "and more")
	}
	t.printHint("heardctl find <name or number> finds a customer; heardctl brief <kind:value> shows the summary")
	return nil
}

// formatWait returns a duration as people say it, such as "1 day 4 hours".
func formatWait(d time.Duration) string {
	days := int(d.Hours()) / 24
	hours := int(d.Hours()) % 24
	minutes := int(d.Minutes()) % 60
	switch {
	case days > 0:
		return countOf(days, "day") + " " + countOf(hours, "hour")
	case hours > 0:
		return countOf(hours, "hour") + " " + countOf(minutes, "minute")
	case minutes > 0:
		return countOf(minutes, "minute")
	default:
		return "less than a minute"
	}
}
