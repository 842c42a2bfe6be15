package contract_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/heard-intake/heard/test/apitest"
)

// TestNoRequestFails fuzzes the API by its own document. It makes requests of
// every operation from the schemas and changes them at random, with and without
// a right to the operation. No answer may be a 5xx, and every answer must be in
// the document. A new operation in the document is fuzzed at once.
//
// HEARD_FUZZ_API is the duration of a run with a new seed. HEARD_FUZZ_SEED
// repeats a run.
func TestNoRequestFails(t *testing.T) {
	t.Parallel()
	length, seed := 5*time.Second, uint64(1) // a run beside the other tests finds what it found before
	if s := os.Getenv("HEARD_FUZZ_API"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
		seed = uint64(time.Now().UnixNano())
	}
	if s := os.Getenv("HEARD_FUZZ_SEED"); s != "" {
		if _, err := fmt.Sscan(s, &seed); err != nil {
			t.Fatal(err)
		}
	}
	d := newDoor(t)
	f := &fuzzer{Rand: rand.New(rand.NewPCG(seed, 1)), door: d, tokens: map[string]string{}, problems: map[string]bool{}}
	doc, all := apitest.OpenAPI(t), documented(t)
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	answers, requests := map[int]int{}, 0
	for end := time.Now().Add(length); time.Now().Before(end) && len(f.problems) < 20; requests++ {
		o := all[f.IntN(len(all))]
		a, entitled := f.ask(o)
		rec := d.send(a)
		answers[rec.Code]++
		f.keep(rec.Body.Bytes())
		err := a.wrong(t.Context(), doc, rec)
		if err == nil && !entitled && rec.Code != http.StatusUnauthorized && rec.Code != http.StatusForbidden {
			err = fmt.Errorf("status %d without a right to it", rec.Code)
		}
		if err == nil && rec.Code >= 400 && strings.Contains(rec.Body.String(), "goroutine") {
			err = fmt.Errorf("an answer that shows our code")
		}
		if rec.Code >= http.StatusInternalServerError {
			err = fmt.Errorf("%w\n%s", err, apitest.LogLine(instanceOf(rec.Body.Bytes())))
		}
		if key := fmt.Sprint(o.OperationID, rec.Code, firstLine(err)); err != nil && !f.problems[key] {
			f.problems[key] = true
			t.Errorf("%s %v?%s %.300q (seed %d): %v", o.OperationID, a.params, a.query.Encode(), a.body, seed, err)
		}
	}
	t.Logf("%d requests, by status: %v", requests, answers)
}

func firstLine(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line[:min(80, len(line))]
}

// instanceOf returns the request id in a problem document.
func instanceOf(body []byte) string {
	var refused struct{ Instance string }
	if json.Unmarshal(body, &refused) != nil || refused.Instance == "" {
		return "no request"
	}
	return strings.TrimPrefix(refused.Instance, "urn:heard:request:")
}

// A fuzzer makes random requests.
type fuzzer struct {
	*rand.Rand
	door     *door
	tokens   map[string]string // good ones, by their scopes
	cursors  []string          // that answers gave
	problems map[string]bool
}

// keep stores the cursor of an answer for later requests.
func (f *fuzzer) keep(body []byte) {
	var page struct{ Cursor string }
	if json.Unmarshal(body, &page) == nil && page.Cursor != "" {
		f.cursors = append(f.cursors[max(0, len(f.cursors)-50):], page.Cursor)
	}
}

func (f *fuzzer) chance(percent int) bool { return f.IntN(100) < percent }

func pick[T any](f *fuzzer, of ...T) T { return of[f.IntN(len(of))] }

