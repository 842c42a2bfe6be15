package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/channeltest"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/channel/email/reply"
	"github.com/heard-intake/heard/internal/channel/messenger"
	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

// measureSpeed measures the normalizers: on a typical message of each channel,
// and for webhooks also on every payload of their tests.
func measureSpeed(_ context.Context, r run) error {
	now := time.Now()
	who := traffic.Someone(1)
	text := strings.Repeat("Goedemiddag, ik wacht nog op mijn bestelling. Kunt u zien waar die blijft? ", 3)
	said := traffic.Said{From: who, ID: traffic.Wamid(who, "1"), At: now, Text: text}
	quoted := strings.Repeat("Dank voor uw bericht, we zoeken het uit en laten het u weten.\n", 10)
	mail := traffic.AddSESHeaders(traffic.MailReply(who, "2@example.org", "1@example.org", "Bestelling", text, quoted, now), traffic.SESMessageID("1"), who, now)
	id := traffic.DeterministicUUIDv7(now, "1")
	said2 := said
	said2.ID = traffic.MID("1")
	readMail := func(raw []byte) (message.Delivery, error) {
		d, _, err := email.Normalize(raw, email.EnvelopeFromHeaders(raw))
		return d, err
	}
	for _, c := range []struct {
		name      string
		normalize channeltest.Normalizer
		body      []byte
	}{
		{"WhatsApp", whatsapp.Normalize, traffic.WhatsApp(said)},
		{"Messenger", messenger.Normalize, traffic.Messenger(said2)},
		{"mail", readMail, mail},
		{"chat", func(b []byte) (message.Delivery, error) {
			return webchat.Normalize(traffic.Site, who.Visitor, b, now)
		}, traffic.Chat(id, text)},
	} {
		if _, err := c.normalize(c.body); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		res := testing.Benchmark(func(b *testing.B) { channeltest.Bench(b, c.normalize, [][]byte{c.body}) })
		name := fmt.Sprintf("normalizer, a %s text of %d bytes in all", c.name, len(c.body))
		r.printFigure(figure{name, throughput(res), "MB/s", ""})
		r.printFigure(figure{name, float64(res.AllocsPerOp()), "allocations", ""})
		r.printFigure(figure{name, float64(res.NsPerOp()) / 1000, "µs", ""})
	}
	for _, c := range []struct {
		name, dir string
		normalize channeltest.Normalizer
	}{{"WhatsApp", "whatsapp", whatsapp.Normalize}, {"Messenger", "messenger", messenger.Normalize}} {
		bodies, err := readPayloads(filepath.Join(r.root, "internal", "channel", c.dir, "testdata"))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		res := testing.Benchmark(func(b *testing.B) { channeltest.Bench(b, c.normalize, bodies) })
		name := fmt.Sprintf("normalizer, the %d %s shapes of its tests", len(bodies), c.name)
		r.printFigure(figure{name, throughput(res), "MB/s", ""})
		r.printFigure(figure{name, float64(res.AllocsPerOp()) / float64(len(bodies)), "allocations each", ""})
		r.printFigure(figure{name + ", to json.Valid and HMAC", res.Extra["x-floor"], "times", atMost(4)})
	}
	large := []byte(strings.Replace(string(mail), text, strings.Repeat(text+"\r\n", 20_000), 1))
	r.printFigure(figure{"guard of a mail of 4 MB", throughput(runBenchmark(len(large), func() error { return email.CheckLimits(large) })), "MB/s", ">= 1000"})
	long := strings.Repeat(text+"\n", 4) + "\nOp 1 mei 2026 schreef Klantenservice <" + traffic.Mailbox + ">:\n> " + strings.ReplaceAll(quoted, "\n", "\n> ")
	r.printFigure(figure{"stripping of quoted text", throughput(runBenchmark(len(long), func() error { reply.Strip(long, reply.Options{}); return nil })), "MB/s", ">= 20"})
	return nil
}

// runBenchmark measures one function that processes size bytes per call.
func runBenchmark(size int, do func() error) testing.BenchmarkResult {
	return testing.Benchmark(func(b *testing.B) {
		b.SetBytes(int64(size))
		for b.Loop() {
			if err := do(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func throughput(r testing.BenchmarkResult) float64 {
	if r.T <= 0 {
		return 0
	}
	return float64(r.Bytes) * float64(r.N) / 1e6 / r.T.Seconds()
}

// readPayloads returns the payloads in the test data of a channel.
func readPayloads(dir string) ([][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var bodies [][]byte
	for _, name := range names {
		if strings.HasSuffix(name, ".golden.json") {
			continue
		}
		body, err := os.ReadFile(name) //nolint:gosec // our own test data
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	if len(bodies) == 0 {
		return nil, fmt.Errorf("no payloads in %s: run this from the root of the repository", dir)
	}
	return bodies, nil
}

// measureZips measures the size of the deployed zip files.
func measureZips(ctx context.Context, r run) error {
	folders, err := filepath.Glob(filepath.Join(r.root, "functions", "*", "main.go"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "heard-figures-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-tags=lambda.norpc", "-o", dir + string(filepath.Separator)}
	for _, f := range folders {
		args = append(args, "./functions/"+filepath.Base(filepath.Dir(f)))
	}
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own folders
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build functions: %w\n%s", err, out)
	}
	for _, f := range folders {
		name := filepath.Base(filepath.Dir(f))
		size, err := zippedSize(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("zip %s: %w", name, err)
		}
		r.printFigure(figure{"zip of " + name + ", arm64", float64(size) / 1e6, "MB", atMost(6)})
	}
	return nil
}

// zippedSize returns the size in bytes of a zip with one file.
func zippedSize(file string) (size int64, err error) {
	in, err := os.Open(file) //nolint:gosec // we built the file
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	var n byteCounter
	w := zip.NewWriter(&n)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.DefaultCompression) })
	out, err := w.Create("bootstrap")
	if err != nil {
		return 0, fmt.Errorf("create the entry: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		return 0, fmt.Errorf("compress: %w", err)
	}
	err = w.Close()
	return int64(n), err
}

// byteCounter counts the bytes that are written to it.
type byteCounter int64

func (c *byteCounter) Write(p []byte) (int, error) { *c += byteCounter(len(p)); return len(p), nil }
