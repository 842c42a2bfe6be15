package store

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// markedEffect returns the key of the effect to which a failure mark belongs. A
// failure mark sorts just after the messages of its customer, so that a query
// of the messages reads it. Whether the message is lost follows from all its
// effects.
func markedEffect(it item) stateKey {
	return stateKey{customerOf(text(it, pkName)), markedEffectSK(text(it, skName))}
}

// mayLoseMessage reports whether e says that its message failed or bounced.
func mayLoseMessage(e message.Effect) bool {
	switch e.Kind {
	case message.Status:
		return e.Status == "failed"
	case message.Verdict:
		return e.Status == "bounce"
	default:
		return false
	}
}

// maxReportDelay is the longest time between a message and the report of its
// failure: a platform gives up after a month, a mail server after days.
const maxReportDelay = 31 * 24 * time.Hour

// markFailure writes the failure mark of e, and adds to the update of the
// effect the time from which triage must examine the contacts: the time of the
// message, or of the failure if the message has not arrived.
func (t Messages) markFailure(ctx context.Context, c identity.CustomerID, e message.Effect, u *dynamodb.UpdateItemInput) error {
	k := message.ProviderKey(e.Target)
	if _, err := t.putNew(ctx, key(customerPK(c), failureMarkSK(e.Channel, k))); err != nil {
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
	*u.UpdateExpression += ", " + attrEffectLost + " = :lost"
	u.ExpressionAttributeValues[":lost"] = millis(at)
	return nil
}

// readMovedMarks adds the failure marks that are stored under the next owners of
// the aliases that c left. A failure is recorded there if it arrived before its
// message.
func (t Messages) readMovedMarks(ctx context.Context, c identity.Customer, doubts map[stateKey]bool) error {
	parts := c.Parts()
	for _, place := range partitionsOf(c) {
		if slices.ContainsFunc(parts, func(p identity.Part) bool { return p.ID == place }) {
			continue
		}
		in := keyRange(customerPK(place), failureMarkPrefix, endOf(failureMarkPrefix))
		in.ConsistentRead = ptr(true)
		err := t.query(ctx, in, func(it item) bool {
			doubts[markedEffect(it)] = true
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// placeOfTarget returns the customer under whom the message of a failure is
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

// markLostMessages sets Lost on outbound messages that failed. It reads effects
// consistently, and none without a failure mark.
func (t Messages) markLostMessages(ctx context.Context, c identity.Customer, ms []message.Message, doubts map[stateKey]bool) error {
	var some []message.Message
	for _, m := range ms {
		effects, _ := t.effectKeys(c, m)
		if m.Direction == message.Outbound && slices.ContainsFunc(effects, func(at stateKey) bool { return doubts[at] }) {
			some = append(some, m)
		}
	}
	if len(some) == 0 {
		return nil
	}
	states, err := t.messageStates(ctx, c, some, true)
	for i := range ms {
		ms[i].Lost = ms[i].Direction == message.Outbound && states[ms[i].ID].Status == "failed"
	}
	return err
}
