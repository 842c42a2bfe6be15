package triage

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A sighting is one contact with one cause.
type sighting struct {
	reason, product string
	seen            problem.Seen
}

// sight collects the causes that the stored contacts do not show yet.
func (t *Triage) sight(p *plan, stored []contact.Contact) {
	for _, k := range p.save {
		for _, c := range k.Causes {
			if shown(stored, k.ID, c) {
				continue
			}
			p.sightings = append(p.sightings, sighting{c.Reason, c.Product, problem.Seen{
				Customer: p.customer.ID, Contact: k.ID, Day: k.Start.In(t.Zone).Format(time.DateOnly), At: k.Start,
				Quote: t.quote(p.customer, k, c),
			}})
		}
	}
}

func shown(stored []contact.Contact, id string, c contact.Cause) bool {
	for _, k := range stored {
		if k.ID == id {
			return slices.ContainsFunc(k.Causes, func(x contact.Cause) bool { return x.Reason == c.Reason && x.Product == c.Product })
		}
	}
	return false
}

// quote returns what the customer said about a cause, masked; empty when in
// doubt. What an agent wrote down of a call is the agent's words.
func (t *Triage) quote(c identity.Customer, k contact.Contact, cause contact.Cause) string {
	known := problem.Known{Public: t.public()}
	for _, m := range k.Messages {
		known.Names = append(known.Names, m.Name, m.Username)
		for _, a := range m.Addresses() {
			switch a.Kind {
			case identity.Phone:
				known.Phones = append(known.Phones, a.Value)
			case identity.Email:
				known.Mails = append(known.Mails, a.Value)
			default:
				known.Accounts = append(known.Accounts, a.Value)
			}
		}
	}
	known.Names = append(known.Names, c.Name)
	known.Accounts = append(known.Accounts, c.Account)
	known.Orders = t.Taxonomy.OrderNumbers(said(k.Messages))
	for _, m := range k.Messages {
		theirs := m.Direction == contact.Inbound && m.Origin != contact.Recorded && m.Text != ""
		if !theirs || t.Taxonomy.Classify(m.Text, taxonomy.Hints{}).Reason != cause.Reason {
			continue
		}
		if quotes := problem.Quotes([]problem.Candidate{{Text: m.Text, Known: known}}, 1); len(quotes) > 0 {
			return quotes[0]
		}
	}
	return ""
}

// public are the names that may be quoted.
func (t *Triage) public() []string {
	names := []string{t.Taxonomy.Organisation}
	for _, p := range t.Taxonomy.Products {
		names = append(names, p.Names.NL, p.Names.EN)
	}
	return names
}

// settle records the sightings of all plans, cause by cause. A cause that
// fails fails every plan that has a sighting of it.
func (t *Triage) settle(ctx context.Context, plans []plan) {
	type cause struct{ reason, product string }
	by := map[cause][]problem.Seen{}
	who := map[cause][]int{}
	for i, p := range plans {
		for _, s := range p.sightings {
			c := cause{s.reason, s.product}
			by[c] = append(by[c], s.seen)
			who[c] = append(who[c], i)
		}
	}
	causes := slices.Collect(maps.Keys(by))
	errs := make([]error, len(causes))
	each(len(causes), func(i int) {
		errs[i] = t.record(ctx, causes[i].reason, causes[i].product, by[causes[i]])
	})
	for i, c := range causes {
		for _, p := range who[c] {
			if errs[i] != nil {
				plans[p].err = errs[i]
			}
		}
	}
}

// record records who was seen with a cause: with the problem that there is,
// else in the window that may open one.
func (t *Triage) record(ctx context.Context, reason, product string, seen []problem.Seen) error {
	r, ok := t.Taxonomy.Reason(reason)
	if !ok {
		return nil // registered under an older taxonomy: part of the contact, and of nothing else
	}
	if r.Detect != taxonomy.Threshold {
		return t.count(ctx, r, product, seen)
	}
	var last error
	for try := range maxTries {
		if try > 0 {
			if err := pause(ctx, try); err != nil {
				return err
			}
		}
		if last = t.tryRecord(ctx, r, product, seen); fault.KindOf(last) != fault.Conflict {
			return last
		}
	}
	return last
}

// maxTries bounds how often a problem that changed meanwhile is read again.
const maxTries = 10

// pause waits before a repeated try, longer each time.
func pause(ctx context.Context, try int) error {
	select {
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "gave up a repeated write")
	case <-time.After(time.Duration(try*try) * 5 * time.Millisecond):
		return nil
	}
}

