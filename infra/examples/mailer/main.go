// Mailer is an example program for a department without its own software. It
// receives problem items from the department's queue and mails each as readable
// text, in Dutch or English. The mail has two links: one to acknowledge the
// problem and one to answer. The links open a page of this program. The answer
// on the page goes to the department's queue of updates.
//
//	HEARD_MAILER_KEY=... mailer -stack heard -department documentation -to manuals@example.com \
//	  -smtp mail.example.com:25 -url https://problems.example.com -listen :8090
//
// A link is signed and expires after 30 days. Opening it changes nothing, because
// virus scanners open links too. Only the button on the page sends an update.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"
	_ "time/tzdata" // the program also runs on machines without a time zone database

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := runMailer(ctx, os.Args[1:]); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, flag.ErrHelp) {
		slog.Error("mailer stopped", "err", err)
		os.Exit(1)
	}
}

func runMailer(ctx context.Context, args []string) error {
	m := &mailer{key: []byte(os.Getenv("HEARD_MAILER_KEY")), now: time.Now}
	f := flag.NewFlagSet("mailer", flag.ContinueOnError)
	stack := f.String("stack", "heard", "the `name` of the stack")
	department := f.String("department", "", "the `id` of the department")
	listen := f.String("listen", "127.0.0.1:8090", "the `address` that serves the pages over HTTP; put a TLS proxy before it")
	f.StringVar(&m.to, "to", "", "the `address` to mail to")
	f.StringVar(&m.from, "from", "heard@example.com", "the `address` to mail from")
	f.StringVar(&m.smtp, "smtp", "127.0.0.1:25", "the `host:port` of the mail server")
	f.StringVar(&m.url, "url", "http://127.0.0.1:8090", "the public `URL` of the pages")
	language := f.String("language", "nl", "the `language` of mails and pages: nl or en")
	zone := f.String("zone", "Europe/Amsterdam", "the time `zone` of the department")
	f.StringVar(&m.seenFile, "seen", "seen.json", "the `file` that stores the items that were mailed")
	if err := f.Parse(args); err != nil {
		return err
	}
	m.wording = wordings[*language]
	var err error
	if m.zone, err = time.LoadLocation(*zone); err != nil {
		return fmt.Errorf("-zone: %w", err)
	}
	if err := m.validateSettings(); err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("settings of the AWS SDK: %w", err)
	}
	m.sqs = sqs.NewFromConfig(cfg)
	if err := m.openQueues(ctx, *stack, *department); err != nil {
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: m, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	return m.consumeItems(ctx)
}
