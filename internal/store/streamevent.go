package store

import (
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// Event returns the event that a change means for agent tools, and the event
// that time will bring after it: a contact will close, or a promise is due. ok
// is false when the change means no event.
func (c Change) Event() (event contact.Event, later *contact.DeferredEvent, ok bool, err error) {
	e := contact.Event{Customer: c.Customer, At: c.Recorded}
	before := c.itemOf(c.record.OldImage)
	after := c.itemOf(c.record.NewImage)
	switch c.Kind {
	case KindMessage:
		if c.Operation == Inserted {
			later, err = messageNews(&e, after)
		}
	case KindContact:
		err = contactNews(&e, before, after, c.Operation == Removed)
	case KindClaim:
		if c.Operation != Removed {
			err = claimNews(&e, after)
		}
	case KindProfile:
		mergeNews(&e, text(before, attrProfileMergedInto), text(after, attrProfileMergedInto))
	default: // agent tools are not notified of the other kinds
	}
	if err != nil || e.Kind == "" {
		return contact.Event{}, nil, false, c.decodeFailed(err)
	}
	e = e.Named(c.Sequence)
	if l, closes := e.Deferred(); closes {
		later = &l
	}
	if later != nil {
		later.Order = c.Sequence
	}
	return e, later, true, nil
}

// messageNews sets e to the event of a new message. It returns the later event
// of a promise that has a date.
func messageNews(e *contact.Event, it item) (*contact.DeferredEvent, error) {
	m, _, err := readMessage(it)
	if err != nil {
		return nil, err
	}
	e.Kind = contact.MessageStored
	e.Message = m.ID
	e.Channel = m.Channel
	e.Direction = m.Direction
	e.Passive = m.Passive
	e.At = m.SentAt
	if m.Note == nil || m.Note.Due.IsZero() {
		return nil, nil
	}
	return &contact.DeferredEvent{Customer: e.Customer, Message: m.ID, At: m.Note.Due}, nil
}

// contactNews sets e if a contact began to wait, was answered, or is gone.
func contactNews(e *contact.Event, before, after item, gone bool) error {
	was, err := readContact(before)
	if err != nil {
		return err
	}
	e.Contact = was.ID
	e.Start = was.Start
	if gone {
		e.Kind = contact.ContactDropped
		return nil
	}
	is, err := readContact(after)
	switch {
	case err != nil:
		return err
	case is.Waiting() && !is.WaitingSince.Equal(was.WaitingSince):
		e.Kind = contact.WaitStarted
		e.At = is.WaitingSince
	case !is.Waiting() && !is.LastAnswer.Equal(was.LastAnswer):
		e.Kind = contact.ContactAnswered
		e.At = is.LastAnswer
		e.ClosesAt = is.ClosesAt
	}
	return nil
}

// claimNews sets e to the event of a claim or its release.
func claimNews(e *contact.Event, it item) error {
	c, err := readClaim(it)
	if err != nil {
		return err
	}
	e.Version = c.Version
	e.Contact = c.Contact
	if c.Holder == nil {
		e.Kind = contact.CustomerReleased
		return nil
	}
	e.Kind = contact.CustomerAssigned
	e.Holder = c.Holder
	e.At = c.Since
	e.Until = c.Until
	return nil
}

// mergeNews sets e if a customer was merged into another or split off again.
func mergeNews(e *contact.Event, before, after string) {
	switch {
	case before == after:
	case after != "":
		e.Kind = contact.CustomerMerged
		e.Into = identity.CustomerID(after)
	default:
		e.Kind = contact.CustomerUnmerged
		e.From = identity.CustomerID(before)
	}
}
