// Package chatapi is the HTTP API of a site's chat page. Its caller is a
// visitor, who has a session instead of a token.
//
//	POST /chat/sessions
//
// answers with a session of a new visitor:
//
//	{"token": "eyJ…", "visitor": "01953c…", "expiresAt": "2026-03-08T12:00:00Z", "now": "2026-03-01T12:00:00.000Z"}
//
// The page then posts messages with that token, under ids that it makes, so
// that a message which is posted twice is stored once:
//
//	POST /chat/messages
//	Authorization: Bearer eyJ…
//	{"id": "01953c…", "text": "Waar blijft mijn pakket?"}
//
// answers 201 the first time and 200 after that, both with the same body:
//
//	{"id": "01953c…", "sentAt": "2026-03-01T12:00:00.123Z"}
//
// A visitor who signs in to the site's account gets a new session: see
// signin.go.
package chatapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/messageview"
	"github.com/heard-intake/heard/internal/secret"
	"github.com/heard-intake/heard/internal/store"
)

// API serves the chat page of one site.
type API struct {
	Site    string
	Store   *store.Table
	Blobs   *blob.Bucket
	Secrets *secret.Secret // "sessionKey" signs sessions, "hostKey" is shared with the site
	Meter   ingest.Meter
	Now     func() time.Time
}

// Handler returns the handler of every route.
func (a *API) Handler() *httpapi.Handler {
	return httpapi.NewHandler(httpapi.Config{Now: a.Now, Routes: []httpapi.Route{
		{Pattern: "POST /chat/sessions", Serve: a.openSession},
		{Pattern: "POST /chat/messages", Serve: a.postMessage},
		{Pattern: "GET /chat/messages", Serve: a.listMessages},
	}})
}

// A postMessageResponse names the stored message.
type postMessageResponse struct {
	ID     string    `json:"id"`
	SentAt time.Time `json:"sentAt"`
}

// postMessage stores a visitor's message. Its metrics count a message that is
// refused, too.
func (a *API) postMessage(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	s, err := a.requireSession(ctx, r)
	if err != nil {
		return httpapi.Response{}, err
	}
	body, delivery, err := readDelivery(s, r)
	tally := ingest.Tally{In: 1, Refused: 1}
	if err == nil {
		source := ingest.Source{Channel: message.WebChat, Raw: body, Type: "application/json"}
		ingester := ingest.Ingester{Store: ingest.StoreOf(a.Store), Blobs: a.Blobs, Now: a.Now}
		tally, err = ingester.Ingest(ctx, delivery, source)
	}
	if err == nil && tally.Duplicate == 1 {
		if err = a.checkRepeated(ctx, delivery.Messages[0]); fault.Is(err, fault.Conflict) {
			tally = ingest.Tally{In: 1, Refused: 1}
		}
	}
	a.Meter.Count("Channel", string(message.WebChat), tally.Counts())
	if err != nil {
		return httpapi.Response{}, err
	}
	m := delivery.Messages[0]
	response := httpapi.Response{Status: http.StatusOK, Body: postMessageResponse{ID: m.ProviderID, SentAt: m.SentAt}}
	if tally.Stored == 1 {
		response.Status = http.StatusCreated
	}
	return response, nil
}

// checkRepeated reports a [fault.Conflict] if the message that is stored under
// the id of m has another text or visitor than m. Messages of all visitors of
// one account share their ids.
func (a *API) checkRepeated(ctx context.Context, m message.Message) error {
	ev := identity.Evidence{Rule: identity.RuleChat, Ref: string(m.ID), At: m.SentAt}
	who, err := a.Store.Customers.Identify(ctx, m.Addresses(), ev)
	if err != nil {
		return err
	}
	stored, err := a.Store.Messages.Get(ctx, who, m.ID)
	if fault.Is(err, fault.NotFound) {
		return nil // erased since the post
	}
	if err != nil {
		return err
	}
	if stored.Customer.Alias != m.Customer.Alias || stored.Text != m.Text {
		return fault.New(fault.Conflict, "the id is used by another message: make a new id for this text")
	}
	return nil
}

