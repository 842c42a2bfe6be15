package sqs

import (
	"encoding/base64"
	"slices"
	"time"

	"github.com/google/uuid"
)

const (
	moveRunning   = "RUNNING"
	moveCompleted = "COMPLETED"
	moveCancelled = "CANCELLED"
	moveFailed    = "FAILED"
	tasksKept     = 10 // a source
)

// moveTask takes dead letters back to where they came from, or elsewhere. It
// lives in memory: a restart forgets it, and leaves the rest where it is.
type moveTask struct {
	handle      string
	source      string // name
	destination string // name; empty means each message's own source
	rate        int    // messages a second; 0 means all at once
	started     int64
	status      string
	failure     string
	seqs        []uint64 // still to move
	moved       int
	total       int
}

type startResult struct {
	TaskHandle string
}

type movesResult struct {
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

type cancelResult struct {
	Moved int `json:"ApproximateNumberOfMessagesMoved" xml:"ApproximateNumberOfMessagesMoved"`
}

// moveSource is the queue of SourceArn.
func (s *Server) moveSource(c *call) (*queue, error) {
	if c.SourceARN == "" {
		return nil, missing("SourceArn")
	}
	q := s.byARN(c.SourceARN)
	if q == nil {
		return nil, errNotFound.with("The resource that you specified for the SourceArn parameter doesn't exist.")
	}
	return q, nil
}

// startMove moves everything visible at once, unless a rate is asked for: then
// a task goes on in the background.
func (s *Server) startMove(c *call) (any, error) {
	q, err := s.moveSource(c)
	if err != nil {
		return nil, err
	}
	isTarget := func(other *queue) bool { return s.isSource(other, q) }
	if !slices.ContainsFunc(s.all(), isTarget) {
		return nil, errParameter.with("Source queue must be configured as a Dead Letter Queue.")
	}
	if slices.ContainsFunc(s.tasks, func(t *moveTask) bool { return t.source == q.name && t.status == moveRunning }) {
		return nil, errParameter.with("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
	}
	rate, err := within(c.MaxNumberOfMessagesPerSecond, "MaxNumberOfMessagesPerSecond", 1, 500, 0)
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	t := &moveTask{handle: base64.StdEncoding.EncodeToString([]byte(id + " " + q.name)), source: q.name, rate: rate, started: c.now, status: moveRunning}
	if c.DestinationARN != "" {
		to := s.byARN(c.DestinationARN)
		if to == nil {
			return nil, errNotFound.with("The resource that you specified for the DestinationArn parameter doesn't exist.")
		}
		if to.fifo != q.fifo || to == q {
			return nil, errParameter.with("The destination must be another queue of the same type as the source.")
		}
		t.destination = to.name
	}
	t.seqs = s.visible(q, c.now)
	t.total = len(t.seqs)
	s.keep(t)
	if rate > 0 {
		go s.runMove(t)
		return startResult{t.handle}, nil
	}
	for s.moveOne(t, c.now) {
	}
	return startResult{t.handle}, nil
}

func (s *Server) all() []*queue {
	out := make([]*queue, 0, len(s.queues))
	for _, q := range s.queues {
		out = append(out, q)
	}
	return out
}

// visible is what could be received, in order.
func (s *Server) visible(q *queue, now int64) []uint64 {
	q.promote(now)
	s.expire(q, now)
	var seqs []uint64
	for seq, m := range q.msgs {
		if m.hidden < 0 {
			seqs = append(seqs, seq)
		}
	}
	slices.Sort(seqs)
	return seqs
}

// keep puts a task at the head of the list and drops the oldest of its source.
func (s *Server) keep(t *moveTask) {
	s.tasks = append([]*moveTask{t}, s.tasks...)
	n := 0
	s.tasks = slices.DeleteFunc(s.tasks, func(old *moveTask) bool {
		if old.source == t.source {
			n++
		}
		return old.source == t.source && n > tasksKept
	})
}

func (s *Server) runMove(t *moveTask) {
	tick := time.NewTicker(time.Second / time.Duration(t.rate))
	defer tick.Stop()
	for more := true; more; {
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
		if s.do(func(now int64) error { more = s.moveOne(t, now); return nil }) != nil {
			return
		}
	}
}

// moveOne moves the task's next message as a new one, with an id of its own; it
// is false when the task is at its end.
func (s *Server) moveOne(t *moveTask, now int64) bool {
	q := s.queues[t.source]
	if t.status != moveRunning || q == nil || len(t.seqs) == 0 {
		return t.end(moveCompleted, "")
	}
	q.promote(now)
	m := q.msgs[t.seqs[0]]
	t.seqs = t.seqs[1:]
	if m == nil || m.hidden >= 0 { // deleted or received meanwhile
		return true
	}
	to := s.queues[t.destination]
	if t.destination == "" {
		if m.Source == "" {
			return t.end(moveFailed, "CouldNotDetermineMessageSource")
		}
		to = s.byARN(m.Source)
	}
	if to == nil {
		return t.end(moveFailed, errNoQueue.code)
	}
	fresh := message{
		Seq: s.seq + 1, ID: uuid.NewString(), Body: m.Body, Attrs: m.Attrs, Trace: m.Trace,
		Group: m.Group, Dedupe: m.Dedupe, Sent: now,
	}
	s.change(record{Op: opMove, Queue: q.name, To: to.name, Seqs: []uint64{m.Seq}, Msg: &fresh})
	t.moved++
	return true
}

// end closes a task that is still running.
func (t *moveTask) end(status, failure string) bool {
	if t.status == moveRunning {
		t.status, t.failure = status, failure
	}
	return false
}

func (s *Server) listMoves(c *call) (any, error) {
	q, err := s.moveSource(c)
	if err != nil {
		return nil, err
	}
	limit, err := within(c.MaxResults, "MaxResults", 1, tasksKept, 1)
	if err != nil {
		return nil, err
	}
	var out movesResult
	for _, t := range s.tasks {
		if t.source == q.name && len(out.Results) < limit {
			out.Results = append(out.Results, s.showMove(t))
		}
	}
	return out, nil
}

func (s *Server) showMove(t *moveTask) moveResult {
	r := moveResult{
		Status: t.status, SourceARN: s.arn(t.source), Rate: t.rate, Moved: t.moved, ToMove: t.total,
		FailureReason: t.failure, StartedTimestamp: t.started,
	}
	if t.destination != "" {
		r.DestinationARN = s.arn(t.destination)
	}
	if t.status == moveRunning {
		r.TaskHandle = t.handle
	}
	return r
}

func (s *Server) cancelMove(c *call) (any, error) {
	if c.TaskHandle == "" {
		return nil, missing("TaskHandle")
	}
	for _, t := range s.tasks {
		if t.handle == c.TaskHandle && t.status == moveRunning {
			t.end(moveCancelled, "")
			return cancelResult{t.moved}, nil
		}
	}
	if _, err := base64.StdEncoding.DecodeString(c.TaskHandle); err != nil {
		return nil, errParameter.with("Value for parameter TaskHandle is invalid.")
	}
	return nil, errNotFound.with("Task does not exist.")
}
