package httpapi_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/httpapi"
	"github.com/heard-intake/heard/internal/store"
)

// FuzzOpenCursor checks that a cursor opens only for the list that it was
// sealed for, and that any other text is refused as invalid.
func FuzzOpenCursor(f *testing.F) {
	key := store.New(nil, "", store.Pepper("a pepper for tests, 32 bytes long"))
	f.Add(httpapi.SealCursor(key, "contacts 1", "place"), "contacts 1")
	f.Add("", "contacts 1")
	f.Add("AAAA", "")
	f.Fuzz(func(t *testing.T, cursor, list string) {
		place, err := httpapi.OpenCursor(key, list, cursor)
		if err != nil {
			if got := fault.KindOf(err); got != fault.Invalid {
				t.Errorf("kind of error = %s, want %s: %v", got, fault.Invalid, err)
			}
			return
		}
		again, err := httpapi.OpenCursor(key, list, httpapi.SealCursor(key, list, place))
		if err != nil || again != place {
			t.Errorf("cursor %q opens as %q, sealed again as %q (%v)", cursor, place, again, err)
		}
	})
}
