package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/test/traffic"
)

// What a burst is: so many customers a minute who say the same. Triage is
// given what a second brings.
const (
	burstContacts = 5_000
	perSecond     = burstContacts / 60
)

// What DynamoDB gives one partition in a second, and so one partition key.
const (
	keyWrites = 1_000
	keyReads  = 3_000
)

// bursts measures a minute of 5,000 contacts about one reason: how fast triage
// is, and what the busiest partition key has to take. While the cause has no
// problem that is its window, then the problem itself.
func bursts(ctx context.Context, r run) error {
	for _, b := range []struct{ name, text, key string }{
		{"of a problem", "Ik snap mijn factuur niet. Er staat een bedrag op dat ik niet herken.", "P#"},
		{"of a reason that only a rise makes a problem", "Goedemiddag, wanneer wordt mijn pakket bezorgd?", "W#"},
	} {
		if err := burst(ctx, r, b.name, b.text, b.key); err != nil {
			return err
		}
	}
	return nil
}

func burst(ctx context.Context, r run, what, text, key string) error {
	s, err := newStage(ctx, r)
	if err != nil {
		return err
	}
	begin := time.Now().Add(-3 * time.Minute).UTC().Truncate(time.Second)
	var took time.Duration
	var most capacity
	handle := s.handle
	s.handle = func(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		s.ledger.busiest("")
		began := time.Now()
		resp, err := handle(ctx, ev)
		took += time.Since(began)
		now := s.ledger.busiest(key)
		most = capacity{max(most.read, now.read), max(most.write, now.write)}
		return resp, err
	}
	for from := 0; from < burstContacts; from += perSecond {
		to := min(from+perSecond, burstContacts)
		if err := s.say(ctx, begin, text, from, to); err != nil {
			return err
		}
		if err := s.triaged(ctx); err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	name := fmt.Sprintf("burst of %d contacts in a minute %s", burstContacts, what)
	r.add(figure{name + ", triaged" + local, burstContacts / took.Seconds(), "contacts/s", fmt.Sprintf(">= %d", perSecond)})
	r.add(figure{name + ", busiest partition key in its busiest second", most.write, "write units", atMost(keyWrites)})
	r.add(figure{name + ", busiest partition key in its busiest second", most.read, "read units", atMost(keyReads)})
	return nil
}

// say stores what some of the customers of a burst say: whose they are is not
// what is measured.
func (s *stage) say(ctx context.Context, begin time.Time, text string, from, to int) error {
	errs := make([]error, to-from)
	batch.Each(to-from, 16, func(i int) {
		n := from + i
		who, at := traffic.Someone(n), begin.Add(time.Duration(n)*time.Minute/burstContacts)
		d, err := whatsapp.Normalize(traffic.WhatsApp(traffic.Said{From: who, ID: traffic.Wamid(who, "burst"), At: at, Text: text}))
		if err == nil && len(d.Messages) == 1 {
			d.Messages[0].CustomerID = identity.CustomerID("burst-" + who.PSID)
			_, err = s.PutMessage(ctx, d.Messages[0], "")
		}
		errs[i] = err
	})
	return errors.Join(errs...)
}
