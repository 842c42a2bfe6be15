package api_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// A syncBuffer may be written to by many.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// about returns what was written about a request.
func (s *syncBuffer) about(request string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.b.String()) {
		if strings.Contains(line, request) {
			return line
		}
	}
	return ""
}

// canaries stand in what the tests send and store: addresses, names, words,
// provider ids, tokens.
var canaries = []string{"31970100", "oorbeeld", "10042", "pakket", "factuur", "wamid", "answer-1", "call-1", "agent-7", "Bearer", "eyJ"}

// logged is what the tests log.
var logged syncBuffer

// request is the gateway's id of a request: letters at random, which may be
// those of a canary.
var request = regexp.MustCompile(`"request":"[^"]*"`)

// TestMain holds every line that the tests log to the rule that nothing of a
// customer is logged.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{ReplaceAttr: timeless})))
	code := m.Run()
	for line := range strings.Lines(logged.b.String()) {
		rest := request.ReplaceAllString(line, "")
		for _, c := range canaries {
			if strings.Contains(rest, c) {
				fmt.Printf("logged %q: %s", c, line)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// timeless leaves the time out of a line: its digits may be those of a canary.
func timeless(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
