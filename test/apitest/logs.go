package apitest

import (
	"bytes"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// A syncBuffer is a buffer for concurrent writers.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// find returns the first line with a text.
func (s *syncBuffer) find(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.b.String()) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

// canaries are parts of addresses, names, texts, provider ids and tokens that
// the tests send and store.
var canaries = []string{"31970100", "oorbeeld", "10042", "pakket", "factuur", "wamid", "answer-1", "call-1", "agent-7", "Bearer", "eyJ"}

// logged is the log of the tests.
var logged syncBuffer

// requestID matches the gateway's id of a request. Its random letters can be
// those of a canary.
var requestID = regexp.MustCompile(`"request":"[^"]*"`)

// Run runs the tests of a package with the log in memory. It returns the exit
// code for os.Exit, which is 1 if a line has customer data.
func Run(m *testing.M) int {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{ReplaceAttr: removeTime})))
	code := m.Run()
	for line := range strings.Lines(logged.b.String()) {
		rest := requestID.ReplaceAllString(line, "")
		for _, c := range canaries {
			if strings.Contains(rest, c) {
				fmt.Printf("logged %q: %s", c, line)
				code = 1
			}
		}
	}
	return code
}

// LogLine returns the log line of a request, and "" without one.
func LogLine(requestID string) string { return logged.find(requestID) }

// removeTime removes the time of a line: its digits can be those of a canary.
func removeTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
