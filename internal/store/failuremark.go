package store

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
)

// A doubt lies just after the messages of its customer, so that whoever reads
// those to the end has read it. It says that an effect of a message speaks of
// failure; whether the message is lost is what all its effects say together.

// doubted returns where the effect lies that a doubt is about.
func markedEffect(it item) stateKey {
	return stateKey{customerOf(text(it, pkName)), markedEffectSK(text(it, skName))}
}

// loses reports whether a message may be lost by what e says.
func mayLoseMessage(e contact.Effect) bool {
	return e.Kind == contact.Status && e.Status == "failed" || e.Kind == contact.Verdict && e.Status == "bounce"
}

// reported is how long after a message its failure is known at the latest: a
// platform gives up after a month, a mail server after days.
const maxReportDelay = 31 * 24 * time.Hour

// doubt notes that the message of e may be lost, and adds to the effect's
// update from when on the contacts have to be looked at: from the message on,
// or from the failure if the message did not come yet.
func (t *Table) markFailure(ctx context.Context, c identity.CustomerID, e contact.Effect, u *dynamodb.UpdateItemInput) error {
	k := contact.ProviderKey(e.Target)
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

// settleDoubts marks the messages of ours that are lost. It reads strongly, and
// nothing where there is no doubt.
func (t *Table) markLostMessages(ctx context.Context, c identity.Customer, ms []contact.Message, doubts map[stateKey]bool) error {
	var some []contact.Message
	for _, m := range ms {
		effects, _ := t.effectKeys(c, m)
		if m.Direction == contact.Outbound && slices.ContainsFunc(effects, func(at stateKey) bool { return doubts[at] }) {
			some = append(some, m)
		}
	}
	if len(some) == 0 {
		return nil
	}
	states, err := t.messageStates(ctx, c, some, true)
	for i := range ms {
		ms[i].Lost = ms[i].Direction == contact.Outbound && states[ms[i].ID].Status == "failed"
	}
	return err
}
