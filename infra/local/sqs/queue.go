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

// message is a message in a queue. Times are milliseconds since 1970.
type message struct {
	Seq      uint64                      `json:"seq"` // its place in the queue; never used twice on a server
	ID       string                      `json:"id"`
	Body     string                      `json:"body"`
	Attrs    map[string]messageAttribute `json:"attrs,omitempty"`
	Trace    string                      `json:"trace,omitempty"` // AWSTraceHeader
	Group    string                      `json:"group,omitempty"`
	Dedupe   string                      `json:"dedupe,omitempty"`
	Sent     int64                       `json:"sent"`
	Visible  int64                       `json:"visible,omitempty"`  // not to be received before; 0: can be received
	Receives int                         `json:"receives,omitempty"` // over all queues it was in
	First    int64                       `json:"first,omitempty"`    // first received
	Source   string                      `json:"source,omitempty"`   // ARN of the queue whose dead letter it is
	Arrived  int                         `json:"arrived,omitempty"`  // Receives when it came to this queue

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

// lane is what must be received in order: a message group of a FIFO queue, or
// one message of a standard queue.
type lane struct {
	msgs     []*message // by Seq
	inFlight int
	ready    int // index in queue.ready, or -1
}

// sending is a sent message as deduplication remembers it.
type sentRecord struct {
	ID  string `json:"id"`
	Seq uint64 `json:"seq"`
	At  int64  `json:"at"`
}

// queue is one queue; the server's lock guards it.
type queue struct {
	name     string
	settings                   // from attrs
	attrs    map[string]string // as the client set them; replaced, never changed
	tags     map[string]string // likewise
	created  int64
	modified int64
	purged   int64 // 0: never

	msgs     map[uint64]*message
	groups   map[string]*lane      // of a FIFO queue
	ready    indexedHeap[*lane]    // lanes with something to receive, oldest first
	hidden   indexedHeap[*message] // in flight or delayed, soonest visible first
	inFlight int

	sent   map[string]sentRecord // sendings in the deduplication window
	recent []string              // their keys, oldest first

	changed chan struct{} // closed and replaced when there may be more to receive
	deleted bool          // deleted
}

func newQueue(name string, now int64) *queue {
	q := &queue{name: name, created: now, modified: now, sent: map[string]sentRecord{}, changed: make(chan struct{})}
	q.clearMessages()
	return q
}

func (q *queue) clearMessages() {
	q.msgs, q.groups, q.inFlight = map[uint64]*message{}, map[string]*lane{}, 0
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

// signal wakes whoever waits for a message.
func (q *queue) wakeReceivers() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// add puts a message at the end.
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

// remove takes messages out; one that is not there is ignored.
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
			heap.Remove(&q.ready, l.ready) // before its first message, by which it is ordered, may go
		}
		if l.msgs[0] == m {
			l.msgs[0], l.msgs = nil, l.msgs[1:]
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

// received counts a delivery.
func (q *queue) countReceives(seqs []uint64, now int64) {
	for _, seq := range seqs {
		if m := q.msgs[seq]; m != nil {
			m.Receives++
			m.First = cmp.Or(m.First, now)
		}
	}
}

// hide puts a message in flight until a time.
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

// promote makes visible what has become so.
func (q *queue) revealDueMessages(now int64) {
	for len(q.hidden.items) > 0 && q.hidden.items[0].Visible <= now {
		m := q.hidden.items[0]
		q.unhideMessage(m)
		m.Visible = 0
		q.refreshLane(m.lane)
	}
}

// refresh keeps a lane in ready exactly while its first message can be received.
func (q *queue) refreshLane(l *lane) {
	able := len(l.msgs) > 0 && l.inFlight == 0 && l.msgs[0].Visible == 0
	if able && l.ready < 0 {
		heap.Push(&q.ready, l)
	}
	if !able && l.ready >= 0 {
		heap.Remove(&q.ready, l.ready)
	}
}

func (q *queue) isExpired(m *message, now int64) bool { return m.Sent+q.retention <= now }

// remember keeps a sending for the deduplication window, and forgets older ones.
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

// records is the queue as records, without what has expired.
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

// settings are the attributes that the queue works by. Times are milliseconds.
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

// configure takes all attributes at once; they have been checked.
func (q *queue) applyAttributes(attrs map[string]string, now int64) {
	number := func(name string) int {
		n, _ := strconv.Atoi(orElse(attrs[name], attributeDefaults[name]))
		return n
	}
	q.attrs, q.modified = attrs, now
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

// priority is a heap whose items know their place in it.
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

// Push is for container/heap.
func (p *indexedHeap[T]) Push(x any) {
	p.items = append(p.items, x.(T))
	p.place(p.items[len(p.items)-1], len(p.items)-1)
}

// Pop is for container/heap.
func (p *indexedHeap[T]) Pop() any {
	last := len(p.items) - 1
	x := p.items[last]
	var none T
	p.items[last], p.items = none, p.items[:last]
	p.place(x, -1)
	return x
}
