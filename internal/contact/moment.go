package contact

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/identity"
)

// A Cause is what a contact is about: a reason from the taxonomy, a product
// or none, and the department that owns the two.
type Cause struct {
	Reason     string `json:"reason"`
	Product    string `json:"product,omitempty"`
	Department string `json:"department"`
	// Words are the phrases of the taxonomy that decided it, or ~ when it was
	// words of these in another order.
	Words []string `json:"words,omitempty"`
	// Message is where the deciding words are, at Spans: pairs of bytes, from
	// and to, of its subject, a full stop, a line end and its text.
	Message    ID         `json:"messageId,omitempty"`
	Spans      [][2]int32 `json:"spans,omitempty"`
	Confidence float64    `json:"confidence,omitempty"` // 0 to 1; 1 when a person said so
	Corrected  bool       `json:"corrected,omitempty"`  // by an agent
}

// Same reports whether two causes are one.
func (c Cause) Same(o Cause) bool { return c.Reason == o.Reason && c.Product == o.Product }

// A Correction is what an agent said a contact is about. It goes with one of
// the contact's messages, and so with whatever contact that is part of later.
type Correction struct {
	Customer identity.CustomerID `json:"customerId"` // in whose partition the message lies
	Message  ID                  `json:"messageId"`
	Causes   []Cause             `json:"reasons"` // reason and product; none: no known reason
	Until    time.Time           `json:"until"`   // later messages may add reasons
	By       string              `json:"by"`
	At       time.Time           `json:"at"`
	Was      []Cause             `json:"was"` // what the rules had found
	Taxonomy string              `json:"taxonomy"`
}

// A Contact is the messages of one customer, over all channels, about one
// wish. It is open while the customer waits for us; after our last answer it
// closes on silence. It is never stored as a truth of its own: [Contacts]
// makes it from the messages.
type Contact struct {
	ID           string              `json:"id"`
	Customer     identity.CustomerID `json:"customerId"`
	Start        time.Time           `json:"start"`                 // its earliest message
	WaitingSince time.Time           `json:"waitingSince,omitzero"` // the first message without our answer; zero when none
	FirstAnswer  time.Time           `json:"firstAnswer,omitzero"`
	LastAnswer   time.Time           `json:"lastAnswer,omitzero"`
	ClosesAt     time.Time           `json:"closesAt,omitzero"` // when silence closes it; zero while waiting
	Channels     []Channel           `json:"channels"`          // in order of use
	Department   string              `json:"department"`        // who owns its first cause; [Unassigned] when nothing is known
	Causes       []Cause             `json:"causes,omitempty"`
	Taxonomy     string              `json:"taxonomy,omitempty"` // the version of the taxonomy that classified it
	Threads      []string            `json:"-"`                  // what a later reply may belong to
	Messages     []Message           `json:"-"`                  // what it is made of; not stored
	Version      int64               `json:"-"`                  // of the stored item; 0 when not stored
}

// Around is what is stored around a time about the contacts of one id of a
// customer.
type Around struct {
	Contacts    []Contact // latest first
	Corrections []Correction
	Changed     bool // who is who may have changed lately
}

// Unassigned is the department of contacts whose reason is unknown.
const Unassigned = "unassigned"

// Waiting reports whether the last word is the customer's.
func (c Contact) Waiting() bool { return !c.WaitingSince.IsZero() }

// State returns "waiting", "answered" or "closed", as it is at now.
func (c Contact) State(now time.Time) string {
	switch {
	case c.Waiting():
		return "waiting"
	case now.Before(c.ClosesAt):
		return "answered"
	default:
		return "closed"
	}
}

// Silence returns how long after our last answer on a channel a contact
// closes.
func Silence(ch Channel) time.Duration {
	switch ch {
	case WebChat:
		return 4 * time.Hour
	case Email:
		return 7 * 24 * time.Hour
	default:
		return 24 * time.Hour
	}
}

// maxThreads bounds what a contact remembers of its threads.
const maxThreads = 20

// Contacts returns the contacts that messages make, earliest first. It is a
// pure function: the same messages in any order give the same contacts.
func Contacts(messages []Message) []Contact {
	messages = slices.Clone(messages)
	slices.SortFunc(messages, compare)
	var all []*Contact
	f := finder{threads: map[string][]int{}}
	for i := range messages {
		m := &messages[i]
		if m.Passive {
			continue
		}
		threads := threadsOf(*m)
		at := f.find(all, m, threads)
		if at < 0 {
			if m.Direction == Outbound {
				continue // nobody asked: a notice, a campaign
			}
			at = len(all)
			all = append(all, &Contact{ID: IDOf(m.ID), Customer: m.CustomerID, Start: m.SentAt})
		}
		all[at].take(m, threads)
		f.took(all[at], at, threads)
	}
	out := make([]Contact, len(all))
	for i, c := range all {
		out[i] = *c
	}
	return out
}

// compare orders messages by time, and those of one millisecond by id with
// the customer's first, so that an answer never comes before its question.
func compare(a, b Message) int {
	if c := a.Said().Compare(b.Said()); c != 0 {
		return c
	}
	if a.Direction != b.Direction {
		if a.Direction == Inbound {
			return -1
		}
		return 1
	}
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	default:
		return 0
	}
}

// Said returns when a message was said, for its place among others. WhatsApp
// and mail tell whole seconds: such a message was said anywhere in its second,
// and before it reached us. Without this, the words of a customer who reacts
// at once would come before the answer that they react to.
func (m Message) Said() time.Time {
	if m.SentAt.Nanosecond() != 0 || !m.ReceivedAt.After(m.SentAt) {
		return m.SentAt
	}
	if last := m.SentAt.Add(time.Second - time.Millisecond); m.ReceivedAt.After(last) {
		return last
	}
	return m.ReceivedAt
}

