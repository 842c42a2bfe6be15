package sqs

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one request that is being processed.
type call struct {
	*request
	action string
	base   string // http://host, as in the client's request
	now    int64
}

// operation executes a request. It runs under the server's lock.
type operation func(*Server, *call) (any, error)

// operations holds all operations but ReceiveMessage, which may wait.
var operations = map[string]operation{
	"CreateQueue":                  (*Server).createQueue,
	"GetQueueUrl":                  (*Server).getQueueURL,
	"ListQueues":                   (*Server).listQueues,
	"ListDeadLetterSourceQueues":   (*Server).listDeadLetterSources,
	"DeleteQueue":                  (*Server).deleteQueue,
	"PurgeQueue":                   (*Server).purgeQueue,
	"SetQueueAttributes":           (*Server).setAttributes,
	"GetQueueAttributes":           (*Server).getAttributes,
	"TagQueue":                     (*Server).tagQueue,
	"UntagQueue":                   (*Server).untagQueue,
	"ListQueueTags":                (*Server).listTags,
	"SendMessage":                  (*Server).sendMessage,
	"SendMessageBatch":             batchOperation((*Server).sendEntry, (*Server).checkSendBatch),
	"DeleteMessage":                singleOperation((*Server).deleteEntry),
	"DeleteMessageBatch":           batchOperation((*Server).deleteEntry, nil),
	"ChangeMessageVisibility":      singleOperation((*Server).changeEntryVisibility),
	"ChangeMessageVisibilityBatch": batchOperation((*Server).changeEntryVisibility, nil),
	"StartMessageMoveTask":         (*Server).startMoveTask,
	"ListMessageMoveTasks":         (*Server).listMoveTasks,
	"CancelMessageMoveTask":        (*Server).cancelMoveTask,
}

