package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

func problemItem(p problem.Record) (item, error) {
	data, err := json.Marshal(p.Problem)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode problem")
	}
	events, err := json.Marshal(p.Events)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "encode events")
	}
	it := key(problemPK(p.ID), problemSK)
	it["j"], it["ev"] = str(string(data)), str(string(events))
	it["n"] = num(p.Version)
	it["rv"] = num(p.Revision + 1)
	if p.Resent > 0 {
		it["sn"] = num(p.Resent)
	}
	it["rs"], it["st"] = str(p.Reason), str(string(p.State))
	if p.Product != "" {
		it["pr"] = str(p.Product)
	}
	if len(p.Quotes) > 0 {
		it["q"] = str(strings.Join(p.Quotes, unit))
	}
	it[gsiPK] = str(problemsPK(p.Department))
	it[gsiSK] = str(placeOfProblem(p))
	return it, nil
}

// ReadProblem reads the image of a problem, as the stream carries it, too.
func ReadProblem(it map[string]types.AttributeValue) (problem.Record, error) {
	p := problem.Record{Revision: number(it, "rv"), Resent: int(number(it, "sn"))}
	if err := json.Unmarshal([]byte(text(it, "j")), &p.Problem); err != nil {
		return p, fault.Wrap(fault.Internal, err, "read problem")
	}
	if err := json.Unmarshal([]byte(text(it, "ev")), &p.Events); err != nil {
		return p, fault.Wrap(fault.Internal, err, "read events")
	}
	if q := text(it, "q"); q != "" {
		p.Quotes = strings.Split(q, unit)
	}
	return p, nil
}

// Problem returns a problem, read strongly.
func (t *Table) Problem(ctx context.Context, id string) (problem.Record, error) {
	it, err := t.get(ctx, key(problemPK(id), problemSK), true)
	if err != nil {
		return problem.Record{}, err
	}
	if it == nil {
		return problem.Record{}, fault.New(fault.NotFound, "there is no such problem")
	}
	return ReadProblem(it)
}

// ProblemOf returns the id of the problem of a cause, the only one that can
// be open; empty when there never was one. It reads strongly.
func (t *Table) ProblemOf(ctx context.Context, reason, product string) (string, error) {
	it, err := t.get(ctx, key(causePK(reason, product), openSK), true)
	return text(it, "id"), err
}

// PutSeen records that a customer was seen with a cause on a day, and reports
// whether that was new.
func (t *Table) PutSeen(ctx context.Context, reason, product string, s problem.Seen) (bool, error) {
	it := key(causePK(reason, product), windowSK(s.Day, s.Customer))
	it["k"], it["t"], it[ttlName] = str(s.Contact), millis(s.At), num(s.Expires.Unix())
	if s.Quote != "" {
		it["q"] = str(s.Quote)
	}
	taken, err := t.putNew(ctx, it)
	return err == nil && taken == nil, err
}

// Seen returns who was seen with a cause from one day to another, latest day
// first, at most limit.
func (t *Table) Seen(ctx context.Context, reason, product, firstDay, lastDay string, limit int, now time.Time) ([]problem.Seen, error) {
	in := between(causePK(reason, product), firstDay, lastDay+"#~")
	in.ConsistentRead = ptr(true)
	in.ScanIndexForward = ptr(false)
	in.Limit = ptr(int32(min(limit, 1000))) //nolint:gosec // bounded
	var out []problem.Seen
	err := t.query(ctx, in, func(it item) bool {
		day, customer, ok := strings.Cut(text(it, skName), "#")
		if ok && !expired(it, now) {
			out = append(out, problem.Seen{
				Customer: identity.CustomerID(customer), Contact: text(it, "k"), Day: day, At: moment(it, "t"), Quote: text(it, "q"),
			})
		}
		return len(out) < limit
	})
	return out, err
}

// OpenProblem writes a new problem with the customers it affects, at most
// [problem.MaxTogether], as the one of its cause. [fault.Conflict] when the
// cause has one already.
func (t *Table) OpenProblem(ctx context.Context, p problem.Record, affected []problem.Affected) error {
	it, err := problemItem(p)
	if err != nil {
		return err
	}
	open := key(causePK(p.Reason, p.Product), openSK)
	open["id"] = str(p.ID)
	writes := []types.TransactWriteItem{
		{Put: &types.Put{TableName: t.name, Item: open, ConditionExpression: aws.String("attribute_not_exists(pk)")}},
		{Put: &types.Put{TableName: t.name, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)")}},
	}
	for _, a := range affected {
		writes = append(writes, t.firstContact(p.ID, a))
	}
	return t.transact(ctx, writes, "the cause has a problem")
}

func (t *Table) firstContact(problemID string, a problem.Affected) types.TransactWriteItem {
	it := key(problemPK(problemID), affectedSK(a.Customer))
	it["k"] = &types.AttributeValueMemberSS{Value: a.Contacts}
	it["t"] = millis(a.Since)
	return types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)")}}
}

