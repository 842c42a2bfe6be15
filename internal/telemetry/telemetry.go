// Package telemetry writes the logs and metrics of a function. Logs are JSON
// lines. Metrics are log lines in CloudWatch's embedded metric format (EMF).
// Neither may contain customer data: use counts, kinds and keyed hashes only.
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

// Start sets the default logger of slog: JSON lines on standard output, with the
// function's name.
func Start(function string) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("function", function))
}

// A Meter writes metrics in EMF. It is safe for concurrent use.
type Meter struct {
	Function string
	Out      io.Writer
	Now      func() time.Time

	mu sync.Mutex
}

// NewMeter returns the meter of a function. It writes to standard output.
func NewMeter(function string) *Meter {
	return &Meter{Function: function, Out: os.Stdout, Now: time.Now}
}

type metricDefinition struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

type metricDirective struct {
	Namespace  string             `json:"Namespace"`
	Dimensions [][]string         `json:"Dimensions"`
	Metrics    []metricDefinition `json:"Metrics"`
}

// Count writes one metric per entry of counts, as one line. The metrics have the
// dimension Function, and also the given dimension unless its name is empty. Use
// a dimension with few values, such as a channel or a department.
func (m *Meter) Count(dimension, value string, counts map[string]int) {
	line := map[string]any{"Function": m.Function}
	dims := []string{"Function"}
	if dimension != "" {
		line[dimension] = value
		dims = append(dims, dimension)
	}
	var metrics []metricDefinition
	for name, n := range counts {
		line[name] = n
		metrics = append(metrics, metricDefinition{Name: name, Unit: "Count"})
	}
	line["_aws"] = map[string]any{
		"Timestamp":         m.Now().UnixMilli(),
		"CloudWatchMetrics": []metricDirective{{Namespace: Namespace, Dimensions: [][]string{dims}, Metrics: metrics}},
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
