package bounce_test

import (
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/channel/email/bounce"
	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// read returns the report in a mail.
func read(t *testing.T, mail string) *bounce.Notice {
	t.Helper()
	root, err := rfc822.Parse([]byte(mail))
	if err != nil {
		t.Fatal(err)
	}
	n := bounce.Read(root)
	if n == nil {
		t.Fatal("got no report")
	}
	return n
}

// onlyRecipient returns the one recipient of a report.
func onlyRecipient(t *testing.T, n *bounce.Notice) bounce.Recipient {
	t.Helper()
	if len(n.Recipients) != 1 {
		t.Fatalf("recipients: got %+v, want one", n.Recipients)
	}
	return n.Recipients[0]
}

// TestRead_Hard reads the answer of a mail server about one recipient. Only an
// answer that proves that the address does not exist is hard.
func TestRead_Hard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, status, answer string
		hard                 bool
		reason               string
	}{
		// The address does not exist.
		{"status and words", "5.1.1", "550 5.1.1 <jan@example.com>: Recipient address rejected: User unknown in virtual mailbox table", true, "userunknown"},
		{"status alone", "5.1.1", "", true, "userunknown"},
		{"words alone", "5.0.0", "550 No such user here", true, "userunknown"},
		{"words behind a general number", "5.5.0", "550 5.5.0 Requested action not taken: mailbox not found. Invalid recipient", true, "userunknown"},
		{"unknown domain", "5.4.4", "Host or domain name not found. Name service error for name=example.com type=A: Host not found", true, "hostunknown"},
		{"domain without mail", "5.1.10", "Domain example.com does not accept mail (nullMX)", true, "notaccept"},
		{"Gmail", "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos or 550 5.1.1 unnecessary spaces.", true, "userunknown"},
		{"Yahoo", "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account (jan@yahoo.com)", true, "userunknown"},
		{"Exchange", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", true, "userunknown"},
		{"mailbox disabled, but said to be unknown", "5.2.1", "550 5.2.1 <jan@example.com>... User Unknown", true, "userunknown"},
		{"in German", "5.0.0", "550 Empfänger unbekannt", true, "userunknown"},
		{"in Dutch", "5.0.0", "550 Deze mailbox bestaat niet", true, "userunknown"},

		// A policy refused the mail.
		{"policy of Postfix", "5.7.1", "554 5.7.1 <jan@example.com>: Recipient address rejected: Policy violation", false, "policyviolation"},
		{"policy without a status", "5.0.0", "554 <jan@example.com>: Recipient address rejected: Policy violation", false, "policyviolation"},
		{"access list", "5.7.1", "554 5.7.1 <jan@example.com>: Recipient address rejected: Access denied", false, "blocked"},
		{"access list without a policy status", "5.4.1", "550 5.4.1 Recipient address rejected: Access denied", false, "blocked"},
		{"policy status beside unknown user", "5.7.1", "550 5.7.1 <jan@example.com>: User unknown", false, "filtered"},
		{"policy status alone", "5.7.0", "550 5.7.0 Refused", false, "policyviolation"},
		{"relaying", "5.7.1", "550 5.7.1 Unable to relay for jan@example.com", false, "norelaying"},
		{"block list under an address status", "5.1.1", "550 5.1.1 Mail from 192.0.2.1 blocked, see http://www.spamhaus.org/query/bl?ip=192.0.2.1", false, "blocked"},
		{"spam under an address status", "5.1.1", "550 5.1.1 <jan@example.com> This message looks like spam", false, "spamdetected"},
		{"the recipient's preferences", "5.1.1", "550 5.1.1 RCP-P2 Refused due to recipient preferences", false, "filtered"},
		{"too many mails under an address status", "5.1.1", "550 5.1.1 192.0.2.1 has sent to too many recipients this hour", false, "toomanyconn"},
		{"no authentication", "5.7.26", "550-5.7.26 This mail is unauthenticated, which poses a security risk", false, "authfailure"},
		{"domain of the sender", "5.1.8", "550 5.1.8 <winkel@example.org>: Sender address rejected: Domain not found", false, "rejected"},
		{"domain of the sender without a status", "5.0.0", "550 Sender address rejected: Domain not found", false, "rejected"},
		{"callout to the sender", "5.0.0", "550-Verification failed for <winkel@example.org> 550-The mail server could not deliver mail to winkel@example.org. The account or domain may not exist 550 Sender verify failed", false, "rejected"},
		{"name in HELO", "5.0.0", "550 HELO: domain does not exist", false, ""},
		{"our domain", "5.1.0", "553 5.1.0 winkel example.org does not exist", false, ""},
		{"return address", "5.1.0", "553 5.1.0 Return address unknown: invalid address", false, ""},
		{"your address", "5.0.0", "550 Your address is unknown here, no such user", false, ""},
		{"reverse DNS", "5.7.1", "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: cannot find your reverse hostname", false, "requireptr"},
		{"not a member", "5.7.2", "550 5.7.2 You are not allowed to send to this list", false, "blocked"},

		// The mailbox cannot take the mail now.
		{"over quota", "5.2.2", "552 5.2.2 Over quota", false, "mailboxfull"},
		{"over quota under an address status", "5.1.1", "550 5.1.1 <jan@example.com>: user is over quota", false, "mailboxfull"},
		{"unknown or full", "5.0.0", "550 Unknown user or mailbox full", false, "mailboxfull"},
		{"mailbox full in words", "5.0.0", "550 The mailbox of this user is full", false, "mailboxfull"},
		{"suspended", "5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", false, "suspend"},
		{"inactive under an address status", "5.1.1", "550 5.1.1 <jan@example.com>: inactive email address", false, "userunknown"},
		{"receives too much", "5.2.1", "550-5.2.1 The user you are trying to contact is receiving mail at a rate that 550 5.2.1 prevents additional messages", false, "speeding"},
		{"too large", "5.3.4", "552 5.3.4 Message size exceeds fixed limit", false, "exceedlimit"},
		{"unknown for now", "4.1.1", "450 4.1.1 <jan@example.com>: Recipient address rejected: User unknown in virtual alias table", false, "userunknown"},
		{"perhaps unknown", "5.0.0", "550 The user might not exist", false, ""},

		// The words are part of a name.
		{"address named after a cause", "5.1.1", "550 5.1.1 <spam.policy@example.com>: User unknown", true, "userunknown"},
		{"server named after a cause", "5.1.1", "host antispam.example.com[192.0.2.25] said: 550 5.1.1 <jan@example.com>: User unknown (in reply to RCPT TO command)", true, "userunknown"},
		{"address named after another cause", "5.6.0", "550 5.6.0 <user-unknown@example.com>: Refused", false, ""},
		{"rejected for another cause", "5.3.0", "554 5.3.0 <user-unknown@example.com>: Recipient address rejected: Internal system error", false, "systemerror"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fields := "Final-Recipient: rfc822; jan@example.com\nAction: failed\nStatus: " + tt.status + "\n"
			if tt.answer != "" {
				fields += "Diagnostic-Code: smtp; " + tt.answer + "\n"
			}
			r := onlyRecipient(t, read(t, report("x", fields)))
			if r.Hard != tt.hard {
				t.Errorf("hard: got %v, want %v", r.Hard, tt.hard)
			}
			if tt.reason != "" && r.Reason != tt.reason {
				t.Errorf("reason: got %q, want %q", r.Reason, tt.reason)
			}
		})
	}
}

