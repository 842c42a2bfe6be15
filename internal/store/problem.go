package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/schedule"
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
	it[attrJSON] = str(string(data))
	it[attrProblemEvents] = str(string(events))
	it[attrProblemVersion] = num(p.Version)
	it[attrProblemRevision] = num(p.Revision + 1)
	if p.Filling != nil {
		data, err := json.Marshal(p.Filling)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "encode split")
		}
		it[attrProblemFilling] = str(string(data))
	}
	if p.Opening != "" {
		it[attrProblemOpening] = str(p.Opening)
	}
	if p.Resent > 0 {
		it[attrProblemResent] = num(p.Resent)
	}
	it[attrProblemReason] = str(p.Reason)
	it[attrProblemState] = str(string(p.State))
	if p.Product != "" {
		it[attrProblemProduct] = str(p.Product)
	}
	if len(p.Quotes) > 0 {
		it[attrProblemQuotes] = str(strings.Join(p.Quotes, unit))
	}
	it[gsiPK] = str(problemsPK(p.Department))
	it[gsiSK] = str(placeOfProblem(p))
	return it, nil
}

// readProblem is the inverse of problemItem. It also reads an image of the
// stream.
func readProblem(it item) (problem.Record, error) {
	p := problem.Record{Revision: number(it, attrProblemRevision), Opening: text(it, attrProblemOpening), Resent: int(number(it, attrProblemResent))}
	if err := json.Unmarshal([]byte(text(it, attrJSON)), &p.Problem); err != nil {
		return p, fault.Wrap(fault.Internal, err, "read problem")
	}
	if err := json.Unmarshal([]byte(text(it, attrProblemEvents)), &p.Events); err != nil {
		return p, fault.Wrap(fault.Internal, err, "read events")
	}
	if fl := text(it, attrProblemFilling); fl != "" {
		if err := json.Unmarshal([]byte(fl), &p.Filling); err != nil {
			return p, fault.Wrap(fault.Internal, err, "read split")
		}
	}
	if q := text(it, attrProblemQuotes); q != "" {
		p.Quotes = strings.Split(q, unit)
	}
	p.Was = p.Problem
	return p, nil
}

// Create writes a new problem of its cause with about 90 affected
// customers at most: a transaction takes 100 items. It is [fault.Conflict] if
// the cause has a problem.
func (t Problems) Create(ctx context.Context, p problem.Record, affected []problem.Affected) error {
	writes, err := t.writesOf(p, true)
	if err != nil {
		return fmt.Errorf("create a problem: %w", err)
	}
	open := key(causePK(p.Reason, p.Product), openSK)
	open[attrOpenProblem] = str(p.ID)
	writes = append(writes, types.TransactWriteItem{
		Put: &types.Put{TableName: t.name, Item: open, ConditionExpression: onlyNew()},
	})
	if p.Product != "" {
		of := key(causePK(p.Reason, ""), openProductSK(p.Product))
		of[attrOpenProblem] = str(p.ID)
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: of}})
	}
	for _, a := range affected {
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: affectedItem(p.ID, a)}})
	}
	return t.transact(ctx, writes, "the cause has a problem")
}

// escalationItem returns the item that lists an escalated problem to the department
// that it was escalated to. The problem's own index entry lists it to its owner.
func escalationItem(p problem.Record) item {
	it := key(problemPK(p.ID), escalatedSK)
	it[attrProblemState] = str(string(p.State))
	it[gsiPK] = str(problemsPK(p.EscalatedTo))
	it[gsiSK] = str(placeOfProblem(p))
	return it
}

// isEscalation reports whether an index entry is that of an escalation.
func isEscalation(it item) bool { return text(it, skName) == escalatedSK }

// companionWrites returns the writes beside the problem's own: the log line of
// a new version, its escalation, its due entries, and the applied change.
func (t Problems) companionWrites(p problem.Record) ([]types.TransactWriteItem, error) {
	var writes []types.TransactWriteItem
	put := func(it item) {
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: it}})
	}
	if p.Once.Key != "" {
		writes = append(writes, t.appliedWrite(p))
	}
	if p.Version != p.Was.Version && len(p.Events) > 0 {
		line, err := json.Marshal(problem.LineOf(p.Was, p.Problem, p.Events[0]))
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "encode log")
		}
		it := key(problemPK(p.ID), logSK(p.Version))
		it[attrJSON] = str(string(line))
		put(it)
	}
	switch {
	case p.EscalatedTo != "":
		put(escalationItem(p))
	case p.Was.EscalatedTo != "":
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: t.name, Key: key(problemPK(p.ID), escalatedSK)}})
	}
	was := problem.Due(p.Was)
	is := problem.Due(p.Problem)
	for kind, at := range is {
		if !at.Equal(was[kind]) {
			put(dueRow(problemPK(p.ID), kind, at))
		}
	}
	for kind := range was {
		if _, ok := is[kind]; !ok {
			writes = append(writes, t.dropDueRow(problemPK(p.ID), kind))
		}
	}
	return writes, nil
}

