package agentapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/problem"
)

// A reclassifyReasonRequest asks to classify the contacts of a reason again.
type reclassifyReasonRequest struct {
	Reason  string `json:"reason"`
	Retired bool   `json:"retired"` // only an older taxonomy has the reason
	Since   string `json:"since"`
	Until   string `json:"until"`
	DryRun  bool   `json:"dryRun"`
	Cursor  string `json:"cursor"`
}

// A reclassifyReasonResponse reports on one part of the table.
type reclassifyReasonResponse struct {
	Taxonomy string           `json:"taxonomy"` // version that contacts are classified by
	DryRun   bool             `json:"dryRun"`
	Examined int              `json:"examined"` // items of the table
	Found    int              `json:"found"`    // contacts
	Changes  []reclassifyDiff `json:"changes"`  // of a dry run
	Cursor   string           `json:"cursor,omitempty"`
	Complete bool             `json:"complete"`
}

// A reclassifyDiff counts contacts whose reasons would change in the same way.
type reclassifyDiff struct {
	Was      []string           `json:"was"`
	Now      []string           `json:"now"`
	Contacts int                `json:"contacts"`
	One      problem.ContactRef `json:"one"` // one of the contacts, as an example
}

// Bounds of one request.
const (
	maxExamined       = 10_000
	maxReclassified   = 100
	maxScanTime       = 4 * time.Second
	maxScanReads      = 8         // contacts that are read at a time
	unclassifiedAlias = "unknown" // names contacts without a reason
)

