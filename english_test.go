package heard_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// An idiom is a turn of phrase that makes a reader stop, and the words to
// write instead. Only whole idioms are listed: a good English word is never
// refused by itself.
type idiom struct {
	pattern *regexp.Regexp
	instead string
}

var idioms = []idiom{
	{regexp.MustCompile(`(?i)\bwhom?ever\b`), "name the person or the component"},
	{regexp.MustCompile(`(?i)\banew\b`), "again"},
	{regexp.MustCompile(`(?i)\bwho is who\b`), "identity, identities"},
	{regexp.MustCompile(`(?i)\b(some|no|every|any)body('s| else)\b`), "another customer, another agent: name the role"},
	{regexp.MustCompile(`(?i)\b(lies|lie|lay) (with|under|beside)\b`), "is stored under, belongs to"},
	{regexp.MustCompile(`(?i)\bstands (under|beside|anew|again)\b`), "is listed under, is in"},
	{regexp.MustCompile(`(?i)\b(is|are|was|were) none\b`), "is not a ..., there is no ..."},
	{regexp.MustCompile(`(?i)\b(what|all) that (comes|came|becomes|became) of\b`), "the result of"},
	{regexp.MustCompile(`(?i)\bwhat (comes|came|becomes|became) of\b`), "the result of"},
	{regexp.MustCompile(`(?i)\bthat which\b`), "use a noun"},
	{regexp.MustCompile(`(?i)\band the like\b`), "name them"},
	{regexp.MustCompile(`(?i)\bfor ever\b`), "permanently, always"},
	{regexp.MustCompile(`(?i)\b(is|are|was|were) told of\b`), "is notified of, is sent"},
	{regexp.MustCompile(`(?i)\bas far as\b`), "if, to the extent that"},
	{regexp.MustCompile(`(?i)\b(goes|go) by (the|its|their|a)\b`), "uses, depends on"},
	{regexp.MustCompile(`(?i)\bas the linter (has|wants)\b`), "fix lint"},
}

// TestPlainEnglish reads every comment of the code and every document. A
// sentence that uses one of the idioms fails with its place and the words to
// use instead.
func TestPlainEnglish(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipFolder(name, d)
		}
		switch {
		case name == "english_test.go":
			return nil
		case strings.HasSuffix(name, ".go"):
			return checkComments(t, name)
		case strings.HasSuffix(name, ".md"):
			return checkDocument(t, name)
		default:
			return nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func skipFolder(name string, d fs.DirEntry) error {
	base := d.Name()
	hidden := name != "." && base[0] == '.'
	if hidden || base == "testdata" || base == "build" || base == "node_modules" {
		return fs.SkipDir
	}
	return nil
}

func checkComments(t *testing.T, name string) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, group := range f.Comments {
		checkProse(t, fset.Position(group.Pos()).String(), commentText(group))
	}
	return nil
}

// commentText returns the text of a comment on one line, so that an idiom that is
// broken over two lines is found.
func commentText(group *ast.CommentGroup) string {
	return strings.Join(strings.Fields(group.Text()), " ")
}

func checkDocument(t *testing.T, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	for _, paragraph := range strings.Split(string(text), "\n\n") {
		checkProse(t, name, strings.Join(strings.Fields(paragraph), " "))
	}
	return nil
}

func checkProse(t *testing.T, place, text string) {
	t.Helper()
	for _, i := range idioms {
		if found := i.pattern.FindString(text); found != "" {
			t.Errorf("%s: %q is not plain English; write: %s", place, found, i.instead)
		}
	}
}

func TestPlainEnglish_FindsIdioms(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]bool{
		"Whoever asks gets one.":                        true,
		"It is read anew.":                              true,
		"Messages lie with their owner.":                true,
		"Of these there are none.":                      true,
		"The queue is told which messages to delete.":   false,
		"The file is in the bucket.":                    false,
		"An error without a kind is internal.":          false,
		"The lock was taken, whichever run started it.": false,
	} {
		if got := hasIdiom(sentence); got != want {
			t.Errorf("%q: has an idiom = %t, want %t", sentence, got, want)
		}
	}
}

func hasIdiom(sentence string) bool {
	for _, i := range idioms {
		if i.pattern.MatchString(sentence) {
			return true
		}
	}
	return false
}
