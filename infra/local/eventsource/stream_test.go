package eventsource

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/infra/local/dynamo/dynamotest"
)

// start runs a mapping until the test ends or stop is called.
func start(t testing.TB, m interface{ Run(context.Context) error }) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v, want context.Canceled", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func drain(t testing.TB, m interface{ WaitDrained(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := m.WaitDrained(ctx); err != nil {
		t.Fatalf("WaitDrained: %v", err)
	}
}

// table is a table with a stream, in the DynamoDB Local of the test.
type table struct {
	t      testing.TB
	db     *dynamodb.Client
	stream *dynamodbstreams.Client
	arn    string
}

func newTable(t testing.TB) *table {
	t.Helper()
	cfg := dynamotest.Config(t)
	db := dynamotest.New(cfg)
	out, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("heard"), BillingMode: dbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dbtypes.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: dbtypes.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: dbtypes.ScalarAttributeTypeS},
		},
		KeySchema: []dbtypes.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: dbtypes.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: dbtypes.KeyTypeRange},
		},
		StreamSpecification: &dbtypes.StreamSpecification{
			StreamEnabled: aws.Bool(true), StreamViewType: dbtypes.StreamViewTypeNewAndOldImages,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &table{
		t: t, db: db, stream: dynamodbstreams.NewFromConfig(cfg), arn: *out.TableDescription.LatestStreamArn,
	}
}

func (tb *table) put(pk, sk string) {
	tb.t.Helper()
	_, err := tb.db.PutItem(tb.t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("heard"), Item: map[string]dbtypes.AttributeValue{
			"pk": &dbtypes.AttributeValueMemberS{Value: pk}, "sk": &dbtypes.AttributeValueMemberS{Value: sk},
		},
	})
	if err != nil {
		tb.t.Fatal(err)
	}
}

func (tb *table) mapping(cfg StreamConfig) *Stream {
	tb.t.Helper()
	cfg.Client, cfg.StreamARN, cfg.Function = tb.stream, tb.arn, "f"
	if cfg.Backoff == 0 {
		cfg.Backoff = time.Millisecond
	}
	m, err := NewStream(cfg)
	if err != nil {
		tb.t.Fatal(err)
	}
	return m
}

// keys is an Invoker that records the sort keys of its events.
type keys struct {
	function
	sks []string
}

func (k *keys) Invoke(ctx context.Context, name string, payload []byte) ([]byte, string, error) {
	response, functionError, err := k.function.Invoke(ctx, name, payload)
	k.mu.Lock()
	defer k.mu.Unlock()
	for part := range strings.SplitSeq(string(payload), `"Keys":`) {
		if _, after, ok := strings.Cut(part, `"sk":{"S":"`); ok && strings.HasPrefix(part, "{") {
			sk, _, _ := strings.Cut(after, `"`)
			k.sks = append(k.sks, sk)
		}
	}
	return response, functionError, err
}

func (k *keys) list() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.sks)
}

