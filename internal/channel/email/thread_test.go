package email_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
)

// How a customer's or a stranger's mail may refer to ours: by the fields, by
// the token in the address, by both, by neither. OUR is our Message-ID, SES the
// one that SES made of it, BOX the address with the token.
var references = []struct {
	name, header, to string
	names            string // what the mail of the right customer refers to; empty for nothing
}{
	{"a new mail", "Subject: Vraag", "service@example.org", ""},
	{"a reply", "Subject: Re: Vraag\nIn-Reply-To: <OUR>\nReferences: <first@example.com> <OUR>", "service@example.org", "OUR"},
	{"a reply without References", "Subject: Re: Vraag\nIn-Reply-To: <OUR>", "service@example.org", "OUR"},
	{"a reply without In-Reply-To", "Subject: Re: Vraag\nReferences: <OUR>", "service@example.org", "OUR"},
	{"a reply with another subject", "Subject: Iets anders\nIn-Reply-To: <OUR>", "service@example.org", "OUR"},
	{"a reply to the id that SES made", "Subject: Re: Vraag\nIn-Reply-To: <SES>", "service@example.org", "SES"},
	{"a reply that lost its fields", "Subject: Re: Vraag", "BOX", "OUR"},
	{"a reply that lost its fields and its case", "Subject: Re: Vraag", "UPPER", "OUR"},
	{"a reply with fields and token", "Subject: Re: Vraag\nIn-Reply-To: <OUR>", "BOX", "OUR"},
	{"a reply by way of a colleague", "Subject: Re: Vraag\nIn-Reply-To: <x@example.net>\nReferences: <OUR> <x@example.net>", "service@example.org", "OUR"},
	{"several ids in In-Reply-To", "In-Reply-To: <OUR> <x@example.net>", "service@example.org", "OUR"},
	{"the subject of our mail alone", "Subject: Re: [#1234567] Uw vraag", "service@example.org", ""},
	{"a forward", "Subject: Fwd: Vraag\nReferences: <OUR>", "service@example.org", "OUR"},
	{"a token that was changed", "Subject: Re: Vraag", "BROKEN", ""},
}

// Every way is tried by the customer and by strangers, to one mailbox and two,
// with the key that signed, after a change of it, and after two.
func TestOnlyTheCustomerOfAMailAnswersIt(t *testing.T) {
	t.Parallel()
	const mailbox = "service@example.org"
	key, next := []byte("the key that signed it"), []byte("the key that came after")
	customer, err := identity.NewAlias(identity.Email, "", "jan@example.com")
	if err != nil {
		t.Fatal(err)
	}
	token := email.Tokens{Key: key}.New(customer)
	our, ses := email.MessageID(mailbox, token), "0102018f0a-1-000000@eu-west-1.amazonses.com"
	fill := strings.NewReplacer("OUR", our, "SES", ses,
		"BOX", email.ReplyTo(mailbox, token), "UPPER", strings.ToUpper(email.ReplyTo(mailbox, token)),
		"BROKEN", email.ReplyTo(mailbox, "a"+token[1:len(token)-1]+"b"))
	keys := map[string]email.Tokens{"the key": {Key: key}, "the key before": {Key: next, Previous: key}, "another key": {Key: next}}
	cases := 0
	for _, ref := range references {
		for _, from := range []string{"jan@example.com", "JAN@example.com", "piet@example.net", "jan@example.com.example.net"} {
			for keyName, tokens := range keys {
				for _, others := range [][]string{nil, {"sales@example.org"}} {
					cases++
					name := fmt.Sprintf("%s from %s with %s to %d mailboxes", ref.name, from, keyName, 1+len(others))
					mine := strings.EqualFold(from, customer.Value) && keyName != "another key"
					env := received(append([]string{fill.Replace(ref.to)}, others...)...)
					env.Tokens = tokens
					d, _ := normalize(t, "From: "+from+"\n"+fill.Replace(ref.header)+"\n\nx", env)
					if len(d.Messages) != 1+len(others) {
						t.Fatalf("%s: %d messages", name, len(d.Messages))
					}
					for _, m := range d.Messages {
						var refs []string
						if m.ReplyTo != nil {
							refs = m.ReplyTo.References
						}
						if got := slices.Contains(refs, our) || strings.Contains(m.Thread, token); got != (mine && ref.names == "OUR") {
							t.Errorf("%s: refers to ours: %v", name, got)
						}
						if slices.Contains(refs, ses) != (ref.names == "SES") {
							t.Errorf("%s: %v", name, refs)
						}
						if strings.Contains(m.Account, "+") || strings.Contains(m.ProviderID, token) {
							t.Errorf("%s: the token stays in %s %s", name, m.Account, m.ProviderID)
						}
					}
				}
			}
		}
	}
	if cases < 100 {
		t.Errorf("only %d cases", cases)
	}
}

func TestLongThreadsKeepTheirEnds(t *testing.T) {
	t.Parallel()
	var refs []string
	for i := range 50 {
		refs = append(refs, fmt.Sprintf("<m%d@example.com>", i))
	}
	d, _ := normalize(t, "From: jan@example.com\nReferences: "+strings.Join(refs, "\n ")+"\nIn-Reply-To: <m49@example.com>\n\nx", received("service@example.org"))
	m := d.Messages[0]
	if got := m.ReplyTo.References; len(got) != 21 || got[0] != "m0@example.com" || got[1] != "m30@example.com" || got[20] != "m49@example.com" {
		t.Errorf("%d references: %v", len(got), got)
	}
	if m.Thread != "m0@example.com" || m.ReplyTo.ProviderID != "m49@example.com" {
		t.Errorf("thread %s, in reply to %s", m.Thread, m.ReplyTo.ProviderID)
	}
}

func TestForwardsOfOurOwnPeopleAreTheirCustomersMails(t *testing.T) {
	t.Parallel()
	const forward = "\nSubject: FW: Klacht\n\nPak jij dit op?\n\n-----Oorspronkelijk bericht-----\nVan: Jan Voorbeeld <jan@example.com>\nVerzonden: maandag 3 maart 2025 10:15\nAan: Piet <piet@example.org>\nOnderwerp: Klacht\n\nHij doet het niet.\n"
	tests := []struct {
		name, mail string
		verdicts   email.Verdicts
		customer   string
	}{
		{"one of our people, proven", "From: piet@example.org" + forward, email.Verdicts{DMARC: "PASS"}, "jan@example.com"},
		{"somebody who says so", "From: piet@example.org" + forward, email.Verdicts{DMARC: "FAIL"}, "piet@example.org"},
		{"a stranger", "From: klaas@example.net" + forward, email.Verdicts{DMARC: "PASS"}, "klaas@example.net"},
		{"one of our people, of their own", "From: piet@example.org\n\nHallo.", email.Verdicts{DMARC: "PASS"}, "piet@example.org"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := received("service@example.org")
			env.Verdicts = tt.verdicts
			env.Staff = func(a string) bool { return strings.HasSuffix(a, "@example.org") }
			d, p := normalize(t, tt.mail, env)
			m := d.Messages[0]
			if m.Customer.Value != tt.customer {
				t.Errorf("customer %s, want %s", m.Customer.Value, tt.customer)
			}
			if passed := tt.customer == "jan@example.com"; passed != (p.ForwardedBy == "piet@example.org") || passed != strings.Contains(m.Text, "Hij doet het niet.") && strings.Contains(tt.mail, "Hij doet") {
				t.Errorf("forwarded by %q: %q", p.ForwardedBy, m.Text)
			}
		})
	}
}
