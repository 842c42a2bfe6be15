package store_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// counter is a meter that sums up.
type counter struct {
	mu  sync.Mutex
	sum map[string]int
}

func (c *counter) Count(_, _ string, add map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sum == nil {
		c.sum = map[string]int{}
	}
	for name, n := range add {
		c.sum[name] += n
	}
}

// setText overwrites one attribute of an item.
func setText(t *testing.T, db *dynamodb.Client, pk, sk, attribute, value string) {
	t.Helper()
	_, err := db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName:                aws.String(storetest.Name),
		Key:                      map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}},
		UpdateExpression:         aws.String("SET #a = :v"),
		ExpressionAttributeNames: map[string]string{"#a": attribute},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":v": &types.AttributeValueMemberS{Value: value},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestProblems_UnreadableProblem(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	counts := &counter{}
	table.Meter = counts
	for i := range 4 {
		p, events := problem.Open(problem.Seed{ID: fmt.Sprint("p", i), Reason: fmt.Sprint("r", i), Department: "billing"}, start.Add(time.Duration(i)*time.Minute))
		if err := table.Problems.Create(t.Context(), problem.Record{Problem: p, Events: events}, nil); err != nil {
			t.Fatal(err)
		}
	}
	setText(t, db, "P#p2", "P", "j", "{")
	lists := map[string]func(limit int, cursor string) ([]problem.Record, string, error){
		"Problems": func(limit int, cursor string) ([]problem.Record, string, error) {
			return table.Problems.List(t.Context(), "billing", "", limit, cursor)
		},
		"ProblemsOfDepartments": func(limit int, cursor string) ([]problem.Record, string, error) {
			return table.Problems.ProblemsOfDepartments(t.Context(), []string{"billing", "it"}, "", limit, cursor)
		},
	}
	for name, list := range lists {
		for limit := 1; limit < 5; limit++ {
			var got []string
			for cursor := ""; ; {
				page, next, err := list(limit, cursor)
				if err != nil {
					t.Fatalf("%s, limit %d: %v", name, limit, err)
				}
				for _, p := range page {
					got = append(got, p.ID)
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			if diff := cmp.Diff([]string{"p3", "p1", "p0"}, got); diff != "" {
				t.Errorf("%s, limit %d: %s", name, limit, diff)
			}
		}
	}
	if want := map[string]int{"UnreadableItems": 8}; !maps.Equal(counts.sum, want) {
		t.Errorf("counts %v, want %v", counts.sum, want)
	}
}

func TestAnnouncedCandidates_UnreadableCandidate(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	counts := &counter{}
	table.Meter = counts
	now := time.Now().UTC()
	for i, id := range []string{"t1", "t2", "t3"} {
		if err := table.Candidates.Announce(t.Context(), problem.AnnouncedCandidate{ID: id, Expires: now.Add(time.Hour)}, int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	setText(t, db, "U#told", "T#t2", "j", "{")
	all, count, err := table.Candidates.Announced(t.Context(), now)
	if err != nil || len(all) != 2 || count != 3 {
		t.Errorf("%d candidates, count %d, error %v; want 2, count 3", len(all), count, err)
	}
	if counts.sum["UnreadableItems"] != 1 {
		t.Errorf("counts %v, want 1 unreadable item", counts.sum)
	}
}

func TestWaitingContacts_UnreadableContact(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	counts := &counter{}
	table.Meter = counts
	for i := range 3 {
		at := start.Add(time.Duration(i) * time.Minute)
		k := contact.Contact{ID: fmt.Sprint("k", i), Customer: identity.CustomerID(fmt.Sprint("c", i)), Start: at, WaitingSince: at, Department: "billing"}
		if err := table.Contacts.Save(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	// The list reads the index, which has the key, and not the causes.
	good, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(storetest.Name), Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "C#c1"}, "sk": &types.AttributeValueMemberS{Value: fmt.Sprintf("K#%013d#k1", start.Add(time.Minute).UnixMilli())},
	}})
	if err != nil || good.Item == nil {
		t.Fatalf("contact %v, error %v", good.Item, err)
	}
	good.Item["sk"] = &types.AttributeValueMemberS{Value: "K#x"}
	if _, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(storetest.Name), Item: good.Item}); err != nil {
		t.Fatal(err)
	}
	list, _, err := table.Contacts.WaitingContacts(t.Context(), []string{"billing"}, 10, "")
	if err != nil || len(list) != 3 {
		t.Errorf("%d waiting contacts, error %v; want 3", len(list), err)
	}
	if counts.sum["UnreadableItems"] != 1 {
		t.Errorf("counts %v, want 1 unreadable item", counts.sum)
	}
}
