// Package intake takes deliveries in: it checks who sent them, has them
// normalized, and stores every element of them once.
//
// It is quick and does nothing else. Platforms give a webhook a few seconds
// before they send it again, so everything slower hangs off the table's
// stream. It is also where nothing may be lost: a delivery is acknowledged
// only when each of its elements is stored, was stored before, or lies whole
// in quarantine.
package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/batch"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// A Store keeps what is taken in. [store.Table] is one.
type Store interface {
	Identify(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (identity.CustomerID, error)
	PutMessage(ctx context.Context, m contact.Message, whole string) (created bool, err error)
	PutEffect(ctx context.Context, customer identity.CustomerID, e contact.Effect) (created bool, err error)
	PutNotice(ctx context.Context, n contact.Notice) (created bool, err error)
	PutConsent(ctx context.Context, c identity.CustomerID, k identity.Consent) error
	PutQuarantined(ctx context.Context, c contact.Case) error
	Hash(parts ...string) string
}

// A Blobs keeps what is too large for the table. [blob.Bucket] is one.
type Blobs interface {
	Put(ctx context.Context, key, contentType string, data []byte) error
}

// A Tally counts what became of the elements of a delivery. In is the sum of
// the others, for every invocation that completed.
type Tally struct {
	In, Stored, Duplicate, Quarantined, Refused, Erased int
}

// Counts returns t as metrics.
func (t Tally) Counts() map[string]int {
	return map[string]int{
		"In": t.In, "Stored": t.Stored, "Duplicate": t.Duplicate,
		"Quarantined": t.Quarantined, "Refused": t.Refused, "Erased": t.Erased,
	}
}

// A Taker stores deliveries.
type Taker struct {
	Store Store
	Blobs Blobs
	Now   func() time.Time
}

// parallel bounds the writes of one delivery under way at a time.
const parallel = 16

// A Source says what a delivery was made of, for the quarantine.
type Source struct {
	Channel contact.Channel
	Raw     []byte  // the delivery as it came; nil when it lies at Object already
	Type    string  // media type of Raw
	Object  string  // where the delivery lies whole already: a mail in its bucket
	Letter  *Letter // the mail, whose files are kept beside its messages; nil for none
}

// Take stores every element of d. It returns an error, always one that may be
// repeated, when some element could be neither stored nor quarantined; then
// the platform must deliver again, which is safe.
func (t *Taker) Take(ctx context.Context, d contact.Delivery, src Source) (Tally, error) {
	tally := Tally{In: d.Elements()}
	now := t.Now().UTC()
	if err := t.links(ctx, d.Links, &tally); err != nil {
		return tally, err
	}
	jobs, who := t.jobs(d, src.Letter, now)
	var reasons []string
	for _, b := range d.Broken {
		reasons = append(reasons, b.Path+": "+b.Reason)
	}
	var mu sync.Mutex
	var failure error
	batch.Each(len(jobs), parallel, func(i int) {
		created, err := jobs[i](ctx, who)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil && created:
			tally.Stored++
		case err == nil:
			tally.Duplicate++
		case !fault.Retryable(err):
			reasons = append(reasons, fault.Message(err))
		default:
			failure = err
		}
	})
	if len(reasons) > 0 {
		if err := t.quarantine(ctx, src, now, reasons); err != nil {
			return tally, err
		}
		tally.Quarantined += len(reasons)
	}
	return tally, failure
}

// Unreadable keeps a delivery whole that is not what its channel sends.
func (t *Taker) Unreadable(ctx context.Context, src Source, reason string) (Tally, error) {
	if err := t.quarantine(ctx, src, t.Now().UTC(), []string{reason}); err != nil {
		return Tally{In: 1}, err
	}
	return Tally{In: 1, Quarantined: 1}, nil
}

func (t *Taker) links(ctx context.Context, links []identity.Link, tally *Tally) error {
	for _, l := range links {
		both := []identity.Address{
			{Alias: l.From, Assurance: identity.Verified},
			{Alias: l.To, Assurance: identity.Verified},
		}
		if _, err := t.Store.Identify(ctx, both, l.Evidence); err != nil {
			return err
		}
		tally.Stored++
	}
	return nil
}

// A job stores one element.
type job func(context.Context, *resolver) (created bool, err error)

func (t *Taker) jobs(d contact.Delivery, letter *Letter, now time.Time) ([]job, *resolver) {
	who := &resolver{store: t.Store, known: map[string]*resolved{}}
	var jobs []job
	for _, m := range d.Messages {
		jobs = append(jobs, func(ctx context.Context, who *resolver) (bool, error) {
			if err := m.Validate(); err != nil {
				return false, err
			}
			if m.CustomerID == "" {
				id, err := who.customer(ctx, m.Addresses(), identity.Evidence{Rule: rule(m.Channel), Ref: string(m.ID), At: m.SentAt})
				if err != nil {
					return false, err
				}
				m.CustomerID = id
			}
			m.ReceivedAt = now
			if err := t.keep(ctx, &m, letter); err != nil {
				return false, err
			}
			return t.put(ctx, m)
		})
	}
	for _, e := range d.Effects {
		jobs = append(jobs, func(ctx context.Context, who *resolver) (bool, error) {
			if err := e.Validate(); err != nil {
				return false, err
			}
			if e.CustomerID != "" {
				return t.Store.PutEffect(ctx, e.CustomerID, e)
			}
			id, err := who.customer(ctx, e.Addresses(), identity.Evidence{Rule: rule(e.Channel), At: e.At})
			if err != nil {
				return false, err
			}
			return t.Store.PutEffect(ctx, id, e)
		})
	}
	for _, n := range d.Notices {
		jobs = append(jobs, func(ctx context.Context, who *resolver) (bool, error) {
			if n.Consent != nil {
				id, err := who.customer(ctx, n.Addresses(), identity.Evidence{Rule: rule(n.Channel), At: n.At})
				if err != nil {
					return false, err
				}
				if err := t.Store.PutConsent(ctx, id, *n.Consent); err != nil {
					return false, err
				}
			}
			return t.Store.PutNotice(ctx, n)
		})
	}
	return jobs, who
}

