package wiring_test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/heard-intake/heard/infra/local/dynamo/dynamotest"
	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/infra/local/secrets"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/wiring"
)

// environment points a function's settings to the stand-ins.
func environment(t *testing.T) aws.Config {
	t.Helper()
	db := dynamotest.Config(t)
	if _, err := dynamotest.New(db).CreateTable(t.Context(), storetest.Schema("heard")); err != nil {
		t.Fatal(err)
	}
	keys, err := db.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	vault, err := secrets.New(secrets.Config{File: filepath.Join(t.TempDir(), "secrets.json")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Ensure("heard-pepper", `{"pepper":"a pepper for tests, 32 bytes long"}`); err != nil {
		t.Fatal(err)
	}
	objects, err := s3.New(s3.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	vaultServer, objectServer := httptest.NewServer(vault), httptest.NewServer(objects)
	t.Cleanup(vaultServer.Close)
	t.Cleanup(objectServer.Close)
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY": keys.SecretAccessKey, "AWS_REGION": dynamotest.Region,
		"AWS_ENDPOINT_URL_DYNAMODB": *db.BaseEndpoint, "AWS_ENDPOINT_URL_SECRETS_MANAGER": vaultServer.URL,
		"AWS_ENDPOINT_URL_S3": objectServer.URL, "TABLE": "heard", "PEPPER": "heard-pepper", "BLOBS": "heard-blobs",
		"TAXONOMY": "../../infra/taxonomy.yaml",
	} {
		t.Setenv(k, v)
	}
	return config.AWS(t.Context())
}

func TestAFunctionIsMadeFromItsEnvironment(t *testing.T) {
	cfg := environment(t)
	table := wiring.Table(t.Context(), cfg)
	if table.Hash("x") != storetest.Pepper.Hash("x") {
		t.Error("another pepper")
	}
	// The bucket is not there, which is an answer of the stand-in's.
	if _, err := wiring.Blobs(cfg).Get(t.Context(), "c/1", 10); err == nil || fault.KindOf(err) == fault.Internal {
		t.Error("blobs:", err)
	}
	if tax := wiring.Taxonomy(); len(tax.Departments) < 6 {
		t.Error("taxonomy:", tax.Version)
	}
}

func TestWhatIsMissingStopsAFunctionAtItsStart(t *testing.T) {
	cfg := environment(t)
	for name, start := range map[string]func(){
		"PEPPER":   func() { wiring.Table(t.Context(), cfg) },
		"TABLE":    func() { wiring.Table(t.Context(), cfg) },
		"BLOBS":    func() { wiring.Blobs(cfg) },
		"TAXONOMY": func() { wiring.Taxonomy() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "")
			defer func() {
				if recover() == nil {
					t.Error("started all the same")
				}
			}()
			start()
		})
	}
}
