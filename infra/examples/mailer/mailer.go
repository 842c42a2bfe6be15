package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/mail"
	"net/smtp"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/heard-intake/heard/internal/channel/email/compose"
	"github.com/heard-intake/heard/internal/problem"
)

// A mailer works for one department.
type mailer struct {
	sqs            *sqs.Client
	items, answers *string
	key            []byte
	now            func() time.Time

	to, from, smtp, url, language string

	seenFile string
	seen     map[string]int // the highest version mailed, by problem
}

const (
	leastKey  = 32
	linkLasts = 30 * 24 * time.Hour
	mailTime  = 30 * time.Second
	maxForm   = 16 << 10
)

func (m *mailer) check() error {
	to, errTo := mail.ParseAddress(m.to)
	from, errFrom := mail.ParseAddress(m.from)
	switch {
	case len(m.key) < leastKey:
		return fmt.Errorf("HEARD_MAILER_KEY needs %d bytes at least", leastKey)
	case errTo != nil || errFrom != nil:
		return errors.New("-to and -from need an address each")
	case words[m.language] == nil:
		return errors.New("-language is nl or en")
	}
	m.to, m.from = to.Address, from.Address
	return nil
}

// open finds the queues, and reads what was mailed before.
func (m *mailer) open(ctx context.Context, stack, department string) error {
	m.seen = map[string]int{}
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
	if i.Version <= m.seen[i.ID] {
		return nil
	}
	content, err := m.write(i)
	if err != nil {
		return err
	}
	if err := m.send(ctx, content); err != nil {
		return err
	}
	m.seen[i.ID] = i.Version
	data, err := json.Marshal(m.seen)
	if err != nil {
		return err
	}
	if err := os.WriteFile(m.seenFile+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(m.seenFile+".new", m.seenFile)
}

// words are what a mail and a page say, by language.
var words = map[string]map[string]string{
	"nl": {
		"about": "Veel vragen over", "customers": "%d klanten, %d contacten, sinds %s", "said": "Klanten schrijven:", "state": "Stand: %s", "by": "Graag vóór %s bevestigen dat u ernaar kijkt.",
		"ack": "Wij kijken ernaar:", "answer": "Antwoorden:", "do": "Bevestigen", "comment": "Toelichting", "thanks": "Dank u wel. Het is doorgegeven.",
		"gone": "Deze link is verlopen of klopt niet.", "ackTitle": "Wij kijken ernaar", "answerTitle": "Antwoord",
	},
	"en": {
		"about": "Many questions about", "customers": "%d customers, %d contacts, since %s", "said": "Customers write:", "state": "State: %s", "by": "Please say before %s that you look into it.",
		"ack": "We look into it:", "answer": "Answer:", "do": "Confirm", "comment": "Comment", "thanks": "Thank you. It was passed on.",
		"gone": "This link has expired, or is not right.", "ackTitle": "We look into it", "answerTitle": "Answer",
	},
}

func (m *mailer) label(l problem.Label) string {
	if m.language == "nl" {
		return l.NL
	}
	return l.EN
}

// write writes the mail of an item.
func (m *mailer) write(i problem.Item) ([]byte, error) {
	w := words[m.language]
	title := strings.TrimSpace(m.label(i.Names.Reason) + " " + m.label(i.Names.Product))
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n"+w["customers"]+"\n"+w["state"]+"\n", w["about"], title, i.Customers, i.Contacts, i.FirstSeen.Format(time.DateOnly), i.State)
	for n, q := range i.Quotes {
		if n == 0 {
			fmt.Fprintf(&text, "\n%s\n", w["said"])
		}
		fmt.Fprintf(&text, "- %s\n", q)
	}
	if !i.AcknowledgeBy.IsZero() {
		fmt.Fprintf(&text, "\n"+w["by"]+"\n", i.AcknowledgeBy.Local().Format("2006-01-02 15:04 MST"))
	}
	if i.State == problem.Detected {
		fmt.Fprintf(&text, "\n%s\n%s\n", w["ack"], m.link("acknowledge", i.ID))
	}
	fmt.Fprintf(&text, "\n%s\n%s\n", w["answer"], m.link("answer", i.ID))
	return compose.Mail(compose.Letter{
		From: compose.Person{Address: m.from}, To: compose.Person{Address: m.to}, Subject: w["about"] + ": " + title, Text: text.String(),
		Date: m.now(), ID: fmt.Sprintf("%s.%d@heard.invalid", i.ID, i.Version), Automatic: "auto-generated",
	})
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

// link is the signed address of a page.
func (m *mailer) link(do, id string) string {
	until := strconv.FormatInt(m.now().Add(linkLasts).Unix(), 10)
	q := url.Values{"do": {do}, "problem": {id}, "until": {until}, "sign": {m.sign(do, id, until)}}
	return strings.TrimRight(m.url, "/") + "/?" + q.Encode()
}

func (m *mailer) sign(parts ...string) string {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

var page = template.Must(template.New("").Parse(`<!doctype html><html lang="{{.Language}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title><h1>{{.Title}}</h1>{{if .Text}}<p>{{.Text}}</p>{{else}}<form method="post">
{{if .Comment}}<p><label>{{.Comment}}<br><textarea name="comment" rows="8" cols="36" maxlength="2000" required></textarea></label></p>{{end}}
<p><button>{{.Do}}</button></p></form>{{end}}`))

// ServeHTTP shows the page behind a link, and does what it says when its
// button is pressed.
func (m *mailer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Referrer-Policy", "no-referrer")
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
	w, q := words[m.language], r.URL.Query()
	do, id, until := q.Get("do"), q.Get("problem"), q.Get("until")
	ends, err := strconv.ParseInt(until, 10, 64)
	title := map[string]string{"acknowledge": w["ackTitle"], "answer": w["answerTitle"]}[do]
	if err != nil || title == "" || !hmac.Equal([]byte(q.Get("sign")), []byte(m.sign(do, id, until))) || m.now().Unix() >= ends {
		m.show(rw, http.StatusForbidden, map[string]string{"Title": "Heard", "Text": w["gone"]})
		return
	}
	shown := map[string]string{"Title": title, "Do": w["do"]}
	if do == "answer" {
		shown["Comment"] = w["comment"]
	}
	if r.Method != http.MethodPost {
		m.show(rw, http.StatusOK, shown)
		return
	}
	r.Body = http.MaxBytesReader(rw, r.Body, maxForm)
	if err := m.tell(r, do, id); err != nil {
		slog.ErrorContext(r.Context(), "answer not passed on", "err", err)
		m.show(rw, http.StatusServiceUnavailable, shown)
		return
	}
	m.show(rw, http.StatusOK, map[string]string{"Title": title, "Text": w["thanks"]})
}

func (m *mailer) show(rw http.ResponseWriter, status int, values map[string]string) {
	values["Language"] = m.language
	rw.WriteHeader(status)
	_ = page.Execute(rw, values)
}

// tell sends the update. An acknowledgement has a name, so that two presses
// are one.
func (m *mailer) tell(r *http.Request, do, id string) error {
	update := map[string]string{"problem": id, "id": m.sign(do, id, r.URL.Query().Get("until"))}
	if do == "acknowledge" {
		update["to"] = string(problem.Acknowledged)
	} else {
		if err := r.ParseForm(); err != nil {
			return err
		}
		update["comment"] = r.PostForm.Get("comment")
		update["id"] = m.sign(do, id, update["comment"])
	}
	body, err := json.Marshal(update)
	if err != nil {
		return err
	}
	_, err = m.sqs.SendMessage(r.Context(), &sqs.SendMessageInput{QueueUrl: m.answers, MessageBody: aws.String(string(body))})
	return err
}
