package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// doctorSettings are the flags of doctor: parameters of the stack that explain some of
// its findings.
type doctorSettings struct {
	most     int
	staff    string
	domain   string
	appTexts string
}

// examineTable prints what the stored messages show about the stack's parameters:
//
//   - Senders whose mails have several different Reply-To addresses, and our own
//     mailboxes that are customers. Such a sender may be a web form that is not
//     configured, so that all its visitors became one customer.
//   - Texts that an app of ours sent to several customers in the same words. They may be
//     greeting or away messages, which end the waiting of a customer without an answer.
func (t *tool) examineTable(ctx context.Context, args []string) error {
	var s doctorSettings
	f := t.newFlagSet("doctor")
	f.IntVar(&s.most, "most", 1_000_000, "examine at most this `number` of items of the table, twice; 4 KB cost half a read unit")
	f.StringVar(&s.staff, "staff", "", "the value of the stack's parameter `MailStaff`; these are never proposed as forms")
	f.StringVar(&s.domain, "domain", "", "the value of the stack's parameter `MailDomain`; default: that of the local stack")
	f.StringVar(&s.appTexts, "app-texts", "", "the value of the stack's parameter `AppTexts`; these are not proposed again")
	if err := t.parseArgs(f, args, 0, 0); err != nil {
		return err
	}
	if s.most < 1 {
		return errors.New("-most must be at least 1")
	}
	staff, err := email.ParseAddressList(s.staff)
	if err != nil {
		return fmt.Errorf("-staff: %w", err)
	}
	known, err := contact.ParseAppTexts(s.appTexts)
	if err != nil {
		return fmt.Errorf("-app-texts: %w", err)
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	s.domain = cmp.Or(s.domain, c.MailDomain)
	examined, whole, err := t.findForms(ctx, c, s, staff)
	if err != nil {
		return err
	}
	if err := t.findAppTexts(ctx, c, s, known); err != nil {
		return err
	}
	if !whole {
		fmt.Fprintf(t.out, "\nThis was a partial look: the table has more than the %d items that were examined. To examine more, from the first item again:\n  %s\n", examined, s.commandForMore())
	}
	return nil
}

// commandForMore returns the command that examines ten times as many items.
func (s doctorSettings) commandForMore() string {
	more := fmt.Sprintf("heardctl doctor -most %d", s.most*10)
	if s.staff != "" {
		more += fmt.Sprintf(" -staff '%s'", s.staff)
	}
	if s.domain != "" {
		more += " -domain " + s.domain
	}
	if s.appTexts != "" {
		more += fmt.Sprintf(" -app-texts '%s'", s.appTexts)
	}
	return more
}

func (t *tool) printProgress(examined int) { fmt.Fprintf(t.err, "read %d items\n", examined) }

// findForms prints the senders that may be forms or mailboxes of ours.
func (t *tool) findForms(ctx context.Context, c *stackclient.Client, s doctorSettings, staff email.AddressList) (examined int, whole bool, err error) {
	found, examined, whole, err := c.NamedReplies(ctx, s.domain, s.most, t.printProgress)
	if err != nil {
		return 0, false, fmt.Errorf("examine the mails of the table: %w", err)
	}
	t.printSuspects(suspectedSenders(found, staff), s.domain, whole)
	fmt.Fprint(t.out, "\nDoctor does not know the stack's MailForms. It cannot tell a form from a person with several addresses, and it does not see a form whose mails have no Reply-To.\n")
	if s.staff == "" {
		fmt.Fprint(t.out, "Without -staff it cannot tell colleagues from forms: give it the stack's MailStaff.\n")
	}
	if s.domain == "" {
		fmt.Fprint(t.out, "Without -domain it finds one kind of own mailbox only, the one that the mail came to: give it the stack's MailDomain.\n")
	}
	return examined, whole, nil
}

// minEchoCustomers is how many customers must have received a text before doctor names
// it. A text that fewer received may hold something about them.
const minEchoCustomers = 5

// findAppTexts prints the texts that may be messages of an app.
func (t *tool) findAppTexts(ctx context.Context, c *stackclient.Client, s doctorSettings, known contact.AppTexts) error {
	found, _, _, err := c.RepeatedEchoes(ctx, minEchoCustomers, s.most, t.printProgress)
	if err != nil {
		return fmt.Errorf("examine the chat messages of the table: %w", err)
	}
	t.printEchoes(unknownEchoes(found, known), s.appTexts)
	return nil
}

// unknownEchoes returns the texts that are not known as messages of an app.
func unknownEchoes(found []store.RepeatedEcho, known contact.AppTexts) []store.RepeatedEcho {
	var unknown []store.RepeatedEcho
	for _, e := range found {
		m := message.Message{Channel: message.WhatsApp, Direction: message.Outbound, Kind: message.Text, Origin: message.Echo, Text: e.Text}
		if _, isKnown := contact.WrittenByMachine(m, known); !isKnown {
			unknown = append(unknown, e)
		}
	}
	return unknown
}

// printEchoes prints texts that repeat, and the value of AppTexts with those that came
// at once. deployed is its present value.
func (t *tool) printEchoes(all []store.RepeatedEcho, deployed string) {
	if len(all) == 0 {
		return
	}
	var proposed []string
	if deployed != "" {
		proposed = append(proposed, deployed)
	}
	known := len(proposed)
	fmt.Fprint(t.out, "\nThese texts were sent from an app to five customers or more, in the same words:\n")
	for _, e := range all {
		one := strings.Join(strings.Fields(e.Text), " ")
		fmt.Fprintf(t.out, "  %s, %s, %d within 10 seconds of the customer's: %s\n", count(e.Customers, "customer"), count(e.Messages, "message"), e.AtOnce, one)
		if isSentByApp(e) {
			proposed = append(proposed, one)
		}
	}
	if len(proposed) == known {
		fmt.Fprint(t.out, "Few of them came at once, so that staff seem to have sent them. Add to the parameter AppTexts those that an app sends by itself.\n")
		return
	}
	fmt.Fprintf(t.out, "Next: an app seems to send those that came at once by itself. Leave out those that staff send, and deploy:\n  AppTexts='%s'\n", strings.Join(proposed, " "+contact.AppTextSeparator+" "))
}

// isSentByApp reports whether most messages with a text came at once, and the text can
// be an entry of AppTexts.
func isSentByApp(e store.RepeatedEcho) bool {
	_, err := contact.ParseAppTexts(e.Text)
	return err == nil && 2*e.AtOnce > e.Messages
}
