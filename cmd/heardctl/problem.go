package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/heard-intake/heard/client"
	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/problem"
)

// problemCommands are the commands for problems and their items on the queues of
// departments.
func problemCommands() []command {
	return []command{
		{
			"problems", "[department]", "list the problems of a department, or of all",
			"problems documentation", (*tool).showProblems,
		},
		{
			"problem", "<action> <id> ...", "show or change a problem: show, open, step, attach, detach, split, merge, log",
			"problem step -comment 'We are looking.' 01991234-5678-7abc-8def-0123456789ab acknowledged", (*tool).runProblem,
		},
		{
			"candidates", "[confirm|dismiss <id>]", "list possible problems that the taxonomy does not know, or decide on one",
			"candidates confirm -why 'recall of 3 March' -reason defect 3f2a9c", (*tool).runCandidates,
		},
		{
			"queue", "<department>", "show the problem items on a department's queue",
			"queue documentation", (*tool).showQueue,
		},
		{
			"resend", "<department|problem>", "send the latest item of a problem, or of all open ones, to the queue again",
			"resend documentation", (*tool).resendItems,
		},
	}
}

func (t *tool) showProblems(ctx context.Context, args []string) error {
	f := t.newFlagSet("problems")
	c, err := t.parseAndOpen(ctx, f, args, 0, 1)
	if err != nil {
		return err
	}
	all, err := c.Problems(ctx, f.Arg(0))
	if err != nil {
		return err
	}
	for _, p := range all {
		printProblem(t.out, p)
	}
	if len(all) == 0 {
		fmt.Fprintln(t.out, "no problems")
		return nil
	}
	t.printHint("heardctl problem show <id>")
	return nil
}

func printProblem(w io.Writer, p problem.Problem) {
	fmt.Fprintf(w, "%s  %-12s %-16s %-22s %d customers, %d contacts since %s\n", p.ID, p.State, p.Department,
		strings.TrimSpace(p.Reason+" "+p.Product), p.Customers, p.Contacts, p.FirstSeen.Local().Format("02-01 15:04"))
}

// problemAction is a subcommand of the command problem. Its first argument is
// the id of a problem; for open it is a contact reason.
type problemAction struct {
	least, most int // numbers of arguments; most is -1 for any number
	usage       string
	do          func(t *tool, ctx context.Context, c *stackclient.Client, o problemOptions) error
}

func problemActions() map[string]problemAction {
	return map[string]problemAction{
		"show":   {1, 1, "<id>", (*tool).showProblem},
		"open":   {1, -1, "[-product <id>] [-comment <text>] <reason> [customer ...]", (*tool).openProblem},
		"step":   {1, 2, "[-version <n>] [-comment <text>] [-cause <text>] ... <id> [state]", (*tool).stepProblem},
		"attach": {2, -1, "[-comment <text>] <id> <customer> ...", (*tool).attachContacts},
		"detach": {2, 2, "<id> <customer>", (*tool).detachContact},
		"split":  {1, -1, "[-words <a,b>] [-version <n>] [-comment <text>] <id> [customer ...]", (*tool).splitProblem},
		"merge":  {2, 2, "[-version <n>] [-comment <text>] <id> <into>", (*tool).mergeProblem},
		"log":    {1, 1, "<id>", (*tool).showProblemLog},
	}
}

// problemOptions are the arguments and flags of a [problemAction].
type problemOptions struct {
	args                                                   []string
	comment, cause, workaround, expected, department, link string
	words, product                                         string
	version                                                int
}

