// Package messenger reads the webhooks of Meta's Messenger Platform: those of
// Facebook pages and, in the same envelope, those of Instagram accounts.
//
// A webhook is read element by element, and tolerantly: Meta adds members,
// types and spellings without notice. What a customer said always becomes a
// message, if need be one whose kind nobody can read yet and which keeps the
// element as it came; what only concerns operations becomes a notice; what is
// broken is handed on whole, and never takes its neighbours along.
//
// Shapes are those of Meta's reference of 2026 and of older years, as they are
// still seen. The package knows nothing of signatures or of storing.
package messenger

import (
	"fmt"
	"strconv"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// Normalize returns what the body of a webhook holds. A body that is as a
// whole no webhook of a page or an Instagram account is [fault.Invalid]; an
// element of it that cannot be read is in Broken.
func Normalize(body []byte) (contact.Delivery, error) {
	bodies, err := meta.ParseAll(body)
	if err != nil {
		return contact.Delivery{}, err
	}
	var r reader
	for _, v := range bodies {
		if err := r.webhook(v.Object()); err != nil {
			return contact.Delivery{}, err
		}
	}
	return r.out, nil
}

// webhook reads all of a page or of an Instagram account.
func (r *reader) webhook(o meta.Object) error {
	switch o.Get("object").Text() {
	case "instagram":
		r.channel, r.kind = contact.Instagram, identity.IGSID
	case "page":
		r.channel, r.kind = contact.Messenger, identity.PSID
	default:
		return fault.New(fault.Invalid, "the object is neither page nor instagram")
	}
	entries := o.Get("entry")
	if entries.IsNull() {
		return fault.New(fault.Invalid, "there are no entries")
	}
	for i, e := range entries.List() {
		r.entry(i, e)
	}
	return nil
}

// A reader reads one webhook.
type reader struct {
	out     contact.Delivery
	channel contact.Channel
	kind    identity.Kind // of the customers' ids
}

// An entry is what happened at one page or account.
type entry struct {
	account string    // the page's or account's id
	at      time.Time // when Meta put it together
}

// entry reads entry[i]. Any of its lists may be absent, and with Instagram's
// business login an entry is itself what else an element of changes is.
func (r *reader) entry(i int, raw meta.Value) {
	if !raw.IsObject() {
		r.broken(fmt.Sprintf("entry[%d]", i), raw, errNoObject)
		return
	}
	members := raw.Object()
	e := entry{account: members.Get("id").Text(), at: members.Get("time").Time()}
	if members.Get("field") != nil && members.Get("value") != nil {
		r.each(i, "value", members.Get("value"), func(meta.Value) error { return r.change(e, raw) })
	}
	for _, m := range members {
		switch name, v := string(m.Key), m.Value; name {
		case "id", "time", "field", "value":
		case "hop_context": // which apps passed it on
		case "messaging":
			r.each(i, name, v, func(v meta.Value) error { return r.item(e, v, false) })
		case "standby":
			r.each(i, name, v, func(v meta.Value) error { return r.item(e, v, true) })
		case "changes":
			r.each(i, name, v, func(v meta.Value) error { return r.change(e, v) })
		default:
			r.each(i, "*", v, func(v meta.Value) error { return r.other(e, name, v) })
		}
	}
}

var (
	errNoObject = fault.New(fault.Invalid, "not an object")
	errNobody   = fault.New(fault.Invalid, "no usable id of customer and page")
	errNoTime   = fault.New(fault.Invalid, "no time")
	errNoID     = fault.New(fault.Invalid, "no usable message id")
	errTooLarge = fault.New(fault.TooLarge, "larger than a message may be")
)

// each reads the elements of a list of entry[i], and keeps aside those that
// fail.
func (r *reader) each(i int, name string, list meta.Value, read func(meta.Value) error) {
	for j, v := range list.List() {
		if err := read(v); err != nil {
			r.broken(fmt.Sprintf("entry[%d].%s[%d]", i, name, j), v, err)
		}
	}
}

func (r *reader) broken(path string, raw meta.Value, err error) {
	r.out.Broken = append(r.out.Broken, contact.Broken{Path: path, Reason: fault.Message(err), Raw: raw.Raw()})
}

// other reads an element of a list that has a name we do not know.
func (r *reader) other(e entry, name string, raw meta.Value) error {
	if !raw.IsObject() {
		return nil // a number or a flag of the entry itself
	}
	return r.newItem(e, raw).notice(name, raw)
}

// change reads an element of changes. Most are no messaging, and kept as
// notices of whoever commented; apps with Instagram's business login get
// messages here.
func (r *reader) change(e entry, raw meta.Value) error {
	field, val := raw.Get("field").Text(), raw.Get("value")
	if val.Get("sender").IsObject() {
		return r.item(e, val, field == "standby")
	}
	if e.at.IsZero() {
		e.at = val.Get("created_time").Time()
	}
	it := r.newItem(e, raw)
	if from := newParty(val.Get("from")); from.id != e.account && e.account != testAccount {
		it.sender = from
	}
	return it.notice(field, raw)
}

// An event is a member of an element that says what happened.
type event struct {
	name  string
	value meta.Value
}

// A party is the sender or the recipient of an element.
type party struct {
	id  string
	ref bool // id is a site's user_ref, of somebody whose page-scoped id is not known yet
}

// newParty reads a party.
func newParty(v meta.Value) party {
	o := v.Object()
	if id := o.Get("id").Text(); id != "" {
		return party{id: id}
	}
	return party{id: o.Get("user_ref").Text(), ref: true}
}

// An item is an element of messaging or standby, and the place where what it
// says is added to the delivery.
type item struct {
	*reader
	raw               meta.Value
	account           string
	sender, recipient party
	at                time.Time // zero if the element and its entry have none
	standby           bool      // another app holds the conversation
	events            []event
}

// newItem returns the item raw of e.
func (r *reader) newItem(e entry, raw meta.Value) *item {
	it := &item{reader: r, raw: raw, account: e.account, at: e.at}
	for _, m := range raw.Object() {
		switch name, v := string(m.Key), m.Value; name {
		case "sender":
			it.sender = newParty(v)
		case "recipient":
			it.recipient = newParty(v)
		case "timestamp":
			if at := v.Time(); !at.IsZero() {
				it.at = at
			}
		case "seq": // gone for years, still sent
		default:
			if !v.IsNull() {
				it.events = append(it.events, event{name, v})
			}
		}
	}
	if it.account == "" {
		it.account = it.recipient.id
	}
	return it
}

// item reads an element of messaging or standby.
func (r *reader) item(e entry, raw meta.Value, standby bool) error {
	if !raw.IsObject() {
		return errNoObject
	}
	it := r.newItem(e, raw)
	it.standby = standby
	if it.account == testAccount {
		it.sender, it.recipient = party{}, party{} // nobody
		return it.notice("test", raw)
	}
	if len(it.events) == 0 {
		return it.notice("empty", raw)
	}
	return all(it.events, it.read)
}

// all reads every element, and returns the first failure: one that fails keeps
// none of the others from being read.
func all[T any](elements []T, read func(T) error) error {
	var failed error
	for _, e := range elements {
		if err := read(e); failed == nil {
			failed = err
		}
	}
	return failed
}

// testAccount is the entry id that the test button of Meta's dashboard sends:
// with made-up people, who must not become customers.
const testAccount = "0"

// read adds what one event says.
func (it *item) read(ev event) error {
	switch ev.name {
	case "message":
		return it.message(ev.value)
	case "postback":
		return it.postback(ev.value)
	case "referral":
		return it.referral(ev.value)
	case "message_edit":
		return it.edit(ev.value)
	case "reaction":
		return it.reaction(ev.value)
	case "delivery":
		return it.delivery(ev.value)
	case "read":
		return it.seen(ev.value)
	case "optin":
		return it.optin(ev.value)
	case "messaging_feedback":
		return it.feedback(ev.value)
	case "policy-enforcement": // as older versions spell it
		return it.notice("policy_enforcement", ev.value)
	default:
		return it.notice(ev.name, ev.value)
	}
}

// ours reports whether the page itself is the sender, so that the recipient is
// the customer.
func (it *item) ours() bool {
	return it.sender.id == it.account && it.recipient.id != "" && it.recipient.id != it.account
}

// customer returns the customer's address: the recipient's when the page
// itself is the sender.
func (it *item) customer(ours bool) (identity.Address, error) {
	p, scope := it.sender, it.account
	if ours {
		p = it.recipient
	}
	if p.ref {
		scope += "/user_ref" // never to be mistaken for a page-scoped id
	}
	alias, err := identity.NewAlias(it.kind, scope, p.id)
	if err != nil || it.account == "" {
		return identity.Address{}, errNobody
	}
	return identity.Address{Alias: alias, Assurance: identity.Verified}, nil
}

// notice adds data, which the platform calls kind. Its time may be unknown.
func (it *item) notice(kind string, data meta.Value) error {
	switch {
	case len(data) > contact.MaxRaw:
		return errTooLarge
	case kind == "":
		kind = "nameless"
	}
	n := contact.Notice{
		Channel: it.channel,
		Account: it.account,
		ID:      it.hash(kind, data),
		Kind:    contact.Clean(kind, maxID),
		At:      it.at,
		Data:    data.Raw(),
	}
	if who, err := it.customer(it.ours()); err == nil {
		n.Customer = &who
	}
	it.out.Notices = append(it.out.Notices, n)
	return nil
}

// hash returns an id for something called kind that brings none: the same at
// each delivery of v, and another for each sender and time.
func (it *item) hash(kind string, v meta.Value) string {
	return meta.HashID(v, kind, it.account, it.sender.id, strconv.FormatInt(it.at.UnixMilli(), 10))
}

// maxID is the longest message id taken, in bytes; Meta's have up to about 200.
const maxID = 1 << 10

// usableID reports whether id can name a message.
func usableID(id string) bool {
	return id != "" && len(id) <= maxID
}
