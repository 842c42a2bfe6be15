package api

import (
	"context"
	"encoding/json"
	"mime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// maxAnswer bounds one page, in bytes: Lambda hands on at most 6 MB, in which
// a body counts twice at worst, since it is a JSON text inside another.
const maxAnswer = 2_500_000

// A message is one entry of a history. Preview says that it is cut: the whole
// is too large for an answer, or is no longer there.
type message struct {
	contact.Entry
	Preview bool `json:"preview,omitempty"`
}

type messagePage struct {
	CustomerID identity.CustomerID `json:"customerId"`
	Messages   []json.RawMessage   `json:"messages"`
	Cursor     string              `json:"cursor,omitempty"`
	Complete   bool                `json:"complete"`
}

func (a *Agents) messages(ctx context.Context, r *request) (reply, error) {
	q := r.query()
	query := contact.Query{
		Limit: q.limit(), Oldest: oneOf(q, "order", "newest", "oldest") == "oldest",
		Channel: oneOf(q, "channel", contact.Channels...), Direction: oneOf(q, "direction", contact.Inbound, contact.Outbound),
		From: q.time("from"), To: q.time("to"), Cursor: q.text("cursor"),
	}
	if !query.From.IsZero() && !query.To.IsZero() && !query.From.Before(query.To) {
		q.fail("from must lie before to")
	}
	if err := q.done(); err != nil {
		return reply{}, err
	}
	c, err := a.customer(ctx, r)
	if err != nil {
		return reply{}, err
	}
	p, err := a.Store.History(ctx, c, query)
	if err == nil && len(p.Entries) == 0 {
		err = a.check(ctx, c)
	}
	if err != nil {
		return reply{}, err
	}
	page := messagePage{CustomerID: c.ID, Cursor: p.Cursor, Complete: p.Complete}
	page.Messages, err = render(ctx, a.Blobs, p.Entries, func(m message) any { return m })
	if err != nil {
		return reply{}, err
	}
	if n := len(page.Messages); n < len(p.Entries) {
		page.Cursor, page.Complete = a.Store.CursorAt(c, query, p.Entries[n-1]), false
	}
	return reply{body: page}, nil
}

// atOnce is how many whole messages are fetched at a time.
const atOnce = 16

// render returns the entries as JSON, as show has them: whole messages in
// place of previews, in order, as many as fit in one answer and at least one.
func render(ctx context.Context, blobs Blobs, entries []contact.Entry, show func(message) any) ([]json.RawMessage, error) {
	out, size := make([]json.RawMessage, 0, len(entries)), 0
	for len(entries) > 0 {
		some := entries[:min(atOnce, len(entries))]
		entries = entries[len(some):]
		whole, err := wholes(ctx, blobs, some)
		if err != nil {
			return nil, err
		}
		for i, m := range whole {
			data, err := encode(show(m))
			if err == nil && len(data) > maxAnswer {
				data, err = encode(show(message{some[i], true}))
			}
			if err != nil {
				return nil, err
			}
			if size += len(data); size > maxAnswer && len(out) > 0 {
				return out, nil
			}
			out = append(out, data)
		}
	}
	return out, nil
}

// wholes fetches whole messages in parallel.
func wholes(ctx context.Context, blobs Blobs, entries []contact.Entry) ([]message, error) {
	out := make([]message, len(entries))
	errs := make([]error, len(entries))
	var wg sync.WaitGroup
	for i, e := range entries {
		out[i] = message{Entry: e}
		if e.Whole != "" {
			wg.Go(func() { out[i], errs[i] = whole(ctx, blobs, e) })
		}
	}
	wg.Wait()
	for i := range out {
		errs = append(errs, link(ctx, blobs, out[i].State))
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// linkLife is how long the link to a file works: for whoever has the history
// before them.
const linkLife = 15 * time.Minute

// link adds to the files of a message where they can be fetched.
func link(ctx context.Context, blobs Blobs, s *contact.State) error {
	if s == nil {
		return nil
	}
	for i, f := range s.Files {
		if f.Key == "" {
			continue
		}
		var err error
		if s.Files[i].URL, err = blobs.Link(ctx, f.Key, f.Type, disposition(f), linkLife); err != nil {
			return err
		}
	}
	return nil
}

// shown are the types that a browser may show. Any other could be a page with
// a script in it, and is saved.
var shown = []string{"image/", "audio/", "video/", "application/pdf", "text/plain"}

// disposition says what a browser is to do with a file.
func disposition(f contact.MediaFile) string {
	how := "attachment"
	if slices.ContainsFunc(shown, func(typ string) bool { return strings.HasPrefix(f.Type, typ) }) && !strings.Contains(f.Type, "xml") {
		how = "inline"
	}
	return mime.FormatMediaType(how, map[string]string{"filename": f.Name})
}

// whole fetches the message of which e is a preview. One that is gone, or too
// large, is shown as the preview that it is.
func whole(ctx context.Context, blobs Blobs, e contact.Entry) (message, error) {
	data, err := blobs.Get(ctx, e.Whole, maxAnswer)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.TooLarge:
		return message{e, true}, nil
	default:
		if err != nil {
			return message{}, err
		}
	}
	var m contact.Message
	if err := json.Unmarshal(data, &m); err != nil || m.ID != e.ID {
		return message{}, fault.New(fault.Internal, "a whole message is not what its preview says")
	}
	return message{Entry: contact.Entry{Message: m, State: e.State}}, nil
}
