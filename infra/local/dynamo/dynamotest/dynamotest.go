// Package dynamotest gives a test a DynamoDB of its own.
//
// The first test that asks starts one DynamoDB Local for the whole test binary; it dies with the binary, however that ends.
// Every test gets a random access key id, and that is a database of its own: tables may bear the same name in every test,
// and tests run in parallel. A process per binary costs two seconds each, and has none of the ways to fail of one that is
// shared between binaries.
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

// Region is where the databases of tests lie.
const Region = "eu-west-1"

// server is started once, without a test's context: it outlives the test that came first.
var server = sync.OnceValues(func() (*dynamo.Server, error) {
	return dynamo.Start(context.Background(), dynamo.Config{})
})

// Config returns the settings of an SDK client that reach an empty database, which is the test's own. Every call makes
// another one.
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

// Client returns a client of an empty database, which is the test's own.
func Client(t testing.TB) *dynamodb.Client {
	t.Helper()
	return New(Config(t))
}

// New returns a client for the settings that Config gave. It leaves out the check of a reply's checksum, which the error
// replies of DynamoDB Local do not have.
func New(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = true })
}
