package triage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// damage overwrites one attribute of an item. mend writes the former value back.
func damage(t *testing.T, db *dynamodb.Client, pk, sk, attribute, value string) (mend func()) {
	t.Helper()
	k := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
	got, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(storetest.Name), Key: k, ConsistentRead: aws.Bool(true)})
	if err != nil || got.Item[attribute] == nil {
		t.Fatalf("item %s %s without %s: %v", pk, sk, attribute, err)
	}
	set := func(v types.AttributeValue) {
		t.Helper()
		_, err := db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(storetest.Name), Key: k, UpdateExpression: aws.String("SET #a = :v"),
			ExpressionAttributeNames:  map[string]string{"#a": attribute},
			ExpressionAttributeValues: map[string]types.AttributeValue{":v": v},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(&types.AttributeValueMemberS{Value: value})
	return func() { set(got.Item[attribute]) }
}

// An unreadable problem does not keep the contacts of its reason from the
// waiting list. After the mend, a replay of the dead letter and the customer's
// next message both record the evidence.
func TestHandle_UnreadableProblem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		damage func(t *testing.T, db *dynamodb.Client, id string) (mend func())
		reason string // of the dead letter; %s is the problem's id
		kind   fault.Kind
	}{
		"its item is malformed": {func(t *testing.T, db *dynamodb.Client, id string) func() {
			return damage(t, db, "P#"+id, "P", "j", "{")
		}, "cause invoice-unclear: problem %s: read problem", fault.Internal},
		"its cause names another one": {func(t *testing.T, db *dynamodb.Client, _ string) func() {
			return damage(t, db, "W#"+cause+"#", "O", "id", "gone")
		}, "cause invoice-unclear: problem gone: there is no such problem", fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, db := storetest.NewWithClient(t)
			tr := on(table)
			dead := newDeadQueue(t)
			tr.Dead = dead.letters()
			for c := range 5 {
				m := says(10+c, 1, time.Duration(c)*time.Minute, unclear)
				put(t, table, m)
				handle(t, tr, m)
			}
			id := problems(t, table, "billing")[0].ID
			mend := tt.damage(t, db, id)

			one, two := says(1, 1, time.Hour, unclear), says(2, 1, time.Hour, unclear)
			put(t, table, one, two)
			handle(t, tr, one, two)
			waiting, _, err := table.Contacts.WaitingContacts(t.Context(), []string{"billing"}, 10, "")
			if err != nil || len(waiting) != 7 {
				t.Errorf("%d contacts wait, error %v; want 7", len(waiting), err)
			}
			reason := tt.reason
			if strings.Contains(reason, "%s") {
				reason = fmt.Sprintf(reason, id)
			}
			letters := dead.take(t)
			if len(letters) != 2 {
				t.Fatalf("dead letters %+v, want one for each record", letters)
			}
			if a := letters[0].SetAside; a.Reason != reason || a.Kind != tt.kind {
				t.Errorf("set aside with %q of kind %s, want %q of kind %s", a.Reason, a.Kind, reason, tt.kind)
			}
			handle(t, tr, one) // delivered again
			if got := dead.take(t); len(got) != 1 {
				t.Errorf("the same record again gives dead letters %+v, want 1", got)
			}

			mend()
			handle(t, tr, one) // a replay
			next := says(2, 2, 61*time.Minute, "Hallo?")
			put(t, table, next)
			handle(t, tr, next)
			if got := dead.take(t); len(got) > 0 {
				t.Errorf("dead letters after the mend: %+v", got)
			}
			p, err := table.Problems.Get(t.Context(), id)
			if err != nil || p.Customers != 7 || p.Contacts != 7 {
				t.Errorf("the problem has %d contacts of %d customers, error %v; want 7 of 7", p.Contacts, p.Customers, err)
			}
			for _, customer := range []identity.CustomerID{"c001", "c002"} {
				if k := only(t, table, customer); len(k.Unrecorded) > 0 {
					t.Errorf("contact of %s still has unrecorded causes %+v", customer, k.Unrecorded)
				}
			}
		})
	}
}

