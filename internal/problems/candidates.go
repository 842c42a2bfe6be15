package problems

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/excerpt"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/redact"
)

// Bounds of the search for candidates.
const (
	maxHints      = 40_000 // the latest, if there are more
	maxBursts     = 10
	maxChecked    = 500 // contacts of a burst: the latest
	maxSampled    = 6   // contacts of a candidate that are read for its words and quotes
	maxShownWords = 8

	// MaxCandidates is how many candidates are listed at most.
	MaxCandidates = 50
)

// A Candidate is a possible problem that the taxonomy does not know: contacts
// without a reason that share rare words. Triage stores hints of such contacts
// only; a candidate is derived from them and from the contacts as they are now,
// so that it is right after corrections, merges and erasures.
type Candidate struct {
	ID          string
	Words       []string // as customers wrote them
	Quotes      []string // masked
	Customers   int
	Contacts    []problem.UnclassifiedContact // the latest last
	First       time.Time
	Last        time.Time
	AnnouncedAt time.Time // zero if it was not announced
	AnnouncedTo string    // the department

	hashes []string // of all of its words
}

// Refs names the contacts of a candidate.
func (c Candidate) Refs() []problem.ContactRef {
	refs := make([]problem.ContactRef, len(c.Contacts))
	for i, u := range c.Contacts {
		refs[i] = problem.ContactRef{Customer: u.Customer, Contact: u.Contact}
	}
	return refs
}

// Candidates returns the candidates that a caller may decide about, as they are
// now, those of most customers first, at most [MaxCandidates]: the announced ones
// that are not decided, with the contacts that joined since, and for a caller of
// all departments also those that were not announced yet.
func (s *Service) Candidates(ctx context.Context, caller problem.Caller, now time.Time) ([]Candidate, error) {
	announced, _, err := s.Store.Candidates.Announced(ctx, now)
	if err != nil {
		return nil, err
	}
	judged := func(a problem.AnnouncedCandidate) bool { return caller.MayDecide(a.Department) }
	if !caller.All && !slices.ContainsFunc(announced, judged) {
		return nil, nil
	}
	return s.listCandidates(ctx, announced, now, func(_, announcedTo string, _ []string) bool { return caller.MayDecide(announcedTo) })
}

// Candidate returns the candidate of an id, which may be the hash of any of its
// words. It is [fault.NotFound] if it is gone or decided, and [fault.Forbidden]
// if the caller may not decide about it, whether it is decided or not.
func (s *Service) Candidate(ctx context.Context, caller problem.Caller, id string, now time.Time) (Candidate, error) {
	announced, _, err := s.Store.Candidates.Announced(ctx, now)
	if err != nil {
		return Candidate{}, err
	}
	if slices.ContainsFunc(announced, func(a problem.AnnouncedCandidate) bool { return a.ID == id && !caller.MayDecide(a.Department) }) {
		return Candidate{}, problem.ErrOtherDepartment()
	}
	all, err := s.listCandidates(ctx, announced, now, func(announcedID, _ string, hashes []string) bool {
		return announcedID == id || slices.Contains(hashes, id)
	})
	if err != nil {
		return Candidate{}, err
	}
	if len(all) == 0 {
		return Candidate{}, fault.New(fault.NotFound, "there is no such candidate; it may have been decided or have expired")
	}
	i := slices.IndexFunc(all, func(c Candidate) bool { return caller.MayDecide(c.AnnouncedTo) })
	if i < 0 {
		return Candidate{}, problem.ErrOtherDepartment()
	}
	return all[i], nil
}

// announcedCustomers returns the customers of all candidates that were
// announced to a caller's departments: the customers in the announcements,
// decided ones included, and the customers that joined a candidate since.
func (s *Service) announcedCustomers(ctx context.Context, caller problem.Caller, now time.Time) ([]identity.CustomerID, error) {
	announced, _, err := s.Store.Candidates.Announced(ctx, now)
	if err != nil {
		return nil, err
	}
	var customers []identity.CustomerID
	for _, a := range announced {
		if !caller.MayDecide(a.Department) {
			continue
		}
		for _, u := range a.Contacts {
			customers = append(customers, u.Customer)
		}
	}
	if len(customers) == 0 {
		return nil, nil
	}
	candidates, err := s.Candidates(ctx, caller, now)
	for _, c := range candidates {
		for _, u := range c.Contacts {
			customers = append(customers, u.Customer)
		}
	}
	return customers, err
}

