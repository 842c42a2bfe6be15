package intake_test

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
	"github.com/heard-intake/heard/internal/intake"
)

// Where a mail may end up.
const (
	first  = "the contact it answers"
	second = "the contact after that"
	own    = "a contact of its own"
)

// letters are mails that come after Jan asked (Q), was answered (OUR; the mail
// went out as SES), asked something else (Q2) and was answered again (OUR2),
// by then all closed; want is where Jan's belongs. BOX is the address of the
// answer, with its token; BOX2 that of the second; ELSE is our answer to
// somebody else, and BOXELSE its address.
var letters = []struct {
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
	{"a reply to the id that SES gave our mail to somebody else", "Subject: Re: Vraag\nIn-Reply-To: <SEE>", "", own},
	{"a reply to the own question", "Subject: Re: Vraag\nIn-Reply-To: <Q>", "", first},
	{"a reply by way of a colleague", "Subject: Re: Vraag\nIn-Reply-To: <c@voorbeeld.example>\nReferences: <Q> <OUR> <c@voorbeeld.example>", "", first},
	{"a reply whose References another program wrote", "Subject: Re: Vraag\nIn-Reply-To: <OUR>\nReferences: <rewritten@icloud.example>", "", first},
	{"a reply with several ids in In-Reply-To", "In-Reply-To: <x@example.net> <OUR>", "", first},
	{"a reply with a comment in In-Reply-To", "In-Reply-To: Your message of Monday <OUR>", "", first},
	{"a reply with a long thread", "References: <Q> LONG <OUR>", "", first},
	{"a reply to the second answer", "Subject: Re: Iets anders\nIn-Reply-To: <OUR2>\nReferences: <Q2> <OUR2>", "BOX2", second},
	{"a reply to the second answer that lost its fields", "Subject: Re: Vraag", "BOX2", second},
	{"a reply to both", "References: <Q> <OUR> <Q2> <OUR2>", "", second},
	{"a forward to us", "Subject: Fwd: Vraag\nReferences: <Q> <OUR>", "", first},
	{"a forward to us without fields", "Subject: FW: Vraag", "", own},
	{"a reply to a mail of somebody else's", "In-Reply-To: <their@example.net>\nReferences: <their@example.net>", "", own},
	{"a reply to our answer to somebody else", "In-Reply-To: <ELSE>\nReferences: <ELSE>", "", own},
	{"a reply to the address of an answer to somebody else", "Subject: Re: Vraag", "BOXELSE", own},
	{"a reply to both addresses", "Subject: Re: Vraag", "BOXELSE BOX", first},
	{"a token that was changed", "Subject: Re: Vraag", "BROKEN", own},
	{"a token in the header To alone", "Subject: Re: Vraag\nTo: BOX", "", own},
	{"a forged id of ours", "In-Reply-To: <FORGED>", "", own},
	{"a reply that went to two mailboxes", "In-Reply-To: <OUR>", "PLAIN sales@winkel.example", first},
	{"a new mail to two mailboxes", "Subject: Hallo", "PLAIN sales@winkel.example", own},
}

// senders are who may write them; jan says that the mail is Jan's, proven.
var senders = []struct {
	name, from, dmarc string
	jan               bool
}{
	{"Jan", "JAN", "pass", true},
	{"Jan in capitals", "JANUPPER", "pass", true},
	{"somebody as Jan", "JAN", "fail", false},
	{"Jan from where there is no DMARC", "JAN", "none", false},
	{"a stranger", "stranger.N@dieven.example", "pass", false},
	{"somebody with a similar address", "JAN.dieven.example", "pass", false},
	{"a customer with a thread of their own", "ELSEFROM", "pass", false},
}

// A case is one letter by one sender: what was before it, and what it becomes.
// Every case has customers of its own.
func TestNobodyJoinsTheThreadOfAnother(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of mails one after the other")
	}
	t.Parallel()
	w := newWorld(t)
	cases := 0
	for _, l := range letters {
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
					t.Errorf("it is in %q, want %q", got, l.want)
				case !s.jan && got != "":
					t.Errorf("it is in Jan's history, in %q", got)
				}
				if theirs := c.where(t, c.other, mark); s.from != "ELSEFROM" && theirs != "" {
					t.Errorf("it is in the history of another, in %q", theirs)
				}
			})
		}
	}
	if cases < 100 {
		t.Errorf("only %d cases", cases)
	}
}

func day(n int) time.Time { return time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

// A correspondence is what was said before a letter.
type correspondence struct {
	*world
	n          int
	key        email.Tokens
	jan, other identity.Alias
	names      *strings.Replacer
}

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

// sesID is what SES made of the id of our mail with a token.
func sesID(token string) string {
	return "0102" + token + "-000000@eu-west-1.amazonses.com"
}

// broken returns a token that nobody signed.
func broken(token string) string {
	if token[0] == 'a' {
		return "b" + token[1:]
	}
	return "a" + token[1:]
}

func (c *correspondence) fill(s string) string { return c.names.Replace(s) }

// receive takes a mail in as SES hands it on.
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
	h.Sent = c.table
	h.Read = func(_ context.Context, raw []byte, notice json.RawMessage) (intake.Letter, error) {
		env := email.EnvelopeFromHeaders(raw)
		env.Announced(notice)
		env.Tokens = c.key
		d, p, err := email.Normalize(raw, env)
		return intake.Letter{Delivery: d, File: p.Part, Page: p.SafeHTML, Ours: p.Ours}, err
	}
	n := bySES(id, to...)
	n["receipt"].(object)["dmarcVerdict"] = object{"status": map[string]string{"pass": "PASS", "fail": "FAIL", "none": "GRAY"}[dmarc]}
	c.hold(t, "in/"+id, raw)
	if got := failedOf(t, h, event(queued("1", encoded(bySNS(notified(n)))))); len(got) != 0 {
		t.Fatal("not taken")
	}
}

// answer stores a mail of ours, and remembers it as it was sent.
func (c *correspondence) answer(t *testing.T, to identity.Alias, mailID, sesID, question string, at time.Time) {
	t.Helper()
	customer, _, err := c.table.FindCustomer(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	m := contact.Message{
		Version: contact.SchemaVersion, Channel: contact.Email, Direction: contact.Outbound, Kind: contact.Mail, ProviderID: mailID, MailID: mailID,
		Thread: question, ReplyTo: &contact.ReplyTo{References: []string{question}}, CustomerID: customer, SentAt: at, Text: "Antwoord",
		Customer: identity.Address{Alias: to, Assurance: identity.Verified},
	}
	m.ID = contact.NewID(m.Channel, at, mailID)
	if _, err := c.table.PutMessage(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{mailID, sesID} {
		if err := c.table.PutSent(t.Context(), id, contact.SentMail{Customer: customer, Message: m.ID, ProviderID: mailID, MailID: mailID, To: to, At: at}); err != nil {
			t.Fatal(err)
		}
	}
}

// where says in which contact of a customer a text is; "" when it is not in
// their history.
func (c *correspondence) where(t *testing.T, a identity.Alias, text string) string {
	t.Helper()
	customer, assurance, err := c.table.FindCustomer(t.Context(), a)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		t.Fatal(err)
	}
	if err != nil || assurance != identity.Verified {
		return ""
	}
	messages, err := c.table.RecentMessages(t.Context(), identity.Customer{ID: customer, Members: []identity.CustomerID{customer}}, day(0))
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range contact.Contacts(messages) {
		if slices.ContainsFunc(k.Messages, func(m contact.Message) bool { return m.Text == text }) {
			return [...]string{first, second, own}[i]
		}
	}
	return ""
}