// JoinProblem writes a problem with the contacts that joined it, in one
// transaction: so that a count changes only together with the item that
// proves it. first are customers who were not affected before, more one
// further contact each of others. [fault.Conflict] when the problem or one of
// them changed since it was read.
func (t *Table) JoinProblem(ctx context.Context, p problem.Record, first, more []problem.Affected) error {
	it, err := problemItem(p)
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{{Put: &types.Put{
		TableName: t.name, Item: it, ConditionExpression: aws.String("rv = :rv"), ExpressionAttributeValues: item{":rv": num(p.Revision)},
	}}}
	if p.Once.Key != "" {
		writes = append(writes, t.once(p))
	}
	for _, a := range first {
		writes = append(writes, t.firstContact(p.ID, a))
	}
	for _, a := range more {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName: t.name, Key: key(problemPK(p.ID), affectedSK(a.Customer)),
			UpdateExpression:          aws.String("ADD k :k"),
			ConditionExpression:       aws.String("NOT contains(k, :one)"),
			ExpressionAttributeValues: item{":k": &types.AttributeValueMemberSS{Value: a.Contacts}, ":one": str(a.Contacts[0])},
		}})
	}
	return t.transact(ctx, writes, "the problem changed")
}

// SaveProblem writes a changed problem. [fault.Conflict] when it changed
// since it was read.
func (t *Table) SaveProblem(ctx context.Context, p problem.Record) error {
	return t.JoinProblem(ctx, p, nil, nil)
}

func (t *Table) transact(ctx context.Context, writes []types.TransactWriteItem, lostMsg string) error {
	_, err := t.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if cancelled(err) {
		return fault.New(fault.Conflict, "%s", lostMsg)
	}
	if err != nil {
		return failed(err, "write problem")
	}
	return nil
}

// AffectedOf returns those of the customers whom a problem touches already.
func (t *Table) AffectedOf(ctx context.Context, problemID string, customers []identity.CustomerID) (map[identity.CustomerID]problem.Affected, error) {
	out := map[identity.CustomerID]problem.Affected{}
	for chunk := range slices.Chunk(customers, 100) {
		keys := make([]item, len(chunk))
		for i, c := range chunk {
			keys[i] = key(problemPK(problemID), affectedSK(c))
		}
		items, err := t.batchGet(ctx, keys, true)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			a := readAffected(it)
			out[a.Customer] = a
		}
	}
	return out, nil
}

func readAffected(it item) problem.Affected {
	a := problem.Affected{
		Customer: identity.CustomerID(strings.TrimPrefix(text(it, skName), affectedPrefix)),
		Contacts: set(it, "k"), Since: moment(it, "t"),
	}
	slices.Sort(a.Contacts)
	return a
}

// AllAffected returns the customers whom a problem touches, at most limit
// after the cursor, which is the last customer seen.
func (t *Table) AllAffected(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Affected, string, error) {
	in := between(problemPK(problemID), affectedPrefix+cursor+"\x00", affectedPrefix+"~")
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

// Problems returns the problems of a department, latest first, those in a
// state only if one is given, at most limit before the cursor, which is an
// opaque text of this function's own.
func (t *Table) Problems(ctx context.Context, department string, state problem.State, limit int, cursor string) ([]problem.Record, string, error) {
	if cursor == "" {
		cursor = "~"
	}
	in := &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    aws.String("gsi1pk = :pk AND gsi1sk < :before"),
		ExpressionAttributeValues: item{":pk": str(problemsPK(department)), ":before": str(cursor)},
		ScanIndexForward:          ptr(false),
	}
	var keys []item
	more := false
	err := t.query(ctx, in, func(it item) bool {
		if state != "" && text(it, "st") != string(state) {
			return true
		}
		if more = len(keys) == limit; !more {
			keys = append(keys, key(text(it, pkName), text(it, skName)))
		}
		return !more
	})
	if err != nil {
		return nil, "", err
	}
	var out []problem.Record
	for chunk := range slices.Chunk(keys, 100) {
		items, err := t.batchGet(ctx, chunk, false)
		if err != nil {
			return nil, "", err
		}
		for _, it := range items {
			p, err := ReadProblem(it)
			if err != nil {
				return nil, "", err
			}
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b problem.Record) int { return strings.Compare(placeOfProblem(b), placeOfProblem(a)) })
	if !more || len(out) == 0 {
		return out, "", nil
	}
	return out, placeOfProblem(out[len(out)-1]), nil
}

func placeOfProblem(p problem.Record) string { return timeSK("", p.OpenedAt) + "#" + p.ID }
