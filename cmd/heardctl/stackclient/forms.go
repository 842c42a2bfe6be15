package stackclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// NamedReplies returns the mails with a Reply-To in the stack's table, as
// [store.Messages.NamedReplies] does.
func (c *Client) NamedReplies(ctx context.Context, domain string, most int, progress func(examined int)) ([]store.NamedReply, int, bool, error) {
	table, err := c.openTable(ctx)
	if err != nil {
		return nil, 0, false, err
	}
	return table.Messages.NamedReplies(ctx, domain, most, progress)
}

// RepeatedEchoes returns the texts that apps of the company sent to several customers,
// as [store.Messages.RepeatedEchoes] does.
func (c *Client) RepeatedEchoes(ctx context.Context, customers, most int, progress func(examined int)) ([]store.RepeatedEcho, int, bool, error) {
	table, err := c.openTable(ctx)
	if err != nil {
		return nil, 0, false, err
	}
	return table.Messages.RepeatedEchoes(ctx, customers, most, progress)
}

// FormSeparation moves the mails from an address to the customers who wrote
// them. The address is treated as a form, unless it is in Staff alone or in the
// domain of the mailbox that received the mail. Then it is a colleague or one of
// our mailboxes, as in the email function.
type FormSeparation struct {
	Address  identity.Alias
	Customer identity.CustomerID // the customer who has the mails now
	Staff    email.AddressList
	Forms    email.AddressList // the stack's forms
	Since    time.Time         // earlier mails are not moved
	DryRun   bool
}

// SeparatedMail is the result for one mail of a [FormSeparation].
type SeparatedMail struct {
	ID  message.ID
	To  identity.Alias // the customer who wrote it
	Err error          // the reason why it was not moved; nil if it was
}

// SeparateForm reads the raw mails from a form's address again. It stores each
// mail for the person in its Reply-To, and then marks the copy of the mixed
// customer as deleted. In this order no mail is lost, and a separation that
// stopped halfway can be repeated. It calls each for every mail.
func (c *Client) SeparateForm(ctx context.Context, p FormSeparation, each func(SeparatedMail)) error {
	if c.Mail == "" || c.Blobs == "" {
		return errors.New("set HEARD_MAIL and HEARD_BLOBS to the names of the stack's buckets")
	}
	table, err := c.openTable(ctx)
	if err != nil {
		return err
	}
	mixed, err := table.Customers.Get(ctx, p.Customer)
	if err != nil {
		return fmt.Errorf("read customer %s: %w", p.Customer, err)
	}
	q := message.Query{Limit: 200, Oldest: true, From: p.Since, Channel: message.Email, Direction: message.Inbound}
	for {
		page, err := table.Messages.History(ctx, mixed, q)
		if err != nil {
			return fmt.Errorf("read the mails of customer %s: %w", p.Customer, err)
		}
		for _, e := range page.Entries {
			isDeleted := e.State != nil && !e.State.DeletedAt.IsZero()
			if e.Customer.Alias != p.Address || isDeleted {
				continue
			}
			to, err := c.separateMail(ctx, table, p, e.Message)
			if err != nil && fault.Retryable(err) {
				return fmt.Errorf("move mail %s: %w", e.ID, err)
			}
			each(SeparatedMail{ID: e.ID, To: to, Err: err})
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return nil
		}
	}
}

// separateMail moves one mail, and returns the alias of the customer who wrote
// it. A mail that cannot be moved is [fault.Invalid]; the other mails still can.
func (c *Client) separateMail(ctx context.Context, table *store.Table, p FormSeparation, old message.Message) (identity.Alias, error) {
	if old.Source == "" {
		return identity.Alias{}, fault.New(fault.Invalid, "the message does not name its raw mail")
	}
	raw, err := blob.New(c.SDK.S3, c.Mail).Get(ctx, old.Source, ingest.MaxMail)
	if err != nil {
		return identity.Alias{}, fmt.Errorf("raw mail %s: %w", old.Source, err)
	}
	env := email.EnvelopeFromHeaders(raw)
	id, _, _ := strings.Cut(old.ProviderID, "/")
	env.SESID = cmp.Or(env.SESID, id)
	env.ReceivedAt = old.SentAt
	env.KeyedBySES = !email.IsContentKey(old.ProviderID)
	env.Mailboxes = []string{old.Account}
	_, env.Domain, _ = strings.Cut(old.Account, "@")
	env.Staff = p.Staff.Has
	env.Forms = p.Forms.Has
	_, domain, _ := strings.Cut(p.Address.Value, "@")
	if domain != env.Domain && !p.Staff.Has(p.Address.Value) {
		env.Forms = func(address string) bool { return address == p.Address.Value || p.Forms.Has(address) }
	}
	d, parsed, err := email.Normalize(raw, env)
	if err != nil {
		return identity.Alias{}, fmt.Errorf("raw mail %s: %w", old.Source, err)
	}
	m := &d.Messages[0]
	switch {
	case m.ID != old.ID:
		return identity.Alias{}, fault.New(fault.Invalid, "its raw mail belongs to another message, %s", m.ID)
	case m.Customer.Alias == p.Address:
		return identity.Alias{}, fault.New(fault.Invalid, "it is a mail of this address itself: a mail server or a colleague wrote it")
	case p.DryRun:
		return m.Customer.Alias, nil
	}
	m.Source = old.Source
	d.Effects = nil
	ingester := &ingest.Ingester{Store: ingest.StoreOf(table), Blobs: blob.New(c.SDK.S3, c.Blobs), Now: time.Now}
	mail := &ingest.ParsedMail{Delivery: d, File: parsed.FileContent, Page: parsed.SafeHTML}
	tally, err := ingester.Ingest(ctx, d, ingest.Source{Channel: message.Email, Object: old.Source, Mail: mail})
	switch {
	case err != nil:
		return identity.Alias{}, fmt.Errorf("store it again: %w", err)
	case tally.Stored+tally.Duplicate != 1:
		return identity.Alias{}, fault.New(fault.Invalid, "it could not be stored again; heardctl replay -list quarantine shows the reason")
	}
	_, err = table.Messages.PutEffect(ctx, old.CustomerID, message.Effect{
		Channel: message.Email, Account: old.Account, Customer: old.Customer, Target: old.ProviderID, Kind: message.Deletion, At: time.Now(),
	})
	if err != nil {
		return identity.Alias{}, fmt.Errorf("mark the copy of the mixed customer as deleted: %w", err)
	}
	return m.Customer.Alias, nil
}
