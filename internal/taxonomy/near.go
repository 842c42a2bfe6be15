package taxonomy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/fault"
)

const (
	maxSuggestions = 3   // reasons suggested for a wrong id
	maxComparedID  = 100 // bytes; a longer id gets no suggestions
)

// NoReason returns a [fault.Invalid] for a reason id that the taxonomy does not
// have. Its message names the three most similar ids.
func (t *Taxonomy) NoReason(id string) error {
	if id == "" || len(id) > maxComparedID {
		return fault.New(fault.Invalid, "reason must be the id of a reason of the taxonomy")
	}
	return fault.New(fault.Invalid, "reason: the taxonomy has no %q; similar reasons are %s", id, strings.Join(t.similarReasons(id), ", "))
}

// similarReasons returns the ids of the reasons most similar to id, the most
// similar first.
func (t *Taxonomy) similarReasons(id string) []string {
	id = strings.ToLower(id)
	distances := map[string]int{}
	var ids []string
	for _, r := range t.Reasons {
		ids = append(ids, r.ID)
		distances[r.ID] = min(editDistance(id, r.ID), wordDistance(id, r.ID))
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(distances[a], distances[b]), cmp.Compare(a, b)) })
	return ids[:min(len(ids), maxSuggestions)]
}

// wordDistance compares two ids word by word, in any order. It adds the edit
// distance of each word of a to the most similar word of b, and the difference of
// their numbers of words.
func wordDistance(a, b string) int {
	words := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' || r == ' ' })
	}
	wordsOfA := words(a)
	wordsOfB := words(b)
	sum := max(len(wordsOfA)-len(wordsOfB), len(wordsOfB)-len(wordsOfA))
	for _, w := range wordsOfA {
		least := len(w)
		for _, v := range wordsOfB {
			least = min(least, editDistance(w, v))
		}
		sum += least
	}
	return sum
}

// editDistance returns the Levenshtein distance of a and b, in bytes.
func editDistance(a, b string) int {
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
