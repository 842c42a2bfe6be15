// Package storetest gives a test a table of its own on DynamoDB Local, with
// the keys, index and stream of infra/template.yaml.
package storetest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/infra/local/dynamo/dynamotest"
	"github.com/heard-intake/heard/internal/store"
)

// Name is the name of every test's table.
const Name = "heard"

// Pepper is the pepper of every test's table.
var Pepper = store.Pepper("a pepper for tests, 32 bytes long")

// Projected is what the index holds beside the keys.
var Projected = []string{"rs", "pr", "ch", "st"}

// New returns an empty table that is the test's own.
func New(t testing.TB) *store.Table {
	t.Helper()
	table, _ := NewWithClient(t)
	return table
}

// NewWithClient returns an empty table and the client it lies behind.
func NewWithClient(t testing.TB) (*store.Table, *dynamodb.Client) {
	t.Helper()
	db := dynamotest.Client(t)
	if _, err := db.CreateTable(t.Context(), Schema(Name)); err != nil {
		t.Fatal(err)
	}
	return store.New(db, Name, Pepper), db
}

// Schema returns how the table is made.
func Schema(name string) *dynamodb.CreateTableInput {
	s := types.ScalarAttributeTypeS
	return &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: s}, {AttributeName: aws.String("sk"), AttributeType: s},
			{AttributeName: aws.String("gsi1pk"), AttributeType: s}, {AttributeName: aws.String("gsi1sk"), AttributeType: s},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("gsi1"),
			KeySchema: []types.KeySchemaElement{
				{AttributeName: aws.String("gsi1pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("gsi1sk"), KeyType: types.KeyTypeRange},
			},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: Projected},
		}},
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
	}
}
