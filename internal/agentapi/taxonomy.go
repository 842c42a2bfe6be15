package agentapi

import (
	"context"

	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A taxonomyResponse has the entries of the taxonomy that tools show and send:
// ids, with names in both languages.
type taxonomyResponse struct {
	Version     string               `json:"version"`
	Departments []taxonomyDepartment `json:"departments"`
	Reasons     []taxonomyReason     `json:"reasons"`
	Products    []taxonomyProduct    `json:"products"`
}

type taxonomyDepartment struct {
	ID    string        `json:"id"`
	Names taxonomy.Text `json:"names"`
}

// A taxonomyReason is a reason with the department that owns it. Owners has the
// products for which another department owns it.
type taxonomyReason struct {
	ID         string            `json:"id"`
	Names      taxonomy.Text     `json:"names"`
	Department string            `json:"department"`
	Owners     map[string]string `json:"owners,omitempty"`
}

type taxonomyProduct struct {
	ID    string        `json:"id"`
	Names taxonomy.Text `json:"names"`
}

// getTaxonomy answers with the taxonomy that is in use.
func (a *API) getTaxonomy(_ context.Context, r *httpapi.Request) (httpapi.Response, error) {
	if err := r.RequireNoQuery(); err != nil {
		return httpapi.Response{}, err
	}
	t := a.Taxonomy()
	body := taxonomyResponse{Version: t.Version, Departments: []taxonomyDepartment{}, Reasons: []taxonomyReason{}, Products: []taxonomyProduct{}}
	for _, d := range t.Departments {
		body.Departments = append(body.Departments, taxonomyDepartment{d.ID, d.Names})
	}
	for _, reason := range t.Reasons {
		body.Reasons = append(body.Reasons, taxonomyReason{reason.ID, reason.Names, reason.Department, reason.Owners})
	}
	for _, p := range t.Products {
		body.Products = append(body.Products, taxonomyProduct{p.ID, p.Names})
	}
	return httpapi.Response{Body: body}, nil
}
