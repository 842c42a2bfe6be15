package taxonomy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

// How many reasons are named to who wrote one wrong, and up to which length it
// is compared.
const (
	maxLike = 3
	maxID   = 100
)

// NoReason refuses the id of a reason that there is not, and names those that
// are most like it.
func (t *Taxonomy) NoReason(id string) error {
	if id == "" || len(id) > maxID {
		return fault.New(fault.Invalid, "reason must be the id of a reason of the taxonomy")
	}
	return fault.New(fault.Invalid, "reason: the taxonomy has no %q; like it are %s", id, strings.Join(t.like(id), ", "))
}

// like returns the ids of the reasons that are most like one, the likest
// first.
func (t *Taxonomy) like(id string) []string {
	id = strings.ToLower(id)
	far := map[string]int{}
	var ids []string
	for _, r := range t.Reasons {
		ids = append(ids, r.ID)
		far[r.ID] = min(edits(id, r.ID), wordEdits(id, r.ID))
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(far[a], far[b]), cmp.Compare(a, b)) })
	return ids[:min(len(ids), maxLike)]
}

// wordEdits compares the words of two ids: each of a with the likest of b, and
// how many there are.
func wordEdits(a, b string) int {
	words := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' || r == ' ' })
	}
	of, among := words(a), words(b)
	sum := max(len(of)-len(among), len(among)-len(of))
	for _, w := range of {
		least := len(w)
		for _, v := range among {
			least = min(least, edits(w, v))
		}
		sum += least
	}
	return sum
}

// edits is the least number of bytes that are put in, left out or changed
// between two texts.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			same := last
			if a[i] != b[j] {
				same++
			}
			last = row[j+1]
			row[j+1] = min(same, row[j]+1, last+1)
		}
	}
	return row[len(b)]
}
