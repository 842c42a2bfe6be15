package agentapi

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
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

// maxFound bounds how many customers one search returns.
const maxFound = 20

// A foundCustomer is a customer whom a search found, with the reasons.
type foundCustomer struct {
	ID          identity.CustomerID   `json:"id"`
	IDs         []identity.CustomerID `json:"ids"`
	Name        string                `json:"name,omitempty"` // from the register, else as a channel showed it last
	Account     string                `json:"account,omitempty"`
	Matches     []string              `json:"matches"`
	LastMessage *lastMessage          `json:"lastMessage,omitempty"`
}

// A lastMessage is the latest message that a customer wrote.
type lastMessage struct {
	Channel message.Channel `json:"channel"`
	At      time.Time       `json:"at"`
}

type searchResponse struct {
	Customers []foundCustomer `json:"customers"`
	Complete  bool            `json:"complete"` // false: more customers have this name
}

// searchCustomers answers with the customers whom the parameter q describes. It
// may be a phone number, a mail address, a customer number, an order number or a
// full name. All of these are tried, because a number can be of several kinds.
func (a *API) searchCustomers(ctx context.Context, r *httpapi.Request) (httpapi.Response, error) {
	q := r.Query()
	text := strings.TrimSpace(q.Parameter("q"))
	if text == "" || len(text) > maxSearchBytes {
		q.AddMistake("q must have 1 to %d bytes: a phone number, mail address, customer number, order number or full name", maxSearchBytes)
	}
	if err := q.Validate(); err != nil {
		return httpapi.Response{}, err
	}
	search := customerSearch{api: a}
	if err := search.run(ctx, text); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Body: searchResponse{Customers: append([]foundCustomer{}, search.found...), Complete: !search.more}}, nil
}

// A customerSearch collects the customers whom one search finds.
type customerSearch struct {
	api   *API
	found []foundCustomer
	more  bool
}

func (s *customerSearch) run(ctx context.Context, text string) error {
	customers := s.api.Store.Customers
	for _, alias := range s.api.possibleAliases(text) {
		ids, err := customers.FindByAlias(ctx, alias)
		if err != nil {
			return err
		}
		if err := s.add(ctx, string(alias.Kind), ids...); err != nil {
			return err
		}
	}
	id, err := customers.FindByOrder(ctx, strings.TrimLeft(text, "# "))
	if err == nil {
		err = s.add(ctx, "order", id)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	ids, more, err := customers.FindByName(ctx, text, maxFound)
	if err != nil {
		return err
	}
	s.more = s.more || more
	return s.add(ctx, "name", ids...)
}

// possibleAliases returns the aliases that a text may be.
func (a *API) possibleAliases(text string) []identity.Alias {
	var all []identity.Alias
	if phone, err := identity.ParsePhone(text, a.Country); err == nil {
		all = append(all, phone)
	}
	for _, kind := range []identity.Kind{identity.Email, identity.Account} {
		if alias, err := identity.NewAlias(kind, "", text); err == nil {
			all = append(all, alias)
		}
	}
	return all
}

// add adds the customers of ids, each once, with the kind of match.
func (s *customerSearch) add(ctx context.Context, match string, ids ...identity.CustomerID) error {
	for _, id := range ids {
		c, err := s.api.Store.Customers.Get(ctx, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(s.found, func(f foundCustomer) bool { return f.ID == c.ID })
		switch {
		case i < 0 && len(s.found) == maxFound:
			s.more = true
		case i < 0:
			found, err := s.api.describeFound(ctx, c)
			if err != nil {
				return err
			}
			found.Matches = []string{match}
			s.found = append(s.found, found)
		case !slices.Contains(s.found[i].Matches, match):
			s.found[i].Matches = append(s.found[i].Matches, match)
		}
	}
	return nil
}

// describeFound returns what tells a customer from others of the same name.
func (a *API) describeFound(ctx context.Context, c identity.Customer) (foundCustomer, error) {
	found := foundCustomer{ID: c.ID, IDs: c.Members, Name: c.Name, Account: c.Account}
	page, err := a.Store.Messages.History(ctx, c, message.Query{Limit: 1, Direction: message.Inbound})
	if err != nil || len(page.Entries) == 0 {
		return found, err
	}
	m := page.Entries[0]
	found.Name = cmp.Or(found.Name, m.Name)
	found.LastMessage = &lastMessage{m.Channel, m.SentAt}
	return found, nil
}

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
