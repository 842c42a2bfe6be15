package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// seenAs is the n-th contact of a customer.
func seenAs(customer, n int) problem.Occurrence {
	at := start.Add(time.Duration(customer*5+n*7) * time.Hour)
	return problem.Occurrence{
		Customer: identity.CustomerID(fmt.Sprint("c", customer)), Contact: fmt.Sprintf("k%d.%d", customer, n), At: at, Day: at.Format(time.DateOnly),
	}
}

// alter adds contacts to a problem and removes them, as callers do: it repeats
// until no other write was faster. It stops after breaks writes, unless breaks is
// negative.
func alter(ctx context.Context, table *store.Table, id string, gone, seen []problem.Occurrence, breaks int) error {
	for {
		var who []identity.CustomerID
		for _, s := range slices.Concat(gone, seen) {
			if !slices.Contains(who, s.Customer) {
				who = append(who, s.Customer)
			}
		}
		known, err := table.Problems.AffectedAmong(ctx, id, who)
		if err != nil {
			return err
		}
		var changes []problem.AffectedChange
		for _, c := range who {
			others := func(s problem.Occurrence) bool { return s.Customer != c }
			was := known[c]
			was.Customer = c
			if ch, differs := was.With(slices.DeleteFunc(slices.Clone(gone), others), slices.DeleteFunc(slices.Clone(seen), others)); differs {
				changes = append(changes, ch)
			}
		}
		if breaks >= 0 {
			changes = changes[:min(breaks, len(changes))]
		}
		if err := table.Problems.ChangeAffected(ctx, id, changes); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
}

func TestChangeAffected_AnyOrder(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	rapid.Check(t, func(r *rapid.T) {
		const customers, contacts = 3, 3
		var first []problem.Affected
		var steps [][2][]problem.Occurrence // what goes, and what joins
		want := map[identity.CustomerID]problem.Affected{}
		for c := range customers {
			var begins, stays problem.Affected
			for n := range contacts {
				s := seenAs(c, n)
				switch rapid.SampledFrom([]string{"stays", "goes", "joins", "is none"}).Draw(r, "contact") {
				case "stays":
					begins.Occurrences, stays.Occurrences = append(begins.Occurrences, s), append(stays.Occurrences, s)
				case "goes":
					begins.Occurrences = append(begins.Occurrences, s)
					steps = append(steps, [2][]problem.Occurrence{{s}, nil})
				case "joins":
					stays.Occurrences = append(stays.Occurrences, s)
					steps = append(steps, [2][]problem.Occurrence{nil, {s}})
				}
			}
			begins.Customer, stays.Customer = seenAs(c, 0).Customer, seenAs(c, 0).Customer
			if len(begins.Occurrences) > 0 {
				first = append(first, begins)
			}
			if len(stays.Occurrences) > 0 {
				want[stays.Customer] = stays
			}
		}
		p, events := problem.Open(problem.Seed{ID: uuid.NewString(), Reason: uuid.NewString(), Department: "billing", Affected: first}, start)
		if err := table.Problems.Create(t.Context(), problem.Record{Problem: p, Events: events}, first); err != nil {
			r.Fatal(err)
		}
		breaks := rapid.IntRange(0, customers).Draw(r, "breaks off after")
		var wg sync.WaitGroup
		for range 2 {
			order := rapid.Permutation(steps).Draw(r, "order")
			wg.Go(func() {
				for some := range slices.Chunk(order, 4) {
					var gone, seen []problem.Occurrence
					for _, s := range some {
						gone, seen = append(gone, s[0]...), append(seen, s[1]...)
					}
					for _, breaks := range []int{breaks, -1} {
						if err := alter(t.Context(), table, p.ID, gone, seen, breaks); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		got, err := table.Problems.Get(t.Context(), p.ID)
		if err != nil {
			r.Fatal(err)
		}
		counted, days := 0, map[string]int{}
		for _, a := range want {
			for _, s := range a.Occurrences {
				counted++
				days[s.Day]++
				if s.At.Before(got.FirstSeen) || s.At.After(got.LastSeen) {
					r.Errorf("%v does not lie between %v and %v", s.At, got.FirstSeen, got.LastSeen)
				}
			}
		}
		if got.Customers != len(want) || got.Contacts != counted || !gocmp.Equal(got.PerDay, days) {
			r.Errorf("it counts %d customers, %d contacts, %v; want %d, %d, %v", got.Customers, got.Contacts, got.PerDay, len(want), counted, days)
		}
		listed, _, err := table.Problems.AffectedCustomers(t.Context(), p.ID, 100, "")
		if err != nil {
			r.Fatal(err)
		}
		for _, a := range listed {
			if diff := gocmp.Diff(want[a.Customer], a, gocmp.Transformer("at", func(at time.Time) int64 { return at.UnixMilli() }),
				gocmp.Transformer("of", func(s problem.Occurrence) string { return fmt.Sprint(s.Contact, s.Day, s.At.UnixMilli()) })); diff != "" {
				r.Error(diff)
			}
		}
	})
}

func TestChangeAffected_StaleRead(t *testing.T) {
	t.Parallel()
	table := storetest.New(t)
	who := problem.Affected{Customer: "c0"}
	one, _ := who.With(nil, []problem.Occurrence{seenAs(0, 0)})
	other, _ := who.With(nil, []problem.Occurrence{seenAs(0, 1)})
	both, _ := one.With(nil, []problem.Occurrence{seenAs(0, 1)})
	none, _ := one.With([]problem.Occurrence{seenAs(0, 0)}, nil)
	for _, tt := range []struct {
		name   string
		change problem.AffectedChange
		kind   fault.Kind
	}{
		{"the first contact", one, ""},
		{"another that took itself for the first", other, fault.Conflict},
		{"a second", both, ""},
		{"the first goes, and is no longer alone", none, fault.Conflict},
	} {
		if err := table.Problems.ChangeAffected(t.Context(), "p", []problem.AffectedChange{tt.change}); (err == nil) != (tt.kind == "") || err != nil && fault.KindOf(err) != tt.kind {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// One write unit takes a kilobyte.
func TestChangeAffected_WriteUnit(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	var seen []problem.Occurrence
	for n := range 15 {
		s := seenAs(0, n)
		s.Contact = fmt.Sprintf("%016d", n) // as long as an id is
		seen = append(seen, s)
	}
	id := uuid.NewString()
	c, _ := problem.Affected{Customer: identity.CustomerID(uuid.NewString())}.With(nil, seen)
	if err := table.Problems.ChangeAffected(t.Context(), id, []problem.AffectedChange{c}); err != nil {
		t.Fatal(err)
	}
	out, err := db.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String(storetest.Name), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: "P#" + id}},
	})
	if err != nil || len(out.Items) != 1 {
		t.Fatal(out, err)
	}
	size := 0
	for name, v := range out.Items[0] {
		size += len(name)
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			size += len(v.Value)
		case *types.AttributeValueMemberSS:
			size += 3 + len(strings.Join(v.Value, ""))
		}
	}
	if size > 1024 {
		t.Errorf("it has %d bytes", size)
	}
	t.Logf("%d bytes", size)
}
