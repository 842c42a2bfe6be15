package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// A person is a customer, as the API shows one.
type person struct {
	ID      identity.CustomerID `json:"id"`
	Name    string              `json:"name"`
	Account string              `json:"account"`
	Aliases []identity.Address  `json:"aliases"`
}

// find finds the customer of an alias.
func (g *target) find(ctx context.Context, alias string) (person, error) {
	var p person
	return p, g.call(ctx, http.MethodGet, "/v1/customers?alias="+url.QueryEscape(alias), nil, &p)
}

// messages are the last messages of a customer, oldest first.
func (g *target) messages(ctx context.Context, id identity.CustomerID, limit int) ([]contact.Entry, error) {
	var page struct{ Messages []contact.Entry }
	path := fmt.Sprintf("/v1/customers/%s/messages?limit=%d", id, limit)
	if err := g.call(ctx, http.MethodGet, path, nil, &page); err != nil {
		return nil, err
	}
	slices.Reverse(page.Messages)
	return page.Messages, nil
}

// contacts are the last contacts of a customer, latest first.
func (g *target) contacts(ctx context.Context, id identity.CustomerID) ([]contactLine, error) {
	var page struct{ Contacts []contactLine }
	return page.Contacts, g.call(ctx, http.MethodGet, fmt.Sprintf("/v1/customers/%s/contacts", id), nil, &page)
}

type contactLine struct {
	contact.Contact
	State string `json:"state"`
}

