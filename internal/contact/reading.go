package contact

import (
	"slices"
	"time"

	"github.com/heard-intake/heard/internal/message"
)

// A Reading is a message with what it says about contacts.
type Reading struct {
	message.Message
	Causes  []Cause // the wishes in it: the known causes that it names, first named first
	ReadBy  Version // what found the causes
	Asks    *bool   // what a person decided; nil: [Asks] decides
	Machine *bool   // what a person or the settings say; nil: [WrittenByMachine] decides
	Place   Place   // where a person put it; empty: the rules of [Contacts] decide
}

// A Version is what messages are read with.
type Version struct {
	Taxonomy string // version of the taxonomy
	Model    string // id of the classifier's model; empty without one
}

// maxWishes is how many causes of one message are read. Each is a contact of its own.
const maxWishes = 4

// Read returns the readings of messages that [Contacts] needs to find stored contacts
// again: each message has the causes for which a stored contact names it. Without
// stored contacts no message has a cause.
func Read(messages []message.Message, stored []Contact) []Reading {
	anchors := newAnchors(stored)
	out := make([]Reading, len(messages))
	for i, m := range messages {
		out[i] = Reading{Message: m, Causes: anchors.causes[m.ID]}
	}
	return out
}

// anchors holds what stored contacts say about the readings of messages.
type anchors struct {
	causes  map[message.ID][]Cause // the causes for which a contact names the message
	readBy  map[message.ID]Version // of these messages
	openers map[string]Version     // by id of the contact
}

func newAnchors(stored []Contact) anchors {
	a := anchors{map[message.ID][]Cause{}, map[message.ID]Version{}, map[string]Version{}}
	for _, k := range byWish(stored) {
		readBy := Version{k.Taxonomy, k.Model}
		a.openers[k.ID] = readBy
		for _, c := range k.Causes {
			if c.Message != "" {
				a.causes[c.Message] = append(a.causes[c.Message], c)
				a.readBy[c.Message] = readBy
			}
		}
	}
	return a
}

// byWish returns contacts in an order in which those that one message opened are in the
// order of its wishes.
func byWish(contacts []Contact) []Contact {
	wishes := map[string]int{}
	for _, k := range contacts {
		for _, c := range k.Causes {
			if c.Message != "" {
				wishes[k.ID] = slices.Index(IDsOf(c.Message), k.ID)
			}
		}
	}
	contacts = slices.Clone(contacts)
	slices.SortStableFunc(contacts, func(a, b Contact) int { return wishes[a.ID] - wishes[b.ID] })
	return contacts
}

// Pin replaces the causes of readings by those that stored contacts of another version
// were opened for, so that a new taxonomy or model moves no contact that people
// work on. It changes the readings in place.
//
//   - A message that a stored contact names for its cause keeps this cause.
//   - A message that opened an unassigned contact keeps having no cause.
//   - Any other message of a closed contact names no cause that no contact of then has.
//
// Edited messages and messages since a time, which are new, are read as they are now.
// now decides which contacts are closed.
func Pin(readings []Reading, stored []Contact, current Version, since, now time.Time) {
	var older []Contact
	for _, k := range stored {
		if readBy := (Version{k.Taxonomy, k.Model}); k.Taxonomy != "" && readBy != current {
			older = append(older, k)
		}
	}
	if len(older) == 0 {
		return
	}
	a := newAnchors(older)
	for i := range readings {
		r := &readings[i]
		if r.Direction != message.Inbound || r.Edited || !r.SentAt.Before(since) {
			continue
		}
		opened, opens := a.openedWith(r.ID)
		switch pinned := a.causes[r.ID]; {
		case len(pinned) > 0:
			r.Causes = pinCauses(pinned, r.Causes)
			r.ReadBy = a.readBy[r.ID]
		case opens:
			r.Causes = nil
			r.ReadBy = opened
		default:
			r.Causes = causesOfThen(older, r, now)
		}
	}
}

