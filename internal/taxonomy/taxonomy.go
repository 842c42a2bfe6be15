// Package taxonomy is what an organisation knows beforehand about its
// contacts: its departments, its products, and the reasons why customers make
// contact, with the wordings by which each is recognised.
//
// It is one YAML file, written by people who are no programmers. So [Load]
// reads it strictly and lists all that is wrong with it at once, each with
// its line and what to do about it. What it gives is complete and never
// changes; [Taxonomy.Classify] may be called by many goroutines.
//
// Classification goes by rules alone: it can always say which wording decided,
// and where no wording matches the answer is "unknown", never a guess.
package taxonomy

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heard-intake/heard/internal/due"
	"github.com/heard-intake/heard/internal/fault"
)

// Schema is the version of the file's format that this package reads.
const Schema = "1"

// Defaults of a reason that does not say otherwise.
const (
	DefaultThreshold = 5
	DefaultWindow    = 7 * 24 * time.Hour
	DefaultHours     = 24 // to acknowledge a problem: three days of eight
)

// Text is a text for people, in both languages.
type Text struct {
	NL string `yaml:"nl" json:"nl"`
	EN string `yaml:"en" json:"en"`
}

// Phrases are wordings by language. The package's phrase.go says how they are
// written.
type Phrases struct {
	NL []string `yaml:"nl"`
	EN []string `yaml:"en"`
}

// A Department owns reasons, and takes their problems from its own queue.
type Department struct {
	ID    string `yaml:"id"`
	Names Text   `yaml:"names"`
	// AcknowledgeHours is the working time within which a problem is
	// acknowledged, and EscalateTo the department that is told when it is
	// not: a second queue, or that of the lead. Without it only the department
	// itself is reminded.
	AcknowledgeHours int          `yaml:"acknowledge_hours"`
	EscalateTo       string       `yaml:"escalate_to"`
	Calendar         due.Calendar `yaml:"calendar"` // its own; else the file's
}

// A Product is what a contact may be about.
type Product struct {
	ID      string  `yaml:"id"`
	Names   Text    `yaml:"names"`
	Phrases Phrases `yaml:"phrases"`
}

// Detect says how a reason's contacts become a problem.
type Detect string

// The ways of detection.
const (
	Threshold Detect = "threshold" // enough distinct customers within the window
	Rise      Detect = "rise"      // more than is usual: for reasons that always have volume
	Off       Detect = "off"       // counted only
)

// Severity says how bad one contact of a reason is.
type Severity string

// The severities, in rising order.
const (
	Low      Severity = "low"
	Normal   Severity = "normal"
	High     Severity = "high"
	Critical Severity = "critical" // a single contact may open a problem
)

// Worth is what a contact is worth to one side.
type Worth string

// The two sides of each axis of the value-irritant matrix.
const (
	Irritant Worth = "irritant"
	Valuable Worth = "valuable"
)

// Value places a reason in the value-irritant matrix.
type Value struct {
	Customer Worth `yaml:"customer"`
	Company  Worth `yaml:"company"`
}

// Quadrant is what the value-irritant matrix advises to do with a reason.
type Quadrant string

