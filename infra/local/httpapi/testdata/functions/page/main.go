// The page function returns parts of its request, for the tests of package httpapi.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func handle(_ context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return events.APIGatewayV2HTTPResponse{
		StatusCode: 201,
		Headers:    map[string]string{"x-subject": r.RequestContext.Authorizer.JWT.Claims["sub"]},
		Cookies:    []string{"a=1", "b=2"},
		Body:       r.RequestContext.HTTP.Method + " " + r.PathParameters["id"] + " " + r.Body,
	}, nil
}

func main() { lambda.Start(handle) }
