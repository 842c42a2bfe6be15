package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// PutEffect records an effect for a customer, and reports whether that changed
// anything. It is one conditional write, can be repeated, and may come before
// the message. An effect that may mean the loss of a message is recorded where
// the message is, even if its alias moved. It writes an effect mark first, so that
// [Messages.RecentMessages] reads the effect; the effect wakes triage.
func (t Messages) PutEffect(ctx context.Context, customer identity.CustomerID, e message.Effect) (changed bool, err error) {
	if err := e.Validate(); err != nil {
		return false, err
	}
	target := message.ProviderKey(e.Target)
	if e.Kind == message.Watermark {
		target = watermarkKey
	}
	w, err := effectUpdate(e)
	if err != nil {
		return false, err
	}
	if changesContacts(e) {
		if customer, err = t.placeOfTarget(ctx, customer, e, target); err != nil {
			return false, err
		}
		if err := t.markEffect(ctx, customer, e, w); err != nil {
			return false, err
		}
	}
	w.Key = key(customerPK(customer), effectSK(e.Channel, target))
	*w.UpdateExpression += ", " + attrWritten + " = :changed"
	w.ExpressionAttributeValues[":changed"] = millis(t.Now())
	lost, err := t.customers().update(ctx, w)
	return err == nil && !lost, err
}

// effectUpdate returns the update of an effect item, with the condition that
// the effect changes it.
func effectUpdate(e message.Effect) (*dynamodb.UpdateItemInput, error) {
	u := &dynamodb.UpdateItemInput{
		ExpressionAttributeNames:  map[string]string{},
		ExpressionAttributeValues: item{},
	}
	move := func(name, op string, v types.AttributeValue) {
		u.ExpressionAttributeNames["#a"] = name
		u.ExpressionAttributeValues[":v"] = v
		u.UpdateExpression = aws.String("SET #a = :v")
		u.ConditionExpression = aws.String("attribute_not_exists(#a) OR #a " + op + " :v")
	}
	ms := e.At.UnixMilli()
	switch e.Kind {
	case message.Status:
		move(attrEffectStatusPrefix+e.Status, ">", num(ms))
		if err := addPricing(u, e); err != nil {
			return nil, err
		}
		if e.MailID != "" {
			*u.UpdateExpression += ", " + attrEffectMailID + " = :m"
			u.ExpressionAttributeValues[":m"] = str(message.Cut(e.MailID, 998))
		}
		if e.Code != "" || e.Detail != "" {
			*u.UpdateExpression += ", " + attrEffectCode + " = :c, " + attrEffectDetail + " = :d"
			u.ExpressionAttributeValues[":c"] = str(message.Cut(e.Code, 100))
			u.ExpressionAttributeValues[":d"] = str(message.Cut(e.Detail, 1000))
		}
	case message.Watermark:
		move(attrEffectWatermarkPrefix+e.Status, "<", num(ms))
	case message.Reaction:
		by := e.By
		if by == "" {
			by = message.Inbound
		}
		move(attrEffectReactionPrefix+string(by), "<", str(fmt.Sprintf("%013d %s", ms, message.Cut(e.Emoji, 100))))
	case message.Edit:
		move(attrEffectEdit, "<", str(fmt.Sprintf("%06d %013d %s", e.Revision, ms, message.Cut(e.Text, 64<<10))))
	case message.Deletion:
		move(attrEffectDeleted, ">", num(ms))
	case message.Verdict:
		move(attrEffectVerdictPrefix+e.Status, ">", num(ms))
		if e.Code != "" || e.Detail != "" {
			u.UpdateExpression = exprf("SET #a = :v, %s = :c, %s = :d", attrEffectCode, attrEffectDetail)
			u.ExpressionAttributeValues[":c"] = str(message.Cut(e.Code, 100))
			u.ExpressionAttributeValues[":d"] = str(message.Cut(e.Detail, 1000))
		}
	case message.Media:
		file, err := encodeFile(*e.File)
		if err != nil {
			return nil, err
		}
		move(attrEffectFilePrefix+strconv.Itoa(e.Index), "<", str(file))
	default:
		return nil, fault.New(fault.Invalid, "unknown kind of effect %q", string(e.Kind))
	}
	return u, nil
}

// maxPricing is the maximum length of a text in a pricing, in bytes.
const maxPricing = 100

// addPricing adds the pricing of a status to its update. Each status has its own
// attribute, so that the order in which they arrive does not matter.
func addPricing(u *dynamodb.UpdateItemInput, e message.Effect) error {
	if e.Pricing == nil {
		return nil
	}
	p := *e.Pricing
	p.Type = message.Cut(p.Type, maxPricing)
	p.Category = message.Cut(p.Category, maxPricing)
	p.Model = message.Cut(p.Model, maxPricing)
	data, err := json.Marshal(p)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "encode pricing")
	}
	u.ExpressionAttributeNames["#p"] = attrEffectPricingPrefix + e.Status
	u.ExpressionAttributeValues[":p"] = str(string(data))
	*u.UpdateExpression += ", #p = :p"
	return nil
}

// readPricing returns the pricing that was stated with the highest status, or
// nil.
func readPricing(it item) *message.Pricing {
	for _, status := range slices.Backward(message.Statuses) {
		data := text(it, attrEffectPricingPrefix+status)
		if data == "" {
			continue
		}
		p := &message.Pricing{}
		if json.Unmarshal([]byte(data), p) == nil {
			return p
		}
	}
	return nil
}

