package email_test

import (
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/email"
)

// TestNormalize_SameMail reads a mail that SES received twice, under two ids. It
// has one message id if it is the same mail, and two if anything in it differs.
func TestNormalize_SameMail(t *testing.T) {
	t.Parallel()
	const server = "Received: from client.example.com by mx.example.com; Mon, 3 Mar 2025 10:00:00 +0000\n"
	const fields = "From: Jan <jan@example.com>\nTo: info@support.example\nSubject: Vraag\nDate: Mon, 3 Mar 2025 09:50:00 +0000\nMessage-ID: <1@example.com>\n"
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHallo\n--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nAAAA\nBBBB\n--b--\n"
	const hop = "Received: from mx.example.com by relay.example.net; Mon, 3 Mar 2025 10:01:00 +0000\n"
	first := server + fields + "\nHallo\n"
	replace := func(mail, old, changed string) string {
		if !strings.Contains(mail, old) {
			t.Fatalf("%q is not in the mail", old)
		}
		return strings.Replace(mail, old, changed, 1)
	}
	for _, tt := range []struct {
		name, one, two string
		after          time.Duration // from the first to the second
		same           bool
	}{
		{"sent again", first, first, 5 * time.Minute, true},
		{"sent again at once", first, first, 0, true},
		{"sent again after half an hour", first, first, 29 * time.Minute, true},
		{"over another server", first, hop + first, time.Minute, true},
		{"with other fields of servers", first, "Return-Path: <x@example.com>\nX-Spam: no\n" + first, time.Minute, true},
		{"with other line ends", first, strings.ReplaceAll(first, "\n", "\r\n"), time.Minute, true},
		{"in another encoding", replace(first, "\n\nHallo", "\nContent-Type: text/plain; charset=utf-8\n\nHallo, één"), replace(first, "\n\nHallo", "\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nHallo, =C3=A9=C3=A9n"), time.Minute, true},
		{"with other blanks", first, replace(first, "Hallo\n", "Hallo  \n\n"), time.Minute, true},
		{"with a file", server + fields + mixed, server + fields + mixed, time.Minute, true},
		{"with the sender in another spelling", first, replace(first, "Jan <jan@example.com>", "<Jan@Example.com>"), time.Minute, true},
		{"without a server of the sender", fields + "\nHallo\n", fields + "\nHallo\n", 5 * time.Minute, true},
		{"from a server whose clock is ahead", replace(first, "10:00:00 +0000", "10:00:08 +0000"), replace(first, "10:00:00 +0000", "10:00:08 +0000"), time.Minute, true},
		{"an unreadable field of a server", "Received: by client\n" + first, "Received: by client\n" + first, time.Minute, true},
		{"without a sender", server + "Date: Mon, 3 Mar 2025 10:00:00 +0000\nMessage-ID: <1@example.com>\n\nHallo", server + "Date: Mon, 3 Mar 2025 10:00:00 +0000\nMessage-ID: <1@example.com>\n\nHallo", time.Minute, true},

		{"another text", first, replace(first, "Hallo", "Hallo!"), time.Minute, false},
		{"another subject", first, replace(first, "Vraag", "Vragen"), time.Minute, false},
		{"another sender", first, replace(first, "jan@", "eva@"), time.Minute, false},
		{"another address for answers", first, replace(first, "To: info", "Reply-To: eva@example.com\nTo: info"), time.Minute, false},
		{"another Message-ID", first, replace(first, "<1@", "<2@"), time.Minute, false},
		{"no Message-ID", replace(first, "Message-ID: <1@example.com>\n", ""), replace(first, "Message-ID: <1@example.com>\n", ""), time.Minute, false},
		{"another time", first, replace(first, "10:00:00", "10:00:01"), time.Minute, false},
		{"another file", server + fields + mixed, server + fields + replace(mixed, "BBBB", "CCCC"), time.Minute, false},
		{"another name of a file", server + fields + mixed, server + fields + replace(mixed, "a.pdf", "b.pdf"), time.Minute, false},
		{"a file less", server + fields + mixed, first, time.Minute, false},
		{"sent again after hours", first, first, 2 * time.Hour, false},
		{"times in the future", replace(replace(first, "3 Mar 2025 10:", "3 Mar 2025 11:"), "09:50:00", "11:50:00"), replace(replace(first, "3 Mar 2025 10:", "3 Mar 2025 11:"), "09:50:00", "11:50:00"), time.Minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one := received("info@support.example")
			one.SESID = "first"
			one.ReceivedAt = time.Date(2025, 3, 3, 10, 0, 2, 0, time.UTC)
			if strings.HasPrefix(tt.name, "without a server") {
				one.ReceivedAt = time.Date(2025, 3, 3, 9, 50, 2, 0, time.UTC)
			}
			two := one
			two.SESID = "second"
			two.ReceivedAt = one.ReceivedAt.Add(tt.after)
			a, _, err := email.Normalize([]byte(tt.one), one)
			if err != nil {
				t.Fatal(err)
			}
			b, _, err := email.Normalize([]byte(tt.two), two)
			if err != nil {
				t.Fatal(err)
			}
			m, n := a.Messages[0], b.Messages[0]
			if same := m.ID == n.ID; same != tt.same {
				t.Errorf("got ids %s and %s, want the same: %v", m.ID, n.ID, tt.same)
			}
			if tt.same && m.Customer != n.Customer {
				t.Errorf("got customers %v and %v, want one", m.Customer, n.Customer)
			}
		})
	}
}

// TestNormalize_KeyedBySES reads a mail that was stored under SES's id.
func TestNormalize_KeyedBySES(t *testing.T) {
	t.Parallel()
	const mail = "From: jan@example.com\nDate: Mon, 3 Mar 2025 09:15:00 +0000\nMessage-ID: <1@example.com>\n\nHallo"
	for _, bySES := range []bool{false, true} {
		env := received("info@support.example")
		env.KeyedBySES = bySES
		d, _, err := email.Normalize([]byte(mail), env)
		if err != nil {
			t.Fatal(err)
		}
		m := d.Messages[0]
		if got := m.ProviderID == env.SESID+"/info@support.example"; got != bySES || email.IsContentKey(m.ProviderID) == bySES {
			t.Errorf("KeyedBySES %v: got id %s", bySES, m.ProviderID)
		}
		if m.SentAt.Equal(env.ReceivedAt) != bySES {
			t.Errorf("KeyedBySES %v: got time %s", bySES, m.SentAt)
		}
	}
}
