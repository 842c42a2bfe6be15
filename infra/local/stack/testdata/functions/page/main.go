// Page is a test function that stores a page on POST, and returns its secret and
// environment on GET.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	lambda.Start(func(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if r.RequestContext.HTTP.Method == "POST" {
			_, err := dynamodb.NewFromConfig(cfg).PutItem(ctx, &dynamodb.PutItemInput{
				TableName: aws.String(os.Getenv("TABLE")),
				Item: map[string]types.AttributeValue{
					"pk":   &types.AttributeValueMemberS{Value: "page"},
					"sk":   &types.AttributeValueMemberS{Value: r.PathParameters["id"]},
					"text": &types.AttributeValueMemberS{Value: r.Body},
				},
			})
			return events.APIGatewayV2HTTPResponse{StatusCode: 201}, err
		}
		secret, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
			SecretId: aws.String(os.Getenv("SECRET")),
		})
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		body, err := json.Marshal(map[string]string{
			"secret": *secret.SecretString, "api": os.Getenv("API"), "sub": r.RequestContext.Authorizer.JWT.Claims["sub"],
		})
		return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: string(body)}, err
	})
}
