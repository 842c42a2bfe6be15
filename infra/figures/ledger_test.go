package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

func TestSizeIsThatOfNamesAndValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		item attributes
		want int
	}{
		{"nothing", nil, 0},
		{"a text of two bytes a letter", attributes{"pk": s("éé")}, 2 + 4},
		{"a number of 13 digits", attributes{"t": &types.AttributeValueMemberN{Value: "1790000000000"}}, 1 + 8},
		{"a set", attributes{"al": &types.AttributeValueMemberSS{Value: []string{"abc", "de"}}}, 2 + 3 + 5},
	} {
		if got := sizeOf(tt.item); got != tt.want {
			t.Errorf("%s: %d bytes, want %d", tt.name, got, tt.want)
		}
	}
}

func TestWritesCostWhatTheyDoToTheIndex(t *testing.T) {
	t.Parallel()
	plain := attributes{"pk": s("C#1"), "sk": s("K#1"), "v": s("1")}
	waits := attributes{"pk": s("C#1"), "sk": s("K#1"), "v": s("2"), "gsi1pk": s("waiting#billing#1"), "gsi1sk": s("1"), "ch": s("email")}
	moved := attributes{"pk": s("C#1"), "sk": s("K#1"), "v": s("3"), "gsi1pk": s("waiting#it#1"), "gsi1sk": s("1"), "ch": s("email")}
	again := attributes{"pk": s("C#1"), "sk": s("K#1"), "v": s("4"), "gsi1pk": s("waiting#it#1"), "gsi1sk": s("1"), "ch": s("email")}
	large := attributes{"pk": s("C#1"), "sk": s("M#1"), "t": s(strings.Repeat("x", 1024))}
	for _, tt := range []struct {
		name          string
		before, after attributes
		want          float64
	}{
		{"a new item", nil, plain, 1},
		{"a new item over 1 KB", nil, large, 2},
		{"a deletion of one over 1 KB", large, nil, 2},
		{"a new entry in the index", plain, waits, 2},
		{"an entry that moves", waits, moved, 3},
		{"an entry that stays", moved, again, 1},
		{"an entry that goes", again, plain, 2},
	} {
		if got := writing(tt.before, tt.after).write; got != tt.want {
			t.Errorf("%s costs %g, want %g", tt.name, got, tt.want)
		}
	}
}

func TestReadsOfNothingCostAsMuchAsOfLittle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size   int
		strong bool
		want   float64
	}{{0, false, 0.5}, {0, true, 1}, {4096, false, 0.5}, {4097, false, 1}, {8193, true, 3}} {
		if got := reading(aws.Bool(tt.strong), tt.size).read; got != tt.want {
			t.Errorf("%d bytes, strong %v: %g units, want %g", tt.size, tt.strong, got, tt.want)
		}
	}
}

func TestABudgetThatIsMissedSaysSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value  float64
		budget string
		want   bool
	}{{2.6, "<= 2.6", false}, {2.601, "<= 2.6", true}, {999, ">= 1000", true}, {1000, ">= 1000", false}, {7, "", false}} {
		if got := (figure{value: c.value, budget: c.budget}).missed(); got != c.want {
			t.Errorf("%g of %q is missed: %t", c.value, c.budget, got)
		}
	}
}
