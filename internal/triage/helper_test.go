package triage_test

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/taxonomy"
	"github.com/heard-intake/heard/internal/telemetry"
	"github.com/heard-intake/heard/internal/triage"
)

var (
	amsterdam = mustZone("Europe/Amsterdam")
	shop      = mustTaxonomy("../../infra/taxonomy.yaml")
	// start is in the past, and recent enough that its records have not expired.
	start = time.Now().UTC().Truncate(24 * time.Hour).Add(-48*time.Hour + 10*time.Hour)
)

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

func mustTaxonomy(file string) *taxonomy.Taxonomy {
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	t, err := taxonomy.Load(data)
	if err != nil {
		panic(err)
	}
	return t
}

func newTriage(t testing.TB) (*triage.Triage, *store.Table) {
	t.Helper()
	table := storetest.New(t)
	return on(table), table
}

func on(table *store.Table) *triage.Triage {
	m := telemetry.NewMeter("triage")
	m.Out = io.Discard
	return &triage.Triage{Store: triage.StoreOf(table), Taxonomy: shop, Zone: amsterdam, Meter: m, Now: time.Now}
}

const (
	unclear = "Ik snap mijn factuur niet"
	cause   = "invoice-unclear"
)

func says(customer, n int, after time.Duration, text string) message.Message {
	at := start.Add(after)
	provider := fmt.Sprintf("m-%d-%d", customer, n)
	return message.Message{
		Version: message.SchemaVersion, ID: message.NewID(message.WhatsApp, at, provider), Channel: message.WhatsApp,
		CustomerID: identity.CustomerID(fmt.Sprintf("c%03d", customer)), Direction: message.Inbound, Kind: message.Text,
		ProviderID: provider, SentAt: at, Text: text,
		Customer: identity.Address{Alias: identity.Alias{Kind: identity.Phone, Value: fmt.Sprintf("31970100%05d", customer)}, Assurance: identity.Verified},
	}
}

func answered(m message.Message) message.Message {
	m.Direction, m.Text = message.Outbound, "Dat zoeken we uit."
	return m
}

// readingsOf returns the readings of messages by the taxonomy of the shop.
func readingsOf(ms []message.Message) []contact.Reading {
	readings := contact.Read(ms, nil)
	for i, m := range ms {
		if m.Direction != message.Inbound {
			continue
		}
		for _, r := range shop.ClassifyAll(m.Text, taxonomy.Hints{}, nil) {
			if r.Reason != "" {
				readings[i].Causes = append(readings[i].Causes, contact.Cause{Reason: r.Reason, Product: r.Product, Department: r.Department, Message: m.ID})
			}
		}
	}
	return readings
}

// put stores messages like the intake function does.
func put(t testing.TB, table *store.Table, ms ...message.Message) {
	t.Helper()
	for _, m := range ms {
		if _, err := table.Messages.Put(t.Context(), m, ""); err != nil {
			t.Fatal(err)
		}
	}
}

// batchOf returns the stream event of messages that were just stored.
func batchOf(ms ...message.Message) events.DynamoDBEvent {
	ev, err := storetest.MessageEvent(ms...)
	if err != nil {
		panic(err) // the messages of this test cannot be encoded
	}
	return ev
}

func handle(t testing.TB, tr *triage.Triage, ms ...message.Message) {
	t.Helper()
	resp, err := tr.Handle(t.Context(), batchOf(ms...))
	if err != nil || len(resp.BatchItemFailures) > 0 {
		t.Fatal(resp, err)
	}
}

func problems(t testing.TB, table *store.Table, department string) []problem.Record {
	t.Helper()
	ps, _, err := table.Problems.List(t.Context(), department, "", 100, "")
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

// testTriage is triage with its own clock and table.
type testTriage struct {
	*triage.Triage
	table *store.Table
}

// later returns a triage whose clock is ahead by after.
func later(t testing.TB, after time.Duration) testTriage {
	tr, table := newTriage(t)
	tr.Now = func() time.Time { return time.Now().Add(after) }
	return testTriage{tr, table}
}

func mustRead(file string) []byte {
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	return data
}
