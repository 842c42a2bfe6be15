package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/problem"
)

// ProblemOfCause returns the id of the problem of a cause. It is empty if the
// cause has no problem, or if the problem was opened just now.
func (t Causes) ProblemOfCause(ctx context.Context, reason, product string) (string, error) {
	it, err := t.getItem(ctx, key(causePK(reason, product), openSK), false)
	return text(it, attrOpenProblem), err
}

// PutOccurrence records a contact about a cause, and reports whether it was
// new.
func (t Causes) PutOccurrence(ctx context.Context, reason, product string, s problem.Occurrence) (bool, error) {
	it := key(causePK(reason, product), occurrenceSK(s))
	it[attrOccurrenceAt] = millis(s.At)
	it[ttlName] = num(s.Expires.Unix())
	if s.Quote != "" {
		it[attrOccurrenceQuote] = str(s.Quote)
	}
	taken, err := t.putNew(ctx, it)
	return err == nil && taken == nil, err
}

// DropOccurrence takes back an occurrence.
func (t Causes) DropOccurrence(ctx context.Context, reason, product string, s problem.Occurrence) error {
	_, err := t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: t.name, Key: key(causePK(reason, product), occurrenceSK(s))})
	if err != nil {
		return sdkError(err, "delete occurrence")
	}
	return nil
}

func readOccurrence(it item) (problem.Occurrence, bool) {
	s, ok := parseOccurrenceSK(text(it, skName))
	s.At = moment(it, attrOccurrenceAt)
	s.Quote = text(it, attrOccurrenceQuote)
	return s, ok
}

// Occurrences returns the occurrences of a cause from one slot to another,
// latest first, at most limit, read consistently.
func (t Causes) Occurrences(ctx context.Context, reason, product, first, last string, limit int, now time.Time) ([]problem.Occurrence, error) {
	return t.readOccurrences(ctx, true, reason, product, first, last, limit, now)
}

func (t Causes) readOccurrences(ctx context.Context, consistent bool, reason, product, first, last string, limit int, now time.Time) ([]problem.Occurrence, error) {
	in := keyRange(causePK(reason, product), first, last+"~")
	in.ConsistentRead = &consistent
	in.ScanIndexForward = ptr(false)
	in.Limit = ptr(int32(min(limit, 1000))) //nolint:gosec // bounded
	var out []problem.Occurrence
	err := t.query(ctx, in, func(it item) bool {
		if s, ok := readOccurrence(it); ok && !expired(it, now) {
			out = append(out, s)
		}
		return len(out) < limit
	})
	return out, err
}

// CauseWindow returns the problem of a cause, or else its occurrences since a
// slot, latest first, at most limit, read consistently.
func (t Causes) CauseWindow(ctx context.Context, reason, product, first string, limit int, now time.Time) (problem.Window, error) {
	in := keyRange(causePK(reason, product), first, openSK+"~")
	in.ConsistentRead = ptr(true)
	in.ScanIndexForward = ptr(false)
	in.Limit = ptr(int32(min(limit+1, 1000))) //nolint:gosec // bounded
	w := problem.Window{Others: map[string]string{}}
	err := t.query(ctx, in, func(it item) bool {
		sk := text(it, skName)
		if sk == openSK {
			w = problem.Window{Problem: text(it, attrOpenProblem)}
			return false
		}
		if other, ok := cutOpenProduct(sk); ok {
			w.Others[other] = text(it, attrOpenProblem)
			return true
		}
		if s, ok := readOccurrence(it); ok && !expired(it, now) {
			w.Occurrences = append(w.Occurrences, s)
		}
		return len(w.Occurrences) < limit
	})
	return w, err
}

// Levels returns the customers of a cause in each hour since a day, and the
// first slot that is not counted yet. The slot is empty if no hour is counted.
func (t Causes) Levels(ctx context.Context, reason, product, firstDay string, now time.Time) (problem.Levels, string, error) {
	levels := problem.Levels{}
	through := ""
	err := t.query(ctx, keyRange(causePK(reason, product), levelSK(firstDay), endOf(levelPrefix)), func(it item) bool {
		if !expired(it, now) {
			levels[levelDay(text(it, skName))] = problem.ParseLevel(text(it, attrLevelHours))
			through = max(through, text(it, attrLevelThrough))
		}
		return true
	})
	return levels, through, err
}

// PutLevel stores the level of a day, counted up to a slot.
func (t Causes) PutLevel(ctx context.Context, reason, product, day string, l problem.Level, through string, expires time.Time) error {
	it := key(causePK(reason, product), levelSK(day))
	it[attrLevelHours] = str(l.String())
	it[attrLevelThrough] = str(through)
	it[ttlName] = num(expires.Unix())
	_, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: t.name, Item: it,
		ConditionExpression:       exprf("attribute_not_exists(%s) OR %s < :n", pkName, attrLevelThrough),
		ExpressionAttributeValues: item{":n": str(through)},
	})
	if err = conditional(err, "write level", "known already"); fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// OccurrencesPerHour counts the distinct customers of a cause in each hour from
// one slot up to another, without the latter. It does not read consistently.
func (t Causes) OccurrencesPerHour(ctx context.Context, reason, product, first, end string, now time.Time) (problem.Levels, error) {
	seen, err := t.readOccurrences(ctx, false, reason, product, first, end, maxPerHour, now)
	if err != nil {
		return nil, err
	}
	levels := problem.Levels{}
	counted := map[string]bool{}
	for _, s := range seen {
		if k := s.Slot() + "#" + string(s.Customer); s.Slot() < end && len(s.Hour) == 2 && !counted[k] {
			counted[k] = true
			l := levels[s.Day]
			if h := int(s.Hour[0]-'0')*10 + int(s.Hour[1]-'0'); 0 <= h && h < len(l) {
				l[h]++
			}
			levels[s.Day] = l
		}
	}
	return levels, nil
}

// maxPerHour bounds the occurrences that OccurrencesPerHour reads.
const maxPerHour = 200_000

// CountingStart returns the time since which causes are counted. The first
// caller sets it to at.
func (t Causes) CountingStart(ctx context.Context, at time.Time) (time.Time, error) {
	it := key(sincePK, sinceSK)
	it[attrOccurrenceAt] = millis(at)
	taken, err := t.putNew(ctx, it)
	if err != nil || taken == nil {
		return at, err
	}
	return moment(taken, attrOccurrenceAt), nil
}
