package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/traffic"
)

// A burst is 5,000 customers who send the same text in one minute. Triage gets
// the messages of one second as a batch.
const (
	burstContacts = 5_000
	perSecond     = burstContacts / 60
)

// The limits of DynamoDB for one partition, and so for one partition key, in units
// per second.
const (
	keyWrites = 1_000
	keyReads  = 3_000
)

// measureBursts measures a minute of 5,000 contacts about one reason: the speed of
// triage and the load of the busiest partition key. That key is the window of the
// cause, or the problem once there is one.
func measureBursts(ctx context.Context, r run) error {
	for _, b := range []struct{ name, text, key string }{
		{"of a problem", "Ik snap mijn factuur niet. Er staat een bedrag op dat ik niet herken.", "problem"},
		{"of a reason that only a rise makes a problem", "Goedemiddag, wanneer wordt mijn pakket bezorgd?", "window"},
	} {
		if err := measureBurst(ctx, r, b.name, b.text, b.key); err != nil {
			return fmt.Errorf("burst %s: %w", b.name, err)
		}
	}
	return nil
}

func measureBurst(ctx context.Context, r run, what, text, kind string) error {
	s, err := newStage(ctx, r)
	if err != nil {
		return err
	}
	begin := time.Now().Add(-3 * time.Minute).UTC().Truncate(time.Second)
	var took time.Duration
	var most capacity
	handle := s.handle
	s.handle = func(ctx context.Context, ev events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		s.ledger.takeBusiestKey("")
		began := time.Now()
		resp, err := handle(ctx, ev)
		took += time.Since(began)
		now := s.ledger.takeBusiestKey(kind)
		most = capacity{max(most.read, now.read), max(most.write, now.write)}
		return resp, err
	}
	for from := 0; from < burstContacts; from += perSecond {
		to := min(from+perSecond, burstContacts)
		if err := s.storeTexts(ctx, begin, text, from, to); err != nil {
			return fmt.Errorf("store messages %d to %d: %w", from, to, err)
		}
		if err := s.triageStored(ctx); err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	name := fmt.Sprintf("burst of %d contacts in a minute %s", burstContacts, what)
	r.printFigure(figure{name + ", triaged" + local, burstContacts / took.Seconds(), "contacts/s", fmt.Sprintf(">= %d", perSecond)})
	r.printFigure(figure{name + ", busiest partition key in its busiest second", most.write, "write units", atMost(keyWrites)})
	r.printFigure(figure{name + ", busiest partition key in its busiest second", most.read, "read units", atMost(keyReads)})
	return nil
}

// storeTexts stores the messages of customers from up to (not including) to. It
// does not resolve the customers, which is not part of this measurement.
func (s *stage) storeTexts(ctx context.Context, begin time.Time, text string, from, to int) error {
	errs := make([]error, to-from)
	lambdabatch.Each(to-from, 16, func(i int) {
		n := from + i
		who := traffic.Someone(n)
		at := begin.Add(time.Duration(n) * time.Minute / burstContacts)
		d, err := whatsapp.Normalize(traffic.WhatsApp(traffic.Said{From: who, ID: traffic.Wamid(who, "burst"), At: at, Text: text}))
		if err == nil && len(d.Messages) == 1 {
			d.Messages[0].CustomerID = identity.CustomerID("burst-" + who.PSID)
			_, err = notedMessages{s.Messages, s}.Put(ctx, d.Messages[0], "")
		}
		errs[i] = err
	})
	return errors.Join(errs...)
}
