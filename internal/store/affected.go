package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/lambdabatch"
	"github.com/heard-intake/heard/internal/problem"
)

// What a problem counts is kept nowhere: it is counted from the items of the
// customers whom it touches, each of which one plain write changes. What the
// problem's own item says of its counts is how they were when it last told
// something.

// affectedItem returns the item of one affected customer. A problem stores no
// counts: they are counted from these items, each of which one write changes.
// The counts in the problem's own item are those of its last event.
func affectedItem(problemID string, a problem.Affected) item {
	it := key(problemPK(problemID), affectedSK(a.Customer))
	it[attrAffectedContacts] = occurrenceSet(a.Occurrences)
	return it
}

// occurrenceSet returns each contact with its day and time. One takes about 45
// bytes, so that fifteen fit in one write unit.
func occurrenceSet(seen []problem.Occurrence) types.AttributeValue {
	all := make([]string, len(seen))
	for i, s := range seen {
		all[i] = s.Day + " " + strconv.FormatInt(s.At.UnixMilli(), 10) + " " + s.Contact
	}
	return setOf(all)
}

func readAffected(it item) problem.Affected {
	a := problem.Affected{Customer: affectedCustomer(text(it, skName))}
	for _, k := range set(it, attrAffectedContacts) {
		day, rest, _ := strings.Cut(k, " ")
		ms, contact, _ := strings.Cut(rest, " ")
		a.Occurrences = append(a.Occurrences, problem.Occurrence{Customer: a.Customer, Contact: contact, Day: day, At: parseMillis(ms)})
	}
	slices.SortFunc(a.Occurrences, func(a, b problem.Occurrence) int { return strings.Compare(a.Contact, b.Contact) })
	return a
}

// Get returns a problem with its counts, read consistently. An unknown id
// is [fault.NotFound].
func (t Problems) Get(ctx context.Context, id string) (problem.Record, error) {
	return t.countedProblem(ctx, id, true)
}

// GetHeader returns a problem with the counts of its last event. Unlike
// [Problems.Get] it does not read the affected customers.
func (t Problems) GetHeader(ctx context.Context, id string) (problem.Record, error) {
	return t.problemHeader(ctx, id, true)
}

func (t Problems) problemHeader(ctx context.Context, id string, consistent bool) (problem.Record, error) {
	it, err := t.getItem(ctx, key(problemPK(id), problemSK), consistent)
	if err != nil {
		return problem.Record{}, err
	}
	if it == nil {
		return problem.Record{}, fault.New(fault.NotFound, "there is no such problem")
	}
	return readProblem(it)
}

func (t Problems) countedProblem(ctx context.Context, id string, consistent bool) (problem.Record, error) {
	p, err := t.problemHeader(ctx, id, consistent)
	if err != nil {
		return p, err
	}
	p.Contacts = 0
	p.Customers = 0
	p.PerDay = map[string]int{}
	in := keyRange(problemPK(id), affectedPrefix, endOf(affectedPrefix))
	in.ConsistentRead = &consistent
	err = t.query(ctx, in, func(it item) bool {
		p.Count(readAffected(it))
		return true
	})
	p.Was = p.Problem
	return p, err
}

// readProblems reads several problems with their counts, not consistently. It
// leaves out those that cannot be read.
func (t Problems) readProblems(ctx context.Context, ids []string) ([]problem.Record, error) {
	out := make([]problem.Record, len(ids))
	unreadable := make([]bool, len(ids))
	err := forEach(len(ids), func(i int) (err error) {
		out[i], err = t.countedProblem(ctx, ids[i], false)
		if unreadable[i] = t.leaveOut(ctx, key(problemPK(ids[i]), problemSK), err); unreadable[i] {
			return nil
		}
		return err
	})
	readable := out[:0]
	for i, p := range out {
		if !unreadable[i] {
			readable = append(readable, p)
		}
	}
	return readable, err
}

// forEach calls do for 0 to n-1, a few at a time, and returns the first error.
func forEach(n int, do func(i int) error) error {
	errs := make([]error, n)
	lambdabatch.Each(n, shards, func(i int) { errs[i] = do(i) })
	return firstError(errs...)
}

// ChangeAffected changes affected customers of a problem, each in a write of
// its own. [fault.Conflict] means that one of them changed since it was read,
// and that others may be written. Read again and repeat.
func (t Problems) ChangeAffected(ctx context.Context, problemID string, changes []problem.AffectedChange) error {
	return forEach(len(changes), func(i int) error { return t.changeAffected(ctx, problemID, changes[i]) })
}

func (t Problems) changeAffected(ctx context.Context, problemID string, c problem.AffectedChange) error {
	it := affectedItem(problemID, c.Affected)
	is := onlyNew()
	var values item
	if len(c.Was) > 0 {
		is = exprf("%s = :was", attrAffectedContacts)
		values = item{":was": occurrenceSet(c.Was)}
	}
	var err error
	if len(c.Occurrences) == 0 {
		_, err = t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: t.name, Key: key(text(it, pkName), text(it, skName)), ConditionExpression: is, ExpressionAttributeValues: values,
		})
	} else {
		_, err = t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it, ConditionExpression: is, ExpressionAttributeValues: values})
	}
	return conditional(err, "write affected customer", "the problem changed")
}

// AffectedAmong returns the customers of the list whom a problem affects.
func (t Problems) AffectedAmong(ctx context.Context, problemID string, customers []identity.CustomerID) (map[identity.CustomerID]problem.Affected, error) {
	out := map[identity.CustomerID]problem.Affected{}
	keys := make([]item, len(customers))
	for i, c := range customers {
		keys[i] = key(problemPK(problemID), affectedSK(c))
	}
	items, err := t.batchGet(ctx, keys, true)
	if err != nil {
		return nil, fmt.Errorf("read affected customers: %w", err)
	}
	for _, it := range items {
		a := readAffected(it)
		out[a.Customer] = a
	}
	return out, nil
}

// AffectedCustomers returns at most limit customers whom a problem affects,
// after the cursor. The cursor is the last customer of the previous page.
func (t Problems) AffectedCustomers(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Affected, string, error) {
	in := keyRange(problemPK(problemID), affectedPrefix+cursor+"\x00", endOf(affectedPrefix))
	in.Limit = ptr(int32(limit + 1)) //nolint:gosec // bounded by the API
	var out []problem.Affected
	err := t.query(ctx, in, func(it item) bool {
		out = append(out, readAffected(it))
		return len(out) <= limit
	})
	if err != nil || len(out) <= limit {
		return out, "", err
	}
	return out[:limit], string(out[limit-1].Customer), nil
}
