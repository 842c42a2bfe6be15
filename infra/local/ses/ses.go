// Package ses stands in for the sending side of Amazon SES: SendEmail of the
// API v2, for raw mails. What was sent lies in a folder, as its recipient gets
// it: with the Message-ID and Date that SES puts in place of the sender's own.
//
// Nothing leaves this machine. What recipients' servers answer is made up: on
// command, by [Server.Answer], or for the addresses of SES's own mailbox
// simulator (bounce@, complaint@ and ooto@simulator.amazonses.com, with or
// without a label after a plus).
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

// What SES takes.
const (
	maxRaw        = 40 << 20
	maxBody       = maxRaw/3*4 + 1<<20
	maxRecipients = 50
)

// Config says where mails go.
type Config struct {
	Dir     string // keeps what was sent
	Region  string // in Message-IDs; empty means eu-west-1
	Domains func() []string
	// Deliver takes what comes back to us, as by SMTP. Nil loses it.
	Deliver func(from string, to string, raw []byte) error
	// Sets are the configuration sets; Tell publishes an event of one, by its
	// type ("delivery"). Nil tells nobody.
	Sets func() []string
	Tell func(set, kind string, event []byte) error
	Now  func() time.Time // nil means time.Now
}

// A Sent is a mail that was sent.
type Sent struct {
	ID       string    `json:"id"` // the Message-ID without brackets
	From     string    `json:"from"`
	To       []string  `json:"to"`
	Feedback string    `json:"feedback"` // where bounces and complaints go
	At       time.Time `json:"at"`
	Set      string    `json:"set,omitempty"`       // its configuration set
	Own      string    `json:"messageId,omitempty"` // the Message-ID that its sender gave it
	Raw      []byte    `json:"-"`
}

// A Fault is what the API does in place of sending.
type Fault struct {
	Status int
	Code   string // "TooManyRequestsException"
	Lose   bool   // send, and break the connection off before the answer
	Times  int    // how often; 0 is for ever
}

// A Server is one account's API.
type Server struct {
	cfg Config

	mu     sync.Mutex
	sent   []Sent
	faults map[string]*Fault
}

// New returns a server with what was sent before.
func New(cfg Config) (*Server, error) {
	cfg.Region = cmp.Or(cfg.Region, "eu-west-1")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, faults: map[string]*Fault{}}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(cfg.Dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		one, err := read(name)
		if err != nil {
			return nil, err
		}
		s.sent = append(s.sent, one)
	}
	slices.SortFunc(s.sent, func(a, b Sent) int { return a.At.Compare(b.At) })
	return s, nil
}

func read(name string) (Sent, error) {
	var one Sent
	data, err := os.ReadFile(name) //nolint:gosec // a file of ours
	if err != nil {
		return one, err
	}
	if err := json.Unmarshal(data, &one); err != nil {
		return one, fmt.Errorf("%s: %w", name, err)
	}
	one.Raw, err = os.ReadFile(strings.TrimSuffix(name, ".json") + ".eml")
	return one, err
}

// Sent returns what was sent, in order.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Fail makes the API misbehave for mails to an address. Nil mends it.
func (s *Server) Fail(to string, f *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[to] = f
}

// failure is an error as AWS names it.
type failure struct {
	status        int
	code, message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

func bad(format string, args ...any) error {
	return &failure{http.StatusBadRequest, "BadRequestException", fmt.Sprintf(format, args...)}
}

// A request is SendEmail's, as far as we send it.
type request struct {
	FromEmailAddress               string
	FeedbackForwardingEmailAddress string
	ConfigurationSetName           string
	Destination                    struct{ ToAddresses, CcAddresses, BccAddresses []string }
	Content                        struct {
		Raw *struct{ Data []byte }
	}
}

// errLost is that the connection is to break off.
var errLost = errors.New("lost")

// ServeHTTP speaks REST with JSON, as SES's API v2 does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2/email/outbound-emails" {
		answer(w, http.StatusNotFound, "NotFoundException", map[string]string{"message": "the local stack only sends: POST /v2/email/outbound-emails"})
		return
	}
	var in request
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in)
	var one Sent
	if err != nil {
		err = bad("the body is no JSON of this operation, or too large")
	} else {
		one, err = s.send(in)
	}
	known, ok := errors.AsType[*failure](err)
	switch {
	case err == nil:
		id, _, _ := strings.Cut(one.ID, "@")
		answer(w, http.StatusOK, "", map[string]string{"MessageId": id})
	case errors.Is(err, errLost):
		panic(http.ErrAbortHandler)
	case ok:
		answer(w, known.status, known.code, map[string]string{"message": known.message})
	default:
		answer(w, http.StatusInternalServerError, "InternalServiceErrorException", map[string]string{"message": err.Error()})
	}
	if err == nil {
		s.simulate(one)
	}
}

