package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/heard-intake/heard/infra/heardctl/client"
	"github.com/heard-intake/heard/internal/workflow"
)

// runCandidates shows the words that many customers of no known reason share, or
// says of one whether it is a problem.
func (t *tool) runCandidates(ctx context.Context, args []string) error {
	f := t.newFlagSet("candidates")
	why := f.String("why", "", "with confirm and dismiss: what decided it, as `text`")
	reason := f.String("reason", "", "with confirm: the `id` of the reason whose problem it is")
	product := f.String("product", "", "with confirm: the `id` of the product, of a reason that is counted per product")
	decision := ""
	if len(args) > 0 && (args[0] == "confirm" || args[0] == "dismiss") {
		decision, args = args[0], args[1:]
	}
	least := min(len(decision), 1)
	if err := t.parseArgs(f, args, least, least); err != nil {
		return err
	}
	if decision != "" && (*why == "" || (decision == "confirm") != (*reason != "")) {
		return errors.New("say why with -why, and of a candidate that is confirmed, and no other, its -reason")
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
		return withRemedy(err)
	}
	if out.Problem == "" {
		fmt.Fprintln(t.out, "dismissed: these words are suggested no more for four weeks")
		return nil
	}
	fmt.Fprintln(t.out, "confirmed: problem", out.Problem)
	return nil
}

func (t *tool) printCandidates(ctx context.Context, c *client.Client) error {
	var page struct {
		Candidates []struct {
			ID                  string
			Words, Quotes       []string
			Customers           int
			Contacts            []workflow.Ref
			FirstSeen, LastSeen time.Time
			ToldAt              time.Time
			ToldTo              string
		}
	}
	if err := c.Call(ctx, http.MethodGet, "/v1/candidates", nil, &page); err != nil {
		return err
	}
	for _, k := range page.Candidates {
		fmt.Fprintf(t.out, "%s  %d customers, %s to %s: %s\n", k.ID, k.Customers, k.FirstSeen.Local().Format("02-01 15:04"),
			k.LastSeen.Local().Format("02-01 15:04"), strings.Join(k.Words, ", "))
		if k.ToldTo != "" {
			fmt.Fprintf(t.out, "  told to %s on %s\n", k.ToldTo, k.ToldAt.Local().Format("02-01 15:04"))
		}
		for _, q := range k.Quotes {
			fmt.Fprintf(t.out, "  said %s\n", q)
		}
		for _, r := range k.Contacts {
			fmt.Fprintf(t.out, "  customer %s\n", r.Customer)
		}
	}
	if len(page.Candidates) == 0 {
		fmt.Fprintln(t.out, "there are none")
	}
	return nil
}
