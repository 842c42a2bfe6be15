package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/cmd/heardctl/stackclient"
	"github.com/heard-intake/heard/infra/local/stack"
	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/channel/email"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// formMail writes a mail to a file, and returns its path.
func formMail(t *testing.T, name, from, replyTo, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".eml")
	if replyTo != "" {
		replyTo = "Reply-To: " + replyTo + "\r\n"
	}
	mail := "From: Website <" + from + ">\r\n" + replyTo + "To: klantenservice@support.example.com\r\nSubject: Contactformulier\r\nMessage-ID: <" + name + "@forms.example>\r\n\r\n" + text + "\r\n"
	if err := os.WriteFile(path, []byte(mail), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestForms runs a stack with one form that is configured and one that is not. It
// finds the second form, and separates its visitors.
func TestForms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := stack.Start(t.Context(), stack.Config{Root: "../..", Dir: dir, Memory: true, Parameters: map[string]string{"MailForms": "formulier@winkel.example"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ctl := func(args ...string) string { t.Helper(); return works(t, append([]string{"-dir", dir}, args...)...) }
	send := func(files ...string) {
		t.Helper()
		ctl(append([]string{"send", "email"}, files...)...)
		if err := s.Drained(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	has := func(out, part string, want bool) {
		t.Helper()
		if strings.Contains(out, part) != want {
			t.Errorf("output has %q: got %v, want %v:\n%s", part, !want, want, out)
		}
	}
	unknown := func(alias string) {
		t.Helper()
		if _, errOut, code := heardctl(t, "-dir", dir, "history", alias); code != 1 || !strings.Contains(errOut, "HTTP 404") {
			t.Errorf("history of %s: got code %d and %q, want 1 and HTTP 404", alias, code, errOut)
		}
	}

	send(formMail(t, "a1", "formulier@winkel.example", "Els <els@example.net>", "Mijn factuur klopt niet."),
		formMail(t, "a2", "formulier@winkel.example", "Wim <wim@example.net>", "Waar blijft mijn pakket?"),
		formMail(t, "a3", "info@"+stack.MailStaff, "Mo <mo@example.net>", "Kan ik ruilen?"))
	els, wim, mo := ctl("history", "email:els@example.net"), ctl("history", "email:wim@example.net"), ctl("history", "email:mo@example.net")
	has(els, "els@example.net (claimed)", true)
	has(els, "factuur", true)
	has(els, "pakket", false)
	has(wim, "pakket", true)
	has(mo, "ruilen", true)
	unknown("email:formulier@winkel.example")
	has(ctl("doctor"), "no sender has mails with different Reply-To", true)

	const mailbox = "klantenservice@support.example.com"
	send(formMail(t, "m1", mailbox, "", "Mijn factuur klopt niet."), formMail(t, "m2", mailbox, "", "Waar blijft mijn pakket?"))
	unknown("email:" + mailbox)

	const relay = "noreply@forms.example"
	send(formMail(t, "b1", relay, "Bo <bo@example.net>", "Mijn factuur klopt niet."),
		formMail(t, "b2", relay, "Cas <cas@example.net>", "Waar blijft mijn pakket?"),
		formMail(t, "b3", relay, "", "Ik wil ruilen."))
	out := ctl("doctor")
	has(out, relay+": 2 different Reply-To in 2 mails", true)
	has(out, "  MailForms="+relay+"\n", true)
	has(out, "heardctl part -dry-run -forms <MailForms> "+relay, true)
	has(out, "Without -staff", true)
	if _, errOut, _ := heardctl(t, "-dir", dir, "doctor"); strings.Count(errOut, "items\n") != 2 {
		t.Errorf("the progress of two scans of one page: got %q, want two lines", errOut)
	}
	out = ctl("doctor", "-most", "1")
	has(out, "in the part of the table that was examined, no sender has", true)
	has(out, "partial look: the table has more than the 1 items", true)
	has(out, "heardctl doctor -most 10 ", true)
	out = ctl("doctor", "-staff", "@forms.example")
	has(out, relay+": 2 different Reply-To in 2 mails, but it is in MailStaff", true)
	has(out, "MailForms=", false)
	has(ctl("brief", "email:"+relay), "ruilen", true)
	has(ctl("part", "-dry-run", "-forms", relay, relay), "3 mails would move to 3 customers; 0 stay", true)
	refusedPart := func(want string, args ...string) {
		t.Helper()
		for _, args := range [][]string{args, append([]string{"-dry-run"}, args...)} {
			out, errOut, code := heardctl(t, append([]string{"-dir", dir, "part"}, args...)...)
			if code != 1 || out != "" || !strings.Contains(errOut, want) || strings.Contains(errOut, "Next:") {
				t.Errorf("part %v: got code %d, %q and %q, want 1 and %q", args, code, out, errOut, want)
			}
		}
	}
	refusedPart("noreply@forms.example is not in -forms", relay)
	refusedPart("describe-stacks", relay)
	refusedPart("els@example.net is not in -forms", "els@example.net")
	refusedPart("els@example.net is not in -forms", "-forms", relay, "els@example.net")
	refusedPart("HTTP 404", "-forms", relay, relay, "nonsense")
	refusedPart("HTTP 404", "-forms", relay, relay, "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f")
	refusedPart("HTTP 404", "-forms", relay, relay, "email:nobody@example.net")
	unknown("email:bo@example.net")
	has(ctl("part", "-forms", relay, "-since", "2099-01-01T00:00:00Z", relay), "0 mails moved", true)

	out = ctl("part", "-forms", relay, relay)
	has(out, "3 mails moved to 3 customers; 0 stay", true)
	has(out, "to bo@example.net\n", true)
	has(out, "[no-author]", true)
	if err := s.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
	has(ctl("history", "email:bo@example.net"), "factuur", true)
	has(ctl("history", "email:bo@example.net"), "contact of", true)
	has(ctl("history", "email:cas@example.net"), "pakket", true)
	brief := ctl("brief", "email:"+relay)
	for _, word := range []string{"factuur", "pakket", "ruilen"} {
		has(brief, word, false)
	}
	has(ctl("doctor"), "no sender has mails with different Reply-To", true)
	has(ctl("part", "-forms", relay, relay), "0 mails moved to 0 customers", true)

	has(ctl("history", "email:"+relay), ", waiting", false)
	has(ctl("history", "email:bo@example.net"), ", waiting", true)
}

// TestNormalize_FormParameters normalizes one mail with the parameters of several
// stacks.
func TestNormalize_FormParameters(t *testing.T) {
	t.Parallel()
	file := formMail(t, "n1", "formulier@winkel.example", "Els <els@example.net>", "Mijn factuur klopt niet.")
	for args, want := range map[string]string{
		"":                                "formulier@winkel.example",
		"-forms formulier@winkel.example": "els@example.net",
		"-forms @winkel.example":          "els@example.net",
		"-staff winkel.example":           "els@example.net",
		"-domain winkel.example":          "els@example.net",
		"-forms formulier@winkel.example -staff example.net": "unknown",
	} {
		out := works(t, append(append([]string{"normalize"}, strings.Fields(args)...), "email", file)...)
		var line struct{ Customer struct{ Scope, Value string } }
		if err := json.Unmarshal([]byte(out), &line); err != nil {
			t.Fatal(err)
		}
		got := line.Customer.Value
		if line.Customer.Scope != "" {
			got = line.Customer.Scope
		}
		if got != want {
			t.Errorf("%q: got customer %s, want %s", args, got, want)
		}
	}
	if _, errOut, code := heardctl(t, "normalize", "-forms", "winkel", "email", file); code != 1 || !strings.Contains(errOut, "neither a mail address nor a domain") {
		t.Errorf("a malformed -forms: got code %d and %q, want 1 and the entry", code, errOut)
	}
}

// storeMixed stores a mail under its sender, as an earlier version did.
func storeMixed(t *testing.T, c *stackclient.Client, from, name, mail string) {
	t.Helper()
	secret, err := c.Secret(t.Context(), c.SDK, "pepper")
	if err != nil {
		t.Fatal(err)
	}
	table := store.New(c.SDK.DynamoDB, c.Table, store.Pepper(secret["pepper"]))
	key := "in/" + name
	if err := blob.New(c.SDK.S3, c.Mail).Put(t.Context(), key, "message/rfc822", []byte(mail)); err != nil {
		t.Fatal(err)
	}
	const mailbox = "klantenservice@" + stack.MailDomain
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	sender := identity.Address{Alias: identity.Alias{Kind: identity.Email, Value: from}, Assurance: identity.Verified}
	m := message.Message{
		Version: message.SchemaVersion, Channel: message.Email, Direction: message.Inbound, Kind: message.Mail, Account: mailbox, Customer: sender,
		ProviderID: name + "/" + mailbox, SentAt: at, Text: "x", Source: key,
	}
	m.ID = message.NewID(m.Channel, at, m.ProviderID)
	if m.CustomerID, err = table.Customers.Identify(t.Context(), []identity.Address{sender}, identity.Evidence{Rule: identity.RuleMail, At: at}); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
}

// TestForms_PartOwnSide parts customers of an earlier version: a mailbox of
// ours, and a colleague who forwarded a form's mail.
func TestForms_PartOwnSide(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := stack.Start(t.Context(), stack.Config{Root: "../..", Dir: dir, Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := stackclient.New(t.Context(), s.Stack)
	if err != nil {
		t.Fatal(err)
	}
	const (
		mailbox   = "klantenservice@" + stack.MailDomain
		colleague = "piet@" + stack.MailStaff
	)
	proven := "Return-Path: <" + colleague + ">\r\nReceived: from x by inbound-smtp.eu-west-1.amazonaws.com with SMTP id p1 for " + mailbox + "; Mon, 02 Mar 2026 09:00:00 +0000 (UTC)\r\n" +
		"Authentication-Results: amazonses.com; dmarc=pass header.from=" + stack.MailStaff + "\r\n"
	storeMixed(t, c, mailbox, "m1", "From: "+mailbox+"\r\n\r\nMijn factuur klopt niet.\r\n")
	storeMixed(t, c, mailbox, "m2", "From: "+mailbox+"\r\nAuto-Submitted: auto-generated\r\n\r\nRapport.\r\n")
	storeMixed(t, c, colleague, "p1", proven+"From: "+colleague+"\r\nSubject: Fwd: Contactformulier\r\n\r\nTer info\r\n\r\n---------- Forwarded message ---------\r\nFrom: <info@"+stack.MailStaff+">\r\nReply-To: els@example.net\r\nSubject: Contactformulier\r\nTo: <"+mailbox+">\r\n\r\nHij doet het niet.\r\n")
	storeMixed(t, c, colleague, "p2", "From: "+colleague+"\r\n\r\nWanneer is de kantine open?\r\n")
	for _, tt := range []struct{ args, want, checks string }{
		{"doctor", mailbox + ": our own mailbox is the customer of 2 mails", ""},
		{"part -domain " + stack.MailDomain + " " + mailbox, "2 mails moved to 2 customers; 0 stay", "MailDomain"},
		{"part " + mailbox, "0 mails moved to 0 customers; 0 stay", "MailDomain"},
		{"doctor", "no sender has mails with different Reply-To", ""},
		{"part -staff " + stack.MailStaff + " " + colleague, "1 mail moved to 1 customer; 1 stays", "MailStaff"},
		{"history email:els@example.net", "Hij doet het niet.", ""},
	} {
		out, errOut, code := heardctl(t, append([]string{"-dir", dir}, strings.Fields(tt.args)...)...)
		if code != 0 || !strings.Contains(out, tt.want) {
			t.Errorf("%s: got code %d, %q and %q, want 0 and %q", tt.args, code, out, errOut, tt.want)
		}
		if tt.checks != "" && (!strings.Contains(errOut, "ParameterKey=='"+tt.checks+"'") || strings.Contains(errOut, "-forms")) {
			t.Errorf("%s: got %q, want the check of %s alone", tt.args, errOut, tt.checks)
		}
	}
}

// TestDoctor_Suspects prints senders of each kind, after a whole and a partial
// look.
func TestDoctor_Suspects(t *testing.T) {
	t.Parallel()
	staff, err := email.ParseAddressList("shop.example")
	if err != nil {
		t.Fatal(err)
	}
	alias := func(value string) identity.Alias { return identity.Alias{Kind: identity.Email, Value: value} }
	mail := func(from, replyTo string) store.NamedReply {
		return store.NamedReply{Sender: alias(from), ReplyTo: alias(replyTo)}
	}
	const mailbox = "klantenservice@support.example.com"
	own := store.NamedReply{Sender: alias(mailbox), OwnMailbox: true}
	colleague := []store.NamedReply{mail("piet@shop.example", "a@example.net"), mail("piet@shop.example", "b@example.net")}
	form := []store.NamedReply{mail("noreply@forms.example", "a@example.net"), mail("noreply@forms.example", "b@example.net")}
	const (
		line    = "  MailForms=noreply@forms.example\n"
		nothing = "no sender has mails with different Reply-To"
	)
	for name, tt := range map[string]struct {
		found    []store.NamedReply
		whole    bool
		has, not []string
	}{
		"nothing":                   {nil, true, []string{nothing}, []string{"in the part", "MailForms="}},
		"nothing in a part":         {nil, false, []string{"in the part of the table that was examined, " + nothing}, nil},
		"a form":                    {form, true, []string{line, "heardctl part -dry-run -forms <MailForms> noreply@forms.example\n"}, []string{nothing}},
		"a colleague":               {colleague, true, []string{"piet@shop.example: 2 different Reply-To in 2 mails, but it is in MailStaff", nothing}, []string{"MailForms=", "heardctl part"}},
		"a form and a colleague":    {slices.Concat(form, colleague), true, []string{line}, []string{nothing}},
		"our mailbox":               {[]store.NamedReply{own, own}, true, []string{mailbox + ": our own mailbox is the customer of 2 mails", "heardctl part -dry-run -domain support.example.com " + mailbox + "\n"}, []string{"MailForms=", nothing}},
		"a person with one address": {form[:1], true, []string{nothing}, []string{"noreply@forms.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			(&tool{out: &out}).printSuspects(suspectedSenders(tt.found, staff), "", tt.whole)
			for _, part := range tt.has {
				if !strings.Contains(out.String(), part) {
					t.Errorf("got %q, want %q in it", out.String(), part)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(out.String(), part) {
					t.Errorf("got %q, want it without %q", out.String(), part)
				}
			}
		})
	}
}
