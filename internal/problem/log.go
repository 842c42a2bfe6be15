package problem

import (
	"encoding/json"
	"reflect"
	"time"
)

// A Line is one line of a problem's log: the event of one version, its author and
// time, and the members that it changed.
type Line struct {
	Version  int            `json:"version"`
	Event    EventKind      `json:"event"`
	At       time.Time      `json:"at"`
	By       string         `json:"by,omitempty"` // empty for Heard itself
	Comment  string         `json:"comment,omitempty"`
	Other    string         `json:"other,omitempty"`
	Evidence *Evidence      `json:"evidence,omitempty"`
	Before   map[string]any `json:"before,omitempty"` // values of the changed members
	After    map[string]any `json:"after,omitempty"`
}

// unlogged are members that a log leaves out: ids, labels, and the counts and words,
// which change with the contacts.
var unlogged = []string{"id", "version", "names", "perDay", "changedAt", "openedAt", "firstSeen", "lastSeen", "taxonomyVersion", "milestone", "acknowledgeBy", "contacts", "customers", "words"}

// LineOf returns the line of the log for the change from was to p by an event.
func LineOf(was, p Problem, e Event) Line {
	c := Line{
		Version: p.Version, Event: e.Kind, At: e.At.UTC(), By: e.By, Comment: e.Comment, Other: e.Other, Evidence: e.Evidence,
		Before: map[string]any{}, After: map[string]any{},
	}
	before := loggedFields(was)
	after := loggedFields(p)
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

func loggedFields(p Problem) map[string]any {
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