// rule says by what a channel shows whose aliases a message names.
func rule(ch contact.Channel) string {
	switch ch {
	case contact.WhatsApp, contact.Messenger, contact.Instagram:
		return identity.RuleWebhook
	case contact.Email:
		return identity.RuleMail
	default:
		return identity.RuleChat
	}
}

// A resolver asks for each customer of a delivery once.
type resolver struct {
	store Store
	mu    sync.Mutex
	known map[string]*resolved
}

type resolved struct {
	once sync.Once
	id   identity.CustomerID
	err  error
}

func (r *resolver) customer(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (identity.CustomerID, error) {
	key := fmt.Sprint(addresses, ev.At.Truncate(identity.Grain).Unix())
	r.mu.Lock()
	known, ok := r.known[key]
	if !ok {
		known = &resolved{}
		r.known[key] = known
	}
	r.mu.Unlock()
	known.once.Do(func() { known.id, known.err = r.store.Identify(ctx, addresses, ev) })
	return known.id, known.err
}

// keep puts the files of a mail, and its page, beside its message m: before m,
// so that what a history names is there.
func (t *Taker) keep(ctx context.Context, m *contact.Message, l *Letter) error {
	if l == nil || l.File == nil {
		return nil
	}
	hash := t.Store.Hash("message", string(m.ID))
	m.Attachments = slices.Clone(m.Attachments) // the other mailbox's message has the same
	for i := range m.Attachments {
		a := &m.Attachments[i]
		data, ok := l.File(a.Ref)
		if !ok {
			continue
		}
		if err := t.Blobs.Put(ctx, m.FileKey(hash, strconv.Itoa(i)), cmp.Or(a.Type, "application/octet-stream"), data); err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		a.Size, a.SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
	}
	page := l.Page()
	if page == "" {
		return nil
	}
	m.Page = int64(len(page))
	return t.Blobs.Put(ctx, m.FileKey(hash, contact.PageFile), contact.PageType, []byte(page))
}

// Limits of what the table keeps of one message, in bytes. More goes to S3: a
// put there costs as much as 8 write units.
const (
	maxInline  = 8 << 10
	maxPreview = 1 << 10
	maxFiles   = 100 // what is known of files is known by the item, so as many as a mail lists
	maxRefs    = 20
)

// put stores m: in the table, or whole in S3 first and as a preview in the
// table then.
func (t *Taker) put(ctx context.Context, m contact.Message) (bool, error) {
	if inlineSize(m) <= maxInline {
		return t.Store.PutMessage(ctx, m, "")
	}
	data, err := json.Marshal(m)
	if err != nil {
		return false, fault.Wrap(fault.Invalid, err, "encode message")
	}
	key := fmt.Sprintf("c/%s/m/%s.json", m.CustomerID, t.Store.Hash("message", string(m.ID)))
	if err := t.Blobs.Put(ctx, key, "application/json", data); err != nil {
		return false, err
	}
	return t.Store.PutMessage(ctx, preview(m), key)
}

// inlineSize is about what m takes in the table.
func inlineSize(m contact.Message) int {
	n := len(m.Text) + len(m.FullText) + len(m.Subject) + len(m.Data) + len(m.Raw) + len(m.Payload)
	for _, a := range m.Attachments {
		n += 64 + len(a.Ref) + len(a.URL) + len(a.Name) + len(a.CID)
	}
	if m.ReplyTo != nil {
		for _, r := range m.ReplyTo.References {
			n += len(r)
		}
	}
	return n
}

// preview is what lists show of a message whose whole lies in S3.
func preview(m contact.Message) contact.Message {
	m.Text = contact.Cut(m.Text, maxPreview)
	m.Payload = contact.Cut(m.Payload, maxPreview)
	m.FullText, m.Data, m.Raw = "", nil, nil
	if len(m.Attachments) > maxFiles {
		m.Attachments = m.Attachments[:maxFiles]
	}
	for i := range m.Attachments {
		m.Attachments[i].URL = contact.Cut(m.Attachments[i].URL, maxPreview)
	}
	if m.ReplyTo != nil && len(m.ReplyTo.References) > maxRefs {
		r := *m.ReplyTo
		r.References = r.References[len(r.References)-maxRefs:]
		m.ReplyTo = &r
	}
	return m
}

func (t *Taker) quarantine(ctx context.Context, src Source, now time.Time, reasons []string) error {
	c := contact.Case{Channel: src.Channel, At: now, Object: src.Object, Reasons: reasons}
	if src.Object == "" {
		c.Hash = t.Store.Hash("delivery", string(src.Channel), string(src.Raw))
		c.Object = fmt.Sprintf("quarantine/%s/%s", src.Channel, c.Hash)
		if err := t.Blobs.Put(ctx, c.Object, src.Type, src.Raw); err != nil {
			return err
		}
	} else {
		c.Hash = t.Store.Hash("delivery", string(src.Channel), src.Object)
	}
	return t.Store.PutQuarantined(ctx, c)
}