func TestIsGone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status, answer string
		want           bool
	}{
		{"5.1.1", "smtp; 550 5.1.1 user unknown", true},
		{"5.1.1", "", true},
		{"", "550 No such user", true},
		{"5.7.1", "smtp; 554 5.7.1 Policy violation", false},
		{"5.2.2", "smtp; 552 5.2.2 Over quota", false},
		{"4.4.7", "", false},
		{"", "", false},
	} {
		if got := bounce.IsGone(tt.status, tt.answer); got != tt.want {
			t.Errorf("IsGone(%q, %q): got %v, want %v", tt.status, tt.answer, got, tt.want)
		}
	}
}

// TestRead_Command shows at which command the server refused the mail. After
// the content an unknown user is a filter's answer.
func TestRead_Command(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, letter string
		hard         bool
	}{
		{"Postfix, recipient", "<jan@example.com>: host mx.example.com[192.0.2.25] said: 550 Unknown user\n    (in reply to RCPT TO command)\n", true},
		{"Postfix, content", "<jan@example.com>: host mx.example.com[192.0.2.25] said: 550 Unknown user\n    (in reply to end of DATA command)\n", false},
		{"Postfix, sender", "<jan@example.com>: host mx.example.com[192.0.2.25] said: 550 Unknown user\n    (in reply to MAIL FROM command)\n", false},
		{"Exim, recipient", "  jan@example.com\n    SMTP error from remote mail server after RCPT TO:<jan@example.com>:\n    host mx.example.com [192.0.2.25]: 550 Unknown user\n", true},
		{"Exim, content", "  jan@example.com\n    SMTP error from remote mail server after end of data:\n    host mx.example.com [192.0.2.25]: 550 Unknown user\n", false},
		{"Exim, connection", "  jan@example.com\n    SMTP error from remote mail server after initial connection:\n    host mx.example.com [192.0.2.25]: 550 Unknown user\n", false},
		{"Sendmail, recipient", "<jan@example.com>\n\n>>> RCPT To:<jan@example.com>\n<<< 550 Unknown user\n", true},
		{"Sendmail, content", "<jan@example.com>\n\n>>> DATA\n<<< 550 Unknown user\n", false},
		{"Sendmail, recipient in a pipeline", "<jan@example.com>\n\n>>> DATA\n<<< 550 Unknown user\n<<< 503 5.0.0 Need RCPT (recipient)\n", true},
		{"qmail, recipient", "<jan@example.com>:\n192.0.2.25 does not like recipient.\nRemote host said: 550 Unknown user\nGiving up on 192.0.2.25.\n", true},
		{"qmail, content", "<jan@example.com>:\n192.0.2.25 failed after I sent the message.\nRemote host said: 550 Unknown user\n", false},
		{"qmail, sender", "<jan@example.com>:\nConnected to 192.0.2.25 but sender was rejected.\nRemote host said: 550 Unknown user\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := onlyRecipient(t, read(t, "From: MAILER-DAEMON@example.net\nTo: info@example.org\nSubject: Undelivered Mail Returned to Sender\n\nThe following address failed:\n\n"+tt.letter))
			if r.Hard != tt.hard {
				t.Errorf("hard: got %v (%+v), want %v", r.Hard, r, tt.hard)
			}
		})
	}
}

