package where_test

import (
	"fmt"
	"os"

	"github.com/heard-intake/heard/infra/local/where"
)

// A local stack writes its description; another process reads it.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "heard-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	running := where.Stack{Name: "heard", API: "http://127.0.0.1:8080", Endpoints: where.Endpoints{"SQS": "http://127.0.0.1:8082"}}
	if err := running.Write(dir); err != nil {
		fmt.Println(err)
		return
	}
	s, err := where.Read(dir)
	fmt.Println(s.API, s.Local(), err)
	// Output: http://127.0.0.1:8080 true <nil>
}
