package taxonomy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heard-intake/heard/internal/schedule"
)

// Limits of a file.
const (
	maxEntries = 500 // departments, products, or reasons
	maxPhrases = 400 // per list
	maxText    = 1000

	maxVocabulary = 4000

	maxExamples = 1000 // per reason and language
	maxExample  = 500

	maxName      = 80
	maxThreshold = 10000
	maxWindow    = 28 * 24 * time.Hour
	maxCost      = 1000
	maxPriority  = 100
	maxPattern   = 200
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

// A checker checks the rules that a decoded file must follow.
type checker struct {
	*document
	t      *Taxonomy
	parser *phraseParser
	// phraseOwners holds the owner of each phrase, by claim and phrase.
	phraseOwners map[[2]string]string
	// exampleOwners holds the owner of each example, by its folded words.
	exampleOwners map[string]string
}

func (c *checker) checkTaxonomy() {
	c.checkHeader()
	c.checkIDs("departments", len(c.t.Departments), func(i int) string { return c.t.Departments[i].ID })
	c.checkIDs("products", len(c.t.Products), func(i int) string { return c.t.Products[i].ID })
	c.checkIDs("reasons", len(c.t.Reasons), func(i int) string { return c.t.Reasons[i].ID })
	for i, d := range c.t.Departments {
		if path := fmt.Sprintf("departments[%d]", i); !c.broken[path] {
			c.checkBilingualName(path+".names", d.Names)
			c.checkAgreements(path, d)
		}
	}
	for i, p := range c.t.Products {
		if path := fmt.Sprintf("products[%d]", i); !c.broken[path] {
			c.checkBilingualName(path+".names", p.Names)
			c.checkPhrases(path+".phrases", "product "+p.ID, "product", p.Phrases)
		}
	}
	for i := range c.t.Reasons {
		if path := fmt.Sprintf("reasons[%d]", i); !c.broken[path] {
			c.checkReason(path, &c.t.Reasons[i])
		}
	}
	c.checkExamples("no_reason_examples", "no reason", c.t.NoReasonExamples)
}

func (c *checker) checkHeader() {
	t := c.t
	if t.Schema != Schema && !c.broken["schema"] {
		c.addErrorAtPath("schema", "is %q; this program reads schema: %q", t.Schema, Schema)
	}
	if !versionForm.MatchString(t.Version) && !c.broken["version"] {
		c.addErrorAtPath("version", "is %q; give the file a version of 1 to 32 letters, digits, dots, dashes, and raise it with every change", t.Version)
	}
	if t.Currency == "" {
		t.Currency = "EUR"
	}
	if !currencyForm.MatchString(t.Currency) {
		c.addErrorAtPath("currency", "is %q; write three capitals, like EUR", t.Currency)
	}
	c.checkPlainText("organisation", t.Organisation, maxName)
	c.checkOrderNumber()
	c.checkWordSets()
	c.checkNotices("notices", t.Notices)
	c.checkCalendar("calendar", t.Calendar)
	if t.CandidatesTo != "" {
		c.checkDepartment("candidates_to", t.CandidatesTo)
	}
}

// checkOrderNumber checks and compiles the pattern of order numbers.
func (c *checker) checkOrderNumber() {
	p := c.t.OrderNumber
	if p == "" {
		return
	}
	if len(p) > maxPattern {
		c.addErrorAtPath("order_number", "has %d characters, at most %d are allowed; shorten it", len(p), maxPattern)
		return
	}
	_, err := regexp.Compile(p) // without our additions, so that the error shows the pattern of the file
	re, wrappedErr := compileOrderNumber(p)
	if err = cmp.Or(err, wrappedErr); err != nil {
		c.addErrorAtPath("order_number", "is not a regular expression (%v); write one like WS-[0-9]{6}", err)
		return
	}
	if re.MatchString("") || re.MatchString("a") || re.MatchString("1") {
		c.addErrorAtPath("order_number", "matches an empty text or a single character; write one that matches only order numbers, like WS-[0-9]{6}")
		return
	}
	c.t.orderNumbers = re
}

// checkWordSets checks the named sets of words.
func (c *checker) checkWordSets() {
	for name, words := range c.t.Words {
		path := "words." + name
		if !idForm.MatchString(name) {
			c.addErrorAtPath(path, "%q is not a valid name of a set; use lower-case letters, digits and single dashes", name)
		}
		if strings.Contains(words, "$") {
			c.addErrorAtPath(path, "refers to another set; write out its words")
			continue
		}
		if strings.ContainsAny(words, " \t\n-") {
			c.addErrorAtPath(path, "contains a space or a hyphen; write single words, separated by |")
			continue
		}
		if _, err := newPhraseParser(nil).slotNumber(words); err != nil {
			c.addErrorAtPath(path, "%v", err)
		}
	}
}

// checkIDs checks the number of entries of a list, and that their ids are valid
// and distinct.
func (c *checker) checkIDs(list string, n int, id func(int) string) {
	if c.broken[list] {
		return
	}
	if n == 0 {
		c.addErrorAtPath(list, "is missing or empty; write at least one entry")
	}
	if n > maxEntries {
		c.addErrorAtPath(list, "has %d entries, at most %d are allowed; merge some", n, maxEntries)
	}
	first := map[string]int{}
	for i := range n {
		path := fmt.Sprintf("%s[%d]", list, i)
		switch j, duplicate := first[id(i)]; {
		case id(i) == "" && c.broken[path]: // reported by the decoder
		case id(i) == "":
			c.addErrorAtPath(path, "has no id; write one, like invoice-unclear")
		case len(id(i)) > 40 || !idForm.MatchString(id(i)):
			c.addErrorAtPath(path+".id", "is %q; an id has at most 40 lower-case letters, digits and single dashes", id(i))
		case duplicate:
			c.addErrorAtPath(path+".id", "%q is already the id of %s[%d]; choose another, or merge the two", id(i), list, j)
		default:
			first[id(i)] = i
		}
	}
}

func (c *checker) checkBilingualName(path string, n Text) {
	c.checkBilingual(path, n, maxName)
	if n == (Text{}) {
		c.addErrorAtPath(path, "is missing; write {nl: ..., en: ...}")
	}
}

// checkBilingual checks a text, which must have both languages or neither.
func (c *checker) checkBilingual(path string, t Text, size int) {
	if (t.NL == "") != (t.EN == "") {
		c.addErrorAtPath(path, "has one language; write both nl and en")
	}
	c.checkPlainText(path+".nl", t.NL, size)
	c.checkPlainText(path+".en", t.EN, size)
}

func (c *checker) checkPlainText(path, text string, size int) {
	if n := utf8.RuneCountInString(text); n > size {
		c.addErrorAtPath(path, "has %d characters, at most %d are allowed; shorten it", n, size)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }) || !utf8.ValidString(text) {
		c.addErrorAtPath(path, "contains a control character; remove it")
	}
}

