package agentapi

import (
	"context"
	"encoding/json"

	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/messageview"
)

type messagesResponse struct {
	CustomerID identity.CustomerID `json:"customerId"`
	Messages   []json.RawMessage   `json:"messages"`
	Cursor     string              `json:"cursor,omitempty"`
	Complete   bool                `json:"complete"`
}

// listMessages answers with one page of a customer's history. The parameters q
// and reason filter it further. A page of them can have fewer messages than
// its limit, or none, without being the last.
func (a *API) listMessages(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	query := message.Query{
		Limit:     q.PageLimit(),
		Oldest:    httpapi.OneOf(q, "order", "newest", "oldest") == "oldest",
		Channel:   httpapi.OneOf(q, "channel", message.Channels...),
		Direction: httpapi.OneOf(q, "direction", message.Inbound, message.Outbound),
		From:      q.Time("from"),
		To:        q.Time("to"),
		Cursor:    q.Parameter("cursor"),
	}
	if !query.From.IsZero() && !query.To.IsZero() && !query.From.Before(query.To) {
		q.AddMistake("from must be before to")
	}
	words := searchWords(q)
	reason := q.Parameter("reason")
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.resolveCustomer(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	hasReason := func(message.Message) bool { return true }
	if reason != "" {
		if hasReason, err = a.reasonFilter(ctx, c, reason); err != nil {
			return httpapi.Response{}, err
		}
	}
	if len(words) > 0 || reason != "" {
		// The table holds only the beginning of a long message. The words can be
		// in the rest, so it is loaded before it is searched.
		query.Match = func(e message.Entry) bool { return hasReason(e.Message) && (e.Whole != "" || containsWords(e, words)) }
	}
	page, tag, err := a.readMessages(ctx, c, query, words)
	if err == nil && len(page.Messages) == 0 {
		err = a.requireExists(ctx, c)
	}
	return httpapi.Response{Body: page, ETag: tag}, err
}

// readMessages returns one page of the messages that a query finds and that
// contain all words, and the ETag of the page.
func (a *API) readMessages(ctx context.Context, c identity.Customer, query message.Query, words []string) (messagesResponse, string, error) {
	found, err := a.Store.Messages.History(ctx, c, query)
	if err != nil {
		return messagesResponse{}, "", err
	}
	rendered, err := messageview.Render(ctx, a.Blobs, found.Entries, func(m messageview.Message) any {
		if !containsWords(m.Entry, words) {
			return nil
		}
		return m
	})
	if err != nil {
		return messagesResponse{}, "", err
	}
	page := messagesResponse{CustomerID: c.ID, Messages: rendered.Messages, Cursor: found.Cursor, Complete: found.Complete}
	if n := rendered.Entries; n < len(found.Entries) {
		page.Cursor = a.Store.Messages.HistoryCursor(c, query, found.Entries[n-1])
		page.Complete = false
	}
	return page, httpapi.ComputeETag([]byte(c.ID), rendered.Sum, []byte(page.Cursor)), nil
}