func (t *tool) history(ctx context.Context, args []string) error {
	f := t.flags("history")
	asJSON := f.Bool("json", false, "as JSON, one message a line")
	limit := f.Int("limit", 50, "how many of the last `messages`, at most 200")
	if err := t.parse(f, args, 1, 1); err != nil {
		return err
	}
	g, err := t.open(ctx)
	if err != nil {
		return err
	}
	p, err := g.find(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	messages, err := g.messages(ctx, p.ID, *limit)
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
	contacts, err := g.contacts(ctx, p.ID)
	if err != nil {
		return err
	}
	showPerson(t.out, p)
	showMessages(t.out, messages)
	showContacts(t.out, contacts)
	return nil
}

func showPerson(w io.Writer, p person) {
	fmt.Fprintf(w, "%s, customer %s\n", cmp.Or(p.Name, "Somebody"), p.ID)
	for _, a := range p.Aliases {
		fmt.Fprintf(w, "  %-8s %s (%s)\n", a.Kind, a.Value, a.Assurance)
	}
	fmt.Fprintln(w)
}

func showMessages(w io.Writer, messages []contact.Entry) {
	for _, m := range messages {
		arrow := ">"
		if m.Direction == contact.Outbound {
			arrow = "<"
		}
		text := cmp.Or(m.Text, m.Subject, "["+string(m.Kind)+"]")
		fmt.Fprintf(w, "  %s  %-9s %s %s", m.SentAt.Local().Format("02-01 15:04:05"), m.Channel, arrow, oneLine(text, 90))
		if m.State != nil && m.State.Status != "" {
			fmt.Fprintf(w, " (%s)", m.State.Status)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func showContacts(w io.Writer, contacts []contactLine) {
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

// oneLine is the beginning of a text, on one line.
func oneLine(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return string(runes)
}

func (t *tool) waiting(ctx context.Context, args []string) error {
	f := t.flags("waiting")
	if err := t.parse(f, args, 1, 1); err != nil {
		return err
	}
	g, err := t.open(ctx)
	if err != nil {
		return err
	}
	var page struct {
		Contacts []contact.Waiter
		Complete bool
	}
	if err := g.call(ctx, http.MethodGet, "/v1/contacts?state=waiting&department="+url.QueryEscape(f.Arg(0)), nil, &page); err != nil {
		return err
	}
	for _, w := range page.Contacts {
		fmt.Fprintf(t.out, "%8s  %s  %s %s  %v\n", time.Since(w.Since).Round(time.Second), w.Customer, cmp.Or(w.Reason, "unknown"), w.Product, w.Channels)
	}
	switch {
	case len(page.Contacts) == 0:
		fmt.Fprintln(t.out, "nobody waits")
	case !page.Complete:
		fmt.Fprintln(t.out, "and more")
	}
	return nil
}

// problemsOf lists the problems of a department, or all.
func (g *target) problemsOf(ctx context.Context, department string) ([]problem.Problem, error) {
	var all []problem.Problem
	for cursor := ""; ; {
		query := url.Values{"limit": {"200"}}
		if department != "" {
			query.Set("department", department)
		}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var page struct {
			Problems []problem.Problem
			Cursor   string
		}
		if err := g.call(ctx, http.MethodGet, "/v1/problems?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Problems...)
		if cursor = page.Cursor; cursor == "" {
			return all, nil
		}
	}
}

func (t *tool) problems(ctx context.Context, args []string) error {
	f := t.flags("problems")
	if err := t.parse(f, args, 0, 1); err != nil {
		return err
	}
	g, err := t.open(ctx)
	if err != nil {
		return err
	}
	all, err := g.problemsOf(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	for _, p := range all {
		showProblem(t.out, p)
	}
	if len(all) == 0 {
		fmt.Fprintln(t.out, "there are none")
	}
	return nil
}

func showProblem(w io.Writer, p problem.Problem) {
	fmt.Fprintf(w, "%s  %-12s %-16s %-22s %d customers, %d contacts since %s\n", p.ID, p.State, p.Department,
		strings.TrimSpace(p.Reason+" "+p.Product), p.Customers, p.Contacts, p.FirstSeen.Local().Format("02-01 15:04"))
}

// An item is one message on a department's queue.
type item struct {
	problem.Item
	raw     []byte
	receipt string
}

func (t *tool) queue(ctx context.Context, args []string) error {
	f := t.flags("queue")
	remove := f.Bool("delete", false, "take the items off the queue, as a department does; else each look counts as a receive")
	asJSON := f.Bool("json", false, "as they are, one a line")
	if err := t.parse(f, args, 1, 1); err != nil {
		return err
	}
	g, err := t.open(ctx)
	if err != nil {
		return err
	}
	n := 0
	err = g.items(ctx, f.Arg(0), *remove, func(i item) {
		n++
		if *asJSON {
			fmt.Fprintf(t.out, "%s\n", i.raw)
			return
		}
		showItem(t.out, i.Item)
	})
	if n == 0 && err == nil && !*asJSON {
		fmt.Fprintln(t.out, "the queue is empty")
	}
	return err
}

// items receives what is on a department's queue. What is not taken off is
// there again afterwards.
func (g *target) items(ctx context.Context, department string, remove bool, do func(item)) error {
	queue, err := g.Queue(ctx, g.aws, "problems-"+department+".fifo")
	if err != nil {
		return err
	}
	var back []types.ChangeMessageVisibilityBatchRequestEntry
	for {
		out, err := g.aws.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 30,
		})
		if err != nil || len(out.Messages) == 0 {
			return errors.Join(err, g.putBack(context.WithoutCancel(ctx), queue, back))
		}
		for _, m := range out.Messages {
			i := item{raw: []byte(aws.ToString(m.Body)), receipt: aws.ToString(m.ReceiptHandle)}
			if err := json.Unmarshal(i.raw, &i.Item); err != nil {
				return fmt.Errorf("an item that is no JSON: %w", err)
			}
			do(i)
			if !remove {
				back = append(back, types.ChangeMessageVisibilityBatchRequestEntry{
					Id: aws.String(fmt.Sprint(len(back))), ReceiptHandle: m.ReceiptHandle,
				})
				continue
			}
			if _, err := g.aws.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
		}
	}
}

// putBack makes messages visible again, the last of a group first so that they
// keep their order.
func (g *target) putBack(ctx context.Context, queue string, entries []types.ChangeMessageVisibilityBatchRequestEntry) error {
	slices.Reverse(entries)
	for some := range slices.Chunk(entries, 10) {
		_, err := g.aws.SQS.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &queue, Entries: some})
		if err != nil {
			return err
		}
	}
	return nil
}

func showItem(w io.Writer, i problem.Item) {
	fmt.Fprintf(w, "%s, version %d: %s\n", i.Names.Reason.EN, i.Version, i.Event)
	rows := [][2]string{
		{"product", i.Names.Product.EN},
		{"for", i.Department},
		{"state", string(i.State)},
		{"severity", i.Severity},
		{"nature and volume", fmt.Sprintf("%d customers, %d contacts, %s to %s", i.Customers, i.Contacts,
			i.FirstSeen.Local().Format("02-01 15:04:05"), i.LastSeen.Local().Format("02-01 15:04:05"))},
	}
	for _, q := range i.Quotes {
		rows = append(rows, [2]string{"said", q})
	}
	rows = append(rows, [2]string{"all about it", i.Link}, [2]string{"who is affected", i.Affected})
	for _, row := range rows {
		if row[1] != "" {
			fmt.Fprintf(w, "  %-18s %s\n", row[0], row[1])
		}
	}
	fmt.Fprintln(w)
}
