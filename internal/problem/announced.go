package problem

import (
	_ "embed" // for the schema
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/fault"
)

// EventCandidate is the event of a [CandidateItem].
const EventCandidate = "candidate"

// CandidateSchema is the version of the format of the item about a candidate.
const CandidateSchema = "candidate-1"

// CandidateJSONSchema describes the item about a candidate to consumers.
//
//go:embed candidate.schema.json
var CandidateJSONSchema []byte

// An AnnouncedCandidate is a candidate that was sent to a department. It is stored
// after its hints expire, to leave time for a decision.
type AnnouncedCandidate struct {
	ID         string                `json:"id"`
	Department string                `json:"department"`
	Name       Label                 `json:"name"` // of the department
	At         time.Time             `json:"at"`
	Words      []string              `json:"words"` // hashes of all of them
	Shown      []string              `json:"shown"` // readable, because several customers used them
	Quotes     []string              `json:"quotes"`
	Customers  int                   `json:"customers"` // distinct
	Contacts   []UnclassifiedContact `json:"contacts"`
	First      time.Time             `json:"first"`
	Last       time.Time             `json:"last"`
	Expires    time.Time             `json:"-"`
}

// MatchesBurst reports whether a burst is the announced candidate: it shares a
// word, or half of the contacts of either. The burst may have grown since, and its
// first word may be another.
func (t AnnouncedCandidate) MatchesBurst(b Burst) bool {
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
// Members that an [Item] has too have the same meaning, so that a consumer that
// reads both alike finds a title and figures.
type CandidateItem struct {
	Schema     string    `json:"schema"`
	ID         string    `json:"id"`
	Version    int       `json:"version"` // always 1, since it is sent once
	Event      EventKind `json:"event"`
	Department string    `json:"department"`
	Names      Names     `json:"names"` // the reason is a title
	Words      []string  `json:"words"`
	Quotes     []string  `json:"quotes"`
	Customers  int       `json:"customers"`
	Contacts   int       `json:"contacts"`
	FirstSeen  time.Time `json:"firstSeen"`
	LastSeen   time.Time `json:"lastSeen"`
	Link       string    `json:"link"`   // the candidate in the API
	Decide     string    `json:"decide"` // where it is confirmed or dismissed
}

// Item returns the item of an announced candidate. BaseURL is the URL of the API.
func (t AnnouncedCandidate) Item(baseURL string) CandidateItem {
	words := strings.Join(t.Shown, ", ")
	link := strings.TrimRight(baseURL, "/") + "/v1/candidates/" + t.ID
	return CandidateItem{
		Schema: CandidateSchema, ID: t.ID, Version: 1, Event: EventCandidate, Department: t.Department,
		Names: Names{Department: t.Name, Reason: Label{NL: "Nog zonder reden: " + words, EN: "No reason yet: " + words}}.shorten(),
		Words: append([]string{}, t.Shown...), Quotes: shortenQuotes(t.Quotes), Customers: t.Customers, Contacts: len(t.Contacts),
		FirstSeen: t.First.UTC(), LastSeen: t.Last.UTC(), Link: link, Decide: link,
	}
}

// Marshal returns the item as JSON.
func (i CandidateItem) Marshal() ([]byte, error) {
	data, err := json.Marshal(i)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode candidate item")
	}
	return data, nil
}
