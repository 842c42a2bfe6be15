package store

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
)

// decidedValues are the values of an attribute of a decision.
var decidedValues = map[contact.Choice]string{contact.Yes: "y", contact.No: "n"}

// Decide stores a decision of a person about a message. It returns the message's
// complete decision. Two decisions about different things, stored at the same time,
// both remain.
func (t Contacts) Decide(ctx context.Context, d contact.DecisionChange) (contact.Decision, error) {
	sets := []string{"#by = :by", "#at = :at"}
	names := map[string]string{"#by": attrDecisionBy, "#at": attrDecisionAt}
	values := item{":by": str(d.By), ":at": millis(d.At)}
	var removes []string
	for attr, choice := range map[string]contact.Choice{attrDecisionAsks: d.Asks, attrDecisionMachine: d.Machine} {
		switch choice {
		case contact.Yes, contact.No:
			sets = append(sets, "#"+attr+" = :"+attr)
			values[":"+attr] = str(decidedValues[choice])
		case contact.Withdraw:
			removes = append(removes, "#"+attr)
		default:
			continue
		}
		names["#"+attr] = attr
	}
	if d.Place != "" {
		sets = append(sets, "#place = :place")
		names["#place"] = attrDecisionPlace
		values[":place"] = str(string(d.Place))
	}
	update := "SET " + strings.Join(sets, ", ")
	if len(removes) > 0 {
		update += " REMOVE " + strings.Join(removes, ", ")
	}
	out, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: key(customerPK(d.Customer), decisionSK(d.Message)),
		UpdateExpression: &update, ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValues: types.ReturnValueAllNew,
	})
	if err != nil {
		return contact.Decision{}, sdkError(err, "write decision")
	}
	return readDecision(out.Attributes)
}

func readDecision(it item) (contact.Decision, error) {
	d := contact.Decision{
		Customer: customerOf(text(it, pkName)), Message: decidedMessageOf(text(it, skName)),
		Place: contact.Place(text(it, attrDecisionPlace)), By: text(it, attrDecisionBy), At: moment(it, attrDecisionAt),
	}
	for attr, value := range map[string]**bool{attrDecisionAsks: &d.Asks, attrDecisionMachine: &d.Machine} {
		switch text(it, attr) {
		case "":
		case decidedValues[contact.Yes]:
			*value = ptr(true)
		case decidedValues[contact.No]:
			*value = ptr(false)
		default:
			return d, fault.New(fault.Internal, "malformed decision")
		}
	}
	return d, nil
}
