package bounce_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// report returns a mail in the format of RFC 3464.
func report(letter, status string) string {
	return "From: MAILER-DAEMON@example.net\nTo: info@example.org\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
		"--b\n\n" + letter + "\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n" + status +
		"\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <our1@example.org>\nTo: jan@example.com\n\nHallo.\n--b--\n"
}

const qmail = "Received: (qmail 1 invoked for bounce); 3 Mar 2025 09:15:30 -0000\nFrom: MAILER-DAEMON@example.net\nSubject: failure notice\n\nHi. This is the qmail-send program at example.net.\n\n<jan@example.com>:\n192.0.2.1 does not like recipient.\nRemote host said: 552 Mailbox full\nGiving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <our1@example.org>\nTo: jan@example.com\n\nHallo.\n"

func TestRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, mail string
		want       *bounce.Notice
	}{
		{"mail of a person", "From: jan@example.com\nSubject: delivery failed\n\nWaar is mijn pakket?", nil},
		{"question of a postmaster", "From: postmaster@example.com\nSubject: Vraag\n\nKunt u mij bellen?", nil},
		{"unknown address", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"),
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.1.1", Reply: "550", Reason: "userunknown", Hard: true, Diagnostic: "550 5.1.1 User unknown"}}}},
		{"general status with a precise diagnosis", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 5.2.2 Over quota\n"),
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.2.2", Reply: "552", Reason: "mailboxfull", Diagnostic: "552 5.2.2 Over quota"}}}},
		{"a delay", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; connection timed out\n"),
			&bounce.Notice{Kind: bounce.Delay, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "delayed", Status: "4.4.1", Reason: "expired", Diagnostic: "connection timed out"}}}},
		{"a delivery", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: delivered\nStatus: 2.0.0\n"),
			&bounce.Notice{Kind: bounce.Delivered, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "delivered", Status: "2.0.0"}}}},
		{"text without a status", qmail,
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.0.922", Reply: "552", Reason: "mailboxfull", Diagnostic: "Remote host said: 552 Mailbox full"}}}},
		{"a complaint", "From: f@example.net\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: jan@example.com\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <our1@example.org>\n\nx\n--b--\n",
			&bounce.Notice{Kind: bounce.Complaint, Original: "our1@example.org", Feedback: "abuse", Recipients: []bounce.Recipient{{Address: "jan@example.com"}}}},
		{"a receipt", "From: jan@example.com\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; jan@example.com\nOriginal-Message-ID: <our1@example.org>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
			&bounce.Notice{Kind: bounce.Receipt, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "displayed"}}}},
		{"customer's parcel not delivered", "From: jan@example.com\nSubject: Delivery failure of order 12\n\nMy parcel could not be delivered to my address. Please write to jan@example.org.\n", nil},
		{"customer's parcel returned", "From: jan@example.com\nSubject: Undeliverable\n\nYour parcel was returned as undeliverable, error 550.\n", nil},
		{"forwarded report", "From: jan@example.com\nSubject: Fwd: Returned mail: see transcript for details\n\nI cannot reach you.\n\nYour message could not be delivered to\ninfo@example.org\n", nil},
		{"reply to a report", "From: jan@example.com\nIn-Reply-To: <1@example.net>\nSubject: Re: Mail delivery failed\n\nWhy is this?\n\n> Your message could not be delivered to\n> <info@example.org>\n", nil},
		{"quoted report", "From: jan@example.com\nSubject: Mail delivery failed\n\nWhy is this?\n\n> Your message could not be delivered to\n> <info@example.org>\n", nil},
		{"gateway's text under a person's name", "From: gateway@example.net\nSubject: Re: Vraag : non remis (delivery failed)\n\nYour message could not be delivered to\njan@example.com\n\nUser unknown\n",
			&bounce.Notice{Kind: bounce.Bounce, Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.0.911", Reason: "userunknown", Hard: true, Diagnostic: "User unknown"}}}},
		{"forwarded to another address", report("x", "Original-Recipient: rfc822; jan@example.com\nFinal-Recipient: rfc822; jan@mailstore\nAction: failed\nStatus: 5.1.1\n"),
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.1.1", Reason: "userunknown", Hard: true}}}},
		{"status of the refusing server", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 552 5.2.2 Over quota\n"),
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.2.2", Reply: "552", Reason: "mailboxfull", Diagnostic: "552 5.2.2 Over quota"}}}},
		{"cause of an expired delivery", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 554 4.4.7 Message expired. <421 4.4.2 Connection timed out>\n"),
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "4.4.2", Reply: "554", Reason: "expired", Diagnostic: "554 4.4.7 Message expired. <421 4.4.2 Connection timed out>"}}}},
		{"server answer without indentation", report("x", "Final-Recipient: rfc822; jan@example.com\nDiagnostic-Code: smtp; 550-Please log in first.\n550-mail.example.net [192.0.2.1]:25 is not permitted to\n550 relay through this server.\nAction: failed\nStatus: 5.0.0\n"),
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.0.0", Reply: "550", Diagnostic: "550-Please log in first. 550-mail.example.net [192.0.2.1]:25 is not permitted to 550 relay through this server."}}}},
		{"warning as text", "From: MAILER-DAEMON@example.net (Mail Delivery System)\nTo: info@example.org\nSubject: Warning: message delayed 24 hours\n\nA message that you sent has not yet been delivered to:\n\n  <jan@example.com>\n\nDelivery attempts will continue for some time. Contact <postmaster@example.net>.\n",
			&bounce.Notice{Kind: bounce.Delay, Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "delayed", Status: "4.0.901"}}}},
		{"rejection by Sieve", "From: Mail Delivery Subsystem <postmaster@example.net>\nAuto-Submitted: auto-replied (rejected)\nSubject: Automatically rejected mail\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nYour message to <jan@example.com> was automatically rejected:\nQuota exceeded\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; jan@example.com\nOriginal-Message-ID: <our1@example.org>\nDisposition: automatic-action/MDN-sent-automatically; deleted\n--b--\n",
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.0.922", Reason: "mailboxfull", Diagnostic: "Quota exceeded"}}}},
		{"report inside a report", "From: postmaster@example.net\nTo: info@example.org\nSubject: Delivery Status Notification (Failure)\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n" + report("x", "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 5.1.1\n") + "\n--o--\n",
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.1.1", Reason: "userunknown", Hard: true}}}},
		{"report without boundaries", "From: MAILER-DAEMON@example.net\nSubject: Delivery has failed\nContent-Type: multipart/report; report-type=delivery-status; boundary=gone\n\nYour message failed.\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 5.1.1\n",
			&bounce.Notice{Kind: bounce.Bounce, Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.1.1", Reason: "userunknown", Hard: true, Diagnostic: "Status: 5.1.1"}}}},
		{"a DMARC report", "From: dmarc@example.net\nSubject: Report Domain: example.org Submitter: example.net\n\nx", &bounce.Notice{Kind: bounce.Report}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte(tt.mail))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, bounce.Read(root)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRead_RecipientsInText(t *testing.T) {
	t.Parallel()
	const returned = "\n--- Below this line is a copy of the message.\n\nMessage-ID: <our1@example.org>\nFrom: Winkel <winkel@example.org>\nTo: lijst@example.org\n\nHallo.\n"
	tests := []struct{ name, letter, want string }{
		{"postmaster as contact", "For help, write to <postmaster@example.net>.\n\n<jan@example.com>: user unknown\n", "jan@example.com"},
		{"header of the mail", "Your message\n\n  To:      lijst@example.org\n  Subject: Hallo\n\ndid not reach the following recipient(s):\n\njan@example.com on Fri, 3 May 2024 10:00:00 +0200\n    The recipient name is not recognized\n", "jan@example.com"},
		{"after an introduction", "A message from winkel@example.org could not be delivered to:\n\njan@example.com\neva@example.com\n", "jan@example.com eva@example.com"},
		{"in quotation marks", "The following message, addressed to 'jan@example.com',\nfailed because it was not collected.\n", "jan@example.com"},
		{"Exchange prefix", "did not reach the following recipient(s):\n\nc=NL;a= ;p=X;dda:SMTP=jan@example.com; on Fri, 3 May 2024\n", "jan@example.com"},
		{"message identifier", "The message identifier is: <20240503@host.example.net>\n\nIt was not delivered to jan@example.com\n", "jan@example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte("From: MAILER-DAEMON@example.net\nTo: winkel@example.org\nSubject: failure notice\n\n" + tt.letter + returned))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range bounce.Read(root).Recipients {
				got = append(got, r.Address)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("recipients: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRead_StatusPerRecipient(t *testing.T) {
	t.Parallel()
	letter := "From: Mail Delivery System <Mailer-Daemon@example.net>\nSubject: Mail delivery failed: returning message to sender\n\nThe following address(es) failed:\n\n  a@example.com\n    SMTP error from remote mail server after RCPT TO:<a@example.com>:\n    550 5.1.1 <a@example.com>... User Unknown\n  b@example.com\n    SMTP error from remote mail server after RCPT TO:<b@example.com>:\n    552 5.2.2 <b@example.com>... Mailbox full\n"
	root, err := rfc822.Parse([]byte(letter))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range bounce.Read(root).Recipients {
		got = append(got, r.Address+" "+r.Status)
	}
	if want := "a@example.com 5.1.1, b@example.com 5.2.2"; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzRead checks the limits on recipients and diagnostics.
func FuzzRead(f *testing.F) {
	f.Add([]byte(report("x", "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 5.1.1\n")))
	f.Add([]byte(qmail))
	f.Fuzz(func(t *testing.T, raw []byte) {
		root, _ := rfc822.Parse(raw)
		n := bounce.Read(root)
		if n == nil {
			return
		}
		if len(n.Recipients) > 100 {
			t.Fatalf("recipients: got %d, want at most 100", len(n.Recipients))
		}
		for _, r := range n.Recipients {
			if len(r.Diagnostic) > 500 {
				t.Fatalf("length of a diagnostic: got %d bytes, want at most 500", len(r.Diagnostic))
			}
		}
	})
}
