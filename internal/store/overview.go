package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// CustomerContacts is [Contacts.List] over all members of a customer.
func (t Contacts) CustomerContacts(ctx context.Context, c identity.Customer, limit int, cursor string) ([]contact.Contact, string, error) {
	var all []contact.Contact
	more := false
	for _, m := range c.Members {
		part, next, err := t.List(ctx, m, limit, cursor)
		if err != nil {
			return nil, "", err
		}
		all = append(all, part...)
		more = more || next != ""
	}
	place := func(k contact.Contact) string { return timePlace(k.Start, k.ID) }
	slices.SortStableFunc(all, func(a, b contact.Contact) int { return strings.Compare(place(b), place(a)) })
	all = slices.CompactFunc(all, func(a, b contact.Contact) bool { return place(a) == place(b) })
	if len(all) > limit {
		all = all[:limit]
		more = true
	}
	if !more {
		return all, "", nil
	}
	return all, place(all[len(all)-1]), nil
}

// ProblemsOfDepartments returns the problems that one of some departments owns or
// that were escalated to one, latest first, at most limit before the cursor, and
// only those in state if it is set. It reads only the problems of the page, and
// leaves out those that cannot be read.
func (t Problems) ProblemsOfDepartments(ctx context.Context, departments []string, state problem.State, limit int, cursor string) ([]problem.Record, string, error) {
	type part struct {
		keys []item
		err  error
	}
	parts := make(chan part, len(departments))
	for _, d := range departments {
		go func() {
			keys, err := t.problemKeys(ctx, d, state, limit+1, cursor)
			parts <- part{keys, err}
		}()
	}
	var keys []item
	var failure error
	for range departments {
		p := <-parts
		failure = firstError(failure, p.err)
		keys = append(keys, p.keys...)
	}
	if failure != nil {
		return nil, "", failure
	}
	slices.SortFunc(keys, func(a, b item) int { return strings.Compare(text(b, gsiSK), text(a, gsiSK)) })
	// An escalated problem is listed to two departments. Both entries have the same
	// place, and any department with more entries has limit+1 different ones.
	keys = slices.CompactFunc(keys, func(a, b item) bool { return text(a, pkName) == text(b, pkName) })
	next := ""
	if len(keys) > limit {
		keys = keys[:limit]
		next = text(keys[limit-1], gsiSK)
	}
	list, err := t.sortedProblems(ctx, keys)
	return list, next, err
}

// ProblemIDs returns the ids of the latest problems that some departments own or
// that were escalated to them, at most limit of each. It reads the index only: a
// problem that was handed over just now may be among them.
func (t Problems) ProblemIDs(ctx context.Context, departments []string, limit int) ([]string, error) {
	var ids []string
	for _, d := range departments {
		keys, err := t.problemKeys(ctx, d, "", limit, "")
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			ids = append(ids, strings.TrimPrefix(text(k, pkName), problemPrefix))
		}
	}
	return ids, nil
}

// problemKeys returns the index entries of the problems that a department owns or
// that were escalated to it.
func (t Problems) problemKeys(ctx context.Context, department string, state problem.State, limit int, cursor string) ([]item, error) {
	var keys []item
	err := t.query(ctx, &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    exprf("%s = :pk AND %s < :before", gsiPK, gsiSK),
		ExpressionAttributeValues: item{":pk": str(problemsPK(department)), ":before": str(cmp.Or(cursor, "~"))},
		ScanIndexForward:          ptr(false),
	}, func(it item) bool {
		if state == "" || text(it, attrProblemState) == string(state) {
			keys = append(keys, it)
		}
		return len(keys) < limit
	})
	return keys, err
}

// sortedProblems reads problems, latest first.
func (t Problems) sortedProblems(ctx context.Context, keys []item) ([]problem.Record, error) {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = problemOf(text(k, pkName))
	}
	out, err := t.readProblems(ctx, ids)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b problem.Record) int { return strings.Compare(placeOfProblem(b), placeOfProblem(a)) })
	return out, nil
}
