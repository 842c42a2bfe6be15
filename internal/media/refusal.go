package media

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

// A refusal is the reason why a platform did not give a file or a name. It
// contains nothing from the request.
type refusal struct {
	reason       string        // reason that the history shows
	finalAfter   int           // number of tries after which it is final; 0 while the platform has the file
	pauseFor     time.Duration // least time before the next request
	unauthorized bool          // our access token was refused
	throttled    bool
	detail       string // for the log
}

func (r *refusal) Error() string { return "platform: " + r.reason + " " + r.detail }

// Unwrap returns an error with the kind of r: [fault.Invalid] if r is final at
// the first try, else [fault.Unavailable].
func (r *refusal) Unwrap() error {
	if r.isFinal(1) {
		return fault.New(fault.Invalid, "final")
	}
	return fault.New(fault.Unavailable, "temporary")
}

// isFinal reports whether trying again after try is useless.
func (r *refusal) isFinal(try int) bool { return r.finalAfter > 0 && try >= r.finalAfter }

// Values of finalAfter for refusals that are probably final.
const (
	firstTry     = 1
	afterMinutes = 3  // for a damaged transfer or an address that just expired
	afterHours   = 10 // for an error that Meta also returns if a permission is missing
)

func newUnavailable(detail string) *refusal {
	return &refusal{reason: message.Unavailable, detail: detail}
}

// refusalFromStatus returns the refusal in a media server's response.
// authorized says that the request had a token, which may then be the cause.
func refusalFromStatus(resp *http.Response, authorized bool) *refusal {
	r := &refusal{reason: message.Refused, finalAfter: afterMinutes, detail: fmt.Sprintf("status %d", resp.StatusCode)}
	switch code := resp.StatusCode; {
	case code == http.StatusNotFound || code == http.StatusGone:
		r.reason = message.Gone
		r.finalAfter = firstTry
		if authorized {
			r.finalAfter = afterMinutes // or the address has just expired
		}
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		if authorized {
			r.finalAfter = 0
			r.unauthorized = true
		} else {
			r.reason = message.Gone // the signature in the address expired
		}
	case code == http.StatusTooManyRequests:
		r.reason = message.Unavailable
		r.finalAfter = 0
		r.throttled = true
		r.pauseFor = retryAfter(resp)
	case code >= 500:
		r.reason = message.Unavailable
		r.finalAfter = 0
		r.pauseFor = retryAfter(resp)
	}
	return r
}

// refusalFromFault returns the refusal in an error of [Social].
func refusalFromFault(err error) *refusal {
	r := &refusal{reason: message.Refused, finalAfter: afterMinutes, detail: fault.Message(err)}
	switch fault.KindOf(err) {
	case fault.TooLarge:
		r.reason = message.TooLarge
		r.finalAfter = firstTry
	case fault.NotFound:
		r.reason = message.Gone
	case fault.Forbidden:
		r.finalAfter = 0
		r.unauthorized = true
	case fault.TooMany:
		r.reason = message.Unavailable
		r.finalAfter = 0
		r.throttled = true
	case fault.Invalid:
	default:
		r.reason = message.Unavailable
		r.finalAfter = 0
	}
	return r
}

// Error codes of the Graph API.
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

// throttleCodes are the codes with which the Graph API throttles us.
var throttleCodes = map[int]bool{4: true, 17: true, 32: true, 613: true, 80006: true, 80007: true, 130429: true, 131056: true}

// refusalFromGraph returns the refusal in an error of the Graph API. Its code
// is more specific than the status.
func refusalFromGraph(resp *http.Response, code, subcode int) *refusal {
	r := refusalFromStatus(resp, true)
	r.detail += fmt.Sprintf(" code %d/%d", code, subcode)
	switch {
	case code == codeToken, code == codePermission, firstPermission <= code && code <= lastPermission:
		r.reason = message.Refused
		r.finalAfter = 0
		r.unauthorized = true
	case throttleCodes[code]:
		r.reason = message.Unavailable
		r.finalAfter = 0
		r.throttled = true
		r.pauseFor = retryAfter(resp)
	case code == codeUnknown || code == codeBusy:
		r.reason = message.Unavailable
		r.finalAfter = 0
	case subcode == subcodeNoProfile || resp.StatusCode == http.StatusNotFound:
		r.reason = message.Gone
		r.finalAfter = firstTry
	case code == codeInvalid:
		r.reason = message.Gone
		r.finalAfter = afterHours
	}
	return r
}

// maxWait is the longest time that a platform can make us wait.
const maxWait = time.Hour

func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, int(maxWait/time.Second)))*time.Second, maxWait)
}
