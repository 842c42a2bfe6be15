// Command local runs the whole stack of infra/template.yaml on this machine
// until Ctrl-C. It stores the data in .heard/ and reuses it on the next start.
//
//	go run ./infra/local [-memory] [-chaos] [-port 8080] [-dir .heard]
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/heard-intake/heard/infra/local/eventsource"
	"github.com/heard-intake/heard/infra/local/stack"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "heard:", err)
		os.Exit(1)
	}
}

func run() error {
	dir := flag.String("dir", ".heard", "store the data in this `folder`")
	memory := flag.Bool("memory", false, "keep the data in memory and start empty")
	port := flag.Int("port", stack.DefaultPort, "serve the API on this `port` and the other services on the ports after it")
	chaos := flag.Bool("chaos", false, "misbehave as AWS may: duplicate, reorder, split, throttle, freeze and kill")
	quiet := flag.Bool("quiet", false, "do not print the log lines of the functions")
	parameters := map[string]string{}
	flag.Func("set", "set a parameter of the template, such as MailForms=form@shop.example; may be repeated", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("write Name=value")
		}
		parameters[name] = value
		return nil
	})
	flag.Parse()
	if err := checkPrerequisites(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	cfg := stack.Config{Dir: *dir, Memory: *memory, Port: *port, Parameters: parameters, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if !*quiet {
		cfg.Output = withoutMetrics{os.Stdout}
	}
	if *chaos {
		cfg.Freeze = true
		cfg.KillEvery = 2 * time.Second
		cfg.Chaos = eventsource.Chaos{
			Seed:      uint64(time.Now().UnixNano()),
			Duplicate: .1, Reorder: .3, Split: .3, Concurrent: .3, Throttle: .05, Lose: .05,
		}
	}
	fmt.Println("Starting Heard ...")
	began := time.Now()
	s, err := stack.Start(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Print(welcomeText(s, *dir, time.Since(began)))
	<-ctx.Done()
	stop() // a second Ctrl-C ends the process at once
	fmt.Println("\nStopping ...")
	return s.Close()
}

// checkPrerequisites returns an error that names every missing program and how
// to install it. It does not check for npm, which only the first download needs.
func checkPrerequisites() error {
	var missing []string
	for program, install := range map[string]string{
		"go":   "Go 1.26 (https://go.dev/dl)",
		"java": "Java 17 (apt-get install openjdk-17-jre-headless)",
	} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, install)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		return errors.New("install these first: " + strings.Join(missing, "; "))
	}
	if _, err := os.Stat(filepath.Join("infra", "template.yaml")); err != nil {
		return errors.New("infra/template.yaml not found: run this from the root of the repository")
	}
	return nil
}

// welcomeText lists the addresses of the running stack and the commands to try first.
func welcomeText(s *stack.Stack, dir string, took time.Duration) string {
	data := "in " + dir
	if s.InMemory() {
		data = "in memory only"
	}
	var secret, verify string
	if values, err := s.Secret(context.Background(), "whatsapp"); err == nil {
		secret = values["appSecret"]
		verify = values["verifyToken"]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nHeard is running (started in %.1f s). Data: %s. Press Ctrl-C to stop.\n\n", took.Seconds(), data)
	for _, row := range [][2]string{
		{"API and webhooks", s.API},
		{"mail (SMTP)", s.SMTP + ", for any address at " + s.MailDomain},
		{"tokens (OpenID Connect)", s.Issuer},
		{"DynamoDB", s.Endpoints["DynamoDB"] + ", table " + s.Table + ", access key " + s.AccessKey},
		{"SQS", s.Endpoints["SQS"]},
		{"S3", s.Endpoints["S3"] + ", buckets " + s.Blobs + " and " + s.Mail},
		{"Secrets Manager", s.Endpoints["Secrets Manager"]},
		{"Lambda", s.Endpoints["Lambda"]},
		{"Meta's Graph API", s.GraphURL},
		{"SES, sent mails", s.Endpoints["SESv2"] + ", " + s.Sent},
	} {
		fmt.Fprintf(&b, "  %-24s %s\n", row[0], row[1])
	}
	fmt.Fprintf(&b, `
Try this first, in another terminal:

  go run ./cmd/heardctl demo

Or call the webhook as WhatsApp does:

  curl '%[1]s/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=hello&hub.verify_token=%[3]s'

  body=$(cat events/deliveries/whatsapp.json)
  curl -i %[1]s/webhooks/whatsapp -H 'Content-Type: application/json' --data-raw "$body" \
    -H "X-Hub-Signature-256: sha256=$(printf %%s "$body" | openssl dgst -sha256 -hmac %[2]s -r | cut -d' ' -f1)"
  go run ./cmd/heardctl history phone:319701000001

`, s.API, secret, verify)
	return b.String()
}

// withoutMetrics drops the log lines that are CloudWatch metrics (EMF).
type withoutMetrics struct{ io.Writer }

// Write writes one line, or drops it and reports it as written.
func (w withoutMetrics) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(`"_aws":`)) {
		return len(line), nil
	}
	return w.Writer.Write(line)
}
