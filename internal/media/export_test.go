package media

import (
	"context"
	"errors"
)

// What tests look at from outside.
const Margin = reportMargin

var (
	Public = isPublic
	TypeOf = detectType
	NameOf = safeFileName
)

// Ask asks for an address with a token, and returns the reason when it is
// refused.
func Ask(ctx context.Context, c *Client, address string) string {
	resp, err := c.sendRequest(ctx, address, "s3cret")
	if err != nil {
		if r, ok := errors.AsType[*refusal](err); ok {
			return r.reason
		}
		return err.Error()
	}
	_ = resp.Body.Close()
	return ""
}