// readDelivery returns the body of a request and the message in it.
func readDelivery(s webchat.Session, r *httpapi.Request) ([]byte, message.Delivery, error) {
	body, err := r.ReadJSON(webchat.MaxBody)
	if err != nil {
		return nil, message.Delivery{}, err
	}
	d, err := webchat.Normalize(s.Site, s.Visitor, body, r.Now)
	return body, d, err
}

// A chatMessage is a message as its visitor sees it: without the agent, the
// customer and what else is known.
type chatMessage struct {
	ID          string               `json:"id"`
	Direction   message.Direction    `json:"direction"`
	Kind        message.Kind         `json:"kind"`
	SentAt      time.Time            `json:"sentAt"`
	Text        string               `json:"text,omitempty"`
	ReplyTo     string               `json:"replyTo,omitempty"`
	Attachments []message.Attachment `json:"attachments,omitempty"`
}

func newChatMessage(m messageview.Message) any {
	c := chatMessage{ID: m.ProviderID, Direction: m.Direction, Kind: m.Kind, SentAt: m.SentAt, Text: m.Text, Attachments: m.Attachments}
	if m.ReplyTo != nil {
		c.ReplyTo = m.ReplyTo.ProviderID
	}
	return c
}

type messagesResponse struct {
	Messages []json.RawMessage `json:"messages"`
	Cursor   string            `json:"cursor,omitempty"`
	Complete bool              `json:"complete"`
}

// maxSkipped bounds how many pages without a message of the visitor one request
// reads.
const maxSkipped = 5

// readOwnMessages returns the first messages of the visitor that query finds,
// and the page of the history on which they are. When the customer wrote much on
// other channels, pages without a message of the visitor come first. These are
// skipped, up to maxSkipped of them.
func (a *API) readOwnMessages(ctx context.Context, c identity.Customer, query message.Query, visitor identity.Alias) ([]message.Entry, message.Page, error) {
	isOwn := func(e message.Entry) bool { return e.Customer.Alias == visitor }
	for skipped := 0; ; skipped++ {
		p, err := a.Store.Messages.History(ctx, c, query)
		if err != nil {
			return nil, p, err
		}
		var own []message.Entry
		for _, e := range p.Entries {
			if isOwn(e) {
				own = append(own, e)
			}
		}
		if len(own) > 0 || p.Complete || skipped == maxSkipped-1 {
			return own, p, nil
		}
		query.Cursor = p.Cursor
		query.Match = isOwn // few match from here on, so read in large steps
	}
}

// listMessages answers with the messages between this visitor and us, and with
// none of the customer's other channels and visitors. A page can have fewer
// messages than its limit, or none, without being the last.
func (a *API) listMessages(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	query := message.Query{
		Limit:   q.PageLimit(),
		Oldest:  httpapi.OneOf(q, "order", "newest", "oldest") == "oldest",
		Channel: message.WebChat,
		Cursor:  q.Parameter("cursor"),
	}
	s, err := a.requireSession(ctx, r)
	if err == nil {
		err = q.Validate()
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	c, err := a.findCustomer(ctx, s.Alias())
	if err != nil {
		return httpapi.Response{}, err
	}
	if c.ID == "" && query.Cursor == "" {
		return httpapi.Response{Body: messagesResponse{Messages: []json.RawMessage{}, Complete: true}}, nil
	}
	own, found, err := a.readOwnMessages(ctx, c, query, s.Alias())
	if err != nil {
		return httpapi.Response{}, err
	}
	rendered, err := messageview.Render(ctx, a.Blobs, own, newChatMessage)
	if err != nil {
		return httpapi.Response{}, err
	}
	page := messagesResponse{Messages: rendered.Messages, Cursor: found.Cursor, Complete: found.Complete}
	if n := rendered.Entries; n < len(own) {
		page.Cursor = a.Store.Messages.HistoryCursor(c, query, own[n-1])
		page.Complete = false
	}
	return httpapi.Response{Body: page}, nil
}

// findCustomer returns the customer of a visitor, and zero for a visitor who
// has written nothing yet.
func (a *API) findCustomer(ctx context.Context, visitor identity.Alias) (identity.Customer, error) {
	id, _, err := a.Store.Customers.FindCustomer(ctx, visitor)
	if fault.Is(err, fault.NotFound) {
		return identity.Customer{}, nil
	}
	if err != nil {
		return identity.Customer{}, err
	}
	return a.Store.Customers.Get(ctx, id)
}
