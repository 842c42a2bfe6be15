package mail

import (
	"bufio"
	"bytes"
	"net/textproto"
	"testing"
	"time"
)

// FuzzAddHeaders checks that SES's headers come first and can be parsed, and that the mail follows unchanged, for any mail.
func FuzzAddHeaders(f *testing.F) {
	f.Add([]byte("From: Jan <jan@voorbeeld.example>\r\nX-Heard-Local-Verdict: dmarc=fail\r\n\r\nhallo"))
	f.Add([]byte("no header at all"))
	f.Add([]byte("\n\n"))
	f.Add([]byte("From: \r\n a@\r\n b@c\n\n"))
	s := New(Config{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		out := s.addHeaders("id", envelope{to: []string{"help@heard.example"}, helo: "mx.example", ip: "192.0.2.1"}, raw, time.Unix(0, 0))
		ours, ok := bytes.CutSuffix(out, raw)
		if !ok {
			t.Fatal("the mail changed")
		}
		header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(ours, "\r\n"...)))).ReadMIMEHeader()
		if err != nil {
			t.Fatal(err)
		}
		if len(header) != 8 {
			t.Errorf("%d headers, want 8: %v", len(header), header)
		}
	})
}
