package mail_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	netmail "net/mail"
	"net/smtp"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/mail"
)

var at = time.Date(2026, 3, 1, 9, 30, 0, 0, time.FixedZone("CET", 3600))

const body = "From: Jan Voorbeeld <jan@voorbeeld.example>\r\nTo: help@heard.example\r\nSubject: Hallo\r\n\r\nWaar blijft mijn pakje?\r\n.\r\n"

func TestStoreMail_HeadersOfSES(t *testing.T) {
	t.Parallel()
	store, addr := startServer(t, mail.Config{Prefix: "inbound/"})
	sendMail(t, addr, "jan@voorbeeld.example", []string{"help@heard.example"}, body)

	key, content := store.onlyObject(t)
	id, ok := strings.CutPrefix(key, "inbound/")
	if !ok || !regexp.MustCompile(`^[0-9a-v]{40}$`).MatchString(id) {
		t.Errorf("key %s", key)
	}
	want := "Return-Path: <jan@voorbeeld.example>\r\n" +
		"Received: from mx.voorbeeld.example (mx.voorbeeld.example [127.0.0.1])\r\n" +
		" by inbound-smtp.eu-west-1.amazonaws.com with SMTP id " + id + "\r\n" +
		" for help@heard.example;\r\n" +
		" Sun, 01 Mar 2026 08:30:00 +0000 (UTC)\r\n" +
		"X-SES-Spam-Verdict: PASS\r\n" +
		"X-SES-Virus-Verdict: PASS\r\n" +
		"Received-SPF: pass (spfCheck: domain of voorbeeld.example designates 127.0.0.1 as permitted sender) client-ip=127.0.0.1; envelope-from=jan@voorbeeld.example; helo=mx.voorbeeld.example;\r\n" +
		"Authentication-Results: amazonses.com;\r\n" +
		" spf=pass (spfCheck: domain of voorbeeld.example designates 127.0.0.1 as permitted sender) client-ip=127.0.0.1; envelope-from=jan@voorbeeld.example; helo=mx.voorbeeld.example;\r\n" +
		" dkim=pass header.i=@voorbeeld.example;\r\n" +
		" dmarc=pass header.from=voorbeeld.example;\r\n" +
		"X-SES-RECEIPT: "
	head, rest, _ := strings.Cut(string(content), "AEFB")
	if diff := cmp.Diff(want, head); diff != "" {
		t.Error(diff)
	}
	if !strings.HasSuffix(rest, "\r\n"+body) {
		t.Errorf("the sender's own mail changed: %q", rest)
	}
}

func TestParseVerdicts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		want   map[string]string
	}{
		"no header": {"", map[string]string{
			"X-SES-Spam-Verdict": "PASS", "X-SES-Virus-Verdict": "PASS", "Received-SPF": "pass", "dkim": "pass", "dmarc": "pass",
		}},
		"one verdict": {"X-Heard-Local-Verdict: dmarc=fail\r\n", map[string]string{"dmarc": "fail", "dkim": "pass"}},
		"all verdicts": {"x-heard-local-verdict: dmarc=fail; spf=softfail; dkim=none;spam=FAIL; virus=GRAY\r\n", map[string]string{
			"X-SES-Spam-Verdict": "FAIL", "X-SES-Virus-Verdict": "GRAY", "Received-SPF": "softfail", "dkim": "none", "dmarc": "fail",
		}},
		"header in the body": {"Subject: a\r\n\r\nX-Heard-Local-Verdict: dmarc=fail\r\n", map[string]string{"dmarc": "pass"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, addr := startServer(t, mail.Config{})
			sendMail(t, addr, "jan@voorbeeld.example", []string{"help@heard.example"}, c.header+body)
			_, content := store.onlyObject(t)
			m, err := netmail.ReadMessage(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			for check, want := range c.want {
				got := m.Header.Get(check)
				if found := regexp.MustCompile(check + `=(\w+)`).FindStringSubmatch(m.Header.Get("Authentication-Results")); found != nil {
					got = found[1]
				}
				if got, _, _ = strings.Cut(got, " "); got != want {
					t.Errorf("%s is %q, want %q", check, got, want)
				}
			}
		})
	}
}

func TestAddHeaders_FromDomain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ header, want string }{
		"plain":          {"From: jan@Voorbeeld.example\r\n", "voorbeeld.example"},
		"with a name":    {"From: \"jan@elsewhere.example\" <jan@voorbeeld.example>\r\n", "voorbeeld.example"},
		"folded":         {"From: Jan\r\n Voorbeeld\r\n <jan@voorbeeld.example>\r\nTo: a@other.example\r\n", "voorbeeld.example"},
		"no From header": {"Subject: hallo\r\n", "envelope.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, addr := startServer(t, mail.Config{})
			sendMail(t, addr, "jan@envelope.example", []string{"help@heard.example"}, c.header+"\r\nhallo\r\n")
			_, content := store.onlyObject(t)
			if want := " dmarc=pass header.from=" + c.want + ";\r\n"; !bytes.Contains(content, []byte(want)) {
				t.Errorf("no %q in\n%s", want, content)
			}
		})
	}
}

