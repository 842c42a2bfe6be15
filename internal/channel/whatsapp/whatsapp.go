// Package whatsapp reads the webhooks of the WhatsApp Cloud API, as Meta sends
// them and as AWS End User Messaging Social hands them on.
//
// What a customer said always becomes a message: if its kind or its content
// cannot be read, one that keeps the element as it came. What is learned later
// about a message becomes an effect, what names two addresses of one person a
// link, and what concerns operations alone a notice. An element that has no
// sender, no time or no shape is handed on whole as broken, and never takes its
// neighbours along.
//
// Normalizing is pure: the same body gives the same delivery. Signatures,
// storing and sending are left to others.
package whatsapp

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// object is what a WhatsApp webhook says it is about.
const object = "whatsapp_business_account"

// Normalize returns what the body of a webhook holds. A body that as a whole
// is no WhatsApp webhook is [fault.Invalid].
func Normalize(body []byte) (contact.Delivery, error) {
	all, err := meta.ParseAll(body)
	if err != nil {
		return contact.Delivery{}, err
	}
	var r reader
	for _, v := range all {
		o := v.Object()
		if o.Get("object").Text() != object {
			return contact.Delivery{}, fault.New(fault.Invalid, "the object is not "+object)
		}
		r.entries("entry", o.Get("entry"))
	}
	return r.out, nil
}

// NormalizeSNS returns what a message of AWS End User Messaging Social holds:
// the text of an SNS notification, in which a string holds one entry of what
// Meta sent. What is nothing of the kind is [fault.Invalid].
func NormalizeSNS(message []byte) (contact.Delivery, error) {
	v, err := meta.Parse(message)
	if err != nil {
		return contact.Delivery{}, err
	}
	const member = "whatsAppWebhookEntry"
	e := v.Get(member)
	if !e.IsObject() {
		if e, err = meta.Parse([]byte(e.Text())); err != nil {
			return contact.Delivery{}, fault.Wrap(fault.Invalid, err, "no "+member)
		}
	}
	var r reader
	if all := e.Get("entry"); all != nil { // all that Meta sent
		r.entries(member, all)
	} else {
		r.entry(member, e)
	}
	r.via(v.Get("context").Object().Get("MetaPhoneNumberIds"))
	return r.out, nil
}

// via notes of the messages with files by which of our numbers, as AWS names
// them, they came: AWS is to be asked for the files, not Meta.
func (r *reader) via(numbers meta.Value) {
	arns := map[string]string{}
	for _, n := range numbers.List() {
		o := n.Object()
		if arn := o.Get("arn").Text(); strings.HasPrefix(arn, "arn:") && len(arn) <= maxARN {
			arns[o.Get("metaPhoneNumberId").Text()] = arn
		}
	}
	for i, m := range r.out.Messages {
		if len(m.Attachments) > 0 {
			r.out.Messages[i].Via = arns[m.Account]
		}
	}
}

// maxARN is the longest name that AWS gives anything.
const maxARN = 2048

// A reader collects what a webhook holds.
type reader struct {
	out contact.Delivery
}

// Why an element is broken.
var (
	errShape    = fault.New(fault.Invalid, "not an object")
	errSender   = fault.New(fault.Invalid, "no usable customer id")
	errTime     = fault.New(fault.Invalid, "no usable time")
	errTarget   = fault.New(fault.Invalid, "about no message")
	errTooMany  = fault.New(fault.Invalid, "holds too many broken elements")
	errTooLarge = fault.New(fault.TooLarge, "larger than what is kept with a message")
)

func (r *reader) broken(path string, v meta.Value, err error) {
	r.out.Broken = append(r.out.Broken, contact.Broken{Path: path, Reason: fault.Message(err), Raw: v.Raw()})
}

func (r *reader) entries(path string, list meta.Value) {
	for i, e := range list.List() {
		r.entry(path+"["+strconv.Itoa(i)+"]", e)
	}
}

