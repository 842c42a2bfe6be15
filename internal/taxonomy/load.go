package taxonomy

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/heard-intake/heard/internal/fault"
)

// MaxBytes is the maximum size of a file.
const MaxBytes = 1 << 20

// An Error is one error in a file.
type Error struct {
	Line int    // counted from 1; 0 means the whole file
	Path string // for example reasons[2].phrases.nl[0]; empty for the whole file
	Msg  string // the error and its remedy
}

func (e Error) Error() string {
	switch {
	case e.Line == 0:
		return e.Msg
	case e.Path == "":
		return fmt.Sprintf("line %d: %s", e.Line, e.Msg)
	default:
		return fmt.Sprintf("line %d: %s: %s", e.Line, e.Path, e.Msg)
	}
}

// Errors are the errors in a file, sorted by line.
type Errors []Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Load decodes and checks a taxonomy file. Its error has kind [fault.Invalid] and
// wraps [Errors].
func Load(data []byte) (*Taxonomy, error) {
	t := &Taxonomy{}
	f, errs := parseDocument(data)
	if errs == nil {
		f.decodeSections(t)
		c := checker{t: t, document: f, parser: newPhraseParser(t.Words), phraseOwners: map[[2]string]string{}, exampleOwners: map[string]string{}}
		c.checkTaxonomy()
		errs = f.errs
	}
	if len(errs) > 0 {
		slices.SortStableFunc(errs, func(a, b Error) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Path, b.Path))
		})
		return nil, fault.Wrap(fault.Invalid, errs, "the taxonomy has %d error(s)", len(errs))
	}
	return t.prepareMatcher(), nil
}

// A document is a parsed file with the errors found in it.
type document struct {
	root *ast.MappingNode
	errs Errors
	// broken holds the paths of values that could not be decoded. They are
	// reported once and not checked further.
	broken map[string]bool
}

// parseDocument parses the YAML of a file.
func parseDocument(data []byte) (*document, Errors) {
	if len(data) > MaxBytes {
		return nil, Errors{{Msg: fmt.Sprintf("the file has %d bytes, at most %d are allowed; shorten it", len(data), MaxBytes)}}
	}
	doc, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, Errors{convertYAMLError("", err)}
	}
	if len(doc.Docs) > 1 {
		return nil, Errors{{Msg: "the file holds several documents; remove the --- between them"}}
	}
	if len(doc.Docs) == 0 || doc.Docs[0].Body == nil {
		return nil, Errors{{Msg: "the file is empty; begin with the example in infra/taxonomy.yaml"}}
	}
	root, ok := doc.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil, Errors{{Line: lineOfNode(doc.Docs[0].Body), Msg: "the file is not a mapping; begin with schema, version, departments, products, reasons"}}
	}
	return &document{root: root, broken: map[string]bool{}}, nil
}

// decodeSections decodes every entry separately, so that an error in one entry
// does not hide errors in others.
func (f *document) decodeSections(t *Taxonomy) {
	seen := map[string]bool{}
	for _, v := range f.root.Values {
		key := v.Key.GetToken().Value
		if seen[key] {
			f.addErrorAtLine(lineOfNode(v.Key), key, "is in the file twice; merge the two")
			continue
		}
		seen[key] = true
		switch key {
		case "schema":
			f.decodeNode(key, v.Value, &t.Schema)
		case "version":
			f.decodeNode(key, v.Value, &t.Version)
		case "organisation":
			f.decodeNode(key, v.Value, &t.Organisation)
		case "currency":
			f.decodeNode(key, v.Value, &t.Currency)
		case "order_number":
			f.decodeNode(key, v.Value, &t.OrderNumber)
		case "words":
			f.decodeNode(key, v.Value, &t.Words)
		case "notices":
			f.decodeNode(key, v.Value, &t.Notices)
		case "calendar":
			f.decodeNode(key, v.Value, &t.Calendar)
		case "candidates_to":
			f.decodeNode(key, v.Value, &t.CandidatesTo)
		case "no_reason_examples":
			f.decodeNode(key, v.Value, &t.NoReasonExamples)
		case "departments":
			decodeList(f, key, v.Value, &t.Departments, Department{})
		case "products":
			decodeList(f, key, v.Value, &t.Products, Product{})
		case "reasons":
			decodeList(f, key, v.Value, &t.Reasons, Reason{
				Detect: Threshold, Threshold: DefaultThreshold, Window: Days(DefaultWindow),
				Severity: Normal, Value: Value{Irritant, Irritant},
			})
		default:
			f.addErrorAtLine(lineOfNode(v.Key), key, "is not part of a taxonomy; use schema, version, organisation, currency, order_number, words, notices, calendar, candidates_to, no_reason_examples, departments, products or reasons")
		}
	}
}

// decodeNode decodes one value strictly and reports whether that succeeded.
func (f *document) decodeNode(path string, node ast.Node, into any) bool {
	err := yaml.NodeToValue(node, into, yaml.Strict())
	if err != nil {
		f.broken[path] = true
		f.errs = append(f.errs, convertYAMLError(path, err))
	}
	return err == nil
}

