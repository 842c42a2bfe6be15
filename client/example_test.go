package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/heard-intake/heard/client"
)

func ExampleClient_History() {
	stack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"messages":[{"id":"1","channel":"email","text":"Where is my parcel?"}],"complete":true}`))
	}))
	defer stack.Close()

	c := client.Client{URL: stack.URL, Token: client.Fixed("token")}
	for m, err := range c.History(context.Background(), "customer-id", client.HistoryQuery{Oldest: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Channel, m.Text)
	}
	// Output: email Where is my parcel?
}
