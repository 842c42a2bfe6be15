package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// wordHashLen keeps 66 bits of a word's hash: enough to compare by.
const wordHashLen = 11

// WordHash returns the hash under which a customer's word is stored.
func (t Candidates) WordHash(word string) string { return t.pepper.Hash("word", word)[:wordHashLen] }

// maxHints bounds one row of hints, in bytes: about twenty-five contacts.
const maxHints = 4 << 10

// PutUnknownContacts stores which contacts of a batch have an unknown reason,
// with hashes of their words. A row is a hint that never changes: the contacts
// decide. The same batch writes the same row.
func (t Candidates) PutUnknownContacts(ctx context.Context, all []problem.UnclassifiedContact) error {
	all = slices.SortedFunc(slices.Values(all), func(a, b problem.UnclassifiedContact) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Contact, b.Contact), cmp.Compare(a.Customer, b.Customer))
	})
	row := ""
	from := 0
	for i, u := range all {
		line := t.hintLine(u)
		if row != "" && len(row)+len(line) > maxHints {
			if err := t.putHints(ctx, row, all[from:i]); err != nil {
				return err
			}
			row = ""
			from = i
		}
		row += line
	}
	if row == "" {
		return nil
	}
	return t.putHints(ctx, row, all[from:])
}

func (t Candidates) putHints(ctx context.Context, row string, of []problem.UnclassifiedContact) error {
	hash := t.Hash("unknown", row)[:wordHashLen]
	expires := of[0].Expires
	for _, u := range of {
		if u.Expires.After(expires) {
			expires = u.Expires
		}
	}
	it := key(unknownPK(shardOf(hash)), timePlace(of[len(of)-1].At, hash))
	it[attrHintLines] = str(row)
	it[ttlName] = num(expires.Unix())
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return sdkError(err, "write hints")
	}
	return nil
}

// hintLine returns the line of a contact in a row of hints.
func (t Candidates) hintLine(u problem.UnclassifiedContact) string {
	fields := []string{string(u.Customer), u.Contact, timeSK("", u.At)}
	for _, w := range u.Words {
		fields = append(fields, t.WordHash(w))
	}
	return strings.Join(fields, " ") + "\n"
}

// UnknownContacts returns contacts of unknown reason that began since a time,
// about limit of them, the latest of each shard. A contact comes more than once
// if it has more than one message. Their words are hashes.
func (t Candidates) UnknownContacts(ctx context.Context, from time.Time, limit int, now time.Time) ([]problem.UnclassifiedContact, error) {
	var parts [shards][]problem.UnclassifiedContact
	var errs [shards]error
	var wg sync.WaitGroup
	for shard := range shards {
		wg.Go(func() {
			parts[shard], errs[shard] = t.hintsInShard(ctx, shard, from, limit/shards+1, now)
		})
	}
	wg.Wait()
	return slices.Concat(parts[:]...), firstError(errs[:]...)
}

func (t Candidates) hintsInShard(ctx context.Context, shard int, from time.Time, limit int, now time.Time) ([]problem.UnclassifiedContact, error) {
	in := keyRange(unknownPK(shard), timeSK("", from), "~")
	in.ScanIndexForward = ptr(false)
	var out []problem.UnclassifiedContact
	err := t.query(ctx, in, func(it item) bool {
		for line := range strings.Lines(text(it, attrHintLines)) {
			if u, ok := readHint(line); ok && !u.At.Before(from) && !expired(it, now) {
				out = append(out, u)
			}
		}
		return len(out) < limit
	})
	return out, err
}

func readHint(line string) (problem.UnclassifiedContact, bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return problem.UnclassifiedContact{}, false
	}
	return problem.UnclassifiedContact{Customer: identity.CustomerID(fields[0]), Contact: fields[1], At: parseMillis(fields[2]), Words: fields[3:]}, true
}

// DecideWords stores a decision about hashes of words until a time.
func (t Candidates) DecideWords(ctx context.Context, hashes []string, by, decision string, expires time.Time) error {
	for _, h := range hashes {
		it := key(decidedPK, h)
		it[attrWordDecidedBy] = str(by)
		it[attrWordDecision] = str(decision)
		it[ttlName] = num(expires.Unix())
		if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
			return sdkError(err, "write decided word")
		}
	}
	return nil
}

// DecidedWords returns the decisions about words by their hashes.
func (t Candidates) DecidedWords(ctx context.Context, now time.Time) (map[string]string, error) {
	out := map[string]string{}
	err := t.query(ctx, keyRange(decidedPK, "-", "~"), func(it item) bool {
		if !expired(it, now) {
			out[text(it, skName)] = text(it, attrWordDecision)
		}
		return true
	})
	return out, err
}
