package email_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
)

// references are the ways in which a mail may refer to ours: by its header, by
// the token in the address, by both, or not at all. OUR is our Message-ID, SES
// is the one that SES gave the mail, and BOX is the address with the token.
var references = []struct {
	name, header, to string
	names            string // the mail that the right customer's mail refers to; may be empty
}{
	{"a new mail", "Subject: Vraag", "service@example.org", ""},
	{"a reply", "Subject: Re: Vraag\nIn-Reply-To: <OUR>\nReferences: <first@example.com> <OUR>", "service@example.org", "OUR"},
	{"a reply without References", "Subject: Re: Vraag\nIn-Reply-To: <OUR>", "service@example.org", "OUR"},
	{"a reply without In-Reply-To", "Subject: Re: Vraag\nReferences: <OUR>", "service@example.org", "OUR"},
	{"a reply with another subject", "Subject: Iets anders\nIn-Reply-To: <OUR>", "service@example.org", "OUR"},
	{"a reply to the id that SES made", "Subject: Re: Vraag\nIn-Reply-To: <SES>", "service@example.org", "SES"},
	{"a reply that lost its fields", "Subject: Re: Vraag", "BOX", "OUR"},
	{"a reply that lost its fields and its lower case", "Subject: Re: Vraag", "UPPER", "OUR"},
	{"a reply with fields and token", "Subject: Re: Vraag\nIn-Reply-To: <OUR>", "BOX", "OUR"},
	{"a reply through a colleague", "Subject: Re: Vraag\nIn-Reply-To: <x@example.net>\nReferences: <OUR> <x@example.net>", "service@example.org", "OUR"},
	{"several ids in In-Reply-To", "In-Reply-To: <OUR> <x@example.net>", "service@example.org", "OUR"},
	{"the subject of our mail alone", "Subject: Re: [#1234567] Uw vraag", "service@example.org", ""},
	{"a forward", "Subject: Fwd: Vraag\nReferences: <OUR>", "service@example.org", "OUR"},
	{"a token that was changed", "Subject: Re: Vraag", "BROKEN", ""},
}

// TestNormalize_References tries each way for the customer and for strangers, to
// one mailbox and to two, with the signing key, after one change of the key and
// after two.
func TestNormalize_References(t *testing.T) {
	t.Parallel()
	const mailbox = "service@example.org"
	key := []byte("the key that signed it")
	next := []byte("the key that came after")
	customer, err := identity.NewAlias(identity.Email, "", "jan@example.com")
	if err != nil {
		t.Fatal(err)
	}
	token := email.Tokens{Key: key}.New(customer)
	our := email.MessageID(mailbox, token)
	ses := "0102018f0a-1-000000@eu-west-1.amazonses.com"
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
						t.Fatalf("%s: got %d messages, want %d", name, len(d.Messages), 1+len(others))
					}
					for _, m := range d.Messages {
						var refs []string
						if m.ReplyTo != nil {
							refs = m.ReplyTo.References
						}
						if got := slices.Contains(refs, our) || strings.Contains(m.Thread, token); got != (mine && ref.names == "OUR") {
							t.Errorf("%s: refers to our mail: got %v, want %v", name, got, !got)
						}
						if slices.Contains(refs, ses) != (ref.names == "SES") {
							t.Errorf("%s: got references %v, want SES's id in them: %v", name, refs, ref.names == "SES")
						}
						if strings.Contains(m.Account, "+") || strings.Contains(m.ProviderID, token) {
							t.Errorf("%s: got mailbox %s and provider id %s, want them without the token", name, m.Account, m.ProviderID)
						}
					}
				}
			}
		}
	}
	if cases < 100 {
		t.Errorf("got %d cases, want at least 100", cases)
	}
}

func TestNormalize_LongThread(t *testing.T) {
	t.Parallel()
	var refs []string
	for i := range 50 {
		refs = append(refs, fmt.Sprintf("<m%d@example.com>", i))
	}
	d, _ := normalize(t, "From: jan@example.com\nReferences: "+strings.Join(refs, "\n ")+"\nIn-Reply-To: <m49@example.com>\n\nx", received("service@example.org"))
	m := d.Messages[0]
	got := m.ReplyTo.References
	if len(got) != 21 {
		t.Fatalf("got %d references, want 21: %v", len(got), got)
	}
	for i, want := range map[int]string{0: "m0@example.com", 1: "m30@example.com", 20: "m49@example.com"} {
		if got[i] != want {
			t.Errorf("reference %d: got %s, want %s", i, got[i], want)
		}
	}
	if m.Thread != "m0@example.com" || m.ReplyTo.ProviderID != "m49@example.com" {
		t.Errorf("got thread %s and reply to %s, want m0@example.com and m49@example.com", m.Thread, m.ReplyTo.ProviderID)
	}
}

func TestNormalize_StaffForwards(t *testing.T) {
	t.Parallel()
	const forward = "\nSubject: FW: Klacht\n\nPak jij dit op?\n\n-----Oorspronkelijk bericht-----\nVan: Jan Voorbeeld <jan@example.com>\nVerzonden: maandag 3 maart 2025 10:15\nAan: Piet <piet@example.org>\nOnderwerp: Klacht\n\nHij doet het niet.\n"
	tests := []struct {
		name, mail string
		verdicts   email.Verdicts
		customer   string
	}{
		{"proven staff", "From: piet@example.org" + forward, email.Verdicts{DMARC: "PASS"}, "jan@example.com"},
		{"forged staff address", "From: piet@example.org" + forward, email.Verdicts{DMARC: "FAIL"}, "piet@example.org"},
		{"a stranger", "From: klaas@example.net" + forward, email.Verdicts{DMARC: "PASS"}, "klaas@example.net"},
		{"a staff member's own mail", "From: piet@example.org\n\nHallo.", email.Verdicts{DMARC: "PASS"}, "piet@example.org"},
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
				t.Errorf("got customer %s, want %s", m.Customer.Value, tt.customer)
			}
			want := tt.customer == "jan@example.com"
			if got := p.ForwardedBy == "piet@example.org"; got != want {
				t.Errorf("got forwarder %q, want piet@example.org: %v", p.ForwardedBy, want)
			}
			hasQuote := strings.Contains(tt.mail, "Hij doet")
			if got := strings.Contains(m.Text, "Hij doet het niet."); hasQuote && got != want {
				t.Errorf("got text %q, want the quoted mail in it: %v", m.Text, want)
			}
		})
	}
}
