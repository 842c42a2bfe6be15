package departmentapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

const messagesRoute = "GET /v1/problems/{id}/messages"

// A messagePage is a page of the masked messages of a problem.
type messagePage struct {
	Messages []struct{ CustomerID, Contact, Channel, Text string }
	Cursor   string
	Complete bool
}

// openWithMessages opens a problem of billing by hand with a contact of each of some
// customers, who wrote a text each and got an answer.
func openWithMessages(s *stack, texts ...string) (id string) {
	s.T.Helper()
	var refs []map[string]string
	for i, text := range texts {
		who := apitest.Verified(identity.Phone, "", fmt.Sprintf("3197010077%d", i))
		m := s.Put(message.Message{Channel: message.WhatsApp, Direction: message.Inbound, Customer: who, Name: "Brechtje Oudkerk", Text: text}, 50-i)
		s.Put(message.Message{Channel: message.WhatsApp, Direction: message.Outbound, Customer: who, Text: "Beste Brechtje, we zoeken het uit."}, 40-i)
		k := contact.Contact{ID: contact.IDOf(m.ID), Customer: m.CustomerID, Start: m.SentAt, Channels: []message.Channel{message.WhatsApp}}
		if err := s.Table.Contacts.Save(s.T.Context(), k); err != nil {
			s.T.Fatal(err)
		}
		refs = append(refs, map[string]string{"customerId": string(m.CustomerID), "contact": k.ID})
	}
	var opened struct {
		ID            string
		Quotes, Words []string
	}
	s.Do(call{Route: "POST /v1/problems", Body: map[string]any{"reason": "refund-missing", "contacts": refs}}).Into(http.StatusCreated, &opened)
	if len(opened.Quotes) < 2 {
		s.T.Errorf("quotes %q of %d customers, want two or three", opened.Quotes, len(texts))
	}
	if len(opened.Words) == 0 || opened.Words[0] != "retourpunt" {
		s.T.Errorf("words %q, want retourpunt first", opened.Words)
	}
	return opened.ID
}

func TestMessages_MaskedPages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	id := openWithMessages(s,
		"Ik ben Brechtje, mijn geld is er niet na het retourpunt, bel 06-12345678",
		"waar blijft mijn geld? het retourpunt weet van niets. Brechtje Oudkerk",
		"geld nog niet terug, bij retourpunt afgegeven aan Xqwelwrup")
	path := map[string]string{"id": id}
	query := map[string]string{"limit": "2"}
	var texts []string
	for {
		var p messagePage
		a := s.Do(call{Route: messagesRoute, Path: path, Query: query, Claims: of(s.owner(id))})
		a.Into(http.StatusOK, &p)
		for _, m := range p.Messages {
			if m.CustomerID == "" || m.Contact == "" || m.Channel != "whatsapp" {
				t.Errorf("message %+v lacks its customer, contact or channel", m)
			}
			texts = append(texts, m.Text)
		}
		for _, leak := range []string{"Brechtje", "Oudkerk", "12345678", "3197010", "Xqwelwrup", "zoeken het uit"} {
			if strings.Contains(a.Body, leak) {
				t.Errorf("%s in %s", leak, a.Body)
			}
		}
		if p.Complete {
			break
		}
		query["cursor"] = p.Cursor
	}
	all := strings.Join(texts, "\n")
	if len(texts) != 3 || strings.Count(all, "retourpunt") != 3 || !strings.Contains(all, "[phone]") {
		t.Errorf("texts %q, want three masked ones", texts)
	}
	s.Do(call{Route: messagesRoute, Path: path, Claims: of("it")}).ExpectRefusal(http.StatusForbidden, "another department")
	s.Do(call{Route: messagesRoute, Path: path, Query: map[string]string{"cursor": "AAAA"}}).ExpectRefusal(http.StatusBadRequest, "start again without one")
	s.Do(call{Route: messagesRoute, Path: path, Query: map[string]string{"all": "1"}}).ExpectRefusal(http.StatusBadRequest, "all")
}

// Customers whose messages are gone, as after an erasure, give no messages.
func TestMessages_CustomersGone(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var p messagePage
	s.Do(call{Route: messagesRoute, Path: map[string]string{"id": s.Problem("a", "billing", 5)}}).Into(http.StatusOK, &p)
	if len(p.Messages) != 0 || !p.Complete {
		t.Errorf("page %+v, want an empty and complete one", p)
	}
}

// owner returns the department of a problem.
func (s *stack) owner(id string) string {
	s.T.Helper()
	p, err := s.Table.Problems.GetHeader(s.T.Context(), id)
	if err != nil {
		s.T.Fatal(err)
	}
	return p.Department
}
