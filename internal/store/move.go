package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// maxMoves bounds the number of moves of one alias.
const maxMoves = 16

// clockTolerance is how far a platform's clock may be ahead of ours. A stored
// message may therefore have a time that is so much later than now.
const clockTolerance = 2 * time.Minute

// encodeMove encodes a move as "<number, 3
// digits>|<from>|<kept>|<was>|<to>|<alias>". A move by a rule also has
// "|<until>|<o if open><p if proven>". It is stored with the alias and with each
// of its owners. Moves of an alias sort in the order in which they were decided.
func encodeMove(n int, m identity.Move) string {
	s := fmt.Sprintf("%03d|%s|%s|%s|%s|%s", n, timeSK("", m.From), timeSK("", m.Kept), m.Was, m.To, m.Alias)
	until := ""
	flags := ""
	if !m.Until.IsZero() {
		until = timeSK("", m.Until)
	}
	if m.Open {
		flags += "o"
	}
	if m.Proven {
		flags += "p"
	}
	if until+flags == "" {
		return s
	}
	return s + "|" + until + "|" + flags
}

func readMoves(list []string) []identity.Move {
	slices.Sort(list)
	var out []identity.Move
	for _, s := range list {
		p := strings.Split(s, "|")
		if len(p) != 6 && len(p) != 8 {
			continue
		}
		m := identity.Move{
			From: parseMillis(p[1]), Kept: parseMillis(p[2]), Was: identity.CustomerID(p[3]), To: identity.CustomerID(p[4]), Alias: p[5],
		}
		if len(p) == 8 {
			m.Until = parseMillis(p[6])
			m.Open = strings.Contains(p[7], "o")
			m.Proven = strings.Contains(p[7], "p")
		}
		out = append(out, m)
	}
	return out
}

// MoveAlias gives an alias to another customer from a time on, because a person
// decided so. For example, the operator gave a phone number to another person.
// Earlier messages stay with the previous owner. Later ones belong to the new
// owner, also those that are stored already, which stay in their partition. It
// returns the new owner. The error is [fault.Invalid] if the alias does not
// belong to owner.
func (t Customers) MoveAlias(ctx context.Context, owner identity.Customer, m identity.AliasMove, d identity.Decision) (identity.CustomerID, error) {
	m.To = cmp.Or(m.To, newCustomer())
	err := t.repeatConflicts(ctx, func() error { return t.moveAlias(ctx, owner, m.Alias, m.To, m.From, d) })
	return m.To, err
}

func (t Customers) moveAlias(ctx context.Context, owner identity.Customer, a identity.Alias, to identity.CustomerID, from time.Time, d identity.Decision) error {
	k := t.aliasKey(identity.Address{Alias: a, Assurance: identity.Verified})
	it, err := t.getItem(ctx, key(k, aliasSK), true)
	if err != nil {
		return fmt.Errorf("read the alias that moves: %w", err)
	}
	if it == nil {
		return fault.New(fault.NotFound, "no customer has proved to own this alias")
	}
	was := readAlias(it)
	if !slices.Contains(owner.Members, was.currentOwner()) {
		return fault.New(fault.Invalid, "the alias does not belong to this customer")
	}
	if slices.Contains(owner.Members, to) {
		return fault.New(fault.Invalid, "the alias already belongs to this customer")
	}
	if len(was.moves) >= maxMoves {
		return fault.New(fault.Invalid, "an alias can be moved at most %d times", maxMoves)
	}
	kept := keptAfter(d.At, from)
	m := identity.Move{Alias: k, From: from, Kept: kept, Was: was.storedUnder(kept), To: to}
	return t.writeAliasMove(ctx, was, m, identity.Change{
		Kind: identity.Moved, At: d.At, By: d.By, Why: d.Why, Rule: identity.RulePerson, Alias: &a, From: from,
		Before: [][]identity.CustomerID{{was.currentOwner()}}, After: [][]identity.CustomerID{{to}},
	})
}

// keptAfter returns the Kept of a move that is decided at a time.
func keptAfter(decided, from time.Time) time.Time {
	if decided.Before(from) {
		decided = from
	}
	return decided.Add(clockTolerance + identity.Grain).Truncate(identity.Grain)
}

// writeAliasMove writes a move to the alias and to each of its owners, with an
// identity change for each.
func (t Customers) writeAliasMove(ctx context.Context, a aliasItem, m identity.Move, ch identity.Change) error {
	number := len(a.moves)
	all := []string{encodeMove(number, m)}
	who := []identity.CustomerID{a.customer}
	for i, old := range a.moves {
		all = append(all, encodeMove(i, old))
		if !slices.Contains(who, old.To) {
			who = append(who, old.To)
		}
	}
	if !slices.Contains(who, m.To) {
		who = append(who, m.To)
	}
	writes, err := t.auditWrites(&ch, who...)
	if err != nil {
		return fmt.Errorf("write the log of identity changes: %w", err)
	}
	condition := exprf("%s = :c AND attribute_not_exists(%s)", attrAliasCustomer, attrAliasMoves)
	values := item{":c": str(string(a.customer)), ":mv": &types.AttributeValueMemberSS{Value: all[:1]}}
	if number > 0 {
		condition = exprf("%s = :c AND size(%s) = :n", attrAliasCustomer, attrAliasMoves)
		values[":n"] = &types.AttributeValueMemberN{Value: strconv.Itoa(number)}
	}
	writes = append(writes, types.TransactWriteItem{Update: &types.Update{
		TableName: t.name, Key: key(a.key, aliasSK), UpdateExpression: exprf("ADD %s :mv", attrAliasMoves),
		ConditionExpression: condition, ExpressionAttributeValues: values,
	}})
	for _, id := range who {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName: t.name, Key: key(customerPK(id), profileSK), UpdateExpression: exprf("ADD %s :mv", attrProfileMoves),
			ExpressionAttributeValues: item{":mv": &types.AttributeValueMemberSS{Value: all}},
		}})
	}
	return t.transact(ctx, writes, "the alias changed")
}