// readState returns the state that an effect item holds.
func readState(it item) message.State {
	s := message.State{Pricing: readPricing(it)}
	for name := range it {
		switch {
		case strings.HasPrefix(name, attrEffectStatusPrefix):
			s.Reach(strings.TrimPrefix(name, attrEffectStatusPrefix), moment(it, name))
		case strings.HasPrefix(name, attrEffectVerdictPrefix):
			if s.Verdicts == nil {
				s.Verdicts = map[string]time.Time{}
			}
			s.Verdicts[strings.TrimPrefix(name, attrEffectVerdictPrefix)] = moment(it, name)
		case strings.HasPrefix(name, attrEffectReactionPrefix):
			if _, emoji, _ := strings.Cut(text(it, name), " "); emoji != "" {
				if s.Reactions == nil {
					s.Reactions = map[message.Direction]string{}
				}
				s.Reactions[message.Direction(strings.TrimPrefix(name, attrEffectReactionPrefix))] = emoji
			}
		case strings.HasPrefix(name, attrEffectFilePrefix):
			readFile(&s, strings.TrimPrefix(name, attrEffectFilePrefix), text(it, name))
		}
	}
	if e := text(it, attrEffectEdit); e != "" {
		parts := strings.SplitN(e, " ", 3)
		s.Edited = parts[2]
		s.EditedAt = parseMillis(parts[1])
	}
	s.DeletedAt = moment(it, attrEffectDeleted)
	s.MailID = text(it, attrEffectMailID)
	if s.Status == "failed" || len(s.Verdicts) > 0 {
		s.Code = text(it, attrEffectCode)
		s.Detail = text(it, attrEffectDetail)
	}
	return s
}

// A stateKey is the key of an effect item.
type stateKey struct {
	customer identity.CustomerID
	sk       string
}

// messageStates returns the state of each message of c by id, with the
// watermarks applied.
func (t Messages) messageStates(ctx context.Context, c identity.Customer, ms []message.Message, consistent bool) (map[message.ID]message.State, error) {
	effects := make([][]stateKey, len(ms))
	marks := make([][]stateKey, len(ms))
	var all []stateKey
	for i, m := range ms {
		effects[i], marks[i] = t.effectKeys(c, m)
		all = append(append(all, effects[i]...), marks[i]...)
	}
	items, err := t.readEffects(ctx, all, consistent)
	if err != nil {
		return nil, err
	}
	out := map[message.ID]message.State{}
	for i, m := range ms {
		s := readState(together(items, effects[i]))
		known := together(items, marks[i])
		for _, status := range message.Statuses {
			if at := moment(known, attrEffectWatermarkPrefix+status); !at.IsZero() && !m.SentAt.After(at) {
				s.Reach(status, at)
			}
		}
		s.Expect(m)
		if m.Channel == message.Email && (len(m.Attachments) > 0 || m.Page > 0) {
			s.Keeps(m, t.Hash("message", string(m.ID)))
		}
		if !s.Empty() {
			out[m.ID] = s
		}
	}
	return out, nil
}

// effectKeys returns the keys of the effects on a message of c, and of the
// watermarks of its owner.
func (t Messages) effectKeys(c identity.Customer, m message.Message) (effects, marks []stateKey) {
	places := []identity.CustomerID{m.CustomerID}
	owner := m.CustomerID
	if len(c.Moves) > 0 {
		// An answer to an alias of another customer has it as claimed. Its effects
		// are stored under the owner of the verified alias.
		verified := identity.Address{Alias: m.Customer.Alias, Assurance: identity.Verified}
		places = c.Places(m.CustomerID, t.customers().aliasKeys(append(m.Addresses(), verified))...)
		owner = c.Owner(m.CustomerID, t.aliasKey(m.Customer), m.SentAt)
	}
	marked := m.Direction == message.Outbound && (m.Channel == message.Messenger || m.Channel == message.Instagram)
	for _, id := range places {
		effects = append(effects, stateKey{id, effectSK(m.Channel, message.ProviderKey(m.ProviderID))})
		if marked && (id == m.CustomerID || id == owner) {
			marks = append(marks, stateKey{id, effectSK(m.Channel, watermarkKey)})
		}
	}
	return effects, marks
}

// readEffects reads effect items.
func (t Messages) readEffects(ctx context.Context, at []stateKey, consistent bool) (map[stateKey]item, error) {
	var keys []item
	seen := map[stateKey]bool{}
	for _, k := range at {
		if !seen[k] {
			seen[k] = true
			keys = append(keys, key(customerPK(k.customer), k.sk))
		}
	}
	items := map[stateKey]item{}
	found, err := t.batchGet(ctx, keys, consistent)
	if err != nil {
		return nil, err
	}
	for _, it := range found {
		items[stateKey{customerOf(text(it, pkName)), text(it, skName)}] = it
	}
	return items, nil
}

// together merges effect items from several partitions as if all effects were
// written to one.
func together(items map[stateKey]item, at []stateKey) item {
	if len(at) == 1 {
		return items[at[0]]
	}
	all := item{}
	for _, k := range at {
		it := items[k]
		failedThere := it[attrEffectStatusPrefix+"failed"] != nil && overridesValue(attrEffectStatusPrefix+"failed", it, all)
		for name, v := range it {
			replaces := overridesValue(name, it, all)
			if name == attrEffectCode || name == attrEffectDetail {
				replaces = failedThere // they belong to the failure
			}
			if replaces || all[name] == nil {
				all[name] = v
			}
		}
	}
	return all
}

// overridesValue reports whether an attribute of an effect item would replace
// that of another item.
func overridesValue(name string, it, over item) bool {
	if over[name] == nil {
		return true
	}
	a := number(it, name)
	b := number(over, name)
	switch {
	case strings.HasPrefix(name, attrEffectStatusPrefix), strings.HasPrefix(name, attrEffectVerdictPrefix), name == attrEffectDeleted:
		return a < b
	case strings.HasPrefix(name, attrEffectWatermarkPrefix):
		return a > b
	default:
		return text(it, name) > text(over, name)
	}
}
