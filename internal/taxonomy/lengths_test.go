package taxonomy

import (
	"slices"
	"testing"
)

func TestLengthSet_AscendingDescending(t *testing.T) {
	t.Parallel()
	var l lengthSet
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
		if got := slices.Collect(l.ascendingTo(tt.to)); !slices.Equal(got, tt.up) {
			t.Errorf("ascendingTo(%d) = %v, want %v", tt.to, got, tt.up)
		}
		if got := slices.Collect(l.descendingFrom(tt.to)); !slices.Equal(got, tt.down) {
			t.Errorf("descendingFrom(%d) = %v, want %v", tt.to, got, tt.down)
		}
	}
}
