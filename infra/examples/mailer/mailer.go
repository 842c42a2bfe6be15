package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/smtp"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/problem"
)

// A mailer mails the problem items of one department and serves the pages for its
// answers.
type mailer struct {
	sqs            *sqs.Client
	items, updates *string
	key            []byte
	now            func() time.Time

	to, from, smtp, url string
	wording             *wording
	zone                *time.Location

	seenFile string
	mu       sync.Mutex
	seen     map[string]problem.Item // the latest mailed item, by problem id
}

const (
	minKeyBytes  = 32
	linkLifetime = 30 * 24 * time.Hour
	mailTimeout  = 30 * time.Second
	maxForm      = 32 << 10
)

// validateSettings returns an error for a setting with which the mailer cannot
// work.
func (m *mailer) validateSettings() error {
	to, errTo := mail.ParseAddress(m.to)
	from, errFrom := mail.ParseAddress(m.from)
	switch {
	case len(m.key) < minKeyBytes:
		return fmt.Errorf("HEARD_MAILER_KEY must have at least %d bytes", minKeyBytes)
	case errTo != nil || errFrom != nil:
		return errors.New("-to and -from must each be one mail address")
	case m.wording == nil:
		return errors.New("-language must be nl or en")
	}
	m.to = to.Address
	m.from = from.Address
	return nil
}

// openQueues finds the queues of the department and reads the items that were
// mailed before.
func (m *mailer) openQueues(ctx context.Context, stack, department string) error {
	m.seen = map[string]problem.Item{}
	if data, err := os.ReadFile(m.seenFile); err == nil {
		if err := json.Unmarshal(data, &m.seen); err != nil {
			return fmt.Errorf("%s: %w", m.seenFile, err)
		}
	}
	for name, to := range map[string]**string{
		stack + "-problems-" + department + ".fifo": &m.items, stack + "-updates-" + department: &m.updates,
	} {
		out, err := m.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err != nil {
			return fmt.Errorf("find queue %s: %w", name, err)
		}
		*to = out.QueueUrl
	}
	return nil
}

// consumeItems mails items until ctx is canceled. It deletes an item from the
// queue after it was mailed.
func (m *mailer) consumeItems(ctx context.Context) error {
	for {
		out, err := m.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: m.items, WaitTimeSeconds: 20, MaxNumberOfMessages: 10})
		if err != nil {
			return fmt.Errorf("receive items: %w", err)
		}
		for _, msg := range out.Messages {
			if err := m.mailItem(ctx, []byte(*msg.Body)); err != nil {
				slog.ErrorContext(ctx, "item not mailed; the queue delivers it again", "err", err)
				break // the next items may be about the same problem and must stay in order
			}
			if _, err := m.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: m.items, ReceiptHandle: msg.ReceiptHandle}); err != nil {
				return fmt.Errorf("delete a mailed item from the queue: %w", err)
			}
		}
	}
}

// mailItem mails one item and stores that it was mailed. It skips an item that is
// not newer than the latest mailed item of the problem.
func (m *mailer) mailItem(ctx context.Context, body []byte) error {
	var i problem.Item
	if err := json.Unmarshal(body, &i); err != nil {
		return fmt.Errorf("read the item: %w", err)
	}
	if i.Version <= m.latestItem(i.ID).Version {
		return nil
	}
	l := m.composeLetter(i)
	if i.Event == problem.EventCandidate {
		var c problem.CandidateItem
		if err := json.Unmarshal(body, &c); err != nil {
			return fmt.Errorf("read the candidate: %w", err)
		}
		l = m.composeCandidate(i, c.Words)
	}
	content, err := m.composeMail(i, l)
	if err != nil {
		return fmt.Errorf("compose the mail about problem %s: %w", i.ID, err)
	}
	if err := m.sendMail(ctx, content); err != nil {
		return fmt.Errorf("send the mail about problem %s: %w", i.ID, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[i.ID] = i
	data, err := json.Marshal(m.seen)
	if err != nil {
		return fmt.Errorf("encode the mailed items: %w", err)
	}
	if err := os.WriteFile(m.seenFile+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(m.seenFile+".new", m.seenFile)
}

func (m *mailer) sendMail(ctx context.Context, content []byte) error {
	dialer := net.Dialer{Timeout: mailTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", m.smtp)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(mailTimeout)); err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(m.smtp)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("read the greeting of %s: %w", m.smtp, err)
	}
	if err := errors.Join(c.Mail(m.from), c.Rcpt(m.to)); err != nil {
		return fmt.Errorf("announce the sender and the recipient: %w", err)
	}
	data, err := c.Data()
	if err != nil {
		return fmt.Errorf("begin the content: %w", err)
	}
	if _, err := data.Write(content); err != nil {
		return fmt.Errorf("send the content: %w", err)
	}
	if err := data.Close(); err != nil {
		return fmt.Errorf("end the content: %w", err)
	}
	return c.Quit()
}

// latestItem returns the latest mailed item of a problem. If none was mailed, the
// item has the id only, and version 0.
func (m *mailer) latestItem(id string) problem.Item {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.seen[id]
	i.ID = id
	return i
}
