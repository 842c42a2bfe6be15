package problems

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// AnnounceCandidates sends every candidate that was not announced before to the
// department that the taxonomy names for candidates. An announced candidate is
// not announced again if it grows or gets other words.
//
// Concurrent runs announce a candidate once: a run that finds that another one
// announced something since it looked stops, and the next run continues.
func (s *Service) AnnounceCandidates(ctx context.Context, now time.Time) error {
	rules := s.Taxonomy()
	department, ok := rules.Department(rules.CandidatesTo)
	if !ok {
		return nil
	}
	announced, count, err := s.Store.Candidates.Announced(ctx, now)
	if err != nil {
		return err
	}
	decided, err := s.Store.Candidates.DecidedWords(ctx, now)
	if err != nil {
		return err
	}
	isNew := func(b problem.Burst) bool {
		return !slices.ContainsFunc(announced, func(a problem.AnnouncedCandidate) bool { return a.MatchesBurst(b) })
	}
	bursts, err := s.findBursts(ctx, now, decided, isNew)
	if err != nil {
		return err
	}
	for _, b := range bursts {
		if !isNew(b) {
			continue // it shares half of its contacts with a burst that was announced just now
		}
		c, err := s.readCandidate(ctx, b)
		if err != nil {
			return err
		}
		a := problem.AnnouncedCandidate{
			ID: uuid.Must(uuid.NewV7()).String(), Department: department.ID, Name: problem.Label(department.Names), At: now,
			Words: b.Words, Shown: c.Words, Quotes: c.Quotes, Customers: c.Customers, Contacts: c.Contacts, First: c.First, Last: c.Last,
			Expires: now.Add(decisionLifetime),
		}
		err = s.Store.Candidates.Announce(ctx, a, count)
		if fault.Is(err, fault.Conflict) {
			return nil
		}
		if err != nil {
			return err
		}
		announced = append(announced, a)
		count++
	}
	return nil
}

// Bounds of [Announcer.Run].
const (
	announceInterval = 10 * time.Minute
	announceTimeout  = 15 * time.Second
)

// An Announcer announces candidates every ten minutes, however often it is run.
// It must not be run concurrently.
type Announcer struct {
	Service *Service

	last time.Time // when a run succeeded
}

// Run announces new candidates if the last successful run was ten minutes ago or
// longer.
func (a *Announcer) Run(ctx context.Context, now time.Time) error {
	if since := now.Sub(a.last); since >= 0 && since < announceInterval {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	if err := a.Service.AnnounceCandidates(ctx, now); err != nil {
		return err
	}
	a.last = now
	return nil
}