// entry reads what happened at one WhatsApp business account. An entry without
// changes may be one itself.
func (r *reader) entry(path string, v meta.Value) {
	if !v.IsObject() {
		r.broken(path, v, errShape)
		return
	}
	o := v.Object()
	waba, at := o.Get("id").Text(), o.Get("time").Time()
	changes := o.Get("changes").List()
	if changes == nil && o.Get("value") != nil {
		changes = []meta.Value{v}
	}
	for i, raw := range changes {
		path := path + ".changes[" + strconv.Itoa(i) + "]"
		if !raw.IsObject() {
			r.broken(path, raw, errShape)
			continue
		}
		fields := raw.Object()
		c := &change{
			reader: r, path: path + ".value", waba: waba, at: at,
			field: fields.Get("field").Text(), raw: fields.Get("value"),
		}
		c.read()
	}
}

// A change is one element of an entry, and what all that stands in it shares.
type change struct {
	*reader
	path     string // of the value
	waba     string // the WhatsApp business account
	account  string // the phone number id: our side
	business string // our number, as it is shown
	field    string
	raw      meta.Value // the value
	at       time.Time  // the entry's time; zero if it has none
	seen     time.Time  // the time of the element that was read last
	people   []person
	index    map[string]int // positions in people by id, see find
	list     string         // the list of the value that is being read, how long it is, and where we are
	length   int
	pos      int
}

// Meta's dashboard has a button that sends a sample. Its sender is nobody, and
// must not become a customer.
const (
	sampleWABA    = "0"
	sampleAccount = "123456123"
)

func (c *change) read() {
	if c.raw.IsNull() {
		return
	}
	if !c.raw.IsObject() {
		c.broken(c.path, c.raw, errShape)
		return
	}
	value := c.raw.Object()
	us := value.Get("metadata")
	if us.IsNull() {
		us = value.Get("recipient") // of a handover
	}
	c.account = us.Get("phone_number_id").Text()
	c.business = us.Get("display_phone_number").Text()
	if c.waba == sampleWABA && c.account == sampleAccount {
		c.notice("test", c.raw, time.Time{}, ids{})
		return
	}
	c.people = people(value.Get("contacts"))
	switch c.field {
	case "", "messages", "standby", "smb_message_echoes", "history", "calls", "user_id_update",
		"smb_app_state_sync", "user_preferences",
		"group_lifecycle_update", "group_participants_update", "group_settings_update", "group_status_update":
		before := c.out.Elements()
		for _, m := range value {
			c.member(string(m.Key), m.Value)
		}
		if c.out.Elements() == before && (c.field == "" || unread(value)) {
			c.notice(c.field, c.raw, time.Time{}, c.only())
		}
	default:
		c.notice(c.field, c.raw, value.Get("timestamp").Time(), party(value.Get("sender")).or(c.only()))
	}
}

