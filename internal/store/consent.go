package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/identity"
)

// maxConsents is the number of consent lines in a profile above which
// superseded lines are removed.
const maxConsents = 40

// PutConsent adds a consent or refusal to the profile. Consents may come in any
// order and more than once; the latest counts. Superseded lines are removed
// when there are many.
func (t Customers) PutConsent(ctx context.Context, c identity.CustomerID, k identity.Consent) error {
	full, err := t.update(ctx, addConsent(c, k, exprf("attribute_not_exists(%[1]s) OR size(%[1]s) < :most", attrProfileConsents)))
	if err != nil || !full {
		return err
	}
	if err := t.tidyConsents(ctx, c); err != nil {
		return err
	}
	_, err = t.update(ctx, addConsent(c, k, nil))
	return err
}

func addConsent(c identity.CustomerID, k identity.Consent, condition *string) *dynamodb.UpdateItemInput {
	in := &dynamodb.UpdateItemInput{
		Key:                       key(customerPK(c), profileSK),
		UpdateExpression:          exprf("ADD %s :said", attrProfileConsents),
		ConditionExpression:       condition,
		ExpressionAttributeValues: item{":said": setOf([]string{writeConsent(k)})},
	}
	if condition != nil {
		in.ExpressionAttributeValues[":most"] = num(maxConsents)
	}
	return in
}

// tidyConsents removes superseded consents. A removed line that comes again is
// superseded again.
func (t Customers) tidyConsents(ctx context.Context, c identity.CustomerID) error {
	found, err := t.batchGet(ctx, []item{key(customerPK(c), profileSK)}, true)
	if err != nil || len(found) == 0 {
		return err
	}
	said := set(found[0], attrProfileConsents)
	counts := map[string]bool{}
	for _, k := range readConsents(slices.Clone(said)) {
		counts[writeConsent(k)] = true
	}
	over := slices.DeleteFunc(said, func(s string) bool { return counts[s] })
	if len(over) == 0 {
		return nil
	}
	_, err = t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                       key(customerPK(c), profileSK),
		UpdateExpression:          exprf("DELETE %s :over", attrProfileConsents),
		ExpressionAttributeValues: item{":over": setOf(over)},
	})
	return err
}

func writeConsent(k identity.Consent) string {
	return fmt.Sprintf("%s#%s#%013d#%t#%s", k.Channel, strings.ReplaceAll(k.Category, "#", "_"), k.At.UnixMilli(), k.Granted, k.Account)
}

// readConsents returns the consents that count. Of two at the same time the
// refusal counts.
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