func TestStoreMail_SeveralRecipients(t *testing.T) {
	t.Parallel()
	store, addr := startServer(t, mail.Config{})
	sendMail(t, addr, "", []string{"help@heard.example", "sales@heard.example"}, body)
	_, content := store.onlyObject(t)
	if !bytes.HasPrefix(content, []byte("Return-Path: <>\r\n")) {
		t.Errorf("got %.60q, want an empty return path first", content)
	}
}

func TestRcpt_Rule(t *testing.T) {
	t.Parallel()
	_, addr := startServer(t, mail.Config{Recipients: []string{"Help@heard.example", "shop.example", ".sub.example"}})
	for to, want := range map[string]bool{
		"help@HEARD.example": true, "other@heard.example": false,
		"any@shop.example": true, "any@a.shop.example": false,
		"any@a.sub.example": true, "any@sub.example": false,
	} {
		err := smtp.SendMail(addr, nil, "jan@voorbeeld.example", []string{to}, []byte(body))
		if got := err == nil; got != want {
			t.Errorf("%s: %v, want %v (%v)", to, got, want, err)
		}
	}
}

func TestData_StoreFails(t *testing.T) {
	t.Parallel()
	_, addr := startServer(t, mail.Config{Put: func(string, []byte) error { return errors.New("disk full") }})
	err := smtp.SendMail(addr, nil, "jan@voorbeeld.example", []string{"help@heard.example"}, []byte(body))
	if err == nil || !strings.HasPrefix(err.Error(), "451") {
		t.Errorf("got %v, want 451", err)
	}
}

func TestMail_SizeLimit(t *testing.T) {
	t.Parallel()
	_, addr := startServer(t, mail.Config{})
	for command, want := range map[string]int{
		"MAIL FROM:<a@b.example> SIZE=41943040": 250,
		"MAIL FROM:<a@b.example> SIZE=41943041": 552,
	} {
		c, err := smtp.Dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Hello("mx.voorbeeld.example"); err != nil {
			t.Fatal(err)
		}
		if err := c.Text.PrintfLine("%s", command); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Text.ReadResponse(want); err != nil {
			t.Errorf("%s: %v, want %d", command, err, want)
		}
		_ = c.Close()
	}
}

func TestData_LongLine(t *testing.T) {
	t.Parallel()
	store, addr := startServer(t, mail.Config{})
	raw := body + strings.Repeat("x", 1<<20) + "\r\n"
	sendMail(t, addr, "a@b.example", []string{"help@heard.example"}, raw)
	if _, content := store.onlyObject(t); !bytes.HasSuffix(content, []byte(raw)) {
		t.Error("the mail changed")
	}
}

func TestSetUp_StoresObject(t *testing.T) {
	t.Parallel()
	store := &objects{}
	if err := mail.New(mail.Config{Prefix: "inbound/", Put: store.putObject}).SetUp(); err != nil {
		t.Fatal(err)
	}
	key, content := store.onlyObject(t)
	if key != "inbound/AMAZON_SES_SETUP_NOTIFICATION" {
		t.Errorf("key %s", key)
	}
	m, err := netmail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Header.Get("Subject"); got != "Amazon SES Setup Notification" {
		t.Errorf("subject %s", got)
	}
}

// objects stores the objects of a test in memory.
type objects struct {
	mu   sync.Mutex
	byID map[string][]byte
}

func (o *objects) putObject(key string, content []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byID == nil {
		o.byID = map[string][]byte{}
	}
	o.byID[key] = content
	return nil
}

func (o *objects) onlyObject(t testing.TB) (key string, content []byte) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.byID) != 1 {
		t.Fatalf("%d objects, want 1", len(o.byID))
	}
	for key, content = range o.byID {
	}
	return key, content
}

func startServer(t testing.TB, cfg mail.Config) (*objects, string) {
	t.Helper()
	store := &objects{}
	if cfg.Put == nil {
		cfg.Put = store.putObject
	}
	cfg.Now = func() time.Time { return at }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := mail.New(cfg)
	var served sync.WaitGroup
	served.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		_ = l.Close() // also when Serve has not begun
		_ = s.Close()
		served.Wait()
	})
	return store, l.Addr().String()
}

func sendMail(t testing.TB, addr, from string, to []string, raw string) {
	t.Helper()
	c, err := smtp.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	steps := []func() error{
		func() error { return c.Hello("mx.voorbeeld.example") },
		func() error { return c.Mail(from) },
	}
	for _, address := range to {
		steps = append(steps, func() error { return c.Rcpt(address) })
	}
	steps = append(steps, func() error {
		w, err := c.Data()
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, raw); err != nil {
			return err
		}
		return w.Close()
	}, c.Quit)
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}
