// Heardctl is the command line of Heard's operators. It sends deliveries as
// platforms do, shows customers and problems as agents and departments see
// them, and repairs data.
//
// It finds a local stack in the folder .heard. For a stack on AWS, set
// HEARD_API, HEARD_STACK and HEARD_TOKEN; heardctl uses the AWS credentials of
// the environment.
//
// Results go to standard output. Hints on the next step go to standard error,
// so that results can be piped.
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

// tool is the state that all commands share.
type tool struct {
	dir string // the folder of the local stack
	out io.Writer
	err io.Writer
}

// errUsage is the error of a wrong command line. The explanation was printed
// already.
var errUsage = errors.New("usage")

// run runs one command line and returns the exit code: 0 for success, 1 for a
// failure, 2 for a wrong command line.
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
	fmt.Fprintf(errOut, "heardctl: no command %q; heardctl help lists all commands\n", flags.Arg(0))
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
	fmt.Fprint(w, "Heardctl works with a running stack. make run starts one on this machine.\n\n"+
		"  go run ./cmd/heardctl [-dir .heard] <command>\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-33s %s\n", c.name+" "+c.args, c.does)
	}
	fmt.Fprint(w, `
A customer is named by an alias, such as phone:31612345678, email:jan@example.com
or account:K-1001. Channels are whatsapp, messenger, instagram, email and webchat;
events/deliveries has an example of each.

heardctl <command> -h shows a command's flags and an example.

For a stack on AWS set HEARD_API (its URL), HEARD_STACK (its name) and HEARD_TOKEN
(a token from your issuer). The commands replay, part, train and taxonomy publish
also need the stack's buckets, in HEARD_BLOBS and HEARD_MAIL.
`)
}

// printHint prints the next step to standard error.
func (t *tool) printHint(format string, args ...any) {
	fmt.Fprintf(t.err, "Next: "+format+"\n", args...)
}

// newFlagSet returns an empty flag set for a command.
func (t *tool) newFlagSet(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(t.err)
	return f
}

// parseArgs parses the flags of a command. The number of its other arguments
// must be from least to most; most is -1 for any number. A wrong command line
// prints the usage and returns errUsage.
func (t *tool) parseArgs(f *flag.FlagSet, args []string, least, most int) error {
	usage := ""
	for _, c := range commands() {
		if c.name == f.Name() {
			usage = fmt.Sprintf("usage: heardctl %s %s\n       %s\nexample: heardctl %s\n", c.name, c.args, c.does, c.example)
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
	tooMany := most >= 0 && f.NArg() > most
	if f.NArg() < least || tooMany {
		f.Usage()
		return errUsage
	}
	return nil
}

func envOrDefault(name, value string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return value
}
