package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/traffic"
)

// The size of a long history, and how it is read.
const (
	longHistory = 10_000
	pageSize    = 50
	pagesRead   = 200
)

// measureHistory measures a page of a customer with 10,000 messages. Every third
// message is ours and has the statuses sent, delivered and read.
func measureHistory(ctx context.Context, r run) error {
	l := newLedger()
	table, _, err := r.newTable(ctx, l)
	if err != nil {
		return err
	}
	c := identity.Customer{ID: "0199a1b2-0000-7000-8000-000000000001"}
	c.Members = []identity.CustomerID{c.ID}
	if err := fillHistory(ctx, table, c.ID); err != nil {
		return fmt.Errorf("store a long history: %w", err)
	}
	var took []time.Duration
	var units capacity
	var reported capacity
	most := 0.0
	q := message.Query{Limit: pageSize}
	for range pagesRead {
		began := time.Now()
		p, err := table.Messages.History(withPurpose(ctx, inbound), c, q)
		if err != nil {
			return fmt.Errorf("read a page: %w", err)
		}
		took = append(took, time.Since(began))
		if len(p.Entries) != pageSize {
			return fmt.Errorf("got a page of %d messages, want %d", len(p.Entries), pageSize)
		}
		computed, reportedPage := l.takeCost(inbound)
		units = units.plus(computed)
		reported = reported.plus(reportedPage)
		most = max(most, computed.read)
		q.Cursor = p.Cursor
	}
	slices.Sort(took)
	const name = "page of 50 from 10,000 messages"
	r.printFigure(figure{name + ", mean", units.read / pagesRead, "read units", atMost(35)})
	r.printFigure(figure{name + ", most", most, "read units", atMost(35)})
	r.printFigure(figure{name + ", mean" + local, reported.read / pagesRead, "read units", atMost(35)})
	r.printFigure(figure{name + ", p95" + local, float64(took[len(took)*95/100].Microseconds()) / 1000, "ms", ""})
	return nil
}

// fillHistory stores the 10,000 messages of a customer.
func fillHistory(ctx context.Context, table *store.Table, c identity.CustomerID) error {
	who := traffic.Someone(1)
	start := time.Now().Add(-300 * 24 * time.Hour)
	var mu sync.Mutex
	var failure error
	lambdabatch.Each(longHistory, 16, func(i int) {
		sent := messageTime(start, i)
		err := putHistoryMessage(ctx, table, c, who, sent, sent.Add(time.Second), i)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failure = err
		}
	})
	return failure
}

// messageTime returns the time of message i: one every half hour.
func messageTime(start time.Time, i int) time.Time {
	return start.Add(time.Duration(i) * time.Hour / 2)
}

// putHistoryMessage stores message i. If it is outbound, it also stores its
// statuses.
func putHistoryMessage(ctx context.Context, table *store.Table, c identity.CustomerID, who traffic.Person, at, received time.Time, i int) error {
	at = at.UTC().Truncate(time.Second)
	id := traffic.Wamid(who, fmt.Sprint(i))
	m := message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, at, id), CustomerID: c, Channel: message.WhatsApp,
		Direction: message.Inbound, Kind: message.Text, ProviderID: id, Account: traffic.PhoneID, Name: who.Name,
		Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: who.Phone}, Assurance: identity.Verified},
		SentAt:   at, ReceivedAt: received, Text: traffic.Openings[i%len(traffic.Openings)].Text,
	}
	if i%3 == 2 {
		m.Direction = message.Outbound
		m.Text = traffic.Answer
	}
	if _, err := table.Messages.Put(ctx, m, ""); err != nil {
		return fmt.Errorf("message %d: %w", i, err)
	}
	if m.Direction == message.Inbound {
		return nil
	}
	for n, status := range []string{"sent", "delivered", "read"} {
		_, err := table.Messages.PutEffect(ctx, c, message.Effect{
			Channel: message.WhatsApp, Customer: m.Customer, Target: id, Kind: message.Status, Status: status,
			At: at.Add(time.Duration(n+1) * time.Second),
		})
		if err != nil {
			return fmt.Errorf("status %s of message %d: %w", status, i, err)
		}
	}
	return nil
}