func (t *Triage) tryRecord(ctx context.Context, r taxonomy.Reason, product string, seen []problem.Seen) error {
	id, err := t.Store.ProblemOf(ctx, r.ID, product)
	if err != nil {
		return err
	}
	if id != "" {
		return t.join(ctx, r, product, id, seen)
	}
	if err := t.count(ctx, r, product, seen); err != nil {
		return err
	}
	all, err := t.window(ctx, r, product, seen)
	if err != nil {
		return err
	}
	if opens(rule(r), all, t.Zone) {
		return t.open(ctx, r, product)
	}
	// It may have been opened meanwhile, by one who could not see these yet.
	if id, err = t.Store.ProblemOf(ctx, r.ID, product); err != nil || id == "" {
		return err
	}
	return t.join(ctx, r, product, id, seen)
}

func rule(r taxonomy.Reason) problem.Rule {
	return problem.Rule{Threshold: r.Threshold, Window: r.Window.Duration()}
}

// slack is how much longer than the window a sighting is kept, for messages
// that come late.
const slack = 8 * 24 * time.Hour

// count records the sightings in the window of their cause.
func (t *Triage) count(ctx context.Context, r taxonomy.Reason, product string, seen []problem.Seen) error {
	for _, s := range seen {
		s.Expires = later(s.At, t.Now()).Add(r.Window.Duration() + slack)
		if _, err := t.Store.PutSeen(ctx, r.ID, product, s); err != nil {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// window reads who was seen with the cause in any window around the
// sightings. It reads at most the threshold a day: as many rows over as many
// days hold a day that is enough by itself.
func (t *Triage) window(ctx context.Context, r taxonomy.Reason, product string, seen []problem.Seen) ([]problem.Seen, error) {
	first, last := seen[0].At, seen[0].At
	for _, s := range seen {
		if s.At.Before(first) {
			first = s.At
		}
		last = later(s.At, last)
	}
	w := r.Window.Duration()
	days := int((2*w+last.Sub(first))/(24*time.Hour)) + 2
	return t.Store.Seen(ctx, r.ID, product, rule(r).FirstDay(first.In(t.Zone)), last.Add(w).In(t.Zone).Format(time.DateOnly), r.Threshold*days, t.Now())
}

// maxSeen bounds how many sightings one opening takes up.
const maxSeen = 20_000

// everybody reads all who were seen with the cause and are not forgotten yet.
func (t *Triage) everybody(ctx context.Context, r taxonomy.Reason, product string) ([]problem.Seen, error) {
	return t.Store.Seen(ctx, r.ID, product, "0", "9", maxSeen, t.Now())
}

// opens reports whether enough customers were seen in a window that ends on
// any of the days.
func opens(r problem.Rule, seen []problem.Seen, zone *time.Location) bool {
	sightings := make([]problem.Sighting, len(seen))
	ends := map[string]time.Time{}
	for i, s := range seen {
		sightings[i] = problem.Sighting{Customer: string(s.Customer), Day: s.Day}
		ends[s.Day] = s.At.In(zone)
	}
	for _, end := range ends {
		if problem.Opens(r, sightings, end) {
			return true
		}
	}
	return false
}

// open opens the problem of a cause with everybody seen. Who was seen while
// it was being written joins it afterwards.
func (t *Triage) open(ctx context.Context, r taxonomy.Reason, product string) error {
	all, err := t.everybody(ctx, r, product)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b problem.Seen) int { return a.At.Compare(b.At) })
	affected, rest := together(all)
	seed := problem.Seed{
		ID: uuid.Must(uuid.NewV7()).String(), Reason: r.ID, Product: product, Department: t.Taxonomy.Owner(r.ID, product),
		Names: t.names(r, product), Severity: string(r.Severity), TaxonomyVersion: t.Taxonomy.Version,
		FirstSeen: all[0].At, LastSeen: all[len(all)-1-len(rest)].At, Customers: len(affected), PerDay: map[string]int{},
	}
	counted := map[string]bool{}
	for _, s := range all[:len(all)-len(rest)] {
		if !counted[s.Contact] {
			counted[s.Contact] = true
			seed.Contacts++
			seed.PerDay[s.Day]++
		}
	}
	p, evs := problem.Open(seed, t.Now().UTC())
	rec := problem.Record{Problem: p, Events: evs, Quotes: quoted(all)}
	if err := t.Store.OpenProblem(ctx, rec, affected); err != nil {
		return err
	}
	t.Meter.Count("Department", p.Department, map[string]int{"ProblemsOpened": 1})
	late, err := t.everybody(ctx, r, product)
	if err != nil {
		return err
	}
	return t.join(ctx, r, product, p.ID, late)
}

// together groups sightings by customer, as many as one write takes; rest are
// the sightings that are left.
func together(all []problem.Seen) (affected []problem.Affected, rest []problem.Seen) {
	at := map[identity.CustomerID]int{}
	for i, s := range all {
		j, ok := at[s.Customer]
		if !ok {
			if len(affected) == problem.MaxTogether {
				return affected, all[i:]
			}
			at[s.Customer] = len(affected)
			affected = append(affected, problem.Affected{Customer: s.Customer, Contacts: []string{s.Contact}, Since: s.At})
			continue
		}
		if !slices.Contains(affected[j].Contacts, s.Contact) {
			affected[j].Contacts = append(affected[j].Contacts, s.Contact)
		}
	}
	return affected, nil
}

func (t *Triage) names(r taxonomy.Reason, product string) problem.Names {
	n := problem.Names{Reason: problem.Label(r.Names)}
	if d, ok := t.Taxonomy.Department(t.Taxonomy.Owner(r.ID, product)); ok {
		n.Department = problem.Label(d.Names)
	}
	if p, ok := t.Taxonomy.Product(product); ok {
		n.Product = problem.Label(p.Names)
	}
	return n
}

func quoted(all []problem.Seen) []string {
	var cs []problem.Candidate
	for _, s := range all {
		if s.Quote != "" {
			cs = append(cs, problem.Candidate{Customer: string(s.Customer), Text: s.Quote})
		}
	}
	return problem.Quotes(cs, 3)
}

// join adds contacts to the problem of their cause.
func (t *Triage) join(ctx context.Context, r taxonomy.Reason, product, id string, seen []problem.Seen) error {
	rec, err := t.Store.Problem(ctx, id)
	if err != nil {
		return err
	}
	if rec.State == problem.Merged && rec.MergedInto != "" {
		return t.join(ctx, r, product, rec.MergedInto, seen)
	}
	reopens := false
	if rec.State.Solved() {
		if reopens, err = t.back(ctx, r, product, rec, seen); err != nil {
			return err
		}
	}
	for len(seen) > 0 {
		if seen, err = t.joinSome(ctx, &rec, seen, reopens); err != nil {
			return err
		}
	}
	return nil
}

// back reports whether enough customers came back after the problem was
// solved.
func (t *Triage) back(ctx context.Context, r taxonomy.Reason, product string, rec problem.Record, seen []problem.Seen) (bool, error) {
	if err := t.count(ctx, r, product, seen); err != nil {
		return false, err
	}
	all, err := t.window(ctx, r, product, seen)
	if err != nil {
		return false, err
	}
	all = slices.DeleteFunc(all, func(s problem.Seen) bool { return !s.At.After(rec.ChangedAt) })
	return opens(rule(r), all, t.Zone), nil
}

// weightiest returns what one write has to tell: it makes one version and one
// item, however many milestones it passes. A reopening goes before them.
func weightiest(told []problem.Event) problem.Event {
	for _, e := range told {
		if e.Kind == problem.EventReopened {
			return e
		}
	}
	return told[len(told)-1]
}

// joinSome joins as many contacts as one write takes, at most one of a
// customer who is affected already, and returns those that are left.
func (t *Triage) joinSome(ctx context.Context, rec *problem.Record, seen []problem.Seen, reopens bool) ([]problem.Seen, error) {
	customers := map[identity.CustomerID]bool{}
	for _, s := range seen {
		customers[s.Customer] = true
	}
	known, err := t.Store.AffectedOf(ctx, rec.ID, slices.Collect(maps.Keys(customers)))
	if err != nil {
		return nil, err
	}
	var first, more []problem.Affected
	var left, joined []problem.Seen
	taken := map[identity.CustomerID]bool{}
	for _, s := range seen {
		a, old := known[s.Customer]
		switch {
		case old && slices.Contains(a.Contacts, s.Contact):
			continue // told before
		case taken[s.Customer] || len(joined) == problem.MaxTogether:
			left = append(left, s)
			continue
		case old:
			more = append(more, problem.Affected{Customer: s.Customer, Contacts: []string{s.Contact}})
		default:
			first = append(first, problem.Affected{Customer: s.Customer, Contacts: []string{s.Contact}, Since: s.At})
		}
		taken[s.Customer] = true
		joined = append(joined, s)
	}
	if len(joined) == 0 {
		return nil, nil
	}
	next := *rec
	var told []problem.Event
	for _, s := range joined {
		_, old := known[s.Customer]
		var evs []problem.Event
		next.Problem, evs = problem.Join(next.Problem, problem.Contact{
			At: s.At, Day: s.Day, NewContact: true, NewCustomer: !old, ReopensWhenSolved: reopens,
		})
		told = append(told, evs...)
		if s.Quote != "" && len(next.Quotes) < 3 && !slices.ContainsFunc(next.Quotes, func(q string) bool { return strings.EqualFold(q, s.Quote) }) {
			next.Quotes = append(slices.Clip(next.Quotes), s.Quote)
		}
	}
	if len(told) > 0 {
		next.Version = rec.Version + 1
		next.Events = []problem.Event{weightiest(told)}
	}
	if err := t.Store.JoinProblem(ctx, next, first, more); err != nil {
		return nil, err
	}
	next.Revision++
	*rec = next
	return left, nil
}