// TestRead_NoStatus reads numbers that are not statuses.
func TestRead_NoStatus(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"by filter.example.net (mta-5.5.0-3) with ESMTP",
		"This is Exim 4.4.2 at example.net.",
		"Sent by Postfix 4.1.1 on mx.example.net",
		"Foomail version 5.1.1 reports:",
		"Foomail v5.1.1",
		"Foomail (release 5.1.1)",
		"X-Mailer: Foomail_5.1.1",
		"Received from [5.1.1.4] by 4.4.1.9",
		"mx-5.1.1.example.net refused it",
		"See https://example.net/help/5.1.1/index.html",
		"Mail Server 5.2.2 gave up",
		"build 5.1.1-rc2",
		"libmail-4.7.1",
		"order 2025.5.1.1.7",
		"On 15.1.1 and 5.1.11999 we looked",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			r := onlyRecipient(t, read(t, "From: MAILER-DAEMON@example.net\nTo: info@example.org\nSubject: failure notice\n\n"+line+"\n\nCould not be delivered to:\n\n<jan@example.com>\n"))
			if !strings.HasSuffix(r.Status, ".0.901") && !strings.HasPrefix(r.Status, "5.0.9") {
				t.Errorf("status: got %s, want a derived one", r.Status)
			}
			if r.Hard {
				t.Error("hard: got true, want false")
			}
		})
	}
}

