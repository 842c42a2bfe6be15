package httpapi_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/httpapi"
)

func ExampleLambda() {
	handler := httpapi.NewHandler(httpapi.Config{Now: time.Now, Routes: []httpapi.Route{{
		Pattern: "GET /hello/{name}",
		Serve: func(_ context.Context, r *httpapi.Request) (httpapi.Response, error) {
			if err := r.RequireNoQuery(); err != nil {
				return httpapi.Response{}, err
			}
			return httpapi.Response{Body: map[string]string{"hello": r.PathValue("name")}}, nil
		},
	}}})
	handle := httpapi.Lambda(handler)
	resp, _ := handle(context.Background(), events.APIGatewayV2HTTPRequest{
		RouteKey: "GET /hello/{name}", PathParameters: map[string]string{"name": "Els"},
	})
	fmt.Println(resp.StatusCode, resp.Body)
	// Output: 200 {"hello":"Els"}
}
