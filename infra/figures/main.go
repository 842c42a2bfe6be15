// Figures measures what Heard costs and how fast it is, and prints one line
// for each: name, value, unit and budget, separated by tabs; and "missed" behind
// a budget that is.
//
//	go run ./infra/figures [-n messages] [-only part,part]
//
// Capacity units are computed from the sizes of items, as AWS bills them, and
// checked against what DynamoDB Local reports; what is measured on DynamoDB
// Local says so. Times are of this machine: the ratios to a bare function,
// measured in the same run, are what a budget can hold.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/infra/local/dynamo"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// local says where a figure was measured.
const local = ", on DynamoDB Local"

// A figure is one line.
type figure struct {
	name   string
	value  float64
	unit   string
	budget string // empty: none
}

// A page is where figures go.
type page struct{ out io.Writer }

func (p page) add(f figure) {
	value := fmt.Sprintf("%.2f", f.value)
	if f.value == math.Trunc(f.value) || math.Abs(f.value) >= 100 {
		value = fmt.Sprintf("%.0f", f.value)
	}
	line := []string{f.name, value, f.unit, f.budget}
	if f.missed() {
		line = append(line, "missed")
	}
	_, _ = fmt.Fprintln(p.out, strings.Join(line, "\t"))
}

// missed reports whether a figure is beyond its budget.
func (f figure) missed() bool {
	var sign string
	var bound float64
	if _, err := fmt.Sscan(f.budget, &sign, &bound); err != nil {
		return false // there is none
	}
	return sign == "<=" && f.value > bound || sign == ">=" && f.value < bound
}

func atMost(v float64) string { return fmt.Sprintf("<= %g", v) }

// A run is what the parts share.
type run struct {
	page
	n    int    // messages of the replay
	root string // of the repository
	db   *dynamo.Server
}

// table returns an empty table whose cost goes into l.
func (r run) table(ctx context.Context, l *ledger) (*store.Table, *dynamodb.Client, error) {
	return r.tableOf(ctx, "FIGURES"+rand.Text(), l)
}

// tableOf returns an empty table that others reach under an access key, too.
func (r run) tableOf(ctx context.Context, accessKey string, l *ledger) (*store.Table, *dynamodb.Client, error) {
	db := dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: &r.db.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, "secret", ""),
	}, l.install)
	_, err := db.CreateTable(ctx, storetest.Schema(storetest.Name))
	return store.New(db, storetest.Name, storetest.Pepper), db, err
}

// parts are what is measured, in order.
var parts = []struct {
	name    string
	measure func(context.Context, run) error
}{
	{"units", units},
	{"replay", replays},
	{"burst", bursts},
	{"history", history},
	{"walk", walk},
	{"brief", briefs},
	{"speed", speed},
	{"mail", mails},
	{"zip", zips},
	{"triage", triages},
	{"functions", functions},
}

func main() {
	n := flag.Int("n", 10_000, "inbound messages of the replay")
	only := flag.String("only", "", "measure these parts only: units, replay, burst, history, brief, walk, speed, mail, zip, triage, functions")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // of the packages that run in process
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	db, err := dynamo.Start(ctx, dynamo.Config{})
	if err != nil {
		fmt.Fprintf(os.Stderr, "figures: %v\n", err)
		os.Exit(1)
	}
	r := run{page: page{os.Stdout}, n: *n, root: ".", db: db}
	for _, p := range parts {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), p.name) {
			continue
		}
		if err := p.measure(ctx, r); err != nil {
			fmt.Fprintf(os.Stderr, "figures: %s: %v\n", p.name, err)
			os.Exit(1)
		}
	}
}
