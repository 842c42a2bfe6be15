package agentapi_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/triage"
)

const renewRoute = "POST /v1/reclassify"

type renewed struct {
	Taxonomy        string
	Examined, Found int
	Changes         []struct {
		Was, Now []string
		Contacts int
	}
	Cursor   string
	Complete bool
}

type silent struct{}

func (silent) Count(string, string, map[string]int) {}

// triaged runs triage on stream records, each of them twice.
func (s *stack) triaged(tax *taxonomy.Taxonomy, records ...events.DynamoDBEventRecord) {
	s.T.Helper()
	tr := &triage.Triage{Store: triage.StoreOf(s.Table), Taxonomy: tax, Zone: time.UTC, Meter: silent{}, Now: func() time.Time { return now }}
	ev := events.DynamoDBEvent{Records: slices.Concat(records, records)}
	for i := range ev.Records {
		ev.Records[i].Change.SequenceNumber = "1"
	}
	resp, err := tr.Handle(s.T.Context(), ev)
	if err != nil || len(resp.BatchItemFailures) > 0 {
		s.T.Fatal(resp, err)
	}
}

// walked follows the cursors to the end of the table. It returns the sums.
func (s *stack) walked(body map[string]any) (found int, changes map[string]int) {
	s.T.Helper()
	changes = map[string]int{}
	for {
		var some renewed
		s.Do(call{Route: renewRoute, Body: body}).Into(http.StatusOK, &some)
		found += some.Found
		for _, d := range some.Changes {
			changes[fmt.Sprint(d.Was, d.Now)] += d.Contacts
		}
		if some.Complete != (some.Cursor == "") || len(some.Cursor) > 200 {
			s.T.Fatalf("complete %v, cursor %q", some.Complete, some.Cursor)
		}
		if some.Complete {
			return found, changes
		}
		body["cursor"] = some.Cursor
	}
}

