package agentapi

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
)

// maxReasons bounds the reasons of one contact.
const maxReasons = 5

// A correctReasonsRequest sets the reasons of a contact. An empty list means
// that the taxonomy has no reason for it.
type correctReasonsRequest struct {
	Reasons *[]struct {
		Reason  string `json:"reason"`
		Product string `json:"product"`
	} `json:"reasons"`
}

// correctReasons stores an agent's correction. Triage receives it by the
// table's stream. It then computes the contact again with the corrected
// reasons, and the counts of problems follow.
func (a *API) correctReasons(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	var body correctReasonsRequest
	if err := r.DecodeJSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	causes, err := a.checkReasons(body)
	if err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	k, first, member, err := a.Store.Contacts.ContactByID(ctx, c, r.PathValue("contact"))
	if err != nil {
		return httpapi.Response{}, err
	}
	now := r.Now.Truncate(time.Millisecond)
	correction := contact.Correction{
		Customer: member, Message: first, Causes: causes, Until: now, By: r.Caller(), At: now,
		Was: append([]contact.Cause{}, k.Causes...), Taxonomy: k.Taxonomy,
	}
	if err := a.Store.Contacts.PutCorrection(ctx, correction); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Body: correction}, nil
}

// checkReasons returns the causes of a request, checked against the taxonomy.
func (a *API) checkReasons(body correctReasonsRequest) ([]contact.Cause, error) {
	if body.Reasons == nil || len(*body.Reasons) > maxReasons {
		return nil, fault.New(fault.Invalid, "reasons must be a list of at most %d reasons; use an empty list if no reason is known", maxReasons)
	}
	t := a.Taxonomy()
	causes := []contact.Cause{}
	for _, x := range *body.Reasons {
		if _, ok := t.Reason(x.Reason); !ok {
			return nil, t.NoReason(x.Reason)
		}
		if x.Product != "" {
			if err := a.checkProduct("product", x.Product); err != nil {
				return nil, err
			}
		}
		cause := contact.Cause{Reason: x.Reason, Product: x.Product, Department: t.Owner(x.Reason, x.Product), FoundBy: contact.ByCorrection, Confidence: 1, Corrected: true}
		for _, c := range causes {
			if c.Same(cause) {
				return nil, fault.New(fault.Invalid, "reasons has the same reason and product twice; give it once")
			}
		}
		causes = append(causes, cause)
	}
	return causes, nil
}

type correctionsResponse struct {
	Corrections []contact.Correction `json:"corrections"`
	Cursor      string               `json:"cursor,omitempty"`
	Complete    bool                 `json:"complete"`
}

func (a *API) listCorrections(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	page, err := a.readCorrections(ctx, r.Query())
	return httpapi.Response{Body: correctionsResponse{Corrections: page.Items, Cursor: page.Cursor, Complete: page.Complete}}, err
}

// readCorrections returns the page of corrections that a query asks for.
func (a *API) readCorrections(ctx context.Context, q *httpapi.Query) (httpapi.Page[contact.Correction], error) {
	limit := q.PageLimit()
	cursor := q.Parameter("cursor")
	since := q.Time("since")
	until := q.Time("until")
	if err := q.Validate(); err != nil {
		return httpapi.Page[contact.Correction]{}, err
	}
	return httpapi.ReadPage(a.Store, "corrections", cursor, func(place string) ([]contact.Correction, string, error) {
		return a.Store.Contacts.Corrections(ctx, since, until, limit, place)
	})
}
