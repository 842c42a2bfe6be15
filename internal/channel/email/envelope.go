package email

import (
	"cmp"
	"encoding/json"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// Envelope is the receiving server's information about a mail, and our own
// settings. The sender writes none of it. The zero value belongs to a mail that
// SES did not receive, such as a file.
type Envelope struct {
	Mailboxes  []string // our mailboxes that received it: one message each
	Recipients []string // every recipient that the server accepted
	Sender     string   // of the SMTP transaction; "<>" for a null sender, empty if unknown
	SESID      string   // SES's id of the mail
	ReceivedAt time.Time
	Verdicts   Verdicts
	Tokens     Tokens // checks the tokens of mails we sent; the zero value accepts none

	// Staff reports whether an address belongs to one of our own people. A mail
	// that staff forward becomes the message of its original author. Staff may
	// be nil.
	Staff func(address string) bool

	// Forms reports whether web forms and relays send from an address, on
	// behalf of customers. Forms may be nil.
	Forms func(address string) bool

	// Domain is our mail domain: all its addresses are our mailboxes. It may be
	// empty.
	Domain string

	// KeyedBySES gives the message the id that SES gave the mail. Mails were
	// stored under it before their ids were made of their content.
	KeyedBySES bool

	guessed bool      // Mailboxes has what the mail's header names
	key     string    // of the message, see mailKey
	sentAt  time.Time // the time of the message
}

// Verdicts are the results of SES's checks: PASS, FAIL, GRAY,
// PROCESSING_FAILED or DISABLED, and empty if unknown.
type Verdicts struct {
	Spam, Virus, SPF, DKIM, DMARC string

	DMARCPolicy string // none, quarantine or reject; empty unless DMARC is FAIL
	From        string // the domain that DMARC was checked for, in lower case; may be empty
}

// sesHeaders are the header fields that SES adds above a received mail, each
// once.
var sesHeaders = map[string]bool{
	"return-path": true, "received": true, "x-ses-spam-verdict": true, "x-ses-virus-verdict": true,
	"received-spf": true, "authentication-results": true, "x-ses-receipt": true, "x-ses-dkim-signature": true,
}

var (
	receivedBySES = lazyRegexp(`\bby inbound-smtp\.[a-z0-9-]+\.amazonaws\.com\b`)
	receivedID    = lazyRegexp(`\bid ([A-Za-z0-9._-]{8,100})`)
	receivedFor   = lazyRegexp(`\bfor <?([^<>\s;]+@[^<>\s;]+)>?`)
)

// lazyRegexp compiles a pattern at its first use, to keep the function's start
// short.
func lazyRegexp(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// EnvelopeFromHeaders reads the envelope from the header fields that SES added
// at the top of a mail. It reads the unbroken block of SES's own fields only.
// Fields below it may be forged by the sender, even if they look the same.
//
// A mail that SES did not receive gives an empty envelope.
func EnvelopeFromHeaders(raw []byte) Envelope {
	h := rfc822.ParseHeader(raw)
	var e Envelope
	if !receivedFromSES(h) {
		return e
	}
	seen := map[string]bool{}
	for _, f := range h.Fields {
		name := strings.ToLower(f.Name)
		if !sesHeaders[name] || seen[name] {
			break
		}
		seen[name] = true
		e.readField(name, rfc822.Header{Fields: []rfc822.Field{f}}.Get(f.Name))
		if name == "x-ses-dkim-signature" {
			break
		}
	}
	e.Mailboxes = e.Recipients
	return e
}

// AddNotice adds the content of an SES notification to e: all recipients, of
// which the mail's header names one at most, and the verdicts. The notice is
// JSON with the members "mail" and "receipt"; anything else is ignored.
//
// The id, the sender and the time of the header win over those of the notice,
// so that a mail has the same key however it was announced.
func (e *Envelope) AddNotice(notice []byte) {
	var n struct {
		Mail struct {
			MessageID   string
			Timestamp   time.Time
			Source      string
			Destination []string
		}
		Receipt struct {
			Recipients                                                       []string
			SpamVerdict, VirusVerdict, SPFVerdict, DKIMVerdict, DMARCVerdict struct{ Status string }
			DMARCPolicy                                                      string
		}
	}
	if json.Unmarshal(notice, &n) != nil {
		return
	}
	r := n.Receipt
	if len(r.Recipients) > 0 {
		e.Mailboxes = r.Recipients
		e.Recipients = append(slices.Clone(r.Recipients), n.Mail.Destination...)
	}
	e.SESID = cmp.Or(e.SESID, n.Mail.MessageID)
	e.Sender = cmp.Or(e.Sender, n.Mail.Source)
	if e.ReceivedAt.IsZero() {
		e.ReceivedAt = n.Mail.Timestamp.Truncate(time.Second) // the precision of a header field
	}
	for _, v := range []struct {
		verdict *string
		status  string
	}{
		{&e.Verdicts.Spam, r.SpamVerdict.Status}, {&e.Verdicts.Virus, r.VirusVerdict.Status}, {&e.Verdicts.SPF, r.SPFVerdict.Status},
		{&e.Verdicts.DKIM, r.DKIMVerdict.Status}, {&e.Verdicts.DMARC, r.DMARCVerdict.Status},
	} {
		if v.status != "" {
			*v.verdict = strings.ToUpper(v.status)
		}
	}
	e.Verdicts.DMARCPolicy = r.DMARCPolicy
}

// receivedFromSES reports whether SES wrote the topmost Received field.
func receivedFromSES(h rfc822.Header) bool {
	return receivedBySES().MatchString(strings.ToLower(h.Get("Received")))
}

// readField reads one header field of SES into e. name is in lower case.
func (e *Envelope) readField(name, value string) {
	switch name {
	case "return-path":
		e.Sender = value
		if a := rfc822.ParseAddresses(value); len(a) > 0 && a[0].Addr != "" {
			e.Sender = a[0].Addr
		}
	case "received":
		if m := receivedID().FindStringSubmatch(value); m != nil {
			e.SESID = m[1]
		}
		if m := receivedFor().FindStringSubmatch(value); m != nil {
			e.Recipients = []string{strings.ToLower(m[1])}
		}
		e.ReceivedAt, _ = receivedTime(value)
	case "x-ses-spam-verdict":
		e.Verdicts.Spam = strings.ToUpper(value)
	case "x-ses-virus-verdict":
		e.Verdicts.Virus = strings.ToUpper(value)
	case "received-spf":
		word, _, _ := strings.Cut(value, " ")
		e.Verdicts.SPF = verdictFor(word)
	case "authentication-results":
		e.Verdicts.readResults(value)
	}
}

// readResults reads an Authentication-Results field (RFC 8601) of
// amazonses.com. Fields of other servers are ignored.
func (v *Verdicts) readResults(value string) {
	if !strings.HasPrefix(strings.ToLower(value), "amazonses.com") {
		return
	}
	for _, clause := range strings.Split(value, ";") {
		for _, word := range strings.Fields(clause) {
			method, result, ok := strings.Cut(strings.ToLower(word), "=")
			if !ok {
				continue
			}
			switch method {
			case "spf":
				v.SPF = verdictFor(result)
			case "dkim":
				if v.DKIM != "PASS" {
					v.DKIM = verdictFor(result)
				}
			case "dmarc":
				v.DMARC = verdictFor(result)
			case "header.from":
				v.From = strings.Trim(result, ",")
			}
		}
	}
}

// verdictFor returns a result of SPF, DKIM or DMARC in the spelling of SES's
// notifications.
func verdictFor(result string) string {
	switch strings.ToLower(result) {
	case "pass":
		return "PASS"
	case "none", "neutral", "softfail", "policy":
		return "GRAY"
	case "temperror":
		return "PROCESSING_FAILED"
	}
	return "FAIL"
}

// receivedTime returns the time at the end of a Received field.
func receivedTime(value string) (time.Time, bool) {
	i := strings.LastIndexByte(value, ';')
	if i < 0 {
		return time.Time{}, false
	}
	return parseDate(value[i+1:])
}

// parseDate reads a date in any format that mails use. A year outside 1980 to
// 2100 is refused.
func parseDate(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	t, err := mail.ParseDate(s)
	for _, layout := range nonstandardDates {
		if err == nil {
			break
		}
		t, err = time.Parse(layout, s)
	}
	if err != nil || t.Year() < 1980 || t.Year() > 2100 {
		return time.Time{}, false
	}
	return t.UTC().Truncate(time.Millisecond), true
}

// nonstandardDates are layouts that mail programs use beside that of RFC 5322.
var nonstandardDates = []string{
	time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", time.ANSIC, time.UnixDate,
	"Mon, 2 Jan 2006 15:04:05 MST-0700", "Mon, 2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04 -0700", "2 Jan 2006 15:04:05",
	"Mon Jan 2 15:04:05 2006 -0700", "Monday, January 2, 2006 3:04 PM",
}
