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
	LinkVisitor(ctx context.Context, l identity.Link) (identity.CustomerID, error)
	PutClaimedAliases(ctx context.Context, id identity.CustomerID, claimed []identity.Alias, ev identity.Evidence) error
	SuggestLink(ctx context.Context, l identity.Link) error
	VisitorHasAccount(ctx context.Context, visitor identity.Alias) (bool, error)
	SameCustomer(ctx context.Context, a, b identity.Alias) (bool, error)
	FindCustomer(ctx context.Context, a identity.Alias) (identity.CustomerID, identity.Assurance, error)
	Customer(ctx context.Context, id identity.CustomerID) (identity.Customer, error)
	Message(ctx context.Context, c identity.CustomerID, id contact.ID) (contact.Entry, error)
	History(ctx context.Context, c identity.Customer, q contact.Query) (contact.Page, error)
	HistoryCursor(c identity.Customer, q contact.Query, e contact.Entry) string
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

// open makes a session, renews the one that the caller holds, or signs its
// visitor in.
func (c *Chat) open(ctx context.Context, r *request) (reply, error) {
	var b struct {
		HostToken string `json:"hostToken"`
	}
	if r.ev.Body != "" {
		if err := r.decode(&b); err != nil {
			return reply{}, err
		}
	}
	s, err := c.start(ctx, r, b.HostToken)
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

// start returns the session to go on with: the one that the caller holds, one
// that a host token signs in, or else a new anonymous one.
func (c *Chat) start(ctx context.Context, r *request, hostToken string) (webchat.Session, error) {
	held := r.header("authorization") != ""
	switch {
	case hostToken != "":
		var s webchat.Session
		if held {
			var err error
			if s, err = c.verify(ctx, r); err != nil {
				return s, err
			}
		}
		return c.signIn(ctx, r, s, hostToken)
	case held:
		return c.renew(ctx, r)
	default:
		return webchat.NewSession(c.Site, time.Time{})
	}
}

// renew returns the session that the caller holds, if it may be renewed. A
// token of an earlier version names no account, also when its visitor was
// signed in. It stays valid until it expires and is not renewed.
func (c *Chat) renew(ctx context.Context, r *request) (webchat.Session, error) {
	s, err := c.visitor(ctx, r)
	if err != nil || s.Account != "" {
		return s, err
	}
	signedIn, err := c.Store.VisitorHasAccount(ctx, s.Alias())
	if err == nil && signedIn {
		err = fault.New(fault.Unauthorized, "the session cannot be renewed: open a new one with POST /chat/sessions, without this token")
	}
	return s, err
}

// signIn returns the session of a visitor whom the site says has an account.
// That is the session s when it was signed in for this account already.
// Otherwise it is a session of a new visitor, who belongs to the account's
// customer before the first message. The visitor of s stays apart: what an
// anonymous visitor wrote may be another person's, so agents see a suggestion.
//
// A sign-in whose answer is lost can be repeated. The first new visitor then
// never writes.
func (c *Chat) signIn(ctx context.Context, r *request, s webchat.Session, token string) (webchat.Session, error) {
	var p webchat.Person
	err := c.verified(ctx, "hostKey", func(keys [][]byte) (err error) {
		p, err = webchat.VerifyHost(token, c.Site, r.now, keys...)
		return err
	})
	if err != nil {
		return s, err
	}
	goesOn := false
	if s.Account == p.Account.Value {
		if goesOn, err = c.Store.SameCustomer(ctx, s.Alias(), s.AccountAlias()); err != nil {
			return s, err
		}
	}
	if goesOn {
		who, _, err := c.Store.FindCustomer(ctx, s.AccountAlias())
		if err != nil {
			return s, err
		}
		return s, c.noteClaimed(ctx, who, p, s, r.now)
	}
	fresh, err := p.Session(c.Site)
	if err != nil {
		return s, err
	}
	who, err := c.Store.LinkVisitor(ctx, p.Link(fresh, r.now))
	if err != nil {
		return s, err
	}
	if s.Visitor != "" && s.Account == "" {
		if err := c.Store.SuggestLink(ctx, p.Link(s, r.now)); err != nil {
			return s, err
		}
	}
	return fresh, c.noteClaimed(ctx, who, p, fresh, r.now)
}

// noteClaimed stores the addresses that the site gave for a customer, as
// claimed.
func (c *Chat) noteClaimed(ctx context.Context, who identity.CustomerID, p webchat.Person, s webchat.Session, at time.Time) error {
	claimed := make([]identity.Alias, len(p.Aliases))
	for i, a := range p.Aliases {
		claimed[i] = a.Alias
	}
	return c.Store.PutClaimedAliases(ctx, who, claimed, p.Link(s, at).Evidence)
}

// person returns the customer behind a visitor, nobody when there is none yet.
func (c *Chat) person(ctx context.Context, visitor identity.Alias) (identity.Customer, error) {
	id, _, err := c.Store.FindCustomer(ctx, visitor)
	if fault.KindOf(err) == fault.NotFound {
		return identity.Customer{}, nil
	}
	if err != nil {
		return identity.Customer{}, err
	}
	return c.Store.Customer(ctx, id)
}

// visitor returns the session that the caller holds, if it may still be used.
// A signed-in session ends when its visitor and its account become two
// customers, because an agent moved one of them. Without that check the
// messages of one person would be in the history of another.
func (c *Chat) visitor(ctx context.Context, r *request) (webchat.Session, error) {
	s, err := c.verify(ctx, r)
	if err != nil || s.Account == "" {
		return s, err
	}
	same, err := c.Store.SameCustomer(ctx, s.Alias(), s.AccountAlias())
	if err == nil && !same {
		err = fault.New(fault.Unauthorized, "the session has ended: POST /chat/sessions gives another")
	}
	return s, err
}

// verify returns the session that the caller's token proves.
func (c *Chat) verify(ctx context.Context, r *request) (webchat.Session, error) {
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
		ingester := intake.Ingester{Store: c.Store, Blobs: c.Blobs, Now: c.Now}
		tally, err = ingester.Ingest(ctx, d, src)
	}
	if err == nil && tally.Duplicate == 1 {
		if err = c.checkRepeated(ctx, d.Messages[0]); fault.KindOf(err) == fault.Conflict {
			tally = intake.Tally{In: 1, Refused: 1}
		}
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

// checkRepeated reports a [fault.Conflict] if the message that is stored under
// the id of m has another text or visitor than m. Messages of all visitors of
// one account share their ids.
func (c *Chat) checkRepeated(ctx context.Context, m contact.Message) error {
	ev := identity.Evidence{Rule: identity.RuleChat, Ref: string(m.ID), At: m.SentAt}
	who, err := c.Store.Identify(ctx, m.Addresses(), ev)
	if err != nil {
		return err
	}
	stored, err := c.Store.Message(ctx, who, m.ID)
	if fault.KindOf(err) == fault.NotFound {
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

// maxSkipped bounds how many pages without a message of the visitor one request
// reads.
const maxSkipped = 5

// ownMessages returns the first messages of the visitor that query finds, and
// the page of the history on which they are. When the customer wrote much on
// other channels, pages without a message of the visitor come first. These are
// skipped, up to maxSkipped of them.
func (c *Chat) ownMessages(ctx context.Context, who identity.Customer, query contact.Query, visitor identity.Alias) ([]contact.Entry, contact.Page, error) {
	isOwn := func(e contact.Entry) bool { return e.Customer.Alias == visitor }
	for skipped := 0; ; skipped++ {
		p, err := c.Store.History(ctx, who, query)
		if err != nil {
			return nil, p, err
		}
		var own []contact.Entry
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

// conversation returns the messages between this visitor and us, and nothing
// of the customer's other channels or visitors. A page may hold fewer
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
	own, p, err := c.ownMessages(ctx, who, query, s.Alias())
	if err != nil {
		return reply{}, err
	}
	shown, err := render(ctx, c.Blobs, own, lineOf)
	if err != nil {
		return reply{}, err
	}
	page := chatPage{Messages: shown.messages, Cursor: p.Cursor, Complete: p.Complete}
	if n := shown.seen; n < len(own) {
		page.Cursor, page.Complete = c.Store.HistoryCursor(who, query, own[n-1]), false
	}
	return reply{body: page}, nil
}
