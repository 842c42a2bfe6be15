package whatsapp

import (
	"cmp"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// ids are the ids that an element gives for a customer. Any of them may be
// empty.
type ids struct {
	phone  string // WhatsApp id, usually a phone number
	user   string // business-scoped user id
	parent string // parent user id
}

// withFallback returns i with empty ids replaced by those of other.
func (i ids) withFallback(other ids) ids {
	return ids{cmp.Or(i.phone, other.phone), cmp.Or(i.user, other.user), cmp.Or(i.parent, other.parent)}
}

// contactIDs returns the ids of an element of "contacts", or of the sender of
// a handover.
func contactIDs(v meta.Value) ids {
	o := v.Object()
	phone := cmp.Or(o.Get("wa_id").Text(), o.Get("phone_number").Text())
	return ids{phone, o.Get("user_id").Text(), o.Get("parent_user_id").Text()}.normalized()
}

// normalized returns i with a business-scoped user id moved from phone to
// user. Test payloads have it in the place of the phone number.
func (i ids) normalized() ids {
	if i.user == "" && identity.ValidBSUID(i.phone) {
		i.user = i.phone
		i.phone = ""
	}
	return i
}

// A person is one element of "contacts". Any of its fields may be empty.
type person struct {
	ids
	name, username string
}

func readPeople(v meta.Value) []person {
	list := v.Elements()
	if len(list) == 0 {
		return nil
	}
	people := make([]person, 0, len(list))
	for _, raw := range list {
		profile := raw.Get("profile")
		people = append(people, person{
			ids:      contactIDs(raw),
			name:     message.Cut(profile.Get("name").Text(), maxName),
			username: message.Cut(strings.TrimPrefix(profile.Get("username").Text(), "@"), maxName),
		})
	}
	return people
}

// onlyPersonIDs returns the ids of the person in "contacts", or none if
// "contacts" does not have exactly one element.
func (c *change) onlyPersonIDs() ids {
	if len(c.people) != 1 {
		return ids{}
	}
	return c.people[0].ids
}

// findPerson returns the element of "contacts" for a customer: the one with
// the same id, at any position. If there is one person and one message, that
// person is the sender in any case. The result has no ids if they conflict
// with the given ones.
func (c *change) findPerson(given ids) person {
	for _, id := range [...]string{given.phone, given.user} {
		if i, ok := c.findPersonIndex(id); ok {
			return c.people[i].withoutConflictingIDs(given)
		}
	}
	if len(c.people) == 1 && c.listLength <= 1 {
		return c.people[0].withoutConflictingIDs(given)
	}
	return person{}
}

// maxLinearSearch is the most people that findPersonIndex searches one by one.
// For more it builds an index.
const maxLinearSearch = 8

// findPersonIndex returns the index in people of the person with that id.
func (c *change) findPersonIndex(id string) (int, bool) {
	if id == "" {
		return 0, false
	}
	if len(c.people) <= maxLinearSearch {
		i := slices.IndexFunc(c.people, func(p person) bool { return p.phone == id || p.user == id })
		return i, i >= 0
	}
	if c.peopleByID == nil {
		c.peopleByID = make(map[string]int, 2*len(c.people))
		for i, p := range c.people {
			for _, id := range [...]string{p.phone, p.user} {
				if _, known := c.peopleByID[id]; !known && id != "" {
					c.peopleByID[id] = i
				}
			}
		}
	}
	i, ok := c.peopleByID[id]
	return i, ok
}

// withoutConflictingIDs returns p, without its ids if one of them differs from
// the given one. They may then belong to another person.
func (p person) withoutConflictingIDs(given ids) person {
	if idsConflict(p.phone, given.phone) || idsConflict(p.user, given.user) || idsConflict(p.parent, given.parent) {
		p.ids = ids{}
	}
	return p
}

func idsConflict(a, b string) bool { return a != "" && b != "" && a != b }

// A resolvedCustomer is the customer of an element: the address that was used,
// and other addresses that the same element proves to be the same person's.
type resolvedCustomer struct {
	customer       identity.Address
	aliases        []identity.Address
	name, username string
}

// resolveCustomer returns the customer that an element names by given. The
// phone number is preferred as the main address. An id in another format than
// a phone number or a user id is the last resort. Its alias is then scoped to
// our account, so that it cannot equal a real one.
func (c *change) resolveCustomer(given ids) (resolvedCustomer, error) {
	given = given.normalized()
	p := c.findPerson(given)
	if given == (ids{}) && p.ids == (ids{}) {
		return resolvedCustomer{}, errSender
	}
	w := resolvedCustomer{name: p.name, username: p.username}
	found := make([]identity.Address, 0, 3)
	for _, id := range [...]struct {
		kind  identity.Kind
		value string
	}{
		{identity.Phone, given.phone}, {identity.Phone, p.phone},
		{identity.BSUID, given.user}, {identity.BSUID, p.user},
		{identity.ParentBSUID, given.parent}, {identity.ParentBSUID, p.parent},
	} {
		if a, ok := c.parseAlias(id.kind, id.value); ok && !slices.ContainsFunc(found, hasSameKind(a)) {
			found = append(found, verifiedAddress(a))
		}
	}
	if len(found) == 0 {
		a, ok := c.placeholderAlias(given, p.ids)
		if !ok {
			return resolvedCustomer{}, errSender
		}
		found = append(found, verifiedAddress(a))
	}
	w.customer = found[0]
	if len(found) > 1 {
		w.aliases = found[1:]
	}
	return w, nil
}

func verifiedAddress(a identity.Alias) identity.Address {
	return identity.Address{Alias: a, Assurance: identity.Verified}
}

func hasSameKind(a identity.Alias) func(identity.Address) bool {
	return func(b identity.Address) bool { return a.Kind == b.Kind }
}

// parseAlias returns the alias of an id, if the id has the form of its kind.
// User ids are scoped to the business account. Parent user ids are global.
func (c *change) parseAlias(kind identity.Kind, value string) (identity.Alias, bool) {
	scope := ""
	switch {
	case value == "":
		return identity.Alias{}, false
	case kind == identity.Phone:
		if value[0] > '9' { // a user id or a placeholder text
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

// placeholderAlias returns an alias of the first non-empty id, unchanged.
func (c *change) placeholderAlias(given, person ids) (identity.Alias, bool) {
	scope := cmp.Or(c.ourSideID(), string(message.WhatsApp))
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
