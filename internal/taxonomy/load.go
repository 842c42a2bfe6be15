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

// MaxBytes is the largest file that Load reads.
const MaxBytes = 1 << 20

// An Error is one thing that is wrong with a file.
type Error struct {
	Line int    // from 1; 0 when it is about the whole file
	Path string // where, like reasons[2].phrases.nl[0]; empty for the whole file
	Msg  string // what is wrong, and what to do about it
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

// Errors is all that is wrong with a file, by line.
type Errors []Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Load reads and checks a taxonomy. Its error is of the kind
// [fault.Invalid] and wraps [Errors].
func Load(data []byte) (*Taxonomy, error) {
	t := &Taxonomy{}
	f, errs := open(data)
	if errs == nil {
		f.read(t)
		c := checker{t: t, file: f, phraser: newPhraser(t.Words), claimed: map[[2]string]string{}}
		c.check()
		errs = f.errs
	}
	if len(errs) > 0 {
		slices.SortStableFunc(errs, func(a, b Error) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Path, b.Path))
		})
		return nil, fault.Wrap(fault.Invalid, errs, "the taxonomy has %d error(s)", len(errs))
	}
	return t.compiled(), nil
}

// A file is a parsed document, which collects what is wrong with it.
type file struct {
	root *ast.MappingNode
	errs Errors
	// broken holds the paths of list entries that could not be decoded;
	// they are reported once, and not checked further.
	broken map[string]bool
}

func open(data []byte) (*file, Errors) {
	if len(data) > MaxBytes {
		return nil, Errors{{Msg: fmt.Sprintf("the file has %d bytes, and may have %d; shorten it", len(data), MaxBytes)}}
	}
	doc, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, Errors{yamlError("", err)}
	}
	if len(doc.Docs) > 1 {
		return nil, Errors{{Msg: "the file holds several documents; remove the --- between them"}}
	}
	if len(doc.Docs) == 0 || doc.Docs[0].Body == nil {
		return nil, Errors{{Msg: "the file is empty; begin with the example in infra/taxonomy.yaml"}}
	}
	root, ok := doc.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil, Errors{{Line: line(doc.Docs[0].Body), Msg: "the file is no mapping; begin with schema, version, departments, products, reasons"}}
	}
	return &file{root: root, broken: map[string]bool{}}, nil
}

// read decodes every entry apart, so that one that is wrong hides no other.
func (f *file) read(t *Taxonomy) {
	seen := map[string]bool{}
	for _, v := range f.root.Values {
		key := v.Key.GetToken().Value
		if seen[key] {
			f.add(line(v.Key), key, "stands in the file twice; join the two")
			continue
		}
		seen[key] = true
		switch key {
		case "schema":
			f.decode(key, v.Value, &t.Schema)
		case "version":
			f.decode(key, v.Value, &t.Version)
		case "organisation":
			f.decode(key, v.Value, &t.Organisation)
		case "currency":
			f.decode(key, v.Value, &t.Currency)
		case "order_number":
			f.decode(key, v.Value, &t.OrderNumber)
		case "words":
			f.decode(key, v.Value, &t.Words)
		case "notices":
			f.decode(key, v.Value, &t.Notices)
		case "calendar":
			f.decode(key, v.Value, &t.Calendar)
		case "candidates_to":
			f.decode(key, v.Value, &t.CandidatesTo)
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
			f.add(line(v.Key), key, "is no part of a taxonomy; use schema, version, organisation, currency, order_number, words, notices, calendar, candidates_to, departments, products or reasons")
		}
	}
}

func (f *file) decode(path string, node ast.Node, into any) bool {
	err := yaml.NodeToValue(node, into, yaml.Strict())
	if err != nil {
		f.broken[path] = true
		f.errs = append(f.errs, yamlError(path, err))
	}
	return err == nil
}

// decodeList decodes the entries of a list, each over the defaults.
func decodeList[T any](f *file, path string, node ast.Node, into *[]T, defaults T) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		f.broken[path] = true
		f.add(line(node), path, "must be a list; begin each entry with -")
		return
	}
	*into = make([]T, len(list.Values))
	for i, entry := range list.Values {
		(*into)[i] = defaults
		if f.decode(fmt.Sprintf("%s[%d]", path, i), entry, &(*into)[i]) {
			continue
		}
		(*into)[i] = defaults
		_ = yaml.NodeToValue(entry, &(*into)[i]) // what can be read, so that references to it hold
	}
}

// at adds an error, and finds the line of its path.
func (f *file) at(path, format string, args ...any) {
	node, parent := ast.Node(f.root), ast.Node(f.root)
	for step := range steps(path) {
		if node = child(node, step); node == nil {
			break
		}
		parent = node
	}
	f.add(line(parent), path, format, args...)
}

func (f *file) add(line int, path, format string, args ...any) {
	f.errs = append(f.errs, Error{Line: line, Path: path, Msg: fmt.Sprintf(format, args...)})
}

// steps yields reasons, 2, phrases, nl, 0 for reasons[2].phrases.nl[0].
func steps(path string) func(func(string) bool) {
	return strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

func child(node ast.Node, step string) ast.Node {
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

func line(node ast.Node) int {
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 0
	}
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return line(m.Values[0].Key)
	}
	if s, ok := node.(*ast.SequenceNode); ok && len(s.Values) > 0 {
		return line(s.Values[0])
	}
	return node.GetToken().Position.Line
}

func yamlError(path string, err error) Error {
	var at yaml.Error
	if !errors.As(err, &at) {
		return Error{Path: path, Msg: err.Error()}
	}
	e := Error{Path: path, Msg: at.GetMessage()}
	if tk := at.GetToken(); tk != nil && tk.Position != nil {
		e.Line = tk.Position.Line
	}
	e.Msg = remedied(err, e.Msg)
	return e
}

// remedied says in the words of YAML, not of Go, what is wrong, and what to do.
func remedied(err error, msg string) string {
	if wrong, ok := errors.AsType[*yaml.UnexpectedNodeTypeError](err); ok {
		return instead(wrong.Token, map[ast.NodeType]reflect.Kind{ast.SequenceType: reflect.Slice, ast.StringType: reflect.String}[wrong.Expected])
	}
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		return instead(wrong.Token, wrong.DstType.Kind())
	}
	if wrong, ok := errors.AsType[*yaml.OverflowError](err); ok {
		return instead(wrong.Token, wrong.DstType.Kind())
	}
	switch {
	case strings.HasPrefix(msg, "unknown field"):
		return msg + "; remove it, or look up its name in the taxonomy's JSON Schema"
	case strings.Contains(msg, "already defined"):
		return msg + "; remove one of the two"
	case strings.Contains(msg, "'\t'"):
		return "a tab stands where YAML has spaces; indent with spaces"
	}
	return msg
}

// instead says what is to be written in place of a token.
func instead(tk *token.Token, kind reflect.Kind) string {
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

var days = regexp.MustCompile(`^([0-9]{1,3})d$`)

// UnmarshalYAML reads a number of days, like 7d.
func (d *Days) UnmarshalYAML(node ast.Node) error {
	m := days.FindStringSubmatch(strings.Trim(node.String(), `"' `))
	if m == nil {
		return &yaml.SyntaxError{Message: "a window is a number of days, like 7d", Token: node.GetToken()}
	}
	n, err := strconv.Atoi(m[1])
	*d = Days(time.Duration(n) * 24 * time.Hour)
	return err
}
