package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// knowKeys are the files outside this package that may write a key or the name
// of a key attribute, with the reason.
var knowKeys = map[string]string{
	"internal/store/storetest/":          "names the key attributes for tests",
	"cmd/heardctl/stackclient/stream.go": "reads the key of a dead letter",
	"test/e2e/aside_test.go":             "malformed records",
	"infra/local/":                       "the local table and stream know no items of ours",
	"cmd/figures/bare/":                  "a function without Heard, to compare with",
	"internal/lambdabatch/aside.go":      "a dead letter holds the key of its record",
	"internal/triage/aside_test.go":      "malformed records",
	"internal/triage/unreadable_test.go": "breaks items on purpose",
	"cmd/heardctl/main_test.go":          "breaks an item on purpose",
	"internal/outbox/aside_test.go":      "malformed records",
	"internal/outbox/job_test.go":        "records of every operation",
	"internal/triage/cost_test.go":       "counts writes by partition",
	"internal/media/":                    "tests with an alias key in a job",
	"internal/chatapi/signin_test.go":    "hostile account names",
	"test/contract/contractfuzz_test.go": "hostile parameters",
	"test/canary/canary_test.go":         "malformed records",
}

// keyLiteral matches a string that begins like a key, or is the name of a key
// attribute.
var keyLiteral = regexp.MustCompile("[\"`](?:[A-Z][#~][^\"`]*|pk|sk|gsi1pk|gsi1sk)[\"`]")

func TestKeys_LiteralsOnlyHere(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if name == "internal/store" || name == "node_modules" || (name != "." && strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(data), "\n") {
			found := keyLiteral.FindString(line)
			if found == "" {
				continue
			}
			if allowed := allowedBy(name); allowed != "" {
				used[allowed] = true
				continue
			}
			t.Errorf("%s:%d: got the key literal %s, want a function of store", name, i+1, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for prefix := range knowKeys {
		if !used[prefix] && prefix != "internal/store/storetest/" {
			t.Errorf("%s: got no key literal, want it off the list", prefix)
		}
	}
}

func allowedBy(name string) string {
	for prefix := range knowKeys {
		if strings.HasPrefix(name, prefix) {
			return prefix
		}
	}
	return ""
}

// Within the package, only keys.go and attributes.go have literals.
func TestKeys_LiteralsOnlyInTwoFiles(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || slices.Contains([]string{"keys.go", "attributes.go"}, name) {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := keyLiteral.FindString(string(data)); found != "" {
			t.Errorf("%s: got the key literal %s, want a function of keys.go", name, found)
		}
	}
}
