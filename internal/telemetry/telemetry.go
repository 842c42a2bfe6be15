// Package telemetry writes what operations see of a function: JSON logs, and
// metrics in CloudWatch's embedded format, which are log lines too. Neither
// ever holds anything of a customer: values are counts, kinds and keyed
// hashes.
package telemetry

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Namespace is the CloudWatch namespace of all metrics.
const Namespace = "Heard"

// Start makes JSON on standard output the log of the program.
func Start(function string) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("function", function))
}

// A Meter writes metrics. It is safe for concurrent use.
type Meter struct {
	Function string
	Out      io.Writer
	Now      func() time.Time

	mu sync.Mutex
}

// NewMeter returns the meter of a function, writing to standard output.
func NewMeter(function string) *Meter {
	return &Meter{Function: function, Out: os.Stdout, Now: time.Now}
}

type metric struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

type directive struct {
	Namespace  string     `json:"Namespace"`
	Dimensions [][]string `json:"Dimensions"`
	Metrics    []metric   `json:"Metrics"`
}

// Count writes counts under their names, with the function and what is being
// counted as dimensions. A dimension is one of few: a channel, a department;
// never a customer.
func (m *Meter) Count(dimension, value string, counts map[string]int) {
	line := map[string]any{"Function": m.Function}
	dims := []string{"Function"}
	if dimension != "" {
		line[dimension] = value
		dims = append(dims, dimension)
	}
	var metrics []metric
	for name, n := range counts {
		line[name] = n
		metrics = append(metrics, metric{Name: name, Unit: "Count"})
	}
	line["_aws"] = map[string]any{
		"Timestamp":         m.Now().UnixMilli(),
		"CloudWatchMetrics": []directive{{Namespace: Namespace, Dimensions: [][]string{dims}, Metrics: metrics}},
	}
	text, err := json.Marshal(line)
	if err != nil {
		slog.Error("metric not written", "err", err)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = m.Out.Write(append(text, '\n'))
}
