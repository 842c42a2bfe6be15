package triage

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/detection"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// What a contact shows is recorded before the contact, so that a run that dies
// in between does the same once more. When people became others meanwhile it
// does not: it would make other contacts, and nothing tells of what was
// recorded for the first. So a change of who is who compares what is recorded
// of everybody it names with what their messages show now.

// concerned returns every id that an identity change names, before and after;
// none of a record that is not one. A change that cannot be read is
// [fault.Invalid].
func concerned(r events.DynamoDBEventRecord, sk string) ([]identity.CustomerID, error) {
	j, ok := r.Change.NewImage["j"]
	if !ok || !strings.HasPrefix(sk, "J#") {
		return nil, nil
	}
	if j.DataType() != events.DataTypeString {
		return nil, fault.New(fault.Invalid, "the identity change is not a text")
	}
	var ch identity.Change
	if err := json.Unmarshal([]byte(j.String()), &ch); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the identity change cannot be read")
	}
	return slices.Concat(slices.Concat(ch.Before...), slices.Concat(ch.After...)), nil
}

// reconcile adds to the plan what is recorded under the ids of its customer and
// under others that a change names, and is not so; and what is so and is not
// recorded.
func (t *Triage) reconcile(ctx context.Context, p *plan, own picture, others []identity.CustomerID) error {
	histories := []detection.History{own.history()}
	for _, id := range others {
		known := func(o detection.History) bool { return slices.Contains(o.Customer.Members, id) }
		if slices.ContainsFunc(histories, known) {
			continue
		}
		c, err := t.Store.CustomerNow(ctx, id)
		if err != nil {
			return err
		}
		other, err := t.picture(ctx, c, time.Time{}, true)
		if err != nil {
			return err
		}
		histories = append(histories, other.history())
	}
	return t.detector().Reconcile(ctx, p.evidence, histories)
}

func (o picture) history() detection.History {
	return detection.History{Customer: o.customer, Stored: o.stored, Computed: o.made, Messages: o.messages}
}
