package wiring_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/heard-intake/heard/infra/local/dynamo/dynamotest"
	"github.com/heard-intake/heard/infra/local/s3"
	"github.com/heard-intake/heard/infra/local/secrets"
	"github.com/heard-intake/heard/internal/config"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/wiring"
)

// environment points the settings of a function to the local stand-ins.
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
	vaultServer := httptest.NewServer(vault)
	objectServer := httptest.NewServer(objects)
	t.Cleanup(vaultServer.Close)
	t.Cleanup(objectServer.Close)
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY": keys.SecretAccessKey, "AWS_REGION": dynamotest.Region,
		"AWS_ENDPOINT_URL_DYNAMODB": *db.BaseEndpoint, "AWS_ENDPOINT_URL_SECRETS_MANAGER": vaultServer.URL,
		"AWS_ENDPOINT_URL_S3": objectServer.URL, "TABLE": "heard", "PEPPER": "heard-pepper", "BLOBS": "heard-blobs",
		"TAXONOMY": checkedExample(t),
	} {
		t.Setenv(k, v)
	}
	return config.AWS(t.Context())
}

// checkedExample returns the path of the example taxonomy in checked form.
func checkedExample(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tax, err := taxonomy.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := tax.Checked()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "taxonomy.json")
	if err := os.WriteFile(file, checked, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWiring_Environment(t *testing.T) {
	cfg := environment(t)
	table := wiring.Table(t.Context(), cfg)
	if got, want := table.Hash("x"), storetest.Pepper.Hash("x"); got != want {
		t.Errorf("hash with the pepper: got %s, want %s", got, want)
	}
	// The stand-in answers that the bucket does not exist.
	if _, err := wiring.Blobs(cfg).Get(t.Context(), "c/1", 10); err == nil || fault.Is(err, fault.Internal) {
		t.Errorf("blobs: got error %v, want one of the stand-in", err)
	}
	for _, file := range []string{checkedExample(t), "../../infra/taxonomy.yaml"} {
		t.Setenv("TAXONOMY", file)
		if tax := wiring.DeployedTaxonomy(); len(tax.Departments) < 6 {
			t.Errorf("%s: got %d departments, want at least 6", file, len(tax.Departments))
		}
	}
}

func TestWiring_MissingSetting(t *testing.T) {
	cfg := environment(t)
	for name, start := range map[string]func(){
		"PEPPER":   func() { wiring.Table(t.Context(), cfg) },
		"TABLE":    func() { wiring.Table(t.Context(), cfg) },
		"BLOBS":    func() { wiring.Blobs(cfg) },
		"TAXONOMY": func() { wiring.DeployedTaxonomy() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "")
			defer func() {
				if recover() == nil {
					t.Error("got no panic, want one")
				}
			}()
			start()
		})
	}
}

// TestMailForms sets MAIL_FORMS to nothing, to forms, and to an entry that is
// neither an address nor a domain.
func TestMailForms(t *testing.T) {
	t.Setenv("MAIL_FORMS", "")
	if wiring.MailForms()("formulier@shop.example") {
		t.Error("an empty MAIL_FORMS: got a form, want none")
	}
	t.Setenv("MAIL_FORMS", "formulier@shop.example,@forms.example")
	forms := wiring.MailForms()
	for address, want := range map[string]bool{"Formulier@shop.example": true, "noreply@forms.example": true, "piet@shop.example": false} {
		if got := forms(address); got != want {
			t.Errorf("%s is a form: got %v, want %v", address, got, want)
		}
	}
	t.Setenv("MAIL_FORMS", "formulier@shop.example,*@shop.example")
	defer func() {
		if said, _ := recover().(string); !strings.Contains(said, `config: MAIL_FORMS: "*@shop.example" is neither`) {
			t.Errorf("a wrong entry: got panic %q, want one that names it", said)
		}
	}()
	wiring.MailForms()
}

// TestAppTexts checks that a wrong entry of APP_TEXTS is ignored.
func TestAppTexts(t *testing.T) {
	t.Setenv("APP_TEXTS", "ok || Hoi {name}, we zijn gesloten tot 9 uur.")
	texts := wiring.AppTexts()
	for text, want := range map[string]bool{"ok": false, "Hoi Anna, we zijn gesloten tot 9 uur.": true, "Uw pakket komt morgen.": false} {
		if got := texts.Has(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// TestKnownForms checks that a wrong entry of MAIL_FORMS is ignored.
func TestKnownForms(t *testing.T) {
	t.Setenv("MAIL_FORMS", "formulier@shop.example,*@shop.example,@forms.example")
	forms := wiring.KnownForms()
	for address, want := range map[string]bool{"formulier@shop.example": true, "noreply@forms.example": true, "piet@shop.example": false} {
		if got := forms(address); got != want {
			t.Errorf("%s is a form: got %v, want %v", address, got, want)
		}
	}
}

// TestMailStaff checks that a wrong entry of MAIL_STAFF is ignored, because stacks
// may have had it before entries were checked.
func TestMailStaff(t *testing.T) {
	t.Setenv("MAIL_STAFF", "shop.example,piet,@bureau.example")
	staff := wiring.MailStaff()
	for address, want := range map[string]bool{"piet@shop.example": true, "a@bureau.example": true, "jan@example.com": false, "piet": false} {
		if got := staff(address); got != want {
			t.Errorf("%s is staff: got %v, want %v", address, got, want)
		}
	}
}
