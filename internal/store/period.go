package store

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// An alias belongs to a customer for a period. This file has the rules for phone
// numbers, of which a platform says when a period ends. For example, Jan leaves
// number 1 for number 2, and Kees gets number 1:
//
//	10:00  Jan writes from 1          1 is Jan's
//	11:00  WhatsApp: 1 became 2       2 is Jan's from 11:00, 1 is free after 11:00
//	12:00  Kees writes from 1         1 is Kees's
//
// The rules compare the times of the platform, so that the result is the same in
// whatever order the three arrive (TestIdentify_NumberPeriods).
//
// Who owns a number and where its messages are stored are two things, see
// [identity.Move].

// periodAt returns the index of the move that decides who owned a at a time, -1
// before the first.
func (a aliasItem) periodAt(at time.Time) int {
	period := -1
	for i, m := range a.moves {
		if m.Covers(at) {
			period = i
		}
	}
	return period
}

// ownerAt returns the customer who owned a at a time.
func (a aliasItem) ownerAt(at time.Time) identity.CustomerID {
	if period := a.periodAt(at); period >= 0 {
		return a.moves[period].To
	}
	return a.customer
}

// storedUnder returns the customer under whom messages of a sent at a time are
// stored. The answer never changes, so each delivery of a message finds the
// same customer.
func (a aliasItem) storedUnder(at time.Time) identity.CustomerID {
	who := a.customer
	for _, m := range a.moves {
		if m.Until.IsZero() && !at.Before(m.Kept) {
			who = m.To
		}
	}
	return who
}

// isSettled reports whether all that was decided about a at a time was known when
// its messages of that time were stored. Else a message that names a user id as
// well may be stored under the owner of that.
func (a aliasItem) isSettled(at time.Time) bool {
	return !slices.ContainsFunc(a.moves, func(m identity.Move) bool { return !at.Before(m.From) && at.Before(m.Kept) })
}

// lastMove returns the move that decides who owns a, and false if a never moved.
func (a aliasItem) lastMove() (identity.Move, bool) {
	for _, m := range slices.Backward(a.moves) {
		if m.Until.IsZero() {
			return m, true
		}
	}
	return identity.Move{}, false
}

// currentOwner returns the customer who owns a.
func (a aliasItem) currentOwner() identity.CustomerID {
	if m, ok := a.lastMove(); ok {
		return m.To
	}
	return a.customer
}

// taker returns the customer who may be the person who took number a at a time:
// its owner, or if it was free, the next owner whom a message with a user id
// shows. The result is empty without such a customer.
func (a aliasItem) taker(at time.Time) identity.CustomerID {
	if period := a.periodAt(at); period < 0 || !a.moves[period].Open {
		return a.ownerAt(at)
	}
	next := firstAfter(slices.Concat(a.bounds(), a.starts), at)
	if period := a.periodAt(next); !next.IsZero() && period >= 0 && a.moves[period].Proven {
		return a.moves[period].To
	}
	return ""
}

// sinceEver is the From of a move to a customer who is the first known owner.
var sinceEver = time.UnixMilli(0).UTC()

// leftAt returns the time at which a ceased to belong to customers, zero if it
// belongs to them or never did.
func (a aliasItem) leftAt(of []identity.CustomerID) time.Time {
	if slices.Contains(of, a.currentOwner()) {
		return time.Time{}
	}
	var left time.Time
	for _, at := range a.bounds() {
		had := slices.Contains(of, a.ownerAt(at.Add(-time.Millisecond)))
		has := slices.Contains(of, a.ownerAt(at))
		if had && !has && at.After(left) {
			left = at
		}
	}
	return left
}

// bounds returns the times at which a period of a begins or ends.
func (a aliasItem) bounds() []time.Time {
	var all []time.Time
	for _, m := range a.moves {
		all = append(all, m.From)
		if !m.Until.IsZero() {
			all = append(all, m.Until)
		}
	}
	return all
}

// facts returns the times at which a statement showed the owner of number a:
// moves, starts, and messages that name a user id.
func (a aliasItem) facts() []time.Time {
	all := slices.Concat(a.bounds(), a.starts)
	for _, k := range a.linked {
		if !isUserID(k) {
			continue
		}
		for _, ev := range a.links(k) {
			all = append(all, ev.At)
		}
	}
	return all
}

