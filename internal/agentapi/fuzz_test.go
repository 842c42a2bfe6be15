package agentapi_test

import (
	"testing"

	"github.com/heard-intake/heard/internal/agentapi"
	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/strictjson"
)

// FuzzRequestBody checks that every body is read or refused as invalid.
func FuzzRequestBody(f *testing.F) {
	for _, seed := range []string{
		`{"delivery":"recorded","channel":"whatsapp","text":"x","id":"1","sentAt":"2026-03-01T10:00:00Z"}`,
		`{"phones":["31970100678"],"orders":[{"number":"1","products":["a"]}]}`,
		`{"reasons":[{"reason":"returns"}]}`, `{}{}`, `[]`, `null`, `{"text":"\ud800"}`, `{"version":1e999}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, request := range agentapi.Requests() {
			if err := strictjson.Unmarshal(body, request); err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: kind of error = %s, want %s: %v", name, fault.KindOf(err), fault.Invalid, err)
			}
		}
	})
}