func (c *checker) checkNotices(path string, n Notices) {
	for _, t := range []struct {
		name string
		text Text
	}{{"possible", n.Possible}, {"progress", n.Progress}, {"solved", n.Solved}} {
		c.checkBilingual(path+"."+t.name, t.text, maxText)
		for _, p := range placeholder.FindAllString(t.text.NL+t.text.EN, -1) {
			if !slices.Contains(placeholders, p) {
				c.addErrorAtPath(path+"."+t.name, "contains the unknown placeholder %s; use %s", p, strings.Join(placeholders, " "))
			}
		}
	}
}

func (c *checker) checkReason(path string, r *Reason) {
	c.checkBilingualName(path+".names", r.Names)
	c.checkOwners(path, r)
	c.checkRemedy(path+".remedy_for", r)
	c.checkDetection(path, r)
	c.checkValue(path, r)
	c.checkWordings(path, r)
	c.checkCustomerHelp(path, r)
	if r.Notices != nil {
		c.checkNotices(path+".notices", *r.Notices)
	}
}

func (c *checker) checkOwners(path string, r *Reason) {
	if r.Department == "" {
		c.addErrorAtPath(path, "reason %s has no department; name the one that can remove the cause", r.ID)
	} else {
		c.checkDepartment(path+".department", r.Department)
	}
	if len(r.Owners) > 0 && !r.PerProduct {
		c.addErrorAtPath(path+".owners", "has no effect without per_product: true; add that, or remove owners")
	}
	for product, department := range r.Owners {
		at := path + ".owners." + product
		if _, ok := c.t.Product(product); !ok {
			c.addErrorAtPath(at, "there is no product %q; use one of %s", product, joinEntryIDs(c.t.Products, func(p Product) string { return p.ID }))
		}
		c.checkDepartment(at, department)
	}
}

func (c *checker) checkRemedy(path string, r *Reason) {
	for i, id := range r.RemedyFor {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch _, known := c.t.Reason(id); {
		case id == r.ID:
			c.addErrorAtPath(at, "is the reason itself; name the reasons that it is a remedy for")
		case id != anyReason && !known:
			c.addErrorAtPath(at, "there is no reason %q; use the ids of reasons, or \"*\" for all", id)
		}
	}
}

