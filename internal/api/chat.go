package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/channel/webchat"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/intake"
)

// Visitors is what is known of visitors. [store.Table] is one.
type Visitors interface {
	intake.Store
	Link(ctx context.Context, l identity.Link) (identity.CustomerID, error)
	NoteClaimed(ctx context.Context, id identity.CustomerID, claimed []identity.Alias, ev identity.Evidence) error
	Find(ctx context.Context, a identity.Alias) (identity.CustomerID, identity.Assurance, error)
	Customer(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
	Aliases(ctx context.Context, c identity.Customer) ([]identity.Address, error)
	History(ctx context.Context, c identity.Customer, q contact.Query) (contact.Page, error)
	CursorAt(c identity.Customer, q contact.Query, e contact.Entry) string
}

// Chat is the API of a site's chat page. Its caller is a visitor, who holds a
// session instead of a token.
type Chat struct {
	Site    string
	Store   Visitors
	Blobs   Blobs
	Secrets intake.Secrets // "sessionKey" signs sessions, "hostKey" is the site's own
	Meter   intake.Meter
	Now     func() time.Time
}

var chatRoutes = routes[*Chat]{
	"POST /chat/sessions": {"", (*Chat).open},
	"POST /chat/messages": {"", (*Chat).post},
	"GET /chat/messages":  {"", (*Chat).conversation},
}

// Handle answers one request.
func (c *Chat) Handle(ctx context.Context, ev events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return serve(ctx, c, chatRoutes, nil, c.Now(), ev), nil
}

// sessionLife is how long a visitor may stay away and still be the same one.
const sessionLife = 7 * 24 * time.Hour

// A session is what a chat page works with. Now is our time, against which it
// makes the ids of its messages.
type session struct {
	Token   string    `json:"token"`
	Visitor string    `json:"visitor"`
	Expires time.Time `json:"expiresAt"`
	Now     time.Time `json:"now"`
}

// open makes a session, or prolongs the one that the caller holds.
func (c *Chat) open(ctx context.Context, r *request) (reply, error) {
	var b struct {
		HostToken string `json:"hostToken"`
	}
	if r.ev.Body != "" {
		if err := r.decode(&b); err != nil {
			return reply{}, err
		}
	}
	s, err := webchat.NewSession(c.Site, time.Time{})
	if r.header("authorization") != "" {
		s, err = c.visitor(ctx, r)
	}
	if err == nil && b.HostToken != "" {
		s, err = c.welcome(ctx, r, s, b.HostToken)
	}
	if err != nil {
		return reply{}, err
	}
	s.Expires = r.now.Add(sessionLife).Truncate(time.Second)
	key, err := c.Secrets.Values(ctx, "sessionKey")
	if err != nil {
		return reply{}, err
	}
	token, err := s.Token([]byte(key[0]))
	if err != nil {
		return reply{}, err
	}
	now := r.now.Truncate(time.Millisecond)
	return reply{status: http.StatusCreated, body: session{token, s.Visitor, s.Expires, now}}, nil
}

// welcome ties the visitor to the account that the site says is theirs, keeps
// what else it says of them as claimed, and returns the session to go on with: a new one when the visitor was somebody
// else before, on a computer that people share.
func (c *Chat) welcome(ctx context.Context, r *request, s webchat.Session, token string) (webchat.Session, error) {
	var p webchat.Person
	err := c.verified(ctx, "hostKey", func(keys [][]byte) (err error) {
		p, err = webchat.VerifyHost(token, c.Site, r.now, keys...)
		return err
	})
	if err != nil {
		return s, err
	}
	other, err := c.belongsToOther(ctx, s.Alias(), p.Account.Alias)
	if err != nil {
		return s, err
	}
	if other {
		if s, err = webchat.NewSession(c.Site, time.Time{}); err != nil {
			return s, err
		}
	}
	link := p.Link(s, r.now)
	who, err := c.Store.Link(ctx, link)
	if err != nil {
		return s, err
	}
	claimed := make([]identity.Alias, len(p.Aliases))
	for i, a := range p.Aliases {
		claimed[i] = a.Alias
	}
	return s, c.Store.NoteClaimed(ctx, who, claimed, link.Evidence)
}

// belongsToOther reports whether a visitor is known to have another account.
func (c *Chat) belongsToOther(ctx context.Context, visitor, account identity.Alias) (bool, error) {
	who, err := c.person(ctx, visitor)
	if err != nil || who.ID == "" {
		return false, err
	}
	all, err := c.Store.Aliases(ctx, who)
	other := false
	for _, a := range all {
		if a.Kind == identity.Account {
			if a.Alias == account {
				return false, err
			}
			other = true
		}
	}
	return other, err
}

// person returns the customer behind a visitor, nobody when there is none yet.
func (c *Chat) person(ctx context.Context, visitor identity.Alias) (identity.Customer, error) {
	id, _, err := c.Store.Find(ctx, visitor)
	if fault.KindOf(err) == fault.NotFound {
		return identity.Customer{}, nil
	}
	if err != nil {
		return identity.Customer{}, err
	}
	return c.Store.Customer(ctx, id)
}

// visitor returns the session that the caller holds.
func (c *Chat) visitor(ctx context.Context, r *request) (webchat.Session, error) {
	var s webchat.Session
	scheme, token, _ := strings.Cut(r.header("authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return s, fault.New(fault.Unauthorized, "a session is needed: POST /chat/sessions gives one")
	}
	err := c.verified(ctx, "sessionKey", func(keys [][]byte) (err error) {
		s, err = webchat.VerifySession(strings.TrimSpace(token), r.now, keys...)
		return err
	})
	if err == nil && s.Site != c.Site {
		err = fault.New(fault.Unauthorized, "the session is of another site")
	}
	return s, err
}

// verified calls check with the values of a secret, once more with its newest
// when they do not fit. Without a key nobody is let in.
func (c *Chat) verified(ctx context.Context, name string, check func(keys [][]byte) error) error {
	err := c.tried(ctx, name, check)
	if fault.KindOf(err) != fault.Unauthorized || err == nil {
		return err
	}
	if fresh, rerr := c.Secrets.Refresh(ctx); rerr != nil || !fresh {
		return err
	}
	return c.tried(ctx, name, check)
}

func (c *Chat) tried(ctx context.Context, name string, check func(keys [][]byte) error) error {
	values, err := c.Secrets.Values(ctx, name)
	if err != nil && fault.KindOf(err) == fault.Internal {
		slog.WarnContext(ctx, "a key of the chat is not set", "name", name)
		return fault.New(fault.Unauthorized, "the token is not valid")
	}
	if err != nil {
		return err
	}
	keys := make([][]byte, len(values))
	for i, v := range values {
		keys[i] = []byte(v)
	}
	return check(keys)
}

// A posted says under which id a message is kept.
type posted struct {
	ID     string    `json:"id"`
	SentAt time.Time `json:"sentAt"`
}

func (c *Chat) post(ctx context.Context, r *request) (reply, error) {
	s, err := c.visitor(ctx, r)
	if err != nil {
		return reply{}, err
	}
	body, d, err := c.read(s, r)
	tally := intake.Tally{In: 1, Refused: 1}
	if err == nil {
		src := intake.Source{Channel: contact.WebChat, Raw: body, Type: "application/json"}
		taker := intake.Taker{Store: c.Store, Blobs: c.Blobs, Now: c.Now}
		tally, err = taker.Take(ctx, d, src)
	}
	c.Meter.Count("Channel", string(contact.WebChat), tally.Counts())
	if err != nil {
		return reply{}, err
	}
	out := reply{status: http.StatusOK, body: posted{d.Messages[0].ProviderID, d.Messages[0].SentAt}}
	if tally.Stored == 1 {
		out.status = http.StatusCreated
	}
	return out, nil
}

// read returns the body, and what the visitor posted with it.
func (c *Chat) read(s webchat.Session, r *request) ([]byte, contact.Delivery, error) {
	body, err := r.jsonBody(webchat.MaxBody)
	if err != nil {
		return nil, contact.Delivery{}, err
	}
	d, err := webchat.Normalize(s.Site, s.Visitor, body, r.now)
	return body, d, err
}

// A line is a message as its visitor sees it: nothing of who answered, or of
// what else is known.
type line struct {
	ID          string               `json:"id"`
	Direction   contact.Direction    `json:"direction"`
	Kind        contact.Kind         `json:"kind"`
	SentAt      time.Time            `json:"sentAt"`
	Text        string               `json:"text,omitempty"`
	ReplyTo     string               `json:"replyTo,omitempty"`
	Attachments []contact.Attachment `json:"attachments,omitempty"`
}

func lineOf(m message) any {
	l := line{ID: m.ProviderID, Direction: m.Direction, Kind: m.Kind, SentAt: m.SentAt, Text: m.Text, Attachments: m.Attachments}
	if m.ReplyTo != nil {
		l.ReplyTo = m.ReplyTo.ProviderID
	}
	return l
}

type chatPage struct {
	Messages []json.RawMessage `json:"messages"`
	Cursor   string            `json:"cursor,omitempty"`
	Complete bool              `json:"complete"`
}

// conversation returns what this visitor and we said to each other here, and
// nothing of the customer's other channels or visits. A page may hold fewer
// messages than its limit, or none, and yet not be the last.
func (c *Chat) conversation(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	query := contact.Query{
		Limit: q.limit(), Oldest: oneOf(q, "order", "newest", "oldest") == "oldest",
		Channel: contact.WebChat, Cursor: q.text("cursor"),
	}
	s, err := c.visitor(ctx, r)
	if err == nil {
		err = q.done()
	}
	if err != nil {
		return reply{}, err
	}
	who, err := c.person(ctx, s.Alias())
	if err != nil {
		return reply{}, err
	}
	if who.ID == "" && query.Cursor == "" {
		return reply{body: chatPage{Messages: []json.RawMessage{}, Complete: true}}, nil
	}
	p, err := c.Store.History(ctx, who, query)
	if err != nil {
		return reply{}, err
	}
	var own []contact.Entry
	for _, e := range p.Entries {
		if e.Customer.Alias == s.Alias() {
			own = append(own, e)
		}
	}
	shown, err := render(ctx, c.Blobs, own, lineOf)
	if err != nil {
		return reply{}, err
	}
	page := chatPage{Messages: shown.messages, Cursor: p.Cursor, Complete: p.Complete}
	if n := shown.seen; n < len(own) {
		page.Cursor, page.Complete = c.Store.CursorAt(who, query, own[n-1]), false
	}
	return reply{body: page}, nil
}
