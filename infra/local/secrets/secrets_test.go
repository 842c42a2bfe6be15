package secrets_test

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/heard-intake/heard/infra/local/secrets"
)

func TestGetSecretValue_NameOrARN(t *testing.T) {
	t.Parallel()
	sm := startServer(t, secretsFile(t))
	made := createSecretString(t, sm, "heard/whatsapp", "one")
	partial := (*made.ARN)[:len(*made.ARN)-len("-ABCDEF")]
	for _, id := range []string{"heard/whatsapp", *made.ARN, partial} {
		got, err := sm.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		if err != nil {
			t.Fatal(err)
		}
		if *got.SecretString != "one" || *got.ARN != *made.ARN || *got.Name != "heard/whatsapp" || *got.VersionId != *made.VersionId {
			t.Errorf("%s gave %s of %s", id, *got.SecretString, *got.ARN)
		}
		if got.CreatedDate == nil || got.CreatedDate.IsZero() {
			t.Errorf("%s has no date", id)
		}
	}
}

func TestGetSecretValue_Binary(t *testing.T) {
	t.Parallel()
	sm := startServer(t, secretsFile(t))
	want := []byte{0, 1, 255}
	_, err := sm.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("pepper"), SecretBinary: want})
	if err != nil {
		t.Fatal(err)
	}
	got, err := sm.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("pepper")})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.SecretBinary, want) || got.SecretString != nil {
		t.Errorf("got %v, want %v", got.SecretBinary, want)
	}
}

func TestPutSecretValue_MovesStages(t *testing.T) {
	t.Parallel()
	path := secretsFile(t)
	sm := startServer(t, path)
	createSecretString(t, sm, "a", "one")
	for _, c := range []struct{ put, current, previous string }{
		{"two", "two", "one"},
		{"three", "three", "two"},
	} {
		putSecretString(t, sm, "a", c.put)
		for _, sm := range []*secretsmanager.Client{sm, startServer(t, path)} { // also after a restart
			if got := readSecretString(t, sm, "a", "AWSCURRENT"); got != c.current {
				t.Errorf("current is %s, want %s", got, c.current)
			}
			if got := readSecretString(t, sm, "a", "AWSPREVIOUS"); got != c.previous {
				t.Errorf("previous is %s, want %s", got, c.previous)
			}
		}
	}
	got, err := sm.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("a")})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.VersionIdsToStages) != 2 {
		t.Errorf("%d versions have a stage, want 2: %v", len(got.VersionIdsToStages), got.VersionIdsToStages)
	}
}

func TestPutSecretValue_OtherStage(t *testing.T) {
	t.Parallel()
	sm := startServer(t, secretsFile(t))
	createSecretString(t, sm, "a", "one")
	_, err := sm.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("a"), SecretString: aws.String("two"), VersionStages: []string{"AWSPENDING"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := readSecretString(t, sm, "a", "AWSCURRENT"); got != "one" {
		t.Errorf("current is %s, want one", got)
	}
	if got := readSecretString(t, sm, "a", "AWSPENDING"); got != "two" {
		t.Errorf("pending is %s, want two", got)
	}
}

func TestPutSecretValue_SameToken(t *testing.T) {
	t.Parallel()
	sm := startServer(t, secretsFile(t))
	createSecretString(t, sm, "a", "one")
	in := &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("a"), SecretString: aws.String("two"), ClientRequestToken: aws.String("0123456789abcdef0123456789abcdef"),
	}
	for range 2 {
		if _, err := sm.PutSecretValue(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if got := readSecretString(t, sm, "a", "AWSPREVIOUS"); got != "one" {
		t.Errorf("previous is %s, want one", got)
	}
	in.SecretString = aws.String("three")
	_, err := sm.PutSecretValue(t.Context(), in)
	if _, ok := errors.AsType[*types.ResourceExistsException](err); !ok {
		t.Errorf("the same token with another value: %v", err)
	}
}

func TestServeHTTP_ErrorCodes(t *testing.T) {
	t.Parallel()
	sm := startServer(t, secretsFile(t))
	createSecretString(t, sm, "a", "one")
	get := func(in secretsmanager.GetSecretValueInput) error {
		_, err := sm.GetSecretValue(t.Context(), &in)
		return err
	}
	_, again := sm.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("a"), SecretString: aws.String("x")})
	_, none := sm.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("b"), SecretString: aws.String("x")})
	_, empty := sm.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("a")})
	_, describe := sm.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("b")})
	_, unknown := sm.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"unknown secret":      {get(secretsmanager.GetSecretValueInput{SecretId: aws.String("b")}), "ResourceNotFoundException"},
		"unused stage":        {get(secretsmanager.GetSecretValueInput{SecretId: aws.String("a"), VersionStage: aws.String("AWSPREVIOUS")}), "ResourceNotFoundException"},
		"unknown version":     {get(secretsmanager.GetSecretValueInput{SecretId: aws.String("a"), VersionId: aws.String("0123456789abcdef0123456789abcdef")}), "ResourceNotFoundException"},
		"existing secret":     {again, "ResourceExistsException"},
		"put, unknown secret": {none, "ResourceNotFoundException"},
		"no value":            {empty, "InvalidParameterException"},
		"describe, unknown":   {describe, "ResourceNotFoundException"},
		"unsupported call":    {unknown, "UnknownOperationException"},
	} {
		if api, ok := errors.AsType[smithy.APIError](c.err); !ok || api.ErrorCode() != c.want {
			t.Errorf("%s: %v, want %s", name, c.err, c.want)
		}
	}
}

func TestEnsure_ExistingSecret(t *testing.T) {
	t.Parallel()
	path := secretsFile(t)
	var arns []string
	for _, offered := range []string{"one", "two"} {
		s, err := secrets.New(secrets.Config{File: path})
		if err != nil {
			t.Fatal(err)
		}
		arn, err := s.Ensure("a", offered)
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, arn)
	}
	if arns[0] != arns[1] {
		t.Errorf("two ARNs: %v", arns)
	}
	sm := startServer(t, path)
	putSecretString(t, sm, "a", "two")
	if got := readSecretString(t, sm, "a", "AWSPREVIOUS"); got != "one" {
		t.Errorf("held %s, want one", got)
	}
}

func secretsFile(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "secrets.json")
}

// startServer serves the secrets file. A warning that the SDK logs about a response fails the test.
func startServer(t testing.TB, path string) *secretsmanager.Client {
	t.Helper()
	s, err := secrets.New(secrets.Config{File: path})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return secretsmanager.New(secretsmanager.Options{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("local", "secret", ""),
		Logger:      logging.LoggerFunc(func(c logging.Classification, format string, v ...any) { t.Errorf(format, v...) }),
	})
}

func createSecretString(t testing.TB, sm *secretsmanager.Client, name, value string) *secretsmanager.CreateSecretOutput {
	t.Helper()
	out, err := sm.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func putSecretString(t testing.TB, sm *secretsmanager.Client, name, value string) {
	t.Helper()
	_, err := sm.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value})
	if err != nil {
		t.Fatal(err)
	}
}

func readSecretString(t testing.TB, sm *secretsmanager.Client, name, stage string) string {
	t.Helper()
	out, err := sm.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name, VersionStage: &stage})
	if err != nil {
		t.Fatal(err)
	}
	return *out.SecretString
}
