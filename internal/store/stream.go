package store

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// ReadProblemImage reads a problem from an image of the table's stream.
func ReadProblemImage(image map[string]events.DynamoDBAttributeValue) (problem.Record, error) {
	it := item{}
	for name, v := range image {
		switch v.DataType() {
		case events.DataTypeString:
			it[name] = str(v.String())
		case events.DataTypeNumber:
			it[name] = &types.AttributeValueMemberN{Value: v.Number()}
		default: // a problem holds nothing else
		}
	}
	return ReadProblem(it)
}

// named are the aliases whose platform knows a name that its webhooks do not
// tell.
var named = []string{
	aliasPrefix + string(identity.PSID) + "#",
	aliasPrefix + string(identity.IGSID) + "#",
}

// ReadJob returns what has to be asked of a platform because of a change of the
// table: the files of a new message, or the name behind a new alias.
func ReadJob(r events.DynamoDBEventRecord) (contact.Job, bool) {
	pk, sk := r.Change.Keys[pkName], r.Change.Keys[skName]
	if r.EventName != string(events.DynamoDBOperationTypeInsert) || pk.DataType() != events.DataTypeString || sk.DataType() != events.DataTypeString {
		return contact.Job{}, false
	}
	if _, files := r.Change.NewImage[attrFiles]; files && strings.HasPrefix(sk.String(), messagePrefix) {
		return contact.Job{Customer: customerOf(pk.String()), Message: messageIDOf(sk.String())}, true
	}
	for _, prefix := range named {
		if strings.HasPrefix(pk.String(), prefix) {
			return contact.Job{Alias: pk.String()}, true
		}
	}
	return contact.Job{}, false
}
