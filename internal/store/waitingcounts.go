package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
)

// countedPage is how many waiting contacts one read of [Contacts.CountWaiting] returns.
const countedPage = 1000

// CountWaiting counts the contacts that wait for departments at a time, and stores the
// counts for [Contacts.WaitingCounts]. It reads each waiting contact and each claim in
// the index once.
func (t Contacts) CountWaiting(ctx context.Context, departments []string, at time.Time) error {
	holders, err := t.holders(ctx, at)
	if err != nil {
		return fmt.Errorf("count who waits: %w", err)
	}
	counts := contact.WaitingCounts{At: at, Departments: []contact.DepartmentCount{}, Holders: []contact.HolderCount{}}
	for cursor := ""; ; {
		waiting, next, err := t.WaitingContacts(ctx, departments, countedPage, cursor)
		if err != nil {
			return fmt.Errorf("count who waits: %w", err)
		}
		for _, w := range waiting {
			var holder *contact.Party
			if h, held := holders[w.Customer]; held {
				holder = &h
			}
			counts.Add(w, holder)
		}
		if cursor = next; next == "" {
			break
		}
	}
	data, err := json.Marshal(counts)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode counts of who waits")
	}
	it := key(waitingCountsPK, waitingCountsSK)
	it[attrJSON] = str(string(data))
	if _, err = t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write counts of who waits")
	}
	return nil
}

// holders returns who holds customers at a time.
func (t Contacts) holders(ctx context.Context, at time.Time) (map[identity.CustomerID]contact.Party, error) {
	held := map[identity.CustomerID]contact.Party{}
	for shard := range shards {
		err := t.query(ctx, &dynamodb.QueryInput{
			IndexName:                 aws.String(gsiName),
			KeyConditionExpression:    exprf("%s = :pk AND %s > :now", gsiPK, gsiSK),
			ExpressionAttributeValues: item{":pk": str(claimsPK(shard)), ":now": str(timePlace(at, ""))},
		}, func(it item) bool {
			holder, customer := parseClaimPlace(text(it, gsiSK))
			held[customer] = holder
			return true
		})
		if err != nil {
			return nil, fmt.Errorf("read held claims: %w", err)
		}
	}
	return held, nil
}

// WaitingCounts returns the latest counts. Before the first ones they have no time.
func (t Contacts) WaitingCounts(ctx context.Context) (contact.WaitingCounts, error) {
	counts := contact.WaitingCounts{Departments: []contact.DepartmentCount{}, Holders: []contact.HolderCount{}}
	it, err := t.getItem(ctx, key(waitingCountsPK, waitingCountsSK), false)
	if err != nil || it == nil {
		return counts, err
	}
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &counts); err != nil {
		return counts, fault.Wrap(fault.Internal, err, "read counts of who waits")
	}
	return counts, nil
}
