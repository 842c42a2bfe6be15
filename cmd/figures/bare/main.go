// Bare is the smallest possible WhatsApp webhook: it verifies the signature,
// decodes the body and puts one item. The cost of the whatsapp function is
// compared with its own.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type webhook struct {
	Entry []struct {
		Changes []struct {
			Value struct {
				Contacts []struct {
					Profile struct {
						Name string `json:"name"`
					} `json:"profile"`
				} `json:"contacts"`
				Messages []struct {
					From      string `json:"from"`
					ID        string `json:"id"`
					Timestamp string `json:"timestamp"`
					Text      struct {
						Body string `json:"body"`
					} `json:"text"`
				} `json:"messages"`
			} `json:"value"`
		} `json:"changes"`
	} `json:"entry"`
}

type handler struct {
	db     *dynamodb.Client
	table  string
	secret []byte
}

func (h handler) handleWebhook(ctx context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	mac := hmac.New(sha256.New, h.secret)
	mac.Write([]byte(req.Body))
	if !hmac.Equal([]byte("sha256="+hex.EncodeToString(mac.Sum(nil))), []byte(req.Headers["x-hub-signature-256"])) {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusUnauthorized}, nil
	}
	var w webhook
	if err := json.Unmarshal([]byte(req.Body), &w); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	value := w.Entry[0].Changes[0].Value
	m := value.Messages[0]
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	_, err := h.db.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &h.table,
		Item: map[string]types.AttributeValue{
			"pk": text("B#" + m.From), "sk": text(m.Timestamp + "#" + m.ID), "n": text(value.Contacts[0].Profile.Name), "t": text(m.Text.Body),
		},
		ConditionExpression: aws.String("attribute_not_exists(pk)"),
	})
	if taken := (*types.ConditionalCheckFailedException)(nil); err != nil && !errors.As(err, &taken) {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK}, nil
}

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	lambda.Start(handler{db: dynamodb.NewFromConfig(cfg), table: os.Getenv("TABLE"), secret: []byte(os.Getenv("APP_SECRET"))}.handleWebhook)
}
