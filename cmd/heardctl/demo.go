package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/traffic"
)

// maxWait is how long the demo waits for one result.
const maxWait = time.Minute

// demoComplaint is the complaint that the five customers of the demo share. Each
// run needs one that is not a problem yet, so that a problem is opened.
type demoComplaint struct{ reason, product, department, name string }

func demoComplaints() []demoComplaint {
	var all []demoComplaint
	for _, p := range [][2]string{
		{"coffee-machine", "koffiemachine"}, {"robot-vacuum", "robotstofzuiger"}, {"air-fryer", "airfryer"}, {"standing-desk", "zit-sta bureau"},
		{"garden-set", "loungeset"}, {"smart-lamp", "slimme lamp"}, {"headphones", "koptelefoon"},
	} {
		all = append(all, demoComplaint{"manual-unclear", p[0], "documentation", p[1]})
	}
	return all
}

// story is one run of the demo.
type story struct {
	*tool
	*stackclient.Client
	jan    traffic.Person
	number string // Jan's customer number
	order  string
	others []traffic.Person
	about  demoComplaint
}

func (t *tool) runDemo(ctx context.Context, args []string) error {
	f := t.newFlagSet("demo")
	c, err := t.parseAndOpen(ctx, f, args, 0, 0)
	if err != nil {
		return err
	}
	if !c.Local() {
		return errors.New("the demo writes invented customers, so it runs on the local stack only: start one with make run")
	}
	s := &story{tool: t, Client: c}
	if err := s.chooseCast(ctx); err != nil {
		return fmt.Errorf("choose the people of the demo: %w", err)
	}
	if err := s.playOneCustomer(ctx); err != nil {
		return fmt.Errorf("story of one customer: %w", err)
	}
	if err := s.playOneProblem(ctx); err != nil {
		return fmt.Errorf("story of one problem: %w", err)
	}
	return nil
}

// chooseCast chooses people whom the stack does not know, and a complaint that
// is not a problem yet.
func (s *story) chooseCast(ctx context.Context) error {
	first := rand.IntN(999_000) * 10 //nolint:gosec // no secret
	s.jan = traffic.Someone(first)
	s.number = fmt.Sprintf("K-%07d", first)
	s.order = fmt.Sprintf("WS-%06d", first%1_000_000)
	for n := range 5 {
		s.others = append(s.others, traffic.Someone(first+1+n))
	}
	known, err := s.Problems(ctx, "")
	if err != nil {
		return err
	}
	taken := map[[2]string]bool{}
	for _, p := range known {
		taken[[2]string{p.Reason, p.Product}] = true
	}
	for _, c := range demoComplaints() {
		if !taken[[2]string{c.reason, c.product}] {
			s.about = c
			return nil
		}
	}
	return errors.New("this stack has all the problems of the demo already: start it with -memory, or remove its folder")
}