// The four quadrants.
const (
	Eliminate   Quadrant = "eliminate"    // an irritant to both: take the cause away
	SelfService Quadrant = "self_service" // of value to the customer only: let them help themselves
	Automate    Quadrant = "automate"     // of value to the company only: ask and settle it by machine
	Human       Quadrant = "human"        // of value to both: talk
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

// A Question is asked of the customer before anybody answers.
type Question struct {
	Kind string `yaml:"kind"` // order_number, photo or text
	Ask  Text   `yaml:"ask"`
}

// SelfHelp is the answer that a customer can use without us.
type SelfHelp struct {
	Answer Text `yaml:"answer"`
	Link   Text `yaml:"link"` // may be empty
}

// Notices are the templates of the three proactive messages about a problem.
// {reason}, {product}, {expected} and {workaround} are filled in.
type Notices struct {
	Possible Text `yaml:"possible"` // there may be a problem that touches you
	Progress Text `yaml:"progress"` // this is being done, by then
	Solved   Text `yaml:"solved"`
}

// A Reason is why customers make contact.
type Reason struct {
	ID    string `yaml:"id"`
	Names Text   `yaml:"names"`
	// Department owns the reason, but for the products that Owners names.
	Department string            `yaml:"department"`
	Owners     map[string]string `yaml:"owners"` // department by product
	// PerProduct says that contacts are counted for each product apart, as
	// for a defect. Without it (a password, an invoice) the product of a
	// contact is left empty, or one cause would fall apart into many.
	PerProduct bool   `yaml:"per_product"`
	Detect     Detect `yaml:"detect"`
	// Threshold is the number of distinct customers within Window that opens
	// a problem.
	Threshold int      `yaml:"threshold"`
	Window    Days     `yaml:"window"`
	Severity  Severity `yaml:"severity"`
	// CostPerContact is what one contact costs the company, in the currency
	// of the file; zero when not known.
	CostPerContact float64 `yaml:"cost_per_contact"`
	Value          Value   `yaml:"value"`
	// Priority decides between reasons that match one text: the higher wins,
	// whatever the length of the wordings.
	Priority int `yaml:"priority"`
	// Phrases each point to this reason, also when negated.
	Phrases Phrases `yaml:"phrases"`
	// Negatable point to this reason unless a negation stands shortly before:
	// "kapot", but not "niet kapot".
	Negatable Phrases `yaml:"negatable"`
	// Unless void the reason wherever they stand in the text.
	Unless Phrases `yaml:"unless"`
	// Vocabulary are words, with spaces between them, that customers use when
	// they have this reason. None points to it alone; several do where no
	// phrase of any reason matches.
	Vocabulary  Text       `yaml:"vocabulary"`
	Questions   []Question `yaml:"questions"`
	SelfService *SelfHelp  `yaml:"self_service"` // nil when there is none
	// Channels can help with this reason, the best first; empty means all.
	Channels []string `yaml:"channels"`
	Notices  *Notices `yaml:"notices"` // nil means those of the file
}

// Days is a time span of whole days, written like "7d".
type Days time.Duration

// Duration returns d as a time span.
func (d Days) Duration() time.Duration { return time.Duration(d) }

// A Taxonomy is a checked file.
type Taxonomy struct {
	Schema string `yaml:"schema"`
	// Version is kept with every contact that was classified by this file.
	Version      string `yaml:"version"`
	Organisation string `yaml:"organisation"`
	Currency     string `yaml:"currency"` // ISO 4217; EUR when the file does not say
	// OrderNumber is a regular expression; empty when the organisation's
	// order numbers cannot be told from other numbers.
	OrderNumber string `yaml:"order_number"`
	// Words are named sets of alternatives, for use in phrases: with
	// invoice: "invoice*|bill" a phrase may say "$invoice is wrong".
	Words    map[string]string `yaml:"words"`
	Calendar due.Calendar      `yaml:"calendar"`
	// CandidatesTo is the department that is told of what may be a problem
	// that this file does not know; empty when nobody is.
	CandidatesTo string       `yaml:"candidates_to"`
	Departments  []Department `yaml:"departments"`
	Products     []Product    `yaml:"products"`
	Reasons      []Reason     `yaml:"reasons"`
	Notices      Notices      `yaml:"notices"`

	orders *regexp.Regexp
	match  func() *matcher // its phrases, compiled when the first text is classified
}

// compiled makes t ready to classify, once somebody does: most functions never
// do, and to compile takes longer than all the rest of reading a file.
func (t *Taxonomy) compiled() *Taxonomy {
	t.match = sync.OnceValue(func() *matcher { return compile(t) })
	return t
}

// Department returns the department with that id.
func (t *Taxonomy) Department(id string) (Department, bool) {
	return find(t.Departments, func(d *Department) bool { return d.ID == id })
}

// Product returns the product with that id.
func (t *Taxonomy) Product(id string) (Product, bool) {
	return find(t.Products, func(p *Product) bool { return p.ID == id })
}

// Reason returns the reason with that id.
func (t *Taxonomy) Reason(id string) (Reason, bool) {
	return find(t.Reasons, func(r *Reason) bool { return r.ID == id })
}

func find[T any](list []T, is func(*T) bool) (T, bool) {
	for i := range list {
		if is(&list[i]) {
			return list[i], true
		}
	}
	var none T
	return none, false
}

// Owner returns the department that owns the reason for that product, and ""
// when there is no such reason.
func (t *Taxonomy) Owner(reason, product string) string {
	r, _ := t.Reason(reason)
	return r.owner(product)
}

func (r *Reason) owner(product string) string {
	if d, ok := r.Owners[product]; ok {
		return d
	}
	return r.Department
}

// AcknowledgeBy returns by when a department acknowledges a problem that it
// has since a moment.
func (t *Taxonomy) AcknowledgeBy(department string, since time.Time, zone *time.Location) time.Time {
	d, _ := t.Department(department)
	calendar := d.Calendar
	if calendar.IsZero() {
		calendar = t.Calendar
	}
	return calendar.After(since, time.Duration(cmp.Or(d.AcknowledgeHours, DefaultHours))*time.Hour, zone)
}

// NoticesOf returns the notice templates of a reason: its own, or the file's.
func (t *Taxonomy) NoticesOf(reason string) Notices {
	if r, _ := t.Reason(reason); r.Notices != nil {
		return *r.Notices
	}
	return t.Notices
}

// CheckQueues refuses a taxonomy with a department that has no queue. The
// names are the departments that have one.
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
		"add them to the stack's list of departments, or take them out of the taxonomy (there are queues for: %s)",
		t.Version, strings.Join(missing, ", "), strings.Join(names, ", "))
}

// maxOrders bounds what one message may name.
const maxOrders = 10

// PublicNames are the names of the organisation and its products, which are
// nobody's secret.
func (t *Taxonomy) PublicNames() []string {
	names := []string{t.Organisation}
	for _, p := range t.Products {
		names = append(names, p.Names.NL, p.Names.EN)
	}
	return names
}

// OrderNumbers returns the order numbers in text, in upper case and each
// once: at most ten, none when the taxonomy declares no pattern.
func (t *Taxonomy) OrderNumbers(text string) []string {
	if t.orders == nil {
		return nil
	}
	var found []string
	for _, n := range t.orders.FindAllString(text, 4*maxOrders) {
		n = strings.ToUpper(n)
		if len(found) < maxOrders && !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	return found
}
