// Package mail stands in for the receiving side of Amazon SES in the local stack: an SMTP port. A mail sent to it becomes one
// object in S3, under a prefix and an id of SES's shape, with the headers that SES adds on top of what the sender wrote, and is
// announced with the notice that SES publishes of it.
//
// The order of those headers, their folding and their words are taken from mails that SES received. What SES finds out about
// a sender, the sender says here: every check passes, but for those that the mail's own header names, as in
//
//	X-Heard-Local-Verdict: dmarc=fail; spam=FAIL
package mail

import (
	"io"
	"log"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	maxMessage    = 40 << 20
	maxRecipients = 500
	setupKey      = "AMAZON_SES_SETUP_NOTIFICATION"
)

// Config says where mail goes. Only Put is needed.
type Config struct {
	Put        func(key string, content []byte) error // stores an object for good, or fails
	Prefix     string                                 // of the keys, as in "inbound/"
	Recipients []string                               // addresses, domains, or .domains for what lies below; none: everybody
	Announce   func(notice []byte) error              // is told of a mail that is stored, as SES tells it; nil tells nobody
	Bucket     string                                 // where Put stores, for notices
	Topic      string                                 // the ARN of what Announce publishes to, for notices
	Region     string                                 // in the name of the host; empty means eu-west-1
	Now        func() time.Time                       // nil means time.Now
}

// Server receives mail by SMTP.
type Server struct {
	cfg  Config
	smtp *smtp.Server
}

// New returns a server that listens nowhere yet.
func New(cfg Config) *Server {
	if cfg.Region == "" {
		cfg.Region = "eu-west-1"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	s.smtp.Domain = s.host()
	s.smtp.MaxMessageBytes = maxMessage
	s.smtp.MaxRecipients = maxRecipients
	s.smtp.MaxLineLength = 0 // some mailers write a whole document on one line, and SES takes it
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.ErrorLog = log.New(io.Discard, "", 0) // connections that break off
	return s
}

// Serve receives mail until Close.
func (s *Server) Serve(l net.Listener) error { return s.smtp.Serve(l) }

// Close breaks off what is being received.
func (s *Server) Close() error { return s.smtp.Close() }

// SetUp stores the object that SES writes when somebody gives it the bucket. It is a mail, but nobody's.
func (s *Server) SetUp() error {
	e := envelope{
		from: "no-reply-aws@amazon.com", to: []string{"recipient@example.com"}, helo: "amazon.com", ip: "127.0.0.1",
	}
	return s.cfg.Put(s.cfg.Prefix+setupKey, s.stamp(setupKey, e, []byte(strings.ReplaceAll(setupMail, "\n", "\r\n")), s.cfg.Now()))
}

const setupMail = `From: Amazon Web Services <no-reply-aws@amazon.com>
To: recipient@example.com
Subject: Amazon SES Setup Notification
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8

Hello,

You received this message because you attempted to set up Amazon SES to deliver emails to this S3 bucket.
`

func (s *Server) host() string { return "inbound-smtp." + s.cfg.Region + ".amazonaws.com" }

// accepts tells whether the receipt rule names a recipient.
func (s *Server) accepts(address string) bool {
	if len(s.cfg.Recipients) == 0 {
		return true
	}
	address = strings.ToLower(address)
	_, domain, _ := strings.Cut(address, "@")
	for _, rule := range s.cfg.Recipients {
		rule = strings.ToLower(rule)
		if rule == address || rule == domain || strings.HasPrefix(rule, ".") && strings.HasSuffix(domain, rule) {
			return true
		}
	}
	return false
}

// session is one connection. A mail for several recipients is one object: SES stores one for a rule, and there is one rule.
type session struct {
	server *Server
	conn   *smtp.Conn
	from   string
	to     []string
}

// Mail begins a mail.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt refuses recipients that the rule does not name, as SES does.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !s.server.accepts(to) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "Requested action not taken: mailbox unavailable"}
	}
	s.to = append(s.to, to)
	return nil
}

// Data stores the mail before it is acknowledged, and says under which id. When that fails the sender is to try again.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	id := newID()
	ip, _, _ := net.SplitHostPort(s.conn.Conn().RemoteAddr().String())
	e := envelope{from: s.from, to: s.to, helo: s.conn.Hostname(), ip: ip}
	if err := s.server.store(id, e, raw); err != nil {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Requested action aborted: " + err.Error()}
	}
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "OK " + id}
}

// store keeps a mail, and then announces it.
func (s *Server) store(id string, e envelope, raw []byte) error {
	now := s.cfg.Now()
	stamped := s.stamp(id, e, raw, now)
	if err := s.cfg.Put(s.cfg.Prefix+id, stamped); err != nil || s.cfg.Announce == nil {
		return err
	}
	notice, err := s.notice(id, e, stamped, now)
	if err != nil {
		return err
	}
	return s.cfg.Announce(notice)
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout has nothing to end.
func (s *session) Logout() error { return nil }
