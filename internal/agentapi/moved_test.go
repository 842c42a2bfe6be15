package agentapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

// moves has an agent move an alias to another customer, an hour ago. Empty is a
// new customer.
func (s *stack) moves(a identity.Alias, from, to identity.CustomerID) identity.CustomerID {
	s.T.Helper()
	owner, err := s.Table.Customers.GetConsistently(s.T.Context(), from)
	if err != nil {
		s.T.Fatal(err)
	}
	move := identity.AliasMove{Alias: a, To: to, From: now.Add(-time.Hour)}
	to, err = s.Table.Customers.MoveAlias(s.T.Context(), owner, move, identity.Decision{By: "agent-7", Why: "nieuwe eigenaar", At: now})
	if err != nil {
		s.T.Fatal(err)
	}
	return to
}

// answered records an answer, which must be created and belong to who.
func (s *stack) answered(who identity.CustomerID, name string, changes map[string]any) message.Message {
	s.T.Helper()
	var m message.Message
	s.Do(call{Route: answerRoute, Path: id(who), Body: changed(sent(map[string]any{"id": fmt.Sprintf("%x", name), "text": name}), changes)}).Into(http.StatusCreated, &m)
	if m.CustomerID != who {
		s.T.Errorf("%s belongs to %s, want %s", name, m.CustomerID, who)
	}
	return m
}

// isWaiting reports whether a customer's last contact waits.
func (s *stack) isWaiting(who identity.CustomerID) bool {
	s.T.Helper()
	c, err := s.Table.Customers.GetConsistently(s.T.Context(), who)
	if err != nil {
		s.T.Fatal(err)
	}
	all, err := s.Table.Messages.RecentMessages(s.T.Context(), c, time.Time{})
	if err != nil {
		s.T.Fatal(err)
	}
	contacts := contact.Contacts(contact.Read(all, nil))
	return len(contacts) > 0 && contacts[len(contacts)-1].Waiting()
}

func (s *stack) expectHistory(who identity.CustomerID, name string, want ...string) {
	s.T.Helper()
	got := map[string]bool{}
	for _, text := range s.Texts(call{Route: historyRoute, Path: id(who), Query: map[string]string{"limit": "100"}}) {
		got[text] = true
	}
	for _, text := range want {
		if !got[text] {
			s.T.Errorf("the history of %s has no %q", name, text)
		}
		delete(got, text)
	}
	if len(got) > 0 {
		s.T.Errorf("the history of %s also has %v", name, got)
	}
}