// isUserID reports whether pk is the key of a user id of WhatsApp.
func isUserID(pk string) bool {
	return isAliasKind(pk, identity.BSUID) || isAliasKind(pk, identity.ParentBSUID)
}

// firstAfter returns the earliest of times after at, else the zero time.
func firstAfter(times []time.Time, at time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if t.After(at) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// isLinked reports whether a statement linked a to another alias in the period
// of a time. Links of another period are about another owner.
func (a aliasItem) isLinked(other string, at time.Time) bool {
	if !slices.Contains(a.linked, other) {
		return false
	}
	if len(a.moves) == 0 {
		return true
	}
	period := a.periodAt(at)
	return slices.ContainsFunc(a.links(other), func(ev identity.Evidence) bool { return a.periodAt(ev.At) == period })
}

// linksAll reports whether a is known to be linked to each of some aliases at a
// time.
func (a aliasItem) linksAll(keys []string, at time.Time) bool {
	return !slices.ContainsFunc(keys, func(k string) bool { return k != a.key && !a.isLinkedSince(k, at) })
}

// maxLinks bounds how often one alias is linked to another.
const maxLinks = 8

// isLinkedSince is isLinked with evidence that is not later than the time. An
// earlier message shows that the period began earlier.
func (a aliasItem) isLinkedSince(other string, at time.Time) bool {
	if !a.isLinked(other, at) || a.address.Kind != identity.Phone || !isUserID(other) {
		return a.isLinked(other, at)
	}
	links := a.links(other)
	period := a.periodAt(at)
	return len(links) >= maxLinks || slices.ContainsFunc(links, func(ev identity.Evidence) bool {
		return a.periodAt(ev.At) == period && !ev.At.After(at)
	})
}

func readTimes(list []string) []time.Time {
	var out []time.Time
	for _, s := range list {
		out = append(out, parseMillis(s))
	}
	return out
}

// isNumberChange reports whether a statement says that a person left the first
// of two phone numbers for the second.
func isNumberChange(addresses []identity.Address, ev identity.Evidence) bool {
	if ev.Rule != identity.RuleSystem || len(addresses) != 2 {
		return false
	}
	from := addresses[0]
	to := addresses[1]
	if from.Kind != identity.Phone || to.Kind != identity.Phone || from.Alias == to.Alias {
		return false
	}
	return isLinkable(from) && isLinkable(to) && !slices.Contains(identity.PhoneVariants(from.Alias), to.Alias)
}

// freeFrom returns the time from which a number is free that its owner left at a
// time. WhatsApp writes times in seconds, and reports the change in a message
// from the old number, which is the owner's last.
func freeFrom(left time.Time) time.Time { return left.Add(time.Millisecond) }

// changeNumber records that the owner of a number left it for another. It can be
// repeated.
func (t Customers) changeNumber(ctx context.Context, from, to identity.Address, owner identity.CustomerID, ev identity.Evidence) error {
	if err := t.beginNumber(ctx, t.aliasKey(to), owner, ev); err != nil {
		return err
	}
	return t.endNumber(ctx, t.aliasKey(from), owner, ev)
}

// beginNumber gives a number to a customer from the time of the evidence on. A
// customer who wrote only from this number, and only since then, is the same
// person and is joined.
func (t Customers) beginNumber(ctx context.Context, k string, owner identity.CustomerID, ev identity.Evidence) error {
	it, err := t.getItem(ctx, key(k, aliasSK), true)
	if err != nil || it == nil {
		return err
	}
	a := readAlias(it)
	if slices.ContainsFunc(a.starts, ev.At.Equal) {
		return nil
	}
	if taker := a.taker(ev.At); taker != "" && taker != owner {
		if _, err := t.JoinByEvidence(ctx, owner, taker, ev); err != nil {
			return err
		}
	}
	c, err := t.customer(ctx, owner, true)
	if err != nil {
		return err
	}
	var begun aliasItem
	err = t.passAlias(ctx, k, ev, func(a aliasItem) (identity.Move, bool) {
		begun = a
		if slices.Contains(c.Members, a.ownerAt(ev.At)) {
			return identity.Move{}, false
		}
		m := identity.Move{From: ev.At, Until: firstAfter(slices.Concat(a.bounds(), a.starts), ev.At), To: owner}
		begun.moves = append(slices.Clone(a.moves), m)
		return m, true
	})
	if err != nil {
		return err
	}
	if err := t.passUserIDs(ctx, begun, a.ownerAt(ev.At), ev.At, ev); err != nil {
		return err
	}
	_, err = t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                       key(k, aliasSK),
		UpdateExpression:          exprf("ADD %s :at", attrAliasStarts),
		ConditionExpression:       exprf("attribute_exists(%s)", pkName),
		ExpressionAttributeValues: item{":at": setOf([]string{timeSK("", ev.At)})},
	})
	return err
}

