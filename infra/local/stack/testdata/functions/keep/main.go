// Keep is a test function that writes the S3 keys of new mails, and the names of
// S3 test events, to the table.
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
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	db := dynamodb.NewFromConfig(cfg)
	lambda.Start(func(ctx context.Context, e events.SQSEvent) (out events.SQSEventResponse, err error) {
		for _, m := range e.Records {
			var body struct {
				events.S3Event
				Event string // s3:TestEvent
			}
			if err := json.Unmarshal([]byte(m.Body), &body); err != nil {
				return out, err
			}
			keys := []string{}
			for _, r := range body.Records {
				keys = append(keys, r.S3.Object.Key)
			}
			if body.Event != "" {
				keys = append(keys, body.Event)
			}
			for _, key := range keys {
				_, err := db.PutItem(ctx, &dynamodb.PutItemInput{
					TableName: aws.String(os.Getenv("TABLE")),
					Item: map[string]types.AttributeValue{
						"pk": &types.AttributeValueMemberS{Value: "mail"},
						"sk": &types.AttributeValueMemberS{Value: key},
					},
				})
				if err != nil {
					return out, err
				}
			}
		}
		return out, nil
	})
}
