// Package whatsapp normalizes webhooks of the WhatsApp Cloud API. They come
// from Meta directly or through AWS End User Messaging Social.
//
// Each element of a webhook becomes one of five things:
//   - A message, for everything a customer or our staff said. If its type or
//
// content cannot be read, the message keeps the element as raw JSON.
//   - An effect, for a later change to a message: a status, an edit, a
//     deletion, a
//
// reaction.
//   - A link, for an event that names two addresses of one person.
//   - A notice, for an event that concerns operations only.
//   - A broken element, if it has no sender, no time or is not an object. It
//     is kept
//
// whole and does not affect its neighbours.
//
// Normalizing is deterministic and without side effects: the same body gives
// the same delivery. Checking signatures, storing and sending are the work of
// other packages.
package whatsapp

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/message"
)

// object is the member "object" of every WhatsApp webhook.
const object = "whatsapp_business_account"

// Normalize returns the contents of a webhook body. A body that is not a
// WhatsApp webhook is [fault.Invalid]. Elements that cannot be read are in the
// delivery's Broken list.
func Normalize(body []byte) (message.Delivery, error) {
	all, err := meta.ParseAll(body)
	if err != nil {
		return message.Delivery{}, err
	}
	var r reader
	for _, v := range all {
		o := v.Object()
		if o.Get("object").Text() != object {
			return message.Delivery{}, fault.New(fault.Invalid, "the object is not "+object)
		}
		r.readEntries("entry", o.Get("entry"))
	}
	return r.delivery, nil
}

// NormalizeSNS returns the contents of a message of AWS End User Messaging
// Social. The message is the text of an SNS notification; one of its members
// is a string that holds one entry of Meta's webhook. A message without such
// an entry is [fault.Invalid].
func NormalizeSNS(notification []byte) (message.Delivery, error) {
	v, err := meta.Parse(notification)
	if err != nil {
		return message.Delivery{}, err
	}
	const member = "whatsAppWebhookEntry"
	e := v.Get(member)
	if !e.IsObject() {
		if e, err = meta.Parse([]byte(e.Text())); err != nil {
			return message.Delivery{}, fault.Wrap(fault.Invalid, err, "read "+member)
		}
	}
	var r reader
	if all := e.Get("entry"); all != nil { // a whole webhook instead of one entry
		r.readEntries(member, all)
	} else {
		r.readEntry(member, e)
	}
	r.assignReceivingNumbers(v.Get("context").Object().Get("MetaPhoneNumberIds"))
	return r.delivery, nil
}

// assignReceivingNumbers sets Via on messages with attachments to the ARN of
// our phone number that received them. Their files must be fetched from AWS,
// not from Meta.
func (r *reader) assignReceivingNumbers(numbers meta.Value) {
	arns := map[string]string{}
	for _, n := range numbers.Elements() {
		o := n.Object()
		if arn := o.Get("arn").Text(); strings.HasPrefix(arn, "arn:") && len(arn) <= maxARN {
			arns[o.Get("metaPhoneNumberId").Text()] = arn
		}
	}
	for i, m := range r.delivery.Messages {
		if len(m.Attachments) > 0 {
			r.delivery.Messages[i].Via = arns[m.Account]
		}
	}
}

// maxARN is the longest ARN that AWS allows, in bytes.
const maxARN = 2048

// A reader collects the contents of one webhook.
type reader struct {
	delivery message.Delivery
}

// Reasons why an element is broken.
var (
	errShape    = fault.New(fault.Invalid, "not an object")
	errSender   = fault.New(fault.Invalid, "no usable customer id")
	errTime     = fault.New(fault.Invalid, "no usable time")
	errTarget   = fault.New(fault.Invalid, "the target message id is missing or too long")
	errTooMany  = fault.New(fault.Invalid, "the list has too many broken elements")
	errTooLarge = fault.New(fault.TooLarge, "too large to be stored with its message")
)

func (r *reader) addBroken(path string, v meta.Value, err error) {
	r.delivery.Broken = append(r.delivery.Broken, message.Broken{Path: path, Reason: fault.Message(err), Raw: v.CopyRaw()})
}

func (r *reader) readEntries(path string, list meta.Value) {
	for i, e := range list.Elements() {
		r.readEntry(path+"["+strconv.Itoa(i)+"]", e)
	}
}

// readEntry reads one entry: the events of one WhatsApp business account. An
// entry without "changes" may itself be a change.
func (r *reader) readEntry(path string, v meta.Value) {
	if !v.IsObject() {
		r.addBroken(path, v, errShape)
		return
	}
	o := v.Object()
	waba := o.Get("id").Text()
	at := o.Get("time").Time()
	changes := o.Get("changes").Elements()
	if changes == nil && o.Get("value") != nil {
		changes = []meta.Value{v}
	}
	for i, raw := range changes {
		path := path + ".changes[" + strconv.Itoa(i) + "]"
		if !raw.IsObject() {
			r.addBroken(path, raw, errShape)
			continue
		}
		fields := raw.Object()
		c := &change{
			reader: r, path: path + ".value", waba: waba, entryTime: at,
			field: fields.Get("field").Text(), value: fields.Get("value"),
		}
		c.readValue()
	}
}

