package sqs

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

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

// receiveMessage returns messages as soon as some can be received, or an empty
// result after the wait time of the request or the queue.
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
			if ctx.Err() != nil { // the client has disconnected
				return nil
			}
			result, err = s.receiveAvailable(c, q)
			changed = q.changed
			next = deadline
			if len(q.hidden.items) > 0 {
				next = min(next, q.hidden.items[0].Visible)
			}
			return err
		})
		if err != nil || len(result.Messages) > 0 {
			return result, err
		}
		if c.now >= deadline || ctx.Err() != nil {
			return result, nil
		}
		if !s.awaitChange(ctx, changed, next-c.now) {
			return result, nil
		}
	}
}

// awaitChange waits for a change of the queue, at most ms milliseconds. It
// returns false if the client disconnected or the server is closing.
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

// receiveAvailable receives the messages that can be received now.
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

// takeMessages puts up to most messages in flight until the time until. It
// takes them from the oldest lanes, as many as possible from each. It deletes
// expired messages and moves dead letters on the way.
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

// moveToDeadLetters moves m to the dead-letter queue if it was received too
// often, and reports whether it did.
func (s *Server) moveToDeadLetters(q *queue, m *message, now int64) bool {
	if q.redrive == nil || m.Receives-m.Arrived < q.redrive.max {
		return false
	}
	target := s.queueByARN(q.redrive.Target)
	if target == nil {
		s.log.Warn("dead-letter queue does not exist, message stays in its queue", "queue", q.name)
		return false
	}
	dead := *m
	dead.Seq = s.seq + 1
	dead.Source = s.queueARN(q.name)
	dead.Arrived = m.Receives
	dead.Visible = 0
	if q.fifo {
		dead.Sent = now
	}
	s.applyAndLog(record{Op: opMove, Queue: q.name, To: target.name, Seqs: []uint64{m.Seq}, Msg: &dead})
	return true
}

// renderMessage returns a message with the attributes that the client
// requested.
func (s *Server) renderMessage(c *call, q *queue, m *message) receivedMessage {
	out := receivedMessage{
		MessageID:         m.ID,
		ReceiptHandle:     receipt{q.name, m.Seq, m.Receives}.encodeHandle(),
		MD5OfBody:         md5Hex(m.Body),
		Body:              m.Body,
		MessageAttributes: messageAttributeMap{},
		Attributes:        s.systemAttributes(q, m),
	}
	requested := slices.Concat(c.AttributeNames, c.MessageSystemAttributeNames)
	all := slices.Contains(requested, "All")
	for name, value := range out.Attributes {
		isRequested := all || slices.Contains(requested, name)
		if value == "" || !isRequested {
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

// systemAttributes returns all system attributes of a message. An attribute
// without a value is empty.
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

// matchesAttributeName reports whether pattern selects the attribute name. A
// pattern is a name, a prefix such as foo.*, or All.
func matchesAttributeName(pattern, name string) bool {
	if pattern == "All" || pattern == name {
		return true
	}
	prefix, isPrefix := strings.CutSuffix(pattern, "*")
	return isPrefix && strings.HasPrefix(name, strings.TrimSuffix(prefix, "."))
}