// Contacts that an older model classified are outdated, unless no model is in use.
func TestReclassify_OlderModel(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i, model := range []string{"", "m1", "m2"} {
		k := contact.Contact{
			ID: "k" + fmt.Sprint(i), Customer: "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e90", Start: now.Add(-time.Hour), Department: contact.Unassigned,
			Taxonomy: s.Agents.Taxonomy().Version, Model: model,
		}
		if err := s.Table.Contacts.Save(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	since := now.Add(-24 * time.Hour).Format(time.RFC3339)
	for model, want := range map[string]int{"": 0, "m2": 2, "m3": 3} {
		s.Agents.ModelID = func(context.Context) string { return model }
		if got, _ := s.walked(map[string]any{"reason": "unknown", "since": since, "dryRun": true}); got != want {
			t.Errorf("with the model %q in use: got %d outdated contacts, want %d", model, got, want)
		}
	}
}

// A dry run shows the new reasons of contacts that an older taxonomy classified.
// The real run has triage classify them again, and the counts of problems
// follow. Other contacts keep their version. A second run finds none.
func TestReclassify_ReasonOfOlderTaxonomy(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	data, err := os.ReadFile("../../infra/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), `version: "2026-01"`, `version: "2025-12"`, 1)
	old, err := taxonomy.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range old.Reasons {
		if r := &old.Reasons[i]; r.ID == "invoice-unclear" { // not recognised, as written or through the lexicon
			r.Names = taxonomy.Text{NL: "Xqzkw", EN: "Xqzkw"}
			r.Phrases = taxonomy.Phrases{NL: []string{"xqzkw"}, EN: []string{"xqzkw"}}
			r.Negatable = taxonomy.Phrases{}
		}
	}
	var arrived []events.DynamoDBEventRecord
	says := func(n int, text string) message.Message {
		a := verified(identity.Phone, "", fmt.Sprintf("319701006%02d", n))
		m := s.Put(message.Message{Channel: message.WhatsApp, Direction: message.Inbound, Customer: a, Text: text}, 600-n)
		r, err := store.NewMessageRecord(m)
		if err != nil {
			t.Fatal(err)
		}
		arrived = append(arrived, r)
		return m
	}
	var unknown []message.Message
	for n := range 6 {
		unknown = append(unknown, says(n, "Ik snap mijn factuur niet"))
	}
	other := says(10, "Mijn pakket is te laat")
	s.triaged(old, arrived...)
	contactOf := func(m message.Message) contact.Contact {
		ks, _, err := s.Table.Contacts.List(t.Context(), m.CustomerID, 10, "")
		if err != nil || len(ks) != 1 {
			t.Fatal(ks, err)
		}
		return ks[0]
	}
	if k := contactOf(unknown[0]); len(k.Causes) != 0 || k.Taxonomy != "2025-12" {
		t.Fatalf("before: %+v", k)
	}
	since := now.Add(-24 * time.Hour).Format(time.RFC3339)
	dry := map[string]any{"reason": "unknown", "since": since, "dryRun": true}
	found, changes := s.walked(dry)
	if found != 6 || len(changes) != 1 || changes["[] [invoice-unclear]"] != 6 {
		t.Fatalf("dry: %d, %v", found, changes)
	}
	if k := contactOf(unknown[0]); len(k.Causes) != 0 {
		t.Errorf("a dry run changed %+v", k)
	}
	gone := now.Add(-2 * time.Hour)
	retired := contact.Contact{
		ID: "k-retired", Customer: "01931c2e-7a40-7c1e-9d3b-5f2a6c7d8e90", Start: gone, Taxonomy: "2025-12", Causes: []contact.Cause{{Reason: "fax-broken", Department: "it"}},
	}
	if err := s.Table.Contacts.Save(t.Context(), retired); err != nil {
		t.Fatal(err)
	}
	if n, _ := s.walked(map[string]any{"reason": "fax-broken", "retired": true, "since": since, "dryRun": true}); n != 1 {
		t.Errorf("%d contacts of a reason that is no more", n)
	}
	if n, _ := s.walked(map[string]any{"reason": "unknown", "since": now.Add(-2 * time.Hour).Format(time.RFC3339), "dryRun": true}); n != 0 {
		t.Errorf("%d contacts of another time", n)
	}
	if n, _ := s.walked(map[string]any{"reason": "unknown", "since": since}); n != 6 {
		t.Errorf("%d contacts were asked for", n)
	}
	var asked []events.DynamoDBEventRecord
	for _, m := range unknown {
		k := contactOf(m)
		asked = append(asked, store.NewReclassifyRecord(k.Customer, k.Start, k.ID))
	}
	s.triaged(s.Agents.Taxonomy(), asked...)
	if k := contactOf(unknown[0]); len(k.Causes) != 1 || k.Causes[0].Reason != "invoice-unclear" || k.Taxonomy != s.Agents.Taxonomy().Version {
		t.Errorf("after: %+v", k)
	}
	if k := contactOf(other); k.Taxonomy != "2025-12" {
		t.Errorf("got %+v, want it unchanged", k)
	}
	ps, _, err := s.Table.Problems.List(t.Context(), "billing", "", 10, "")
	if err != nil || len(ps) != 1 || ps[0].Customers != 6 || ps[0].Contacts != 6 {
		t.Errorf("problems %+v, %v", ps, err)
	}
	if n, _ := s.walked(map[string]any{"reason": "invoice-unclear", "since": since, "dryRun": true}); n != 0 {
		t.Errorf("%d are left", n)
	}
	if n, changes := s.walked(map[string]any{"reason": "delivery-late", "since": since}); n != 1 || len(changes) != 0 {
		t.Errorf("of one with the same reason as before: %d, %v", n, changes)
	}
	k := contactOf(other)
	s.triaged(s.Agents.Taxonomy(), store.NewReclassifyRecord(k.Customer, k.Start, k.ID))
	if k := contactOf(other); k.Taxonomy != s.Agents.Taxonomy().Version || len(k.Causes) != 1 {
		t.Errorf("it does not say that it was classified again: %+v", k)
	}
}

func TestReclassify_Invalid(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	since := now.Add(-time.Hour).Format(time.RFC3339)
	typo := map[string]any{"reason": "invoice-uncler", "since": since}
	s.Do(call{Route: renewRoute, Body: typo}).ExpectRefusal(http.StatusBadRequest, `no "invoice-uncler"; similar reasons are invoice-unclear, `)
	typo["retired"] = true
	s.Do(call{Route: renewRoute, Body: typo}).Expect(http.StatusOK)
	for name, body := range map[string]map[string]any{
		"no reason":               {"since": since},
		"a reason that is none":   {"reason": "\" OR 1", "since": since},
		"no time":                 {"reason": "unknown"},
		"a time that is none":     {"reason": "unknown", "since": "yesterday"},
		"a time to come":          {"reason": "unknown", "since": now.Add(time.Hour).Format(time.RFC3339)},
		"an end before the start": {"reason": "unknown", "since": since, "until": "2020-01-01T00:00:00Z"},
		"another list's cursor":   {"reason": "unknown", "since": since, "cursor": "AAAA"},
		"an unknown member":       {"reason": "unknown", "since": since, "dry": true},
	} {
		if a := s.Do(call{Route: renewRoute, Body: body}); a.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, a.Status)
		}
	}
}

// An example has the masked words of a customer, without names, numbers and
// ids.
func TestExamples_NoPersonalData(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := verified(identity.Phone, "", "31970100678")
	for i, text := range []string{"Mijn airfryer doet het niet meer, bel mij op 06-12345678", "Xqwelwrup!"} {
		a.Value = fmt.Sprintf("3197010067%d", i)
		m := s.Put(message.Message{Channel: message.WhatsApp, Direction: message.Inbound, Customer: a, Name: "Jan Voorbeeld", Text: text}, 30-i)
		c := contact.Correction{
			Customer: m.CustomerID, Message: m.ID, Until: now, By: "agent-7", At: now.Add(time.Duration(i) * time.Minute), Taxonomy: "2026-01",
			Causes: []contact.Cause{{Reason: "defect", Product: "air-fryer", Department: "product-quality", Message: m.ID}},
		}
		if err := s.Table.Contacts.PutCorrection(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	answer := s.Do(call{Route: "GET /v1/examples"})
	var got struct {
		Examples []struct {
			Text    string
			Reasons []contact.Cause
		}
	}
	answer.Into(http.StatusOK, &got)
	if len(got.Examples) != 2 || !strings.Contains(got.Examples[0].Text, "doet het niet meer") || got.Examples[1].Text != "" || got.Examples[0].Reasons[0].Reason != "defect" {
		t.Errorf("examples %+v", got.Examples)
	}
	for _, leak := range []string{"12345678", "Voorbeeld", "agent-7", "whatsapp", "customerId", "messageId"} {
		if strings.Contains(answer.Body, leak) {
			t.Errorf("%s in %s", leak, answer.Body)
		}
	}
	for until, want := range map[string]int{now.Format(time.RFC3339): 0, now.Add(time.Minute).Format(time.RFC3339): 1} {
		var page struct{ Examples []any }
		s.Do(call{Route: "GET /v1/examples", Query: map[string]string{"until": until}}).Into(http.StatusOK, &page)
		if len(page.Examples) != want {
			t.Errorf("until %s: %d", until, len(page.Examples))
		}
	}
	var first, second struct {
		Examples []any
		Cursor   string
	}
	s.Do(call{Route: "GET /v1/examples", Query: map[string]string{"limit": "1"}}).Into(http.StatusOK, &first)
	s.Do(call{Route: "GET /v1/examples", Query: map[string]string{"limit": "1", "cursor": first.Cursor}}).Into(http.StatusOK, &second)
	if len(first.Examples) != 1 || first.Cursor == "" || len(second.Examples) != 1 || second.Cursor != "" {
		t.Errorf("pages %+v %+v", first, second)
	}
}
