package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/infra/heardctl/client"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store"
)

// findForms prints the senders whose mails have several different Reply-To
// addresses. Such a sender may be a web form that is not configured, so that
// all its visitors became one customer.
func (t *tool) findForms(ctx context.Context, args []string) error {
	f := t.newFlagSet("doctor")
	most := f.Int("most", 1_000_000, "read at most this `number` of items of the table; 4 KB cost half a read unit")
	if err := t.parseArgs(f, args, 0, 0); err != nil {
		return err
	}
	if *most < 1 {
		return errors.New("-most must be at least 1")
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	found, examined, whole, err := c.NamedReplies(ctx, *most, func(n int) { fmt.Fprintf(t.err, "read %d items\n", n) })
	if err != nil {
		return err
	}
	suspects := suspectedForms(found)
	for _, s := range suspects {
		fmt.Fprintf(t.out, "%s: %d different Reply-To in %d mails. It may be a web form whose visitors share one customer.\n", s.sender.Value, s.people, s.mails)
	}
	if len(suspects) > 0 {
		var names []string
		for _, s := range suspects {
			names = append(names, s.sender.Value)
		}
		fmt.Fprintf(t.out, "\nNext: add those that are forms to the parameter MailForms, and deploy:\n  MailForms=%s\nThen separate each form's existing mails, as docs/operations.md describes:\n", strings.Join(names, ","))
		for _, name := range names {
			fmt.Fprintf(t.out, "  heardctl part -dry-run %s\n", name)
		}
	} else {
		fmt.Fprintln(t.out, "no sender has mails with different Reply-To: all forms are configured")
	}
	if !whole {
		fmt.Fprintf(t.out, "\nThe table has more than the %d items that were read. To read more: heardctl doctor -most %d\n", examined, *most*10)
	}
	return nil
}

// suspect is a sender that may be a form.
type suspect struct {
	sender        identity.Alias
	people, mails int // numbers of different Reply-To and of mails
}

// suspectedForms returns the senders with more than one Reply-To, those with the
// most first.
func suspectedForms(found []store.NamedReply) []suspect {
	mails := map[identity.Alias]int{}
	people := map[identity.Alias]map[identity.Alias]bool{}
	for _, n := range found {
		if people[n.Sender] == nil {
			people[n.Sender] = map[identity.Alias]bool{}
		}
		people[n.Sender][n.ReplyTo] = true
		mails[n.Sender]++
	}
	var out []suspect
	for sender, who := range people {
		if len(who) > 1 {
			out = append(out, suspect{sender, len(who), mails[sender]})
		}
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
	dryRun := f.Bool("dry-run", false, "only print what would be moved")
	since := f.String("since", "", "do not move mails before this `time`, such as 2026-03-01T00:00:00Z")
	staff := f.String("staff", "", "the value of the stack's parameter `MailStaff`")
	forms := f.String("forms", "", "the value of the stack's parameter `MailForms`")
	if err := t.parseArgs(f, args, 1, 2); err != nil {
		return err
	}
	p := client.FormSeparation{DryRun: *dryRun}
	var err error
	if p.Address, err = identity.NewAlias(identity.Email, "", strings.TrimPrefix(f.Arg(0), "email:")); err != nil {
		return err
	}
	if *since != "" {
		if p.Since, err = time.Parse(time.RFC3339, *since); err != nil {
			return errors.New("-since must be a time such as 2026-03-01T00:00:00Z")
		}
	}
	var errStaff, errForms error
	p.Staff, errStaff = email.ParseAddressList(*staff)
	p.Forms, errForms = email.ParseAddressList(*forms)
	if err := errors.Join(errStaff, errForms); err != nil {
		return err
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	if p.Customer, err = c.ResolveCustomer(ctx, cmp.Or(f.Arg(1), "email:"+p.Address.Value)); err != nil {
		return err
	}
	moved := 0
	stayed := 0
	people := map[identity.Alias]bool{}
	err = c.SeparateForm(ctx, p, func(m client.SeparatedMail) {
		if m.Err != nil {
			stayed++
			fmt.Fprintf(t.out, "%s stays: %v\n", m.ID, m.Err)
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
	fmt.Fprintf(t.out, "%d mails %s to %d customers; %d stay with customer %s\n", moved, verb, len(people), stayed, p.Customer)
	if err != nil {
		return err
	}
	if p.DryRun {
		t.printHint("run the same command without -dry-run to move the mails")
	} else {
		t.printHint("heardctl history email:<address> shows a moved mail; docs/operations.md describes how to close the old contact")
	}
	return nil
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
func newMailNormalizer(s mailSettings) (func([]byte) (contact.Delivery, error), error) {
	staff, errStaff := email.ParseAddressList(s.staff)
	forms, errForms := email.ParseAddressList(s.forms)
	if err := errors.Join(errStaff, errForms); err != nil {
		return nil, err
	}
	return func(raw []byte) (contact.Delivery, error) {
		env := email.EnvelopeFromHeaders(raw)
		env.Staff = staff.Has
		env.Forms = forms.Has
		env.Domain = s.domain
		d, _, err := email.Normalize(raw, env)
		return d, err
	}, nil
}
