package agentapi

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// maxQuestionSearch is the number of latest mails in which findQuestion
// searches.
const maxQuestionSearch = 50

// findQuestion returns the mail that the answer m is for: the one that the
// request names, else the customer's last from an address that the customer
// still has, nil without one. The last mail of a person is used, except by a
// program: if the last mail is a machine's, the program's answer is for that
// one, and is refused later.
func (a *API) findQuestion(ctx context.Context, c identity.Customer, body sendAnswerRequest, m *message.Message) (*message.Message, error) {
	id := body.InReplyTo
	if id == "" {
		page, err := a.Store.Messages.History(ctx, c, message.Query{Limit: maxQuestionSearch, Channel: message.Email, Direction: message.Inbound})
		if err != nil {
			return nil, err
		}
		for i := range page.Entries {
			question := &page.Entries[i].Message
			if question.Passive && !body.Automatic {
				continue
			}
			holding, err := a.Store.Customers.AliasHolding(ctx, c, question.Customer, m.SentAt)
			if err != nil {
				return nil, err
			}
			if allowsAnswer(holding, m) {
				return question, nil
			}
		}
		return nil, nil
	}
	if _, _, _, err := id.Parse(); err != nil {
		return nil, fault.New(fault.Invalid, "inReplyTo must be the id of a message")
	}
	all, err := a.Store.Messages.Find(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, "inReplyTo: the customer has no such message")
	}
	all = slices.DeleteFunc(all, func(e message.Entry) bool {
		return e.Channel != message.Email || e.Direction != message.Inbound || e.Passive
	})
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, "inReplyTo must name a mail that the customer wrote")
	}
	if hasSeveralAddresses(all) {
		return nil, errSeveralMails
	}
	return &all[0].Message, nil
}

// errSeveralMails refuses an answer to an id that mails from several addresses
// have. A reply has no member to choose one.
var errSeveralMails = &httpapi.Refusal{
	Err: fault.New(fault.Conflict, "inReplyTo is the id of several mails of this customer, from different addresses; "+
		"answer the customer's last mail without inReplyTo, or unmerge the customers"),
	Members: map[string]any{"reason": "several-messages"},
}

// errNoAuthor refuses an answer to a form's mail without an author.
var errNoAuthor = fault.New(fault.Invalid, "the mail does not say who wrote it: it came from a form, a mailbox of ours or a forward, without the address of a person. Look for an address in the text. Answer the customer who has that address, "+
	"or merge this customer into that one")

// addressAnswer sets the sender, recipient, subject and thread of m. An answer
// goes to the address of the question's author, never to another address that
// the mail names: a stranger who forges Reply-To would receive what the person
// in From asked for. The author of a form's mail is the person in its
// Reply-To, see [email.Envelope].
func (a *API) addressAnswer(ctx context.Context, c identity.Customer, m, question *message.Message, rec *recorder) error {
	m.Account = a.Mailbox.Default + "@" + a.Mailbox.Domain
	var err error
	if question == nil {
		err = a.addressNewThread(ctx, c, m, rec)
	} else {
		err = a.addressThread(ctx, c, m, question, rec)
	}
	if err != nil {
		return err
	}
	tokens, err := a.Mailbox.Tokens(ctx)
	if err != nil {
		return err
	}
	m.MailID = email.MessageID(m.Account, tokens.New(m.Customer.Alias))
	m.Thread = cmp.Or(m.Thread, m.MailID)
	return nil
}

// addressNewThread addresses a mail to a customer who wrote none.
func (a *API) addressNewThread(ctx context.Context, c identity.Customer, m *message.Message, rec *recorder) error {
	if m.Subject == "" {
		return fault.New(fault.Invalid, "subject is required, because the customer has no mail to answer")
	}
	return a.findAddress(ctx, c, m, rec)
}

