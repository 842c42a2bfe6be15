package sqs

import (
	"encoding/base64"
	"slices"
	"time"

	"github.com/google/uuid"
)

const (
	moveRunning       = "RUNNING"
	moveCompleted     = "COMPLETED"
	moveCancelled     = "CANCELLED"
	moveFailed        = "FAILED"
	maxTasksPerSource = 10
)

// moveTask moves messages from a dead-letter queue to their source queues or to
// one destination. It is in memory only: a restart drops it, and messages that
// are not moved stay.
type moveTask struct {
	handle      string
	source      string // queue name
	destination string // queue name; empty means the source queue of each message
	rate        int    // messages per second; 0 means all at once
	started     int64
	status      string
	failure     string
	seqs        []uint64 // still to move
	moved       int
	total       int
}

type startMoveResult struct {
	TaskHandle string
}

type listMovesResult struct {
	Results []moveResult `json:",omitempty" xml:"ListMessageMoveTasksResultEntry"`
}

type moveResult struct {
	TaskHandle       string `json:",omitempty" xml:",omitempty"`
	Status           string
	SourceARN        string `json:"SourceArn" xml:"SourceArn"`
	DestinationARN   string `json:"DestinationArn,omitempty" xml:"DestinationArn,omitempty"`
	Rate             int    `json:"MaxNumberOfMessagesPerSecond,omitempty" xml:"MaxNumberOfMessagesPerSecond,omitempty"`
	Moved            int    `json:"ApproximateNumberOfMessagesMoved" xml:"ApproximateNumberOfMessagesMoved"`
	ToMove           int    `json:"ApproximateNumberOfMessagesToMove" xml:"ApproximateNumberOfMessagesToMove"`
	FailureReason    string `json:",omitempty" xml:",omitempty"`
	StartedTimestamp int64
}

type cancelMoveResult struct {
	Moved int `json:"ApproximateNumberOfMessagesMoved" xml:"ApproximateNumberOfMessagesMoved"`
}

