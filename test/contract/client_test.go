package contract_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heard-intake/heard/client"
	"github.com/heard-intake/heard/internal/message"
)

// TestClient_EveryCall runs the public client against the API.
func TestClient_EveryCall(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	srv := httptest.NewServer(d.gateway)
	t.Cleanup(srv.Close)
	ctx := t.Context()
	token := d.token("customers:read", "customers:write", "register:write", "problems:read", "problems:write", "problems:all")
	c := &client.Client{URL: srv.URL, Token: client.Fixed(strings.TrimPrefix(token, "Bearer "))}
	who, err := c.Find(ctx, client.Alias{Kind: "phone", Value: "+31 97 0100678"})
	if err != nil || who.ID != string(d.who) || len(who.Aliases) == 0 {
		t.Fatalf("%+v %v", who, err)
	}
	start, err := c.Changes(ctx, who.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	d.Says(phone(8), message.WhatsApp, 1, "van een ander")
	said, err := c.Record(ctx, who.ID, client.Call{ID: "call-1", Channel: "phone", At: now.Add(-time.Hour), Reason: "invoice-unclear", Text: "gebeld over de factuur"})
	if err != nil || said.Channel != "phone" {
		t.Fatalf("%+v %v", said, err)
	}
	var texts []string
	for m, err := range c.History(ctx, who.ID, client.HistoryQuery{Oldest: true, PageSize: 1, From: now.Add(-24 * time.Hour)}) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, m.Text)
		if len(m.Raw) == 0 {
			t.Error("a message without what it came as")
		}
	}
	if want := []string{"Waar blijft mijn pakket?", "Het komt morgen.", "En hoe laat?", "Mijn factuur klopt niet", "gebeld over de factuur"}; !slices.Equal(texts, want) {
		t.Errorf("history %q", texts)
	}
	changes, err := c.Changes(ctx, who.ID, start.Cursor)
	if err != nil || !slices.ContainsFunc(changes.Messages, func(m client.Message) bool { return m.ID == said.ID }) {
		t.Errorf("changes %+v %v", changes, err)
	}
	for k, err := range c.Contacts(ctx, who.ID) {
		if err != nil || k.State != "waiting" {
			t.Errorf("%+v %v", k, err)
		}
	}
	waiting := 0
	for w, err := range c.Waiting(ctx, "logistics") {
		if waiting++; err != nil || w.CustomerID != who.ID {
			t.Errorf("%+v %v", w, err)
		}
	}
	if whose, err := c.Register(ctx, "K-2", client.Entry{Name: "Jan Voorbeeld", Phones: []string{"31970100678"}}); err != nil || whose != who.ID || waiting != 2 { // two contacts of theirs wait
		t.Error(whose, err, waiting)
	}
	for p, err := range c.Problems(ctx, "documentation") {
		if err != nil {
			t.Fatal(err)
		}
		if p, err = c.Update(ctx, p.ID, client.Update{To: "acknowledged", Version: p.Version}); err != nil || p.State != "acknowledged" {
			t.Errorf("%+v %v", p, err)
		}
	}
	if _, err := c.Customer(ctx, unknownCustomer()); !client.IsNotFound(err) || !strings.Contains(fmt.Sprint(err), "no such customer") {
		t.Error(err)
	}
}
