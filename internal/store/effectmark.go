package store

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// markedEffect returns the key of the effect to which an effect mark belongs. An
// effect mark sorts just after the messages of its customer, so that a query
// of the messages reads it. What the message is now follows from all its
// effects.
func markedEffect(it item) stateKey {
	return stateKey{customerOf(text(it, pkName)), markedEffectSK(text(it, skName))}
}

// changesContacts reports whether e may change what was said or answered: its
// message failed, bounced, was edited or was deleted.
func changesContacts(e message.Effect) bool {
	switch e.Kind {
	case message.Status:
		return e.Status == "failed"
	case message.Verdict:
		return e.Status == "bounce"
	case message.Edit, message.Deletion:
		return true
	default:
		return false
	}
}

// maxReportDelay is the longest time between a message and an effect on it: a
// platform reports a failure for a month, and a mail server for days.
const maxReportDelay = 31 * 24 * time.Hour

// markEffect writes the effect mark of e, and adds to the update of the effect
// the time from which triage must examine the contacts: the time of the message,
// or of the effect if the message has not arrived.
func (t Messages) markEffect(ctx context.Context, c identity.CustomerID, e message.Effect, u *dynamodb.UpdateItemInput) error {
	k := message.ProviderKey(e.Target)
	if _, err := t.putNew(ctx, key(customerPK(c), effectMarkSK(e.Channel, k))); err != nil {
		return err
	}
	id, err := t.findMessageID(ctx, c, e.Channel, k, e.At.Add(-maxReportDelay), e.At.Add(maxDrift))
	if err != nil {
		return err
	}
	at := e.At
	if id != "" {
		if at, _, _, err = id.Parse(); err != nil {
			return err
		}
	}
	*u.UpdateExpression += ", " + attrEffectChanges + " = :changes"
	u.ExpressionAttributeValues[":changes"] = millis(at)
	return nil
}

// readMovedMarks adds the effect marks that are stored under the next owners of
// the aliases that c left. An effect is recorded there if it arrived before its
// message.
func (t Messages) readMovedMarks(ctx context.Context, c identity.Customer, marked map[stateKey]bool) error {
	parts := c.Parts()
	for _, place := range partitionsOf(c) {
		if slices.ContainsFunc(parts, func(p identity.Part) bool { return p.ID == place }) {
			continue
		}
		in := keyRange(customerPK(place), effectMarkPrefix, endOf(effectMarkPrefix))
		in.ConsistentRead = ptr(true)
		err := t.query(ctx, in, func(it item) bool {
			marked[markedEffect(it)] = true
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// placeOfTarget returns the customer under whom the message of an effect is
// stored. That is another one than customer if the alias moved after the message
// was sent. If the message has not arrived, it returns customer.
func (t Messages) placeOfTarget(ctx context.Context, customer identity.CustomerID, e message.Effect, providerKey string) (identity.CustomerID, error) {
	c, err := t.customers().Get(ctx, customer)
	if err != nil || len(c.Moves) == 0 {
		return customer, err
	}
	for _, place := range partitionsOf(c) {
		id, err := t.findMessageID(ctx, place, e.Channel, providerKey, e.At.Add(-maxReportDelay), e.At.Add(maxDrift))
		if err != nil || id != "" {
			return place, err
		}
	}
	return customer, nil
}

// applyEffects makes messages what their effects say: lost, deleted, or with the
// text of the latest edit. It reads effects consistently, and none without an
// effect mark.
func (t Messages) applyEffects(ctx context.Context, c identity.Customer, ms []message.Message, marked map[stateKey]bool) error {
	var some []message.Message
	for _, m := range ms {
		effects, _ := t.effectKeys(c, m)
		if slices.ContainsFunc(effects, func(at stateKey) bool { return marked[at] }) {
			some = append(some, m)
		}
	}
	if len(some) == 0 {
		return nil
	}
	states, err := t.messageStates(ctx, c, some, true)
	if err != nil {
		return err
	}
	for i := range ms {
		if s, ok := states[ms[i].ID]; ok {
			ms[i].Apply(s)
		}
	}
	return nil
}
