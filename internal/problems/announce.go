package problems

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// Tell tells the department that the taxonomy names of every candidate that
// nobody was told of. A candidate that grew, or has other words besides, is
// told already. Two who tell at once tell once: the second finds that somebody
// was told since it looked, and leaves the rest to the next look.
func (d *Desk) Tell(ctx context.Context, now time.Time) error {
	rules := d.Taxonomy()
	department, ok := rules.Department(rules.CandidatesTo)
	if !ok {
		return nil
	}
	told, count, err := d.Store.AnnouncedCandidates(ctx, now)
	if err != nil {
		return err
	}
	decided, err := d.Store.DecidedWords(ctx, now)
	if err != nil {
		return err
	}
	fresh := func(b problem.Burst) bool {
		return !slices.ContainsFunc(told, func(t problem.Told) bool { return t.Is(b) })
	}
	bursts, err := d.bursts(ctx, now, decided, fresh)
	if err != nil {
		return err
	}
	for _, b := range bursts {
		if !fresh(b) {
			continue // it shares half of its contacts with one before it
		}
		c, err := d.show(ctx, b)
		if err != nil {
			return err
		}
		t := problem.Told{
			ID: uuid.Must(uuid.NewV7()).String(), Department: department.ID, Name: problem.Label(department.Names), At: now,
			Words: b.Words, Shown: c.Words, Quotes: c.Quotes, Customers: c.Customers, Contacts: c.Contacts, First: c.First, Last: c.Last,
			Expires: now.Add(lasts),
		}
		if err := d.Store.AnnounceCandidate(ctx, t, count); err != nil {
			if fault.KindOf(err) == fault.Conflict {
				return nil
			}
			return err
		}
		told, count = append(told, t), count+1
	}
	return nil
}

// Bounds of one look.
const (
	every   = 10 * time.Minute
	maxLook = 15 * time.Second
)

// A Watch looks for new candidates every ten minutes, however often it is
// asked to.
type Watch struct {
	Desk

	looked time.Time
}

// Look tells of new candidates, when it is time.
func (w *Watch) Look(ctx context.Context, now time.Time) error {
	if since := now.Sub(w.looked); since >= 0 && since < every {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxLook)
	defer cancel()
	if err := w.Tell(ctx, now); err != nil {
		return err
	}
	w.looked = now
	return nil
}