// listCandidates returns the candidates for which wanted returns true, and
// reads no others. wanted gets the id and department of an announcement, both
// empty without one, and the hashes of the candidate's words.
func (s *Service) listCandidates(ctx context.Context, announced []problem.AnnouncedCandidate, now time.Time, wanted func(id, announcedTo string, hashes []string) bool) ([]Candidate, error) {
	decided, err := s.Store.Candidates.DecidedWords(ctx, now)
	if err != nil {
		return nil, err
	}
	bursts, err := s.findBursts(ctx, now, decided, func(problem.Burst) bool { return true })
	if err != nil {
		return nil, err
	}
	var candidates []Candidate
	for _, a := range announced {
		if decisionOn(a, decided) != "" {
			continue
		}
		if wanted(a.ID, a.Department, a.Words) {
			c, err := s.updateAnnounced(ctx, a, bursts)
			if err != nil {
				return nil, err
			}
			if len(c.Contacts) > 0 {
				candidates = append(candidates, c)
			}
		}
		bursts = slices.DeleteFunc(bursts, a.MatchesBurst)
	}
	bursts = slices.DeleteFunc(bursts, func(b problem.Burst) bool { return !wanted("", "", b.Words) })
	unannounced := make([]Candidate, len(bursts))
	errs := make([]error, len(bursts))
	lambdabatch.Each(len(bursts), parallelReads, func(i int) { unannounced[i], errs[i] = s.readCandidate(ctx, bursts[i]) })
	candidates = append(candidates, unannounced...)
	slices.SortStableFunc(candidates, func(a, b Candidate) int { return cmp.Compare(b.Customers, a.Customers) })
	return candidates[:min(len(candidates), MaxCandidates)], errors.Join(errs...)
}

// decisionOn returns the decision about an announced candidate, "" without one.
func decisionOn(a problem.AnnouncedCandidate, decided map[string]string) string {
	for _, w := range a.Words {
		if decided[w] != "" {
			return decided[w]
		}
	}
	return ""
}

// A contactPlace is where a contact was when its hint was stored.
type contactPlace struct {
	customer identity.CustomerID
	contact  string
}

func placeOf(u problem.UnclassifiedContact) contactPlace { return contactPlace{u.Customer, u.Contact} }

// findBursts derives bursts from the hints. It reads the contacts of each wanted
// burst, drops those that have a reason by now, and derives again, until every
// contact of a burst was read.
func (s *Service) findBursts(ctx context.Context, now time.Time, decided map[string]string, wanted func(problem.Burst) bool) ([]problem.Burst, error) {
	hints, err := s.Store.Candidates.UnknownContacts(ctx, now.Add(-problem.BurstHistory), maxHints, now)
	if err != nil {
		return nil, err
	}
	checked := map[contactPlace]identity.CustomerID{} // whose a contact is now; "" if it has a reason or is gone
	for {
		var current []problem.UnclassifiedContact
		for _, u := range hints {
			if customer, ok := checked[placeOf(u)]; ok {
				u.Customer = customer
			}
			if u.Customer != "" {
				current = append(current, u)
			}
		}
		bursts := slices.DeleteFunc(problem.Bursts(current, now, decided), func(b problem.Burst) bool { return !wanted(b) })
		bursts = bursts[:min(len(bursts), maxBursts)]
		unchecked := findUnchecked(bursts, checked)
		if len(unchecked) == 0 {
			return bursts, nil
		}
		customers, err := s.findCurrentCustomers(ctx, unchecked)
		if err != nil {
			return nil, err
		}
		for i, u := range unchecked {
			checked[placeOf(u)] = customers[i]
			checked[contactPlace{customers[i], u.Contact}] = customers[i]
		}
	}
}

// findUnchecked returns the contacts of bursts that were not read yet. It marks
// all but the latest [maxChecked] of a burst as gone, so that no more are read.
func findUnchecked(bursts []problem.Burst, checked map[contactPlace]identity.CustomerID) []problem.UnclassifiedContact {
	var unchecked []problem.UnclassifiedContact
	for _, b := range bursts {
		for i, u := range slices.Backward(b.Contacts) {
			if _, ok := checked[placeOf(u)]; ok {
				continue
			}
			same := func(o problem.UnclassifiedContact) bool { return placeOf(o) == placeOf(u) }
			switch {
			case len(b.Contacts)-i > maxChecked:
				checked[placeOf(u)] = ""
			case !slices.ContainsFunc(unchecked, same):
				unchecked = append(unchecked, u)
			}
		}
	}
	return unchecked
}

// findCurrentCustomers returns the customer of each contact now: "" for one that
// is gone or has a reason.
func (s *Service) findCurrentCustomers(ctx context.Context, all []problem.UnclassifiedContact) ([]identity.CustomerID, error) {
	customers := make([]identity.CustomerID, len(all))
	errs := make([]error, len(all))
	lambdabatch.Each(len(all), parallelReads, func(i int) { customers[i], errs[i] = s.findCurrentCustomer(ctx, all[i]) })
	return customers, errors.Join(errs...)
}

