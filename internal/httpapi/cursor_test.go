package httpapi_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/store"
)

// Every list of the API seals its cursors, because a place can be the key of
// an item that the caller may not see.
func TestSealCursor_HidesPlace(t *testing.T) {
	t.Parallel()
	key := store.New(nil, "", store.Pepper("a pepper for tests, 32 bytes long"))
	const place = "customer 0199a1b2-0000-7000-8000-000000000001, message 1772442000000:whatsapp:wamid.x"
	cursor := httpapi.SealCursor(key, "renewal", place)
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || strings.Contains(string(raw), "wamid") || strings.Contains(string(raw), "0199a1b2") {
		t.Errorf("the place is readable in %q (%v)", raw, err)
	}
	if got, err := httpapi.OpenCursor(key, "renewal", cursor); got != place || err != nil {
		t.Errorf("opened as %q (%v), want %q", got, err, place)
	}
	earlier := base64.RawURLEncoding.EncodeToString([]byte(key.Hash("cursor", "renewal", place)[:16] + place))
	for name, bad := range map[string]string{"an earlier version": earlier, "a history": key.Seal("renewal", place)} {
		if _, err := httpapi.OpenCursor(key, "renewal", bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("a cursor of %s: error %v, want one of kind %v", name, err, fault.Invalid)
		}
	}
}
