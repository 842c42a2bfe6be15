package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/problem"
)

// runCandidates lists the candidates: words that many customers share whose
// contacts have no known reason. Or it confirms or dismisses one candidate.
func (t *tool) runCandidates(ctx context.Context, args []string) error {
	f := t.newFlagSet("candidates")
	why := f.String("why", "", "with confirm and dismiss, required: the reason for the decision, as `text`")
	reason := f.String("reason", "", "with confirm, required: the `id` of the contact reason in the taxonomy")
	product := f.String("product", "", "with confirm: the `id` of the product, for a reason that is counted per product")
	decision := ""
	if len(args) > 0 && (args[0] == "confirm" || args[0] == "dismiss") {
		decision = args[0]
		args = args[1:]
	}
	least := min(len(decision), 1)
	if err := t.parseArgs(f, args, least, least); err != nil {
		return err
	}
	if decision != "" && *why == "" {
		return errors.New("-why is required: the reason for the decision")
	}
	if (decision == "confirm") != (*reason != "") {
		return errors.New("-reason is required with confirm, and not allowed otherwise")
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	if decision == "" {
		return withRemedy(t.printCandidates(ctx, c))
	}
	var out struct{ Problem string }
	body := map[string]string{"decision": decision, "why": *why, "reason": *reason, "product": *product}
	if err := c.Call(ctx, http.MethodPost, "/v1/candidates/"+url.PathEscape(f.Arg(0)), body, &out); err != nil {
		return withRemedy(fmt.Errorf("%s candidate %s: %w", decision, f.Arg(0), err))
	}
	if out.Problem == "" {
		fmt.Fprintln(t.out, "dismissed: these words are not suggested again for four weeks")
		return nil
	}
	fmt.Fprintln(t.out, "confirmed: problem", out.Problem)
	t.printHint("heardctl problem show %s", out.Problem)
	return nil
}

func (t *tool) printCandidates(ctx context.Context, c *stackclient.Client) error {
	var page struct {
		Candidates []struct {
			ID                  string
			Words, Quotes       []string
			Customers           int
			Contacts            []problem.ContactRef
			FirstSeen, LastSeen time.Time
			ToldAt              time.Time
			ToldTo              string
		}
	}
	if err := c.Call(ctx, http.MethodGet, "/v1/candidates", nil, &page); err != nil {
		return fmt.Errorf("list the candidates: %w", err)
	}
	for _, k := range page.Candidates {
		fmt.Fprintf(t.out, "%s  %d customers, %s to %s: %s\n", k.ID, k.Customers, k.FirstSeen.Local().Format("02-01 15:04"),
			k.LastSeen.Local().Format("02-01 15:04"), strings.Join(k.Words, ", "))
		if k.ToldTo != "" {
			fmt.Fprintf(t.out, "  sent to %s on %s\n", k.ToldTo, k.ToldAt.Local().Format("02-01 15:04"))
		}
		for _, q := range k.Quotes {
			fmt.Fprintf(t.out, "  said %s\n", q)
		}
		for _, r := range k.Contacts {
			fmt.Fprintf(t.out, "  customer %s\n", r.Customer)
		}
	}
	if len(page.Candidates) == 0 {
		fmt.Fprintln(t.out, "no candidates")
		return nil
	}
	t.printHint("heardctl candidates confirm -why <text> -reason <reason> <id>, or heardctl candidates dismiss -why <text> <id>")
	return nil
}
