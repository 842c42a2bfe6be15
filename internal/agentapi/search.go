package agentapi

import (
	"context"
	"slices"
	"strings"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Bounds of the parameter q.
const (
	maxSearchBytes = 200
	maxSearchWords = 10
)

// searchWords returns the words of the parameter q, nil without it.
func searchWords(q *httpapi.Query) []string {
	text := q.Parameter("q")
	words := taxonomy.Words(text)
	switch {
	case text == "":
	case len(text) > maxSearchBytes || len(words) > maxSearchWords:
		q.AddMistake("q must have at most %d bytes and %d words", maxSearchBytes, maxSearchWords)
	case len(words) == 0:
		q.AddMistake("q must have letters or digits")
	}
	return words
}

// containsWords reports whether a message has every one of some words, or a
// longer word that begins with it: "pak" finds "pakket". Subject, text, outcome,
// edited text and the names of files are searched.
func containsWords(m message.Entry, words []string) bool {
	if len(words) == 0 {
		return true
	}
	texts := []string{m.Subject, m.Text, m.FullText, m.Outcome}
	for _, a := range m.Attachments {
		texts = append(texts, a.Name)
	}
	if m.State != nil {
		texts = append(texts, m.State.Edited)
	}
	present := taxonomy.Words(strings.Join(texts, "\n"))
	for _, w := range words {
		if !slices.ContainsFunc(present, func(p string) bool { return strings.HasPrefix(p, w) }) {
			return false
		}
	}
	return true
}

// reasonFilter returns a filter of the messages whose contact has a reason, and
// of those registered with it.
func (a *API) reasonFilter(ctx context.Context, c identity.Customer, reason string) (func(message.Message) bool, error) {
	var contacts []contact.Contact
	for cursor := ""; ; {
		page, next, err := a.Store.Contacts.CustomerContacts(ctx, c, httpapi.MaxLimit, cursor)
		if err != nil {
			return nil, err
		}
		contacts = append(contacts, page...)
		if cursor = next; next == "" {
			break
		}
	}
	return func(m message.Message) bool {
		if m.Reason == reason {
			return true
		}
		k, ok := contact.Of(contacts, m)
		return ok && slices.ContainsFunc(k.Causes, func(c contact.Cause) bool { return c.Reason == reason })
	}, nil
}