// TestRead_StatusPlaces reads statuses in the places where servers write them.
func TestRead_StatusPlaces(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"550 5.1.1 unknown user", "550-5.1.1 unknown user", "550 #5.1.1 unknown user", "Sorry, no mailbox here by that name. (#5.1.1)", "unknown user (5.1.1)",
		"Status: 5.1.1", "status code 5.1.1", "dsn=5.1.1, unknown user", "#< #5.1.1 smtp; 550 unknown user>", "error 5.1.1: unknown user", "5.1.1 unknown user", "smtp;5.1.1 unknown user",
		"Remote server returned '550 5.1.1 unknown user'",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			r := onlyRecipient(t, read(t, "From: MAILER-DAEMON@example.net\nTo: info@example.org\nSubject: failure notice\n\nCould not be delivered to:\n\n<jan@example.com>\n"+line+"\n"))
			if r.Status != "5.1.1" || !r.Hard {
				t.Errorf("got status %s and hard %v, want 5.1.1 and true", r.Status, r.Hard)
			}
		})
	}
}

const returnedHeader = `Received: from unknown [192.0.2.12] (EHLO mx.example.org)
    by filter.example.net (mta-5.5.0-3) with ESMTP id 00000000.0
    (envelope-from <winkel@example.org>); Wed, 14 May 2025 23:34:45 +0200
Received: from localhost (localhost [127.0.0.1])
    by mx.example.org (Postfix) with ESMTP id 00000000000
    for <piet@example.com>; Wed, 14 May 2025 23:34:45 +0200
MIME-Version: 1.0
From: winkel@example.org
To: piet@example.com, lijst@example.com
Message-ID: <our1@example.org>
Subject: Uw vraag

Vraag het <eva@example.com>: 550 5.1.1 user unknown
`

// TestRead_ReturnedCopy reads reports with a copy of our mail in their text.
// Nothing in the copy is about the delivery.
func TestRead_ReturnedCopy(t *testing.T) {
	t.Parallel()
	const failed = "The following address failed:\n\n  <jan@example.com>: 550 it did not work\n\n"
	indented := "    " + strings.ReplaceAll(returnedHeader, "\n", "\n    ")
	quoted := "> " + strings.ReplaceAll(returnedHeader, "\n", "\n> ")
	for _, tt := range []struct{ name, letter, want string }{
		{"under a sentence", failed + "Included is a copy of the message header:\n-----------------------------------------\n" + returnedHeader, "jan@example.com"},
		{"under a line that is known", failed + "--- Below this line is a copy of the message.\n\n" + returnedHeader, "jan@example.com"},
		{"under an unknown line", failed + "~~~ your message ~~~\n" + returnedHeader, "jan@example.com"},
		{"under nothing", failed + returnedHeader, "jan@example.com"},
		{"in another language", failed + "Hieronder staat een kopie van uw bericht:\n\n" + returnedHeader, "jan@example.com"},
		{"indented", failed + "Your mail:\n\n" + indented, "jan@example.com"},
		{"quoted", failed + "Your mail:\n\n" + quoted, "jan@example.com"},
		{"header alone", failed + strings.SplitAfter(returnedHeader, "vraag\n")[0], "jan@example.com"},
		{"without Received", failed + "Your mail:\n\nMessage-ID: <our1@example.org>\nFrom: winkel@example.org\nTo: piet@example.com\nSubject: Uw vraag\n\nVraag het <eva@example.com>\n", "jan@example.com"},
		{"a summary above the report", "Your mail\n\nMessage-ID: <our1@example.org>\nFrom: winkel@example.org\nTo: piet@example.com\nSubject: Uw vraag\n\nwas not delivered to <jan@example.com>\n", "jan@example.com"},
		{"without any address", "Your mail could not be delivered.\n\n" + returnedHeader, ""},
		{"two addresses", "The following addresses failed:\n\n  <jan@example.com>: 550 it did not work\n  <kees@example.com>: 550 it did not work\n\n" + returnedHeader, "jan@example.com kees@example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := read(t, "From: MAILER-DAEMON@filter.example.net\nTo: winkel@example.org\nSubject: Mail delivery failed\n\n"+tt.letter)
			var got []string
			for _, r := range n.Recipients {
				if r.Address != "" {
					got = append(got, r.Address)
				}
				if r.Hard || !strings.HasPrefix(r.Status, "5.0.9") {
					t.Errorf("got status %s and hard %v from the copy, want a derived status", r.Status, r.Hard)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("recipients: got %q, want %q", got, tt.want)
			}
			if n.Original != "our1@example.org" {
				t.Errorf("original: got %q, want our1@example.org", n.Original)
			}
		})
	}
}

