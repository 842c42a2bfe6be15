package media

import (
	"context"
	"errors"
	"time"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// nameTries is the number of times that a name is requested, in about a
// quarter of an hour. A name is not essential. Without an access token it is
// not requested.
const nameTries = 6

// fetchName requests the name of the customer with an alias. A failure affects
// nothing else.
func (h *Handler) fetchName(ctx context.Context, key string, try int) (wait time.Duration, err error) {
	alias, customer, err := h.Store.Customers.AliasByKey(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ch := message.Messenger
	if alias.Kind == identity.IGSID {
		ch = message.Instagram
	}
	token, err := h.accessToken(ctx, ch, alias.Scope)
	if err == nil {
		var name string
		if name, err = h.queryName(ctx, alias.Alias, token); err == nil && name != "" {
			err = h.Store.Customers.PutShownName(ctx, customer, name)
		}
		h.refreshToken(ctx, ch, err)
	}
	r, refused := errors.AsType[*refusal](err)
	if !refused {
		return 0, err
	}
	unset := errors.Is(err, errNoToken)
	if !unset {
		wait = h.recordRefusal(ch, r)
	}
	if unset || r.isFinal(1) || try >= nameTries {
		h.Meter.Count("Channel", string(ch), map[string]int{"NoName": 1})
		return 0, nil
	}
	return wait, r
}
