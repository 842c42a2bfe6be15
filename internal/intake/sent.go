package intake

import (
	"context"
	"slices"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// Sent knows the mails that we sent. [store.Table] is one.
type Sent interface {
	// SentMails returns those of ours that Message-IDs name.
	SentMails(ctx context.Context, mailIDs []string) (map[string]contact.SentMail, error)
	MarkAddress(ctx context.Context, a identity.Alias, m contact.AddressMark) error
}

// attach ties what a mail holds to the mail of ours that it is about. A report
// goes into the history of whom we wrote to, and says there what became of our
// mail: from the server that sends it nobody wants a history. What is said
// about mail that we did not send is nobody's effect: somebody forged us.
func (h *Mail) attach(ctx context.Context, l *Letter) error {
	d := &l.Delivery
	said := d.Effects
	d.Effects = nil
	if h.Sent == nil || len(l.Ours) == 0 || len(d.Messages) == 0 {
		return nil
	}
	found, err := h.Sent.SentMails(ctx, l.Ours)
	if err != nil {
		return err
	}
	if _, own := found[d.Messages[0].MailID]; own {
		comeBack(d)
		return nil
	}
	i := slices.IndexFunc(l.Ours, func(id string) bool { _, ok := found[id]; return ok })
	if i < 0 {
		return nil
	}
	about := found[l.Ours[i]]
	kind := d.Messages[0].Automated
	switch {
	case l.Report:
		for i := range d.Messages {
			d.Messages[i].Customer = identity.Address{Alias: about.To, Assurance: identity.Claimed}
			d.Messages[i].CustomerID, d.Messages[i].Aliases = about.Customer, nil
			d.Messages[i].ReplyTo = &contact.ReplyTo{ProviderID: about.ProviderID}
		}
	case kind != "auto-reply":
		answers(d.Messages, about)
		return nil
	}
	e := effectOn(about, d.Messages[0], said)
	d.Effects = []contact.Effect{e}
	if kind == "complaint" || kind == "bounce" && l.Hard {
		return h.Sent.MarkAddress(ctx, about.To, contact.AddressMark{Kind: kind, Code: e.Code, At: e.At})
	}
	return nil
}

// became notes what SES says of a mail of ours, at its message: sent,
// delivered, come back. It may be told more than once, in any order, before
// the mail that says the same or after it. Of mail that we did not send, or
// forgot, nothing is kept.
func (h *Mail) became(ctx context.Context, event []byte) (Tally, error) {
	told, err := h.Told(event)
	if err != nil {
		return Tally{}, err
	}
	if h.Sent == nil || len(told.Effects) == 0 || len(told.Ours) == 0 {
		return Tally{}, nil
	}
	found, err := h.Sent.SentMails(ctx, told.Ours)
	if err != nil {
		return Tally{}, err
	}
	i := slices.IndexFunc(told.Ours, func(id string) bool { _, ok := found[id]; return ok })
	if i < 0 {
		return Tally{}, nil
	}
	about := found[told.Ours[i]]
	e := effectOn(about, contact.Message{Channel: contact.Email}, told.Effects)
	tally, err := h.Taker.Take(ctx, contact.Delivery{Effects: []contact.Effect{e}}, Source{Channel: contact.Email, Raw: event, Type: "application/json"})
	if err != nil || e.Kind != contact.Verdict || e.Status != "complaint" && !told.Hard {
		return tally, err
	}
	return tally, h.Sent.MarkAddress(ctx, about.To, contact.AddressMark{Kind: e.Status, Code: e.Code, At: e.At})
}

// comeBack makes a mail of ours that was sent back to us, by a forward or a
// list, a note to operations: nobody wrote it to us.
func comeBack(d *contact.Delivery) {
	m := d.Messages[0]
	*d = contact.Delivery{Notices: []contact.Notice{{Channel: m.Channel, Account: m.Account, ID: m.ProviderID, Kind: "own-mail", At: m.SentAt}}}
}

// answers ties messages of a person to the mail of ours that they answer; only
// of the one whom we wrote to: anybody else may have got hold of its id.
func answers(messages []contact.Message, about contact.SentMail) {
	for i := range messages {
		m := &messages[i]
		if m.Customer.Alias != about.To || m.ReplyTo == nil {
			continue
		}
		r := *m.ReplyTo
		r.ProviderID = about.ProviderID
		if about.MailID != "" && !slices.Contains(r.References, about.MailID) {
			r.References = append(slices.Clone(r.References), about.MailID)
		}
		m.ReplyTo = &r
	}
}

// effectOn returns what m says about a mail of ours, with the words of the
// report on its recipient.
func effectOn(about contact.SentMail, m contact.Message, said []contact.Effect) contact.Effect {
	e := contact.Effect{Kind: contact.Verdict, At: m.SentAt, Status: m.Automated}
	if len(said) > 0 {
		e = said[0]
	}
	for _, s := range said {
		if s.Customer.Alias == about.To {
			e = s
		}
	}
	e.Channel, e.Account, e.Aliases = m.Channel, m.Account, nil
	e.Customer, e.CustomerID = identity.Address{Alias: about.To, Assurance: identity.Claimed}, about.Customer
	e.Target = about.ProviderID
	if e.Status == "delivered" {
		e.Kind = contact.Status
	}
	return e
}
