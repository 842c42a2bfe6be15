package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

const (
	// lateAfter is the age from which a message is late. ChangesSince finds
	// younger messages by their own time, and late ones by an index entry.
	lateAfter = time.Hour

	// overlap is how far before the last call the next one begins. It exceeds
	// the time between ReceivedAt and the write, the difference of clocks and
	// the delay of the index.
	overlap = 2 * time.Minute
)

// A look is a cursor of ChangesSince: a position in the places where changes
// are stored.
type look struct {
	Asked   identity.CustomerID `json:"c"`           // under which id
	Members string              `json:"m"`           // who belonged to the customer
	Since   int64               `json:"s"`           // milliseconds
	Next    int64               `json:"n,omitempty"` // where the next look begins; 0: this one has not begun
	Source  int                 `json:"i,omitempty"` // of [sources], for each member in turn
	Key     []string            `json:"k,omitempty"` // the last one read of it
}

// A source is one of the places in a customer's partition that hold changes.
type source struct {
	query func(pk string, since time.Time) *dynamodb.QueryInput
	key   []string // the names of what a place in it is made of
	take  func(t Contacts, it item, since time.Time, out *contact.Changes) (found bool, err error)
}

var sources = []source{
	{timelyMessages, []string{pkName, skName}, Contacts.takeOnTime},
	{lateMessages, []string{gsiPK, gsiSK, pkName, skName}, Contacts.takeLate},
	{func(pk string, _ time.Time) *dynamodb.QueryInput {
		return keyRange(pk, effectPrefix, endOf(effectPrefix))
	}, []string{pkName, skName}, Contacts.takeEffect},
	{func(pk string, _ time.Time) *dynamodb.QueryInput {
		return keyRange(pk, contactPrefix, endOf(contactPrefix))
	}, []string{pkName, skName}, Contacts.takeContact},
}

// ChangesSince returns at most limit changes to a customer since an earlier
// call: messages of any time, effects, and contacts. Changes of the two minutes
// before that call may be repeated. The first call, without a
// cursor, returns only a cursor. One call reads at most [maxScan] items and
// says whether there is more. If the ids of the customer changed since the
// earlier call, it returns only that fact.
func (t Contacts) ChangesSince(ctx context.Context, c identity.Customer, asked identity.CustomerID, cursor string, limit int) (contact.Changes, error) {
	began := t.Now().Add(-overlap).UnixMilli()
	fresh := look{Asked: asked, Members: t.pepper.Hash(membershipOf(c)...)[:sumLen], Since: began}
	if cursor == "" {
		return contact.Changes{Cursor: fresh.String(), Complete: true}, nil
	}
	l, err := parseLook(cursor)
	if err != nil || (l.Asked != asked && !slices.Contains(c.Members, l.Asked)) {
		return contact.Changes{}, errCursor()
	}
	if l.Members != fresh.Members {
		return contact.Changes{Regrouped: true, Cursor: fresh.String(), Complete: true}, nil
	}
	if l.Next == 0 {
		l.Next = began
	}
	out := contact.Changes{}
	places := partitionsOf(c)
	for found, read := 0, 0; l.Source < len(sources)*len(places); {
		more, err := t.readSource(ctx, places[l.Source/len(sources)], &l, limit, &found, &read, &out)
		if err != nil {
			return out, fmt.Errorf("read changes: %w", err)
		}
		if more {
			out.Cursor = l.String()
			return t.finishChanges(ctx, c, out)
		}
		l.Source = l.Source + 1
		l.Key = nil
	}
	out.Complete = true
	out.Cursor = look{Asked: asked, Members: l.Members, Since: l.Next}.String()
	return t.finishChanges(ctx, c, out)
}

// partitionsOf returns the customers under whom an item of c may be stored: its
// members, and all who own or owned one of its aliases.
func partitionsOf(c identity.Customer) []identity.CustomerID {
	places := slices.Clone(c.Members)
	for _, m := range c.Moves {
		for _, id := range []identity.CustomerID{m.Was, m.To} {
			if !slices.Contains(places, id) {
				places = append(places, id)
			}
		}
	}
	return places
}

