package taxonomy

import (
	"slices"
	"testing"
)

func TestLengthsGoUpAndDown(t *testing.T) {
	t.Parallel()
	var l lengths
	for _, n := range []int{3, 6, 7, 40, 63} {
		l |= 1 << n
	}
	for _, tt := range []struct {
		to       int
		up, down []int
	}{
		{-1, nil, nil},
		{2, nil, nil},
		{3, []int{3}, []int{3}},
		{10, []int{3, 6, 7}, []int{7, 6, 3}},
		{63, []int{3, 6, 7, 40, 63}, []int{63, 40, 7, 6, 3}},
		{500, []int{3, 6, 7, 40, 63}, []int{63, 40, 7, 6, 3}},
	} {
		if got := slices.Collect(l.upTo(tt.to)); !slices.Equal(got, tt.up) {
			t.Errorf("up to %d: %v", tt.to, got)
		}
		if got := slices.Collect(l.downFrom(tt.to)); !slices.Equal(got, tt.down) {
			t.Errorf("down from %d: %v", tt.to, got)
		}
	}
}
