package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/heard-intake/heard/internal/identity"
)

// PutConsent keeps what a customer said of a consent. Everything that was ever
// said is kept, as a set, so that it may come in any order and more than once;
// what was said last counts.
func (t *Table) PutConsent(ctx context.Context, c identity.CustomerID, k identity.Consent) error {
	said := fmt.Sprintf("%s#%s#%013d#%t#%s", k.Channel, strings.ReplaceAll(k.Category, "#", "_"), k.At.UnixMilli(), k.Granted, k.Account)
	_, err := t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                       key(customerPK(c), profileSK),
		UpdateExpression:          aws.String("ADD co :said"),
		ExpressionAttributeValues: item{":said": &types.AttributeValueMemberSS{Value: []string{said}}},
	})
	return err
}

// readConsents returns of everything that was said what counts. Of two at the
// same time that is the refusal.
func readConsents(said []string) []identity.Consent {
	slices.Sort(said) // by channel, category and time; "false" before "true"
	var out []identity.Consent
	for _, s := range said {
		part := strings.SplitN(s, "#", 5)
		if len(part) < 5 {
			continue
		}
		ms, err := strconv.ParseInt(part[2], 10, 64)
		if err != nil {
			continue
		}
		k := identity.Consent{Channel: part[0], Category: part[1], At: time.UnixMilli(ms).UTC(), Granted: part[3] == "true", Account: part[4]}
		i := slices.IndexFunc(out, func(o identity.Consent) bool {
			return o.Channel == k.Channel && o.Category == k.Category && o.Account == k.Account
		})
		switch {
		case i < 0:
			out = append(out, k)
		case k.At.After(out[i].At):
			out[i] = k
		}
	}
	return out
}
