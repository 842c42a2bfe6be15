package email_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/channel/email"
)

// patience is how long the processor may work on any one mail.
const patience = 5 * time.Second

// cpuTime returns how long this process has worked: unlike the clock it does
// not count what others on the machine do.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// attacks are mails made to stop their reader; each is to be read in time, as
// a message of its sender. marked says that it must carry a mark, for not all
// of it can be kept.
var attacks = []struct {
	name   string
	marked bool
	mail   func() []byte
}{
	{"5,000 nested parts", true, func() []byte { return nested(5000, "deep") }},
	{"20 nested parts around 40 MB", true, func() []byte { return nested(21, strings.Repeat(strings.Repeat("x", 76)+"\r\n", 40<<20/78)) }},
	{"19 nested parts around 40 MB", true, func() []byte { return nested(19, strings.Repeat(strings.Repeat("x", 76)+"\r\n", 40<<20/78)) }},
	{"100,000 parts", true, func() []byte {
		return []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 100_000) + "--b--\r\n")
	}},
	{"500 parts of headers", false, func() []byte {
		return []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n"+strings.Repeat("Content-Type: a/b; x=y\r\n", 900)+"\r\nx\r\n", 490) + "--b--\r\n")
	}},
	{"500 parts of pages", true, func() []byte {
		return []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: text/html\r\n\r\n"+strings.Repeat("<div><b>x", 9000)+"\r\n", 490) + "--b--\r\n")
	}},
	{"a header line of 10 MB", true, func() []byte {
		return []byte(head + "X-Long: " + strings.Repeat("a", 10<<20) + "\r\n\r\nbody\r\n")
	}},
	{"300,000 header lines", true, func() []byte {
		return []byte(head + strings.Repeat("X-Many: some value to fill it\r\n", 300_000) + "\r\nbody\r\n")
	}},
	{"200,000 addresses", true, func() []byte {
		return []byte(head + "To: a@example.com" + strings.Repeat(",\r\n b@example.com", 200_000) + "\r\n\r\nbody\r\n")
	}},
	{"brackets in an address", false, func() []byte {
		return []byte(head + "To: " + strings.Repeat("(", 60_000) + "\r\nReply-To: " + strings.Repeat(`"<`, 30_000) + "\r\n\r\nbody\r\n")
	}},
	{"encoded words without end", false, func() []byte {
		return []byte("From: jan@example.com\r\n" + "Subject: " + strings.Repeat("=?utf-8?q?", 6_000) + "\r\n\r\nbody\r\n")
	}},
	{"20 MB of HTML", true, func() []byte {
		return []byte(head + "Content-Type: text/html\r\n\r\n" + strings.Repeat("<p>all <b>work</b> and no play</p>\n", 20<<20/36))
	}},
	{"2 MB of open elements", false, func() []byte {
		return []byte(head + "Content-Type: text/html\r\n\r\n<p>hello</p>" + strings.Repeat("<div><span>", 2<<20/12) + strings.Repeat("</b>", 1000))
	}},
	{"an attachment of 40 MB", false, func() []byte {
		line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 57)) + "\r\n"
		return []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee file\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(line, 40<<20/len(line)) + "--b--\r\n")
	}},
	{"40 MB of text", true, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("On Monday 3 May 2021 10:00 somebody wrote\r\n", 40<<20/43))
	}},
	{"40 MB of dashes", true, func() []byte {
		return []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n" + strings.Repeat("--\r\n", 10<<20))
	}},
	{"garbage called quoted-printable", true, func() []byte {
		return []byte(head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + garbage(5<<20))
	}},
	{"garbage called base64", true, func() []byte {
		return []byte(head + "Content-Transfer-Encoding: base64\r\n\r\n" + garbage(5<<20))
	}},
	{"a line that attributions could begin on", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("On 3 May 2021 ", 70_000))
	}},
	{"lines that attributions could begin on", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("On 3 May 2021 10:00 wrote\r\n2021-05-03 a@example.com <\r\n", 18_000))
	}},
	{"labels without end", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("From: x\r\nText\r\n", 60_000))
	}},
	{"rules without end", false, func() []byte {
		return []byte(head + "\r\nx\r\n" + strings.Repeat("---\r\n> q\r\n", 80_000) + "And this is what I have to say.\r\n")
	}},
	{"lines that a program could have added", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("Sent with x\r\n\r\n\r\n", 50_000))
	}},
	{"separators without end", false, func() []byte {
		return []byte(head + "\r\nx\r\n" + strings.Repeat("-----Original Message-----\r\nFrom: a@example.com\r\n", 18_000) + "\r\n> q\r\nAnd this is what I have to say.\r\n> q\r\n")
	}},
	{"attributions in the middle of lines", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("Yes. On Fri, May 3, 2024 at 10:00 AM, Jan <jan@example.com> wrote:\r\n> q\r\n", 12_000))
	}},
	{"a letter with many addresses", false, func() []byte {
		return []byte("From: mailer-daemon@example.com\r\nSubject: Undeliverable\r\n\r\nThe following addresses failed:\r\n" + strings.Repeat("a@example.com: message identifier <x@example.com>\r\n", 20_000))
	}},
	{"a report with many recipients", false, func() []byte {
		return []byte("From: mailer-daemon@example.com\r\nSubject: Undeliverable\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Repeat("<a@example.com> 550 nothing here ", 30_000) + "\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" + strings.Repeat("Final-Recipient: rfc822; a@example.com\r\nAction: failed\r\n\r\n", 20_000) + "--b--\r\n")
	}},
	{"forged answers", false, func() []byte {
		return []byte(head + "References: " + strings.Repeat("<a@example.com>\r\n ", 3_000) + "\r\n\r\nbody\r\n")
	}},
}

