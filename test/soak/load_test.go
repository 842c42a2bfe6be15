package soak_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/smtp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/traffic"
)

const (
	senders     = 64
	copies      = 3 // of every message
	perCustomer = 5
)

// A message must be stored exactly once. Its text contains its mark, which
// identifies it in the table.
type sentMessage struct {
	mark     string
	customer int
	channel  message.Channel
	from     traffic.Person
	at       time.Time
	text     string
	ours     bool // an echo of what staff wrote
	smtp     bool // sent by SMTP, only once: SES gives each mail a new id
}

// A delivery is one request with one or more messages.
type delivery struct {
	marks []string
	send  func(context.Context) error // returns nil if the response is 200 or 201
}

// A load is the set of messages to send, and the clients to send them.
type load struct {
	stack    *stack.Stack
	client   *http.Client
	messages []sentMessage
	tokens   map[int]string // chat session tokens, by customer
	secrets  map[string]string
	dice     *rand.Rand

	mu      sync.Mutex
	durable map[string]bool // marks of messages that were answered 200
}

// customerChannel returns the channel of a customer: WhatsApp 60%, Messenger and mail
// 15% each, web chat 10%.
func customerChannel(customer int) message.Channel {
	switch n := customer % 20; {
	case n < 12:
		return message.WhatsApp
	case n < 15:
		return message.Messenger
	case n < 18:
		return message.Email
	default:
		return message.WebChat
	}
}

func newLoad(t *testing.T, s *stack.Stack, n int) *load {
	t.Helper()
	l := &load{
		stack: s, tokens: map[int]string{}, secrets: map[string]string{}, durable: map[string]bool{},
		client: &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: senders}},
		dice:   rand.New(rand.NewPCG(3, uint64(n))), // deterministic
	}
	for _, name := range []string{"whatsapp", "messenger"} {
		values, err := s.Secret(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		l.secrets[name] = values["appSecret"]
	}
	for customer := 0; len(l.messages) < n; customer++ {
		l.addMessages(t, customer, min(perCustomer, n-len(l.messages)))
	}
	return l
}

// addMessages adds n messages of a customer, on several days, some with an answer
// of staff.
func (l *load) addMessages(t *testing.T, customer, n int) {
	t.Helper()
	m := sentMessage{customer: customer, channel: customerChannel(customer), from: traffic.Someone(customer)}
	// All messages are in the week in which causes are counted. An older message
	// could not open a problem.
	m.at = time.Now().Add(-6 * 24 * time.Hour).UTC().Truncate(time.Second)
	apart := 28 * time.Hour
	if m.channel == message.WebChat { // the chat rejects ids older than a day
		m.at = time.Now().Add(-20 * time.Hour).UTC().Truncate(time.Second)
		apart = 3 * time.Hour
		l.openChat(t, customer)
	}
	m.smtp = m.channel == message.Email && customer%2 == 0
	for i, left := 0, n; left > 0; i++ {
		m.at = m.at.Add(time.Duration(l.dice.Int64N(int64(apart)))).Truncate(time.Second)
		m.ours = left < n && l.dice.IntN(3) == 0 && (m.channel == message.WhatsApp || m.channel == message.Messenger)
		m.mark = fmt.Sprintf("(m%d.%d)", customer, i)
		m.text = traffic.Openings[l.dice.IntN(len(traffic.Openings))].Text + " " + m.mark
		if m.ours {
			m.text = traffic.Answer + " " + m.mark
		}
		from := traffic.Someone(customer)
		// A third of the customers have a phone number only, a third have both a
		// phone number and a BSUID, and a third vary between messages.
		numberOnly := customer%3 == 0
		varying := customer%3 == 1
		if numberOnly || (varying && i%2 == 0) {
			from.BSUID = ""
		}
		m.from = from
		l.messages = append(l.messages, m)
		left--
	}
}

func (l *load) openChat(t *testing.T, customer int) {
	t.Helper()
	resp, err := l.client.Post(l.stack.API+"/chat/sessions", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var session struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&session); err != nil || session.Token == "" {
		t.Fatalf("no session: %d %v", resp.StatusCode, err)
	}
	l.tokens[customer] = session.Token
}

// deliveries returns the deliveries: every message three times, in random order.
// First come the deliveries of 20 customers, one customer after the other. The
// senders then deliver several first messages of one customer concurrently, which
// tests races in identification.
func (l *load) deliveries() []delivery {
	racing := 20
	var out, rest []delivery
	byCustomer := map[int][]sentMessage{}
	var later []sentMessage
	for _, m := range l.messages {
		if m.customer < racing {
			byCustomer[m.customer] = append(byCustomer[m.customer], m)
		} else {
			later = append(later, m)
		}
	}
	for c := range racing {
		out = append(out, l.shuffleDeliveries(byCustomer[c])...)
	}
	rest = l.shuffleDeliveries(later)
	return append(out, rest...)
}

