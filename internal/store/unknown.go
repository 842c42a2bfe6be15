package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
)

// decidedPK is where the words lie that somebody has decided about.
const decidedPK = "U#"

// wordHashLen keeps 66 bits of a word's hash: enough to compare by.
const wordHashLen = 11

// WordHash returns what is kept of a word that a customer used: nothing that
// could be read.
func (t *Table) WordHash(word string) string { return t.pepper.Hash("word", word)[:wordHashLen] }

// PutUnknown keeps that a contact is of unknown reason, and hashes of its
// words, in place of what was kept of it before.
func (t *Table) PutUnknown(ctx context.Context, u problem.Unknown) error {
	hashes := make([]string, len(u.Words))
	for i, w := range u.Words {
		hashes[i] = t.WordHash(w)
	}
	it := key(unknownPK(shardOf(u.Contact)), unknownSK(u))
	it["w"], it[ttlName] = str(strings.Join(hashes, " ")), num(u.Expires.Unix())
	if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
		return failed(err, "write item")
	}
	return nil
}

// DropUnknown forgets a contact whose reason is known now, or that is gone.
func (t *Table) DropUnknown(ctx context.Context, u problem.Unknown) error {
	_, err := t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: t.name, Key: key(unknownPK(shardOf(u.Contact)), unknownSK(u))})
	if err != nil {
		return failed(err, "delete item")
	}
	return nil
}

// Unknowns returns the contacts of unknown reason since a time, about limit at
// most, the latest of each shard. Their words are hashes.
func (t *Table) Unknowns(ctx context.Context, from time.Time, limit int, now time.Time) ([]problem.Unknown, error) {
	var parts [shards][]problem.Unknown
	var errs [shards]error
	var wg sync.WaitGroup
	for shard := range shards {
		wg.Go(func() {
			parts[shard], errs[shard] = t.unknowns(ctx, shard, from, limit/shards+1, now)
		})
	}
	wg.Wait()
	return slices.Concat(parts[:]...), firstError(errs[:]...)
}

func (t *Table) unknowns(ctx context.Context, shard int, from time.Time, limit int, now time.Time) ([]problem.Unknown, error) {
	in := between(unknownPK(shard), timeSK("", from), "~")
	in.ScanIndexForward = ptr(false)
	in.Limit = ptr(int32(min(limit, 1000))) //nolint:gosec // bounded
	var out []problem.Unknown
	err := t.query(ctx, in, func(it item) bool {
		parts := strings.Split(text(it, skName), "#")
		if len(parts) == 3 && !expired(it, now) {
			out = append(out, problem.Unknown{
				Customer: identity.CustomerID(parts[1]), Contact: parts[2], At: parseMillis(parts[0]), Words: strings.Fields(text(it, "w")),
			})
		}
		return len(out) < limit
	})
	return out, err
}

// DecideWords keeps that somebody decided about hashes of words, until a time.
func (t *Table) DecideWords(ctx context.Context, hashes []string, by, decision string, expires time.Time) error {
	for _, h := range hashes {
		it := key(decidedPK, h)
		it["by"], it["d"], it[ttlName] = str(by), str(decision), num(expires.Unix())
		if _, err := t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: it}); err != nil {
			return failed(err, "write item")
		}
	}
	return nil
}

// DecidedWords returns the hashes of words that somebody has decided about.
func (t *Table) DecidedWords(ctx context.Context, now time.Time) (map[string]bool, error) {
	out := map[string]bool{}
	err := t.query(ctx, between(decidedPK, "-", "~"), func(it item) bool {
		if !expired(it, now) {
			out[text(it, skName)] = true
		}
		return true
	})
	return out, err
}
