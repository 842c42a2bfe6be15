package client

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

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/webhook"
)

// SendDelivery brings in a delivery of Meta's by the way that it is made for: a
// webhook, or a notification of AWS End User Messaging Social.
func (c *Client) SendDelivery(ctx context.Context, channel contact.Channel, body []byte) error {
	if channel == contact.WhatsApp && isHandedOn(body) {
		return c.notify(ctx, body)
	}
	return c.SendWebhook(ctx, channel, body)
}

// isHandedOn reports whether a delivery came by AWS End User Messaging Social.
func isHandedOn(raw []byte) bool {
	var m struct {
		Entry json.RawMessage `json:"whatsAppWebhookEntry"`
	}
	return json.Unmarshal(raw, &m) == nil && len(m.Entry) > 0
}

// notify gives the whatsapp function what SNS gave it.
func (c *Client) notify(ctx context.Context, message []byte) error {
	event, err := json.Marshal(events.SNSEvent{Records: []events.SNSEventRecord{{SNS: events.SNSEntity{Message: string(message)}}}})
	if err != nil {
		return err
	}
	_, err = c.invoke(ctx, c.Name+"-whatsapp", event)
	return err
}

// SendWebhook signs a webhook with the app secret, and posts it.
func (c *Client) SendWebhook(ctx context.Context, channel contact.Channel, body []byte) error {
	name := "messenger" // which takes Instagram too
	if channel == contact.WhatsApp {
		name = "whatsapp"
	}
	secret, err := c.Secret(ctx, c.SDK, name)
	if err != nil {
		return err
	}
	if secret["appSecret"] == "" {
		return fmt.Errorf("appSecret of the secret %s-%s is not set", c.Name, name)
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set(webhook.SignatureHeader, webhook.Sign(body, secret["appSecret"]))
	_, err = c.request(ctx, http.MethodPost, "/webhooks/"+name, header, body)
	return err
}

// SendMail sends a mail by SMTP, from whom it says it is. An empty mailbox is
// klantenservice@ the stack's domain.
func (c *Client) SendMail(mailbox string, raw []byte) error {
	if !c.Local() {
		return errors.New("on AWS, send a mail to the stack's domain with any mail program")
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

// OpenChat opens a chat, as the signed-in customer of an account if there is one,
// and returns the token of the session.
func (c *Client) OpenChat(ctx context.Context, account string) (session string, err error) {
	return c.SignInToChat(ctx, "", account)
}

// SignInToChat is [Client.OpenChat] for a page that holds a session already, if held is
// not empty.
func (c *Client) SignInToChat(ctx context.Context, held, account string) (session string, err error) {
	open := map[string]string{}
	if account != "" {
		if open["hostToken"], err = c.hostToken(ctx, account); err != nil {
			return "", err
		}
	}
	var out struct{ Token string }
	err = c.CallWithToken(ctx, http.MethodPost, "/chat/sessions", held, open, &out)
	return out.Token, err
}

// hostToken is what the company's site says of its visitor.
func (c *Client) hostToken(ctx context.Context, account string) (string, error) {
	secret, err := c.Secret(ctx, c.SDK, "webchat")
	if err != nil {
		return "", err
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": account, "aud": c.ChatSite, "exp": time.Now().Add(5 * time.Minute).Unix(),
	}).SignedString([]byte(secret["hostKey"]))
}

// PostChatMessage posts a message in a chat: {"id": ..., "text": ...}.
func (c *Client) PostChatMessage(ctx context.Context, session string, message any) error {
	return c.CallWithToken(ctx, http.MethodPost, "/chat/messages", session, message, nil)
}
