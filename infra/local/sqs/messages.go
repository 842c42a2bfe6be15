package sqs

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// step is an operation on one message, alone or of a batch.
type entryOperation func(*Server, *call, *queue, *entry) (*sendResult, error)

type sendResult struct {
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty" xml:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty" xml:",omitempty"`
	MessageID                    string `json:"MessageId" xml:"MessageId"`
	SequenceNumber               string `json:",omitempty" xml:",omitempty"`
}

type batchResult struct {
	Successful []batchSuccess `json:",omitempty"`
	Failed     []batchError   `json:",omitempty" xml:"BatchResultErrorEntry"`
}

type batchSuccess struct {
	XMLName xml.Name `json:"-"`
	ID      string   `json:"Id" xml:"Id"`
	*sendResult
}

type batchError struct {
	ID          string `json:"Id" xml:"Id"`
	SenderFault bool
	Code        string
	Message     string
}

// one makes the single operation of a step that has no result.
func singleOperation(do entryOperation) operation {
	return func(s *Server, c *call) (any, error) {
		q, err := s.findQueue(c)
		if err != nil {
			return nil, err
		}
		_, err = do(s, c, q, &c.entry)
		return emptyResult{}, err
	}
}

var batchIDPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// batch makes the batch operation of a step: each entry fails alone, but for
// what check (which may be nil) finds.
func batchOperation(do entryOperation, check func(*Server, *call, *queue) error) operation {
	return func(s *Server, c *call) (any, error) {
		q, err := s.findQueue(c)
		if err != nil {
			return nil, err
		}
		if err := checkBatchEntries(c.Entries); err != nil {
			return nil, err
		}
		if check != nil {
			if err := check(s, c, q); err != nil {
				return nil, err
			}
		}
		var result batchResult
		for i := range c.Entries {
			e := &c.Entries[i]
			sent, err := do(s, c, q, e)
			var f *failure
			if errors.As(err, &f) {
				result.Failed = append(result.Failed, batchError{e.ID, f.faultParty() == "Sender", f.code, f.message})
				continue
			}
			result.Successful = append(result.Successful, batchSuccess{XMLName: xml.Name{Local: c.action + "ResultEntry"}, ID: e.ID, sendResult: sent})
		}
		return result, nil
	}
}

func checkBatchEntries(entries []entry) error {
	if len(entries) == 0 {
		return errBatchEmpty.withMessage("There should be at least one entry in the request.")
	}
	if len(entries) > 10 {
		return errBatchTooMany.withMessage("Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if !batchIDPattern.MatchString(e.ID) {
			return errBatchID.withMessage("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[e.ID] {
			return errBatchNotDistinct.withMessage("Id %s repeated.", e.ID)
		}
		seen[e.ID] = true
	}
	return nil
}

// checkSends finds what makes a whole batch of sends fail.
func (s *Server) checkSendBatch(c *call, q *queue) error {
	total := 0
	for _, e := range c.Entries {
		m := message{Body: e.MessageBody, Attrs: e.MessageAttributes}
		total += m.sizeBytes()
		if q.fifo && e.MessageGroupID == "" {
			return errParameter.withMessage("The request must contain the parameter MessageGroupId.")
		}
		if q.fifo && e.MessageDeduplicationID == "" && !q.contentBased {
			return errParameter.withMessage("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
	}
	if total > maxMessageSize {
		return errBatchTooLong.withMessage("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessageSize, total)
	}
	return nil
}

func (s *Server) sendMessage(c *call) (any, error) {
	q, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	return s.sendEntry(c, q, &c.entry)
}

// sendOne puts a message into the queue, or finds that it was sent before.
func (s *Server) sendEntry(c *call, q *queue, e *entry) (*sendResult, error) {
	m, key, err := q.newMessage(e, c.now)
	if err != nil {
		return nil, err
	}
	q.forgetOldSends(c.now)
	sent, twice := q.sent[key]
	if !twice {
		m.ID, m.Seq = uuid.NewString(), s.seq+1
		sent = sentRecord{ID: m.ID, Seq: m.Seq}
		s.applyAndLog(record{Op: opSend, Queue: q.name, Msg: &m, Key: key})
	}
	result := &sendResult{
		MD5OfMessageBody:             md5Hex(m.Body),
		MD5OfMessageAttributes:       md5OfAttributes(m.Attrs),
		MD5OfMessageSystemAttributes: md5OfAttributes(e.MessageSystemAttributes),
		MessageID:                    sent.ID,
	}
	if q.fifo {
		result.SequenceNumber = formatSequenceNumber(sent.Seq)
	}
	return result, nil
}

// deleteOne removes the message of a delivery. On a standard queue a handle of
// an earlier delivery does nothing, and one whose time has run out still works;
// on a FIFO queue both have expired.
func (s *Server) deleteEntry(c *call, q *queue, e *entry) (*sendResult, error) {
	r, err := parseHandle(q, e.ReceiptHandle)
	if err != nil {
		return nil, err
	}
	q.revealDueMessages(c.now)
	m := q.msgs[r.Seq]
	if m == nil {
		return nil, nil // deleted before: fine
	}
	stale := r.Delivery < m.Receives
	if q.fifo && (stale || !m.inFlight) {
		return nil, invalidParameter(e.ReceiptHandle, "ReceiptHandle", "The receipt handle has expired.")
	}
	if !stale {
		s.applyAndLog(record{Op: opDelete, Queue: q.name, Seqs: []uint64{m.Seq}})
	}
	return nil, nil
}

func (s *Server) changeEntryVisibility(c *call, q *queue, e *entry) (*sendResult, error) {
	r, err := parseHandle(q, e.ReceiptHandle)
	if err != nil {
		return nil, err
	}
	if e.VisibilityTimeout == nil {
		return nil, missingParameter(attrVisibility)
	}
	seconds, err := optionalNumber(e.VisibilityTimeout, attrVisibility, 0, maxVisibility, 0)
	if err != nil {
		return nil, err
	}
	q.revealDueMessages(c.now)
	m := q.msgs[r.Seq]
	if m == nil || r.Delivery < m.Receives || q.fifo && !m.inFlight {
		return nil, invalidParameter(e.ReceiptHandle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	}
	q.hideMessage(m, c.now+1000*int64(seconds))
	q.revealDueMessages(c.now)
	q.wakeReceivers()
	return nil, nil
}

type receiveResult struct {
	Messages []receivedMessage `json:",omitempty" xml:"Message"`
}

type receivedMessage struct {
	MessageID              string `json:"MessageId" xml:"MessageId"`
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             stringPairs         `json:",omitempty" xml:"Attribute,omitempty"`
	MD5OfMessageAttributes string              `json:",omitempty" xml:",omitempty"`
	MessageAttributes      messageAttributeMap `json:",omitempty" xml:"MessageAttribute,omitempty"`
}

// receiveMessage waits for messages as long as the request or the queue says.
func (s *Server) receiveMessage(ctx context.Context, c *call) (any, error) {
	var deadline int64
	for {
		var result receiveResult
		var changed chan struct{}
		var next int64
		err := s.runDurably(func(now int64) (err error) {
			c.now = now
			q, err := s.findQueue(c)
			if err != nil {
				return err
			}
			wait, err := optionalNumber(c.WaitTimeSeconds, "WaitTimeSeconds", 0, 20, q.wait)
			if err != nil {
				return err
			}
			deadline = cmp.Or(deadline, now+1000*int64(wait))
			if ctx.Err() != nil { // nobody is there to take them
				return nil
			}
			result, err = s.receiveAvailable(c, q)
			changed, next = q.changed, deadline
			if len(q.hidden.items) > 0 {
				next = min(next, q.hidden.items[0].Visible)
			}
			return err
		})
		if err != nil || len(result.Messages) > 0 || c.now >= deadline || ctx.Err() != nil {
			return result, err
		}
		if !s.awaitChange(ctx, changed, next-c.now) {
			return result, nil
		}
	}
}

// sleep waits for a change or some milliseconds; it is false when there is no
// more reason to wait.
func (s *Server) awaitChange(ctx context.Context, changed <-chan struct{}, ms int64) bool {
	timer := time.NewTimer(time.Duration(max(ms, 1)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-s.closing:
		return false
	}
}

// receive takes what can be had at this moment.
func (s *Server) receiveAvailable(c *call, q *queue) (receiveResult, error) {
	most, err := optionalNumber(c.MaxNumberOfMessages, "MaxNumberOfMessages", 1, 10, 1)
	if err != nil {
		return receiveResult{}, err
	}
	seconds, err := optionalNumber(c.VisibilityTimeout, attrVisibility, 0, maxVisibility, int(q.visibility/1000))
	if err != nil {
		return receiveResult{}, err
	}
	q.revealDueMessages(c.now)
	if q.inFlight >= maxInFlight {
		return receiveResult{}, errOverLimit.withMessage("Too many messages in flight.")
	}
	var result receiveResult
	var seqs []uint64
	msgs := s.takeMessages(q, most, c.now+1000*int64(seconds), c.now)
	for _, m := range msgs {
		seqs = append(seqs, m.Seq)
	}
	if len(seqs) > 0 {
		s.applyAndLog(record{Op: opReceive, Queue: q.name, Seqs: seqs})
	}
	for _, m := range msgs {
		result.Messages = append(result.Messages, s.renderMessage(c, q, m))
	}
	return result, nil
}

// take puts up to most messages in flight, of the oldest lanes first and of a
// lane as many as there are. It clears away what is expired or a dead letter.
func (s *Server) takeMessages(q *queue, most int, until, now int64) []*message {
	var out []*message
	for len(out) < most && len(q.ready.items) > 0 {
		l := q.ready.items[0]
		for i := 0; i < len(l.msgs) && len(out) < most && l.msgs[i].Visible == 0; {
			m := l.msgs[i]
			if q.isExpired(m, now) {
				s.applyAndLog(record{Op: opDelete, Queue: q.name, Seqs: []uint64{m.Seq}})
				continue
			}
			if s.moveToDeadLetters(q, m, now) {
				continue
			}
			q.hideMessage(m, until)
			out = append(out, m)
			i++
		}
	}
	return out
}

// bury moves a message that was received too often to the dead-letter queue.
func (s *Server) moveToDeadLetters(q *queue, m *message, now int64) bool {
	if q.redrive == nil || m.Receives-m.Arrived < q.redrive.max {
		return false
	}
	target := s.queueByARN(q.redrive.Target)
	if target == nil {
		s.log.Warn("dead-letter queue is gone, message stays", "queue", q.name)
		return false
	}
	dead := *m
	dead.Seq, dead.Source, dead.Arrived, dead.Visible = s.seq+1, s.queueARN(q.name), m.Receives, 0
	if q.fifo {
		dead.Sent = now
	}
	s.applyAndLog(record{Op: opMove, Queue: q.name, To: target.name, Seqs: []uint64{m.Seq}, Msg: &dead})
	return true
}

// show is a message as the client asked to see it.
func (s *Server) renderMessage(c *call, q *queue, m *message) receivedMessage {
	out := receivedMessage{
		MessageID:         m.ID,
		ReceiptHandle:     receipt{q.name, m.Seq, m.Receives}.encodeHandle(),
		MD5OfBody:         md5Hex(m.Body),
		Body:              m.Body,
		MessageAttributes: messageAttributeMap{},
		Attributes:        s.systemAttributes(q, m),
	}
	asked := slices.Concat(c.AttributeNames, c.MessageSystemAttributeNames)
	for name, value := range out.Attributes {
		if value == "" || !slices.Contains(asked, "All") && !slices.Contains(asked, name) {
			delete(out.Attributes, name)
		}
	}
	for name, a := range m.Attrs {
		if slices.ContainsFunc(c.MessageAttributeNames, func(pattern string) bool { return matchesAttributeName(pattern, name) }) {
			out.MessageAttributes[name] = a
		}
	}
	out.MD5OfMessageAttributes = md5OfAttributes(out.MessageAttributes)
	return out
}

// systemAttributes are all that SQS knows of a message; an empty one is absent.
func (s *Server) systemAttributes(q *queue, m *message) stringPairs {
	all := stringPairs{
		"SenderId":                         s.account,
		"SentTimestamp":                    strconv.FormatInt(m.Sent, 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.First, 10),
		"MessageGroupId":                   m.Group,
		"MessageDeduplicationId":           m.Dedupe,
		"DeadLetterQueueSourceArn":         m.Source,
		traceHeader:                        m.Trace,
	}
	if q.fifo {
		all["SequenceNumber"] = formatSequenceNumber(m.Seq)
	}
	return all
}

// matches tells whether a pattern asks for a message attribute: by name, by
// prefix (foo.*), or all of them.
func matchesAttributeName(pattern, name string) bool {
	if pattern == "All" || pattern == name {
		return true
	}
	prefix, wild := strings.CutSuffix(pattern, "*")
	return wild && strings.HasPrefix(name, strings.TrimSuffix(prefix, "."))
}
