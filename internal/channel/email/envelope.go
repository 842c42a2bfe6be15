package email

import (
	"encoding/json"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/channel/email/rfc822"
)

// An Envelope is what the receiving server knows of a mail beside the mail:
// nothing in it was written by the sender. The zero value is a mail nobody
// received, such as a file.
type Envelope struct {
	Mailboxes  []string // our mailboxes that it came to: one message each
	Recipients []string // every recipient the server accepted it for
	Sender     string   // of the SMTP transaction; "<>" for none, empty when unknown
	SESID      string   // the server's id of the mail
	ReceivedAt time.Time
	Verdicts   Verdicts
	Tokens     Tokens // marks of our own mail; the zero value knows none

	// Staff reports whether an address is that of one of our own people, whose
	// forwards are their customers' mails; nil for nobody.
	Staff func(address string) bool

	// Forms reports whether an address is one that web forms and relays send
	// from on behalf of customers; nil for none.
	Forms func(address string) bool

	// Domain is the mail domain, whose addresses are all our mailboxes; empty
	// when it is not known.
	Domain string
}

// Verdicts are the server's findings about a mail: PASS, FAIL, GRAY,
// PROCESSING_FAILED or DISABLED, empty when unknown.
type Verdicts struct {
	Spam, Virus, SPF, DKIM, DMARC string

	DMARCPolicy string // none, quarantine or reject; known only when DMARC is FAIL
	From        string // the domain DMARC was checked for, in lower case; may be empty
}

// sesHeaders are the fields that SES puts above a mail it receives, each once.
var sesHeaders = map[string]bool{
	"return-path": true, "received": true, "x-ses-spam-verdict": true, "x-ses-virus-verdict": true,
	"received-spf": true, "authentication-results": true, "x-ses-receipt": true, "x-ses-dkim-signature": true,
}

var (
	receivedBySES = lazy(`\bby inbound-smtp\.[a-z0-9-]+\.amazonaws\.com\b`)
	receivedID    = lazy(`\bid ([A-Za-z0-9._-]{8,100})`)
	receivedFor   = lazy(`\bfor <?([^<>\s;]+@[^<>\s;]+)>?`)
)

func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// EnvelopeFromHeaders reads what SES wrote above a mail, for deliveries whose
// event has no more than the mail's place. Only the unbroken block of SES's
// own fields at the very top counts: everything below it, though it look the
// same, is the sender's. A mail that SES did not receive gives an envelope
// without id and verdicts.
func EnvelopeFromHeaders(raw []byte) Envelope {
	h := rfc822.ParseHeader(raw)
	var e Envelope
	if !bySES(h) {
		return e
	}
	seen := map[string]bool{}
	for _, f := range h.Fields {
		name := strings.ToLower(f.Name)
		if !sesHeaders[name] || seen[name] {
			break
		}
		seen[name] = true
		e.read(name, rfc822.Header{Fields: []rfc822.Field{f}}.Get(f.Name))
		if name == "x-ses-dkim-signature" {
			break
		}
	}
	e.Mailboxes = e.Recipients
	return e
}

// Announced adds to e what SES's own event says of the mail, its "mail" and
// "receipt" in JSON: which of our mailboxes it came to, which the mail itself
// tells at most in part, and the verdicts. When it came, and its id, are as
// SES wrote them above the mail, so that every announcement of a mail makes
// the same messages.
func (e *Envelope) Announced(notice []byte) {
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
	for _, v := range []struct {
		of     *string
		status string
	}{
		{&e.SESID, n.Mail.MessageID}, // of the mail above which there is none
		{&e.Sender, n.Mail.Source},
	} {
		if *v.of == "" {
			*v.of = v.status
		}
	}
	if e.ReceivedAt.IsZero() {
		e.ReceivedAt = n.Mail.Timestamp.Truncate(time.Second) // as exact as the mail would say it
	}
	for _, v := range []struct {
		of     *string
		status string
	}{
		{&e.Verdicts.Spam, r.SpamVerdict.Status}, {&e.Verdicts.Virus, r.VirusVerdict.Status}, {&e.Verdicts.SPF, r.SPFVerdict.Status},
		{&e.Verdicts.DKIM, r.DKIMVerdict.Status}, {&e.Verdicts.DMARC, r.DMARCVerdict.Status},
	} {
		if v.status != "" {
			*v.of = strings.ToUpper(v.status)
		}
	}
	e.Verdicts.DMARCPolicy = r.DMARCPolicy
}

// bySES reports whether the topmost Received field is that of SES.
func bySES(h rfc822.Header) bool {
	return receivedBySES().MatchString(strings.ToLower(h.Get("Received")))
}

func (e *Envelope) read(name, value string) {
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
		e.Verdicts.SPF = verdict(word)
	case "authentication-results":
		e.Verdicts.readResults(value)
	}
}

// readResults reads an Authentication-Results field of amazonses.com.
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
				v.SPF = verdict(result)
			case "dkim":
				if v.DKIM != "PASS" {
					v.DKIM = verdict(result)
				}
			case "dmarc":
				v.DMARC = verdict(result)
			case "header.from":
				v.From = strings.Trim(result, ",")
			}
		}
	}
}

// verdict returns a result of SPF, DKIM or DMARC as SES's events spell it.
func verdict(result string) string {
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

// parseDate reads a date as mails have it, when it can be a mail's: not
// before mail was, not in the far future.
func parseDate(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	t, err := mail.ParseDate(s)
	for _, layout := range oddDates {
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

// oddDates are layouts that mail programs use and no standard knows.
var oddDates = []string{
	time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", time.ANSIC, time.UnixDate,
	"Mon, 2 Jan 2006 15:04:05 MST-0700", "Mon, 2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04 -0700", "2 Jan 2006 15:04:05",
	"Mon Jan 2 15:04:05 2006 -0700", "Monday, January 2, 2006 3:04 PM",
}
