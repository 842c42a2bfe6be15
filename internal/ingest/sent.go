package ingest

import (
	"context"
	"fmt"
	"slices"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// SentMails finds the mails that we sent. [store.Messages] implements it.
type SentMails interface {
	// SentMails returns our mails that have one of these Message-IDs, by the
	// id. It leaves out ids that are not ours.
	SentMails(ctx context.Context, mailIDs []string) (map[string]message.SentMail, error)
	// MarkAddress records that mail to an address bounced or was complained
	// about.
	MarkAddress(ctx context.Context, a identity.Alias, m message.AddressMark) error
}

// SendingEvent is SES's report on one mail that we sent.
type SendingEvent struct {
	OwnMailIDs  []string         // Message-IDs of the mail: ours, and the one that SES gave it
	Effects     []message.Effect // the outcome for each recipient
	HardBounces []identity.Alias // addresses that will never work
}

// linkToSentMail connects a received mail to the mail of ours that it is
// about:
//
//   - A report of a mail server moves into the history of the customer we
//     wrote to, and sets the status of our mail there.
//   - An automatic reply sets the status of our mail.
//   - A person's reply is marked as an answer to our mail.
//   - A mail of our own that came back becomes a notice.
//   - A colleague's mail to a customer moves into the customer's history.
//
// A report about a mail that we did not send has no effect: its sender forged
// our address.
func (h *MailHandler) linkToSentMail(ctx context.Context, mail *ParsedMail) error {
	d := &mail.Delivery
	reported := d.Effects
	d.Effects = nil
	if h.Sent == nil || len(d.Messages) == 0 {
		return nil
	}
	if err := h.assignCopies(ctx, d.Messages); err != nil || len(mail.OwnMailIDs) == 0 {
		return err
	}
	found, err := h.Sent.SentMails(ctx, mail.OwnMailIDs)
	if err != nil {
		return fmt.Errorf("find our mail that this mail is about: %w", err)
	}
	if _, own := found[d.Messages[0].MailID]; own {
		replaceWithNotice(d)
		return nil
	}
	sent, ok := firstFound(mail.OwnMailIDs, found)
	if !ok {
		return nil
	}
	kind := d.Messages[0].Automated
	switch {
	case mail.Report:
		assignReport(d.Messages, sent)
	case kind != "auto-reply":
		linkAnswers(d.Messages, sent)
		return nil
	}
	e := effectOn(sent, d.Messages[0], reported)
	d.Effects = []message.Effect{e}
	isHard := kind == "bounce" && slices.Contains(mail.HardBounces, sent.To)
	if kind == "complaint" || isHard {
		return h.Sent.MarkAddress(ctx, sent.To, message.AddressMark{Kind: kind, Code: e.Code, At: e.At})
	}
	return nil
}

// assignCopies finds the customer of a mail that a colleague sent to a customer,
// with a copy to us. The mail belongs to the history in which the customer's
// own mails are, also if their address is only claimed.
func (h *MailHandler) assignCopies(ctx context.Context, messages []message.Message) error {
	if messages[0].Direction != message.Outbound {
		return nil
	}
	_, assurance, err := h.Ingester.Store.Customers.FindCustomer(ctx, messages[0].Customer.Alias)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil
	case err != nil:
		return err
	}
	for i := range messages {
		messages[i].Customer.Assurance = assurance
	}
	return nil
}

// firstFound returns the sent mail of the first id that was found.
func firstFound(ids []string, found map[string]message.SentMail) (message.SentMail, bool) {
	for _, id := range ids {
		if sent, ok := found[id]; ok {
			return sent, true
		}
	}
	return message.SentMail{}, false
}

// ingestSendingEvent stores an event of SES as an effect on our mail, such as
// sent, delivered or bounced. An event may arrive twice and in any order, and
// before or after a mail that reports the same. It is ignored if the mail is
// unknown.
func (h *MailHandler) ingestSendingEvent(ctx context.Context, event []byte) (Tally, error) {
	ev, err := h.ParseEvent(event)
	if err != nil {
		return Tally{}, fmt.Errorf("sending event: %w", err)
	}
	if h.Sent == nil || len(ev.Effects) == 0 || len(ev.OwnMailIDs) == 0 {
		return Tally{}, nil
	}
	found, err := h.Sent.SentMails(ctx, ev.OwnMailIDs)
	if err != nil {
		return Tally{}, fmt.Errorf("find the mail of a sending event: %w", err)
	}
	sent, ok := firstFound(ev.OwnMailIDs, found)
	if !ok {
		return Tally{}, nil
	}
	e := effectOn(sent, message.Message{Channel: message.Email}, ev.Effects)
	d := message.Delivery{Effects: []message.Effect{e}}
	tally, err := h.Ingester.Ingest(ctx, d, Source{Channel: message.Email, Raw: event, Type: "application/json"})
	if err != nil || e.Kind != message.Verdict {
		return tally, err
	}
	if e.Status == "complaint" || slices.Contains(ev.HardBounces, sent.To) {
		return tally, h.Sent.MarkAddress(ctx, sent.To, message.AddressMark{Kind: e.Status, Code: e.Code, At: e.At})
	}
	return tally, nil
}

// replaceWithNotice replaces the messages of d with a notice for operators. d
// is a mail of our own that a forward or a mailing list sent back, so no
// customer wrote it.
func replaceWithNotice(d *message.Delivery) {
	m := d.Messages[0]
	*d = message.Delivery{Notices: []message.Notice{{Channel: m.Channel, Account: m.Account, ID: m.ProviderID, Kind: "own-mail", At: m.SentAt}}}
}

// assignReport moves a mail server's report into the history of the customer
// to whom the mail was sent. The server gets no history of its own.
func assignReport(messages []message.Message, sent message.SentMail) {
	for i := range messages {
		m := &messages[i]
		m.Customer = identity.Address{Alias: sent.To, Assurance: identity.Claimed}
		m.CustomerID = sent.Customer
		m.Aliases = nil
		m.ReplyTo = &message.ReplyTo{ProviderID: sent.ProviderID}
	}
}

// linkAnswers marks messages as answers to our mail, if the recipient of that
// mail wrote them. Other people may have obtained its Message-ID.
func linkAnswers(messages []message.Message, sent message.SentMail) {
	for i := range messages {
		m := &messages[i]
		if m.Customer.Alias != sent.To || m.ReplyTo == nil || m.Direction == message.Outbound {
			continue
		}
		r := *m.ReplyTo
		r.ProviderID = sent.ProviderID
		if sent.MailID != "" && !slices.Contains(r.References, sent.MailID) {
			r.References = append(slices.Clone(r.References), sent.MailID)
		}
		m.ReplyTo = &r
	}
}

// effectOn returns the effect that m reports on our mail. reported has one
// effect for each recipient that the report names; the one about the mail's
// recipient is used, else the first.
func effectOn(sent message.SentMail, m message.Message, reported []message.Effect) message.Effect {
	e := message.Effect{Kind: message.Verdict, At: m.SentAt, Status: m.Automated}
	if len(reported) > 0 {
		e = reported[0]
	}
	for _, r := range reported {
		if r.Customer.Alias == sent.To {
			e = r
		}
	}
	e.Channel = m.Channel
	e.Account = m.Account
	e.Aliases = nil
	e.Customer = identity.Address{Alias: sent.To, Assurance: identity.Claimed}
	e.CustomerID = sent.Customer
	e.Target = sent.ProviderID
	if e.Status == "delivered" {
		e.Kind = message.Status
	}
	return e
}