func (t *tool) runProblem(ctx context.Context, args []string) error {
	f := t.newFlagSet("problem")
	var o problemOptions
	for name, to := range map[string]*string{"comment": &o.comment, "cause": &o.cause, "workaround": &o.workaround, "link": &o.link} {
		f.StringVar(to, name, "", "the "+name+" in the update, as `text`")
	}
	f.StringVar(&o.expected, "expected", "", "the `time` when it is expected to be fixed, such as 2026-03-20T17:00:00Z")
	f.StringVar(&o.department, "department", "", "with step moved: the new `department`")
	f.StringVar(&o.product, "product", "", "with open: the `product`, for a reason that is counted per product")
	f.StringVar(&o.words, "words", "", "with split: the `words` of the new problem's contacts, separated by commas")
	f.IntVar(&o.version, "version", 0, "the `version` that you saw; the change is refused if the problem changed since")
	// Flags may follow arguments.
	for rest := args; ; {
		if err := t.parseArgs(f, rest, 0, -1); err != nil {
			return err
		}
		if f.NArg() == 0 {
			break
		}
		o.args = append(o.args, f.Arg(0))
		rest = f.Args()[1:]
	}
	if len(o.args) == 0 {
		f.Usage()
		return errUsage
	}
	name := o.args[0]
	a, ok := problemActions()[name]
	if !ok {
		fmt.Fprintf(t.err, "no action %q: use show, open, step, attach, detach, split, merge or log\n", name)
		f.Usage()
		return errUsage
	}
	o.args = o.args[1:]
	tooMany := a.most >= 0 && len(o.args) > a.most
	if len(o.args) < a.least || tooMany {
		fmt.Fprintf(t.err, "usage: heardctl problem %s %s\n", name, a.usage)
		return errUsage
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	if err := a.do(t, ctx, c, o); err != nil {
		return withRemedy(fmt.Errorf("problem %s: %w", name, err))
	}
	return nil
}

// withRemedy adds the API's advice to its error.
func withRemedy(err error) error {
	if e, ok := errors.AsType[*stackclient.StatusError](err); ok && e.Remedy != "" {
		return fmt.Errorf("%w (%s)", err, e.Remedy)
	}
	return err
}

// callProblem calls an operation on a problem, and prints the problem that the
// API returns. path follows /v1/problems.
func (t *tool) callProblem(ctx context.Context, c *stackclient.Client, method, path string, body any) error {
	var p struct {
		client.Problem
		Cause, MergedInto, SplitFrom string
		Links                        []string
	}
	if err := c.Call(ctx, method, "/v1/problems"+path, body, &p); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s  version %d, %s, for %s: %s\n  %d customers, %d contacts; next: %s\n", p.ID, p.Version, p.State, p.Department,
		strings.TrimSpace(p.Reason+" "+p.Product), p.Customers, p.Contacts, cmp.Or(strings.Join(p.Next, ", "), "nothing"))
	if !p.AcknowledgeBy.IsZero() {
		fmt.Fprintf(t.out, "  to be acknowledged by %s\n", p.AcknowledgeBy.Local().Format("02-01-2006 15:04"))
	}
	if !p.ExpectedAt.IsZero() {
		fmt.Fprintf(t.out, "  expected to be fixed by %s\n", p.ExpectedAt.Local().Format("02-01-2006 15:04"))
	}
	for _, row := range [][2]string{
		{"cause:", p.Cause},
		{"workaround:", p.Workaround},
		{"links:", strings.Join(p.Links, " ")},
		{"merged into", p.MergedInto},
		{"split from", p.SplitFrom},
	} {
		if row[1] != "" {
			fmt.Fprintf(t.out, "  %s %s\n", row[0], row[1])
		}
	}
	if len(p.Next) > 0 {
		t.printHint("heardctl problem step -version %d -comment <text> %s %s", p.Version, p.ID, p.Next[0])
	}
	return nil
}

// problemPath returns the path of a problem, followed by rest.
func problemPath(id, rest string) string { return "/" + url.PathEscape(id) + rest }

func (t *tool) showProblem(ctx context.Context, c *stackclient.Client, o problemOptions) error {
	return t.callProblem(ctx, c, http.MethodGet, problemPath(o.args[0], ""), nil)
}

func (t *tool) openProblem(ctx context.Context, c *stackclient.Client, o problemOptions) error {
	refs, err := contactsAbout(ctx, c, o.args[0], o.args[1:])
	if err != nil {
		return err
	}
	return t.callProblem(ctx, c, http.MethodPost, "", map[string]any{"reason": o.args[0], "product": o.product, "comment": o.comment, "contacts": refs})
}