// moveTaskSource returns the queue of SourceArn.
func (s *Server) moveTaskSource(c *call) (*queue, error) {
	if c.SourceARN == "" {
		return nil, missingParameter("SourceArn")
	}
	q := s.queueByARN(c.SourceARN)
	if q == nil {
		return nil, errNotFound.withMessage("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	return q, nil
}

// startMoveTask moves all visible messages before it returns. If the request
// has a rate, it starts a background task instead.
func (s *Server) startMoveTask(c *call) (any, error) {
	q, err := s.moveTaskSource(c)
	if err != nil {
		return nil, err
	}
	isTarget := func(other *queue) bool { return s.redrivesTo(other, q) }
	if !slices.ContainsFunc(s.allQueues(), isTarget) {
		return nil, errParameter.withMessage("Source queue must be configured as a Dead Letter Queue.")
	}
	if slices.ContainsFunc(s.tasks, func(t *moveTask) bool { return t.source == q.name && t.status == moveRunning }) {
		return nil, errParameter.withMessage("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	rate, err := optionalNumber(c.MaxNumberOfMessagesPerSecond, "MaxNumberOfMessagesPerSecond", 1, 500, 0)
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	t := &moveTask{handle: base64.StdEncoding.EncodeToString([]byte(id + " " + q.name)), source: q.name, rate: rate, started: c.now, status: moveRunning}
	if c.DestinationARN != "" {
		to := s.queueByARN(c.DestinationARN)
		if to == nil {
			return nil, errNotFound.withMessage("The resource that you specified for the DestinationArn parameter doesn't exist.")
		}
		if to.fifo != q.fifo || to == q {
			return nil, errParameter.withMessage("The destination must be another queue of the same type as the source.")
		}
		t.destination = to.name
	}
	t.seqs = s.visibleMessages(q, c.now)
	t.total = len(t.seqs)
	s.addTask(t)
	if rate > 0 {
		go s.runMoveTask(t)
		return startMoveResult{t.handle}, nil
	}
	for s.moveNextMessage(t, c.now) {
	}
	return startMoveResult{t.handle}, nil
}

func (s *Server) allQueues() []*queue {
	out := make([]*queue, 0, len(s.queues))
	for _, q := range s.queues {
		out = append(out, q)
	}
	return out
}

// visibleMessages returns the sequence numbers of the messages that can be
// received, sorted.
func (s *Server) visibleMessages(q *queue, now int64) []uint64 {
	q.revealDueMessages(now)
	s.deleteExpired(q, now)
	var seqs []uint64
	for seq, m := range q.msgs {
		if m.hidden < 0 {
			seqs = append(seqs, seq)
		}
	}
	slices.Sort(seqs)
	return seqs
}

// addTask adds a task to the front of the list and drops the oldest tasks of
// the same source.
func (s *Server) addTask(t *moveTask) {
	s.tasks = append([]*moveTask{t}, s.tasks...)
	n := 0
	s.tasks = slices.DeleteFunc(s.tasks, func(old *moveTask) bool {
		if old.source == t.source {
			n++
		}
		return old.source == t.source && n > maxTasksPerSource
	})
}

func (s *Server) runMoveTask(t *moveTask) {
	tick := time.NewTicker(time.Second / time.Duration(t.rate))
	defer tick.Stop()
	for more := true; more; {
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
		if s.runDurably(func(now int64) error { more = s.moveNextMessage(t, now); return nil }) != nil {
			return
		}
	}
}

// moveNextMessage moves the task's next message. The moved message is new and
// has its own id. It returns false at the end of the task.
func (s *Server) moveNextMessage(t *moveTask, now int64) bool {
	q := s.queues[t.source]
	if t.status != moveRunning || q == nil || len(t.seqs) == 0 {
		return t.endTask(moveCompleted, "")
	}
	q.revealDueMessages(now)
	m := q.msgs[t.seqs[0]]
	t.seqs = t.seqs[1:]
	if m == nil || m.hidden >= 0 { // deleted or received since the task started
		return true
	}
	to := s.queues[t.destination]
	if t.destination == "" {
		if m.Source == "" {
			return t.endTask(moveFailed, "CouldNotDetermineMessageSource")
		}
		to = s.queueByARN(m.Source)
	}
	if to == nil {
		return t.endTask(moveFailed, errNoQueue.code)
	}
	fresh := message{
		Seq: s.seq + 1, ID: uuid.NewString(), Body: m.Body, Attrs: m.Attrs, Trace: m.Trace,
		Group: m.Group, Dedupe: m.Dedupe, Sent: now,
	}
	s.applyAndLog(record{Op: opMove, Queue: q.name, To: to.name, Seqs: []uint64{m.Seq}, Msg: &fresh})
	t.moved++
	return true
}

// endTask sets the status of a running task. It always returns false, the
// result of moveNextMessage at the end.
func (t *moveTask) endTask(status, failure string) bool {
	if t.status == moveRunning {
		t.status = status
		t.failure = failure
	}
	return false
}

func (s *Server) listMoveTasks(c *call) (any, error) {
	q, err := s.moveTaskSource(c)
	if err != nil {
		return nil, err
	}
	limit, err := optionalNumber(c.MaxResults, "MaxResults", 1, maxTasksPerSource, 1)
	if err != nil {
		return nil, err
	}
	var out listMovesResult
	for _, t := range s.tasks {
		if t.source == q.name && len(out.Results) < limit {
			out.Results = append(out.Results, s.describeMoveTask(t))
		}
	}
	return out, nil
}

func (s *Server) describeMoveTask(t *moveTask) moveResult {
	r := moveResult{
		Status: t.status, SourceARN: s.queueARN(t.source), Rate: t.rate, Moved: t.moved, ToMove: t.total,
		FailureReason: t.failure, StartedTimestamp: t.started,
	}
	if t.destination != "" {
		r.DestinationARN = s.queueARN(t.destination)
	}
	if t.status == moveRunning {
		r.TaskHandle = t.handle
	}
	return r
}

func (s *Server) cancelMoveTask(c *call) (any, error) {
	if c.TaskHandle == "" {
		return nil, missingParameter("TaskHandle")
	}
	for _, t := range s.tasks {
		if t.handle == c.TaskHandle && t.status == moveRunning {
			t.endTask(moveCancelled, "")
			return cancelMoveResult{t.moved}, nil
		}
	}
	if _, err := base64.StdEncoding.DecodeString(c.TaskHandle); err != nil {
		return nil, errParameter.withMessage("Value for parameter TaskHandle is invalid.")
	}
	return nil, errNotFound.withMessage("Task does not exist.")
}