// ask makes a request of an operation. Entitled is false if its token does not
// allow it.
func (f *fuzzer) ask(o operation) (a ask, entitled bool) {
	a = ask{operation: o, params: map[string]string{}, query: map[string][]string{}, header: http.Header{}}
	for _, ref := range o.parameters() {
		p := ref.Value
		if !p.Required && f.chance(60) {
			continue
		}
		v := f.parameter(o, p)
		switch p.In {
		case openapi3.ParameterInPath:
			a.params[p.Name] = strings.NewReplacer("/", "-", "?", "-").Replace(v) // a gateway cuts a path at them, also encoded
			if a.params[p.Name] == "" {
				a.params[p.Name] = "-"
			}
		case openapi3.ParameterInQuery:
			a.query.Set(p.Name, v)
		default:
			a.header.Set(p.Name, headerText(v))
		}
	}
	if f.chance(3) {
		a.query.Set(f.nastyText(), f.nastyText())
	}
	f.fill(&a)
	return a, f.entitle(&a)
}

// headerText returns v with only the characters that a header may have.
func headerText(v string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, v[:min(len(v), 2000)])
}

func (f *fuzzer) parameter(o operation, p *openapi3.Parameter) string {
	switch {
	case f.chance(15):
		return f.nastyText()
	case (p.Name == "cursor" || p.Name == "since") && len(f.cursors) > 0:
		return pick(f, f.cursors...)
	case (p.Example != nil || len(p.Examples) > 0) && f.chance(90):
		return f.door.as.Replace(fmt.Sprint(exampleOf(f.door.T, o, p)))
	default:
		return fmt.Sprint(f.value(p.Schema, 0))
	}
}

// fill gives a request a body.
func (f *fuzzer) fill(a *ask) {
	if a.RequestBody == nil {
		if f.chance(3) {
			a.body = []byte(f.nastyText())
		}
		return
	}
	a.header.Set("Content-Type", "application/json")
	if f.chance(3) {
		a.header.Set("Content-Type", pick(f, "", "text/plain", "application/json; charset=utf-8", "application/json;charset=latin1", "multipart/form-data", ";;"))
	}
	content := a.RequestBody.Value.Content["application/json"]
	var v any
	if f.chance(30) {
		for _, e := range content.Examples {
			v = e.Value.Value
		}
	} else {
		v = f.value(content.Schema, 0)
	}
	for f.chance(45) {
		v = f.spoil(v)
	}
	data, err := json.Marshal(v)
	if err != nil {
		f.door.T.Fatal(err)
	}
	a.body = []byte(f.door.as.Replace(string(data)))
	switch n := f.IntN(100); {
	case n < 2:
		a.body = a.body[:f.IntN(len(a.body)+1)]
	case n < 4 && len(a.body) > 0:
		a.body[f.IntN(len(a.body))] = byte(f.IntN(256))
	case n < 5:
		a.body = append(a.body, f.nastyText()...)
	case n < 6:
		a.body = []byte(strings.Repeat(`{"a":[`, f.IntN(12_000)))
	case n < 7:
		a.body = fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("é", 200<<10))
	}
}

// entitle gives a request a token, and reports whether it opens the operation.
func (f *fuzzer) entitle(a *ask) bool {
	scopes := a.scopes()
	if scopes == nil {
		a.header.Set("Authorization", "Bearer "+f.door.session)
		if f.chance(10) {
			a.header.Set("Authorization", pick(f, "", "Bearer x", "Basic eDp4", f.door.token("customers:read")))
		}
		return true
	}
	if f.chance(10) {
		forged := f.door.forged(scopes...)
		names := make([]string, 0, len(forged))
		for name := range forged {
			names = append(names, name)
		}
		slices.Sort(names)
		a.header.Set("Authorization", forged[pick(f, names...)])
		return false
	}
	key := strings.Join(scopes, " ")
	entitled := true
	if f.chance(5) {
		key, entitled = "other:read", false
	}
	if f.tokens[key] == "" {
		f.tokens[key] = f.door.token(strings.Fields(key)...)
	}
	a.header.Set("Authorization", f.tokens[key])
	return entitled
}