// A change is one element of an entry's changes, with the state that its
// elements share.
type change struct {
	*reader
	path       string // of value
	waba       string // id of the WhatsApp business account
	account    string // id of our phone number
	business   string // our phone number, as it is displayed
	field      string
	value      meta.Value
	entryTime  time.Time // zero if the entry has none
	lastTime   time.Time // of the element that was read last
	people     []person
	peopleByID map[string]int // index in people; see findPersonIndex
	listName   string         // the list of value that is being read
	listLength int
	listIndex  int // of the element that is being read
}

// The test button in Meta's dashboard sends a sample webhook with these ids.
// Its sender is not a real person and must not become a customer.
const (
	sampleWABA    = "0"
	sampleAccount = "123456123"
)

func (c *change) readValue() {
	if c.value.IsNull() {
		return
	}
	if !c.value.IsObject() {
		c.addBroken(c.path, c.value, errShape)
		return
	}
	value := c.value.Object()
	us := value.Get("metadata")
	if us.IsNull() {
		us = value.Get("recipient") // in a handover
	}
	c.account = us.Get("phone_number_id").Text()
	c.business = us.Get("display_phone_number").Text()
	if c.waba == sampleWABA && c.account == sampleAccount {
		c.addNotice("test", c.value, time.Time{}, ids{})
		return
	}
	c.people = readPeople(value.Get("contacts"))
	switch c.field {
	case "", "messages", "standby", "smb_message_echoes", "history", "calls", "user_id_update",
		"smb_app_state_sync", "user_preferences",
		"group_lifecycle_update", "group_participants_update", "group_settings_update", "group_status_update":
		before := c.delivery.Elements()
		for _, m := range value {
			c.readMember(string(m.Key), m.Value)
		}
		if c.delivery.Elements() == before && (c.field == "" || hasUnreadContent(value)) {
			c.addNotice(c.field, c.value, time.Time{}, c.onlyPersonIDs())
		}
	default:
		c.addNotice(c.field, c.value, value.Get("timestamp").Time(), contactIDs(value.Get("sender")).withFallback(c.onlyPersonIDs()))
	}
}

// hasUnreadContent reports whether a value has members other than metadata. It
// is called for a value of which no element was read.
func hasUnreadContent(value meta.Object) bool {
	for _, m := range value {
		switch string(m.Key) {
		case "messaging_product", "metadata", "contacts":
		default:
			if !m.Value.IsEmpty() {
				return true
			}
		}
	}
	return false
}

// readMember reads one member of the value.
func (c *change) readMember(name string, v meta.Value) {
	switch name {
	case "messaging_product", "metadata", "contacts":
	case "messages":
		c.readList(name, v, c.readMessage)
	case "message_echoes":
		c.readList(name, v, c.readEcho)
	case "statuses":
		c.readList(name, v, c.readStatus)
	case "history":
		c.readList(name, v, c.readHistory)
	case "calls":
		c.readList(name, v, c.readCall)
	case "user_id_update":
		c.readList(name, v, c.readUserIDUpdate)
	case "user_preferences":
		c.readList(name, v, c.readPreference)
	case "state_sync":
		c.readList(name, v, c.readContactBook)
	default:
		kind := name
		if name == "groups" {
			kind = c.field
		}
		c.readList(unknownMember, v, func(v meta.Value) error {
			if v.IsObject() {
				c.addNotice(kind, v, v.Get("timestamp").Time(), ids{})
			}
			return nil
		})
	}
}

// unknownMember replaces member names that we do not know in paths. Paths are
// logged, and such a name could hold customer data.
const unknownMember = "*"

// readList calls read for each element of a list of the value. Elements for
// which read fails become broken elements.
func (c *change) readList(name string, list meta.Value, read func(meta.Value) error) {
	elements := list.Elements()
	failed := 0
	for i, v := range elements {
		c.listName = name
		c.listLength = len(elements)
		c.listIndex = i
		err := read(v)
		if err == nil {
			continue
		}
		failed++
		c.listName = name
		c.listIndex = i
		switch {
		case failed < maxBroken:
			c.addBroken(c.currentPath(), v, err)
		case failed == maxBroken:
			c.addBroken(c.path+"."+name, list, errTooMany)
		}
	}
}

// maxBroken limits the broken elements that are kept one by one. Meta puts at
// most 1,000 elements in a webhook. A list with more broken elements than this
// is kept whole, once.
const maxBroken = 1000

// currentPath returns the path of the element that is being read.
func (c *change) currentPath() string {
	if c.listName == "" {
		return c.path
	}
	return c.path + "." + c.listName + "[" + strconv.Itoa(c.listIndex) + "]"
}

// elementTime returns the time of an element, or its entry's time if that
// cannot be read. It never uses our clock, so that a redelivery gives the same
// message.
func (c *change) elementTime(v meta.Value) (time.Time, error) {
	if t := v.Time(); !t.IsZero() {
		c.lastTime = t
		return t, nil
	}
	if c.entryTime.IsZero() {
		return time.Time{}, errTime
	}
	return c.entryTime, nil
}

// Limits of message fields other than the text, in bytes. They are well above
// Meta's own limits.
const (
	maxID   = 1 << 10
	maxName = 512
	maxText = 4 << 10 // of a payload, a file name, the text of an ad
	maxURL  = 4 << 10
)

// ourSideID returns the id of our phone number, or else of our business
// account.
func (c *change) ourSideID() string {
	return cmp.Or(c.account, c.waba)
}
