// Package where says where a stack is and how to reach it. The runner of the
// local stack writes it to a file; heardctl and tests read it there. A stack
// on AWS is found by its name, with the credentials of the environment.
package where

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// File is the name of the file in the folder of a local stack.
const File = "stack.json"

// A Stack is one stack.
type Stack struct {
	Name       string    `json:"name"` // what the names of its queues and secrets begin with
	Region     string    `json:"region"`
	AccountID  string    `json:"accountId"`
	API        string    `json:"api"` // where webhooks, chat and the API are
	Audience   string    `json:"audience"`
	Table      string    `json:"table"`
	Blobs      string    `json:"blobs"` // bucket
	Mail       string    `json:"mail"`  // bucket
	MailDomain string    `json:"mailDomain"`
	ChatSite   string    `json:"chatSite"`
	Endpoints  Endpoints `json:"endpoints,omitempty"` // of the local stand-ins; none on AWS

	// Of a local stack only.
	SMTP      string `json:"smtp,omitempty"`      // host and port
	Sent      string `json:"sent,omitempty"`      // the folder of the mails that were sent
	IssuerDir string `json:"issuerDir,omitempty"` // the folder of the issuer's key
	AccessKey string `json:"accessKey,omitempty"` // also the name of the database in DynamoDB Local
}

// Endpoints are the URLs of services by the SDK's name of each.
type Endpoints map[string]string

// GetServiceBaseEndpoint gives the clients of the SDK their endpoints.
func (e Endpoints) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	url, ok := e[sdkID]
	return url, ok, nil
}

// Read reads the file of a local stack's folder.
func Read(dir string) (Stack, error) {
	var s Stack
	data, err := os.ReadFile(filepath.Join(dir, File)) //nolint:gosec // the operator names the folder
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("%s: %w", filepath.Join(dir, File), err)
	}
	return s, nil
}

// Write writes the file into a folder, and Remove takes it away when the
// stack has ended.
func (s Stack) Write(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, File), append(data, '\n'), 0o600)
}

// Remove takes the file out of a folder.
func Remove(dir string) error {
	err := os.Remove(filepath.Join(dir, File))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Local reports whether the stack runs on this machine.
func (s Stack) Local() bool { return len(s.Endpoints) > 0 }

// AWS returns the settings of SDK clients that reach the stack.
func (s Stack) AWS(ctx context.Context) (aws.Config, error) {
	if !s.Local() {
		return config.LoadDefaultConfig(ctx)
	}
	return aws.Config{
		Region:        s.Region,
		Credentials:   credentials.NewStaticCredentialsProvider(s.AccessKey, "local", ""),
		ConfigSources: []any{s.Endpoints},
	}, nil
}

// Clients are the SDK clients of a stack.
type Clients struct {
	DynamoDB *dynamodb.Client
	S3       *s3.Client
	SQS      *sqs.Client
	Secrets  *secretsmanager.Client
}

// Clients returns the SDK clients that reach the stack.
func (s Stack) Clients(ctx context.Context) (Clients, error) {
	cfg, err := s.AWS(ctx)
	if err != nil {
		return Clients{}, err
	}
	return Clients{
		// The error replies of DynamoDB Local have no checksum.
		DynamoDB: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = s.Local() }),
		S3:       s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = s.Local() }),
		SQS:      sqs.NewFromConfig(cfg),
		Secrets:  secretsmanager.NewFromConfig(cfg),
	}, nil
}

// Secret reads the current values of one of the stack's secrets: "whatsapp",
// "messenger", "webchat" or "pepper".
func (s Stack) Secret(ctx context.Context, c Clients, name string) (map[string]string, error) {
	out, err := c.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(s.Name + "-" + name)})
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	var values map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &values); err != nil {
		return nil, fmt.Errorf("read secret %s: it is no JSON object of texts", name)
	}
	return values, nil
}

// Queue returns the URL of one of the stack's queues: "mail-arrived",
// "problems-billing.fifo".
func (s Stack) Queue(ctx context.Context, c Clients, name string) (string, error) {
	out, err := c.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(s.Name + "-" + name)})
	if err != nil {
		return "", fmt.Errorf("find queue %s: %w", name, err)
	}
	return aws.ToString(out.QueueUrl), nil
}
