// Package taxonomy reads the taxonomy of an organisation and classifies texts
// with it. The taxonomy lists the departments, the products, and the reasons why
// customers make contact, with phrases that recognise each reason.
//
// The taxonomy is one YAML file that is not written by programmers. [Load]
// therefore reads it strictly and reports all errors at once, each with its line
// and a remedy. A [Taxonomy] does not change after loading, and its methods are
// safe for concurrent use.
//
// Classification uses rules only. Every result names the phrases that decided. A
// phrase matches as it is written, or through the lexicon of everyday customer
// service in package lexicon. A text that no rule recognises has no reason.
// [Taxonomy.Suggest] then returns reasons that an agent can choose from.
package taxonomy

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/schedule"
)

// Schema is the version of the file format that this package reads.
const Schema = "1"

// Defaults of optional values.
const (
	DefaultThreshold = 5
	DefaultWindow    = 7 * 24 * time.Hour
	DefaultHours     = 24 // working hours to acknowledge a problem: three days of eight hours
)

// Text is a text for display, in both languages.
type Text struct {
	NL string `yaml:"nl" json:"nl"`
	EN string `yaml:"en" json:"en"`
}

// Phrases are phrases by language. The comment of type phrase in phrase.go
// describes their syntax.
type Phrases struct {
	NL []string `yaml:"nl"`
	EN []string `yaml:"en"`
}

// Examples are messages by language, as customers wrote them. The classifier learns
// from them. They contain no names, addresses or numbers of customers.
type Examples struct {
	NL []string `yaml:"nl"`
	EN []string `yaml:"en"`
}

// A Department owns reasons. It receives their problems on its own queue.
type Department struct {
	ID    string `yaml:"id"`
	Names Text   `yaml:"names"`
	// AcknowledgeHours is the time limit to acknowledge a problem, in working
	// hours; 0 means DefaultHours. EscalateTo is the department that is notified
	// of a problem that is not acknowledged in time. If it is empty, only this
	// department is reminded.
	AcknowledgeHours int               `yaml:"acknowledge_hours"`
	EscalateTo       string            `yaml:"escalate_to"`
	Calendar         schedule.Calendar `yaml:"calendar"` // if empty, the calendar of the file is used
}

// A Product is a product that a contact can be about.
type Product struct {
	ID      string  `yaml:"id"`
	Names   Text    `yaml:"names"`
	Phrases Phrases `yaml:"phrases"`
}

// Detect is the rule by which the contacts of a reason open a problem.
type Detect string

// The detection rules.
const (
	Threshold Detect = "threshold" // Reason.Threshold distinct customers within Reason.Window
	Rise      Detect = "rise"      // more contacts than usual, for reasons with permanent volume
	Off       Detect = "off"       // contacts are counted but open no problem
)

// Severity is the seriousness of one contact of a reason.
type Severity string

// The severities, from low to high.
const (
	Low    Severity = "low"
	Normal Severity = "normal"
	High   Severity = "high"
	// Critical means that a single contact may open a problem. A critical reason
	// with phrases about a danger, for example fire, is also recognised by every
	// sign of that danger in the lexicon.
	Critical Severity = "critical"
)

// Worth is the value of a contact to one side: the customer or the company.
type Worth string

// The values of each axis of the value-irritant matrix.
const (
	Irritant Worth = "irritant"
	Valuable Worth = "valuable"
)

// Value is the position of a reason in the value-irritant matrix.
type Value struct {
	Customer Worth `yaml:"customer"`
	Company  Worth `yaml:"company"`
}

// Quadrant is the action that the value-irritant matrix recommends for a reason.
type Quadrant string

// The four quadrants.
const (
	Eliminate   Quadrant = "eliminate"    // irritant to both: remove the cause
	SelfService Quadrant = "self_service" // valuable to the customer only: offer self-service
	Automate    Quadrant = "automate"     // valuable to the company only: automate the contact
	Human       Quadrant = "human"        // valuable to both: have a conversation
)

// Quadrant returns the quadrant of v.
func (v Value) Quadrant() Quadrant {
	switch v {
	case Value{Valuable, Valuable}:
		return Human
	case Value{Valuable, Irritant}:
		return SelfService
	case Value{Irritant, Valuable}:
		return Automate
	default:
		return Eliminate
	}
}

// A Question is put to the customer before an agent answers.
type Question struct {
	Kind string `yaml:"kind"` // order_number, photo or text
	Ask  Text   `yaml:"ask"`
}

// SelfHelp is an answer that helps a customer without an agent.
type SelfHelp struct {
	Answer Text `yaml:"answer"`
	Link   Text `yaml:"link"` // https URL; may be empty
}