// openedWith reports whether one of the contacts began with the message, and what that
// contact was read with.
func (a anchors) openedWith(id message.ID) (readBy Version, opens bool) {
	for _, contactID := range IDsOf(id) {
		if readBy, opens = a.openers[contactID]; opens {
			return readBy, true
		}
	}
	return Version{}, false
}

// pinCauses returns the pinned causes. Where the present reading found the same reason,
// it returns that cause, which has the present words and product.
func pinCauses(pinned, found []Cause) []Cause {
	out := slices.Clone(pinned)
	for i, c := range out {
		same := func(f Cause) bool { return f.Reason == c.Reason }
		if j := slices.IndexFunc(found, same); j >= 0 && !c.Corrected {
			out[i] = found[j]
		}
	}
	return out
}

// causesOfThen returns the causes of a message, without those that no contact has if
// the message was sent in the time of a contact that closed.
func causesOfThen(older []Contact, r *Reading, now time.Time) []Cause {
	inClosed := func(k Contact) bool {
		return k.State(now) == "closed" && !r.SentAt.Before(k.Start) && !r.SentAt.After(k.ClosesAt)
	}
	if !slices.ContainsFunc(older, inClosed) {
		return r.Causes
	}
	return slices.DeleteFunc(slices.Clone(r.Causes), func(c Cause) bool {
		return !slices.ContainsFunc(older, func(k Contact) bool {
			return slices.ContainsFunc(k.Causes, func(o Cause) bool { return o.Reason == c.Reason })
		})
	})
}

// Correct applies the corrections of agents to readings, in the order of their times,
// and returns the contacts. A correction replaces the cause of the contact to which its
// message belongs: of all messages in it that were sent until the correction. Later
// messages may name other causes.
func Correct(readings []Reading, corrections []Correction) []Contact {
	corrections = slices.Clone(corrections)
	slices.SortStableFunc(corrections, func(a, b Correction) int { return a.At.Compare(b.At) })
	contacts := Contacts(readings)
	for _, c := range corrections {
		k, ok := corrected(contacts, c)
		if !ok {
			continue
		}
		readings = withCorrection(readings, k, c)
		contacts = Contacts(readings)
	}
	return contacts
}

// corrected returns the contact that a correction is about: of those with its message,
// the one with a cause that the correction replaces, else the first.
func corrected(contacts []Contact, c Correction) (k Contact, ok bool) {
	for _, candidate := range contacts {
		if !candidate.has(c.Message) {
			continue
		}
		replaced := func(was Cause) bool { return slices.ContainsFunc(candidate.Causes, was.sameWish) }
		if slices.ContainsFunc(c.Was, replaced) {
			return candidate, true
		}
		if !ok {
			k = candidate
			ok = true
		}
	}
	return k, ok
}

// has reports whether the message belongs to the contact.
func (c Contact) has(id message.ID) bool {
	return slices.ContainsFunc(c.Messages, func(m message.Message) bool { return m.ID == id })
}

// withCorrection returns the readings after a correction of contact k.
func withCorrection(readings []Reading, k Contact, c Correction) []Reading {
	readings = slices.Clone(readings)
	inContact := make(map[message.ID]bool, len(k.Messages))
	for _, m := range k.Messages {
		inContact[m.ID] = !m.SentAt.After(c.Until)
	}
	for i := range readings {
		r := &readings[i]
		if !inContact[r.ID] {
			continue
		}
		before := r.Causes
		r.Causes = slices.DeleteFunc(slices.Clone(before), func(x Cause) bool {
			return slices.ContainsFunc(k.Causes, x.sameWish)
		})
		if r.ID != c.Message && len(r.Causes) == len(before) {
			continue
		}
		for _, cause := range c.Causes {
			cause.Message = r.ID
			cause.Corrected = true
			cause.Confidence = 1
			cause.FoundBy = ByCorrection
			r.Causes = append(r.Causes, cause)
		}
	}
	return readings
}
