package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// printSuspects prints the senders and the next steps. whole is false if only a
// part of the table was examined.
func (t *tool) printSuspects(all []suspect, domain string, whole bool) {
	var forms []string
	var part []string
	hasOwn := false
	for _, s := range all {
		switch s.kind {
		case ownMailbox:
			hasOwn = true
			fmt.Fprintf(t.out, "%s: our own mailbox is the customer of %s. An answer to it comes back to us.\n", s.sender.Value, count(s.mails, "mail"))
			from := domain
			if from == "" {
				_, from, _ = strings.Cut(s.sender.Value, "@")
			}
			part = append(part, "-domain "+from+" "+s.sender.Value)
		case colleague:
			fmt.Fprintf(t.out, "%s: %d different Reply-To in %s, but it is in MailStaff. New mails with an outside Reply-To belong to the person there.\n", s.sender.Value, s.people, count(s.mails, "mail"))
		default:
			fmt.Fprintf(t.out, "%s: %d different Reply-To in %s. It may be a web form whose visitors share one customer.\n", s.sender.Value, s.people, count(s.mails, "mail"))
			forms = append(forms, s.sender.Value)
			part = append(part, "-forms <MailForms> "+s.sender.Value)
		}
	}
	if len(forms) > 0 {
		fmt.Fprintf(t.out, "\nNext: add those that are forms to the parameter MailForms, and deploy:\n  MailForms=%s\n", strings.Join(forms, ","))
	} else if !hasOwn {
		where := ""
		if !whole {
			where = "in the part of the table that was examined, "
		}
		fmt.Fprintln(t.out, where+"no sender has mails with different Reply-To that MailStaff does not explain")
	}
	if len(part) > 0 {
		fmt.Fprintln(t.out, "\nThen separate the existing mails of each, as docs/operations.md describes:")
	}
	for _, p := range part {
		fmt.Fprintf(t.out, "  heardctl part -dry-run %s\n", p)
	}
}

// senderKind is the known kind of a suspect.
type senderKind int

const (
	mayBeForm  senderKind = iota
	colleague             // in MailStaff
	ownMailbox            // one of our mailboxes
)

// suspect is a sender that may have the mails of several people.
type suspect struct {
	sender        identity.Alias
	kind          senderKind
	people, mails int // numbers of different Reply-To and of mails
}

// suspectedSenders returns our own mailboxes and the senders with more than one
// Reply-To, those with the most first.
func suspectedSenders(found []store.NamedReply, staff email.AddressList) []suspect {
	mails := map[identity.Alias]int{}
	own := map[identity.Alias]bool{}
	people := map[identity.Alias]map[identity.Alias]bool{}
	for _, n := range found {
		if people[n.Sender] == nil {
			people[n.Sender] = map[identity.Alias]bool{}
		}
		if n.ReplyTo.Value != "" {
			people[n.Sender][n.ReplyTo] = true
		}
		own[n.Sender] = own[n.Sender] || n.OwnMailbox
		mails[n.Sender]++
	}
	var out []suspect
	for sender, replyTo := range people {
		s := suspect{sender: sender, people: len(replyTo), mails: mails[sender]}
		switch {
		case own[sender]:
			s.kind = ownMailbox
		case len(replyTo) < 2:
			continue
		case staff.Has(sender.Value):
			s.kind = colleague
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b suspect) int {
		return cmp.Or(cmp.Compare(b.people, a.people), cmp.Compare(a.sender.Value, b.sender.Value))
	})
	return out
}