// reclassifyReason has triage classify again the contacts of a reason that an
// older taxonomy or model classified. A dry run changes nothing and reports the changes.
// The contacts are found by a scan of the table. Each request scans a part and
// answers with the cursor of the next.
func (a *API) reclassifyReason(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body reclassifyReasonRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	from, to, err := body.checkPeriod(r.Now)
	if err != nil {
		return httpapi.Response{}, err
	}
	reason := body.Reason
	switch _, known := a.Taxonomy().Reason(reason); {
	case reason == unclassifiedAlias:
		reason = ""
	case !known && !body.Retired:
		return httpapi.Response{}, fault.New(fault.Invalid, "%s; for a reason of an older taxonomy, give retired: true", fault.Message(a.Taxonomy().NoReason(reason)))
	}
	response := reclassifyReasonResponse{Taxonomy: a.Taxonomy().Version, DryRun: body.DryRun}
	list := fmt.Sprintf("renewal %s %s %s", body.Reason, body.Since, body.Until)
	page, err := httpapi.ReadPage(a.Store, list, body.Cursor, func(place string) ([]contact.Contact, string, error) {
		contacts, examined, next, err := a.scanOutdated(ctx, reason, a.isOutdated(ctx), from, to, place)
		response.Examined = examined
		return contacts, next, err
	})
	if err != nil {
		return httpapi.Response{}, err
	}
	response.Found = len(page.Items)
	response.Cursor = page.Cursor
	response.Complete = page.Complete
	response.Changes = []reclassifyDiff{}
	if body.DryRun {
		response.Changes, err = a.previewContacts(ctx, page.Items)
	} else {
		err = a.requestTriage(ctx, page.Items, r.Now)
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	if !body.DryRun && response.Found > 0 {
		which := body.Reason + " " + body.Since + " " + response.Taxonomy
		err = a.Store.Contacts.RecordBulkAction(ctx, "reclassify", r.Caller(), which, response.Found, r.Now)
	}
	return httpapi.Response{Body: response}, err
}

// checkPeriod returns the period of a request. It also checks the reason.
func (body reclassifyReasonRequest) checkPeriod(now time.Time) (from, to time.Time, err error) {
	if !httpapi.IsPrintable(body.Reason, maxID) || strings.ContainsAny(body.Reason, `"\`) {
		return from, to, fault.New(fault.Invalid, "reason must be the id of a reason of this or an older taxonomy, or unknown")
	}
	if from, err = httpapi.ParseTime("since", body.Since); err != nil {
		return from, to, err
	}
	to = now
	if body.Until != "" {
		if to, err = httpapi.ParseTime("until", body.Until); err != nil {
			return from, to, err
		}
	}
	if !from.Before(to) {
		return from, to, fault.New(fault.Invalid, "since must be before until, and in the past")
	}
	return from, to, nil
}

// isOutdated returns a function that reports whether another version of the taxonomy
// or another model classified a contact. Without a model, the model of the contact
// does not matter.
func (a *API) isOutdated(ctx context.Context) func(contact.Contact) bool {
	version := a.Taxonomy().Version
	model := ""
	if a.ModelID != nil {
		model = a.ModelID(ctx)
	}
	return func(k contact.Contact) bool {
		return k.Taxonomy != version || (model != "" && k.Model != model)
	}
}

// scanOutdated scans a part of the table for outdated contacts of a reason. It
// returns them with the number of items examined, and the place where the next part
// begins.
func (a *API) scanOutdated(ctx context.Context, reason string, isOutdated func(contact.Contact) bool, from, to time.Time, place string) (outdated []contact.Contact, examined int, next string, err error) {
	start := time.Now()
	for {
		found, n, next, err := a.Store.Contacts.ScanContacts(ctx, reason, from, to, place)
		if err != nil {
			return nil, 0, "", err
		}
		outdated = append(outdated, slices.DeleteFunc(found, func(k contact.Contact) bool { return !isOutdated(k) })...)
		examined += n
		isFull := examined >= maxExamined || len(outdated) >= maxReclassified
		if next == "" || isFull || time.Since(start) > maxScanTime {
			return outdated, examined, next, nil
		}
		place = next
	}
}

// requestTriage asks triage to classify contacts again.
func (a *API) requestTriage(ctx context.Context, contacts []contact.Contact, now time.Time) error {
	errs := make([]error, len(contacts))
	lambdabatch.Each(len(contacts), maxScanReads, func(i int) {
		errs[i] = a.Store.Contacts.RequestContactReclassify(ctx, contacts[i], now)
	})
	return errors.Join(errs...)
}

// previewContacts returns the changes that a new classification of contacts
// would make, the most frequent first.
func (a *API) previewContacts(ctx context.Context, contacts []contact.Contact) ([]reclassifyDiff, error) {
	next := make([]contact.Contact, len(contacts))
	exists := make([]bool, len(contacts))
	errs := make([]error, len(contacts))
	lambdabatch.Each(len(contacts), maxScanReads, func(i int) {
		next[i], exists[i], errs[i] = a.Preview(ctx, contacts[i])
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	diffs := []reclassifyDiff{}
	for i, k := range contacts {
		was := causeNames(k)
		now := causeNames(next[i])
		if !exists[i] || slices.Equal(was, now) {
			continue
		}
		isSame := func(d reclassifyDiff) bool { return slices.Equal(d.Was, was) && slices.Equal(d.Now, now) }
		if j := slices.IndexFunc(diffs, isSame); j >= 0 {
			diffs[j].Contacts++
			continue
		}
		diffs = append(diffs, reclassifyDiff{was, now, 1, problem.ContactRef{Customer: k.Customer, Contact: k.ID}})
	}
	slices.SortStableFunc(diffs, func(x, y reclassifyDiff) int { return cmp.Compare(y.Contacts, x.Contacts) })
	return diffs, nil
}

// causeNames returns the causes of a contact as "reason" or "reason product".
func causeNames(k contact.Contact) []string {
	names := []string{}
	for _, c := range k.Causes {
		names = append(names, strings.TrimSpace(c.Reason+" "+c.Product))
	}
	return names
}

// A reclassifyCustomerRequest asks to classify a customer's contacts again.
type reclassifyCustomerRequest struct {
	Since string `json:"since"`
}

// reclassifyCustomer has triage classify again, by the current taxonomy, the
// contacts of a customer that have a message since a time.
func (a *API) reclassifyCustomer(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body reclassifyCustomerRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	since, err := httpapi.ParseTime("since", body.Since)
	if err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	if err := a.Store.Contacts.RequestReclassify(ctx, c.ID, since, r.Now); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Status: http.StatusAccepted, Body: map[string]any{"customerId": c.ID, "since": since.UTC()}}, nil
}
