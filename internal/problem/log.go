package problem

import (
	"encoding/json"
	"reflect"
	"time"
)

// A Line is one line of a problem's log: who did what, when, and what
// differs since. There is one for every version.
type Line struct {
	Version  int            `json:"version"`
	Event    EventKind      `json:"event"`
	At       time.Time      `json:"at"`
	By       string         `json:"by,omitempty"` // empty for Heard itself
	Comment  string         `json:"comment,omitempty"`
	Other    string         `json:"other,omitempty"`
	Evidence *Evidence      `json:"evidence,omitempty"`
	Before   map[string]any `json:"before,omitempty"` // of what changed
	After    map[string]any `json:"after,omitempty"`
}

// unlogged is what says nothing: the counts change with every contact.
var unlogged = []string{"id", "version", "names", "perDay", "changedAt", "openedAt", "firstSeen", "lastSeen", "taxonomyVersion", "milestone", "acknowledgeBy", "contacts", "customers"}

// LineOf returns the line of the log for what became of was, because of e.
func LineOf(was, p Problem, e Event) Line {
	c := Line{
		Version: p.Version, Event: e.Kind, At: e.At.UTC(), By: e.By, Comment: e.Comment, Other: e.Other, Evidence: e.Evidence,
		Before: map[string]any{}, After: map[string]any{},
	}
	before, after := fields(was), fields(p)
	for name := range after {
		if b, ok := before[name]; was.ID != "" && (!ok || !reflect.DeepEqual(b, after[name])) {
			c.After[name] = after[name]
			if ok {
				c.Before[name] = b
			}
		}
	}
	for name, b := range before {
		if _, ok := after[name]; was.ID != "" && !ok {
			c.Before[name] = b
		}
	}
	return c
}

func fields(p Problem) map[string]any {
	data, err := json.Marshal(p)
	if err != nil {
		return nil // a problem is text, numbers and times
	}
	var f map[string]any
	if json.Unmarshal(data, &f) != nil {
		return nil
	}
	for _, name := range unlogged {
		delete(f, name)
	}
	return f
}
