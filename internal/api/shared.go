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
