package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
)

// The contacts that a mail may belong to.
const (
	first  = "first contact"
	second = "second contact"
	own    = "new contact"
)

// replyMails are mails that arrive after two closed contacts. In the first one
// Jan asked Q and we answered OUR, which SES renamed to SES. In the second one
// Jan asked Q2 and we answered OUR2. want is the contact that Jan's mail joins.
//
// BOX and BOX2 are the addresses of the answers, with their tokens. ELSE is our
// answer to another customer, BOXELSE its address and SEE its name by SES.
var replyMails = []struct {
	name, fields, to, want string
}{
	{"a new mail", "Subject: Een nieuwe vraag", "", own},
	{"a new mail under the old subject", "Subject: Re: Vraag", "", own},
	{"a new mail with a number of ours in its subject", "Subject: Re: [#1234567] Vraag", "", own},
	{"a new mail under the Message-ID of the question", "Subject: Vraag\nMessage-ID: <Q>", "", first},
	{"a reply", "Subject: Re: Vraag\nIn-Reply-To: <OUR>\nReferences: <Q> <OUR>", "BOX", first},
	{"a reply to the plain address", "Subject: Re: Vraag\nIn-Reply-To: <OUR>\nReferences: <Q> <OUR>", "", first},
	{"a reply under another subject", "Subject: Iets heel anders\nIn-Reply-To: <OUR>", "", first},
	{"a reply with In-Reply-To only", "Subject: Re: Vraag\nIn-Reply-To: <OUR>", "", first},
	{"a reply with References only", "Subject: Re: Vraag\nReferences: <Q> <OUR>", "", first},
	{"a reply that lost its fields", "Subject: Re: Vraag", "BOX", first},
	{"a reply that lost its fields, to an address in capitals", "Subject: Re: Vraag", "UPPER", first},
	{"a reply to a mail that SES renamed", "Subject: Re: Vraag\nIn-Reply-To: <SES>\nReferences: <Q> <SES>", "", first},
	{"a reply to a mail that SES renamed, without References", "Subject: Re: Vraag\nIn-Reply-To: <SES>", "BOX", first},
	{"a reply to a mail that SES renamed, to the plain address", "Subject: Re: Vraag\nIn-Reply-To: <SES>", "", first},
	{"a reply to a mail that SES renamed, under another subject", "Subject: Iets heel anders\nReferences: <x@example.net> <SES>", "", first},
	{"a reply to the id that SES gave our mail to another customer", "Subject: Re: Vraag\nIn-Reply-To: <SEE>", "", own},
	{"a reply to the own question", "Subject: Re: Vraag\nIn-Reply-To: <Q>", "", first},
	{"a reply through a colleague", "Subject: Re: Vraag\nIn-Reply-To: <c@voorbeeld.example>\nReferences: <Q> <OUR> <c@voorbeeld.example>", "", first},
	{"a reply whose References another program wrote", "Subject: Re: Vraag\nIn-Reply-To: <OUR>\nReferences: <rewritten@icloud.example>", "", first},
	{"a reply with several ids in In-Reply-To", "In-Reply-To: <x@example.net> <OUR>", "", first},
	{"a reply with a comment in In-Reply-To", "In-Reply-To: Your message of Monday <OUR>", "", first},
	{"a reply with a long thread", "References: <Q> LONG <OUR>", "", first},
	{"a reply to the second answer", "Subject: Re: Iets anders\nIn-Reply-To: <OUR2>\nReferences: <Q2> <OUR2>", "BOX2", second},
	{"a reply to the second answer that lost its fields", "Subject: Re: Vraag", "BOX2", second},
	{"a reply to both", "References: <Q> <OUR> <Q2> <OUR2>", "", second},
	{"a forward to us", "Subject: Fwd: Vraag\nReferences: <Q> <OUR>", "", first},
	{"a forward to us without fields", "Subject: FW: Vraag", "", own},
	{"a reply to another company's mail", "In-Reply-To: <their@example.net>\nReferences: <their@example.net>", "", own},
	{"a reply to our answer to another customer", "In-Reply-To: <ELSE>\nReferences: <ELSE>", "", own},
	{"a reply to the address of another customer's answer", "Subject: Re: Vraag", "BOXELSE", own},
	{"a reply to both addresses", "Subject: Re: Vraag", "BOXELSE BOX", first},
	{"a token that was changed", "Subject: Re: Vraag", "BROKEN", own},
	{"a token in the header To alone", "Subject: Re: Vraag\nTo: BOX", "", own},
	{"a forged id of ours", "In-Reply-To: <FORGED>", "", own},
	{"a reply that went to two mailboxes", "In-Reply-To: <OUR>", "PLAIN sales@winkel.example", first},
	{"a new mail to two mailboxes", "Subject: Hallo", "PLAIN sales@winkel.example", own},
}

