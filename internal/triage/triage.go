// Package triage makes sense of messages behind the table's stream: it makes
// contacts of them, keeps the waiting list, finds the reasons, and finds the
// causes that recur.
//
// The stream delivers at least once, in order only per item, and so triage
// never counts what it is given. It takes the messages of a batch as a hint
// where to look: it reads the messages around them, makes the contacts anew
// as a pure function of those, and writes only what differs. The same batch
// twice, late or in another order ends in the same table.
//
// Order of writing: what a contact is evidence of is recorded before the
// contact that shows it has been recorded. A batch that breaks off in between
// repeats the first, which changes nothing.
package triage

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// A Store is what triage reads and writes. [store.Table] is one.
type Store interface {
	Customer(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
	CustomerConsistent(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
	NearbyContacts(ctx context.Context, c identity.CustomerID, at time.Time, before int, consistent bool) (contact.Around, error)
	Contacts(ctx context.Context, c identity.CustomerID, limit int, cursor string) ([]contact.Contact, string, error)
	RecentMessages(ctx context.Context, c identity.Customer, from time.Time) ([]contact.Message, error)
	SaveContact(ctx context.Context, c contact.Contact) error
	DeleteContact(ctx context.Context, c contact.Contact) error
	OrderProducts(ctx context.Context, order string) ([]string, error)

	detection.Store
}

// A Meter counts. [telemetry.Meter] is one.
type Meter interface {
	Count(dimension, value string, counts map[string]int)
}

// A Triage is the function's work.
type Triage struct {
	Store    Store
	Taxonomy *taxonomy.Taxonomy
	Zone     *time.Location // of the organisation: what a day is
	Meter    Meter
	Now      func() time.Time
	Dead     *batch.DeadLetters // of records that can never be handled

	levels detection.LevelCache
}

func (t *Triage) detector() *detection.Detector {
	return &detection.Detector{Store: t.Store, Taxonomy: t.Taxonomy, Zone: t.Zone, Meter: t.Meter, Now: t.Now, Levels: &t.levels}
}

// parallel bounds how many customers or causes are worked on at a time.
const parallel = 8

// maxRounds bounds how often contacts that changed meanwhile are made anew.
const maxRounds = 6

// Shares of the time that is left. The batch leaves a sixth of it to answer
// with and to write dead letters in. Within a round, reading and recording take
// half each of what remains, so that a customer who takes long does not keep
// those who are done from being saved.
const (
	workShare  = 5.0 / 6
	phaseShare = 1.0 / 2
)

// Handle takes one batch of the table's stream: inserts of messages, and of
// changes of who is who. A record that can never be handled, and those of a
// customer who can never be triaged, become dead letters: see [batch.Permanent].
// What fails otherwise, or is not finished in time, is delivered again, from the
// earliest failure on.
func (t *Triage) Handle(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	work, cancel := batch.Within(ctx, workShare)
	defer cancel()
	todo, bad := hints(work, ev)
	for round := 0; len(todo) > 0 && round < maxRounds && work.Err() == nil; round++ {
		todo = t.round(work, todo, round > 0)
		if round > 0 { // before, reads were weak
			todo = setAside(todo, bad)
		}
	}
	failed := -1
	for _, h := range todo {
		if h.err == nil {
			h.err = fault.New(fault.Conflict, "the contacts keep changing")
		}
		slog.ErrorContext(ctx, "customer not triaged", "kind", fault.KindOf(h.err), "err", h.err)
		if failed < 0 || h.index < failed {
			failed = h.index
		}
	}
	t.Meter.Count("", "", map[string]int{"Records": len(ev.Records), "FailedCustomers": len(todo)})
	return t.Dead.Stream(ctx, ev, bad, failed), nil
}

// setAside adds the records of customers who failed for good to bad, and
// returns the other hints.
func setAside(todo []hint, bad map[int]error) (rest []hint) {
	for _, h := range todo {
		if !batch.Permanent(h.err) {
			rest = append(rest, h)
			continue
		}
		for _, i := range h.records {
			bad[i] = h.err
		}
	}
	return rest
}

// A hint says whose messages to look at, and from when.
type hint struct {
	customer identity.CustomerID
	from     time.Time
	index    int                   // of the first record in the batch
	records  []int                 // and of all
	said     time.Time             // contacts in which something was said since are classified anew
	again    []string              // and these contacts
	who      identity.Customer     // as the first look read it, when a second is due
	left     []contact.Contact     // and how the first left the contacts; nil when that is not compared
	anew     bool                  // also what was said before may be about something else
	passed   bool                  // who was given an alias of the customer is looked at, too
	changed  []identity.CustomerID // whom a change of who is who names; nil without one
	err      error
}

// hints returns whose messages are in the batch, and who was merged, unmerged
// or gave an alias away: all contacts of those are made anew. Bad are the errors
// of records that cannot be read, by their index.
func hints(ctx context.Context, ev events.DynamoDBEvent) (out []hint, bad map[int]error) {
	at := map[identity.CustomerID]int{}
	bad = map[int]error{}
	for i, r := range ev.Records {
		var c store.Change
		var work aim
		var names []identity.CustomerID
		err := batch.Safely(ctx, func() (err error) {
			if c, err = store.DecodeChange(r); err != nil {
				return err
			}
			if names, err = concerned(c); err != nil {
				return err
			}
			work, err = aimOf(c)
			return err
		})
		if err != nil {
			bad[i] = err
			continue
		}
		if !work.any {
			continue
		}
		customer := c.Customer
		from := work.from
		only := work.only
		j, seen := at[customer]
		if !seen {
			j = len(out)
			at[customer] = j
			out = append(out, hint{customer: customer, from: from, said: never, index: i})
		}
		if only != "" {
			out[j].again = append(out[j].again, only)
		} else if from.Before(out[j].said) {
			out[j].said = from
		}
		out[j].records = append(out[j].records, i)
		out[j].anew = out[j].anew || (c.Kind != store.KindMessage && c.Kind != store.KindEffect)
		out[j].changed = append(out[j].changed, names...)
		if from.Before(out[j].from) {
			out[j].from = from
		}
	}
	return out, bad
}

// never is after everything that was said.
var never = time.Unix(1<<40, 0)

// An aim says which contacts of a customer a change concerns.
type aim struct {
	any  bool      // false: none
	from time.Time // those in which something was said since; zero: all
	only string    // the one with this id, if set
}

// aimOf returns the aim of a change. A change of another kind than triage works
// on has none.
func aimOf(c store.Change) (aim, error) {
	switch c.Kind {
	case store.KindIdentityChange:
		return aim{any: true}, nil
	case store.KindMessage, store.KindCorrection, store.KindReclassify:
		return aim{any: true, from: c.At, only: c.Contact}, nil
	case store.KindEffect: // an answer may not have arrived
		since, lost, err := c.LostSince()
		return aim{any: lost, from: since}, err
	}
	return aim{}, nil
}

// round works on the customers once and returns those that have to be done
// again: those that failed, and those for whom a contact began or went. Two
// invocations that work on one customer at once may each begin a contact of
// the same messages and not see the other's; but whoever writes last sees
// both when it looks again. After the first round reads are strong. The
// messages are read again only if the contacts are not as the first look left
// them: who stores another message looks, too, and then sees these contacts.
// Where people became others in between, all of those are begun with anew:
// whoever was told of that may have looked before this one wrote.
func (t *Triage) round(ctx context.Context, todo []hint, again bool) []hint {
	plans := t.planAll(ctx, todo, again)
	t.settleAll(ctx, plans)
	batch.Each(len(plans), parallel, func(i int) {
		if plans[i].err == nil {
			plans[i].err = batch.Safely(ctx, func() error { return t.save(ctx, plans[i]) })
		}
	})
	var left []hint
	for i, p := range plans {
		h := todo[i]
		if h.err = p.err; h.err == nil && !h.passed {
			left = append(left, h.heirs(p.customer)...)
			h.passed = true
		}
		switch {
		case p.err == nil && len(p.others) > 0:
			left = append(left, h.regrouped(p.customer, p.others)...)
		case p.err != nil:
			h.who, h.left = identity.Customer{}, nil
			left = append(left, h)
		case p.moves():
			h.who, h.left = p.customer, p.leaves()
			left = append(left, h)
		}
	}
	return left
}

// planAll plans each customer. One who cannot be planned in time fails, and
// leaves the others time to be saved.
func (t *Triage) planAll(ctx context.Context, todo []hint, again bool) []plan {
	ctx, cancel := batch.Within(ctx, phaseShare)
	defer cancel()
	plans := make([]plan, len(todo))
	batch.Each(len(todo), parallel, func(i int) {
		err := batch.Safely(ctx, func() error {
			plans[i] = t.plan(ctx, todo[i], again)
			if err := ctx.Err(); err != nil && plans[i].err == nil {
				return fault.Wrap(fault.Unavailable, err, "not planned in time")
			}
			return nil
		})
		if err != nil {
			plans[i] = plan{err: err}
		}
	})
	return plans
}

// settleAll writes what goes before the contacts, within its part of the time.
func (t *Triage) settleAll(ctx context.Context, plans []plan) {
	ctx, cancel := batch.Within(ctx, phaseShare)
	defer cancel()
	detector := t.detector()
	changes := make([]detection.Changes, len(plans))
	for i, p := range plans {
		changes[i] = p.evidence
	}
	for i, err := range detector.Record(ctx, changes) {
		if err != nil {
			plans[i].err = err
		}
	}
	hints := make([][]problem.Unknown, len(plans))
	for i, p := range plans {
		if p.err == nil {
			hints[i] = p.unknown
		}
	}
	for i, err := range detector.RecordUnknown(ctx, hints) {
		if err != nil {
			plans[i].err = err
		}
	}
}

// heirs returns whom else to look at: what comes just after an alias was given
// away, or comes late, may lie with who had it. A change names everybody.
func (h hint) heirs(c identity.Customer) (all []hint) {
	for _, m := range c.Moves {
		known := func(o hint) bool { return o.customer == m.To }
		if !h.from.IsZero() && m.Kept.After(h.from) && !slices.Contains(c.Members, m.To) && !slices.ContainsFunc(all, known) {
			heir := h
			heir.customer, heir.passed = m.To, true
			all = append(all, heir)
		}
	}
	return all
}

// regrouped returns whom to look at as if the stream told that the customer who
// was read first became another.
func (h hint) regrouped(now identity.Customer, concerned []identity.CustomerID) []hint {
	was := h.who
	h.who, h.left, h.from, h.anew, h.changed = identity.Customer{}, nil, time.Time{}, true, slices.Concat(h.changed, concerned)
	all := []hint{h}
	for _, id := range was.Members {
		if !slices.Contains(now.Members, id) {
			other := h
			other.customer = id
			all = append(all, other)
		}
	}
	return all
}

// A plan is what is to be written about one customer.
type plan struct {
	customer identity.Customer
	stored   []contact.Contact // as they were read, latest first
	compared bool              // by a second look
	save     []contact.Contact
	drop     []contact.Contact
	evidence detection.Changes
	unknown  []problem.Unknown     // hints to be kept
	others   []identity.CustomerID // who is concerned, when the customer became another since the first look: nothing else is planned then
	err      error
}

// moves reports whether a contact begins or goes.
func (p plan) moves() bool {
	return len(p.drop) > 0 || slices.ContainsFunc(p.save, func(k contact.Contact) bool { return k.Version == 0 })
}

// leaves returns the contacts as they lie once the plan is saved, latest first;
// nil when that is not compared.
func (p plan) leaves() []contact.Contact {
	if !p.compared {
		return nil
	}
	saved, dropped := placesOf(p.save), placesOf(p.drop)
	out := slices.Clone(p.save)
	for i := range out {
		out[i].Version++
	}
	for _, k := range p.stored {
		if at := (place{k.Customer, k.ID}); !saved[at] && !dropped[at] {
			out = append(out, k)
		}
	}
	latestFirst(out)
	return out
}

func latestFirst(ks []contact.Contact) {
	slices.SortStableFunc(ks, func(a, b contact.Contact) int {
		return cmp.Or(b.Start.Compare(a.Start), strings.Compare(b.ID, a.ID))
	})
}

// untouched reports whether contacts around a time are still as a look left
// them.
func untouched(now, left []contact.Contact, at time.Time) bool {
	if len(now) > len(left) {
		return false
	}
	before := 0
	for i, k := range now {
		if k.ID != left[i].ID || k.Version != left[i].Version {
			return false
		}
		if !k.Start.After(at) {
			before++
		}
	}
	return len(now) == len(left) || before == around
}

// around is how many contacts before a message are looked at, unless it is a
// mail whose thread none of them knows.
const around = 8

// plan makes the contacts of one customer anew and says what differs. Of a
// change of who is who the stream tells once, so that it must be seen then.
func (t *Triage) plan(ctx context.Context, h hint, again bool) plan {
	again = again || len(h.changed) > 0
	p := plan{customer: h.who}
	if h.who.ID != "" {
		if done := t.secondLook(ctx, h, &p); done || p.err != nil {
			return p
		}
	} else if p.customer, p.err = t.customer(ctx, h.customer, again); p.err != nil {
		return p
	}
	c := p.customer
	own, err := t.picture(ctx, c, h.from, again)
	if err != nil {
		p.err = err
		return p
	}
	p.stored, p.compared = own.stored, len(c.Members) == 1 && !own.wide && !h.anew
	t.keep(own.stored, own.made, h)
	p.compare(own.stored, own.made, own.from, h.again)
	p.evidence = t.detector().Compare(ctx, c, own.stored, p.save, p.drop)
	t.unknownOf(&p, own.stored, own.made, h)
	if len(h.changed) > 0 {
		p.err = t.reconcile(ctx, &p, own, h.changed)
	}
	return p
}

func (t *Triage) customer(ctx context.Context, id identity.CustomerID, now bool) (identity.Customer, error) {
	if now {
		return t.Store.CustomerConsistent(ctx, id)
	}
	return t.Store.Customer(ctx, id)
}

// secondLook reports whether nothing is left to do because all is as the first
// look left it, or because the customer became another: then that is the plan.
func (t *Triage) secondLook(ctx context.Context, h hint, p *plan) (done bool) {
	var now contact.Around
	if now, p.err = t.stored(ctx, h.who, h.from, true); p.err != nil {
		return false
	}
	if now.Changed {
		if p.customer, p.err = t.Store.CustomerConsistent(ctx, h.customer); p.err != nil {
			return false
		}
		if p.others = differ(h.who, p.customer); len(p.others) > 0 {
			return true
		}
	}
	return len(h.left) > 0 && untouched(now.Contacts, h.left, h.from)
}

// differ returns whom it concerns that a customer has other ids or aliases than
// before; nobody when that is not so.
func differ(was, now identity.Customer) (concerned []identity.CustomerID) {
	if slices.Equal(was.Members, now.Members) && slices.Equal(was.Moves, now.Moves) {
		return nil
	}
	concerned = slices.Concat(was.Members, now.Members)
	for _, m := range now.Moves {
		concerned = append(concerned, m.Was, m.To)
	}
	return concerned
}

// A picture is what is known of one customer from a time on, and what the
// messages make of it.
type picture struct {
	customer     identity.Customer
	from         time.Time
	messages     []contact.Message
	stored, made []contact.Contact
	wide         bool // also of contacts that do not lie around the time
}

func (t *Triage) picture(ctx context.Context, c identity.Customer, from time.Time, again bool) (picture, error) {
	o := picture{customer: c}
	corrections, err := t.read(ctx, &o, from, again)
	if err != nil {
		return o, err
	}
	at, older, err := t.older(ctx, c, o.stored, o.messages)
	if err != nil {
		return o, err
	}
	if older {
		o.wide = true
		if corrections, err = t.read(ctx, &o, at, again); err != nil {
			return o, err
		}
	}
	o.made = contact.Contacts(o.messages)
	for i := range o.made {
		o.made[i].Customer = c.ID
		if err := t.classify(ctx, &o.made[i], corrections); err != nil {
			return o, err
		}
	}
	return o, nil
}

// read reads into o what is stored around a time.
func (t *Triage) read(ctx context.Context, o *picture, at time.Time, again bool) (corrections []contact.Correction, err error) {
	stored, err := t.stored(ctx, o.customer, at, again)
	if err != nil {
		return nil, err
	}
	o.stored = stored.Contacts
	o.messages, o.from, err = t.messages(ctx, o.customer, at, o.stored)
	return stored.Corrections, err
}

// stored reads the contacts around a time, latest first. Those that lie with a
// member were made before a merge, and are to lie with who stands for all.
func (t *Triage) stored(ctx context.Context, c identity.Customer, at time.Time, again bool) (all contact.Around, err error) {
	for _, m := range c.Members {
		part, err := t.Store.NearbyContacts(ctx, m, at, around, again)
		if err != nil {
			return all, err
		}
		all.Contacts, all.Corrections = append(all.Contacts, part.Contacts...), append(all.Corrections, part.Corrections...)
		all.Changed = all.Changed || part.Changed
	}
	latestFirst(all.Contacts)
	return all, nil
}

// messages reads the messages that contacts have to be made of: from the
// beginning of the earliest stored contact that can be touched by them.
func (t *Triage) messages(ctx context.Context, c identity.Customer, from time.Time, stored []contact.Contact) ([]contact.Message, time.Time, error) {
	from = anchor(from, stored, nil)
	for {
		ms, err := t.Store.RecentMessages(ctx, c, from)
		if err != nil {
			return nil, from, err
		}
		earlier := anchor(from, stored, ms)
		if !earlier.Before(from) {
			return ms, from, nil
		}
		from = earlier
	}
}

// maxOlder bounds how many contacts of a member are looked through for a
// thread.
const maxOlder = 1000

// older returns when the earliest contact began, before all that are stored
// around a time, whose thread one of the mails since continues. It reads nothing
// unless there may be one: who has few contacts has no older ones, and most
// mails begin a thread or continue one that is known.
func (t *Triage) older(ctx context.Context, c identity.Customer, stored []contact.Contact, ms []contact.Message) (at time.Time, found bool, err error) {
	known := contact.Threads{}
	for _, k := range stored {
		known.AddContact(k)
	}
	strays := contact.Threads{}
	for _, m := range ms {
		continues := m.ReplyTo != nil && len(m.ReplyTo.References) > 0 && !m.Passive
		if continues && !known.HasMessage(m) {
			strays.AddMessage(m)
		}
	}
	if len(strays) == 0 || len(stored) < around {
		return at, false, nil
	}
	earliest := stored[len(stored)-1].Start
	for _, member := range c.Members {
		cursor := ""
		for read := 0; read == 0 || cursor != "" && read < maxOlder; {
			ks, next, err := t.Store.Contacts(ctx, member, 100, cursor)
			if err != nil {
				return at, false, err
			}
			for _, k := range ks {
				if k.Start.Before(earliest) && strays.HasContact(k) {
					at, found, earliest = k.Start, true, k.Start
				}
			}
			cursor, read = next, read+100
		}
	}
	return at, found, nil
}

// anchor returns the start of the earliest contact that messages from a time
// on can belong to: the latest that began by then, any that was open then,
// and any that shares a thread with one of the messages. stored are latest
// first.
func anchor(from time.Time, stored []contact.Contact, ms []contact.Message) time.Time {
	latest := true
	threads := contact.Threads{}
	for _, m := range ms {
		threads.AddMessage(m)
	}
	for _, k := range stored {
		if k.Start.After(from) {
			continue
		}
		if latest || k.Waiting() || !k.ClosesAt.Before(from) || threads.HasContact(k) {
			from = k.Start
		}
		latest = false
	}
	return from
}

// keep leaves the contacts that nothing was said in as an older taxonomy
// classified them, unless they are to be classified again.
func (t *Triage) keep(stored, made []contact.Contact, h hint) {
	older := map[string]contact.Contact{}
	for _, was := range stored {
		if was.Taxonomy != "" && was.Taxonomy != t.Taxonomy.Version {
			older[was.ID] = was
		}
	}
	for i := range made {
		k := &made[i]
		last := k.Messages[len(k.Messages)-1].SentAt
		if was, ok := older[k.ID]; ok && last.Before(h.said) && !slices.Contains(h.again, k.ID) {
			k.Causes, k.Department, k.Taxonomy = was.Causes, was.Department, was.Taxonomy
		}
	}
}

// A place is where a contact lies: before a merge is known, one contact may lie
// with two.
type place struct {
	customer identity.CustomerID
	id       string
}

func placesOf(ks []contact.Contact) map[place]bool {
	out := make(map[place]bool, len(ks))
	for _, k := range ks {
		out[place{k.Customer, k.ID}] = true
	}
	return out
}

// unknownOf says which contacts nobody knows the reason of and said something
// new, with the words of the whole contact, so that those which share rare
// words are found. What is kept of it is a hint: who follows one reads the
// contact, which may be gone, another's, or have a reason by then.
func (t *Triage) unknownOf(p *plan, stored, made []contact.Contact, h hint) {
	detector := t.detector()
	saved, before := placesOf(p.save), placesOf(stored)
	for _, k := range made {
		if len(k.Causes) > 0 || t.Now().Sub(k.Start) >= problem.BurstHistory {
			continue
		}
		if h.who.ID != "" && !saved[place{k.Customer, k.ID}] {
			continue // kept before the look that this is the second of
		}
		earlier := func(m contact.Message) bool { return !h.anew && m.SentAt.Before(h.from) }
		u, ok := detector.UnknownHint(p.customer, k, nil)
		if !ok {
			continue
		}
		if before[place{k.Customer, k.ID}] {
			if was, _ := detector.UnknownHint(p.customer, k, earlier); slices.Equal(u.Words, was.Words) {
				continue
			}
		}
		p.unknown = append(p.unknown, u)
	}
}

// compare says what differs between the stored contacts from a time on and
// those that the messages make. One that was to be classified again says by
// which taxonomy it was.
func (p *plan) compare(stored, made []contact.Contact, from time.Time, again []string) {
	old := map[place]contact.Contact{}
	for _, k := range stored {
		if !k.Start.Before(from) {
			old[place{k.Customer, k.ID}] = k
		}
	}
	for _, k := range made {
		was, ok := old[place{k.Customer, k.ID}]
		delete(old, place{k.Customer, k.ID})
		if !ok {
			p.save = append(p.save, k)
			continue
		}
		if !same(was, k) || was.Taxonomy != k.Taxonomy && slices.Contains(again, k.ID) {
			k.Version = was.Version
			p.save = append(p.save, k)
		}
	}
	for _, k := range old {
		p.drop = append(p.drop, k)
	}
}

// same reports whether there is nothing to write. By which message a cause is
// known is a difference, the version of the taxonomy alone is none.
func same(a, b contact.Contact) bool {
	return a.WaitingSince.Equal(b.WaitingSince) && a.FirstAnswer.Equal(b.FirstAnswer) && a.LastAnswer.Equal(b.LastAnswer) &&
		a.ClosesAt.Equal(b.ClosesAt) && a.Department == b.Department && slices.Equal(a.Channels, b.Channels) &&
		slices.Equal(a.Threads, b.Threads) && slices.EqualFunc(a.Causes, b.Causes, func(x, y contact.Cause) bool {
		return x.Same(y) && x.Department == y.Department && x.Corrected == y.Corrected && x.Message == y.Message
	})
}

func (t *Triage) save(ctx context.Context, p plan) error {
	for _, k := range p.save {
		if err := t.Store.SaveContact(ctx, k); err != nil {
			return err
		}
	}
	for _, k := range p.drop {
		if err := t.Store.DeleteContact(ctx, k); err != nil {
			return err
		}
	}
	return nil
}
