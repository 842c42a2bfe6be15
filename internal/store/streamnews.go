package store

import (
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// News returns the event that a change means for agent tools, and the event
// that time will bring after it: a contact will close, or a promise is due. ok
// is false when the change means no event.
func (c Change) News() (event contact.News, later *contact.Later, ok bool, err error) {
	e := contact.News{Customer: c.Customer, At: c.Recorded}
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
		return contact.News{}, nil, false, c.decodeFailed(err)
	}
	e = e.Named(c.Sequence)
	if l, closes := e.Later(); closes {
		later = &l
	}
	if later != nil {
		later.Order = c.Sequence
	}
	return e, later, true, nil
}

// messageNews sets e to the event of a new message. It returns the later event
// of a promise that has a date.
func messageNews(e *contact.News, it item) (*contact.Later, error) {
	m, _, err := readMessage(it)
	if err != nil {
		return nil, err
	}
	e.Kind = contact.SaidSomething
	e.Message = m.ID
	e.Channel = m.Channel
	e.Direction = m.Direction
	e.Passive = m.Passive
	e.At = m.SentAt
	if m.Note == nil || m.Note.Due.IsZero() {
		return nil, nil
	}
	return &contact.Later{Customer: e.Customer, Message: m.ID, At: m.Note.Due}, nil
}

// contactNews sets e if a contact began to wait, was answered, or is gone.
func contactNews(e *contact.News, before, after item, gone bool) error {
	was, err := readContact(before)
	if err != nil {
		return err
	}
	e.Contact = was.ID
	e.Start = was.Start
	if gone {
		e.Kind = contact.NowGone
		return nil
	}
	is, err := readContact(after)
	switch {
	case err != nil:
		return err
	case is.Waiting() && !is.WaitingSince.Equal(was.WaitingSince):
		e.Kind = contact.NowWaiting
		e.At = is.WaitingSince
	case !is.Waiting() && !is.LastAnswer.Equal(was.LastAnswer):
		e.Kind = contact.NowAnswered
		e.At = is.LastAnswer
		e.ClosesAt = is.ClosesAt
	}
	return nil
}

// claimNews sets e to the event of a claim or its release.
func claimNews(e *contact.News, it item) error {
	c, err := readClaim(it)
	if err != nil {
		return err
	}
	e.Version = c.Version
	e.Contact = c.Contact
	if c.Holder == nil {
		e.Kind = contact.NowReleased
		return nil
	}
	e.Kind = contact.NowAssigned
	e.Holder = c.Holder
	e.At = c.Since
	e.Until = c.Until
	return nil
}

// mergeNews sets e if a customer was merged into another or split off again.
func mergeNews(e *contact.News, before, after string) {
	switch {
	case before == after:
	case after != "":
		e.Kind = contact.NowMerged
		e.Into = identity.CustomerID(after)
	default:
		e.Kind = contact.NowUnmerged
		e.From = identity.CustomerID(before)
	}
}
