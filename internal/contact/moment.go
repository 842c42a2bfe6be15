// Package contact computes contacts from messages. A [Contact] is the messages of one
// customer about one wish, over all channels. [Contacts] is a pure function: the same
// messages in any order give the same contacts.
//
// The package also defines the claims of agents on a customer, corrections of reasons,
// the waiting list, and the events that agent tools mirror.
package contact

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// A Cause is a reason of a contact with its product, if any, and the department that
// owns them.
type Cause struct {
	Reason     string `json:"reason"`
	Product    string `json:"product,omitempty"`
	Department string `json:"department"`
	// Words are the phrases of the taxonomy that decided.
	Words []string `json:"words,omitempty"`
	// Message is the message with the deciding words. Spans are their byte ranges, from
	// and to, in the text "<subject>.\n<text>".
	Message    message.ID `json:"messageId,omitempty"`
	Spans      [][2]int32 `json:"spans,omitempty"`
	Confidence float64    `json:"confidence,omitempty"` // 0 to 1; 1 if a person decided
	Corrected  bool       `json:"corrected,omitempty"`  // whether an agent decided
}

// Same reports whether c and o have the same reason and product.
func (c Cause) Same(o Cause) bool { return c.Reason == o.Reason && c.Product == o.Product }

// A Correction holds the causes that an agent set for a contact. It is attached to a
// message of the contact, so it follows the message into another contact.
type Correction struct {
	Customer identity.CustomerID `json:"customerId"` // customer id under which the message is stored
	Message  message.ID          `json:"messageId"`
	Causes   []Cause             `json:"reasons"` // with reason and product; empty means no known reason
	Until    time.Time           `json:"until"`   // messages sent later may add reasons
	By       string              `json:"by"`
	At       time.Time           `json:"at"`
	Was      []Cause             `json:"was"` // the causes before the correction
	Taxonomy string              `json:"taxonomy"`
}

// A Contact is the messages of one customer, over all channels, about one wish. It is
// open while the customer waits for an answer. After our last answer it closes on
// silence. [Contacts] computes contacts from messages; a stored contact is only a copy
// of that result.
type Contact struct {
	ID           string              `json:"id"`
	Customer     identity.CustomerID `json:"customerId"`
	Start        time.Time           `json:"start"`                 // time of its earliest message
	WaitingSince time.Time           `json:"waitingSince,omitzero"` // time of the first unanswered message; zero if all are answered
	FirstAnswer  time.Time           `json:"firstAnswer,omitzero"`
	LastAnswer   time.Time           `json:"lastAnswer,omitzero"`
	ClosesAt     time.Time           `json:"closesAt,omitzero"` // time at which it closes on silence; zero before the first answer
	Channels     []message.Channel   `json:"channels"`          // in order of first use
	Department   string              `json:"department"`        // owner of its first cause, or [Unassigned] without a cause
	Causes       []Cause             `json:"causes,omitempty"`
	Taxonomy     string              `json:"taxonomy,omitempty"` // version of the taxonomy that classified it
	Unrecorded   []Cause             `json:"-"`                  // causes of it, or former ones, whose problem does not know that yet
	Threads      []string            `json:"-"`                  // hashed thread keys, to recognise later replies
	Messages     []message.Message   `json:"-"`                  // its messages, oldest first; not stored
	Version      int64               `json:"-"`                  // version of the stored item; 0 if not stored
}

// NearbyContacts holds the contacts of one customer id near a time, with corrections and
// decisions.
type NearbyContacts struct {
	Contacts    []Contact // latest first
	Corrections []Correction
	Decisions   []Decision
	Changed     bool // an identity change may have happened recently
}

// Unassigned is the department of contacts whose reason is unknown.
const Unassigned = "unassigned"

// Waiting reports whether the contact has an unanswered message of the customer.
func (c Contact) Waiting() bool { return !c.WaitingSince.IsZero() }

// State returns the state at now: "waiting", "answered" or "closed".
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

// Silence returns the time after our last answer on a channel at which a contact
// closes.
func Silence(ch message.Channel) time.Duration {
	switch ch {
	case message.WebChat:
		return 4 * time.Hour
	case message.Email:
		return 7 * 24 * time.Hour
	default:
		return 24 * time.Hour
	}
}

// maxThreads is the maximum number of thread keys of a contact.
const maxThreads = 20

// Contacts computes the contacts of a customer from all messages, earliest first. It
// is a pure function: the order of messages does not change the result
// (TestContacts_AnyOrder).
func Contacts(messages []message.Message) []Contact {
	messages = slices.Clone(messages)
	slices.SortFunc(messages, compareMessages)
	var all []*Contact
	f := finder{threads: map[string][]int{}}
	for i := range messages {
		m := &messages[i]
		if m.Passive {
			continue
		}
		threads := threadKeys(*m)
		at := f.find(all, m, threads)
		if at < 0 {
			if m.Direction == message.Outbound {
				continue // not an answer, for example a notice or a campaign
			}
			at = len(all)
			all = append(all, &Contact{ID: IDOf(m.ID), Customer: m.CustomerID, Start: m.SentAt})
		}
		all[at].addMessage(m, threads)
		f.addTaken(all[at], at, threads)
	}
	out := make([]Contact, len(all))
	for i, c := range all {
		out[i] = *c
	}
	return out
}