// endNumber frees a number that a customer left at the time of the evidence,
// until the next owner is known to have it.
func (t Customers) endNumber(ctx context.Context, k string, owner identity.CustomerID, ev identity.Evidence) error {
	c, err := t.customer(ctx, owner, true)
	if err != nil {
		return err
	}
	from := freeFrom(ev.At)
	var ended aliasItem
	err = t.passAlias(ctx, k, ev, func(a aliasItem) (identity.Move, bool) {
		ended = a
		isDone := slices.ContainsFunc(a.bounds(), from.Equal)
		if isDone || !slices.Contains(c.Members, a.ownerAt(from)) {
			return identity.Move{}, false
		}
		until := firstAfter(slices.Concat(a.bounds(), a.starts), from)
		m := identity.Move{From: from, Until: until, To: newCustomer(), Open: true}
		ended.moves = append(slices.Clone(a.moves), m)
		return m, true
	})
	if err != nil {
		return err
	}
	return t.passUserIDs(ctx, ended, owner, from, ev)
}

// passUserIDs gives the user ids that were first seen with a number after its
// owner left it to the next owner. They were taken for the owner's when the
// platform had not reported the change yet.
func (t Customers) passUserIDs(ctx context.Context, number aliasItem, left identity.CustomerID, from time.Time, ev identity.Evidence) error {
	if !slices.ContainsFunc(number.linked, isUserID) {
		return nil
	}
	c, err := t.customer(ctx, left, true)
	if err != nil {
		return err
	}
	for _, k := range number.linked {
		if !isUserID(k) {
			continue
		}
		first := slices.MinFunc(number.links(k), func(x, y identity.Evidence) int { return x.At.Compare(y.At) })
		seen := first.At
		next := number.ownerAt(seen)
		if first.Rule != identity.RuleWebhook || seen.Before(from) || slices.Contains(c.Members, next) {
			continue
		}
		err := t.passAlias(ctx, k, ev, func(a aliasItem) (identity.Move, bool) {
			m := identity.Move{From: sinceEver, To: next}
			return m, len(a.moves) == 0 && slices.Contains(c.Members, a.customer)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// passNumber gives a number to the customer of the user id with which a platform
// names it. If it is the earliest fact about the number, the customer also had
// it before.
func (t Customers) passNumber(ctx context.Context, k string, to identity.CustomerID, ev identity.Evidence) error {
	return t.passAlias(ctx, k, ev, func(a aliasItem) (identity.Move, bool) {
		facts := a.facts()
		m := identity.Move{From: ev.At, Until: firstAfter(facts, ev.At), To: to, Proven: true}
		if !slices.ContainsFunc(facts, func(at time.Time) bool { return !at.After(ev.At) }) {
			m.From = sinceEver
		}
		return m, a.ownerAt(ev.At) != to
	})
}

// hadEarlierOwner reports whether number a belonged to another person at a time,
// although only one owner is known: a platform said that the owner took the
// number at a later time, start.
func (a aliasItem) hadEarlierOwner(at time.Time) (start time.Time, ok bool) {
	start = firstAfter(a.starts, at)
	if start.IsZero() || a.evidence.At.Before(start) || a.periodAt(at) >= 0 {
		return start, false
	}
	change := firstAfter(a.bounds(), at)
	return start, change.IsZero() || change.After(start)
}

// addEarlierOwner adds a new customer who owned a number until a time.
func (t Customers) addEarlierOwner(ctx context.Context, k string, until time.Time, ev identity.Evidence) error {
	return t.passAlias(ctx, k, ev, func(a aliasItem) (identity.Move, bool) {
		_, ok := a.hadEarlierOwner(ev.At)
		return identity.Move{From: sinceEver, Until: until, To: newCustomer()}, ok
	})
}

// passAlias writes the move that plan returns for an alias, because a rule
// decided so. It writes nothing if plan returns false, or if the alias has moved
// as often as it may.
func (t Customers) passAlias(ctx context.Context, k string, ev identity.Evidence, plan func(aliasItem) (identity.Move, bool)) error {
	return t.repeatConflicts(ctx, func() error {
		it, err := t.getItem(ctx, key(k, aliasSK), true)
		if err != nil || it == nil {
			return err
		}
		a := readAlias(it)
		m, ok := plan(a)
		if !ok || len(a.moves) >= maxMoves {
			return nil
		}
		now := t.Now()
		m.Alias = k
		m.Kept = keptAfter(now, m.From)
		m.Was = a.storedUnder(m.Kept)
		return t.writeAliasMove(ctx, a, m, identity.Change{
			Kind: identity.Moved, At: now, By: identity.ByRule, Rule: ev.Rule, Ref: ev.Ref, Alias: &a.address.Alias, From: m.From, Until: m.Until,
			Before: [][]identity.CustomerID{{a.ownerAt(m.From)}}, After: [][]identity.CustomerID{{m.To}},
		})
	})
}

// passedOn reports whether a belonged to the person of a customer before it
// moved to another.
func (t Customers) passedOn(ctx context.Context, a aliasItem, had identity.CustomerID) (bool, error) {
	if len(a.moves) == 0 || !isAliasKind(a.key, identity.Phone) {
		return false, nil
	}
	c, err := t.Get(ctx, had)
	return a.everOwnedBy(c.Members), err
}

// haveHandedOver reports whether an alias of one customer passed to the other.
func haveHandedOver(x, y identity.Customer) bool {
	for _, m := range x.Moves {
		for _, n := range x.Moves {
			if m.Alias != n.Alias {
				continue
			}
			ofX := slices.Contains(x.Members, m.Was) || slices.Contains(x.Members, m.To)
			ofY := slices.Contains(y.Members, n.Was) || slices.Contains(y.Members, n.To)
			if ofX && ofY {
				return true
			}
		}
	}
	return false
}

// isFree reports whether the last owner left a and no other person is known to
// have it.
func (t Customers) isFree(ctx context.Context, a aliasItem) (bool, error) {
	m, ok := a.lastMove()
	if !ok || !m.Open {
		return false, nil
	}
	c, err := t.customer(ctx, m.To, true)
	if err != nil || len(c.Members) > 1 || c.Account != "" {
		return false, err
	}
	used, err := t.hasMessages(ctx, c, time.Time{})
	return !used, err
}

// keepPlace makes the customer under whom a statement's message is stored the
// one under whom an earlier delivery stored it. Only aliases that moved, or that
// contradict each other, need the search: which of them decides can change.
func (t Customers) keepPlace(ctx context.Context, s *statement, candidates []aliasItem) error {
	moved := slices.ContainsFunc(candidates, func(a aliasItem) bool { return len(a.moves) > 0 })
	id := message.ID(s.ev.Ref)
	if _, _, _, err := id.Parse(); err != nil || (!moved && len(s.rivals) == 0) {
		return nil //nolint:nilerr // the evidence is not a message
	}
	var places []identity.CustomerID
	add := func(id identity.CustomerID) {
		if !slices.Contains(places, id) {
			places = append(places, id)
		}
	}
	for _, a := range candidates {
		add(a.customer)
		for _, m := range a.moves {
			add(m.To)
		}
	}
	var keys []item
	for _, place := range places[:min(len(places), maxPlaces)] {
		keys = append(keys, key(customerPK(place), messageSK(id)))
	}
	found, err := t.batchGet(ctx, keys, true)
	if err == nil && len(found) > 0 {
		s.keeper = customerOf(text(found[0], pkName))
	}
	return err
}

// maxPlaces bounds how many customers are searched for one message.
const maxPlaces = 100