// decodeList decodes the entries of a list. Every entry begins as a copy of
// defaults.
func decodeList[T any](f *document, path string, node ast.Node, into *[]T, defaults T) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		f.broken[path] = true
		f.addErrorAtLine(lineOfNode(node), path, "must be a list; begin each entry with -")
		return
	}
	*into = make([]T, len(list.Values))
	for i, entry := range list.Values {
		(*into)[i] = defaults
		if f.decodeNode(fmt.Sprintf("%s[%d]", path, i), entry, &(*into)[i]) {
			continue
		}
		(*into)[i] = defaults
		_ = yaml.NodeToValue(entry, &(*into)[i]) // keep the readable fields, so that references to the entry are valid
	}
}

// addErrorAtPath adds an error at the line of its path.
func (f *document) addErrorAtPath(path, format string, args ...any) {
	var node ast.Node = f.root
	parent := node
	for step := range pathSteps(path) {
		if node = childNode(node, step); node == nil {
			break
		}
		parent = node
	}
	f.addErrorAtLine(lineOfNode(parent), path, format, args...)
}

// addErrorAtLine adds an error with a known line.
func (f *document) addErrorAtLine(line int, path, format string, args ...any) {
	f.errs = append(f.errs, Error{Line: line, Path: path, Msg: fmt.Sprintf(format, args...)})
}

// pathSteps yields reasons, 2, phrases, nl, 0 for reasons[2].phrases.nl[0].
func pathSteps(path string) func(func(string) bool) {
	return strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// childNode returns the value of a key or index of node, or nil.
func childNode(node ast.Node, step string) ast.Node {
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if v.Key.GetToken().Value == step {
				return v.Value
			}
		}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i < len(n.Values) {
			return n.Values[i]
		}
	}
	return nil
}

// lineOfNode returns the line on which node begins, or 0 if it is unknown.
func lineOfNode(node ast.Node) int {
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 0
	}
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return lineOfNode(m.Values[0].Key)
	}
	if s, ok := node.(*ast.SequenceNode); ok && len(s.Values) > 0 {
		return lineOfNode(s.Values[0])
	}
	return node.GetToken().Position.Line
}

// convertYAMLError converts an error of the YAML library and adds a remedy.
func convertYAMLError(path string, err error) Error {
	var at yaml.Error
	if !errors.As(err, &at) {
		return Error{Path: path, Msg: err.Error()}
	}
	e := Error{Path: path, Msg: at.GetMessage()}
	if tk := at.GetToken(); tk != nil && tk.Position != nil {
		e.Line = tk.Position.Line
	}
	e.Msg = describeYAMLError(err, e.Msg)
	return e
}

// describeYAMLError describes an error and its remedy in terms of YAML, not of Go
// types.
func describeYAMLError(err error, msg string) string {
	if wrong, ok := errors.AsType[*yaml.UnexpectedNodeTypeError](err); ok {
		return describeExpected(wrong.Token, map[ast.NodeType]reflect.Kind{ast.SequenceType: reflect.Slice, ast.StringType: reflect.String}[wrong.Expected])
	}
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		return describeExpected(wrong.Token, wrong.DstType.Kind())
	}
	if wrong, ok := errors.AsType[*yaml.OverflowError](err); ok {
		return describeExpected(wrong.Token, wrong.DstType.Kind())
	}
	switch {
	case strings.HasPrefix(msg, "unknown field"):
		return msg + "; remove it, or look up its name in the taxonomy's JSON Schema"
	case strings.Contains(msg, "already defined"):
		return msg + "; remove one of the two"
	case strings.Contains(msg, "'\t'"):
		return "a line is indented with a tab; indent with spaces"
	}
	return msg
}

// describeExpected says which kind of value to write instead of a token.
func describeExpected(tk *token.Token, kind reflect.Kind) string {
	wanted := map[reflect.Kind]string{
		reflect.Int: "a whole number, like 5", reflect.Float64: "a number, like 6.50", reflect.Bool: "true or false",
		reflect.String: "a text", reflect.Slice: "a list, like [one, two]",
	}[kind]
	wanted = cmp.Or(wanted, "a mapping, like {nl: ..., en: ...}")
	if tk == nil {
		return "write " + wanted + " there"
	}
	return fmt.Sprintf("holds %q; write %s there", tk.Value, wanted)
}

var daysForm = regexp.MustCompile(`^([0-9]{1,3})d$`)

// UnmarshalYAML decodes a number of days, like 7d.
func (d *Days) UnmarshalYAML(node ast.Node) error {
	m := daysForm.FindStringSubmatch(strings.Trim(node.String(), `"' `))
	if m == nil {
		return &yaml.SyntaxError{Message: "a window must be a number of days, like 7d", Token: node.GetToken()}
	}
	n, err := strconv.Atoi(m[1])
	*d = Days(time.Duration(n) * 24 * time.Hour)
	return err
}
