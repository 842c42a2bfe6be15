package updates

import "github.com/aws/aws-lambda-go/events"

// Request returns what an update asks of the API.
func Request(department, messageID string, body []byte) (events.APIGatewayV2HTTPRequest, error) {
	u, err := parse(body)
	if err != nil {
		return events.APIGatewayV2HTTPRequest{}, err
	}
	return u.request(department, messageID), nil
}
