package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// maxScan bounds how many messages one page reads when a filter leaves few.
const maxScan = 1000

// History returns one page of the messages of a customer and its merged
// members, each message once, even if messages arrive meanwhile. A cursor of
// another customer or order is [fault.Invalid].
func (t Messages) History(ctx context.Context, c identity.Customer, q message.Query) (message.Page, error) {
	if q.Limit < 1 || q.Limit > 200 {
		return message.Page{}, fault.New(fault.Invalid, "limit must be from 1 to 200")
	}
	after, err := t.openCursor(c.ID, q)
	if err != nil {
		return message.Page{}, err
	}
	all, more, err := t.mergeHistories(ctx, c, q, after)
	if err != nil {
		return message.Page{}, fmt.Errorf("read a page of history: %w", err)
	}
	p := message.Page{Complete: !more}
	if more {
		last := all[len(all)-1]
		p.Cursor = t.sealCursor(c.ID, q, place{messageSK(last.ID), last.CustomerID})
	}
	for _, e := range all {
		if q.Wants(e) {
			p.Entries = append(p.Entries, e)
		}
	}
	return p, t.addStates(ctx, c, p.Entries)
}

// addStates adds the states of the messages of c.
func (t Messages) addStates(ctx context.Context, c identity.Customer, entries []message.Entry) error {
	ms := make([]message.Message, len(entries))
	for i, e := range entries {
		ms[i] = e.Message
	}
	states, err := t.messageStates(ctx, c, ms, false)
	if err != nil {
		return fmt.Errorf("read the states of messages: %w", err)
	}
	for i := range entries {
		if s, ok := states[entries[i].ID]; ok {
			entries[i].State = &s
		}
	}
	return nil
}

// A place is the message where a page ended, and its customer.
type place struct {
	sk       string
	customer identity.CustomerID
}

// before reports whether a comes before b in the order of the query.
func precedes(q message.Query, a, b place) bool {
	if a.sk != b.sk {
		return (a.sk < b.sk) == q.Oldest
	}
	return a.customer < b.customer
}

