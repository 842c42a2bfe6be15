// Package wiring makes what functions are made of, from the environment that
// infra/template.yaml gives them. Whatever is missing or wrong panics at
// start, before a request is taken, and Lambda reports it as an init error.
package wiring

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/heard-intake/heard/internal/blob"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/publish"
	"github.com/heard-intake/heard/internal/secret"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Table returns the table that TABLE names, under the pepper in the secret
// that PEPPER names. It opens the connection, so that the first request does
// not wait for TLS.
func Table(ctx context.Context, cfg aws.Config) *store.Table {
	pepper, err := Secret(cfg, "PEPPER").Value(ctx, "pepper")
	must(err)
	t := store.New(dynamo(cfg), config.Must("TABLE"), store.Pepper(pepper))
	must(t.CheckPepper(ctx))
	return t
}

// dynamo returns the client of the table. DynamoDB Local sends no checksums
// with its errors, so that they are checked on AWS only.
func dynamo(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.DisableValidateResponseChecksum = os.Getenv("AWS_ENDPOINT_URL_DYNAMODB") != ""
	})
}

// Blobs returns the bucket that BLOBS names.
func Blobs(cfg aws.Config) *blob.Bucket { return Bucket(cfg, "BLOBS") }

// Bucket returns the bucket that the variable key names. A stand-in for S3
// has no host name for each bucket.
func Bucket(cfg aws.Config, key string) *blob.Bucket {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = os.Getenv("AWS_ENDPOINT_URL_S3") != "" })
	return blob.New(client, config.Must(key))
}

// Secret returns the secret that the variable key names. Nothing is read yet.
func Secret(cfg aws.Config, key string) *secret.Secret {
	return secret.New(secretsmanager.NewFromConfig(cfg), config.Must(key))
}

// Taxonomy returns the taxonomy of the file that TAXONOMY names, which is
// taxonomy.yaml beside the function's binary unless it says otherwise.
func Taxonomy() *taxonomy.Taxonomy {
	data, err := os.ReadFile(config.Or("TAXONOMY", filepath.Join(os.Getenv("LAMBDA_TASK_ROOT"), "taxonomy.yaml"))) //nolint:gosec // the template names it
	must(err)
	t, err := taxonomy.Load(data)
	must(err)
	return t
}

// Rules returns the taxonomy in use: the one that was published to the bucket
// BLOBS, looked for once a minute, else the deployed one of [Taxonomy]. Both
// must name none but the departments in DEPARTMENTS, as far as that is set.
func Rules(cfg aws.Config) *publish.Reader {
	return &publish.Reader{
		Blobs: Blobs(cfg), Check: CheckQueues, Every: time.Minute, Now: time.Now,
		Deployed: func() *taxonomy.Taxonomy {
			t := Taxonomy()
			must(CheckQueues(t))
			return t
		},
	}
}

// Zone returns the organisation's time zone. The function that calls it
// imports time/tzdata: what a day is must not depend on the machine.
func Zone() *time.Location {
	zone, err := time.LoadLocation(config.Or("TIME_ZONE", "Europe/Amsterdam"))
	must(err)
	return zone
}

// CheckQueues refuses a taxonomy with a department that is not in DEPARTMENTS.
func CheckQueues(t *taxonomy.Taxonomy) error {
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