// Notices are the templates of the three proactive messages about a problem.
// The placeholders {reason}, {product}, {expected}, {workaround} and
// {organisation} are replaced.
type Notices struct {
	Possible Text `yaml:"possible"` // a problem may affect the customer
	Progress Text `yaml:"progress"` // the fix is in progress, with the expected time
	Solved   Text `yaml:"solved"`
}

// A Reason is a reason for which customers make contact.
type Reason struct {
	ID    string `yaml:"id"`
	Names Text   `yaml:"names"`
	// Department owns the reason, except for the products in Owners.
	Department string            `yaml:"department"`
	Owners     map[string]string `yaml:"owners"` // departments by product
	// PerProduct counts the contacts of each product separately, for example
	// for a defect. If it is false, the product of a contact is left empty, for
	// example for a password: otherwise one cause would be split into many.
	PerProduct bool `yaml:"per_product"`
	// RemedyFor holds the ids of reasons that this one is a remedy for; "*" means all.
	// A text with one of them is not about this reason: a customer who wants to
	// exchange a broken kettle has one wish, and the kettle's department answers it.
	RemedyFor []string `yaml:"remedy_for"`
	Detect    Detect   `yaml:"detect"`
	// Threshold is the number of distinct customers that opens a problem when
	// they make contact within Window.
	Threshold int      `yaml:"threshold"`
	Window    Days     `yaml:"window"`
	Severity  Severity `yaml:"severity"`
	// CostPerContact is the company's cost of one contact, in the currency of the
	// file; 0 means unknown.
	CostPerContact float64 `yaml:"cost_per_contact"`
	Value          Value   `yaml:"value"`
	// Priority orders the reasons that match the same text: the highest comes
	// first, before the length of the phrases is compared.
	Priority int `yaml:"priority"`
	// Phrases recognise this reason, also after a negation.
	Phrases Phrases `yaml:"phrases"`
	// Negatable phrases recognise this reason unless a negation precedes them
	// closely: "kapot", but not "niet kapot".
	Negatable Phrases `yaml:"negatable"`
	// Unless phrases exclude the reason if they occur in the same sentence, or in
	// another one that names no other reason.
	Unless Phrases `yaml:"unless"`
	// Vocabulary holds words that customers with this reason use, separated by
	// spaces. They suggest the reason to agents and never decide it.
	Vocabulary Text `yaml:"vocabulary"`
	// Examples are messages of customers with this reason. They are not in the
	// checked form, because only the training of the classifier reads them.
	Examples    Examples   `yaml:"examples" json:"-"`
	Questions   []Question `yaml:"questions"`
	SelfService *SelfHelp  `yaml:"self_service"` // may be nil
	// Channels are the channels that can help with this reason, the best first;
	// empty means all.
	Channels []string `yaml:"channels"`
	Notices  *Notices `yaml:"notices"` // nil means the notices of the file
}

// Days is a duration of whole days, written like "7d".
type Days time.Duration

// Duration returns d as a [time.Duration].
func (d Days) Duration() time.Duration { return time.Duration(d) }

// A Taxonomy is a taxonomy file without errors. [Load] and [Restore] create one; the
// zero value cannot classify.
type Taxonomy struct {
	Schema string `yaml:"schema"`
	// Version is stored with every contact that was classified with this file.
	Version      string `yaml:"version"`
	Organisation string `yaml:"organisation"`
	Currency     string `yaml:"currency"` // ISO 4217; the default is EUR
	// OrderNumber is a regular expression that matches order numbers. It is empty
	// if the organisation's order numbers look like other numbers.
	OrderNumber string `yaml:"order_number"`
	// Words are named sets of alternatives for phrases. For example, with
	// invoice: "invoice*|bill" a phrase can be "$invoice is wrong".
	Words    map[string]string `yaml:"words"`
	Calendar schedule.Calendar `yaml:"calendar"`
	// CandidatesTo is the department that receives candidates: possible problems
	// without a reason in this file. If it is empty, no department receives them.
	CandidatesTo string       `yaml:"candidates_to"`
	Departments  []Department `yaml:"departments"`
	Products     []Product    `yaml:"products"`
	Reasons      []Reason     `yaml:"reasons"`
	Notices      Notices      `yaml:"notices"`
	// NoReasonExamples are messages without any reason of this file, for example
	// thanks. They are not in the checked form, as [Reason.Examples].
	NoReasonExamples Examples `yaml:"no_reason_examples" json:"-"`

	orderNumbers *regexp.Regexp
	matcher      func() *matcher   // returns the compiled phrases
	suggester    func() *suggester // returns the weights of words
}