// value makes a value by a schema. Some integers are out of range.
func (f *fuzzer) value(ref *openapi3.SchemaRef, depth int) any {
	s := ref.Value
	switch {
	case s == nil || depth > 6:
		return nil
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return pick(f, s.Enum...)
	case len(s.AllOf) > 0:
		return f.value(s.AllOf[0], depth)
	case len(s.OneOf) > 0:
		return f.value(pick(f, s.OneOf...), depth)
	case len(s.AnyOf) > 0:
		return f.value(pick(f, s.AnyOf...), depth)
	case s.Type.Is("object"):
		return f.object(s, depth)
	case s.Type.Is("array"):
		list := []any{}
		for range f.IntN(4) {
			list = append(list, f.value(s.Items, depth+1))
		}
		return list
	case s.Type.Is("integer"), s.Type.Is("number"):
		return pick[any](f, 1, 2, 50, 200, 0, -1, 201, 1<<53)
	case s.Type.Is("boolean"):
		return f.chance(50)
	default:
		return f.text(s)
	}
}

func (f *fuzzer) object(s *openapi3.Schema, depth int) map[string]any {
	out := map[string]any{}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if slices.Contains(s.Required, name) || f.chance(50) {
			out[name] = f.value(s.Properties[name], depth+1)
		}
	}
	return out
}

func (f *fuzzer) text(s *openapi3.Schema) string {
	const person = "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9"
	switch s.Format {
	case "uuid":
		return pick(f, person+"f", person+"0", "0195513a-5a00-7abc-8def-0123456789ab", unknownCustomer())
	case "date-time":
		at := now.Add(time.Duration(f.Int64N(int64(96*time.Hour))) - 72*time.Hour)
		return pick(f, at.Format(time.RFC3339), at.Format(time.RFC3339Nano), at.In(time.FixedZone("", 3600)).Format(time.RFC3339), "1969-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z")
	}
	return pick(f, "agent-7", "31970100678", "+31970100679", "phone:31970100678", "email:jan@voorbeeld.example", "jan@voorbeeld.example", "logistics",
		"documentation", "returns", "invoice-unclear", "delivered-missing", "coffee-machine", "10042", "Waar blijft mijn pakket?", "call-1", "shop:x",
		"wamid.EXAMPLE2", "nl-NL", "https://example.com/a", "01953f00-0000-7abc-8def-0123456789ab", person+"f", strings.Repeat("x", int(min(s.MinLength, 300))+1), "é", "")
}

func (f *fuzzer) nastyText() string {
	return pick(f, "", " ", "\x00", "a\x00b", "\u202e", "😀", "é", "%", "%2f", "..", "../x", "'\"><", "{id}", "null", "-1", "0", "1e9", "999999999999999999999",
		"\ud7ff\ufffd", strings.Repeat("9", 300), strings.Repeat("ab ", 1000), "C#x", "M#", "=", "&a=b", ":", "::", "phone:", "phone:+", "psid:a:b", "agent:x", "\t\n", "*", `"x"`)
}

// spoil changes one part of a value at random.
func (f *fuzzer) spoil(v any) any {
	wrong := pick[any](f, nil, true, -1, 0, 1.5, 1e300, "", "x", f.nastyText(), []any{}, []any{nil}, map[string]any{}, strings.Repeat("lang ", 3000), []any{[]any{}})
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 || f.chance(10) {
			return wrong
		}
		out := map[string]any{}
		names := make([]string, 0, len(v))
		for name, member := range v {
			out[name] = member
			names = append(names, name)
		}
		slices.Sort(names)
		name := pick(f, names...)
		switch f.IntN(4) {
		case 0:
			delete(out, name)
		case 1:
			out[f.nastyText()] = wrong
		default:
			out[name] = f.spoil(out[name])
		}
		return out
	case []any:
		if len(v) == 0 || f.chance(30) {
			return pick(f, any(slices.Repeat([]any{wrong}, f.IntN(300))), wrong)
		}
		out := slices.Clone(v)
		out[f.IntN(len(out))] = wrong
		return out
	default:
		return wrong
	}
}
