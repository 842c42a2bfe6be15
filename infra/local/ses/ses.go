// Package ses replaces the sending side of Amazon SES in the local stack. It
// supports SendEmail of the API v2 for raw mails. It stores each mail in a folder
// as the recipient would get it: SES's own Message-ID and Date replace those of
// the sender.
//
// No mail leaves this machine. Bounces, complaints and automatic replies are
// simulated in two ways: a test calls [Server.Answer], or the mail goes to an
// address of SES's mailbox simulator (bounce@, complaint@ or
// ooto@simulator.amazonses.com, also with a label such as bounce+x@).
package ses

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// SES's limits, in bytes and recipients.
const (
	maxRaw        = 40 << 20
	maxBody       = maxRaw/3*4 + 1<<20
	maxRecipients = 50
)

// Config configures a Server. Only Dir is required.
type Config struct {
	Dir     string          // stores the sent mails
	Region  string          // in Message-IDs; empty means eu-west-1
	Domains func() []string // the verified sender domains; nil accepts any
	// Deliver receives bounces, complaints and automatic replies, as by SMTP.
	// If it is nil, these mails are dropped.
	Deliver func(from string, to string, raw []byte) error
	// Sets returns the names of the configuration sets; nil means none.
	Sets func() []string
	// Tell publishes an event of a configuration set. Kind is the event type
	// ("delivery"). If it is nil, no events are published.
	Publish func(set, kind string, event []byte) error
	Now     func() time.Time // nil means time.Now
}

// A SentMail is a mail that a client sent.
type SentMail struct {
	ID              string    `json:"id"` // the Message-ID from SES, without brackets
	From            string    `json:"from"`
	To              []string  `json:"to"`
	Feedback        string    `json:"feedback"` // address for bounces and complaints
	At              time.Time `json:"at"`
	Set             string    `json:"set,omitempty"`       // configuration set
	SenderMessageID string    `json:"messageId,omitempty"` // the sender's Message-ID, without brackets
	Raw             []byte    `json:"-"`                   // the mail as the recipient gets it
}

// A Fault is an error that replaces the regular response to SendEmail.
type Fault struct {
	Status int    // HTTP status; 0 means 400
	Code   string // for example "TooManyRequestsException"
	Lose   bool   // send the mail, but close the connection before the response
	Times  int    // number of calls that fail; 0 means all
}

// A Server is the SES API of one account. Its methods are safe for concurrent
// use.
type Server struct {
	cfg Config

	mu     sync.Mutex
	sent   []SentMail
	faults map[string]*Fault
}

// New returns a server, and loads the mails that an earlier server stored in
// cfg.Dir.
func New(cfg Config) (*Server, error) {
	cfg.Region = cmp.Or(cfg.Region, "eu-west-1")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, faults: map[string]*Fault{}}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("local ses: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(cfg.Dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("local ses: %w", err)
	}
	for _, name := range names {
		one, err := readSentMail(name)
		if err != nil {
			return nil, fmt.Errorf("local ses: %w", err)
		}
		s.sent = append(s.sent, one)
	}
	slices.SortFunc(s.sent, func(a, b SentMail) int { return a.At.Compare(b.At) })
	return s, nil
}

func readSentMail(name string) (SentMail, error) {
	var one SentMail
	data, err := os.ReadFile(name) //nolint:gosec // our own file
	if err != nil {
		return one, err
	}
	if err := json.Unmarshal(data, &one); err != nil {
		return one, fmt.Errorf("%s: %w", name, err)
	}
	one.Raw, err = os.ReadFile(strings.TrimSuffix(name, ".json") + ".eml")
	return one, err
}

// Sent returns the sent mails, in order.
func (s *Server) Sent() []SentMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Fail makes mails to an address fail with f. A nil f removes the fault.
func (s *Server) Fail(to string, f *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[to] = f
}

// apiError is an error response with the error code of AWS.
type apiError struct {
	status        int
	code, message string
}

func (f *apiError) Error() string { return f.code + ": " + f.message }

func badRequest(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "BadRequestException", fmt.Sprintf(format, args...)}
}

// A request is the body of SendEmail: the fields that Heard uses.
type request struct {
	FromEmailAddress               string
	FeedbackForwardingEmailAddress string
	ConfigurationSetName           string
	Destination                    struct{ ToAddresses, CcAddresses, BccAddresses []string }
	Content                        struct {
		Raw *struct{ Data []byte }
	}
}

// errLost makes ServeHTTP close the connection without a response.
var errLost = errors.New("lost")

// ServeHTTP handles SendEmail. After the response it simulates the reaction of
// the recipient's server, if the recipient is an address of the simulator.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2/email/outbound-emails" {
		writeResponse(w, http.StatusNotFound, "NotFoundException", map[string]string{"message": "the local stack supports only POST /v2/email/outbound-emails"})
		return
	}
	var in request
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in)
	var one SentMail
	if err != nil {
		err = badRequest("the body must be JSON of SendEmail, of at most %d bytes", maxBody)
	} else {
		one, err = s.sendMail(in)
	}
	known, ok := errors.AsType[*apiError](err)
	switch {
	case err == nil:
		id, _, _ := strings.Cut(one.ID, "@")
		writeResponse(w, http.StatusOK, "", map[string]string{"MessageId": id})
	case errors.Is(err, errLost):
		panic(http.ErrAbortHandler)
	case ok:
		writeResponse(w, known.status, known.code, map[string]string{"message": known.message})
	default:
		writeResponse(w, http.StatusInternalServerError, "InternalServiceErrorException", map[string]string{"message": err.Error()})
	}
	if err == nil {
		s.simulateAnswer(one)
	}
}