// unread reports whether something stands in a value of which nothing came.
func unread(value meta.Object) bool {
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

// member reads one member of the value.
func (c *change) member(name string, v meta.Value) {
	switch name {
	case "messaging_product", "metadata", "contacts":
	case "messages":
		c.each(name, v, c.message)
	case "message_echoes":
		c.each(name, v, c.echo)
	case "statuses":
		c.each(name, v, c.status)
	case "history":
		c.each(name, v, c.history)
	case "calls":
		c.each(name, v, c.call)
	case "user_id_update":
		c.each(name, v, c.userIDUpdate)
	case "user_preferences":
		c.each(name, v, c.preference)
	case "state_sync":
		c.each(name, v, c.contactBook)
	default:
		kind := name
		if name == "groups" {
			kind = c.field
		}
		c.each(unknown, v, func(v meta.Value) error {
			if v.IsObject() {
				c.notice(kind, v, v.Get("timestamp").Time(), ids{})
			}
			return nil
		})
	}
}

// unknown stands in paths for names that are not known: paths reach logs.
const unknown = "*"

// each reads the elements of a list of the value, and keeps aside those that
// fail.
func (c *change) each(name string, list meta.Value, read func(meta.Value) error) {
	elements := list.List()
	failed := 0
	for i, v := range elements {
		c.list, c.length, c.pos = name, len(elements), i
		err := read(v)
		if err == nil {
			continue
		}
		failed++
		c.list, c.pos = name, i
		switch {
		case failed < maxBroken:
			c.broken(c.here(), v, err)
		case failed == maxBroken:
			c.broken(c.path+"."+name, list, errTooMany)
		}
	}
}

// maxBroken is how many elements of one list are kept aside one by one. Meta
// puts at most 1,000 into a webhook; a list with more broken ones than that is
// kept whole, once.
const maxBroken = 1000

// here returns the path of the element that is being read.
func (c *change) here() string {
	if c.list == "" {
		return c.path
	}
	return c.path + "." + c.list + "[" + strconv.Itoa(c.pos) + "]"
}

// time returns the time of an element; where that cannot be read, its entry's.
// Never ours: a message that comes twice must come out the same.
func (c *change) time(v meta.Value) (time.Time, error) {
	if t := v.Time(); !t.IsZero() {
		c.seen = t
		return t, nil
	}
	if c.at.IsZero() {
		return time.Time{}, errTime
	}
	return c.at, nil
}

// Longest of what a message holds beside its text, in bytes: well above what
// Meta allows.
const (
	maxID   = 1 << 10
	maxName = 512
	maxText = 4 << 10 // of a payload, a file name, the words of an ad
	maxURL  = 4 << 10
)

// notice keeps an element that is about no message. Where it has no time, its
// entry's is taken or that of what stands before it in the value; without those
// it is unknown: zero.
func (c *change) notice(kind string, v meta.Value, at time.Time, about ids) {
	for _, other := range []time.Time{c.at, c.seen} {
		if at.IsZero() {
			at = other
		}
	}
	n := contact.Notice{
		Channel: contact.WhatsApp,
		Account: contact.Cut(c.side(), maxID),
		ID:      meta.HashID(v, kind, c.side(), strconv.FormatInt(at.Unix(), 10)),
		Kind:    contact.Cut(cmp.Or(kind, "unknown"), maxName),
		At:      at,
	}
	if who, err := c.who(about); err == nil && about != (ids{}) {
		n.Customer, n.Aliases = &who.customer, who.aliases
	}
	if len(v) <= contact.MaxRaw {
		n.Data = v.Raw()
	} else {
		c.broken(c.here(), v, errTooLarge)
	}
	c.out.Notices = append(c.out.Notices, n)
}

// granted says of the values of a preference whether the customer allows it.
var granted = map[string]bool{"stop": false, "resume": true, "signup": true}

// preference reads whether a customer wants marketing messages.
func (c *change) preference(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	o := v.Object()
	about := ids{o.Get("wa_id").Text(), o.Get("user_id").Text(), o.Get("parent_user_id").Text()}
	if about == (ids{}) {
		about = c.only()
	}
	c.notice("user_preferences", v, o.Get("timestamp").Time(), about)
	n := &c.out.Notices[len(c.out.Notices)-1]
	allows, known := granted[strings.ToLower(o.Get("value").Text())]
	if known && n.Customer != nil && !n.At.IsZero() {
		n.Consent = &identity.Consent{
			Channel: string(contact.WhatsApp), Account: n.Account, Granted: allows, At: n.At,
			Category: contact.Cut(cmp.Or(o.Get("category").Text(), "marketing_messages"), maxName),
		}
	}
	return nil
}

// contactBook reads a change in the address book of the WhatsApp Business app.
// What staff type there gives a name and proves nothing.
func (c *change) contactBook(v meta.Value) error {
	if !v.IsObject() {
		return errShape
	}
	at := v.Get("metadata", "timestamp").Time()
	c.notice("smb_app_state_sync", v, at, ids{phone: v.Get("contact", "phone_number").Text()})
	return nil
}

// side returns whatever names our side: the number, or else the account.
func (c *change) side() string {
	return cmp.Or(c.account, c.waba)
}