func TestRecordAnswer_MovedNumber(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	early := s.Says(phone(1), message.WhatsApp, 90, "van de eerste")
	late := s.Says(phone(1), message.WhatsApp, 30, "van de tweede")
	first := early.CustomerID
	second := s.moves(phone(1).Alias, first, "")
	to := "phone:" + phone(1).Value
	old := now.Add(-80 * time.Minute).Format(time.RFC3339)
	recent := now.Add(-10 * time.Minute).Format(time.RFC3339)

	s.Do(call{Route: answerRoute, Path: id(first), Body: sent(map[string]any{"to": to, "sentAt": recent})}).ExpectRefusal(http.StatusBadRequest, "an alias of this customer")
	s.Do(call{Route: answerRoute, Path: id(second), Body: sent(map[string]any{"to": to, "sentAt": old})}).ExpectRefusal(http.StatusConflict, "another customer")
	s.Do(call{Route: answerRoute, Path: id(first), Body: sent(map[string]any{"inReplyTo": late.ID, "sentAt": recent})}).ExpectRefusal(http.StatusBadRequest, "no such message")
	if !s.isWaiting(first) || !s.isWaiting(second) {
		t.Errorf("waiting before the answers: %v and %v, want both", s.isWaiting(first), s.isWaiting(second))
	}

	byQuestion := s.answered(first, "op de vraag", map[string]any{"inReplyTo": early.ID, "sentAt": recent})
	if byQuestion.Customer.Alias != phone(1).Alias || byQuestion.Customer.Assurance != identity.Claimed {
		t.Errorf("the answer went to %+v, want the claimed number", byQuestion.Customer)
	}
	if s.isWaiting(first) || !s.isWaiting(second) {
		t.Errorf("waiting after the answer to the first: %v and %v, want the second", s.isWaiting(first), s.isWaiting(second))
	}
	s.answered(first, "op de vraag en het nummer", map[string]any{"inReplyTo": early.ID, "to": to, "sentAt": recent})
	s.answered(first, "zonder adres", map[string]any{"sentAt": recent})
	s.answered(first, "destijds", map[string]any{"to": to, "sentAt": old})
	s.answered(second, "aan de tweede", map[string]any{"inReplyTo": late.ID, "sentAt": recent})
	s.answered(second, "aan het nummer", map[string]any{"to": to, "sentAt": recent})
	s.answered(second, "aan de tweede zonder adres", map[string]any{"sentAt": recent})
	s.answered(second, "te vroeg", map[string]any{"sentAt": old})
	check := func(first, second identity.CustomerID) {
		t.Helper()
		s.expectHistory(first, "the first", "van de eerste", "op de vraag", "op de vraag en het nummer", "zonder adres", "destijds")
		s.expectHistory(second, "the second", "van de tweede", "aan de tweede", "aan het nummer", "aan de tweede zonder adres", "te vroeg")
	}
	check(first, second)
	repeat := map[string]any{"id": fmt.Sprintf("%x", "op de vraag"), "text": "op de vraag", "inReplyTo": early.ID, "sentAt": recent}
	s.Do(call{Route: answerRoute, Path: id(first), Body: sent(repeat)}).Expect(http.StatusOK)

	// The next move takes the number from the second customer.
	s.moves(phone(1).Alias, second, "")
	s.expectHistory(first, "the first after the next move", "van de eerste", "op de vraag", "op de vraag en het nummer", "zonder adres", "destijds")
	s.Do(call{Route: answerRoute, Path: id(first), Body: sent(repeat)}).Expect(http.StatusOK)
}

// A number that its owner left is free until the next person writes from it.
func TestRecordAnswer_FreeNumber(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 60, "van Jan").CustomerID
	left := identity.Evidence{Rule: identity.RuleSystem, At: now.Add(-30 * time.Minute)}
	if _, err := s.Table.Customers.Identify(t.Context(), []identity.Address{phone(1), phone(2)}, left); err != nil {
		t.Fatal(err)
	}
	to := "phone:" + phone(1).Value
	m := s.answered(who, "destijds", map[string]any{"to": to, "sentAt": now.Add(-45 * time.Minute).Format(time.RFC3339)})
	if m.Customer != phone(1) {
		t.Errorf("the answer went to %+v, want %+v", m.Customer, phone(1))
	}
	late := sent(map[string]any{"to": to, "sentAt": now.Add(-time.Minute).Format(time.RFC3339)})
	s.Do(call{Route: answerRoute, Path: id(who), Body: late}).ExpectRefusal(http.StatusBadRequest, "an alias of this customer")
}

// The customer's other number is preferred to one that moved.
func TestRecordAnswer_OtherNumberOfCustomer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 100, "van het nieuwe nummer").CustomerID
	other := s.Says(phone(2), message.WhatsApp, 90, "van het oude nummer").CustomerID
	if _, err := s.Table.Customers.MergeCustomers(t.Context(), who, other, identity.Decision{By: "agent-7", Why: "een mens", At: now}); err != nil {
		t.Fatal(err)
	}
	s.moves(phone(2).Alias, who, "")
	if m := s.answered(who, "antwoord", nil); m.Customer != phone(1) {
		t.Errorf("the answer went to %+v, want the number that the customer has", m.Customer)
	}
}

