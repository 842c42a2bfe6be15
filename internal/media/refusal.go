package media

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// A refusal is why a platform did not give what it was asked for. It holds
// nothing of what was asked.
type refusal struct {
	reason       string        // as the history shows it
	tries        int           // after so many it is final; 0: not before the platform drops the file
	wait         time.Duration // how long the platform wants to be left alone
	unauthorized bool          // it is our access token
	throttled    bool
	detail       string // for the log
}

func (r *refusal) Error() string { return "platform: " + r.reason + " " + r.detail }

// Unwrap gives r its kind.
func (r *refusal) Unwrap() error {
	if r.isFinal(1) {
		return fault.New(fault.Invalid, "for good")
	}
	return fault.New(fault.Unavailable, "for now")
}

// final reports whether there is no use in trying again.
func (r *refusal) isFinal(try int) bool { return r.tries > 0 && try >= r.tries }

// Tries after which what is most likely final is taken to be.
const (
	firstTry     = 1
	afterMinutes = 3  // within minutes: a damaged transfer, an address that was a moment too old
	afterHours   = 10 // within hours: what Meta also says when a permission is missing
)

func newUnavailable(detail string) *refusal {
	return &refusal{reason: contact.Unavailable, detail: detail}
}

// byStatus reads the answer of a media server. Authorized says that it got a
// token, which then may be the trouble.
func refusalFromStatus(resp *http.Response, authorized bool) *refusal {
	r := &refusal{reason: contact.Refused, tries: afterMinutes, detail: fmt.Sprintf("status %d", resp.StatusCode)}
	switch code := resp.StatusCode; {
	case code == http.StatusNotFound || code == http.StatusGone:
		r.reason = contact.Gone
		r.tries = firstTry
		if authorized {
			r.tries = afterMinutes // or the address ran out on the way
		}
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		if authorized {
			r.tries = 0
			r.unauthorized = true
		} else {
			r.reason = contact.Gone // the signature in the address ran out
		}
	case code == http.StatusTooManyRequests:
		r.reason = contact.Unavailable
		r.tries = 0
		r.throttled = true
		r.wait = retryAfter(resp)
	case code >= 500:
		r.reason = contact.Unavailable
		r.tries = 0
		r.wait = retryAfter(resp)
	}
	return r
}

// byKind reads why AWS did not copy a file.
func refusalFromFault(err error) *refusal {
	r := &refusal{reason: contact.Refused, tries: afterMinutes, detail: fault.Message(err)}
	switch fault.KindOf(err) {
	case fault.TooLarge:
		r.reason = contact.TooLarge
		r.tries = firstTry
	case fault.NotFound:
		r.reason = contact.Gone
	case fault.Forbidden:
		r.tries = 0
		r.unauthorized = true
	case fault.TooMany:
		r.reason = contact.Unavailable
		r.tries = 0
		r.throttled = true
	case fault.Invalid:
	default:
		r.reason = contact.Unavailable
		r.tries = 0
	}
	return r
}

// Codes of the Graph API's errors.
const (
	codeUnknown      = 1
	codeBusy         = 2
	codePermission   = 10
	codeInvalid      = 100
	codeToken        = 190
	firstPermission  = 200
	lastPermission   = 299
	subcodeNoProfile = 2018218
)

// throttles are the codes by which the Graph API says that we ask too much.
var throttleCodes = map[int]bool{4: true, 17: true, 32: true, 613: true, 80006: true, 80007: true, 130429: true, 131056: true}

// byCode reads an error of the Graph API, whose codes tell more than its
// status.
func refusalFromGraph(resp *http.Response, code, subcode int) *refusal {
	r := refusalFromStatus(resp, true)
	r.detail += fmt.Sprintf(" code %d/%d", code, subcode)
	switch {
	case code == codeToken || code == codePermission || code >= firstPermission && code <= lastPermission:
		r.reason = contact.Refused
		r.tries = 0
		r.unauthorized = true
	case throttleCodes[code]:
		r.reason = contact.Unavailable
		r.tries = 0
		r.throttled = true
		r.wait = retryAfter(resp)
	case code == codeUnknown || code == codeBusy:
		r.reason = contact.Unavailable
		r.tries = 0
	case subcode == subcodeNoProfile || resp.StatusCode == http.StatusNotFound:
		r.reason = contact.Gone
		r.tries = firstTry
	case code == codeInvalid:
		r.reason = contact.Gone
		r.tries = afterHours
	}
	return r
}

// maxWait bounds how long a platform can make us wait.
const maxWait = time.Hour

func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, int(maxWait/time.Second)))*time.Second, maxWait)
}
