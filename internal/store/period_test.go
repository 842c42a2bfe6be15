package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// A numberWorld is what happened to a few phone numbers and their owners. It
// delivers that to the table in any order.
type numberWorld struct {
	t       *rapid.T
	ctx     context.Context
	table   *store.Table
	base    int
	clock   time.Time // of the person who lives in this world
	arrival time.Time // of the table

	holders []string       // by number: the person who has it, "" if it is free
	changes map[string]int // by person: how often the person changed the number
	userIDs bool           // webhooks have user ids
	persons int
	events  []numberEvent
	ids     []identity.CustomerID
}

// A numberEvent is one delivery.
type numberEvent struct {
	at       time.Time
	links    []identity.Link
	message  *message.Message // its CustomerID is not known yet
	owner    string           // person whose message it is
	status   *message.Effect
	statusOf message.ID
}

func (e numberEvent) String() string {
	s := e.at.Format("15:04")
	for _, l := range e.links {
		s += fmt.Sprintf(" %s became %s", l.From.Value, l.To.Value)
	}
	if e.message != nil {
		s += fmt.Sprintf(" %s of %s: %v", e.message.ProviderID, e.owner, e.message.Addresses())
	}
	if e.status != nil {
		s += " status of " + e.status.Target
	}
	return s
}

const worldNumbers = 3

func (w *numberWorld) number(n int) identity.Address {
	return verified(identity.Phone, "", fmt.Sprintf("3197012%04d%d", w.base, n))
}

// userID returns the user id of a person with a number. A person gets a new one
// with each number.
func (w *numberWorld) userID(person string, n int) identity.Address {
	return verified(identity.BSUID, "waba", fmt.Sprintf("NL.%d%sN%dX%d", w.base, person, n, w.changes[person]))
}

// addresses returns those of a webhook about a message that a person wrote.
func (w *numberWorld) addresses(n int) []identity.Address {
	all := []identity.Address{w.number(n)}
	if w.userIDs {
		all = append(all, w.userID(w.holders[n], n))
	}
	return all
}

func (w *numberWorld) newMessage(n int, direction message.Direction, addresses []identity.Address) *message.Message {
	provider := fmt.Sprintf("wamid.%d-%d", w.base, len(w.events))
	return &message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, w.clock, provider), Channel: message.WhatsApp,
		Direction: direction, Kind: message.Text, ProviderID: provider, SentAt: w.clock, Text: provider,
		Customer: addresses[0], Aliases: addresses[1:],
	}
}

// pick returns a number that is free or not, -1 without such a number.
func (w *numberWorld) pick(free bool) int {
	var some []int
	for n, holder := range w.holders {
		if (holder == "") == free {
			some = append(some, n)
		}
	}
	if len(some) == 0 {
		return -1
	}
	return rapid.SampledFrom(some).Draw(w.t, "number")
}

// say has the holder of a number write. A free number gets a new person first.
func (w *numberWorld) say() {
	n := w.pick(rapid.IntRange(0, 3).Draw(w.t, "new person") == 0)
	if n < 0 {
		return
	}
	if w.holders[n] == "" {
		w.persons++
		w.holders[n] = fmt.Sprint("P", w.persons)
	}
	w.events = append(w.events, numberEvent{at: w.clock, owner: w.holders[n], message: w.newMessage(n, message.Inbound, w.addresses(n))})
}

// answer sends a message to the holder of a number. Its echo has only the number.
func (w *numberWorld) answer() {
	n := w.pick(false)
	if n < 0 {
		return
	}
	m := w.newMessage(n, message.Outbound, []identity.Address{w.number(n)})
	m.Origin = message.Echo
	w.events = append(w.events, numberEvent{at: w.clock, owner: w.holders[n], message: m})
	at := w.clock.Add(time.Duration(rapid.IntRange(1, 20*3600).Draw(w.t, "read after")) * time.Second)
	w.events = append(w.events, numberEvent{at: at, statusOf: m.ID, status: &message.Effect{
		Channel: message.WhatsApp, Customer: w.number(n), Target: m.ProviderID, Kind: message.Status, Status: "read", At: at,
	}})
}

// maxChanges is how often a person changes the number: once, and perhaps back.
const maxChanges = 2