// senders are the possible senders of replyMails. jan is true if the mail is
// proven to be Jan's.
var senders = []struct {
	name, from, dmarc string
	jan               bool
}{
	{"Jan", "JAN", "pass", true},
	{"Jan in capitals", "JANUPPER", "pass", true},
	{"a forger of Jan's address", "JAN", "fail", false},
	{"Jan without DMARC", "JAN", "none", false},
	{"a stranger", "stranger.N@dieven.example", "pass", false},
	{"a similar address", "JAN.dieven.example", "pass", false},
	{"a customer with a thread of their own", "ELSEFROM", "pass", false},
}

// TestMailHandler_Threading receives every reply mail from every sender. Each
// case has its own customers.
func TestMailHandler_Threading(t *testing.T) {
	if testing.Short() {
		t.Skip("receives hundreds of mails")
	}
	t.Parallel()
	w := newWorld(t)
	cases := 0
	for _, l := range replyMails {
		for _, s := range senders {
			cases++
			c := correspondence{world: w, n: cases, key: email.Tokens{Key: []byte("the key that signs tokens")}}
			t.Run(s.name+": "+l.name, func(t *testing.T) {
				t.Parallel()
				c.begin(t)
				mark := fmt.Sprintf("letter %d", c.n)
				c.receive(t, c.fill(s.from), s.dmarc, c.fill(l.fields), mark, day(60), strings.Fields(c.fill(l.to))...)
				got := c.where(t, c.jan, mark)
				switch {
				case s.jan && got != l.want:
					t.Errorf("Jan's mail: got %q, want %q", got, l.want)
				case !s.jan && got != "":
					t.Errorf("a mail that is not Jan's: got %q of Jan's history, want none", got)
				}
				if theirs := c.where(t, c.other, mark); s.from != "ELSEFROM" && theirs != "" {
					t.Errorf("got %q of another customer's history, want none", theirs)
				}
			})
		}
	}
	if cases < 100 {
		t.Errorf("got %d cases, want at least 100", cases)
	}
}

