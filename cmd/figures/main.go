// Figures measures cost and speed of Heard. It prints one line per figure: name,
// value, unit and budget, separated by tabs. A fifth column "missed" marks a
// figure beyond its budget.
//
//	go run ./cmd/figures [-n messages] [-only part,part]
//
// Capacity units are computed from item sizes, as AWS bills them. Figures whose
// name ends in "on DynamoDB Local" are the units or times that DynamoDB Local
// reports; compare the two. Times depend on this machine. Budgets of times are
// therefore ratios to a bare function that is measured in the same run.
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
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/infra/local/dynamo"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// local marks the name of a figure that was measured on DynamoDB Local.
const local = ", on DynamoDB Local"

// A figure is one line of the output.
type figure struct {
	name   string
	value  float64
	unit   string
	budget string // "<= 4" or ">= 20"; empty for no budget
}

// A printer prints figures.
type printer struct{ out io.Writer }

func (p printer) printFigure(f figure) {
	value := fmt.Sprintf("%.2f", f.value)
	if f.value == math.Trunc(f.value) || math.Abs(f.value) >= 100 {
		value = fmt.Sprintf("%.0f", f.value)
	}
	line := []string{f.name, value, f.unit, f.budget}
	if f.missesBudget() {
		line = append(line, "missed")
	}
	_, _ = fmt.Fprintln(p.out, strings.Join(line, "\t"))
}

// missesBudget reports whether a figure is beyond its budget.
func (f figure) missesBudget() bool {
	var sign string
	var bound float64
	if _, err := fmt.Sscan(f.budget, &sign, &bound); err != nil {
		return false // no budget
	}
	if sign == "<=" {
		return f.value > bound
	}
	return sign == ">=" && f.value < bound
}

func atMost(v float64) string { return fmt.Sprintf("<= %g", v) }

// A run holds the settings and the database that all measurements share.
type run struct {
	printer
	n    int    // inbound messages of the replay
	root string // of the repository
	db   *dynamo.Server
}

// newTable creates an empty table. The ledger l records the cost of every
// operation on it.
func (r run) newTable(ctx context.Context, l *ledger) (*store.Table, *dynamodb.Client, error) {
	return r.newTableWithKey(ctx, "FIGURES"+rand.Text(), l)
}

// newTableWithKey creates an empty table in the database of an access key, so
// that another process can use the table too.
func (r run) newTableWithKey(ctx context.Context, accessKey string, l *ledger) (*store.Table, *dynamodb.Client, error) {
	db := dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: &r.db.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, "secret", ""),
	}, l.installMiddleware)
	if _, err := db.CreateTable(ctx, storetest.Schema(storetest.Name)); err != nil {
		return nil, nil, fmt.Errorf("create a table: %w", err)
	}
	return store.New(db, storetest.Name, storetest.Pepper), db, nil
}

// loadTaxonomy returns the example taxonomy of the repository.
func (r run) loadTaxonomy() (*taxonomy.Taxonomy, error) {
	file := filepath.Join(r.root, "infra", "taxonomy.yaml")
	data, err := os.ReadFile(file) //nolint:gosec // a file of the repository
	if err != nil {
		return nil, fmt.Errorf("run this from the root of the repository: %w", err)
	}
	tax, err := taxonomy.Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return tax, nil
}

// measurements are the measurements, in the order in which they run.
var measurements = []struct {
	name    string
	measure func(context.Context, run) error
}{
	{"units", measureUnits},
	{"replay", measureReplays},
	{"burst", measureBursts},
	{"history", measureHistory},
	{"walk", measureWalk},
	{"brief", measureBriefs},
	{"speed", measureSpeed},
	{"mail", measureMails},
	{"zip", measureZips},
	{"triage", measureTriage},
	{"functions", measureFunctions},
}

func main() {
	n := flag.Int("n", 10_000, "inbound messages of the replay")
	only := flag.String("only", "", "measure these parts only: units, replay, burst, history, brief, walk, speed, mail, zip, triage, functions")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // silences the packages that run in this process
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	db, err := dynamo.Start(ctx, dynamo.Config{})
	if err != nil {
		fmt.Fprintf(os.Stderr, "figures: %v\n", err)
		os.Exit(1)
	}
	r := run{printer: printer{os.Stdout}, n: *n, root: ".", db: db}
	for _, p := range measurements {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), p.name) {
			continue
		}
		if err := p.measure(ctx, r); err != nil {
			fmt.Fprintf(os.Stderr, "figures: %s: %v\n", p.name, err)
			os.Exit(1)
		}
	}
}