const sumLen = 16

func membershipOf(c identity.Customer) []string {
	ids := []string{"members"}
	for _, m := range c.Members {
		ids = append(ids, string(m))
	}
	for i, m := range c.Moves {
		ids = append(ids, encodeMove(i, m))
	}
	slices.Sort(ids[1:])
	return ids
}

// readSource reads on in one source, and reports whether another call must
// continue.
func (t Contacts) readSource(ctx context.Context, under identity.CustomerID, l *look, limit int, found, read *int, out *contact.Changes) (more bool, err error) {
	from := sources[l.Source%len(sources)]
	since := time.UnixMilli(l.Since)
	in := from.query(customerPK(under), since)
	in.Limit = ptr(int32(maxScan))
	if len(l.Key) == len(from.key) {
		in.ExclusiveStartKey = item{}
		for i, name := range from.key {
			in.ExclusiveStartKey[name] = str(l.Key[i])
		}
	}
	err = t.query(ctx, in, func(it item) bool {
		if *found == limit || *read == maxScan {
			more = true
			return false
		}
		var is bool
		if is, err = from.take(t, it, since, out); err != nil {
			return false
		}
		*read++
		if is {
			*found++
		}
		l.Key = l.Key[:0]
		for _, name := range from.key {
			l.Key = append(l.Key, text(it, name))
		}
		return true
	})
	return more, err
}

func timelyMessages(pk string, since time.Time) *dynamodb.QueryInput {
	return keyRange(pk, timeSK(messagePrefix, since.Add(-lateAfter)), endOf(messagePrefix))
}

func (t Contacts) takeOnTime(it item, since time.Time, out *contact.Changes) (bool, error) {
	if at := moment(it, attrMessageReceived); isLate(it) || (!at.IsZero() && at.Before(since)) {
		return false, nil
	}
	m, whole, err := readMessage(it)
	out.Entries = append(out.Entries, message.Entry{Message: m, Whole: whole})
	return true, err
}

// setLate adds an index entry to a message that arrives long after it was sent,
// so that ChangesSince finds it.
func setLate(it item, m message.Message) {
	if m.ReceivedAt.Sub(m.SentAt) > lateAfter {
		it[gsiPK] = str(latePK(customerPK(m.CustomerID)))
		it[gsiSK] = str(timeSK("", m.ReceivedAt))
	}
}

func isLate(it item) bool { return strings.HasPrefix(text(it, gsiPK), latePrefix) }

func lateMessages(pk string, since time.Time) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    exprf("%s = :pk AND %s >= :since", gsiPK, gsiSK),
		ExpressionAttributeValues: item{":pk": str(latePK(pk)), ":since": str(timeSK("", since))},
	}
}

// takeLate takes an index entry, which holds only the key of the message.
func (t Contacts) takeLate(it item, _ time.Time, out *contact.Changes) (bool, error) {
	e := message.Entry{}
	e.ID = messageIDOf(text(it, skName))
	e.CustomerID = customerOf(text(it, pkName))
	out.Entries = append(out.Entries, e)
	return true, nil
}

// fillMessages reads the messages of which only the keys are known.
func (t Contacts) fillMessages(ctx context.Context, entries []message.Entry) error {
	var keys []item
	at := map[string]int{}
	for i, e := range entries {
		if e.Kind == "" {
			keys = append(keys, key(customerPK(e.CustomerID), messageSK(e.ID)))
			at[string(e.CustomerID)+string(e.ID)] = i
		}
	}
	items, err := t.batchGet(ctx, keys, false)
	if err != nil {
		return fmt.Errorf("read changed messages: %w", err)
	}
	for _, it := range items {
		m, whole, err := readMessage(it)
		if err != nil {
			return err
		}
		entries[at[string(m.CustomerID)+string(m.ID)]] = message.Entry{Message: m, Whole: whole}
	}
	return nil
}