const head = "From: Jan Voorbeeld <jan@example.com>\r\nSubject: attack\r\nMessage-ID: <1@example.com>\r\n"

func nested(n int, text string) []byte {
	var b strings.Builder
	b.WriteString(head)
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("\r\n" + text)
	return []byte(b.String())
}

func garbage(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// Not parallel: their time counts.
func TestAttacksAreReadInTime(t *testing.T) { //nolint:paralleltest // they are timed
	if raceDetector {
		t.Skip("the race detector takes the time")
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { //nolint:paralleltest // they are timed
			raw := a.mail()
			start := cpuTime(t)
			d, p, err := email.Normalize(raw, email.Envelope{})
			took := cpuTime(t) - start
			if err != nil {
				t.Fatal(err)
			}
			m := d.Messages[0]
			if took > patience {
				t.Errorf("took %v", took)
			}
			if (m.Mark != "") != a.marked {
				t.Errorf("mark %q, quarantine %q", m.Mark, p.Quarantine)
			}
			if m.Mark == email.MarkUnparsed && p.Quarantine == "" {
				t.Error("not quarantined")
			}
			if want := "jan@example.com"; m.Customer.Value != want && m.Customer.Value != "mailer-daemon@example.com" {
				t.Errorf("customer %q", m.Customer.Value)
			}
			t.Logf("%d KB in %v, mark %q, %d bytes of text", len(raw)>>10, took, m.Mark, len(m.Text))
		})
	}
}

// Not parallel: it counts what everybody allocates.
func TestALargeMailIsReadInPlace(t *testing.T) { //nolint:paralleltest // it counts memory
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 57)) + "\r\n"
	raw := []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee file\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(line, 40<<20/len(line)) + "--b--\r\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d, p, err := email.Normalize(raw, email.Envelope{})
	if err != nil {
		t.Fatal(err)
	}
	content, ok := p.FileContent(d.Messages[0].Attachments[0].Ref)
	runtime.ReadMemStats(&after)
	if !ok || int64(len(content)) != d.Messages[0].Attachments[0].Size {
		t.Errorf("%d bytes, want %d", len(content), d.Messages[0].Attachments[0].Size)
	}
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
		t.Errorf("used %d MB beside the mail of %d MB", used, len(raw)>>20)
	}
}