// change has the holder of a number leave it for a free one.
func (w *numberWorld) change() {
	from := w.pick(false)
	if from < 0 {
		return
	}
	to := w.pick(true)
	person := w.holders[from]
	if to < 0 || w.changes[person] == maxChanges {
		return
	}
	m := w.newMessage(from, message.Inbound, []identity.Address{w.number(from)})
	m.Kind = message.Event
	e := numberEvent{at: w.clock, owner: person, message: m}
	targets := []identity.Address{w.userID(person, from), w.number(to)}
	w.changes[person]++
	targets = append(targets, w.userID(person, to))
	if !w.userIDs {
		targets = targets[1:2]
	}
	for _, a := range targets {
		ev := identity.Evidence{Rule: identity.RuleSystem, Ref: string(m.ID), At: w.clock}
		e.links = append(e.links, identity.Link{From: w.number(from).Alias, To: a.Alias, Evidence: ev})
	}
	w.holders[from] = ""
	w.holders[to] = person
	w.events = append(w.events, e)
}

// orderChanges puts the changes of numbers in the order in which they happened,
// and leaves everything else in its place.
func (w *numberWorld) orderChanges() {
	var places []int
	var changes []numberEvent
	for i, e := range w.events {
		if len(e.links) > 0 {
			places = append(places, i)
			changes = append(changes, e)
		}
	}
	slices.SortStableFunc(changes, func(a, b numberEvent) int { return a.at.Compare(b.at) })
	for i, place := range places {
		w.events[place] = changes[i]
	}
}

func (w *numberWorld) identify(addresses []identity.Address, ev identity.Evidence) identity.CustomerID {
	id, err := w.table.Customers.Identify(w.ctx, addresses, ev)
	if err != nil {
		w.t.Fatal(err)
	}
	if !slices.Contains(w.ids, id) {
		w.ids = append(w.ids, id)
	}
	return id
}

