package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/agentapi"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/traffic"
)

// The number of messages that arrive while the history of a merged customer is
// read, and the number of partitions of that history.
const (
	arriving   = 1_000
	partitions = 3
)

// measureWalk reads the whole history of a customer through the API, page by
// page. The customer has 10,000 messages in three partitions, and 1,000 more
// arrive meanwhile. It then reads the changes since the start.
func measureWalk(ctx context.Context, r run) error {
	l := newLedger()
	table, _, err := r.newTable(ctx, l)
	if err != nil {
		return err
	}
	ids, err := createMergedCustomer(ctx, table)
	if err != nil {
		return fmt.Errorf("create a merged customer: %w", err)
	}
	agents := &agentapi.API{Store: table, Now: time.Now}
	w := &walker{handle: httpapi.Lambda(agents.Handler()), path: "/v1/customers/" + string(ids[0]), ledger: l}
	start := time.Now().Add(-300 * 24 * time.Hour)
	put := func(i int) error {
		sent := messageTime(start, i)
		received := sent.Add(time.Second)
		if i >= longHistory {
			received = time.Now() // arrives months after it was sent
		}
		return putHistoryMessage(ctx, table, ids[i%partitions], traffic.Someone(1+i%partitions), sent, received, i)
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
	lambdabatch.Each(longHistory, 16, func(i int) { note(put(i)) })
	looked, err := w.requestPage(ctx, "/changes", nil)
	if err != nil || failure != nil {
		return firstError(err, failure)
	}
	for _, order := range []string{"newest", "oldest"} {
		var arrivals sync.WaitGroup
		if order == "newest" {
			arrivals.Go(func() { lambdabatch.Each(arriving, 2, func(i int) { note(put(longHistory + i)) }) })
		}
		err := w.walkHistory(ctx, order)
		arrivals.Wait()
		if err != nil || failure != nil {
			return firstError(err, failure)
		}
	}
	if n := w.seen["oldest"]; len(n) != longHistory+arriving {
		return fmt.Errorf("got %d messages, want %d", len(n), longHistory+arriving)
	}
	slices.Sort(w.took)
	name := fmt.Sprintf("page of 50 from 10,000 messages in %d partitions", partitions)
	budget := atMost(35 + 7*(partitions-1))
	r.printFigure(figure{name + ", mean", w.units / float64(w.pages), "read units", budget})
	r.printFigure(figure{name + ", most", w.most, "read units", budget})
	r.printFigure(figure{name + ", p50" + local, milliseconds(w.took[len(w.took)/2]), "ms", ""})
	r.printFigure(figure{name + ", p95" + local, milliseconds(w.took[len(w.took)*95/100]), "ms", atMost(100)})
	return w.readChanges(ctx, r, looked.Cursor)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// createMergedCustomer creates three customers, joins them and returns their ids.
func createMergedCustomer(ctx context.Context, table *store.Table) ([]identity.CustomerID, error) {
	var ids []identity.CustomerID
	for i := range partitions {
		phone := identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: traffic.Someone(1 + i).Phone}, Assurance: identity.Verified}
		id, err := table.Customers.Identify(ctx, []identity.Address{phone}, identity.Evidence{Rule: "webhook", At: time.Now()})
		if err != nil {
			return nil, fmt.Errorf("customer %d: %w", i+1, err)
		}
		if ids = append(ids, id); i == 0 {
			continue
		}
		joined, err := table.Customers.JoinByEvidence(ctx, ids[0], id, identity.Evidence{Rule: "register", At: time.Now()})
		if err != nil {
			return nil, fmt.Errorf("join customer %d: %w", i+1, err)
		}
		if !joined {
			return nil, fmt.Errorf("customer %d was not joined with the first", i+1)
		}
	}
	return ids, nil
}

// A walker reads the history of one customer through the API.
type walker struct {
	handle httpapi.EventHandler
	path   string
	ledger *ledger
	seen   map[string]map[message.ID]bool // by order
	took   []time.Duration
	units  float64
	most   float64
	pages  int
}

// A historyPage is a response of /messages or /changes: the fields that a walk
// uses.
type historyPage struct {
	Messages []struct{ ID message.ID }
	Effects  []json.RawMessage
	Cursor   string
	Complete bool
}

func (w *walker) requestPage(ctx context.Context, what string, query map[string]string) (historyPage, error) {
	ev := events.APIGatewayV2HTTPRequest{
		RouteKey: "GET /v1/customers/{id}" + what, PathParameters: map[string]string{"id": w.path[len("/v1/customers/"):]}, QueryStringParameters: query,
	}
	ev.RequestContext.HTTP.Method = "GET"
	ev.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
		Claims: map[string]string{"sub": "figures", "scope": httpapi.ReadCustomers, "exp": fmt.Sprint(time.Now().Add(time.Hour).Unix())},
	}}
	resp, err := w.handle(withPurpose(ctx, inbound), ev)
	if err != nil {
		return historyPage{}, fmt.Errorf("get %s: %w", what, err)
	}
	if resp.StatusCode != http.StatusOK {
		return historyPage{}, fmt.Errorf("get %s: status %d, want 200: %s", what, resp.StatusCode, resp.Body)
	}
	var p historyPage
	if err := json.Unmarshal([]byte(resp.Body), &p); err != nil {
		return historyPage{}, fmt.Errorf("get %s: decode the response: %w", what, err)
	}
	return p, nil
}

// walkHistory reads the whole history. It returns an error if a message comes
// twice.
func (w *walker) walkHistory(ctx context.Context, order string) error {
	if w.seen == nil {
		w.seen = map[string]map[message.ID]bool{}
	}
	seen := map[message.ID]bool{}
	w.seen[order] = seen
	query := map[string]string{"order": order, "limit": fmt.Sprint(pageSize)}
	w.ledger.takeCost(inbound)
	for {
		began := time.Now()
		p, err := w.requestPage(ctx, "/messages", query)
		if err != nil {
			return fmt.Errorf("page %d in order %s: %w", w.pages+1, order, err)
		}
		w.took = append(w.took, time.Since(began))
		computed, _ := w.ledger.takeCost(inbound)
		w.units += computed.read
		w.most = max(w.most, computed.read)
		w.pages++
		for _, m := range p.Messages {
			if seen[m.ID] {
				return fmt.Errorf("a message came twice in order %s", order)
			}
			seen[m.ID] = true
		}
		if p.Complete {
			return nil
		}
		query["cursor"] = p.Cursor
	}
}

// readChanges reads the changes since a cursor until the list is complete.
func (w *walker) readChanges(ctx context.Context, r run, cursor string) error {
	const maxPages = 10_000
	units := 0.0
	things := 0
	for pages := range maxPages {
		p, err := w.requestPage(ctx, "/changes", map[string]string{"since": cursor, "limit": "200"})
		if err != nil {
			return fmt.Errorf("page %d: %w", pages+1, err)
		}
		computed, _ := w.ledger.takeCost(inbound)
		units += computed.read
		things += len(p.Messages)
		cursor = p.Cursor
		if p.Complete {
			r.printFigure(figure{"changes of that customer, of 1,000 that arrived", float64(things), "messages", ""})
			r.printFigure(figure{"changes of that customer, of 1,000 that arrived, pages", float64(pages + 1), "pages", ""})
			r.printFigure(figure{"changes of that customer, of 1,000 that arrived", units, "read units", ""})
			return nil
		}
	}
	return fmt.Errorf("the changes are not complete after %d pages", maxPages)
}
