package problem

import (
	_ "embed" // for the schema
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/redact"
)

// ItemSchema is the version of the item's format. Fields may be added to it;
// consumers ignore what they do not know.
const ItemSchema = "1"

// MaxItem is the largest item in bytes, which is the limit of SQS.
const MaxItem = 256 << 10

// MaxUpdate is the largest update in bytes that a department may send to its
// queue.
const MaxUpdate = 64 << 10

// UpdateJSONSchema describes the updates that departments send.
//
//go:embed update.schema.json
var UpdateJSONSchema []byte

// ItemJSONSchema describes the item to consumers.
//
//go:embed item.schema.json
var ItemJSONSchema []byte

const (
	trendDays = 14
	maxQuotes = 3
	maxShown  = 6  // words of an item
	maxTerm   = 80 // characters of one
	maxLabel  = 200
)

// A Day is the number of contacts on one day.
type Day struct {
	Day      string `json:"day"`
	Contacts int    `json:"contacts"`
}

// An Item is the message about a problem on its department's queue. It has the
// whole problem, so that any later item replaces those before it. The same problem
// and event always give the same item.
type Item struct {
	Schema          string    `json:"schema"`
	ID              string    `json:"id"`
	Version         int       `json:"version"`
	Event           EventKind `json:"event"`
	Milestone       int       `json:"milestone,omitempty"`
	Department      string    `json:"department"`
	Reason          string    `json:"reason"`
	Product         string    `json:"product,omitempty"`
	Names           Names     `json:"names"`
	State           State     `json:"state"`
	Next            []State   `json:"next"` // the states that it may go to
	Severity        string    `json:"severity"`
	OpenedAt        time.Time `json:"openedAt"`
	FirstSeen       time.Time `json:"firstSeen"`
	LastSeen        time.Time `json:"lastSeen"`
	Contacts        int       `json:"contacts"`
	Customers       int       `json:"customers"`
	Trend           []Day     `json:"trend"`           // the 14 days up to the last contact
	Words           []string  `json:"words,omitempty"` // words and pairs that set its contacts apart from others of the reason
	Quotes          []string  `json:"quotes"`          // of customers, personal data masked; may be empty
	Cause           string    `json:"cause,omitempty"`
	Workaround      string    `json:"workaround,omitempty"`
	AcknowledgeBy   time.Time `json:"acknowledgeBy,omitzero"` // while it is detected
	ExpectedAt      time.Time `json:"expectedAt,omitzero"`
	Links           []string  `json:"links,omitempty"`
	MergedInto      string    `json:"mergedInto,omitempty"`
	MovedTo         string    `json:"movedTo,omitempty"` // with moved: the new owner, which names has as the department
	Reopened        int       `json:"reopened,omitempty"`
	OpenedBy        string    `json:"openedBy,omitempty"`    // by hand
	EscalatedTo     string    `json:"escalatedTo,omitempty"` // with escalated, until it is acknowledged
	SplitFrom       string    `json:"splitFrom,omitempty"`
	Other           string    `json:"other,omitempty"`    // with merged and split: the other problem
	Evidence        *Evidence `json:"evidence,omitempty"` // with reopened: the contacts after the fix
	Proof           *Proof    `json:"proof,omitempty"`    // of a confirmed problem: that the contacts stopped
	Comment         string    `json:"comment,omitempty"`  // of the update that caused the item
	By              string    `json:"by,omitempty"`
	Link            string    `json:"link"`     // the problem in the API
	Affected        string    `json:"affected"` // its customers in the API
	Messages        string    `json:"messages"` // their masked messages in the API
	TaxonomyVersion string    `json:"taxonomyVersion"`
}

// ItemOf returns the item of an event of a problem. The quotes are masked by
// package redact. BaseURL is the URL of the API.
func ItemOf(p Problem, e Event, quotes []string, baseURL string) Item {
	link := strings.TrimRight(baseURL, "/") + "/v1/problems/" + p.ID
	state := p.State
	by := p.AcknowledgeBy.UTC()
	movedTo := ""
	if e.Kind == EventMoved {
		state = Moved
		by = time.Time{}
		movedTo = p.Department
	}
	return Item{
		Schema: ItemSchema, ID: p.ID, Version: p.Version, Event: e.Kind, Milestone: e.Milestone,
		Department: e.Department, Reason: p.Reason, Product: p.Product, Names: p.Names.shorten(),
		State: state, Next: append([]State{}, Next(state)...), Severity: p.Severity,
		OpenedAt: p.OpenedAt.UTC(), FirstSeen: p.FirstSeen.UTC(), LastSeen: p.LastSeen.UTC(),
		Contacts: p.Contacts, Customers: p.Customers, Trend: trendDaysOf(p.PerDay), Words: shortenWords(p.Words), Quotes: shortenQuotes(quotes),
		Cause: redact.Shorten(p.Cause, MaxComment), Workaround: redact.Shorten(p.Workaround, MaxComment), AcknowledgeBy: by, ExpectedAt: p.ExpectedAt.UTC(),
		Links: p.Links[:min(len(p.Links), maxLinks)], MergedInto: p.MergedInto, MovedTo: movedTo, Reopened: p.Reopened,
		OpenedBy: redact.Shorten(p.OpenedBy, maxLabel), EscalatedTo: p.EscalatedTo, SplitFrom: p.SplitFrom, Other: e.Other, Evidence: e.Evidence, Proof: p.Proof,
		Comment: redact.Shorten(e.Comment, MaxComment), By: redact.Shorten(e.By, maxLabel),
		Link: link, Affected: link + "/affected", Messages: link + "/messages", TaxonomyVersion: p.TaxonomyVersion,
	}
}

// Marshal returns the item as JSON, of at most [MaxItem] bytes.
func (i Item) Marshal() ([]byte, error) {
	data, err := json.Marshal(i)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode problem item")
	}
	if len(data) > MaxItem { // ItemOf bounds every text, so only a broken id can do this
		return nil, fault.New(fault.TooLarge, "problem item has %d bytes, at most %d are allowed", len(data), MaxItem)
	}
	return data, nil
}

// trendDaysOf returns the 14 days up to the last one with contacts.
func trendDaysOf(perDay map[string]int) []Day {
	last := ""
	for d := range perDay {
		if _, err := time.Parse(time.DateOnly, d); err == nil {
			last = max(last, d)
		}
	}
	end, err := time.Parse(time.DateOnly, last)
	if err != nil {
		return []Day{}
	}
	days := make([]Day, 0, trendDays)
	for back := trendDays - 1; back >= 0; back-- {
		d := end.AddDate(0, 0, -back).Format(time.DateOnly)
		days = append(days, Day{d, perDay[d]})
	}
	return days
}

func (n Names) shorten() Names {
	for _, l := range []*Label{&n.Department, &n.Reason, &n.Product} {
		l.NL = redact.Shorten(l.NL, maxLabel)
		l.EN = redact.Shorten(l.EN, maxLabel)
	}
	return n
}

func shortenWords(words []string) []string {
	few := slices.Clone(words[:min(len(words), maxShown)])
	for i := range few {
		few[i] = redact.Shorten(few[i], maxTerm)
	}
	return few
}

func shortenQuotes(quotes []string) []string {
	few := slices.Clone(quotes[:min(len(quotes), maxQuotes)])
	for i := range few {
		few[i] = redact.Shorten(few[i], redact.MaxQuote)
	}
	return append([]string{}, few...)
}
