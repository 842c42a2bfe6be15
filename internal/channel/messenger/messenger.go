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
		if err := r.readWebhook(v.Object()); err != nil {
			return contact.Delivery{}, err
		}
	}
	return r.delivery, nil
}

// webhook reads all of a page or of an Instagram account.
func (r *reader) readWebhook(o meta.Object) error {
	switch o.Get("object").Text() {
	case "instagram":
		r.channel = contact.Instagram
		r.aliasKind = identity.IGSID
	case "page":
		r.channel = contact.Messenger
		r.aliasKind = identity.PSID
	default:
		return fault.New(fault.Invalid, "the object is neither page nor instagram")
	}
	entries := o.Get("entry")
	if entries.IsNull() {
		return fault.New(fault.Invalid, "there are no entries")
	}
	for i, e := range entries.Elements() {
		r.readEntry(i, e)
	}
	return nil
}

// A reader reads one webhook.
type reader struct {
	delivery  contact.Delivery
	channel   contact.Channel
	aliasKind identity.Kind // of the customers' ids
}

// An entry is what happened at one page or account.
type entry struct {
	account string    // the page's or account's id
	at      time.Time // when Meta put it together
}

// entry reads entry[i]. Any of its lists may be absent, and with Instagram's
// business login an entry is itself what else an element of changes is.
func (r *reader) readEntry(i int, raw meta.Value) {
	if !raw.IsObject() {
		r.addBroken(fmt.Sprintf("entry[%d]", i), raw, errShape)
		return
	}
	members := raw.Object()
	e := entry{account: members.Get("id").Text(), at: members.Get("time").Time()}
	if members.Get("field") != nil && members.Get("value") != nil {
		r.readList(i, "value", members.Get("value"), func(meta.Value) error { return r.readChange(e, raw) })
	}
	for _, m := range members {
		switch name, v := string(m.Key), m.Value; name {
		case "id", "time", "field", "value":
		case "hop_context": // which apps passed it on
		case "messaging":
			r.readList(i, name, v, func(v meta.Value) error { return r.readItem(e, v, false) })
		case "standby":
			r.readList(i, name, v, func(v meta.Value) error { return r.readItem(e, v, true) })
		case "changes":
			r.readList(i, name, v, func(v meta.Value) error { return r.readChange(e, v) })
		default:
			r.readList(i, "*", v, func(v meta.Value) error { return r.readUnknownList(e, name, v) })
		}
	}
}

var (
	errShape      = fault.New(fault.Invalid, "not an object")
	errNoCustomer = fault.New(fault.Invalid, "no usable id of customer and page")
	errNoTime     = fault.New(fault.Invalid, "no time")
	errNoID       = fault.New(fault.Invalid, "no usable message id")
	errTooLarge   = fault.New(fault.TooLarge, "larger than a message may be")
)

// each reads the elements of a list of entry[i], and keeps aside those that
// fail.
func (r *reader) readList(i int, name string, list meta.Value, read func(meta.Value) error) {
	for j, v := range list.Elements() {
		if err := read(v); err != nil {
			r.addBroken(fmt.Sprintf("entry[%d].%s[%d]", i, name, j), v, err)
		}
	}
}

func (r *reader) addBroken(path string, raw meta.Value, err error) {
	r.delivery.Broken = append(r.delivery.Broken, contact.Broken{Path: path, Reason: fault.Message(err), Raw: raw.CopyRaw()})
}

// other reads an element of a list that has a name we do not know.
func (r *reader) readUnknownList(e entry, name string, raw meta.Value) error {
	if !raw.IsObject() {
		return nil // a number or a flag of the entry itself
	}
	return r.newItem(e, raw).addNotice(name, raw)
}

// change reads an element of changes. Most are no messaging, and kept as
// notices of whoever commented; apps with Instagram's business login get
// messages here.
func (r *reader) readChange(e entry, raw meta.Value) error {
	field := raw.Get("field").Text()
	val := raw.Get("value")
	if val.Get("sender").IsObject() {
		return r.readItem(e, val, field == "standby")
	}
	if e.at.IsZero() {
		e.at = val.Get("created_time").Time()
	}
	it := r.newItem(e, raw)
	if from := parseParty(val.Get("from")); from.id != e.account && e.account != testAccount {
		it.sender = from
	}
	return it.addNotice(field, raw)
}

