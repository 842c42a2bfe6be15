package store

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// What a problem counts lies in small items beside it, spread over shards:
// who joins writes one of them, and not the problem, so that a join costs
// little and two seldom meet. What the problem's own item says of its counts
// is how they were when it last told something.

const dayPrefix = "d"

func countsSK(shard int) string { return fmt.Sprintf("%s%d", countsPrefix, shard) }

// firstCounts are the counts of a problem that begins.
func firstCounts(p problem.Problem) item {
	it := key(problemPK(p.ID), countsSK(0))
	it["c"], it["u"] = num(p.Contacts), num(p.Customers)
	it["f"], it["l"] = millis(p.FirstSeen), millis(p.LastSeen)
	for day, n := range p.PerDay {
		it[dayPrefix+day] = num(n)
	}
	return it
}

// addCounts adds what one shard counted to a problem.
func addCounts(p *problem.Problem, it item) {
	p.Contacts += int(number(it, "c"))
	p.Customers += int(number(it, "u"))
	if f := moment(it, "f"); !f.IsZero() && (p.FirstSeen.IsZero() || f.Before(p.FirstSeen)) {
		p.FirstSeen = f
	}
	if l := moment(it, "l"); l.After(p.LastSeen) {
		p.LastSeen = l
	}
	for name := range it {
		if day, ok := strings.CutPrefix(name, dayPrefix); ok && day != "" {
			p.PerDay[day] += int(number(it, name))
		}
	}
}

// Problem returns a problem, read strongly.
func (t *Table) Problem(ctx context.Context, id string) (problem.Record, error) {
	return t.problem(ctx, id, true)
}

func (t *Table) problem(ctx context.Context, id string, consistent bool) (problem.Record, error) {
	in := between(problemPK(id), countsPrefix, problemSK)
	in.ConsistentRead = &consistent
	var found item
	var counts []item
	err := t.query(ctx, in, func(it item) bool {
		switch sk := text(it, skName); {
		case sk == problemSK:
			found = it
		case strings.HasPrefix(sk, countsPrefix):
			counts = append(counts, it)
		}
		return true
	})
	if err != nil {
		return problem.Record{}, err
	}
	if found == nil {
		return problem.Record{}, fault.New(fault.NotFound, "there is no such problem")
	}
	p, err := ReadProblem(found)
	if err != nil || len(counts) == 0 {
		return p, err
	}
	p.Contacts, p.Customers, p.PerDay = 0, 0, map[string]int{}
	for _, it := range counts {
		addCounts(&p.Problem, it)
	}
	for day, n := range p.PerDay {
		if n == 0 {
			delete(p.PerDay, day)
		}
	}
	p.Was = p.Problem
	return p, nil
}

// readProblems reads several problems at once.
func (t *Table) readProblems(ctx context.Context, ids []string) ([]problem.Record, error) {
	out, errs := make([]problem.Record, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	slots := make(chan struct{}, shards)
	for i, id := range ids {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i], errs[i] = t.problem(ctx, id, false)
		})
	}
	wg.Wait()
	return out, firstError(errs...)
}

// ChangeAffected changes the part that customers have in a problem, at most
// [problem.MaxTogether] of them, and what it counts, in one transaction: so
// that a count changes only together with the item that proves it.
// [fault.Conflict] when one of them changed since it was read.
func (t *Table) ChangeAffected(ctx context.Context, p problem.Problem, changes []problem.Change) error {
	if len(changes) == 0 {
		return nil
	}
	var writes []types.TransactWriteItem
	for _, c := range changes {
		writes = append(writes, t.changePart(p.ID, c))
	}
	writes = append(writes, types.TransactWriteItem{Update: t.changeCounts(p, changes)})
	return t.transact(ctx, writes, "the problem changed")
}

func (t *Table) changePart(problemID string, c problem.Change) types.TransactWriteItem {
	if len(c.Was) == 0 {
		return t.firstContact(problemID, c.Affected)
	}
	k := key(problemPK(problemID), affectedSK(c.Customer))
	was := &types.AttributeValueMemberSS{Value: c.Was}
	if len(c.Contacts) == 0 {
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: t.name, Key: k, ConditionExpression: aws.String("k = :was"), ExpressionAttributeValues: item{":was": was},
		}}
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: t.name, Key: k, UpdateExpression: aws.String("SET k = :k"), ConditionExpression: aws.String("k = :was"),
		ExpressionAttributeValues: item{":was": was, ":k": &types.AttributeValueMemberSS{Value: c.Contacts}},
	}}
}

// changeCounts adds up changes in one of the problem's shards.
func (t *Table) changeCounts(p problem.Problem, changes []problem.Change) *types.Update {
	contacts, customers := 0, 0
	days := map[string]int{}
	for _, c := range changes {
		contacts += len(c.Contacts) - len(c.Was)
		customers += min(len(c.Contacts), 1) - min(len(c.Was), 1)
		p.See(c)
		for day, n := range c.PerDay {
			days[day] += n
		}
	}
	u := &types.Update{
		TableName: t.name, Key: key(problemPK(p.ID), countsSK(shardOf(string(changes[0].Customer)))),
		ExpressionAttributeValues: item{":c": num(contacts), ":u": num(customers)},
	}
	add := "ADD c :c, u :u"
	for day, n := range days {
		if n == 0 {
			continue
		}
		name := fmt.Sprint("d", len(u.ExpressionAttributeNames))
		if u.ExpressionAttributeNames == nil {
			u.ExpressionAttributeNames = map[string]string{}
		}
		u.ExpressionAttributeNames["#"+name] = dayPrefix + day
		u.ExpressionAttributeValues[":"+name] = num(n)
		add += ", #" + name + " :" + name
	}
	// Who widened the time meanwhile has made p old.
	u.ExpressionAttributeValues[":f"], u.ExpressionAttributeValues[":l"] = millis(p.FirstSeen), millis(p.LastSeen)
	add = "SET f = :f, l = :l " + add
	u.ConditionExpression = aws.String("(attribute_not_exists(f) OR f >= :f) AND (attribute_not_exists(l) OR l <= :l)")
	u.UpdateExpression = aws.String(add)
	return u
}