// A finder finds the contact of a message without looking at all of them, so
// that many contacts cost no more than their messages.
type finder struct {
	open    []int            // contacts that may still be open, earliest first
	threads map[string][]int // contacts that took a thread; some have forgotten it since
}

// find returns the index of the contact that m belongs to: the latest that is
// open, else the latest that shares a thread with it; -1 when there is none.
func (f *finder) find(all []*Contact, m *Message, threads []string) int {
	closed := func(at int) bool {
		// The next messages may be sent up to a second before m: see Said.
		return !all[at].Waiting() && all[at].ClosesAt.Before(m.SentAt.Add(-2*time.Second))
	}
	f.open = slices.DeleteFunc(f.open, closed)
	for _, at := range slices.Backward(f.open) {
		if c := all[at]; c.Waiting() || !m.SentAt.After(c.ClosesAt) {
			return at
		}
	}
	latest := -1
	for _, th := range threads {
		took := f.threads[th]
		for len(took) > 0 && !slices.Contains(all[took[len(took)-1]].Threads, th) {
			took = took[:len(took)-1]
		}
		f.threads[th] = took
		if len(took) > 0 {
			latest = max(latest, took[len(took)-1])
		}
	}
	return latest
}

// took notes that the contact at an index took a message.
func (f *finder) took(c *Contact, at int, threads []string) {
	if i, found := slices.BinarySearch(f.open, at); !found {
		f.open = slices.Insert(f.open, i, at)
	}
	for _, th := range threads {
		took := f.threads[th]
		if i, found := slices.BinarySearch(took, at); !found && slices.Contains(c.Threads, th) {
			f.threads[th] = slices.Insert(took, i, at)
		}
	}
}

// Of returns the contact that a message belongs to, of all contacts of its
// customer, as they were stored. Where a contact was taken up again by its thread, a
// message of the silence before may be counted to it.
func Of(all []Contact, m Message) (Contact, bool) {
	if m.Passive {
		return Contact{}, false
	}
	var open, known *Contact
	for i := range all {
		c := &all[i]
		if m.SentAt.Before(c.Start) {
			continue
		}
		if (c.Waiting() || !m.SentAt.After(c.ClosesAt)) && (open == nil || c.Start.After(open.Start)) {
			open = c
		}
		if c.Knows(m) && (known == nil || c.Start.After(known.Start)) {
			known = c
		}
	}
	if open == nil {
		open = known
	}
	if open == nil {
		return Contact{}, false
	}
	return *open, true
}

// Knows reports whether m continues a thread of c.
func (c Contact) Knows(m Message) bool {
	for _, th := range threadsOf(m) {
		if slices.Contains(c.Threads, th) {
			return true
		}
	}
	return false
}

// Threads is a set of threads, to tell which of many contacts and messages
// continue each other.
type Threads map[string]bool

// AddContact adds what a later message of c may continue.
func (t Threads) AddContact(c Contact) { t.add(c.Threads) }

// AddMessage adds what m continues.
func (t Threads) AddMessage(m Message) { t.add(threadsOf(m)) }

// HasContact reports whether a message of c's threads was added.
func (t Threads) HasContact(c Contact) bool { return t.has(c.Threads) }

// HasMessage reports whether a contact that knows m was added.
func (t Threads) HasMessage(m Message) bool { return t.has(threadsOf(m)) }

func (t Threads) add(threads []string) {
	for _, th := range threads {
		t[th] = true
	}
}

func (t Threads) has(threads []string) bool {
	return slices.ContainsFunc(threads, func(th string) bool { return t[th] })
}

// threadsOf returns what ties m to others: a mail's thread and references. A
// chat app's reply quotes one message, however old, and proves nothing about
// the wish.
func threadsOf(m Message) []string {
	if m.Channel != Email {
		return nil
	}
	var out []string
	if m.Thread != "" {
		out = append(out, threadKey(m.Thread))
	}
	if m.MailID != "" && m.MailID != m.Thread {
		out = append(out, threadKey(m.MailID))
	}
	if m.ReplyTo != nil {
		for _, ref := range m.ReplyTo.References {
			out = append(out, threadKey(ref))
		}
	}
	return out
}

func threadKey(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// IDOf returns the id of the contact whose earliest message that is.
func IDOf(first ID) string {
	sum := sha256.Sum256([]byte(first))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func (c *Contact) take(m *Message, threads []string) {
	c.Messages = append(c.Messages, *m)
	if !slices.Contains(c.Channels, m.Channel) {
		c.Channels = append(c.Channels, m.Channel)
	}
	for _, th := range threads {
		if slices.Contains(c.Threads, th) {
			continue
		}
		if len(c.Threads) == maxThreads { // the first names most threads, the latest are what is answered
			c.Threads = slices.Delete(c.Threads, 1, 2)
		}
		c.Threads = append(c.Threads, th)
	}
	if m.Direction == Inbound && c.WaitingSince.IsZero() {
		c.WaitingSince = m.SentAt
	}
	if m.Direction == Outbound && !m.Lost || m.Outcome != "" {
		c.answer(m)
	}
}

// answer takes our last word. A contact registered by hand with an outcome
// holds question and answer in one.
func (c *Contact) answer(m *Message) {
	c.WaitingSince = time.Time{}
	if c.FirstAnswer.IsZero() {
		c.FirstAnswer = m.SentAt
	}
	c.LastAnswer = m.SentAt
	c.ClosesAt = m.SentAt.Add(Silence(m.Channel))
}