// An event is a member of an element that says what happened.
type event struct {
	name  string
	value meta.Value
}

// A party is the sender or the recipient of an element.
type party struct {
	id        string
	isUserRef bool // id is a site's user_ref, of somebody whose page-scoped id is not known yet
}

// newParty reads a party.
func parseParty(v meta.Value) party {
	o := v.Object()
	if id := o.Get("id").Text(); id != "" {
		return party{id: id}
	}
	return party{id: o.Get("user_ref").Text(), isUserRef: true}
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
			it.sender = parseParty(v)
		case "recipient":
			it.recipient = parseParty(v)
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
func (r *reader) readItem(e entry, raw meta.Value, standby bool) error {
	if !raw.IsObject() {
		return errShape
	}
	it := r.newItem(e, raw)
	it.standby = standby
	if it.account == testAccount {
		it.sender = party{}
		it.recipient = party{} // nobody
		return it.addNotice("test", raw)
	}
	if len(it.events) == 0 {
		return it.addNotice("empty", raw)
	}
	return readEach(it.events, it.readEvent)
}

// all reads every element, and returns the first failure: one that fails keeps
// none of the others from being read.
func readEach[T any](elements []T, read func(T) error) error {
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
func (it *item) readEvent(ev event) error {
	switch ev.name {
	case "message":
		return it.readMessage(ev.value)
	case "postback":
		return it.readPostback(ev.value)
	case "referral":
		return it.readReferral(ev.value)
	case "message_edit":
		return it.readEdit(ev.value)
	case "reaction":
		return it.readReaction(ev.value)
	case "delivery":
		return it.readDelivery(ev.value)
	case "read":
		return it.readReadReceipt(ev.value)
	case "optin":
		return it.readOptin(ev.value)
	case "messaging_feedback":
		return it.readFeedback(ev.value)
	case "policy-enforcement": // as older versions spell it
		return it.addNotice("policy_enforcement", ev.value)
	default:
		return it.addNotice(ev.name, ev.value)
	}
}

// ours reports whether the page itself is the sender, so that the recipient is
// the customer.
func (it *item) isSentByPage() bool {
	return it.sender.id == it.account && it.recipient.id != "" && it.recipient.id != it.account
}

// customer returns the customer's address: the recipient's when the page
// itself is the sender.
func (it *item) customerAddress(ours bool) (identity.Address, error) {
	p := it.sender
	scope := it.account
	if ours {
		p = it.recipient
	}
	if p.isUserRef {
		scope += "/user_ref" // never to be mistaken for a page-scoped id
	}
	alias, err := identity.NewAlias(it.aliasKind, scope, p.id)
	if err != nil || it.account == "" {
		return identity.Address{}, errNoCustomer
	}
	return identity.Address{Alias: alias, Assurance: identity.Verified}, nil
}

// notice adds data, which the platform calls kind. Its time may be unknown.
func (it *item) addNotice(kind string, data meta.Value) error {
	switch {
	case len(data) > contact.MaxRaw:
		return errTooLarge
	case kind == "":
		kind = "nameless"
	}
	n := contact.Notice{
		Channel: it.channel,
		Account: it.account,
		ID:      it.generateID(kind, data),
		Kind:    contact.Clean(kind, maxID),
		At:      it.at,
		Data:    data.CopyRaw(),
	}
	if customer, err := it.customerAddress(it.isSentByPage()); err == nil {
		n.Customer = &customer
	}
	it.delivery.Notices = append(it.delivery.Notices, n)
	return nil
}

// hash returns an id for something called kind that brings none: the same at
// each delivery of v, and another for each sender and time.
func (it *item) generateID(kind string, v meta.Value) string {
	return meta.HashElementID(v, kind, it.account, it.sender.id, strconv.FormatInt(it.at.UnixMilli(), 10))
}

// maxID is the longest message id taken, in bytes; Meta's have up to about 200.
const maxID = 1 << 10

// usableID reports whether id can name a message.
func isUsableID(id string) bool {
	return id != "" && len(id) <= maxID
}