func writeResponse(w http.ResponseWriter, status int, code string, body any) {
	w.Header().Set("Content-Type", "application/json")
	if code != "" {
		w.Header().Set("X-Amzn-ErrorType", code)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *Server) sendMail(in request) (SentMail, error) {
	if err := s.checkRequest(in); err != nil {
		return SentMail{}, err
	}
	lose, err := s.takeFault(in.Destination.ToAddresses[0])
	if err != nil {
		return SentMail{}, err
	}
	now := s.cfg.Now().UTC()
	one := SentMail{
		ID: newMessageID() + "@" + messageIDDomain(s.cfg.Region), From: in.FromEmailAddress, To: in.Destination.ToAddresses,
		Feedback: cmp.Or(in.FeedbackForwardingEmailAddress, in.FromEmailAddress), At: now,
		Set: in.ConfigurationSetName, SenderMessageID: strings.Trim(parseHeader(in.Content.Raw.Data).Get("Message-Id"), "<>"),
	}
	one.Raw = replaceStamps(in.Content.Raw.Data, one.ID, now)
	if err := s.storeMail(one); err != nil {
		return SentMail{}, fmt.Errorf("store the mail: %w", err)
	}
	s.mu.Lock()
	s.sent = append(s.sent, one)
	s.mu.Unlock()
	if err := s.publishSent(one); err != nil {
		return SentMail{}, fmt.Errorf("publish the events of the mail: %w", err)
	}
	if lose {
		return one, errLost
	}
	return one, nil
}

// checkRequest returns an error if SES would refuse the request.
func (s *Server) checkRequest(in request) error {
	all := slices.Concat(in.Destination.ToAddresses, in.Destination.CcAddresses, in.Destination.BccAddresses)
	switch {
	case in.Content.Raw == nil || len(in.Content.Raw.Data) == 0:
		return badRequest("the local stack sends only raw mails: set Content.Raw.Data")
	case len(in.Content.Raw.Data) > maxRaw:
		return badRequest("Message length is more than %d bytes long", maxRaw)
	case len(in.Destination.ToAddresses) == 0 || len(all) > maxRecipients:
		return badRequest("Recipient count is not between 1 and %d", maxRecipients)
	}
	if set := in.ConfigurationSetName; set != "" && (s.cfg.Sets == nil || !slices.Contains(s.cfg.Sets(), set)) {
		return &apiError{http.StatusNotFound, "NotFoundException", "Configuration set <" + set + "> does not exist."}
	}
	for _, a := range all {
		nonASCII := strings.ContainsFunc(a, func(r rune) bool { return r > '~' })
		if !strings.Contains(a, "@") || strings.ContainsAny(a, "\r\n") || nonASCII {
			return badRequest("Illegal address")
		}
	}
	for _, from := range []string{in.FromEmailAddress, cmp.Or(in.FeedbackForwardingEmailAddress, in.FromEmailAddress), headerFrom(in.Content.Raw.Data)} {
		_, domain, _ := strings.Cut(strings.Trim(from, "<> "), "@")
		if s.cfg.Domains != nil && !slices.Contains(s.cfg.Domains(), strings.ToLower(domain)) {
			return &apiError{http.StatusBadRequest, "MessageRejected", "Email address is not verified. The following identities failed the check: " + domain}
		}
	}
	return nil
}

// takeFault returns the fault that Fail set for an address. Lose means that the
// mail is sent and the response is lost.
func (s *Server) takeFault(to string) (lose bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults[to]
	if f == nil {
		return false, nil
	}
	if f.Times > 0 {
		if f.Times--; f.Times == 0 {
			delete(s.faults, to)
		}
	}
	if f.Lose {
		return true, nil
	}
	return false, &apiError{cmp.Or(f.Status, http.StatusBadRequest), f.Code, "fault set by the test"}
}

// storeMail writes a mail to disk before it is acknowledged. It writes the mail
// (.eml) first and its description (.json) last, because New looks for the
// description.
func (s *Server) storeMail(one SentMail) error {
	id, _, _ := strings.Cut(one.ID, "@")
	about, err := json.MarshalIndent(one, "", "  ")
	if err != nil {
		return fmt.Errorf("encode its description: %w", err)
	}
	if err := writeFile(filepath.Join(s.cfg.Dir, id+".eml"), one.Raw); err != nil {
		return err
	}
	return writeFile(filepath.Join(s.cfg.Dir, id+".json"), about)
}

// writeFile replaces a file atomically and syncs its content.
func writeFile(name string, data []byte) error {
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // our own file
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// newMessageID returns a random id in the shape of SES's message ids.
func newMessageID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return "0102" + h[:12] + "-" + h[12:20] + "-" + h[20:24] + "-" + h[24:28] + "-" + h[28:32] + "-" + h[32:44] + "-000000"
}

func messageIDDomain(region string) string {
	if region == "us-east-1" {
		return "email.amazonses.com"
	}
	return region + ".amazonses.com"
}

// replaceStamps replaces the sender's Message-ID and Date by those of SES.
func replaceStamps(raw []byte, id string, at time.Time) []byte {
	header, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	var out bytes.Buffer
	skip := false
	for line := range bytes.SplitSeq(header, []byte("\r\n")) {
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(bytes.ToLower(line), []byte(":"))
			skip = string(name) == "message-id" || string(name) == "date"
		}
		if !skip {
			out.Write(line)
			out.WriteString("\r\n")
		}
	}
	fmt.Fprintf(&out, "Message-ID: <%s>\r\nDate: %s\r\n\r\n", id, at.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	out.Write(body)
	return out.Bytes()
}
