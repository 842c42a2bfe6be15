package triage_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
)

// tally counts items that are written, by the first letter of their partition
// key, and reads of messages.
type tally struct {
	mu     sync.Mutex
	writes map[string]int
	reads  int // of messages
}

func (c *tally) install(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("Tally", c.handle), middleware.Before)
	})
}

func (c *tally) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	wrote := func(key map[string]types.AttributeValue) {
		if pk, ok := key["pk"].(*types.AttributeValueMemberS); ok {
			head, _, _ := strings.Cut(pk.Value, "#")
			c.writes[head]++
		}
	}
	c.mu.Lock()
	switch p := in.Parameters.(type) {
	case *dynamodb.PutItemInput:
		wrote(p.Item)
	case *dynamodb.QueryInput:
		if from, ok := p.ExpressionAttributeValues[":from"].(*types.AttributeValueMemberS); ok && strings.HasPrefix(from.Value, "M#") {
			c.reads++
		}
	case *dynamodb.TransactWriteItemsInput:
		for _, w := range p.TransactItems {
			if w.Put != nil {
				wrote(w.Put.Item)
			} else if w.Update != nil {
				wrote(w.Update.Key)
			}
		}
	}
	c.mu.Unlock()
	return next.HandleInitialize(ctx, in)
}

// since returns the items written since its last call.
func (c *tally) since() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.writes
	c.writes = map[string]int{}
	return was
}

// A burst of one reason writes to one partition key: that of the window, or of the
// problem once it is open. Each contact may write one item there, and each batch a
// few. 5,000 contacts a minute then use a small part of the 1,000 write units a
// second that DynamoDB gives a key.
func TestHandle_BurstWritesPerKey(t *testing.T) {
	t.Parallel()
	const perBatch, batches, beside = 83, 3, 8
	for name, c := range map[string]struct{ text, key, other string }{
		"a problem, as soon as there is one":      {unclear, "P", "W"},
		"the window, where only a rise makes one": {"Wanneer wordt mijn pakket bezorgd?", "W", "P"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, db := storetest.NewWithClient(t)
			count := &tally{writes: map[string]int{}}
			table := store.New(dynamodb.New(db.Options(), count.install), storetest.Name, storetest.Pepper)
			tr := on(table)
			for n := range batches {
				var ms []message.Message
				for i := range perBatch {
					ms = append(ms, says(n*perBatch+i, 0, time.Duration(n)*time.Second, c.text))
				}
				put(t, table, ms...)
				count.since()
				handle(t, tr, ms...)
				wrote := count.since()
				if n == 0 {
					continue // this batch opens the problem
				}
				if got := wrote[c.key]; got < perBatch || got > perBatch+beside {
					t.Errorf("batch %d of %d contacts wrote %d items under %s#", n, perBatch, got, c.key)
				}
				if got := wrote[c.other]; got > 0 {
					t.Errorf("batch %d wrote %d items under %s#, too", n, got, c.other)
				}
			}
		})
	}
}

// A customer with a new contact gets a second round. If nothing changed, the
// round reads no messages.
func TestHandle_SecondRoundReadsNoMessages(t *testing.T) {
	t.Parallel()
	_, db := storetest.NewWithClient(t)
	count := &tally{writes: map[string]int{}}
	table := store.New(dynamodb.New(db.Options(), count.install), storetest.Name, storetest.Pepper)
	m := says(1, 0, 0, unclear)
	put(t, table, m)
	handle(t, on(table), m)
	if count.reads != 1 {
		t.Errorf("messages were read %d times", count.reads)
	}
}