// prepareMatcher makes t compile its phrases at the first classification, and its
// weights at the first suggestion. Most functions never classify, and compiling
// takes longer than reading the file.
func (t *Taxonomy) prepareMatcher() *Taxonomy {
	t.matcher = sync.OnceValue(func() *matcher { return compileMatcher(t) })
	t.suggester = sync.OnceValue(func() *suggester { return newSuggester(t) })
	return t
}

// Department returns the department with that id.
func (t *Taxonomy) Department(id string) (Department, bool) {
	return findEntry(t.Departments, func(d *Department) bool { return d.ID == id })
}

// Product returns the product with that id.
func (t *Taxonomy) Product(id string) (Product, bool) {
	return findEntry(t.Products, func(p *Product) bool { return p.ID == id })
}

// Reason returns the reason with that id.
func (t *Taxonomy) Reason(id string) (Reason, bool) {
	return findEntry(t.Reasons, func(r *Reason) bool { return r.ID == id })
}

// DepartmentIDs returns the ids of the departments, sorted.
func (t *Taxonomy) DepartmentIDs() []string {
	ids := make([]string, len(t.Departments))
	for i, d := range t.Departments {
		ids[i] = d.ID
	}
	slices.Sort(ids)
	return ids
}

// findEntry returns a copy of the first entry of list for which is returns true.
func findEntry[T any](list []T, is func(*T) bool) (T, bool) {
	for i := range list {
		if is(&list[i]) {
			return list[i], true
		}
	}
	var zero T
	return zero, false
}

// Owner returns the department that owns a reason for a product, or "" if the
// taxonomy does not have the reason.
func (t *Taxonomy) Owner(reason, product string) string {
	r, _ := t.Reason(reason)
	return r.departmentFor(product)
}

// departmentFor returns the department that owns r for a product.
func (r *Reason) departmentFor(product string) string {
	if d, ok := r.Owners[product]; ok {
		return d
	}
	return r.Department
}

// AcknowledgeBy returns the time by which a department must acknowledge a problem
// that it received at since. Working hours are local to zone.
func (t *Taxonomy) AcknowledgeBy(department string, since time.Time, zone *time.Location) time.Time {
	d, _ := t.Department(department)
	calendar := d.Calendar
	if calendar.IsZero() {
		calendar = t.Calendar
	}
	return calendar.After(since, time.Duration(cmp.Or(d.AcknowledgeHours, DefaultHours))*time.Hour, zone)
}

// NoticesOf returns the notice templates of a reason, or those of the file if the
// reason has none.
func (t *Taxonomy) NoticesOf(reason string) Notices {
	if r, _ := t.Reason(reason); r.Notices != nil {
		return *r.Notices
	}
	return t.Notices
}

// CheckQueues returns a [fault.Invalid] if a department of the taxonomy has no
// queue. The names are the departments with a queue.
func (t *Taxonomy) CheckQueues(names []string) error {
	var missing []string
	for _, d := range t.Departments {
		if !slices.Contains(names, d.ID) {
			missing = append(missing, d.ID)
		}
	}
	if missing == nil {
		return nil
	}
	return fault.New(fault.Invalid, "taxonomy %s names departments without a queue: %s; "+
		"add them to the stack's list of departments, or remove them from the taxonomy (departments with a queue: %s)",
		t.Version, strings.Join(missing, ", "), strings.Join(names, ", "))
}

// maxOrderNumbers limits the order numbers of one text.
const maxOrderNumbers = 10

// PublicNames returns the names of the organisation and its products. They are not
// personal data.
func (t *Taxonomy) PublicNames() []string {
	names := []string{t.Organisation}
	for _, p := range t.Products {
		names = append(names, p.Names.NL, p.Names.EN)
	}
	return names
}

// compileOrderNumber compiles the pattern of order numbers: in any case, and as a
// whole word.
func compileOrderNumber(p string) (*regexp.Regexp, error) {
	return regexp.Compile(`(?i)\b(?:` + p + `)\b`)
}

// OrderNumbers returns at most ten distinct order numbers of text, in upper case.
// It returns nil if the taxonomy has no pattern for order numbers.
func (t *Taxonomy) OrderNumbers(text string) []string {
	if t.orderNumbers == nil {
		return nil
	}
	var found []string
	for _, n := range t.orderNumbers.FindAllString(text, 4*maxOrderNumbers) {
		n = strings.ToUpper(n)
		if len(found) < maxOrderNumbers && !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	return found
}
