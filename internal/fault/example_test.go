package fault_test

import (
	"errors"
	"fmt"

	"github.com/heard-intake/heard/internal/fault"
)

func ExampleWrap() {
	err := fault.Wrap(fault.Unavailable, errors.New("connection refused"), "read customer")
	err = fmt.Errorf("resolve alias: %w", err)
	fmt.Println(err)
	fmt.Println(fault.KindOf(err), fault.HTTPStatus(err), fault.Message(err))
	// Output:
	// resolve alias: read customer: connection refused
	// unavailable 503 read customer
}
