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

// A mailer works for one department.
type mailer struct {
	sqs            *sqs.Client
	items, answers *string
	key            []byte
	now            func() time.Time

	to, from, smtp, url string
	tongue              *tongue
	zone                *time.Location

	seenFile string
	mu       sync.Mutex
	seen     map[string]problem.Item // the latest that was mailed, by problem
}

const (
	leastKey  = 32
	linkLasts = 30 * 24 * time.Hour
	mailTime  = 30 * time.Second
	maxForm   = 32 << 10
)

func (m *mailer) check() error {
	to, errTo := mail.ParseAddress(m.to)
	from, errFrom := mail.ParseAddress(m.from)
	switch {
	case len(m.key) < leastKey:
		return fmt.Errorf("HEARD_MAILER_KEY needs %d bytes at least", leastKey)
	case errTo != nil || errFrom != nil:
		return errors.New("-to and -from need an address each")
	case m.tongue == nil:
		return errors.New("-language is nl or en")
	}
	m.to, m.from = to.Address, from.Address
	return nil
}

// open finds the queues, and reads what was mailed before.
func (m *mailer) open(ctx context.Context, stack, department string) error {
	m.seen = map[string]problem.Item{}
	if data, err := os.ReadFile(m.seenFile); err == nil {
		if err := json.Unmarshal(data, &m.seen); err != nil {
			return fmt.Errorf("%s: %w", m.seenFile, err)
		}
	}
	for name, to := range map[string]**string{
		stack + "-problems-" + department + ".fifo": &m.items, stack + "-updates-" + department: &m.answers,
	} {
		out, err := m.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err != nil {
			return err
		}
		*to = out.QueueUrl
	}
	return nil
}

// consume mails items until ctx ends.
func (m *mailer) consume(ctx context.Context) error {
	for {
		out, err := m.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: m.items, WaitTimeSeconds: 20, MaxNumberOfMessages: 10})
		if err != nil {
			return err
		}
		for _, msg := range out.Messages {
			if err := m.handle(ctx, []byte(*msg.Body)); err != nil {
				slog.ErrorContext(ctx, "item not mailed; the queue shows it again", "err", err)
				break // those behind it are of the same problem, perhaps
			}
			if _, err := m.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: m.items, ReceiptHandle: msg.ReceiptHandle}); err != nil {
				return err
			}
		}
	}
}

func (m *mailer) handle(ctx context.Context, body []byte) error {
	var i problem.Item
	if err := json.Unmarshal(body, &i); err != nil {
		return err
	}
	if i.Version <= m.latest(i.ID).Version {
		return nil
	}
	l := m.letter(i)
	if i.Event == problem.EventCandidate {
		var c problem.CandidateItem
		if err := json.Unmarshal(body, &c); err != nil {
			return err
		}
		l = m.candidateLetter(i, c.Words)
	}
	content, err := m.write(i, l)
	if err != nil {
		return err
	}
	if err := m.send(ctx, content); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[i.ID] = i
	data, err := json.Marshal(m.seen)
	if err != nil {
		return err
	}
	if err := os.WriteFile(m.seenFile+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(m.seenFile+".new", m.seenFile)
}

func (m *mailer) send(ctx context.Context, content []byte) error {
	dialer := net.Dialer{Timeout: mailTime}
	conn, err := dialer.DialContext(ctx, "tcp", m.smtp)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(mailTime)); err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(m.smtp)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if err := errors.Join(c.Mail(m.from), c.Rcpt(m.to)); err != nil {
		return err
	}
	data, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(content); err != nil {
		return err
	}
	if err := data.Close(); err != nil {
		return err
	}
	return c.Quit()
}

// latest returns the latest item of a problem that was mailed. One of which
// nothing was mailed has the version 0.
func (m *mailer) latest(id string) problem.Item {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.seen[id]
	i.ID = id
	return i
}
