package main

import (
	"strings"
	"testing"
)

func TestRegisterLines_LongLine(t *testing.T) {
	t.Parallel()
	i := &registerImport{}
	err := i.registerLines(t.Context(), strings.NewReader("\n"+strings.Repeat("x", maxLine+1)))
	if want := "line 2 has more than 1048576 bytes"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want one with %q", err, want)
	}
}
