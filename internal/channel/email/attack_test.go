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

// maxCPUTime is the longest processor time for one mail.
const maxCPUTime = 5 * time.Second

// cpuTime returns the processor time of this process. Unlike the wall clock it
// does not count other processes.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// attacks are mails that try to exhaust their reader. Each must be normalized
// within maxCPUTime, as a message of its sender. marked is true if the message
// must have a mark, because not all of it can be read.
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
	{"unterminated encoded words", false, func() []byte {
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
	{"garbage as quoted-printable", true, func() []byte {
		return []byte(head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + garbage(5<<20))
	}},
	{"garbage as base64", true, func() []byte {
		return []byte(head + "Content-Transfer-Encoding: base64\r\n\r\n" + garbage(5<<20))
	}},
	{"one line of attribution beginnings", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("On 3 May 2021 ", 70_000))
	}},
	{"many lines of attribution beginnings", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("On 3 May 2021 10:00 wrote\r\n2021-05-03 a@example.com <\r\n", 18_000))
	}},
	{"many labels", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("From: x\r\nText\r\n", 60_000))
	}},
	{"many rules", false, func() []byte {
		return []byte(head + "\r\nx\r\n" + strings.Repeat("---\r\n> q\r\n", 80_000) + "And this is what I have to say.\r\n")
	}},
	{"many footers of mail programs", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("Sent with x\r\n\r\n\r\n", 50_000))
	}},
	{"many separators", false, func() []byte {
		return []byte(head + "\r\nx\r\n" + strings.Repeat("-----Original Message-----\r\nFrom: a@example.com\r\n", 18_000) + "\r\n> q\r\nAnd this is what I have to say.\r\n> q\r\n")
	}},
	{"attributions in the middle of lines", false, func() []byte {
		return []byte(head + "\r\n" + strings.Repeat("Yes. On Fri, May 3, 2024 at 10:00 AM, Jan <jan@example.com> wrote:\r\n> q\r\n", 12_000))
	}},
	{"a bounce with many addresses", false, func() []byte {
		return []byte("From: mailer-daemon@example.com\r\nSubject: Undeliverable\r\n\r\nThe following addresses failed:\r\n" + strings.Repeat("a@example.com: message identifier <x@example.com>\r\n", 20_000))
	}},
	{"a report with many recipients", false, func() []byte {
		return []byte("From: mailer-daemon@example.com\r\nSubject: Undeliverable\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Repeat("<a@example.com> 550 nothing here ", 30_000) + "\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" + strings.Repeat("Final-Recipient: rfc822; a@example.com\r\nAction: failed\r\n\r\n", 20_000) + "--b--\r\n")
	}},
	{"many References", false, func() []byte {
		return []byte(head + "References: " + strings.Repeat("<a@example.com>\r\n ", 3_000) + "\r\n\r\nbody\r\n")
	}},
}

const head = "From: Jan Voorbeeld <jan@example.com>\r\nSubject: attack\r\nMessage-ID: <1@example.com>\r\n"

// nested returns a mail with n nested parts around a text.
func nested(n int, text string) []byte {
	var b strings.Builder
	b.WriteString(head)
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("\r\n" + text)
	return []byte(b.String())
}

// garbage returns n random bytes, the same at each call.
func garbage(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// TestNormalize_Attacks is not parallel, because it measures processor time.
func TestNormalize_Attacks(t *testing.T) { //nolint:paralleltest // it measures time
	if raceDetector {
		t.Skip("the race detector is too slow for time limits")
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { //nolint:paralleltest // it measures time
			raw := a.mail()
			start := cpuTime(t)
			d, p, err := email.Normalize(raw, email.Envelope{})
			took := cpuTime(t) - start
			if err != nil {
				t.Fatal(err)
			}
			m := d.Messages[0]
			if took > maxCPUTime {
				t.Errorf("got %v of processor time, want at most %v", took, maxCPUTime)
			}
			if (m.Mark != "") != a.marked {
				t.Errorf("got mark %q and quarantine %q, want a mark: %v", m.Mark, p.Quarantine, a.marked)
			}
			if m.Mark == email.MarkUnparsed && p.Quarantine == "" {
				t.Error("got no quarantine for an unparsed mail, want a reason")
			}
			if want := "jan@example.com"; m.Customer.Value != want && m.Customer.Value != "mailer-daemon@example.com" {
				t.Errorf("got customer %q, want the sender", m.Customer.Value)
			}
			t.Logf("%d KB in %v, mark %q, %d bytes of text", len(raw)>>10, took, m.Mark, len(m.Text))
		})
	}
}

// TestNormalize_Memory is not parallel, because it counts all allocations of the
// process.
func TestNormalize_Memory(t *testing.T) { //nolint:paralleltest // it measures memory
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
		t.Errorf("got an attachment of %d bytes, want %d", len(content), d.Messages[0].Attachments[0].Size)
	}
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
		t.Errorf("got %d MB of allocations for a mail of %d MB, want at most 64 MB", used, len(raw)>>20)
	}
}