// TestRead_Wordings reads reports in text form, in the words of different mail
// servers.
func TestRead_Wordings(t *testing.T) {
	t.Parallel()
	const exim = "Return-Path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.example.net>\nSubject: Mail delivery failed: returning message to sender\nX-Failed-Recipients: jan@example.com\n\nThis message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  jan@example.com\n"
	const qmail = "From: MAILER-DAEMON@example.net\nSubject: failure notice\n\nHi. This is the qmail-send program at example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<jan@example.com>:\n"
	const plain = "Return-Path: <>\nFrom: no-reply@example.net\nTo: winkel@example.org\nSubject: Mail\n\n"
	const mixed = "Return-Path: <>\nFrom: no-reply@example.net\nTo: winkel@example.org\nSubject: Mail\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n"
	const attached = "\n--b\nContent-Type: message/rfc822\n\nFrom: winkel@example.org\nTo: jan@example.com\nSubject: Uw vraag\nMessage-ID: <our1@example.org>\n\nHallo\n--b--\n"
	for _, tt := range []struct {
		name, mail, reason string
		hard               bool
	}{
		{"Exim, no route", exim + "    Unrouteable address\n", "userunknown", true},
		{"Exim, no domain", exim + "    Unrouteable domain\n", "hostunknown", true},
		{"Exim, full", exim + "    mailbox is full:\n    retry timeout exceeded\n", "mailboxfull", false},
		{"Exim, quota of a file", exim + "    mailbox is full (MTA-imposed quota exceeded while writing to file /home/jan/inbox)\n", "mailboxfull", false},
		{"Exim, retries", exim + "    retry timeout exceeded\n", "expired", false},
		{"Exim, local part", exim + "    unknown local-part \"jan\" in domain \"example.com\"\n", "userunknown", true},
		{"qmail, no mailbox", qmail + "Sorry, no mailbox here by that name. vpopmail (#5.1.1)\n", "userunknown", true},
		{"qmail, no host", qmail + "Sorry, I couldn't find any host named example.com. (#5.1.2)\n", "hostunknown", true},
		{"qmail, full", qmail + "Recipient's mailbox is full, message returned to sender. (#5.2.2)\n", "mailboxfull", false},
		{"qmail, not in the list of hosts", qmail + "192.0.2.25 does not like recipient.\nRemote host said: 553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\n", "", false},
		{"qmail, queue", qmail + "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.\n", "expired", false},
		{"KDDI, full", mixed + "Your mail sent on: Thu, 29 Apr 2025 23:45:22 +0900\n     Could not be delivered to: <jan@example.com>\n     As their mailbox is full.\n" + attached, "mailboxfull", false},
		{"KDDI, no domain", mixed + "Your mail sent on: Thu, 29 Apr 2025 23:45:22 +0900\n     Could not be delivered to: <jan@example.com>\n     As the remote domain doesnt exist.\n" + attached, "hostunknown", true},
		{"KDDI, relay", mixed + "Your mail attempted to be delivered on: Thu, 29 Apr 2025 23:45:22 +0900\n     Could not be delivered to: <jan@example.com>\n     Due to the following SMTP relay error\n" + attached, "", false},
		{"KDDI, without the mail", plain + "Your mail sent on: Thu, 29 Apr 2025 23:45:22 +0900\n     Could not be delivered to: <jan@example.com>\n     As their mailbox is full.\n", "mailboxfull", false},
		{"in Dutch", plain + "Uw bericht kon niet worden afgeleverd aan:\n\n<jan@example.com>\n\nDeze mailbox bestaat niet.\n", "userunknown", true},
		{"in German", plain + "Ihre Nachricht konnte nicht zugestellt werden:\n\n<jan@example.com>\n\nEmpfänger unbekannt\n", "userunknown", true},
		{"in French", plain + "Votre message n'a pas pu être remis à :\n\n<jan@example.com>\n\nBoite du destinataire pleine\n", "mailboxfull", false},
		{"in Japanese", plain + "次のあて先にメールを送信できませんでした。\n\n<jan@example.com>\n\n宛先不明\n", "userunknown", true},
		{"Gmail", "Return-Path: <>\nFrom: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nAuto-Submitted: auto-replied\nSubject: Delivery Status Notification (Failure)\n\n** Address not found **\n\nYour message wasn't delivered to jan@example.com because the address couldn't be found. Check for typos or unnecessary spaces and try again.\n", "userunknown", true},
		{"Domino", "From: postmaster@example.net\nReturn-Path: <>\nSubject: DELIVERY FAILURE: User jan (jan@example.com) not listed in Domino Directory\n\nYour message\n\n  Subject: Uw vraag\n\nwas not delivered to:\n\n  jan@example.com\n\nbecause:\n\n  User jan (jan@example.com) not listed in Domino Directory\n", "userunknown", true},
		{"several possible causes", plain + "Your message could not be delivered to:\n\n<jan@example.com>\n\nThe user may be unknown, or the mailbox may be full.\n", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := read(t, tt.mail)
			r := onlyRecipient(t, n)
			if n.Kind != bounce.Bounce || r.Address != "jan@example.com" {
				t.Errorf("got a %s about %q, want a bounce about jan@example.com", n.Kind, r.Address)
			}
			if r.Hard != tt.hard {
				t.Errorf("hard: got %v (%+v), want %v", r.Hard, r, tt.hard)
			}
			if tt.reason != "" && r.Reason != tt.reason {
				t.Errorf("reason: got %q, want %q", r.Reason, tt.reason)
			}
		})
	}
}

