package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/api"
	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/test/traffic"
)

// What arrives while a merged customer's history is walked, and of how many
// partitions it is.
const (
	arriving   = 1_000
	partitions = 3
)

// walk measures a walk through the API, page by page, over a customer with
// 10,000 messages in three partitions while 1,000 more arrive; and a look at
// what changed.
func walk(ctx context.Context, r run) error {
	l := newLedger()
	table, _, err := r.table(ctx, l)
	if err != nil {
		return err
	}
	ids, err := together(ctx, table)
	if err != nil {
		return err
	}
	w := &walker{agents: &api.Agents{Store: table, Now: time.Now}, path: "/v1/customers/" + string(ids[0]), ledger: l}
	start := time.Now().Add(-300 * 24 * time.Hour)
	put := func(i int) error {
		sent := at(start, i)
		received := sent.Add(time.Second)
		if i >= longHistory {
			received = time.Now() // months late
		}
		return fillOne(ctx, table, ids[i%partitions], traffic.Someone(1+i%partitions), sent, received, i)
	}
	var mu sync.Mutex
	var failure error
	note := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failure = err
		}
	}
	batch.Each(longHistory, 16, func(i int) { note(put(i)) })
	looked, err := w.ask(ctx, "/changes", nil)
	if err != nil || failure != nil {
		return firstOf(err, failure)
	}
	for _, order := range []string{"newest", "oldest"} {
		var arrivals sync.WaitGroup
		if order == "newest" {
			arrivals.Go(func() { batch.Each(arriving, 2, func(i int) { note(put(longHistory + i)) }) })
		}
		err := w.over(ctx, order)
		arrivals.Wait()
		if err != nil || failure != nil {
			return firstOf(err, failure)
		}
	}
	if n := w.seen["oldest"]; len(n) != longHistory+arriving {
		return fmt.Errorf("%d messages seen of %d", len(n), longHistory+arriving)
	}
	slices.Sort(w.took)
	name := fmt.Sprintf("page of 50 from 10,000 messages in %d partitions", partitions)
	budget := atMost(35 + 7*(partitions-1))
	r.add(figure{name + ", mean", w.units / float64(w.pages), "read units", budget})
	r.add(figure{name + ", most", w.most, "read units", budget})
	r.add(figure{name + ", p50" + local, ms(w.took[len(w.took)/2]), "ms", ""})
	r.add(figure{name + ", p95" + local, ms(w.took[len(w.took)*95/100]), "ms", atMost(100)})
	return w.changes(ctx, r, looked.Cursor)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// together returns three ids of one person.
func together(ctx context.Context, table *store.Table) ([]identity.CustomerID, error) {
	var ids []identity.CustomerID
	for i := range partitions {
		phone := identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: traffic.Someone(1 + i).Phone}, Assurance: identity.Verified}
		id, err := table.Identify(ctx, []identity.Address{phone}, identity.Evidence{Rule: "webhook", At: time.Now()})
		if err != nil {
			return nil, err
		}
		if ids = append(ids, id); i == 0 {
			continue
		}
		if joined, err := table.Join(ctx, ids[0], id, identity.Evidence{Rule: "register", At: time.Now()}); err != nil || !joined {
			return nil, fmt.Errorf("not joined: %w", err)
		}
	}
	return ids, nil
}

// A walker reads one customer through the API.
type walker struct {
	agents *api.Agents
	path   string
	ledger *ledger
	seen   map[string]map[contact.ID]bool // by order
	took   []time.Duration
	units  float64
	most   float64
	pages  int
}

// An answered page is what the walk looks at.
type answered struct {
	Messages []struct{ ID contact.ID }
	Effects  []json.RawMessage
	Cursor   string
	Complete bool
}

func (w *walker) ask(ctx context.Context, what string, query map[string]string) (answered, error) {
	ev := events.APIGatewayV2HTTPRequest{
		RouteKey: "GET /v1/customers/{id}" + what, PathParameters: map[string]string{"id": w.path[len("/v1/customers/"):]}, QueryStringParameters: query,
	}
	ev.RequestContext.HTTP.Method = "GET"
	ev.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
		Claims: map[string]string{"sub": "figures", "scope": api.ReadCustomers, "exp": fmt.Sprint(time.Now().Add(time.Hour).Unix())},
	}}
	resp, err := w.agents.Handle(during(ctx, inbound), ev)
	if err != nil || resp.StatusCode != 200 {
		return answered{}, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	var p answered
	return p, json.Unmarshal([]byte(resp.Body), &p)
}

// over walks the whole history, and fails when a message comes twice.
func (w *walker) over(ctx context.Context, order string) error {
	if w.seen == nil {
		w.seen = map[string]map[contact.ID]bool{}
	}
	seen := map[contact.ID]bool{}
	w.seen[order] = seen
	query := map[string]string{"order": order, "limit": fmt.Sprint(pageSize)}
	w.ledger.take(inbound)
	for {
		began := time.Now()
		p, err := w.ask(ctx, "/messages", query)
		if err != nil {
			return err
		}
		w.took = append(w.took, time.Since(began))
		made, _ := w.ledger.take(inbound)
		w.units, w.most, w.pages = w.units+made.read, max(w.most, made.read), w.pages+1
		for _, m := range p.Messages {
			if seen[m.ID] {
				return fmt.Errorf("a message came twice, %s first", order)
			}
			seen[m.ID] = true
		}
		if p.Complete {
			return nil
		}
		query["cursor"] = p.Cursor
	}
}

// changes looks at what arrived, and then at what did since: nothing.
func (w *walker) changes(ctx context.Context, r run, cursor string) error {
	const most = 10_000 // of the pages that a look may have
	units, things := 0.0, 0
	for pages := range most {
		p, err := w.ask(ctx, "/changes", map[string]string{"since": cursor, "limit": "200"})
		if err != nil {
			return err
		}
		made, _ := w.ledger.take(inbound)
		units, things, cursor = units+made.read, things+len(p.Messages), p.Cursor
		if p.Complete {
			r.add(figure{"changes of that customer, of 1,000 that arrived", float64(things), "messages", ""})
			r.add(figure{"changes of that customer, of 1,000 that arrived, pages", float64(pages + 1), "pages", ""})
			r.add(figure{"changes of that customer, of 1,000 that arrived", units, "read units", ""})
			return nil
		}
	}
	return fmt.Errorf("changes without end")
}
