package stackclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/smtp"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/golang-jwt/jwt/v5"

	"github.com/heard-intake/heard/internal/channel/meta"
	"github.com/heard-intake/heard/internal/message"
)

// SendDelivery sends a delivery of Meta's to the stack in its own form: as a
// signed webhook, or as a notification of AWS End User Messaging Social.
func (c *Client) SendDelivery(ctx context.Context, channel message.Channel, body []byte) error {
	if channel == message.WhatsApp && isSNSMessage(body) {
		return c.invokeWhatsApp(ctx, body)
	}
	return c.SendWebhook(ctx, channel, body)
}

// isSNSMessage reports whether a delivery came through AWS End User Messaging
// Social.
func isSNSMessage(raw []byte) bool {
	var m struct {
		Entry json.RawMessage `json:"whatsAppWebhookEntry"`
	}
	return json.Unmarshal(raw, &m) == nil && len(m.Entry) > 0
}

// invokeWhatsApp invokes the whatsapp function with an SNS notification.
func (c *Client) invokeWhatsApp(ctx context.Context, message []byte) error {
	event, err := json.Marshal(events.SNSEvent{Records: []events.SNSEventRecord{{SNS: events.SNSEntity{Message: string(message)}}}})
	if err != nil {
		return fmt.Errorf("encode the event of SNS: %w", err)
	}
	_, err = c.invokeFunction(ctx, c.Name+"-whatsapp", event)
	return err
}

// SendWebhook signs a webhook with the channel's app secret, and posts it.
func (c *Client) SendWebhook(ctx context.Context, channel message.Channel, body []byte) error {
	name := "messenger" // which takes Instagram too
	if channel == message.WhatsApp {
		name = "whatsapp"
	}
	secret, err := c.Secret(ctx, c.SDK, name)
	if err != nil {
		return err
	}
	if secret["appSecret"] == "" {
		return fmt.Errorf("set appSecret in the secret %s-%s", c.Name, name)
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set(meta.SignatureHeader, meta.Sign(body, secret["appSecret"]))
	if _, err = c.sendRequest(ctx, http.MethodPost, "/webhooks/"+name, header, body); err != nil {
		return fmt.Errorf("post the webhook of %s: %w", name, err)
	}
	return nil
}

// SendMail sends a mail by SMTP, from the address in its From field. An empty
// mailbox means klantenservice at the stack's mail domain.
func (c *Client) SendMail(mailbox string, raw []byte) error {
	if !c.Local() {
		return errors.New("mail can only be sent to the local stack; on AWS, write to the stack's mail domain with any mail program")
	}
	from := "unknown@example.com"
	if m, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil {
		if list, err := m.Header.AddressList("From"); err == nil && len(list) > 0 {
			from = list[0].Address
		}
	}
	if mailbox == "" {
		mailbox = "klantenservice@" + c.MailDomain
	}
	return smtp.SendMail(c.SMTP, nil, from, []string{mailbox}, raw)
}

// OpenChat opens a chat and returns the session's token. With an account number
// the visitor is signed in as that customer.
func (c *Client) OpenChat(ctx context.Context, account string) (session string, err error) {
	return c.SignInToChat(ctx, "", account)
}

// SignInToChat is like [Client.OpenChat], for a page that may already have a
// session. held is the token of that session, or empty.
func (c *Client) SignInToChat(ctx context.Context, held, account string) (session string, err error) {
	open := map[string]string{}
	if account != "" {
		if open["hostToken"], err = c.newHostToken(ctx, account); err != nil {
			return "", err
		}
	}
	var out struct{ Token string }
	err = c.CallWithToken(ctx, http.MethodPost, "/chat/sessions", held, open, &out)
	if err != nil {
		return "", fmt.Errorf("open the chat: %w", err)
	}
	return out.Token, nil
}

// newHostToken returns the token with which the company's site names its
// visitor.
func (c *Client) newHostToken(ctx context.Context, account string) (string, error) {
	secret, err := c.Secret(ctx, c.SDK, "webchat")
	if err != nil {
		return "", err
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": account, "aud": c.ChatSite, "exp": time.Now().Add(5 * time.Minute).Unix(),
	}).SignedString([]byte(secret["hostKey"]))
}

// PostChatMessage posts a message, such as {"id": UUIDv7, "text": "Hallo"}, in
// the chat of a session.
func (c *Client) PostChatMessage(ctx context.Context, session string, message any) error {
	return c.CallWithToken(ctx, http.MethodPost, "/chat/messages", session, message, nil)
}
