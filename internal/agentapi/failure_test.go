package agentapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/test/apitest"
)

func TestDeadline_SlowTable(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := id(s.Says(phone(1), message.WhatsApp, 5, "hallo").CustomerID)
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond) // less than answering takes
	defer cancel()
	ev := call{Route: historyRoute, Path: path}.Event(t)
	resp, err := httpapi.Lambda(s.Agents.Handler())(ctx, ev)
	if err != nil {
		t.Fatal(err)
	}
	apitest.Conform(t, ev, resp)
	answer{T: t, Status: resp.StatusCode, Header: resp.Headers, Body: resp.Body}.ExpectRefusal(http.StatusServiceUnavailable, "could not be completed now")
	if resp.Headers["Retry-After"] == "" || strings.Contains(resp.Body, "deadline") {
		t.Errorf("%v %s", resp.Headers, resp.Body)
	}
}

func TestInternalError_NoDetail(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	m := message.Message{
		Version: message.SchemaVersion, Channel: message.Email, Direction: message.Inbound, Kind: message.Mail, Customer: phone(1),
		ProviderID: "a@voorbeeld.example", SentAt: now, CustomerID: s.Customer(phone(1)),
	}
	m.ID = message.NewID(m.Channel, m.SentAt, m.ProviderID)
	if err := s.Blobs.Put(t.Context(), "c/1/m/x.json", "application/json", []byte(`{"id":"another"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Table.Messages.Put(t.Context(), m, "c/1/m/x.json"); err != nil {
		t.Fatal(err)
	}
	a := s.Do(call{Route: historyRoute, Path: id(m.CustomerID)})
	a.ExpectRefusal(http.StatusInternalServerError, "an internal error")
	if strings.Contains(a.Body, "preview") {
		t.Error(a.Body)
	}
}
