package lambdabatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/lambdabatch"
)

// letters is a queue in memory that refuses one record.
type letters struct {
	refuse string
	got    []string // sequence numbers
}

func (l *letters) Put(_ context.Context, body []byte) error {
	var d lambdabatch.DeadLetter
	if err := json.Unmarshal(body, &d); err != nil {
		return err
	}
	if d.SetAside.SequenceNumber == l.refuse {
		return fault.New(fault.Unavailable, "send job")
	}
	l.got = append(l.got, d.SetAside.SequenceNumber)
	return nil
}

type counts map[string]int

func (c counts) Count(_, _ string, add map[string]int) { maps.Copy(c, add) }

func TestDeadLetters_Stream(t *testing.T) {
	t.Parallel()
	var ev events.DynamoDBEvent
	for i := range 6 {
		ev.Records = append(ev.Records, events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{SequenceNumber: fmt.Sprint(i)}})
	}
	for name, tt := range map[string]struct {
		bad    []int
		again  int
		refuse string
		dead   []string
		want   string // the record from which on the batch is delivered again
	}{
		"nothing":                       {nil, -1, "", nil, ""},
		"a failure":                     {nil, 2, "", nil, "2"},
		"bad records":                   {[]int{4, 1}, -1, "", []string{"1", "4"}, ""},
		"a failure between bad records": {[]int{1, 4}, 2, "", []string{"1"}, "2"},
		"a bad record that failed otherwise, too":  {[]int{2}, 2, "", nil, "2"},
		"a dead letter that cannot be sent":        {[]int{1, 3, 4}, -1, "3", []string{"1"}, "3"},
		"one that cannot be sent before a failure": {[]int{1}, 5, "1", nil, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, n := &letters{refuse: tt.refuse}, counts{}
			bad := map[int]error{}
			for _, i := range tt.bad {
				bad[i] = fault.New(fault.Invalid, "no")
			}
			resp := (&lambdabatch.DeadLetters{Queue: q, Meter: n}).Stream(t.Context(), ev, bad, tt.again)
			got := ""
			for _, f := range resp.BatchItemFailures {
				got += f.ItemIdentifier
			}
			if got != tt.want {
				t.Errorf("delivered again from %q, want %q", got, tt.want)
			}
			if !slices.Equal(q.got, tt.dead) {
				t.Errorf("dead letters of %q, want %q", q.got, tt.dead)
			}
			if n["SetAside"] != len(tt.dead) {
				t.Errorf("counted %d, want %d", n["SetAside"], len(tt.dead))
			}
		})
	}
}

func TestIsPermanent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{fault.New(fault.Unavailable, "x"), false},
		{fault.New(fault.TooMany, "x"), false},
		{fault.New(fault.Conflict, "x"), false},
		{context.Canceled, false},
		{fault.Wrap(fault.Internal, context.DeadlineExceeded, "x"), false},
		{fault.New(fault.Invalid, "x"), true},
		{fault.New(fault.NotFound, "x"), true},
		{fault.New(fault.TooLarge, "x"), true},
		{fmt.Errorf("outer: %w", fault.New(fault.Internal, "x")), true},
		{errors.New("of no kind"), true},
	} {
		if got := lambdabatch.IsPermanent(tt.err); got != tt.want {
			t.Errorf("IsPermanent(%v) is %v, want %v", tt.err, got, tt.want)
		}
	}
}

func TestRecoverPanic_ErrorWithoutPanicText(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 5} { // in place, and in goroutines
		err := lambdabatch.RecoverPanic(t.Context(), func() error {
			lambdabatch.Each(n, 2, func(int) { panic("Jansen") })
			return nil
		})
		if !fault.Is(err, fault.Internal) || strings.Contains(err.Error(), "Jansen") {
			t.Errorf("a panic among %d gives %v", n, err)
		}
	}
	none := []int{}
	err := lambdabatch.RecoverPanic(t.Context(), func() error { none[len(none)]++; return nil })
	if err == nil || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("a panic of the runtime gives %v", err)
	}
}

func TestWithTimeShare_LeavesTimeToAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	part, end := lambdabatch.WithTimeShare(ctx, 0.75)
	defer end()
	whole, _ := ctx.Deadline()
	at, ok := part.Deadline()
	if left := whole.Sub(at); !ok || left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("it leaves %v of an hour, want a quarter", left)
	}
	open, end := lambdabatch.WithTimeShare(t.Context(), 0.75)
	defer end()
	if _, ok := open.Deadline(); ok {
		t.Error("a context without a deadline got one")
	}
}
