package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/httpapi"
)

func TestATableThatDoesNotAnswerInTimeIsSaidInTime(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := id(s.says(phone(1), contact.WhatsApp, 5, "hallo").CustomerID)
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond) // less than answering takes
	defer cancel()
	ev := call{route: historyRoute, path: path}.event(t)
	resp, err := httpapi.Lambda(s.agents.Handler())(ctx, ev)
	if err != nil {
		t.Fatal(err)
	}
	conform(t, ev, resp)
	answer{t, resp.StatusCode, resp.Headers, resp.Body}.refused(http.StatusServiceUnavailable, "may work later")
	if resp.Headers["Retry-After"] == "" || strings.Contains(resp.Body, "deadline") {
		t.Errorf("%v %s", resp.Headers, resp.Body)
	}
}

func TestAFailureOfOursTellsNothingOfIt(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	m := contact.Message{
		Version: contact.SchemaVersion, Channel: contact.Email, Direction: contact.Inbound, Kind: contact.Mail, Customer: phone(1),
		ProviderID: "a@voorbeeld.example", SentAt: now, CustomerID: s.customer(phone(1)),
	}
	m.ID = contact.NewID(m.Channel, m.SentAt, m.ProviderID)
	if err := s.blobs.Put(t.Context(), "c/1/m/x.json", "application/json", []byte(`{"id":"another"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.table.PutMessage(t.Context(), m, "c/1/m/x.json"); err != nil {
		t.Fatal(err)
	}
	a := s.do(call{route: historyRoute, path: id(m.CustomerID)})
	a.refused(http.StatusInternalServerError, "something went wrong here")
	if strings.Contains(a.body, "preview") {
		t.Error(a.body)
	}
}
