package departmentapi_test

import (
	"os"
	"testing"

	"github.com/heard-intake/heard/internal/departmentapi"
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

var (
	now  = apitest.Now
	with = apitest.ClaimsWith
)

// TestSchemas checks that the document has the members of every body.
func TestSchemas(t *testing.T) {
	t.Parallel()
	apitest.CheckSchemas(t, departmentapi.Schemas())
}
