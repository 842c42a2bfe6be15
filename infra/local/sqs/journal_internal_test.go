package sqs

import (
	"errors"
	"log/slog"
	"os"
	"testing"
)

func TestNothingIsAcknowledgedAfterAFailedWrite(t *testing.T) {
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
	if err := s.journal.file.Close(); err != nil { // as a disk that goes away
		t.Fatal(err)
	}
	for _, name := range []string{"first", "second"} {
		if err := create(name); !errors.Is(err, os.ErrClosed) {
			t.Errorf("creating the %s queue: %v, want the disk's error", name, err)
		}
	}
	if err := s.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closing: %v, want the disk's error", err)
	}
}