// maxAcknowledgeHours limits the working hours to acknowledge a problem to about a
// quarter of a year.
const maxAcknowledgeHours = 500

// checkAgreements checks the time limits, escalation and calendar of a department.
func (c *checker) checkAgreements(path string, d Department) {
	if d.AcknowledgeHours < 0 || d.AcknowledgeHours > maxAcknowledgeHours {
		c.addErrorAtPath(path+".acknowledge_hours", "is %d; give the working hours to acknowledge a problem, from 1 to %d", d.AcknowledgeHours, maxAcknowledgeHours)
	}
	switch d.EscalateTo {
	case "":
	case d.ID:
		c.addErrorAtPath(path+".escalate_to", "is the department itself; name another, or remove it")
	default:
		c.checkDepartment(path+".escalate_to", d.EscalateTo)
	}
	c.checkCalendar(path+".calendar", d.Calendar)
}

func (c *checker) checkCalendar(path string, of schedule.Calendar) {
	of.Check(func(field, msg string) { c.addErrorAtPath(path+"."+field, "%s", msg) })
	if len(of.Holidays) > maxEntries {
		c.addErrorAtPath(path+".holidays", "has %d days, at most %d are allowed; remove days in the past", len(of.Holidays), maxEntries)
	}
}

func (c *checker) checkDepartment(path, id string) {
	if _, ok := c.t.Department(id); !ok {
		c.addErrorAtPath(path, "there is no department %q; use one of %s", id, joinEntryIDs(c.t.Departments, func(d Department) string { return d.ID }))
	}
}

func joinEntryIDs[T any](of []T, id func(T) string) string {
	ids := make([]string, 0, len(of))
	for _, e := range of {
		ids = append(ids, id(e))
	}
	return strings.Join(ids, ", ")
}

func (c *checker) checkDetection(path string, r *Reason) {
	switch r.Detect {
	case Threshold, Rise, Off:
	default:
		c.addErrorAtPath(path+".detect", "is %q; use threshold, rise or off", r.Detect)
	}
	switch r.Severity {
	case Low, Normal, High, Critical:
	default:
		c.addErrorAtPath(path+".severity", "is %q; use low, normal, high or critical", r.Severity)
	}
	if r.Severity == Critical && r.Detect == Off {
		c.addErrorAtPath(path+".detect", "is off although severity is critical, with which a single contact opens a problem; remove one of the two")
	}
	least := 2
	if r.Severity == Critical {
		least = 1
	}
	if r.Threshold < least || r.Threshold > maxThreshold {
		c.addErrorAtPath(path+".threshold", "is %d; it may be %d to %d (1 only with severity: critical)", r.Threshold, least, maxThreshold)
	}
	if d := r.Window.Duration(); d < 24*time.Hour || d > maxWindow {
		c.addErrorAtPath(path+".window", "is %d days; it may be 1d to %dd", d/(24*time.Hour), maxWindow/(24*time.Hour))
	}
}

func (c *checker) checkValue(path string, r *Reason) {
	if r.CostPerContact < 0 || r.CostPerContact > maxCost {
		c.addErrorAtPath(path+".cost_per_contact", "is %g; it may be 0 to %d", r.CostPerContact, maxCost)
	}
	if r.Priority < -maxPriority || r.Priority > maxPriority {
		c.addErrorAtPath(path+".priority", "is %d; it may be %d to %d", r.Priority, -maxPriority, maxPriority)
	}
	for _, w := range []Worth{r.Value.Customer, r.Value.Company} {
		if w != Irritant && w != Valuable {
			c.addErrorAtPath(path+".value", "contains %q; write {customer: irritant or valuable, company: irritant or valuable}", w)
		}
	}
}

func (c *checker) checkWordings(path string, r *Reason) {
	claim := fmt.Sprint("reason ", r.Priority)
	c.checkPhrases(path+".phrases", "reason "+r.ID, claim, r.Phrases)
	c.checkPhrases(path+".negatable", "reason "+r.ID, claim, r.Negatable)
	c.checkPhrases(path+".unless", "", "", r.Unless)
	c.checkVocabulary(path+".vocabulary.nl", r.Vocabulary.NL)
	c.checkVocabulary(path+".vocabulary.en", r.Vocabulary.EN)
	c.checkExamples(path+".examples", "reason "+r.ID, r.Examples)
	dutch := len(r.Phrases.NL) + len(r.Negatable.NL)
	english := len(r.Phrases.EN) + len(r.Negatable.EN)
	if dutch == 0 || english == 0 {
		c.addErrorAtPath(path, "reason %s has no phrases in one of the languages; write some under phrases: {nl: [...], en: [...]}", r.ID)
	}
}