// separateForm moves the mails from a form's address to the customers who wrote
// them.
func (t *tool) separateForm(ctx context.Context, args []string) error {
	f := t.newFlagSet("part")
	p, domain, err := t.parseSeparation(f, args)
	if err != nil {
		return err
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	parameter := ownSideParameter(p, cmp.Or(domain, c.MailDomain))
	if parameter == "" {
		return fmt.Errorf("%s is not in -forms. If the stack's MailForms does not have it either, new mails of several people again share one customer, and answers to the form are still sent.\n"+
			"Read the deployed value, and give it as -forms:\n%s", p.Address.Value, parameterQuery(c.Name, "MailForms"))
	}
	if p.Customer, err = c.ResolveCustomer(ctx, cmp.Or(f.Arg(1), "email:"+p.Address.Value)); err != nil {
		return err
	}
	if err := c.RequireCustomer(ctx, p.Customer); err != nil {
		return err
	}
	if err := t.moveMails(ctx, c, p); err != nil {
		return err
	}
	if p.DryRun {
		t.printHint("run the same command without -dry-run to move the mails")
		return nil
	}
	fmt.Fprintf(t.err, "Check that the deployed %s has %s, or new mails are mixed again:\n%s\n", parameter, p.Address.Value, parameterQuery(c.Name, parameter))
	t.printHint("heardctl history email:<address> shows a moved mail; docs/operations.md describes how to close the old contact")
	return nil
}

// parseSeparation parses the command line of part. It returns the separation
// without its customer, and the stack's mail domain, which may be empty.
func (t *tool) parseSeparation(f *flag.FlagSet, args []string) (p stackclient.FormSeparation, domain string, err error) {
	f.BoolVar(&p.DryRun, "dry-run", false, "only print what would be moved")
	since := f.String("since", "", "do not move mails before this `time`, such as 2026-03-01T00:00:00Z")
	staff := f.String("staff", "", "the deployed value of the stack's parameter `MailStaff`")
	forms := f.String("forms", "", "the deployed value of the stack's parameter `MailForms`; it must have the address, because heardctl cannot read the stack's parameters")
	f.StringVar(&domain, "domain", "", "the value of the stack's parameter `MailDomain`; default: that of the local stack. Its addresses need no entry in -forms")
	if err := t.parseArgs(f, args, 1, 2); err != nil {
		return p, "", err
	}
	if p.Address, err = identity.NewAlias(identity.Email, "", strings.TrimPrefix(f.Arg(0), "email:")); err != nil {
		return p, "", fmt.Errorf("address: %w", err)
	}
	if *since != "" {
		if p.Since, err = time.Parse(time.RFC3339, *since); err != nil {
			return p, "", errors.New("-since must be a time such as 2026-03-01T00:00:00Z")
		}
	}
	p.Staff, p.Forms, err = parseMailLists(*staff, *forms)
	return p, domain, err
}

// parseMailLists parses the values of the flags -staff and -forms.
func parseMailLists(staffValue, formsValue string) (staff, forms email.AddressList, err error) {
	staff, errStaff := email.ParseAddressList(staffValue)
	if errStaff != nil {
		errStaff = fmt.Errorf("-staff: %w", errStaff)
	}
	forms, errForms := email.ParseAddressList(formsValue)
	if errForms != nil {
		errForms = fmt.Errorf("-forms: %w", errForms)
	}
	return staff, forms, errors.Join(errStaff, errForms)
}

// moveMails separates a form, prints the result for each mail, and then the
// totals.
func (t *tool) moveMails(ctx context.Context, c *stackclient.Client, p stackclient.FormSeparation) error {
	moved := 0
	stayed := 0
	people := map[identity.Alias]bool{}
	err := c.SeparateForm(ctx, p, func(m stackclient.SeparatedMail) {
		if m.Err != nil {
			stayed++
			fmt.Fprintf(t.out, "%s is not moved: %v\n", m.ID, m.Err)
			return
		}
		moved++
		people[m.To] = true
		fmt.Fprintf(t.out, "%s to %s\n", m.ID, authorName(m.To))
	})
	verb := "moved"
	if p.DryRun {
		verb = "would move"
	}
	stay := "stay"
	if stayed == 1 {
		stay = "stays"
	}
	fmt.Fprintf(t.out, "%s %s to %s; %d %s with customer %s\n", count(moved, "mail"), verb, count(len(people), "customer"), stayed, stay, p.Customer)
	return err
}

// ownSideParameter returns the stack's parameter by which an address is a form,
// a colleague or a mailbox of ours, as the operator gave them. It is empty for
// the address of a customer.
func ownSideParameter(p stackclient.FormSeparation, domain string) string {
	_, of, _ := strings.Cut(p.Address.Value, "@")
	switch {
	case p.Forms.Has(p.Address.Value):
		return "MailForms"
	case p.Staff.Has(p.Address.Value):
		return "MailStaff"
	case domain != "" && strings.EqualFold(of, domain):
		return "MailDomain"
	default:
		return ""
	}
}

// parameterQuery returns the command that prints a parameter of the stack.
func parameterQuery(stack, parameter string) string {
	return fmt.Sprintf(`  aws cloudformation describe-stacks --stack-name %s --query "Stacks[0].Parameters[?ParameterKey=='%s'].ParameterValue" --output text`, cmp.Or(stack, "heard"), parameter)
}

// count returns a number with its noun: "1 mail", "2 mails".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// authorName returns the address of a mail's author, or a text if it is unknown.
func authorName(a identity.Alias) string {
	if email.Unnamed(a) {
		return "a customer of its own, because the author is unknown [" + email.MarkNoAuthor + "]"
	}
	return a.Value
}

// mailSettings are the stack's parameters MailStaff, MailForms and MailDomain.
type mailSettings struct{ staff, forms, domain string }

// newMailNormalizer returns a normalizer of mails that uses these parameters.
func newMailNormalizer(s mailSettings) (func([]byte) (message.Delivery, error), error) {
	staff, forms, err := parseMailLists(s.staff, s.forms)
	if err != nil {
		return nil, err
	}
	return func(raw []byte) (message.Delivery, error) {
		env := email.EnvelopeFromHeaders(raw)
		env.Staff = staff.Has
		env.Forms = forms.Has
		env.Domain = s.domain
		d, _, err := email.Normalize(raw, env)
		return d, err
	}, nil
}
