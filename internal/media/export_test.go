package media

import (
	"context"
	"errors"
)

// Identifiers for tests in package media_test.
const ResultMargin = resultMargin

var (
	IsPublic     = isPublic
	DetectType   = detectType
	SafeFileName = safeFileName
)

// RefusalReason sends a request with a token. It returns the reason if the
// request is refused, else "".
func RefusalReason(ctx context.Context, c *Client, address string) string {
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