func (s *Service) findCurrentCustomer(ctx context.Context, u problem.UnclassifiedContact) (identity.CustomerID, error) {
	c, err := s.Store.Customers.Get(ctx, u.Customer)
	if err != nil {
		return "", err
	}
	k, found, err := s.Store.Contacts.ContactByKey(ctx, c.ID, u.At, u.Contact)
	if err == nil && !found && c.ID != u.Customer {
		// Triage has not moved the contact to the surviving customer yet.
		k, found, err = s.Store.Contacts.ContactByKey(ctx, u.Customer, u.At, u.Contact)
	}
	if err != nil || !found || len(k.Causes) > 0 {
		return "", err
	}
	return c.ID, nil
}

// updateAnnounced returns an announced candidate as it is now: without the
// contacts that are gone or have a reason, and with those of the bursts that are
// the same candidate.
func (s *Service) updateAnnounced(ctx context.Context, a problem.AnnouncedCandidate, bursts []problem.Burst) (Candidate, error) {
	c := Candidate{ID: a.ID, Words: a.Shown, Quotes: a.Quotes, AnnouncedAt: a.At, AnnouncedTo: a.Department, hashes: slices.Clone(a.Words)}
	customers, err := s.findCurrentCustomers(ctx, a.Contacts)
	if err != nil {
		return c, err
	}
	var all []problem.UnclassifiedContact
	for i, u := range a.Contacts {
		if u.Customer = customers[i]; u.Customer != "" {
			all = append(all, u)
		}
	}
	for _, b := range bursts {
		if a.MatchesBurst(b) {
			all = append(all, b.Contacts...)
			c.hashes = append(c.hashes, b.Words...)
		}
	}
	slices.SortStableFunc(all, func(a, b problem.UnclassifiedContact) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Contact, b.Contact))
	})
	distinct := map[identity.CustomerID]bool{}
	for _, u := range all {
		distinct[u.Customer] = true
		if !slices.ContainsFunc(c.Contacts, func(o problem.UnclassifiedContact) bool { return placeOf(o) == placeOf(u) }) {
			c.Contacts = append(c.Contacts, u)
		}
	}
	c.Customers = len(distinct)
	if len(c.Contacts) > 0 {
		c.First = c.Contacts[0].At
		c.Last = c.Contacts[len(c.Contacts)-1].At
	}
	slices.Sort(c.hashes)
	c.hashes = slices.Compact(c.hashes)
	return c, nil
}

// readCandidate returns a burst with readable words and masked quotes, from a
// sample of its contacts. The store has hashes only: a word becomes readable
// because several customers used it.
func (s *Service) readCandidate(ctx context.Context, b problem.Burst) (Candidate, error) {
	c := Candidate{
		ID: b.Words[0], Customers: b.Customers, Contacts: b.Contacts, First: b.First, Last: b.Last, hashes: b.Words,
	}
	var sampled []redact.QuoteCandidate
	readable := map[string]string{} // words by hash
	for _, u := range b.Contacts[max(0, len(b.Contacts)-maxSampled):] {
		texts, err := s.readTexts(ctx, u)
		if err != nil {
			return c, err
		}
		for _, t := range texts {
			for _, w := range redact.Keywords(t.Text, t.Known) {
				readable[s.Store.Candidates.WordHash(w)] = w
			}
		}
		sampled = append(sampled, texts...)
	}
	for _, hash := range b.Words {
		if w := readable[hash]; w != "" && len(c.Words) < maxShownWords {
			c.Words = append(c.Words, w)
		}
	}
	public := slices.Concat(c.Words, redact.SharedCodes(sampled))
	for i := range sampled { // the words are shown anyway, so a quote may hold them
		sampled[i].Known.Public = append(slices.Clip(sampled[i].Known.Public), public...)
	}
	c.Quotes = redact.SelectQuotes(sampled, 3)
	return c, nil
}

// readTexts returns the texts that a customer wrote in a contact.
func (s *Service) readTexts(ctx context.Context, u problem.UnclassifiedContact) ([]redact.QuoteCandidate, error) {
	c, err := s.Store.Customers.Get(ctx, u.Customer)
	if err != nil {
		return nil, err
	}
	contacts, messages, err := s.Store.Contacts.WithMessages(ctx, c, u.At)
	if err != nil {
		return nil, err
	}
	known := excerpt.PersonalData(s.Taxonomy(), c, messages)
	var texts []redact.QuoteCandidate
	for _, k := range contacts {
		if k.ID != u.Contact {
			continue
		}
		for _, m := range k.Messages {
			if excerpt.IsWritten(m) {
				texts = append(texts, redact.QuoteCandidate{Customer: string(c.ID), Text: m.Text, Known: known})
			}
		}
	}
	return texts, nil
}
