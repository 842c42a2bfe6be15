package store_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/store/storetest"
)

func TestPutConsent_MergedCustomers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a, b := s.says(1, "x", phone(1)), s.says(2, "x", bsuid(1))
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
	put := func(c identity.CustomerID, k identity.Consent) {
		t.Helper()
		if err := s.table.Customers.PutConsent(t.Context(), c, k); err != nil {
			t.Fatal(err)
		}
	}
	stop := identity.Consent{Channel: "whatsapp", Account: "a#1", Category: "marketing_messages", At: at(5)}
	resume := stop
	resume.Granted, resume.At = true, at(4)
	put(a, stop)
	put(b, resume)
	tie := identity.Consent{Channel: "messenger", Category: "notification_messages", Granted: true, At: at(6)}
	put(a, tie)
	tie.Granted = false
	put(a, tie)
	s.one(a, b, s.says(3, "x", phone(1), bsuid(1)))
	c, err := s.table.Customers.Get(t.Context(), a)
	if diff := cmp.Diff([]identity.Consent{tie, stop}, c.Consents); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestPutConsent_ProfileSize(t *testing.T) {
	t.Parallel()
	table, db := storetest.NewWithClient(t)
	who, err := table.Customers.Identify(t.Context(), []identity.Address{phone(1)}, evidence)
	if err != nil {
		t.Fatal(err)
	}
	other := identity.Consent{Channel: "messenger", Account: "page", Category: "notification_messages", Granted: true, At: start}
	last := identity.Consent{Channel: "whatsapp", Account: "a", Category: "marketing_messages"}
	said := []identity.Consent{other}
	for day := range 200 {
		last.Granted, last.At = day%2 == 0, start.AddDate(0, 0, day)
		said = append(said, last)
	}
	for _, k := range append(said, said[:50]...) { // the first come again
		if err := table.Customers.PutConsent(t.Context(), who, k); err != nil {
			t.Fatal(err)
		}
	}
	c, err := table.Customers.Get(t.Context(), who)
	if diff := cmp.Diff([]identity.Consent{other, last}, c.Consents); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	out, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(storetest.Name), Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "C#" + string(who)}, "sk": &types.AttributeValueMemberS{Value: "P"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if lines, ok := out.Item["co"].(*types.AttributeValueMemberSS); !ok || len(lines.Value) > 45 {
		t.Errorf("the profile has %v", out.Item["co"])
	}
}
