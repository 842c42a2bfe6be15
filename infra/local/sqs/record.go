package sqs

import (
	"fmt"
	"maps"
	"slices"
)

// record is one change of the state, as stored in the log. Applying all records
// in order restores the state.
type record struct {
	Op    string            `json:"op"`
	Queue string            `json:"q,omitempty"`
	To    string            `json:"to,omitempty"`    // move
	Attrs map[string]string `json:"attrs,omitempty"` // create, set: all attributes
	Tags  map[string]string `json:"tags,omitempty"`  // create, tag: all tags
	Seqs  []uint64          `json:"seqs,omitempty"`  // receive, delete, move
	Msg   *message          `json:"msg,omitempty"`   // send, move
	Key   string            `json:"key,omitempty"`   // sent, send: deduplication key
	Sent  *sentRecord       `json:"sent,omitempty"`  // sent
	At    int64             `json:"at,omitempty"`
}

const (
	opCounter = "counter" // Seqs holds the last assigned sequence number
	opCreate  = "create"
	opSet     = "set"
	opTag     = "tag"
	opDrop    = "drop"
	opPurge   = "purge"
	opSend    = "send"
	opSent    = "sent" // a send for deduplication; its message may be deleted
	opReceive = "receive"
	opDelete  = "delete"
	opMove    = "move" // Seqs are removed from Queue, Msg is added to To
)

// logBytes returns the approximate size of the record in the log.
func (r record) logBytes() int {
	if r.Msg == nil {
		return 200
	}
	return 300 + r.Msg.sizeBytes()
}

// applyAndLog applies a record to the state and appends it to the journal. All
// changes of the state go through it.
func (s *Server) applyAndLog(r record) {
	r.At = s.nowMillis()
	if r.Msg != nil {
		kept := *r.Msg // the journal encodes it later, when the message may have changed
		r.Msg = &kept
	}
	if err := s.applyRecord(r); err != nil {
		panic("sqs: " + err.Error()) // cannot happen: the caller looked up the queue under the same lock
	}
	s.journal.appendRecord(r)
}

// applyRecord applies a record to the state, for a new change and in a replay.
func (s *Server) applyRecord(r record) error {
	switch r.Op {
	case opCounter:
		s.seq = r.Seqs[0]
		return nil
	case opCreate:
		q := newQueue(r.Queue, r.At)
		q.applyAttributes(r.Attrs, r.At)
		q.tags = r.Tags
		s.queues[r.Queue] = q
		return nil
	}
	q := s.queues[r.Queue]
	if q == nil {
		return fmt.Errorf("%s for queue %s, which does not exist", r.Op, r.Queue)
	}
	switch r.Op {
	case opSet:
		q.applyAttributes(r.Attrs, r.At)
	case opTag:
		q.tags = r.Tags
	case opDrop:
		delete(s.queues, r.Queue)
		q.deleted = true
	case opPurge:
		q.purgeMessages(r.At)
	case opSend:
		s.seq = max(s.seq, r.Msg.Seq)
		q.addMessage(*r.Msg, r.At)
		q.rememberSend(r.Key, sentRecord{ID: r.Msg.ID, Seq: r.Msg.Seq, At: r.At})
	case opSent:
		q.rememberSend(r.Key, *r.Sent)
	case opReceive:
		q.countReceives(r.Seqs, r.At)
	case opDelete:
		q.removeMessages(r.Seqs)
	case opMove:
		to := s.queues[r.To]
		if to == nil {
			return fmt.Errorf("move to queue %s, which does not exist", r.To)
		}
		s.seq = max(s.seq, r.Msg.Seq)
		q.removeMessages(r.Seqs)
		to.addMessage(*r.Msg, r.At)
		to.wakeReceivers()
	default:
		return fmt.Errorf("unknown record type %q", r.Op)
	}
	q.wakeReceivers()
	return nil
}

// snapshotState returns the complete state as records. It calls take under the
// same lock.
func (s *Server) snapshotState(take func()) []record {
	s.mu.Lock()
	defer s.mu.Unlock()
	take()
	now := s.nowMillis()
	state := []record{{Op: opCounter, Seqs: []uint64{s.seq}}}
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		state = append(state, s.queues[name].snapshotRecords(now)...)
	}
	return state
}
