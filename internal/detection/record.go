package detection

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A cause is what a problem is about.
type Cause struct{ Reason, Product string }

// Evidence is what one customer's contacts newly show of a cause, and what
// they no longer show: because an earlier message came and gave the contact
// another id, because an agent corrected its reasons, or because two
// customers became one.
type Evidence struct {
	Customer   identity.CustomerID
	Seen, Gone []problem.Seen
	Former     []problem.Seen // what the contacts were called before earlier messages of them came
}

// Changes are the evidence that one customer's contacts give, by cause.
type Changes map[Cause][]Evidence

// Compare returns what saving and dropping contacts changes of what the stored
// contacts show.
func (d *Detector) Compare(ctx context.Context, customer identity.Customer, stored, save, drop []contact.Contact) Changes {
	was := map[place]contact.Contact{}
	for _, k := range stored {
		was[place{k.Customer, k.ID}] = k
	}
	changes := Changes{}
	of := func(who identity.CustomerID, c contact.Cause) *Evidence {
		return changes.of(Cause{c.Reason, c.Product}, who)
	}
	for _, k := range save {
		before := was[place{k.Customer, k.ID}]
		speaker := d.speaker(customer, k)
		for _, c := range k.Causes {
			if !d.shows(before, k, c) {
				e := of(k.Customer, c)
				e.Seen = append(e.Seen, speaker.seen(ctx, c))
				e.Former = append(e.Former, inside(k)...)
			}
		}
		for _, c := range before.Causes {
			if !d.shows(k, before, c) {
				e := of(k.Customer, c)
				e.Gone = append(e.Gone, d.seenAt(before, c))
			}
		}
	}
	for _, k := range drop { // of a member, where it was before a merge
		for _, c := range k.Causes {
			e := of(k.Customer, c)
			e.Gone = append(e.Gone, d.seenAt(k, c))
		}
	}
	return changes
}

// inside returns the ids that a contact would have if it began with a later
// one of its messages. Triage may have died after it recorded one of these with
// a problem, and before it saved the contact: then nothing tells that it is gone.
func inside(k contact.Contact) (ids []problem.Seen) {
	for _, m := range k.Messages[min(1, len(k.Messages)):] {
		ids = append(ids, problem.Seen{Contact: contact.IDOf(m.ID)})
	}
	return ids
}

// of returns the evidence of a cause that one customer's contacts give.
func (all Changes) of(c Cause, who identity.CustomerID) *Evidence {
	i := slices.IndexFunc(all[c], func(e Evidence) bool { return e.Customer == who })
	if i < 0 {
		i = len(all[c])
		all[c] = append(all[c], Evidence{Customer: who})
	}
	return &all[c][i]
}

// shows reports whether a contact shows a cause of another, in the same slot.
func (d *Detector) shows(k, other contact.Contact, c contact.Cause) bool {
	return slices.ContainsFunc(k.Causes, func(x contact.Cause) bool {
		return x.Same(c) && d.seenAt(k, x).Slot() == d.seenAt(other, c).Slot()
	})
}

// seen is how the contact shows a cause, with a quote.
func (s *speaker) seen(ctx context.Context, of contact.Cause) problem.Seen {
	seen := s.detector.seenAt(s.contact, of)
	seen.Quote = s.quote(ctx, of)
	seen.Text = contact.CustomerText(s.contact.Messages, MaxText)
	return seen
}

// seenAt is when a contact shows a cause: when the customer says it, which may
// be long after the contact began.
func (d *Detector) seenAt(k contact.Contact, of contact.Cause) problem.Seen {
	said := k.Start
	if at, _, _, err := of.Message.Parse(); err == nil {
		said = at
	}
	at := said.In(d.Zone)
	s := problem.Seen{Customer: k.Customer, Contact: k.ID, Day: at.Format(time.DateOnly), At: said}
	if r, ok := d.Taxonomy.Reason(of.Reason); ok && r.Detect == taxonomy.Rise {
		s.Hour = at.Format("15")
	}
	return s
}

// Record records the evidence of all changes, cause by cause. A cause that
// fails fails all changes that have evidence of it. When it fails for good, the
// evidence of each is recorded by itself: it may be one customer's fault. The
// errors are by the index of the changes.
func (d *Detector) Record(ctx context.Context, all []Changes) []error {
	by, who := map[Cause][]Evidence{}, map[Cause][]int{}
	for i, changes := range all {
		for c, e := range changes {
			by[c] = joined(by[c], e)
			who[c] = append(who[c], i)
		}
	}
	causes := slices.Collect(maps.Keys(by))
	errs := make([]error, len(causes))
	batch.Each(len(causes), parallel, func(i int) {
		errs[i] = d.record(ctx, causes[i], by[causes[i]])
	})
	failed := make([]error, len(all))
	for i, c := range causes {
		each := batch.Permanent(errs[i]) && len(who[c]) > 1
		for _, n := range who[c] {
			err := errs[i]
			if each {
				err = d.record(ctx, c, all[n][c])
			}
			if err != nil {
				failed[n] = err
			}
		}
	}
	return failed
}