// runOperation executes a request and returns when its result is durable.
func (s *Server) runOperation(ctx context.Context, c *call) (any, error) {
	if c.action == "ReceiveMessage" {
		return s.receiveMessage(ctx, c)
	}
	op, known := operations[c.action]
	if !known {
		return nil, errUnsupported.withMessage("The local SQS does not support the operation %s.", c.action)
	}
	var result any
	err := s.runDurably(func(now int64) (err error) {
		c.now = now
		result, err = op(s, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// emptyResult is the result of an operation that returns nothing.
type emptyResult struct{}

type urlResult struct {
	QueueURL string `json:"QueueUrl" xml:"QueueUrl"`
}

type urlsResult struct {
	QueueURLs []string `json:"QueueUrls,omitempty" xml:"QueueUrl"`
	NextToken string   `json:",omitempty" xml:",omitempty"`
}

type sourcesResult struct {
	QueueURLs []string `json:"queueUrls" xml:"QueueUrl"` // lower case in JSON, unlike the other results
	NextToken string   `json:",omitempty" xml:",omitempty"`
}

type attributesResult struct {
	Attributes stringPairs `json:",omitempty" xml:"Attribute,omitempty"`
}

type tagsResult struct {
	Tags stringPairs `json:",omitempty" xml:"Tag,omitempty"`
}

// findQueue returns the queue of the request's QueueUrl.
func (s *Server) findQueue(c *call) (*queue, error) {
	if c.QueueURL == "" {
		return nil, missingParameter("QueueUrl")
	}
	u, err := url.Parse(c.QueueURL)
	if err != nil {
		return nil, queueNotFound()
	}
	name, ok := strings.CutPrefix(strings.Trim(u.Path, "/"), s.account+"/")
	q := s.queues[name]
	if !ok || q == nil {
		return nil, queueNotFound()
	}
	return q, nil
}

func (s *Server) queueURL(c *call, name string) string { return c.base + "/" + s.account + "/" + name }

func (s *Server) queueARN(name string) string {
	return "arn:aws:sqs:" + s.region + ":" + s.account + ":" + name
}

func (s *Server) queueByARN(arn string) *queue {
	name, ok := strings.CutPrefix(arn, s.queueARN(""))
	if !ok {
		return nil
	}
	return s.queues[name]
}

func (s *Server) createQueue(c *call) (any, error) {
	if c.QueueName == "" {
		return nil, missingParameter("QueueName")
	}
	attrs, err := mergeAttributes(nil, c.Attributes)
	if err != nil {
		return nil, err
	}
	if err := checkQueueName(c.QueueName, attrs[attrFifo] == "true"); err != nil {
		return nil, err
	}
	if have := s.queues[c.QueueName]; have != nil {
		return urlResult{s.queueURL(c, c.QueueName)}, checkSameAttributes(have, attrs)
	}
	if err := s.checkRedrivePolicy(c.QueueName, attrs); err != nil {
		return nil, err
	}
	s.applyAndLog(record{Op: opCreate, Queue: c.QueueName, Attrs: attrs, Tags: c.Tags})
	return urlResult{s.queueURL(c, c.QueueName)}, nil
}

// checkSameAttributes checks that attrs agree with an existing queue, so that a
// client can create a queue again.
func checkSameAttributes(q *queue, attrs map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if have, _ := q.attributeValue(name); !equalAttributes(have, attrs[name]) {
			return errQueueExists.withMessage("A queue already exists with the same name and a different value for attribute %s", name)
		}
	}
	return nil
}

func (s *Server) getQueueURL(c *call) (any, error) {
	if c.QueueName == "" {
		return nil, missingParameter("QueueName")
	}
	if s.queues[c.QueueName] == nil {
		return nil, queueNotFound()
	}
	return urlResult{s.queueURL(c, c.QueueName)}, nil
}

func (s *Server) listQueues(c *call) (any, error) {
	urls, token, err := s.listQueueURLs(c, func(q *queue) bool { return strings.HasPrefix(q.name, c.QueueNamePrefix) })
	return urlsResult{urls, token}, err
}

func (s *Server) listDeadLetterSources(c *call) (any, error) {
	target, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	urls, token, err := s.listQueueURLs(c, func(q *queue) bool { return s.redrivesTo(q, target) })
	return sourcesResult{urls, token}, err
}

func (s *Server) redrivesTo(q, target *queue) bool {
	return q.redrive != nil && q.redrive.Target == s.queueARN(target.name)
}

// listQueueURLs returns the URLs of the matching queues, sorted by name, one
// page at a time. token is the last name of this page, or empty on the last
// page.
func (s *Server) listQueueURLs(c *call, match func(*queue) bool) (urls []string, token string, err error) {
	limit, err := optionalNumber(c.MaxResults, "MaxResults", 1, 1000, 1000)
	if err != nil {
		return nil, "", err
	}
	urls = []string{}
	last := ""
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		if name <= c.NextToken || !match(s.queues[name]) {
			continue
		}
		if len(urls) == limit {
			return urls, last, nil
		}
		urls = append(urls, s.queueURL(c, name))
		last = name
	}
	return urls, "", nil
}

func (s *Server) deleteQueue(c *call) (any, error) {
	q, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	s.applyAndLog(record{Op: opDrop, Queue: q.name})
	return emptyResult{}, nil
}

func (s *Server) purgeQueue(c *call) (any, error) {
	q, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	if q.purged != 0 && c.now-q.purged < time.Minute.Milliseconds() {
		return nil, errPurging.withMessage("Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	s.applyAndLog(record{Op: opPurge, Queue: q.name})
	return emptyResult{}, nil
}

func (s *Server) setAttributes(c *call) (any, error) {
	q, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	if len(c.Attributes) == 0 {
		return nil, missingParameter("Attribute.Name")
	}
	attrs, err := mergeAttributes(q.attrs, c.Attributes)
	if err != nil {
		return nil, err
	}
	if attrs[attrFifo] != q.attrs[attrFifo] {
		return nil, errAttributeValue.withMessage("Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.")
	}
	if err := s.checkRedrivePolicy(q.name, attrs); err != nil {
		return nil, err
	}
	s.applyAndLog(record{Op: opSet, Queue: q.name, Attrs: attrs})
	return emptyResult{}, nil
}

func (s *Server) getAttributes(c *call) (any, error) {
	q, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	for _, name := range c.AttributeNames {
		if settableAttributes[name] == nil && !slices.Contains(readOnlyAttributes, name) && name != "All" {
			return nil, errAttributeName.withMessage("Unknown Attribute %s.", name)
		}
	}
	all := s.describeQueue(q, c.now)
	if !slices.Contains(c.AttributeNames, "All") {
		maps.DeleteFunc(all, func(name, _ string) bool { return !slices.Contains(c.AttributeNames, name) })
	}
	return attributesResult{all}, nil
}

// describeQueue returns all attributes of a queue.
func (s *Server) describeQueue(q *queue, now int64) stringPairs {
	all := stringPairs{}
	for name := range settableAttributes {
		if v, ok := q.attributeValue(name); ok {
			all[name] = v
		}
	}
	q.revealDueMessages(now)
	s.deleteExpired(q, now)
	delayed := len(q.hidden.items) - q.inFlight
	all["QueueArn"] = s.queueARN(q.name)
	all["CreatedTimestamp"] = strconv.FormatInt(q.created/1000, 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified/1000, 10)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(len(q.msgs) - q.inFlight - delayed)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(q.inFlight)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	return all
}

// deleteExpired deletes the messages that are older than the retention period.
func (s *Server) deleteExpired(q *queue, now int64) {
	var old []uint64
	for seq, m := range q.msgs {
		if q.isExpired(m, now) {
			old = append(old, seq)
		}
	}
	if len(old) > 0 {
		s.applyAndLog(record{Op: opDelete, Queue: q.name, Seqs: old})
	}
}

func (s *Server) tagQueue(c *call) (any, error) {
	q, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, q.tags)
	maps.Copy(tags, c.Tags)
	if len(tags) > 50 {
		return nil, errParameter.withMessage("Too many tags added for queue %s.", q.name)
	}
	s.applyAndLog(record{Op: opTag, Queue: q.name, Tags: tags})
	return emptyResult{}, nil
}

func (s *Server) untagQueue(c *call) (any, error) {
	q, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(q.tags)
	maps.DeleteFunc(tags, func(key, _ string) bool { return slices.Contains(c.TagKeys, key) })
	s.applyAndLog(record{Op: opTag, Queue: q.name, Tags: tags})
	return emptyResult{}, nil
}

func (s *Server) listTags(c *call) (any, error) {
	q, err := s.findQueue(c)
	if err != nil {
		return nil, err
	}
	return tagsResult{q.tags}, nil
}
