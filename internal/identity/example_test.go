package identity_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/identity"
)

func ExampleNewAlias() {
	a, err := identity.NewAlias(identity.Phone, "", "+31 (0)6 - 12 34 56 78")
	fmt.Println(a.Value, err)
	_, err = identity.NewAlias(identity.Phone, "", "06 12345678")
	fmt.Println(err)
	// Output:
	// 31612345678 <nil>
	// not a phone number with country code
}