// finishChanges returns out with whole messages and their states. It leaves out
// messages that were erased meanwhile or belong to another customer.
func (t Contacts) finishChanges(ctx context.Context, c identity.Customer, out contact.Changes) (contact.Changes, error) {
	if err := t.fillMessages(ctx, out.Entries); err != nil {
		return out, fmt.Errorf("complete changed messages: %w", err)
	}
	out.Entries = slices.DeleteFunc(out.Entries, func(e message.Entry) bool { return e.Kind == "" || !t.messages().ownsMessage(c, e.Message) })
	if len(c.Moves) > 0 {
		if err := t.dropForeign(ctx, c, &out); err != nil {
			return out, fmt.Errorf("remove changes of other customers: %w", err)
		}
	}
	return out, t.messages().addStates(ctx, c, out.Entries)
}

// dropForeign leaves out what belongs to a previous or next owner of an alias.
// An effect whose message has not arrived is left out too; it comes with the
// message.
func (t Contacts) dropForeign(ctx context.Context, c identity.Customer, out *contact.Changes) error {
	out.Contacts = slices.DeleteFunc(out.Contacts, func(k contact.Contact) bool { return !slices.Contains(c.Members, k.Customer) })
	var own []message.StateChange
	for _, e := range out.Effects {
		if e.Until != nil {
			if slices.Contains(c.Members, e.Customer) {
				own = append(own, e)
			}
			continue
		}
		m, found, err := t.findMessage(ctx, partitionsOf(c), e.Of)
		if err != nil {
			return err
		}
		if found && t.messages().ownsMessage(c, m) {
			e.Customer = m.CustomerID
			own = append(own, e)
		}
	}
	out.Effects = own
	return nil
}

// findMessage returns the message with an id "<channel>:<provider key>" among
// the last messages of the customers.
func (t Contacts) findMessage(ctx context.Context, under []identity.CustomerID, id string) (message.Message, bool, error) {
	suffix := messageSuffixOf(id)
	for _, c := range under {
		in := keyRange(customerPK(c), messagePrefix, endOf(messagePrefix))
		in.ScanIndexForward = ptr(false)
		in.Limit = ptr(int32(maxScan))
		var it item
		n := 0
		err := t.query(ctx, in, func(x item) bool {
			if n++; strings.HasSuffix(text(x, skName), suffix) {
				it = x
			}
			return it == nil && n < maxScan
		})
		if err != nil {
			return message.Message{}, false, err
		}
		if it != nil {
			m, _, err := readMessage(it)
			return m, true, err
		}
	}
	return message.Message{}, false, nil
}

func (t Contacts) takeEffect(it item, since time.Time, out *contact.Changes) (bool, error) {
	if at := moment(it, attrWritten); !at.IsZero() && at.Before(since) {
		return false, nil
	}
	ch, of := parseEffectSK(text(it, skName))
	e := message.StateChange{Customer: customerOf(text(it, pkName)), Channel: ch}
	if of == watermarkKey {
		e.Until = map[string]time.Time{}
		for name := range it {
			if status, ok := strings.CutPrefix(name, attrEffectWatermarkPrefix); ok {
				e.Until[status] = moment(it, name)
			}
		}
	} else {
		s := readState(it)
		e.Of = string(ch) + ":" + of
		e.State = &s
	}
	out.Effects = append(out.Effects, e)
	return true, nil
}

func (t Contacts) takeContact(it item, since time.Time, out *contact.Changes) (bool, error) {
	if at := moment(it, attrWritten); !at.IsZero() && at.Before(since) {
		return false, nil
	}
	k, err := readContact(it)
	out.Contacts = append(out.Contacts, k)
	return true, err
}

// String returns l as a cursor.
func (l look) String() string {
	data, err := json.Marshal(l)
	if err != nil {
		return "" // texts and numbers only
	}
	return string(data)
}

func parseLook(s string) (look, error) {
	var l look
	if err := json.Unmarshal([]byte(s), &l); err != nil || l.Source < 0 || l.Since < 0 {
		return l, fault.New(fault.Invalid, "malformed cursor")
	}
	return l, nil
}
