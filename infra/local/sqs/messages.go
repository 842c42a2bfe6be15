package sqs

import (
	"encoding/xml"
	"errors"
	"regexp"

	"github.com/google/uuid"
)

// entryOperation is an operation on one message, which is a request of its own
// or an entry of a batch.
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

// singleOperation makes an operation of do for one message. Its result is
// empty.
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

// batchOperation makes a batch operation of do. Entries fail individually. An
// error of check, which may be nil, fails the entire batch.
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

// checkSendBatch checks the conditions under which SQS refuses an entire batch
// of sends.
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

// sendEntry adds a message to the queue. For a duplicate it returns the result
// of the first send.
func (s *Server) sendEntry(c *call, q *queue, e *entry) (*sendResult, error) {
	m, key, err := q.newMessage(e, c.now)
	if err != nil {
		return nil, err
	}
	q.forgetOldSends(c.now)
	sent, isDuplicate := q.sent[key]
	if !isDuplicate {
		m.ID = uuid.NewString()
		m.Seq = s.seq + 1
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

// deleteEntry deletes the message of a receipt handle. On a standard queue, the
// handle of an earlier delivery does nothing, and a handle works after its
// visibility timeout. On a FIFO queue both are errors.
func (s *Server) deleteEntry(c *call, q *queue, e *entry) (*sendResult, error) {
	r, err := parseHandle(q, e.ReceiptHandle)
	if err != nil {
		return nil, err
	}
	q.revealDueMessages(c.now)
	m := q.msgs[r.Seq]
	if m == nil {
		return nil, nil // deleted before, which is not an error
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
	unavailable := invalidParameter(e.ReceiptHandle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	if m == nil || r.Delivery < m.Receives {
		return nil, unavailable
	}
	if q.fifo && !m.inFlight {
		return nil, unavailable
	}
	q.hideMessage(m, c.now+1000*int64(seconds))
	q.revealDueMessages(c.now)
	q.wakeReceivers()
	return nil, nil
}