// compareMessages orders messages by the time of [Message.Said]. Messages of the same
// millisecond are ordered by direction, inbound first, so that no answer precedes its
// question, and then by id.
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
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	default:
		return 0
	}
}

// A finder finds the contact of a message without reading all contacts, so the cost of
// Contacts is linear in the number of messages.
type finder struct {
	open    []int            // indexes of contacts that may still be open, earliest first
	threads map[string][]int // by thread key: indexes of contacts with that thread; a contact may have dropped it since
}

// find returns the index of the contact that m belongs to: the latest open one, or else
// the latest one with a common thread, or -1.
func (f *finder) find(all []*Contact, m *message.Message, threads []string) int {
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

// addTaken records that contact c, at index at, has a message with these threads.
func (f *finder) addTaken(c *Contact, at int, threads []string) {
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

// Of returns the stored contact that a message belongs to, from all contacts of its
// customer. If a closed contact was reopened through its thread, a message from the
// silence before the reopening may be assigned to it.
func Of(all []Contact, m message.Message) (Contact, bool) {
	if m.Passive {
		return Contact{}, false
	}
	var open, known *Contact
	for i := range all {
		c := &all[i]
		if m.SentAt.Before(c.Start) {
			continue
		}
		wasOpen := c.Waiting() || !m.SentAt.After(c.ClosesAt)
		if wasOpen && startsLater(c, open) {
			open = c
		}
		if c.Knows(m) && startsLater(c, known) {
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

// startsLater reports whether c starts after other. Every contact starts after nil.
func startsLater(c, other *Contact) bool { return other == nil || c.Start.After(other.Start) }

// Knows reports whether m continues a thread of c.
func (c Contact) Knows(m message.Message) bool {
	for _, th := range threadKeys(m) {
		if slices.Contains(c.Threads, th) {
			return true
		}
	}
	return false
}

// Threads is a set of thread keys. It tells which contacts and messages continue each
// other.
type Threads map[string]bool

// AddContact adds the threads of c.
func (t Threads) AddContact(c Contact) { t.add(c.Threads) }

// AddMessage adds the threads of m.
func (t Threads) AddMessage(m message.Message) { t.add(threadKeys(m)) }

// HasContact reports whether a message of c's threads was added.
func (t Threads) HasContact(c Contact) bool { return t.has(c.Threads) }

// HasMessage reports whether a contact that knows m was added.
func (t Threads) HasMessage(m message.Message) bool { return t.has(threadKeys(m)) }

func (t Threads) add(threads []string) {
	for _, th := range threads {
		t[th] = true
	}
}

func (t Threads) has(threads []string) bool {
	return slices.ContainsFunc(threads, func(th string) bool { return t[th] })
}

// threadKeys returns the hashed keys of the threads of a mail: its thread, Message-ID
// and references. A reply in a chat app quotes any old message, so it does not show
// that the wish is the same.
func threadKeys(m message.Message) []string {
	if m.Channel != message.Email {
		return nil
	}
	var out []string
	if m.Thread != "" {
		out = append(out, hashThread(m.Thread))
	}
	if m.MailID != "" && m.MailID != m.Thread {
		out = append(out, hashThread(m.MailID))
	}
	if m.ReplyTo != nil {
		for _, ref := range m.ReplyTo.References {
			out = append(out, hashThread(ref))
		}
	}
	return out
}

func hashThread(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// IDOf returns the id of the contact whose earliest message has the given id.
func IDOf(first message.ID) string {
	sum := sha256.Sum256([]byte(first))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// addMessage adds the next message, in order, to the contact. Threads are its thread
// keys.
func (c *Contact) addMessage(m *message.Message, threads []string) {
	c.Messages = append(c.Messages, *m)
	if !slices.Contains(c.Channels, m.Channel) {
		c.Channels = append(c.Channels, m.Channel)
	}
	for _, th := range threads {
		if slices.Contains(c.Threads, th) {
			continue
		}
		if len(c.Threads) == maxThreads { // keep the first, which most replies refer to, and the latest ones
			c.Threads = slices.Delete(c.Threads, 1, 2)
		}
		c.Threads = append(c.Threads, th)
	}
	if m.Direction == message.Inbound && c.WaitingSince.IsZero() {
		c.WaitingSince = m.SentAt
	}
	isReceivedAnswer := m.Direction == message.Outbound && !m.Lost
	if isReceivedAnswer || m.Outcome != "" {
		c.recordAnswer(m)
	}
}

// recordAnswer ends the waiting with our answer m. A message registered by hand with
// an outcome is question and answer in one.
func (c *Contact) recordAnswer(m *message.Message) {
	c.WaitingSince = time.Time{}
	if c.FirstAnswer.IsZero() {
		c.FirstAnswer = m.SentAt
	}
	c.LastAnswer = m.SentAt
	c.ClosesAt = m.SentAt.Add(Silence(m.Channel))
}
