package main

import (
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/store/storetest"
)

// readFactor returns 1 for a consistent read and 0.5 for another read.
func readFactor(consistent *bool) float64 {
	if aws.ToBool(consistent) {
		return 1
	}
	return 0.5
}

// missingRead returns the cost of reading a key that does not exist.
func missingRead(consistent *bool) capacity { return capacity{read: readFactor(consistent)} }

// readCapacity returns the cost of reading size bytes.
func readCapacity(consistent *bool, size int) capacity {
	return capacity{read: readFactor(consistent) * max(1, math.Ceil(float64(size)/4096))}
}

func reportedRead(c *types.ConsumedCapacity, consistent *bool, found bool) capacity {
	if c == nil || !found {
		return missingRead(consistent)
	}
	return capacity{read: aws.ToFloat64(c.CapacityUnits)}
}

func reportedWrite(c *types.ConsumedCapacity) capacity {
	if c == nil {
		return capacity{}
	}
	return capacity{write: aws.ToFloat64(c.CapacityUnits)}
}

// writeCapacity returns the cost of replacing an item, with its index entry. A
// nil item does not exist.
func writeCapacity(before, after attributes) capacity {
	return capacity{write: writeUnits(max(itemSize(before), itemSize(after))) + indexUnits(before, after)}
}

func writeUnits(size int) float64 { return max(1, math.Ceil(float64(size)/1024)) }

// indexed are the attributes that the index projects.
var indexed = append(
	[]string{storetest.PartitionKey, storetest.SortKey, storetest.IndexPartitionKey, storetest.IndexSortKey}, storetest.Projected...)

// indexEntry returns the index entry of an item, or nil if it has none.
func indexEntry(it attributes) attributes {
	if it[storetest.IndexPartitionKey] == nil {
		return nil
	}
	e := attributes{}
	for _, name := range indexed {
		if it[name] != nil {
			e[name] = it[name]
		}
	}
	return e
}

// indexUnits returns the write units of an index change: 0 if the entry does not
// change, and two writes if it moves to another key.
func indexUnits(before, after attributes) float64 {
	a := indexEntry(before)
	b := indexEntry(after)
	switch {
	case a == nil && b == nil, equalEntries(a, b):
		return 0
	case a == nil:
		return writeUnits(itemSize(b))
	case b == nil:
		return writeUnits(itemSize(a))
	case stringValue(a[storetest.IndexPartitionKey]) != stringValue(b[storetest.IndexPartitionKey]), stringValue(a[storetest.IndexSortKey]) != stringValue(b[storetest.IndexSortKey]):
		return writeUnits(itemSize(a)) + writeUnits(itemSize(b))
	default:
		return writeUnits(max(itemSize(a), itemSize(b)))
	}
}

func equalEntries(a, b attributes) bool {
	if len(a) != len(b) {
		return false
	}
	for name := range a {
		if stringValue(a[name]) != stringValue(b[name]) {
			return false
		}
	}
	return true
}

// stringValue returns the value of a string attribute, and "" for another type.
func stringValue(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// itemSize returns the size of an item in bytes as AWS counts it. Names and
// strings count as UTF-8. A number takes about half a byte per digit. Lists and
// maps take 3 bytes, plus 1 per element.
func itemSize(it attributes) int {
	n := 0
	for name, v := range it {
		n += len(name) + valueSize(v)
	}
	return n
}

func valueSize(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return (len(v.Value)+1)/2 + 1
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberSS:
		n := 3
		for _, s := range v.Value {
			n += len(s)
		}
		return n
	case *types.AttributeValueMemberM:
		return 3 + itemSize(v.Value) + len(v.Value)
	case *types.AttributeValueMemberL:
		n := 3
		for _, e := range v.Value {
			n += 1 + valueSize(e)
		}
		return n
	default:
		return 1
	}
}
