package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/heard-intake/heard/infra/local/graph"
)

// A test sends through the API and then reads the sent messages.
func ExampleServer() {
	api := graph.New(graph.Config{})
	api.Fail("/v24.0/110/messages", &graph.Fault{Status: http.StatusTooManyRequests, Code: 80007, Times: 1})
	web := httptest.NewServer(api)
	defer web.Close()

	const text = `{"messaging_product":"whatsapp","to":"+31970100000001","type":"text","text":{"body":"Hoi"}}`
	for range 2 {
		resp, err := http.Post(web.URL+"/v24.0/110/messages?access_token=any", "application/json", strings.NewReader(text))
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode)
	}
	fmt.Println(len(api.Sent()), "message from", api.Sent()[0].From)
	// Output:
	// 429
	// 200
	// 1 message from 110
}