// shuffleDeliveries returns the deliveries of messages in random order. Some webhooks have
// several messages.
func (l *load) shuffleDeliveries(ms []sentMessage) []delivery {
	var all []sentMessage
	for _, m := range ms {
		for range copies {
			all = append(all, m)
			if m.smtp {
				break
			}
		}
	}
	l.dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var out []delivery
	together := map[message.Channel][]sentMessage{}
	for _, m := range all {
		if m.ours || m.channel == message.Email || m.channel == message.WebChat || l.dice.IntN(5) > 0 {
			out = append(out, l.newDelivery(m))
			continue
		}
		group := append(together[m.channel], m)
		if len(group) == 3 {
			out = append(out, l.newDelivery(group...))
			group = nil
		}
		together[m.channel] = group
	}
	for _, group := range together {
		if len(group) > 0 {
			out = append(out, l.newDelivery(group...))
		}
	}
	return out
}

func (l *load) newDelivery(ms ...sentMessage) delivery {
	d := delivery{send: l.newRequest(ms)}
	for _, m := range ms {
		d.marks = append(d.marks, m.mark)
	}
	return d
}

func (l *load) newRequest(ms []sentMessage) func(context.Context) error {
	m := ms[0]
	var said []traffic.Said
	for _, m := range ms {
		id := traffic.MID(m.mark)
		if m.channel == message.WhatsApp {
			id = traffic.Wamid(m.from, m.mark)
		}
		said = append(said, traffic.Said{From: m.from, ID: id, At: m.at, Text: m.text})
	}
	switch {
	case m.channel == message.WhatsApp && m.ours:
		return l.postWebhook("whatsapp", traffic.WhatsAppEcho(m.from, said[0].ID, m.text, m.at))
	case m.channel == message.WhatsApp:
		return l.postWebhook("whatsapp", traffic.WhatsApp(said...))
	case m.channel == message.Messenger && m.ours:
		return l.postWebhook("messenger", traffic.MessengerEcho(m.from, said[0].ID, m.text, m.at))
	case m.channel == message.Messenger:
		return l.postWebhook("messenger", traffic.Messenger(said...))
	case m.channel == message.Email:
		return l.sendMail(m)
	default:
		return l.postJSON("/chat/messages", traffic.Chat(traffic.DeterministicUUIDv7(m.at, m.mark), m.text), "Authorization", "Bearer "+l.tokens[m.customer])
	}
}

func (l *load) postWebhook(channel string, body []byte) func(context.Context) error {
	return l.postJSON("/webhooks/"+channel, body, meta.SignatureHeader, meta.Sign(body, l.secrets[channel]))
}

func (l *load) postJSON(path string, body []byte, header, value string) func(context.Context) error {
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.stack.API+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(header, value)
		resp, err := l.client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		answer, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
			err = fmt.Errorf("status %d: %s", resp.StatusCode, answer)
		}
		return err
	}
}

// sendMail sends a mail by SMTP, or writes it to S3 as SES does. SES may write the same
// object again.
func (l *load) sendMail(m sentMessage) func(context.Context) error {
	raw := traffic.Mail(m.from, strings.Trim(m.mark, "()")+"@example.org", "", "Vraag", m.text, m.at)
	if m.smtp {
		return func(context.Context) error {
			return smtp.SendMail(l.stack.SMTP, nil, m.from.Mail, []string{traffic.Mailbox}, raw)
		}
	}
	id := traffic.SESMessageID(m.mark)
	raw = traffic.AddSESHeaders(raw, id, m.from, m.at)
	key := "in/" + id
	return func(ctx context.Context) error {
		_, err := l.stack.Clients().S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &l.stack.Mail, Key: &key, Body: bytes.NewReader(raw)})
		return err
	}
}

// sendAll sends every delivery once, with 64 concurrent senders, and returns those
// that failed. After each delivery it calls at with the number sent so far.
func (l *load) sendAll(ctx context.Context, ds []delivery, at func(n int)) (failed []delivery, errs error) {
	next := make(chan delivery)
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for d := range next {
				err := d.send(ctx)
				l.mu.Lock()
				if err != nil {
					failed = append(failed, d)
					errs = errors.Join(errs, err)
				} else {
					for _, mark := range d.marks {
						l.durable[mark] = true
					}
				}
				l.mu.Unlock()
				at(int(sent.Add(1)))
			}
		})
	}
	for _, d := range ds {
		next <- d
	}
	close(next)
	wg.Wait()
	return failed, errs
}
