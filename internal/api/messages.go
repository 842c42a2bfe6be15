package api

import (
	"context"
	"crypto/sha256"
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
	words, reason := q.searched(), q.text("reason")
	if err := q.done(); err != nil {
		return reply{}, err
	}
	c, err := a.customer(ctx, r)
	if err != nil {
		return reply{}, err
	}
	about := func(contact.Message) bool { return true }
	if reason != "" {
		if about, err = a.about(ctx, c, reason); err != nil {
			return reply{}, err
		}
	}
	if len(words) > 0 || reason != "" {
		// What is stored of a long message is its beginning: its end may match.
		query.Match = func(e contact.Entry) bool { return about(e.Message) && (e.Whole != "" || says(e, words)) }
	}
	page, tag, err := a.page(ctx, c, query, words)
	if err == nil && len(page.Messages) == 0 {
		err = a.check(ctx, c)
	}
	return reply{body: page, etag: tag}, err
}

// page returns one page of a history, and its tag. Of what the query finds,
// it shows the messages that have all of the words.
func (a *Agents) page(ctx context.Context, c identity.Customer, query contact.Query, words []string) (messagePage, string, error) {
	p, err := a.Store.History(ctx, c, query)
	if err != nil {
		return messagePage{}, "", err
	}
	shown, err := render(ctx, a.Blobs, p.Entries, func(m message) any {
		if !says(m.Entry, words) {
			return nil
		}
		return m
	})
	if err != nil {
		return messagePage{}, "", err
	}
	page := messagePage{CustomerID: c.ID, Messages: shown.messages, Cursor: p.Cursor, Complete: p.Complete}
	if shown.seen < len(p.Entries) {
		page.Cursor, page.Complete = a.Store.HistoryCursor(c, query, p.Entries[shown.seen-1]), false
	}
	return page, etag([]byte(c.ID), shown.sum, []byte(page.Cursor)), nil
}

// atOnce is how many whole messages are fetched at a time.
const atOnce = 16

// A rendering is as much of a page as fits in one answer.
type rendering struct {
	messages []json.RawMessage
	seen     int    // how many entries it is made of, those included that are not shown
	sum      []byte // of the messages, but for their links, which are new each time
}

// render shows the entries as JSON: whole messages in place of previews, in
// order, as many as fit in one answer and at least one. One of which show makes
// nothing is left out.
func render(ctx context.Context, blobs Blobs, entries []contact.Entry, show func(message) any) (rendering, error) {
	out, size, sum := rendering{messages: make([]json.RawMessage, 0, len(entries))}, 0, sha256.New()
	for len(entries) > 0 {
		some := entries[:min(atOnce, len(entries))]
		entries = entries[len(some):]
		whole, err := wholes(ctx, blobs, some)
		if err != nil {
			return out, err
		}
		for i, m := range whole {
			if show(m) == nil {
				out.seen++
				continue
			}
			data, err := encode(show(m))
			if err == nil && len(data) > maxAnswer {
				m = message{some[i], true}
				data, err = encode(show(m))
			}
			sum.Write(data)
			if err == nil && serves(m.State) {
				if err = link(ctx, blobs, m.State); err == nil {
					data, err = encode(show(m))
				}
			}
			if err != nil {
				return out, err
			}
			if size += len(data); size > maxAnswer && len(out.messages) > 0 {
				out.sum = sum.Sum(nil)
				return out, nil
			}
			out.messages, out.seen = append(out.messages, data), out.seen+1
		}
	}
	out.sum = sum.Sum(nil)
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

// serves reports whether a message has files that can be fetched here.
func serves(s *contact.State) bool {
	return s != nil && slices.ContainsFunc(s.Files, func(f contact.MediaFile) bool { return f.Key != "" })
}

// link adds to the files of a message where they can be fetched.
func link(ctx context.Context, blobs Blobs, s *contact.State) error {
	if s == nil {
		return nil
	}
	all := make([]*contact.MediaFile, 0, len(s.Files)+1)
	for i := range s.Files {
		all = append(all, &s.Files[i])
	}
	if s.Page != nil {
		all = append(all, s.Page)
	}
	for _, f := range all {
		if f.Key == "" {
			continue
		}
		var err error
		if f.URL, err = blobs.Link(ctx, f.Key, f.Type, disposition(*f), linkLife); err != nil {
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
