package heard_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents returns the Markdown files that people read, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	names := []string{"README.md", "CONTRIBUTING.md"}
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	docs := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		docs[name] = string(data)
	}
	return docs
}

var (
	docLink   = regexp.MustCompile(`\]\(([^)#]*)(#[^)]*)?\)`)
	docPath   = regexp.MustCompile("`((?:internal|infra|cmd|docs|events|test|client|functions)/[\\w./-]+)`")
	docTest   = regexp.MustCompile(`\bTest[A-Z]\w+[a-z0-9]\b`)
	oldName   = regexp.MustCompile(`(?m)^\| test: .*$`) // the examples of names, before and after
	heading   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noAnchor  = regexp.MustCompile(`[^a-z0-9 _-]`)
	testFunc  = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	codeBlock = regexp.MustCompile("(?s)```.*?```")
)

// anchors returns the anchors of a document's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	all := map[string]bool{"": true}
	for _, m := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		all["#"+strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return all
}

func TestDocs_Links(t *testing.T) {
	t.Parallel()
	docs := documents(t)
	for name, text := range docs {
		for _, m := range docLink.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[1], "http") {
				continue
			}
			target := name
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(name), m[1])
			}
			if linked, ok := docs[target]; !ok || !anchors(linked)[m[2]] {
				t.Errorf("%s: link %s%s leads nowhere", name, m[1], m[2])
			}
		}
	}
}

func TestDocs_Paths(t *testing.T) {
	t.Parallel()
	for name, text := range documents(t) {
		if strings.HasPrefix(name, "docs/adr/") {
			continue // a decision names the code of its time
		}
		for _, m := range docPath.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %s does not exist", name, m[1])
			}
		}
	}
}

func TestDocs_Tests(t *testing.T) {
	t.Parallel()
	exists := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(source, -1) {
			exists[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"docs/architecture.md", "CONTRIBUTING.md"} {
		for _, test := range docTest.FindAllString(oldName.ReplaceAllString(documents(t)[name], ""), -1) {
			if !exists[test] {
				t.Errorf("%s: %s does not exist", name, test)
			}
		}
	}
}
