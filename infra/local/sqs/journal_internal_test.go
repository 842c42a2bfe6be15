package sqs

import (
	"errors"
	"log/slog"
	"os"
	"testing"
)

func TestRunDurably_FailedWrite(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	create := func(name string) error {
		return s.runDurably(func(int64) error {
			s.applyAndLog(record{Op: opCreate, Queue: name})
			return nil
		})
	}
	if err := create("before"); err != nil {
		t.Fatal(err)
	}
	if err := s.journal.file.Close(); err != nil { // makes all writes fail
		t.Fatal(err)
	}
	for _, name := range []string{"first", "second"} {
		if err := create(name); !errors.Is(err, os.ErrClosed) {
			t.Errorf("create queue %s: error %v, want os.ErrClosed", name, err)
		}
	}
	if err := s.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close: error %v, want os.ErrClosed", err)
	}
}
