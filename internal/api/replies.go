package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/intake"
)

// A Mailbox is the address that our mail comes from.
type Mailbox struct {
	Domain  string // what SES sends for; empty when this stack sends no mail
	Default string // the local part, for customers who wrote to no mailbox of ours
	Tokens  func(ctx context.Context) (email.Tokens, error)
}

// An outgoing answer is one that is sent from here.
type outgoing struct {
	ID        string          `json:"id"`
	Channel   contact.Channel `json:"channel"`
	InReplyTo contact.ID      `json:"inReplyTo"`
	Subject   string          `json:"subject"`
	Text      string          `json:"text"`
	HTML      string          `json:"html"`
	Files     []outgoingFile  `json:"files"`
	Author    string          `json:"author"`
	Automatic bool            `json:"automatic"`
	Force     string          `json:"force"`
}

// An outgoingFile is a file that goes with an answer.
type outgoingFile struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Data string `json:"data"` // base64
}

// Limits of what goes with an answer. Lambda takes 6 MB in a request, so that
// a body of maxBodyOfAnswer comes through.
const (
	maxBodyOfAnswer = 5 << 20   // bytes of the body
	maxFiles        = 10        // with one answer
	maxFileBytes    = 3 << 20   // of all files together
	maxHTML         = 256 << 10 // bytes
)

// maxAge is how far back the id of an answer may lie: it says when the answer
// was written.
const maxAge = 24 * time.Hour

// reply takes an answer to be sent: it is stored, and leaves from there.
func (a *Agents) reply(ctx context.Context, r *request) (reply, error) {
	var b outgoing
	body, err := r.jsonBody(maxBodyOfAnswer)
	if err != nil {
		return reply{}, err
	}
	if err := unmarshal(body, &b); err != nil {
		return reply{}, err
	}
	m, err := a.composed(&b, r)
	if err != nil {
		return reply{}, err
	}
	letter, err := enclose(&m, b)
	if err != nil {
		return reply{}, err
	}
	if err := a.mayAnswer(ctx, r, m.Author, b.Force); err != nil {
		return reply{}, err
	}
	c, err := a.known(ctx, r)
	if err != nil {
		return reply{}, err
	}
	rec := &recorder{Customers: a.Store, members: c.Members, under: identity.CustomerID(strings.ToLower(r.param("id")))}
	answered, err := a.answered(ctx, c, b)
	if err != nil {
		return reply{}, err
	}
	if err := a.addressed(ctx, c, &m, answered, rec); err != nil {
		return reply{}, err
	}
	if err := a.allowed(ctx, r, m, answered, b.Force != ""); err != nil {
		return reply{}, err
	}
	if err := a.unlike(ctx, rec, m); err != nil {
		return reply{}, err
	}
	return a.store(ctx, rec, m, letter, http.StatusAccepted)
}

// enclose reads the files of an answer and its page into m, and returns what
// holds them.
func enclose(m *contact.Message, b outgoing) (*intake.ParsedMail, error) {
	if len(b.Files) > maxFiles {
		return nil, fault.New(fault.Invalid, "an answer may have %d files", maxFiles)
	}
	data := map[string][]byte{}
	total := 0
	for i, f := range b.Files {
		name, typ, err := email.OutgoingFile(f.Name, f.Type)
		if err != nil {
			return nil, fault.New(fault.Invalid, "files[%d]: %s", i, fault.Message(err))
		}
		content, err := base64.StdEncoding.DecodeString(f.Data)
		if err != nil || len(content) == 0 {
			return nil, fault.New(fault.Invalid, "files[%d].data must be the file in base64", i)
		}
		if total += len(content); total > maxFileBytes {
			return nil, fault.New(fault.TooLarge, "the files of an answer may have %d bytes together", maxFileBytes)
		}
		sum := sha256.Sum256(content)
		ref := strconv.Itoa(i + 1)
		data[ref] = content
		m.Attachments = append(m.Attachments, contact.Attachment{
			Kind: email.OutgoingKind(typ), Ref: ref, Type: typ, Name: name, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
		})
	}
	page, _ := email.OutgoingPage(b.HTML)
	m.Page = int64(len(page))
	return &intake.ParsedMail{
		File: func(ref string) ([]byte, bool) { content, ok := data[ref]; return content, ok },
		Page: func() string { return page },
	}, nil
}

