package taxonomy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/due"
)

// Bounds of what a file may say.
const (
	maxEntries = 500 // departments, products, or reasons
	maxPhrases = 400 // of one list
	maxText    = 1000

	maxVocabulary = 4000
	maxName       = 80
	maxThreshold  = 10000
	maxWindow     = 28 * 24 * time.Hour
	maxCost       = 1000
	maxPriority   = 100
	maxPattern    = 200
)

var (
	idForm       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	versionForm  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,32}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

	channels      = []string{"whatsapp", "messenger", "instagram", "email", "webchat", "phone", "shop"}
	questionKinds = []string{"order_number", "photo", "text"}
	placeholder   = regexp.MustCompile(`\{[^}]*\}`)
	placeholders  = []string{"{reason}", "{product}", "{expected}", "{workaround}", "{organisation}"}
)

// A checker holds a decoded file to its rules.
type checker struct {
	*file
	t       *Taxonomy
	phraser *phraser
	// claimed holds whose each phrase is, by the claim and the phrase.
	claimed map[[2]string]string
}

func (c *checker) check() {
	c.head()
	c.ids("departments", len(c.t.Departments), func(i int) string { return c.t.Departments[i].ID })
	c.ids("products", len(c.t.Products), func(i int) string { return c.t.Products[i].ID })
	c.ids("reasons", len(c.t.Reasons), func(i int) string { return c.t.Reasons[i].ID })
	for i, d := range c.t.Departments {
		if path := fmt.Sprintf("departments[%d]", i); !c.broken[path] {
			c.name(path+".names", d.Names)
			c.agreed(path, d)
		}
	}
	for i, p := range c.t.Products {
		if path := fmt.Sprintf("products[%d]", i); !c.broken[path] {
			c.name(path+".names", p.Names)
			c.phrases(path+".phrases", "product "+p.ID, "product", p.Phrases)
		}
	}
	for i := range c.t.Reasons {
		if path := fmt.Sprintf("reasons[%d]", i); !c.broken[path] {
			c.reason(path, &c.t.Reasons[i])
		}
	}
}

func (c *checker) head() {
	t := c.t
	if t.Schema != Schema && !c.broken["schema"] {
		c.at("schema", "is %q; this program reads schema: %q", t.Schema, Schema)
	}
	if !versionForm.MatchString(t.Version) && !c.broken["version"] {
		c.at("version", "is %q; give the file a version of 1 to 32 letters, digits, dots, dashes, and raise it with every change", t.Version)
	}
	if t.Currency == "" {
		t.Currency = "EUR"
	}
	if !currencyForm.MatchString(t.Currency) {
		c.at("currency", "is %q; write three capitals, like EUR", t.Currency)
	}
	c.text("organisation", t.Organisation, maxName)
	c.pattern()
	c.sets()
	c.notices("notices", t.Notices)
	c.calendar("calendar", t.Calendar)
	if t.CandidatesTo != "" {
		c.department("candidates_to", t.CandidatesTo)
	}
}

// pattern compiles the pattern of order numbers.
func (c *checker) pattern() {
	p := c.t.OrderNumber
	if p == "" {
		return
	}
	if len(p) > maxPattern {
		c.at("order_number", "has %d characters, and may have %d; shorten it", len(p), maxPattern)
		return
	}
	_, err := regexp.Compile(p) // by itself, so that the error speaks of what was written
	re, whole := orderPattern(p)
	if err = cmp.Or(err, whole); err != nil {
		c.at("order_number", "is no regular expression (%v); write one like WS-[0-9]{6}", err)
		return
	}
	if re.MatchString("") || re.MatchString("a") || re.MatchString("1") {
		c.at("order_number", "matches a single sign; write one that only order numbers match, like WS-[0-9]{6}")
		return
	}
	c.t.orders = re
}

// orderPattern compiles what order numbers look like.
func orderPattern(p string) (*regexp.Regexp, error) {
	return regexp.Compile(`(?i)\b(?:` + p + `)\b`)
}

// sets checks the named sets of words.
func (c *checker) sets() {
	for name, words := range c.t.Words {
		path := "words." + name
		if !idForm.MatchString(name) {
			c.at(path, "%q is no name for a set; use small letters, digits and single dashes", name)
		}
		if strings.Contains(words, "$") {
			c.at(path, "names another set; write out its words")
			continue
		}
		if strings.ContainsAny(words, " \t\n-") {
			c.at(path, "holds a space or a hyphen; a set has single words, with | between them")
			continue
		}
		if _, err := newPhraser(nil).slot(words); err != nil {
			c.at(path, "%v", err)
		}
	}
}

