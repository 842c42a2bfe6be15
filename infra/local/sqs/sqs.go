// Package sqs implements Amazon SQS on the local machine: standard and FIFO
// queues, dead-letter queues, long polling, both wire protocols of the service,
// and messages that survive a crash.
//
// Every answer is durable before the client gets it
// (TestServer_KillKeepsAcknowledged):
//
//  1. An operation takes the lock, changes the state in memory and appends a record of the change to the journal.
//  2. It releases the lock and waits.
//  3. The journal's writer writes all pending records as one frame and syncs the file. Concurrent operations share one sync.
//  4. The operation returns its answer. If the write fails, this and all later operations return an error (TestRunDurably_FailedWrite).
//
// A start replays the log and rewrites it without deleted messages. A restart
// makes messages in flight visible at once and drops running move tasks.
// Receive counts stay.
//
// The package is stricter than AWS where that shows bugs earlier: the receipt
// handle of an earlier delivery never deletes a message. It is more lenient
// where AWS makes a client wait: a deleted queue can be created again at once,
// and changed attributes apply at once. It delivers no random duplicates and
// does not verify signatures.
package sqs

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Config configures a [Server].
type Config struct {
	Dir       string           // folder of the log; empty stores in memory only
	AccountID string           // for queue URLs and ARNs; empty means 000000000000
	Region    string           // for ARNs; empty means eu-west-1
	Now       func() time.Time // clock for delays, visibility, retention and deduplication; nil means time.Now
	Log       *slog.Logger     // nil means slog.Default()
}

// Server is an http.Handler that serves any number of queues.
type Server struct {
	account, region string
	clock           func() time.Time
	log             *slog.Logger
	journal         *journal // nil if the state is in memory only

	mu      sync.Mutex
	queues  map[string]*queue
	tasks   []*moveTask   // newest first
	seq     uint64        // last sequence number that was assigned
	closing chan struct{} // closed by Close; ends long polls and move tasks
	closed  bool
}

// New starts a server with the queues that an earlier server stored in Dir. It
// fails if another server uses Dir or the log is damaged.
func New(c Config) (*Server, error) {
	s := &Server{
		account: cmp.Or(c.AccountID, "000000000000"),
		region:  cmp.Or(c.Region, "eu-west-1"),
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
		return nil, fmt.Errorf("open queues in %s: %w", c.Dir, err)
	}
	s.journal = j
	return s, nil
}

// Close ends long polls and move tasks, syncs the log and releases Dir. Later
// requests get status 503.
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

// runDurably runs f under the lock, and returns when all changes up to that
// moment are on disk. Operations that only read wait too, so that no answer
// shows a change that a crash could undo.
func (s *Server) runDurably(f func(now int64) error) error {
	at, err := s.runLocked(f)
	return errors.Join(s.journal.waitDurable(at), err)
}

// runLocked runs f under the lock. end is the number of records in the journal
// afterwards.
func (s *Server) runLocked(f func(now int64) error) (end uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errUnavailable.withMessage("The server is stopping.")
	}
	err = f(s.nowMillis())
	return s.journal.appendedCount(), err
}

func (s *Server) nowMillis() int64 { return s.clock().UnixMilli() }
