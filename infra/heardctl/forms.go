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

// findForms names the senders whose mails had several different Reply-To: forms
// and relays that are not configured, so that their visitors are one customer.
func (t *tool) findForms(ctx context.Context, args []string) error {
	f := t.newFlagSet("doctor")
	most := f.Int("most", 1_000_000, "look at this `number` of items of the table, at half a read unit for 4 KB of them")
	if err := t.parseArgs(f, args, 0, 0); err != nil {
		return err
	}
	if *most < 1 {
		return errors.New("-most must be 1 or more")
	}
	c, err := t.openStack(ctx)
	if err != nil {
		return err
	}
	found, examined, whole, err := c.NamedReplies(ctx, *most, func(n int) { fmt.Fprintf(t.err, "looked at %d items\n", n) })
	if err != nil {
		return err
	}
	suspects := suspectedForms(found)
	for _, s := range suspects {
		fmt.Fprintf(t.out, "%s: %d different Reply-To in %d mails. It may be a web form, and its visitors one customer.\n", s.sender.Value, s.people, s.mails)
	}
	if len(suspects) > 0 {
		var names []string
		for _, s := range suspects {
			names = append(names, s.sender.Value)
		}
		fmt.Fprintf(t.out, "\nDeploy with those that are forms added to MailForms:\n  MailForms=%s\nThen part each existing customer, as docs/operations.md says:\n", strings.Join(names, ","))
		for _, name := range names {
			fmt.Fprintf(t.out, "  heardctl part -dry-run %s\n", name)
		}
	} else {
		fmt.Fprintln(t.out, "no sender has mails with different Reply-To")
	}
	if !whole {
		fmt.Fprintf(t.out, "\nThe table has more than the %d items looked at: -most %d looks at more.\n", examined, *most*10)
	}
	return nil
}

// A suspect is a sender that may be a form.
type suspect struct {
	sender        identity.Alias
	people, mails int
}

// suspectedForms returns the senders with several different Reply-To, those of
// most people first.
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

// separateForm gives the mails of a form's address to the persons who wrote them.
func (t *tool) separateForm(ctx context.Context, args []string) error {
	f := t.newFlagSet("part")
	dryRun := f.Bool("dry-run", false, "only say what would move")
	since := f.String("since", "", "leave mails before this `time`, like 2026-03-01T00:00:00Z")
	staff := f.String("staff", "", "the stack's parameter `MailStaff`")
	forms := f.String("forms", "", "the stack's parameter `MailForms`")
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
			return errors.New("-since must be a time like 2026-03-01T00:00:00Z")
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
	moved, stayed, people := 0, 0, map[identity.Alias]bool{}
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
	return err
}

// authorName returns the address of a mail's author, or that it has none.
func authorName(a identity.Alias) string {
	if email.Unnamed(a) {
		return "a customer of its own, for its author is not known [" + email.MarkNoAuthor + "]"
	}
	return a.Value
}

// mailSettings are the parameters of a stack by which mails are read.
type mailSettings struct{ staff, forms, domain string }

// newMailNormalizer returns what reads mails with those parameters.
func newMailNormalizer(s mailSettings) (func([]byte) (contact.Delivery, error), error) {
	staff, errStaff := email.ParseAddressList(s.staff)
	forms, errForms := email.ParseAddressList(s.forms)
	if err := errors.Join(errStaff, errForms); err != nil {
		return nil, err
	}
	return func(raw []byte) (contact.Delivery, error) {
		env := email.EnvelopeFromHeaders(raw)
		env.Staff, env.Forms, env.Domain = staff.Has, forms.Has, s.domain
		d, _, err := email.Normalize(raw, env)
		return d, err
	}, nil
}