// The states of an answer to a moved number arrive for its new owner.
func TestRecordAnswer_StateOfMovedNumber(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	early := s.Says(phone(1), message.WhatsApp, 90, "van de eerste")
	first := early.CustomerID
	second := s.moves(phone(1).Alias, first, "")
	m := s.answered(first, "antwoord", map[string]any{"inReplyTo": early.ID, "providerId": "wamid.A"})
	effect := message.Effect{
		Channel: message.WhatsApp, Customer: phone(1), Target: m.ProviderID, Kind: message.Status, Status: "delivered", At: now.Add(-time.Minute),
	}
	if _, err := s.Table.Messages.PutEffect(t.Context(), second, effect); err != nil {
		t.Fatal(err)
	}
	var p struct{ Messages []message.Entry }
	s.Do(call{Route: historyRoute, Path: id(first), Query: map[string]string{"limit": "1"}}).Into(http.StatusOK, &p)
	if len(p.Messages) != 1 || p.Messages[0].State == nil || p.Messages[0].State.Status != "delivered" {
		t.Errorf("the answer of the first: %+v, want it delivered", p.Messages)
	}
}

// An agent registers a call that took place before the customer got its alias.
func TestRecordContact_BeforeMove(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.Says(phone(1), message.WhatsApp, 90, "van de eerste").CustomerID
	second := s.moves(phone(1).Alias, first, "")
	s.Do(call{Route: recordRoute, Path: id(second), Body: phoned(map[string]any{"text": "gebeld", "at": now.Add(-80 * time.Minute).Format(time.RFC3339)})}).Expect(http.StatusCreated)
	s.expectHistory(first, "the first", "van de eerste")
	s.expectHistory(second, "the second", "gebeld")
}

func TestSendAnswer_MovedAddress(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.Customer(apitest.Els)
	early := s.Mails(first, message.Message{Subject: "pakket", Text: "van de eerste"})
	s.Do(call{Route: replyRoute, Path: id(first), Body: written(nil)}).Expect(http.StatusAccepted)
	second := s.moves(apitest.Els.Alias, first, "")
	s.Do(call{Route: replyRoute, Path: id(first), Body: written(nil)}).Expect(http.StatusOK)
	again := func(changes map[string]any) map[string]any {
		return changed(written(map[string]any{"id": replyID2, "text": "nog iets"}), changes)
	}
	s.Do(call{Route: replyRoute, Path: id(first), Body: again(map[string]any{"inReplyTo": early.ID})}).ExpectRefusal(http.StatusConflict, "another customer")
	s.Do(call{Route: replyRoute, Path: id(first), Body: again(nil)}).ExpectRefusal(http.StatusBadRequest, "subject is required")
	s.Do(call{Route: replyRoute, Path: id(first), Body: again(map[string]any{"subject": "pakket"})}).ExpectRefusal(http.StatusConflict, "another customer")
	s.Do(call{Route: replyRoute, Path: id(second), Body: again(map[string]any{"subject": "welkom"})}).Expect(http.StatusAccepted)
	s.expectHistory(second, "the second", "nog iets", written(nil)["text"].(string))
}

func TestSendAnswer_MailsWithOneID(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	jan := apitest.Verified(identity.Email, "", "jan@voorbeeld.example")
	one, other := s.Customer(apitest.Els), s.Customer(jan)
	mail := s.Mails(one, message.Message{Subject: "pakket"})
	s.Mails(other, message.Message{Subject: "pakket", Customer: jan})
	if _, err := s.Table.Customers.MergeCustomers(t.Context(), one, other, identity.Decision{By: "agent-7", Why: "een mens", At: now}); err != nil {
		t.Fatal(err)
	}
	s.Do(call{Route: replyRoute, Path: id(one), Body: written(map[string]any{"inReplyTo": mail.ID})}).ExpectRefusal(http.StatusConflict, "several mails")
}