// TestRead_NoReport reads mails with a null sender, or with the words of a
// report, that no mail server wrote.
func TestRead_NoReport(t *testing.T) {
	t.Parallel()
	for name, mail := range map[string]string{
		"absence notice with a contact": "Return-Path: <>\nFrom: jan@example.com\nSubject: Afwezig\nIn-Reply-To: <our1@example.org>\n\nIk ben er niet. Schrijf naar <eva@example.com>.\n",
		"absence notice with a quote":   "Return-Path: <>\nFrom: jan@example.com\nSubject: Re: Uw pakket\nIn-Reply-To: <our1@example.org>\n\nIk ben er niet.\n\n> Your parcel could not be delivered.\n> <jan@example.com>\n",
		"words without an address":      "Return-Path: <>\nFrom: jan@example.com\nSubject: Mail\n\nMy parcel could not be delivered.\n",
		"address without the words":     "Return-Path: <>\nFrom: jan@example.com\nSubject: Mail\n\nWrite to <eva@example.com>.\n",
		"person with a sender":          "Return-Path: <jan@example.com>\nFrom: jan@example.com\nSubject: Mail\n\nMy mail could not be delivered to <eva@example.com>.\n",
		"own addresses only":            "Return-Path: <>\nFrom: jan@example.com\nTo: winkel@example.org\nSubject: Mail\n\nMy parcel could not be delivered.\n\n<jan@example.com>\n",
		"forward of a report":           "Return-Path: <>\nFrom: jan@example.com\nSubject: Fwd: Mail\n\nYour mail could not be delivered to:\n\n<eva@example.com>\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, err := rfc822.Parse([]byte(mail))
			if err != nil {
				t.Fatal(err)
			}
			if n := bounce.Read(root); n != nil {
				t.Errorf("got %+v, want no report", n)
			}
		})
	}
}
