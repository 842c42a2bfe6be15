package media_test

import (
	"testing"
	"time"

	"github.com/heard-intake/heard/infra/local/graph"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestHandle_Names(t *testing.T) {
	t.Parallel()
	psid := func(kind identity.Kind) identity.Address {
		return identity.Address{Alias: identity.Alias{Kind: kind, Scope: "page", Value: "7001"}, Assurance: identity.Verified}
	}
	tests := []struct {
		name    string
		kind    identity.Kind
		profile *graph.Profile
		fault   *graph.Fault
		token   string
		want    string
		tries   int
	}{
		{"a person on Messenger", identity.PSID, &graph.Profile{FirstName: "Els", LastName: "Voorbeeld"}, nil, "s3cret", "Els Voorbeeld", 1},
		{"an account on Instagram", identity.IGSID, &graph.Profile{Name: "Els maakt"}, nil, "s3cret", "Els maakt", 1},
		{"a person without a profile", identity.PSID, nil, nil, "s3cret", "", 1},
		{"token not set", identity.PSID, &graph.Profile{FirstName: "Els"}, nil, "", "", 1},
		{"temporary failure", identity.PSID, &graph.Profile{FirstName: "Els"}, &graph.Fault{Status: 500, Times: 2}, "s3cret", "Els", 3},
		{"permanent failure", identity.PSID, &graph.Profile{FirstName: "Els"}, &graph.Fault{Status: 500}, "s3cret", "", 6},
		{"refused token", identity.PSID, &graph.Profile{FirstName: "Els"}, nil, "old", "", 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.token.now = tt.token
			if tt.profile != nil {
				w.graph.SetProfile("7001", *tt.profile)
			}
			if tt.fault != nil {
				w.graph.Fail("/v24.0/7001", tt.fault)
			}
			a := psid(tt.kind)
			who, err := w.table.Customers.Identify(t.Context(), []identity.Address{a}, identity.Evidence{Rule: "webhook", At: at})
			if err != nil {
				t.Fatal(err)
			}
			w.enqueueJob(t, message.Job{Alias: "A#" + string(tt.kind) + "#" + w.table.Hash(string(tt.kind), a.Key())})
			for n := 1; n < tt.tries; n++ {
				if w.handleOnce(t) {
					t.Fatalf("done after try %d", n)
				}
				w.now = w.now.Add(time.Hour)
			}
			if !w.handleOnce(t) {
				t.Fatal("the job is not done")
			}
			if c, err := w.table.Customers.Get(t.Context(), who); err != nil || c.Name != tt.want {
				t.Errorf("name: got %q, %v", c.Name, err)
			}
		})
	}
}

func TestPutName_AfterRegister(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	plan, err := table.Customers.RegisterCustomer(t.Context(), identity.Registration{Account: "K-1", Name: "J. Voorbeeld", At: at})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Customers.PutShownName(t.Context(), plan.Customer, "Jantje"); err != nil {
		t.Fatal(err)
	}
	if c, err := table.Customers.Get(t.Context(), plan.Customer); err != nil || c.Name != "J. Voorbeeld" {
		t.Errorf("name: got %q, %v", c.Name, err)
	}
}
