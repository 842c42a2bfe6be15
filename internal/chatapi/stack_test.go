package chatapi_test

import (
	"maps"
	"os"
	"testing"

	"github.com/heard-intake/heard/internal/chatapi"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/test/apitest"
)

func TestMain(m *testing.M) { os.Exit(apitest.Run(m)) }

// A stack has the helpers of this package's tests beside those of apitest.
type stack struct{ apitest.Stack }

func newStack(t testing.TB) *stack {
	t.Helper()
	return &stack{*apitest.New(t)}
}

type (
	call   = apitest.Call
	answer = apitest.Answer
	page   = apitest.Page
)

// Routes of agents, who see what visitors write.
const (
	findRoute     = "GET /v1/customers"
	profileRoute  = "GET /v1/customers/{id}"
	historyRoute  = "GET /v1/customers/{id}/messages"
	briefRoute    = "GET /v1/customers/{id}/brief"
	answerRoute   = "POST /v1/customers/{id}/messages"
	recordRoute   = "POST /v1/customers/{id}/contacts"
	registerRoute = "PUT /v1/customers/account/{number}"
)

type profile struct {
	ID          string
	IDs         []string
	Name        string
	Account     string
	Aliases     []identity.Address
	Suggestions []struct{ CustomerID string }
}

// sent returns the body of an answer that an agent tool records, with changes.
func sent(changes map[string]any) map[string]any {
	body := map[string]any{"delivery": "recorded", "channel": "whatsapp", "text": "Uw pakket komt morgen.", "id": "answer-1", "sentAt": "2026-03-01T11:00:00Z"}
	maps.Copy(body, changes)
	return body
}

// phoned returns the body of a call that an agent records.
func phoned(changes map[string]any) map[string]any {
	body := map[string]any{"channel": "phone", "reason": "invoice-unclear", "outcome": "explained", "at": "2026-03-01T11:00:00Z", "id": "call-1"}
	maps.Copy(body, changes)
	return body
}

var (
	now      = apitest.Now
	id       = apitest.PathID
	phone    = apitest.Phone
	verified = apitest.Verified
	uuid7    = apitest.UUIDv7
)

// TestSchemas checks that the document has the members of every body.
func TestSchemas(t *testing.T) {
	t.Parallel()
	apitest.CheckSchemas(t, chatapi.Schemas())
}
