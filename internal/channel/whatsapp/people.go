package whatsapp

import (
	"cmp"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// The ids under which an element names a customer; any may be empty.
type ids struct {
	phone  string // the WhatsApp id, a phone number for most
	user   string // the business-scoped user id
	parent string // the parent user id
}

// or returns i, with the ids of other where i has none.
func (i ids) or(other ids) ids {
	return ids{cmp.Or(i.phone, other.phone), cmp.Or(i.user, other.user), cmp.Or(i.parent, other.parent)}
}

// party returns the ids of a customer who is named as one: in contacts, or as
// the sender of a handover.
func party(v meta.Value) ids {
	o := v.Object()
	phone := cmp.Or(o.Get("wa_id").Text(), o.Get("phone_number").Text())
	return ids{phone, o.Get("user_id").Text(), o.Get("parent_user_id").Text()}.sorted()
}

// sorted returns i with a user id in its place: in tests it stands where the
// phone number does.
func (i ids) sorted() ids {
	if i.user == "" && identity.ValidBSUID(i.phone) {
		i.phone, i.user = "", i.phone
	}
	return i
}

// A person is one element of contacts. All of it may be missing.
type person struct {
	ids
	name, username string
}

func people(v meta.Value) []person {
	list := v.List()
	if len(list) == 0 {
		return nil
	}
	people := make([]person, 0, len(list))
	for _, raw := range list {
		profile := raw.Get("profile")
		people = append(people, person{
			ids:      party(raw),
			name:     contact.Cut(profile.Get("name").Text(), maxName),
			username: contact.Cut(strings.TrimPrefix(profile.Get("username").Text(), "@"), maxName),
		})
	}
	return people
}

// only returns the ids of the one person the value is about, if it is one.
func (c *change) only() ids {
	if len(c.people) != 1 {
		return ids{}
	}
	return c.people[0].ids
}

// person returns what contacts say of somebody: the element with the same id,
// whatever its position. Where there is only one for only one message, it is
// the sender's even if the ids differ; then it gives its name and no id.
func (c *change) person(given ids) person {
	for _, id := range [...]string{given.phone, given.user} {
		if i, ok := c.find(id); ok {
			return c.people[i].without(given)
		}
	}
	if len(c.people) == 1 && c.length <= 1 {
		return c.people[0].without(given)
	}
	return person{}
}

// fewPeople is how many are searched one by one.
const fewPeople = 8

// find returns the position of the person with an id.
func (c *change) find(id string) (int, bool) {
	if id == "" {
		return 0, false
	}
	if len(c.people) <= fewPeople {
		i := slices.IndexFunc(c.people, func(p person) bool { return p.phone == id || p.user == id })
		return i, i >= 0
	}
	if c.index == nil {
		c.index = make(map[string]int, 2*len(c.people))
		for i, p := range c.people {
			for _, id := range [...]string{p.phone, p.user} {
				if _, known := c.index[id]; !known && id != "" {
					c.index[id] = i
				}
			}
		}
	}
	i, ok := c.index[id]
	return i, ok
}

// without returns p, and without its ids where one of them is another than the
// given one: then they may be somebody else's.
func (p person) without(given ids) person {
	if differ(p.phone, given.phone) || differ(p.user, given.user) || differ(p.parent, given.parent) {
		p.ids = ids{}
	}
	return p
}

func differ(a, b string) bool { return a != "" && b != "" && a != b }

// who is the customer of an element: the address used, and what else the same
// element proves to be that person's.
type who struct {
	customer       identity.Address
	aliases        []identity.Address
	name, username string
}

// who returns the customer whom an element names by given. The phone number
// comes first where there is one. An id that is neither number nor user id is
// taken only where there is no other, and within our own account, so that it
// can never meet a real one.
func (c *change) who(given ids) (who, error) {
	given = given.sorted()
	p := c.person(given)
	if given == (ids{}) && p.ids == (ids{}) {
		return who{}, errSender
	}
	w := who{name: p.name, username: p.username}
	found := make([]identity.Address, 0, 3)
	for _, id := range [...]struct {
		kind  identity.Kind
		value string
	}{
		{identity.Phone, given.phone}, {identity.Phone, p.phone},
		{identity.BSUID, given.user}, {identity.BSUID, p.user},
		{identity.ParentBSUID, given.parent}, {identity.ParentBSUID, p.parent},
	} {
		if a, ok := c.alias(id.kind, id.value); ok && !slices.ContainsFunc(found, sameKind(a)) {
			found = append(found, verified(a))
		}
	}
	if len(found) == 0 {
		a, ok := c.placeholder(given, p.ids)
		if !ok {
			return who{}, errSender
		}
		found = append(found, verified(a))
	}
	w.customer = found[0]
	if len(found) > 1 {
		w.aliases = found[1:]
	}
	return w, nil
}

func verified(a identity.Alias) identity.Address {
	return identity.Address{Alias: a, Assurance: identity.Verified}
}

func sameKind(a identity.Alias) func(identity.Address) bool {
	return func(b identity.Address) bool { return a.Kind == b.Kind }
}

// alias returns the alias of an id, which must look like one of its kind. User
// ids count within one business account, those of parents everywhere.
func (c *change) alias(kind identity.Kind, value string) (identity.Alias, bool) {
	scope := ""
	switch {
	case value == "":
		return identity.Alias{}, false
	case kind == identity.Phone:
		if value[0] > '9' { // a user id, or a placeholder
			return identity.Alias{}, false
		}
	case !identity.ValidBSUID(value):
		return identity.Alias{}, false
	case strings.HasPrefix(value[3:], "ENT."):
		kind = identity.ParentBSUID
	case kind == identity.BSUID:
		scope = c.waba
	}
	a, err := identity.NewAlias(kind, scope, value)
	return a, err == nil
}

// placeholder returns an alias of the first id there is, as it was received.
func (c *change) placeholder(given, person ids) (identity.Alias, bool) {
	scope := cmp.Or(c.side(), string(contact.WhatsApp))
	for _, id := range [...]identity.Alias{
		{Kind: identity.Phone, Value: given.phone}, {Kind: identity.BSUID, Value: given.user},
		{Kind: identity.Phone, Value: person.phone}, {Kind: identity.BSUID, Value: person.user},
	} {
		value := strings.TrimSpace(id.Value)
		if value != "" && len(value) <= maxName && len(scope) <= maxName {
			return identity.Alias{Kind: id.Kind, Scope: scope, Value: value}, true
		}
	}
	return identity.Alias{}, false
}
