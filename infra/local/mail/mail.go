// Package mail replaces the receiving side of Amazon SES in the local stack. It is an SMTP server. It stores each mail as one
// object in S3, under a prefix and an id in the shape of SES's ids, with the headers that SES adds above the mail. Then it
// publishes the notification that SES publishes.
//
// The order, folding and wording of the added headers are taken from mails that SES received. Spam, virus, SPF, DKIM and DMARC
// checks always pass, except those that the mail itself names in a header:
//
//	X-Heard-Local-Verdict: dmarc=fail; spam=FAIL
package mail

import (
	"fmt"
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

// Config configures a Server. Only Put is required.
type Config struct {
	Put        func(key string, content []byte) error // stores an object durably, or fails
	Prefix     string                                 // of the object keys, for example "inbound/"
	Recipients []string                               // addresses, domains, or ".domain" for its subdomains; empty accepts all
	Announce   func(notice []byte) error              // publishes SES's notification of a stored mail; nil publishes none
	Bucket     string                                 // the bucket that Put writes to, for notifications
	Topic      string                                 // the ARN of the topic that Announce publishes to, for notifications
	Region     string                                 // in the host name; empty means eu-west-1
	Now        func() time.Time                       // nil means time.Now
}

// Server receives mail by SMTP.
type Server struct {
	cfg  Config
	smtp *smtp.Server
}

// New returns a server. Call Serve to accept connections.
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
	s.smtp.Domain = s.hostName()
	s.smtp.MaxMessageBytes = maxMessage
	s.smtp.MaxRecipients = maxRecipients
	s.smtp.MaxLineLength = 0 // no limit: some mailers write a whole document on one line, and SES accepts it
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.ErrorLog = log.New(io.Discard, "", 0) // it logs only lost connections
	return s
}

// Serve accepts connections on l until Close.
func (s *Server) Serve(l net.Listener) error { return s.smtp.Serve(l) }

// Close closes the listener and all connections.
func (s *Server) Close() error { return s.smtp.Close() }

// SetUp stores the object that SES writes when an operator sets up the bucket. It is a mail that no customer sent.
func (s *Server) SetUp() error {
	e := envelope{
		from: "no-reply-aws@amazon.com", to: []string{"recipient@example.com"}, helo: "amazon.com", ip: "127.0.0.1",
	}
	return s.cfg.Put(s.cfg.Prefix+setupKey, s.addHeaders(setupKey, e, []byte(strings.ReplaceAll(setupMail, "\n", "\r\n")), s.cfg.Now()))
}

const setupMail = `From: Amazon Web Services <no-reply-aws@amazon.com>
To: recipient@example.com
Subject: Amazon SES Setup Notification
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8

Hello,

You received this message because you attempted to set up Amazon SES to deliver emails to this S3 bucket.
`

func (s *Server) hostName() string { return "inbound-smtp." + s.cfg.Region + ".amazonaws.com" }

// acceptsRecipient reports whether the receipt rule includes an address.
func (s *Server) acceptsRecipient(address string) bool {
	if len(s.cfg.Recipients) == 0 {
		return true
	}
	address = strings.ToLower(address)
	_, domain, _ := strings.Cut(address, "@")
	for _, rule := range s.cfg.Recipients {
		rule = strings.ToLower(rule)
		if rule == address || rule == domain {
			return true
		}
		if strings.HasPrefix(rule, ".") && strings.HasSuffix(domain, rule) {
			return true
		}
	}
	return false
}

// session is one SMTP connection. A mail for several recipients becomes one object, because SES stores one object per receipt
// rule, and the local stack has one rule.
type session struct {
	server *Server
	conn   *smtp.Conn
	from   string
	to     []string
}

// Mail starts a mail from a sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt adds a recipient. It answers 550 if the receipt rule does not include the address, as SES does.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !s.server.acceptsRecipient(to) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "Requested action not taken: mailbox unavailable"}
	}
	s.to = append(s.to, to)
	return nil
}

// Data stores the mail and then answers 250 with its id. If the mail cannot be stored, it answers 451, so that the sender tries
// again.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	id := newObjectID()
	ip, _, _ := net.SplitHostPort(s.conn.Conn().RemoteAddr().String())
	e := envelope{from: s.from, to: s.to, helo: s.conn.Hostname(), ip: ip}
	if err := s.server.storeMail(id, e, raw); err != nil {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Requested action aborted: " + err.Error()}
	}
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "OK " + id}
}

// storeMail stores a mail and then publishes its notification.
func (s *Server) storeMail(id string, e envelope, raw []byte) error {
	now := s.cfg.Now()
	stamped := s.addHeaders(id, e, raw, now)
	if err := s.cfg.Put(s.cfg.Prefix+id, stamped); err != nil || s.cfg.Announce == nil {
		return err
	}
	notice, err := s.buildNotice(id, e, stamped, now)
	if err != nil {
		return fmt.Errorf("build the notice of the mail: %w", err)
	}
	return s.cfg.Announce(notice)
}

// Reset discards the current mail.
func (s *session) Reset() {
	s.from = ""
	s.to = nil
}

// Logout does nothing.
func (s *session) Logout() error { return nil }