// addressThread addresses the answer to a question, in its thread. It comes
// from the mailbox that the question was sent to, if that is in our domain.
func (a *API) addressThread(ctx context.Context, c identity.Customer, m, question *message.Message, rec *recorder) error {
	m.Name = question.Name
	if email.Unnamed(question.Customer.Alias) {
		err := a.findAddress(ctx, c, m, rec)
		if fault.Is(err, fault.Invalid) {
			return errNoAuthor
		}
		if err != nil {
			return err
		}
	} else {
		given, err := a.setAddress(ctx, c, m, question.Customer, question.CustomerID, rec)
		if err != nil {
			return err
		}
		if !given {
			return errAddressMoved
		}
	}
	if _, domain, _ := strings.Cut(question.Account, "@"); strings.EqualFold(domain, a.Mailbox.Domain) {
		m.Account = question.Account
	}
	m.Subject = cmp.Or(m.Subject, replySubject(question.Subject))
	m.Thread = question.Thread
	m.ReplyTo = &message.ReplyTo{ProviderID: question.ProviderID, References: referencesTo(question)}
	return nil
}

// replySubject returns the subject of an answer to a mail: "Re: " before its
// subject, unless a mail program has put such a mark there.
func replySubject(subject string) string {
	if mark, _, ok := strings.Cut(subject, ":"); ok {
		switch strings.ToLower(strings.TrimSpace(mark)) {
		case "re", "aw", "antw", "sv", "vs", "odp":
			return subject
		}
	}
	return message.Cut("Re: "+subject, message.MaxSubject)
}

// referencesTo returns the References of an answer to m: those of m, and the
// Message-ID of m last.
func referencesTo(m *message.Message) []string {
	var references []string
	if m.ReplyTo != nil {
		references = append(references, m.ReplyTo.References...)
	}
	if m.MailID != "" {
		references = append(references, m.MailID)
	}
	return references
}

// requireSendable refuses an answer to a web form or to ourselves, and an answer
// of a program to a program. Unless it is forced, it also refuses one to an
// address that takes no answers, or that last bounced or complained. A mail that
// the customer sent after that proves that the mailbox works.
func (a *API) requireSendable(ctx context.Context, r *httpapi.Request, m message.Message, question *message.Message, forced bool) error {
	if a.isOwnSide(m.Customer.Value) {
		return errOwnSide
	}
	refusesPrograms := question != nil && (question.Automated != "" || question.NoReply)
	if m.Automated != "" && refusesPrograms {
		return refuseSending("automated", "the mail was written by a program, or asks not to be answered by one")
	}
	if forced {
		return nil
	}
	if email.IsNoReplyAddress(m.Customer.Value) {
		return refuseSending("no-reply", "the address of the customer says that no one reads its mail; answer another address of the customer, or give a reason in force to send anyway")
	}
	mark, marked, err := a.Store.Messages.AddressMark(ctx, m.Customer.Alias, r.Now)
	if err != nil || !marked {
		return err
	}
	if question != nil && question.Said().After(mark.At) {
		return nil
	}
	if mark.Kind == "complaint" {
		return refuseSending("complained", "the customer reported our mail as spam; give a reason in force to send anyway")
	}
	return refuseSending("bounced", "the last mail to this address came back ("+cmp.Or(mark.Code, "no status")+"); give a reason in force to send anyway")
}

// errOwnSide refuses an answer that no customer would read. Customers of an
// earlier version, or from before a form was configured, have such addresses.
var errOwnSide = fault.New(fault.Invalid, "the address of the customer is a web form or a mailbox of ours, so an answer to it reaches no customer. Its mails belong to several persons: "+
	"find the customer who has the address of the writer, and answer that customer. An operator can move the mails to their writers with heardctl part")

// isOwnSide reports whether an address is a web form's or one of our mailboxes.
func (a *API) isOwnSide(address string) bool {
	if a.Mailbox.Forms != nil && a.Mailbox.Forms(address) {
		return true
	}
	_, domain, _ := strings.Cut(address, "@")
	return strings.EqualFold(domain, a.Mailbox.Domain)
}

// refuseSending returns a refusal whose problem document has the reason, for
// programs.
func refuseSending(reason, detail string) error {
	return &httpapi.Refusal{Err: fault.New(fault.Conflict, "%s", detail), Members: map[string]any{"reason": reason}}
}