// joined adds evidence to what there is: one of each customer, who may be met
// as two that are one.
func joined(evs, more []Evidence) []Evidence {
	for _, e := range more {
		i := slices.IndexFunc(evs, func(x Evidence) bool { return x.Customer == e.Customer })
		if i < 0 {
			evs = append(evs, e)
			continue
		}
		evs[i].Seen, evs[i].Gone = append(evs[i].Seen, e.Seen...), append(evs[i].Gone, e.Gone...)
		evs[i].Former = append(evs[i].Former, e.Former...)
	}
	return evs
}

// record records evidence of a cause: with the problem that there is, else in
// the window that may open one.
func (d *Detector) record(ctx context.Context, c Cause, evs []Evidence) error {
	return batch.Safely(ctx, func() error { return d.recordAll(ctx, c, evs) })
}

func (d *Detector) recordAll(ctx context.Context, c Cause, evs []Evidence) error {
	r, ok := d.Taxonomy.Reason(c.Reason)
	if !ok { // of an older taxonomy: part of the contact; it can leave a problem, and join none
		r = taxonomy.Reason{ID: c.Reason, Detect: taxonomy.Off}
		for i := range evs {
			evs[i].Seen = nil
		}
	}
	var last error
	for try := range maxTries {
		if try > 0 {
			if err := pause(ctx, try); err != nil {
				return err
			}
		}
		if last = d.tryRecord(ctx, r, c.Product, evs); fault.KindOf(last) != fault.Conflict {
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

func (d *Detector) tryRecord(ctx context.Context, r taxonomy.Reason, product string, evs []Evidence) error {
	id, err := d.Store.ProblemOfCause(ctx, r.ID, product)
	if err != nil {
		return err
	}
	if id != "" {
		return d.join(ctx, r, product, id, evs)
	}
	if r.Detect == taxonomy.Off {
		return nil // no window: a problem of it is opened by hand only
	}
	seen, err := d.count(ctx, r, product, evs)
	if err != nil || len(seen) == 0 {
		return err
	}
	// Who writes first and looks then misses no problem that is opened at the
	// same time: either this sees it, or its opening sees what was written.
	look, err := d.look(ctx, r, product, seen, time.Time{})
	switch {
	case err != nil:
		return err
	case look.problem != "":
		return d.join(ctx, r, product, look.problem, evs)
	case look.opens:
		return d.open(ctx, r, product, look.from)
	default:
		return nil
	}
}

// slack is how much longer than the window a sighting is kept, for messages
// that come late.
const slack = 8 * 24 * time.Hour

// kept returns how long a sighting of a reason is kept.
func (d *Detector) kept(r taxonomy.Reason) time.Duration {
	keep := r.Window.Duration() + slack
	if r.Detect == taxonomy.Rise {
		keep = max(keep, problem.LevelDays*24*time.Hour)
	}
	return keep
}

// count writes the evidence into the window of its cause, and returns what
// was seen.
func (d *Detector) count(ctx context.Context, r taxonomy.Reason, product string, evs []Evidence) ([]problem.Seen, error) {
	keep := d.kept(r)
	var seen, gone []problem.Seen
	for _, e := range evs {
		seen, gone = append(seen, e.Seen...), append(gone, e.Gone...)
	}
	errs := make([]error, len(seen))
	batch.Each(len(seen), parallel, func(i int) {
		seen[i].Expires = later(seen[i].At, d.Now()).Add(keep)
		_, errs[i] = d.Store.PutOccurrence(ctx, r.ID, product, seen[i])
	})
	for _, s := range gone {
		errs = append(errs, d.Store.DropOccurrence(ctx, r.ID, product, s))
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return seen, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// maxSeen bounds how many sightings one opening takes up.
const maxSeen = 20_000

// last is after every day and hour.
const last = "9"

// open opens the problem of a cause with everybody seen from a slot on.
func (d *Detector) open(ctx context.Context, r taxonomy.Reason, product, from string) error {
	all, err := d.Store.Occurrences(ctx, r.ID, product, from, last, maxSeen, d.Now())
	if err != nil {
		return err
	}
	seed := problem.Seed{
		ID: uuid.Must(uuid.NewV7()).String(), Reason: r.ID, Product: product, Department: d.Taxonomy.Owner(r.ID, product),
		Names: d.names(r, product), Severity: string(r.Severity), TaxonomyVersion: d.Taxonomy.Version,
	}
	for _, e := range byCustomer(all) {
		c, _ := problem.Affected{Customer: e.Customer}.With(nil, e.Seen)
		seed.Affected = append(seed.Affected, c.Affected)
	}
	p, told := problem.Open(seed, d.Now().UTC())
	p = problem.Agree(p, d.acknowledgeBy)
	rec := problem.Record{Problem: p, Events: told, Quotes: quoted(all), Opening: from}
	if err := d.Store.OpenProblem(ctx, rec, nil); err != nil {
		return err
	}
	d.Meter.Count("Department", p.Department, map[string]int{"ProblemsOpened": 1})
	return d.join(ctx, r, product, p.ID, nil)
}

// standing returns the problem that a problem was merged into, or that one
// itself. An opening that broke off is finished on the way.
func (d *Detector) standing(ctx context.Context, id string) (problem.Record, error) {
	return problem.Standing(ctx, id, func(ctx context.Context, id string) (problem.Record, error) {
		rec, err := d.Store.ProblemHeader(ctx, id)
		if err != nil || rec.Opening == "" {
			return rec, err
		}
		return d.fill(ctx, rec)
	})
}

// fill has those who were seen before a problem opened join it. What has to be
// done stands in the problem until all of it was: whoever opened it may die, and
// whoever comes next does it. Whoever was seen after this looked finds the
// problem there.
func (d *Detector) fill(ctx context.Context, rec problem.Record) (problem.Record, error) {
	if r, ok := d.Taxonomy.Reason(rec.Reason); ok && rec.Product != "" {
		if err := d.takeIn(ctx, r, rec.Problem); err != nil {
			return rec, err
		}
	}
	all, err := d.Store.Occurrences(ctx, rec.Reason, rec.Product, rec.Opening, last, maxSeen, d.Now())
	if err != nil {
		return rec, err
	}
	if err := d.change(ctx, rec.ID, byCustomer(all)); err != nil {
		return rec, err
	}
	if rec, err = d.Store.Problem(ctx, rec.ID); err != nil {
		return rec, err
	}
	rec.Opening = ""
	if p, told := problem.Grown(rec.Problem, false, rec.LastSeen); len(told) > 0 {
		rec.Problem, rec.Events = p, told
	}
	return rec.Saved(), d.Store.SaveProblem(ctx, rec)
}

// takeIn merges the problem of those who named no product into that of the
// product, when it is as new and nobody knows its cause yet: what a burst is
// about shows only when enough customers have named it.
func (d *Detector) takeIn(ctx context.Context, r taxonomy.Reason, into problem.Problem) error {
	id, err := d.Store.ProblemOfCause(ctx, r.ID, "")
	if err != nil || id == "" {
		return err
	}
	for try := range maxTries {
		if try > 0 {
			if err := pause(ctx, try); err != nil {
				return err
			}
		}
		rec, err := d.Store.Problem(ctx, id)
		if err != nil || rec.State != problem.Detected && rec.State != problem.Acknowledged || rec.OpenedAt.Before(into.OpenedAt.Add(-r.Window.Duration())) {
			return err
		}
		next, told, err := problem.Apply(rec.Problem, problem.Update{To: problem.Merged, Into: into.ID, At: d.Now().UTC()})
		if err != nil {
			return err
		}
		rec.Problem, rec.Events = next, told
		if err = d.Store.SaveProblem(ctx, rec); fault.KindOf(err) != fault.Conflict {
			return err
		}
	}
	return fault.New(fault.Conflict, "the problem without a product keeps changing")
}

func (d *Detector) acknowledgeBy(department string, since time.Time) time.Time {
	return d.Taxonomy.AcknowledgeBy(department, since, d.Zone)
}

func byCustomer(seen []problem.Seen) []Evidence {
	at := map[identity.CustomerID]int{}
	var evs []Evidence
	for _, s := range seen {
		j, ok := at[s.Customer]
		if !ok {
			j = len(evs)
			at[s.Customer] = j
			evs = append(evs, Evidence{Customer: s.Customer})
		}
		evs[j].Seen = append(evs[j].Seen, s)
	}
	return evs
}

func (d *Detector) names(r taxonomy.Reason, product string) problem.Names {
	n := problem.Names{Reason: problem.Label(r.Names)}
	if d, ok := d.Taxonomy.Department(d.Taxonomy.Owner(r.ID, product)); ok {
		n.Department = problem.Label(d.Names)
	}
	if p, ok := d.Taxonomy.Product(product); ok {
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

// join changes the part that customers have in the problem of a cause, and
// tells what comes of it. Through are the problems that it is a part of, for
// one of these may have become whole again by a merge.
func (d *Detector) join(ctx context.Context, r taxonomy.Reason, product, id string, evs []Evidence, through ...string) error {
	rec, err := d.standing(ctx, id)
	if err != nil {
		return err
	}
	if slices.Contains(through, rec.ID) {
		rec.Parts = nil
	}
	for _, part := range rec.Parts {
		var theirs []Evidence
		if theirs, evs = divide(part, evs); len(theirs) > 0 {
			if err := d.join(ctx, r, product, part.ID, theirs, append(slices.Clip(through), rec.ID)...); err != nil {
				return err
			}
		}
	}
	back := false
	if rec.State.Solved() {
		if back, err = d.back(ctx, r, product, rec, evs); err != nil {
			return err
		}
	}
	if err := d.change(ctx, rec.ID, evs); err != nil {
		return err
	}
	return d.tell(ctx, rec, back, evs)
}

// divide returns the evidence that goes to a part of a problem, and that which
// stays. What is gone may have been evidence of either.
func divide(part problem.Part, evs []Evidence) (theirs, rest []Evidence) {
	for _, e := range evs {
		taken := Evidence{Customer: e.Customer, Gone: e.Gone, Former: e.Former}
		left := taken
		for _, s := range e.Seen {
			if part.Takes(s.Text) {
				taken.Seen = append(taken.Seen, s)
			} else {
				left.Seen = append(left.Seen, s)
			}
		}
		if len(taken.Seen)+len(taken.Gone)+len(taken.Former) > 0 {
			theirs = append(theirs, taken)
		}
		rest = append(rest, left)
	}
	return theirs, rest
}

// back reports whether enough customers came back after the problem was
// solved.
func (d *Detector) back(ctx context.Context, r taxonomy.Reason, product string, rec problem.Record, evs []Evidence) (bool, error) {
	if r.Detect == taxonomy.Off {
		return false, nil
	}
	seen, err := d.count(ctx, r, product, evs)
	if err != nil || len(seen) == 0 {
		return false, err
	}
	look, err := d.look(ctx, r, product, seen, rec.ChangedAt, problem.Break{From: rec.FirstSeen, To: rec.ChangedAt})
	return look.opens, err
}

// change changes the part of some customers in a problem.
func (d *Detector) change(ctx context.Context, id string, evs []Evidence) error {
	customers := make([]identity.CustomerID, len(evs))
	for i, e := range evs {
		customers[i] = e.Customer
	}
	known, err := d.Store.AffectedAmong(ctx, id, customers)
	if err != nil {
		return err
	}
	var changes []problem.Change
	for _, e := range evs {
		was := known[e.Customer]
		was.Customer = e.Customer
		if c, differs := was.With(slices.Concat(e.Gone, e.Former), e.Seen); differs {
			changes = append(changes, c)
		}
	}
	return d.Store.ChangeAffected(ctx, id, changes)
}

// tell counts a problem that these customers joined, if it is time to, and
// writes it anew if its counts have something to tell, if it began earlier than
// was known, or if it lacked quotes. It goes by who joins, and not by whose join
// was new: a batch that broke off before it told comes again. What another run
// joined at the same time is counted by whoever looks last.
func (d *Detector) tell(ctx context.Context, was problem.Record, back bool, evs []Evidence) error {
	var joining []identity.CustomerID
	var more []string
	early := false
	for _, e := range evs {
		for _, s := range e.Seen {
			joining, more, early = append(joining, e.Customer), append(more, s.Quote), early || s.At.Before(was.FirstSeen)
		}
	}
	_, lacks := problem.AddQuotes(was.Quotes, more)
	looks := was.State.Open() && was.Looks(joining)
	if !back && !early && !lacks && !looks {
		return nil
	}
	rec, err := d.Store.Problem(ctx, was.ID)
	if err != nil {
		return err
	}
	quotes, added := problem.AddQuotes(rec.Quotes, more)
	p, told := problem.Grown(rec.Problem, back, rec.LastSeen)
	if !added && !early && len(told) == 0 {
		return nil
	}
	rec.Problem, rec.Quotes = problem.Agree(p, d.acknowledgeBy), quotes
	if len(told) > 0 {
		rec.Events = told
	}
	if len(told) > 0 && told[0].Kind == problem.EventReopened {
		told[0].Evidence = problem.EvidenceOf(rec.Was, d.Zone, more)
	}
	return d.Store.SaveProblem(ctx, rec)
}
