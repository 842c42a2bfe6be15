package bounce_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// report returns a mail in the form of RFC 3464.
func report(letter, status string) string {
	return "From: MAILER-DAEMON@example.net\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
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
		{"a person's mail", "From: jan@example.com\nSubject: delivery failed\n\nWaar is mijn pakket?", nil},
		{"what a postmaster writes himself", "From: postmaster@example.com\nSubject: Vraag\n\nKunt u mij bellen?", nil},
		{"an address that does not exist", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"),
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.1.1", Reply: "550", Reason: "userunknown", Hard: true, Diagnostic: "550 5.1.1 User unknown"}}}},
		{"a general status, a precise diagnosis", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 5.2.2 Over quota\n"),
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.2.2", Reply: "552", Reason: "mailboxfull", Diagnostic: "552 5.2.2 Over quota"}}}},
		{"a delay", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; connection timed out\n"),
			&bounce.Notice{Kind: bounce.Delay, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "delayed", Status: "4.4.1", Reason: "expired", Diagnostic: "connection timed out"}}}},
		{"a delivery", report("x", "Final-Recipient: rfc822; jan@example.com\nAction: delivered\nStatus: 2.0.0\n"),
			&bounce.Notice{Kind: bounce.Delivered, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "delivered", Status: "2.0.0"}}}},
		{"a letter without a status", qmail,
			&bounce.Notice{Kind: bounce.Bounce, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "failed", Status: "5.0.922", Reply: "552", Reason: "mailboxfull", Diagnostic: "Remote host said: 552 Mailbox full"}}}},
		{"a complaint", "From: f@example.net\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: jan@example.com\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <our1@example.org>\n\nx\n--b--\n",
			&bounce.Notice{Kind: bounce.Complaint, Original: "our1@example.org", Feedback: "abuse", Recipients: []bounce.Recipient{{Address: "jan@example.com"}}}},
		{"a receipt", "From: jan@example.com\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; jan@example.com\nOriginal-Message-ID: <our1@example.org>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
			&bounce.Notice{Kind: bounce.Receipt, Original: "our1@example.org", Recipients: []bounce.Recipient{{Address: "jan@example.com", Action: "displayed"}}}},
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

func TestTwoRecipientsHaveTheirOwnStatus(t *testing.T) {
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