// deliver does what the intake does with one delivery. It reports whether it
// stored a new message.
func (w *numberWorld) deliver(e numberEvent) bool {
	if e.at.After(w.arrival) {
		w.arrival = e.at
	}
	w.arrival = w.arrival.Add(time.Second)
	for _, l := range e.links {
		w.identify([]identity.Address{{Alias: l.From, Assurance: identity.Verified}, {Alias: l.To, Assurance: identity.Verified}}, l.Evidence)
	}
	if e.status != nil {
		id := w.identify([]identity.Address{e.status.Customer}, identity.Evidence{Rule: identity.RuleWebhook, At: e.at})
		if _, err := w.table.Messages.PutEffect(w.ctx, id, *e.status); err != nil {
			w.t.Fatal(err)
		}
	}
	if e.message == nil {
		return false
	}
	m := *e.message
	m.CustomerID = w.identify(m.Addresses(), identity.Evidence{Rule: identity.RuleWebhook, Ref: string(m.ID), At: m.SentAt})
	created, err := w.table.Messages.Put(w.ctx, m, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return created
}

// histories returns the messages of each customer, by their current id.
func (w *numberWorld) histories() map[identity.CustomerID][]message.Entry {
	out := map[identity.CustomerID][]message.Entry{}
	for i := 0; i < len(w.ids); i++ {
		c, err := w.table.Customers.Get(w.ctx, w.ids[i])
		if err != nil {
			w.t.Fatal(err)
		}
		for _, m := range c.Moves {
			for _, id := range []identity.CustomerID{m.Was, m.To} {
				if !slices.Contains(w.ids, id) {
					w.ids = append(w.ids, id)
				}
			}
		}
		if _, known := out[c.ID]; known {
			continue
		}
		page, err := w.table.Messages.History(w.ctx, c, message.Query{Limit: 200})
		if err != nil || !page.Complete {
			w.t.Fatal("a history is not complete", err)
		}
		out[c.ID] = page.Entries
	}
	return out
}

// check compares the histories with the world: each person has one customer with
// all of the person's messages and no others.
func (w *numberWorld) check() {
	owners := map[message.ID]string{}
	read := map[message.ID]bool{}
	for _, e := range w.events {
		if e.message != nil {
			owners[e.message.ID] = e.owner
		}
		if e.status != nil {
			read[e.statusOf] = true
		}
	}
	seen := map[message.ID]bool{}
	customerOf := map[string]identity.CustomerID{}
	for id, entries := range w.histories() {
		person := ""
		for _, e := range entries {
			if seen[e.ID] {
				w.fail("message %s is in two histories", e.ProviderID)
			}
			seen[e.ID] = true
			if person == "" {
				person = owners[e.ID]
			}
			if owners[e.ID] != person {
				w.fail("message %s of %s is in the history of %s", e.ProviderID, owners[e.ID], person)
			}
			if isRead := e.State != nil && e.State.Status == "read"; isRead != read[e.ID] {
				w.fail("message %s is read: got %v, want %v", e.ProviderID, isRead, read[e.ID])
			}
		}
		if person == "" {
			continue
		}
		if other := customerOf[person]; other != "" {
			w.fail("%s is two customers, %s and %s", person, other, id)
		}
		customerOf[person] = id
	}
	if len(seen) != len(owners) {
		w.fail("histories have %d messages, want %d", len(seen), len(owners))
	}
	w.checkFind(customerOf)
}

// checkFind looks each number up: it finds its holder, if the holder was in
// contact with this number.
func (w *numberWorld) checkFind(customerOf map[string]identity.CustomerID) {
	for n, holder := range w.holders {
		used := slices.ContainsFunc(w.events, func(e numberEvent) bool {
			wrote := e.message != nil && e.message.Customer == w.number(n)
			took := slices.ContainsFunc(e.links, func(l identity.Link) bool { return l.To == w.number(n).Alias })
			return wrote || took
		})
		if !used {
			continue
		}
		id, _, err := w.table.Customers.FindCustomer(w.ctx, w.number(n).Alias)
		if holder == "" {
			if err == nil {
				w.fail("number %d finds %s, want no customer", n, id)
			}
			continue
		}
		if err != nil {
			w.fail("number %d of %s: %v", n, holder, err)
		}
		c, err := w.table.Customers.Get(w.ctx, id)
		if err != nil || c.ID != customerOf[holder] {
			w.fail("number %d finds %s (%v), want %s of %s", n, c.ID, err, customerOf[holder], holder)
		}
	}
}

func (w *numberWorld) fail(format string, args ...any) {
	var story []string
	for _, e := range w.events {
		story = append(story, e.String())
	}
	w.t.Fatalf("%s; the deliveries were\n%s", fmt.Sprintf(format, args...), strings.Join(story, "\n"))
}

// TestIdentify_NumberPeriods lets a few persons write from numbers, receive
// answers, and change numbers, so that numbers pass from one to another. The
// deliveries come in any order and more than once, with user ids or without. Only
// the changes keep their order.
// Each person has one history, with all of their messages and no others.
func TestIdentify_NumberPeriods(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	var worlds atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		w := &numberWorld{
			t: rt, ctx: t.Context(), table: table, base: int(worlds.Add(1)), clock: start, arrival: start, holders: make([]string, worldNumbers),
			changes: map[string]int{}, userIDs: rapid.Bool().Draw(rt, "user ids"),
		}
		table.Now = func() time.Time { return w.arrival }
		for range rapid.IntRange(3, 12).Draw(rt, "events") {
			w.clock = w.clock.Add(time.Duration(rapid.IntRange(1, 60*60).Draw(rt, "seconds")) * time.Second)
			rapid.SampledFrom([]func(){w.say, w.say, w.answer, w.change}).Draw(rt, "do")()
		}
		slices.SortStableFunc(w.events, func(a, b numberEvent) int { return a.at.Compare(b.at) })
		if rapid.Bool().Draw(rt, "any order") {
			w.events = rapid.Permutation(w.events).Draw(rt, "order")
			w.orderChanges()
		}
		for _, e := range w.events {
			for range rapid.IntRange(1, 2).Draw(rt, "deliveries") {
				w.deliver(e)
			}
		}
		w.check()
		for _, e := range w.events {
			if w.deliver(e) {
				w.fail("a second delivery of %s stored a message", e.message.ProviderID)
			}
		}
		w.check()
	})
}