// ids checks the entries of one list: how many, how written, each once.
func (c *checker) ids(list string, n int, id func(int) string) {
	if c.broken[list] {
		return
	}
	if n == 0 {
		c.at(list, "is missing or empty; a taxonomy has at least one entry there")
	}
	if n > maxEntries {
		c.at(list, "has %d entries, and may have %d; join some", n, maxEntries)
	}
	first := map[string]int{}
	for i := range n {
		path := fmt.Sprintf("%s[%d]", list, i)
		switch j, twice := first[id(i)]; {
		case id(i) == "" && c.broken[path]: // reported by the decoder
		case id(i) == "":
			c.at(path, "has no id; write one, like invoice-unclear")
		case len(id(i)) > 40 || !idForm.MatchString(id(i)):
			c.at(path+".id", "is %q; an id has at most 40 small letters and digits, with single dashes between", id(i))
		case twice:
			c.at(path+".id", "%q is already the id of %s[%d]; choose another, or join the two", id(i), list, j)
		default:
			first[id(i)] = i
		}
	}
}

func (c *checker) name(path string, n Text) {
	c.both(path, n, maxName)
	if n == (Text{}) {
		c.at(path, "is missing; write {nl: ..., en: ...}")
	}
}

// both checks a text that has both languages, or neither.
func (c *checker) both(path string, t Text, size int) {
	if (t.NL == "") != (t.EN == "") {
		c.at(path, "has one language; write both nl and en")
	}
	c.text(path+".nl", t.NL, size)
	c.text(path+".en", t.EN, size)
}

func (c *checker) text(path, text string, size int) {
	if n := utf8.RuneCountInString(text); n > size {
		c.at(path, "has %d characters, and may have %d; shorten it", n, size)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }) || !utf8.ValidString(text) {
		c.at(path, "holds a control character; remove it")
	}
}

func (c *checker) notices(path string, n Notices) {
	for _, t := range []struct {
		name string
		text Text
	}{{"possible", n.Possible}, {"progress", n.Progress}, {"solved", n.Solved}} {
		c.both(path+"."+t.name, t.text, maxText)
		for _, p := range placeholder.FindAllString(t.text.NL+t.text.EN, -1) {
			if !slices.Contains(placeholders, p) {
				c.at(path+"."+t.name, "holds %s, which nothing fills in; use %s", p, strings.Join(placeholders, " "))
			}
		}
	}
}

func (c *checker) reason(path string, r *Reason) {
	c.name(path+".names", r.Names)
	c.owners(path, r)
	c.detection(path, r)
	c.worth(path, r)
	c.wordings(path, r)
	c.help(path, r)
	if r.Notices != nil {
		c.notices(path+".notices", *r.Notices)
	}
}

func (c *checker) owners(path string, r *Reason) {
	if r.Department == "" {
		c.at(path, "reason %s has no department; name the one that can take the cause away", r.ID)
	} else {
		c.department(path+".department", r.Department)
	}
	if len(r.Owners) > 0 && !r.PerProduct {
		c.at(path+".owners", "has no use without per_product: true; add that, or remove owners")
	}
	for product, department := range r.Owners {
		at := path + ".owners." + product
		if _, ok := c.t.Product(product); !ok {
			c.at(at, "there is no product %q; use one of %s", product, list(c.t.Products, func(p Product) string { return p.ID }))
		}
		c.department(at, department)
	}
}

// maxHours bounds the working time to acknowledge a problem: a quarter.
const maxHours = 500

// agreed checks the times that are agreed with a department.
func (c *checker) agreed(path string, d Department) {
	if d.AcknowledgeHours < 0 || d.AcknowledgeHours > maxHours {
		c.at(path+".acknowledge_hours", "is %d; give the working hours to acknowledge a problem, from 1 to %d", d.AcknowledgeHours, maxHours)
	}
	switch d.EscalateTo {
	case "":
	case d.ID:
		c.at(path+".escalate_to", "is the department itself; name another, or remove it")
	default:
		c.department(path+".escalate_to", d.EscalateTo)
	}
	c.calendar(path+".calendar", d.Calendar)
}

func (c *checker) calendar(path string, of due.Calendar) {
	of.Check(func(field, msg string) { c.at(path+"."+field, "%s", msg) })
	if len(of.Holidays) > maxEntries {
		c.at(path+".holidays", "has %d days, and may have %d; leave out what is past", len(of.Holidays), maxEntries)
	}
}

func (c *checker) department(path, id string) {
	if _, ok := c.t.Department(id); !ok {
		c.at(path, "there is no department %q; use one of %s", id, list(c.t.Departments, func(d Department) string { return d.ID }))
	}
}

func list[T any](of []T, id func(T) string) string {
	ids := make([]string, 0, len(of))
	for _, e := range of {
		ids = append(ids, id(e))
	}
	return strings.Join(ids, ", ")
}

