package triage

import "github.com/heard-intake/heard/internal/contact"

// countSaved counts the contacts that the plans saved and dropped: all, those whose
// reason is unknown, and those whose reason the model guessed. A contact that changes
// adds only the difference. So the sum over a week is the number of contacts of that
// week, whatever happened to each (docs/operations.md, "Metrics").
func (t *Triage) countSaved(plans []plan) {
	counts := map[string]int{}
	for _, p := range plans {
		if p.err != nil {
			continue
		}
		before := map[contactKey]contact.Contact{}
		for _, k := range p.stored {
			before[contactKey{k.Customer, k.ID}] = k
		}
		for _, k := range p.save {
			addCounts(counts, k, 1)
			if old, ok := before[contactKey{k.Customer, k.ID}]; ok {
				addCounts(counts, old, -1)
			}
		}
		for _, k := range p.drop {
			addCounts(counts, k, -1)
		}
	}
	for name, n := range counts {
		if n == 0 {
			delete(counts, name)
		}
	}
	if len(counts) > 0 {
		t.Meter.Count("", "", counts)
	}
}

// addCounts adds n to the counts that a contact belongs to.
func addCounts(counts map[string]int, k contact.Contact, n int) {
	counts["Contacts"] += n
	switch {
	case len(k.Causes) == 0:
		counts["UnknownContacts"] += n
	case k.Causes[0].FoundBy == contact.ByModel:
		counts["GuessedContacts"] += n
	case k.Causes[0].Corrected:
		counts["CorrectedContacts"] += n
	}
}
