package sqs

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

const (
	dedupeWindowMillis = 5 * 60 * 1000 // ms
	maxInFlight        = 120_000
)

// message is a message in a queue. Times are Unix times in milliseconds.
type message struct {
	Seq      uint64                      `json:"seq"` // order in the queue; unique on a server
	ID       string                      `json:"id"`
	Body     string                      `json:"body"`
	Attrs    map[string]messageAttribute `json:"attrs,omitempty"`
	Trace    string                      `json:"trace,omitempty"` // AWSTraceHeader
	Group    string                      `json:"group,omitempty"`
	Dedupe   string                      `json:"dedupe,omitempty"`
	Sent     int64                       `json:"sent"`
	Visible  int64                       `json:"visible,omitempty"`  // hidden until then; 0 if visible
	Receives int                         `json:"receives,omitempty"` // number of receives in all its queues
	First    int64                       `json:"first,omitempty"`    // time of the first receive
	Source   string                      `json:"source,omitempty"`   // ARN of the source queue of a dead letter
	Arrived  int                         `json:"arrived,omitempty"`  // value of Receives on arrival in this queue

	inFlight bool
	lane     *lane
	hidden   int // index in queue.hidden, or -1
}

func (m *message) sizeBytes() int {
	n := len(m.Body)
	for name, a := range m.Attrs {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

// lane is a sequence of messages that must be received in order: a message
// group of a FIFO queue, or a single message of a standard queue.
type lane struct {
	msgs     []*message // sorted by Seq
	inFlight int
	ready    int // index in queue.ready, or -1
}

// sentRecord is a sent message that deduplication remembers.
type sentRecord struct {
	ID  string `json:"id"`
	Seq uint64 `json:"seq"`
	At  int64  `json:"at"`
}

// queue is one queue. The server's lock guards it.
type queue struct {
	name     string
	settings                   // parsed from attrs
	attrs    map[string]string // as set by the client; the map is replaced, never modified
	tags     map[string]string // the map is replaced, never modified
	created  int64
	modified int64
	purged   int64 // 0 if never

	msgs     map[uint64]*message
	groups   map[string]*lane      // by message group; FIFO only
	ready    indexedHeap[*lane]    // lanes whose first message can be received, oldest first
	hidden   indexedHeap[*message] // messages in flight or delayed, ordered by Visible
	inFlight int

	sent   map[string]sentRecord // sends in the deduplication window, by deduplication key
	recent []string              // keys of sent, oldest first

	changed chan struct{} // closed and replaced when more may be received
	deleted bool          // deleted
}

func newQueue(name string, now int64) *queue {
	q := &queue{name: name, created: now, modified: now, sent: map[string]sentRecord{}, changed: make(chan struct{})}
	q.clearMessages()
	return q
}

func (q *queue) clearMessages() {
	q.msgs = map[uint64]*message{}
	q.groups = map[string]*lane{}
	q.inFlight = 0
	q.ready = indexedHeap[*lane]{
		less:  func(a, b *lane) bool { return a.msgs[0].Seq < b.msgs[0].Seq },
		place: func(l *lane, i int) { l.ready = i },
	}
	q.hidden = indexedHeap[*message]{
		less: func(a, b *message) bool {
			return cmp.Or(cmp.Compare(a.Visible, b.Visible), cmp.Compare(a.Seq, b.Seq)) < 0
		},
		place: func(m *message, i int) { m.hidden = i },
	}
}

func (q *queue) purgeMessages(now int64) {
	q.clearMessages()
	q.purged = now
}

// wakeReceivers wakes all long polls of the queue.
func (q *queue) wakeReceivers() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// addMessage adds a message at the end of its lane.
func (q *queue) addMessage(kept message, now int64) {
	m := &kept
	m.hidden = -1
	m.lane = &lane{ready: -1}
	if q.fifo {
		if q.groups[m.Group] == nil {
			q.groups[m.Group] = m.lane
		}
		m.lane = q.groups[m.Group]
	}
	m.lane.msgs = append(m.lane.msgs, m)
	q.msgs[m.Seq] = m
	if m.Visible <= now {
		m.Visible = 0
	} else {
		heap.Push(&q.hidden, m)
	}
	q.refreshLane(m.lane)
}

// removeMessages removes messages. It ignores sequence numbers that are not in
// the queue.
func (q *queue) removeMessages(seqs []uint64) {
	for _, seq := range seqs {
		m := q.msgs[seq]
		if m == nil {
			continue
		}
		delete(q.msgs, seq)
		q.unhideMessage(m)
		l := m.lane
		if l.ready >= 0 {
			heap.Remove(&q.ready, l.ready) // before the first message changes, which defines the order in the heap
		}
		if l.msgs[0] == m {
			l.msgs[0] = nil // for the garbage collector
			l.msgs = l.msgs[1:]
		} else {
			i := slices.Index(l.msgs, m)
			l.msgs = slices.Delete(l.msgs, i, i+1)
		}
		if q.fifo && len(l.msgs) == 0 {
			delete(q.groups, m.Group)
		}
		q.refreshLane(l)
	}
}

// countReceives counts a receive of each message.
func (q *queue) countReceives(seqs []uint64, now int64) {
	for _, seq := range seqs {
		if m := q.msgs[seq]; m != nil {
			m.Receives++
			m.First = cmp.Or(m.First, now)
		}
	}
}

// hideMessage puts a message in flight until the given time.
func (q *queue) hideMessage(m *message, until int64) {
	q.unhideMessage(m)
	m.Visible = until
	m.inFlight = true
	m.lane.inFlight++
	q.inFlight++
	heap.Push(&q.hidden, m)
	q.refreshLane(m.lane)
}

func (q *queue) unhideMessage(m *message) {
	if m.hidden >= 0 {
		heap.Remove(&q.hidden, m.hidden)
	}
	if m.inFlight {
		m.inFlight = false
		m.lane.inFlight--
		q.inFlight--
	}
}

// revealDueMessages makes messages visible whose delay or visibility timeout
// has ended.
func (q *queue) revealDueMessages(now int64) {
	for len(q.hidden.items) > 0 && q.hidden.items[0].Visible <= now {
		m := q.hidden.items[0]
		q.unhideMessage(m)
		m.Visible = 0
		q.refreshLane(m.lane)
	}
}

// refreshLane adds a lane to ready or removes it, so that ready holds exactly
// the lanes whose first message can be received.
func (q *queue) refreshLane(l *lane) {
	isReady := len(l.msgs) > 0 && l.inFlight == 0 && l.msgs[0].Visible == 0
	if isReady && l.ready < 0 {
		heap.Push(&q.ready, l)
	}
	if !isReady && l.ready >= 0 {
		heap.Remove(&q.ready, l.ready)
	}
}

func (q *queue) isExpired(m *message, now int64) bool { return m.Sent+q.retention <= now }

// rememberSend stores a send for the deduplication window.
func (q *queue) rememberSend(key string, s sentRecord) {
	if key == "" {
		return
	}
	q.forgetOldSends(s.At)
	q.sent[key] = s
	q.recent = append(q.recent, key)
}

func (q *queue) forgetOldSends(now int64) {
	for len(q.recent) > 0 && q.sent[q.recent[0]].At+dedupeWindowMillis <= now {
		delete(q.sent, q.recent[0])
		q.recent = q.recent[1:]
	}
}

// snapshotRecords returns records that recreate the queue without its expired
// messages.
func (q *queue) snapshotRecords(now int64) []record {
	create := record{Op: opCreate, Queue: q.name, Attrs: q.attrs, Tags: q.tags, At: q.created}
	modify := record{Op: opSet, Queue: q.name, Attrs: q.attrs, At: q.modified}
	out := []record{create, modify}
	q.forgetOldSends(now)
	for _, key := range q.recent {
		s := q.sent[key]
		out = append(out, record{Op: opSent, Queue: q.name, Key: key, Sent: &s})
	}
	for _, seq := range slices.Sorted(maps.Keys(q.msgs)) {
		kept := *q.msgs[seq]
		if q.isExpired(&kept, now) {
			continue
		}
		if kept.inFlight {
			kept.Visible = 0
		}
		out = append(out, record{Op: opSend, Queue: q.name, Msg: &kept, At: now})
	}
	return out
}

// settings are the parsed attributes of a queue. Times are in milliseconds,
// except wait, which is in seconds.
type settings struct {
	fifo, contentBased, perGroup bool
	visibility, delay, retention int64
	wait, maxSize                int
	redrive                      *redrivePolicy
}

type redrivePolicy struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"`
	max    int
}

// applyAttributes replaces all attributes with attrs, which must be valid.
func (q *queue) applyAttributes(attrs map[string]string, now int64) {
	number := func(name string) int {
		n, _ := strconv.Atoi(cmp.Or(attrs[name], attributeDefaults[name]))
		return n
	}
	q.attrs = attrs
	q.modified = now
	q.settings = settings{
		fifo:         attrs[attrFifo] == "true",
		contentBased: attrs[attrContentBased] == "true",
		perGroup:     attrs[attrScope] == "messageGroup",
		visibility:   1000 * int64(number(attrVisibility)),
		delay:        1000 * int64(number(attrDelay)),
		retention:    1000 * int64(number(attrRetention)),
		wait:         number(attrWait),
		maxSize:      number(attrMaxSize),
	}
	if p, err := parseRedrivePolicy(attrs[attrRedrive]); err == nil {
		q.redrive = p
	}
}

// indexedHeap is a heap that reports each item's index to place, or -1 when the
// item is removed. It implements heap.Interface.
type indexedHeap[T any] struct {
	items []T
	less  func(a, b T) bool
	place func(item T, index int)
}

func (p *indexedHeap[T]) Len() int           { return len(p.items) }
func (p *indexedHeap[T]) Less(i, j int) bool { return p.less(p.items[i], p.items[j]) }

func (p *indexedHeap[T]) Swap(i, j int) {
	p.items[i], p.items[j] = p.items[j], p.items[i]
	p.place(p.items[i], i)
	p.place(p.items[j], j)
}

// Push implements heap.Interface.
func (p *indexedHeap[T]) Push(x any) {
	p.items = append(p.items, x.(T))
	p.place(p.items[len(p.items)-1], len(p.items)-1)
}

// Pop implements heap.Interface.
func (p *indexedHeap[T]) Pop() any {
	last := len(p.items) - 1
	x := p.items[last]
	var none T
	p.items[last] = none // for the garbage collector
	p.items = p.items[:last]
	p.place(x, -1)
	return x
}
