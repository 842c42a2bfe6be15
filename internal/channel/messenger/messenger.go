// Package messenger normalizes webhooks of Meta's Messenger Platform: those of
// Facebook pages and, in the same envelope, those of Instagram accounts.
//
// Each element is read on its own, because Meta adds members, types and
// spellings without notice. Everything a customer said becomes a message; if
// its content cannot be read, the message keeps the element as raw JSON. An
// event that concerns operations only becomes a notice. A broken element is
// kept whole and does not affect its neighbours.
//
// The formats are those of Meta's reference of 2026, and those of older
// versions that still occur. Checking signatures and storing are the work of
// other packages.
package messenger

import (
	"fmt"
	"strconv"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Normalize returns the contents of a webhook body. A body that is not a
// webhook of a page or an Instagram account is [fault.Invalid]. Elements that
// cannot be read are in the delivery's Broken list.
func Normalize(body []byte) (message.Delivery, error) {
	bodies, err := meta.ParseAll(body)
	if err != nil {
		return message.Delivery{}, err
	}
	var r reader
	for _, v := range bodies {
		if err := r.readWebhook(v.Object()); err != nil {
			return message.Delivery{}, err
		}
	}
	return r.delivery, nil
}

// readWebhook reads the webhook of one page or Instagram account.
func (r *reader) readWebhook(o meta.Object) error {
	switch o.Get("object").Text() {
	case "instagram":
		r.channel = message.Instagram
		r.aliasKind = identity.IGSID
	case "page":
		r.channel = message.Messenger
		r.aliasKind = identity.PSID
	default:
		return fault.New(fault.Invalid, "object must be page or instagram")
	}
	entries := o.Get("entry")
	if entries.IsNull() {
		return fault.New(fault.Invalid, "entry is missing")
	}
	for i, e := range entries.Elements() {
		r.readEntry(i, e)
	}
	return nil
}

// A reader collects the contents of one webhook.
type reader struct {
	delivery  message.Delivery
	channel   message.Channel
	aliasKind identity.Kind // of the customers' ids
}

// An entry identifies an element of a webhook's entries: one page or account
// and its events.
type entry struct {
	account string    // id of the page or account
	at      time.Time // time at which Meta assembled the entry
}

// readEntry reads entry[i]. Any of its lists may be absent. With Instagram's
// business login, the entry itself has the members of a change.
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
		name := string(m.Key)
		v := m.Value
		switch name {
		case "id", "time", "field", "value":
		case "hop_context": // the apps that passed the webhook on
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
	errNoCustomer = fault.New(fault.Invalid, "customer id or page id is missing or not usable")
	errNoTime     = fault.New(fault.Invalid, "no usable time")
	errNoID       = fault.New(fault.Invalid, "no usable message id")
	errTooLarge   = fault.New(fault.TooLarge, "too large to be stored with its message")
)

// readList calls read for each element of a list of entry[i]. Elements for
// which read fails become broken elements.
func (r *reader) readList(i int, name string, list meta.Value, read func(meta.Value) error) {
	for j, v := range list.Elements() {
		if err := read(v); err != nil {
			r.addBroken(fmt.Sprintf("entry[%d].%s[%d]", i, name, j), v, err)
		}
	}
}

func (r *reader) addBroken(path string, raw meta.Value, err error) {
	r.delivery.Broken = append(r.delivery.Broken, message.Broken{Path: path, Reason: fault.Message(err), Raw: raw.CopyRaw()})
}

// readUnknownList reads an element of a list whose name we do not know, as a
// notice.
func (r *reader) readUnknownList(e entry, name string, raw meta.Value) error {
	if !raw.IsObject() {
		return nil // a number or a flag of the entry itself
	}
	return r.newItem(e, raw).addNotice(name, raw)
}

// readChange reads an element of "changes". Apps with Instagram's business
// login get messages here. Other changes, such as comments, become notices of
// the person who made them.
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

// An event is a member of an element that says what happened: "message",
// "postback", "read".
type event struct {
	name  string
	value meta.Value
}

// A party is the sender or the recipient of an element.
type party struct {
	id        string
	isUserRef bool // id is a user_ref of a web site; the page-scoped id is not known yet
}

// parseParty reads the id of a sender or recipient.
func parseParty(v meta.Value) party {
	o := v.Object()
	if id := o.Get("id").Text(); id != "" {
		return party{id: id}
	}
	return party{id: o.Get("user_ref").Text(), isUserRef: true}
}

// An item is an element of "messaging" or "standby". Its methods add their
// results to the reader's delivery.
type item struct {
	*reader
	raw               meta.Value
	account           string
	sender, recipient party
	at                time.Time // zero if the element and its entry have none
	standby           bool      // another app holds the conversation
	events            []event
}

// newItem splits the element raw of e into its sender, recipient, time and
// events.
func (r *reader) newItem(e entry, raw meta.Value) *item {
	it := &item{reader: r, raw: raw, account: e.account, at: e.at}
	for _, m := range raw.Object() {
		name := string(m.Key)
		v := m.Value
		switch name {
		case "sender":
			it.sender = parseParty(v)
		case "recipient":
			it.recipient = parseParty(v)
		case "timestamp":
			if at := v.Time(); !at.IsZero() {
				it.at = at
			}
		case "seq": // no longer documented, still sent
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

// readItem reads an element of "messaging" or "standby".
func (r *reader) readItem(e entry, raw meta.Value, standby bool) error {
	if !raw.IsObject() {
		return errShape
	}
	it := r.newItem(e, raw)
	it.standby = standby
	if it.account == testAccount {
		it.sender = party{} // the people of a test are not real
		it.recipient = party{}
		return it.addNotice("test", raw)
	}
	if len(it.events) == 0 {
		return it.addNotice("empty", raw)
	}
	return readEach(it.events, it.readEvent)
}

// readEach calls read for every element and returns the first error. An
// element that fails does not stop the others.
func readEach[T any](elements []T, read func(T) error) error {
	var failed error
	for _, e := range elements {
		if err := read(e); failed == nil {
			failed = err
		}
	}
	return failed
}

// testAccount is the entry id in webhooks of the test button in Meta's
// dashboard. Their people are not real and must not become customers.
const testAccount = "0"

// readEvent adds one event to the delivery.
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

// isSentByPage reports whether the page is the sender, so that the recipient
// is the customer.
func (it *item) isSentByPage() bool {
	return it.sender.id == it.account && it.recipient.id != "" && it.recipient.id != it.account
}

// customerAddress returns the customer's address: the recipient's if outbound,
// else the sender's.
func (it *item) customerAddress(outbound bool) (identity.Address, error) {
	p := it.sender
	scope := it.account
	if outbound {
		p = it.recipient
	}
	if p.isUserRef {
		scope += "/user_ref" // keeps it apart from page-scoped ids
	}
	alias, err := identity.NewAlias(it.aliasKind, scope, p.id)
	if err != nil || it.account == "" {
		return identity.Address{}, errNoCustomer
	}
	return identity.Address{Alias: alias, Assurance: identity.Verified}, nil
}

// addNotice adds a notice with data, of the kind that the platform named. Its
// time may be zero.
func (it *item) addNotice(kind string, data meta.Value) error {
	switch {
	case len(data) > message.MaxRaw:
		return errTooLarge
	case kind == "":
		kind = "nameless"
	}
	n := message.Notice{
		Channel: it.channel,
		Account: it.account,
		ID:      it.generateID(kind, data),
		Kind:    message.Clean(kind, maxID),
		At:      it.at,
		Data:    data.CopyRaw(),
	}
	if customer, err := it.customerAddress(it.isSentByPage()); err == nil {
		n.Customer = &customer
	}
	it.delivery.Notices = append(it.delivery.Notices, n)
	return nil
}

// generateID returns an id for an event to which the platform gave none. It is
// the same at each delivery, and differs between senders and times.
func (it *item) generateID(kind string, v meta.Value) string {
	return meta.HashElementID(v, kind, it.account, it.sender.id, strconv.FormatInt(it.at.UnixMilli(), 10))
}

// maxID is the longest message id that is accepted, in bytes. Meta's have up
// to about 200.
const maxID = 1 << 10

// isUsableID reports whether id can identify a message.
func isUsableID(id string) bool {
	return id != "" && len(id) <= maxID
}
