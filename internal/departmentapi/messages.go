package departmentapi

import (
	"context"
	"time"

	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

type messageListResponse struct {
	Messages []messageResponse `json:"messages"`
	Cursor   string            `json:"cursor,omitempty"`
	Complete bool              `json:"complete"`
}

// A messageResponse is what a customer wrote about a problem, masked.
type messageResponse struct {
	Customer identity.CustomerID `json:"customerId"`
	Contact  string              `json:"contact"` // its id
	Channel  message.Channel     `json:"channel"`
	SentAt   time.Time           `json:"sentAt"`
	Text     string              `json:"text"`
}

// maxCustomers is how many customers' messages one page has at most: masking costs far
// more than reading.
const maxCustomers = 50

// listMessages answers with the masked messages of a page of the problem's customers.
func (a *API) listMessages(ctx context.Context, r *httpapi.Request, caller problem.Caller) (httpapi.Response, error) {
	q := r.Query()
	limit := min(q.PageLimit(), maxCustomers)
	cursor := q.Parameter("cursor")
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	p, err := a.survivor(ctx, caller, r.PathValue("id"))
	if err != nil {
		return httpapi.Response{}, err
	}
	page, err := httpapi.ReadPage(a.Store, "messages "+p.ID, cursor, func(place string) ([]problem.Affected, string, error) {
		return a.Store.Problems.AffectedCustomers(ctx, p.ID, limit, place)
	})
	if err != nil {
		return httpapi.Response{}, err
	}
	var contacts []problem.Occurrence
	for _, affected := range page.Items {
		contacts = append(contacts, affected.Located()...)
	}
	reader := excerpt.Reader{Customers: a.Store.Customers, Contacts: a.Store.Contacts, Taxonomy: a.Problems.Taxonomy()}
	read, err := reader.Read(ctx, contacts)
	if err != nil {
		return httpapi.Response{}, err
	}
	response := messageListResponse{Messages: []messageResponse{}, Cursor: page.Cursor, Complete: page.Complete}
	for _, m := range excerpt.Mask(read, p.Words) {
		response.Messages = append(response.Messages, messageResponse{m.Customer, m.Contact, m.Channel, m.SentAt.UTC(), m.Text})
	}
	return httpapi.Response{Body: response}, nil
}
