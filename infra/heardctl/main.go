// Heardctl is the operator's command line: it sends what platforms send, shows
// what departments and agents get, and puts right what went wrong.
//
// It finds the local stack by itself. A stack on AWS is named by HEARD_API,
// HEARD_STACK and HEARD_TOKEN, and reached with the credentials of the
// environment.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// A tool is what every command has at hand.
type tool struct {
	dir string // of the local stack
	out io.Writer
	err io.Writer
}

// A command is one word of the command line. Run gets its arguments, flags
// not yet parsed.
type command struct {
	name, args, does string
	run              func(t *tool, ctx context.Context, args []string) error
}

func commands() []command {
	return []command{
		{"demo", "", "play a small story over all channels, and show what comes of it", (*tool).runDemo},
		{"send", "<channel> <file...>", "sign a delivery and send it, as its platform would; email goes by SMTP", (*tool).sendFiles},
		{"normalize", "<channel> <file...>", "show what a delivery holds, one JSON line each, without a network", (*tool).normalizeFiles},
		{"identity", "<kind:value>", "show why a customer is who it is, and who else it may be", (*tool).showIdentity},
		{"merge", "-why <text> <into> <from>", "make one customer of two, named by id or alias", (*tool).mergeCustomers},
		{"unmerge", "-why <text> <id>", "take back the merge by which an id came to its customer", (*tool).unmergeCustomer},
		{"move", "-why -from <alias> [to]", "give an alias to another customer, or to somebody new", (*tool).moveAlias},
		{"doctor", "", "name senders that may be web forms, whose visitors are one customer", (*tool).findForms},
		{"part", "[-dry-run] <address> [customer]", "give the mails of a form's address to the persons who wrote them", (*tool).separateForm},
		{"dismiss", "-why <text> <one> <other>", "say that two customers are two, so that no rule joins them", (*tool).dismissSuggestion},
		{"import", "[-dry-run] <file.jsonl>", "register customers: number, name, locale, phones, mails, orders", (*tool).importRegister},
		{"history", "<kind:value>", "show a customer and everything that was said: phone:31612345678, account:K-1", (*tool).showHistory},
		{"reply", "<kind:value> <text>", "send an answer to a customer by mail", (*tool).sendReply},
		{"brief", "<kind:value>", "show what to know before answering a customer", (*tool).showBrief},
		{"claim", "<kind:value>", "take a customer, so that nobody else answers", (*tool).claimCustomer},
		{"handover", "<kind:value> <to> <reason>", "hand a customer over: to agent:agent-8, team:returns", (*tool).handOverCustomer},
		{"release", "<kind:value>", "leave a customer to anybody", (*tool).releaseCustomer},
		{"note", "<kind:value> <kind> <text>", "write a structured note: want, tried, promise, kept, info", (*tool).addNote},
		{"events", "", "show what agent tools that mirror are told", (*tool).showEvents},
		{"waiting", "<department>", "show who waits for an answer, longest first", (*tool).showWaiting},
		{"problems", "[department]", "show the problems", (*tool).showProblems},
		{"problem", "<act> <id> ...", "work on one: show, open, step, attach, detach, split, merge, log", (*tool).runProblem},
		{"candidates", "[confirm|dismiss <id>]", "show what the taxonomy may not know; -why, and -reason to confirm", (*tool).runCandidates},
		{"queue", "<department>", "show the problem items on a department's queue", (*tool).showQueue},
		{"resend", "<department|problem>", "put the latest item of a problem, or of a department's open ones, on the queue again", (*tool).resendItems},
		{"corrections", "[-text]", "write what agents corrected, a JSON line each; -text: what was said, masked", (*tool).exportCorrections},
		{"reclassify", "-reason <id> -since <time>", "classify contacts by the taxonomy as it is now; -dry-run shows the changes", (*tool).reclassifyContacts},
		{"replay", "quarantine|dead", "take in again what could not be read, or what was given up on", (*tool).replayFailed},
		{"taxonomy", "check|publish <file>", "say what is wrong with a taxonomy; or bring it into use", (*tool).runTaxonomy},
		{"token", "", "print a token for the API of the local stack", (*tool).printToken},
	}
}

// errUsage is a command line that makes no sense; what to say was said.
var errUsage = errors.New("usage")

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	t := &tool{out: out, err: errOut}
	flags := t.newFlagSet("heardctl")
	flags.StringVar(&t.dir, "dir", envOrDefault("HEARD_DIR", ".heard"), "the `folder` of the local stack")
	flags.Usage = func() { t.printHelp(errOut) }
	if err := flags.Parse(args); err != nil {
		return exitCode(err)
	}
	if flags.NArg() == 0 || flags.Arg(0) == "help" {
		t.printHelp(out)
		return 0
	}
	for _, c := range commands() {
		if c.name != flags.Arg(0) {
			continue
		}
		err := c.run(t, ctx, flags.Args()[1:])
		if err != nil && !errors.Is(err, errUsage) && !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(errOut, "heardctl:", err)
		}
		return exitCode(err)
	}
	fmt.Fprintf(errOut, "heardctl: there is no command %q; heardctl help lists them\n", flags.Arg(0))
	return 2
}

func exitCode(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	default:
		return 1
	}
}

func (t *tool) printHelp(w io.Writer) {
	fmt.Fprint(w, "Heardctl works on a running stack: make run starts one on this machine.\n\n"+
		"  go run ./infra/heardctl [-dir .heard] <command>\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-33s %s\n", c.name+" "+c.args, c.does)
	}
	fmt.Fprint(w, `
Channels are whatsapp, messenger, instagram, email and webchat; events/deliveries
holds one of each. heardctl <command> -h shows a command's own flags.

On AWS set HEARD_API (the URL), HEARD_STACK (the stack's name), HEARD_TOKEN (of
your own issuer) and, to replay, HEARD_BLOBS and HEARD_MAIL (the buckets).
`)
}

// newFlagSet are those of one command.
func (t *tool) newFlagSet(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(t.err)
	return f
}

// parseArgs parses the flags of a command, and checks the number of its other
// arguments; most is -1 for any number.
func (t *tool) parseArgs(f *flag.FlagSet, args []string, least, most int) error {
	usage := ""
	for _, c := range commands() {
		if c.name == f.Name() {
			usage = fmt.Sprintf("usage: heardctl %s %s\n       %s\n", c.name, c.args, c.does)
		}
	}
	f.Usage = func() {
		fmt.Fprint(t.err, usage)
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if f.NArg() < least || most >= 0 && f.NArg() > most {
		f.Usage()
		return errUsage
	}
	return nil
}

func envOrDefault(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
