package store

import (
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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
