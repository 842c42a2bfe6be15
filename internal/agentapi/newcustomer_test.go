package agentapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

const createRoute = "POST /v1/customers"

func TestCreateCustomer_UnknownCaller(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.Agents.Country = "31"
	var first, again, found profile
	s.Do(call{Route: createRoute, Body: map[string]any{"phone": "06-12345678", "name": "Jan Voorbeeld"}}).Into(http.StatusCreated, &first)
	s.Do(call{Route: createRoute, Body: map[string]any{"phone": "+31 6 12345678", "name": "Jan Voorbeeld"}}).Into(http.StatusOK, &again)
	if first.ID == "" || first.ID != again.ID {
		t.Errorf("got customers %q and %q, want one", first.ID, again.ID)
	}
	want := identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: "31612345678"}, Assurance: identity.Claimed}
	if len(first.Aliases) != 1 || first.Aliases[0] != want {
		t.Errorf("aliases: got %+v, want the claimed number", first.Aliases)
	}
	s.Do(call{Route: findRoute, Query: map[string]string{"phone": "06 12345678"}}).Into(http.StatusOK, &found)
	if found.ID != first.ID {
		t.Errorf("by number: got %s, want %s", found.ID, first.ID)
	}
	if got := s.found("jan voorbeeld"); got[first.ID] == nil {
		t.Errorf("by name: got %v, want %s", got, first.ID)
	}
}

// A caller whose number wrote before is that customer.
func TestCreateCustomer_KnownCaller(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	known := s.Says(phone(1), message.WhatsApp, 10, "Hallo?").CustomerID
	var found profile
	s.Do(call{Route: createRoute, Body: map[string]any{"phone": "+" + phone(1).Value}}).Into(http.StatusOK, &found)
	if found.ID != string(known) {
		t.Errorf("got customer %s, want %s", found.ID, known)
	}
}

func TestCreateCustomer_Refusals(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for says, body := range map[string]map[string]any{
		"either phone or email": {},
		"give either phone":     {"phone": "+31612345678", "email": "jan@voorbeeld.example"},
		"phone: ":               {"phone": "drie"},
		"email: ":               {"email": "jan"},
		"there is no member":    {"phone": "+31612345678", "names": "Jan"},
	} {
		s.Do(call{Route: createRoute, Body: body}).ExpectRefusal(http.StatusBadRequest, says)
	}
	long := map[string]any{"phone": "+31612345678", "name": strings.Repeat("n", 300)}
	s.Do(call{Route: createRoute, Body: long}).ExpectRefusal(http.StatusRequestEntityTooLarge, "name must have at most 256 bytes")
	s.Do(call{Route: createRoute, Body: map[string]any{"phone": "+31612345678"}, Claims: with(map[string]string{"scope": "customers:read"})}).Expect(http.StatusForbidden)
}

// An agent who registers a call need not know its reason.
func TestRecordContact_WithoutReason(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	who := s.Says(phone(1), message.WhatsApp, 10, "Hallo?").CustomerID
	for name, changes := range map[string]map[string]any{
		"none":    {"reason": "", "text": "Klant begrijpt de factuur niet"},
		"unknown": {"reason": "unknown", "text": "Klant begrijpt de factuur niet"},
	} {
		var m message.Message
		s.Do(call{Route: recordRoute, Path: id(who), Body: phoned(changed(changes, map[string]any{"id": name}))}).Into(http.StatusCreated, &m)
		if m.Reason != "" {
			t.Errorf("%s: reason %q, want none: triage finds it", name, m.Reason)
		}
	}
	s.Do(call{Route: recordRoute, Path: id(who), Body: phoned(map[string]any{"reason": "unknown", "text": ""})}).ExpectRefusal(http.StatusBadRequest, "give a reason or")
}