// mergeHistories reads the messages of all members in order until enough of
// them match. It also returns those that do not match: the last one is the end
// of the page.
func (t Messages) mergeHistories(ctx context.Context, c identity.Customer, q message.Query, after place) ([]message.Entry, bool, error) {
	parts := c.Parts()
	heads := make([][]message.Entry, len(parts))
	more := make([]bool, len(parts))
	last := make([]place, len(parts))
	fill := func(i int) error {
		var err error
		heads[i], more[i], err = t.readPartition(ctx, parts[i], q, last[i])
		if n := len(heads[i]); n > 0 {
			last[i] = entryPlace(heads[i][n-1])
		}
		heads[i] = slices.DeleteFunc(heads[i], func(e message.Entry) bool { return !t.ownsMessage(c, e.Message) })
		return err
	}
	errs := make(chan error, len(parts))
	for i := range parts {
		last[i] = after
		go func() { errs <- fill(i) }()
	}
	var failed error
	for range parts {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	if failed != nil {
		return nil, false, failed
	}
	var out []message.Entry
	for matched := 0; ; {
		next := -1
		for i := range heads {
			for len(heads[i]) == 0 && more[i] {
				if err := fill(i); err != nil {
					return nil, false, err
				}
			}
			if len(heads[i]) > 0 && (next < 0 || precedes(q, entryPlace(heads[i][0]), entryPlace(heads[next][0]))) {
				next = i
			}
		}
		if next < 0 {
			return out, false, nil
		}
		if matched == q.Limit || len(out) == maxScan {
			return out, true, nil
		}
		if q.Wants(heads[next][0]) {
			matched++
		}
		out = append(out, heads[next][0])
		heads[next] = heads[next][1:]
	}
}

// ownsMessage reports whether c owns a message that is stored under c or
// another owner of one of its aliases.
func (t Messages) ownsMessage(c identity.Customer, m message.Message) bool {
	return len(c.Moves) == 0 || c.Owns(m.CustomerID, t.aliasKey(m.Customer), m.SentAt)
}

func entryPlace(e message.Entry) place { return place{messageSK(e.ID), e.CustomerID} }

// readPartition returns the next messages of one partition after a place, and
// whether there are more.
func (t Messages) readPartition(ctx context.Context, part identity.Part, q message.Query, after place) ([]message.Entry, bool, error) {
	c := part.ID
	from := messagePrefix
	to := endOf(messagePrefix)
	for _, at := range []time.Time{q.From, part.From} {
		if !at.IsZero() {
			from = max(from, timeSK(messagePrefix, at))
		}
	}
	for _, at := range []time.Time{q.To, part.To} {
		if !at.IsZero() {
			to = min(to, timeSK(messagePrefix, at))
		}
	}
	if after.sk != "" {
		// A partition that sorts behind the one of the last message may hold
		// a message of the very same key.
		exclusive := c <= after.customer
		switch {
		case q.Oldest && exclusive:
			from = max(from, after.sk+"\x00")
		case q.Oldest:
			from = max(from, after.sk)
		case exclusive:
			to = min(to, justBefore(after.sk))
		default:
			to = min(to, after.sk)
		}
	}
	if from > to {
		return nil, false, nil
	}
	in := keyRange(customerPK(c), from, to)
	in.ScanIndexForward = &q.Oldest
	limit := q.Limit + 1 // one more tells whether there is more, without another read
	switch {
	case q.Match != nil:
		limit = maxScan // few may match: one long read is cheaper than many
	case q.Channel != "" || q.Direction != "":
		limit = min(2*q.Limit+1, maxScan)
	}
	in.Limit = ptr(int32(limit))
	in.TableName = t.name
	out, err := t.db.Query(ctx, in)
	if err != nil {
		return nil, false, sdkError(err, "query messages")
	}
	entries := make([]message.Entry, 0, len(out.Items))
	for _, it := range out.Items {
		m, whole, err := readMessage(it)
		if err != nil {
			return nil, false, err
		}
		entries = append(entries, message.Entry{Message: m, Whole: whole})
	}
	return entries, out.LastEvaluatedKey != nil, nil
}

// justBefore returns the largest key of printable text below sk.
func justBefore(sk string) string {
	return sk[:len(sk)-1] + string(rune(sk[len(sk)-1]-1)) + "\U0010FFFF"
}

// sealCursor returns the cursor of a page that ends at p. The cursor opens for
// its own customer and query order only, and is sealed, because p can be a
// message that its holder may not see. The padding hides the length of the
// message id, which differs by channel.
func (t *core) sealCursor(c identity.CustomerID, q message.Query, p place) string {
	plain := p.sk + unit + string(p.customer)
	if rest := len(plain) % cursorBlock; rest > 0 {
		plain += strings.Repeat(unit, cursorBlock-rest)
	}
	return t.Seal(cursorScope(c, q), plain)
}

// cursorBlock is the length in bytes of which the content of a history cursor
// is a multiple. Message ids of most channels fit in two blocks.
const cursorBlock = 64

func cursorScope(c identity.CustomerID, q message.Query) string {
	if q.Oldest {
		return "history oldest " + string(c)
	}
	return "history newest " + string(c)
}

func (t *core) openCursor(c identity.CustomerID, q message.Query) (place, error) {
	if q.Cursor == "" {
		return place{}, nil
	}
	plain, ok := t.Open(cursorScope(c, q), q.Cursor)
	if !ok {
		return place{}, errCursor()
	}
	sk, customer, _ := strings.Cut(strings.TrimRight(plain, unit), unit)
	return place{sk, identity.CustomerID(customer)}, nil
}

func errCursor() error {
	return fault.New(fault.Invalid, "the cursor belongs to another customer or order; start again without one")
}

// RecentMessages returns the messages of a customer since a time, oldest first,
// read consistently. Triage computes contacts from them. Outbound messages that
// did not arrive have Lost set.
func (t Messages) RecentMessages(ctx context.Context, c identity.Customer, from time.Time) ([]message.Message, error) {
	var out []message.Message
	marked := map[stateKey]bool{}
	var bad error
	for _, part := range c.Parts() {
		since := from
		if part.From.After(since) {
			since = part.From
		}
		if !part.To.IsZero() && part.To.Before(since) {
			continue
		}
		in := keyRange(customerPK(part.ID), timeSK(messagePrefix, since), endOf(effectMarkPrefix))
		in.ConsistentRead = ptr(true)
		err := t.query(ctx, in, func(it item) bool {
			if strings.HasPrefix(text(it, skName), effectMarkPrefix) {
				marked[markedEffect(it)] = true
				return true
			}
			var m message.Message
			m, _, bad = readMessage(it)
			inPart := part.To.IsZero() || m.SentAt.Before(part.To)
			if bad == nil && inPart && t.ownsMessage(c, m) {
				out = append(out, m)
			}
			return bad == nil
		})
		if err != nil || bad != nil {
			return nil, firstError(err, bad)
		}
	}
	if err := t.readMovedMarks(ctx, c, marked); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b message.Message) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return out, t.applyEffects(ctx, c, out, marked)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
