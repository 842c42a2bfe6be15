// Package storetest creates tables for tests on DynamoDB Local, with the keys,
// index and stream of infra/template.yaml.
package storetest

import (
	"strconv"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/infra/local/dynamo/dynamotest"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

// Name is the name of every test's table.
const Name = "heard"

// The names of the key attributes of the table and its index.
const (
	PartitionKey      = "pk"
	SortKey           = "sk"
	IndexPartitionKey = "gsi1pk"
	IndexSortKey      = "gsi1sk"
)

// Pepper is the pepper of every test's table.
var Pepper = store.Pepper("a pepper for tests, 32 bytes long")

// Projected are the attributes that the index holds beside the keys.
var Projected = []string{"rs", "pr", "ch", "st", "sv", "qu", "nm"}

// New returns an empty table that no other test uses.
func New(t testing.TB) *store.Table {
	t.Helper()
	table, _ := NewWithClient(t)
	return table
}

// NewWithClient returns an empty table and its client.
func NewWithClient(t testing.TB) (*store.Table, *dynamodb.Client) {
	t.Helper()
	db := dynamotest.Client(t)
	if _, err := db.CreateTable(t.Context(), Schema(Name)); err != nil {
		t.Fatal(err)
	}
	return store.New(db, Name, Pepper), db
}

// Schema returns the request that creates the table.
func Schema(name string) *dynamodb.CreateTableInput {
	s := types.ScalarAttributeTypeS
	return &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(PartitionKey), AttributeType: s}, {AttributeName: aws.String(SortKey), AttributeType: s},
			{AttributeName: aws.String(IndexPartitionKey), AttributeType: s}, {AttributeName: aws.String(IndexSortKey), AttributeType: s},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(PartitionKey), KeyType: types.KeyTypeHash}, {AttributeName: aws.String(SortKey), KeyType: types.KeyTypeRange},
		},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("gsi1"),
			KeySchema: []types.KeySchemaElement{
				{AttributeName: aws.String(IndexPartitionKey), KeyType: types.KeyTypeHash}, {AttributeName: aws.String(IndexSortKey), KeyType: types.KeyTypeRange},
			},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: Projected},
		}},
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
	}
}

// MessageEvent returns the stream event of messages that were just stored. The
// records are numbered from 0.
func MessageEvent(ms ...message.Message) (events.DynamoDBEvent, error) {
	var ev events.DynamoDBEvent
	for i, m := range ms {
		r, err := store.NewMessageRecord(m)
		if err != nil {
			return ev, err
		}
		r.Change.SequenceNumber = strconv.Itoa(i)
		ev.Records = append(ev.Records, r)
	}
	return ev, nil
}