// A correction while the problem cannot be read is saved, and takes the contact
// out of the problem after the mend.
func TestHandle_CorrectionWithUnreadableProblem(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	tr := on(table)
	dead := newDeadQueue(t)
	tr.Dead = dead.letters()
	for c := range 6 {
		m := says(10+c, 1, time.Duration(c)*time.Minute, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	id := problems(t, table, "billing")[0].ID
	mend := damage(t, db, "P#"+id, "P", "j", "{")
	correct(t, tr, table, "c010", "double-charge")
	if k := only(t, table, "c010"); len(k.Causes) != 1 || k.Causes[0].Reason != "double-charge" {
		t.Errorf("causes %+v, want the corrected one", k.Causes)
	}
	if got := dead.take(t); len(got) != 1 {
		t.Errorf("dead letters %+v, want 1", got)
	}
	mend()
	next := says(10, 2, 10*time.Minute, "Hallo?")
	put(t, table, next)
	handle(t, tr, next)
	p, err := table.Problems.Get(t.Context(), id)
	if err != nil || p.Customers != 5 {
		t.Errorf("the problem has %d customers, error %v; want 5", p.Customers, err)
	}
}

// An earlier message changes a contact's id while the problem cannot be read.
func TestHandle_EarlierMessageWithUnreadableProblem(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	tr := on(table)
	tr.Dead = newDeadQueue(t).letters()
	for c := range 6 {
		m := says(10+c, 1, time.Hour+time.Duration(c)*time.Minute, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	id := problems(t, table, "billing")[0].ID
	mend := damage(t, db, "P#"+id, "P", "j", "{")
	earlier := says(10, 2, 30*time.Minute, unclear)
	put(t, table, earlier)
	handle(t, tr, earlier)
	if k := only(t, table, "c010"); !k.Start.Equal(earlier.SentAt) {
		t.Errorf("the contact begins at %v, want %v", k.Start, earlier.SentAt)
	}
	mend()
	handle(t, tr, earlier)
	p, err := table.Problems.Get(t.Context(), id)
	if err != nil || p.Customers != 6 || p.Contacts != 6 {
		t.Errorf("the problem has %d contacts of %d customers, error %v; want 6 of 6", p.Contacts, p.Customers, err)
	}
}

// A merge while the problem cannot be read moves the contacts. A replay of the
// identity change corrects the problem after the mend.
func TestHandle_MergeWithUnreadableProblem(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	tr := on(table)
	dead := newDeadQueue(t)
	tr.Dead = dead.letters()
	for c := range 6 {
		m := says(10+c, 1, time.Duration(c)*time.Minute, unclear)
		put(t, table, m)
		handle(t, tr, m)
	}
	id := problems(t, table, "billing")[0].ID
	mend := damage(t, db, "P#"+id, "P", "j", "{")
	if _, err := table.Customers.MergeCustomers(t.Context(), "c010", "c011", identity.Decision{By: "agent", Why: "test", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	both := []identity.CustomerID{"c010", "c011"}
	change := changeEvent(identity.Change{Kind: identity.Merged, Before: [][]identity.CustomerID{both[:1], both[1:]}, After: [][]identity.CustomerID{both}}, both...)
	for _, during := range []bool{true, false} {
		if resp, err := tr.Handle(t.Context(), change); err != nil || len(resp.BatchItemFailures) > 0 {
			t.Fatal(resp, err)
		}
		if got := len(dead.take(t)) > 0; got != during {
			t.Errorf("dead letters: %v, want %v", got, during)
		}
		if during {
			mend()
		}
	}
	p, err := table.Problems.Get(t.Context(), id)
	if err != nil || p.Customers != 5 {
		t.Errorf("the problem has %d customers, error %v; want 5", p.Customers, err)
	}
	c, err := table.Customers.Get(t.Context(), "c011")
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range c.Members {
		want := 0
		if member == c.ID {
			want = 1
		}
		if ks, _, err := table.Contacts.List(t.Context(), member, 10, ""); err != nil || len(ks) != want {
			t.Errorf("%d contacts under %s, error %v; want %d", len(ks), member, err, want)
		}
	}
}
