package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/identity"
)

// Link records a proven statement that names two aliases of one person, and
// joins who has them where that is safe. It can be repeated. Both aliases are
// noted with the customer, so that somebody who never wrote is known too.
func (t *Table) Link(ctx context.Context, l identity.Link) (identity.CustomerID, error) {
	both := []identity.Address{
		{Alias: l.From, Assurance: identity.Verified},
		{Alias: l.To, Assurance: identity.Verified},
	}
	customer, err := t.Identify(ctx, both, l.Evidence)
	if err != nil {
		return "", err
	}
	keys := []string{t.aliasKey(both[0]), t.aliasKey(both[1])}
	_, err = t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: t.name, Key: key(customerPK(customer), profileSK),
		UpdateExpression:          aws.String("ADD al :al"),
		ExpressionAttributeValues: item{":al": &types.AttributeValueMemberSS{Value: keys}},
	})
	if err != nil {
		return "", failed(err, "write profile")
	}
	return customer, nil
}
