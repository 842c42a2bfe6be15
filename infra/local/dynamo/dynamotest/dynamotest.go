// Package dynamotest gives each test its own empty DynamoDB database.
//
// The first call starts one DynamoDB Local for the whole test binary. On Linux it ends with the binary. Every call returns
// settings with a random access key id, and DynamoDB Local keeps one database per key id. Tests can therefore run in parallel
// and use the same table names. One process per binary costs two seconds; a process shared between binaries would be harder to
// start and stop reliably.
package dynamotest

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/infra/local/dynamo"
)

// Region is the AWS region of the test databases.
const Region = "eu-west-1"

// server starts DynamoDB Local once. It does not use a test's context, because the server outlives the first test.
var server = sync.OnceValues(func() (*dynamo.Server, error) {
	return dynamo.Start(context.Background(), dynamo.Config{})
})

// Config returns SDK settings for a new, empty database. Every call returns another database.
func Config(t testing.TB) aws.Config {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(s.Endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("TEST"+rand.Text(), "secret", ""),
	}
}

// Client returns a client of a new, empty database.
func Client(t testing.TB) *dynamodb.Client {
	t.Helper()
	return New(Config(t))
}

// New returns a client for settings from Config. It disables the SDK's check of the response checksum, which the error
// responses of DynamoDB Local do not have.
func New(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = true })
}
