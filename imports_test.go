package heard_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/heard-intake/heard/"
	sdk    = "github.com/aws/aws-sdk-go-v2/"
)

// The layers, from the inside out. A package imports what lies further in,
// and of its own layer only what its rule names.
var (
	words  = []string{"internal/fault", "internal/config", "internal/lambdabatch", "internal/golden", "internal/telemetry", "internal/strictjson", "internal/retry"}
	domain = join(words, "internal/message", "internal/contact", "internal/identity", "internal/problem", "internal/redact", "internal/taxonomy", "internal/classifier", "internal/schedule")
	apis   = join(domain, "internal/httpapi", "internal/messageview", "internal/ingest", "internal/store", "internal/blob", "internal/secret")
)

// rules says which packages of the module a package may import, and whether
// it may call AWS; the first rule that matches counts. It is the picture in
// docs/architecture.md, kept true.
var rules = []struct {
	packages string
	may      []string
	sdk      bool
}{
	// Words.
	{"internal/fault", nil, false},
	{"internal/golden", nil, false},
	{"internal/telemetry", nil, false},
	{"internal/config", nil, true}, // makes the configuration of every client
	{"internal/lambdabatch", []string{"internal/fault"}, false},
	{"internal/strictjson", []string{"internal/fault"}, false},
	{"internal/retry", []string{"internal/fault"}, false},

	// Domain: pure.
	{"internal/schedule", words, false},
	{"internal/identity", words, false},
	{"internal/taxonomy", join(words, "internal/schedule", "internal/taxonomy/lexicon"), false},
	{"internal/taxonomy/lexicon", nil, false},
	{"internal/taxonomy/published", join(words, "internal/taxonomy"), false},
	{"internal/classifier", join(words, "internal/taxonomy", "internal/taxonomy/lexicon"), false},
	{"internal/classifier/trained", join(words, "internal/classifier"), false},
	{"internal/message", join(words, "internal/identity"), false},
	{"internal/contact", join(words, "internal/message", "internal/identity"), false},
	{"internal/redact", join(words, "internal/identity"), false},
	{"internal/problem", join(words, "internal/identity", "internal/schedule", "internal/redact"), false},
	{"internal/brief", join(words, "internal/message", "internal/contact", "internal/identity", "internal/problem", "internal/taxonomy"), false},

	// Adapters never import each other. Two things are no adapters, though
	// they lie among them: meta, which reads the JSON that Meta's channels have in
	// common, and the parts of a channel below its own folder.
	{"internal/channel/meta", words, false},
	{"internal/channel/channeltest", domain, false},
	{"internal/channel/email", join(domain, "internal/channel/email/*"), false},
	{"internal/channel/email/ses", words, true}, // its sending half
	{"internal/channel/email/*", join(words, "internal/channel/email/*"), false},
	{"internal/channel/*", join(domain, "internal/channel/meta"), false},
	{"internal/store", domain, true},
	{"internal/queue", domain, true},
	{"internal/blob", domain, true},
	{"internal/secret", domain, true},
	{"internal/store/storetest", []string{"internal/message", "internal/contact", "internal/store", "infra/local/dynamo/dynamotest"}, true}, // for tests only: the real table needs a server

	// The work of the functions, on the store. Messages that agents register and
	// visitors post are stored by ingest, as the messages of a webhook are.
	{"internal/ingest", join(domain, "internal/channel/meta", "internal/store"), false},
	{"internal/excerpt", domain, false},
	{"internal/detection", join(domain, "internal/excerpt", "internal/store"), false},
	{"internal/triage", join(domain, "internal/classifier/trained", "internal/detection", "internal/store"), false},
	{"internal/training", join(domain, "internal/classifier/trained", "internal/store", "internal/taxonomy/published"), false},
	{"internal/outbox", join(domain, "internal/store"), false},
	{"internal/problems", join(domain, "internal/excerpt", "internal/store"), false},
	{"internal/media", join(domain, "internal/channel/meta"), true}, // signs one call to End User Messaging
	{"internal/updates", join(domain, "internal/problems"), false},
	{"internal/send", join(domain, "internal/channel/email", "internal/channel/email/compose"), false},

	// HTTP: the APIs on one kit. They use the table, the bucket and the secrets
	// directly, and store messages through ingest as webhooks do.
	{"internal/httpapi", domain, false},
	{"internal/messageview", join(domain, "internal/httpapi", "internal/blob"), false},
	{"internal/agentapi", join(apis, "internal/brief", "internal/excerpt", "internal/problems", "internal/channel/email"), false},
	{"internal/departmentapi", join(apis, "internal/excerpt", "internal/problems"), false},
	{"internal/chatapi", join(apis, "internal/channel/webchat"), false},

	// Wiring: the only place that knows both sides.
	{"internal/wiring", []string{"internal/..."}, true},
	{"functions/*", []string{"internal/..."}, true},

	// What others import to call the API: it stands alone.
	{"client", nil, false},

	// The local stack replaces AWS and knows nothing of Heard: it runs the
	// template. The tools around it know both.
	{"infra/local", []string{"internal/...", "infra/..."}, true},
	{"infra/local/...", []string{"infra/local/..."}, true},
	{"internal/traffic", []string{"internal/...", "client"}, true}, // made-up deliveries for tests, figures and the demo
	{"infra/...", []string{"client", "internal/...", "infra/..."}, true},
	{"cmd/...", []string{"client", "internal/...", "infra/...", "cmd/..."}, true},
	{"test/...", []string{"internal/...", "infra/...", "cmd/...", "test/..."}, true},
}

func TestLayersImportInwards(t *testing.T) {
	t.Parallel()
	for name, imports := range sources(t) {
		from := path.Dir(name)
		if from == "." {
			continue
		}
		rule := -1
		for i, r := range rules {
			if match(r.packages, from) {
				rule = i
				break
			}
		}
		if rule < 0 {
			t.Errorf("%s is in no layer; say in imports_test.go what it may import", from)
			continue
		}
		for _, p := range imports {
			to, own := strings.CutPrefix(p, module)
			if own && !contains(rules[rule].may, to) {
				t.Errorf("%s imports %s", name, to)
			}
			if strings.HasPrefix(p, sdk) && !rules[rule].sdk {
				t.Errorf("%s imports %s; only adapters and wiring call AWS", name, p)
			}
		}
	}
}

// sources returns what each source file imports. Tests are left out: they may
// bring both sides together.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (base[0] == '.' || base == "testdata" || name == "build") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, p)
		}
		found[filepath.ToSlash(name)] = imports
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func contains(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if match(p, pkg) {
			return true
		}
	}
	return false
}

// match reports whether a package fits a pattern: "x/*" is one level below x,
// "x/..." is every level.
func match(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(pkg, prefix)
	}
	ok, err := path.Match(pattern, pkg)
	return err == nil && ok
}

func join(some []string, more ...string) []string {
	return append(append([]string{}, some...), more...)
}