func (c *checker) checkVocabulary(path, words string) {
	c.checkPlainText(path, words, maxVocabulary)
	for w := range strings.FieldsSeq(words) {
		if _, err := parseWord(w); err != nil {
			c.addErrorAtPath(path, "%v; a vocabulary has single words, separated by spaces", err)
		}
	}
}

// checkPhrases checks the phrases of an owner in both languages. A phrase may have
// only one owner per claim, for example "reason 0" for the reasons of priority 0. An
// empty claim allows any number of owners.
func (c *checker) checkPhrases(path, owner, claim string, p Phrases) {
	for _, l := range []struct {
		path string
		list []string
	}{{path + ".nl", p.NL}, {path + ".en", p.EN}} {
		if len(l.list) > maxPhrases {
			c.addErrorAtPath(l.path, "has %d phrases, at most %d are allowed; use * and | to combine some", len(l.list), maxPhrases)
		}
		for i, text := range l.list {
			ph, err := c.parser.parsePhrase(text)
			if len(text) > maxPhraseLen {
				err = fmt.Errorf("phrase is longer than %d characters; split it into shorter ones", maxPhraseLen)
			}
			if err != nil {
				c.addErrorAtPath(fmt.Sprintf("%s[%d]", l.path, i), "%v", err)
				continue
			}
			key := [2]string{claim, fmt.Sprint(ph.parts)}
			if other, ok := c.phraseOwners[key]; ok && claim != "" && other != owner {
				c.addErrorAtPath(fmt.Sprintf("%s[%d]", l.path, i), "%q also belongs to %s; remove it from one of them, or give one a higher priority", text, other)
			}
			c.phraseOwners[key] = owner
		}
	}
}

// checkExamples checks the examples of an owner, a reason or "no reason". The same
// words may not be an example of two owners.
func (c *checker) checkExamples(path, owner string, e Examples) {
	for _, l := range []struct {
		path string
		list []string
	}{{path + ".nl", e.NL}, {path + ".en", e.EN}} {
		if len(l.list) > maxExamples {
			c.addErrorAtPath(l.path, "has %d examples, at most %d are allowed; keep those that differ most", len(l.list), maxExamples)
		}
		for i, text := range l.list {
			at := fmt.Sprintf("%s[%d]", l.path, i)
			c.checkPlainText(at, text, maxExample)
			words := strings.Join(Words(text), " ")
			if words == "" {
				c.addErrorAtPath(at, "contains no word; write a message of a customer, or remove it")
				continue
			}
			if other, ok := c.exampleOwners[words]; ok && other != owner {
				c.addErrorAtPath(at, "is also an example of %s; remove it from one of them", other)
			}
			c.exampleOwners[words] = owner
		}
	}
}

func (c *checker) checkCustomerHelp(path string, r *Reason) {
	for i, q := range r.Questions {
		at := fmt.Sprintf("%s.questions[%d]", path, i)
		if !slices.Contains(questionKinds, q.Kind) {
			c.addErrorAtPath(at+".kind", "is %q; use %s", q.Kind, strings.Join(questionKinds, ", "))
		}
		c.checkBilingualName(at+".ask", q.Ask)
	}
	if s := r.SelfService; s != nil {
		if s.Answer == (Text{}) {
			c.addErrorAtPath(path+".self_service", "has no answer; write {nl: ..., en: ...}, or remove self_service")
		}
		c.checkBilingual(path+".self_service.answer", s.Answer, maxText)
		c.checkBilingual(path+".self_service.link", s.Link, maxText)
		for _, l := range []string{s.Link.NL, s.Link.EN} {
			if l != "" && !strings.HasPrefix(l, "https://") {
				c.addErrorAtPath(path+".self_service.link", "is %q; write a complete URL that begins with https://", l)
			}
		}
	}
	for i, ch := range r.Channels {
		at := fmt.Sprintf("%s.channels[%d]", path, i)
		if !slices.Contains(channels, ch) {
			c.addErrorAtPath(at, "there is no channel %q; use %s", ch, strings.Join(channels, ", "))
		}
		if slices.Contains(r.Channels[:i], ch) {
			c.addErrorAtPath(at, "%q is listed twice; remove one", ch)
		}
	}
}