func answer(w http.ResponseWriter, status int, code string, body any) {
	w.Header().Set("Content-Type", "application/json")
	if code != "" {
		w.Header().Set("X-Amzn-ErrorType", code)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *Server) send(in request) (Sent, error) {
	if err := s.check(in); err != nil {
		return Sent{}, err
	}
	lose, err := s.fault(in.Destination.ToAddresses[0])
	if err != nil {
		return Sent{}, err
	}
	now := s.cfg.Now().UTC()
	one := Sent{
		ID: newID() + "@" + idDomain(s.cfg.Region), From: in.FromEmailAddress, To: in.Destination.ToAddresses,
		Feedback: cmp.Or(in.FeedbackForwardingEmailAddress, in.FromEmailAddress), At: now,
		Set: in.ConfigurationSetName, Own: strings.Trim(header(in.Content.Raw.Data).Get("Message-Id"), "<>"),
	}
	one.Raw = restamp(in.Content.Raw.Data, one.ID, now)
	if err := s.keep(one); err != nil {
		return Sent{}, err
	}
	s.mu.Lock()
	s.sent = append(s.sent, one)
	s.mu.Unlock()
	if err := s.sentOff(one); err != nil {
		return Sent{}, err
	}
	if lose {
		return one, errLost
	}
	return one, nil
}

// check refuses what SES refuses.
func (s *Server) check(in request) error {
	all := slices.Concat(in.Destination.ToAddresses, in.Destination.CcAddresses, in.Destination.BccAddresses)
	switch {
	case in.Content.Raw == nil || len(in.Content.Raw.Data) == 0:
		return bad("the local stack sends raw mails: Content.Raw.Data")
	case len(in.Content.Raw.Data) > maxRaw:
		return bad("Message length is more than %d bytes long", maxRaw)
	case len(in.Destination.ToAddresses) == 0 || len(all) > maxRecipients:
		return bad("Recipient count is not between 1 and %d", maxRecipients)
	}
	if set := in.ConfigurationSetName; set != "" && (s.cfg.Sets == nil || !slices.Contains(s.cfg.Sets(), set)) {
		return &failure{http.StatusNotFound, "NotFoundException", "Configuration set <" + set + "> does not exist."}
	}
	for _, a := range all {
		if strings.Count(a, "@") < 1 || strings.ContainsAny(a, "\r\n") || strings.ContainsFunc(a, func(r rune) bool { return r > '~' }) {
			return bad("Illegal address")
		}
	}
	for _, from := range []string{in.FromEmailAddress, cmp.Or(in.FeedbackForwardingEmailAddress, in.FromEmailAddress), headerFrom(in.Content.Raw.Data)} {
		_, domain, _ := strings.Cut(strings.Trim(from, "<> "), "@")
		if s.cfg.Domains != nil && !slices.Contains(s.cfg.Domains(), strings.ToLower(domain)) {
			return &failure{http.StatusBadRequest, "MessageRejected", "Email address is not verified. The following identities failed the check: " + domain}
		}
	}
	return nil
}

func (s *Server) fault(to string) (lose bool, err error) {
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
	return false, &failure{cmp.Or(f.Status, http.StatusBadRequest), f.Code, "told to"}
}

// keep writes a mail to the disk before it is acknowledged: the mail first,
// what is known of it last.
func (s *Server) keep(one Sent) error {
	id, _, _ := strings.Cut(one.ID, "@")
	about, err := json.MarshalIndent(one, "", "  ")
	if err != nil {
		return err
	}
	if err := write(filepath.Join(s.cfg.Dir, id+".eml"), one.Raw); err != nil {
		return err
	}
	return write(filepath.Join(s.cfg.Dir, id+".json"), about)
}

func write(name string, data []byte) error {
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // a file of ours
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

// newID returns an id of SES's shape.
func newID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return "0102" + h[:12] + "-" + h[12:20] + "-" + h[20:24] + "-" + h[24:28] + "-" + h[28:32] + "-" + h[32:44] + "-000000"
}

func idDomain(region string) string {
	if region == "us-east-1" {
		return "email.amazonses.com"
	}
	return region + ".amazonses.com"
}

// restamp puts SES's Message-ID and Date in place of the sender's.
func restamp(raw []byte, id string, at time.Time) []byte {
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