func (c *checker) detection(path string, r *Reason) {
	switch r.Detect {
	case Threshold, Rise, Off:
	default:
		c.at(path+".detect", "is %q; use threshold, rise or off", r.Detect)
	}
	switch r.Severity {
	case Low, Normal, High, Critical:
	default:
		c.at(path+".severity", "is %q; use low, normal, high or critical", r.Severity)
	}
	if r.Severity == Critical && r.Detect == Off {
		c.at(path+".detect", "is off, and severity is critical: a single contact of it opens a problem; remove one of the two")
	}
	least := 2
	if r.Severity == Critical {
		least = 1
	}
	if r.Threshold < least || r.Threshold > maxThreshold {
		c.at(path+".threshold", "is %d; it may be %d to %d (1 only with severity: critical)", r.Threshold, least, maxThreshold)
	}
	if d := r.Window.Duration(); d < 24*time.Hour || d > maxWindow {
		c.at(path+".window", "is %d days; it may be 1d to %dd", d/(24*time.Hour), maxWindow/(24*time.Hour))
	}
}

func (c *checker) worth(path string, r *Reason) {
	if r.CostPerContact < 0 || r.CostPerContact > maxCost {
		c.at(path+".cost_per_contact", "is %g; it may be 0 to %d", r.CostPerContact, maxCost)
	}
	if r.Priority < -maxPriority || r.Priority > maxPriority {
		c.at(path+".priority", "is %d; it may be %d to %d", r.Priority, -maxPriority, maxPriority)
	}
	for _, w := range []Worth{r.Value.Customer, r.Value.Company} {
		if w != Irritant && w != Valuable {
			c.at(path+".value", "holds %q; write {customer: irritant or valuable, company: irritant or valuable}", w)
		}
	}
}

func (c *checker) wordings(path string, r *Reason) {
	claim := fmt.Sprint("reason ", r.Priority)
	c.phrases(path+".phrases", "reason "+r.ID, claim, r.Phrases)
	c.phrases(path+".negatable", "reason "+r.ID, claim, r.Negatable)
	c.phrases(path+".unless", "", "", r.Unless)
	c.vocabulary(path+".vocabulary.nl", r.Vocabulary.NL)
	c.vocabulary(path+".vocabulary.en", r.Vocabulary.EN)
	if len(r.Phrases.NL)+len(r.Negatable.NL) == 0 || len(r.Phrases.EN)+len(r.Negatable.EN) == 0 {
		c.at(path, "reason %s has no phrases in one of the languages; write some under phrases: {nl: [...], en: [...]}", r.ID)
	}
}

func (c *checker) vocabulary(path, words string) {
	c.text(path, words, maxVocabulary)
	for w := range strings.FieldsSeq(words) {
		if _, err := parseWord(w); err != nil {
			c.at(path, "%v; a vocabulary has single words, with spaces between them", err)
		}
	}
}

// phrases checks two lists of phrases. The claim, when there is one, is what
// a phrase can belong to but once.
func (c *checker) phrases(path, owner, claim string, p Phrases) {
	for _, l := range []struct {
		path string
		list []string
	}{{path + ".nl", p.NL}, {path + ".en", p.EN}} {
		if len(l.list) > maxPhrases {
			c.at(l.path, "has %d phrases, and may have %d; use * and | to join some", len(l.list), maxPhrases)
		}
		for i, text := range l.list {
			ph, err := c.phraser.phrase(text)
			if err != nil {
				c.at(fmt.Sprintf("%s[%d]", l.path, i), "%v", err)
				continue
			}
			key := [2]string{claim, fmt.Sprint(ph.parts)}
			if other, ok := c.claimed[key]; ok && claim != "" && other != owner {
				c.at(fmt.Sprintf("%s[%d]", l.path, i), "%q belongs to %s too; remove it from one of them, or give one a higher priority", text, other)
			}
			c.claimed[key] = owner
		}
	}
}

func (c *checker) help(path string, r *Reason) {
	for i, q := range r.Questions {
		at := fmt.Sprintf("%s.questions[%d]", path, i)
		if !slices.Contains(questionKinds, q.Kind) {
			c.at(at+".kind", "is %q; use %s", q.Kind, strings.Join(questionKinds, ", "))
		}
		c.name(at+".ask", q.Ask)
	}
	if s := r.SelfService; s != nil {
		if s.Answer == (Text{}) {
			c.at(path+".self_service", "has no answer; write {nl: ..., en: ...}, or remove self_service")
		}
		c.both(path+".self_service.answer", s.Answer, maxText)
		c.both(path+".self_service.link", s.Link, maxText)
		for _, l := range []string{s.Link.NL, s.Link.EN} {
			if l != "" && !strings.HasPrefix(l, "https://") {
				c.at(path+".self_service.link", "is %q; write a whole address that begins with https://", l)
			}
		}
	}
	for i, ch := range r.Channels {
		at := fmt.Sprintf("%s.channels[%d]", path, i)
		if !slices.Contains(channels, ch) {
			c.at(at, "there is no channel %q; use %s", ch, strings.Join(channels, ", "))
		}
		if slices.Contains(r.Channels[:i], ch) {
			c.at(at, "%q stands there twice; remove one", ch)
		}
	}
}
