package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/store/storetest"
)

func stringAttribute(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

func TestItemSize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		item attributes
		want int
	}{
		{"no item", nil, 0},
		{"two-byte letters", attributes{storetest.PartitionKey: stringAttribute("éé")}, 2 + 4},
		{"number of 13 digits", attributes{"t": &types.AttributeValueMemberN{Value: "1790000000000"}}, 1 + 8},
		{"string set", attributes{"al": &types.AttributeValueMemberSS{Value: []string{"abc", "de"}}}, 2 + 3 + 5},
	} {
		if got := itemSize(tt.item); got != tt.want {
			t.Errorf("%s: got %d bytes, want %d", tt.name, got, tt.want)
		}
	}
}

func TestWriteCapacity_Index(t *testing.T) {
	t.Parallel()
	plain := attributes{storetest.PartitionKey: stringAttribute("customer"), storetest.SortKey: stringAttribute("K-1"), "v": stringAttribute("1")}
	waits := attributes{storetest.PartitionKey: stringAttribute("customer"), storetest.SortKey: stringAttribute("K-1"), "v": stringAttribute("2"), storetest.IndexPartitionKey: stringAttribute("waiting#billing#1"), storetest.IndexSortKey: stringAttribute("1"), "ch": stringAttribute("email")}
	moved := attributes{storetest.PartitionKey: stringAttribute("customer"), storetest.SortKey: stringAttribute("K-1"), "v": stringAttribute("3"), storetest.IndexPartitionKey: stringAttribute("waiting#it#1"), storetest.IndexSortKey: stringAttribute("1"), "ch": stringAttribute("email")}
	again := attributes{storetest.PartitionKey: stringAttribute("customer"), storetest.SortKey: stringAttribute("K-1"), "v": stringAttribute("4"), storetest.IndexPartitionKey: stringAttribute("waiting#it#1"), storetest.IndexSortKey: stringAttribute("1"), "ch": stringAttribute("email")}
	large := attributes{storetest.PartitionKey: stringAttribute("customer"), storetest.SortKey: stringAttribute("M-1"), "t": stringAttribute(strings.Repeat("x", 1024))}
	for _, tt := range []struct {
		name          string
		before, after attributes
		want          float64
	}{
		{"new item", nil, plain, 1},
		{"new item over 1 KB", nil, large, 2},
		{"deletion over 1 KB", large, nil, 2},
		{"new index entry", plain, waits, 2},
		{"moved index entry", waits, moved, 3},
		{"unchanged index entry", moved, again, 1},
		{"removed index entry", again, plain, 2},
	} {
		if got := writeCapacity(tt.before, tt.after).write; got != tt.want {
			t.Errorf("%s: got %g write units, want %g", tt.name, got, tt.want)
		}
	}
}

func TestReadCapacity(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size   int
		strong bool
		want   float64
	}{{0, false, 0.5}, {0, true, 1}, {4096, false, 0.5}, {4097, false, 1}, {8193, true, 3}} {
		if got := readCapacity(aws.Bool(tt.strong), tt.size).read; got != tt.want {
			t.Errorf("%d bytes, strong %v: got %g read units, want %g", tt.size, tt.strong, got, tt.want)
		}
	}
}

func TestFigure_MissesBudget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value  float64
		budget string
		want   bool
	}{{2.6, "<= 2.6", false}, {2.601, "<= 2.6", true}, {999, ">= 1000", true}, {1000, ">= 1000", false}, {7, "", false}} {
		if got := (figure{value: c.value, budget: c.budget}).missesBudget(); got != c.want {
			t.Errorf("%g with budget %q: missed is %t, want %t", c.value, c.budget, got, c.want)
		}
	}
}