func TestStream_DeliversInOrder(t *testing.T) {
	t.Parallel()
	tb, k := newTable(t), &keys{}
	filter, err := ParseFilter(`{"eventName":["INSERT"],"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"M#"}]}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	m := tb.mapping(StreamConfig{Invoker: k, Filter: filter})
	tb.put("C#1", "M#before")
	start(t, m)
	var want []string
	want = append(want, "M#before")
	for i := range 50 {
		sk := fmt.Sprintf("M#%02d", i)
		tb.put("C#1", sk)
		tb.put("C#1", "P") // does not pass the filter
		want = append(want, sk)
		if i%10 == 0 {
			drain(t, m)
			if diff := cmp.Diff(want, k.list()); diff != "" {
				t.Fatalf("delivered when drained (-want +got):\n%s", diff)
			}
		}
	}
	drain(t, m)
	if diff := cmp.Diff(want, k.list()); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	if lag := m.Lag(); lag != 0 {
		t.Errorf("lag %v when drained, want 0", lag)
	}
}

func TestStream_StartingPositionLatest(t *testing.T) {
	t.Parallel()
	tb, k := newTable(t), &keys{}
	tb.put("C#1", "old")
	cfg := StreamConfig{Invoker: k, StartingPosition: "LATEST", Checkpoint: filepath.Join(t.TempDir(), "position")}
	m := tb.mapping(cfg)
	stop := start(t, m)
	drain(t, m)
	stop()
	tb.put("C#1", "while stopped")
	m = tb.mapping(cfg)
	start(t, m)
	tb.put("C#1", "new")
	drain(t, m)
	if diff := cmp.Diff([]string{"while stopped", "new"}, k.list()); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}

func TestStream_RestartRedelivers(t *testing.T) {
	t.Parallel()
	tb, k := newTable(t), &keys{}
	cfg := StreamConfig{Invoker: k, BatchSize: 2, Checkpoint: filepath.Join(t.TempDir(), "position")}
	m := tb.mapping(cfg)
	stop := start(t, m)
	for i := range 5 {
		tb.put("C#1", strconv.Itoa(i))
	}
	drain(t, m)
	stop()

	// The position does not pass a failed record: a restart delivers it again.
	invoked := make(chan struct{}, 100)
	k.answer = func([]string) (string, string, error) {
		invoked <- struct{}{}
		return "", "Unhandled", nil
	}
	m = tb.mapping(cfg)
	stop = start(t, m)
	tb.put("C#1", "5")
	<-invoked
	stop()

	k.answer, k.sks = nil, slices.DeleteFunc(k.sks, func(sk string) bool { return sk == "5" })
	m = tb.mapping(cfg)
	start(t, m)
	drain(t, m)
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5"}, k.list()); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}

func TestStream_Window(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := &shards{shards: []fakeShard{{id: "one", records: []string{"1", "2", "3"}}}}
		f := &function{}
		m, err := NewStream(StreamConfig{
			Client: fake, StreamARN: "arn", Function: "f", Invoker: f, BatchSize: 4, Window: time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		stop := start(t, m)
		defer stop()
		time.Sleep(59 * time.Second)
		if calls := f.seen(); len(calls) > 0 || m.Lag() < 59*time.Second {
			t.Errorf("within the window: invocations %q, lag %v, want none and at least 59s", calls, m.Lag())
		}
		fake.change(func() { fake.shards[0].records = append(fake.shards[0].records, "4") })
		time.Sleep(500 * time.Millisecond)
		if diff := cmp.Diff([]string{"1 2 3 4"}, f.seen()); diff != "" {
			t.Errorf("invocations after the batch is full (-want +got):\n%s", diff)
		}
		fake.change(func() { fake.shards[0].records = append(fake.shards[0].records, "5") })
		time.Sleep(61 * time.Second)
		if diff := cmp.Diff([]string{"1 2 3 4", "5"}, f.seen()); diff != "" {
			t.Errorf("invocations after the window (-want +got):\n%s", diff)
		}
		drain(t, m)
	})
}

func TestStream_ChaosLosesNothing(t *testing.T) {
	t.Parallel()
	tb, k := newTable(t), &keys{}
	m := tb.mapping(StreamConfig{Invoker: k, BatchSize: 7, Chaos: Chaos{
		Seed: 3, Duplicate: 0.4, Reorder: 0.5, Split: 0.5, Concurrent: 0.5, Throttle: 0.2, Lose: 0.2,
	}})
	for i := range 60 {
		tb.put("C#"+strconv.Itoa(i%6), fmt.Sprintf("%d", i))
	}
	start(t, m)
	drain(t, m)
	got := k.list()
	for i := range 60 {
		if !slices.Contains(got, strconv.Itoa(i)) {
			t.Errorf("record %d was never delivered", i)
		}
	}
	if len(got) == 60 && slices.IsSortedFunc(got, func(a, b string) int { return len(a) - len(b) }) {
		t.Error("60 records delivered in order, want duplicates or reordering: Chaos is set")
	}
}

func TestNewStream_Invalid(t *testing.T) {
	t.Parallel()
	ok := StreamConfig{Client: &shards{}, StreamARN: "arn", Function: "f", Invoker: &function{}}
	tests := []struct {
		name   string
		change func(*StreamConfig)
	}{
		{"no function", func(c *StreamConfig) { c.Function = "" }},
		{"unknown starting position", func(c *StreamConfig) { c.StartingPosition = "NOW" }},
		{"batch too large", func(c *StreamConfig) { c.BatchSize = 10_001 }},
		{"ParallelizationFactor too large", func(c *StreamConfig) { c.Parallel = 11 }},
		{"window too long", func(c *StreamConfig) { c.Window = time.Hour }},
	}
	if _, err := NewStream(ok); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := ok
			test.change(&cfg)
			if _, err := NewStream(cfg); err == nil {
				t.Error("error is nil, want one")
			}
		})
	}
}

// shards is a stream whose shards close and have children. DynamoDB Local has only one shard, which stays open.
type shards struct {
	mu     sync.Mutex
	shards []fakeShard
	expire bool // the iterator of the next read has expired
}

type fakeShard struct {
	id, parent string
	records    []string // sequence numbers
	trimmed    int      // number of records that the stream has dropped
	closed     bool
}

func (s *shards) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *shards) DescribeStream(_ context.Context, in *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	after := slices.IndexFunc(s.shards, func(f fakeShard) bool { return f.id == aws.ToString(in.ExclusiveStartShardId) })
	out := &types.StreamDescription{}
	if after+1 < len(s.shards) { // one shard a page
		f := s.shards[after+1]
		sh := types.Shard{ShardId: aws.String(f.id)}
		if f.parent != "" {
			sh.ParentShardId = aws.String(f.parent)
		}
		out.Shards = []types.Shard{sh}
		if after+2 < len(s.shards) {
			out.LastEvaluatedShardId = aws.String(f.id)
		}
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: out}, nil
}

func (s *shards) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.shards, func(f fakeShard) bool { return f.id == *in.ShardId })
	at := s.shards[i].trimmed
	if in.ShardIteratorType == types.ShardIteratorTypeAfterSequenceNumber {
		at = slices.Index(s.shards[i].records, *in.SequenceNumber) + 1
		if at <= s.shards[i].trimmed {
			return nil, &types.TrimmedDataAccessException{}
		}
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: aws.String(fmt.Sprintf("%d %d", i, at))}, nil
}

func (s *shards) GetRecords(_ context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expire {
		s.expire = false
		return nil, &types.ExpiredIteratorException{}
	}
	var i, at int
	if _, err := fmt.Sscanf(*in.ShardIterator, "%d %d", &i, &at); err != nil {
		return nil, err
	}
	f := s.shards[i]
	out := &dynamodbstreams.GetRecordsOutput{}
	for ; at < len(f.records) && len(out.Records) < 2; at++ { // two records a read
		now := time.Now()
		out.Records = append(out.Records, types.Record{Dynamodb: &types.StreamRecord{
			SequenceNumber: aws.String(f.records[at]), ApproximateCreationDateTime: &now,
		}})
	}
	if at < len(f.records) || !f.closed {
		out.NextShardIterator = aws.String(fmt.Sprintf("%d %d", i, at))
	}
	return out, nil
}

func TestStream_ParentBeforeChildren(t *testing.T) {
	t.Parallel()
	fake := &shards{shards: []fakeShard{
		{id: "parent", parent: "long gone", records: []string{"1", "2", "3"}, closed: true},
		{id: "left", parent: "parent", records: []string{"4"}, closed: true},
		{id: "child of left", parent: "left", records: []string{"5"}},
	}}
	f := &function{}
	path := filepath.Join(t.TempDir(), "position")
	m, err := NewStream(StreamConfig{Client: fake, StreamARN: "arn", Function: "f", Invoker: f, Checkpoint: path, Backoff: 1})
	if err != nil {
		t.Fatal(err)
	}
	stop := start(t, m)
	drain(t, m)
	fake.change(func() {
		fake.expire = true
		fake.shards[2].records = append(fake.shards[2].records, "6")
		fake.shards[2].closed = true
		fake.shards = append(fake.shards, fakeShard{id: "last", parent: "child of left", records: []string{"7"}})
	})
	drain(t, m)
	if got, want := strings.Join(f.seen(), " "), "1 2 3 4 5 6 7"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
	stop()

	fake.change(func() { fake.shards[3].records = append(fake.shards[3].records, "8") })
	m, err = NewStream(StreamConfig{Client: fake, StreamARN: "arn", Function: "f", Invoker: f, Checkpoint: path, Backoff: 1})
	if err != nil {
		t.Fatal(err)
	}
	start(t, m)
	drain(t, m)
	if got, want := strings.Join(f.seen(), " "), "1 2 3 4 5 6 7 8"; got != want {
		t.Errorf("delivered %s after a restart, want %s", got, want)
	}
}

func TestStream_TrimmedPosition(t *testing.T) {
	t.Parallel()
	fake := &shards{shards: []fakeShard{{id: "one", records: []string{"1", "2", "3", "4"}, trimmed: 3}}}
	path := filepath.Join(t.TempDir(), "position")
	if err := os.WriteFile(path, []byte(`{"stream":"arn","shards":{"one":{"after":"1"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &function{}
	m, err := NewStream(StreamConfig{Client: fake, StreamARN: "arn", Function: "f", Invoker: f, Checkpoint: path, Backoff: 1})
	if err != nil {
		t.Fatal(err)
	}
	start(t, m)
	drain(t, m)
	if got := strings.Join(f.seen(), " "); got != "4" {
		t.Errorf("delivered %q, want 4, the only record left", got)
	}
}

func TestStreamRun_CheckpointNotWritable(t *testing.T) {
	t.Parallel()
	fake := &shards{shards: []fakeShard{{id: "one", records: []string{"1"}}}}
	m, err := NewStream(StreamConfig{
		Client: fake, StreamARN: "arn", Function: "f", Invoker: &function{},
		Checkpoint: filepath.Join(t.TempDir(), "no such folder", "position"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Run(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v, want the write error", err)
	}
}

func TestOpenCheckpoint(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "position")
	c, found, err := openCheckpoint(path, "arn-1")
	if err != nil || found {
		t.Fatalf("without a file: found %v, error %v, want false and nil", found, err)
	}
	if err := c.savePosition("one", position{After: "5"}); err != nil {
		t.Fatal(err)
	}
	if c, found, err = openCheckpoint(path, "arn-1"); err != nil || !found {
		t.Fatalf("found %v, error %v, want true and nil", found, err)
	}
	if p, known := c.shardPosition("one"); !known || p.After != "5" {
		t.Errorf("position %+v, known %v, want After 5", p, known)
	}
	if c, found, err = openCheckpoint(path, "arn-2"); err != nil || found || len(c.Shards) > 0 {
		t.Errorf("another stream: found %v, error %v, want false and nil", found, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err = openCheckpoint(path, "arn-1"); err == nil {
		t.Error("error is nil for a damaged checkpoint, want one")
	}
}
