package contact

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Contacts computes the contacts of a customer from the readings of all messages. It
// is a pure function: the order of readings does not change the result
// (TestContacts_AnyOrder).
//
// A contact is about one wish. A message of the customer belongs to these contacts:
//
//  1. For each cause that it names: the open contact with this cause; else a closed one
//     whose mail thread it continues; else the unassigned contact of its thread or
//     alias, which takes the cause; else a new contact.
//  2. Without a known cause: the latest contact of its thread, an open one first; else
//     the latest open contact of its alias; else the latest open contact; else a new
//     unassigned one.
//
// A person can move a message to another contact, see [Reading.Place]. Later messages
// follow it by these rules.
//
// A message that asks nothing, and one that a machine wrote, belongs to none. An answer
// ends what it answers, see [grouping.answer].
func Contacts(readings []Reading) []Contact {
	readings = slices.Clone(readings)
	slices.SortFunc(readings, func(a, b Reading) int { return compareMessages(a.Message, b.Message) })
	g := newGrouping()
	for i := range readings {
		g.add(&readings[i])
	}
	return g.contacts()
}

// contacts returns the contacts so far, earliest first.
func (g *grouping) contacts() []Contact {
	out := make([]Contact, len(g.all))
	for i, c := range g.all {
		out[i] = c.Contact
		if len(c.questions) > 0 {
			asked := slices.IndexFunc(c.Messages, func(m message.Message) bool { return m.ID == c.questions[0].id })
			out[i].Question = questionOf(c.Messages[asked])
			out[i].Name = message.Cut(c.Messages[asked].Name, maxQuestion)
		}
	}
	slices.SortStableFunc(out, func(a, b Contact) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// compareMessages orders messages by the time of [message.Message.Said]. Messages of
// the same millisecond are ordered by direction, inbound first, so that no answer
// precedes its question, and then by id.
func compareMessages(a, b message.Message) int {
	if c := a.Said().Compare(b.Said()); c != 0 {
		return c
	}
	if a.Direction != b.Direction {
		if a.Direction == message.Inbound {
			return -1
		}
		return 1
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

// IDOf returns the id of the contact that a message opened with its first wish.
func IDOf(first message.ID) string { return wishID(first, 0) }

// wishID returns the id of a contact that a message opened, counted from 0. Wishes that
// joined a contact do not count, so that the id does not depend on them.
func wishID(first message.ID, wish int) string {
	text := string(first)
	if wish > 0 {
		text += "\x00" + strconv.Itoa(wish)
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// IDsOf returns the ids of all contacts that a message can have opened, one per wish.
func IDsOf(first message.ID) []string {
	ids := make([]string, maxWishes)
	for wish := range ids {
		ids[wish] = wishID(first, wish)
	}
	return ids
}

// A line is one address of the customer on one channel.
type line struct {
	channel message.Channel
	alias   identity.Alias
}

// linesOf returns the lines of a message. Several aliases of one message are the same
// line: WhatsApp names a customer by number and by user id.
func linesOf(m *message.Message) []line {
	lines := []line{{m.Channel, m.Customer.Alias}}
	for _, a := range m.Aliases {
		lines = append(lines, line{m.Channel, a.Alias})
	}
	return lines
}

// A question is an unanswered message of a contact.
type question struct {
	id      message.ID
	at      time.Time
	lines   []line
	threads []string
	caused  bool // the message names the cause of the contact
}

// A group is a contact that is being computed.
type group struct {
	Contact
	questions []question // oldest first
	lines     []line     // of its messages
	touched   int        // the order of the latest message among all contacts
}

// grouping computes contacts from readings in their order.
type grouping struct {
	all        []*group
	touched    int                        // messages so far
	open       []int                      // indexes of contacts that may be open; like all lists of indexes, sorted
	threads    map[string][]int           // contacts by thread; a contact may have dropped the thread since
	lines      map[line][]int             // contacts that may be open by line
	answered   map[line]lastWord          // our latest message on a line
	byMessage  map[message.ID][]int       // contacts of an inbound message
	byProvider map[providerRef]message.ID // inbound messages
}

type providerRef struct {
	channel message.Channel
	id      string
}

// lastWord is our latest message on a line.
type lastWord struct {
	at   time.Time
	asks bool // it asks the customer something
}

func newGrouping() *grouping {
	return &grouping{
		threads: map[string][]int{}, lines: map[line][]int{}, answered: map[line]lastWord{},
		byMessage: map[message.ID][]int{}, byProvider: map[providerRef]message.ID{},
	}
}

// add adds the next message.
func (g *grouping) add(r *Reading) {
	switch {
	case r.Passive, r.Deleted, r.Lost, r.byMachine():
	case r.Direction == message.Outbound:
		g.answer(&r.Message)
	case g.asks(r):
		g.ask(r)
	}
}

// byMachine reports whether a machine wrote the message.
func (r *Reading) byMachine() bool {
	if r.Machine != nil {
		return *r.Machine
	}
	_, machine := WrittenByMachine(r.Message, AppTexts{})
	return machine
}

// asks reports whether an inbound message asks for something. What an agent registered
// by hand always does. Agreement with a question of ours asks us to act.
func (g *grouping) asks(r *Reading) bool {
	isDecided := r.Asks != nil && *r.Asks
	if isDecided || r.Origin == message.Recorded {
		return true
	}
	answered := false
	asked := false
	for _, l := range linesOf(&r.Message) {
		if said, ok := g.answered[l]; ok && !g.waitsOn(l) {
			answered = true
			asked = asked || said.asks
		}
	}
	why, asks := WhyAsks(r.Message, answered)
	agrees := why == OnlyAgreement || why == OnlyEmoji
	return asks || (asked && agrees)
}

// waitsOn reports whether a question on the line is unanswered.
func (g *grouping) waitsOn(l line) bool {
	return slices.ContainsFunc(g.lines[l], func(at int) bool {
		return slices.ContainsFunc(g.all[at].questions, func(q question) bool { return slices.Contains(q.lines, l) })
	})
}

// ask adds a question to its contacts.
func (g *grouping) ask(r *Reading) {
	threads := threadKeys(r.Message)
	causes := r.Causes[:min(len(r.Causes), maxWishes)]
	g.byProvider[providerRef{r.Channel, r.ProviderID}] = r.ID
	if g.askAtPlace(r, threads, causes) {
		return
	}
	if len(causes) == 0 {
		at := g.findContact(&r.Message, threads)
		if at < 0 {
			at = g.openContact(r, 0)
		}
		g.join(at, r, threads, false)
		return
	}
	opened := 0
	for _, cause := range causes {
		at := g.findWish(&r.Message, threads, cause)
		if at < 0 {
			at = g.openContact(r, opened)
			opened++
		}
		g.all[at].takeCause(cause, r.ReadBy)
		g.join(at, r, threads, true)
	}
}

// askAtPlace adds a question to the contact in which a person put it. It reports false
// if no person did, or if the message of that contact is not an earlier question.
func (g *grouping) askAtPlace(r *Reading, threads []string, causes []Cause) bool {
	if r.Place == OwnContact {
		at := g.openContact(r, 0)
		if len(causes) > 0 {
			g.all[at].takeCause(causes[0], r.ReadBy)
		}
		g.join(at, r, threads, len(causes) > 0)
		return true
	}
	known := g.byMessage[message.ID(r.Place)]
	if r.Place == "" || len(known) == 0 {
		return false
	}
	g.join(known[0], r, threads, false)
	return true
}

// openContact opens a contact with a message, and returns its index.
func (g *grouping) openContact(r *Reading, wish int) int {
	g.all = append(g.all, &group{Contact: Contact{
		ID: wishID(r.ID, wish), Customer: r.CustomerID, Start: r.SentAt, Department: Unassigned, Taxonomy: r.ReadBy.Taxonomy, Model: r.ReadBy.Model,
	}})
	return len(g.all) - 1
}

// takeCause gives a contact its cause. A cause with a product replaces the same reason
// without one.
func (c *group) takeCause(cause Cause, readBy Version) {
	isMoreExact := len(c.Causes) == 1 && c.Causes[0].Product == "" && cause.Product != "" && !c.Causes[0].Corrected
	if len(c.Causes) > 0 && !isMoreExact {
		return
	}
	c.Causes = []Cause{cause}
	c.Department = cause.Department
	c.Taxonomy = readBy.Taxonomy
	c.Model = readBy.Model
}

// join adds a question to the contact at an index. An outcome, or an agent's decision
// that no answer is needed, settles it at once.
func (g *grouping) join(at int, r *Reading, threads []string, caused bool) {
	c := g.all[at]
	m := &r.Message
	c.Messages = append(c.Messages, *m)
	if !slices.Contains(c.Channels, m.Channel) {
		c.Channels = append(c.Channels, m.Channel)
	}
	c.addThreads(threads)
	g.byMessage[m.ID] = append(g.byMessage[m.ID], at)
	c.questions = append(c.questions, question{id: m.ID, at: m.SentAt, lines: linesOf(m), threads: threads, caused: caused})
	isDismissed := r.Asks != nil && !*r.Asks
	switch {
	case m.Outcome != "":
		c.settle(m, func(q question) bool { return q.id == m.ID || (caused && q.caused) })
	case isDismissed:
		c.dismiss(m)
	default:
		c.WaitingSince = c.questions[0].at
	}
	g.touch(at, m, c.Threads)
}

// touch makes the contact at an index the latest of its lines and threads.
func (g *grouping) touch(at int, m *message.Message, threads []string) {
	g.touched++
	g.all[at].touched = g.touched
	g.open = addIndex(g.open, at)
	c := g.all[at]
	for _, l := range linesOf(m) {
		if !slices.Contains(c.lines, l) {
			c.lines = append(c.lines, l)
		}
	}
	for _, l := range c.lines { // a contact that had closed is no longer there
		g.lines[l] = addIndex(g.lines[l], at)
	}
	for _, th := range threads {
		g.threads[th] = addIndex(g.threads[th], at)
	}
}

// addIndex adds at to a sorted list unless it is there.
func addIndex(list []int, at int) []int {
	i, found := slices.BinarySearch(list, at)
	if found {
		return list
	}
	return slices.Insert(list, i, at)
}

// isOpen reports whether a contact is open when m is sent.
func (c *group) isOpen(m *message.Message) bool { return c.Waiting() || !m.SentAt.After(c.ClosesAt) }

// prune removes the contacts that are closed for m and all later messages. Later
// messages may be sent up to a second before m, see [message.Message.Said].
func (g *grouping) prune(list []int, m *message.Message) []int {
	return slices.DeleteFunc(list, func(at int) bool {
		c := g.all[at]
		return !c.Waiting() && c.ClosesAt.Before(m.SentAt.Add(-2*time.Second))
	})
}

// findContact returns the index of the contact of a message without a known cause,
// or -1.
func (g *grouping) findContact(m *message.Message, threads []string) int {
	if at := g.latest(g.knowing(threads), m, anyContact); at >= 0 {
		return at
	}
	if at := g.latestOpen(g.onLines(m), m, anyContact); at >= 0 {
		return at
	}
	g.open = g.prune(g.open, m)
	return g.latestOpen(g.open, m, anyContact)
}

func anyContact(*group) bool { return true }

// findWish returns the index of the contact of a message that names a cause, or -1.
func (g *grouping) findWish(m *message.Message, threads []string, cause Cause) int {
	sameWish := func(c *group) bool { return slices.ContainsFunc(c.Causes, cause.sameWish) }
	unassigned := func(c *group) bool { return len(c.Causes) == 0 }
	g.open = g.prune(g.open, m)
	if at := g.latestOpen(g.open, m, sameWish); at >= 0 {
		return at
	}
	known := g.knowing(threads)
	if at := g.latest(known, m, sameWish); at >= 0 {
		return at
	}
	if at := g.latest(known, m, unassigned); at >= 0 {
		return at
	}
	return g.latestOpen(g.onLines(m), m, unassigned)
}

// knowing returns the contacts that know one of the threads.
func (g *grouping) knowing(threads []string) (known []int) {
	for _, th := range threads {
		g.threads[th] = slices.DeleteFunc(g.threads[th], func(at int) bool { return !slices.Contains(g.all[at].Threads, th) })
		for _, at := range g.threads[th] {
			known = addIndex(known, at)
		}
	}
	return known
}

// onLines returns the contacts with a message on one of the lines of m that may be open.
func (g *grouping) onLines(m *message.Message) (known []int) {
	for _, l := range linesOf(m) {
		g.lines[l] = g.prune(g.lines[l], m)
		for _, at := range g.lines[l] {
			known = addIndex(known, at)
		}
	}
	return known
}

// latest returns the index of the contact with the latest message that fits: of an open
// one, else of a closed one; -1 if none fits.
func (g *grouping) latest(list []int, m *message.Message, fits func(*group) bool) int {
	if at := g.latestOpen(list, m, fits); at >= 0 {
		return at
	}
	return g.latestThat(list, fits)
}

// latestOpen is latest for contacts that are open when m is sent.
func (g *grouping) latestOpen(list []int, m *message.Message, fits func(*group) bool) int {
	return g.latestThat(list, func(c *group) bool { return c.isOpen(m) && fits(c) })
}

func (g *grouping) latestThat(list []int, fits func(*group) bool) int {
	found := -1
	for _, at := range list {
		isLater := found < 0 || g.all[at].touched > g.all[found].touched
		if isLater && fits(g.all[at]) {
			found = at
		}
	}
	return found
}