// day returns a time n days after the first one.
func day(n int) time.Time { return time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

// correspondence is the two closed contacts that precede a reply mail.
type correspondence struct {
	*world
	n          int
	key        email.Tokens
	jan, other identity.Alias
	names      *strings.Replacer
}

// begin writes the two contacts, and one of another customer.
func (c *correspondence) begin(t *testing.T) {
	t.Helper()
	alias := func(name string) identity.Alias {
		a, err := identity.NewAlias(identity.Email, "", fmt.Sprintf("%s.%d@voorbeeld.example", name, c.n))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	c.jan, c.other = alias("jan"), alias("els")
	const box = "info@winkel.example"
	tok, tok2, tokElse := c.key.New(c.jan), c.key.New(c.jan), c.key.New(c.other)
	q, q2, qElse := fmt.Sprintf("q%d@voorbeeld.example", c.n), fmt.Sprintf("q2.%d@voorbeeld.example", c.n), fmt.Sprintf("e%d@voorbeeld.example", c.n)
	long := ""
	for i := range 40 {
		long += fmt.Sprintf(" <m%d.%d@voorbeeld.example>", i, c.n)
	}
	c.names = strings.NewReplacer(
		"JANUPPER", strings.ToUpper(c.jan.Value), "JAN", c.jan.Value, "ELSEFROM", c.other.Value, "stranger.N", fmt.Sprintf("stranger.%d", c.n),
		"BOXELSE", email.ReplyTo(box, tokElse), "BOX2", email.ReplyTo(box, tok2), "BOX", email.ReplyTo(box, tok), "PLAIN", box,
		"UPPER", strings.ToUpper(email.ReplyTo(box, tok)), "BROKEN", email.ReplyTo(box, broken(tok)),
		"OUR2", email.MessageID(box, tok2), "OUR", email.MessageID(box, tok), "SES", sesID(tok), "SEE", sesID(tokElse),
		"ELSE", email.MessageID(box, tokElse), "FORGED", email.MessageID(box, broken(tok)), "Q2", q2, "Q", q, "LONG", long, "\n", "\r\n",
	)
	c.receive(t, c.jan.Value, "pass", "Subject: Vraag\r\nMessage-ID: <"+q+">", "q", day(0))
	c.answer(t, c.jan, email.MessageID(box, tok), sesID(tok), q, day(1))
	c.receive(t, c.jan.Value, "pass", "Subject: Iets anders\r\nMessage-ID: <"+q2+">", "q2", day(30))
	c.answer(t, c.jan, email.MessageID(box, tok2), sesID(tok2), q2, day(31))
	c.receive(t, c.other.Value, "pass", "Subject: Vraag\r\nMessage-ID: <"+qElse+">", "e", day(0))
	c.answer(t, c.other, email.MessageID(box, tokElse), sesID(tokElse), qElse, day(1))
}

// sesID returns the Message-ID that SES gave our mail with this token.
func sesID(token string) string {
	return "0102" + token + "-000000@eu-west-1.amazonses.com"
}

// broken returns token with another first letter, so that its signature is wrong.
func broken(token string) string {
	if token[0] == 'a' {
		return "b" + token[1:]
	}
	return "a" + token[1:]
}

// fill replaces the placeholders in s.
func (c *correspondence) fill(s string) string { return c.names.Replace(s) }

// receive ingests a mail as SES announces it.
func (c *correspondence) receive(t *testing.T, from, dmarc, fields, text string, at time.Time, to ...string) {
	t.Helper()
	if len(to) == 0 {
		to = []string{"info@winkel.example"}
	}
	id := fmt.Sprintf("ses%d%x", c.n, text)
	raw := "Return-Path: <" + from + ">\r\nReceived: from mx.example by inbound-smtp.eu-west-1.amazonaws.com with SMTP id " + id + "; " + at.Format(time.RFC1123Z) + "\r\n" +
		"Authentication-Results: amazonses.com; dmarc=" + dmarc + " header.from=" + from[strings.IndexByte(from, '@')+1:] + ";\r\nFrom: " + from + "\r\n"
	if !strings.Contains(fields, "Message-ID:") {
		raw += "Message-ID: <" + id + "@mail.example>\r\n"
	}
	raw += fields + "\r\n\r\n" + text + "\r\n"
	h := newMail(c.world)
	h.Sent = c.table.Messages
	h.Parse = func(_ context.Context, raw []byte, notice json.RawMessage) (ingest.ParsedMail, error) {
		env := email.EnvelopeFromHeaders(raw)
		env.AddNotice(notice)
		env.Tokens = c.key
		d, p, err := email.Normalize(raw, env)
		return ingest.ParsedMail{Delivery: d, File: p.FileContent, Page: p.SafeHTML, OwnMailIDs: p.OwnMailIDs}, err
	}
	n := bySES(id, to...)
	n["receipt"].(object)["dmarcVerdict"] = object{"status": map[string]string{"pass": "PASS", "fail": "FAIL", "none": "GRAY"}[dmarc]}
	c.hold(t, "in/"+id, raw)
	if got := failedOf(t, h, event(queued("1", encoded(bySNS(notified(n)))))); len(got) != 0 {
		t.Fatalf("got failed messages %v, want none", got)
	}
}

// answer stores a mail of ours, and records it as sent under both ids.
func (c *correspondence) answer(t *testing.T, to identity.Alias, mailID, sesID, question string, at time.Time) {
	t.Helper()
	customer, _, err := c.table.Customers.FindCustomer(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	m := message.Message{
		Version: message.SchemaVersion, Channel: message.Email, Direction: message.Outbound, Kind: message.Mail, ProviderID: mailID, MailID: mailID,
		Thread: question, ReplyTo: &message.ReplyTo{References: []string{question}}, CustomerID: customer, SentAt: at, Text: "Antwoord",
		Customer: identity.Address{Alias: to, Assurance: identity.Verified},
	}
	m.ID = message.NewID(m.Channel, at, mailID)
	if _, err := c.table.Messages.Put(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{mailID, sesID} {
		if err := c.table.Messages.PutSent(t.Context(), id, message.SentMail{Customer: customer, Message: m.ID, ProviderID: mailID, MailID: mailID, To: to, At: at}); err != nil {
			t.Fatal(err)
		}
	}
}

// where returns the contact of a customer that contains a text, and an empty
// string if none does.
func (c *correspondence) where(t *testing.T, a identity.Alias, text string) string {
	t.Helper()
	customer, assurance, err := c.table.Customers.FindCustomer(t.Context(), a)
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	if err != nil || assurance != identity.Verified {
		return ""
	}
	messages, err := c.table.Messages.RecentMessages(t.Context(), identity.Customer{ID: customer, Members: []identity.CustomerID{customer}}, day(0))
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range contact.Contacts(contact.Read(messages, nil)) {
		if slices.ContainsFunc(k.Messages, func(m message.Message) bool { return m.Text == text }) {
			return [...]string{first, second, own}[i]
		}
	}
	return ""
}
