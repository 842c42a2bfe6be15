// Package where describes how to reach a running stack: its addresses, names
// and credentials. The local stack writes this description to stack.json in its
// data folder; heardctl and tests read it there. For a stack on AWS the caller
// fills in a Stack, and SDK clients use the credentials of the environment.
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

// File is the name of the description in the data folder of a local stack.
const File = "stack.json"

// A Stack describes one running stack.
type Stack struct {
	Name       string    `json:"name"` // prefix of the names of its queues and secrets
	Region     string    `json:"region"`
	AccountID  string    `json:"accountId"`
	API        string    `json:"api"` // base URL of the webhooks, the chat and the API
	Audience   string    `json:"audience"`
	Table      string    `json:"table"`
	Blobs      string    `json:"blobs"` // bucket of bodies and attachments
	Mail       string    `json:"mail"`  // bucket of inbound mails
	MailDomain string    `json:"mailDomain"`
	ChatSite   string    `json:"chatSite"`
	Endpoints  Endpoints `json:"endpoints,omitempty"` // of the local stand-ins; empty on AWS

	// The fields below are set for a local stack only.
	SMTP      string `json:"smtp,omitempty"`      // host:port of the inbound mail server
	Sent      string `json:"sent,omitempty"`      // the folder of the mails that were sent
	IssuerDir string `json:"issuerDir,omitempty"` // the folder of the token issuer's key
	AccessKey string `json:"accessKey,omitempty"` // access key id, which selects the database in DynamoDB Local
}

// Endpoints maps the SDK's name of a service ("DynamoDB", "SQS") to its URL.
type Endpoints map[string]string

// GetServiceBaseEndpoint returns the endpoint of a service to an SDK client.
func (e Endpoints) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	url, ok := e[sdkID]
	return url, ok, nil
}

// Read reads the description from the data folder of a local stack. While no
// stack runs there, the error is [os.ErrNotExist].
func Read(dir string) (Stack, error) {
	var s Stack
	data, err := os.ReadFile(filepath.Join(dir, File)) //nolint:gosec // the operator chooses the folder
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("%s: %w", filepath.Join(dir, File), err)
	}
	return s, nil
}

// Write writes the description to the folder, and creates the folder if needed.
func (s Stack) Write(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the description of the stack: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, File), append(data, '\n'), 0o600)
}

// Remove deletes the description from the folder. A missing file is not an error.
func Remove(dir string) error {
	err := os.Remove(filepath.Join(dir, File))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Local reports whether the stack runs on this machine.
func (s Stack) Local() bool { return len(s.Endpoints) > 0 }

// AWS returns the SDK settings that reach the stack. On AWS these are the
// settings of the environment.
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
		return Clients{}, fmt.Errorf("settings of the AWS SDK: %w", err)
	}
	return Clients{
		// The error responses of DynamoDB Local have no checksum.
		DynamoDB: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = s.Local() }),
		S3:       s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = s.Local() }),
		SQS:      sqs.NewFromConfig(cfg),
		Secrets:  secretsmanager.NewFromConfig(cfg),
	}, nil
}

// Secret reads the current values of a secret of the stack. Name has no prefix:
// "whatsapp", "messenger", "webchat" or "pepper".
func (s Stack) Secret(ctx context.Context, c Clients, name string) (map[string]string, error) {
	out, err := c.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(s.Name + "-" + name)})
	if err != nil {
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	var values map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &values); err != nil {
		return nil, fmt.Errorf("read secret %s: the value must be a JSON object of strings", name)
	}
	return values, nil
}

// Queue returns the URL of a queue of the stack. Name has no prefix:
// "mail-arrived", "problems-billing.fifo".
func (s Stack) Queue(ctx context.Context, c Clients, name string) (string, error) {
	out, err := c.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(s.Name + "-" + name)})
	if err != nil {
		return "", fmt.Errorf("find queue %s: %w", name, err)
	}
	return aws.ToString(out.QueueUrl), nil
}