// ProblemLog returns the log lines of a problem, latest first, at most limit
// before the cursor, which is the version of the last line of the previous
// page.
func (t Problems) ProblemLog(ctx context.Context, problemID string, limit int, cursor string) ([]problem.Line, string, error) {
	to := logPrefix + "~"
	if cursor != "" {
		before, err := strconv.Atoi(cursor)
		if err != nil || before < 1 {
			return nil, "", errCursor()
		}
		to = logSK(before - 1)
	}
	in := keyRange(problemPK(problemID), logPrefix, to)
	in.ScanIndexForward = ptr(false)
	in.Limit = ptr(int32(limit + 1)) //nolint:gosec // bounded by the API
	var out []problem.Line
	var bad error
	err := t.query(ctx, in, func(it item) bool {
		var l problem.Line
		if bad = json.Unmarshal([]byte(text(it, attrJSON)), &l); bad != nil {
			bad = fault.Wrap(fault.Internal, bad, "read log")
		}
		out = append(out, l)
		return bad == nil && len(out) <= limit
	})
	if err := firstError(err, bad); err != nil || len(out) <= limit {
		return out, "", err
	}
	return out[:limit], strconv.Itoa(out[limit-1].Version), nil
}

// Save writes a changed problem without changing its affected customers.
// It is [fault.Conflict] if it changed since it was read.
func (t Problems) Save(ctx context.Context, p problem.Record) error {
	writes, err := t.writesOf(p, false)
	if err != nil {
		return fmt.Errorf("save a problem: %w", err)
	}
	return t.transact(ctx, writes, "the problem changed")
}

// Split writes a problem and a new part split off it, which has no
// affected customers yet: a due entry has them moved. It is [fault.Conflict] if
// the first changed since it was read, or if the part exists.
func (t Problems) Split(ctx context.Context, from, part problem.Record) error {
	writes, err := t.writesOf(from, false)
	if err != nil {
		return fmt.Errorf("split a problem: %w", err)
	}
	more, err := t.writesOf(part, true)
	if err != nil {
		return err
	}
	fill := types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: dueRow(problemPK(part.ID), schedule.Split, part.OpenedAt)}}
	return t.transact(ctx, slices.Concat(writes, more, []types.TransactWriteItem{fill}), "the problem changed")
}

// writesOf returns the writes of a problem, on condition that it is new or as
// it was read.
func (t Problems) writesOf(p problem.Record, isNew bool) ([]types.TransactWriteItem, error) {
	it, err := problemItem(p)
	if err != nil {
		return nil, err
	}
	put := &types.Put{TableName: t.name, Item: it, ConditionExpression: onlyNew()}
	writes := []types.TransactWriteItem{{Put: put}}
	if !isNew {
		put.ConditionExpression = exprf("%s = :rv", attrProblemRevision)
		put.ExpressionAttributeValues = item{":rv": num(p.Revision)}
	}
	beside, err := t.companionWrites(p)
	return append(writes, beside...), err
}

// transact writes all or nothing. conflict is the message if a condition did
// not hold.
func (t *core) transact(ctx context.Context, writes []types.TransactWriteItem, conflict string) error {
	if put := writes[0].Put; len(writes) == 1 { // for half of what a transaction costs
		_, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: t.name, Item: put.Item, ConditionExpression: put.ConditionExpression, ExpressionAttributeValues: put.ExpressionAttributeValues,
		})
		return conditional(err, "write "+kindName(put.Item), conflict)
	}
	_, err := t.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if cancelled(err) {
		return fault.New(fault.Conflict, "%s", conflict)
	}
	if err != nil {
		return sdkError(err, "write "+kindsOfWrites(writes))
	}
	return nil
}

// List returns the problems that a department owns, latest first, at most limit
// before the cursor, and only those in state if it is set. The cursor is that
// of the previous page. Problems that cannot be read are left out.
func (t Problems) List(ctx context.Context, department string, state problem.State, limit int, cursor string) ([]problem.Record, string, error) {
	if cursor == "" {
		cursor = "~"
	}
	in := &dynamodb.QueryInput{
		IndexName:                 aws.String(gsiName),
		KeyConditionExpression:    exprf("%s = :pk AND %s < :before", gsiPK, gsiSK),
		ExpressionAttributeValues: item{":pk": str(problemsPK(department)), ":before": str(cursor)},
		ScanIndexForward:          ptr(false),
	}
	var ids []string
	last := ""
	more := false
	err := t.query(ctx, in, func(it item) bool {
		otherState := state != "" && text(it, attrProblemState) != string(state)
		if otherState || isEscalation(it) {
			return true
		}
		if more = len(ids) == limit; !more {
			ids = append(ids, problemOf(text(it, pkName)))
			last = text(it, gsiSK)
		}
		return !more
	})
	if err != nil {
		return nil, "", err
	}
	out, err := t.readProblems(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(out, func(a, b problem.Record) int { return strings.Compare(placeOfProblem(b), placeOfProblem(a)) })
	if !more {
		return out, "", nil
	}
	return out, last, nil
}

func placeOfProblem(p problem.Record) string { return timePlace(p.OpenedAt, p.ID) }
