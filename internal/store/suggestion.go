package store

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// putSuggestion stores under both customers that they may be one person. A
// known reason costs only a read.
func (t Customers) putSuggestion(ctx context.Context, a, b identity.CustomerID, reason string, ev identity.Evidence) error {
	if a == b {
		return nil
	}
	it, err := t.getItem(ctx, key(customerPK(b), suggestionSK(a)), true)
	if err != nil || slices.Contains(set(it, attrSuggestionReasons), reason) {
		return err
	}
	for _, pair := range [][2]identity.CustomerID{{a, b}, {b, a}} { // looked for under the second, so that comes last
		_, err := t.update(ctx, &dynamodb.UpdateItemInput{
			Key:                       key(customerPK(pair[0]), suggestionSK(pair[1])),
			UpdateExpression:          exprf("ADD %s :rs SET %[2]s = if_not_exists(%[2]s, :t), %[3]s = if_not_exists(%[3]s, :e)", attrSuggestionReasons, attrSuggestionSince, attrSuggestionRef),
			ExpressionAttributeValues: item{":rs": &types.AttributeValueMemberSS{Value: []string{reason}}, ":t": millis(ev.At), ":e": str(ev.Ref)},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dismissalWrites returns the writes that store under both that two customers
// are two persons.
func (t Customers) dismissalWrites(a, b identity.CustomerID, d identity.Decision) []types.TransactWriteItem {
	var writes []types.TransactWriteItem
	for _, pair := range [][2]identity.CustomerID{{a, b}, {b, a}} {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName: t.name, Key: key(customerPK(pair[0]), suggestionSK(pair[1])),
			UpdateExpression:          exprf("SET %s = :d, %s = :t, %s = :why, #by = :by", attrSuggestionState, attrSuggestionDecidedAt, attrSuggestionWhy),
			ExpressionAttributeNames:  map[string]string{"#by": attrSuggestionDecidedBy},
			ExpressionAttributeValues: item{":d": str("d"), ":t": millis(d.At), ":why": str(d.Why), ":by": str(d.By)},
		}})
	}
	return writes
}

// DismissSuggestion stores that two customers are two persons, because a person
// decided so. No rule joins them, and they are not suggested again.
func (t Customers) DismissSuggestion(ctx context.Context, a, b identity.CustomerID, d identity.Decision) error {
	ca, errA := t.customer(ctx, a, true)
	cb, errB := t.customer(ctx, b, true)
	if err := firstError(errA, errB); err != nil {
		return err
	}
	if ca.ID == cb.ID {
		return fault.New(fault.Invalid, "the two ids belong to one customer; unmerge them first")
	}
	both := [][]identity.CustomerID{ca.Members, cb.Members}
	writes, err := t.auditWrites(&identity.Change{
		Kind: identity.Dismissed, At: d.At, By: d.By, Why: d.Why, Rule: identity.RulePerson, Before: both, After: both,
	}, ca.ID, cb.ID)
	if err != nil {
		return err
	}
	return t.transact(ctx, append(writes, t.dismissalWrites(ca.ID, cb.ID, d)...), "the suggestion changed")
}

// isDismissed reports whether a person decided that two customers are two.
func (t Customers) isDismissed(ctx context.Context, a, b identity.Customer) (bool, error) {
	found := false
	err := t.readSuggestions(ctx, a, func(other identity.CustomerID, it item) {
		dismissed := text(it, attrSuggestionState) == "d"
		found = found || (dismissed && slices.Contains(b.Members, other))
	})
	return found, err
}

func (t Customers) readSuggestions(ctx context.Context, c identity.Customer, each func(other identity.CustomerID, it item)) error {
	for _, m := range c.Members {
		in := keyRange(customerPK(m), suggestionPrefix, endOf(suggestionPrefix))
		in.ConsistentRead = ptr(true)
		err := t.query(ctx, in, func(it item) bool {
			each(suggestedCustomer(text(it, skName)), it)
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// maxSuggested bounds how many customers are suggested for one.
const maxSuggested = 20

// Suggestions returns the customers that may be the same person as c, the
// likeliest first: those with evidence that is too weak for a rule, and those
// that are similar. Dismissed ones are included and marked.
func (t Customers) Suggestions(ctx context.Context, c identity.Customer) ([]identity.Suggestion, error) {
	found := map[identity.CustomerID]*identity.Suggestion{}
	at := func(id identity.CustomerID) *identity.Suggestion {
		if found[id] == nil {
			found[id] = &identity.Suggestion{Customer: id}
		}
		return found[id]
	}
	err := t.readSuggestions(ctx, c, func(other identity.CustomerID, it item) {
		s := at(other)
		s.Reasons = append(s.Reasons, set(it, attrSuggestionReasons)...)
		s.Ref = text(it, attrSuggestionRef)
		s.Since = moment(it, attrSuggestionSince)
		s.Dismissed = text(it, attrSuggestionState) == "d"
	})
	if err != nil {
		return nil, err
	}
	alike, err := t.similarCustomers(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("search similar customers: %w", err)
	}
	for _, l := range alike {
		s := at(l.customer)
		s.Reasons = append(s.Reasons, l.reason)
	}
	return t.together(ctx, c, found)
}

// together combines the suggestions about one person.
func (t Customers) together(ctx context.Context, c identity.Customer, found map[identity.CustomerID]*identity.Suggestion) ([]identity.Suggestion, error) {
	by := map[identity.CustomerID]identity.Suggestion{}
	for id, s := range found {
		if slices.Contains(c.Members, id) {
			continue
		}
		who, err := t.Get(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read a suggested customer: %w", err)
		}
		if who.ID == c.ID {
			continue
		}
		one := by[who.ID]
		one.Customer = who.ID
		one.Reasons = append(one.Reasons, s.Reasons...)
		one.Dismissed = one.Dismissed || s.Dismissed
		if one.Since.IsZero() || (!s.Since.IsZero() && s.Since.Before(one.Since)) {
			one.Ref = s.Ref
			one.Since = s.Since
		}
		by[who.ID] = one
	}
	out := make([]identity.Suggestion, 0, len(by))
	for _, s := range by {
		slices.Sort(s.Reasons)
		s.Reasons = slices.Compact(s.Reasons)
		if s.Reasons == nil {
			s.Reasons = []string{}
		}
		s.Score = identity.Score(s.Reasons)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b identity.Suggestion) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Customer, b.Customer))
	})
	return out[:min(len(out), maxSuggested)], nil
}

// A likeness is a customer who is similar to another, with the reason.
type likeness struct {
	customer identity.CustomerID
	reason   string
}

// similarCustomers returns customers who claim a verified address of c, have
// its number in another notation, own an address that c typed, or have the same
// name. It writes nothing.
func (t Customers) similarCustomers(ctx context.Context, c identity.Customer) ([]likeness, error) {
	all, err := t.aliasesOf(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("read the aliases of similar customers: %w", err)
	}
	texts, names, err := t.recentTexts(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("read the texts of similar customers: %w", err)
	}
	reasons := map[string]string{} // by key of an alias
	var theirs []identity.Alias
	for _, a := range all {
		if identity.Blocked(a.address.Alias) || !slices.Contains(c.Members, a.currentOwner()) {
			continue
		}
		theirs = append(theirs, a.address.Alias)
		twin := a.address
		twin.Assurance = identity.Claimed
		if a.address.Assurance == identity.Claimed {
			twin.Assurance = identity.Verified
		}
		reasons[t.aliasKey(twin)] = identity.ReasonClaimed
		for _, v := range identity.PhoneVariants(a.address.Alias) {
			reasons[t.aliasKey(identity.Address{Alias: v, Assurance: identity.Verified})] = identity.ReasonVariant
		}
	}
	for _, k := range c.Claimed {
		theirs = append(theirs, k.Alias)
		for _, assurance := range []identity.Assurance{identity.Verified, identity.Claimed} {
			reasons[t.aliasKey(identity.Address{Alias: k.Alias, Assurance: assurance})] = identity.ReasonClaimed
		}
	}
	for _, a := range typedAddresses(texts) {
		if k := t.aliasKey(identity.Address{Alias: a, Assurance: identity.Verified}); !identity.Blocked(a) && reasons[k] == "" {
			reasons[k] = identity.ReasonTyped
		}
	}
	keys := make([]string, 0, len(reasons))
	for k := range reasons {
		keys = append(keys, k)
	}
	known, err := t.readAliases(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("look up similar aliases: %w", err)
	}
	out, err := t.findClaimants(ctx, theirs)
	if err != nil {
		return nil, fmt.Errorf("search claimed addresses: %w", err)
	}
	for k, a := range known {
		out = append(out, likeness{a.currentOwner(), reasons[k]})
	}
	namesakes, err := t.sameNameCustomers(ctx, append(names, c.Name))
	return append(out, namesakes...), err
}

// maxAsked bounds how many addresses of a customer are searched for claimants.
const maxAsked = 10

// findClaimants returns the customers for whom one of these addresses is
// claimed.
func (t Customers) findClaimants(ctx context.Context, addresses []identity.Alias) ([]likeness, error) {
	asked := slices.DeleteFunc(addresses, func(a identity.Alias) bool { return a.Kind != identity.Phone && a.Kind != identity.Email })
	var out []likeness
	for _, a := range asked[:min(len(asked), maxAsked)] {
		who, err := t.claimants(ctx, a)
		if err != nil {
			return nil, err
		}
		for _, id := range who {
			out = append(out, likeness{id, identity.ReasonClaimed})
		}
	}
	return out, nil
}

// recentTextCount is how many of the last messages are searched for addresses.
const recentTextCount = 25

// recentTexts returns the last texts of a customer and the names in them.
func (t Customers) recentTexts(ctx context.Context, c identity.Customer) (texts, names []string, err error) {
	page, err := t.messages().History(ctx, c, message.Query{Limit: recentTextCount, Direction: message.Inbound})
	for _, e := range page.Entries {
		texts = append(texts, e.Text)
		names = append(names, e.Name)
	}
	return texts, names, err
}

var (
	mailInText  = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9.-]{1,200}\.[A-Za-z]{2,24}`)
	phoneInText = regexp.MustCompile(`\+[0-9][0-9 .()-]{6,22}[0-9]`)
)

// maxTyped bounds how many typed addresses are searched.
const maxTyped = 20

// typedAddresses returns the addresses that texts contain.
func typedAddresses(texts []string) []identity.Alias {
	var out []identity.Alias
	add := func(kind identity.Kind, list []string) {
		for _, s := range list {
			a, err := identity.NewAlias(kind, "", s)
			if err == nil && !slices.Contains(out, a) && len(out) < maxTyped {
				out = append(out, a)
			}
		}
	}
	for _, s := range texts {
		add(identity.Email, mailInText.FindAllString(s, maxTyped))
		add(identity.Phone, phoneInText.FindAllString(s, maxTyped))
	}
	return out
}

// sameNameCustomers returns the customers with one of these names in the
// register.
func (t Customers) sameNameCustomers(ctx context.Context, names []string) ([]likeness, error) {
	var out []likeness
	seen := map[string]bool{}
	for _, n := range names {
		pk := t.namePK(n)
		if seen[pk] || len(strings.Fields(n)) < 2 { // a first name alone says nothing
			continue
		}
		seen[pk] = true
		in := keyRange(pk, " ", "~")
		in.Limit = ptr(int32(maxSuggested))
		err := t.query(ctx, in, func(it item) bool {
			out = append(out, likeness{identity.CustomerID(text(it, skName)), identity.ReasonName})
			return len(out) < maxSuggested
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
