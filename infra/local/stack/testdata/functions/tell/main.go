// Tell is a test function that sends the text of every page to a queue. It fails
// for a page with the id "broken".
package main

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	client := sqs.NewFromConfig(cfg)
	lambda.Start(func(ctx context.Context, e events.DynamoDBEvent) error {
		for _, r := range e.Records {
			if r.Change.Keys["sk"].String() == "broken" {
				return errors.New("broken")
			}
			_, err := client.SendMessage(ctx, &sqs.SendMessageInput{
				QueueUrl: aws.String(os.Getenv("TOLD")), MessageGroupId: aws.String("g"),
				MessageBody: aws.String(r.Change.NewImage["text"].String()),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
