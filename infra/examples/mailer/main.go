// Mailer is an example of a consumer for a department without a programmer: it
// takes problem items off the department's queue, and mails each as a text
// that a person can read, in Dutch or English. The mail has two links: one to
// acknowledge the problem, one to answer. They lead to a page of this program,
// and what is said there goes to the department's own queue of updates.
//
//	HEARD_MAILER_KEY=... mailer -stack heard -department documentation -to manuals@example.com \
//	  -smtp mail.example.com:25 -url https://problems.example.com -listen :8090
//
// A link is signed and ends after 30 days. Opening it changes nothing, since
// programs that look for viruses open links too; pressing the button does.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"
	_ "time/tzdata" // zones are known wherever it runs

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, flag.ErrHelp) {
		slog.Error("mailer ended", "err", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	m := &mailer{key: []byte(os.Getenv("HEARD_MAILER_KEY")), now: time.Now}
	f := flag.NewFlagSet("mailer", flag.ContinueOnError)
	stack := f.String("stack", "heard", "the `name` of the stack")
	department := f.String("department", "", "the `id` of the department")
	listen := f.String("listen", "127.0.0.1:8090", "where the pages are served, behind something that speaks TLS")
	f.StringVar(&m.to, "to", "", "the `address` to mail to")
	f.StringVar(&m.from, "from", "heard@example.com", "the `address` to mail from")
	f.StringVar(&m.smtp, "smtp", "127.0.0.1:25", "the mail server")
	f.StringVar(&m.url, "url", "http://127.0.0.1:8090", "where people reach the pages")
	language := f.String("language", "nl", "nl or en")
	zone := f.String("zone", "Europe/Amsterdam", "the time zone of the department")
	f.StringVar(&m.seenFile, "seen", "seen.json", "the `file` that remembers what was mailed")
	if err := f.Parse(args); err != nil {
		return err
	}
	m.tongue = tongues[*language]
	var err error
	if m.zone, err = time.LoadLocation(*zone); err != nil {
		return err
	}
	if err := m.check(); err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	m.sqs = sqs.NewFromConfig(cfg)
	if err := m.open(ctx, *stack, *department); err != nil {
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: m, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	return m.consume(ctx)
}
