package media_test

import (
	"fmt"

	"github.com/heard-intake/heard/internal/media"
)

// A client accepts host names, and local servers by IP address.
func ExampleNewClient() {
	_, err := media.NewClient([]string{"graph.facebook.com", ".fbcdn.net", "http://localhost:8088"})
	fmt.Println(err)
	// Output: media hosts: "http://localhost:8088" must be a host, or a scheme, IP address and port
}
