package agentapi

import (
	"context"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A reasonsResponse has the reasons of a contact, and others that it may have.
type reasonsResponse struct {
	Contact     string          `json:"contactId"`
	Reasons     []contact.Cause `json:"reasons"`
	Suggestions []suggestion    `json:"suggestions"`
	Taxonomy    string          `json:"taxonomy,omitempty"` // that classified the contact
	Model       string          `json:"model,omitempty"`    // that was in use at that time
}

// A suggestion is a reason with the names that an agent sees.
type suggestion struct {
	contact.Suggestion
	Names      taxonomy.Text `json:"names"`
	Department string        `json:"department"`
}

// getReasons answers with the reasons of a contact, and with suggestions for an agent
// who corrects them.
func (a *API) getReasons(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	if err := r.Query().Validate(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.readCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	k, _, _, err := a.Store.Contacts.ContactByID(ctx, c, r.PathValue("contact"))
	if err != nil {
		return httpapi.Response{}, err
	}
	suggested, err := a.Suggest(ctx, k)
	if err != nil {
		return httpapi.Response{}, err
	}
	body := reasonsResponse{
		Contact: k.ID, Reasons: append([]contact.Cause{}, k.Causes...), Suggestions: []suggestion{}, Taxonomy: k.Taxonomy, Model: k.Model,
	}
	t := a.Taxonomy()
	for _, s := range suggested {
		reason, _ := t.Reason(s.Reason)
		body.Suggestions = append(body.Suggestions, suggestion{s, reason.Names, reason.Department})
	}
	return httpapi.Response{Body: body}, nil
}
