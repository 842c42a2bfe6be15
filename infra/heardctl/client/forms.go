package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/intake"
	"github.com/heard-intake/heard/internal/store"
)

// NamedReplies is [store.Table.NamedReplies] of the stack's table.
func (c *Client) NamedReplies(ctx context.Context, most int, progress func(examined int)) ([]store.NamedReply, int, bool, error) {
	table, err := c.table(ctx)
	if err != nil {
		return nil, 0, false, err
	}
	return table.NamedReplies(ctx, most, progress)
}

// A FormSeparation moves the mails of a form's address to the persons who wrote them.
type FormSeparation struct {
	Address  identity.Alias
	Customer identity.CustomerID // who has the mails now
	Staff    email.AddressList
	Forms    email.AddressList // other forms of the stack
	Since    time.Time         // mails before it stay
	DryRun   bool
}

// A SeparatedMail is one mail of a [FormSeparation].
type SeparatedMail struct {
	ID  contact.ID
	To  identity.Alias // whose mail it is now
	Err error          // why it stays where it is; nil when it moved
}

// SeparateForm reads the raw mails of a form's address again, stores each for the
// person in its Reply-To, and marks the copy of the mixed customer as deleted.
// A copy is marked after the other one is stored, so that nothing is lost; a
// parting that broke off can be repeated. each is called for every mail.
func (c *Client) SeparateForm(ctx context.Context, p FormSeparation, each func(SeparatedMail)) error {
	if c.Mail == "" || c.Blobs == "" {
		return errors.New("set HEARD_MAIL and HEARD_BLOBS to the buckets")
	}
	table, err := c.table(ctx)
	if err != nil {
		return err
	}
	mixed, err := table.Customer(ctx, p.Customer)
	if err != nil {
		return err
	}
	q := contact.Query{Limit: 200, Oldest: true, From: p.Since, Channel: contact.Email, Direction: contact.Inbound}
	for {
		page, err := table.History(ctx, mixed, q)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if e.Customer.Alias != p.Address || (e.State != nil && !e.State.DeletedAt.IsZero()) {
				continue
			}
			to, err := c.partMail(ctx, table, p, e.Message)
			if err != nil && fault.Retryable(err) {
				return err
			}
			each(SeparatedMail{ID: e.ID, To: to, Err: err})
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return nil
		}
	}
}

// partMail moves one mail, and returns whose it is now.
func (c *Client) partMail(ctx context.Context, table *store.Table, p FormSeparation, old contact.Message) (identity.Alias, error) {
	if old.Source == "" {
		return identity.Alias{}, errors.New("its raw mail is not known")
	}
	raw, err := blob.New(c.SDK.S3, c.Mail).Get(ctx, old.Source, intake.MaxMail)
	if err != nil {
		return identity.Alias{}, err
	}
	env := email.EnvelopeFromHeaders(raw)
	id, _, _ := strings.Cut(old.ProviderID, "/")
	env.SESID, env.ReceivedAt, env.Mailboxes = cmp.Or(env.SESID, id), old.SentAt, []string{old.Account}
	_, env.Domain, _ = strings.Cut(old.Account, "@")
	env.Staff = p.Staff.Has
	env.Forms = func(address string) bool { return address == p.Address.Value || p.Forms.Has(address) }
	d, parsed, err := email.Normalize(raw, env)
	if err != nil {
		return identity.Alias{}, err
	}
	m := &d.Messages[0]
	switch {
	case m.ID != old.ID:
		return identity.Alias{}, fmt.Errorf("its raw mail is that of another message, %s", m.ID)
	case m.Customer.Alias == p.Address:
		return identity.Alias{}, errors.New("it is a report of a server, not a mail of the form")
	case p.DryRun:
		return m.Customer.Alias, nil
	}
	m.Source, d.Effects = old.Source, nil
	ingester := &intake.Ingester{Store: table, Blobs: blob.New(c.SDK.S3, c.Blobs), Now: time.Now}
	letter := &intake.ParsedMail{Delivery: d, File: parsed.FileContent, Page: parsed.SafeHTML}
	tally, err := ingester.Ingest(ctx, d, intake.Source{Channel: contact.Email, Object: old.Source, Mail: letter})
	switch {
	case err != nil:
		return identity.Alias{}, err
	case tally.Stored+tally.Duplicate != 1:
		return identity.Alias{}, errors.New("it could not be stored again; heardctl replay -list quarantine says why")
	}
	_, err = table.PutEffect(ctx, old.CustomerID, contact.Effect{
		Channel: contact.Email, Account: old.Account, Customer: old.Customer, Target: old.ProviderID, Kind: contact.Deletion, At: time.Now(),
	})
	return m.Customer.Alias, err
}
