package problem

import (
	_ "embed" // for the schema
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// EventCandidate says that there may be a problem that the taxonomy does not
// know.
const EventCandidate = "candidate"

// CandidateSchema is the version of the format of the item about a candidate.
const CandidateSchema = "candidate-1"

// CandidateJSONSchema describes the item about a candidate to consumers.
//
//go:embed candidate.schema.json
var CandidateJSONSchema []byte

// A AnnouncedCandidate is a candidate that a department was told of. It lasts longer than
// the burst can be derived, so that there is time to decide.
type AnnouncedCandidate struct {
	ID         string                `json:"id"`
	Department string                `json:"department"`
	Name       Label                 `json:"name"` // of the department
	At         time.Time             `json:"at"`
	Words      []string              `json:"words"` // hashes of all of them
	Shown      []string              `json:"shown"` // those that can be read, since several customers used them
	Quotes     []string              `json:"quotes"`
	Customers  int                   `json:"customers"` // distinct
	Contacts   []UnclassifiedContact `json:"contacts"`
	First      time.Time             `json:"first"`
	Last       time.Time             `json:"last"`
	Expires    time.Time             `json:"-"`
}

// Is reports whether a burst is the one that was told: it shares a word, or
// half of the contacts of either. It may have grown since, and its surest word
// may be another.
func (t AnnouncedCandidate) Is(b Burst) bool {
	if slices.ContainsFunc(b.Words, func(w string) bool { return slices.Contains(t.Words, w) }) {
		return true
	}
	known := map[string]bool{}
	for _, u := range t.Contacts {
		known[u.Contact] = true
	}
	both := 0
	for _, u := range b.Contacts {
		if known[u.Contact] {
			both++
		}
	}
	return both > 0 && 2*both >= min(len(t.Contacts), len(b.Contacts))
}

// A CandidateItem is the message about a candidate on a department's queue.
// What it has in common with an [Item] has the same name there and means the
// same, so that who reads both as one finds a title and figures.
type CandidateItem struct {
	Schema     string    `json:"schema"`
	ID         string    `json:"id"`
	Version    int       `json:"version"` // always 1: it is told once
	Event      EventKind `json:"event"`
	Department string    `json:"department"`
	Names      Names     `json:"names"` // as the reason a title
	Words      []string  `json:"words"`
	Quotes     []string  `json:"quotes"`
	Customers  int       `json:"customers"`
	Contacts   int       `json:"contacts"`
	FirstSeen  time.Time `json:"firstSeen"`
	LastSeen   time.Time `json:"lastSeen"`
	Link       string    `json:"link"`   // the candidate in the API
	Decide     string    `json:"decide"` // where it is confirmed or dismissed
}

// Item returns the item that tells of a candidate; baseURL is where the API
// is.
func (t AnnouncedCandidate) Item(baseURL string) CandidateItem {
	words := strings.Join(t.Shown, ", ")
	link := strings.TrimRight(baseURL, "/") + "/v1/candidates/" + t.ID
	return CandidateItem{
		Schema: CandidateSchema, ID: t.ID, Version: 1, Event: EventCandidate, Department: t.Department,
		Names: Names{Department: t.Name, Reason: Label{NL: "Nog zonder reden: " + words, EN: "No reason yet: " + words}}.cut(),
		Words: append([]string{}, t.Shown...), Quotes: cutQuotes(t.Quotes), Customers: t.Customers, Contacts: len(t.Contacts),
		FirstSeen: t.First.UTC(), LastSeen: t.Last.UTC(), Link: link, Decide: link,
	}
}

// Marshal returns the item as JSON.
func (i CandidateItem) Marshal() ([]byte, error) {
	data, err := json.Marshal(i)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "candidate item")
	}
	return data, nil
}
