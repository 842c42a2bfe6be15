package api

import (
	"context"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Bounds of what is searched for.
const (
	maxSearch      = 200 // bytes
	maxSearchWords = 10
)

// searched returns the words to search for, none when q asks for none.
func (q *query) searched() []string {
	text := q.text("q")
	words := taxonomy.Words(text)
	switch {
	case text == "":
	case len(text) > maxSearch || len(words) > maxSearchWords:
		q.fail("q may have %d bytes and %d words", maxSearch, maxSearchWords)
	case len(words) == 0:
		q.fail("q has no letters or digits")
	}
	return words
}

// says reports whether m has every one of some words, or a longer one that
// begins with it. Nothing is searched for when there are none.
func says(m contact.Entry, words []string) bool {
	if len(words) == 0 {
		return true
	}
	all := []string{m.Subject, m.Text, m.FullText, m.Outcome}
	for _, a := range m.Attachments {
		all = append(all, a.Name)
	}
	if m.State != nil {
		all = append(all, m.State.Edited)
	}
	said := taxonomy.Words(strings.Join(all, "\n"))
	for _, w := range words {
		if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, w) }) {
			return false
		}
	}
	return true
}

// about returns what tells messages of contacts about a reason from others.
func (a *Agents) about(ctx context.Context, c identity.Customer, reason string) (func(contact.Message) bool, error) {
	var all []contact.Contact
	for cursor := ""; ; {
		some, next, err := a.Store.CustomerContacts(ctx, c, maxLimit, cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if cursor = next; next == "" {
			break
		}
	}
	return func(m contact.Message) bool {
		if m.Reason == reason {
			return true
		}
		k, ok := contact.Of(all, m)
		return ok && slices.ContainsFunc(k.Causes, func(c contact.Cause) bool { return c.Reason == reason })
	}, nil
}
