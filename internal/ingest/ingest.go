package ingest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// Store has the parts of the table that an [Ingester] writes. [StoreOf] returns
// those of a table.
type Store struct {
	Customers Customers
	Messages  Messages
}

// StoreOf returns the parts of a table.
func StoreOf(t *store.Table) Store {
	return Store{Customers: t.Customers, Messages: t.Messages}
}

// Customers finds the customer of an address, and keeps consents.
type Customers interface {
	Identify(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (identity.CustomerID, error)
	// FindCustomer returns the customer who has an address, and whether it is
	// verified. An unknown address is [fault.NotFound].
	FindCustomer(ctx context.Context, a identity.Alias) (identity.CustomerID, identity.Assurance, error)
	PutConsent(ctx context.Context, c identity.CustomerID, k identity.Consent) error
}

// Messages stores the elements of deliveries, and deliveries in quarantine.
type Messages interface {
	Put(ctx context.Context, m message.Message, whole string) (created bool, err error)
	PutEffect(ctx context.Context, customer identity.CustomerID, e message.Effect) (created bool, err error)
	PutNotice(ctx context.Context, n message.Notice) (created bool, err error)
	PutQuarantined(ctx context.Context, c message.QuarantinedDelivery) error
	Hash(parts ...string) string
}

// Blobs stores objects that are too large for the table. [blob.Bucket]
// implements it.
type Blobs interface {
	Put(ctx context.Context, key, contentType string, data []byte) error
}

// Tally counts the elements of a delivery by their outcome. When no error
// occurred, In is the sum of the other counts. The package comment defines
// each count.
type Tally struct {
	In, Stored, Duplicate, Quarantined, Refused, Erased int
}

// Counts returns t as metrics, by metric name.
func (t Tally) Counts() map[string]int {
	return map[string]int{
		"In": t.In, "Stored": t.Stored, "Duplicate": t.Duplicate,
		"Quarantined": t.Quarantined, "Refused": t.Refused, "Erased": t.Erased,
	}
}

// Ingester stores deliveries. It may be used by many goroutines.
type Ingester struct {
	Store Store
	Blobs Blobs
	Now   func() time.Time
}

// maxConcurrentWrites limits how many elements of one delivery are written at
// the same time.
const maxConcurrentWrites = 16

// Source describes the raw form of a delivery. The quarantine needs it to keep
// the delivery for a replay.
type Source struct {
	Channel message.Channel
	Raw     []byte      // the delivery as received; nil if it is stored at Object already
	Type    string      // media type of Raw
	Object  string      // the S3 key of the delivery, for a mail in the mail bucket
	Mail    *ParsedMail // for a mail: its files are stored with its messages; else nil
}

// Ingest stores every element of d. An element that is broken or invalid, or
// whose time cannot be right, puts the delivery into quarantine, and the other
// elements are stored.
//
// An error means that an element is neither stored nor in quarantine. The
// sender must then deliver again, which is safe.
func (ing *Ingester) Ingest(ctx context.Context, d message.Delivery, src Source) (Tally, error) {
	tally := Tally{In: d.Elements()}
	now := ing.Now().UTC()
	d = rejectTimes(d, now)
	if err := ing.storeLinks(ctx, d.Links, &tally); err != nil {
		return tally, err
	}
	writes := ing.elementWrites(d, src.Mail, now)
	var reasons []string
	for _, b := range d.Broken {
		reasons = append(reasons, b.Path+": "+b.Reason)
	}
	var mu sync.Mutex
	var failure error
	lambdabatch.Each(len(writes), maxConcurrentWrites, func(i int) {
		created, err := writes[i](ctx)
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
		if err := ing.quarantine(ctx, src, now, reasons); err != nil {
			return tally, err
		}
		tally.Quarantined += len(reasons)
	}
	return tally, failure
}

// maxLead is how far a platform's time may be ahead of the time of receipt. It
// allows for wrong clocks of phones.
const maxLead = 24 * time.Hour

// firstTime is before the first message of any channel.
var firstTime = time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC)

// rejectTimes returns d with the elements as broken whose time cannot be right:
// more than maxLead after now, or before firstTime. Keys contain the time of the
// message, so that the time cannot be corrected.
func rejectTimes(d message.Delivery, now time.Time) message.Delivery {
	broken := slices.Clone(d.Broken)
	d.Links = keepCredible(d.Links, "link", now, &broken, func(l identity.Link) time.Time { return l.Evidence.At })
	d.Messages = keepCredible(d.Messages, "message", now, &broken, func(m message.Message) time.Time { return m.SentAt })
	d.Effects = keepCredible(d.Effects, "effect", now, &broken, func(e message.Effect) time.Time { return e.At })
	d.Notices = keepCredible(d.Notices, "notice", now, &broken, func(n message.Notice) time.Time { return n.At })
	d.Broken = broken
	return d
}

// keepCredible returns the elements whose time can be right, and adds the others
// to broken. An element without a time is kept: its own check decides.
func keepCredible[T any](all []T, kind string, now time.Time, broken *[]message.Broken, timeOf func(T) time.Time) []T {
	kept := make([]T, 0, len(all))
	for i, e := range all {
		at := timeOf(e)
		reason := ""
		switch {
		case at.IsZero():
		case at.After(now.Add(maxLead)):
			reason = "its time is more than a day after its receipt"
		case at.Before(firstTime):
			reason = "its time is before 2009"
		}
		if reason == "" {
			kept = append(kept, e)
			continue
		}
		*broken = append(*broken, message.Broken{Path: fmt.Sprintf("%s %d", kind, i), Reason: reason})
	}
	return kept
}

// QuarantineUnreadable puts a delivery that cannot be normalized into
// quarantine. It counts as one element.
func (ing *Ingester) QuarantineUnreadable(ctx context.Context, src Source, reason string) (Tally, error) {
	if err := ing.quarantine(ctx, src, ing.Now().UTC(), []string{reason}); err != nil {
		return Tally{In: 1}, err
	}
	return Tally{In: 1, Quarantined: 1}, nil
}

// quarantine stores the raw delivery in S3, unless it is there already, and
// then its case in the table. The same delivery always gets the same key.
func (ing *Ingester) quarantine(ctx context.Context, src Source, now time.Time, reasons []string) error {
	c := message.QuarantinedDelivery{Channel: src.Channel, At: now, Object: src.Object, Reasons: reasons}
	if src.Object == "" {
		c.Hash = ing.Store.Messages.Hash("delivery", string(src.Channel), string(src.Raw))
		c.Object = fmt.Sprintf("quarantine/%s/%s", src.Channel, c.Hash)
		if err := ing.Blobs.Put(ctx, c.Object, src.Type, src.Raw); err != nil {
			return fmt.Errorf("put the delivery into quarantine: %w", err)
		}
	} else {
		c.Hash = ing.Store.Messages.Hash("delivery", string(src.Channel), src.Object)
	}
	if err := ing.Store.Messages.PutQuarantined(ctx, c); err != nil {
		return fmt.Errorf("put the delivery into quarantine: %w", err)
	}
	return nil
}

// storeLinks records that the two aliases of each link belong to one customer.
func (ing *Ingester) storeLinks(ctx context.Context, links []identity.Link, tally *Tally) error {
	for _, l := range links {
		aliases := []identity.Address{
			{Alias: l.From, Assurance: identity.Verified},
			{Alias: l.To, Assurance: identity.Verified},
		}
		if _, err := ing.Store.Customers.Identify(ctx, aliases, l.Evidence); err != nil {
			return fmt.Errorf("link aliases by rule %s: %w", l.Evidence.Rule, err)
		}
		tally.Stored++
	}
	return nil
}

// elementWrite stores one element of a delivery, and reports whether it is
// new.
type elementWrite func(context.Context) (created bool, err error)

// elementWrites returns one write for each message, effect and notice of d.
// The writes may run at the same time.
func (ing *Ingester) elementWrites(d message.Delivery, mail *ParsedMail, now time.Time) []elementWrite {
	customers := &customerResolver{store: ing.Store, byKey: map[string]*resolution{}}
	var writes []elementWrite
	for _, m := range d.Messages {
		writes = append(writes, func(ctx context.Context) (bool, error) {
			m.ReceivedAt = now
			return ing.writeMessage(ctx, m, mail, customers)
		})
	}
	for _, e := range d.Effects {
		writes = append(writes, func(ctx context.Context) (bool, error) {
			return ing.writeEffect(ctx, e, customers)
		})
	}
	for _, n := range d.Notices {
		writes = append(writes, func(ctx context.Context) (bool, error) {
			return ing.writeNotice(ctx, n, customers)
		})
	}
	return writes
}

func (ing *Ingester) writeMessage(ctx context.Context, m message.Message, mail *ParsedMail, customers *customerResolver) (created bool, err error) {
	if err := m.Validate(); err != nil {
		return false, err
	}
	if m.CustomerID == "" {
		ev := identity.Evidence{Rule: evidenceRule(m.Channel), Ref: string(m.ID), At: m.SentAt}
		if m.Direction == message.Inbound {
			ev.Name = m.Name
		}
		m.CustomerID, err = customers.resolve(ctx, m.Addresses(), ev)
		if err != nil {
			return false, fmt.Errorf("identify the customer of a message: %w", err)
		}
	}
	if err := ing.storeMailFiles(ctx, &m, mail); err != nil {
		return false, err
	}
	return ing.storeMessage(ctx, m)
}

func (ing *Ingester) writeEffect(ctx context.Context, e message.Effect, customers *customerResolver) (created bool, err error) {
	if err := e.Validate(); err != nil {
		return false, err
	}
	if e.CustomerID != "" {
		return ing.Store.Messages.PutEffect(ctx, e.CustomerID, e)
	}
	id, err := customers.resolve(ctx, e.Addresses(), identity.Evidence{Rule: evidenceRule(e.Channel), At: e.At})
	if err != nil {
		return false, fmt.Errorf("identify the customer of an effect: %w", err)
	}
	return ing.Store.Messages.PutEffect(ctx, id, e)
}

// writeNotice stores a notice after the consent that it reports, if any. A
// crash between the two repeats the consent, which is safe.
func (ing *Ingester) writeNotice(ctx context.Context, n message.Notice, customers *customerResolver) (created bool, err error) {
	if n.Consent != nil {
		id, err := customers.resolve(ctx, n.Addresses(), identity.Evidence{Rule: evidenceRule(n.Channel), At: n.At})
		if err != nil {
			return false, fmt.Errorf("identify the customer of a consent: %w", err)
		}
		if err := ing.Store.Customers.PutConsent(ctx, id, *n.Consent); err != nil {
			return false, fmt.Errorf("store a consent: %w", err)
		}
	}
	return ing.Store.Messages.PutNotice(ctx, n)
}

// evidenceRule returns the rule that proves, on a channel, that the aliases of
// one message belong to one person.
func evidenceRule(ch message.Channel) string {
	switch ch {
	case message.WhatsApp, message.Messenger, message.Instagram:
		return identity.RuleWebhook
	case message.Email:
		return identity.RuleMail
	default:
		return identity.RuleChat
	}
}

// customerResolver finds the customers of one delivery. It asks the store once
// for all elements that have the same addresses and nearly the same time.
type customerResolver struct {
	store Store
	mu    sync.Mutex
	byKey map[string]*resolution
}

// resolution is the store's answer for one set of addresses.
type resolution struct {
	once sync.Once
	id   identity.CustomerID
	err  error
}

// resolve returns the customer who owned the addresses at the time of the
// evidence. Times within one [identity.Grain] share an answer, because the
// owner of an address does not change within it.
func (r *customerResolver) resolve(ctx context.Context, addresses []identity.Address, ev identity.Evidence) (identity.CustomerID, error) {
	key := fmt.Sprint(addresses, ev.At.Truncate(identity.Grain).Unix())
	r.mu.Lock()
	found, ok := r.byKey[key]
	if !ok {
		found = &resolution{}
		r.byKey[key] = found
	}
	r.mu.Unlock()
	found.once.Do(func() { found.id, found.err = r.store.Customers.Identify(ctx, addresses, ev) })
	return found.id, found.err
}
