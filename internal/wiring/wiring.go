// Package wiring builds the components of the Lambda functions from the
// environment variables that infra/template.yaml sets. A missing or wrong
// setting panics at start, before the first request. Lambda reports the panic
// as an init error.
package wiring

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/classifier/trained"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/secret"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/taxonomy/published"
	"github.com/heard-intake/heard/internal/telemetry"
)

// Table returns the table that TABLE names, with the pepper in the secret that
// PEPPER names. It panics if the table was created with another pepper. It also
// opens the connection, so that the first request does not wait for TLS.
func Table(ctx context.Context, cfg aws.Config) *store.Table {
	pepper, err := Secret(cfg, "PEPPER").Value(ctx, "pepper")
	must(err)
	t := store.New(newDynamoClient(cfg), config.Must("TABLE"), store.Pepper(pepper))
	must(t.CheckPepper(ctx))
	function := os.Getenv("AWS_LAMBDA_FUNCTION_NAME") // "<stack>-<function>"
	t.Meter = telemetry.NewMeter(function[strings.LastIndexByte(function, '-')+1:])
	return t
}

// newDynamoClient returns the client of the table. It checks checksums on AWS
// only, because DynamoDB Local sends none with its errors.
func newDynamoClient(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.DisableValidateResponseChecksum = os.Getenv("AWS_ENDPOINT_URL_DYNAMODB") != ""
	})
}

// Blobs returns the bucket that the variable BLOBS names.
func Blobs(cfg aws.Config) *blob.Bucket { return Bucket(cfg, "BLOBS") }

// Bucket returns the bucket that the environment variable key names. With a
// local stand-in for S3 it uses path-style addresses, because the stand-in has
// no host name per bucket.
func Bucket(cfg aws.Config, key string) *blob.Bucket {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = os.Getenv("AWS_ENDPOINT_URL_S3") != "" })
	return blob.New(client, config.Must(key))
}

// Secret returns the secret that the environment variable key names. It is read
// at its first use.
func Secret(cfg aws.Config, key string) *secret.Secret {
	return secret.New(secretsmanager.NewFromConfig(cfg), config.Must(key))
}

// DeployedTaxonomy returns the taxonomy that was deployed with the function: the
// file taxonomy.json next to its binary, which is the checked form and has no
// examples. TAXONOMY may name another file, in the checked form if the name ends in
// .json.
func DeployedTaxonomy() *taxonomy.Taxonomy {
	t, err := readTaxonomy(deployedFile("taxonomy.json"))
	must(err)
	return t
}

// FullTaxonomy is [DeployedTaxonomy] with the examples. It reads the file
// taxonomy.yaml next to the function's binary, or the one that TAXONOMY names.
func FullTaxonomy() (*taxonomy.Taxonomy, error) { return readTaxonomy(deployedFile("taxonomy.yaml")) }

// deployedFile returns the path that TAXONOMY names, or else that of a file next to
// the function's binary.
func deployedFile(name string) string {
	return config.Or("TAXONOMY", filepath.Join(os.Getenv("LAMBDA_TASK_ROOT"), name))
}

func readTaxonomy(file string) (*taxonomy.Taxonomy, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the template names it
	if err != nil {
		return nil, err
	}
	if filepath.Ext(file) == ".json" {
		return taxonomy.Restore(data)
	}
	return taxonomy.Load(data)
}

// TaxonomyReader returns a reader of the taxonomy in use. It is the one that was
// published to the bucket BLOBS, which is checked once a minute, or else
// [DeployedTaxonomy]. [CheckDepartments] must accept both.
func TaxonomyReader(cfg aws.Config) *published.Reader {
	return &published.Reader{
		Blobs: Blobs(cfg), Check: CheckDepartments, Every: time.Minute, Now: time.Now,
		Deployed: func() *taxonomy.Taxonomy {
			t := DeployedTaxonomy()
			must(CheckDepartments(t))
			return t
		},
	}
}

// ModelReader returns a reader of the classifier's model in the bucket BLOBS. It reads
// the model at its first use, and looks for a new one once a minute.
func ModelReader(cfg aws.Config) *trained.Reader {
	return &trained.Reader{Blobs: Blobs(cfg), Every: time.Minute, Now: time.Now}
}

// TimeZone returns the organisation's time zone: TIME_ZONE, or Europe/Amsterdam.
// A function that calls it must import time/tzdata, so that zones do not depend
// on the machine.
func TimeZone() *time.Location {
	zone, err := time.LoadLocation(config.Or("TIME_ZONE", "Europe/Amsterdam"))
	must(err)
	return zone
}

// CheckDepartments returns an error if the taxonomy names a department that is
// not in DEPARTMENTS, and so has no queue. Without DEPARTMENTS it accepts all.
func CheckDepartments(t *taxonomy.Taxonomy) error {
	names := config.List("DEPARTMENTS")
	if len(names) == 0 {
		return nil
	}
	return t.CheckQueues(names)
}

func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("wiring: %v", err))
	}
}
