package api

import (
	"slices"

	"github.com/heard-intake/heard/internal/taxonomy"
)

// Bounds of members, in bytes.
const (
	maxID  = 200
	maxWhy = 500
)

// departments returns the ids of the departments.
func departments(t *taxonomy.Taxonomy) []string {
	ids := make([]string, len(t.Departments))
	for i, d := range t.Departments {
		ids[i] = d.ID
	}
	slices.Sort(ids)
	return ids
}

// Scopes returns the scope of each route, by route key.
func (d *Departments) Scopes() map[string]string {
	scopes := map[string]string{}
	for key, r := range departmentRoutes {
		scopes[key] = r.scope
	}
	return scopes
}
