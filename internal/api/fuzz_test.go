package api_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/api"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/store"
)

// A body is read or refused, whatever it is.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"delivery":"recorded","channel":"whatsapp","text":"x","id":"1","sentAt":"2026-03-01T10:00:00Z"}`,
		`{"phones":["31970100678"],"orders":[{"number":"1","products":["a"]}]}`,
		`{"to":"fixed","version":3,"links":["https://example.com"]}`, `{}{}`, `[]`, `null`, `{"text":"\ud800"}`, `{"version":1e999}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, err := range api.Unmarshal(body) {
			if err != nil && fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A cursor opens only when it was sealed for that list.
func FuzzCursor(f *testing.F) {
	key := store.New(nil, "", store.Pepper("a pepper for tests, 32 bytes long"))
	f.Add(api.Seal(key, "contacts 1", "place"), "contacts 1")
	f.Add("", "contacts 1")
	f.Add("AAAA", "")
	f.Fuzz(func(t *testing.T, cursor, list string) {
		place, err := api.Unseal(key, list, cursor)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Error(err)
			}
			return
		}
		if again, err := api.Unseal(key, list, api.Seal(key, list, place)); err != nil || again != place {
			t.Errorf("%q opens as %q, sealed again as %q (%v)", cursor, place, again, err)
		}
	})
}
