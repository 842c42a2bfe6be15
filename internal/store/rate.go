package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// keptCounts is how long a minute's count is of use, with room for clocks that
// differ.
const keptCounts = 10 * time.Minute

// Count adds n to what was counted under a name in a minute, and returns the
// sum. A name that is a person's stands only as its keyed hash. What is counted
// twice because a try was repeated limits earlier, never later.
func (t *Table) IncrementRate(ctx context.Context, name string, minute time.Time, n int) (int, error) {
	out, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: key(t.ratePK(name), rateSK(minute)),
		UpdateExpression:          exprf("ADD %s :n SET %s = :e", attrRateCount, ttlName),
		ExpressionAttributeValues: item{":n": num(n), ":e": num(minute.Add(keptCounts).Unix())},
		ReturnValues:              types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, sdkError(err, "count")
	}
	return int(number(out.Attributes, attrRateCount)), nil
}