// stepProblem changes the state of a problem, or only its details if no state is
// given.
func (t *tool) stepProblem(ctx context.Context, c *stackclient.Client, o problemOptions) error {
	body := map[string]any{
		"version": o.version, "comment": o.comment, "cause": o.cause, "workaround": o.workaround, "expectedAt": o.expected, "department": o.department,
	}
	if len(o.args) == 2 {
		body["to"] = o.args[1]
	}
	if o.link != "" {
		body["links"] = []string{o.link}
	}
	return t.callProblem(ctx, c, http.MethodPost, problemPath(o.args[0], "/updates"), body)
}

func (t *tool) mergeProblem(ctx context.Context, c *stackclient.Client, o problemOptions) error {
	return t.callProblem(ctx, c, http.MethodPost, problemPath(o.args[0], "/updates"), map[string]any{"to": problem.Merged, "into": o.args[1], "comment": o.comment, "version": o.version})
}

func (t *tool) attachContacts(ctx context.Context, c *stackclient.Client, o problemOptions) error {
	refs, err := contactsOfProblem(ctx, c, o.args[0], o.args[1:])
	if err != nil {
		return err
	}
	return t.callProblem(ctx, c, http.MethodPost, problemPath(o.args[0], "/contacts"), map[string]any{"contacts": refs, "comment": o.comment})
}

func (t *tool) detachContact(ctx context.Context, c *stackclient.Client, o problemOptions) error {
	refs, err := contactsOfProblem(ctx, c, o.args[0], o.args[1:])
	if err != nil {
		return err
	}
	q := url.Values{"customerId": {string(refs[0].Customer)}, "contact": {refs[0].Contact}}
	return t.callProblem(ctx, c, http.MethodDelete, problemPath(o.args[0], "/contacts?")+q.Encode(), nil)
}

func (t *tool) splitProblem(ctx context.Context, c *stackclient.Client, o problemOptions) error {
	refs, err := contactsOfProblem(ctx, c, o.args[0], o.args[1:])
	if err != nil {
		return err
	}
	var words []string
	if o.words != "" {
		words = strings.Split(o.words, ",")
	}
	return t.callProblem(ctx, c, http.MethodPost, problemPath(o.args[0], "/split"), map[string]any{"contacts": refs, "words": words, "comment": o.comment, "version": o.version})
}

func (t *tool) showProblemLog(ctx context.Context, c *stackclient.Client, o problemOptions) error {
	var page struct{ Log []problem.Line }
	if err := c.Call(ctx, http.MethodGet, "/v1/problems"+problemPath(o.args[0], "/log?limit=200"), nil, &page); err != nil {
		return err
	}
	for _, l := range page.Log {
		fmt.Fprintf(t.out, "%4d  %s  %-10s %v  %s  %s\n", l.Version, l.At.Local().Format("02-01-2006 15:04:05"), l.Event,
			cmp.Or(l.After["state"], any("")), cmp.Or(l.By, "heard"), truncateLine(l.Comment, 60))
	}
	return nil
}

// contactsOfProblem is contactsAbout for the reason of a problem.
func contactsOfProblem(ctx context.Context, c *stackclient.Client, id string, names []string) ([]problem.ContactRef, error) {
	if len(names) == 0 {
		return []problem.ContactRef{}, nil
	}
	var p client.Problem
	if err := c.Call(ctx, http.MethodGet, "/v1/problems"+problemPath(id, ""), nil, &p); err != nil {
		return nil, fmt.Errorf("problem %s: %w", id, err)
	}
	return contactsAbout(ctx, c, p.Reason, names)
}

// contactsAbout returns one contact of each customer: the latest one with a reason, or
// else the latest one. Names are ids or aliases.
func contactsAbout(ctx context.Context, c *stackclient.Client, reason string, names []string) ([]problem.ContactRef, error) {
	refs := []problem.ContactRef{}
	for i, name := range names {
		id, err := c.ResolveCustomer(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("customer %d of %d: %w", i+1, len(names), err)
		}
		all, err := c.Contacts(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("contacts of customer %s: %w", id, err)
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("%s has no contact: heardctl history shows what the customer wrote", name)
		}
		hasReason := func(k stackclient.Contact) bool {
			return slices.ContainsFunc(k.Causes, func(x contact.Cause) bool { return x.Reason == reason })
		}
		about := max(0, slices.IndexFunc(all, hasReason))
		refs = append(refs, problem.ContactRef{Customer: id, Contact: all[about].ID})
	}
	return refs, nil
}
