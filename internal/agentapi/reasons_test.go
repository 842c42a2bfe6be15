package agentapi_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
)

type contactReasons struct {
	ContactID   string
	Reasons     []contact.Cause
	Suggestions []struct {
		Reason, FoundBy, Department string
		Words                       []string
		Names                       struct{ NL, EN string }
	}
	Taxonomy string
}

func TestGetReasons(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	tax := s.Agents.Taxonomy()
	ask := func(text, phone string) contactReasons {
		t.Helper()
		m := s.Put(message.Message{Channel: message.WhatsApp, Direction: message.Inbound, Customer: verified(identity.Phone, "", phone), Text: text}, 600)
		r, err := store.NewMessageRecord(m)
		if err != nil {
			t.Fatal(err)
		}
		s.triaged(tax, []events.DynamoDBEventRecord{r}...)
		ks, _, err := s.Table.Contacts.List(t.Context(), m.CustomerID, 10, "")
		if err != nil || len(ks) != 1 {
			t.Fatal(ks, err)
		}
		var got contactReasons
		path := map[string]string{"id": string(m.CustomerID), "contact": ks[0].ID}
		s.Do(call{Route: "GET /v1/customers/{id}/contacts/{contact}/reasons", Path: path}).Into(http.StatusOK, &got)
		if got.ContactID != ks[0].ID || got.Taxonomy != tax.Version {
			t.Errorf("got contact %s of taxonomy %s, want %s of %s", got.ContactID, got.Taxonomy, ks[0].ID, tax.Version)
		}
		return got
	}
	known := ask("Ik snap mijn factuur niet", "31970100601")
	if len(known.Reasons) != 1 || known.Reasons[0].FoundBy != contact.ByPhrase {
		t.Errorf("reasons = %+v, want one found by a phrase", known.Reasons)
	}
	if len(known.Suggestions) == 0 || known.Suggestions[0].Reason != "invoice-unclear" || known.Suggestions[0].Names.EN == "" || known.Suggestions[0].Department != "billing" {
		t.Errorf("suggestions = %+v, want invoice-unclear of billing first", known.Suggestions)
	}
	unknown := ask("goedemorgen allemaal", "31970100602")
	if unknown.Reasons == nil || len(unknown.Reasons) != 0 || unknown.Suggestions == nil || len(unknown.Suggestions) > 3 {
		t.Errorf("got %+v, want no reasons and at most three suggestions", unknown)
	}
	s.Do(call{Route: "GET /v1/customers/{id}/contacts/{contact}/reasons", Path: map[string]string{"id": "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e9f", "contact": "none"}}).Expect(http.StatusNotFound)
}