// unlike refuses an answer under the id of another, before its files take the
// place of the other's.
func (a *Agents) unlike(ctx context.Context, rec *recorder, m contact.Message) error {
	if len(m.Attachments) == 0 && m.Page == 0 {
		return nil
	}
	e, err := a.Store.Message(ctx, rec.under, m.ID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err == nil && !same(e, m) {
		return errOther
	}
	return nil
}

var errOther = fault.New(fault.Conflict, "this id is that of another message of this customer")

// composed returns what a request says, addressed to nobody yet.
func (a *Agents) composed(b *outgoing, r *request) (contact.Message, error) {
	m := contact.Message{
		Version: contact.SchemaVersion, Direction: contact.Outbound, Kind: contact.Mail, Channel: contact.Email, Origin: contact.Composed,
	}
	switch {
	case b.Channel != contact.Email:
		return m, fault.New(fault.Invalid, "channel must be email: only mail is sent from here; an answer that you sent elsewhere is recorded with POST /v1/customers/{id}/messages")
	case a.Mailbox.Domain == "":
		return m, fault.New(fault.Invalid, "this stack has no mail domain, and sends nothing")
	}
	if len(b.HTML) > maxHTML {
		return m, fault.New(fault.TooLarge, "html may have %d bytes", maxHTML)
	}
	if _, says := email.OutgoingPage(b.HTML); b.Text == "" {
		b.Text = says
	}
	var err error
	if m.Text, err = clean("text", b.Text, contact.MaxText, true); err != nil {
		return m, err
	}
	if m.Subject, err = clean("subject", b.Subject, contact.MaxSubject, false); err != nil {
		return m, err
	}
	if m.Author, err = clean("author", b.Author, maxAuthor, false); err != nil {
		return m, err
	}
	if b.Force, err = clean("force", b.Force, maxReason, false); err != nil {
		return m, err
	}
	m.Author = cmp.Or(m.Author, r.caller())
	if m.Data, err = encode(map[string]string{"sentBy": r.caller(), "forced": b.Force}); err != nil {
		return m, err
	}
	if b.Automatic {
		m.Automated = "auto-replied"
	}
	id, err := uuid.Parse(cmp.Or(b.ID, r.header("idempotency-key")))
	if err != nil || id.Version() != 7 {
		return m, fault.New(fault.Invalid, "an id is needed, a UUIDv7, the same when the request is repeated: in id, or in the header Idempotency-Key")
	}
	m.SentAt = time.Unix(id.Time().UnixTime()).UTC().Truncate(time.Millisecond)
	if m.SentAt.After(r.now.Add(maxLead)) || m.SentAt.Before(r.now.Add(-maxAge)) {
		return m, fault.New(fault.Invalid, "the id says when the answer was written: at most %s ahead and %s ago", maxLead, maxAge)
	}
	m.ProviderID = id.String()
	m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
	return m, nil
}

// looksBack is how many mails are looked through for one that a person wrote.
const looksBack = 50

// answered returns the mail that is answered: the one that is named, else the
// customer's last; nil when the customer wrote none. What a machine wrote is
// passed over by people; a program must not take an earlier mail for the last.
func (a *Agents) answered(ctx context.Context, c identity.Customer, b outgoing) (*contact.Message, error) {
	id := b.InReplyTo
	if id == "" {
		page, err := a.Store.History(ctx, c, contact.Query{Limit: looksBack, Channel: contact.Email, Direction: contact.Inbound})
		if err != nil {
			return nil, err
		}
		for i := range page.Entries {
			if m := &page.Entries[i].Message; !m.Passive || b.Automatic {
				return m, nil
			}
		}
		return nil, nil
	}
	if _, _, _, err := id.Parse(); err != nil {
		return nil, fault.New(fault.Invalid, "inReplyTo must be the id of a message")
	}
	for _, member := range c.Members {
		e, err := a.Store.Message(ctx, member, id)
		if err != nil && fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if e.Channel != contact.Email || e.Direction != contact.Inbound || e.Passive {
			return nil, fault.New(fault.Invalid, "inReplyTo must name a mail that the customer wrote")
		}
		return &e.Message, nil
	}
	return nil, fault.New(fault.Invalid, "inReplyTo: the customer has no such message")
}

// errUnnamed refuses an answer to a mail of a form that names no one.
var errUnnamed = fault.New(fault.Invalid, "the mail does not say who wrote it: it came from a form, a mailbox of ours or a forward, without the address of a person. Look for one in the text, and answer the customer who has it, "+
	"or merge this customer into that one")

// addressed says who m goes to, in which thread. An answer goes to the author's
// address, never to one that the mail merely names: a stranger who forges
// Reply-To would get what the one in From asked for. The author of a form's
// mail is the person in its Reply-To, see [email.Envelope].
func (a *Agents) addressed(ctx context.Context, c identity.Customer, m *contact.Message, answered *contact.Message, rec *recorder) error {
	m.Account = a.Mailbox.Default + "@" + a.Mailbox.Domain
	if answered == nil {
		if m.Subject == "" {
			return fault.New(fault.Invalid, "subject is missing: the customer wrote no mail that this could answer")
		}
		var err error
		if m.Customer, err = a.address(ctx, c, contact.Email, &rec.under); err != nil {
			return err
		}
	} else {
		m.Customer, m.Name, rec.under = answered.Customer, answered.Name, answered.CustomerID
		if email.Unnamed(m.Customer.Alias) {
			var err error
			if m.Customer, err = a.address(ctx, c, contact.Email, &rec.under); fault.KindOf(err) == fault.Invalid {
				return errUnnamed
			} else if err != nil {
				return err
			}
		}
		if _, domain, _ := strings.Cut(answered.Account, "@"); strings.EqualFold(domain, a.Mailbox.Domain) {
			m.Account = answered.Account
		}
		m.Subject = cmp.Or(m.Subject, re(answered.Subject))
		m.Thread = answered.Thread
		m.ReplyTo = &contact.ReplyTo{ProviderID: answered.ProviderID, References: threadOf(answered)}
	}
	tokens, err := a.Mailbox.Tokens(ctx)
	if err != nil {
		return err
	}
	m.MailID = email.MessageID(m.Account, tokens.New(m.Customer.Alias))
	m.Thread = cmp.Or(m.Thread, m.MailID)
	return nil
}

// re returns the subject of an answer.
func re(subject string) string {
	if mark, _, ok := strings.Cut(subject, ":"); ok {
		switch strings.ToLower(strings.TrimSpace(mark)) {
		case "re", "aw", "antw", "sv", "vs", "odp":
			return subject
		}
	}
	return contact.Cut("Re: "+subject, contact.MaxSubject)
}

// threadOf returns the Message-IDs that an answer to m refers to, that of m
// last.
func threadOf(m *contact.Message) []string {
	var refs []string
	if m.ReplyTo != nil {
		refs = append(refs, m.ReplyTo.References...)
	}
	if m.MailID != "" {
		refs = append(refs, m.MailID)
	}
	return refs
}

// allowed refuses an answer that should not be sent, with the reason.
func (a *Agents) allowed(ctx context.Context, r *request, m contact.Message, answered *contact.Message, forced bool) error {
	if m.Automated != "" && answered != nil && (answered.Automated != "" || answered.NoReply) {
		return stop("automated", "the mail was written by a program, or asks not to be answered by one")
	}
	if forced {
		return nil
	}
	mark, marked, err := a.Store.AddressMark(ctx, m.Customer.Alias, r.now)
	if err != nil || !marked || answered != nil && answered.Said().After(mark.At) {
		return err // who wrote since then has a mailbox
	}
	if mark.Kind == "complaint" {
		return stop("complained", "the customer called our mail spam; to send all the same, say in force why")
	}
	return stop("bounced", "the last mail to this address came back ("+cmp.Or(mark.Code, "no status")+"); to send all the same, say in force why")
}

// stop is a refusal that names its reason for programs.
func stop(reason, detail string) error {
	return &refusal{error: fault.New(fault.Conflict, "%s", detail), more: map[string]any{"reason": reason}}
}

// store stores m once, with what its letter encloses, and answers with what is
// stored.
func (a *Agents) store(ctx context.Context, rec *recorder, m contact.Message, letter *intake.ParsedMail, created int) (reply, error) {
	ingester := intake.Ingester{Store: rec, Blobs: a.Blobs, Now: a.Now}
	tally, err := ingester.Ingest(ctx, contact.Delivery{Messages: []contact.Message{m}}, intake.Source{Channel: m.Channel, Mail: letter})
	a.Meter.Count("Channel", string(m.Channel), tally.Counts())
	if err != nil {
		return reply{}, err
	}
	if s := rec.stored; (s.Origin == contact.Recorded || s.Origin == contact.Composed) && !same(s, m) {
		return reply{}, errOther
	}
	out := reply{status: http.StatusOK}
	if tally.Stored == 1 {
		out.status = created
		rec.stored.CustomerID = rec.under
	}
	whole, err := wholes(ctx, a.Blobs, []contact.Entry{rec.stored})
	if err != nil {
		return reply{}, err
	}
	out.body = whole[0]
	return out, link(ctx, a.Blobs, whole[0].State)
}
