package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// keptCounts is how long the count of a minute is stored, with room for clocks
// that differ.
const keptCounts = 10 * time.Minute

// IncrementRate adds n to the count of a name in a minute and returns the sum.
// Only the keyed hash of the name is stored. A repeated try counts twice, which
// limits earlier, never later.
func (t *core) IncrementRate(ctx context.Context, name string, minute time.Time, n int) (int, error) {
	out, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: key(t.ratePK(name), rateSK(minute)),
		UpdateExpression:          exprf("ADD %s :n SET %s = :e", attrRateCount, ttlName),
		ExpressionAttributeValues: item{":n": num(n), ":e": num(minute.Add(keptCounts).Unix())},
		ReturnValues:              types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, sdkError(err, "increment rate")
	}
	return int(number(out.Attributes, attrRateCount)), nil
}