// printLine prints a formatted line.
func (s *story) printLine(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// playOneCustomer plays the first act: one customer writes on three channels and
// gets one history.
func (s *story) playOneCustomer(ctx context.Context) error {
	name, _, _ := strings.Cut(s.jan.Name, " ")
	s.printLine("1. One customer, three channels, one history\n")
	_, err := s.RegisterCustomer(ctx, stackclient.Entry{
		Number: s.number, Name: s.jan.Name, Locale: "nl-NL", Phones: []string{"+" + s.jan.Phone}, Mails: []string{s.jan.Mail},
		Orders: []identity.Order{{Number: s.order, Products: []string{"coffee-machine"}}},
	}, false)
	if err != nil {
		return err
	}
	s.printLine("   %s is in the shop's register as customer %s, with a phone number and a mail address.", name, s.number)
	steps := []struct {
		how, text string
		do        func(context.Context, string) error
	}{
		{"wrote on WhatsApp, two hours ago", "Hallo, waar blijft mijn bestelling " + s.order + "?", func(ctx context.Context, text string) error {
			return s.sendWhatsApp(ctx, s.jan, text, time.Now().Add(-2*time.Hour))
		}},
		{"writes a mail", "Weten jullie al wanneer mijn bestelling " + s.order + " bezorgd wordt?", func(_ context.Context, text string) error {
			return s.sendMailFrom(s.jan, "Bestelling "+s.order, text)
		}},
		{"opens the chat, signed in on the site", "Hallo, ik ben het weer. Is er al nieuws?", func(ctx context.Context, text string) error {
			return postChatMessage(ctx, s.Client, s.number, traffic.Chat("", text), false)
		}},
	}
	for n, step := range steps {
		if err := step.do(ctx, step.text); err != nil {
			return fmt.Errorf("step %d, %s: %w", n+1, step.how, err)
		}
		if err := s.waitFor(ctx, "the message in the history", func() (bool, error) { return s.hasMessages(ctx, n+1) }); err != nil {
			return err
		}
		s.printLine("   %s %s: %q", name, step.how, step.text)
	}
	return s.printJan(ctx)
}

// hasMessages reports whether Jan's history has at least n messages.
func (s *story) hasMessages(ctx context.Context, n int) (bool, error) {
	p, err := s.FindCustomer(ctx, "account:"+s.number)
	if err != nil {
		return false, err
	}
	messages, err := s.Messages(ctx, p.ID, 10)
	return len(messages) >= n, err
}

func (s *story) printJan(ctx context.Context) error {
	p, err := s.FindCustomer(ctx, "account:"+s.number)
	if err != nil {
		return err
	}
	var contacts []stackclient.Contact
	err = s.waitFor(ctx, "one contact over three channels", func() (bool, error) {
		contacts, err = s.Contacts(ctx, p.ID)
		return len(contacts) == 1 && len(contacts[0].Channels) == 3, err
	})
	if err != nil {
		return err
	}
	messages, err := s.Messages(ctx, p.ID, 10)
	if err != nil {
		return err
	}
	s.printLine("\n   What an agent sees. The register and the chat's sign-in connect the channels:\n")
	printPerson(s.out, p)
	printMessages(s.out, messages)
	printContacts(s.out, contacts)
	s.printLine("\n   Again:  go run ./cmd/heardctl history account:%s\n", s.number)
	return nil
}

// playOneProblem plays the second act: five customers complain, and the
// department gets one problem item.
func (s *story) playOneProblem(ctx context.Context) error {
	s.printLine("2. Five customers with the same complaint, one problem item\n")
	lines := []struct {
		channel message.Channel
		text    string
	}{
		{message.WhatsApp, "Ik begrijp stap 4 in de handleiding van mijn %s niet."},
		{message.Messenger, "De handleiding van de %s is echt onduidelijk!"},
		{message.Email, "De handleiding bij de %s klopt niet: de tekening bij stap 4 is van een ander model."},
		{message.WebChat, "Hoi, ik begrijp de handleiding van de %s niet"},
		{message.WhatsApp, "De handleiding van mijn %s is onbegrijpelijk, kunnen jullie mij helpen?"},
	}
	for i, line := range lines {
		text := fmt.Sprintf(line.text, s.about.name)
		if err := s.sendText(ctx, s.others[i], line.channel, text); err != nil {
			return fmt.Errorf("complaint %d by %s: %w", i+1, line.channel, err)
		}
		s.printLine("   %-9s  %q", line.channel, text)
	}
	var p problem.Problem
	err := s.waitFor(ctx, "the problem", func() (found bool, err error) {
		p, found, err = s.findDemoProblem(ctx)
		return found, err
	})
	if err != nil {
		return err
	}
	var about []stackclient.Item
	err = s.waitFor(ctx, "the problem item", func() (bool, error) {
		all, err := s.QueueItems(ctx, s.about.department, false)
		about = slices.DeleteFunc(all, func(i stackclient.Item) bool { return i.ID != p.ID })
		return len(about) > 0, err
	})
	if err != nil {
		return err
	}
	s.printLine("\n   The department %s finds on its queue, %s:\n", s.about.department, pluralize(len(about), "item"))
	printItem(s.out, about[0].Item)
	queue, err := s.Queue(ctx, s.SDK, "problems-"+s.about.department+".fifo")
	if err != nil {
		return fmt.Errorf("find the queue of %s: %w", s.about.department, err)
	}
	s.printLine("   It is still on the queue. To read it with the AWS CLI:\n\n"+
		"     AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=%s \\\n"+
		"       aws sqs receive-message --visibility-timeout 0 \\\n"+
		"       --endpoint-url %s --queue-url %s\n\n"+
		"   Next: go run ./cmd/heardctl waiting %s   problems   queue %[5]s",
		s.AccessKey, s.Region, s.Endpoints["SQS"], queue, s.about.department)
	return nil
}

// findDemoProblem returns the problem of the complaint, and whether it has at
// least five customers. Earlier runs may have added more.
func (s *story) findDemoProblem(ctx context.Context) (problem.Problem, bool, error) {
	all, err := s.Problems(ctx, s.about.department)
	for _, p := range all {
		if p.Reason == s.about.reason && p.Product == s.about.product && p.Customers >= len(s.others) {
			return p, true, err
		}
	}
	return problem.Problem{}, false, err
}

// sendText sends a text from a person on a channel.
func (s *story) sendText(ctx context.Context, who traffic.Person, channel message.Channel, text string) error {
	switch channel {
	case message.WhatsApp:
		return s.sendWhatsApp(ctx, who, text, time.Now())
	case message.Email:
		return s.sendMailFrom(who, "Handleiding", text)
	case message.WebChat:
		return postChatMessage(ctx, s.Client, "", traffic.Chat("", text), false)
	default:
		now := time.Now()
		said := traffic.Said{From: who, ID: traffic.MID(newMessageID()), At: now, Text: text}
		return s.SendWebhook(ctx, channel, traffic.Messenger(said))
	}
}

func (s *story) sendWhatsApp(ctx context.Context, who traffic.Person, text string, at time.Time) error {
	said := traffic.Said{From: who, ID: traffic.Wamid(who, newMessageID()), At: at, Text: text}
	return s.SendWebhook(ctx, message.WhatsApp, traffic.WhatsApp(said))
}

func (s *story) sendMailFrom(who traffic.Person, subject, text string) error {
	return s.SendMail("", traffic.Mail(who, newMessageID()+"@example.org", "", subject, text, time.Now()))
}

// waitFor calls happened until it returns true or an error, for at most
// maxWait. what names the expected result in the error.
func (s *story) waitFor(ctx context.Context, what string, happened func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxWait, fmt.Errorf("%s did not appear within %s; see the log of make run", what, maxWait))
	defer cancel()
	for {
		ok, err := happened()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func pluralize(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
