// Package sqs stands in for Amazon SQS on one machine: standard and FIFO
// queues, dead letters, long polling, both wire protocols of the service, and
// messages that survive a kill.
//
// Everything a client was told is on disk before it was told: an operation
// changes the state in memory and appends a record of that change to one log,
// and its answer waits until the log is synced to there. Senders that wait at
// the same time share one sync. A start replays the log and writes it anew
// without what is gone. What is in flight, and a running move task, is
// forgotten by a restart: such messages are visible at once, as a developer
// who restarts the stack would want; their receive counts stay.
//
// It is stricter than the service where that shows bugs sooner (a stale
// receipt handle never deletes, delivery is not doubled by chance) and more
// lenient where the service only makes one wait (a deleted queue can be made
// again at once, attributes hold at once). Signatures are not verified.
package sqs

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Config is what a Server needs.
type Config struct {
	Dir       string           // where the log lies; empty keeps everything in memory only
	AccountID string           // in queue URLs and ARNs; empty means 000000000000
	Region    string           // in ARNs; empty means eu-west-1
	Now       func() time.Time // the clock of delays, visibility, retention and deduplication; nil means time.Now
	Log       *slog.Logger     // nil means slog.Default()
}

// Server is the stand-in, an http.Handler that answers for any number of queues.
type Server struct {
	account, region string
	clock           func() time.Time
	log             *slog.Logger
	journal         *journal // nil when in memory only

	mu      sync.Mutex
	queues  map[string]*queue
	tasks   []*moveTask   // newest first
	seq     uint64        // the last given sequence number
	closing chan struct{} // closed by Close, ends long polls and move tasks
	closed  bool
}

// New starts a server, with what an earlier one left in Dir. Two servers cannot
// share a Dir.
func New(c Config) (*Server, error) {
	s := &Server{
		account: orElse(c.AccountID, "000000000000"),
		region:  orElse(c.Region, "eu-west-1"),
		clock:   c.Now,
		log:     c.Log,
		queues:  map[string]*queue{},
		closing: make(chan struct{}),
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if c.Dir == "" {
		return s, nil
	}
	j, err := openJournal(c.Dir, s.log, s.applyRecord, s.snapshotState)
	if err != nil {
		return nil, fmt.Errorf("opening the queues in %s: %w", c.Dir, err)
	}
	s.journal = j
	return s, nil
}

// Close ends long polls and move tasks, syncs the log and releases Dir. Later
// requests are answered 503.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()
	return s.journal.closeLog()
}

// do runs one change or look at the state, and returns once all it rests on is
// on disk.
func (s *Server) runDurably(f func(now int64) error) error {
	at, err := s.runLocked(f)
	return errors.Join(s.journal.waitDurable(at), err)
}

// locked runs f with the lock held, and tells where the log then ends.
func (s *Server) runLocked(f func(now int64) error) (end uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errUnavailable.withMessage("The stand-in is stopping.")
	}
	err = f(s.nowMillis())
	return s.journal.appendedCount(), err
}

func (s *Server) nowMillis() int64 { return s.clock().UnixMilli() }

func orElse(v, otherwise string) string {
	if v == "" {
		return otherwise
	}
	return v
}
