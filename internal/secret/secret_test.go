package secret_test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/secrets"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/secret"
)

func newClient(t *testing.T) *secretsmanager.Client {
	t.Helper()
	srv, err := secrets.New(secrets.Config{File: filepath.Join(t.TempDir(), "secrets")})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	return secretsmanager.New(secretsmanager.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(web.URL), Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
}

func createSecret(t *testing.T, c *secretsmanager.Client, value string) {
	t.Helper()
	if _, err := c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: &value}); err != nil {
		t.Fatal(err)
	}
}

func TestValues_PreviousVersion(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	createSecret(t, c, `{"appSecret":"one"}`)
	if _, err := c.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("s"), SecretString: aws.String(`{"appSecret":"two"}`)}); err != nil {
		t.Fatal(err)
	}
	got, err := secret.New(c, "s").Values(t.Context(), "appSecret")
	if diff := cmp.Diff([]string{"two", "one"}, got); err != nil || diff != "" {
		t.Errorf("Values() error %v, difference (-want +got):\n%s", err, diff)
	}
}

func TestRefresh_RateLimited(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	createSecret(t, c, `{"appSecret":"one"}`)
	s := secret.New(c, "s")
	if _, err := s.Value(t.Context(), "appSecret"); err != nil {
		t.Fatal(err)
	}
	if fresh, err := s.Refresh(t.Context()); err != nil || fresh {
		t.Errorf("Refresh() = %t, %v, want false and no error", fresh, err)
	}
}

func TestValues_NotSet(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"empty": `{"appSecret":""}`, "missing": `{}`, "not an object": `"x"`} {
		c := newClient(t)
		createSecret(t, c, value)
		if _, err := secret.New(c, "s").Values(t.Context(), "appSecret"); !fault.Is(err, fault.Internal) {
			t.Errorf("%s: Values() error = %v, want kind %s", name, err, fault.Internal)
		}
	}
	if _, err := secret.New(newClient(t), "none").Values(t.Context(), "appSecret"); err == nil {
		t.Error("Values() of a missing secret returned no error")
	}
}
