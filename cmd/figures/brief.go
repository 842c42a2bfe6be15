package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/agentapi"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/traffic"
)

const briefsRead = 200

// measureBriefs measures the brief of an ordinary customer (two contacts, a
// claim, a promise, an open problem) and of a customer with 10,000 messages. It
// also measures the cost of closing contacts.
func measureBriefs(ctx context.Context, r run) error {
	l := newLedger()
	table, _, err := r.newTable(ctx, l)
	if err != nil {
		return err
	}
	tax, err := r.loadTaxonomy()
	if err != nil {
		return err
	}
	agents := &agentapi.API{Store: table, Taxonomy: func() *taxonomy.Taxonomy { return tax }, Now: time.Now}
	handle := httpapi.Lambda(agents.Handler())
	const (
		usual = identity.CustomerID("0199a1b2-0000-7000-8000-000000000002")
		large = identity.CustomerID("0199a1b2-0000-7000-8000-000000000003")
	)
	if err := storeOrdinaryCustomer(ctx, table, usual); err != nil {
		return fmt.Errorf("store an ordinary customer: %w", err)
	}
	if err := fillHistory(ctx, table, large); err != nil {
		return fmt.Errorf("store a long history: %w", err)
	}
	for _, c := range []struct {
		name string
		id   identity.CustomerID
	}{{"brief of two contacts", usual}, {"brief of 10,000 messages", large}} {
		var took []time.Duration
		l.takeCost(inbound)
		for range briefsRead {
			began := time.Now()
			if err := readBrief(withPurpose(ctx, inbound), handle, c.id); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			took = append(took, time.Since(began))
		}
		computed, _ := l.takeCost(inbound)
		slices.Sort(took)
		r.printFigure(figure{c.name + ", mean", computed.read / briefsRead, "read units", ""})
		r.printFigure(figure{c.name + ", p50" + local, float64(took[len(took)/2].Microseconds()) / 1000, "ms", atMost(100)})
		r.printFigure(figure{c.name + ", p95" + local, float64(took[len(took)*95/100].Microseconds()) / 1000, "ms", atMost(100)})
	}
	return measureClosings(ctx, r, l, table)
}

// measureClosings measures the cost of closing contacts. Contacts that are
// answered together share one row until they close. Deleting the row costs as
// much as writing it, so the cost is doubled.
func measureClosings(ctx context.Context, r run, l *ledger, table *store.Table) error {
	for _, n := range []int{1, 100} {
		var all []contact.DeferredEvent
		for i := range n {
			all = append(all, contact.DeferredEvent{Customer: "0199a1b2-0000-7000-8000-000000000002", Contact: "qLk3vYb2cD8eFgHi", Start: time.Now(), At: time.Now(), Order: fmt.Sprintf("1000000000034980%05d", i)})
		}
		if err := table.Schedule.PutDeferredEvents(withPurpose(ctx, outgoing), time.Now(), fmt.Sprint(n), all); err != nil {
			return fmt.Errorf("closing of %d contacts: %w", n, err)
		}
		computed, _ := l.takeCost(outgoing)
		r.printFigure(figure{fmt.Sprintf("closing of a contact, %d answered together", n), 2 * computed.write / float64(n), "write units", ""})
	}
	return nil
}

// storeOrdinaryCustomer stores a customer with contacts on three channels, a
// promise, a claim and an open problem.
func storeOrdinaryCustomer(ctx context.Context, table *store.Table, c identity.CustomerID) error {
	who := traffic.Someone(2)
	now := time.Now().UTC().Truncate(time.Second)
	var ms []message.Message
	for i, said := range []struct {
		ch   message.Channel
		dir  message.Direction
		ago  time.Duration
		text string
		note *message.Remark
	}{
		{message.Email, message.Inbound, 9 * 24 * time.Hour, "Mijn koffiemachine is kapot.", nil},
		{message.Email, message.Outbound, 9*24*time.Hour - time.Hour, traffic.Answer, nil},
		{message.WhatsApp, message.Inbound, 3 * time.Hour, "Hallo, mijn koffiemachine is weer kapot. Kunt u iemand sturen?", nil},
		{message.Note, message.Outbound, 2 * time.Hour, "Ontkalkt, hielp niet.", &message.Remark{Kind: message.Tried}},
		{message.Note, message.Outbound, time.Hour, "Een monteur belt.", &message.Remark{Kind: message.Promised, Due: now.Add(24 * time.Hour)}},
		{message.WhatsApp, message.Inbound, time.Minute, "Hoe laat ongeveer?", nil},
	} {
		at := now.Add(-said.ago)
		id := traffic.Wamid(who, fmt.Sprint("brief", i))
		m := message.Message{
			Version: message.SchemaVersion, ID: message.NewID(said.ch, at, id), CustomerID: c, Channel: said.ch, Direction: said.dir, Kind: message.Text,
			ProviderID: id, Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: who.Phone}, Assurance: identity.Verified},
			SentAt: at, ReceivedAt: at, Text: said.text, Note: said.note, Passive: said.note != nil,
		}
		if _, err := table.Messages.Put(ctx, m, ""); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		ms = append(ms, m)
	}
	var seen []problem.Occurrence
	for _, k := range contact.Contacts(contact.Read(ms, nil)) {
		k.Department = "product-quality"
		k.Causes = []contact.Cause{{Reason: "defect", Product: "coffee-machine", Department: "product-quality"}}
		if err := table.Contacts.Save(ctx, k); err != nil {
			return fmt.Errorf("contact %s: %w", k.ID, err)
		}
		seen = append(seen, problem.Occurrence{Customer: c, Contact: k.ID, Day: k.Start.Format(time.DateOnly), At: k.Start})
	}
	party := contact.Party{Kind: contact.Agent, ID: "agent-7"}
	if err := table.Contacts.SaveClaim(ctx, contact.Claim{Customer: c, Version: 1, Holder: &party, Since: now, Until: now.Add(time.Hour)}, nil); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	p, told := problem.Open(problem.Seed{ID: "0199a1b2-0000-7000-8000-00000000000f", Reason: "defect", Product: "coffee-machine", Department: "product-quality"}, now)
	return table.Problems.Create(ctx, problem.Record{Problem: p, Events: told}, []problem.Affected{{Customer: c, Occurrences: seen}})
}

func readBrief(ctx context.Context, handle httpapi.EventHandler, id identity.CustomerID) error {
	resp, err := handle(ctx, events.APIGatewayV2HTTPRequest{
		RouteKey: "GET /v1/customers/{id}/brief", PathParameters: map[string]string{"id": string(id)},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: http.MethodGet, Path: "/v1/customers/" + string(id) + "/brief"},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
				JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{
					"sub": "help-desk", "scope": httpapi.ReadCustomers, "exp": fmt.Sprint(time.Now().Add(time.Hour).Unix()),
				}},
			},
		},
	})
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("read brief: status %d, want 200: %s", resp.StatusCode, resp.Body)
	}
	return err
}
