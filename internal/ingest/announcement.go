package ingest

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/strictjson"
)

// sesSetupObject is the name of the object that SES writes when a receipt rule
// is created. It is not a mail.
const sesSetupObject = "AMAZON_SES_SETUP_NOTIFICATION"

// mailArrival is one mail that was announced, or one event about a mail that
// we sent.
type mailArrival struct {
	key          string          // of the mail in the bucket; empty for a sending event
	notice       json.RawMessage // SES's record of the mail; nil if S3 announced it
	sendingEvent json.RawMessage // SES's event about a mail that we sent; nil for a received mail
}

// mailAnnouncement has the fields of every event that may announce mails.
type mailAnnouncement struct {
	Event            string          // S3: set in the test event of a new notification
	NotificationType string          // SES, about a received mail
	EventType        string          // SES, about a mail that we sent
	Type, Message    string          // SNS, as it arrives in a queue
	RequestPayload   json.RawMessage // the original event, in a record of Lambda's on-failure destination
	Records          []struct {
		S3  *events.S3Entity
		SES json.RawMessage
		SNS *struct{ Message string }
	}
}

var errNoAnnouncement = fault.New(fault.Invalid, "the event announces no mail: expected an event of S3, SES or SNS about a mail")

// parseAnnouncement returns the mails that an event of S3 or SES is about,
// whether it came directly or through SNS. The test messages that AWS sends
// when a notification is set up announce nothing.
func parseAnnouncement(body []byte, prefix string) ([]mailArrival, error) {
	if err := strictjson.CheckUTF8(body); err != nil {
		return nil, err
	}
	var a mailAnnouncement
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, errNoAnnouncement
	}
	switch {
	case a.Event == "s3:TestEvent", a.NotificationType == "AmazonSnsSubscriptionSucceeded":
		return nil, nil
	case a.NotificationType == "Received":
		return parseSESNotice(body, prefix)
	case a.EventType != "", a.NotificationType != "":
		return []mailArrival{{sendingEvent: body}}, nil
	case a.Type == "Notification":
		return parseSNSMessage(a.Message, prefix)
	case a.RequestPayload != nil:
		return parseAnnouncement(a.RequestPayload, prefix)
	case a.Records == nil:
		return nil, errNoAnnouncement
	}
	var all []mailArrival
	for _, r := range a.Records {
		var some []mailArrival
		err := errNoAnnouncement
		switch {
		case r.S3 != nil:
			some, err = parseS3Key(r.S3.Object.Key)
		case r.SES != nil:
			some, err = parseSESNotice(r.SES, prefix)
		case r.SNS != nil:
			some, err = parseSNSMessage(r.SNS.Message, prefix)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// parseSNSMessage reads an announcement that SNS forwarded as a JSON string. A
// message of SNS inside another is refused.
func parseSNSMessage(message, prefix string) ([]mailArrival, error) {
	if strings.HasPrefix(message, "Successfully validated SNS topic") {
		return nil, nil
	}
	var inner mailAnnouncement
	if err := json.Unmarshal([]byte(message), &inner); err != nil || inner.Type == "Notification" {
		return nil, errNoAnnouncement
	}
	for _, r := range inner.Records {
		if r.SNS != nil {
			return nil, errNoAnnouncement
		}
	}
	return parseAnnouncement([]byte(message), prefix)
}

// parseSESNotice returns the mail that a notification of SES is about. The
// notification of a Lambda action has no object key; then the key is the
// prefix and SES's id of the mail.
func parseSESNotice(notice json.RawMessage, prefix string) ([]mailArrival, error) {
	var n struct {
		Mail    struct{ MessageID string }
		Receipt struct{ Action struct{ ObjectKey string } }
	}
	if err := json.Unmarshal(notice, &n); err != nil || n.Mail.MessageID == "" {
		return nil, errNoAnnouncement
	}
	key := n.Receipt.Action.ObjectKey
	if key == "" {
		key = prefix + n.Mail.MessageID
	}
	if strings.HasSuffix(key, sesSetupObject) {
		return nil, nil
	}
	return []mailArrival{{key: key, notice: notice}}, nil
}

// parseS3Key returns the mail under a key, URL-encoded as events of S3 have it.
func parseS3Key(escaped string) ([]mailArrival, error) {
	key, err := url.QueryUnescape(escaped)
	if err != nil || key == "" {
		return nil, fault.New(fault.Invalid, "the object key in the event of S3 is not URL-encoded")
	}
	if strings.HasSuffix(key, sesSetupObject) {
		return nil, nil
	}
	return []mailArrival{{key: key}}, nil
}
